/* SPDX-License-Identifier: MIT */
#ifndef UDV_CPU_BLOCK_H
#define UDV_CPU_BLOCK_H

#include "cpu/cpu.h"
#include "cpu/op.h"

/*
 * Decoded code, found by physical address and mode, shared by the processors of a machine.
 *
 * Invariants
 *  - A block starts and ends in one page; only a block of one instruction may reach into a second.
 *  - A page with blocks (or the end of one) has MEM_PAGE_CODE, and no TLB has a write tag for it:
 *    stores to it come to blocks_written(), which drops all blocks of the page if one of them is
 * hit.
 *  - link[] leads only to blocks of the same page, so that they go together, and only to those that
 *    need no check: see enter.h.
 *  - A dropped block stays readable until the run loop builds again: the one that runs may be it.
 */
#define BLOCK_MAX_INSNS 48u
#define BLOCK_NO_PAGE (~0ull)
/* Links: of JMP at the end, of the end without one, of conditional branches. */
#define BLOCK_LINK_JUMP 0u
#define BLOCK_LINK_END 1u
#define BLOCK_FIRST_SIDE 2u
#define BLOCK_SIDES 4u

struct block {
	uint64_t physical;    /* of the first byte */
	uint64_t second_page; /* physical page of the last byte, if it is another one */
	uint32_t mode;	      /* MODE_* */
	uint16_t bytes;
	uint8_t n;		 /* instructions */
	struct block *next;	 /* in the hash chain */
	struct block *page_next; /* in the page */
	struct block *page_next2;
	struct block *link[BLOCK_FIRST_SIDE + BLOCK_SIDES]; /* where its branches lead */
	struct op ops[];
};

struct code_page {
	uint64_t page;
	uint64_t chunks; /* bit n: block bytes in the n-th 64 bytes */
	struct block *blocks;
	struct code_page *next;
};

#define BLOCK_HASH_SIZE 16384u
#define CODE_PAGE_HASH_SIZE 4096u
#define BLOCK_MAX_CPUS 16u

struct block_cache {
	struct block *hash[BLOCK_HASH_SIZE];
	struct code_page *pages[CODE_PAGE_HASH_SIZE];
	uint8_t *arena;
	size_t arena_size, arena_used;
	struct mem_space *memory;
	struct cpu *cpus[BLOCK_MAX_CPUS];
	unsigned nr_cpus;
};

#define BLOCK_DEFAULT_ARENA (64u << 20)

/* UDV_ERR_NO_MEMORY. Takes over @memory's code_written. */
enum udv_status blocks_create(struct block_cache *cache, struct mem_space *memory,
			      size_t arena_size);
void blocks_destroy(struct block_cache *cache);
/* cpu_init() does this. */
void blocks_add_cpu(struct block_cache *cache, struct cpu *cpu);
/* Drops everything. Not while a block runs. */
void blocks_flush(struct block_cache *cache);

/* The block at physical address @physical under @mode, or NULL. */
struct block *block_find(struct block_cache *cache, uint64_t physical, uint32_t mode);

/*
 * Decodes a block that starts at state.rip (linear @linear, physical @physical) under @mode. NULL:
 * an exception is in cpu->fault (a fetch that crosses into a page that faults).
 */
struct block *block_build(struct cpu *cpu, uint64_t linear, uint64_t physical, uint32_t mode);

#endif
