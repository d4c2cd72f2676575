/* SPDX-License-Identifier: MIT */
#ifndef UDV_CPU_TRANSFER_H
#define UDV_CPU_TRANSFER_H

#include "cpu/segment.h"

/*
 * What events, far branches and returns share: the part of the state that a transfer of control
 * replaces, as a value. A transfer prepares the next context with all checks, and then either
 * everything of it is in force or nothing.
 */
struct context {
	uint64_t rip, rsp, rflags;
	struct arch_segment_register cs, ss;
	uint8_t cpl;
};

/* What is pushed, in the order of pushing; each entry of @size bytes. */
struct frame {
	uint64_t value[40];
	unsigned n;
	unsigned size;
};

enum transfer {
	TRANSFER_FAULT, /* cpu->fault is set and nothing has changed */
	TRANSFER_DONE,
	TRANSFER_NEW_TASK_FAULT, /* cpu->fault is set: of the task that has been switched to */
};

void context_save(const struct cpu *cpu, struct context *context);
void context_load(struct cpu *cpu, const struct context *context);

static inline void frame_push(struct frame *frame, uint64_t value)
{
	frame->value[frame->n++] = value;
}

static inline struct arch_segment_register segment_of(const struct descriptor *d, uint16_t selector)
{
	return (struct arch_segment_register){
		.base = d->base, .limit = d->limit, .access_rights = d->ar, .selector = selector
	};
}

/* @n pushes of @size bytes fit onto the stack of @context: #SS(@error) */
bool cpu_stack_has_room(struct cpu *cpu, const struct context *context, unsigned n, unsigned size,
			uint32_t error);

/*
 * What is checked before the first push: the room, #SS(@stack_error), and only then where @next
 * goes on, #GP(0). Paging has its say when the frame is written. SDM Vol 2A "CALL",
 * "INT n/INTO/INT3/INT1"
 */
bool cpu_check_entry(struct cpu *cpu, const struct context *next, unsigned n, unsigned size,
		     uint32_t stack_error);

/*
 * Puts @next into force after these checks, and pushes @frame there with the rights of the new
 * privilege level. False: everything is as before.
 */
bool cpu_enter(struct cpu *cpu, const struct context *next, const struct frame *frame,
	       uint32_t stack_error);

/* @rip may be where @next's code segment goes on: inside its limit, canonical. #GP(0) */
bool cpu_check_rip(struct cpu *cpu, const struct arch_segment_register *cs, uint64_t rip);

/* SS:(E)SP for @cpl from a 16- or 32-bit TSS; RSP (or an IST entry) from a 64-bit one. #TS */
bool cpu_tss_stack(struct cpu *cpu, unsigned cpl, uint16_t *selector, uint64_t *sp);
bool cpu_tss_rsp(struct cpu *cpu, unsigned offset, uint64_t *rsp);
#define TSS64_RSP(cpl) (4u + 8u * (cpl))
#define TSS64_IST(ist) (36u + 8u * ((ist)-1u))

/*
 * The stack of a context that gains privilege: @context's cpl is the new one; its ss and rsp are
 * set. *@stack_error is what a #SS for its limit says.
 */
bool cpu_inner_stack(struct cpu *cpu, struct context *context, uint32_t *stack_error);

static inline bool is_code64(uint32_t ar, const struct cpu *cpu)
{
	return ar & AR_L && is_long_mode(cpu);
}

/* RSP as a stack of this segment in this context leaves it: 64, 32 or 16 bits of it change. */
uint64_t stack_pointer(const struct cpu *cpu, const struct context *context, uint64_t old,
		       uint64_t value);

/* cpu_deliver(), with the difference that software interrupts have to know. */
enum transfer cpu_deliver_transfer(struct cpu *cpu, const struct cpu_event *event);
/* For handlers: a fault of the new task stays in cpu->fault, for the run loop. */
bool cpu_transfer_done(enum transfer result);

/* task.c. @link: the new task is nested in this one; @source for an intercept. */
enum task_source {
	TASK_CALL,
	TASK_IRET,
	TASK_JMP,
	TASK_GATE_EVENT,
};
/*
 * @selector names a TSS. @push: an error code to push onto the new task's stack, or NULL.
 * state.rip is what is saved in the old TSS.
 */
enum transfer cpu_task_switch(struct cpu *cpu, uint16_t selector, enum task_source source,
			      const uint32_t *error_code);

#endif
