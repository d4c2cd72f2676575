/* SPDX-License-Identifier: MIT */
#ifndef UDV_TOOLS_RUN_H
#define UDV_TOOLS_RUN_H

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include <undervisor/machine.h>

#include "run_outputs.h"

struct run_input;

/*
 * Exit statuses of "undervisor run". A debug exit gives an odd one; these are even, but for those
 * of the shell's own.
 */
enum {
	RUN_POWER_OFF = 0,
	RUN_USAGE = 2,
	RUN_FILE = 120,	    /* an image or file cannot be used, or the host has no memory */
	RUN_HALTED = 122,   /* halted for ever */
	RUN_LIMIT = 124,    /* --max-instructions or --max-seconds */
	RUN_RESET = 126,    /* triple fault, VMX abort, or a reset that the guest asked for */
	RUN_SIGNALED = 130, /* Ctrl-C, SIGTERM, SIGHUP, or Ctrl-A x */
};

#define RUN_MAX_INITRDS 64

enum run_trace_format {
	RUN_TRACE_BY_NAME, /* JSON lines if the file is called so */
	RUN_TRACE_TEXT,
	RUN_TRACE_JSON,
};

enum run_switch {
	RUN_AUTO,
	RUN_ON,
	RUN_OFF,
};

struct run_options {
	bool diff; /* of "undervisor diff" */
	struct udv_machine_config machine;
	const char *image; /* NULL with --restore */
	char **arguments;  /* behind the image */
	int nr_arguments;
	const char *append;
	const char *initrds[RUN_MAX_INITRDS];
	unsigned nr_initrds;
	bool kernel_unpacks;
	const char *serial; /* stdio, file:PATH, none */
	const char *disks[UDV_MAX_DISKS];
	unsigned nr_disks;
	const char *virtio_console; /* as serial */
	const char *gdb;	    /* a port, or unix:PATH */
	uint64_t max_instructions;
	double max_seconds; /* 0: no limit */
	const char *record, *replay;
	const char *save, *restore;
	enum run_switch progress;
	bool sandbox, no_sandbox; /* neither: where the kernel has it */
	const char *trace;
	enum run_trace_format trace_format;
	bool trace_hash, stats, no_doctor, help;
};

/* For the command argv[0], "run" or "diff". False after a line on standard error. */
bool run_parse_options(struct run_options *options, int argc, char **argv);

/* ---------------------------------------------------------------- files */

struct run_file {
	const char *path; /* NULL: there is none */
	int fd;
	void *data;
	size_t size;
};

/* -1 after a line on standard error: not there, or not a regular file. */
int run_open_regular(const char *path);
/* Maps a file. False after a line on standard error. */
bool run_open_file(struct run_file *file, const char *path);
void run_close_file(struct run_file *file);

/* What the guest sends on its serial port, or on virtio's console. */
struct run_serial {
	const char *name; /* for the user */
	int fd;		  /* -1: nowhere */
	bool own;
	bool failed;			     /* with a line on standard error */
	const volatile sig_atomic_t *caught; /* a signal after which nothing waits */
	struct run_input *input;	     /* by which a user may leave; NULL: none */
	size_t used;
	uint8_t buffer[4096];
};

bool run_open_serial(struct run_serial *serial, struct run_outputs *outputs, const char *option,
		     const char *where);
void run_serial_byte(struct run_serial *serial, uint8_t byte);
void run_flush_serial(struct run_serial *serial);
void run_close_serial(struct run_serial *serial);

/* ---------------------------------------------------------------- disks */

struct run_disk {
	struct udv_disk config;
	char *path; /* NULL: there is no such disk */
	int fd;
	bool failed; /* at some time, with a line on standard error */
};

/* @text is FILE, FILE,write or FILE,readonly. False after a line on standard error. */
bool run_open_disk(struct run_disk *disk, const char *text);
void run_close_disk(struct run_disk *disk);

/* ---------------------------------------------------------------- trace */

struct run_trace {
	FILE *file; /* NULL: none */
	const char *path;
	bool json;
	bool failed; /* with a line on standard error */
	uint64_t hash;
};

bool run_open_trace(struct run_trace *trace, struct run_outputs *outputs,
		    const struct run_options *options);
void run_trace_event(struct run_trace *trace, const struct udv_trace_event *event);
/* The final registers go into the hash. */
void run_trace_registers(struct run_trace *trace, const struct udv_registers *registers);
/* Entries, and exits by reason; nothing if there were none. */
void run_print_exits(FILE *file, const struct udv_machine_stats *stats);
/* False after a line on standard error: not all of it could be written. */
bool run_close_trace(struct run_trace *trace);

#endif
