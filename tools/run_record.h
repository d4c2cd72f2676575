/* SPDX-License-Identifier: MIT */
#ifndef UDV_TOOLS_RUN_RECORD_H
#define UDV_TOOLS_RUN_RECORD_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

/*
 * A recording is text: a first line with the format's name and version, a line for each thing that
 * a run depends on, then what came from outside and when, and last how the run ended:
 *
 *   undervisor-recording 1
 *   memory 134217728
 *   ...
 *   in INSTRUCTIONS TICKS BYTE      with so many instructions done, at this tick
 *   idle INSTRUCTIONS TICKS BYTE    while all processors waited, at this tick
 *   end INSTRUCTIONS TICKS HOW
 *
 * BYTE is two hexadecimal digits, or "eof" for the end of the input.
 */

#define RUN_RECORD_EOF 0x100u

enum run_event_kind {
	RUN_EVENT_IN,
	RUN_EVENT_IDLE,
	RUN_EVENT_END,
};

struct run_event {
	enum run_event_kind kind;
	uint64_t instructions, ticks;
	unsigned byte; /* or RUN_RECORD_EOF */
	char how[16];  /* of the end */
};

struct run_outputs;

struct run_record {
	FILE *file;
	const char *path;
	unsigned line;
	bool replaying, failed;
};

/* False after a line on standard error, as with all below. */
bool run_record_create(struct run_record *record, struct run_outputs *outputs, const char *path);
/* The first line of what was created. */
bool run_record_begin(struct run_record *record);
bool run_replay_open(struct run_record *record, const char *path);
/* A line of the header: written, or compared. @text may hold anything. */
bool run_record_header(struct run_record *record, const char *name, const char *text);
void run_record_event(struct run_record *record, const struct run_event *event);
bool run_replay_event(struct run_record *record, struct run_event *event);
/* Behind the line that ends it there is nothing. False after a line on standard error. */
bool run_replay_over(struct run_record *record);
bool run_record_close(struct run_record *record);

/* 64 bits over the contents of a file, in pieces; @sum is that of what comes before. */
#define RUN_CHECKSUM_START 0xcbf29ce484222325ull
uint64_t run_checksum(uint64_t sum, const void *data, size_t size);

#endif
