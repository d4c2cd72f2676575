/* SPDX-License-Identifier: MIT */
#include "arch/controls.h"

/* clang-format off */
#define CONTROL(b, identifier, words, ...) { .bit = (b), .id = #identifier, .name = (words) },
#define TABLE(group, controls, ...) \
	static const struct arch_control group##_controls[] = { controls(CONTROL) };
ARCH_CONTROL_GROUPS(TABLE)

#define GROUP(group, list, text, ...)                                                   \
	[ARCH_GROUP_##group] = {                                                        \
		.controls = group##_controls,                                           \
		.nr_controls = sizeof(group##_controls) / sizeof(group##_controls[0]),  \
		.words = (text),                                                        \
	},
const struct arch_control_table arch_control_tables[ARCH_NR_CONTROL_GROUPS] = {
	ARCH_CONTROL_GROUPS(GROUP)
};
/* clang-format on */
