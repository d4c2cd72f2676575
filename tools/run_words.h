/* SPDX-License-Identifier: MIT */
#ifndef UDV_TOOLS_RUN_WORDS_H
#define UDV_TOOLS_RUN_WORDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include <undervisor/machine.h>

/* What an event of VMX means, in words; "" for other events. */
#define RUN_WORDS 1000
void run_event_words(const struct udv_trace_event *event, char *buffer, size_t size);

/* "EPT_VIOLATION"; "unknown" if no exit has that number. */
const char *run_exit_name(uint64_t reason);

/* An event as a line of the trace, and its walk if it has one. */
void run_print_event(FILE *file, const struct udv_trace_event *event);

/* The walk of an event that has one, a line or an object an entry. @file: where to. */
void run_walk_text(FILE *file, const struct udv_trace_event *event);
void run_walk_json(FILE *file, const struct udv_trace_event *event);

#endif
