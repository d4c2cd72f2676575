/* SPDX-License-Identifier: MIT */
#ifndef UDV_FLOAT_NAN_H
#define UDV_FLOAT_NAN_H

/* SDM Vol. 1, "Rules for Handling NaNs". The result is quiet; IE is raised for SNaNs. */

#include "float/parts.h"

enum fp_nan_rule {
	FP_NAN_SSE, /* the first operand that is a NaN */
	FP_NAN_X87, /* the one with the larger significand */
};

/* One operand that is a NaN, or unsupported. */
struct fp_wide fp_nan_of(struct fp_env *env, struct fp_parts a);

/* At least one of the two is a NaN, or unsupported. */
struct fp_wide fp_nan_of_two(struct fp_env *env, struct fp_parts a, struct fp_parts b,
			     enum fp_nan_rule rule);

/* IE if @a is a SNaN, or unsupported. */
static inline void fp_raise_signalling(struct fp_env *env, struct fp_parts a)
{
	if (a.class > FP_CLASS_QNAN)
		fp_raise(env, FP_IE);
}

#endif
