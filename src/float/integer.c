/* SPDX-License-Identifier: MIT */
/* To and from integers. */
#include "float/integral.h"
#include "float/unpack.h"

/*
 * The two's complement of @a rounded to an integer of @width bits, or the integer indefinite and
 * IE, which takes the place of PE.
 */
static int64_t to_integer(struct fp_env *env, struct fp_parts a, unsigned width, bool truncate)
{
	uint64_t indefinite = BIT(width - 1);
	struct fp_rounding_step step;

	env->conditions = 0;
	if (a.class == FP_CLASS_ZERO)
		return 0;
	if (a.class != FP_CLASS_FINITE || a.exponent > FP_INTEGRAL_EXPONENT)
		goto invalid;
	step = fp_round_to_integer(a, truncate ? FP_ZERO : env->rounding);
	if (step.kept > indefinite - !a.sign)
		goto invalid;
	if (step.inexact)
		fp_raise(env, FP_PE);
	env->conditions = step.up ? FP_C1 : 0;
	return (int64_t)(a.sign ? -(uint64_t)step.kept : (uint64_t)step.kept);
invalid:
	fp_raise(env, FP_IE);
	return (int64_t)-indefinite;
}

int32_t fp_f32_to_i32(struct fp_env *env, uint32_t a, bool truncate)
{
	return (int32_t)to_integer(env, fp_unpack_f32(env, a), 32, truncate);
}

int64_t fp_f32_to_i64(struct fp_env *env, uint32_t a, bool truncate)
{
	return to_integer(env, fp_unpack_f32(env, a), 64, truncate);
}

int32_t fp_f64_to_i32(struct fp_env *env, uint64_t a, bool truncate)
{
	return (int32_t)to_integer(env, fp_unpack_f64(env, a), 32, truncate);
}

int64_t fp_f64_to_i64(struct fp_env *env, uint64_t a, bool truncate)
{
	return to_integer(env, fp_unpack_f64(env, a), 64, truncate);
}

int16_t fp_f80_to_i16(struct fp_env *env, struct fp_f80 a, bool truncate)
{
	return (int16_t)to_integer(env, fp_unpack_f80(a), 16, truncate);
}

int32_t fp_f80_to_i32(struct fp_env *env, struct fp_f80 a, bool truncate)
{
	return (int32_t)to_integer(env, fp_unpack_f80(a), 32, truncate);
}

int64_t fp_f80_to_i64(struct fp_env *env, struct fp_f80 a, bool truncate)
{
	return to_integer(env, fp_unpack_f80(a), 64, truncate);
}

static struct fp_wide from_integer(int64_t a)
{
	uint64_t bits = (uint64_t)a, magnitude = a < 0 ? 0 - bits : bits;

	return fp_integral(a < 0, magnitude);
}

uint32_t fp_i32_to_f32(struct fp_env *env, int32_t a)
{
	return fp_pack_f32(env, from_integer(a));
}

uint32_t fp_i64_to_f32(struct fp_env *env, int64_t a)
{
	return fp_pack_f32(env, from_integer(a));
}

uint64_t fp_i32_to_f64(int32_t a)
{
	struct fp_env exact = { .masks = FP_EXCEPTIONS };

	return fp_pack_f64(&exact, from_integer(a));
}

uint64_t fp_i64_to_f64(struct fp_env *env, int64_t a)
{
	return fp_pack_f64(env, from_integer(a));
}

struct fp_f80 fp_i64_to_f80(int64_t a)
{
	struct fp_env exact = { .masks = FP_EXCEPTIONS };

	return fp_pack_f80_full(&exact, from_integer(a));
}
