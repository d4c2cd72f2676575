/* SPDX-License-Identifier: MIT */
#ifndef UDV_FLOAT_INTEGRAL_H
#define UDV_FLOAT_INTEGRAL_H

/* Rounding to an integer, for ROUNDPS, FRNDINT, conversions and FBSTP. */

#include "float/pack.h"

/* Numbers with a larger exponent are integers, or do not fit into 64 bits. */
#define FP_INTEGRAL_EXPONENT 63

/* Of a finite @a, not zero, exponent up to FP_INTEGRAL_EXPONENT: .kept is at most 2^64. */
static inline struct fp_rounding_step fp_round_to_integer(struct fp_parts a, unsigned rounding)
{
	/* One bit of room above, so that a number below 1/2 can be told from one above. */
	fp_u128 significand = (fp_u128)a.significand << 63;

	if (a.exponent < -1) {
		significand = fp_shift_right_jam(significand, (uint32_t)(-1 - a.exponent));
		a.exponent = -1;
	}
	return fp_round_off(significand, (unsigned)(126 - a.exponent), a.sign, rounding);
}

/* An integer as a result; zero has @sign too. */
static inline struct fp_wide fp_integral(bool sign, fp_u128 magnitude)
{
	return magnitude ? fp_normalize(sign, 127, magnitude) : fp_zero(sign);
}

#endif
