/* SPDX-License-Identifier: MIT */
/* FYL2X and FYL2XP1. */
#include "float/integral.h"
#include "float/nan.h"
#include "float/series.h"
#include "float/unpack.h"

static const fp_u128 coefficients[FP_ODD_INVERSES_COUNT] = FP_ODD_INVERSES;

/* The upper half of the square root of 2: a significand above it counts as one below 1. */
#define ROOT_OF_2 0xb504f333f9de6484u

/* log2((1 + s) / (1 - s)) = 2 / ln 2 * s * (1 + s^2/3 + s^4/5 + ...), |s| up to 0.172. */
static struct fp_wide log2_of_ratio(struct fp_wide s)
{
	fp_u128 square = fp_wide_fraction(fp_wide_multiply(s, s));
	struct fp_wide value = fp_wide_multiply(
		s, fp_one_plus(fp_series(square, coefficients, FP_ODD_INVERSES_COUNT)));

	value.exponent++;
	return fp_inexact(fp_wide_multiply(value, FP_WIDE_LOG2_E));
}

/* Of a finite positive number: zero at 1, exact at powers of 2. */
static struct fp_wide log2_of(struct fp_wide x)
{
	int32_t power = x.exponent;
	struct fp_wide one = fp_wide_one(), minus_one = fp_wide_negate(one);
	struct fp_wide below, above, whole;

	x.exponent = 0;
	if (fp_high(x.significand) >= ROOT_OF_2) {
		x.exponent = -1;
		power++;
	}
	whole = fp_integral(power < 0, (fp_u128)(power < 0 ? -power : power));
	below = fp_wide_add(x, minus_one);
	if (below.class == FP_CLASS_ZERO)
		return whole;
	above = fp_wide_add(x, one);
	return fp_inexact(fp_wide_add(whole, log2_of_ratio(fp_wide_divide(below, above))));
}

/*
 * log2(1 + x) of a finite x above -1, not zero. SDM Vol. 2, "FYL2XP1": beyond 1 - sqrt(1/2) the
 * result is undefined; here it is right there as well.
 */
static struct fp_wide log2_of_one_plus(struct fp_parts x)
{
	struct fp_wide two = fp_wide_one();

	if (x.exponent >= -2)
		return log2_of(fp_wide_add(fp_wide_one(), fp_widen(x)));
	two.exponent = 1;
	return log2_of_ratio(fp_wide_divide(fp_widen(x), fp_wide_add(two, fp_widen(x))));
}

/* y times a logarithm, either of them zero or infinite. */
static struct fp_wide times(struct fp_env *env, struct fp_parts y, struct fp_wide log)
{
	bool sign = y.sign ^ log.sign;
	bool infinite = y.class == FP_CLASS_INFINITE || log.class == FP_CLASS_INFINITE;
	bool zero = y.class == FP_CLASS_ZERO || log.class == FP_CLASS_ZERO;
	struct fp_wide product;

	if (infinite && zero)
		return fp_invalid(env);
	if (infinite)
		return fp_infinity(sign);
	if (zero)
		return fp_zero(sign);
	product = fp_wide_multiply(fp_widen(y), log);
	product.significand |= log.significand & 1;
	return product;
}

/* The logarithm of 0 is a pole. */
static struct fp_wide at_pole(struct fp_env *env, struct fp_parts y)
{
	if (y.class == FP_CLASS_ZERO)
		return fp_invalid(env);
	if (y.class == FP_CLASS_FINITE)
		fp_raise(env, FP_ZE);
	return fp_infinity(!y.sign);
}

static struct fp_wide ylog2x(struct fp_env *env, struct fp_parts y, struct fp_parts x)
{
	if (fp_is_nan(y) || fp_is_nan(x))
		return fp_nan_of_two(env, y, x, FP_NAN_X87);
	if (x.class == FP_CLASS_ZERO)
		return at_pole(env, y);
	if (x.sign)
		return fp_invalid(env);
	fp_raise_denormals(env, y, x);
	return times(env, y, x.class == FP_CLASS_FINITE ? log2_of(fp_widen(x)) : fp_widen(x));
}

static struct fp_wide ylog2xp1(struct fp_env *env, struct fp_parts y, struct fp_parts x)
{
	bool minus_one = x.sign && x.exponent == 0 && x.significand == BIT(63);

	if (fp_is_nan(y) || fp_is_nan(x))
		return fp_nan_of_two(env, y, x, FP_NAN_X87);
	if (x.class == FP_CLASS_FINITE && minus_one)
		return at_pole(env, y);
	if (x.sign &&
	    (x.class == FP_CLASS_INFINITE || (x.class == FP_CLASS_FINITE && x.exponent >= 0)))
		return fp_invalid(env);
	fp_raise_denormals(env, y, x);
	return times(env, y, x.class == FP_CLASS_FINITE ? log2_of_one_plus(x) : fp_widen(x));
}

struct fp_f80 fp_f80_ylog2x(struct fp_env *env, struct fp_f80 y, struct fp_f80 x)
{
	return fp_pack_f80_full(env, ylog2x(env, fp_unpack_f80(y), fp_unpack_f80(x)));
}

struct fp_f80 fp_f80_ylog2xp1(struct fp_env *env, struct fp_f80 y, struct fp_f80 x)
{
	return fp_pack_f80_full(env, ylog2xp1(env, fp_unpack_f80(y), fp_unpack_f80(x)));
}
