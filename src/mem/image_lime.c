/* SPDX-License-Identifier: MIT */
#include "mem/image_internal.h"

/*
 * LiME: for each range of memory a header of 32 bytes (magic, version, first and last address,
 * eight reserved bytes), then the memory itself.
 */

#define LIME_HEADER 32u
#define LIME_MAGIC 0x4c694d45u
#define LIME_VERSION 1u

/* Checks the header at @offset and gives the range behind it. */
static enum udv_status lime_header(struct udv_image *image, uint64_t offset, uint64_t *base,
				   uint64_t *size)
{
	uint64_t end;

	if (!image_has(image, offset, LIME_HEADER))
		return image_refuse(image, UDV_ERR_TRUNCATED, "LiME: a range header is cut off",
				    offset);
	if (image_u32(image, offset) != LIME_MAGIC)
		return image_refuse(image, UDV_ERR_FORMAT,
				    "LiME: no range header where one must be", offset);
	if (image_u32(image, offset + 4) != LIME_VERSION)
		return image_refuse(image, UDV_ERR_UNSUPPORTED, "LiME: a version other than 1",
				    offset + 4);
	*base = image_u64(image, offset + 8);
	end = image_u64(image, offset + 16);
	if (end < *base || end - *base == UINT64_MAX)
		return image_refuse(image, UDV_ERR_FORMAT, "LiME: a range ends before it starts",
				    offset + 8);
	*size = end - *base + 1;
	if (!image_has(image, offset + LIME_HEADER, *size))
		return image_refuse(image, UDV_ERR_TRUNCATED,
				    "LiME: a range reaches past the end of the file", offset);
	return UDV_OK;
}

enum udv_status image_parse_lime(struct udv_image *image, struct udv_image_range *ranges,
				 size_t nr_ranges)
{
	struct range_table table;
	uint64_t base, size, pieces = 0;
	enum udv_status status;

	for (uint64_t offset = 0; offset == 0 || offset < image->size; pieces++) {
		status = lime_header(image, offset, &base, &size);
		if (status != UDV_OK)
			return status;
		offset += LIME_HEADER + size;
	}
	if (!range_table_init(&table, image, ranges, nr_ranges, pieces))
		return UDV_ERR_NO_MEMORY;
	for (uint64_t offset = 0; offset < image->size; offset += LIME_HEADER + size) {
		status = lime_header(image, offset, &base, &size);
		if (status != UDV_OK)
			return status;
		range_table_add(&table, base, size, offset + LIME_HEADER);
	}
	range_table_finish(&table, image);
	return UDV_OK;
}
