/* SPDX-License-Identifier: MIT */
/* FSIN, FCOS, FSINCOS, FPTAN. */
#include "float/nan.h"
#include "float/pack.h"
#include "float/series.h"
#include "float/unpack.h"

/* SDM Vol. 1, "Approximation of Pi": 66 bits; half of it in units of 2^-65. */
#define HALF_PI fp_u128_make(3, 0x243f6a8885a308d3u)
#define HALF_PI_UNIT (-65)

/* SDM Vol. 2, "FSIN": operands from 2^63 on are out of range. */
#define RANGE_EXPONENT 63

static const fp_u128 sine_coefficients[] = {
	FP_INVERSE(6),
	FP_INVERSE(120),
	FP_INVERSE(5040),
	FP_INVERSE(362880),
	FP_INVERSE(39916800),
	FP_INVERSE(6227020800u),
	FP_INVERSE(1307674368000u),
	FP_INVERSE(355687428096000u),
	FP_INVERSE(121645100408832000u),
	FP_INVERSE(FP_FACTORIAL_20 * 21),
	FP_INVERSE(FP_FACTORIAL_25 / 600),
	FP_INVERSE(FP_FACTORIAL_25),
	FP_INVERSE(FP_FACTORIAL_25 * 702),
	FP_INVERSE(FP_FACTORIAL_30 / 30),
	FP_INVERSE(FP_FACTORIAL_30 * 31),
	FP_INVERSE(FP_FACTORIAL_34 / 34),
};

static const fp_u128 cosine_coefficients[] = {
	FP_INVERSE(2),
	FP_INVERSE(24),
	FP_INVERSE(720),
	FP_INVERSE(40320),
	FP_INVERSE(3628800),
	FP_INVERSE(479001600),
	FP_INVERSE(87178291200u),
	FP_INVERSE(20922789888000u),
	FP_INVERSE(6402373705728000u),
	FP_INVERSE(FP_FACTORIAL_20),
	FP_INVERSE(FP_FACTORIAL_20 * 462),
	FP_INVERSE(FP_FACTORIAL_25 / 25),
	FP_INVERSE(FP_FACTORIAL_25 * 26),
	FP_INVERSE(FP_FACTORIAL_30 / 870),
	FP_INVERSE(FP_FACTORIAL_30),
	FP_INVERSE(FP_FACTORIAL_30 * 992),
	FP_INVERSE(FP_FACTORIAL_34),
};

#define COUNT(array) (unsigned)(sizeof(array) / sizeof(*(array)))

/* An angle: @rest, at most a quarter of pi, plus @quadrant right angles. */
struct angle {
	struct fp_wide rest;
	unsigned quadrant;
};

/* Of |a|; exact in terms of the processor's pi. */
static struct angle reduce(struct fp_parts a)
{
	struct angle angle = { 0 };
	fp_u128 units, rest;

	a.sign = false;
	if (a.exponent < -1) {
		angle.rest = fp_widen(a);
		return angle;
	}
	/* Below 2^63 with 64 bits from 1/2 on: 128 bits in units of 2^-65. */
	units = (fp_u128)a.significand << (a.exponent - 63 - HALF_PI_UNIT);
	rest = units % HALF_PI;
	angle.quadrant = (unsigned)(units / HALF_PI) & 3;
	if (rest > HALF_PI / 2) {
		rest = HALF_PI - rest;
		a.sign = true;
		angle.quadrant = (angle.quadrant + 1) & 3;
	}
	/* Never 0: no multiple of an odd number of 66 bits has as few as 64 that count. */
	angle.rest = fp_normalize(a.sign, 127 + HALF_PI_UNIT, rest);
	return angle;
}

static struct fp_wide sine_of_rest(struct fp_wide rest)
{
	fp_u128 square = fp_wide_fraction(fp_wide_multiply(rest, rest));

	return fp_wide_multiply(rest,
				fp_one_minus(fp_series_alternating(square, sine_coefficients,
								   COUNT(sine_coefficients))));
}

static struct fp_wide cosine_of_rest(struct fp_wide rest)
{
	fp_u128 square = fp_wide_fraction(fp_wide_multiply(rest, rest));

	return fp_one_minus(
		fp_series_alternating(square, cosine_coefficients, COUNT(cosine_coefficients)));
}

/* The sine of an angle, turned by @turn right angles: 1 makes it the cosine. */
static struct fp_wide turned_sine(struct angle angle, unsigned turn)
{
	unsigned quadrant = (angle.quadrant + turn) & 3;
	struct fp_wide value = quadrant & 1 ? cosine_of_rest(angle.rest) : sine_of_rest(angle.rest);

	return fp_inexact(quadrant & 2 ? fp_wide_negate(value) : value);
}

static struct fp_wide sine(struct fp_parts a)
{
	struct fp_wide value = turned_sine(reduce(a), 0);

	value.sign ^= a.sign;
	return value;
}

static struct fp_wide cosine(struct fp_parts a)
{
	return turned_sine(reduce(a), 1);
}

static struct fp_wide tangent(struct fp_parts a)
{
	struct angle angle = reduce(a);
	struct fp_wide value = fp_wide_divide(turned_sine(angle, 0), turned_sine(angle, 1));

	value.sign ^= a.sign;
	return fp_inexact(value);
}

/* What is not a finite number, or is 0, and what @at_zero is then. */
static struct fp_wide special(struct fp_env *env, struct fp_parts a, struct fp_wide at_zero)
{
	if (fp_is_nan(a))
		return fp_nan_of(env, a);
	if (a.class == FP_CLASS_INFINITE)
		return fp_invalid(env);
	return at_zero;
}

static bool out_of_range(struct fp_parts a)
{
	return a.class == FP_CLASS_FINITE && a.exponent >= RANGE_EXPONENT;
}

static struct fp_f80 evaluate(struct fp_env *env, struct fp_f80 x,
			      struct fp_wide (*function)(struct fp_parts a), struct fp_wide at_zero)
{
	struct fp_parts a = fp_unpack_f80(x);

	if (out_of_range(a)) {
		env->conditions = FP_C2;
		return x;
	}
	fp_raise_denormal(env, a);
	return fp_pack_f80_full(env, a.class == FP_CLASS_FINITE ? function(a)
								: special(env, a, at_zero));
}

struct fp_f80 fp_f80_sin(struct fp_env *env, struct fp_f80 x)
{
	return evaluate(env, x, sine, fp_zero(x.sign_exponent >> 15));
}

struct fp_f80 fp_f80_cos(struct fp_env *env, struct fp_f80 x)
{
	return evaluate(env, x, cosine, fp_wide_one());
}

struct fp_f80 fp_f80_tan(struct fp_env *env, struct fp_f80 x)
{
	return evaluate(env, x, tangent, fp_zero(x.sign_exponent >> 15));
}

struct fp_f80 fp_f80_sincos(struct fp_env *env, struct fp_f80 x, struct fp_f80 *cosine_result)
{
	struct fp_f80 sine_result = fp_f80_sin(env, x);

	*cosine_result = fp_f80_cos(env, x);
	return sine_result;
}
