/* SPDX-License-Identifier: MIT */
#ifndef UDV_FLOAT_FAST_F80_H
#define UDV_FLOAT_FAST_F80_H

/*
 * The sums, products and quotients of float.h for what is usual: normal operands, a normal result,
 * rounded to nearest at full precision, with PE masked. No other exception can come of that.
 */

#include "base/bits.h"
#include "float/float.h"
#include "float/parts.h"

struct fp_fast_f80 {
	struct fp_f80 value;
	bool there; /* else it is one for float.h */
	bool inexact, up;
};

static inline bool fp_fast_f80_is_normal(struct fp_f80 a)
{
	return (a.sign_exponent & 0x7fffu) - 1 < 0x7ffe && a.significand >> 63;
}

/* @significand's upper half is rounded; its top bit is set. */
ALWAYS_INLINE struct fp_fast_f80 fp_fast_f80_round(unsigned sign, int32_t exponent,
						   fp_u128 significand)
{
	const uint64_t half = 1ull << 63;
	uint64_t kept = (uint64_t)(significand >> 64), rest = (uint64_t)significand;
	struct fp_fast_f80 r = { .inexact = rest != 0 };

	r.up = rest > half || (rest == half && kept & 1);
	kept += r.up;
	if (unlikely(!kept)) {
		kept = half;
		exponent++;
	}
	r.there = (uint32_t)exponent - 1 < 0x7ffe;
	r.value.significand = kept;
	r.value.sign_exponent = (uint16_t)(sign | ((uint32_t)exponent & 0x7fff));
	return r;
}

#define FP_FAST_F80_SIGN 0x8000u
#define FP_FAST_F80_BIAS 16383

ALWAYS_INLINE struct fp_fast_f80 fp_fast_f80_mul(struct fp_f80 a, struct fp_f80 b)
{
	fp_u128 product = (fp_u128)a.significand * b.significand;
	int32_t exponent =
		(a.sign_exponent & 0x7fff) + (b.sign_exponent & 0x7fff) - FP_FAST_F80_BIAS;

	if (product >> 127)
		exponent++;
	else
		product <<= 1;
	return fp_fast_f80_round((a.sign_exponent ^ b.sign_exponent) & FP_FAST_F80_SIGN, exponent,
				 product);
}

/* Two bits of room above, the rest below: nothing is lost unless exponents differ by more. */
#define FP_FAST_F80_ROOM 2

ALWAYS_INLINE struct fp_fast_f80 fp_fast_f80_add(struct fp_f80 a, struct fp_f80 b)
{
	unsigned a_exponent = a.sign_exponent & 0x7fff, b_exponent = b.sign_exponent & 0x7fff;
	fp_u128 sum, small;
	unsigned distance, shift;

	if (a_exponent < b_exponent ||
	    (a_exponent == b_exponent && a.significand < b.significand)) {
		struct fp_f80 larger = b;

		b = a;
		a = larger;
		b_exponent = a_exponent;
		a_exponent = a.sign_exponent & 0x7fff;
	}
	distance = a_exponent - b_exponent;
	if (unlikely(distance > 126))
		return (struct fp_fast_f80){ .there = false };
	sum = (fp_u128)a.significand << (64 - FP_FAST_F80_ROOM);
	small = (fp_u128)b.significand << (64 - FP_FAST_F80_ROOM);
	/* What is shifted out counts as one more bit. */
	small = small >> distance | ((small & (((fp_u128)1 << distance) - 1)) != 0);
	sum = (a.sign_exponent ^ b.sign_exponent) & FP_FAST_F80_SIGN ? sum - small : sum + small;
	if (unlikely(!sum))
		return (struct fp_fast_f80){ .there = false };
	shift = sum >> 64 ? (unsigned)__builtin_clzll((uint64_t)(sum >> 64))
			  : 64 + (unsigned)__builtin_clzll((uint64_t)sum);
	return fp_fast_f80_round(a.sign_exponent & FP_FAST_F80_SIGN,
				 (int32_t)(a_exponent + FP_FAST_F80_ROOM - shift), sum << shift);
}

ALWAYS_INLINE struct fp_fast_f80 fp_fast_f80_sub(struct fp_f80 a, struct fp_f80 b)
{
	b.sign_exponent ^= FP_FAST_F80_SIGN;
	return fp_fast_f80_add(a, b);
}

/* The quotient has 64 bits; what is left says how it is rounded. */
ALWAYS_INLINE struct fp_fast_f80 fp_fast_f80_div(struct fp_f80 a, struct fp_f80 b)
{
	bool smaller = a.significand < b.significand;
	fp_u128 dividend = (fp_u128)a.significand << (smaller ? 64 : 63);
	uint64_t quotient = (uint64_t)(dividend / b.significand);
	uint64_t left = (uint64_t)(dividend - (fp_u128)quotient * b.significand);
	int32_t exponent = (a.sign_exponent & 0x7fff) - (b.sign_exponent & 0x7fff) +
			   FP_FAST_F80_BIAS - smaller;
	/* More than half of the divisor, half, less, nothing: as the lower half of a significand */
	uint64_t above = b.significand - left;
	uint64_t rest = !left ? 0 : left > above ? 3ull << 62 : left == above ? 1ull << 63 : 1;

	return fp_fast_f80_round((a.sign_exponent ^ b.sign_exponent) & FP_FAST_F80_SIGN, exponent,
				 (fp_u128)quotient << 64 | rest);
}

/* Any of two normal numbers. */
static inline struct fp_fast_f80 fp_fast_f80_operate(enum fp_x87_operation operation,
						     struct fp_f80 a, struct fp_f80 b)
{
	switch (operation) {
	case FP_X87_ADD:
		return fp_fast_f80_add(a, b);
	case FP_X87_MUL:
		return fp_fast_f80_mul(a, b);
	case FP_X87_SUB:
		return fp_fast_f80_sub(a, b);
	case FP_X87_SUBR:
		return fp_fast_f80_sub(b, a);
	case FP_X87_DIV:
		return fp_fast_f80_div(a, b);
	case FP_X87_DIVR:
		return fp_fast_f80_div(b, a);
	}
	return (struct fp_fast_f80){ .there = false };
}

#endif
