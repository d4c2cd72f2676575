/* SPDX-License-Identifier: MIT */
#ifndef UDV_TESTS_VMX_CHECK_CASES_H
#define UDV_TESTS_VMX_CHECK_CASES_H

#include "entry_world.h"

/*
 * Every check of a VM entry: broken alone in a VMCS that is otherwise valid, it is the only one
 * that fails, with its class and by its field. Where a rule cannot be broken alone, all that fail
 * are named, in their order.
 */

struct broken {
	const char *ids;
	enum world_base base;
	const char *changes;
	const char *field; /* of the first failure; NULL: the rule's own */
};

/* "controls", "host", "guest", "segments": what breaks rules. "valid": what only looks like it. */
struct case_table {
	const char *name;
	const struct broken *cases;
	size_t nr;
};

#define NR_CASE_TABLES 5
#define VALID_CASES 4
extern const struct case_table case_tables[NR_CASE_TABLES];

#endif
