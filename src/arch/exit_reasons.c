/* SPDX-License-Identifier: MIT */
#include "arch/exit_reasons.h"

/* clang-format off */
#define REASON(n, id, k, fields, text, ...)                                      \
	{ .number = (n), .info = (fields), .kind = ARCH_EXIT_KIND_##k, .name = #id, \
	  .cause = (text) },
const struct arch_exit_reason_row arch_exit_reasons[] = { ARCH_EXIT_REASONS(REASON) };
/* clang-format on */

const unsigned arch_nr_exit_reasons = sizeof(arch_exit_reasons) / sizeof(arch_exit_reasons[0]);
