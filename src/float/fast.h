/* SPDX-License-Identifier: MIT */
#ifndef UDV_FLOAT_FAST_H
#define UDV_FLOAT_FAST_H

/*
 * The arithmetic of float.h by the host's own, where both cannot but agree: all exceptions masked,
 * rounding to nearest, PE set already, operands normal or zero, the result well within the normal
 * range. What is left over goes to the functions in float.h. The host's rounding mode is nearest
 * and its flush-to-zero off, as C starts them.
 *
 * No product is contracted with a sum here: its bits are looked at in between.
 */

#include <float.h>
#include <stddef.h>
#include <string.h>

#include "base/bits.h"
#include "float/float.h"

#if FLT_RADIX == 2 && FLT_EVAL_METHOD == 0 && FLT_MANT_DIG == 24 && DBL_MANT_DIG == 53 &&          \
	!defined(__FAST_MATH__)
#define FP_HOST_ARITHMETIC 1
#else
#define FP_HOST_ARITHMETIC 0
#endif

_Static_assert(offsetof(struct fp_env, rounding) == 0 && offsetof(struct fp_env, masks) == 1 &&
		       offsetof(struct fp_env, flags) == 2,
	       "fp_fast_env() reads them as one little-endian word");

/* Whether whatever may be raised is masked and noted already, and RC is nearest. */
static inline bool fp_fast_env(const struct fp_env *env)
{
	uint32_t word;

	memcpy(&word, env, sizeof(word));
	return FP_HOST_ARITHMETIC &&
	       (word & (FP_PE << 16 | 0xffff)) == (FP_PE << 16 | FP_EXCEPTIONS << 8 | FP_NEAREST);
}

static inline float fp_as_float(uint32_t bits)
{
	float value;

	memcpy(&value, &bits, sizeof(value));
	return value;
}

static inline double fp_as_double(uint64_t bits)
{
	double value;

	memcpy(&value, &bits, sizeof(value));
	return value;
}

static inline uint32_t fp_float_bits(float value)
{
	uint32_t bits;

	memcpy(&bits, &value, sizeof(bits));
	return bits;
}

static inline uint64_t fp_double_bits(double value)
{
	uint64_t bits;

	memcpy(&bits, &value, sizeof(bits));
	return bits;
}

static inline bool fp_is_zero_f32(uint32_t bits)
{
	return bits << 1 == 0;
}

static inline bool fp_is_zero_f64(uint64_t bits)
{
	return bits << 1 == 0;
}

/* Exponent fields that are neither 0 nor the maximum. */
static inline bool fp_is_normal_f32(uint32_t bits)
{
	return (bits >> 23 & 0xff) - 1u < 0xfe;
}

static inline bool fp_is_normal_f64(uint64_t bits)
{
	return (bits >> 52 & 0x7ff) - 1u < 0x7fe;
}

static inline bool fp_is_plain_f32(uint32_t bits)
{
	return fp_is_normal_f32(bits) || fp_is_zero_f32(bits);
}

static inline bool fp_is_plain_f64(uint64_t bits)
{
	return fp_is_normal_f64(bits) || fp_is_zero_f64(bits);
}

/* Results that have not overflowed, and are not near the smallest normal number. */
static inline bool fp_is_safe_f32(uint32_t bits)
{
	return (bits >> 23 & 0xff) - 2u < 0xfd;
}

static inline bool fp_is_safe_f64(uint64_t bits)
{
	return (bits >> 52 & 0x7ff) - 2u < 0x7fd;
}

/* A sum or difference of 0 is exact. */
#define FP_FAST_SUM(op, sign)                                                                      \
	static inline uint32_t fp_fast_f32_##op(struct fp_env *env, uint32_t a, uint32_t b)        \
	{                                                                                          \
		if (likely(fp_fast_env(env) && fp_is_plain_f32(a) && fp_is_plain_f32(b))) {        \
			uint32_t sum = fp_float_bits(fp_as_float(a) sign fp_as_float(b));          \
                                                                                                   \
			if (likely(fp_is_safe_f32(sum) || fp_is_zero_f32(sum)))                    \
				return sum;                                                        \
		}                                                                                  \
		return fp_f32_##op(env, a, b);                                                     \
	}                                                                                          \
                                                                                                   \
	static inline uint64_t fp_fast_f64_##op(struct fp_env *env, uint64_t a, uint64_t b)        \
	{                                                                                          \
		if (likely(fp_fast_env(env) && fp_is_plain_f64(a) && fp_is_plain_f64(b))) {        \
			uint64_t sum = fp_double_bits(fp_as_double(a) sign fp_as_double(b));       \
                                                                                                   \
			if (likely(fp_is_safe_f64(sum) || fp_is_zero_f64(sum)))                    \
				return sum;                                                        \
		}                                                                                  \
		return fp_f64_##op(env, a, b);                                                     \
	}

FP_FAST_SUM(add, +)
FP_FAST_SUM(sub, -)

/* A product or quotient of 0 is exact if an operand is 0; a divisor must not be. */
#define FP_FAST_PRODUCT(op, sign, is_suitable)                                                     \
	static inline uint32_t fp_fast_f32_##op(struct fp_env *env, uint32_t a, uint32_t b)        \
	{                                                                                          \
		if (likely(fp_fast_env(env) && fp_is_plain_f32(a) && is_suitable##_f32(b))) {      \
			uint32_t result = fp_float_bits(fp_as_float(a) sign fp_as_float(b));       \
                                                                                                   \
			if (likely(fp_is_safe_f32(result) || fp_is_zero_f32(a) ||                  \
				   fp_is_zero_f32(b)))                                             \
				return result;                                                     \
		}                                                                                  \
		return fp_f32_##op(env, a, b);                                                     \
	}                                                                                          \
                                                                                                   \
	static inline uint64_t fp_fast_f64_##op(struct fp_env *env, uint64_t a, uint64_t b)        \
	{                                                                                          \
		if (likely(fp_fast_env(env) && fp_is_plain_f64(a) && is_suitable##_f64(b))) {      \
			uint64_t result = fp_double_bits(fp_as_double(a) sign fp_as_double(b));    \
                                                                                                   \
			if (likely(fp_is_safe_f64(result) || fp_is_zero_f64(a) ||                  \
				   fp_is_zero_f64(b)))                                             \
				return result;                                                     \
		}                                                                                  \
		return fp_f64_##op(env, a, b);                                                     \
	}

FP_FAST_PRODUCT(mul, *, fp_is_plain)
FP_FAST_PRODUCT(div, /, fp_is_normal)

/* The compiler's own square root would call the C library's for errno. */
#if defined(__x86_64__)
#define FP_HOST_SQRT_F32(root, value) __asm__("sqrtss %1, %0" : "=x"(root) : "x"(value))
#define FP_HOST_SQRT_F64(root, value) __asm__("sqrtsd %1, %0" : "=x"(root) : "x"(value))
#elif defined(__aarch64__)
#define FP_HOST_SQRT_F32(root, value) __asm__("fsqrt %s0, %s1" : "=w"(root) : "w"(value))
#define FP_HOST_SQRT_F64(root, value) __asm__("fsqrt %d0, %d1" : "=w"(root) : "w"(value))
#endif

static inline uint32_t fp_fast_f32_sqrt(struct fp_env *env, uint32_t a)
{
#ifdef FP_HOST_SQRT_F32
	if (likely(fp_fast_env(env) && fp_is_normal_f32(a) && !(a >> 31))) {
		float root;

		FP_HOST_SQRT_F32(root, fp_as_float(a));
		return fp_float_bits(root);
	}
#endif
	return fp_f32_sqrt(env, a);
}

static inline uint64_t fp_fast_f64_sqrt(struct fp_env *env, uint64_t a)
{
#ifdef FP_HOST_SQRT_F64
	if (likely(fp_fast_env(env) && fp_is_normal_f64(a) && !(a >> 63))) {
		double root;

		FP_HOST_SQRT_F64(root, fp_as_double(a));
		return fp_double_bits(root);
	}
#endif
	return fp_f64_sqrt(env, a);
}

/* Plain operands raise nothing, whatever the environment. */
static inline enum fp_relation fp_fast_f32_compare(struct fp_env *env, uint32_t a, uint32_t b,
						   bool signalling)
{
	if (likely(FP_HOST_ARITHMETIC && fp_is_plain_f32(a) && fp_is_plain_f32(b))) {
		float x = fp_as_float(a), y = fp_as_float(b);

		return x < y ? FP_LESS : x > y ? FP_GREATER : FP_EQUAL;
	}
	return fp_f32_compare(env, a, b, signalling);
}

static inline enum fp_relation fp_fast_f64_compare(struct fp_env *env, uint64_t a, uint64_t b,
						   bool signalling)
{
	if (likely(FP_HOST_ARITHMETIC && fp_is_plain_f64(a) && fp_is_plain_f64(b))) {
		double x = fp_as_double(a), y = fp_as_double(b);

		return x < y ? FP_LESS : x > y ? FP_GREATER : FP_EQUAL;
	}
	return fp_f64_compare(env, a, b, signalling);
}

/* Exact whatever the environment. */
static inline uint64_t fp_fast_i32_to_f64(int32_t a)
{
	return FP_HOST_ARITHMETIC ? fp_double_bits((double)a) : fp_i32_to_f64(a);
}

static inline uint64_t fp_fast_f32_to_f64(struct fp_env *env, uint32_t a)
{
	if (likely(FP_HOST_ARITHMETIC && fp_is_plain_f32(a)))
		return fp_double_bits((double)fp_as_float(a));
	return fp_f32_to_f64(env, a);
}

static inline uint32_t fp_fast_f64_to_f32(struct fp_env *env, uint64_t a)
{
	if (likely(fp_fast_env(env) && fp_is_normal_f64(a))) {
		uint32_t result = fp_float_bits((float)fp_as_double(a));

		if (likely(fp_is_safe_f32(result)))
			return result;
	}
	return fp_f64_to_f32(env, a);
}

static inline uint64_t fp_fast_i64_to_f64(struct fp_env *env, int64_t a)
{
	return likely(fp_fast_env(env)) ? fp_double_bits((double)a) : fp_i64_to_f64(env, a);
}

static inline uint32_t fp_fast_i32_to_f32(struct fp_env *env, int32_t a)
{
	return likely(fp_fast_env(env)) ? fp_float_bits((float)a) : fp_i32_to_f32(env, a);
}

/* Truncation, where the result fits. */
static inline int32_t fp_fast_f64_to_i32_truncated(struct fp_env *env, uint64_t a)
{
	if (likely(fp_fast_env(env) && (a >> 52 & 0x7ff) < 1023 + 31 && fp_is_plain_f64(a)))
		return (int32_t)fp_as_double(a);
	return fp_f64_to_i32(env, a, true);
}

static inline int64_t fp_fast_f64_to_i64_truncated(struct fp_env *env, uint64_t a)
{
	if (likely(fp_fast_env(env) && (a >> 52 & 0x7ff) < 1023 + 63 && fp_is_plain_f64(a)))
		return (int64_t)fp_as_double(a);
	return fp_f64_to_i64(env, a, true);
}

static inline int32_t fp_fast_f32_to_i32_truncated(struct fp_env *env, uint32_t a)
{
	if (likely(fp_fast_env(env) && (a >> 23 & 0xff) < 127 + 31 && fp_is_plain_f32(a)))
		return (int32_t)fp_as_float(a);
	return fp_f32_to_i32(env, a, true);
}

#endif
