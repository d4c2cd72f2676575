/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "cpu/simd.h"

/*
 * x * y + z, rounded once. The digits of the mnemonic tell which operand is which: 1 the
 * destination (env->c), 2 VEX.vvvv (a), 3 the register or memory operand (b). SDM Vol 1 "Fused-
 * Multiply-ADD (FMA) Numeric Behavior": a NaN result is x, y or z, the first that is one.
 */

#define X_132 env->c
#define Y_132 b
#define Z_132 a
#define X_213 a
#define Y_213 env->c
#define Z_213 b
#define X_231 a
#define Y_231 b
#define Z_231 env->c

/* clang-format off */
#define FUSED(bits, lane, form, negate) \
	fp_##bits##_fma(&env->fp, X_##form->lane[i], Y_##form->lane[i], Z_##form->lane[i], negate)

#define SCALAR(name, bits, lane, form, negate) \
	SIMD_KERNEL(name) \
	{ \
		enum { i = 0 }; \
		memcpy(d, env->c, 16); \
		d->lane[0] = FUSED(bits, lane, form, negate); \
	}

#define PACKED_FORM(name, form, negate) \
	FLOAT_ELEMENTS(name##form##PS, u32, FUSED(f32, u32, form, negate)) \
	FLOAT_ELEMENTS(name##form##PD, u64, FUSED(f64, u64, form, negate))
#define SCALAR_FORM(name, form, negate) \
	SCALAR(name##form##SS, f32, u32, form, negate) \
	SCALAR(name##form##SD, f64, u64, form, negate)

#define PACKED(name, negate) \
	PACKED_FORM(name, 132, negate) PACKED_FORM(name, 213, negate) PACKED_FORM(name, 231, negate)
#define ALL(name, negate) \
	PACKED(name, negate) \
	SCALAR_FORM(name, 132, negate) SCALAR_FORM(name, 213, negate) SCALAR_FORM(name, 231, negate)

ALL(FMADD, 0)
ALL(FMSUB, FP_NEGATE_ADDEND)
ALL(FNMADD, FP_NEGATE_PRODUCT)
ALL(FNMSUB, FP_NEGATE_PRODUCT | FP_NEGATE_ADDEND)
/* Odd elements add, even ones subtract; or the other way round. */
PACKED(FMADDSUB, i & 1 ? 0 : FP_NEGATE_ADDEND)
PACKED(FMSUBADD, i & 1 ? FP_NEGATE_ADDEND : 0)
/* clang-format on */
