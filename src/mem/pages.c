/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "mem/pages.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "base/bits.h"

static const uint8_t zero_page[MEM_PAGE_SIZE];

/* A hypervisor's own memory is made anew from what it knows. */
static bool is_saved(const struct mem_region *region)
{
	return region->host && !region->private;
}

/* ---------------------------------------------------------------- construction */

enum udv_status mem_pages_init(struct mem_pages *pages, const struct mem_space *space)
{
	memset(pages, 0, sizeof(*pages));
	for (unsigned i = 0; i < space->nr_regions; i++) {
		const struct mem_region *from = &space->region[i];
		struct mem_pages_region *to = &pages->region[pages->nr_regions];

		if (!is_saved(from))
			continue;
		if (pages->nr_regions == MEM_PAGES_MAX_REGIONS) {
			mem_pages_destroy(pages);
			return UDV_ERR_NO_MEMORY;
		}
		*to = (struct mem_pages_region){ from->base, from->size, from->rom, NULL };
		to->slot = calloc((size_t)(from->size >> MEM_PAGE_SHIFT), sizeof(*to->slot));
		if (!to->slot) {
			mem_pages_destroy(pages);
			return UDV_ERR_NO_MEMORY;
		}
		pages->nr_regions++;
	}
	return UDV_OK;
}

void mem_pages_destroy(struct mem_pages *pages)
{
	for (unsigned i = 0; i < pages->nr_regions; i++)
		free(pages->region[i].slot);
	if (pages->data)
		munmap(pages->data, (size_t)pages->room << MEM_PAGE_SHIFT);
	memset(pages, 0, sizeof(*pages));
}

bool mem_pages_fit(const struct mem_pages *pages, const struct mem_space *space)
{
	unsigned n = 0;

	for (unsigned i = 0; i < space->nr_regions; i++) {
		const struct mem_region *region = &space->region[i];

		if (!is_saved(region))
			continue;
		if (n == pages->nr_regions || pages->region[n].base != region->base ||
		    pages->region[n].size != region->size || pages->region[n].rom != region->rom)
			return false;
		n++;
	}
	return n == pages->nr_regions;
}

/* Room for @pages in all: host memory is taken when it is touched. */
static bool reserve(struct mem_pages *pages, uint32_t room)
{
	size_t old_size = (size_t)pages->room << MEM_PAGE_SHIFT;
	size_t size = (size_t)room << MEM_PAGE_SHIFT;
	void *data;

	if (room <= pages->room)
		return true;
	data = pages->data ? mremap(pages->data, old_size, size, MREMAP_MAYMOVE)
			   : mmap(NULL, size, PROT_READ | PROT_WRITE,
				  MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (data == MAP_FAILED)
		return false;
	pages->data = data;
	pages->room = room;
	return true;
}

static uint32_t *slot_of(const struct mem_pages *pages, uint64_t address)
{
	for (unsigned i = 0; i < pages->nr_regions; i++) {
		const struct mem_pages_region *region = &pages->region[i];

		if (address - region->base < region->size)
			return &region->slot[(address - region->base) >> MEM_PAGE_SHIFT];
	}
	return NULL;
}

enum udv_status mem_pages_put(struct mem_pages *pages, uint64_t address, const uint8_t *data)
{
	uint32_t *slot = slot_of(pages, address);

	if (!slot || *slot || address & (MEM_PAGE_SIZE - 1))
		return UDV_ERR_ARGUMENT;
	if (pages->nr_pages == pages->room &&
	    !reserve(pages, pages->room ? pages->room + pages->room / 2 : 256))
		return UDV_ERR_NO_MEMORY;
	memcpy(pages->data + ((size_t)pages->nr_pages << MEM_PAGE_SHIFT), data, MEM_PAGE_SIZE);
	*slot = ++pages->nr_pages;
	return UDV_OK;
}

static const uint8_t *data_of(const struct mem_pages *pages, uint32_t slot)
{
	return slot ? pages->data + ((size_t)(slot - 1) << MEM_PAGE_SHIFT) : NULL;
}

const uint8_t *mem_pages_get(const struct mem_pages *pages, uint64_t address)
{
	const uint32_t *slot = slot_of(pages, address);

	return slot ? data_of(pages, *slot) : NULL;
}

/* ---------------------------------------------------------------- pages by their flags */

/*
 * The first page from @page on with one of @wanted among its flags; @end if there is none. Eight at
 * a time, since nearly all have none.
 */
static size_t find_flag(const uint8_t *flags, size_t page, size_t end, uint8_t wanted)
{
	uint64_t mask = wanted * 0x0101010101010101ull;

	while (page < end && page % 8) {
		if (flags[page] & wanted)
			return page;
		page++;
	}
	while (end - page >= 8) {
		uint64_t eight;

		memcpy(&eight, flags + page, 8);
		if (eight & mask)
			break;
		page += 8;
	}
	while (page < end && !(flags[page] & wanted))
		page++;
	return page;
}

static size_t pages_of(const struct mem_region *region)
{
	return (size_t)(region->size >> MEM_PAGE_SHIFT);
}

static void clean(uint8_t *flags)
{
	if (*flags & MEM_PAGE_DIRTY)
		*flags = (uint8_t)((*flags & ~MEM_PAGE_DIRTY) | MEM_PAGE_USED);
}

/* ---------------------------------------------------------------- saving */

static uint32_t count_used(const struct mem_space *space)
{
	size_t count = 0;

	for (unsigned i = 0; i < space->nr_regions; i++) {
		const struct mem_region *region = &space->region[i];

		for (size_t page = 0; is_saved(region) && page < pages_of(region); page++)
			count += (region->flags[page] & (MEM_PAGE_DIRTY | MEM_PAGE_USED)) != 0;
	}
	return (uint32_t)count;
}

static enum udv_status save_region(struct mem_pages *pages, const struct mem_region *region)
{
	const uint8_t used = MEM_PAGE_DIRTY | MEM_PAGE_USED;
	size_t end = pages_of(region);
	size_t page = find_flag(region->flags, 0, end, used);
	enum udv_status status = UDV_OK;

	while (page < end && status == UDV_OK) {
		const uint8_t *host = region->host + (page << MEM_PAGE_SHIFT);

		if (memcmp(host, zero_page, MEM_PAGE_SIZE) != 0)
			status =
				mem_pages_put(pages, region->base + (page << MEM_PAGE_SHIFT), host);
		page = find_flag(region->flags, page + 1, end, used);
	}
	return status;
}

static void clean_region(const struct mem_region *region)
{
	size_t end = pages_of(region);
	size_t page = find_flag(region->flags, 0, end, MEM_PAGE_DIRTY);

	while (page < end) {
		clean(&region->flags[page]);
		page = find_flag(region->flags, page + 1, end, MEM_PAGE_DIRTY);
	}
}

enum udv_status mem_pages_save(struct mem_pages *pages, struct mem_space *space)
{
	enum udv_status status = UDV_OK;

	if (!reserve(pages, count_used(space)))
		return UDV_ERR_NO_MEMORY;
	for (unsigned i = 0; i < space->nr_regions && status == UDV_OK; i++)
		if (is_saved(&space->region[i]))
			status = save_region(pages, &space->region[i]);
	if (status != UDV_OK)
		return status;
	for (unsigned i = 0; i < space->nr_regions; i++)
		if (is_saved(&space->region[i]))
			clean_region(&space->region[i]);
	return UDV_OK;
}

/* ---------------------------------------------------------------- restoring */

/* Where two pages differ, to 64 bytes: [*@from, *@to). */
static void difference(const uint8_t *a, const uint8_t *b, uint64_t *from, uint64_t *to)
{
	*from = 0;
	*to = MEM_PAGE_SIZE;
	while (*from < *to && memcmp(a + *from, b + *from, 64) == 0)
		*from += 64;
	while (*to > *from && memcmp(a + *to - 64, b + *to - 64, 64) == 0)
		*to -= 64;
}

/* Code that is the same as before need not be decoded anew. */
static void report_code(struct mem_space *space, uint64_t address, const uint8_t *host,
			const uint8_t *data)
{
	uint64_t from, to;

	if (!space->code_written)
		return;
	difference(host, data, &from, &to);
	if (from < to)
		space->code_written(space->code_opaque, address + from, to - from);
}

static void restore_page(struct mem_space *space, const struct mem_region *region, size_t page,
			 const uint8_t *data)
{
	uint8_t *host = region->host + (page << MEM_PAGE_SHIFT);

	if (region->flags[page] & MEM_PAGE_CODE)
		report_code(space, region->base + (page << MEM_PAGE_SHIFT), host,
			    data ? data : zero_page);
	if (data)
		memcpy(host, data, MEM_PAGE_SIZE);
	else
		memset(host, 0, MEM_PAGE_SIZE);
}

static uint64_t restore_dirty(const struct mem_pages_region *from, const struct mem_pages *pages,
			      struct mem_space *space, const struct mem_region *region)
{
	size_t end = pages_of(region);
	size_t page = find_flag(region->flags, 0, end, MEM_PAGE_DIRTY);
	uint64_t count = 0;

	while (page < end) {
		restore_page(space, region, page, data_of(pages, from->slot[page]));
		clean(&region->flags[page]);
		count++;
		page = find_flag(region->flags, page + 1, end, MEM_PAGE_DIRTY);
	}
	return count;
}

static uint64_t restore_all(const struct mem_pages_region *from, const struct mem_pages *pages,
			    struct mem_space *space, const struct mem_region *region)
{
	uint64_t count = 0;

	for (size_t page = 0; page < pages_of(region); page++) {
		uint8_t *flags = &region->flags[page];

		if (!from->slot[page] && !(*flags & (MEM_PAGE_DIRTY | MEM_PAGE_USED)))
			continue;
		restore_page(space, region, page, data_of(pages, from->slot[page]));
		*flags |= MEM_PAGE_DIRTY;
		clean(flags);
		count++;
	}
	return count;
}

uint64_t mem_pages_restore(const struct mem_pages *pages, struct mem_space *space, bool dirty_only)
{
	uint64_t count = 0;
	unsigned n = 0;

	for (unsigned i = 0; i < space->nr_regions; i++) {
		const struct mem_region *region = &space->region[i];

		if (!is_saved(region))
			continue;
		count += dirty_only ? restore_dirty(&pages->region[n], pages, space, region)
				    : restore_all(&pages->region[n], pages, space, region);
		n++;
	}
	return count;
}
