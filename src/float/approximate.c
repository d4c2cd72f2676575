/* SPDX-License-Identifier: MIT */
/*
 * RCPPS and RSQRTPS. The manual asks for a relative error of at most 1.5 * 2^-12 and leaves the
 * bits open; here they are the exact quotient and root, of 12 bits after the integer bit, rounded.
 */
#include "float/nan.h"
#include "float/pack.h"
#include "float/unpack.h"

#define RESULT_BITS 12 /* after the integer bit */

/* Denormals are zeros and results that would be denormal become zero, whatever MXCSR says. */
static const struct fp_env environment = { .masks = FP_EXCEPTIONS, .daz = true, .ftz = true };

static uint32_t packed(struct fp_wide x)
{
	struct fp_env env = environment;

	return fp_pack_f32(&env, x);
}

static uint32_t nan_of(struct fp_parts a)
{
	struct fp_env env = environment;

	return fp_pack_f32(&env, fp_nan_of(&env, a));
}

uint32_t fp_f32_reciprocal(uint32_t bits)
{
	struct fp_parts a = fp_unpack_f32(&environment, bits);
	uint64_t divisor = a.significand >> (63 - 23), quotient;

	if (fp_is_nan(a))
		return nan_of(a);
	if (a.class == FP_CLASS_ZERO)
		return packed(fp_infinity(a.sign));
	if (a.class == FP_CLASS_INFINITE)
		return packed(fp_zero(a.sign));
	/* 1 / [1, 2) with one integer bit and RESULT_BITS + 1 more, to nearest. */
	quotient = (BIT(23 + RESULT_BITS + 1) + divisor / 2) / divisor;
	return packed(fp_normalize(a.sign, 127 - (RESULT_BITS + 1) - a.exponent, quotient));
}

uint32_t fp_f32_reciprocal_sqrt(uint32_t bits)
{
	struct fp_parts a = fp_unpack_f32(&environment, bits);
	uint64_t radicand, root = BIT(RESULT_BITS + 1), bit;

	if (fp_is_nan(a))
		return nan_of(a);
	if (a.class == FP_CLASS_ZERO)
		return packed(fp_infinity(a.sign));
	if (a.sign)
		return packed(fp_indefinite());
	if (a.class == FP_CLASS_INFINITE)
		return packed(fp_zero(false));
	/*
	 * m in [1, 4), 23 bits after the point, and an even exponent. The root is the largest r of
	 * RESULT_BITS + 2 bits after the point, 1/2 <= r <= 1, with r * r * m <= 1.
	 */
	radicand = a.significand >> (63 - 23) << (a.exponent & 1);
	for (bit = BIT(RESULT_BITS); bit; bit >>= 1) {
		uint64_t next = root | bit;

		if ((fp_u128)next * next * radicand <= (fp_u128)1 << (2 * (RESULT_BITS + 2) + 23))
			root = next;
	}
	/* Half of the last bit more, so that the error is as often above as below. */
	root = radicand == BIT(23) ? BIT(RESULT_BITS + 3) : root << 1 | 1;
	return packed(fp_normalize(
		false, 127 - (RESULT_BITS + 3) - (a.exponent - (a.exponent & 1)) / 2, root));
}
