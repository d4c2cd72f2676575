/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "files.h"

void put(struct file *file, size_t at, uint64_t value, size_t size)
{
	assert_true(at + size <= sizeof(file->bytes));
	memcpy(file->bytes + at, &value, size);
	if (file->size < at + size)
		file->size = at + size;
}

void put_core(struct file *file, const struct segment *segments, uint16_t nr)
{
	memset(file, 0, sizeof(*file));
	memcpy(file->bytes,
	       "\x7f"
	       "ELF\2\1\1",
	       7);
	put(file, 16, 4, 2);
	put(file, 18, 62, 2);
	put(file, 32, 64, 8);
	put(file, 54, 56, 2);
	put(file, 56, nr, 2);
	for (size_t i = 0; i < nr; i++) {
		size_t at = 64 + i * 56;

		put(file, at, segments[i].type, 4);
		put(file, at + 8, segments[i].offset, 8);
		put(file, at + 24, segments[i].paddr, 8);
		put(file, at + 32, segments[i].filesz, 8);
		put(file, at + 40, segments[i].memsz, 8);
		put(file, at + 48, 0, 8);
	}
}

void fill(struct file *file, size_t at, uint8_t byte, size_t size)
{
	assert_true(at + size <= sizeof(file->bytes));
	memset(file->bytes + at, byte, size);
	if (file->size < at + size)
		file->size = at + size;
}

size_t put_note(struct file *file, size_t at, const char *name, uint32_t type, const void *desc,
		size_t size)
{
	size_t length = strlen(name) + 1;

	put(file, at, length, 4);
	put(file, at + 4, size, 4);
	put(file, at + 8, type, 4);
	fill(file, at + 12, 0, (length + 3) & ~3ull);
	memcpy(file->bytes + at + 12, name, length);
	at += 12 + ((length + 3) & ~3ull);
	fill(file, at, 0, (size + 3) & ~3ull);
	memcpy(file->bytes + at, desc, size);
	return at + ((size + 3) & ~3ull);
}

/* Parses a copy that ends where the file ends, so that a sanitizer sees every step too far. */
enum udv_status open_as(struct opened *opened, const void *bytes, size_t size,
			enum udv_image_format format, uint64_t base)
{
	struct udv_image_options options = { .format = format, .raw_base = base };

	opened->copy = malloc(size ? size : 1);
	assert_non_null(opened->copy);
	memcpy(opened->copy, bytes, size);
	return udv_image_parse(&opened->image, opened->copy, size, &options, opened->ranges,
			       sizeof(opened->ranges) / sizeof(opened->ranges[0]));
}

enum udv_status open_file(struct opened *opened, const struct file *file)
{
	return open_as(opened, file->bytes, file->size, UDV_IMAGE_AUTO, 0);
}

void close_file(struct opened *opened)
{
	free(opened->copy);
}

void assert_range(const struct udv_image *image, size_t i, uint64_t base, uint64_t size,
		  uint64_t offset)
{
	assert_true(i < image->nr_ranges);
	assert_int_equal(image->ranges[i].base, base);
	assert_int_equal(image->ranges[i].size, size);
	assert_int_equal(image->ranges[i].offset, offset);
}

uint8_t byte_at(const struct udv_image *image, uint64_t address)
{
	uint8_t byte = 0;

	assert_true(udv_image_read(image, address, &byte, 1));
	return byte;
}

bool has_byte(const struct udv_image *image, uint64_t address)
{
	uint8_t byte;

	return udv_image_read(image, address, &byte, 1);
}

void put_cpu(uint8_t desc[440], uint64_t cr0, uint64_t cr3, uint64_t cr4)
{
	const uint32_t version = 1;
	const uint64_t rip = 0x1234, rflags = 0x40202, cr2 = 0xdead;

	memset(desc, 0, 440);
	memcpy(desc, &version, 4);
	memcpy(desc + 136, &rip, 8);
	memcpy(desc + 144, &rflags, 8);
	desc[152] = 0x33;
	memcpy(desc + 392, &cr0, 8);
	memcpy(desc + 408, &cr2, 8);
	memcpy(desc + 416, &cr3, 8);
	memcpy(desc + 424, &cr4, 8);
}

size_t put_lime(struct file *file, size_t at, uint64_t base, uint64_t end, uint8_t byte)
{
	put(file, at, 0x4c694d45, 4);
	put(file, at + 4, 1, 4);
	put(file, at + 8, base, 8);
	put(file, at + 16, end, 8);
	put(file, at + 24, 0, 8);
	fill(file, at + 32, byte, (size_t)(end - base + 1));
	return at + 32 + (size_t)(end - base + 1);
}
