/* SPDX-License-Identifier: MIT */
#ifndef UDV_TOOLS_RUN_OUTPUTS_H
#define UDV_TOOLS_RUN_OUTPUTS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#define RUN_MAX_KNOWN 96
#define RUN_MAX_OUTPUTS 8

/*
 * The files of a run, by what they are and not by their names: what is written must be nothing else
 * that the run reads or writes. Outputs are opened as they are, all are compared, and only then is
 * what was in them dropped.
 */
struct run_outputs {
	struct run_known {
		char name[160]; /* for the user */
		dev_t device;
		ino_t inode;
		bool standard; /* output or error, which may be one file */
	} known[RUN_MAX_KNOWN];
	unsigned nr_known;
	int fds[RUN_MAX_OUTPUTS];
	unsigned nr_fds;
	double max_seconds; /* so long, all in all, a pipe waits for its reader; 0: for ever */
};

/* @fd is read, and nothing is to write it. */
void run_outputs_reads(struct run_outputs *outputs, const char *what, const char *path, int fd);
/* @fd is written. False after a line on standard error: it is something that is known. */
bool run_outputs_writes(struct run_outputs *outputs, const char *what, const char *path, int fd);
/* The same for standard output and error. */
bool run_outputs_standard(struct run_outputs *outputs, const char *what, int fd);
/* Opens a file for @option. -1 after a line on standard error. */
int run_outputs_open(struct run_outputs *outputs, const char *option, const char *path);
/* Empties all that were opened. */
bool run_outputs_truncate(const struct run_outputs *outputs);

#endif
