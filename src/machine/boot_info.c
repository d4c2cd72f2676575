/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>

#include "machine/load.h"

/*
 * What an image is told: Multiboot Specification 0.6.96, "Boot information format". Modules go
 * behind the image, everything else below the end of conventional memory, where images that build
 * their heap behind themselves do not tread.
 */

#define INFO_MEMORY 0x1u
#define INFO_CMDLINE 0x4u
#define INFO_MODULES 0x8u
#define INFO_MMAP 0x40u
#define INFO_LOADER_NAME 0x200u

enum {
	INFO_SIZE = 120,
	AT_FLAGS = 0,
	AT_MEM_LOWER = 4,
	AT_MEM_UPPER = 8,
	AT_CMDLINE = 16,
	AT_MODS_COUNT = 20,
	AT_MODS_ADDR = 24,
	AT_MMAP_LENGTH = 44,
	AT_MMAP_ADDR = 48,
	AT_LOADER_NAME = 64,
	MODULE_SIZE = 16,
	MMAP_ENTRY_SIZE = 24, /* with its size field, which counts the rest */
};

#define CONVENTIONAL_END 0x9fc00u
#define CONVENTIONAL_START 0x1000u
#define BIOS_START 0xe0000u
#define UPPER_MEMORY 0x100000u
#define HIGH_MEMORY (1ull << 32)
#define LARGEST_TEXT 65536u

#define MMAP_RAM 1u
#define MMAP_RESERVED 2u

static const char loader_name[] = "undervisor";

struct mmap_entry {
	uint64_t base, size;
	uint32_t type;
};

static unsigned memory_map(const struct udv_machine *machine, struct mmap_entry map[5])
{
	unsigned n = 0;

	map[n++] = (struct mmap_entry){ 0, CONVENTIONAL_END, MMAP_RAM };
	map[n++] =
		(struct mmap_entry){ CONVENTIONAL_END, 0xa0000 - CONVENTIONAL_END, MMAP_RESERVED };
	map[n++] = (struct mmap_entry){ BIOS_START, UPPER_MEMORY - BIOS_START, MMAP_RESERVED };
	if (machine->low_memory > UPPER_MEMORY)
		map[n++] = (struct mmap_entry){ UPPER_MEMORY, machine->low_memory - UPPER_MEMORY,
						MMAP_RAM };
	if (machine->memory > machine->low_memory)
		map[n++] = (struct mmap_entry){ HIGH_MEMORY, machine->memory - machine->low_memory,
						MMAP_RAM };
	return n;
}

/* ---------------------------------------------------------------- a block of all of it */

struct block_writer {
	uint8_t *data;
	uint64_t base, used;
};

static void put(struct block_writer *w, uint64_t at, uint64_t value, unsigned size)
{
	memcpy(w->data + at, &value, size);
}

/* The address of a copy of @text. */
static uint64_t put_text(struct block_writer *w, const char *text)
{
	uint64_t address = w->base + w->used;
	size_t size = strlen(text) + 1;

	memcpy(w->data + w->used, text, size);
	w->used += size;
	return address;
}

static uint64_t take(struct block_writer *w, uint64_t size)
{
	uint64_t at = (w->used + 7) & ~7ull;

	w->used = at + size;
	return at;
}

static const char *text_of(const char *text)
{
	return text ? text : "";
}

static void write_modules(struct loader *loader, struct block_writer *w,
			  const uint64_t addresses[LOAD_MAX_MODULES])
{
	unsigned count = loader->boot->nr_modules;
	uint64_t table = take(w, (uint64_t)count * MODULE_SIZE);

	for (unsigned i = 0; i < count; i++) {
		const struct udv_module *module = &loader->boot->modules[i];
		uint64_t at = table + (uint64_t)i * MODULE_SIZE;

		put(w, at, addresses[i], 4);
		put(w, at + 4, addresses[i] + module->size, 4);
		put(w, at + 8, put_text(w, text_of(module->cmdline)), 4);
	}
	put(w, AT_MODS_COUNT, count, 4);
	put(w, AT_MODS_ADDR, w->base + table, 4);
}

static void write_map(const struct loader *loader, struct block_writer *w)
{
	struct mmap_entry map[5];
	unsigned n = memory_map(loader->machine, map);
	uint64_t table = take(w, (uint64_t)n * MMAP_ENTRY_SIZE);

	for (unsigned i = 0; i < n; i++) {
		uint64_t at = table + (uint64_t)i * MMAP_ENTRY_SIZE;

		put(w, at, MMAP_ENTRY_SIZE - 4, 4);
		put(w, at + 4, map[i].base, 8);
		put(w, at + 12, map[i].size, 8);
		put(w, at + 20, map[i].type, 4);
	}
	put(w, AT_MMAP_LENGTH, (uint64_t)n * MMAP_ENTRY_SIZE, 4);
	put(w, AT_MMAP_ADDR, w->base + table, 4);
}

static void write_info(struct loader *loader, struct block_writer *w,
		       const uint64_t addresses[LOAD_MAX_MODULES])
{
	const struct udv_machine *machine = loader->machine;
	uint64_t upper =
		machine->low_memory > UPPER_MEMORY ? machine->low_memory - UPPER_MEMORY : 0;

	w->used = INFO_SIZE;
	put(w, AT_FLAGS, INFO_MEMORY | INFO_CMDLINE | INFO_MODULES | INFO_MMAP | INFO_LOADER_NAME,
	    4);
	put(w, AT_MEM_LOWER, CONVENTIONAL_END / 1024, 4);
	put(w, AT_MEM_UPPER, upper / 1024, 4);
	write_map(loader, w);
	write_modules(loader, w, addresses);
	put(w, AT_CMDLINE, put_text(w, text_of(loader->boot->cmdline)), 4);
	put(w, AT_LOADER_NAME, put_text(w, loader_name), 4);
}

/* Room for all, at the most. */
static uint64_t info_size(const struct loader *loader)
{
	uint64_t size = INFO_SIZE + 5 * MMAP_ENTRY_SIZE + sizeof(loader_name) + 16;

	size += strlen(text_of(loader->boot->cmdline)) + 1;
	for (unsigned i = 0; i < loader->boot->nr_modules; i++)
		size += MODULE_SIZE + strlen(text_of(loader->boot->modules[i].cmdline)) + 1;
	return size;
}

/* ---------------------------------------------------------------- modules */

static uint64_t end_of_image(const struct loader *loader)
{
	uint64_t end = UPPER_MEMORY;

	for (unsigned i = 0; i < loader->nr_ranges; i++) {
		const struct load_range *range = &loader->range[i];

		if (range->base + range->size > end)
			end = range->base + range->size;
	}
	return end;
}

static enum udv_status place_modules(struct loader *loader, uint64_t addresses[LOAD_MAX_MODULES])
{
	uint64_t from = end_of_image(loader);

	for (unsigned i = 0; i < loader->boot->nr_modules; i++) {
		const struct udv_module *module = &loader->boot->modules[i];
		uint64_t size = module->size ? module->size : 1;
		enum udv_status status;

		if (!load_find_low(loader, from, loader->machine->low_memory, size, MEM_PAGE_SIZE,
				   &addresses[i]))
			return load_refuse(loader, UDV_ERR_NO_MEMORY,
					   "no memory left for module %u of %llu bytes", i + 1,
					   (unsigned long long)module->size);
		status = load_claim(loader, addresses[i], size);
		if (status != UDV_OK)
			return status;
		mem_load_bytes(&loader->machine->mem, addresses[i], module->data, module->size);
	}
	return UDV_OK;
}

enum udv_status load_boot_info(struct loader *loader)
{
	uint64_t addresses[LOAD_MAX_MODULES] = { 0 };
	struct block_writer writer = { 0 };
	uint64_t size = info_size(loader);
	enum udv_status status = place_modules(loader, addresses);

	if (status != UDV_OK)
		return status;
	if (size > LARGEST_TEXT)
		return load_refuse(loader, UDV_ERR_ARGUMENT, "the command lines are too long");
	if (!load_find_high(loader, CONVENTIONAL_START, CONVENTIONAL_END, size, 16, &writer.base) &&
	    !load_find_low(loader, UPPER_MEMORY, loader->machine->low_memory, size, 16,
			   &writer.base))
		return load_refuse(loader, UDV_ERR_NO_MEMORY,
				   "no memory left for the boot information");
	writer.data = calloc(1, size);
	if (!writer.data)
		return load_refuse(loader, UDV_ERR_NO_MEMORY, "out of memory");
	write_info(loader, &writer, addresses);
	status = load_claim(loader, writer.base, size);
	mem_load_bytes(&loader->machine->mem, writer.base, writer.data, writer.used);
	loader->information = writer.base;
	free(writer.data);
	return status;
}
