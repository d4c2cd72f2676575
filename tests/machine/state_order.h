/* SPDX-License-Identifier: MIT */
#ifndef UDV_TESTS_MACHINE_STATE_ORDER_H
#define UDV_TESTS_MACHINE_STATE_ORDER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "machine/state.h"

/* What the compiler says of the order of members. */
struct state_order {
	const struct state_table *table;
	/* For each member of the list, where the one behind it begins. */
	size_t (*const *next)(void);
};

/* NULL after the last. */
const struct state_order *state_order(unsigned index);

/* A struct of which a list might forget the second member, in what would be padding. */
struct state_example {
	uint8_t first;
	bool hidden;
	uint32_t second;
};

/* Where the member behind first begins. */
size_t state_order_example(void);

#endif
