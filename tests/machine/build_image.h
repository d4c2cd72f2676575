/* SPDX-License-Identifier: MIT */
#ifndef UDV_TESTS_MACHINE_BUILD_IMAGE_H
#define UDV_TESTS_MACHINE_BUILD_IMAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Small images, made byte by byte. */

#define IMAGE_MAX 16384

struct test_image {
	uint8_t data[IMAGE_MAX];
	size_t size;
};

struct test_segment {
	uint64_t vaddr, paddr, filesz, memsz;
};

/* Where the contents of the first segment begin in the file; those of the next ones follow. */
size_t image_contents(bool is64, unsigned nr_segments);
/*
 * An ELF executable whose segments lie behind its headers, in order. Bytes of segment i are
 * 10H * (i + 1) + offset, modulo 100H, until somebody writes code there.
 */
void image_elf(struct test_image *image, bool is64, uint64_t entry,
	       const struct test_segment *segments, unsigned nr_segments);
void image_put(struct test_image *image, size_t offset, uint64_t value, unsigned size);
/* A multiboot header at @offset. */
void image_multiboot(struct test_image *image, size_t offset, uint32_t flags);

/*
 * A kernel that starts by PVH: 64 bytes at physical 100000H as image_elf() makes them, and the note
 * with @entry, of 4 or 8 bytes.
 */
void image_pvh(struct test_image *image, bool is64, uint64_t entry, unsigned entry_size);

/* Where the 64-bit part of image_linux() begins, and its payload. */
#define LINUX_SETUP 0x400u
#define LINUX_PAYLOAD 0x240u

/* The header of a bzImage and @size bytes of @payload, which is packed or not. */
void image_linux(struct test_image *image, const void *payload, size_t size);

/* A multiboot 2 header at @offset with @nr_words of tags, of which the last is there already. */
void image_multiboot2(struct test_image *image, size_t offset, const uint32_t *tags,
		      unsigned nr_words);

#endif
