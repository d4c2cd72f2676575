/* SPDX-License-Identifier: MIT */
#ifndef TESTS_FLOAT_SSE_OPERATIONS_H
#define TESTS_FLOAT_SSE_OPERATIONS_H

/* The functions of the library for SSE, FMA and F16C, in one shape. */

#include "float/float.h"
#include "random.h"

enum sse_operand { NONE, F16, F32, F64, I32, I64, IMM8 };

/* X(name, result, a, b, c, feature of the processor) */
#define SSE_OPERATIONS(X)                                                                          \
	X(f32_add, F32, F32, F32, NONE, SSE2)                                                      \
	X(f64_add, F64, F64, F64, NONE, SSE2)                                                      \
	X(f32_sub, F32, F32, F32, NONE, SSE2)                                                      \
	X(f64_sub, F64, F64, F64, NONE, SSE2)                                                      \
	X(f32_mul, F32, F32, F32, NONE, SSE2)                                                      \
	X(f64_mul, F64, F64, F64, NONE, SSE2)                                                      \
	X(f32_div, F32, F32, F32, NONE, SSE2)                                                      \
	X(f64_div, F64, F64, F64, NONE, SSE2)                                                      \
	X(f32_min, F32, F32, F32, NONE, SSE2)                                                      \
	X(f64_min, F64, F64, F64, NONE, SSE2)                                                      \
	X(f32_max, F32, F32, F32, NONE, SSE2)                                                      \
	X(f64_max, F64, F64, F64, NONE, SSE2)                                                      \
	X(f32_sqrt, F32, F32, NONE, NONE, SSE2)                                                    \
	X(f64_sqrt, F64, F64, NONE, NONE, SSE2)                                                    \
	X(f32_comi, IMM8, F32, F32, NONE, SSE2)                                                    \
	X(f32_ucomi, IMM8, F32, F32, NONE, SSE2)                                                   \
	X(f64_comi, IMM8, F64, F64, NONE, SSE2)                                                    \
	X(f64_ucomi, IMM8, F64, F64, NONE, SSE2)                                                   \
	X(f32_to_f64, F64, F32, NONE, NONE, SSE2)                                                  \
	X(f64_to_f32, F32, F64, NONE, NONE, SSE2)                                                  \
	X(f32_to_i32, I32, F32, NONE, NONE, SSE2)                                                  \
	X(f32_to_i64, I64, F32, NONE, NONE, SSE2)                                                  \
	X(f64_to_i32, I32, F64, NONE, NONE, SSE2)                                                  \
	X(f64_to_i64, I64, F64, NONE, NONE, SSE2)                                                  \
	X(f32_to_i32_truncated, I32, F32, NONE, NONE, SSE2)                                        \
	X(f32_to_i64_truncated, I64, F32, NONE, NONE, SSE2)                                        \
	X(f64_to_i32_truncated, I32, F64, NONE, NONE, SSE2)                                        \
	X(f64_to_i64_truncated, I64, F64, NONE, NONE, SSE2)                                        \
	X(i32_to_f32, F32, I32, NONE, NONE, SSE2)                                                  \
	X(i64_to_f32, F32, I64, NONE, NONE, SSE2)                                                  \
	X(i32_to_f64, F64, I32, NONE, NONE, SSE2)                                                  \
	X(i64_to_f64, F64, I64, NONE, NONE, SSE2)                                                  \
	X(f32_round, F32, F32, IMM8, NONE, SSE41)                                                  \
	X(f64_round, F64, F64, IMM8, NONE, SSE41)                                                  \
	X(f16_to_f32, F32, F16, NONE, NONE, F16C)                                                  \
	X(f32_to_f16, F16, F32, IMM8, NONE, F16C)                                                  \
	X(f32_fmadd132, F32, F32, F32, F32, FMA)                                                   \
	X(f64_fmadd132, F64, F64, F64, F64, FMA)                                                   \
	X(f32_fmadd213, F32, F32, F32, F32, FMA)                                                   \
	X(f64_fmadd213, F64, F64, F64, F64, FMA)                                                   \
	X(f32_fmadd231, F32, F32, F32, F32, FMA)                                                   \
	X(f64_fmadd231, F64, F64, F64, F64, FMA)                                                   \
	X(f32_fmsub213, F32, F32, F32, F32, FMA)                                                   \
	X(f64_fmsub213, F64, F64, F64, F64, FMA)                                                   \
	X(f32_fnmadd213, F32, F32, F32, F32, FMA)                                                  \
	X(f64_fnmadd213, F64, F64, F64, F64, FMA)                                                  \
	X(f32_fnmsub213, F32, F32, F32, F32, FMA)                                                  \
	X(f64_fnmsub213, F64, F64, F64, F64, FMA)

enum sse_feature { SSE2, SSE41, F16C, FMA };

enum sse_id {
#define SSE_ID(name, ...) SSE_##name,
	SSE_OPERATIONS(SSE_ID)
#undef SSE_ID
		SSE_OPERATION_COUNT
};

typedef uint64_t library_sse(struct fp_env *env, uint64_t a, uint64_t b, uint64_t c);

struct sse_operation {
	const char *name;
	library_sse *library;
	enum sse_operand result, operands[3];
	enum sse_feature feature;
};

extern const struct sse_operation sse_operations[SSE_OPERATION_COUNT];

/* RC, DAZ, FTZ; one time in eight not all is masked. */
uint32_t draw_mxcsr(struct random *r);
void draw_sse_operands(struct random *r, const struct sse_operation *op, uint64_t in[3]);

#endif
