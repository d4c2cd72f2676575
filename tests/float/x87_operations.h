/* SPDX-License-Identifier: MIT */
#ifndef TESTS_FLOAT_X87_OPERATIONS_H
#define TESTS_FLOAT_X87_OPERATIONS_H

/* The x87 functions of the library, each as an instruction on struct x87. */

#include "host_x87.h"

/* What an instruction reads and writes besides ST(0). */
enum x87_operands {
	UNARY,	 /* ST(0) to ST(0) */
	BINARY,	 /* ST(0), ST(1) to ST(0) */
	POPPING, /* ST(1), ST(0) to ST(1), which becomes ST(0) */
	PUSHING, /* ST(0) to ST(0) and ST(1) */
	COMPARE, /* conditions only */
	LOAD,	 /* memory to ST(0) */
	STORE,	 /* ST(0) to memory */
};

struct x87_operation {
	const char *name;
	/* Returns with *x as the instruction leaves it, but for x->status. */
	void (*library)(struct fp_env *env, struct x87 *x);
	host_x87 *host;
	enum x87_operands operands;
	uint16_t conditions; /* those of them that are defined */
};

extern const struct x87_operation x87_exact[];
extern const unsigned x87_exact_count;

/* Their results are approximations, on any processor. */
extern const struct x87_operation x87_transcendental[];
extern const unsigned x87_transcendental_count;

#endif
