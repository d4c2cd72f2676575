/* SPDX-License-Identifier: MIT */
#ifndef UDV_CPU_OPCODES_INTEGER_H
#define UDV_CPU_OPCODES_INTEGER_H

/* clang-format off */
#define OPCODES_INTEGER(X) \
	X(INTEGER_NONE)
/* clang-format on */

#endif
