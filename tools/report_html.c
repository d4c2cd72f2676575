/* SPDX-License-Identifier: MIT */
#include "report.h"

#include <inttypes.h>
#include <string.h>

#include "common.h"

/* The page with its data: columns of exits in base64, as a browser's typed arrays have them. */

/* ---------------------------------------------------------------- base64 */

struct encoder {
	FILE *file;
	uint32_t bits;
	unsigned bytes;
};

static void put_group(FILE *file, uint32_t bits, unsigned bytes)
{
	static const char digits[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

	for (unsigned i = 0; i < 4; i++)
		putc(i <= bytes ? digits[bits >> (18 - 6 * i) & 63] : '=', file);
}

static void encode(struct encoder *e, const void *data, size_t size)
{
	const uint8_t *bytes = data;

	for (size_t i = 0; i < size; i++) {
		e->bits |= (uint32_t)bytes[i] << (16 - 8 * e->bytes);
		if (++e->bytes < 3)
			continue;
		put_group(e->file, e->bits, 3);
		e->bits = e->bytes = 0;
	}
}

static void encode_end(struct encoder *e)
{
	if (e->bytes)
		put_group(e->file, e->bits, e->bytes);
}

/* ---------------------------------------------------------------- columns */

static const struct {
	const char *name;
	size_t offset, size;
} columns[] = {
#define COLUMN(field)                                                                              \
	{                                                                                          \
#field, offsetof(struct report_exit, field),                                       \
			sizeof(((struct report_exit *)0)->field)                                   \
	}
	COLUMN(ns),	      COLUMN(instructions),
	COLUMN(cost_ns),      COLUMN(cost_instructions),
	COLUMN(rip),	      COLUMN(guest_physical),
	COLUMN(guest_linear), COLUMN(qualification),
	COLUMN(words),	      COLUMN(cpu),
	COLUMN(level),	      COLUMN(kind),
	COLUMN(reason),	      COLUMN(failed),
#undef COLUMN
};

static void put_columns(const struct report *report, FILE *file)
{
	fputs("\"columns\":{", file);
	for (size_t i = 0; i < sizeof(columns) / sizeof(columns[0]); i++) {
		struct encoder e = { .file = file };

		fprintf(file, "%s\"%s\":\"", i ? "," : "", columns[i].name);
		for (size_t j = 0; j < report->nr_exits; j++)
			encode(&e, (const char *)&report->exits[j] + columns[i].offset,
			       columns[i].size);
		encode_end(&e);
		fputc('"', file);
	}
	fputc('}', file);
}

/* ---------------------------------------------------------------- the rest */

/* A "<" could end the script that the data is in; in JSON it is only found in strings. */
static int put_escaped(const char *text, size_t size, void *opaque)
{
	FILE *file = opaque;

	for (size_t i = 0; i < size; i++) {
		if (text[i] == '<')
			fputs("\\u003c", file);
		else
			putc(text[i], file);
	}
	return 0;
}

static bool put_member(FILE *file, const char *key, const json_t *value)
{
	fprintf(file, ",\"%s\":", key);
	return json_dump_callback(value, put_escaped, file, JSON_COMPACT | JSON_ENCODE_ANY) == 0;
}

bool report_html(const struct report *report, const char *name, FILE *file)
{
	/* A file's name may be in any encoding. */
	json_t *file_name = json_string(name);
	bool good;

	if (!file_name)
		file_name = json_string("a trace");
	fputs(report_page_head, file);
	fprintf(file, "{\"processors\":%u,", report->processors);
	put_columns(report, file);
	good = put_member(file, "file", file_name) && put_member(file, "words", report->words) &&
	       put_member(file, "walks", report->walks) &&
	       put_member(file, "reasons", report->reasons) &&
	       put_member(file, "events", report->events);
	fputs("}\n", file);
	fputs(report_page_tail, file);
	json_decref(file_name);
	return good;
}
