/* SPDX-License-Identifier: MIT */
#include <stdint.h>
#include <stdlib.h>

#include <undervisor/image.h>
#include <undervisor/paging.h>

/*
 * Any bytes as a memory image of each format; where they are one, its notes, some reads at the
 * edges of its ranges, and walks that take their tables from it.
 */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define CR0_PG_WP_PE 0x80010001u
#define CR4_PAE 0x20u
#define EFER_LMA_LME_NXE 0xd00u

static void check(bool fine)
{
	if (!fine)
		__builtin_trap();
}

static void read_edges(const struct udv_image *image)
{
	uint8_t bytes[16];

	for (size_t i = 0; i < image->nr_ranges; i++) {
		const struct udv_image_range *range = &image->ranges[i];
		uint64_t last = range->base + (range->size - 1);

		check(range->size > 0 && last >= range->base);
		check(i == 0 ||
		      image->ranges[i - 1].base + (image->ranges[i - 1].size - 1) < range->base);
		check(udv_image_read(image, range->base, bytes, 1));
		check(udv_image_read(image, last, bytes, 1));
		udv_image_read(image, range->base - 8, bytes, sizeof(bytes));
		udv_image_read(image, last - 8, bytes, sizeof(bytes));
	}
}

static void walk(const struct udv_image *image, uint64_t cr3, bool ept)
{
	struct udv_paging_config config = {
		.cr0 = CR0_PG_WP_PE,
		.cr3 = cr3 & 0xffffffffff000,
		.cr4 = CR4_PAE,
		.efer = EFER_LMA_LME_NXE,
		.features = UDV_FEATURES_ALL,
		.guest_maxphyaddr = 52,
		.maxphyaddr = 52,
		.ept = ept,
		.eptp = (cr3 & 0xffffffffff000) | 0x1e,
		.ept_vpid_cap = UDV_EPT_CAP_ALL,
	};
	struct udv_memory memory;
	struct udv_paging paging;
	struct udv_walk_result result;
	struct udv_walk_record record;

	udv_image_memory(image, &memory);
	check(udv_paging_init(&paging, &config, &memory) == UDV_OK);
	for (uint64_t gva = 0; gva < 4; gva++)
		udv_walk_recorded(&paging, UDV_ACCESS_READ | UDV_ACCESS_PEEK,
				  UDV_GVA(gva * 0x40201008), &result, &record);
}

static void use(const struct udv_image *image)
{
	struct udv_image_cpu cpu;

	read_edges(image);
	for (unsigned i = 0; i < image->nr_cpus; i++) {
		check(udv_image_cpu(image, i, &cpu) == UDV_OK);
		walk(image, cpu.cr3, false);
	}
	check(udv_image_cpu(image, image->nr_cpus, &cpu) == UDV_ERR_NOT_FOUND);
	walk(image, image->nr_ranges ? image->ranges[0].base : 0, false);
	walk(image, image->nr_ranges ? image->ranges[0].base : 0, true);
	walk(image, image->kernel.cr3, false);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	for (unsigned format = UDV_IMAGE_AUTO; format <= UDV_IMAGE_RAW; format++) {
		struct udv_image_options options = { .format = (enum udv_image_format)format };
		struct udv_image_range *ranges;
		struct udv_image image;
		enum udv_status status = udv_image_parse(&image, data, size, &options, NULL, 0);

		check(status != UDV_OK && image.problem);
		if (status != UDV_ERR_NO_MEMORY)
			continue;
		check(image.ranges_needed <= size + 3);
		ranges = malloc(image.ranges_needed * sizeof(*ranges));
		if (!ranges)
			continue;
		check(udv_image_parse(&image, data, size, &options, ranges, image.ranges_needed) ==
		      UDV_OK);
		use(&image);
		free(ranges);
	}
	return 0;
}
