/* SPDX-License-Identifier: MIT */
#ifndef UDV_CPU_OPCODES_X87_H
#define UDV_CPU_OPCODES_X87_H

/* clang-format off */
#define OPCODES_X87(X) \
	X(X87_NONE)
/* clang-format on */

#endif
