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
	START_MULTIBOOT,  /* 32-bit protected mode, EAX = magic, EBX = information */
	START_MULTIBOOT2, /* the same with another magic */
	START_FLAT32,	  /* the same with EAX = 0 */
	START_PVH,	  /* the same, of another kind */
	START_LONG,	  /* 64-bit mode, RDI = multiboot information */
	START_LINUX,	  /* 64-bit mode, RSI = boot parameters */
	NR_STARTS,
};

#define LOADER_NAME "undervisor"

struct loader {
	struct udv_machine *machine;
	const struct udv_boot *boot;
	const uint8_t *data; /* of the image */
	uint64_t size;
	struct udv_problem *problem;
	struct load_range range[LOAD_MAX_RANGES]; /* taken */
	unsigned nr_ranges, nr_image_ranges;	  /* the image's come first */
	enum load_start start;
	uint64_t entry;	      /* physical */
	uint64_t information; /* where it is what the image is told */
	uint64_t module[LOAD_MAX_MODULES];
	uint64_t joined, joined_size; /* modules in one piece */
	bool is_linux;		      /* unpacked from a bzImage */
	uint64_t linux_header;	      /* offset in the file of what is copied, */
	uint64_t linux_header_size;   /* and its size */
	uint64_t initrd_last;	      /* the last byte where Linux reads its RAM disk */
	bool relocatable;	      /* a multiboot 2 image says so */
	uint8_t *unpacked;	      /* what data points to, or NULL; to be freed */
	uint8_t *unzipped;	      /* the same, of a whole file */
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
/* Whether a part of the image is loaded at @address. */
bool load_holds(const struct loader *loader, uint64_t address);
bool load_has(const struct loader *loader, uint64_t offset, uint64_t size);

/* What Linux gets: the command line without the image's name. Never NULL. */
const char *load_arguments(const struct loader *loader);

/* load_elf.c: the segments of an ELF file, and its entry. */
bool load_is_elf(const struct loader *loader);
enum udv_status load_elf(struct loader *loader);
/* The segments alone: the entry is known from elsewhere. */
enum udv_status load_elf_segments(struct loader *loader);
/* The contents of the first note of @name and @type in an ELF executable; false if there is none.
 */
bool load_elf_note(const struct loader *loader, const char *name, uint32_t type, uint64_t *offset,
		   uint64_t *size);

/* load_pvh.c */
/* Where a PVH kernel says it starts; false if it says nothing. */
bool load_find_pvh(const struct loader *loader, uint64_t *entry);
enum udv_status load_pvh(struct loader *loader, uint64_t entry);
enum udv_status boot_info_pvh(struct loader *loader);

/* load_linux.c, linux_params.c */
bool load_is_linux(const struct loader *loader);
enum udv_status load_linux(struct loader *loader);
enum udv_status boot_info_linux(struct loader *loader);

/*
 * unpack.c: @size bytes of a packed kernel, or of @what for a message, become *@out of *@out_size
 * bytes, to be freed. No more than @limit are made.
 */
enum udv_status load_unpack(const struct loader *loader, const char *what, const uint8_t *data,
			    uint64_t size, uint64_t limit, uint8_t **out, uint64_t *out_size);

/* load_multiboot2.c */
bool load_find_multiboot2(const struct loader *loader, uint64_t *offset);
enum udv_status load_multiboot2(struct loader *loader, uint64_t header);
enum udv_status boot_info_multiboot2(struct loader *loader);

/* load_modules.c */
enum udv_status load_modules_behind(struct loader *loader);
enum udv_status load_modules_joined(struct loader *loader, uint64_t last);

/* load_multiboot.c */
/* Where the header is; false if there is none. */
bool load_find_multiboot(const struct loader *loader, uint64_t *offset);
enum udv_status load_multiboot(struct loader *loader, uint64_t header);
/*
 * An image in one piece, and then zeros, by the addresses in a header that is at @header of the
 * file. load_end 0: to the end of the file; bss_end 0: no zeros.
 */
struct load_addresses {
	uint64_t header, load, load_end, bss_end;
};
enum udv_status load_by_header(struct loader *loader, uint64_t header,
			       const struct load_addresses *addresses);

/* boot_info.c: modules, memory map, command lines, for multiboot 1. */
enum udv_status boot_info_multiboot(struct loader *loader);

/* boot_state.c: processor 0 at the entry. */
enum udv_status load_boot_state(struct loader *loader);

/* firmware.c: before the image, which may lie over it. */
void firmware_write(struct udv_machine *machine);
/* And the MTRRs of all processors: RAM is write-back. Processor 0 has been reset. */
void firmware_set_memory_types(struct udv_machine *machine);

/* acpi_dsdt.c: what follows the DSDT's header, at most @room bytes; how many they are. */
uint32_t acpi_dsdt_body(const struct udv_machine *machine, uint8_t *data, uint32_t room);

/* acpi_tables.c: at E0000H, the RSDP first. */
#define ACPI_TABLES_BASE 0xe0000u
#define ACPI_TABLES_SIZE 4096u
#define ACPI_RSDP_SIZE 36u
enum udv_status acpi_tables_write(struct udv_machine *machine);

#endif
