/* SPDX-License-Identifier: MIT */
/* F2XM1. */
#include "float/nan.h"
#include "float/pack.h"
#include "float/series.h"
#include "float/unpack.h"

#define INVERSE_OF_FACTORIAL(n, factorial) [(n)-2] = FP_INVERSE(factorial)

static const fp_u128 coefficients[] = {
	INVERSE_OF_FACTORIAL(2, 2),
	INVERSE_OF_FACTORIAL(3, 6),
	INVERSE_OF_FACTORIAL(4, 24),
	INVERSE_OF_FACTORIAL(5, 120),
	INVERSE_OF_FACTORIAL(6, 720),
	INVERSE_OF_FACTORIAL(7, 5040),
	INVERSE_OF_FACTORIAL(8, 40320),
	INVERSE_OF_FACTORIAL(9, 362880),
	INVERSE_OF_FACTORIAL(10, 3628800),
	INVERSE_OF_FACTORIAL(11, 39916800),
	INVERSE_OF_FACTORIAL(12, 479001600),
	INVERSE_OF_FACTORIAL(13, 6227020800u),
	INVERSE_OF_FACTORIAL(14, 87178291200u),
	INVERSE_OF_FACTORIAL(15, 1307674368000u),
	INVERSE_OF_FACTORIAL(16, 20922789888000u),
	INVERSE_OF_FACTORIAL(17, 355687428096000u),
	INVERSE_OF_FACTORIAL(18, 6402373705728000u),
	INVERSE_OF_FACTORIAL(19, 121645100408832000u),
	INVERSE_OF_FACTORIAL(20, FP_FACTORIAL_20),
	INVERSE_OF_FACTORIAL(21, FP_FACTORIAL_20 * 21),
	INVERSE_OF_FACTORIAL(22, FP_FACTORIAL_20 * 462),
	INVERSE_OF_FACTORIAL(23, FP_FACTORIAL_25 / 600),
	INVERSE_OF_FACTORIAL(24, FP_FACTORIAL_25 / 25),
	INVERSE_OF_FACTORIAL(25, FP_FACTORIAL_25),
	INVERSE_OF_FACTORIAL(26, FP_FACTORIAL_25 * 26),
	INVERSE_OF_FACTORIAL(27, FP_FACTORIAL_25 * 702),
	INVERSE_OF_FACTORIAL(28, FP_FACTORIAL_30 / 870),
	INVERSE_OF_FACTORIAL(29, FP_FACTORIAL_30 / 30),
	INVERSE_OF_FACTORIAL(30, FP_FACTORIAL_30),
	INVERSE_OF_FACTORIAL(31, FP_FACTORIAL_30 * 31),
	INVERSE_OF_FACTORIAL(32, FP_FACTORIAL_30 * 992),
};

#define COUNT (unsigned)(sizeof(coefficients) / sizeof(*coefficients))

/* e^t - 1 = t * (1 + t/2! + t^2/3! + ...), |t| below 1. */
static struct fp_wide exponential_minus_one(struct fp_wide t)
{
	fp_u128 magnitude = fp_wide_fraction(t);

	return fp_wide_multiply(
		t, t.sign ? fp_one_minus(fp_series_alternating(magnitude, coefficients, COUNT))
			  : fp_one_plus(fp_series(magnitude, coefficients, COUNT)));
}

/* |a| <= 1; what is beyond the manual leaves undefined. */
static struct fp_wide power_of_two_minus_one(struct fp_parts a)
{
	struct fp_wide half = FP_WIDE(-1, BIT(63), 0);

	if (a.exponent >= 0 && !(a.exponent == 0 && a.significand == BIT(63)))
		return fp_widen(a);
	if (a.exponent == 0)
		return a.sign ? fp_wide_negate(half) : fp_wide_one();
	return fp_inexact(exponential_minus_one(fp_wide_multiply(fp_widen(a), FP_WIDE_LN_2)));
}

static struct fp_wide evaluate(struct fp_env *env, struct fp_parts a)
{
	if (fp_is_nan(a))
		return fp_nan_of(env, a);
	if (a.class == FP_CLASS_INFINITE && a.sign)
		return fp_wide_negate(fp_wide_one());
	fp_raise_denormal(env, a);
	return a.class == FP_CLASS_FINITE ? power_of_two_minus_one(a) : fp_widen(a);
}

struct fp_f80 fp_f80_2xm1(struct fp_env *env, struct fp_f80 x)
{
	return fp_pack_f80_full(env, evaluate(env, fp_unpack_f80(x)));
}
