/* SPDX-License-Identifier: MIT */
#ifndef TESTS_WALK_WORLD_H
#define TESTS_WALK_WORLD_H

#include <undervisor/exit_info.h>

/*
 * A small physical memory behind recording callbacks, with helpers to map pages into guest tables
 * and into EPT. What the walker read and wrote is in @log, in order.
 */

#define WORLD_SIZE (1u << 20)
#define WORLD_LOG 256

struct access_log {
	bool write;
	uint64_t address;
	uint64_t value; /* read, or written */
};

struct world {
	_Alignas(8) uint8_t ram[WORLD_SIZE];
	struct udv_memory memory;
	struct udv_paging_config config;
	struct udv_paging paging;
	uint64_t next_page;
	struct access_log log[WORLD_LOG];
	unsigned nr_log;
	unsigned refuse_cas; /* that many compare-exchanges find the entry changed */
};

/* Entry bits, as a person writes them. */
#define P 0x1ull
#define W 0x2ull
#define U 0x4ull
#define A 0x20ull
#define D 0x40ull
#define PS 0x80ull
#define NX (1ull << 63)
#define ER 0x1ull
#define EW 0x2ull
#define EX 0x4ull
#define EWB 0x30ull
#define EA 0x100ull
#define ED 0x200ull
#define EXU 0x400ull
#define EALL (ER | EW | EX | EXU)

void world_init(struct world *w);
uint64_t world_page(struct world *w);
uint64_t world_read(const struct world *w, uint64_t address);
void world_write(struct world *w, uint64_t address, uint64_t value);

/*
 * Maps @address down to @level in a structure of 8-byte entries with its root at @level top: a leaf
 * entry @leaf, and above it tables with @flags where there are none yet. Returns the leaf's
 * address.
 */
uint64_t world_map(struct world *w, uint64_t root, unsigned top, unsigned level, uint64_t address,
		   uint64_t leaf, uint64_t flags);

/* Address of the entry for @address at @level, along tables that exist. */
uint64_t world_entry(const struct world *w, uint64_t root, unsigned top, unsigned level,
		     uint64_t address);

/*
 * 4-level guest paging behind 4-level EPT with accessed and dirty flags: everything the tests do
 * not change is allowed. Guest tables lie at guest-physical GUEST_BASE + x, which EPT maps to x.
 */
#define GUEST_BASE 0x40000000ull
#define TEST_GVA 0x00007a1b2c3d4567ull
#define TEST_DATA_GPA 0x0000000056789000ull

struct nested_world {
	struct world w;
	uint64_t cr3;		    /* guest-physical */
	uint64_t data;		    /* host page of the data */
	uint64_t guest_entry[6];    /* host address by level */
	uint64_t data_ept_entry[6]; /* host addresses of EPT entries for the data page */
};

void nested_world_init(struct nested_world *n, uint64_t guest_flags);
/* Host address of the EPT leaf for the page of the guest entry at @level. */
uint64_t nested_table_ept_entry(const struct nested_world *n, unsigned level);
uint64_t nested_table_gpa(const struct nested_world *n, unsigned level);
void nested_prepare(struct nested_world *n);

#endif
