/* SPDX-License-Identifier: MIT */
#ifndef UDV_TOOLS_EXPLAIN_PRINT_H
#define UDV_TOOLS_EXPLAIN_PRINT_H

#include <undervisor/explain.h>

/* How `undervisor explain` puts an explanation and a table on standard output. */

void print_text(const struct udv_explanation *explanation,
		const struct udv_explain_options *options);
void print_json(const struct udv_explanation *explanation,
		const struct udv_explain_options *options);
void print_list(enum udv_list list, bool json);

#endif
