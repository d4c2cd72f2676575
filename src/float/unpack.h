/* SPDX-License-Identifier: MIT */
#ifndef UDV_FLOAT_UNPACK_H
#define UDV_FLOAT_UNPACK_H

/* Operands taken apart. Nothing is raised here: what to raise depends on the operation. */

#include "float/parts.h"

/* A format with a hidden integer bit; f80 differs and has functions of its own. */
struct fp_format {
	unsigned fraction_bits;
	unsigned exponent_bits;
};

#define FP_FORMAT_F16 ((struct fp_format){ .fraction_bits = 10, .exponent_bits = 5 })
#define FP_FORMAT_F32 ((struct fp_format){ .fraction_bits = 23, .exponent_bits = 8 })
#define FP_FORMAT_F64 ((struct fp_format){ .fraction_bits = 52, .exponent_bits = 11 })

ALWAYS_INLINE int32_t fp_bias(struct fp_format format)
{
	return (int32_t)(1u << (format.exponent_bits - 1)) - 1;
}

static inline enum fp_class fp_nan_class(uint64_t significand)
{
	return significand & FP_QUIET_BIT ? FP_CLASS_QNAN : FP_CLASS_SNAN;
}

ALWAYS_INLINE struct fp_parts fp_unpack(struct fp_format format, uint64_t bits, bool daz)
{
	uint32_t field_max = (1u << format.exponent_bits) - 1;
	uint32_t field = (uint32_t)(bits >> format.fraction_bits) & field_max;
	uint64_t fraction = bits & BITS(format.fraction_bits - 1, 0);
	struct fp_parts a = {
		.class = FP_CLASS_FINITE,
		.sign = bits >> (format.fraction_bits + format.exponent_bits) & 1,
		.exponent = (int32_t)field - fp_bias(format),
		.significand = BIT(63) | fraction << (63 - format.fraction_bits),
	};

	if (unlikely(field == field_max)) {
		a.class = fraction ? fp_nan_class(a.significand) : FP_CLASS_INFINITE;
	} else if (unlikely(field == 0)) {
		if (fraction == 0 || daz) {
			a.class = FP_CLASS_ZERO;
			a.significand = 0;
		} else {
			unsigned shift = (unsigned)__builtin_clzll(fraction);

			a.denormal = true;
			a.significand = fraction << shift;
			/* Bit fraction_bits of a denormal stands for 2^(1 - bias). */
			a.exponent = 1 - fp_bias(format) - (int32_t)shift +
				     (int32_t)(63 - format.fraction_bits);
		}
	}
	return a;
}

static inline struct fp_parts fp_unpack_f32(const struct fp_env *env, uint32_t bits)
{
	return fp_unpack(FP_FORMAT_F32, bits, env->daz);
}

static inline struct fp_parts fp_unpack_f64(const struct fp_env *env, uint64_t bits)
{
	return fp_unpack(FP_FORMAT_F64, bits, env->daz);
}

#define FP_F80_BIAS 16383
#define FP_F80_FIELD_MAX 0x7fff

/* Of an exponent field that is neither 0 nor the maximum the integer bit must be set. */
static inline enum fp_class fp_f80_class(unsigned field, uint64_t significand)
{
	if (field == 0)
		return significand ? FP_CLASS_FINITE : FP_CLASS_ZERO;
	if (!(significand & BIT(63)))
		return FP_CLASS_UNSUPPORTED;
	if (field < FP_F80_FIELD_MAX)
		return FP_CLASS_FINITE;
	return significand == BIT(63) ? FP_CLASS_INFINITE : fp_nan_class(significand);
}

static inline struct fp_parts fp_unpack_f80(struct fp_f80 value)
{
	unsigned field = value.sign_exponent & FP_F80_FIELD_MAX;
	struct fp_parts a = {
		.class = fp_f80_class(field, value.significand),
		.sign = value.sign_exponent >> 15,
		.exponent = (int32_t)field - FP_F80_BIAS,
		.significand = value.significand,
	};

	if (unlikely(field == 0 && value.significand)) {
		unsigned shift = (unsigned)__builtin_clzll(value.significand);

		a.denormal = true; /* a pseudo-denormal (shift 0) too */
		a.significand <<= shift;
		a.exponent = 1 - FP_F80_BIAS - (int32_t)shift;
	}
	return a;
}

#endif
