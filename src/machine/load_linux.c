/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "machine/boot_block.h"

/*
 * A Linux kernel for x86-64 as it is installed: a bzImage. Its payload, the packed vmlinux, is
 * unpacked here and entered by PVH, which spares the guest three quarters of the instructions of a
 * boot; or the image is entered as a boot loader does it, and unpacks itself.
 * Linux, Documentation/arch/x86/boot.rst: "The Real-Mode Kernel Header", "64-bit Boot Protocol".
 */

#define SECTOR 512u
#define PARAGRAPH 16u
#define MAGIC 0x53726448u /* "HdrS" */
#define BOOT_FLAG 0xaa55u
#define VERSION_XLOADFLAGS 0x20cu
#define DEFAULT_SETUP_SECTORS 4u

#define LOADED_HIGH 0x1u /* loadflags */
#define HAS_ENTRY64 0x1u /* xloadflags */

#define ENTRY64 0x200u /* from where the kernel is loaded */

/* In the file, and in the boot parameters. */
enum {
	AT_SETUP_SECTS = 0x1f1,
	AT_SYSSIZE = 0x1f4,
	AT_BOOT_FLAG = 0x1fe,
	AT_HEADER_END = 0x201, /* so much behind 202H it goes on */
	AT_MAGIC = 0x202,
	AT_VERSION = 0x206,
	AT_LOADER_TYPE = 0x210,
	AT_LOADFLAGS = 0x211,
	AT_RAMDISK_IMAGE = 0x218,
	AT_RAMDISK_SIZE = 0x21c,
	AT_CMDLINE = 0x228,
	AT_INITRD_LAST = 0x22c,
	AT_XLOADFLAGS = 0x236,
	AT_CMDLINE_SIZE = 0x238,
	AT_PAYLOAD = 0x248,
	AT_PAYLOAD_SIZE = 0x24c,
	AT_PREFERRED = 0x258,
	AT_INIT_SIZE = 0x260,
	END_OF_HEADER = 0x268, /* as version 2.12 has it */
};

/* Only in the boot parameters. */
enum {
	PARAMS_SIZE = 4096,
	AT_RSDP = 0x070,
	AT_NR_E820 = 0x1e8,
	AT_E820 = 0x2d0,
	E820_SIZE = 20,
	HEADER_LIMIT = 0x290, /* the header's copy ends here at the latest */
};

#define LOADER_UNDEFINED 0xffu

bool load_is_linux(const struct loader *loader)
{
	return load_has(loader, AT_BOOT_FLAG, 2) && load_has(loader, AT_MAGIC, 4) &&
	       load_field(loader, AT_BOOT_FLAG, 2) == BOOT_FLAG &&
	       load_field(loader, AT_MAGIC, 4) == MAGIC;
}

static enum udv_status truncated(const struct loader *loader)
{
	return load_refuse(loader, UDV_ERR_TRUNCATED, "the Linux kernel is truncated");
}

/* Where the part that runs in protected mode begins. */
static uint64_t setup_size(const struct loader *loader)
{
	uint64_t sectors = load_field(loader, AT_SETUP_SECTS, 1);

	return ((sectors ? sectors : DEFAULT_SETUP_SECTORS) + 1) * SECTOR;
}

/*
 * What is behind may be padding, or a signature. A kernel that lacks its end may still start when
 * it unpacks itself, and go astray later.
 */
static bool is_whole(const struct loader *loader)
{
	uint64_t start = setup_size(loader);
	uint64_t size = load_field(loader, AT_SYSSIZE, 4) * PARAGRAPH;
	uint64_t payload = load_field(loader, AT_PAYLOAD, 4);

	return load_has(loader, start, size > ENTRY64 ? size : ENTRY64 + 1) &&
	       load_has(loader, start + payload, load_field(loader, AT_PAYLOAD_SIZE, 4));
}

static enum udv_status check_header(struct loader *loader)
{
	uint64_t version, size;

	if (!load_has(loader, 0, END_OF_HEADER))
		return truncated(loader);
	version = load_field(loader, AT_VERSION, 2);
	if (version < VERSION_XLOADFLAGS || !(load_field(loader, AT_XLOADFLAGS, 2) & HAS_ENTRY64) ||
	    !(load_field(loader, AT_LOADFLAGS, 1) & LOADED_HIGH))
		return load_refuse(loader, UDV_ERR_UNSUPPORTED,
				   "not a 64-bit Linux kernel of version 3.8 or later");
	if (!is_whole(loader))
		return truncated(loader);
	size = load_field(loader, AT_CMDLINE_SIZE, 4);
	if (strlen(load_arguments(loader)) > size)
		return load_refuse(loader, UDV_ERR_ARGUMENT,
				   "the command line is longer than the %llu bytes that this "
				   "kernel takes",
				   (unsigned long long)size);
	loader->initrd_last = load_field(loader, AT_INITRD_LAST, 4);
	return UDV_OK;
}

/* ---------------------------------------------------------------- unpacked here */

static enum udv_status load_payload(struct loader *loader)
{
	uint64_t offset = setup_size(loader) + load_field(loader, AT_PAYLOAD, 4);
	uint64_t size = load_field(loader, AT_PAYLOAD_SIZE, 4), unpacked_size, entry;
	uint64_t limit = load_field(loader, AT_INIT_SIZE, 4); /* the ELF file's, too */
	enum udv_status status;
	uint8_t *unpacked;

	if (!size)
		return truncated(loader);
	if (limit > loader->machine->low_memory)
		limit = loader->machine->low_memory;
	status = load_unpack(loader, "the kernel's payload", loader->data + offset, size, limit,
			     &unpacked, &unpacked_size);
	if (status != UDV_OK)
		return status;
	loader->data = loader->unpacked = unpacked;
	loader->size = unpacked_size;
	loader->is_linux = true;
	if (!load_is_elf(loader))
		return load_refuse(loader, UDV_ERR_FORMAT, "the kernel's payload is no ELF file");
	if (!load_find_pvh(loader, &entry))
		return load_refuse(loader, UDV_ERR_UNSUPPORTED,
				   "the kernel has no PVH entry (CONFIG_PVH); it can boot with "
				   "--kernel-decompress guest");
	return load_pvh(loader, entry);
}

/* ---------------------------------------------------------------- left to the kernel */

/* It unpacks itself in place, and wants init_size bytes for that. */
static enum udv_status load_packed(struct loader *loader)
{
	uint64_t base = load_field(loader, AT_PREFERRED, 8);
	uint64_t room = load_field(loader, AT_INIT_SIZE, 4);
	uint64_t offset = setup_size(loader), size = loader->size - offset;
	uint64_t more = load_field(loader, AT_HEADER_END, 1);

	loader->start = START_LINUX;
	loader->entry = base + ENTRY64;
	loader->linux_header = AT_SETUP_SECTS;
	loader->linux_header_size = AT_MAGIC + more - AT_SETUP_SECTS;
	if (loader->linux_header_size > HEADER_LIMIT - AT_SETUP_SECTS)
		loader->linux_header_size = HEADER_LIMIT - AT_SETUP_SECTS;
	if (!load_has(loader, AT_SETUP_SECTS, loader->linux_header_size))
		return truncated(loader);
	return load_place(loader, base, room > size ? room : size, offset, size);
}

enum udv_status load_linux(struct loader *loader)
{
	enum udv_status status = check_header(loader);

	if (status != UDV_OK)
		return status;
	return loader->boot->kernel_unpacks ? load_packed(loader) : load_payload(loader);
}

/* ---------------------------------------------------------------- boot parameters */

static void write_params(struct loader *loader, struct boot_block *block)
{
	struct boot_range map[BOOT_MAP_MAX];
	unsigned n = boot_memory_map(loader->machine, map);

	boot_take(block, PARAMS_SIZE);
	boot_copy(block, loader->linux_header, loader->data + loader->linux_header,
		  loader->linux_header_size);
	boot_put(block, AT_LOADER_TYPE, LOADER_UNDEFINED, 1);
	boot_put(block, AT_RAMDISK_IMAGE, loader->joined, 4);
	boot_put(block, AT_RAMDISK_SIZE, loader->joined_size, 4);
	boot_put(block, AT_RSDP, ACPI_TABLES_BASE, 8);
	boot_put(block, AT_NR_E820, n, 1);
	for (unsigned i = 0; i < n; i++) {
		uint64_t at = AT_E820 + (uint64_t)i * E820_SIZE;

		boot_put(block, at, map[i].base, 8);
		boot_put(block, at + 8, map[i].size, 8);
		boot_put(block, at + 16, map[i].type, 4);
	}
	boot_put(block, AT_CMDLINE, boot_text(block, load_arguments(loader)), 4);
}

enum udv_status boot_info_linux(struct loader *loader)
{
	enum udv_status status = load_modules_joined(loader, loader->initrd_last);

	return status == UDV_OK ? boot_block_write(loader, 16, write_params) : status;
}
