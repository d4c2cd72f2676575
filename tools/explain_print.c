/* SPDX-License-Identifier: MIT */
#include "explain_print.h"

#include "common.h"

#include <inttypes.h>
#include <string.h>

/* ---- text */

static bool dull(const struct udv_explain_row *row)
{
	return !row->set && (row->class == UDV_CLASS_RESERVED ||
			     row->class == UDV_CLASS_UNDEFINED || row->class == UDV_CLASS_IGNORED);
}

/* A run of dull rows of one class becomes one row. Returns how many rows it took. */
static unsigned next_row(const struct udv_explanation *x, unsigned at, struct udv_explain_row *row)
{
	unsigned next = at + 1;

	*row = x->rows[at];
	if (!dull(row))
		return 1;
	while (next < x->nr_rows && dull(&x->rows[next]) && x->rows[next].class == row->class)
		next++;
	row->high = x->rows[next - 1].high;
	if (next - at > 1) {
		row->name = udv_explain_class_name(row->class);
		row->meaning = "";
	}
	return next - at;
}

static void format_range(char *text, size_t size, const struct udv_explain_row *row)
{
	if (row->high == row->low)
		snprintf(text, size, "%u", row->low);
	else
		snprintf(text, size, "%u:%u", row->high, row->low);
}

static void format_value(char *text, size_t size, const struct udv_explanation *x,
			 const struct udv_explain_row *row)
{
	if (row->value < 10 || x->kind == UDV_EXPLAIN_EXIT_REASON)
		snprintf(text, size, "%" PRIu64, row->value);
	else
		snprintf(text, size, "0x%" PRIx64, row->value);
}

static char mark(const struct udv_explain_row *row)
{
	if (row->class == UDV_CLASS_VIOLATED)
		return '!';
	return row->set && row->class == UDV_CLASS_DEFINED ? '*' : ' ';
}

struct columns {
	int name, value;
};

static void widen(int *column, size_t length)
{
	if ((size_t)*column < length)
		*column = (int)length;
}

static struct columns measure(const struct udv_explanation *x)
{
	struct columns columns = { 0, 1 };
	struct udv_explain_row row;
	char text[24];

	for (unsigned i = 0; i < x->nr_rows; i += next_row(x, i, &row)) {
		next_row(x, i, &row);
		widen(&columns.name, strlen(row.name));
		format_value(text, sizeof(text), x, &row);
		widen(&columns.value, strlen(text));
	}
	return columns;
}

static void print_row(const struct udv_explanation *x, const struct udv_explain_row *row,
		      struct columns columns)
{
	bool say_class = row->class == UDV_CLASS_UNDEFINED || row->class == UDV_CLASS_IGNORED;
	char range[16], value[24];

	format_range(range, sizeof(range), row);
	format_value(value, sizeof(value), x, row);
	if (!row->meaning[0]) {
		printf("%c %5s  %-*s  %*s\n", mark(row), range, columns.name, row->name,
		       columns.value, value);
		return;
	}
	printf("%c %5s  %-*s  %*s  %s%s%s\n", mark(row), range, columns.name, row->name,
	       columns.value, value, say_class ? udv_explain_class_name(row->class) : "",
	       say_class ? ": " : "", row->meaning);
}

static const char *pair_words(const struct udv_explain_row *must, const struct udv_explain_row *may)
{
	if (must->class == UDV_CLASS_VIOLATED)
		return must->meaning;
	if (must->set)
		return "must be 1";
	return may->set ? "may be 0 or 1" : "must be 0";
}

/* One line for the two capability bits of a control; bits that are no control and 0 are left out.
 */
static void print_pairs(const struct udv_explanation *x)
{
	struct columns columns = measure(x);

	for (unsigned i = 0; i < 32; i++) {
		const struct udv_explain_row *must = &x->rows[i], *may = &x->rows[i + 32];
		char sign = may->set ? '*' : ' ';

		if (dull(must) && dull(may))
			continue;
		if (must->class == UDV_CLASS_VIOLATED)
			sign = '!';
		printf("%c %5u  %-*s  %u %u  %s\n", sign, i, columns.name, must->name, must->set,
		       may->set, pair_words(must, may));
	}
}

static void print_rows(const struct udv_explanation *x)
{
	struct columns columns = measure(x);
	struct udv_explain_row row;

	for (unsigned i = 0; i < x->nr_rows;) {
		i += next_row(x, i, &row);
		print_row(x, &row, columns);
	}
}

static void print_heading(const struct udv_explanation *x,
			  const struct udv_explain_options *options)
{
	printf("%s ", udv_explain_kind_name(x->kind));
	if (x->kind == UDV_EXPLAIN_MSR)
		printf("0x%" PRIx32 " ", options->msr);
	if (x->kind == UDV_EXPLAIN_EXIT_REASON && x->value < 1000)
		printf("%" PRIu64 ": %s\n", x->value, x->title);
	else
		printf("0x%" PRIx64 ": %s\n", x->value, x->title);
}

void print_text(const struct udv_explanation *x, const struct udv_explain_options *options)
{
	print_heading(x, options);
	if (x->paired)
		print_pairs(x);
	else
		print_rows(x);
	for (unsigned i = 0; i < x->nr_notes; i++)
		printf("- %s\n", x->notes[i]);
	putchar('\n');
}

/* ---- JSON */

static void print_json_row(const struct udv_explain_row *row)
{
	printf("{\"bit\":%u,", row->low);
	if (row->high != row->low)
		printf("\"high\":%u,\"value\":\"0x%" PRIx64 "\",", row->high, row->value);
	fputs("\"name\":", stdout);
	put_json_string(stdout, row->name);
	printf(",\"set\":%s,\"class\":\"%s\",\"meaning\":", row->set ? "true" : "false",
	       udv_explain_class_name(row->class));
	put_json_string(stdout, row->meaning);
	putchar('}');
}

void print_json(const struct udv_explanation *x, const struct udv_explain_options *options)
{
	printf("{\"kind\":\"%s\",", udv_explain_kind_name(x->kind));
	if (x->kind == UDV_EXPLAIN_MSR)
		printf("\"index\":\"0x%" PRIx32 "\",", options->msr);
	printf("\"value\":\"0x%" PRIx64 "\",\"width\":%u,\"title\":", x->value, x->width);
	put_json_string(stdout, x->title);
	fputs(",\"bits\":[", stdout);
	for (unsigned i = 0; i < x->nr_rows; i++) {
		if (i)
			putchar(',');
		print_json_row(&x->rows[i]);
	}
	fputs("],\"implies\":[", stdout);
	for (unsigned i = 0; i < x->nr_notes; i++) {
		if (i)
			putchar(',');
		put_json_string(stdout, x->notes[i]);
	}
	puts("]}");
}

/* ---- tables */

static void print_list_json(const struct udv_list_row *row)
{
	printf("{\"number\":\"0x%" PRIx32 "\",\"name\":", row->number);
	put_json_string(stdout, row->name);
	fputs(",\"text\":", stdout);
	put_json_string(stdout, row->text);
	fputs(",\"extra\":", stdout);
	put_json_string(stdout, row->extra);
	puts("}");
}

static void print_list_row(enum udv_list list, const struct udv_list_row *row, int width)
{
	char number[16];

	if (list == UDV_LIST_CONTROLS) {
		printf("%-26s %2" PRIu32 "  %s\n", row->extra, row->number, row->text);
		return;
	}
	if (list == UDV_LIST_EXIT_REASONS)
		snprintf(number, sizeof(number), "%" PRIu32, row->number);
	else
		snprintf(number, sizeof(number), "0x%04" PRIx32, row->number);
	printf("%*s  %-*s  %s\n",
	       list == UDV_LIST_MSRS	      ? 10
	       : list == UDV_LIST_VMCS_FIELDS ? 6
					      : 2,
	       number, width, row->name, row->text);
}

void print_list(enum udv_list list, bool json)
{
	struct udv_list_row row;
	int width = 0;

	for (unsigned i = 0; udv_list_row(list, i, &row) == UDV_OK; i++)
		widen(&width, strlen(row.name));
	for (unsigned i = 0; udv_list_row(list, i, &row) == UDV_OK; i++) {
		if (json)
			print_list_json(&row);
		else
			print_list_row(list, &row, width);
	}
}
