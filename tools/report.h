/* SPDX-License-Identifier: MIT */
#ifndef UDV_TOOLS_REPORT_H
#define UDV_TOOLS_REPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <jansson.h>

/* "undervisor report": what a trace says of VM exits, as a page or for another viewer. */

/* Who handled an exit; the page has words for each, in this order. */
enum report_kind {
	REPORT_PROCESSOR, /* an exit that L1 saw, from the processor itself */
	REPORT_SHOWN,	  /* the same, that L0 took and showed to L1 */
	REPORT_FOUND,	  /* the same, that L0 found as it emulated an instruction of L2 */
	REPORT_FILLED,	  /* L0's alone: EPT02 lacked a page */
	REPORT_EMULATED,  /* L0's alone */
};

struct report_exit {
	double ns, instructions;
	double cost_ns, cost_instructions; /* until the next entry; below 0: there is none */
	/* of an exit that L1 saw: since when L2 ran, or below 0; until when L1 did */
	double entered_ns, until_ns;
	uint64_t rip, guest_physical, guest_linear, qualification;
	uint32_t words; /* index into report.words */
	uint8_t cpu, level, kind, reason, failed;
};

#define REPORT_CPUS 256u

struct report {
	struct report_exit *exits;
	size_t nr_exits, room;
	size_t max_walks, nr_walks;
	unsigned processors;
	json_t *words;			/* array of strings: what exits are in words */
	json_t *walks;			/* array of [number of the exit, {walk, because}] */
	json_t *reasons;		/* number: name */
	json_t *events;			/* name: how many there are of events that are no exits */
	double last_ns[REPORT_CPUS];	/* of the last event */
	double entered_ns[REPORT_CPUS]; /* of the entry that no exit has followed, or below 0 */
	/* while the trace is read */
	json_t *word_numbers;	      /* string: index into words */
	size_t open[REPORT_CPUS];     /* the last exit that no entry has followed, and 1 */
	uint8_t pending[REPORT_CPUS]; /* what L0 said just before: enum report_kind, or 0 */
};

/*
 * False after a line on standard error, which names what is wrong with @path and where. A report
 * is to be freed in any case.
 */
bool report_read(struct report *report, const char *path, size_t max_walks);
void report_free(struct report *report);

/* They leave errors of @file to its ferror(); false: there was no memory. */
bool report_html(const struct report *report, const char *name, FILE *file);
bool report_chrome(const struct report *report, FILE *file);

extern const char report_page_head[], report_page_tail[];

#endif
