/* SPDX-License-Identifier: MIT */
#ifndef UDV_CPU_ENTER_H
#define UDV_CPU_ENTER_H

#include "cpu/block.h"
#include "cpu/handler.h"

/*
 * From one block to the next.
 *
 * Three ways, from fast to slow: a link to a block of the same page; the jump cache, whose key
 * stands for everything that decides what code a RIP means (address space, rights, mode, generation
 * of translations and of blocks); the run loop, which translates and looks up.
 */

static inline unsigned jump_slot(uint64_t rip)
{
	return (unsigned)(rip ^ rip >> 10) & (JUMP_CACHE_SIZE - 1);
}

/* exec.c */
const struct op *cpu_out_of_budget(struct cpu *cpu, const struct block *block, uint64_t rip);
/* By way of the run loop. */
const struct op *cpu_go(struct cpu *cpu, uint64_t rip);
/* branch.c */
op_fn op_end;

ALWAYS_INLINE const struct op *enter_block(struct cpu *cpu, struct block *block, uint64_t rip)
{
	const struct op *first;

	cpu->remaining -= block->n;
	if (unlikely(cpu->remaining < 0))
		return cpu_out_of_budget(cpu, block, rip);
	cpu->block = block;
	cpu->state.rip = rip;
	first = block->ops;
	COMPUTE(first);
	INLINE_GOTO(cpu, first);
}

/* While a block runs: RIP at @offset from its start, as the code size truncates it. */
ALWAYS_INLINE uint64_t rip_at(const struct cpu *cpu, uint64_t offset)
{
	return (cpu->state.rip + offset) & cpu->rip_mask;
}

#endif
