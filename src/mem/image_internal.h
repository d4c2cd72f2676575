/* SPDX-License-Identifier: MIT */
#ifndef UDV_MEM_IMAGE_INTERNAL_H
#define UDV_MEM_IMAGE_INTERNAL_H

#include <undervisor/image.h>

#include <string.h>

/*
 * Nothing read from the file is trusted: every offset goes through image_has() before it is
 * used, and every sum is made after the check that it cannot wrap.
 */
static inline bool image_has(const struct udv_image *image, uint64_t offset, uint64_t size)
{
	return offset <= image->size && size <= image->size - offset;
}

static inline uint16_t image_u16(const struct udv_image *image, uint64_t offset)
{
	uint16_t value;

	memcpy(&value, image->data + offset, sizeof(value));
	return value;
}

static inline uint32_t image_u32(const struct udv_image *image, uint64_t offset)
{
	uint32_t value;

	memcpy(&value, image->data + offset, sizeof(value));
	return value;
}

static inline uint64_t image_u64(const struct udv_image *image, uint64_t offset)
{
	uint64_t value;

	memcpy(&value, image->data + offset, sizeof(value));
	return value;
}

static inline enum udv_status image_refuse(struct udv_image *image, enum udv_status status,
					   const char *problem, uint64_t offset)
{
	image->problem = problem;
	image->problem_offset = offset;
	return status;
}

/*
 * The table of ranges while it is filled. Pieces are collected in the last third of the caller's
 * array, in the order of the file; range_table_finish() makes of them the ascending, disjoint
 * ranges at its start.
 */
struct range_table {
	struct udv_image_range *ranges;
	size_t capacity; /* of @ranges */
	size_t limit;	 /* pieces that fit */
	size_t nr_pieces;
};

/* Entries of the caller's array for @pieces pieces. */
#define RANGES_FOR(pieces) ((pieces)*3)

/* False if there is no room for @pieces; image->ranges_needed then says how much is needed. */
bool range_table_init(struct range_table *table, struct udv_image *image,
		      struct udv_image_range *ranges, size_t nr_ranges, uint64_t pieces);
void range_table_add(struct range_table *table, uint64_t base, uint64_t size, uint64_t offset);
void range_table_finish(struct range_table *table, struct udv_image *image);

enum udv_status image_parse_elf(struct udv_image *image, struct udv_image_range *ranges,
				size_t nr_ranges);
enum udv_status image_parse_lime(struct udv_image *image, struct udv_image_range *ranges,
				 size_t nr_ranges);

/*
 * One note of an ELF file. The iterator gives them in the order of the file, over all PT_NOTE
 * segments.
 */
struct image_note {
	uint64_t name, desc; /* file offsets */
	uint32_t name_size, desc_size, type;
};

struct note_iterator {
	const struct udv_image *image;
	uint32_t segment; /* index of the current program header */
	uint64_t offset, end;
};

void note_iterator_init(struct note_iterator *iterator, const struct udv_image *image);
/* False at the end. Stops early, without an error, at a note that does not fit its segment. */
bool note_next(struct note_iterator *iterator, struct image_note *note);
bool note_is(const struct udv_image *image, const struct image_note *note, const char *name,
	     uint32_t type);

/* The registers of QEMU's CPU-state note, fixed by its layout version 1. */
#define QEMU_NOTE_TYPE 0u
#define QEMU_NOTE_SIZE 432u /* up to CR4; later versions append to it */
#define PRSTATUS_NOTE_TYPE 1u

/* Counts the CPUs and reads vmcoreinfo. */
void image_scan_notes(struct udv_image *image);

/* The parts of ELF's headers that the notes need as well. */
struct elf_segment {
	uint32_t type;
	uint64_t offset, paddr, file_size, memory_size;
};

/* Number of program headers, PN_XNUM resolved; all lie within the file once it is parsed. */
uint32_t elf_segment_count(const struct udv_image *image);
void elf_segment_read(const struct udv_image *image, uint32_t index, struct elf_segment *segment);

#define ELF_PT_LOAD 1u
#define ELF_PT_NOTE 4u

#endif
