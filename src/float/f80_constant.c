/* SPDX-License-Identifier: MIT */
#include "float/pack.h"
#include "float/wide.h"

struct fp_f80 fp_f80_constant(const struct fp_env *env, enum fp_constant constant)
{
	/* No flags: the instructions that load constants raise no PE. */
	struct fp_env quiet = { .rounding = env->rounding, .masks = FP_EXCEPTIONS };

	switch (constant) {
	case FP_ONE:
		return fp_pack_f80_full(&quiet, fp_wide_one());
	case FP_LOG2_10:
		return fp_pack_f80_full(&quiet, FP_WIDE_LOG2_10);
	case FP_LOG2_E:
		return fp_pack_f80_full(&quiet, FP_WIDE_LOG2_E);
	case FP_PI:
		return fp_pack_f80_full(&quiet, FP_WIDE_PI);
	case FP_LOG10_2:
		return fp_pack_f80_full(&quiet, FP_WIDE_LOG10_2);
	case FP_LN_2:
		return fp_pack_f80_full(&quiet, FP_WIDE_LN_2);
	case FP_PLUS_ZERO:
		break;
	}
	return fp_pack_f80_full(&quiet, fp_zero(false));
}
