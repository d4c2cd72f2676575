/* SPDX-License-Identifier: MIT */
#include "float/pack.h"
#include "float/unpack.h"

/* By how much an x87 register result is scaled when OE or UE is not masked. */
#define SCALE 24576

/* Where a result goes to, as far as rounding cares. */
struct target {
	unsigned precision; /* bits of the significand, the integer bit included */
	int32_t emin, emax;
	bool ftz;
	bool x87;    /* C1 is written */
	bool scales; /* an x87 register */
};

/* Magnitude of a rounded result: kept has target.precision bits, the integer bit among them. */
struct magnitude {
	uint32_t field; /* biased exponent */
	uint64_t kept;
};

ALWAYS_INLINE void note_rounding(struct fp_env *env, const struct target *t, bool inexact, bool up)
{
	if (inexact)
		fp_raise(env, FP_PE);
	if (t->x87)
		env->conditions = up ? FP_C1 : 0;
}

ALWAYS_INLINE struct magnitude largest(const struct target *t, bool infinite)
{
	uint32_t field = (uint32_t)(t->emax - t->emin) + 1;

	if (infinite)
		return (struct magnitude){ field + 1, BIT(t->precision - 1) };
	return (struct magnitude){ field, BITS(t->precision - 1, 0) };
}

/* A rounded significand; it may have carried. */
ALWAYS_INLINE struct magnitude settle(const struct target *t, int32_t exponent, fp_u128 kept)
{
	if (kept >> t->precision) {
		kept >>= 1;
		exponent++;
	}
	return (struct magnitude){ (uint32_t)(exponent - t->emin) + 1, (uint64_t)kept };
}

/*
 * An unmasked OE or UE that keeps the result from its destination. SDM Vol. 1, "Inexact-Result
 * (Precision) Exception (#P)": of an x87 store the inexactness is then ignored.
 */
ALWAYS_INLINE struct magnitude not_stored(struct fp_env *env, const struct target *t,
					  struct fp_rounding_step step)
{
	note_rounding(env, t, step.inexact && !t->x87, false);
	return (struct magnitude){ 0, 0 };
}

/* SDM Vol. 1, "Numeric Overflow Exception (#O)"; the exponent is of the rounded result. */
ALWAYS_INLINE struct magnitude overflow(struct fp_env *env, const struct target *t, bool sign,
					int32_t exponent, struct fp_rounding_step step)
{
	bool infinite = env->rounding == FP_NEAREST || env->rounding == (sign ? FP_DOWN : FP_UP);

	fp_raise(env, FP_OE);
	if (env->masks & FP_OE) {
		note_rounding(env, t, true, infinite);
		return largest(t, infinite);
	}
	if (!t->scales)
		return not_stored(env, t, step);
	exponent -= SCALE;
	if (exponent > t->emax) { /* massive, by FSCALE */
		note_rounding(env, t, true, true);
		return largest(t, true);
	}
	note_rounding(env, t, step.inexact, step.up);
	return settle(t, exponent - (int32_t)(step.kept >> t->precision), step.kept);
}

/* SDM Vol. 1, "Numeric Underflow Exception (#U)": tiny is what is tiny after rounding. */
ALWAYS_INLINE struct magnitude underflow(struct fp_env *env, const struct target *t,
					 const struct fp_wide *x)
{
	struct fp_rounding_step step =
		fp_round_off(x->significand, 128 - t->precision, x->sign, env->rounding);
	int32_t rounded = x->exponent + (int32_t)(step.kept >> t->precision);
	bool tiny = rounded < t->emin;
	fp_u128 shifted;

	if (tiny && !(env->masks & FP_UE)) {
		fp_raise(env, FP_UE);
		if (!t->scales)
			return not_stored(env, t, step);
		if (rounded + SCALE < t->emin) { /* massive, by FSCALE */
			note_rounding(env, t, true, false);
			return (struct magnitude){ 0, 0 };
		}
		note_rounding(env, t, step.inexact, step.up);
		return settle(t, x->exponent + SCALE, step.kept);
	}
	if (tiny && t->ftz && env->ftz) {
		fp_raise(env, FP_UE | FP_PE);
		return (struct magnitude){ 0, 0 };
	}
	shifted = fp_shift_right_jam(x->significand, (uint32_t)(t->emin - x->exponent));
	step = fp_round_off(shifted, 128 - t->precision, x->sign, env->rounding);
	if (tiny && step.inexact)
		fp_raise(env, FP_UE);
	note_rounding(env, t, step.inexact, step.up);
	/* The integer bit tells the smallest normal number from denormals. */
	return (struct magnitude){ (uint32_t)(step.kept >> (t->precision - 1)),
				   (uint64_t)step.kept };
}

ALWAYS_INLINE struct magnitude round_finite(struct fp_env *env, const struct target *t,
					    const struct fp_wide *x)
{
	struct fp_rounding_step step;
	int32_t exponent;

	if (unlikely(x->exponent < t->emin))
		return underflow(env, t, x);
	step = fp_round_off(x->significand, 128 - t->precision, x->sign, env->rounding);
	exponent = x->exponent + (int32_t)(step.kept >> t->precision);
	if (unlikely(exponent > t->emax))
		return overflow(env, t, x->sign, exponent, step);
	note_rounding(env, t, step.inexact, step.up);
	return settle(t, x->exponent, step.kept);
}

ALWAYS_INLINE struct magnitude round_any(struct fp_env *env, const struct target *t,
					 const struct fp_wide *x)
{
	struct magnitude m;

	if (likely(x->class == FP_CLASS_FINITE))
		return round_finite(env, t, x);
	if (t->x87)
		env->conditions = 0;
	if (x->class == FP_CLASS_ZERO)
		return (struct magnitude){ 0, 0 };
	m = largest(t, true);
	if (x->class != FP_CLASS_INFINITE)
		m.kept |= fp_high(x->significand) >> (64 - t->precision);
	return m;
}

ALWAYS_INLINE struct target target_of(struct fp_format format)
{
	return (struct target){
		.precision = format.fraction_bits + 1,
		.emin = 1 - fp_bias(format),
		.emax = fp_bias(format),
	};
}

ALWAYS_INLINE uint64_t assemble(struct fp_format format, bool sign, struct magnitude m)
{
	return (uint64_t)sign << (format.fraction_bits + format.exponent_bits) |
	       (uint64_t)m.field << format.fraction_bits |
	       (m.kept & BITS(format.fraction_bits - 1, 0));
}

ALWAYS_INLINE uint64_t pack_sse(struct fp_env *env, struct fp_format format, struct fp_wide *x,
				bool ftz)
{
	struct target t = target_of(format);

	t.ftz = ftz;
	return assemble(format, x->sign, round_any(env, &t, x));
}

uint16_t fp_pack_f16(struct fp_env *env, struct fp_wide x)
{
	return (uint16_t)pack_sse(env, FP_FORMAT_F16, &x, false);
}

uint32_t fp_pack_f32(struct fp_env *env, struct fp_wide x)
{
	return (uint32_t)pack_sse(env, FP_FORMAT_F32, &x, true);
}

uint64_t fp_pack_f64(struct fp_env *env, struct fp_wide x)
{
	return pack_sse(env, FP_FORMAT_F64, &x, true);
}

ALWAYS_INLINE uint64_t store_x87(struct fp_env *env, struct fp_format format, struct fp_wide *x)
{
	struct target t = target_of(format);

	t.x87 = true;
	return assemble(format, x->sign, round_any(env, &t, x));
}

uint32_t fp_store_f32(struct fp_env *env, struct fp_wide x)
{
	return (uint32_t)store_x87(env, FP_FORMAT_F32, &x);
}

uint64_t fp_store_f64(struct fp_env *env, struct fp_wide x)
{
	return store_x87(env, FP_FORMAT_F64, &x);
}

static struct fp_f80 pack_f80(struct fp_env *env, const struct fp_wide *x, unsigned precision)
{
	struct target t = {
		.precision = x->class == FP_CLASS_FINITE ? precision : 64,
		.emin = 1 - FP_F80_BIAS,
		.emax = FP_F80_BIAS,
		.x87 = true,
		.scales = true,
	};
	struct magnitude m = round_any(env, &t, x);

	return (struct fp_f80){
		.significand = m.kept << (64 - t.precision),
		.sign_exponent = (uint16_t)(m.field | (uint32_t)x->sign << 15),
	};
}

struct fp_f80 fp_pack_f80(struct fp_env *env, struct fp_wide x)
{
	return pack_f80(env, &x, env->precision);
}

struct fp_f80 fp_pack_f80_full(struct fp_env *env, struct fp_wide x)
{
	return pack_f80(env, &x, 64);
}
