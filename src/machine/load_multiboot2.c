/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "machine/boot_block.h"

/* Multiboot2 Specification 2.0: "OS image format", "Boot information". */

#define HEADER_MAGIC 0xe85250d6u
#define HEADER_AREA 32768u /* the header is in the first so many bytes */
#define HEADER_SIZE 16u
#define ARCHITECTURE_I386 0u
#define TAG_HEADER 8u
#define FLAG_OPTIONAL 0x1u
#define MAX_TAGS 64u
#define CONSOLE_REQUIRED 0x1u

/* Tags of the header. */
enum {
	ASKS_END = 0,
	ASKS_INFORMATION = 1,
	ASKS_ADDRESSES = 2,
	ASKS_ENTRY = 3,
	ASKS_CONSOLE = 4,
	ASKS_FRAMEBUFFER = 5,
	ASKS_ALIGNED_MODULES = 6,
	ASKS_EFI_SERVICES = 7,
	ASKS_EFI_ENTRY32 = 8,
	ASKS_EFI_ENTRY64 = 9,
	ASKS_RELOCATION = 10,
};

/* Tags of the boot information. */
enum {
	TELLS_END = 0,
	TELLS_CMDLINE = 1,
	TELLS_LOADER = 2,
	TELLS_MODULE = 3,
	TELLS_MEMORY = 4,
	TELLS_MAP = 6,
	TELLS_OLD_RSDP = 14,
	TELLS_NEW_RSDP = 15,
	TELLS_BASE = 21,
};
#define TOLD                                                                                       \
	(1u << TELLS_CMDLINE | 1u << TELLS_LOADER | 1u << TELLS_MODULE | 1u << TELLS_MEMORY |      \
	 1u << TELLS_MAP | 1u << TELLS_OLD_RSDP | 1u << TELLS_NEW_RSDP)

#define OLD_RSDP_SIZE 20u
#define MAP_ENTRY 24u

/* What the header says. */
struct wishes {
	bool has_addresses, has_entry;
	uint64_t addresses; /* offset of the tag */
	uint64_t entry;
};

bool load_find_multiboot2(const struct loader *loader, uint64_t *offset)
{
	for (uint64_t at = 0; at + HEADER_SIZE <= HEADER_AREA; at += 8) {
		uint32_t sum = 0;

		if (!load_has(loader, at, HEADER_SIZE))
			return false;
		for (unsigned i = 0; i < 4; i++)
			sum += (uint32_t)load_field(loader, at + 4 * i, 4);
		if (load_field(loader, at, 4) == HEADER_MAGIC && sum == 0) {
			*offset = at;
			return true;
		}
	}
	return false;
}

/* ---------------------------------------------------------------- what it asks for */

static enum udv_status unsupported(const struct loader *loader, const char *what)
{
	return load_refuse(loader, UDV_ERR_UNSUPPORTED, "the multiboot 2 header asks for %s", what);
}

static enum udv_status check_request(const struct loader *loader, uint64_t tag, uint64_t size)
{
	for (uint64_t at = TAG_HEADER; at + 4 <= size; at += 4) {
		uint64_t type = load_field(loader, tag + at, 4);

		if (type > 31 || !(TOLD >> type & 1))
			return load_refuse(loader, UDV_ERR_UNSUPPORTED,
					   "the multiboot 2 header asks for information of type "
					   "%llu, which there is none of",
					   (unsigned long long)type);
	}
	return UDV_OK;
}

/* A tag of @size bytes, which are there. */
static enum udv_status take_tag(struct loader *loader, struct wishes *wishes, uint64_t tag,
				uint64_t size)
{
	uint64_t type = load_field(loader, tag, 2);
	bool optional = load_field(loader, tag + 2, 2) & FLAG_OPTIONAL;
	uint64_t least = type == ASKS_ADDRESSES ? 24 : type == ASKS_ENTRY ? 12 : TAG_HEADER;

	if (type == ASKS_CONSOLE)
		least = 12;
	if (size < least)
		return load_refuse(loader, UDV_ERR_FORMAT,
				   "tag %llu of the multiboot 2 header is too short",
				   (unsigned long long)type);
	switch (type) {
	case ASKS_INFORMATION:
		return optional ? UDV_OK : check_request(loader, tag, size);
	case ASKS_ADDRESSES:
		wishes->has_addresses = true;
		wishes->addresses = tag;
		return UDV_OK;
	case ASKS_ENTRY:
		wishes->has_entry = true;
		wishes->entry = load_field(loader, tag + TAG_HEADER, 4);
		return UDV_OK;
	case ASKS_CONSOLE:
		if (!optional && load_field(loader, tag + TAG_HEADER, 4) & CONSOLE_REQUIRED)
			return unsupported(loader, "a console of its own");
		return UDV_OK;
	case ASKS_FRAMEBUFFER:
		return optional ? UDV_OK : unsupported(loader, "a framebuffer");
	case ASKS_RELOCATION:
		/* It may be moved, and need not be. */
		loader->relocatable = true;
		return UDV_OK;
	case ASKS_ALIGNED_MODULES:
	case ASKS_EFI_SERVICES:
	case ASKS_EFI_ENTRY32:
	case ASKS_EFI_ENTRY64:
		return UDV_OK;
	}
	return optional ? UDV_OK : unsupported(loader, "a feature unknown here");
}

static enum udv_status read_tags(struct loader *loader, uint64_t header, struct wishes *wishes)
{
	uint64_t end = header + load_field(loader, header + 8, 4);
	uint64_t tag = header + HEADER_SIZE;

	if (load_field(loader, header + 4, 4) != ARCHITECTURE_I386)
		return load_refuse(loader, UDV_ERR_UNSUPPORTED,
				   "the multiboot 2 header is for another architecture");
	if (!load_has(loader, header, end - header))
		return load_refuse(loader, UDV_ERR_TRUNCATED,
				   "the multiboot 2 header is truncated");
	for (unsigned i = 0; i < MAX_TAGS && tag + TAG_HEADER <= end; i++) {
		uint64_t size = load_field(loader, tag + 4, 4);
		enum udv_status status;

		if (load_field(loader, tag, 2) == ASKS_END)
			return UDV_OK;
		if (size < TAG_HEADER || size > end - tag)
			break;
		status = take_tag(loader, wishes, tag, size);
		if (status != UDV_OK)
			return status;
		tag += (size + 7) & ~7ull;
	}
	return load_refuse(loader, UDV_ERR_FORMAT, "the multiboot 2 header has no last tag");
}

static enum udv_status load_by_addresses(struct loader *loader, uint64_t header, uint64_t tag)
{
	struct load_addresses addresses = {
		.header = load_field(loader, tag + 8, 4),
		.load = load_field(loader, tag + 12, 4),
		.load_end = load_field(loader, tag + 16, 4),
		.bss_end = load_field(loader, tag + 20, 4),
	};

	return load_by_header(loader, header, &addresses);
}

static enum udv_status load_parts(struct loader *loader, uint64_t header,
				  const struct wishes *wishes)
{
	if (wishes->has_addresses && !wishes->has_entry)
		return load_refuse(loader, UDV_ERR_FORMAT,
				   "a multiboot 2 header with addresses, but no entry");
	if (wishes->has_addresses)
		return load_by_addresses(loader, header, wishes->addresses);
	if (!load_is_elf(loader))
		return load_refuse(loader, UDV_ERR_FORMAT,
				   "a multiboot 2 header without addresses, and no ELF file");
	return wishes->has_entry ? load_elf_segments(loader) : load_elf(loader);
}

enum udv_status load_multiboot2(struct loader *loader, uint64_t header)
{
	struct wishes wishes = { 0 };
	enum udv_status status = read_tags(loader, header, &wishes);

	if (status == UDV_OK)
		status = load_parts(loader, header, &wishes);
	if (status != UDV_OK)
		return status;
	if (wishes.has_entry) {
		if (!load_holds(loader, wishes.entry))
			return load_refuse(loader, UDV_ERR_FORMAT,
					   "the entry %#llx is outside the image",
					   (unsigned long long)wishes.entry);
		loader->entry = wishes.entry;
	}
	loader->start = START_MULTIBOOT2;
	return UDV_OK;
}

/* ---------------------------------------------------------------- what it is told */

/* A tag of @size bytes behind its header; where these begin. */
static uint64_t put_tag(struct boot_block *block, unsigned type, uint64_t size)
{
	uint64_t tag = boot_take(block, TAG_HEADER + size);

	boot_put(block, tag, type, 4);
	boot_put(block, tag + 4, TAG_HEADER + size, 4);
	return tag + TAG_HEADER;
}

static void put_text_tag(struct boot_block *block, unsigned type, const char *text)
{
	uint64_t size = strlen(text) + 1;

	boot_copy(block, put_tag(block, type, size), text, size);
}

static void put_module(struct boot_block *block, uint64_t base, const struct udv_module *module)
{
	const char *text = module->cmdline ? module->cmdline : "";
	uint64_t size = strlen(text) + 1, at = put_tag(block, TELLS_MODULE, 8 + size);

	boot_put(block, at, base, 4);
	boot_put(block, at + 4, base + module->size, 4);
	boot_copy(block, at + 8, text, size);
}

static void put_map(const struct loader *loader, struct boot_block *block)
{
	struct boot_range map[BOOT_MAP_MAX];
	unsigned n = boot_memory_map(loader->machine, map);
	uint64_t at = put_tag(block, TELLS_MAP, 8 + (uint64_t)n * MAP_ENTRY);

	boot_put(block, at, MAP_ENTRY, 4);
	boot_put(block, at + 4, 0, 4);
	at += 8;
	for (unsigned i = 0; i < n; i++, at += MAP_ENTRY) {
		boot_put(block, at, map[i].base, 8);
		boot_put(block, at + 8, map[i].size, 8);
		boot_put(block, at + 16, map[i].type, 4);
	}
}

static void put_memory(const struct loader *loader, struct boot_block *block)
{
	uint64_t at = put_tag(block, TELLS_MEMORY, 8);

	boot_put(block, at, CONVENTIONAL_END / 1024, 4);
	boot_put(block, at + 4, boot_upper_memory(loader->machine) / 1024, 4);
}

static void put_rsdp(const struct loader *loader, struct boot_block *block, unsigned type,
		     uint64_t size)
{
	uint8_t rsdp[ACPI_RSDP_SIZE] = { 0 };

	mem_read_bytes(&loader->machine->mem, ACPI_TABLES_BASE, rsdp, size);
	boot_copy(block, put_tag(block, type, size), rsdp, size);
}

static uint64_t lowest_address(const struct loader *loader)
{
	uint64_t base = loader->range[0].base;

	for (unsigned i = 1; i < loader->nr_image_ranges; i++)
		if (loader->range[i].base < base)
			base = loader->range[i].base;
	return base;
}

static void write_info(struct loader *loader, struct boot_block *block)
{
	uint64_t start = boot_take(block, 8);

	put_text_tag(block, TELLS_CMDLINE, loader->boot->cmdline ? loader->boot->cmdline : "");
	put_text_tag(block, TELLS_LOADER, LOADER_NAME);
	for (unsigned i = 0; i < loader->boot->nr_modules; i++)
		put_module(block, loader->module[i], &loader->boot->modules[i]);
	put_memory(loader, block);
	put_map(loader, block);
	put_rsdp(loader, block, TELLS_OLD_RSDP, OLD_RSDP_SIZE);
	put_rsdp(loader, block, TELLS_NEW_RSDP, ACPI_RSDP_SIZE);
	if (loader->relocatable)
		boot_put(block, put_tag(block, TELLS_BASE, 4), lowest_address(loader), 4);
	put_tag(block, TELLS_END, 0);
	boot_put(block, start, block->used, 4);
}

enum udv_status boot_info_multiboot2(struct loader *loader)
{
	enum udv_status status;

	loader->nr_image_ranges = loader->nr_ranges;
	status = load_modules_behind(loader);
	return status == UDV_OK ? boot_block_write(loader, 8, write_info) : status;
}
