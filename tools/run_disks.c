/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common.h"
#include "run.h"

/* Files as disks of the guest. */

#define SECTOR 512u

/* The first error is said; the guest gets each. */
static bool failed(struct run_disk *disk, const char *what, const char *why)
{
	if (!disk->failed)
		complain("run", "cannot %s %s: %s", what, disk->path, why);
	disk->failed = true;
	return false;
}

static bool disk_read(void *opaque, uint64_t offset, void *data, size_t size)
{
	struct run_disk *disk = opaque;
	uint8_t *to = data;

	while (size) {
		ssize_t n = pread(disk->fd, to, size, (off_t)offset);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return failed(disk, "read", n ? strerror(errno) : "it has become shorter");
		to += n;
		offset += (uint64_t)n;
		size -= (size_t)n;
	}
	return true;
}

static bool disk_write(void *opaque, uint64_t offset, const void *data, size_t size)
{
	struct run_disk *disk = opaque;
	const uint8_t *from = data;

	while (size) {
		ssize_t n = pwrite(disk->fd, from, size, (off_t)offset);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return failed(disk, "write", strerror(errno));
		from += n;
		offset += (uint64_t)n;
		size -= (size_t)n;
	}
	return true;
}

static bool disk_flush(void *opaque)
{
	struct run_disk *disk = opaque;

	return fdatasync(disk->fd) == 0 || failed(disk, "write", strerror(errno));
}

static bool refuse(const struct run_disk *disk, const char *why)
{
	complain("run", "cannot use %s as a disk: %s", disk->path, why);
	return false;
}

/* FILE, FILE,write or FILE,readonly, as the options have checked. */
static bool parse(struct run_disk *disk, const char *text, bool *write)
{
	const char *comma = strchrnul(text, ',');

	disk->path = strndup(text, (size_t)(comma - text));
	if (!disk->path)
		complain("run", "out of memory");
	*write = strcmp(comma, ",write") == 0;
	disk->config.read_only = strcmp(comma, ",readonly") == 0;
	return disk->path;
}

static bool check_file(struct run_disk *disk)
{
	struct stat info;
	off_t size;

	if (fstat(disk->fd, &info) != 0 || (!S_ISREG(info.st_mode) && !S_ISBLK(info.st_mode)))
		return refuse(disk, "neither a file nor a block device");
	size = lseek(disk->fd, 0, SEEK_END);
	if (size <= 0)
		return refuse(disk, "it is empty");
	if (size % SECTOR)
		return refuse(disk, "its size is not a multiple of 512 bytes, as a raw image's is");
	disk->config.size = (uint64_t)size;
	return true;
}

bool run_open_disk(struct run_disk *disk, const char *text)
{
	bool write;

	*disk = (struct run_disk){ .fd = -1 };
	if (!parse(disk, text, &write))
		return false;
	/* A pipe is to be refused, not waited for. */
	disk->fd = open(disk->path, (write ? O_RDWR : O_RDONLY) | O_CLOEXEC | O_NONBLOCK);
	if (disk->fd < 0)
		return refuse(disk, strerror(errno));
	if (!check_file(disk))
		return false;
	/* Whoever writes has it alone; whoever reads sees nobody write. */
	if (flock(disk->fd, (write ? LOCK_EX : LOCK_SH) | LOCK_NB) != 0 && errno == EWOULDBLOCK)
		return refuse(disk, "something else writes it, or reads what this run would write");
	disk->config.read = disk_read;
	if (write) {
		disk->config.write = disk_write;
		disk->config.flush = disk_flush;
	}
	disk->config.opaque = disk;
	return true;
}

void run_close_disk(struct run_disk *disk)
{
	/* Not open if there never was such a disk: all of it is zero then. */
	if (disk->path && disk->fd >= 0)
		close(disk->fd);
	free(disk->path);
	disk->path = NULL;
}
