/* SPDX-License-Identifier: MIT */
#ifndef UDV_FLOAT_SERIES_H
#define UDV_FLOAT_SERIES_H

/*
 * Power series in fixed point, in units of 2^-128. Arguments are below 1, and so is every sum; the
 * compiler works out the coefficients. Terms below 2^-128 are left out.
 */

#include "float/wide.h"

#define FP_INVERSE(n) (~(fp_u128)0 / (n))

/* x * (c[0] + x * (c[1] + x * (c[2] + ...))) */
static inline fp_u128 fp_series(fp_u128 x, const fp_u128 *coefficients, unsigned count)
{
	fp_u128 sum = 0;

	while (count--)
		sum = fp_multiply_high(x, coefficients[count] + sum);
	return sum;
}

/* x * (c[0] - x * (c[1] - x * (c[2] - ...))) */
static inline fp_u128 fp_series_alternating(fp_u128 x, const fp_u128 *coefficients, unsigned count)
{
	fp_u128 sum = 0;

	while (count--)
		sum = fp_multiply_high(x, coefficients[count] - sum);
	return sum;
}

/* 1 + @excess. */
static inline struct fp_wide fp_one_plus(fp_u128 excess)
{
	struct fp_wide sum = fp_wide_one();

	sum.significand |= excess >> 1 | 1;
	return sum;
}

/* 1 - @deficit, but never 1: what is left out of a series makes a difference. */
static inline struct fp_wide fp_one_minus(fp_u128 deficit)
{
	return fp_wide_of_fraction(false, -(deficit | 1));
}

/* 1/3, 1/5, ...: of atan and atanh. */
#define FP_ODD_INVERSES                                                                            \
	{                                                                                          \
		FP_INVERSE(3), FP_INVERSE(5), FP_INVERSE(7), FP_INVERSE(9), FP_INVERSE(11),        \
			FP_INVERSE(13), FP_INVERSE(15), FP_INVERSE(17), FP_INVERSE(19),            \
			FP_INVERSE(21), FP_INVERSE(23), FP_INVERSE(25), FP_INVERSE(27),            \
			FP_INVERSE(29), FP_INVERSE(31), FP_INVERSE(33), FP_INVERSE(35),            \
			FP_INVERSE(37), FP_INVERSE(39), FP_INVERSE(41), FP_INVERSE(43),            \
			FP_INVERSE(45), FP_INVERSE(47), FP_INVERSE(49), FP_INVERSE(51),            \
			FP_INVERSE(53)                                                             \
	}
#define FP_ODD_INVERSES_COUNT 26

/* Factorials fit into 128 bits up to that of 34. */
#define FP_FACTORIAL_20 ((fp_u128)2432902008176640000u)
#define FP_FACTORIAL_25 (FP_FACTORIAL_20 * (21u * 22 * 23 * 24 * 25))
#define FP_FACTORIAL_30 (FP_FACTORIAL_25 * (26u * 27 * 28 * 29 * 30))
#define FP_FACTORIAL_34 (FP_FACTORIAL_30 * (31u * 32 * 33 * 34))

#endif
