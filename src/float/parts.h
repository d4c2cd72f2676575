/* SPDX-License-Identifier: MIT */
#ifndef UDV_FLOAT_PARTS_H
#define UDV_FLOAT_PARTS_H

/*
 * What every operation works on, whatever the format:
 *
 *   operand (struct fp_parts)    class, sign, exponent of the leading bit, 64-bit significand
 *   result  (struct fp_wide)     the same with a 128-bit significand that is not rounded yet
 *
 *                 127                                64 63                                0
 *                +-+-----------------------------------+-----------------------------------+
 *   significand  |1|  what f80 keeps ...               |  what only rounding looks at     s|
 *                +-+-----------------------------------+-----------------------------------+
 *
 * A finite number that is not zero has its leading bit on top, and is significand * 2^(exponent -
 * 127) (63 for an operand). Bit 0 of a result is sticky: it is set if anything was below. A NaN has
 * its integer bit on top and the quiet bit under it, as f80 has.
 */

#include "base/bits.h"
#include "float/float.h"

typedef unsigned __int128 fp_u128;

enum fp_class {
	FP_CLASS_ZERO,
	FP_CLASS_FINITE,
	FP_CLASS_INFINITE,
	FP_CLASS_QNAN, /* from here on: operands that decide the result alone */
	FP_CLASS_SNAN,
	FP_CLASS_UNSUPPORTED, /* f80: unnormal, pseudo-NaN, pseudo-infinity */
};

struct fp_parts {
	enum fp_class class;
	bool sign;
	bool denormal; /* raises DE */
	int32_t exponent;
	uint64_t significand;
};

struct fp_wide {
	enum fp_class class;
	bool sign;
	int32_t exponent;
	fp_u128 significand;
};

#define FP_QUIET_BIT BIT(62)

static inline fp_u128 fp_u128_make(uint64_t high, uint64_t low)
{
	return (fp_u128)high << 64 | low;
}

static inline uint64_t fp_high(fp_u128 value)
{
	return (uint64_t)(value >> 64);
}

/* Shifts right; what falls off leaves bit 0 set. */
static inline fp_u128 fp_shift_right_jam(fp_u128 value, uint32_t count)
{
	if (count == 0)
		return value;
	if (count > 127)
		return value != 0;
	return value >> count | ((value << (128 - count)) != 0);
}

static inline unsigned fp_leading_zeros(fp_u128 value)
{
	return fp_high(value) ? (unsigned)__builtin_clzll(fp_high(value))
			      : 64 + (unsigned)__builtin_clzll((uint64_t)value);
}

static inline void fp_raise(struct fp_env *env, unsigned flags)
{
	env->flags |= (uint8_t)flags;
}

static inline bool fp_is_nan(struct fp_parts a)
{
	return a.class >= FP_CLASS_QNAN;
}

static inline void fp_raise_denormal(struct fp_env *env, struct fp_parts a)
{
	if (unlikely(a.denormal))
		fp_raise(env, FP_DE);
}

static inline void fp_raise_denormals(struct fp_env *env, struct fp_parts a, struct fp_parts b)
{
	if (unlikely(a.denormal | b.denormal))
		fp_raise(env, FP_DE);
}

static inline struct fp_wide fp_zero(bool sign)
{
	return (struct fp_wide){ .class = FP_CLASS_ZERO, .sign = sign };
}

static inline struct fp_wide fp_infinity(bool sign)
{
	return (struct fp_wide){ .class = FP_CLASS_INFINITE, .sign = sign };
}

/* The default QNaN, the indefinite of the format. */
static inline struct fp_wide fp_indefinite(void)
{
	return (struct fp_wide){
		.class = FP_CLASS_QNAN,
		.sign = true,
		.significand = fp_u128_make(BIT(63) | FP_QUIET_BIT, 0),
	};
}

/* The masked response to an invalid operation that no NaN operand caused. */
static inline struct fp_wide fp_invalid(struct fp_env *env)
{
	fp_raise(env, FP_IE);
	return fp_indefinite();
}

/* Of a significand that is not 0, the leading bit anywhere; @exponent is that of bit 127. */
static inline struct fp_wide fp_normalize(bool sign, int32_t exponent, fp_u128 significand)
{
	unsigned shift = fp_leading_zeros(significand);

	return (struct fp_wide){
		.class = FP_CLASS_FINITE,
		.sign = sign,
		.exponent = exponent - (int32_t)shift,
		.significand = significand << shift,
	};
}

static inline struct fp_wide fp_widen(struct fp_parts a)
{
	return (struct fp_wide){
		.class = a.class,
		.sign = a.sign,
		.exponent = a.exponent,
		.significand = fp_u128_make(a.significand, 0),
	};
}

#endif
