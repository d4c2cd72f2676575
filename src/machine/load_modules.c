/* SPDX-License-Identifier: MIT */
#include "machine/boot_block.h"

/*
 * Where modules go: behind the image, as multiboot loaders put them, or as one piece as far up as
 * Linux reads an initial RAM disk.
 */

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

static enum udv_status no_room(const struct loader *loader, unsigned i)
{
	return load_refuse(loader, UDV_ERR_NO_MEMORY, "no memory left for module %u of %llu bytes",
			   i + 1, (unsigned long long)loader->boot->modules[i].size);
}

enum udv_status load_modules_behind(struct loader *loader)
{
	uint64_t from = end_of_image(loader);

	for (unsigned i = 0; i < loader->boot->nr_modules; i++) {
		const struct udv_module *module = &loader->boot->modules[i];
		uint64_t size = module->size ? module->size : 1;
		enum udv_status status;

		if (!load_find_low(loader, from, loader->machine->low_memory, size, MEM_PAGE_SIZE,
				   &loader->module[i]))
			return no_room(loader, i);
		status = load_claim(loader, loader->module[i], size);
		if (status != UDV_OK)
			return status;
		mem_load_bytes(&loader->machine->mem, loader->module[i], module->data,
			       module->size);
	}
	return UDV_OK;
}

/* Archives behind each other are one to Linux, if each begins at a multiple of 4. */
enum udv_status load_modules_joined(struct loader *loader, uint64_t last)
{
	uint64_t end = last < loader->machine->low_memory ? last + 1 : loader->machine->low_memory;
	uint64_t size = 0, base;

	for (unsigned i = 0; i < loader->boot->nr_modules; i++) {
		if (loader->boot->modules[i].size > end - size)
			return no_room(loader, i);
		loader->module[i] = size;
		loader->joined_size = size + loader->boot->modules[i].size;
		size = (loader->joined_size + 3) & ~3ull;
		if (size > end)
			return no_room(loader, i);
	}
	if (!size)
		return UDV_OK;
	if (!load_find_high(loader, UPPER_MEMORY, end, size, MEM_PAGE_SIZE, &base))
		return load_refuse(loader, UDV_ERR_NO_MEMORY,
				   "no memory left for an initial RAM disk of %llu bytes",
				   (unsigned long long)loader->joined_size);
	loader->joined = base;
	for (unsigned i = 0; i < loader->boot->nr_modules; i++) {
		const struct udv_module *module = &loader->boot->modules[i];

		loader->module[i] += base;
		mem_load_bytes(&loader->machine->mem, loader->module[i], module->data,
			       module->size);
	}
	return load_claim(loader, base, size);
}
