/* SPDX-License-Identifier: MIT */
#include "mem/image_internal.h"

/*
 * ELF cores. Only PT_LOAD (memory by its physical address) and PT_NOTE (registers, vmcoreinfo)
 * count. The two classes differ in the places of fields only.
 */

#define ELF_CLASS 4u /* offset in e_ident */
#define ELF_DATA 5u
#define ELF_CLASS_32 1u
#define ELF_CLASS_64 2u
#define ELF_LITTLE_ENDIAN 1u
#define ELF_TYPE 16u
#define ELF_MACHINE 18u
#define ELF_TYPE_CORE 4u
#define ELF_MACHINE_386 3u
#define ELF_MACHINE_X86_64 62u

/* More program headers than the header's 16 bits hold: the count is in section header 0. */
#define ELF_PN_XNUM 0xffffu

/* Where a class keeps its fields. */
struct elf_layout {
	uint8_t header_size;
	uint8_t phoff, shoff; /* of the header; 4 or 8 bytes wide */
	uint8_t phentsize, phnum;
	uint8_t segment_size, section_size;
	uint8_t section_info;
	uint8_t offset, paddr, file_size, memory_size; /* of a program header */
};

static const struct elf_layout layout_32 = {
	.header_size = 52,
	.phoff = 28,
	.shoff = 32,
	.phentsize = 42,
	.phnum = 44,
	.segment_size = 32,
	.section_size = 40,
	.section_info = 28,
	.offset = 4,
	.paddr = 12,
	.file_size = 16,
	.memory_size = 20,
};

static const struct elf_layout layout_64 = {
	.header_size = 64,
	.phoff = 32,
	.shoff = 40,
	.phentsize = 54,
	.phnum = 56,
	.segment_size = 56,
	.section_size = 64,
	.section_info = 44,
	.offset = 8,
	.paddr = 24,
	.file_size = 32,
	.memory_size = 40,
};

static const struct elf_layout *layout_of(const struct udv_image *image)
{
	return image->data[ELF_CLASS] == ELF_CLASS_32 ? &layout_32 : &layout_64;
}

/* A field as wide as an address of the class. */
static uint64_t word(const struct udv_image *image, uint64_t offset)
{
	if (image->data[ELF_CLASS] == ELF_CLASS_32)
		return image_u32(image, offset);
	return image_u64(image, offset);
}

static enum udv_status check_ident(struct udv_image *image)
{
	uint16_t machine;

	if (!image_has(image, 0, layout_32.header_size))
		return image_refuse(image, UDV_ERR_TRUNCATED, "ELF: the header is cut off", 0);
	if (image->data[ELF_CLASS] != ELF_CLASS_32 && image->data[ELF_CLASS] != ELF_CLASS_64)
		return image_refuse(image, UDV_ERR_FORMAT, "ELF: neither 32-bit nor 64-bit",
				    ELF_CLASS);
	if (image->data[ELF_DATA] != ELF_LITTLE_ENDIAN)
		return image_refuse(image, UDV_ERR_UNSUPPORTED, "ELF: not little-endian", ELF_DATA);
	if (!image_has(image, 0, layout_of(image)->header_size))
		return image_refuse(image, UDV_ERR_TRUNCATED, "ELF: the header is cut off", 0);
	if (image_u16(image, ELF_TYPE) != ELF_TYPE_CORE)
		return image_refuse(image, UDV_ERR_UNSUPPORTED,
				    "ELF: a program or library, not a core", ELF_TYPE);
	machine = image_u16(image, ELF_MACHINE);
	if (machine != ELF_MACHINE_386 && machine != ELF_MACHINE_X86_64)
		return image_refuse(image, UDV_ERR_UNSUPPORTED, "ELF: not of an x86 machine",
				    ELF_MACHINE);
	image->machine_64 = machine == ELF_MACHINE_X86_64;
	return UDV_OK;
}

uint32_t elf_segment_count(const struct udv_image *image)
{
	const struct elf_layout *layout = layout_of(image);
	uint32_t count = image_u16(image, layout->phnum);

	if (count == ELF_PN_XNUM)
		count = image_u32(image, word(image, layout->shoff) + layout->section_info);
	return count;
}

static enum udv_status check_segment_table(struct udv_image *image)
{
	const struct elf_layout *layout = layout_of(image);
	uint64_t shoff = word(image, layout->shoff);
	uint64_t table;

	if (image_u16(image, layout->phnum) == ELF_PN_XNUM &&
	    !image_has(image, shoff, layout->section_size))
		return image_refuse(image, UDV_ERR_TRUNCATED,
				    "ELF: the section header with the segment count is missing",
				    layout->shoff);
	if (elf_segment_count(image) == 0)
		return image_refuse(image, UDV_ERR_FORMAT, "ELF: a core without segments",
				    layout->phnum);
	if (image_u16(image, layout->phentsize) != layout->segment_size)
		return image_refuse(image, UDV_ERR_FORMAT,
				    "ELF: program headers of an unknown size", layout->phentsize);
	/* 2^32 headers of 56 bytes: the product cannot wrap. */
	table = (uint64_t)elf_segment_count(image) * layout->segment_size;
	if (!image_has(image, word(image, layout->phoff), table))
		return image_refuse(image, UDV_ERR_TRUNCATED,
				    "ELF: the program headers reach past the end of the file",
				    layout->phoff);
	return UDV_OK;
}

static uint64_t segment_offset(const struct udv_image *image, uint32_t index)
{
	const struct elf_layout *layout = layout_of(image);

	return word(image, layout->phoff) + (uint64_t)index * layout->segment_size;
}

void elf_segment_read(const struct udv_image *image, uint32_t index, struct elf_segment *segment)
{
	const struct elf_layout *layout = layout_of(image);
	uint64_t at = segment_offset(image, index);

	segment->type = image_u32(image, at);
	segment->offset = word(image, at + layout->offset);
	segment->paddr = word(image, at + layout->paddr);
	segment->file_size = word(image, at + layout->file_size);
	segment->memory_size = word(image, at + layout->memory_size);
}

/* A physical address of all ones is how /proc/kcore marks memory that has none. */
static bool is_physical(const struct udv_image *image, const struct elf_segment *segment)
{
	uint64_t none = image->data[ELF_CLASS] == ELF_CLASS_32 ? UINT32_MAX : UINT64_MAX;

	return segment->type == ELF_PT_LOAD && segment->paddr != none && segment->memory_size != 0;
}

static enum udv_status check_segment(struct udv_image *image, uint32_t index,
				     const struct elf_segment *segment)
{
	uint64_t at = segment_offset(image, index);

	if (segment->type != ELF_PT_LOAD && segment->type != ELF_PT_NOTE)
		return UDV_OK;
	if (!image_has(image, segment->offset, segment->file_size))
		return image_refuse(image, UDV_ERR_TRUNCATED,
				    "ELF: a segment reaches past the end of the file", at);
	if (is_physical(image, segment) &&
	    segment->paddr + (segment->memory_size - 1) < segment->paddr)
		return image_refuse(image, UDV_ERR_FORMAT,
				    "ELF: a segment wraps around the address space", at);
	if (segment->type == ELF_PT_LOAD && segment->file_size > segment->memory_size)
		return image_refuse(image, UDV_ERR_FORMAT,
				    "ELF: a segment has more bytes than memory", at);
	return UDV_OK;
}

static void add_segment(struct range_table *table, const struct elf_segment *segment)
{
	uint64_t rest = segment->memory_size - segment->file_size;

	range_table_add(table, segment->paddr, segment->file_size, segment->offset);
	if (rest > 0)
		range_table_add(table, segment->paddr + segment->file_size, rest, UDV_IMAGE_ZEROS);
}

enum udv_status image_parse_elf(struct udv_image *image, struct udv_image_range *ranges,
				size_t nr_ranges)
{
	enum udv_status status = check_ident(image);
	struct elf_segment segment;
	struct range_table table;
	uint64_t pieces = 0;
	uint32_t count;

	if (status == UDV_OK)
		status = check_segment_table(image);
	if (status != UDV_OK)
		return status;

	count = elf_segment_count(image);
	for (uint32_t i = 0; i < count; i++) {
		elf_segment_read(image, i, &segment);
		status = check_segment(image, i, &segment);
		if (status != UDV_OK)
			return status;
		if (is_physical(image, &segment))
			pieces += segment.file_size > 0 && segment.file_size < segment.memory_size
					  ? 2
					  : 1;
	}
	if (pieces == 0)
		return image_refuse(image, UDV_ERR_FORMAT, "ELF: no segment has a physical address",
				    0);
	if (!range_table_init(&table, image, ranges, nr_ranges, pieces))
		return UDV_ERR_NO_MEMORY;
	for (uint32_t i = 0; i < count; i++) {
		elf_segment_read(image, i, &segment);
		if (is_physical(image, &segment))
			add_segment(&table, &segment);
	}
	range_table_finish(&table, image);
	image_scan_notes(image);
	return UDV_OK;
}
