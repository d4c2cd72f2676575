/* SPDX-License-Identifier: MIT */
#include "machine/boot_block.h"

/*
 * The boot protocol of Xen's PVH guests, which Linux, BSD systems and Xen itself know too: an ELF
 * note holds the physical address of a 32-bit entry, where EBX is the address of a structure.
 * Xen, "x86/HVM direct boot ABI", and its public header arch-x86/hvm/start_info.h.
 */

#define NOTE_NAME "Xen"
#define NOTE_PHYS32_ENTRY 18u

#define START_MAGIC 0x336ec578u
#define START_VERSION 1u

enum {
	START_SIZE = 56,
	AT_MAGIC = 0,
	AT_VERSION = 4,
	AT_NR_MODULES = 12,
	AT_MODULES = 16,
	AT_CMDLINE = 24,
	AT_RSDP = 32,
	AT_MEMORY_MAP = 40,
	AT_NR_MAP = 48,
	MODULE_SIZE = 32,
	MAP_SIZE = 24,
};

bool load_find_pvh(const struct loader *loader, uint64_t *entry)
{
	uint64_t offset, size;

	if (!load_elf_note(loader, NOTE_NAME, NOTE_PHYS32_ENTRY, &offset, &size) ||
	    (size != 4 && size != 8))
		return false;
	*entry = load_field(loader, offset, (unsigned)size);
	return true;
}

enum udv_status load_pvh(struct loader *loader, uint64_t entry)
{
	enum udv_status status = load_elf_segments(loader);

	if (status != UDV_OK)
		return status;
	if (entry > UINT32_MAX || !load_holds(loader, entry))
		return load_refuse(loader, UDV_ERR_FORMAT,
				   "the PVH entry %#llx is in no segment of the ELF file",
				   (unsigned long long)entry);
	loader->start = START_PVH;
	loader->entry = entry;
	return UDV_OK;
}

static void write_module(struct boot_block *block, uint64_t at, uint64_t base, uint64_t size,
			 const char *cmdline)
{
	boot_put(block, at, base, 8);
	boot_put(block, at + 8, size, 8);
	if (cmdline)
		boot_put(block, at + 16, boot_text(block, cmdline), 8);
}

static void write_modules(const struct loader *loader, struct boot_block *block)
{
	unsigned count = loader->boot->nr_modules;
	uint64_t table;

	if (loader->is_linux)
		count = loader->joined_size ? 1 : 0;
	if (!count)
		return;
	table = boot_take(block, (uint64_t)count * MODULE_SIZE);
	if (loader->is_linux)
		write_module(block, table, loader->joined, loader->joined_size, NULL);
	for (unsigned i = 0; !loader->is_linux && i < count; i++)
		write_module(block, table + (uint64_t)i * MODULE_SIZE, loader->module[i],
			     loader->boot->modules[i].size, loader->boot->modules[i].cmdline);
	boot_put(block, AT_NR_MODULES, count, 4);
	boot_put(block, AT_MODULES, block->base + table, 8);
}

static void write_map(const struct loader *loader, struct boot_block *block)
{
	struct boot_range map[BOOT_MAP_MAX];
	unsigned n = boot_memory_map(loader->machine, map);
	uint64_t table = boot_take(block, (uint64_t)n * MAP_SIZE);

	for (unsigned i = 0; i < n; i++) {
		uint64_t at = table + (uint64_t)i * MAP_SIZE;

		boot_put(block, at, map[i].base, 8);
		boot_put(block, at + 8, map[i].size, 8);
		boot_put(block, at + 16, map[i].type, 4);
	}
	boot_put(block, AT_MEMORY_MAP, block->base + table, 8);
	boot_put(block, AT_NR_MAP, n, 4);
}

static void write_info(struct loader *loader, struct boot_block *block)
{
	boot_take(block, START_SIZE);
	boot_put(block, AT_MAGIC, START_MAGIC, 4);
	boot_put(block, AT_VERSION, START_VERSION, 4);
	boot_put(block, AT_RSDP, ACPI_TABLES_BASE, 8);
	write_map(loader, block);
	write_modules(loader, block);
	boot_put(block, AT_CMDLINE, boot_text(block, load_arguments(loader)), 8);
}

enum udv_status boot_info_pvh(struct loader *loader)
{
	enum udv_status status = loader->is_linux ? load_modules_joined(loader, loader->initrd_last)
						  : load_modules_behind(loader);

	return status == UDV_OK ? boot_block_write(loader, 16, write_info) : status;
}
