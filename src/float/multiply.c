/* SPDX-License-Identifier: MIT */
#include "float/arithmetic.h"
#include "float/pack.h"
#include "float/unpack.h"

struct fp_wide fp_product(struct fp_parts a, struct fp_parts b)
{
	fp_u128 product = (fp_u128)a.significand * b.significand;

	/* Of two significands in [1, 2) the product is in [1, 4): bit 127 has the weight 2. */
	return fp_normalize(a.sign ^ b.sign, a.exponent + b.exponent + 1, product);
}

static bool zero_times_infinity(struct fp_parts a, struct fp_parts b)
{
	return (a.class == FP_CLASS_ZERO && b.class == FP_CLASS_INFINITE) ||
	       (a.class == FP_CLASS_INFINITE && b.class == FP_CLASS_ZERO);
}

/* The product of two that are not NaNs, nor zero and infinity. */
static struct fp_wide multiply_any(struct fp_parts a, struct fp_parts b)
{
	bool sign = a.sign ^ b.sign;

	if (a.class == FP_CLASS_INFINITE || b.class == FP_CLASS_INFINITE)
		return fp_infinity(sign);
	if (a.class == FP_CLASS_ZERO || b.class == FP_CLASS_ZERO)
		return fp_zero(sign);
	return fp_product(a, b);
}

struct fp_wide fp_mul(struct fp_env *env, struct fp_parts a, struct fp_parts b,
		      enum fp_nan_rule rule)
{
	if (unlikely(fp_is_nan(a) || fp_is_nan(b)))
		return fp_nan_of_two(env, a, b, rule);
	if (unlikely(zero_times_infinity(a, b)))
		return fp_invalid(env);
	fp_raise_denormals(env, a, b);
	return multiply_any(a, b);
}

/* SDM Vol. 1, "FMA Numeric Behavior": the first NaN of multiplicand, multiplier, addend. */
static struct fp_wide fma_nan(struct fp_env *env, struct fp_parts a, struct fp_parts b,
			      struct fp_parts c)
{
	fp_raise_signalling(env, a);
	fp_raise_signalling(env, b);
	fp_raise_signalling(env, c);
	return fp_nan_of(env, fp_is_nan(a) ? a : fp_is_nan(b) ? b : c);
}

struct fp_wide fp_fma(struct fp_env *env, struct fp_parts a, struct fp_parts b, struct fp_parts c,
		      unsigned negate)
{
	struct fp_wide product;

	if (unlikely(fp_is_nan(a) || fp_is_nan(b) || fp_is_nan(c)))
		return fma_nan(env, a, b, c);
	a.sign ^= negate & FP_NEGATE_PRODUCT ? 1 : 0;
	c.sign ^= negate & FP_NEGATE_ADDEND ? 1 : 0;
	if (unlikely(zero_times_infinity(a, b)))
		return fp_invalid(env);
	product = multiply_any(a, b);
	if (unlikely(product.class == FP_CLASS_INFINITE || c.class == FP_CLASS_INFINITE)) {
		if (product.class == c.class && product.sign != c.sign)
			return fp_invalid(env);
		fp_raise_denormals(env, a, b);
		fp_raise_denormal(env, c);
		return fp_infinity(c.class == FP_CLASS_INFINITE ? c.sign : product.sign);
	}
	fp_raise_denormals(env, a, b);
	fp_raise_denormal(env, c);
	/*
	 * The product is exact in 128 bits, 106 at most of them used; where the addend takes bits
	 * off it or loses bits to it, at most one bit cancels, so sticky is enough.
	 */
	return fp_sum(env, product, fp_widen(c));
}

uint32_t fp_f32_mul(struct fp_env *env, uint32_t a, uint32_t b)
{
	return fp_pack_f32(env,
			   fp_mul(env, fp_unpack_f32(env, a), fp_unpack_f32(env, b), FP_NAN_SSE));
}

uint64_t fp_f64_mul(struct fp_env *env, uint64_t a, uint64_t b)
{
	return fp_pack_f64(env,
			   fp_mul(env, fp_unpack_f64(env, a), fp_unpack_f64(env, b), FP_NAN_SSE));
}

struct fp_f80 fp_f80_mul(struct fp_env *env, struct fp_f80 a, struct fp_f80 b)
{
	return fp_pack_f80(env, fp_mul(env, fp_unpack_f80(a), fp_unpack_f80(b), FP_NAN_X87));
}

uint32_t fp_f32_fma(struct fp_env *env, uint32_t a, uint32_t b, uint32_t c, unsigned negate)
{
	return fp_pack_f32(env, fp_fma(env, fp_unpack_f32(env, a), fp_unpack_f32(env, b),
				       fp_unpack_f32(env, c), negate));
}

uint64_t fp_f64_fma(struct fp_env *env, uint64_t a, uint64_t b, uint64_t c, unsigned negate)
{
	return fp_pack_f64(env, fp_fma(env, fp_unpack_f64(env, a), fp_unpack_f64(env, b),
				       fp_unpack_f64(env, c), negate));
}
