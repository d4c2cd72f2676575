/* SPDX-License-Identifier: MIT */
#ifndef UDV_FLOAT_PACK_H
#define UDV_FLOAT_PACK_H

/*
 * Rounds a result and puts it together, one function a format and destination. OE, UE and PE are
 * raised here and nowhere else, but for PE of roundings to integer.
 */

#include "float/parts.h"

/* SSE: FTZ counts. */
uint32_t fp_pack_f32(struct fp_env *env, struct fp_wide x);
uint64_t fp_pack_f64(struct fp_env *env, struct fp_wide x);
/* F16C: FTZ does not count. */
uint16_t fp_pack_f16(struct fp_env *env, struct fp_wide x);

/* x87: C1 tells whether the significand was rounded up. */
uint32_t fp_store_f32(struct fp_env *env, struct fp_wide x);
uint64_t fp_store_f64(struct fp_env *env, struct fp_wide x);
/* To a register, with the precision of PC, or of 64 bits whatever PC is. */
struct fp_f80 fp_pack_f80(struct fp_env *env, struct fp_wide x);
struct fp_f80 fp_pack_f80_full(struct fp_env *env, struct fp_wide x);

/* What rounding to the upper bits of a significand gives. */
struct fp_rounding_step {
	fp_u128 kept; /* the upper bits, moved down; one bit longer if it carries */
	bool inexact;
	bool up;
};

/* Drops the lower @drop bits, 1 to 127. */
static inline struct fp_rounding_step fp_round_off(fp_u128 significand, unsigned drop, bool sign,
						   unsigned rounding)
{
	struct fp_rounding_step step = { .kept = significand >> drop };
	fp_u128 tail = significand & (((fp_u128)1 << drop) - 1);
	fp_u128 half = (fp_u128)1 << (drop - 1);

	step.inexact = tail != 0;
	if (likely(rounding == FP_NEAREST))
		step.up = tail > half || (tail == half && (step.kept & 1));
	else
		step.up = step.inexact && rounding == (sign ? FP_DOWN : FP_UP);
	step.kept += step.up;
	return step;
}

#endif
