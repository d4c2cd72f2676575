/* SPDX-License-Identifier: MIT */
#ifndef UDV_TOOLS_IMAGE_FILE_H
#define UDV_TOOLS_IMAGE_FILE_H

#include <undervisor/image.h>

/* A memory image in a file. */
struct image_file {
	struct udv_image image;
	struct udv_image_range *ranges;
	void *mapping;
	size_t mapping_size;
};

/* False after a line on standard error that begins with @command. */
bool image_file_open(struct image_file *file, const char *command, const char *path,
		     const struct udv_image_options *options);
void image_file_close(struct image_file *file);

#endif
