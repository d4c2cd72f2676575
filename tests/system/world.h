/* SPDX-License-Identifier: MIT */
#ifndef SYSTEM_WORLD_H
#define SYSTEM_WORLD_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "arch/system_bits.h"
#include "cpu/access.h"
#include "cpu/block.h"
#include "cpu/cpuid.h"
#include "cpu/msr.h"
#include "cpu/system_misc.h"
#include "cpu/xsave.h"

/*
 * One processor over 2 MB of RAM, with the first gigabyte mapped to itself for 64-bit mode; and
 * instructions run one by one, by their functions.
 */
struct world {
	struct cpu *cpu;
	struct cpu_config config;
	struct mem_space memory;
	struct port_space ports;
	struct block_cache blocks;
};

#define WORLD_RAM 0x200000u
#define WORLD_PML4 0x1000u
#define WORLD_PDPT 0x2000u

/* As fixtures of cmocka: *state is the world. @cpu_text of the second: as for --cpu. */
int world_setup(void **state);
int world_teardown(void **state);
struct world *world_new(const char *cpu_text);

/* CPL 0, flat segments, no paging; and 64-bit mode. */
void world_protected(struct world *w);
void world_long(struct world *w);
void world_cpl(struct world *w, unsigned cpl);

/* An op with a memory operand at @address; registers are GPR_ZERO. */
struct op op_at(const struct world *w, uint64_t address);
/* An op of two operands. */
struct op op_of(const struct world *w, unsigned dst, unsigned src);

void expect_ok(struct world *w, slow_fn *f, struct op op);
/* Nothing but cpu->fault has changed. */
void expect_fault(struct world *w, slow_fn *f, struct op op, unsigned vector, int error_code);
#define NO_CODE (-1)
#define expect_gp(w, f, op) expect_fault(w, f, op, VECTOR_GP, 0)
#define expect_ud(w, f, op) expect_fault(w, f, op, VECTOR_UD, NO_CODE)

void set_edx_eax(struct world *w, uint64_t value);
uint64_t edx_eax(const struct world *w);

#endif
