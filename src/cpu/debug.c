/* SPDX-License-Identifier: MIT */
#include "cpu/debug.h"

#include <string.h>

#include "cpu/access.h"
#include "cpu/handler.h"

#define NEVER (~0ull)

unsigned cpu_level(const struct cpu *cpu)
{
	return cpu->vmx.guest && !cpu->vmx.level1 ? 2 : 1;
}

void cpu_set_points(struct cpu *cpu, const struct cpu_points *points)
{
	cpu->points = points;
	cpu->passed_retired = NEVER;
	cpu_breakpoints_changed(cpu);
}

static bool counts_here(const struct cpu *cpu)
{
	return !cpu->points->level || cpu->points->level == cpu_level(cpu);
}

/* ---------------------------------------------------------------- breakpoints */

bool cpu_may_break(const struct cpu *cpu, uint64_t linear)
{
	for (unsigned i = 0; i < cpu->points->nr_breakpoints; i++)
		if (!((cpu->points->breakpoint[i] ^ linear) & ~PAGE_MASK))
			return true;
	return false;
}

static bool has_breakpoint(const struct cpu *cpu, uint64_t linear)
{
	for (unsigned i = 0; i < cpu->points->nr_breakpoints; i++)
		if (cpu->points->breakpoint[i] == linear)
			return true;
	return false;
}

void cpu_break_passed(struct cpu *cpu)
{
	cpu->passed_rip = cpu->state.rip;
	cpu->passed_retired = cpu_retired(cpu);
}

/* True if the run is to stop here: it has not just done so. */
static NOINLINE bool stops(struct cpu *cpu, const struct op *op)
{
	uint64_t linear = cpu->state.rip + cpu->segment_base[SEG_CS];

	if ((cpu->mode & MODE_CODE) != MODE_CODE64)
		linear = (uint32_t)linear;
	cpu->current = op;
	/* An instruction that L0 does on behalf of L2 has had its breakpoint in L2. */
	if (!cpu->points || cpu->vmx.serving || !counts_here(cpu) || !has_breakpoint(cpu, linear))
		return false;
	if (cpu->passed_rip == cpu->state.rip && cpu->passed_retired == cpu_retired(cpu))
		return false;
	cpu_break_passed(cpu);
	cpu->points->hit(cpu->points->opaque, cpu, NULL, linear);
	return true;
}

static const struct op *break_here(struct cpu *cpu, const struct op *op)
{
	if (!stops(cpu, op))
		NEXT(cpu, op);
	return cpu_stop_before(cpu, op);
}

void cpu_break_op(struct op *op)
{
	memset(op, 0, sizeof(*op));
	op->fn = break_here;
	op->code = OP_NOP; /* of no length */
}

/* ---------------------------------------------------------------- watchpoints */

bool cpu_page_watched(const struct cpu *cpu, uint64_t linear)
{
	uint64_t page = linear & PAGE_MASK;

	for (unsigned i = 0; i < cpu->points->nr_watchpoints; i++) {
		const struct cpu_watchpoint *w = &cpu->points->watchpoint[i];

		if ((w->address & PAGE_MASK) == page ||
		    ((w->address + w->size - 1) & PAGE_MASK) == page)
			return true;
	}
	return false;
}

void cpu_watch(struct cpu *cpu, uint64_t linear, unsigned size, uint32_t access)
{
	if (!counts_here(cpu))
		return;
	for (unsigned i = 0; i < cpu->points->nr_watchpoints; i++) {
		const struct cpu_watchpoint *w = &cpu->points->watchpoint[i];

		if (!(w->read && access & UDV_ACCESS_READ) &&
		    !(w->write && access & UDV_ACCESS_WRITE))
			continue;
		/* Differences, for neither range to wrap around. */
		if (linear - w->address < w->size || w->address - linear < size) {
			cpu->points->hit(cpu->points->opaque, cpu, w, linear);
			return;
		}
	}
}
