/* SPDX-License-Identifier: MIT */
#ifndef UDV_CPU_OPCODES_SYSTEM_H
#define UDV_CPU_OPCODES_SYSTEM_H

/* clang-format off */
#define OPCODES_SYSTEM(X) \
	X(SYSTEM_NONE)
/* clang-format on */

#endif
