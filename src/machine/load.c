/* SPDX-License-Identifier: MIT */
#include "machine/load.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum udv_status load_refuse(const struct loader *loader, enum udv_status status, const char *format,
			    ...)
{
	va_list arguments;

	if (!loader->problem)
		return status;
	va_start(arguments, format);
	vsnprintf(loader->problem->text, sizeof(loader->problem->text), format, arguments);
	va_end(arguments);
	return status;
}

bool load_has(const struct loader *loader, uint64_t offset, uint64_t size)
{
	return offset <= loader->size && size <= loader->size - offset;
}

uint64_t load_field(const struct loader *loader, uint64_t offset, unsigned size)
{
	uint64_t value = 0;

	memcpy(&value, loader->data + offset, size);
	return value;
}

/* ---------------------------------------------------------------- places */

/* The taken range that [@base, @base + @size) runs into, or NULL. */
static const struct load_range *taken(const struct loader *loader, uint64_t base, uint64_t size)
{
	for (unsigned i = 0; i < loader->nr_ranges; i++) {
		const struct load_range *range = &loader->range[i];

		if (base < range->base + range->size && range->base < base + size)
			return range;
	}
	return NULL;
}

bool load_holds(const struct loader *loader, uint64_t address)
{
	return taken(loader, address, 1) != NULL;
}

enum udv_status load_claim(struct loader *loader, uint64_t base, uint64_t size)
{
	if (loader->nr_ranges == LOAD_MAX_RANGES)
		return load_refuse(loader, UDV_ERR_UNSUPPORTED, "too many parts to load");
	loader->range[loader->nr_ranges++] = (struct load_range){ base, size };
	return UDV_OK;
}

bool load_find_low(struct loader *loader, uint64_t from, uint64_t to, uint64_t size, uint64_t align,
		   uint64_t *base)
{
	const struct load_range *range;
	uint64_t at = (from + align - 1) / align * align;

	/* Every step leaves a range behind for good. */
	while (at <= to && size <= to - at && (range = taken(loader, at, size)) != NULL)
		at = (range->base + range->size + align - 1) / align * align;
	*base = at;
	return at <= to && size <= to - at;
}

bool load_find_high(struct loader *loader, uint64_t from, uint64_t to, uint64_t size,
		    uint64_t align, uint64_t *base)
{
	const struct load_range *range;

	while (to >= from && size <= to - from) {
		uint64_t at = (to - size) / align * align;

		if (at < from)
			return false;
		range = taken(loader, at, size);
		if (!range) {
			*base = at;
			return true;
		}
		to = range->base;
	}
	return false;
}

/* Memory that nobody wrote is zero already, and stays the host's. */
static void zero(struct udv_machine *machine, uint64_t base, uint64_t size)
{
	static const uint8_t zeros[MEM_PAGE_SIZE];

	while (size) {
		uint64_t inside = base & (MEM_PAGE_SIZE - 1);
		uint64_t part = MEM_PAGE_SIZE - inside < size ? MEM_PAGE_SIZE - inside : size;
		uint8_t *flags;

		if (mem_page(&machine->mem, base - inside, &flags) &&
		    *flags & (MEM_PAGE_DIRTY | MEM_PAGE_USED))
			mem_load_bytes(&machine->mem, base, zeros, part);
		base += part;
		size -= part;
	}
}

enum udv_status load_place(struct loader *loader, uint64_t base, uint64_t size, uint64_t offset,
			   uint64_t file_size)
{
	struct udv_machine *machine = loader->machine;
	const struct load_range *other;
	enum udv_status status;

	if (!load_has(loader, offset, file_size))
		return load_refuse(loader, UDV_ERR_TRUNCATED,
				   "truncated: %#llx bytes at %#llx of the file are missing",
				   (unsigned long long)file_size, (unsigned long long)offset);
	if (base > machine->low_memory || size > machine->low_memory - base)
		return load_refuse(loader, UDV_ERR_NO_MEMORY,
				   "%#llx bytes at %#llx do not fit in %llu MB of memory",
				   (unsigned long long)size, (unsigned long long)base,
				   (unsigned long long)machine->memory >> 20);
	if (base < ACPI_TABLES_BASE + ACPI_TABLES_SIZE && ACPI_TABLES_BASE < base + size)
		return load_refuse(loader, UDV_ERR_FORMAT,
				   "%#llx bytes at %#llx would lie over the ACPI tables at %#x",
				   (unsigned long long)size, (unsigned long long)base,
				   ACPI_TABLES_BASE);
	other = taken(loader, base, size);
	if (other)
		return load_refuse(loader, UDV_ERR_FORMAT,
				   "the parts at %#llx and %#llx overlap in memory",
				   (unsigned long long)other->base, (unsigned long long)base);
	status = load_claim(loader, base, size);
	if (status != UDV_OK)
		return status;
	mem_load_bytes(&machine->mem, base, loader->data + offset, file_size);
	zero(machine, base + file_size, size - file_size);
	return UDV_OK;
}

/* ---------------------------------------------------------------- an image */

const char *load_arguments(const struct loader *loader)
{
	const struct udv_boot *boot = loader->boot;
	const char *text = boot->cmdline ? boot->cmdline : "";
	size_t size = strlen(text), skip = boot->name_size < size ? boot->name_size : size;

	text += skip;
	return skip && *text == ' ' ? text + 1 : text;
}

/* A file that gzip has packed, as Debian's Xen is: boot loaders take it for what was packed. */
static enum udv_status unzip(struct loader *loader)
{
	static const uint8_t gzip[] = { 0x1f, 0x8b, 8 };
	enum udv_status status;

	if (loader->size < sizeof(gzip) || memcmp(loader->data, gzip, sizeof(gzip)) != 0)
		return UDV_OK;
	status = load_unpack(loader, "the packed file", loader->data, loader->size,
			     loader->machine->low_memory, &loader->unzipped, &loader->size);
	if (status == UDV_OK)
		loader->data = loader->unzipped;
	return status;
}

static enum udv_status load_image(struct loader *loader)
{
	enum udv_status status = unzip(loader);
	uint64_t at;

	if (status != UDV_OK)
		return status;
	if (!loader->size)
		return load_refuse(loader, UDV_ERR_TRUNCATED, "the file is empty");
	if (load_find_multiboot(loader, &at))
		return load_multiboot(loader, at);
	if (load_find_multiboot2(loader, &at))
		return load_multiboot2(loader, at);
	if (load_is_linux(loader))
		return load_linux(loader);
	if (load_find_pvh(loader, &at))
		return load_pvh(loader, at);
	if (load_is_elf(loader))
		return load_elf(loader);
	return load_refuse(loader, UDV_ERR_FORMAT,
			   "neither an ELF file, nor one with a multiboot header, nor a Linux "
			   "kernel");
}

static enum udv_status write_boot_info(struct loader *loader)
{
	static enum udv_status (*const writers[NR_STARTS])(struct loader * loader) = {
		[START_MULTIBOOT] = boot_info_multiboot, [START_MULTIBOOT2] = boot_info_multiboot2,
		[START_FLAT32] = boot_info_multiboot,	 [START_PVH] = boot_info_pvh,
		[START_LONG] = boot_info_multiboot,	 [START_LINUX] = boot_info_linux,
	};

	return writers[loader->start](loader);
}

static enum udv_status load_all(struct loader *loader)
{
	struct udv_machine *machine = loader->machine;
	enum udv_status status;

	if (loader->boot->nr_modules > LOAD_MAX_MODULES)
		return load_refuse(loader, UDV_ERR_ARGUMENT, "more than %u modules",
				   LOAD_MAX_MODULES);
	firmware_write(machine);
	status = load_image(loader);
	/* The tables come first: one protocol copies a part of them. */
	if (status == UDV_OK)
		status = acpi_tables_write(machine);
	if (status == UDV_OK)
		status = write_boot_info(loader);
	if (status == UDV_OK)
		status = load_boot_state(loader);
	firmware_set_memory_types(machine);
	return status;
}

enum udv_status udv_machine_load(struct udv_machine *machine, const struct udv_boot *boot,
				 struct udv_problem *problem)
{
	struct loader loader = {
		.machine = machine,
		.boot = boot,
		.data = boot->image,
		.size = boot->size,
		.problem = problem,
	};
	enum udv_status status = load_all(&loader);

	free(loader.unpacked);
	free(loader.unzipped);
	return status;
}
