/* SPDX-License-Identifier: MIT */
#include "float/arithmetic.h"
#include "float/pack.h"
#include "float/unpack.h"

/* |a| >= |b|, both finite and not zero. */
static struct fp_wide sum_ordered(const struct fp_env *env, struct fp_wide a, struct fp_wide b)
{
	fp_u128 aligned = fp_shift_right_jam(b.significand, (uint32_t)(a.exponent - b.exponent));
	fp_u128 sum;

	if (a.sign != b.sign) {
		sum = a.significand - aligned;
		if (sum == 0)
			return fp_zero(env->rounding == FP_DOWN);
		return fp_normalize(a.sign, a.exponent, sum);
	}
	sum = a.significand + aligned;
	if (sum < aligned) { /* a carry out of bit 127 */
		a.exponent++;
		sum = (fp_u128)1 << 127 | sum >> 1 | (sum & 1);
	}
	a.significand = sum;
	return a;
}

struct fp_wide fp_sum(const struct fp_env *env, struct fp_wide a, struct fp_wide b)
{
	if (a.class == FP_CLASS_ZERO && b.class == FP_CLASS_ZERO)
		return fp_zero(a.sign == b.sign ? a.sign : env->rounding == FP_DOWN);
	if (a.class == FP_CLASS_ZERO)
		return b;
	if (b.class == FP_CLASS_ZERO)
		return a;
	if (a.exponent < b.exponent || (a.exponent == b.exponent && a.significand < b.significand))
		return sum_ordered(env, b, a);
	return sum_ordered(env, a, b);
}

static struct fp_wide add_signed(struct fp_env *env, struct fp_parts a, struct fp_parts b,
				 bool negate, enum fp_nan_rule rule)
{
	if (unlikely(fp_is_nan(a) || fp_is_nan(b)))
		return fp_nan_of_two(env, a, b, rule);
	b.sign ^= negate;
	if (unlikely(a.class == FP_CLASS_INFINITE || b.class == FP_CLASS_INFINITE)) {
		if (a.class == b.class && a.sign != b.sign)
			return fp_invalid(env);
		fp_raise_denormals(env, a, b);
		return fp_infinity(a.class == FP_CLASS_INFINITE ? a.sign : b.sign);
	}
	fp_raise_denormals(env, a, b);
	return fp_sum(env, fp_widen(a), fp_widen(b));
}

struct fp_wide fp_add(struct fp_env *env, struct fp_parts a, struct fp_parts b,
		      enum fp_nan_rule rule)
{
	return add_signed(env, a, b, false, rule);
}

struct fp_wide fp_sub(struct fp_env *env, struct fp_parts a, struct fp_parts b,
		      enum fp_nan_rule rule)
{
	return add_signed(env, a, b, true, rule);
}

uint32_t fp_f32_add(struct fp_env *env, uint32_t a, uint32_t b)
{
	return fp_pack_f32(env,
			   fp_add(env, fp_unpack_f32(env, a), fp_unpack_f32(env, b), FP_NAN_SSE));
}

uint32_t fp_f32_sub(struct fp_env *env, uint32_t a, uint32_t b)
{
	return fp_pack_f32(env,
			   fp_sub(env, fp_unpack_f32(env, a), fp_unpack_f32(env, b), FP_NAN_SSE));
}

uint64_t fp_f64_add(struct fp_env *env, uint64_t a, uint64_t b)
{
	return fp_pack_f64(env,
			   fp_add(env, fp_unpack_f64(env, a), fp_unpack_f64(env, b), FP_NAN_SSE));
}

uint64_t fp_f64_sub(struct fp_env *env, uint64_t a, uint64_t b)
{
	return fp_pack_f64(env,
			   fp_sub(env, fp_unpack_f64(env, a), fp_unpack_f64(env, b), FP_NAN_SSE));
}

struct fp_f80 fp_f80_add(struct fp_env *env, struct fp_f80 a, struct fp_f80 b)
{
	return fp_pack_f80(env, fp_add(env, fp_unpack_f80(a), fp_unpack_f80(b), FP_NAN_X87));
}

struct fp_f80 fp_f80_sub(struct fp_env *env, struct fp_f80 a, struct fp_f80 b)
{
	return fp_pack_f80(env, fp_sub(env, fp_unpack_f80(a), fp_unpack_f80(b), FP_NAN_X87));
}
