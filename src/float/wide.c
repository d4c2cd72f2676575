/* SPDX-License-Identifier: MIT */
#include "float/wide.h"

#include "float/arithmetic.h"

struct fp_wide fp_wide_add(struct fp_wide a, struct fp_wide b)
{
	static const struct fp_env nearest = { .rounding = FP_NEAREST };

	return fp_sum(&nearest, a, b);
}

/*
 * The next 64 bits of a quotient: *rest * 2^64 / @divisor, and what is left. The divisor's leading
 * bit is set and the rest is below it.
 */
static uint64_t next_digit(fp_u128 *rest, fp_u128 divisor)
{
	uint64_t high = fp_high(divisor), low = (uint64_t)divisor;
	fp_u128 digit = *rest / high, left;

	if (fp_high(digit))
		digit = ~0ull;
	left = *rest - digit * high;
	/* An estimate from the upper half is too large by 2 at most. */
	while (!fp_high(left) && digit * low > left << 64) {
		digit--;
		left += high;
	}
	*rest = (left << 64) - digit * low;
	return (uint64_t)digit;
}

struct fp_wide fp_wide_divide(struct fp_wide a, struct fp_wide b)
{
	bool below = a.significand < b.significand;
	fp_u128 rest = a.significand, quotient;

	if (a.class == FP_CLASS_ZERO)
		return fp_zero(a.sign ^ b.sign);
	if (!below)
		rest -= b.significand;
	quotient = (fp_u128)next_digit(&rest, b.significand) << 64;
	quotient |= next_digit(&rest, b.significand);
	if (!below) /* the integer bit of a quotient from 1 on */
		quotient = (fp_u128)1 << 127 | quotient >> 1;
	return (struct fp_wide){
		.class = FP_CLASS_FINITE,
		.sign = a.sign ^ b.sign,
		.exponent = a.exponent - b.exponent - below,
		.significand = quotient,
	};
}
