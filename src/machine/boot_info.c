/* SPDX-License-Identifier: MIT */
#include "machine/boot_block.h"

/*
 * What an image is told: Multiboot Specification 0.6.96, "Boot information format".
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

static void write_map(const struct loader *loader, struct boot_block *block)
{
	struct boot_range map[BOOT_MAP_MAX];
	unsigned n = boot_memory_map(loader->machine, map);
	uint64_t table = boot_take(block, (uint64_t)n * MMAP_ENTRY_SIZE);

	for (unsigned i = 0; i < n; i++) {
		uint64_t at = table + (uint64_t)i * MMAP_ENTRY_SIZE;

		boot_put(block, at, MMAP_ENTRY_SIZE - 4, 4);
		boot_put(block, at + 4, map[i].base, 8);
		boot_put(block, at + 12, map[i].size, 8);
		boot_put(block, at + 20, map[i].type, 4);
	}
	boot_put(block, AT_MMAP_LENGTH, (uint64_t)n * MMAP_ENTRY_SIZE, 4);
	boot_put(block, AT_MMAP_ADDR, block->base + table, 4);
}

static void write_modules(const struct loader *loader, struct boot_block *block)
{
	unsigned count = loader->boot->nr_modules;
	uint64_t table = boot_take(block, (uint64_t)count * MODULE_SIZE);

	for (unsigned i = 0; i < count; i++) {
		const struct udv_module *module = &loader->boot->modules[i];
		uint64_t at = table + (uint64_t)i * MODULE_SIZE;

		boot_put(block, at, loader->module[i], 4);
		boot_put(block, at + 4, loader->module[i] + module->size, 4);
		boot_put(block, at + 8, boot_text(block, module->cmdline), 4);
	}
	boot_put(block, AT_MODS_COUNT, count, 4);
	boot_put(block, AT_MODS_ADDR, block->base + table, 4);
}

static void write_info(struct loader *loader, struct boot_block *block)
{
	boot_take(block, INFO_SIZE);
	boot_put(block, AT_FLAGS,
		 INFO_MEMORY | INFO_CMDLINE | INFO_MODULES | INFO_MMAP | INFO_LOADER_NAME, 4);
	boot_put(block, AT_MEM_LOWER, CONVENTIONAL_END / 1024, 4);
	boot_put(block, AT_MEM_UPPER, boot_upper_memory(loader->machine) / 1024, 4);
	write_map(loader, block);
	write_modules(loader, block);
	boot_put(block, AT_CMDLINE, boot_text(block, loader->boot->cmdline), 4);
	boot_put(block, AT_LOADER_NAME, boot_text(block, LOADER_NAME), 4);
}

enum udv_status boot_info_multiboot(struct loader *loader)
{
	enum udv_status status = load_modules_behind(loader);

	return status == UDV_OK ? boot_block_write(loader, 16, write_info) : status;
}
