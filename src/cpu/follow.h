/* SPDX-License-Identifier: MIT */
#ifndef UDV_CPU_FOLLOW_H
#define UDV_CPU_FOLLOW_H

#include "cpu/enter.h"

/*
 * Branches out of a block. One that is not taken goes on to the next op, so a block may have some
 * of them before its end: side exits. A branch has the number of its link in op->src, and in
 * op->index what of the block is not executed if it is taken.
 */

/* branch.c: without a link, by the jump cache or the run loop. */
const struct op *cpu_follow_far(struct cpu *cpu, const struct op *op, uint64_t rip);

ALWAYS_INLINE const struct op *follow(struct cpu *cpu, const struct op *op, uint64_t rip)
{
	struct block *next = cpu->block->link[op->src];

	if (unlikely(!next))
		return cpu_follow_far(cpu, op, rip);
	cpu->remaining += op->index;
	return enter_block(cpu, next, rip);
}

ALWAYS_INLINE const struct op *branch(struct cpu *cpu, const struct op *op, bool taken)
{
	const struct op *following = op + 1;

	if (taken)
		return follow(cpu, op, rip_at(cpu, op->imm));
	COMPUTE(following);
	INLINE_GOTO(cpu, following);
}

#endif
