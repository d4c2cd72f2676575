/* SPDX-License-Identifier: MIT */
#ifndef UDV_MEM_SPACE_H
#define UDV_MEM_SPACE_H

#include <stdbool.h>
#include <stdint.h>

#include <undervisor/memory.h>
#include <undervisor/status.h>

/*
 * The physical address space of a machine: RAM, ROM and device regions.
 *
 * Each page of RAM and ROM has flags. Whoever writes to a page goes through mem_written() first, or
 * holds a translation that was made after a call of it and has been dropped since the flags
 * changed:
 *   MEM_PAGE_DIRTY  the page has been written since pages were last saved or restored (pages.h)
 *   MEM_PAGE_USED   it was dirty then: a page with neither of the two is all zero
 *   MEM_PAGE_CODE   decoded instructions of it are cached: a store must be reported (code_written)
 * What is nowhere reads as all ones; stores to it, and to ROM, are dropped.
 */

#define MEM_PAGE_SHIFT 12
#define MEM_PAGE_SIZE 4096u
#define MEM_PAGE_DIRTY 0x1u
#define MEM_PAGE_CODE 0x2u
#define MEM_PAGE_ROM 0x4u
#define MEM_PAGE_USED 0x8u

/*
 * A device's registers. @offset is from the start of the region; @size is 1, 2, 4 or 8 and the
 * access lies inside the region.
 */
struct mem_device {
	uint64_t (*read)(void *opaque, uint64_t offset, unsigned size);
	void (*write)(void *opaque, uint64_t offset, unsigned size, uint64_t value);
	void *opaque;
};

struct mem_region {
	uint64_t base, size; /* multiples of the page size for RAM and ROM */
	uint8_t *host;	     /* NULL for a device */
	uint8_t *flags;	     /* of each page */
	bool rom, private;
	struct mem_device device;
};

#define MEM_MAX_REGIONS 32

struct mem_space {
	struct mem_region region[MEM_MAX_REGIONS]; /* by ascending base, disjoint */
	unsigned nr_regions;
	struct udv_memory walker; /* the same for page walks */
	/* A page with MEM_PAGE_CODE is about to be written: [@address, @address + @size). */
	void (*code_written)(void *opaque, uint64_t address, uint64_t size);
	void *code_opaque;
};

void mem_init(struct mem_space *space);
void mem_destroy(struct mem_space *space);

/*
 * Adds a region. Its place must be free. RAM and ROM are zero-filled; host memory is taken when it
 * is touched. UDV_ERR_ARGUMENT, UDV_ERR_NO_MEMORY.
 */
enum udv_status mem_add_ram(struct mem_space *space, uint64_t base, uint64_t size);
/* RAM that only the processor reaches: mem_read_bytes() and its kin find nothing there. */
enum udv_status mem_add_private(struct mem_space *space, uint64_t base, uint64_t size);
enum udv_status mem_add_rom(struct mem_space *space, uint64_t base, uint64_t size);
enum udv_status mem_add_device(struct mem_space *space, uint64_t base, uint64_t size,
			       const struct mem_device *device);
/* Moves a device region (a local APIC's, say). UDV_ERR_ARGUMENT if there is none at @base. */
enum udv_status mem_move_device(struct mem_space *space, uint64_t base, uint64_t new_base);
/* Takes away the device region at @base, if there is one. */
void mem_remove_device(struct mem_space *space, uint64_t base);

/* The region that holds @address, or NULL. */
struct mem_region *mem_find(struct mem_space *space, uint64_t address);

/* Host address of the RAM or ROM page at @address (page-aligned), and its flags; or NULL. */
uint8_t *mem_page(struct mem_space *space, uint64_t address, uint8_t **flags);

/*
 * Says that [@address, @address + @size), in one page of RAM, is about to be written: sets
 * MEM_PAGE_DIRTY and reports code. False for ROM: the store is to be dropped.
 */
bool mem_written(struct mem_space *space, uint64_t address, uint64_t size, uint8_t *flags);

/* One access of 1, 2, 4 or 8 bytes that does not cross a page, to RAM, ROM or device. */
uint64_t mem_read(struct mem_space *space, uint64_t address, unsigned size);
void mem_write(struct mem_space *space, uint64_t address, unsigned size, uint64_t value);

/* @size bytes within one page of RAM or ROM; zeros from anywhere else, where reading has effects.
 */
void mem_peek(struct mem_space *space, uint64_t address, void *data, unsigned size);

/* Any number of bytes, as a device's DMA or a loader does. False if some are not in RAM (or ROM).
 */
bool mem_read_bytes(struct mem_space *space, uint64_t address, void *data, uint64_t size);
bool mem_write_bytes(struct mem_space *space, uint64_t address, const void *data, uint64_t size);
/* The same, into ROM as well: for loaders. */
bool mem_load_bytes(struct mem_space *space, uint64_t address, const void *data, uint64_t size);

#endif
