/* SPDX-License-Identifier: MIT */
#include "cpu/control.h"
#include "cpu/segment.h"
#include "cpu/system_control.h"

/*
 * Instructions that look at descriptors or load segment registers: LAR, LSL, VERR, VERW, ARPL, LDS
 * and its kin, SWAPGS. SDM Vol 2A, 2B, each by its name.
 */

/* What LAR shows of the second doubleword: rights, and the limit's upper bits as hardware does */
#define LAR_MASK 0x00ffff00u

#define TYPES(a, b, c, d) (1u << (a) | 1u << (b) | 1u << (c) | 1u << (d))
#define LSL_TYPES_LONG TYPES(SYS_LDT, SYS_TSS, SYS_TSS_BUSY, SYS_LDT)
#define LSL_TYPES (LSL_TYPES_LONG | 1u << SYS_TSS16 | 1u << SYS_TSS16_BUSY)
#define LAR_TYPES_LONG (LSL_TYPES_LONG | 1u << SYS_CALL_GATE)
#define LAR_TYPES (LSL_TYPES | 1u << SYS_CALL_GATE | 1u << SYS_CALL_GATE16 | 1u << SYS_TASK_GATE)

static bool set_zf(struct cpu *cpu, bool zf)
{
	cpu->state.rflags = (cpu->state.rflags & ~FLAG_ZF) | (zf ? FLAG_ZF : 0);
	return true;
}

/* A selector in a register or in memory. */
static bool read_selector(struct cpu *cpu, const struct op *op, unsigned reg, uint16_t *selector)
{
	uint64_t value = gpr_read(cpu, reg, 2);
	uint64_t linear;

	if (op->flag &&
	    (!cpu_operand_linear(cpu, op, 2, UDV_ACCESS_READ, &linear) ||
	     !cpu_read(cpu, linear, 2, op->segment == SEG_SS ? ACCESS_STACK : 0, &value)))
		return false;
	*selector = (uint16_t)value;
	return true;
}

static bool may_see(const struct cpu *cpu, const struct descriptor *d)
{
	unsigned dpl = descriptor_dpl(d);

	return ar_is_conforming(d->ar) ||
	       (cpu->state.cpl <= dpl && SELECTOR_RPL(d->selector) <= dpl);
}

/* *@found: there is such a descriptor, it may be seen, and if it is a system one, @types has it. */
static bool look_up(struct cpu *cpu, const struct op *op, uint32_t types, struct descriptor *d,
		    bool *found)
{
	uint16_t selector;

	if (!read_selector(cpu, op, op->src, &selector) ||
	    !cpu_find_descriptor(cpu, selector, d, found))
		return false;
	if (*found && !(d->ar & AR_S))
		*found = types >> (d->ar & AR_TYPE) & 1;
	if (*found)
		*found = may_see(cpu, d);
	return true;
}

bool control_lar(struct cpu *cpu, const struct op *op)
{
	struct descriptor d;
	bool found;

	if (!look_up(cpu, op, is_long_mode(cpu) ? LAR_TYPES_LONG : LAR_TYPES, &d, &found))
		return false;
	if (found)
		gpr_write(cpu, op->dst, 1u << op->size, d.low >> 32 & LAR_MASK);
	return set_zf(cpu, found);
}

bool control_lsl(struct cpu *cpu, const struct op *op)
{
	struct descriptor d;
	bool found;

	if (!look_up(cpu, op, is_long_mode(cpu) ? LSL_TYPES_LONG : LSL_TYPES, &d, &found))
		return false;
	if (found)
		gpr_write(cpu, op->dst, 1u << op->size, d.limit);
	return set_zf(cpu, found);
}

static bool verify(struct cpu *cpu, const struct op *op, bool write)
{
	struct descriptor d;
	uint16_t selector;
	bool found;

	if (!read_selector(cpu, op, op->dst, &selector) ||
	    !cpu_find_descriptor(cpu, selector, &d, &found))
		return false;
	if (!found)
		return set_zf(cpu, false);
	return set_zf(cpu, may_see(cpu, &d) &&
				   (write ? ar_is_writable_data(d.ar) : ar_is_readable(d.ar)));
}

bool control_verr(struct cpu *cpu, const struct op *op)
{
	return verify(cpu, op, false);
}

bool control_verw(struct cpu *cpu, const struct op *op)
{
	return verify(cpu, op, true);
}

/* Memory is written only if the selector changes, but must be writable in any case. */
bool control_arpl(struct cpu *cpu, const struct op *op)
{
	unsigned rpl = SELECTOR_RPL(gpr_read(cpu, op->src, 2));
	uint64_t selector = gpr_read(cpu, op->dst, 2);
	uint64_t linear;
	bool raised;

	if (op->flag) {
		if (!cpu_operand_linear(cpu, op, 2, UDV_ACCESS_READ | UDV_ACCESS_WRITE, &linear) ||
		    !cpu_rmw_begin(cpu, linear, 2, op->segment == SEG_SS ? ACCESS_STACK : 0))
			return false;
		selector = cpu->slow_value;
	}
	raised = SELECTOR_RPL(selector) < rpl;
	if (raised)
		selector = (selector & ~3ull) | rpl;
	if (op->flag)
		cpu_rmw_commit(cpu, selector);
	else
		gpr_write(cpu, op->dst, 2, selector);
	return set_zf(cpu, raised);
}

/* LDS, LES, LFS, LGS, LSS: imm is the segment. */
bool control_load_pointer(struct cpu *cpu, const struct op *op)
{
	unsigned size = 1u << op->size;
	uint16_t selector;
	uint64_t offset;

	if (!cpu_read_far_pointer(cpu, op, size, &selector, &offset) ||
	    !cpu_load_segment_quiet(cpu, (unsigned)op->imm, selector))
		return false;
	gpr_write(cpu, op->dst, size, offset);
	cpu_mode_changed(cpu);
	return true;
}

bool control_swapgs(struct cpu *cpu, const struct op *op)
{
	struct cpu_state *s = &cpu->state;
	uint64_t base = s->seg[SEG_GS].base;

	(void)op;
	if (s->cpl != 0)
		return raise_gp0(cpu);
	s->seg[SEG_GS].base = cpu->segment_base[SEG_GS] = s->kernel_gs_base;
	s->kernel_gs_base = base;
	return true;
}
