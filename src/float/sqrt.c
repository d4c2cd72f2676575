/* SPDX-License-Identifier: MIT */
#include "float/arithmetic.h"
#include "float/pack.h"
#include "float/unpack.h"

static uint64_t multiply_high(uint64_t a, uint64_t b)
{
	return fp_high((fp_u128)a * b);
}

/*
 * 2^62 / sqrt(v) of v = @fraction / 2^64 in [1/4, 1), to about 56 bits and from below: the line
 * 2.25 - 1.25 v has two bits right, and y * (3 - v * y^2) / 2 doubles them each time.
 */
static uint64_t reciprocal_root(uint64_t fraction)
{
	uint64_t y = 9 * BIT(60) - (fraction >> 4) * 5;

	for (int i = 0; i < 5; i++)
		y = multiply_high(y, 3 * BIT(60) - multiply_high(fraction, multiply_high(y, y)))
		    << 3;
	return y;
}

/* The root of @square, which is at least 2^126, and what is left. */
static uint64_t square_root(fp_u128 square, fp_u128 *rest)
{
	uint64_t y = reciprocal_root(fp_high(square));
	fp_u128 root = (fp_u128)multiply_high(fp_high(square), y) << 2;

	/* Newton's step takes the estimate to within a unit or so of the root. */
	root = (root + square / (uint64_t)root) >> 1;
	while (root >> 64 || root * root > square)
		root--;
	while (square - root * root > 2 * root)
		root++;
	*rest = square - root * root;
	return (uint64_t)root;
}

static struct fp_wide root_of(struct fp_parts a)
{
	bool odd = a.exponent & 1;
	fp_u128 rest;
	/* An even exponent halves; of an odd one, one factor 2 stays with the significand. */
	uint64_t root = square_root((fp_u128)a.significand << (odd ? 64 : 63), &rest);

	return (struct fp_wide){
		.class = FP_CLASS_FINITE,
		.exponent = (a.exponent - odd) / 2,
		/* Above root + 1/2 is what leaves more than root; it never is root + 1/2. */
		.significand = fp_u128_make(root, (rest > root ? BIT(63) : 0) | (rest != 0)),
	};
}

struct fp_wide fp_sqrt(struct fp_env *env, struct fp_parts a)
{
	if (unlikely(fp_is_nan(a)))
		return fp_nan_of(env, a);
	if (unlikely(a.class == FP_CLASS_ZERO))
		return fp_zero(a.sign);
	if (unlikely(a.sign))
		return fp_invalid(env);
	if (unlikely(a.class == FP_CLASS_INFINITE))
		return fp_infinity(false);
	fp_raise_denormal(env, a);
	return root_of(a);
}

uint32_t fp_f32_sqrt(struct fp_env *env, uint32_t a)
{
	return fp_pack_f32(env, fp_sqrt(env, fp_unpack_f32(env, a)));
}

uint64_t fp_f64_sqrt(struct fp_env *env, uint64_t a)
{
	return fp_pack_f64(env, fp_sqrt(env, fp_unpack_f64(env, a)));
}

struct fp_f80 fp_f80_sqrt(struct fp_env *env, struct fp_f80 a)
{
	return fp_pack_f80(env, fp_sqrt(env, fp_unpack_f80(a)));
}
