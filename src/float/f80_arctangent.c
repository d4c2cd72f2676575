/* SPDX-License-Identifier: MIT */
/* FPATAN. */
#include "float/nan.h"
#include "float/pack.h"
#include "float/series.h"
#include "float/unpack.h"

static const fp_u128 coefficients[FP_ODD_INVERSES_COUNT] = FP_ODD_INVERSES;

/* Of arguments up to 1/32 that many are enough. */
#define COEFFICIENTS_USED 13

#define STEP_BITS 4 /* the table's steps are 2^-STEP_BITS */
#define FRACTION(high, low) ((fp_u128)(high) << 64 | (low))

/* atan(i / 16), in units of 2^-128. */
static const fp_u128 atan_of_step[] = {
	FRACTION(0x0000000000000000u, 0x0000000000000000u),
	FRACTION(0x0ffaaddb967ef4e3u, 0x6cb2792dc0e2e0d5u),
	FRACTION(0x1fd5ba9aac2f6dc6u, 0x5912f313e7d111deu),
	FRACTION(0x2f72f6979cb6044du, 0x1ec2d3e207271d21u),
	FRACTION(0x3eb6ebf25901bac5u, 0x5b71e7bd7de885f9u),
	FRACTION(0x4d89dcdc1faf2f34u, 0xe2d5da4c693d7994u),
	FRACTION(0x5bd86507937bc239u, 0xc55190916e7f2241u),
	FRACTION(0x6993bb0f308ff2dbu, 0x213e4af4800f389bu),
	FRACTION(0x76b19c1586ed3da2u, 0xb7f222f65e1d4681u),
	FRACTION(0x832bf4a6d9867e2au, 0x4b6a09cb61a515c0u),
	FRACTION(0x8f005d5ef7f59f9bu, 0x5c835e1665c43747u),
	FRACTION(0x9a2f80e671bdda20u, 0x4226f8e2204ff3bcu),
	FRACTION(0xa4bc7d1934f70924u, 0x19a87f2a457dac9eu),
	FRACTION(0xaeac4c38b4d8c080u, 0x14725e2f3e52070au),
	FRACTION(0xb8053e2bc2319e73u, 0xcb2da55210a4443du),
	FRACTION(0xc0ce85b8ac526640u, 0x89dd62c46e92fa24u),
	FRACTION(0xc90fdaa22168c234u, 0xc4c6628b80dc1cd1u),
};

/* Of |t| up to 1/32. */
static struct fp_wide atan_small(struct fp_wide t)
{
	fp_u128 square;

	if (t.class == FP_CLASS_ZERO)
		return t;
	square = fp_wide_fraction(fp_wide_multiply(t, t));
	return fp_wide_multiply(
		t, fp_one_minus(fp_series_alternating(square, coefficients, COEFFICIENTS_USED)));
}

/* The step nearest to @low / @high, which is at most 1. */
static unsigned nearest_step(struct fp_wide low, struct fp_wide high)
{
	int32_t distance = high.exponent - low.exponent;
	uint64_t a = fp_high(low.significand) >> 32, b = fp_high(high.significand) >> 32;

	if (distance > STEP_BITS + 1)
		return 0;
	return (unsigned)(((a << (STEP_BITS + 1) >> distance) / b + 1) / 2);
}

/* @a times @step / 2^STEP_BITS, exact for operands of f80. */
static struct fp_wide times_step(struct fp_wide a, unsigned step)
{
	fp_u128 product = (fp_u128)fp_high(a.significand) * step;

	return fp_normalize(a.sign, a.exponent + 64 - STEP_BITS, product);
}

/* atan(low / high), 0 < low <= high: atan(c) + atan((low - c high) / (high + c low)), c a step. */
static struct fp_wide atan_of_ratio(struct fp_wide low, struct fp_wide high)
{
	unsigned step = nearest_step(low, high);
	struct fp_wide above, below;

	if (step == 0)
		return atan_small(fp_wide_divide(low, high));
	above = fp_wide_add(low, fp_wide_negate(times_step(high, step)));
	below = fp_wide_add(high, times_step(low, step));
	return fp_wide_add(fp_wide_of_fraction(false, atan_of_step[step]),
			   atan_small(fp_wide_divide(above, below)));
}

static struct fp_wide pi_times(int quarters)
{
	struct fp_wide pi = FP_WIDE_PI;
	struct fp_wide part = pi;

	part.exponent -= 2;
	if (quarters == 3) {
		pi.exponent--;
		return fp_wide_add(pi, part);
	}
	part.exponent += quarters / 2;
	return part;
}

static bool magnitude_below(struct fp_wide a, struct fp_wide b)
{
	return a.exponent != b.exponent ? a.exponent < b.exponent : a.significand < b.significand;
}

/* The angle of (x, |y|), both finite and not zero. */
static struct fp_wide angle_finite(struct fp_wide y, struct fp_wide x)
{
	bool left = x.sign;
	struct fp_wide angle;

	x.sign = y.sign = false;
	if (magnitude_below(x, y)) {
		angle = atan_of_ratio(x, y);
		return fp_wide_add(pi_times(2), left ? angle : fp_wide_negate(angle));
	}
	angle = atan_of_ratio(y, x);
	return left ? fp_wide_add(pi_times(4), fp_wide_negate(angle)) : angle;
}

/* SDM Vol. 2, "FPATAN Results": the angle of (x, |y|) in quarters of pi where that is enough. */
static struct fp_wide angle_special(struct fp_parts y, struct fp_parts x)
{
	int quarters;

	if (x.class == FP_CLASS_INFINITE && y.class == FP_CLASS_INFINITE)
		quarters = x.sign ? 3 : 1;
	else if (y.class == FP_CLASS_ZERO || x.class == FP_CLASS_INFINITE)
		quarters = x.sign ? 4 : 0;
	else
		quarters = 2;
	return quarters ? pi_times(quarters) : fp_zero(false);
}

static struct fp_wide evaluate(struct fp_env *env, struct fp_parts y, struct fp_parts x)
{
	struct fp_wide angle;

	if (fp_is_nan(y) || fp_is_nan(x))
		return fp_nan_of_two(env, y, x, FP_NAN_X87);
	fp_raise_denormals(env, y, x);
	if (y.class == FP_CLASS_FINITE && x.class == FP_CLASS_FINITE)
		angle = angle_finite(fp_widen(y), fp_widen(x));
	else
		angle = angle_special(y, x);
	angle.sign = y.sign;
	return angle.class == FP_CLASS_ZERO ? angle : fp_inexact(angle);
}

struct fp_f80 fp_f80_atan(struct fp_env *env, struct fp_f80 y, struct fp_f80 x)
{
	return fp_pack_f80_full(env, evaluate(env, fp_unpack_f80(y), fp_unpack_f80(x)));
}
