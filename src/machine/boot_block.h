/* SPDX-License-Identifier: MIT */
#ifndef UDV_MACHINE_BOOT_BLOCK_H
#define UDV_MACHINE_BOOT_BLOCK_H

#include "machine/load.h"

/*
 * What an image is told lies in one block of memory: a fixed part, tables and texts behind each
 * other. A writer runs twice. The first time nothing is stored, and what it has used is the size
 * of the block; the second time addresses are known.
 */

#define CONVENTIONAL_START 0x1000u
#define CONVENTIONAL_END 0x9fc00u
#define UPPER_MEMORY 0x100000u

struct boot_block {
	uint8_t *data; /* NULL: only measured */
	uint64_t base, used;
};

typedef void boot_writer(struct loader *loader, struct boot_block *block);

/* Measures, places and writes it; loader->information is where. @align: a power of 2, 8 or more. */
enum udv_status boot_block_write(struct loader *loader, uint64_t align, boot_writer *write);

/* The offset of @size new bytes, all zero, at a multiple of 8. */
uint64_t boot_take(struct boot_block *block, uint64_t size);
/* @size bytes of @value, little-endian, at an offset. */
void boot_put(struct boot_block *block, uint64_t at, uint64_t value, unsigned size);
void boot_copy(struct boot_block *block, uint64_t at, const void *data, uint64_t size);
/* The address of a copy of @text; NULL is an empty text. */
uint64_t boot_text(struct boot_block *block, const char *text);

/* Memory as images are told it is; the types are those of ACPI, which all protocols use. */
enum {
	BOOT_RAM = 1,
	BOOT_RESERVED = 2,
};

#define BOOT_MAP_MAX 5u

struct boot_range {
	uint64_t base, size;
	uint32_t type;
};

unsigned boot_memory_map(const struct udv_machine *machine, struct boot_range map[BOOT_MAP_MAX]);
/* RAM from 1 MB to the first hole. */
uint64_t boot_upper_memory(const struct udv_machine *machine);

#endif
