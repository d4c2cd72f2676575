/* SPDX-License-Identifier: MIT */
#include <inttypes.h>

#include "diff.h"
#include "run_words.h"

/* Two records, side by side. */

const char *const diff_engines[2] = { "direct", "nested" };

static void print_byte(FILE *file, const char *where, uint8_t byte)
{
	fprintf(file, "the guest sends 0x%02x", byte);
	if (byte > ' ' && byte < 0x7f)
		fprintf(file, " ('%c')", byte);
	fprintf(file, " on %s\n", where);
}

static void print_end(FILE *file, const struct diff_end *end)
{
	fprintf(file, "the run ends after %" PRIu64 " instructions: %s", end->info.instructions,
		udv_stop_text(end->info.stop));
	if (end->info.stop == UDV_STOP_DEBUG_EXIT)
		fprintf(file, " %u", end->info.value);
	putc('\n', file);
}

void diff_print_record(FILE *file, const struct diff_record *record)
{
	switch (record->kind) {
	case DIFF_EVENT:
	case DIFF_EXIT:
		run_print_event(file, &record->event);
		break;
	case DIFF_SERIAL:
		print_byte(file, "COM1", record->byte);
		break;
	case DIFF_CONSOLE:
		print_byte(file, "virtio's console", record->byte);
		break;
	case DIFF_END:
		print_end(file, record->end);
		break;
	}
}

static void print_fields(FILE *file, const struct diff_fields *fields)
{
	unsigned shown = fields->count < DIFF_MAX_FIELDS ? fields->count : DIFF_MAX_FIELDS;

	fprintf(file, "%-40s %-18s %s\n", "what differs", diff_engines[0], diff_engines[1]);
	for (unsigned i = 0; i < shown; i++) {
		const struct diff_field *field = &fields->list[i];

		fprintf(file, "  %-38s 0x%-16" PRIx64 " 0x%" PRIx64 "\n", field->name,
			field->values[0], field->values[1]);
	}
	if (fields->count > shown)
		fprintf(file, "  and %u more\n", fields->count - shown);
}

void diff_print_both(FILE *file, const struct diff_record *const records[2])
{
	struct diff_fields fields = { .count = 0 };

	if (records[0] && records[1]) {
		diff_compare(records[0], records[1], &fields);
		if (records[0]->kind != records[1]->kind ||
		    records[0]->event.kind != records[1]->event.kind)
			fields.count = 0; /* the lines below say it */
	}
	if (fields.count)
		print_fields(file, &fields);
	for (unsigned i = 0; i < 2; i++) {
		fprintf(file, "%s:\n  ", diff_engines[i]);
		if (records[i])
			diff_print_record(file, records[i]);
		else
			fputs("nothing\n", file);
	}
}
