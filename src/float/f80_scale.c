/* SPDX-License-Identifier: MIT */
/* FSCALE and FXTRACT. */
#include "float/integral.h"
#include "float/nan.h"
#include "float/unpack.h"

/* More than any exponent can be moved without an overflow that scaling does not mend. */
#define SCALE_MAX 0x20000

/* The operand truncated, and limited to +-SCALE_MAX. */
static int32_t scale_of(struct fp_parts b)
{
	int32_t magnitude = SCALE_MAX;

	if (b.class == FP_CLASS_ZERO)
		return 0;
	if (b.exponent < 17)
		magnitude = (int32_t)fp_round_to_integer(b, FP_ZERO).kept;
	return b.sign ? -magnitude : magnitude;
}

static struct fp_wide scale_by_infinity(struct fp_env *env, struct fp_parts a, bool down)
{
	if (a.class == (down ? FP_CLASS_INFINITE : FP_CLASS_ZERO))
		return fp_invalid(env);
	fp_raise_denormal(env, a);
	return down ? fp_zero(a.sign) : fp_infinity(a.sign);
}

static struct fp_wide scale(struct fp_env *env, struct fp_parts a, struct fp_parts b)
{
	if (fp_is_nan(a) || fp_is_nan(b))
		return fp_nan_of_two(env, a, b, FP_NAN_X87);
	if (b.class == FP_CLASS_INFINITE)
		return scale_by_infinity(env, a, b.sign);
	fp_raise_denormals(env, a, b);
	if (a.class == FP_CLASS_FINITE)
		a.exponent += scale_of(b);
	return fp_widen(a);
}

struct fp_f80 fp_f80_scale(struct fp_env *env, struct fp_f80 a, struct fp_f80 b)
{
	return fp_pack_f80_full(env, scale(env, fp_unpack_f80(a), fp_unpack_f80(b)));
}

static struct fp_wide exponent_of(struct fp_env *env, struct fp_parts *a)
{
	int32_t exponent = a->exponent;

	switch (a->class) {
	case FP_CLASS_ZERO:
		fp_raise(env, FP_ZE);
		return fp_infinity(true);
	case FP_CLASS_INFINITE:
		return fp_infinity(false);
	default:
		fp_raise_denormal(env, *a);
		a->exponent = 0;
		return fp_integral(exponent < 0, (fp_u128)(exponent < 0 ? -exponent : exponent));
	}
}

struct fp_f80 fp_f80_extract(struct fp_env *env, struct fp_f80 a, struct fp_f80 *exponent)
{
	struct fp_parts parts = fp_unpack_f80(a);

	if (fp_is_nan(parts)) {
		*exponent = fp_pack_f80_full(env, fp_nan_of(env, parts));
		return *exponent;
	}
	*exponent = fp_pack_f80_full(env, exponent_of(env, &parts));
	return fp_pack_f80_full(env, fp_widen(parts));
}
