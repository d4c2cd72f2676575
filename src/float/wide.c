/* SPDX-License-Identifier: MIT */
#include "float/wide.h"

#include "float/arithmetic.h"

struct fp_wide fp_wide_add(struct fp_wide a, struct fp_wide b)
{
	static const struct fp_env nearest = { .rounding = FP_NEAREST };

	return fp_sum(&nearest, a, b);
}

struct fp_wide fp_wide_divide(struct fp_wide a, struct fp_wide b)
{
	fp_u128 rest = a.significand, quotient = 0;
	bool below = a.significand < b.significand;

	if (a.class == FP_CLASS_ZERO)
		return fp_zero(a.sign ^ b.sign);
	if (!below) {
		quotient = 1;
		rest -= b.significand;
	}
	/* Bit by bit; the rest is below the divisor, so that it may lose its top bit when doubled.
	 */
	for (int i = below ? 0 : 1; i < 128; i++) {
		bool carry = rest >> 127;

		rest <<= 1;
		quotient <<= 1;
		if (carry || rest >= b.significand) {
			rest -= b.significand;
			quotient |= 1;
		}
	}
	return (struct fp_wide){
		.class = FP_CLASS_FINITE,
		.sign = a.sign ^ b.sign,
		.exponent = a.exponent - b.exponent - below,
		.significand = quotient,
	};
}
