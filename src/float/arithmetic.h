/* SPDX-License-Identifier: MIT */
#ifndef UDV_FLOAT_ARITHMETIC_H
#define UDV_FLOAT_ARITHMETIC_H

/*
 * The operations on parts, for every format. Results are exact or sticky (parts.h); IE, DE and ZE
 * are raised, in the order of SDM Vol. 1, "SIMD Floating-Point Exception Priority".
 */

#include "float/nan.h"

struct fp_wide fp_add(struct fp_env *env, struct fp_parts a, struct fp_parts b,
		      enum fp_nan_rule rule);
struct fp_wide fp_sub(struct fp_env *env, struct fp_parts a, struct fp_parts b,
		      enum fp_nan_rule rule);
struct fp_wide fp_mul(struct fp_env *env, struct fp_parts a, struct fp_parts b,
		      enum fp_nan_rule rule);
struct fp_wide fp_div(struct fp_env *env, struct fp_parts a, struct fp_parts b,
		      enum fp_nan_rule rule);
struct fp_wide fp_sqrt(struct fp_env *env, struct fp_parts a);
struct fp_wide fp_fma(struct fp_env *env, struct fp_parts a, struct fp_parts b, struct fp_parts c,
		      unsigned negate);

/* Sum of two finite numbers, zero or not. Bits below those of the larger become sticky. */
struct fp_wide fp_sum(const struct fp_env *env, struct fp_wide a, struct fp_wide b);

/* Exact product of two finite numbers that are not zero. */
struct fp_wide fp_product(struct fp_parts a, struct fp_parts b);

enum fp_relation fp_compare(struct fp_env *env, struct fp_parts a, struct fp_parts b,
			    bool signalling);

/* Of two numbers, neither a NaN. */
enum fp_relation fp_relation_of(struct fp_parts a, struct fp_parts b);

#endif
