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

static struct disk_slot *find_slot(const struct disk *disk, uint64_t block)
{
	uint32_t number = disk->nr_slots ? disk->index[find_place(disk, block)] : 0;

	return number ? &disk->slot[number - 1] : NULL;
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
static struct disk_slot *add_slot(struct disk *disk, uint64_t block)
{
	struct disk_slot *slot;
	uint8_t *data;

	if (disk->nr_slots == disk->room && !grow(disk))
		return NULL;
	data = malloc(DISK_BLOCK);
	if (!data)
		return NULL;
	slot = &disk->slot[disk->nr_slots];
	*slot = (struct disk_slot){ .block = block, .data = data };
	disk->index[find_place(disk, block)] = ++disk->nr_slots;
	return slot;
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
	struct disk_slot *to;

	if (!disk->overlay || block > (disk->size - 1) / DISK_BLOCK)
		return false;
	to = find_slot(disk, block);
	if (!to)
		to = add_slot(disk, block);
	if (!to)
		return false;
	memcpy(to->data, data, DISK_BLOCK);
	to->changed = true;
	return true;
}

/* ---------------------------------------------------------------- saved and restored */

static bool copy_blocks(struct disk *to, const struct disk *from)
{
	for (uint32_t i = 0; i < from->nr_slots; i++)
		if (!disk_put_block(to, from->slot[i].block, from->slot[i].data))
			return false;
	return true;
}

static void all_unchanged(const struct disk *disk)
{
	for (uint32_t i = 0; i < disk->nr_slots; i++)
		disk->slot[i].changed = false;
}

bool disk_save(struct disk *disk, struct disk *saved)
{
	if (!copy_blocks(saved, disk))
		return false;
	all_unchanged(disk);
	return true;
}

/* In the table nothing lies behind the one that came last. */
static void drop_last(struct disk *disk)
{
	const struct disk_slot *last = &disk->slot[disk->nr_slots - 1];

	disk->index[find_place(disk, last->block)] = 0;
	free(last->data);
	disk->nr_slots--;
}

bool disk_restore(struct disk *disk, const struct disk *saved, bool changed_only)
{
	if (!changed_only) {
		disk_clear(disk);
		if (!copy_blocks(disk, saved))
			return false;
	}
	while (disk->nr_slots > saved->nr_slots)
		drop_last(disk);
	for (uint32_t i = 0; i < disk->nr_slots; i++)
		if (disk->slot[i].changed)
			memcpy(disk->slot[i].data, saved->slot[i].data, DISK_BLOCK);
	all_unchanged(disk);
	return true;
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
		const struct disk_slot *slot = find_slot(disk, offset / DISK_BLOCK);

		if (slot)
			memcpy(to, slot->data + at, part);
		offset += part;
		to += part;
		size -= part;
	}
	return true;
}

/* The block at @offset, with what the backing has there if it is new and not all is @replaced. */
static struct disk_slot *own_block(struct disk *disk, uint64_t offset, bool replaced)
{
	uint64_t number = offset / DISK_BLOCK, start = number * DISK_BLOCK;
	struct disk_slot *slot = find_slot(disk, number);
	uint8_t before[DISK_BLOCK] = { 0 };
	uint64_t there = disk->size - start < DISK_BLOCK ? disk->size - start : DISK_BLOCK;

	if (slot)
		return slot;
	if (!replaced && !read_backing(disk, start, before, (size_t)there))
		return NULL;
	slot = add_slot(disk, number);
	if (slot)
		memcpy(slot->data, before, DISK_BLOCK);
	return slot;
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
		struct disk_slot *slot = own_block(disk, offset, part == DISK_BLOCK);

		if (!slot)
			return false;
		memcpy(slot->data + at, from, part);
		slot->changed = true;
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
