/* SPDX-License-Identifier: MIT */
/* FPREM and FPREM1. */
#include "float/nan.h"
#include "float/pack.h"
#include "float/unpack.h"

/* Exponents that differ by this or more are reduced in steps. */
#define COMPLETE_BELOW 64

/* SDM Vol. 2, "FPREM": C0, C3, C1 are bits 2, 1, 0 of the quotient. */
static uint16_t quotient_conditions(fp_u128 quotient)
{
	return (uint16_t)((quotient & 4 ? FP_C0 : 0) | (quotient & 2 ? FP_C3 : 0) |
			  (quotient & 1 ? FP_C1 : 0));
}

/* @rest in units of 2^@unit; a rest of zero has the dividend's sign. */
static struct fp_wide remaining(bool sign, fp_u128 rest, int32_t unit)
{
	return rest ? fp_normalize(sign, unit + 127, rest) : fp_zero(sign);
}

/* A step: the exponent comes down by 32 to 63, and what is left of it is a multiple of 32. */
static struct fp_wide reduce(struct fp_parts a, struct fp_parts b, uint16_t *conditions)
{
	int32_t distance = a.exponent - b.exponent;
	int32_t step = (distance & 31) | 32;

	*conditions = FP_C2;
	return remaining(a.sign, ((fp_u128)a.significand << step) % b.significand,
			 b.exponent + distance - step - 63);
}

static struct fp_wide complete(struct fp_parts a, struct fp_parts b, bool nearest,
			       uint16_t *conditions)
{
	int32_t distance = a.exponent - b.exponent;
	fp_u128 divisor = b.significand, dividend = a.significand, quotient, rest;
	int32_t unit = b.exponent - 63;

	*conditions = 0;
	if (distance < -1)
		return fp_widen(a);
	if (distance < 0) {
		divisor <<= 1;
		unit--;
	} else {
		dividend <<= distance;
	}
	quotient = dividend / divisor;
	rest = dividend % divisor;
	if (nearest && (rest > divisor - rest || (rest == divisor - rest && (quotient & 1)))) {
		rest = divisor - rest;
		quotient++;
		a.sign ^= rest != 0;
	}
	*conditions = quotient_conditions(quotient);
	return remaining(a.sign, rest, unit);
}

static struct fp_wide remainder_of(struct fp_env *env, struct fp_parts a, struct fp_parts b,
				   bool nearest, uint16_t *conditions)
{
	*conditions = 0;
	if (fp_is_nan(a) || fp_is_nan(b))
		return fp_nan_of_two(env, a, b, FP_NAN_X87);
	if (a.class == FP_CLASS_INFINITE || b.class == FP_CLASS_ZERO)
		return fp_invalid(env);
	fp_raise_denormals(env, a, b);
	if (a.class == FP_CLASS_ZERO || b.class == FP_CLASS_INFINITE)
		return fp_widen(a);
	if (a.exponent - b.exponent >= COMPLETE_BELOW)
		return reduce(a, b, conditions);
	return complete(a, b, nearest, conditions);
}

/* By infinity: the dividend, which is no underflow however small. SDM Vol. 2, "FPREM", results */
static bool is_dividend(struct fp_parts a, struct fp_parts b)
{
	return b.class == FP_CLASS_INFINITE && a.class != FP_CLASS_INFINITE && !fp_is_nan(a);
}

struct fp_f80 fp_f80_remainder(struct fp_env *env, struct fp_f80 a, struct fp_f80 b, bool nearest)
{
	struct fp_parts x = fp_unpack_f80(a), y = fp_unpack_f80(b);
	uint8_t before = env->masks;
	uint16_t conditions;
	struct fp_wide rest = remainder_of(env, x, y, nearest, &conditions);
	struct fp_f80 result;

	if (is_dividend(x, y))
		env->masks |= FP_UE;
	result = fp_pack_f80_full(env, rest);
	env->masks = before;
	env->conditions = conditions;
	return result;
}
