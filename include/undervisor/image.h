/* SPDX-License-Identifier: MIT */
#ifndef UNDERVISOR_IMAGE_H
#define UNDERVISOR_IMAGE_H

#include <undervisor/memory.h>
#include <undervisor/status.h>
#include <undervisor/types.h>

/*
 * Memory images: the physical memory of a machine, saved in a file. The parser works on bytes
 * that the caller holds (a mapped file, a buffer), never changes them, allocates nothing and
 * copies nothing, so that an image of any size costs a table of its ranges.
 */

enum udv_image_format {
	UDV_IMAGE_AUTO, /* told by the first bytes; a file of no known kind is raw */
	UDV_IMAGE_ELF,	/* ELF64 or ELF32 core: QEMU's dump-guest-memory, kdump's vmcore */
	UDV_IMAGE_LIME, /* LiME, version 1 */
	UDV_IMAGE_RAW,	/* plain memory from one address on */
};

#define UDV_IMAGE_ZEROS UINT64_MAX

/* @size bytes of physical memory at @base, found at @offset in the file, or all zero. */
struct udv_image_range {
	uint64_t base;
	uint64_t size;
	uint64_t offset; /* UDV_IMAGE_ZEROS: announced by the file, but not stored */
	uint64_t rank;	 /* for the parser: which of two overlapping segments counts */
};

struct udv_image_options {
	enum udv_image_format format;
	uint64_t raw_base; /* physical address of the first byte of a raw image */
};

/* What a vmcoreinfo note says of the kernel that the image holds. */
#define UDV_IMAGE_KERNEL_CR3 0x1u    /* cr3: of the kernel's own page tables */
#define UDV_IMAGE_KERNEL_LA57 0x2u   /* 5-level paging is known to be on */
#define UDV_IMAGE_KERNEL_OFFSET 0x4u /* offset: by how much KASLR moved the kernel */

struct udv_image_kernel {
	uint32_t flags; /* UDV_IMAGE_KERNEL_* */
	uint64_t cr3;
	uint64_t offset;
};

/* An opened image. The caller allocates it; @data and @ranges must live as long. */
struct udv_image {
	enum udv_image_format format;
	const uint8_t *data;
	uint64_t size;
	const struct udv_image_range *ranges; /* ascending, disjoint */
	size_t nr_ranges;
	bool machine_64;     /* ELF: written by a machine in 64-bit mode */
	unsigned nr_cpus;    /* virtual CPUs with their registers in the image */
	unsigned nr_threads; /* NT_PRSTATUS notes: CPUs with general registers only */
	struct udv_image_kernel kernel;

	/* Why udv_image_parse() refused the file, and where; NULL if it did not. */
	const char *problem;
	uint64_t problem_offset;
	size_t ranges_needed; /* with UDV_ERR_NO_MEMORY: entries that are surely enough */
};

/*
 * Parses @size bytes at @data. @ranges is the caller's array for the ranges of the image;
 * UDV_ERR_NO_MEMORY means that it must hold image->ranges_needed entries, which the size of the
 * file bounds: call with none, allocate, call again. Whatever the outcome, problem is a static
 * phrase or NULL.
 *
 * UDV_ERR_TRUNCATED: the file ends before what it announces. UDV_ERR_FORMAT: it contradicts
 * itself. UDV_ERR_UNSUPPORTED: it is of a known kind that cannot be read as it stands.
 */
enum udv_status udv_image_parse(struct udv_image *image, const void *data, uint64_t size,
				const struct udv_image_options *options,
				struct udv_image_range *ranges, size_t nr_ranges);

/*
 * The image as memory for walks: the largest ranges as windows, the others by callback. Nothing
 * can be written through it. @image must outlive @memory.
 */
void udv_image_memory(const struct udv_image *image, struct udv_memory *memory);

/* Copies @size bytes at physical @address; false unless the image has them all. */
bool udv_image_read(const struct udv_image *image, uint64_t address, void *buffer, size_t size);

/* The registers of one virtual CPU, as far as the image has them. */
struct udv_image_cpu {
	uint64_t cr0, cr2, cr3, cr4;
	uint64_t rip, rflags;
	uint16_t cs;
	bool long_mode; /* EFER.LMA, inferred: no format here stores EFER */
};

/* Registers of virtual CPU @index, 0..nr_cpus - 1; UDV_ERR_NOT_FOUND beyond. */
enum udv_status udv_image_cpu(const struct udv_image *image, unsigned index,
			      struct udv_image_cpu *cpu);

/* A short name: "ELF core", "LiME", "raw". */
const char *udv_image_format_text(enum udv_image_format format);

#endif
