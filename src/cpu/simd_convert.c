/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "cpu/simd.h"
#include "float/fast.h"

/* Conversions between integers and floating-point formats. */

#define FP (&env->fp)

/* clang-format off */
FLOAT_ELEMENTS(CVTDQ2PD, u64, fp_fast_i32_to_f64(b->s32[i]))
FLOAT_ELEMENTS(CVTDQ2PS, u32, fp_fast_i32_to_f32(FP, b->s32[i]))
FLOAT_ELEMENTS(CVTPS2DQ, s32, fp_f32_to_i32(FP, b->u32[i], false))
FLOAT_ELEMENTS(CVTTPS2DQ, s32, fp_fast_f32_to_i32_truncated(FP, b->u32[i]))
FLOAT_ELEMENTS(CVTPS2PD, u64, fp_fast_f32_to_f64(FP, b->u32[i]))
FLOAT_ELEMENTS(CVTPH2PS, u32, fp_f16_to_f32(FP, b->u16[i]))

/* From wider elements: as many as the source has. */
#define NARROW(name, count, lane, expression) \
	SIMD_KERNEL(name) \
	{ \
		for (unsigned i = 0; i < (count); i++) \
			d->lane[i] = (expression); \
	}
NARROW(CVTPD2DQ, bytes / 8, s32, fp_f64_to_i32(FP, b->u64[i], false))
NARROW(CVTTPD2DQ, bytes / 8, s32, fp_fast_f64_to_i32_truncated(FP, b->u64[i]))
NARROW(CVTPD2PS, bytes / 8, u32, fp_fast_f64_to_f32(FP, b->u64[i]))
NARROW(CVTPS2PH, bytes / 4, u16, fp_f32_to_f16(FP, b->u32[i], imm))

/* With MMX registers: two elements */
NARROW(CVTPS2PI, 2, s32, fp_f32_to_i32(FP, b->u32[i], false))
NARROW(CVTTPS2PI, 2, s32, fp_fast_f32_to_i32_truncated(FP, b->u32[i]))
NARROW(CVTPD2PI, 2, s32, fp_f64_to_i32(FP, b->u64[i], false))
NARROW(CVTTPD2PI, 2, s32, fp_fast_f64_to_i32_truncated(FP, b->u64[i]))
NARROW(CVTPI2PD, 2, u64, fp_fast_i32_to_f64(b->s32[i]))

/* To a general register; _Q: of 64 bits */
NARROW(CVTSS2SI, 1, u64, (uint32_t)fp_f32_to_i32(FP, b->u32[i], false))
NARROW(CVTSD2SI, 1, u64, (uint32_t)fp_f64_to_i32(FP, b->u64[i], false))
NARROW(CVTTSS2SI, 1, u64, (uint32_t)fp_fast_f32_to_i32_truncated(FP, b->u32[i]))
NARROW(CVTTSD2SI, 1, u64, (uint32_t)fp_fast_f64_to_i32_truncated(FP, b->u64[i]))
NARROW(CVTSS2SI_Q, 1, s64, fp_f32_to_i64(FP, b->u32[i], false))
NARROW(CVTSD2SI_Q, 1, s64, fp_f64_to_i64(FP, b->u64[i], false))
NARROW(CVTTSS2SI_Q, 1, s64, fp_f32_to_i64(FP, b->u32[i], true))
NARROW(CVTTSD2SI_Q, 1, s64, fp_fast_f64_to_i64_truncated(FP, b->u64[i]))

/* The first element; the rest of 16 bytes is a's. */
#define SCALAR(name, lane, expression) \
	SIMD_KERNEL(name) \
	{ \
		memcpy(d, a, 16); \
		d->lane[0] = (expression); \
	}
SCALAR(CVTSS2SD, u64, fp_fast_f32_to_f64(FP, b->u32[0]))
SCALAR(CVTSD2SS, u32, fp_fast_f64_to_f32(FP, b->u64[0]))
SCALAR(CVTSI2SS, u32, fp_fast_i32_to_f32(FP, b->s32[0]))
SCALAR(CVTSI2SD, u64, fp_fast_i32_to_f64(b->s32[0]))
SCALAR(CVTSI2SS_Q, u32, fp_i64_to_f32(FP, b->s64[0]))
SCALAR(CVTSI2SD_Q, u64, fp_fast_i64_to_f64(FP, b->s64[0]))
/* clang-format on */

SIMD_KERNEL(CVTPI2PS)
{
	for (unsigned i = 0; i < 2; i++)
		d->u32[i] = fp_fast_i32_to_f32(FP, b->s32[i]);
	d->u64[1] = a->u64[1];
}
