/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "mem/space.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "base/bits.h"

static bool walker_read(void *opaque, udv_hpa_t address, unsigned size, uint64_t *value)
{
	*value = mem_read(opaque, address.value, size);
	return true;
}

/* Flags of paging-structure entries. A table in ROM or in a device keeps what it has. */
static enum udv_cas walker_compare_exchange(void *opaque, udv_hpa_t address, unsigned size,
					    uint64_t expected, uint64_t desired)
{
	struct mem_space *space = opaque;
	uint64_t value = mem_read(space, address.value, size);

	if (value != expected)
		return UDV_CAS_CHANGED;
	mem_write(space, address.value, size, desired);
	return UDV_CAS_DONE;
}

void mem_init(struct mem_space *space)
{
	memset(space, 0, sizeof(*space));
	space->walker.read = walker_read;
	space->walker.compare_exchange = walker_compare_exchange;
	space->walker.opaque = space;
}

/*
 * Memory between two pages that nobody may touch: should the processor ever go beyond it, that is a
 * crash and not a leak. 64 KB each, as hosts may have pages of that size.
 */
#define GUARD_SIZE 0x10000u

static uint8_t *map_guarded(size_t size)
{
	uint8_t *all;

	if (size > SIZE_MAX - 2 * GUARD_SIZE)
		return NULL;
	all = mmap(NULL, size + 2 * GUARD_SIZE, PROT_NONE,
		   MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (all == MAP_FAILED)
		return NULL;
	if (mprotect(all + GUARD_SIZE, size, PROT_READ | PROT_WRITE)) {
		munmap(all, size + 2 * GUARD_SIZE);
		return NULL;
	}
	return all + GUARD_SIZE;
}

static void unmap_guarded(uint8_t *host, size_t size)
{
	munmap(host - GUARD_SIZE, size + 2 * GUARD_SIZE);
}

void mem_destroy(struct mem_space *space)
{
	for (unsigned i = 0; i < space->nr_regions; i++) {
		struct mem_region *region = &space->region[i];

		if (region->host)
			unmap_guarded(region->host, (size_t)region->size);
		free(region->flags);
	}
	space->nr_regions = 0;
}

struct mem_region *mem_find(struct mem_space *space, uint64_t address)
{
	for (unsigned i = 0; i < space->nr_regions; i++) {
		struct mem_region *region = &space->region[i];

		if (address - region->base < region->size)
			return region;
	}
	return NULL;
}

/* The walker's windows: RAM, the largest first. Flags go through the callback, which sees writes.
 */
static void update_windows(struct mem_space *space)
{
	struct udv_memory *walker = &space->walker;

	walker->nr_windows = 0;
	for (unsigned i = 0; i < space->nr_regions; i++) {
		const struct mem_region *region = &space->region[i];

		if (!region->host || region->rom || walker->nr_windows == UDV_MEMORY_WINDOWS)
			continue;
		walker->windows[walker->nr_windows++] = (struct udv_memory_window){
			.base = region->base,
			.size = region->size,
			.host = region->host,
			.read_only = true,
		};
	}
}

static bool place_is_free(const struct mem_space *space, uint64_t base, uint64_t size)
{
	if (!size || base + size - 1 < base)
		return false;
	for (unsigned i = 0; i < space->nr_regions; i++) {
		const struct mem_region *region = &space->region[i];

		if (base < region->base + region->size && region->base < base + size)
			return false;
	}
	return true;
}

static enum udv_status add(struct mem_space *space, const struct mem_region *region)
{
	unsigned i = 0;

	if (!place_is_free(space, region->base, region->size))
		return UDV_ERR_ARGUMENT;
	if (space->nr_regions == MEM_MAX_REGIONS)
		return UDV_ERR_NO_MEMORY;
	while (i < space->nr_regions && space->region[i].base < region->base)
		i++;
	memmove(&space->region[i + 1], &space->region[i],
		(space->nr_regions - i) * sizeof(*region));
	space->region[i] = *region;
	space->nr_regions++;
	update_windows(space);
	return UDV_OK;
}

static enum udv_status add_host(struct mem_space *space, uint64_t base, uint64_t size, bool rom)
{
	struct mem_region region = { .base = base, .size = size, .rom = rom };
	enum udv_status status;

	if ((base | size) & (MEM_PAGE_SIZE - 1) || size > SIZE_MAX)
		return UDV_ERR_ARGUMENT;
	region.host = map_guarded((size_t)size);
	if (!region.host)
		return UDV_ERR_NO_MEMORY;
	region.flags = calloc((size_t)(size >> MEM_PAGE_SHIFT), 1);
	if (!region.flags) {
		unmap_guarded(region.host, (size_t)size);
		return UDV_ERR_NO_MEMORY;
	}
	if (rom)
		memset(region.flags, MEM_PAGE_ROM, (size_t)(size >> MEM_PAGE_SHIFT));
	status = add(space, &region);
	if (status != UDV_OK) {
		unmap_guarded(region.host, (size_t)size);
		free(region.flags);
	}
	return status;
}

enum udv_status mem_add_ram(struct mem_space *space, uint64_t base, uint64_t size)
{
	return add_host(space, base, size, false);
}

enum udv_status mem_add_rom(struct mem_space *space, uint64_t base, uint64_t size)
{
	return add_host(space, base, size, true);
}

enum udv_status mem_add_private(struct mem_space *space, uint64_t base, uint64_t size)
{
	enum udv_status status = add_host(space, base, size, false);

	if (status == UDV_OK)
		mem_find(space, base)->private = true;
	return status;
}

enum udv_status mem_add_device(struct mem_space *space, uint64_t base, uint64_t size,
			       const struct mem_device *device)
{
	struct mem_region region = { .base = base, .size = size, .device = *device };

	return add(space, &region);
}

/* @region is one of the table, which closes behind it. */
static void take_out(struct mem_space *space, struct mem_region *region)
{
	size_t behind = (size_t)(&space->region[space->nr_regions] - (region + 1));

	memmove(region, region + 1, behind * sizeof(*region));
	space->nr_regions--;
}

void mem_remove_device(struct mem_space *space, uint64_t base)
{
	struct mem_region *region = mem_find(space, base);

	if (region && !region->host && region->base == base)
		take_out(space, region);
}

enum udv_status mem_move_device(struct mem_space *space, uint64_t base, uint64_t new_base)
{
	struct mem_region *region = mem_find(space, base);
	struct mem_region moved;
	enum udv_status status;

	if (!region || region->host || region->base != base)
		return UDV_ERR_ARGUMENT;
	moved = *region;
	take_out(space, region);
	moved.base = new_base;
	status = add(space, &moved);
	if (status != UDV_OK) {
		moved.base = base;
		add(space, &moved);
	}
	return status;
}

uint8_t *mem_page(struct mem_space *space, uint64_t address, uint8_t **flags)
{
	struct mem_region *region = mem_find(space, address);
	uint64_t offset;

	if (!region || !region->host)
		return NULL;
	offset = address - region->base;
	*flags = &region->flags[offset >> MEM_PAGE_SHIFT];
	return region->host + offset;
}

bool mem_written(struct mem_space *space, uint64_t address, uint64_t size, uint8_t *flags)
{
	if (*flags & MEM_PAGE_ROM)
		return false;
	if (unlikely(*flags & MEM_PAGE_CODE) && space->code_written)
		space->code_written(space->code_opaque, address, size);
	*flags |= MEM_PAGE_DIRTY;
	return true;
}

uint64_t mem_read(struct mem_space *space, uint64_t address, unsigned size)
{
	struct mem_region *region = mem_find(space, address);
	uint64_t offset;
	uint64_t value = 0;

	if (!region)
		return size == 8 ? ~0ull : BIT(8 * size) - 1;
	offset = address - region->base;
	if (region->size - offset < size)
		return size == 8 ? ~0ull : BIT(8 * size) - 1;
	if (!region->host) {
		value = region->device.read
				? region->device.read(region->device.opaque, offset, size)
				: ~0ull;
		return size == 8 ? value : value & (BIT(8 * size) - 1);
	}
	memcpy(&value, region->host + offset, size);
	return value;
}

void mem_write(struct mem_space *space, uint64_t address, unsigned size, uint64_t value)
{
	struct mem_region *region = mem_find(space, address);
	uint64_t offset;

	if (!region)
		return;
	offset = address - region->base;
	if (region->size - offset < size)
		return;
	if (!region->host) {
		if (region->device.write)
			region->device.write(region->device.opaque, offset, size, value);
		return;
	}
	if (mem_written(space, address, size, &region->flags[offset >> MEM_PAGE_SHIFT]))
		memcpy(region->host + offset, &value, size);
}

void mem_peek(struct mem_space *space, uint64_t address, void *data, unsigned size)
{
	uint64_t inside = address & (MEM_PAGE_SIZE - 1);
	uint8_t *flags;
	const uint8_t *page = mem_page(space, address - inside, &flags);

	if (page)
		memcpy(data, page + inside, size);
	else
		memset(data, 0, size);
}

/* Page by page through @data: one way or the other. */
static bool transfer(struct mem_space *space, uint64_t address, uint8_t *to, const uint8_t *from,
		     uint64_t size, bool rom)
{
	while (size) {
		uint64_t inside = address & (MEM_PAGE_SIZE - 1);
		uint64_t part = MEM_PAGE_SIZE - inside < size ? MEM_PAGE_SIZE - inside : size;
		uint8_t *flags;
		uint8_t *page = mem_page(space, address - inside, &flags);

		if (!page || mem_find(space, address)->private)
			return false;
		if (to) {
			memcpy(to, page + inside, (size_t)part);
			to += part;
		} else {
			if (!mem_written(space, address, part, flags)) {
				if (!rom)
					return false;
				*flags |= MEM_PAGE_DIRTY;
			}
			memcpy(page + inside, from, (size_t)part);
			from += part;
		}
		address += part;
		size -= part;
	}
	return true;
}

bool mem_read_bytes(struct mem_space *space, uint64_t address, void *data, uint64_t size)
{
	return transfer(space, address, data, NULL, size, false);
}

bool mem_write_bytes(struct mem_space *space, uint64_t address, const void *data, uint64_t size)
{
	return transfer(space, address, NULL, data, size, false);
}

bool mem_load_bytes(struct mem_space *space, uint64_t address, const void *data, uint64_t size)
{
	return transfer(space, address, NULL, data, size, true);
}
