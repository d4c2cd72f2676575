/* SPDX-License-Identifier: MIT */
#ifndef UDV_CPU_EVENTS_H
#define UDV_CPU_EVENTS_H

#include "base/bits.h"
#include "cpu/cpu.h"

#define DR6_TRAPS 0xfull
#define DR6_BS BIT(14)
/* All that state.pending_debug may hold, in the VMCS as well. */
#define PENDING_DEBUG (DR6_TRAPS | PENDING_DEBUG_ENABLED | DR6_BS)

/*
 * Events: exceptions, interrupts, NMIs and traps, and their delivery through the IDT.
 * SDM Vol 3A "Interrupt and Exception Handling".
 *
 * While one is being delivered, cpu->delivering holds it. It stays there when the delivery faults,
 * until that fault has been dealt with: the fault is judged against it (double fault), and a VM
 * exit will report it as IDT-vectoring information.
 */

/*
 * Delivers @event through the IDT (or the IVT): the stack frame, the new CS:RIP and RFLAGS, and
 * nothing else: CR2, DR6 and DR7 are not touched. state.rip must be what is to be saved: of the
 * instruction for faults, of the next one for traps and software interrupts. False: cpu->fault says
 * what went wrong; only a task switch may have changed state then.
 */
bool cpu_deliver(struct cpu *cpu, const struct cpu_event *event);

/*
 * Delivers cpu->fault with all its side effects, and what comes of it: a fault during delivery is
 * delivered in its place, or becomes a double fault. SDM Vol 3A "Interrupt 8 - Double Fault
 * Exception (#DF)". False: triple fault, the activity is ACTIVITY_SHUTDOWN.
 */
bool cpu_deliver_fault(struct cpu *cpu);

/*
 * At an instruction boundary: delivers the first of what is pending and not blocked, in the order
 * of the manual: traps of the last instruction, NMI, external interrupt. False if there is none.
 * True also if its delivery has faulted: cpu->fault is valid then, for cpu_deliver_fault().
 */
bool cpu_take_events(struct cpu *cpu);

/* The three that it takes from; @cpu_take_interrupt is false if the interrupt has gone. */
bool cpu_take_debug(struct cpu *cpu);
bool cpu_take_nmi(struct cpu *cpu);
bool cpu_take_interrupt(struct cpu *cpu);

/* Data or I/O breakpoint @n, which is enabled, has been hit. */
static inline void cpu_hit_breakpoint(struct cpu *cpu, unsigned n)
{
	cpu->state.pending_debug |= BIT(n) | PENDING_DEBUG_ENABLED;
	cpu->attention |= ATTENTION_EVENT;
}

/*
 * The single step that MOV SS or POP SS would have ended in is suppressed, not held back as data
 * breakpoints are: once the next instruction is complete, or an event delivered. Of breakpoints
 * that are not enabled, which only a VM entry makes pending, it alone made a #DB.
 * SDM Vol 3A "Masking Exceptions and Interrupts When Switching Stacks"
 */
static inline void cpu_suppress_step(struct cpu *cpu)
{
	cpu->state.pending_debug &= ~DR6_BS;
	if (!(cpu->state.pending_debug & ~DR6_TRAPS))
		cpu->state.pending_debug = 0;
}

/* What two exceptions, one during the delivery of the other, become. */
enum event_combination {
	COMBINE_SERIAL, /* the second one is delivered */
	COMBINE_DOUBLE_FAULT,
	COMBINE_SHUTDOWN,
};
enum event_combination event_combine(const struct cpu_event *first, const struct cpu_event *second);

#endif
