/* SPDX-License-Identifier: MIT */
#include "arch/system_bits.h"
#include "cpu/access.h"
#include "cpu/system_misc.h"

/*
 * MOV to and from debug registers. SDM Vol 2B "MOV-Move to/from Debug Registers", Vol 3B "Debug
 * Registers"
 */

/* Everything that refuses an access to debug register @number, in its order. */
static bool may_access(struct cpu *cpu, unsigned number, bool read)
{
	if (cpu_intercepts(cpu, INTERCEPT_DR, number, read))
		return false;
	if ((number == 4 || number == 5) && cpu->state.cr4 & CR4_DE)
		return raise_ud(cpu);
	if (cpu->state.cpl)
		return raise_gp0(cpu);
	if (cpu->state.dr7 & DR7_GD) {
		cpu_raise(cpu, VECTOR_DB);
		cpu->fault.address = DR6_BD; /* delivery clears GD */
		return false;
	}
	return true;
}

bool insn_mov_from_dr(struct cpu *cpu, const struct op *op)
{
	unsigned number = op->src;
	uint64_t value;

	if (!may_access(cpu, number, true))
		return false;
	if (number < 4)
		value = cpu->state.dr[number];
	else
		value = number == 4 || number == 6 ? cpu->state.dr6 : cpu->state.dr7;
	gpr_write(cpu, op->dst, 1u << op->size, value);
	return true;
}

bool insn_mov_to_dr(struct cpu *cpu, const struct op *op)
{
	unsigned number = op->dst;
	uint64_t value = gpr_read(cpu, op->src, 1u << op->size);

	if (!may_access(cpu, number, false))
		return false;
	if (number >= 4 && value >> 32)
		return raise_gp0(cpu);
	if (number < 4)
		cpu->state.dr[number] = value;
	else if (number == 4 || number == 6)
		cpu->state.dr6 = (value & DR6_WRITABLE) | DR6_ONES;
	else
		cpu->state.dr7 = (value & DR7_WRITABLE) | DR7_ONES;
	cpu_breakpoints_changed(cpu);
	return true;
}
