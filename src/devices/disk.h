/* SPDX-License-Identifier: MIT */
#ifndef UDV_DEVICES_DISK_H
#define UDV_DEVICES_DISK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * What is on a disk: what its backing has, and over it, unless writes go through, blocks that the
 * guest has written. A block is there from its first write on, and whole; blocks are numbered in
 * the order in which they came, so that the same run has the same overlay.
 */

#define DISK_SECTOR 512u
#define DISK_BLOCK 4096u

/* False: that cannot be done. [@offset, @offset + @size) is inside the disk. */
struct disk_backing {
	bool (*read)(void *opaque, uint64_t offset, void *data, size_t size);
	bool (*write)(void *opaque, uint64_t offset, const void *data, size_t size);
	bool (*flush)(void *opaque);
	void *opaque;
};

struct disk_slot {
	uint64_t block; /* its number on the disk */
	uint8_t *data;	/* DISK_BLOCK bytes */
	bool changed;	/* since it was last saved or restored */
};

struct disk {
	struct disk_backing backing;
	uint64_t size; /* bytes, a multiple of DISK_SECTOR */
	bool overlay;
	struct disk_slot *slot; /* nr_slots of them are in use */
	uint32_t nr_slots, room;
	uint32_t *index; /* a hash table of 2 * room: numbers of slots, and one more */
};

/* With @overlay the backing is never written. */
void disk_init(struct disk *disk, const struct disk_backing *backing, uint64_t size, bool overlay);
void disk_destroy(struct disk *disk);

/* False if that is not all on the disk, the backing refuses, or there is no memory. */
bool disk_read(struct disk *disk, uint64_t offset, void *data, size_t size);
bool disk_write(struct disk *disk, uint64_t offset, const void *data, size_t size);
bool disk_flush(struct disk *disk);

void disk_clear(struct disk *disk);
/* A block of the overlay, whole. False: it is not on the disk, or there is no memory. */
bool disk_put_block(struct disk *disk, uint64_t block, const uint8_t data[DISK_BLOCK]);

/*
 * The overlay as a copy in @saved, an empty disk of the same size; and back from there. With
 * @changed_only that copy is the one @disk was last saved to or restored from, and only blocks that
 * have been written since are looked at. False: there is no memory; @disk may have a part then.
 */
bool disk_save(struct disk *disk, struct disk *saved);
bool disk_restore(struct disk *disk, const struct disk *saved, bool changed_only);

#endif
