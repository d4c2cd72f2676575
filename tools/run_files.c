/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common.h"
#include "run.h"

static bool refuse(const char *path, const char *why)
{
	complain("run", "cannot read %s: %s", path, why);
	return false;
}

bool run_open_file(struct run_file *file, const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat info;

	*file = (struct run_file){ .path = path };
	if (fd < 0)
		return refuse(path, strerror(errno));
	if (fstat(fd, &info) != 0 || !S_ISREG(info.st_mode)) {
		close(fd);
		return refuse(path, "not a file");
	}
	file->size = (size_t)info.st_size;
	if (file->size) {
		file->data = mmap(NULL, file->size, PROT_READ, MAP_PRIVATE, fd, 0);
		if (file->data == MAP_FAILED) {
			int error = errno;

			file->data = NULL;
			close(fd);
			return refuse(path, strerror(error));
		}
	}
	close(fd);
	return true;
}

void run_close_file(struct run_file *file)
{
	if (file->data)
		munmap(file->data, file->size);
	file->data = NULL;
}

/* ---------------------------------------------------------------- serial */

bool run_open_serial(struct run_serial *serial, const char *where)
{
	serial->fd = -1;
	if (strcmp(where, "stdio") == 0) {
		serial->fd = STDOUT_FILENO;
	} else if (strncmp(where, "file:", 5) == 0) {
		serial->fd = open(where + 5, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
		serial->own = true;
		if (serial->fd < 0) {
			complain("run", "cannot write %s: %s", where + 5, strerror(errno));
			return false;
		}
	}
	return true;
}

/* A reader that has gone is no reason to stop the guest; nor is a full disk, but it is said. */
void run_flush_serial(struct run_serial *serial)
{
	size_t done = 0;

	while (done < serial->used && serial->fd >= 0 && !serial->failed) {
		ssize_t n = write(serial->fd, serial->buffer + done, serial->used - done);

		if (n >= 0) {
			done += (size_t)n;
		} else if (errno == EPIPE || *serial->caught) {
			serial->fd = -1;
		} else if (errno == EAGAIN) {
			poll(&(struct pollfd){ .fd = serial->fd, .events = POLLOUT }, 1, -1);
		} else if (errno != EINTR) {
			complain("run", "cannot write the serial output: %s", strerror(errno));
			serial->failed = true;
		}
	}
	serial->used = 0;
}

void run_serial_byte(struct run_serial *serial, uint8_t byte)
{
	serial->buffer[serial->used++] = byte;
	if (byte == '\n' || serial->used == sizeof(serial->buffer))
		run_flush_serial(serial);
}

void run_close_serial(struct run_serial *serial)
{
	run_flush_serial(serial);
	if (serial->own && serial->fd >= 0)
		close(serial->fd);
	serial->fd = -1;
}
