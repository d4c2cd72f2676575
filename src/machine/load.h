/* SPDX-License-Identifier: MIT */
#ifndef UDV_MACHINE_LOAD_H
#define UDV_MACHINE_LOAD_H

#include "machine/machine.h"

/*
 * Loading an image. Nothing an image says is believed: every offset and size is checked against
 * the file, every address against the machine's memory, and no two parts may claim the same place,
 * so that the work is bounded by the sizes of file and memory.
 */

#define LOAD_MAX_SEGMENTS 128u
#define LOAD_MAX_MODULES 64u
/* Segments, modules, and what the loader itself puts somewhere. */
#define LOAD_MAX_RANGES (LOAD_MAX_SEGMENTS + LOAD_MAX_MODULES + 8u)

struct load_range {
	uint64_t base, size;
};

enum load_start {
	START_MULTIBOOT, /* 32-bit protected mode, EAX = magic, EBX = information */
	START_FLAT32,	 /* the same with EAX = 0 */
	START_LONG,	 /* 64-bit mode, RDI = information */
};

struct loader {
	struct udv_machine *machine;
	const struct udv_boot *boot;
	const uint8_t *data; /* of the image */
	uint64_t size;
	struct udv_problem *problem;
	struct load_range range[LOAD_MAX_RANGES]; /* taken */
	unsigned nr_ranges;
	enum load_start start;
	uint64_t entry;	      /* physical */
	uint64_t information; /* where the multiboot information is */
	bool page_align;      /* modules on page boundaries: they always are */
};

/* load.c */
__attribute__((format(printf, 3, 4))) enum udv_status
load_refuse(const struct loader *loader, enum udv_status status, const char *format, ...);
/*
 * Claims [@base, @base + @size) of low memory, fills it with @file_size bytes of the image from
 * @offset on and then zeros.
 */
enum udv_status load_place(struct loader *loader, uint64_t base, uint64_t size, uint64_t offset,
			   uint64_t file_size);
/* A free place of @size bytes in [@from, @to), as high up as possible; false if there is none. */
bool load_find_high(struct loader *loader, uint64_t from, uint64_t to, uint64_t size,
		    uint64_t align, uint64_t *base);
/* The lowest one. */
bool load_find_low(struct loader *loader, uint64_t from, uint64_t to, uint64_t size, uint64_t align,
		   uint64_t *base);
/* Marks a place as taken. */
enum udv_status load_claim(struct loader *loader, uint64_t base, uint64_t size);
/* @size (2, 4 or 8) bytes at @offset of the image, little-endian; the caller checked the bounds. */
uint64_t load_field(const struct loader *loader, uint64_t offset, unsigned size);
bool load_has(const struct loader *loader, uint64_t offset, uint64_t size);

/* load_elf.c: the segments of an ELF file, and its entry. */
bool load_is_elf(const struct loader *loader);
enum udv_status load_elf(struct loader *loader);

/* load_multiboot.c */
/* Where the header is; false if there is none. */
bool load_find_multiboot(const struct loader *loader, uint64_t *offset);
enum udv_status load_multiboot(struct loader *loader, uint64_t header);

/* boot_info.c: modules, memory map, command lines. */
enum udv_status load_boot_info(struct loader *loader);

/* boot_state.c: processor 0 at the entry. */
enum udv_status load_boot_state(struct loader *loader);

/* firmware.c: before the image, which may lie over it. */
void firmware_write(struct udv_machine *machine);

/* acpi_dsdt.c: what follows the DSDT's header, at most @room bytes; how many they are. */
uint32_t acpi_dsdt_body(const struct udv_machine *machine, uint8_t *data, uint32_t room);

/* acpi_tables.c: at E0000H. */
enum udv_status acpi_tables_write(struct udv_machine *machine);

#endif
