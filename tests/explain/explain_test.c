/* SPDX-License-Identifier: MIT */
#include "explain_test.h"

struct udv_explanation x;
struct udv_explain_options options;

void explain(enum udv_explain_kind kind, uint64_t value)
{
	assert_int_equal(udv_explain(kind, value, &options, &x), UDV_OK);
	assert_false(x.truncated);
}

int setup(void **state)
{
	(void)state;
	memset(&x, 0xa5, sizeof(x)); /* nothing may depend on what was there */
	udv_explain_defaults(&options);
	return 0;
}

const struct udv_explain_row *row(unsigned low)
{
	unsigned i;

	for (i = 0; i < x.nr_rows; i++)
		if (x.rows[i].low == low)
			return &x.rows[i];
	fail_msg("no row starts at bit %u", low);
	return NULL;
}

bool has_note(const char *text)
{
	unsigned i;

	for (i = 0; i < x.nr_notes; i++)
		if (strcmp(x.notes[i], text) == 0)
			return true;
	return false;
}

void expect_note(const char *text)
{
	unsigned i;

	if (has_note(text))
		return;
	for (i = 0; i < x.nr_notes; i++)
		print_message("# %s\n", x.notes[i]);
	fail_msg("missing: %s", text);
}

unsigned count_notes(const char *start)
{
	unsigned count = 0, i;

	for (i = 0; i < x.nr_notes; i++)
		count += strncmp(x.notes[i], start, strlen(start)) == 0;
	return count;
}

unsigned contradictions(void)
{
	return count_notes("contradiction");
}

unsigned misconfigurations(void)
{
	return count_notes("misconfiguration");
}
