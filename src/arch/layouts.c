/* SPDX-License-Identifier: MIT */
#include "arch/entry_bits.h"
#include "arch/fault_bits.h"
#include "arch/registers.h"

/* clang-format off */
#define ROW(k, h, l, n, text, if_0, if_1)                                     \
	{ .high = (h), .low = (l), .kind = ARCH_##k, .needs = ARCH_NEEDS_##n, \
	  .name = (text), .clear = (if_0), .set = (if_1) },

#define LAYOUT(id, bits, rest, words)                                        \
	static const struct arch_row id##_rows[] = { ARCH_##id##_ROWS(ROW) }; \
	const struct arch_layout arch_layout_##id = {                        \
		.rows = id##_rows,                                           \
		.nr_rows = sizeof(id##_rows) / sizeof(id##_rows[0]),         \
		.width = (bits),                                             \
		.gaps = ARCH_##rest,                                         \
		.title = (words),                                            \
	};
ARCH_REGISTER_LAYOUTS(LAYOUT)
ARCH_FAULT_LAYOUTS(LAYOUT)
ARCH_ENTRY_LAYOUTS(LAYOUT)

/* A bit is one bit wide, a row ends within 64 bits, and high is not below low. */
#define CHECK_ROW(k, h, l, n, text, ...)                                            \
	_Static_assert((h) >= (l) && (h) < 64, text);                               \
	_Static_assert(ARCH_##k != ARCH_BIT || (h) == (l), text);
#define CHECK(id, ...) ARCH_##id##_ROWS(CHECK_ROW)
ARCH_REGISTER_LAYOUTS(CHECK)
ARCH_FAULT_LAYOUTS(CHECK)
ARCH_ENTRY_LAYOUTS(CHECK)
/* clang-format on */
