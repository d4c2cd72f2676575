/* SPDX-License-Identifier: MIT */
#include "float/arithmetic.h"
#include "float/unpack.h"

/* -1, 0, 1 as |a| is below, equal to, above |b|. */
static int compare_magnitudes(struct fp_parts a, struct fp_parts b)
{
	if (a.class != b.class)
		return a.class < b.class ? -1 : 1;
	if (a.class != FP_CLASS_FINITE)
		return 0;
	if (a.exponent != b.exponent)
		return a.exponent < b.exponent ? -1 : 1;
	return (a.significand > b.significand) - (a.significand < b.significand);
}

enum fp_relation fp_relation_of(struct fp_parts a, struct fp_parts b)
{
	int order;

	if (a.class == FP_CLASS_ZERO && b.class == FP_CLASS_ZERO)
		return FP_EQUAL;
	if (a.sign != b.sign)
		return a.sign ? FP_LESS : FP_GREATER;
	order = compare_magnitudes(a, b);
	if (order == 0)
		return FP_EQUAL;
	return (order < 0) != a.sign ? FP_LESS : FP_GREATER;
}

enum fp_relation fp_compare(struct fp_env *env, struct fp_parts a, struct fp_parts b,
			    bool signalling)
{
	if (unlikely(fp_is_nan(a) || fp_is_nan(b))) {
		fp_raise_signalling(env, a);
		fp_raise_signalling(env, b);
		if (signalling)
			fp_raise(env, FP_IE);
		return FP_UNORDERED;
	}
	fp_raise_denormals(env, a, b);
	return fp_relation_of(a, b);
}

enum fp_relation fp_f32_compare(struct fp_env *env, uint32_t a, uint32_t b, bool signalling)
{
	return fp_compare(env, fp_unpack_f32(env, a), fp_unpack_f32(env, b), signalling);
}

enum fp_relation fp_f64_compare(struct fp_env *env, uint64_t a, uint64_t b, bool signalling)
{
	return fp_compare(env, fp_unpack_f64(env, a), fp_unpack_f64(env, b), signalling);
}

enum fp_relation fp_f80_compare(struct fp_env *env, struct fp_f80 a, struct fp_f80 b,
				bool signalling)
{
	env->conditions = 0;
	return fp_compare(env, fp_unpack_f80(a), fp_unpack_f80(b), signalling);
}

/* An operand as MIN and MAX return it: a denormal is a zero of its sign under DAZ. */
static uint32_t passed_f32(const struct fp_env *env, uint32_t bits)
{
	return fp_unpack_f32(env, bits).class == FP_CLASS_ZERO ? bits & 1u << 31 : bits;
}

static uint64_t passed_f64(const struct fp_env *env, uint64_t bits)
{
	return fp_unpack_f64(env, bits).class == FP_CLASS_ZERO ? bits & BIT(63) : bits;
}

uint32_t fp_f32_min(struct fp_env *env, uint32_t a, uint32_t b)
{
	return passed_f32(env, fp_f32_compare(env, a, b, true) == FP_LESS ? a : b);
}

uint32_t fp_f32_max(struct fp_env *env, uint32_t a, uint32_t b)
{
	return passed_f32(env, fp_f32_compare(env, a, b, true) == FP_GREATER ? a : b);
}

uint64_t fp_f64_min(struct fp_env *env, uint64_t a, uint64_t b)
{
	return passed_f64(env, fp_f64_compare(env, a, b, true) == FP_LESS ? a : b);
}

uint64_t fp_f64_max(struct fp_env *env, uint64_t a, uint64_t b)
{
	return passed_f64(env, fp_f64_compare(env, a, b, true) == FP_GREATER ? a : b);
}

uint16_t fp_f80_examine(struct fp_f80 a)
{
	static const uint16_t of_class[] = {
		[FP_CLASS_ZERO] = FP_C3,
		[FP_CLASS_FINITE] = FP_C2,
		[FP_CLASS_INFINITE] = FP_C2 | FP_C0,
		[FP_CLASS_QNAN] = FP_C0,
		[FP_CLASS_SNAN] = FP_C0,
		[FP_CLASS_UNSUPPORTED] = 0,
	};
	struct fp_parts parts = fp_unpack_f80(a);
	uint16_t conditions = parts.denormal ? FP_C3 | FP_C2 : of_class[parts.class];

	return conditions | (parts.sign ? FP_C1 : 0);
}
