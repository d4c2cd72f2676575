/* SPDX-License-Identifier: MIT */
#include "cpu/control.h"
#include "cpu/transfer.h"

/*
 * Far JMP and CALL. SDM Vol 2A "CALL", "JMP"; Vol 3A "Privilege Level Checking When Transferring
 * Program Control Between Code Segments".
 */

static void set_code_real(struct cpu *cpu, uint16_t selector, uint64_t offset)
{
	if (is_v86(cpu))
		cpu_set_v86(cpu, SEG_CS, selector);
	else
		cpu_set_real(cpu, SEG_CS, selector);
	cpu->state.rip = offset;
	cpu_mode_changed(cpu);
}

/* What the offset of a real-mode transfer may be. */
static bool check_real(struct cpu *cpu, uint64_t offset)
{
	return offset <= cpu->state.seg[SEG_CS].limit || raise_gp0(cpu);
}

static bool check_call_real(struct cpu *cpu, uint64_t offset, unsigned size)
{
	struct context now;

	context_save(cpu, &now);
	return cpu_stack_has_room(cpu, &now, 2, size, 0) && check_real(cpu, offset);
}

/* The return address, in the order of the pushes. */
static void push_return(const struct cpu *cpu, struct frame *frame, unsigned size)
{
	frame->size = size;
	frame_push(frame, cpu->state.seg[SEG_CS].selector);
	frame_push(frame, cpu->state.rip);
}

static bool jump_to(struct cpu *cpu, const struct context *next)
{
	if (!cpu_check_rip(cpu, &next->cs, next->rip))
		return false;
	context_load(cpu, next);
	return true;
}

/* ---------------------------------------------------------------- straight to code */

/* In IA-32e mode a code segment is for 64-bit code or for compatibility mode, not for both. */
static bool code_kind_ok(const struct cpu *cpu, uint32_t ar)
{
	return !(is_long_mode(cpu) && (ar & (AR_L | AR_DB)) == (AR_L | AR_DB));
}

static bool to_code(struct cpu *cpu, struct descriptor *code, uint64_t offset, unsigned size,
		    bool call)
{
	uint16_t selector = code->selector;
	struct frame frame = { .n = 0, .size = size };
	struct context next;

	if (!segment_code_reachable(code->ar, cpu->state.cpl, SELECTOR_RPL(selector)) ||
	    !code_kind_ok(cpu, code->ar))
		return cpu_raise_selector(cpu, VECTOR_GP, selector);
	if (!(code->ar & AR_P))
		return cpu_raise_selector(cpu, VECTOR_NP, selector);
	if (!cpu_mark_accessed(cpu, code))
		return false;
	context_save(cpu, &next);
	next.cs = segment_of(code, (uint16_t)((selector & ~3u) | cpu->state.cpl));
	next.rip = offset;
	if (!call)
		return jump_to(cpu, &next);
	push_return(cpu, &frame, size);
	return cpu_enter(cpu, &next, &frame, 0);
}

/* ---------------------------------------------------------------- call gates */

/* The parameters that a gate copies from the old stack, the first pushed first. */
static bool copy_parameters(struct cpu *cpu, const struct gate *gate, struct frame *frame)
{
	for (unsigned i = gate->parameters; i-- > 0;) {
		uint64_t value;

		if (!cpu_stack_read(cpu, frame->size, i * frame->size, &value))
			return false;
		frame_push(frame, value);
	}
	return true;
}

static bool gate_to_inner(struct cpu *cpu, const struct gate *gate, struct context *next,
			  unsigned size)
{
	struct frame frame = { .n = 0, .size = size };
	unsigned parameters = gate->parameters;
	uint32_t stack_error;

	if (!cpu_inner_stack(cpu, next, &stack_error))
		return false;
	/* ahead of cpu_enter(), since the parameters are read later */
	if (parameters && !cpu_check_entry(cpu, next, 4 + parameters, size, stack_error))
		return false;
	frame_push(&frame, cpu->state.seg[SEG_SS].selector);
	frame_push(&frame, cpu->state.gpr[GPR_RSP]);
	if (parameters && !copy_parameters(cpu, gate, &frame))
		return false;
	push_return(cpu, &frame, size);
	return cpu_enter(cpu, next, &frame, stack_error);
}

/* next.cs, next.cpl and next.rip of what the gate leads to; that may still be no place to go to. */
static bool gate_code(struct cpu *cpu, const struct gate *gate, bool call, struct context *next)
{
	uint16_t selector = gate->selector;
	unsigned cpl = cpu->state.cpl;
	struct descriptor code;
	unsigned dpl;

	if (SELECTOR_IS_NULL(selector))
		return raise_gp0(cpu);
	if (!cpu_fetch_descriptor(cpu, selector, VECTOR_GP, &code))
		return false;
	dpl = descriptor_dpl(&code);
	if (!ar_is_code(code.ar) || dpl > cpl ||
	    (!call && !ar_is_conforming(code.ar) && dpl != cpl) ||
	    (is_long_mode(cpu) && (code.ar & (AR_L | AR_DB)) != AR_L))
		return cpu_raise_selector(cpu, VECTOR_GP, selector);
	if (!(code.ar & AR_P))
		return cpu_raise_selector(cpu, VECTOR_NP, selector);
	if (!cpu_mark_accessed(cpu, &code))
		return false;
	next->cpl = (uint8_t)(ar_is_conforming(code.ar) ? cpl : dpl);
	next->cs = segment_of(&code, (uint16_t)((selector & ~3u) | next->cpl));
	next->rip = gate->offset;
	return true;
}

static bool through_gate(struct cpu *cpu, struct descriptor *d, bool call)
{
	bool wide = is_long_mode(cpu);
	struct frame frame = { .n = 0 };
	struct context next;
	struct gate gate;

	if (!cpu_fetch_wide(cpu, VECTOR_GP, d))
		return false;
	gate = gate_parse(d->low, d->high, wide);
	context_save(cpu, &next);
	if (!gate_code(cpu, &gate, call, &next))
		return false;
	frame.size = wide ? 8 : gate.type == SYS_CALL_GATE ? 4 : 2;
	if (next.cpl < cpu->state.cpl)
		return gate_to_inner(cpu, &gate, &next, frame.size);
	if (!call)
		return jump_to(cpu, &next);
	push_return(cpu, &frame, frame.size);
	return cpu_enter(cpu, &next, &frame, 0);
}

/* ---------------------------------------------------------------- everything else */

static bool is_gate_type(const struct cpu *cpu, uint32_t ar)
{
	unsigned type = ar & AR_TYPE;

	if (type == SYS_CALL_GATE)
		return true;
	return type == SYS_CALL_GATE16 && !is_long_mode(cpu);
}

static bool is_task_type(const struct cpu *cpu, uint32_t ar)
{
	unsigned type = ar & AR_TYPE;

	return !is_long_mode(cpu) &&
	       (type == SYS_TASK_GATE || type == SYS_TSS16 || type == SYS_TSS);
}

static bool to_system(struct cpu *cpu, struct descriptor *d, bool call)
{
	uint16_t selector = d->selector;
	bool gate = is_gate_type(cpu, d->ar);
	unsigned dpl = descriptor_dpl(d);

	if ((!gate && !is_task_type(cpu, d->ar)) || dpl < cpu->state.cpl ||
	    dpl < SELECTOR_RPL(selector))
		return cpu_raise_selector(cpu, VECTOR_GP, selector);
	if (!(d->ar & AR_P))
		return cpu_raise_selector(cpu, VECTOR_NP, selector);
	if (gate)
		return through_gate(cpu, d, call);
	if ((d->ar & AR_TYPE) == SYS_TASK_GATE)
		selector = gate_parse(d->low, 0, false).selector;
	return cpu_transfer_done(cpu_task_switch(cpu, selector, call ? TASK_CALL : TASK_JMP, NULL));
}

static bool to_protected(struct cpu *cpu, uint16_t selector, uint64_t offset, unsigned size,
			 bool call)
{
	struct descriptor d;

	if (SELECTOR_IS_NULL(selector))
		return raise_gp0(cpu);
	if (!cpu_fetch_descriptor(cpu, selector, VECTOR_GP, &d))
		return false;
	return d.ar & AR_S ? to_code(cpu, &d, offset, size, call) : to_system(cpu, &d, call);
}

bool cpu_jump_far(struct cpu *cpu, uint16_t selector, uint64_t offset, unsigned size)
{
	if (is_protected(cpu))
		return to_protected(cpu, selector, offset, size, false);
	if (!check_real(cpu, offset))
		return false;
	set_code_real(cpu, selector, offset);
	return true;
}

bool cpu_call_far(struct cpu *cpu, uint16_t selector, uint64_t offset, unsigned size)
{
	const uint64_t frame[] = { cpu->state.seg[SEG_CS].selector, cpu->state.rip };

	if (is_protected(cpu))
		return to_protected(cpu, selector, offset, size, true);
	if (!check_call_real(cpu, offset, size) || !cpu_push_all(cpu, size, frame, 2))
		return false;
	set_code_real(cpu, selector, offset);
	return true;
}

bool cpu_read_far_pointer(struct cpu *cpu, const struct op *op, unsigned size, uint16_t *selector,
			  uint64_t *offset)
{
	uint32_t access = op->segment == SEG_SS ? ACCESS_STACK : 0;
	uint64_t linear, next, value;

	if (!cpu_operand_linear(cpu, op, size + 2, UDV_ACCESS_READ, &linear))
		return false;
	next = is_64bit(cpu) ? linear + size : (uint32_t)(linear + size);
	/* One by one: each has its alignment. SDM Vol 3A "Alignment Check Exception (#AC)" */
	if (!cpu_read(cpu, linear, size, access, offset) || !cpu_read(cpu, next, 2, access, &value))
		return false;
	*selector = (uint16_t)value;
	return true;
}
