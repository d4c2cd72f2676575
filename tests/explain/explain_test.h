/* SPDX-License-Identifier: MIT */
#ifndef UDV_TESTS_EXPLAIN_EXPLAIN_TEST_H
#define UDV_TESTS_EXPLAIN_EXPLAIN_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include <undervisor/explain.h>

/* What every test explains into, and with; setup() makes both new. */
extern struct udv_explanation x;
extern struct udv_explain_options options;

int setup(void **state);

/* Explains, which must succeed. */
void explain(enum udv_explain_kind kind, uint64_t value);

/* The row whose lowest bit is @low; there must be one. */
const struct udv_explain_row *row(unsigned low);

bool has_note(const char *text);
void expect_note(const char *text);

/* How many notes begin with @start. */
unsigned count_notes(const char *start);
unsigned contradictions(void);
unsigned misconfigurations(void);

#define TEST(function) cmocka_unit_test_setup(function, setup)

#endif
