/* SPDX-License-Identifier: MIT */
#include "float/nan.h"

static struct fp_wide quieted(struct fp_parts a)
{
	return (struct fp_wide){
		.class = FP_CLASS_QNAN,
		.sign = a.sign,
		.significand = fp_u128_make(a.significand | FP_QUIET_BIT, 0),
	};
}

struct fp_wide fp_nan_of(struct fp_env *env, struct fp_parts a)
{
	fp_raise_signalling(env, a);
	return a.class == FP_CLASS_UNSUPPORTED ? fp_indefinite() : quieted(a);
}

/* Of two NaNs of one kind the larger, of equal ones the positive; of two kinds the QNaN. */
static struct fp_parts choose_x87(struct fp_parts a, struct fp_parts b)
{
	if (!fp_is_nan(a))
		return b;
	if (!fp_is_nan(b))
		return a;
	if (a.class != b.class)
		return a.class == FP_CLASS_QNAN ? a : b;
	if (a.significand != b.significand)
		return a.significand > b.significand ? a : b;
	return a.sign ? b : a;
}

struct fp_wide fp_nan_of_two(struct fp_env *env, struct fp_parts a, struct fp_parts b,
			     enum fp_nan_rule rule)
{
	fp_raise_signalling(env, a);
	fp_raise_signalling(env, b);
	if (a.class == FP_CLASS_UNSUPPORTED || b.class == FP_CLASS_UNSUPPORTED)
		return fp_indefinite();
	if (rule == FP_NAN_X87)
		return quieted(choose_x87(a, b));
	return quieted(fp_is_nan(a) ? a : b);
}
