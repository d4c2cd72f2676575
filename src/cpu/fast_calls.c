/* SPDX-License-Identifier: MIT */
#include "cpu/control.h"
#include "cpu/system_control.h"
#include "cpu/transfer.h"

/*
 * SYSCALL, SYSRET, SYSENTER, SYSEXIT. They read no descriptor: segments are flat by definition.
 * SDM Vol 2B, each by its name.
 */

#define EFER_SCE BIT(0)
#define SYSRET_FLAGS 0x3c7fd7ull
#define STAR_SYSCALL 32
#define STAR_SYSRET 48

static void set_flat(struct cpu *cpu, unsigned segment, unsigned selector, uint32_t ar)
{
	cpu->state.seg[segment] = (struct arch_segment_register){ .limit = UINT32_MAX,
								  .access_rights = ar,
								  .selector = (uint16_t)selector };
}

/* CS, and SS from the descriptor after it. */
static void enter_flat(struct cpu *cpu, unsigned selector, unsigned cpl, bool code64)
{
	set_flat(cpu, SEG_CS, selector | cpl, code64 ? AR_FLAT_CODE64(cpl) : AR_FLAT_CODE32(cpl));
	set_flat(cpu, SEG_SS, (selector + 8) | cpl, AR_FLAT_DATA(cpl));
	cpu->state.cpl = (uint8_t)cpl;
	cpu->attention |= ATTENTION_EVENT;
}

/* An AMD processor has SYSCALL in compatibility mode as well, with IA32_CSTAR. */
static bool syscall_enabled(const struct cpu *cpu)
{
	if (!(cpu->state.efer & EFER_SCE))
		return false;
	return is_64bit(cpu) || (is_long_mode(cpu) && is_amd(cpu));
}

bool control_syscall(struct cpu *cpu, const struct op *op)
{
	struct cpu_state *s = &cpu->state;
	uint64_t rflags = s->rflags;

	(void)op;
	if (!syscall_enabled(cpu))
		return raise_ud(cpu);
	s->gpr[GPR_RCX] = s->rip;
	/*
	 * RF is never seen in R11. The AMD64 Architecture Programmer's Manual says so (Volume 3,
	 * "SYSCALL"); the SDM's operation says no more than RFLAGS, of an instruction whose success
	 * clears RF (Vol 3B "Instruction-Breakpoint Exception Condition").
	 */
	s->gpr[11] = rflags & ~FLAG_RF;
	s->rip = is_64bit(cpu) ? s->lstar : s->cstar;
	s->rflags = (rflags & ~(s->fmask | FLAG_RF)) | FLAG_ONE;
	/* TF as it is afterwards decides about a single-step trap. */
	cpu->step_consumed = rflags & ~s->rflags & FLAG_TF;
	enter_flat(cpu, (unsigned)(s->star >> STAR_SYSCALL) & 0xfffc, 0, true);
	cpu_mode_changed(cpu);
	return true;
}

bool control_sysret(struct cpu *cpu, const struct op *op)
{
	struct cpu_state *s = &cpu->state;
	unsigned selector = (unsigned)(s->star >> STAR_SYSRET) & 0xffff;
	bool wide = op->size == 3;
	uint64_t rip = wide ? s->gpr[GPR_RCX] : (uint32_t)s->gpr[GPR_RCX];

	if (!is_64bit(cpu) || !(s->efer & EFER_SCE))
		return raise_ud(cpu);
	if (s->cpl != 0 || !cpu_is_canonical(cpu, rip))
		return raise_gp0(cpu);
	s->rip = rip;
	s->rflags = (s->gpr[11] & SYSRET_FLAGS) | FLAG_ONE;
	/* The two code segments are not in the order that enter_flat() knows: SS is base + 8. */
	enter_flat(cpu, selector, 3, wide);
	s->seg[SEG_CS].selector = (uint16_t)((wide ? selector + 16 : selector) | 3);
	cpu_mode_changed(cpu);
	return true;
}

bool control_sysenter(struct cpu *cpu, const struct op *op)
{
	struct cpu_state *s = &cpu->state;
	bool wide = is_long_mode(cpu);

	(void)op;
	if (!(s->cr0 & BIT(0)) || SELECTOR_IS_NULL(s->sysenter_cs))
		return raise_gp0(cpu);
	s->rflags &= ~(FLAG_VM | FLAG_IF | FLAG_RF);
	s->rip = wide ? s->sysenter_eip : (uint32_t)s->sysenter_eip;
	s->gpr[GPR_RSP] = wide ? s->sysenter_esp : (uint32_t)s->sysenter_esp;
	enter_flat(cpu, (unsigned)s->sysenter_cs & 0xfffc, 0, wide);
	cpu_mode_changed(cpu);
	return true;
}

bool control_sysexit(struct cpu *cpu, const struct op *op)
{
	struct cpu_state *s = &cpu->state;
	bool wide = op->size == 3;
	uint64_t rip = s->gpr[GPR_RDX], rsp = s->gpr[GPR_RCX];

	if (!is_protected(cpu) || s->cpl != 0 || SELECTOR_IS_NULL(s->sysenter_cs))
		return raise_gp0(cpu);
	if (wide && (!cpu_is_canonical(cpu, rip) || !cpu_is_canonical(cpu, rsp)))
		return raise_gp0(cpu);
	s->rip = wide ? rip : (uint32_t)rip;
	s->gpr[GPR_RSP] = wide ? rsp : (uint32_t)rsp;
	enter_flat(cpu, ((unsigned)s->sysenter_cs & 0xffff) + (wide ? 32 : 16), 3, wide);
	cpu_mode_changed(cpu);
	return true;
}
