/* SPDX-License-Identifier: MIT */
#include "cpu/flags.h"

uint64_t cpu_status_flags(const struct cpu *cpu)
{
	const struct lazy_flags *l = &cpu->lazy;
	uint64_t flags = 0;

	if (!l->kind)
		return cpu->state.rflags & FLAGS_STATUS;
	if (lazy_cf(cpu))
		flags |= FLAG_CF;
	if (lazy_of(cpu))
		flags |= FLAG_OF;
	if (lazy_af(cpu))
		flags |= FLAG_AF;
	if (lazy_zf(cpu))
		flags |= FLAG_ZF;
	if (lazy_sf(cpu))
		flags |= FLAG_SF;
	if (lazy_pf(cpu))
		flags |= FLAG_PF;
	return flags;
}

void cpu_flags_settle(struct cpu *cpu)
{
	if (cpu->lazy.kind)
		set_status_flags(cpu, cpu_status_flags(cpu));
}
