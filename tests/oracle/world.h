/* SPDX-License-Identifier: MIT */
#ifndef TESTS_ORACLE_WORLD_H
#define TESTS_ORACLE_WORLD_H

#include <undervisor/paging.h>

/*
 * A small physical memory with a guest's tables and the EPT behind them, so built that each guest
 * table and the final page can be told apart by its path through EPT.
 */

#define WORLD_PAGES 64
#define WORLD_WORDS (WORLD_PAGES * 512)
#define WORLD_KNOWN 256
#define WORLD_PDPTES 0x60 /* offset of the four PDPTEs in the page that CR3 points to */

/* Guest entry defaults */
#define GUEST_P (1ull << 0)
#define GUEST_W (1ull << 1)
#define GUEST_U (1ull << 2)
#define GUEST_A (1ull << 5)
#define GUEST_D (1ull << 6)
#define GUEST_PS (1ull << 7)
#define GUEST_XD (1ull << 63)

enum world_layout {
	LAYOUT_SPREAD,	  /* each page has EPT tables of its own below the root */
	LAYOUT_PACKED,	  /* all pages share the EPT tables down to the last */
	LAYOUT_RECURSIVE, /* a root entry that points to the root is used as often as it can be */
	LAYOUT_WIDE,	  /* as spread, from guest-physical address bit 48 on */
	LAYOUT_SELF,	  /* the root entry that points to the root is used once */
	NR_LAYOUTS,
};

/* What decides the tables. All members are small numbers, so that a shape can be compared. */
struct world_shape {
	uint8_t mode;	     /* enum udv_paging_mode */
	uint8_t ept_levels;  /* 0, 4, 5 */
	uint8_t guest_leaf;  /* level of the guest leaf: 1, 2, 3 */
	uint8_t table_leaf;  /* level of the EPT leaves of guest tables */
	uint8_t final_leaf;  /* level of the EPT leaf of the final page */
	uint8_t layout;	     /* enum world_layout */
	uint8_t address;     /* 0..3: which linear address */
	uint8_t noise;	     /* 1: ignored bits set everywhere */
	uint8_t guest_flags; /* bit 0: A clear, bit 1: D clear */
	uint8_t ept_flags;   /* bit 0: A clear, bit 1: D clear */
};

/* Pages by number: 0 is the final page, n the guest table of level n. */
struct world {
	struct world_shape shape;
	uint64_t base;
	unsigned next_page;
	uint64_t words[WORLD_WORDS];
	unsigned nr_known;
	uint16_t known[WORLD_KNOWN]; /* indices of the words that matter */

	uint64_t gva;
	uint64_t root; /* guest-physical */
	uint64_t eptp; /* bits 51:12 */
	uint64_t pdpte[4];
	unsigned levels; /* of the guest */
	uint64_t table_gpa[6], table_hpa[6];
	uint64_t guest_entry[6];   /* host-physical, by level; 0 if not used */
	uint64_t ept_entry[6][6];  /* by page and EPT level; 0 if not used */
	uint8_t ept_leaf_level[6]; /* by page */
	uint64_t final_gpa;
	uint64_t pml;	  /* page */
	uint64_t sppt[5]; /* entries of the final address, by level; the root is sppt_root */
	uint64_t sppt_root;
};

void world_build(struct world *world, const struct world_shape *shape);

static inline unsigned world_entry_size(const struct world *world)
{
	return world->shape.mode == UDV_PAGING_32BIT ? 4 : 8;
}

uint64_t world_get(const struct world *world, const uint64_t *words, uint64_t address,
		   unsigned size);
void world_set(const struct world *world, uint64_t *words, uint64_t address, unsigned size,
	       uint64_t value);

#endif
