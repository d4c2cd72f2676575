/* SPDX-License-Identifier: MIT */
#ifndef UDV_CPU_DEBUG_H
#define UDV_CPU_DEBUG_H

#include "cpu/cpu.h"
#include "cpu/op.h"

/*
 * Breakpoints and watchpoints of a debugger outside the machine, shared by its processors.
 *
 * A breakpoint is an op without an instruction, in front of the one that may have it: blocks are
 * found by physical address, so every offset in a page that some breakpoint has gets one, and it
 * compares the linear address when it runs. A page with a watchpoint is in no TLB. So neither
 * costs anything where there is none.
 */
#define CPU_MAX_BREAKPOINTS 64u
#define CPU_MAX_WATCHPOINTS 16u

struct cpu_watchpoint {
	uint64_t address, size;
	bool read, write;
};

struct cpu_points {
	unsigned nr_breakpoints, nr_watchpoints;
	uint64_t breakpoint[CPU_MAX_BREAKPOINTS];
	struct cpu_watchpoint watchpoint[CPU_MAX_WATCHPOINTS];
	unsigned level; /* 1 or 2: only there; 0: anywhere */
	/* Told of a hit, of @watchpoint unless NULL; it calls cpu_yield(). */
	void (*hit)(void *opaque, struct cpu *cpu, const struct cpu_watchpoint *watchpoint,
		    uint64_t address);
	void *opaque;
};

/* 2 in a guest of the hypervisor that runs on this processor, or on L0. */
unsigned cpu_level(const struct cpu *cpu);
/* What @points says has changed; NULL: there are none. No block is running. */
void cpu_set_points(struct cpu *cpu, const struct cpu_points *points);

/* Whether a block is to end before @linear, for the op below to come first in the next. */
bool cpu_may_break(const struct cpu *cpu, uint64_t linear);
void cpu_break_op(struct op *op);
/* An instruction at state.rip goes on that has had its breakpoint. */
void cpu_break_passed(struct cpu *cpu);

bool cpu_page_watched(const struct cpu *cpu, uint64_t linear);
void cpu_watch(struct cpu *cpu, uint64_t linear, unsigned size, uint32_t access);

#endif
