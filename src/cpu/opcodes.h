/* SPDX-License-Identifier: MIT */
#ifndef UDV_CPU_OPCODES_H
#define UDV_CPU_OPCODES_H

#include "cpu/opcodes_integer.h"
#include "cpu/opcodes_simd.h"
#include "cpu/opcodes_system.h"
#include "cpu/opcodes_x87.h"

/*
 * What an op can be. Each family's list is a file of its own; the order means nothing.
 * X(name) gives OP_name.
 */
enum op_code {
	OP_END, /* no instruction: the block goes on in another one */
#define OP_ENUM(name) OP_##name,
	OPCODES_INTEGER(OP_ENUM) OPCODES_SYSTEM(OP_ENUM) OPCODES_X87(OP_ENUM) OPCODES_SIMD(OP_ENUM)
#undef OP_ENUM
		NR_OP_CODES,
};

#endif
