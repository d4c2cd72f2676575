/* SPDX-License-Identifier: MIT */
#ifndef UDV_MEM_PAGES_H
#define UDV_MEM_PAGES_H

#include "mem/space.h"

/*
 * The contents of RAM and ROM at one time (private RAM is left out), apart from the space they came
 * from: pages that are not all zero, and where each belongs.
 *
 * Invariants
 *  - What is in a struct mem_pages does not change once it is complete; any number of spaces may be
 *    put back to it.
 *  - A space that was saved to or restored from a struct mem_pages, and has no dirty page, has
 *    exactly its contents. Who keeps track of which one that was need only look at dirty pages.
 *  - No TLB may hold a write tag when the dirty flags are cleared: the caller flushes.
 */

#define MEM_PAGES_MAX_REGIONS 8u

struct mem_pages {
	unsigned nr_regions;
	struct mem_pages_region {
		uint64_t base, size;
		bool rom;
		uint32_t *slot; /* of each page: 1 + its number in data; 0: all zero */
	} region[MEM_PAGES_MAX_REGIONS];
	uint8_t *data;
	uint32_t nr_pages, room; /* in data */
};

/* With the RAM and ROM of @space, all zero. UDV_ERR_NO_MEMORY: nothing is held then. */
enum udv_status mem_pages_init(struct mem_pages *pages, const struct mem_space *space);
void mem_pages_destroy(struct mem_pages *pages);

/* True if @space has RAM and ROM at the same places. */
bool mem_pages_fit(const struct mem_pages *pages, const struct mem_space *space);

/* One page of MEM_PAGE_SIZE bytes. UDV_ERR_ARGUMENT: there is none, or it has been put already. */
enum udv_status mem_pages_put(struct mem_pages *pages, uint64_t address, const uint8_t *data);
/* NULL: the page is all zero, or there is none. */
const uint8_t *mem_pages_get(const struct mem_pages *pages, uint64_t address);

/* Fills empty @pages from @space, of which every page is clean then. UDV_ERR_NO_MEMORY: it is not.
 */
enum udv_status mem_pages_save(struct mem_pages *pages, struct mem_space *space);

/*
 * Puts @space back; how many pages were looked at. @dirty_only: pages that are not dirty are known
 * to be the same. Decoded code that changes is reported, and every page is clean then.
 */
uint64_t mem_pages_restore(const struct mem_pages *pages, struct mem_space *space, bool dirty_only);

#endif
