/* SPDX-License-Identifier: MIT */
#ifndef UDV_CPU_CONTROL_H
#define UDV_CPU_CONTROL_H

#include "cpu/events.h"
#include "cpu/handler.h"

/*
 * Control transfers, for slow handlers: state is complete, and state.rip is the address of the next
 * instruction. True: done (if cpu->fault is valid all the same, it is of the task that has been
 * switched to). False: cpu->fault is set and nothing has changed.
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

/* INT n, INT3, INTO, INT1: @type says which. */
bool cpu_software_event(struct cpu *cpu, unsigned vector, enum event_type type, unsigned length);

/* MOV to and POP of ES, SS, DS, FS, GS; the blocking by MOV SS and POP SS included. */
bool cpu_load_segment(struct cpu *cpu, unsigned segment, uint16_t selector);

#endif
