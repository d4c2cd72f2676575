/* SPDX-License-Identifier: MIT */
#ifndef TESTS_FLOAT_LITERALS_H
#define TESTS_FLOAT_LITERALS_H

/*
 * Operands, and what a processor made of them: literals_sse.inc and literals_x87.inc, written by
 * print_literals.c. Where a processor adds to the manual, or approximates, there is no row.
 */

#include "sse_operations.h"
#include "x87_operations.h"

struct sse_literal {
	enum sse_id id;
	uint32_t mxcsr;
	uint64_t in[3];
	uint64_t result; /* nothing, if an exception is not masked */
	uint8_t flags;
};

/* st0, st1, memory as far as the instruction reads and writes them. */
struct x87_literal {
	enum x87_id id;
	struct x87 before, after;
};

#endif
