/* SPDX-License-Identifier: MIT */
#include "devices/disk.h"

#include <stdlib.h>
#include <string.h>

#define FIRST_ROOM 64u
#define LARGEST_ROOM (1u << 30)
#define HASH_FACTOR 0x9e3779b97f4a7c15ull

/* ---------------------------------------------------------------- blocks by number */

/* Where @block is in the hash table, or the free place where it would be. */
static uint32_t find_place(const struct disk *disk, uint64_t block)
{
	uint32_t mask = 2 * disk->room - 1;
	uint32_t place = (uint32_t)(block * HASH_FACTOR >> 32) & mask;

	/* At least half of them are free. */
	while (disk->index[place] && disk->slot[disk->index[place] - 1].block != block)
		place = (place + 1) & mask;
	return place;
}

static uint8_t *find_block(const struct disk *disk, uint64_t block)
{
	uint32_t number = disk->nr_slots ? disk->index[find_place(disk, block)] : 0;

	return number ? disk->slot[number - 1].data : NULL;
}

static bool grow(struct disk *disk)
{
	uint32_t room = disk->room ? 2 * disk->room : FIRST_ROOM;
	struct disk_slot *slot;
	uint32_t *index;

	if (disk->room == LARGEST_ROOM)
		return false;
	index = calloc(2 * (size_t)room, sizeof(*index));
	slot = realloc(disk->slot, room * sizeof(*slot));
	if (slot)
		disk->slot = slot;
	if (!index || !slot) {
		free(index);
		return false;
	}
	free(disk->index);
	disk->index = index;
	disk->room = room;
	for (uint32_t i = 0; i < disk->nr_slots; i++)
		index[find_place(disk, slot[i].block)] = i + 1;
	return true;
}

/* A new block, with nothing in it yet. */
static uint8_t *add_block(struct disk *disk, uint64_t block)
{
	uint8_t *data;

	if (disk->nr_slots == disk->room && !grow(disk))
		return NULL;
	data = malloc(DISK_BLOCK);
	if (!data)
		return NULL;
	disk->slot[disk->nr_slots] = (struct disk_slot){ block, data };
	disk->index[find_place(disk, block)] = ++disk->nr_slots;
	return data;
}

void disk_clear(struct disk *disk)
{
	for (uint32_t i = 0; i < disk->nr_slots; i++)
		free(disk->slot[i].data);
	if (disk->index)
		memset(disk->index, 0, 2 * (size_t)disk->room * sizeof(*disk->index));
	disk->nr_slots = 0;
}

bool disk_put_block(struct disk *disk, uint64_t block, const uint8_t data[DISK_BLOCK])
{
	uint8_t *to;

	if (!disk->overlay || block > (disk->size - 1) / DISK_BLOCK)
		return false;
	to = find_block(disk, block);
	if (!to)
		to = add_block(disk, block);
	if (to)
		memcpy(to, data, DISK_BLOCK);
	return to;
}

/* ---------------------------------------------------------------- bytes */

static bool inside(const struct disk *disk, uint64_t offset, size_t size)
{
	return offset <= disk->size && size <= disk->size - offset;
}

static bool read_backing(const struct disk *disk, uint64_t offset, void *data, size_t size)
{
	return disk->backing.read && disk->backing.read(disk->backing.opaque, offset, data, size);
}

bool disk_read(struct disk *disk, uint64_t offset, void *data, size_t size)
{
	uint8_t *to = data;

	if (!inside(disk, offset, size) || (size && !read_backing(disk, offset, data, size)))
		return false;
	while (disk->nr_slots && size) {
		size_t at = (size_t)(offset % DISK_BLOCK);
		size_t part = DISK_BLOCK - at < size ? DISK_BLOCK - at : size;
		const uint8_t *block = find_block(disk, offset / DISK_BLOCK);

		if (block)
			memcpy(to, block + at, part);
		offset += part;
		to += part;
		size -= part;
	}
	return true;
}

/* The block at @offset, with what the backing has there if it is new and not all is @replaced. */
static uint8_t *own_block(struct disk *disk, uint64_t offset, bool replaced)
{
	uint64_t number = offset / DISK_BLOCK, start = number * DISK_BLOCK;
	uint8_t *block = find_block(disk, number);
	uint8_t before[DISK_BLOCK] = { 0 };
	uint64_t there = disk->size - start < DISK_BLOCK ? disk->size - start : DISK_BLOCK;

	if (block)
		return block;
	if (!replaced && !read_backing(disk, start, before, (size_t)there))
		return NULL;
	block = add_block(disk, number);
	if (block)
		memcpy(block, before, DISK_BLOCK);
	return block;
}

bool disk_write(struct disk *disk, uint64_t offset, const void *data, size_t size)
{
	const uint8_t *from = data;

	if (!inside(disk, offset, size))
		return false;
	if (!disk->overlay)
		return !size || (disk->backing.write &&
				 disk->backing.write(disk->backing.opaque, offset, data, size));
	while (size) {
		size_t at = (size_t)(offset % DISK_BLOCK);
		size_t part = DISK_BLOCK - at < size ? DISK_BLOCK - at : size;
		uint8_t *block = own_block(disk, offset, part == DISK_BLOCK);

		if (!block)
			return false;
		memcpy(block + at, from, part);
		offset += part;
		from += part;
		size -= part;
	}
	return true;
}

bool disk_flush(struct disk *disk)
{
	return disk->overlay || !disk->backing.flush || disk->backing.flush(disk->backing.opaque);
}

void disk_init(struct disk *disk, const struct disk_backing *backing, uint64_t size, bool overlay)
{
	*disk = (struct disk){ .backing = *backing, .size = size, .overlay = overlay };
}

void disk_destroy(struct disk *disk)
{
	disk_clear(disk);
	free(disk->slot);
	free(disk->index);
	*disk = (struct disk){ .size = 0 };
}
