/* SPDX-License-Identifier: MIT */
#include "machine/load.h"

#include <stdarg.h>
#include <stdio.h>
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

		if (mem_page(&machine->mem, base - inside, &flags) && *flags & MEM_PAGE_DIRTY)
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

static enum udv_status load_image(struct loader *loader)
{
	uint64_t header;

	if (!loader->size)
		return load_refuse(loader, UDV_ERR_TRUNCATED, "the file is empty");
	if (load_find_multiboot(loader, &header))
		return load_multiboot(loader, header);
	if (load_is_elf(loader))
		return load_elf(loader);
	return load_refuse(loader, UDV_ERR_FORMAT,
			   "neither an ELF file nor one with a multiboot header");
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
	enum udv_status status;

	if (boot->nr_modules > LOAD_MAX_MODULES)
		return load_refuse(&loader, UDV_ERR_ARGUMENT, "more than %u modules",
				   LOAD_MAX_MODULES);
	firmware_write(machine);
	status = load_image(&loader);
	if (status == UDV_OK)
		status = load_boot_info(&loader);
	if (status == UDV_OK)
		status = acpi_tables_write(machine);
	if (status == UDV_OK)
		status = load_boot_state(&loader);
	return status;
}
