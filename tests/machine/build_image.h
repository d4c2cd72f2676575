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

#endif
