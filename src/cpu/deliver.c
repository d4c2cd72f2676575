/* SPDX-License-Identifier: MIT */
#include "cpu/control.h"
#include "cpu/transfer.h"
#include "cpu/vmx_state.h"

/*
 * Delivery of one event. SDM Vol 3A "Exception and Interrupt Handling in Protected Mode",
 * "... in 64-bit Mode"; "8086 Emulation"; Vol 2A "INT n/INTO/INT3/INT1".
 *
 * Error codes of the faults made here carry no EXT bit: it is added to all of them at the end.
 */

#define DR6_BT BIT(15)
#define TSS_IO_BASE 102u
#define REDIRECTION_BYTES 32u

static bool is_software(const struct cpu_event *event)
{
	return event->type == EVENT_SOFTWARE_INTERRUPT || event->type == EVENT_SOFTWARE_EXCEPTION;
}

/*
 * Faults are to be restarted, so that their instruction breakpoint must not hit again; so is a
 * string instruction between two iterations. A #DB for an instruction breakpoint, and what comes
 * between instructions, pushes RF as it is; INT n and its kin have cleared it when they began. SDM
 * Vol 3B "Instruction-Breakpoint Exception Condition"
 */
uint64_t cpu_pushed_flags(const struct cpu *cpu, const struct cpu_event *event)
{
	static const uint32_t not_faults = 1u << VECTOR_DB | 1u << VECTOR_NMI | 1u << VECTOR_BP |
					   1u << VECTOR_OF | 1u << VECTOR_MC;
	bool fault = event->type == EVENT_EXCEPTION && !event->injected && event->vector < 32 &&
		     !(not_faults >> event->vector & 1);

	if (event->type == EVENT_EXCEPTION && event->vector == VECTOR_DB)
		fault = event->address & BIT(13); /* general detect */
	if (event->type >= EVENT_SOFTWARE_INTERRUPT && !event->injected)
		return cpu->state.rflags & ~FLAG_RF;
	return cpu->state.rflags | (fault || cpu->repeating ? FLAG_RF : 0);
}

/* ---------------------------------------------------------------- through the IVT */

static void enter_real(struct cpu *cpu, uint16_t selector, uint16_t ip, uint64_t rflags)
{
	if (is_v86(cpu))
		cpu_set_v86(cpu, SEG_CS, selector);
	else
		cpu_set_real(cpu, SEG_CS, selector);
	cpu->state.rip = ip;
	cpu->state.rflags = rflags;
	cpu_mode_changed(cpu);
}

/* A frame of 16-bit values on the current stack; it may lie over the vector that was read. */
static bool push_real(struct cpu *cpu, uint64_t flags)
{
	const uint64_t frame[] = { flags & 0xffff, cpu->state.seg[SEG_CS].selector,
				   cpu->state.rip & 0xffff };

	return cpu_push_all(cpu, 2, frame, 3);
}

static bool deliver_real(struct cpu *cpu, const struct cpu_event *event)
{
	uint64_t flags = cpu_pushed_flags(cpu, event);
	uint32_t offset = event->vector * 4u;
	uint64_t pointer;

	if (offset + 3 > cpu->state.idtr.limit)
		return cpu_raise_error(cpu, VECTOR_GP, offset * 2 + ERROR_IDT);
	if (!cpu_read(cpu, (uint32_t)(cpu->state.idtr.base + offset), 4, system_access(cpu),
		      &pointer) ||
	    !push_real(cpu, flags))
		return false;
	enter_real(cpu, (uint16_t)(pointer >> 16), (uint16_t)pointer,
		   cpu->state.rflags & ~(FLAG_IF | FLAG_TF | FLAG_AC | FLAG_RF));
	return true;
}

/* INT n with CR4.VME: *@redirect says whether the program's own handler is to be called. */
static bool read_redirection(struct cpu *cpu, unsigned vector, bool *redirect)
{
	const struct arch_segment_register *tr = &cpu->state.seg[SEG_TR];
	uint64_t base, byte;
	uint32_t offset;

	if (tr->limit < TSS_IO_BASE + 1)
		return raise_gp0(cpu);
	if (!cpu_read(cpu, (uint32_t)(tr->base + TSS_IO_BASE), 2, system_access(cpu), &base))
		return false;
	offset = (uint32_t)base - REDIRECTION_BYTES + vector / 8;
	if (base < REDIRECTION_BYTES || offset > tr->limit)
		return raise_gp0(cpu);
	if (!cpu_read(cpu, (uint32_t)(tr->base + offset), 1, system_access(cpu), &byte))
		return false;
	*redirect = !(byte >> vector % 8 & 1);
	return true;
}

/* SDM Vol 3A "Class 3 - Software Interrupt Handling in Virtual-8086 Mode" */
static bool deliver_redirected(struct cpu *cpu, unsigned vector)
{
	uint64_t rflags = cpu->state.rflags;
	uint64_t pushed = rflags;
	uint64_t pointer;

	if (iopl(cpu) < 3) {
		pushed = (pushed & ~FLAG_IF) | FLAG_IOPL;
		if (rflags & FLAG_VIF)
			pushed |= FLAG_IF;
	}
	if (!cpu_read(cpu, vector * 4u, 4, event_access(cpu), &pointer) || !push_real(cpu, pushed))
		return false;
	rflags &= ~(FLAG_TF | FLAG_RF | FLAG_AC | (iopl(cpu) < 3 ? FLAG_VIF : FLAG_IF));
	enter_real(cpu, (uint16_t)(pointer >> 16), (uint16_t)pointer, rflags);
	return true;
}

/* ---------------------------------------------------------------- through the IDT */

struct delivery {
	const struct cpu_event *event;
	struct gate gate;
	struct context next;
	uint64_t flags; /* as pushed */
	bool v86;
	bool new_stack;
};

static uint32_t idt_error(const struct cpu_event *event)
{
	return event->vector * 8u + ERROR_IDT;
}

static bool is_interrupt_or_trap(const struct gate *gate, bool long_mode)
{
	if (!gate->system)
		return false;
	switch (gate->type) {
	case SYS_INTERRUPT_GATE:
	case SYS_TRAP_GATE:
		return true;
	case SYS_INTERRUPT_GATE16:
	case SYS_TRAP_GATE16:
		return !long_mode;
	default:
		return false;
	}
}

static bool read_gate(struct cpu *cpu, const struct cpu_event *event, struct gate *gate)
{
	bool wide = is_long_mode(cpu);
	unsigned size = wide ? 16 : 8;
	uint32_t offset = event->vector * size;
	uint64_t linear = cpu->state.idtr.base + offset;
	uint64_t raw[2] = { 0, 0 };

	if (offset + size - 1 > cpu->state.idtr.limit)
		return cpu_raise_error(cpu, VECTOR_GP, idt_error(event));
	if (!wide)
		linear = (uint32_t)linear;
	if (!cpu_read_bytes(cpu, linear, raw, size, system_access(cpu)))
		return false;
	*gate = gate_parse(raw[0], raw[1], wide);
	if (!is_interrupt_or_trap(gate, wide) &&
	    (wide || !gate->system || gate->type != SYS_TASK_GATE))
		return cpu_raise_error(cpu, VECTOR_GP, idt_error(event));
	if (is_software(event) && gate->dpl < cpu->state.cpl)
		return cpu_raise_error(cpu, VECTOR_GP, idt_error(event));
	return gate->present || cpu_raise_error(cpu, VECTOR_NP, idt_error(event));
}

/* The handler: next.cs, next.cpl and next.rip; whether that may be is checked after the stack. */
static bool find_handler(struct cpu *cpu, struct delivery *d)
{
	uint16_t selector = d->gate.selector;
	unsigned cpl = cpu->state.cpl;
	struct descriptor code;
	unsigned dpl;

	if (SELECTOR_IS_NULL(selector))
		return raise_gp0(cpu);
	if (!cpu_fetch_descriptor(cpu, selector, VECTOR_GP, &code))
		return false;
	dpl = descriptor_dpl(&code);
	if (!ar_is_code(code.ar) || dpl > cpl ||
	    (is_long_mode(cpu) && (code.ar & (AR_L | AR_DB)) != AR_L))
		return cpu_raise_selector(cpu, VECTOR_GP, selector);
	if (!(code.ar & AR_P))
		return cpu_raise_selector(cpu, VECTOR_NP, selector);
	d->next.cpl = (uint8_t)(ar_is_conforming(code.ar) ? cpl : dpl);
	if (d->v86 && d->next.cpl != 0)
		return cpu_raise_selector(cpu, VECTOR_GP, selector);
	if (!cpu_mark_accessed(cpu, &code))
		return false;
	d->next.cs = segment_of(&code, (uint16_t)((selector & ~3u) | d->next.cpl));
	d->next.rip = d->gate.offset;
	return true;
}

static bool find_stack(struct cpu *cpu, struct delivery *d, uint32_t *stack_error)
{
	*stack_error = 0;
	d->new_stack = d->next.cpl != cpu->state.cpl;
	if (d->new_stack && d->gate.ist == 0) {
		if (!cpu_inner_stack(cpu, &d->next, stack_error))
			return false;
	} else if (d->gate.ist) {
		if (!cpu_tss_rsp(cpu, TSS64_IST(d->gate.ist), &d->next.rsp))
			return false;
		if (d->new_stack)
			d->next.ss = (struct arch_segment_register){
				.limit = UINT32_MAX,
				.access_rights = AR_NULL | (uint32_t)d->next.cpl << AR_DPL_SHIFT,
				.selector = d->next.cpl,
			};
	}
	if (is_long_mode(cpu))
		d->next.rsp &= ~15ull;
	return true;
}

static void build_frame(const struct cpu *cpu, const struct delivery *d, struct frame *frame)
{
	static const uint8_t data[] = { SEG_GS, SEG_FS, SEG_DS, SEG_ES };
	const struct cpu_state *s = &cpu->state;
	bool wide = is_long_mode(cpu);

	frame->n = 0;
	frame->size = wide ? 8 : d->gate.type & 8 ? 4 : 2;
	for (unsigned i = 0; d->v86 && i < sizeof(data); i++)
		frame_push(frame, s->seg[data[i]].selector);
	if (wide || d->new_stack) {
		frame_push(frame, s->seg[SEG_SS].selector);
		frame_push(frame, s->gpr[GPR_RSP]);
	}
	frame_push(frame, d->flags);
	frame_push(frame, s->seg[SEG_CS].selector);
	frame_push(frame, s->rip);
	if (d->event->has_error_code)
		frame_push(frame, d->event->error_code);
}

static bool deliver_gate(struct cpu *cpu, struct delivery *d)
{
	uint64_t cleared = FLAG_TF | FLAG_VM | FLAG_RF | FLAG_NT;
	struct frame frame;
	uint32_t stack_error;

	context_save(cpu, &d->next);
	if (!find_handler(cpu, d) || !find_stack(cpu, d, &stack_error))
		return false;
	if (!(d->gate.type & 1))
		cleared |= FLAG_IF;
	d->next.rflags &= ~cleared;
	build_frame(cpu, d, &frame);
	if (!cpu_enter(cpu, &d->next, &frame, stack_error))
		return false;
	if (d->v86) {
		cpu_set_null(cpu, SEG_ES, 0);
		cpu_set_null(cpu, SEG_DS, 0);
		cpu_set_null(cpu, SEG_FS, 0);
		cpu_set_null(cpu, SEG_GS, 0);
		cpu_mode_changed(cpu);
	}
	return true;
}

/* RFLAGS in the old TSS are those that would have been pushed. */
static enum transfer deliver_task(struct cpu *cpu, const struct delivery *d)
{
	uint64_t rflags = cpu->state.rflags;
	enum transfer result;

	cpu->state.rflags = d->flags;
	result = cpu_task_switch(cpu, d->gate.selector, TASK_GATE_EVENT,
				 d->event->has_error_code ? &d->event->error_code : NULL);
	if (result == TRANSFER_FAULT)
		cpu->state.rflags = rflags;
	return result;
}

static enum transfer deliver_protected(struct cpu *cpu, const struct cpu_event *event)
{
	struct delivery d; /* not cleared: each step writes what the next ones read */
	bool redirect = false;

	d.event = event;
	d.v86 = is_v86(cpu);

	if (d.v86 && event->type == EVENT_SOFTWARE_INTERRUPT) {
		if (cpu->state.cr4 & BIT(0) && !read_redirection(cpu, event->vector, &redirect))
			return TRANSFER_FAULT;
		if (redirect)
			return deliver_redirected(cpu, event->vector) ? TRANSFER_DONE
								      : TRANSFER_FAULT;
		if (iopl(cpu) < 3) {
			raise_gp0(cpu);
			return TRANSFER_FAULT;
		}
	}
	if (!read_gate(cpu, event, &d.gate))
		return TRANSFER_FAULT;
	d.flags = cpu_pushed_flags(cpu, event);
	if (d.gate.type == SYS_TASK_GATE)
		return deliver_task(cpu, &d);
	return deliver_gate(cpu, &d) ? TRANSFER_DONE : TRANSFER_FAULT;
}

/* ---------------------------------------------------------------- any event */

/* SDM Vol 3A "Error Code": EXT says that the event that met the fault is outside the program. */
static void add_ext(struct cpu *cpu, const struct cpu_event *event)
{
	struct cpu_event *fault = &cpu->fault;

	if (is_software(event) || !fault->has_error_code)
		return;
	if (fault->vector >= VECTOR_TS && fault->vector <= VECTOR_GP)
		fault->error_code |= ERROR_EXT;
}

static void trace(struct cpu *cpu, const struct cpu_event *event)
{
	const struct cpu_event *redone = &cpu->vmx.redone;

	if (unlikely(redone->valid)) {
		cpu->vmx.redone.valid = false;
		if (redone->vector == event->vector && redone->type == event->type)
			return;
	}
	if (event->type == EVENT_EXCEPTION)
		trace_event(cpu, CPU_TRACE_EXCEPTION, event->vector, event->error_code,
			    cpu->state.cr2);
	else
		trace_event(cpu, CPU_TRACE_INTERRUPT, event->vector, event->type, 0);
}

enum transfer cpu_deliver_transfer(struct cpu *cpu, const struct cpu_event *event)
{
	struct cpu_state *s = &cpu->state;
	uint64_t pending = s->pending_debug;
	enum transfer result;

	trace(cpu, event);
	cpu->vmx.blocking_before = s->interruptibility;
	cpu->delivering = *event;
	cpu->vmx.iret_unblocked = false; /* an IRET that has raised it is over */
	cpu->vmx.apic_size = 0;
	if (event->type == EVENT_NMI)
		s->interruptibility |= BLOCKING_NMI;
	if (s->cr0 & BIT(0))
		result = deliver_protected(cpu, event);
	else
		result = deliver_real(cpu, event) ? TRANSFER_DONE : TRANSFER_FAULT;
	s->activity = ACTIVITY_ACTIVE;
	if (unlikely(s->interruptibility & BLOCKING_MOV_SS))
		cpu_suppress_step(cpu);
	s->interruptibility &= (uint8_t) ~(BLOCKING_STI | BLOCKING_MOV_SS);
	if (result == TRANSFER_DONE) {
		cpu->delivering.valid = false;
		cpu->repeating = false;
		return result;
	}
	/* What its pushes have met is no trap. */
	s->pending_debug = pending | (s->pending_debug & DR6_BT);
	add_ext(cpu, event);
	return result;
}

bool cpu_deliver(struct cpu *cpu, const struct cpu_event *event)
{
	return cpu_deliver_transfer(cpu, event) == TRANSFER_DONE;
}

/* TF is cleared before the trap that it would have caused. SDM Vol 3B "Single-Step Exception" */
bool cpu_software_event(struct cpu *cpu, unsigned vector, enum event_type type, unsigned length)
{
	struct cpu_event event = { .valid = true,
				   .vector = (uint8_t)vector,
				   .type = (uint8_t)type,
				   .length = (uint8_t)length };
	bool step = cpu->state.rflags & FLAG_TF;

	/* INT n is no exception, whatever its vector. */
	if (unlikely(cpu->vmx.guest) && vmx_intercepts_event(cpu, &event))
		return false;
	if (cpu_deliver_transfer(cpu, &event) == TRANSFER_FAULT)
		return false;
	cpu->step_consumed = step;
	if (type == EVENT_PRIVILEGED_EXCEPTION) {
		/* INT1 is a #DB too, and takes traps that MOV SS has held back with it. */
		cpu->state.dr6 |= cpu->state.pending_debug & DR6_TRAPS;
		cpu->state.pending_debug = 0;
	}
	return true;
}
