/* SPDX-License-Identifier: MIT */
#ifndef UDV_FLOAT_WIDE_H
#define UDV_FLOAT_WIDE_H

/*
 * Arithmetic on 128-bit significands for the transcendental instructions. It truncates: each
 * operation is off by at most a few units of 2^-127, relative, where f80 looks at 2^-63.
 */

#include "float/parts.h"

#define FP_WIDE(exp, high, low)                                                                    \
	((struct fp_wide){                                                                         \
		.class = FP_CLASS_FINITE,                                                          \
		.exponent = (exp),                                                                 \
		.significand = (fp_u128)(high) << 64 | (low),                                      \
	})

#define FP_WIDE_PI FP_WIDE(1, 0xc90fdaa22168c234u, 0xc4c6628b80dc1cd1u)
#define FP_WIDE_LOG2_10 FP_WIDE(1, 0xd49a784bcd1b8afeu, 0x492bf6ff4dafdb4cu)
#define FP_WIDE_LOG2_E FP_WIDE(0, 0xb8aa3b295c17f0bbu, 0xbe87fed0691d3e88u)
#define FP_WIDE_LOG10_2 FP_WIDE(-2, 0x9a209a84fbcff798u, 0x8f8959ac0b7c9178u)
#define FP_WIDE_LN_2 FP_WIDE(-1, 0xb17217f7d1cf79abu, 0xc9e3b39803f2f6afu)

static inline struct fp_wide fp_wide_one(void)
{
	return FP_WIDE(0, BIT(63), 0);
}

/* Bits 255..128 of the product. */
static inline fp_u128 fp_multiply_high(fp_u128 a, fp_u128 b)
{
	uint64_t a1 = fp_high(a), a0 = (uint64_t)a, b1 = fp_high(b), b0 = (uint64_t)b;
	fp_u128 low = (fp_u128)a0 * b0;
	fp_u128 middle = (fp_u128)a1 * b0 + fp_high(low);
	fp_u128 other = (fp_u128)a0 * b1 + (uint64_t)middle;

	return (fp_u128)a1 * b1 + fp_high(middle) + fp_high(other);
}

/* Of finite numbers that are not zero. */
static inline struct fp_wide fp_wide_multiply(struct fp_wide a, struct fp_wide b)
{
	return fp_normalize(a.sign ^ b.sign, a.exponent + b.exponent + 1,
			    fp_multiply_high(a.significand, b.significand));
}

/* Of finite numbers; a difference that cancels is exact. */
struct fp_wide fp_wide_add(struct fp_wide a, struct fp_wide b);
/* Of finite numbers, b not zero. */
struct fp_wide fp_wide_divide(struct fp_wide a, struct fp_wide b);

static inline struct fp_wide fp_wide_negate(struct fp_wide a)
{
	a.sign = !a.sign;
	return a;
}

/* A number below 1 in units of 2^-128; what is smaller is cut off. */
static inline fp_u128 fp_wide_fraction(struct fp_wide a)
{
	int32_t shift = -1 - a.exponent;

	return a.class == FP_CLASS_ZERO || shift > 127 ? 0 : a.significand >> shift;
}

/* A fraction of 2^-128 units as a number. */
static inline struct fp_wide fp_wide_of_fraction(bool sign, fp_u128 fraction)
{
	return fraction ? fp_normalize(sign, -1, fraction) : fp_zero(sign);
}

/*
 * A result that is irrational though its significand may not show it: sets sticky, so that PE is
 * raised and directed rounding goes the right way.
 */
static inline struct fp_wide fp_inexact(struct fp_wide a)
{
	a.significand |= 1;
	return a;
}

#endif
