/* SPDX-License-Identifier: MIT */
#ifndef UDV_CPU_FOLLOW_H
#define UDV_CPU_FOLLOW_H

#include "cpu/enter.h"

/* The ends of blocks: taken and not taken, by a link if there is one. */

/* branch.c: by the jump cache, or the run loop. */
const struct op *cpu_follow_far(struct cpu *cpu, const struct op *op, unsigned which, uint64_t rip);

ALWAYS_INLINE const struct op *follow(struct cpu *cpu, const struct op *op, unsigned which,
				      uint64_t rip)
{
	struct block *next = cpu->block->link[which];

	if (likely(next != NULL))
		return enter_block(cpu, next, rip);
	return cpu_follow_far(cpu, op, which, rip);
}

ALWAYS_INLINE const struct op *branch(struct cpu *cpu, const struct op *op, bool taken)
{
	if (taken)
		return follow(cpu, op, 0, rip_at(cpu, op->imm));
	return follow(cpu, op, 1, rip_at(cpu, op->end));
}

#endif
