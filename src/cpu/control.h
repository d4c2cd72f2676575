/* SPDX-License-Identifier: MIT */
#ifndef UDV_CPU_CONTROL_H
#define UDV_CPU_CONTROL_H

#include "cpu/handler.h"

/*
 * Control transfers and events. All of these are for slow handlers and the run loop: state is
 * complete when they are called, and state.rip is the address of the next instruction. They return
 * true when done; false with the exception in cpu->fault and nothing changed but what the manual
 * says (a task switch may fault in the new task).
 */

/* Far branches; @size is the operand size in bytes (2, 4, 8): it is also that of the pushes. */
bool cpu_jump_far(struct cpu *cpu, uint16_t selector, uint64_t offset, unsigned size);
bool cpu_call_far(struct cpu *cpu, uint16_t selector, uint64_t offset, unsigned size);
/* @release: bytes of parameters to drop, of RET imm16 */
bool cpu_return_far(struct cpu *cpu, unsigned size, unsigned release);
bool cpu_iret(struct cpu *cpu, unsigned size);
/* m16:16, m16:32 or m16:64 at an op's memory operand, @size as above */
bool cpu_read_far_pointer(struct cpu *cpu, const struct op *op, unsigned size, uint16_t *selector,
			  uint64_t *offset);

/*
 * Delivers an event. False: cpu->fault holds what went wrong on the way, and cpu->delivering is
 * still valid. state.rip must be what is to be saved: of the instruction for faults, of the next
 * one for traps and software interrupts.
 */
bool cpu_deliver(struct cpu *cpu, const struct cpu_event *event);

/*
 * Delivers cpu->fault, and what comes of it. SDM Vol 3A "Interrupt 8 - Double Fault Exception".
 * False: triple fault, activity is ACTIVITY_SHUTDOWN.
 */
bool cpu_deliver_fault(struct cpu *cpu);

/*
 * cpu_deliver(), and cpu_deliver_fault() for what goes wrong. For events that are no faults of
 * the instruction; false as cpu_deliver_fault().
 */
bool cpu_deliver_event(struct cpu *cpu, const struct cpu_event *event);

/*
 * At an instruction boundary: takes the highest of the events that are pending and not blocked
 * (traps, NMI, external interrupt). True if something was delivered (or shut the processor down).
 * Clears the blocking by STI and MOV SS when it was there before the last instruction: see
 * cpu_end_blocking().
 */
bool cpu_take_events(struct cpu *cpu);

/* Whether cpu_take_events() would find anything to deliver now. */
bool cpu_has_event(const struct cpu *cpu);

/* MOV to and POP of ES, SS, DS, FS, GS; MOV-SS blocking included. */
bool cpu_load_segment(struct cpu *cpu, unsigned segment, uint16_t selector);

#endif
