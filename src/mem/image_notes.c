/* SPDX-License-Identifier: MIT */
#include "mem/image_internal.h"

#include <undervisor/registers.h>

#define NOTE_HEADER 12u
#define QEMU_NOTE_VERSION 1u

/* Offsets in QEMU's CPU-state note: 16 general registers, then these. */
#define QEMU_RIP 136u
#define QEMU_RFLAGS 144u
#define QEMU_CS_SELECTOR 152u
#define QEMU_CR0 392u
#define QEMU_CR2 408u
#define QEMU_CR3 416u
#define QEMU_CR4 424u

/* Linux maps its own image here; phys_base is added to what lies above. */
#define LINUX_KERNEL_MAP 0xffffffff80000000ull

void note_iterator_init(struct note_iterator *iterator, const struct udv_image *image)
{
	*iterator = (struct note_iterator){ .image = image };
}

static bool next_segment(struct note_iterator *iterator)
{
	uint32_t count = elf_segment_count(iterator->image);

	while (iterator->segment < count) {
		struct elf_segment segment;

		elf_segment_read(iterator->image, iterator->segment++, &segment);
		if (segment.type != ELF_PT_NOTE)
			continue;
		iterator->offset = segment.offset;
		iterator->end = segment.offset + segment.file_size;
		return true;
	}
	return false;
}

static uint64_t padded(uint32_t size)
{
	return ((uint64_t)size + 3) & ~3ull;
}

/* Reads the note at the iterator's offset; false if what is left cannot hold it. */
static bool read_note(struct note_iterator *iterator, struct image_note *note)
{
	uint64_t left = iterator->end - iterator->offset;
	uint64_t at = iterator->offset, size;

	if (left < NOTE_HEADER)
		return false;
	note->name_size = image_u32(iterator->image, at);
	note->desc_size = image_u32(iterator->image, at + 4);
	note->type = image_u32(iterator->image, at + 8);
	note->name = at + NOTE_HEADER;
	note->desc = note->name + padded(note->name_size);
	size = NOTE_HEADER + padded(note->name_size);
	if (size > left || note->desc_size > left - size)
		return false;
	size += padded(note->desc_size);
	iterator->offset = size > left ? iterator->end : at + size;
	return true;
}

bool note_next(struct note_iterator *iterator, struct image_note *note)
{
	for (;;) {
		if (iterator->offset < iterator->end && read_note(iterator, note))
			return true;
		if (!next_segment(iterator))
			return false;
	}
}

bool note_is(const struct udv_image *image, const struct image_note *note, const char *name,
	     uint32_t type)
{
	size_t length = strlen(name);

	/* Some writers count the terminating zero in the name's size, some do not. */
	return note->type == type && (note->name_size == length || note->name_size == length + 1) &&
	       memcmp(image->data + note->name, name, length) == 0;
}

static bool is_qemu_cpu(const struct udv_image *image, const struct image_note *note)
{
	return note_is(image, note, "QEMU", QEMU_NOTE_TYPE) && note->desc_size >= QEMU_NOTE_SIZE &&
	       image_u32(image, note->desc) == QEMU_NOTE_VERSION;
}

enum udv_status udv_image_cpu(const struct udv_image *image, unsigned index,
			      struct udv_image_cpu *cpu)
{
	struct note_iterator iterator;
	struct image_note note;

	if (index >= image->nr_cpus)
		return UDV_ERR_NOT_FOUND;
	note_iterator_init(&iterator, image);
	while (note_next(&iterator, &note)) {
		if (!is_qemu_cpu(image, &note) || index-- != 0)
			continue;
		cpu->rip = image_u64(image, note.desc + QEMU_RIP);
		cpu->rflags = image_u64(image, note.desc + QEMU_RFLAGS);
		cpu->cs = image_u16(image, note.desc + QEMU_CS_SELECTOR);
		cpu->cr0 = image_u64(image, note.desc + QEMU_CR0);
		cpu->cr2 = image_u64(image, note.desc + QEMU_CR2);
		cpu->cr3 = image_u64(image, note.desc + QEMU_CR3);
		cpu->cr4 = image_u64(image, note.desc + QEMU_CR4);
		/* QEMU calls the machine 64-bit if its first CPU was in long mode. */
		cpu->long_mode =
			image->machine_64 && (cpu->cr0 & UDV_CR0_PG) && (cpu->cr4 & UDV_CR4_PAE);
		return UDV_OK;
	}
	return UDV_ERR_NOT_FOUND;
}

/* ---------------------------------------------------------------- vmcoreinfo: KEY=VALUE lines */

struct text {
	const uint8_t *at, *end;
};

/* The value of the line that starts with @key; false if there is none. */
static bool find_value(struct text text, const char *key, struct text *value)
{
	size_t length = strlen(key);

	while (text.at < text.end) {
		const uint8_t *stop = memchr(text.at, '\n', (size_t)(text.end - text.at));

		if (!stop)
			stop = text.end;
		if ((size_t)(stop - text.at) > length && memcmp(text.at, key, length) == 0) {
			*value = (struct text){ text.at + length, stop };
			return true;
		}
		text.at = stop < text.end ? stop + 1 : stop;
	}
	return false;
}

static bool digit(uint8_t c, unsigned base, uint64_t *value)
{
	if (c >= '0' && c <= '9')
		*value = c - (uint64_t)'0';
	else if (c >= 'a' && c <= 'f')
		*value = c - (uint64_t)'a' + 10;
	else
		return false;
	return *value < base;
}

/* Modulo 2^64, as the kernel's own arithmetic is; a minus sign stands before decimal ones. */
static bool get_number(struct text text, const char *key, unsigned base, uint64_t *number)
{
	struct text value;
	bool negative;
	uint64_t d;

	if (!find_value(text, key, &value))
		return false;
	negative = value.at < value.end && *value.at == '-';
	if (negative)
		value.at++;
	if (value.at == value.end)
		return false;
	*number = 0;
	for (; value.at < value.end; value.at++) {
		if (!digit(*value.at, base, &d))
			return false;
		*number = *number * base + d;
	}
	if (negative)
		*number = 0 - *number;
	return true;
}

static void scan_vmcoreinfo(struct udv_image *image, struct text text)
{
	struct udv_image_kernel *kernel = &image->kernel;
	uint64_t symbol, phys_base, value;

	if (get_number(text, "KERNELOFFSET=", 16, &kernel->offset))
		kernel->flags |= UDV_IMAGE_KERNEL_OFFSET;
	if (get_number(text, "NUMBER(pgtable_l5_enabled)=", 10, &value) && value == 1)
		kernel->flags |= UDV_IMAGE_KERNEL_LA57;
	if (!image->machine_64 || !get_number(text, "NUMBER(phys_base)=", 10, &phys_base))
		return;
	if (!get_number(text, "SYMBOL(init_top_pgt)=", 16, &symbol) &&
	    !get_number(text, "SYMBOL(swapper_pg_dir)=", 16, &symbol))
		return;
	kernel->cr3 = symbol - LINUX_KERNEL_MAP + phys_base;
	if (symbol >= LINUX_KERNEL_MAP && (kernel->cr3 & 0xfff) == 0)
		kernel->flags |= UDV_IMAGE_KERNEL_CR3;
}

void image_scan_notes(struct udv_image *image)
{
	struct note_iterator iterator;
	struct image_note note;

	note_iterator_init(&iterator, image);
	while (note_next(&iterator, &note)) {
		const uint8_t *desc = image->data + note.desc;

		if (is_qemu_cpu(image, &note))
			image->nr_cpus++;
		else if (note_is(image, &note, "CORE", PRSTATUS_NOTE_TYPE))
			image->nr_threads++;
		else if (note_is(image, &note, "VMCOREINFO", 0))
			scan_vmcoreinfo(image, (struct text){ desc, desc + note.desc_size });
	}
}
