/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "machine/load.h"

/* ELF executables: PT_LOAD segments go to their physical addresses. */

#define EI_CLASS 4
#define EI_DATA 5
#define CLASS_32 1
#define CLASS_64 2
#define DATA_LITTLE 1
#define TYPE_EXECUTABLE 2
#define TYPE_SHARED 3 /* a static position-independent executable */
#define MACHINE_386 3
#define MACHINE_X86_64 62
#define SEGMENT_LOAD 1
#define SEGMENT_INTERPRETER 3
#define SEGMENT_NOTE 4
#define NOTE_HEADER 12u
#define MAX_NOTES 256u /* that are looked at */

/* Where the fields are. ELF32, ELF64. */
struct elf_layout {
	uint8_t word; /* bytes of an address, offset or size */
	uint8_t header_size, entry, phoff, phentsize, phnum;
	uint8_t segment_size;
	uint8_t p_offset, p_vaddr, p_paddr, p_filesz, p_memsz, p_align;
};

static const struct elf_layout layouts[2] = {
	{ 4, 52, 24, 28, 42, 44, 32, 4, 8, 12, 16, 20, 28 },
	{ 8, 64, 24, 32, 54, 56, 56, 8, 16, 24, 32, 40, 48 },
};

struct elf_segment {
	uint64_t offset, vaddr, paddr, filesz, memsz;
};

bool load_is_elf(const struct loader *loader)
{
	return load_has(loader, 0, 4) && memcmp(loader->data, "\177ELF", 4) == 0;
}

static enum udv_status check_header(const struct loader *loader, const struct elf_layout **layout)
{
	uint64_t type, machine;
	unsigned kind;

	if (!load_has(loader, 0, 20))
		return load_refuse(loader, UDV_ERR_TRUNCATED, "the ELF header is truncated");
	kind = loader->data[EI_CLASS];
	if ((kind != CLASS_32 && kind != CLASS_64) || loader->data[EI_DATA] != DATA_LITTLE)
		return load_refuse(loader, UDV_ERR_UNSUPPORTED,
				   "not an ELF file of 32 or 64 bits, little-endian");
	*layout = &layouts[kind == CLASS_64];
	if (!load_has(loader, 0, (*layout)->header_size))
		return load_refuse(loader, UDV_ERR_TRUNCATED, "the ELF header is truncated");
	type = load_field(loader, 16, 2);
	machine = load_field(loader, 18, 2);
	if (machine != MACHINE_386 && machine != MACHINE_X86_64)
		return load_refuse(loader, UDV_ERR_UNSUPPORTED,
				   "the ELF file is for another machine (%llu)",
				   (unsigned long long)machine);
	if (type != TYPE_EXECUTABLE && type != TYPE_SHARED)
		return load_refuse(loader, UDV_ERR_UNSUPPORTED,
				   "the ELF file is no executable (type %llu)",
				   (unsigned long long)type);
	return UDV_OK;
}

static enum udv_status find_segments(const struct loader *loader, const struct elf_layout *layout,
				     uint64_t *table, unsigned *count)
{
	uint64_t entry_size = load_field(loader, layout->phentsize, 2);

	*table = load_field(loader, layout->phoff, layout->word);
	*count = (unsigned)load_field(loader, layout->phnum, 2);
	if (*count && entry_size != layout->segment_size)
		return load_refuse(loader, UDV_ERR_FORMAT,
				   "program headers of %llu bytes, not of %u",
				   (unsigned long long)entry_size, layout->segment_size);
	if (!load_has(loader, *table, (uint64_t)*count * layout->segment_size))
		return load_refuse(loader, UDV_ERR_TRUNCATED, "the program headers are truncated");
	return UDV_OK;
}

static enum udv_status load_segment(struct loader *loader, const struct elf_segment *segment,
				    uint64_t entry, bool *has_entry)
{
	if (segment->filesz > segment->memsz)
		return load_refuse(loader, UDV_ERR_FORMAT,
				   "the segment at %#llx is larger in the file than in memory",
				   (unsigned long long)segment->paddr);
	/* The entry is a linear address; paging is off, or maps everything to itself. */
	if (!*has_entry && entry - segment->vaddr < segment->memsz) {
		*has_entry = true;
		loader->entry = entry - segment->vaddr + segment->paddr;
	}
	return load_place(loader, segment->paddr, segment->memsz, segment->offset, segment->filesz);
}

static enum udv_status load_segments(struct loader *loader, const struct elf_layout *layout,
				     bool *has_entry)
{
	uint64_t entry = load_field(loader, layout->entry, layout->word);
	unsigned count, loaded = 0;
	uint64_t table;
	enum udv_status status = find_segments(loader, layout, &table, &count);

	for (unsigned i = 0; status == UDV_OK && i < count; i++) {
		uint64_t at = table + (uint64_t)i * layout->segment_size;
		struct elf_segment segment = {
			.offset = load_field(loader, at + layout->p_offset, layout->word),
			.vaddr = load_field(loader, at + layout->p_vaddr, layout->word),
			.paddr = load_field(loader, at + layout->p_paddr, layout->word),
			.filesz = load_field(loader, at + layout->p_filesz, layout->word),
			.memsz = load_field(loader, at + layout->p_memsz, layout->word),
		};

		if (load_field(loader, at, 4) != SEGMENT_LOAD || !segment.memsz)
			continue;
		if (loaded++ == LOAD_MAX_SEGMENTS)
			return load_refuse(loader, UDV_ERR_UNSUPPORTED, "more than %u segments",
					   LOAD_MAX_SEGMENTS);
		status = load_segment(loader, &segment, entry, has_entry);
	}
	if (status != UDV_OK)
		return status;
	if (!loaded)
		return load_refuse(loader, UDV_ERR_FORMAT, "the ELF file has nothing to load");
	return UDV_OK;
}

/* Kernels too may name an interpreter, but say by a header or a note how they start. */
static enum udv_status check_freestanding(const struct loader *loader,
					  const struct elf_layout *layout)
{
	unsigned count;
	uint64_t table;
	enum udv_status status = find_segments(loader, layout, &table, &count);

	for (unsigned i = 0; status == UDV_OK && i < count; i++)
		if (load_field(loader, table + (uint64_t)i * layout->segment_size, 4) ==
		    SEGMENT_INTERPRETER)
			return load_refuse(loader, UDV_ERR_UNSUPPORTED,
					   "a program for an operating system, which links it "
					   "dynamically; images stand alone (static, bare-metal)");
	return status;
}

enum udv_status load_elf_segments(struct loader *loader)
{
	const struct elf_layout *layout = &layouts[0];
	enum udv_status status = check_header(loader, &layout);
	bool has_entry = true;

	return status == UDV_OK ? load_segments(loader, layout, &has_entry) : status;
}

enum udv_status load_elf(struct loader *loader)
{
	const struct elf_layout *layout = &layouts[0];
	enum udv_status status = check_header(loader, &layout);
	bool has_entry = false;

	if (status != UDV_OK)
		return status;
	loader->start = layout->word == 8 ? START_LONG : START_FLAT32;
	status = check_freestanding(loader, layout);
	if (status == UDV_OK)
		status = load_segments(loader, layout, &has_entry);
	if (status == UDV_OK && !has_entry)
		return load_refuse(
			loader, UDV_ERR_FORMAT, "the entry %#llx is in no segment of the ELF file",
			(unsigned long long)load_field(loader, layout->entry, layout->word));
	return status;
}

/* ---------------------------------------------------------------- notes */

/* @size up to a multiple of @align, a power of 2. */
static uint64_t padded(uint64_t size, uint64_t align)
{
	return (size + align - 1) & ~(align - 1);
}

/* In [@at, @end) of the file, which is there. */
static bool note_in(const struct loader *loader, uint64_t at, uint64_t end, uint64_t align,
		    const char *name, uint32_t type, uint64_t *offset, uint64_t *size)
{
	for (unsigned i = 0; i < MAX_NOTES && end - at >= NOTE_HEADER; i++) {
		uint64_t name_size = load_field(loader, at, 4);
		uint64_t contents = at + padded(NOTE_HEADER + name_size, align);

		*size = load_field(loader, at + 4, 4);
		if (contents > end || *size > end - contents)
			return false;
		if (load_field(loader, at + 8, 4) == type && name_size == strlen(name) + 1 &&
		    memcmp(loader->data + at + NOTE_HEADER, name, (size_t)name_size) == 0) {
			*offset = contents;
			return true;
		}
		at = contents + padded(*size, align);
		if (at > end)
			return false;
	}
	return false;
}

bool load_elf_note(const struct loader *loader, const char *name, uint32_t type, uint64_t *offset,
		   uint64_t *size)
{
	const struct loader quiet = { .data = loader->data, .size = loader->size };
	const struct elf_layout *layout = &layouts[0];
	uint64_t table;
	unsigned count;

	if (!load_is_elf(loader) || check_header(&quiet, &layout) != UDV_OK ||
	    find_segments(&quiet, layout, &table, &count) != UDV_OK)
		return false;
	for (unsigned i = 0; i < count; i++) {
		uint64_t at = table + (uint64_t)i * layout->segment_size;
		uint64_t start = load_field(loader, at + layout->p_offset, layout->word);
		uint64_t length = load_field(loader, at + layout->p_filesz, layout->word);
		uint64_t align = load_field(loader, at + layout->p_align, layout->word);

		if (load_field(loader, at, 4) == SEGMENT_NOTE && load_has(loader, start, length) &&
		    note_in(loader, start, start + length, align == 8 ? 8 : 4, name, type, offset,
			    size))
			return true;
	}
	return false;
}
