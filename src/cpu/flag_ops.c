/* SPDX-License-Identifier: MIT */
#include "cpu/control.h"
#include "cpu/segment.h"
#include "cpu/system_control.h"

/*
 * RFLAGS as a whole, and its system flags: PUSHF, POPF, CLI, STI, CLAC, STAC. SDM Vol 2A, 2B, each
 * by its name; Vol 3A "Virtual-8086 Mode Extensions", "Protected-Mode Virtual Interrupts".
 */

#define CR4_VME BIT(0)
#define CR4_PVI BIT(1)

#define POPF_ANY (FLAGS_STATUS | FLAG_TF | FLAG_DF | FLAG_NT | FLAG_AC | FLAG_ID)

/* The program may change IF itself. */
static bool controls_if(const struct cpu *cpu)
{
	if (!(cpu->state.cr0 & BIT(0)))
		return true;
	return is_v86(cpu) ? iopl(cpu) == 3 : cpu->state.cpl <= iopl(cpu);
}

/* CLI and STI change VIF in its place. */
static bool controls_vif(const struct cpu *cpu)
{
	if (is_v86(cpu))
		return cpu->state.cr4 & CR4_VME;
	return cpu->state.cpl == 3 && cpu->state.cr4 & CR4_PVI;
}

bool control_cli(struct cpu *cpu, const struct op *op)
{
	(void)op;
	if (controls_if(cpu))
		cpu->state.rflags &= ~FLAG_IF;
	else if (controls_vif(cpu))
		cpu->state.rflags &= ~FLAG_VIF;
	else
		return raise_gp0(cpu);
	return true;
}

static void enable_interrupts(struct cpu *cpu)
{
	struct cpu_state *s = &cpu->state;

	if (!(s->rflags & FLAG_IF))
		s->interruptibility |= BLOCKING_STI;
	s->rflags |= FLAG_IF;
	cpu->attention |= ATTENTION_EVENT;
}

bool control_sti(struct cpu *cpu, const struct op *op)
{
	(void)op;
	if (controls_if(cpu)) {
		enable_interrupts(cpu);
		return true;
	}
	if (!controls_vif(cpu) || cpu->state.rflags & FLAG_VIP)
		return raise_gp0(cpu);
	cpu->state.rflags |= FLAG_VIF;
	return true;
}

bool control_clac(struct cpu *cpu, const struct op *op)
{
	(void)op;
	if (cpu->state.cpl != 0)
		return raise_ud(cpu);
	cpu->state.rflags &= ~FLAG_AC;
	cpu_ac_changed(cpu);
	return true;
}

bool control_stac(struct cpu *cpu, const struct op *op)
{
	(void)op;
	if (cpu->state.cpl != 0)
		return raise_ud(cpu);
	cpu->state.rflags |= FLAG_AC;
	cpu_ac_changed(cpu);
	return true;
}

/* ---------------------------------------------------------------- PUSHF, POPF */

bool control_pushf(struct cpu *cpu, const struct op *op)
{
	unsigned size = 1u << op->size;
	/* A plain handler: the status flags may still be lazy. */
	uint64_t flags =
		(cpu->state.rflags & ~(FLAGS_STATUS | FLAG_VM | FLAG_RF)) | cpu_status_flags(cpu);

	if (is_v86(cpu) && iopl(cpu) < 3) {
		if (size != 2 || !(cpu->state.cr4 & CR4_VME))
			return raise_gp0(cpu);
		flags = (flags & ~FLAG_IF) | FLAG_IOPL;
		if (flags & FLAG_VIF)
			flags |= FLAG_IF;
	}
	return cpu_push(cpu, size, flags);
}

static void replace_flags(struct cpu *cpu, uint64_t flags, uint64_t mask, unsigned size)
{
	if (size == 2)
		mask &= 0xffff | FLAG_VIF; /* VIF is in @mask for POPF of 16 bits only */
	cpu->state.rflags = (cpu->state.rflags & ~mask) | (flags & mask) | FLAG_ONE;
	cpu->attention |= ATTENTION_EVENT;
	cpu_ac_changed(cpu);
}

/* POPF of a virtual-8086 program that is not trusted with IF */
static bool popf_vme(struct cpu *cpu, uint64_t flags)
{
	bool enable = flags & FLAG_IF;

	if ((enable && cpu->state.rflags & FLAG_VIP) || flags & FLAG_TF)
		return raise_gp0(cpu);
	if (enable)
		flags |= FLAG_VIF;
	else
		flags &= ~FLAG_VIF;
	cpu_stack_adjust(cpu, 2);
	replace_flags(cpu, flags, POPF_ANY | FLAG_VIF, 2);
	return true;
}

bool control_popf(struct cpu *cpu, const struct op *op)
{
	unsigned size = 1u << op->size;
	bool trusted = !is_v86(cpu) || iopl(cpu) == 3;
	uint64_t mask = POPF_ANY;
	uint64_t flags;

	if (!trusted && (size != 2 || !(cpu->state.cr4 & CR4_VME)))
		return raise_gp0(cpu);
	if (!cpu_stack_read(cpu, size, 0, &flags))
		return false;
	if (!trusted)
		return popf_vme(cpu, flags);
	if (controls_if(cpu))
		mask |= FLAG_IF;
	if (cpu->state.cpl == 0)
		mask |= FLAG_IOPL;
	cpu_stack_adjust(cpu, size);
	replace_flags(cpu, flags, mask, size);
	return true;
}
