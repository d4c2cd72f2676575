/* SPDX-License-Identifier: MIT */
#include <stdatomic.h>
/* Clang initializes no atomic by a list; where it lies is the same. */
#define atomic_bool bool

#include "state_order.h"

#include "machine/state_lists.h"

/*
 * In C an initializer without a name goes to the member behind the one before it: so each list is
 * held, row by row, against what the compiler says comes next. A member that is in no list is found
 * wherever it lies, in padding too.
 *
 * Types do not matter here, since what is initialized is never used as what it is; compilers warn
 * of all that, and so this file is compiled without warnings.
 */

static size_t first_set(const void *object, size_t size)
{
	const uint8_t *bytes = object;
	size_t i = 0;

	while (i < size && !bytes[i])
		i++;
	return i;
}

/* clang-format off */
#define EACH(list, T, row) list(T, row, row, row, row, row, row, row)

/* Where the member behind @m begins; behind the last one it is what follows the struct. */
#define NEXT(T, m, ...) \
	static size_t next_##T##_##m(void) \
	{ \
		static const struct { \
			T object; \
			uint64_t behind; \
		} all = { .object.m = { 0 }, { 1 } }; \
		return first_set(&all, sizeof(all)); \
	}
#define NEXT_ROW(T, m, ...) next_##T##_##m,

#define PROBES(kind, name) \
	typedef kind name T_##name; \
	EACH(STATE_##name, T_##name, NEXT) \
	static size_t (*const next_##name[])(void) = { EACH(STATE_##name, T_##name, NEXT_ROW) };
#define NO_PROBES(kind, name)
STATE_LISTS(PROBES, NO_PROBES)

static const struct state_order orders[] = {
#define ORDER(kind, name) { &state_##name, next_##name },
	STATE_LISTS(ORDER, NO_PROBES)
};

typedef struct state_example T_example;
NEXT(T_example, first)
/* clang-format on */

const struct state_order *state_order(unsigned index)
{
	return index < sizeof(orders) / sizeof(orders[0]) ? &orders[index] : NULL;
}

size_t state_order_example(void)
{
	return next_T_example_first();
}
