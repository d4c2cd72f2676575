/* SPDX-License-Identifier: MIT */
#include "run_words.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "common.h"
#include "walk.h"

/* The walk behind an EPT fault, with the words that "undervisor walk" has for its entries. */

static struct walked *walked_of(const struct udv_trace_event *event)
{
	struct {
		struct walked walked;
		struct walk_session session;
	} *both = calloc(1, sizeof(*both));

	if (!both)
		return NULL;
	both->session.paging = *event->paging;
	both->walked.session = &both->session;
	both->walked.address = event->walk->gla.value;
	both->walked.result = *event->walk;
	both->walked.record = *event->record;
	return &both->walked;
}

static const char *step_wrong(const struct udv_step *step)
{
	if (step->flags & UDV_STEP_NOT_PRESENT)
		return "not present";
	if (step->flags & UDV_STEP_NO_MEMORY)
		return "not in memory";
	if (!(step->flags & UDV_STEP_BAD))
		return "";
	return step->dimension == UDV_DIM_GUEST ? "reserved bits" : "misconfigured";
}

void run_walk_text(FILE *file, const struct udv_trace_event *event)
{
	struct walked *walked = walked_of(event);
	char because[240];

	if (!walked)
		return;
	for (unsigned i = 0; i < walked->record.nr_steps; i++) {
		const struct udv_step *step = &walked->record.steps[i];
		char flags[96];

		entry_flags(&walked->session->paging, step, flags, sizeof(flags));
		fprintf(file, "  %c %s%s[%u] ", step_guilty(walked, step) ? '!' : '|',
			step->dimension == UDV_DIM_GUEST ? "" : "  ",
			level_name(step->dimension, step->level),
			step_index(&walked->session->paging, step));
		if (step->dimension != UDV_DIM_GUEST)
			fprintf(file, "of 0x%" PRIx64 " ", step->gpa.value);
		fprintf(file, "at 0x%" PRIx64 " = 0x%" PRIx64 " %s%s\n", step->address.value,
			step->value, flags, step_wrong(step));
	}
	if (walked->result.outcome != UDV_WALK_OK) {
		fault_because(walked, because, sizeof(because));
		fprintf(file, "  because %s\n", because);
	}
	free(walked);
}

static void print_step_json(FILE *file, const struct walked *walked, const struct udv_step *step)
{
	char flags[96];

	entry_flags(&walked->session->paging, step, flags, sizeof(flags));
	fprintf(file,
		"{\"entry\":\"%s\",\"index\":%u,\"address\":\"0x%" PRIx64
		"\",\"value\":\"0x%" PRIx64 "\",\"guest_physical\":\"0x%" PRIx64
		"\",\"flags\":\"%s\",\"wrong\":\"%s\",\"refuses\":%s}",
		level_name(step->dimension, step->level),
		step_index(&walked->session->paging, step), step->address.value, step->value,
		step->gpa.value, flags, step_wrong(step),
		step_guilty(walked, step) ? "true" : "false");
}

void run_walk_json(FILE *file, const struct udv_trace_event *event)
{
	struct walked *walked = walked_of(event);
	char because[240];

	if (!walked)
		return;
	fputs(",\"walk\":[", file);
	for (unsigned i = 0; i < walked->record.nr_steps; i++) {
		if (i)
			putc(',', file);
		print_step_json(file, walked, &walked->record.steps[i]);
	}
	fault_because(walked, because, sizeof(because));
	fputs("],\"because\":", file);
	put_json_string(file, because);
	free(walked);
}
