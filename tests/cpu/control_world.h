/* SPDX-License-Identifier: MIT */
#ifndef CONTROL_WORLD_H
#define CONTROL_WORLD_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "cpu/block.h"
#include "cpu/control.h"
#include "cpu/segment.h"
#include "cpu/system_control.h"
#include "cpu/transfer.h"

/*
 * One processor over 1 MB of RAM, with tables at fixed places and no code: transfers of control are
 * called as the handlers call them, and what they leave is compared.
 */
struct world {
	struct cpu *cpu;
	struct cpu_config config;
	struct mem_space memory;
	struct port_space ports;
	struct block_cache blocks;
};

#define AT_GDT 0x1000u
#define AT_IDT 0x2000u
#define AT_LDT 0x3000u
#define AT_TSS 0x4000u
#define AT_TSS2 0x5000u
#define AT_STACK0 0x8000u /* tops */
#define AT_STACK3 0x9000u
#define AT_IST 0xa000u
#define AT_CODE 0x10000u
#define AT_TABLES 0x20000u

/* Selectors; RPL 0 */
enum {
	SEL_CODE0 = 0x08, /* 32-bit, or 64-bit in long mode */
	SEL_DATA0 = 0x10,
	SEL_CODE3 = 0x18,
	SEL_DATA3 = 0x20,
	SEL_CONFORMING = 0x28, /* DPL 0 */
	SEL_READ_ONLY = 0x30,  /* data, DPL 3 */
	SEL_ABSENT = 0x38,     /* data, DPL 3 */
	SEL_TSS = 0x40,	       /* 16 bytes in long mode */
	SEL_TSS2 = 0x50,
	SEL_GATE = 0x60, /* for a test's own descriptor, 16 bytes */
	SEL_LDT = 0x70,
	SEL_CODE1 = 0x80,
	SEL_DATA1 = 0x88,
	SEL_EXECUTE_ONLY = 0x90, /* code, DPL 3, not readable */
	SEL_CODE16 = 0x98,	 /* DPL 0, limit 64 KB */
	SEL_COMPATIBLE3 = 0xa0,	 /* 32-bit code, DPL 3, in any mode */
	GDT_LIMIT = 0xaf,
};

#define DESC_CODE 0x9bu /* present, accessed, readable; + DPL << 5 */
#define DESC_DATA 0x93u
#define DPL(n) ((n) << 5)
#define FLAG_G 8u
#define FLAG_D 4u
#define FLAG_L 2u

int world_setup(void **state);
int world_teardown(void **state);

/* Flat segments of @cpl, tables loaded, TR and LDTR; no paging, or 64-bit mode. */
void world_protected(struct world *w, unsigned cpl);
void world_long(struct world *w, unsigned cpl);
void world_v86(struct world *w, unsigned iopl_value);
void world_real(struct world *w);

uint64_t descriptor_of(uint32_t base, uint32_t limit, unsigned access, unsigned flags);
uint64_t gate_of(uint16_t selector, uint32_t offset, unsigned access, unsigned count);
void set_descriptor(struct world *w, unsigned selector, uint64_t low, uint64_t high);
/* A gate in the IDT, as the mode in force has it. */
void set_vector(struct world *w, unsigned vector, uint16_t selector, uint64_t offset,
		unsigned access, unsigned ist);

uint64_t peek(struct world *w, uint64_t address, unsigned size);
void poke(struct world *w, uint64_t address, unsigned size, uint64_t value);

/* The event @vector of a type, with an error code unless it is negative. */
struct cpu_event event_of(unsigned vector, enum event_type type, int error_code);

/* @done is false, the fault is this, and the state is as in @before (save what faults leave). */
void check_fault(struct world *w, bool done, const struct cpu_state *before, unsigned vector,
		 int error_code);
#define NO_CODE (-1)

/* The segment registers are equal; by their members, for the structs have padding. */
void check_segments(const struct cpu_state *got, const struct cpu_state *want);

#endif
