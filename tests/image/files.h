/* SPDX-License-Identifier: MIT */
#ifndef UDV_TESTS_IMAGE_FILES_H
#define UDV_TESTS_IMAGE_FILES_H

#include <undervisor/image.h>

/* Files built in memory, and opened from a copy that ends where the file ends. */

struct file {
	uint8_t bytes[1 << 16] __attribute__((aligned(8)));
	size_t size;
};

struct segment {
	uint32_t type;
	uint64_t offset, paddr, filesz, memsz;
};

#define LOAD 1
#define NOTE 4

struct opened {
	struct udv_image image;
	struct udv_image_range ranges[512];
	uint8_t *copy;
};

void put(struct file *file, size_t at, uint64_t value, size_t size);
void fill(struct file *file, size_t at, uint8_t byte, size_t size);
/* An ELF64 core header with these program headers; what they point at comes later. */
void put_core(struct file *file, const struct segment *segments, uint16_t nr);
/* Returns where the next note goes. */
size_t put_note(struct file *file, size_t at, const char *name, uint32_t type, const void *desc,
		size_t size);
/* QEMU's CPU-state note, with fixed values in what is no parameter. */
void put_cpu(uint8_t desc[440], uint64_t cr0, uint64_t cr3, uint64_t cr4);
/* Returns where the next range goes. */
size_t put_lime(struct file *file, size_t at, uint64_t base, uint64_t end, uint8_t byte);

enum udv_status open_as(struct opened *opened, const void *bytes, size_t size,
			enum udv_image_format format, uint64_t base);
enum udv_status open_file(struct opened *opened, const struct file *file);
void close_file(struct opened *opened);

void assert_range(const struct udv_image *image, size_t i, uint64_t base, uint64_t size,
		  uint64_t offset);
uint8_t byte_at(const struct udv_image *image, uint64_t address);
bool has_byte(const struct udv_image *image, uint64_t address);

#endif
