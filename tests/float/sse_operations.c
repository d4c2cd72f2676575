/* SPDX-License-Identifier: MIT */
#include "sse_operations.h"

#define ALL_MASKED 0x1f80u

#define OURS(name, call)                                                                           \
	static uint64_t ours_##name(struct fp_env *env, uint64_t a, uint64_t b, uint64_t c)        \
	{                                                                                          \
		(void)env, (void)a, (void)b, (void)c;                                              \
		return (uint64_t)(call);                                                           \
	}
#define OURS_BOTH(op)                                                                              \
	OURS(f32_##op, fp_f32_##op(env, (uint32_t)a, (uint32_t)b))                                 \
	OURS(f64_##op, fp_f64_##op(env, a, b))

OURS_BOTH(add)
OURS_BOTH(sub)
OURS_BOTH(mul)
OURS_BOTH(div)
OURS_BOTH(min)
OURS_BOTH(max)
OURS(f32_sqrt, fp_f32_sqrt(env, (uint32_t)a))
OURS(f64_sqrt, fp_f64_sqrt(env, a))
OURS(f32_to_f64, fp_f32_to_f64(env, (uint32_t)a))
OURS(f64_to_f32, fp_f64_to_f32(env, a))
OURS(f16_to_f32, fp_f16_to_f32(env, (uint16_t)a))
OURS(f32_to_f16, fp_f32_to_f16(env, (uint32_t)a, (unsigned)b))
OURS(f32_round, fp_f32_round(env, (uint32_t)a, (unsigned)b))
OURS(f64_round, fp_f64_round(env, a, (unsigned)b))
OURS(f32_to_i32, (uint32_t)fp_f32_to_i32(env, (uint32_t)a, false))
OURS(f32_to_i64, fp_f32_to_i64(env, (uint32_t)a, false))
OURS(f64_to_i32, (uint32_t)fp_f64_to_i32(env, a, false))
OURS(f64_to_i64, fp_f64_to_i64(env, a, false))
OURS(f32_to_i32_truncated, (uint32_t)fp_f32_to_i32(env, (uint32_t)a, true))
OURS(f32_to_i64_truncated, fp_f32_to_i64(env, (uint32_t)a, true))
OURS(f64_to_i32_truncated, (uint32_t)fp_f64_to_i32(env, a, true))
OURS(f64_to_i64_truncated, fp_f64_to_i64(env, a, true))
OURS(i32_to_f32, fp_i32_to_f32(env, (int32_t)a))
OURS(i64_to_f32, fp_i64_to_f32(env, (int64_t)a))
OURS(i32_to_f64, fp_i32_to_f64((int32_t)a))
OURS(i64_to_f64, fp_i64_to_f64(env, (int64_t)a))

/* The form of the instruction makes no difference: a * b + c. */
#define OURS_FMA(name, negate)                                                                     \
	OURS(f32_##name, fp_f32_fma(env, (uint32_t)a, (uint32_t)b, (uint32_t)c, negate))           \
	OURS(f64_##name, fp_f64_fma(env, a, b, c, negate))

OURS_FMA(fmadd132, 0)
OURS_FMA(fmadd213, 0)
OURS_FMA(fmadd231, 0)
OURS_FMA(fmsub213, FP_NEGATE_ADDEND)
OURS_FMA(fnmadd213, FP_NEGATE_PRODUCT)
OURS_FMA(fnmsub213, FP_NEGATE_PRODUCT | FP_NEGATE_ADDEND)

/* ZF, PF, CF as (U)COMIS sets them. */
static uint64_t compare_flags(enum fp_relation relation)
{
	static const uint64_t flags[] = {
		[FP_LESS] = 1, [FP_EQUAL] = 4, [FP_GREATER] = 0, [FP_UNORDERED] = 7
	};

	return flags[relation];
}

OURS(f32_comi, compare_flags(fp_f32_compare(env, (uint32_t)a, (uint32_t)b, true)))
OURS(f32_ucomi, compare_flags(fp_f32_compare(env, (uint32_t)a, (uint32_t)b, false)))
OURS(f64_comi, compare_flags(fp_f64_compare(env, a, b, true)))
OURS(f64_ucomi, compare_flags(fp_f64_compare(env, a, b, false)))

#define OPERATION(op, result, a, b, c, feature)                                                    \
	[SSE_##op] = { #op, ours_##op, result, { a, b, c }, feature },
const struct sse_operation sse_operations[SSE_OPERATION_COUNT] = { SSE_OPERATIONS(OPERATION) };

static uint64_t draw(struct random *r, enum sse_operand kind, uint64_t other)
{
	bool close = random_below(r, 4) == 0;

	switch (kind) {
	case NONE:
		return 0;
	case F16:
		return random_f16(r);
	case F32:
		return close ? random_f32_near(r, (uint32_t)other) : random_f32(r);
	case F64:
		return close ? random_f64_near(r, other) : random_f64(r);
	case I32:
		return (uint32_t)random_integer(r, 32);
	case I64:
		return (uint64_t)random_integer(r, 64);
	case IMM8:
		return random_below(r, 16);
	}
	return 0;
}

uint32_t draw_mxcsr(struct random *r)
{
	uint32_t mxcsr = random_below(r, 4) << 13;

	mxcsr |= random_below(r, 4) == 0 ? 0x40 : 0;
	mxcsr |= random_below(r, 4) == 0 ? 0x8000 : 0;
	return mxcsr | (random_below(r, 8) ? ALL_MASKED : random_below(r, 64) << 7);
}

void draw_sse_operands(struct random *r, const struct sse_operation *op, uint64_t in[3])
{
	in[0] = draw(r, op->operands[0], 0);
	in[1] = draw(r, op->operands[1], in[0]);
	in[2] = draw(r, op->operands[2], in[0]);
}
