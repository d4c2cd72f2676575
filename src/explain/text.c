/* SPDX-License-Identifier: MIT */
#include "explain/explain.h"

/*
 * Strings are built one at a time at text + text_used; text_end() closes one and moves text_used
 * past it. The open string's length is kept in its own terminator: text[text_used..] is always
 * a valid string.
 */

static size_t length(const char *string)
{
	size_t n = 0;

	while (string[n])
		n++;
	return n;
}

void text_add(struct udv_explanation *out, const char *piece)
{
	size_t at = out->text_used + length(out->text + out->text_used);

	for (; *piece; piece++) {
		if (at + 1 >= sizeof(out->text)) {
			out->truncated = true;
			break;
		}
		out->text[at++] = *piece;
	}
	out->text[at] = '\0';
}

static void add_number(struct udv_explanation *out, uint64_t number, unsigned base)
{
	char digits[24];
	unsigned at = sizeof(digits) - 1;

	digits[at] = '\0';
	do {
		digits[--at] = "0123456789abcdef"[number % base];
		number /= base;
	} while (number);
	text_add(out, digits + at);
}

void text_add_decimal(struct udv_explanation *out, uint64_t number)
{
	add_number(out, number, 10);
}

void text_add_hex(struct udv_explanation *out, uint64_t number)
{
	text_add(out, "0x");
	add_number(out, number, 16);
}

void text_add_item(struct udv_explanation *out, const char *piece, unsigned *nr_items)
{
	if ((*nr_items)++)
		text_add(out, ", ");
	text_add(out, piece);
}

const char *text_end(struct udv_explanation *out)
{
	const char *string = out->text + out->text_used;
	size_t next = out->text_used + length(string) + 1;

	/* A full buffer keeps its last byte as the empty string that later texts become. */
	if (next >= sizeof(out->text))
		next = sizeof(out->text) - 1;
	out->text_used = (unsigned)next;
	out->text[next] = '\0';
	return string;
}

void note(struct udv_explanation *out, const char *text)
{
	if (out->nr_notes == UDV_EXPLAIN_MAX_NOTES) {
		out->truncated = true;
		return;
	}
	out->notes[out->nr_notes++] = text;
}

void note_text(struct udv_explanation *out)
{
	note(out, text_end(out));
}
