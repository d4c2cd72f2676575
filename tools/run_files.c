/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common.h"
#include "run.h"
#include "run_input.h"

static bool refuse(const char *path, const char *why)
{
	complain("run", "cannot read %s: %s", path, why);
	return false;
}

static const char *what_else(mode_t mode)
{
	if (S_ISDIR(mode))
		return "a directory, not a file";
	return S_ISFIFO(mode) || S_ISSOCK(mode) ? "a pipe, not a file" : "a device, not a file";
}

int run_open_regular(const char *path)
{
	/* A pipe is to be refused, not waited for. */
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	struct stat info;

	if (fd < 0) {
		refuse(path, strerror(errno));
		return -1;
	}
	if (fstat(fd, &info) == 0 && S_ISREG(info.st_mode))
		return fd;
	refuse(path, what_else(info.st_mode));
	close(fd);
	return -1;
}

bool run_open_file(struct run_file *file, const char *path)
{
	off_t size;

	*file = (struct run_file){ .path = path, .fd = run_open_regular(path) };
	if (file->fd < 0)
		return false;
	size = lseek(file->fd, 0, SEEK_END);
	if (size <= 0)
		return size == 0 || refuse(path, strerror(errno));
	file->size = (size_t)size;
	file->data = mmap(NULL, file->size, PROT_READ, MAP_PRIVATE, file->fd, 0);
	if (file->data != MAP_FAILED)
		return true;
	file->data = NULL;
	return refuse(path, strerror(errno));
}

void run_close_file(struct run_file *file)
{
	if (file->data)
		munmap(file->data, file->size);
	/* Never opened if there is no name: all of it is zero then. */
	if (file->path && file->fd >= 0)
		close(file->fd);
	*file = (struct run_file){ 0 };
}

/* ---------------------------------------------------------------- serial */

bool run_open_serial(struct run_serial *serial, struct run_outputs *outputs, const char *option,
		     const char *where)
{
	serial->fd = -1;
	if (strcmp(where, "stdio") == 0) {
		serial->fd = STDOUT_FILENO;
	} else if (strncmp(where, "file:", 5) == 0) {
		serial->fd = run_outputs_open(outputs, option, where + 5);
		serial->own = true;
		return serial->fd >= 0;
	}
	return true;
}

enum wait {
	WAIT_WRITE, /* it takes something */
	WAIT_AGAIN,
	WAIT_LEAVE, /* it takes nothing, and the run is to end */
};

/*
 * A reader may be slow, or never take anything again: then a signal ends the wait, and so does the
 * user who leaves at a terminal.
 */
static enum wait wait_for_reader(const struct run_serial *serial)
{
	struct run_input *input = serial->input;
	bool typed = input && input->terminal && input->open;
	bool leaves = *serial->caught || (input && input->quit);
	struct pollfd fds[] = {
		{ .fd = serial->fd, .events = POLLOUT },
		{ .fd = STDIN_FILENO, .events = POLLIN },
	};
	int n = poll(fds, typed ? 2 : 1, leaves ? 0 : -1);

	if (n > 0 && fds[0].revents)
		return WAIT_WRITE;
	if (n > 0)
		run_input_poll(input);
	return leaves ? WAIT_LEAVE : WAIT_AGAIN;
}

/*
 * A reader that has gone is no reason to stop the guest; nor is a full disk, but it is said. A pipe
 * that takes something has room for PIPE_BUF bytes; a terminal may keep us in write(), until the
 * next signal.
 */
void run_flush_serial(struct run_serial *serial)
{
	size_t done = 0;

	while (done < serial->used && serial->fd >= 0 && !serial->failed) {
		size_t left = serial->used - done;
		enum wait wait = wait_for_reader(serial);
		ssize_t n;

		if (wait == WAIT_LEAVE)
			break;
		if (wait == WAIT_AGAIN)
			continue;
		n = write(serial->fd, serial->buffer + done, left < PIPE_BUF ? left : PIPE_BUF);
		if (n >= 0) {
			done += (size_t)n;
		} else if (errno == EPIPE) {
			serial->fd = -1;
		} else if (errno != EINTR && errno != EAGAIN) {
			complain("run", "cannot write the output of %s: %s", serial->name,
				 strerror(errno));
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
