/* SPDX-License-Identifier: MIT */
#ifndef UDV_CPU_OPCODES_SIMD_H
#define UDV_CPU_OPCODES_SIMD_H

/* clang-format off */
#define OPCODES_SIMD(X) \
	X(SIMD_NONE)
/* clang-format on */

#endif
