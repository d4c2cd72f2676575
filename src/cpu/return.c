/* SPDX-License-Identifier: MIT */
#include "cpu/control.h"
#include "cpu/transfer.h"

/*
 * Far RET and IRET. SDM Vol 2A "IRET/IRETD/IRETQ", Vol 2B "RET".
 *
 * Both read a frame from the stack by offsets from RSP, judge it, and then put all of it into
 * force at once.
 */

#define CR4_VME BIT(0)
#define TSS_LINK 0u

/* Flags that IRET and POPF take from the stack at any privilege level */
#define FLAGS_ANY (FLAGS_STATUS | FLAG_TF | FLAG_DF | FLAG_NT | FLAG_RF | FLAG_AC | FLAG_ID)
#define FLAGS_16 0xffffull

/* An entry of the frame; the number counts entries of the operand size. */
static bool read_entry(struct cpu *cpu, unsigned size, unsigned number, unsigned extra,
		       uint64_t *value)
{
	return cpu_stack_read(cpu, size, number * size + extra, value);
}

static void load_flags(struct cpu *cpu, uint64_t flags, uint64_t mask)
{
	uint64_t *rflags = &cpu->state.rflags;

	/* The run loop clears RF after an instruction that began with it. */
	cpu->rf_loaded = *rflags & FLAG_RF && mask & FLAG_RF;
	*rflags = (*rflags & ~mask) | (flags & mask) | FLAG_ONE;
	cpu->attention |= ATTENTION_EVENT;
}

/* ---------------------------------------------------------------- the code segment */

/* The code segment of a return to @selector: next.cs, next.cpl, next.rip. */
static bool return_code(struct cpu *cpu, uint16_t selector, uint64_t rip, struct context *next)
{
	unsigned rpl = SELECTOR_RPL(selector);
	struct descriptor code;
	unsigned dpl;

	if (SELECTOR_IS_NULL(selector))
		return raise_gp0(cpu);
	if (!cpu_fetch_descriptor(cpu, selector, VECTOR_GP, &code))
		return false;
	dpl = descriptor_dpl(&code);
	if (!ar_is_code(code.ar) || rpl < cpu->state.cpl ||
	    (ar_is_conforming(code.ar) ? dpl > rpl : dpl != rpl) ||
	    (is_long_mode(cpu) && (code.ar & (AR_L | AR_DB)) == (AR_L | AR_DB)))
		return cpu_raise_selector(cpu, VECTOR_GP, selector);
	if (!(code.ar & AR_P))
		return cpu_raise_selector(cpu, VECTOR_NP, selector);
	if (!cpu_mark_accessed(cpu, &code))
		return false;
	next->cs = segment_of(&code, selector);
	next->cpl = (uint8_t)rpl;
	next->rip = rip;
	return true;
}

/* The stack segment of a return to next.cpl; null only for 64-bit code above privilege 3. */
static bool return_stack(struct cpu *cpu, uint16_t selector, struct context *next)
{
	struct descriptor d;

	if (SELECTOR_IS_NULL(selector)) {
		if (!is_code64(next->cs.access_rights, cpu) || next->cpl == 3 ||
		    SELECTOR_RPL(selector) != next->cpl)
			return raise_gp0(cpu);
		next->ss = (struct arch_segment_register){
			.limit = UINT32_MAX,
			.access_rights = AR_NULL | (uint32_t)next->cpl << AR_DPL_SHIFT,
			.selector = selector,
		};
		return true;
	}
	if (!cpu_fetch_stack(cpu, selector, next->cpl, VECTOR_GP, &d))
		return false;
	next->ss = segment_of(&d, selector);
	return true;
}

/* ---------------------------------------------------------------- RET */

static bool return_real(struct cpu *cpu, unsigned size, unsigned release)
{
	uint64_t rip, cs;

	if (!read_entry(cpu, size, 0, 0, &rip) || !read_entry(cpu, size, 1, 0, &cs))
		return false;
	if (rip > cpu->state.seg[SEG_CS].limit)
		return raise_gp0(cpu);
	cpu_stack_adjust(cpu, 2 * size + release);
	if (is_v86(cpu))
		cpu_set_v86(cpu, SEG_CS, (uint16_t)cs);
	else
		cpu_set_real(cpu, SEG_CS, (uint16_t)cs);
	cpu->state.rip = rip;
	cpu_mode_changed(cpu);
	return true;
}

static bool return_outer(struct cpu *cpu, unsigned size, unsigned release, struct context *next)
{
	uint64_t rsp, ss;

	if (!read_entry(cpu, size, 2, release, &rsp) || !read_entry(cpu, size, 3, release, &ss) ||
	    !return_stack(cpu, (uint16_t)ss, next))
		return false;
	next->rsp = stack_pointer(cpu, next, cpu->state.gpr[GPR_RSP], rsp + release);
	if (!cpu_check_rip(cpu, &next->cs, next->rip))
		return false;
	cpu_drop_segments(cpu, next->cpl);
	context_load(cpu, next);
	return true;
}

bool cpu_return_far(struct cpu *cpu, unsigned size, unsigned release)
{
	struct context next;
	uint64_t rip, cs, rsp;

	if (!is_protected(cpu))
		return return_real(cpu, size, release);
	if (!read_entry(cpu, size, 0, 0, &rip) || !read_entry(cpu, size, 1, 0, &cs))
		return false;
	context_save(cpu, &next);
	if (!return_code(cpu, (uint16_t)cs, rip, &next))
		return false;
	if (next.cpl > cpu->state.cpl)
		return return_outer(cpu, size, release, &next);
	if (!cpu_check_rip(cpu, &next.cs, rip))
		return false;
	/* The stack is still that of the mode before. */
	rsp = cpu->state.gpr[GPR_RSP];
	cpu_stack_adjust(cpu, 2 * size + release);
	next.rsp = cpu->state.gpr[GPR_RSP];
	cpu->state.gpr[GPR_RSP] = rsp;
	context_load(cpu, &next);
	return true;
}

/* ---------------------------------------------------------------- IRET */

struct iret_frame {
	uint64_t rip, cs, flags;
};

static bool read_frame(struct cpu *cpu, unsigned size, struct iret_frame *frame)
{
	return read_entry(cpu, size, 0, 0, &frame->rip) &&
	       read_entry(cpu, size, 1, 0, &frame->cs) &&
	       read_entry(cpu, size, 2, 0, &frame->flags);
}

/* Within real mode, or within virtual-8086 mode. */
static bool iret_real(struct cpu *cpu, const struct iret_frame *frame, unsigned size, uint64_t mask)
{
	if (frame->rip > cpu->state.seg[SEG_CS].limit)
		return raise_gp0(cpu);
	cpu_stack_adjust(cpu, 3 * size);
	if (is_v86(cpu))
		cpu_set_v86(cpu, SEG_CS, (uint16_t)frame->cs);
	else
		cpu_set_real(cpu, SEG_CS, (uint16_t)frame->cs);
	cpu->state.rip = frame->rip;
	load_flags(cpu, frame->flags, size == 2 ? mask & FLAGS_16 : mask);
	cpu_mode_changed(cpu);
	return true;
}

/* With CR4.VME, IRET of a program that is not trusted with IF changes VIF in its place. */
static bool iret_vme(struct cpu *cpu, struct iret_frame *frame)
{
	bool enable = frame->flags & FLAG_IF;

	if ((enable && cpu->state.rflags & FLAG_VIP) || frame->flags & FLAG_TF)
		return raise_gp0(cpu);
	if (enable)
		frame->flags |= FLAG_VIF;
	if (frame->rip > cpu->state.seg[SEG_CS].limit)
		return raise_gp0(cpu);
	cpu_stack_adjust(cpu, 6);
	cpu_set_v86(cpu, SEG_CS, (uint16_t)frame->cs);
	cpu->state.rip = frame->rip;
	load_flags(cpu, frame->flags, (FLAGS_ANY & FLAGS_16) | FLAG_VIF);
	cpu_mode_changed(cpu);
	return true;
}

static bool iret_v86(struct cpu *cpu, unsigned size)
{
	bool trusted = iopl(cpu) == 3;
	struct iret_frame frame;

	if (!trusted && !(cpu->state.cr4 & CR4_VME && size == 2))
		return raise_gp0(cpu);
	if (!read_frame(cpu, size, &frame))
		return false;
	return trusted ? iret_real(cpu, &frame, size, FLAGS_ANY | FLAG_IF) : iret_vme(cpu, &frame);
}

/* From privilege level 0 to a virtual-8086 program. */
static bool iret_to_v86(struct cpu *cpu, const struct iret_frame *frame)
{
	static const uint8_t order[] = { SEG_ES, SEG_DS, SEG_FS, SEG_GS };
	uint64_t rsp, selector[5];

	if (!read_entry(cpu, 4, 3, 0, &rsp))
		return false;
	for (unsigned i = 0; i < 5; i++)
		if (!read_entry(cpu, 4, 4 + i, 0, &selector[i]))
			return false;
	if ((uint32_t)frame->rip > 0xffff)
		return raise_gp0(cpu);
	load_flags(cpu, frame->flags,
		   FLAGS_ANY | FLAG_IF | FLAG_IOPL | FLAG_VM | FLAG_VIF | FLAG_VIP);
	cpu->state.cpl = 3;
	cpu_set_v86(cpu, SEG_CS, (uint16_t)frame->cs);
	cpu_set_v86(cpu, SEG_SS, (uint16_t)selector[0]);
	for (unsigned i = 0; i < sizeof(order); i++)
		cpu_set_v86(cpu, order[i], (uint16_t)selector[1 + i]);
	cpu->state.rip = (uint32_t)frame->rip;
	cpu->state.gpr[GPR_RSP] = (uint32_t)rsp;
	cpu_mode_changed(cpu);
	return true;
}

static uint64_t iret_mask(const struct cpu *cpu, unsigned size)
{
	uint64_t mask = FLAGS_ANY;

	if (cpu->state.cpl <= iopl(cpu))
		mask |= FLAG_IF;
	if (cpu->state.cpl == 0)
		mask |= FLAG_IOPL | FLAG_VIF | FLAG_VIP;
	return size == 2 ? mask & FLAGS_16 : mask;
}

static bool iret_nested(struct cpu *cpu)
{
	const struct arch_segment_register *tr = &cpu->state.seg[SEG_TR];
	uint64_t link;

	if (is_long_mode(cpu))
		return raise_gp0(cpu);
	if (!cpu_read(cpu, (uint32_t)(tr->base + TSS_LINK), 2, system_access(cpu), &link))
		return false;
	return cpu_transfer_done(cpu_task_switch(cpu, (uint16_t)link, TASK_IRET, NULL));
}

/* To code of the same or an outer level. 64-bit mode pops SS:RSP in any case. */
static bool iret_to_code(struct cpu *cpu, const struct iret_frame *frame, unsigned size)
{
	uint64_t mask = iret_mask(cpu, size);
	struct context next;
	uint64_t rsp, ss;
	bool outer;

	context_save(cpu, &next);
	if (!return_code(cpu, (uint16_t)frame->cs, frame->rip, &next))
		return false;
	outer = next.cpl > cpu->state.cpl;
	if (outer || is_64bit(cpu)) {
		if (!read_entry(cpu, size, 3, 0, &rsp) || !read_entry(cpu, size, 4, 0, &ss) ||
		    !return_stack(cpu, (uint16_t)ss, &next))
			return false;
		next.rsp = stack_pointer(cpu, &next, cpu->state.gpr[GPR_RSP], rsp);
	} else {
		uint64_t old = cpu->state.gpr[GPR_RSP];

		cpu_stack_adjust(cpu, 3 * size);
		next.rsp = cpu->state.gpr[GPR_RSP];
		cpu->state.gpr[GPR_RSP] = old;
	}
	if (!cpu_check_rip(cpu, &next.cs, next.rip))
		return false;
	load_flags(cpu, frame->flags, mask);
	next.rflags = cpu->state.rflags;
	if (outer)
		cpu_drop_segments(cpu, next.cpl);
	context_load(cpu, &next);
	return true;
}

static bool iret_protected(struct cpu *cpu, unsigned size)
{
	struct iret_frame frame;

	if (cpu->state.rflags & FLAG_NT)
		return iret_nested(cpu);
	if (!read_frame(cpu, size, &frame))
		return false;
	if (size == 4 && frame.flags & FLAG_VM && cpu->state.cpl == 0 && !is_long_mode(cpu))
		return iret_to_v86(cpu, &frame);
	return iret_to_code(cpu, &frame, size);
}

static bool iret_by_mode(struct cpu *cpu, unsigned size)
{
	struct iret_frame frame;

	if (is_v86(cpu))
		return iret_v86(cpu, size);
	if (is_protected(cpu))
		return iret_protected(cpu, size);
	return read_frame(cpu, size, &frame) &&
	       iret_real(cpu, &frame, size, FLAGS_ANY | FLAG_IF | FLAG_IOPL);
}

/*
 * NMIs are unblocked even if the instruction faults: then, and until the fault is delivered, exits
 * tell of it. SDM Vol 3A "Handling Multiple NMIs", Vol 3C "Basic VM-Exit Information"
 */
bool cpu_iret(struct cpu *cpu, unsigned size)
{
	cpu->vmx.iret_unblocked = false;
	if (cpu->state.interruptibility & BLOCKING_NMI && !vmx_keeps_nmi_blocking_in(&cpu->vmx)) {
		cpu->state.interruptibility &= (uint8_t)~BLOCKING_NMI;
		cpu->attention |= ATTENTION_EVENT;
		cpu->vmx.iret_unblocked = true;
	}
	if (!iret_by_mode(cpu, size))
		return false;
	cpu->vmx.iret_unblocked = false;
	return true;
}
