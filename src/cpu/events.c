/* SPDX-License-Identifier: MIT */
#include "cpu/events.h"

#include "arch/exit_reasons.h"
#include "cpu/control.h"
#include "cpu/transfer.h"
#include "cpu/vmx_state.h"

#define DR6_ONES 0xffff0ff0ull
#define DR6_BT BIT(15)
#define DR7_GD BIT(13)
#define DEBUGCTL_LBR_BTF 3ull

/* ---------------------------------------------------------------- combination */

enum event_class {
	CLASS_BENIGN,
	CLASS_CONTRIBUTORY,
	CLASS_PAGE_FAULT,
	CLASS_DOUBLE_FAULT,
};

/* SDM Vol 3A "Interrupt 8 - Double Fault Exception (#DF)" */
static enum event_class class_of(const struct cpu_event *event)
{
	if (event->type != EVENT_EXCEPTION)
		return CLASS_BENIGN;
	switch (event->vector) {
	case VECTOR_DE:
	case VECTOR_TS:
	case VECTOR_NP:
	case VECTOR_SS:
	case VECTOR_GP:
	case VECTOR_CP:
		return CLASS_CONTRIBUTORY;
	case VECTOR_PF:
	case VECTOR_VE:
		return CLASS_PAGE_FAULT;
	case VECTOR_DF:
		return CLASS_DOUBLE_FAULT;
	default:
		return CLASS_BENIGN;
	}
}

enum event_combination event_combine(const struct cpu_event *first, const struct cpu_event *second)
{
	enum event_class a = class_of(first), b = class_of(second);

	if (a == CLASS_BENIGN || b == CLASS_BENIGN)
		return COMBINE_SERIAL;
	if (a == CLASS_DOUBLE_FAULT)
		return COMBINE_SHUTDOWN;
	if (a == CLASS_CONTRIBUTORY && b == CLASS_PAGE_FAULT)
		return COMBINE_SERIAL;
	return COMBINE_DOUBLE_FAULT;
}

/* ---------------------------------------------------------------- side effects */

/*
 * Bits 3:0 of DR6 are those of this exception, the others stay until software clears them. Traps
 * that MOV SS has held back come with it: breakpoints are told, a step is not.
 */
static void note_debug(struct cpu *cpu, uint64_t bits)
{
	struct cpu_state *s = &cpu->state;

	s->dr6 = (s->dr6 & ~DR6_TRAPS) | bits | (s->pending_debug & DR6_TRAPS) | DR6_ONES;
	s->pending_debug = 0;
	s->dr7 &= ~DR7_GD;
	s->debugctl &= ~DEBUGCTL_LBR_BTF;
}

/* What an exception leaves in registers besides the stack frame. */
static void note(struct cpu *cpu, const struct cpu_event *event)
{
	if (event->type != EVENT_EXCEPTION)
		return;
	if (event->vector == VECTOR_PF)
		cpu->state.cr2 = event->address;
	if (event->vector == VECTOR_DB)
		note_debug(cpu, event->address);
}

static bool shut_down(struct cpu *cpu)
{
	cpu->delivering.valid = false;
	if (cpu->vmx.guest) {
		vmx_record(cpu, ARCH_EXIT_TRIPLE_FAULT_REASON, 0);
		vmx_exit(cpu);
		return true;
	}
	cpu->state.activity = ACTIVITY_SHUTDOWN;
	cpu->attention |= ATTENTION_EVENT;
	return false;
}

/*
 * A data breakpoint is a trap: none of an instruction that faults, only of a MOV SS before it. A
 * delivery that has failed has ended blocking by MOV SS, and left no trap of its own.
 */
static void forget_traps(struct cpu *cpu)
{
	if (!cpu->delivering.valid && !(cpu->state.interruptibility & BLOCKING_MOV_SS))
		cpu->state.pending_debug &= DR6_BT;
}

/*
 * Benign exceptions can follow each other for ever (#AC by a misaligned stack at CPL 3): then the
 * instruction starts again, and the run loop counts.
 */
#define MAX_SERIAL 16

bool cpu_deliver_fault(struct cpu *cpu)
{
	forget_traps(cpu);
	for (unsigned i = 0; i < MAX_SERIAL; i++) {
		struct cpu_event event = cpu->fault;

		if (unlikely(cpu->vmx.guest) && event.type == EVENT_EXCEPTION &&
		    event.vector == VECTOR_VE)
			vmx_take_ve(cpu);
		if (unlikely(cpu->vmx.guest) &&
		    (event.type == EVENT_VM_EXIT || vmx_intercepts_event(cpu, &event))) {
			vmx_exit(cpu);
			return true;
		}
		note(cpu, &event);
		if (cpu->delivering.valid) {
			switch (event_combine(&cpu->delivering, &event)) {
			case COMBINE_SHUTDOWN:
				return shut_down(cpu);
			case COMBINE_DOUBLE_FAULT:
				event = (struct cpu_event){ .valid = true,
							    .vector = VECTOR_DF,
							    .type = EVENT_EXCEPTION,
							    .has_error_code = true };
				cpu->delivering.valid = false;
				if (vmx_intercepts_event(cpu, &event)) {
					vmx_exit(cpu);
					return true;
				}
				break;
			default:
				break;
			}
		}
		cpu->fault.valid = false;
		if (cpu_deliver(cpu, &event))
			return true;
	}
	cpu->delivering.valid = false;
	return true;
}

/* ---------------------------------------------------------------- what is pending */

bool cpu_take_debug(struct cpu *cpu)
{
	struct cpu_event event = { .valid = true, .vector = VECTOR_DB, .type = EVENT_EXCEPTION };

	event.address = cpu->state.pending_debug & ~PENDING_DEBUG_ENABLED;
	note(cpu, &event);
	cpu_deliver(cpu, &event);
	return true;
}

bool cpu_take_nmi(struct cpu *cpu)
{
	struct cpu_event event = { .valid = true, .vector = VECTOR_NMI, .type = EVENT_NMI };

	cpu->state.nmi_pending = false;
	cpu_deliver(cpu, &event);
	return true;
}

bool cpu_take_interrupt(struct cpu *cpu)
{
	struct cpu_event event = { .valid = true, .type = EVENT_EXTERNAL };
	int vector = cpu->ops.acknowledge ? cpu->ops.acknowledge(cpu->ops.opaque) : -1;

	if (vector < 0)
		return false;
	event.vector = (uint8_t)vector;
	cpu_deliver(cpu, &event);
	return true;
}

/*
 * SDM Vol 3A "Priority Among Concurrent Events"; "Masking Exceptions and Interrupts When Switching
 * Stacks". Blocking by STI holds back external interrupts only.
 */
bool cpu_take_events(struct cpu *cpu)
{
	struct cpu_state *s = &cpu->state;

	if (s->interruptibility & BLOCKING_MOV_SS)
		return false;
	if (s->pending_debug)
		return cpu_take_debug(cpu);
	if (s->nmi_pending && !(s->interruptibility & BLOCKING_NMI))
		return cpu_take_nmi(cpu);
	if (cpu->interrupt && s->rflags & FLAG_IF && !(s->interruptibility & BLOCKING_STI))
		return cpu_take_interrupt(cpu);
	return false;
}
