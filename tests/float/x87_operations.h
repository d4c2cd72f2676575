/* SPDX-License-Identifier: MIT */
#ifndef TESTS_FLOAT_X87_OPERATIONS_H
#define TESTS_FLOAT_X87_OPERATIONS_H

/* The x87 functions of the library, each as an instruction. */

#include "float/float.h"
#include "random.h"

/* What an instruction reads and writes besides ST(0). */
enum x87_operands {
	UNARY,	 /* ST(0) to ST(0) */
	BINARY,	 /* ST(0), ST(1) to ST(0) */
	POPPING, /* ST(1), ST(0) to ST(1), which becomes ST(0) */
	PUSHING, /* ST(0) to ST(0) and ST(1) */
	MEMORY,	 /* ST(0), memory to ST(0) */
	COMPARE, /* ST(0), ST(1): conditions only */
	COMPARE_MEMORY,
	LOAD,  /* memory to ST(0) */
	STORE, /* ST(0) to memory */
};

#define ALL_CONDITIONS (FP_C0 | FP_C1 | FP_C2 | FP_C3)

/* X(name, operands, the conditions that are defined) */
#define X87_OPERATIONS(X)                                                                          \
	X(fadd, BINARY, FP_C1)                                                                     \
	X(fsub, BINARY, FP_C1)                                                                     \
	X(fmul, BINARY, FP_C1)                                                                     \
	X(fdiv, BINARY, FP_C1)                                                                     \
	X(fsqrt, UNARY, FP_C1)                                                                     \
	X(frndint, UNARY, FP_C1)                                                                   \
	X(fprem, BINARY, ALL_CONDITIONS)                                                           \
	X(fprem1, BINARY, ALL_CONDITIONS)                                                          \
	X(fscale, BINARY, FP_C1)                                                                   \
	X(fxtract, PUSHING, FP_C1)                                                                 \
	X(fcom, COMPARE, ALL_CONDITIONS)                                                           \
	X(fucom, COMPARE, ALL_CONDITIONS)                                                          \
	X(fxam, COMPARE, ALL_CONDITIONS)                                                           \
	X(fsubr, BINARY, FP_C1)                                                                    \
	X(fdivr, BINARY, FP_C1)                                                                    \
	X(fadd32, MEMORY, FP_C1)                                                                   \
	X(fmul32, MEMORY, FP_C1)                                                                   \
	X(fcom32, COMPARE_MEMORY, ALL_CONDITIONS)                                                  \
	X(fsub32, MEMORY, FP_C1)                                                                   \
	X(fsubr32, MEMORY, FP_C1)                                                                  \
	X(fdiv32, MEMORY, FP_C1)                                                                   \
	X(fdivr32, MEMORY, FP_C1)                                                                  \
	X(fadd64, MEMORY, FP_C1)                                                                   \
	X(fmul64, MEMORY, FP_C1)                                                                   \
	X(fcom64, COMPARE_MEMORY, ALL_CONDITIONS)                                                  \
	X(fsub64, MEMORY, FP_C1)                                                                   \
	X(fsubr64, MEMORY, FP_C1)                                                                  \
	X(fdiv64, MEMORY, FP_C1)                                                                   \
	X(fdivr64, MEMORY, FP_C1)                                                                  \
	X(fld32, LOAD, FP_C1)                                                                      \
	X(fld64, LOAD, FP_C1)                                                                      \
	X(fild16, LOAD, FP_C1)                                                                     \
	X(fild32, LOAD, FP_C1)                                                                     \
	X(fild64, LOAD, FP_C1)                                                                     \
	X(fbld, LOAD, FP_C1)                                                                       \
	X(fst32, STORE, FP_C1)                                                                     \
	X(fst64, STORE, FP_C1)                                                                     \
	X(fist16, STORE, FP_C1)                                                                    \
	X(fist32, STORE, FP_C1)                                                                    \
	X(fistp64, STORE, FP_C1)                                                                   \
	X(fisttp16, STORE, FP_C1)                                                                  \
	X(fisttp32, STORE, FP_C1)                                                                  \
	X(fisttp64, STORE, FP_C1)                                                                  \
	X(fbstp, STORE, FP_C1)                                                                     \
	X(f2xm1, UNARY, 0)                                                                         \
	X(fyl2x, POPPING, 0)                                                                       \
	X(fyl2xp1, POPPING, 0)                                                                     \
	X(fpatan, POPPING, 0)                                                                      \
	X(fptan, PUSHING, FP_C2)                                                                   \
	X(fsin, UNARY, FP_C2)                                                                      \
	X(fcos, UNARY, FP_C2)                                                                      \
	X(fsincos, PUSHING, FP_C2)

enum x87_id {
#define X87_ID(name, ...) X87_##name,
	X87_OPERATIONS(X87_ID)
#undef X87_ID
		X87_OPERATION_COUNT,
	X87_FIRST_TRANSCENDENTAL = X87_f2xm1,
};

/* One instruction: what it finds, and what it leaves. */
struct x87 {
	uint16_t control;
	uint16_t status;
	struct fp_f80 st0, st1;
	uint8_t memory[16];
};

struct x87_operation {
	const char *name;
	/* Returns with *x as the instruction leaves it, but for x->status. */
	void (*library)(struct fp_env *env, struct x87 *x);
	enum x87_operands operands;
	uint16_t conditions;
};

extern const struct x87_operation x87_operations[X87_OPERATION_COUNT];

/* Does the instruction; x->status tells flags and defined conditions. Returns unmasked ones. */
unsigned x87_execute(const struct x87_operation *op, struct x87 *x);

/* Whether what is written is the same, when @unmasked exceptions were raised. */
bool x87_results_match(const struct x87_operation *op, unsigned unmasked, const struct x87 *a,
		       const struct x87 *b);

struct x87 x87_draw(struct random *r, const struct x87_operation *op);
struct x87 x87_draw_transcendental(struct random *r, const struct x87_operation *op);

/* Whether the manual defines the result of a transcendental instruction. */
bool x87_in_domain(const struct x87_operation *op, const struct x87 *x);

#endif
