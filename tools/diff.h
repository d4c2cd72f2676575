/* SPDX-License-Identifier: MIT */
#ifndef UDV_TOOLS_DIFF_H
#define UDV_TOOLS_DIFF_H

#include <stdio.h>

#include "diff_compare.h"

/* ---------------------------------------------------------------- a queue of records */

struct diff_queue {
	struct diff_record *records; /* @size of them, a power of two */
	size_t size, first, count;
};

/* A place for a record at the end, all zero; NULL: no memory. */
struct diff_record *diff_push(struct diff_queue *queue);
/* What an exit or event has of its own, as long as the caller's lasts. False: no memory. */
bool diff_take_event(struct diff_record *record, const struct udv_trace_event *event);
bool diff_take_exit(struct diff_record *record, const struct udv_vm_exit *exit);
/* The first record, or NULL. It stays where it is until diff_pop() or diff_push(). */
struct diff_record *diff_head(const struct diff_queue *queue);
/* Removes it: *@record has it, and what it points to. */
void diff_pop(struct diff_queue *queue, struct diff_record *record);
void diff_free_record(struct diff_record *record);
void diff_free_queue(struct diff_queue *queue);

/* ---------------------------------------------------------------- words */

extern const char *const diff_engines[2];

/* A record as the trace has it, with its walk. */
void diff_print_record(FILE *file, const struct diff_record *record);
/* Both records, either of which may be NULL, and what of them differs. */
void diff_print_both(FILE *file, const struct diff_record *const records[2]);

#endif
