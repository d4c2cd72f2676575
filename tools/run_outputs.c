/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "run_outputs.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "common.h"

/* Pipes, terminals and other devices may well be written by several; they keep nothing. */
static bool identify(struct run_known *known, const char *what, const char *path, int fd)
{
	struct stat info;

	if (fd < 0 || fstat(fd, &info) != 0 || (!S_ISREG(info.st_mode) && !S_ISBLK(info.st_mode)))
		return false;
	*known = (struct run_known){ .device = info.st_dev, .inode = info.st_ino };
	snprintf(known->name, sizeof(known->name), "%s%s%s", what, path ? " " : "",
		 path ? path : "");
	return true;
}

static void remember(struct run_outputs *outputs, const struct run_known *known)
{
	if (outputs->nr_known < RUN_MAX_KNOWN)
		outputs->known[outputs->nr_known++] = *known;
}

void run_outputs_reads(struct run_outputs *outputs, const char *what, const char *path, int fd)
{
	struct run_known known;

	if (identify(&known, what, path, fd))
		remember(outputs, &known);
}

static bool check(struct run_outputs *outputs, const struct run_known *new)
{
	for (unsigned i = 0; i < outputs->nr_known; i++) {
		const struct run_known *old = &outputs->known[i];

		if (old->device != new->device || old->inode != new->inode ||
		    (old->standard && new->standard))
			continue;
		complain("run", "%s would overwrite %s: they are the same file", new->name,
			 old->name);
		return false;
	}
	remember(outputs, new);
	return true;
}

bool run_outputs_writes(struct run_outputs *outputs, const char *what, const char *path, int fd)
{
	struct run_known known;

	return !identify(&known, what, path, fd) || check(outputs, &known);
}

bool run_outputs_standard(struct run_outputs *outputs, const char *what, int fd)
{
	struct run_known known;

	if (!identify(&known, what, NULL, fd))
		return true;
	known.standard = true;
	return check(outputs, &known);
}

/* A named pipe opens once it has a reader: who set a limit does not wait for that for ever. */
static int open_output(struct run_outputs *outputs, const char *path)
{
	const int flags = O_WRONLY | O_CREAT | O_CLOEXEC | O_NOCTTY;
	const struct timespec pause = { .tv_nsec = 10000000 };
	int fd;

	if (outputs->max_seconds == 0)
		return open(path, flags, 0666);
	while ((fd = open(path, flags | O_NONBLOCK, 0666)) < 0 && errno == ENXIO &&
	       outputs->max_seconds > 0) {
		nanosleep(&pause, NULL);
		outputs->max_seconds -= 0.01;
		errno = ENXIO;
	}
	/* From here on writing may wait, which the limit ends. */
	if (fd >= 0)
		fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) & ~O_NONBLOCK);
	return fd;
}

int run_outputs_open(struct run_outputs *outputs, const char *option, const char *path)
{
	int fd = open_output(outputs, path);

	if (fd < 0) {
		complain("run", "cannot write %s: %s", path,
			 errno == ENXIO ? "nobody reads it" : strerror(errno));
		return -1;
	}
	if (outputs->nr_fds == RUN_MAX_OUTPUTS || !run_outputs_writes(outputs, option, path, fd)) {
		close(fd);
		return -1;
	}
	outputs->fds[outputs->nr_fds++] = fd;
	return fd;
}

bool run_outputs_truncate(const struct run_outputs *outputs)
{
	struct stat info;

	for (unsigned i = 0; i < outputs->nr_fds; i++) {
		int fd = outputs->fds[i];

		if (fstat(fd, &info) != 0 || !S_ISREG(info.st_mode) || ftruncate(fd, 0) == 0)
			continue;
		complain("run", "cannot empty an output: %s", strerror(errno));
		return false;
	}
	return true;
}
