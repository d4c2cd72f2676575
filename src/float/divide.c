/* SPDX-License-Identifier: MIT */
#include "float/arithmetic.h"
#include "float/pack.h"
#include "float/unpack.h"

/* 64 bits of quotient, the bit after them, and sticky. */
static struct fp_wide quotient(struct fp_parts a, struct fp_parts b)
{
	bool below = a.significand < b.significand; /* the quotient is in [1/2, 1) */
	fp_u128 dividend = (fp_u128)a.significand << (below ? 64 : 63);
	uint64_t high = (uint64_t)(dividend / b.significand);
	uint64_t rest = (uint64_t)(dividend % b.significand);
	bool half = rest > b.significand - rest; /* never equal: 2^64 does not divide b */

	return (struct fp_wide){
		.class = FP_CLASS_FINITE,
		.sign = a.sign ^ b.sign,
		.exponent = a.exponent - b.exponent - below,
		.significand = fp_u128_make(high, (half ? BIT(63) : 0) | (rest != 0)),
	};
}

static bool invalid_quotient(struct fp_parts a, struct fp_parts b)
{
	return a.class == b.class && a.class != FP_CLASS_FINITE;
}

struct fp_wide fp_div(struct fp_env *env, struct fp_parts a, struct fp_parts b,
		      enum fp_nan_rule rule)
{
	bool sign = a.sign ^ b.sign;

	if (unlikely(fp_is_nan(a) || fp_is_nan(b)))
		return fp_nan_of_two(env, a, b, rule);
	if (unlikely(invalid_quotient(a, b)))
		return fp_invalid(env);
	if (unlikely(b.class == FP_CLASS_ZERO)) {
		if (a.class == FP_CLASS_FINITE)
			fp_raise(env, FP_ZE); /* comes before DE */
		return fp_infinity(sign);
	}
	fp_raise_denormals(env, a, b);
	if (unlikely(a.class == FP_CLASS_INFINITE))
		return fp_infinity(sign);
	if (unlikely(b.class == FP_CLASS_INFINITE || a.class == FP_CLASS_ZERO))
		return fp_zero(sign);
	return quotient(a, b);
}

uint32_t fp_f32_div(struct fp_env *env, uint32_t a, uint32_t b)
{
	return fp_pack_f32(env,
			   fp_div(env, fp_unpack_f32(env, a), fp_unpack_f32(env, b), FP_NAN_SSE));
}

uint64_t fp_f64_div(struct fp_env *env, uint64_t a, uint64_t b)
{
	return fp_pack_f64(env,
			   fp_div(env, fp_unpack_f64(env, a), fp_unpack_f64(env, b), FP_NAN_SSE));
}

struct fp_f80 fp_f80_div(struct fp_env *env, struct fp_f80 a, struct fp_f80 b)
{
	return fp_pack_f80(env, fp_div(env, fp_unpack_f80(a), fp_unpack_f80(b), FP_NAN_X87));
}
