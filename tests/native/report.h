/* SPDX-License-Identifier: MIT */
#ifndef UDV_TESTS_NATIVE_REPORT_H
#define UDV_TESTS_NATIVE_REPORT_H

#include "snippet.h"

/* Whether @got is what the host makes of the snippet. */
bool same_as_host(const struct snippet *s, const struct state *want, const struct state *got);
/* Bit for bit, what is undefined too. */
bool same_exactly(const struct state *want, const struct state *got);

void print_snippet(const struct snippet *s);
void print_differences(const struct snippet *s, const struct state *want, const struct state *got,
		       const uint8_t *want_data, const uint8_t *got_data);

#endif
