/* SPDX-License-Identifier: MIT */
#include "machine/load.h"

/* Multiboot Specification 0.6.96, "OS image format". */

#define HEADER_MAGIC 0x1badb002u
#define HEADER_AREA 8192u /* the header is in the first so many bytes */
#define FLAG_PAGE_ALIGN 0x1u
#define FLAG_MEMORY 0x2u
#define FLAG_VIDEO 0x4u
#define FLAG_REQUIRED 0xffffu /* what one who does not know it must refuse */
#define FLAG_ADDRESSES 0x10000u

enum {
	AT_FLAGS = 4,
	AT_CHECKSUM = 8,
	AT_HEADER = 12,
	AT_LOAD = 16,
	AT_LOAD_END = 20,
	AT_BSS_END = 24,
	AT_ENTRY = 28,
	END_OF_CHECKSUM = 12,
	END_OF_ADDRESSES = 32,
};

bool load_find_multiboot(const struct loader *loader, uint64_t *offset)
{
	for (uint64_t at = 0; at + END_OF_CHECKSUM <= HEADER_AREA; at += 4) {
		uint32_t magic, flags, checksum;

		if (!load_has(loader, at, END_OF_CHECKSUM))
			return false;
		magic = (uint32_t)load_field(loader, at, 4);
		flags = (uint32_t)load_field(loader, at + AT_FLAGS, 4);
		checksum = (uint32_t)load_field(loader, at + AT_CHECKSUM, 4);
		if (magic == HEADER_MAGIC && (uint32_t)(magic + flags + checksum) == 0) {
			*offset = at;
			return true;
		}
	}
	return false;
}

enum udv_status load_by_header(struct loader *loader, uint64_t header,
			       const struct load_addresses *addresses)
{
	uint64_t load = addresses->load, load_end = addresses->load_end;
	uint64_t bss_end = addresses->bss_end, offset;

	if (load > addresses->header || addresses->header - load > header)
		return load_refuse(loader, UDV_ERR_FORMAT,
				   "the multiboot header's load address %#llx is not in the file",
				   (unsigned long long)load);
	offset = header - (addresses->header - load);
	if (!load_end)
		load_end = load + (loader->size - offset);
	if (!bss_end)
		bss_end = load_end;
	if (load_end <= load || bss_end < load_end)
		return load_refuse(loader, UDV_ERR_FORMAT,
				   "the multiboot header's end of image is before its start");
	return load_place(loader, load, bss_end - load, offset, load_end - load);
}

/* The addresses in the header say how the file lies in memory. */
static enum udv_status load_by_addresses(struct loader *loader, uint64_t header)
{
	struct load_addresses addresses;
	enum udv_status status;

	if (!load_has(loader, header, END_OF_ADDRESSES))
		return load_refuse(loader, UDV_ERR_TRUNCATED, "the multiboot header is truncated");
	addresses = (struct load_addresses){
		.header = load_field(loader, header + AT_HEADER, 4),
		.load = load_field(loader, header + AT_LOAD, 4),
		.load_end = load_field(loader, header + AT_LOAD_END, 4),
		.bss_end = load_field(loader, header + AT_BSS_END, 4),
	};
	loader->entry = load_field(loader, header + AT_ENTRY, 4);
	status = load_by_header(loader, header, &addresses);
	if (status == UDV_OK && !load_holds(loader, loader->entry))
		return load_refuse(loader, UDV_ERR_FORMAT, "the entry %#llx is outside the image",
				   (unsigned long long)loader->entry);
	return status;
}

enum udv_status load_multiboot(struct loader *loader, uint64_t header)
{
	uint32_t flags = (uint32_t)load_field(loader, header + AT_FLAGS, 4);
	enum udv_status status;

	if (flags & FLAG_VIDEO)
		return load_refuse(loader, UDV_ERR_UNSUPPORTED,
				   "the multiboot header asks for a video mode");
	if (flags & FLAG_REQUIRED & ~(FLAG_PAGE_ALIGN | FLAG_MEMORY))
		return load_refuse(loader, UDV_ERR_UNSUPPORTED,
				   "the multiboot header asks for unknown features (flags %#x)",
				   flags);
	if (flags & FLAG_ADDRESSES)
		status = load_by_addresses(loader, header);
	else if (load_is_elf(loader))
		status = load_elf(loader);
	else
		status = load_refuse(loader, UDV_ERR_FORMAT,
				     "a multiboot header without addresses, and no ELF file");
	loader->start = START_MULTIBOOT;
	return status;
}
