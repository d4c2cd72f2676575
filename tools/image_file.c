/* SPDX-License-Identifier: MIT */
#include "image_file.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common.h"

static bool map_file(struct image_file *file, const char *command, const char *path)
{
	struct stat info;
	int descriptor = open(path, O_RDONLY | O_CLOEXEC);
	bool done = false;

	if (descriptor < 0 || fstat(descriptor, &info) != 0) {
		complain(command, "cannot open %s: %s", path, strerror(errno));
	} else if (!S_ISREG(info.st_mode)) {
		complain(command, "%s: not a regular file", path);
	} else if (info.st_size == 0) {
		complain(command, "%s: the file is empty", path);
	} else {
		file->mapping_size = (size_t)info.st_size;
		file->mapping =
			mmap(NULL, file->mapping_size, PROT_READ, MAP_PRIVATE, descriptor, 0);
		done = file->mapping != MAP_FAILED;
		if (!done) {
			complain(command, "cannot map %s: %s", path, strerror(errno));
			file->mapping = NULL;
		}
	}
	if (descriptor >= 0)
		close(descriptor);
	return done;
}

static bool parse_image(struct image_file *file, const char *command, const char *path,
			const struct udv_image_options *options)
{
	enum udv_status status =
		udv_image_parse(&file->image, file->mapping, file->mapping_size, options, NULL, 0);
	size_t nr;

	if (status == UDV_ERR_NO_MEMORY) {
		nr = file->image.ranges_needed;
		file->ranges = calloc(nr, sizeof(*file->ranges));
		if (!file->ranges) {
			complain(command, "%s: out of memory", path);
			return false;
		}
		status = udv_image_parse(&file->image, file->mapping, file->mapping_size, options,
					 file->ranges, nr);
	}
	if (status == UDV_OK)
		return true;
	complain(command, "%s: %s (at file offset 0x%" PRIx64 ")", path,
		 file->image.problem ? file->image.problem : udv_status_text(status),
		 file->image.problem_offset);
	return false;
}

bool image_file_open(struct image_file *file, const char *command, const char *path,
		     const struct udv_image_options *options)
{
	*file = (struct image_file){ .mapping = NULL };
	return map_file(file, command, path) && parse_image(file, command, path, options);
}

void image_file_close(struct image_file *file)
{
	free(file->ranges);
	if (file->mapping)
		munmap(file->mapping, file->mapping_size);
}
