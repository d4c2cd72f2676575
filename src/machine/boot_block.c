/* SPDX-License-Identifier: MIT */
#include "machine/boot_block.h"

#include <stdlib.h>
#include <string.h>

#define BIOS_START 0xe0000u
#define HIGH_MEMORY (1ull << 32)
#define LARGEST_BLOCK 65536u

uint64_t boot_take(struct boot_block *block, uint64_t size)
{
	uint64_t at = (block->used + 7) & ~7ull;

	block->used = at + size;
	return at;
}

void boot_copy(struct boot_block *block, uint64_t at, const void *data, uint64_t size)
{
	if (block->data)
		memcpy(block->data + at, data, (size_t)size);
}

void boot_put(struct boot_block *block, uint64_t at, uint64_t value, unsigned size)
{
	boot_copy(block, at, &value, size);
}

uint64_t boot_text(struct boot_block *block, const char *text)
{
	uint64_t at = block->used;
	size_t size = text ? strlen(text) + 1 : 1;

	boot_copy(block, at, text ? text : "", size);
	block->used += size;
	return block->base + at;
}

unsigned boot_memory_map(const struct udv_machine *machine, struct boot_range map[BOOT_MAP_MAX])
{
	unsigned n = 0;

	map[n++] = (struct boot_range){ 0, CONVENTIONAL_END, BOOT_RAM };
	map[n++] =
		(struct boot_range){ CONVENTIONAL_END, 0xa0000 - CONVENTIONAL_END, BOOT_RESERVED };
	map[n++] = (struct boot_range){ BIOS_START, UPPER_MEMORY - BIOS_START, BOOT_RESERVED };
	if (machine->low_memory > UPPER_MEMORY)
		map[n++] = (struct boot_range){ UPPER_MEMORY, machine->low_memory - UPPER_MEMORY,
						BOOT_RAM };
	if (machine->memory > machine->low_memory)
		map[n++] = (struct boot_range){ HIGH_MEMORY, machine->memory - machine->low_memory,
						BOOT_RAM };
	return n;
}

uint64_t boot_upper_memory(const struct udv_machine *machine)
{
	return machine->low_memory > UPPER_MEMORY ? machine->low_memory - UPPER_MEMORY : 0;
}

/* Below the end of conventional memory, where images that build their heap behind themselves do
 * not tread; or else above 1 MB.
 */
static enum udv_status place(struct loader *loader, uint64_t size, uint64_t align, uint64_t *base)
{
	if (!load_find_high(loader, CONVENTIONAL_START, CONVENTIONAL_END, size, align, base) &&
	    !load_find_low(loader, UPPER_MEMORY, loader->machine->low_memory, size, align, base))
		return load_refuse(loader, UDV_ERR_NO_MEMORY,
				   "no memory left for the boot information");
	return load_claim(loader, *base, size);
}

enum udv_status boot_block_write(struct loader *loader, uint64_t align, boot_writer *write)
{
	struct boot_block block = { 0 };
	enum udv_status status;

	write(loader, &block);
	if (block.used > LARGEST_BLOCK)
		return load_refuse(loader, UDV_ERR_ARGUMENT, "the command lines are too long");
	status = place(loader, block.used, align, &block.base);
	if (status != UDV_OK)
		return status;
	block.data = calloc(1, (size_t)block.used);
	if (!block.data)
		return load_refuse(loader, UDV_ERR_NO_MEMORY, "out of memory");
	block.used = 0;
	write(loader, &block);
	mem_load_bytes(&loader->machine->mem, block.base, block.data, block.used);
	loader->information = block.base;
	free(block.data);
	return UDV_OK;
}
