/* SPDX-License-Identifier: MIT */
#include "float/integral.h"
#include "float/nan.h"
#include "float/unpack.h"

/* Raises IE and PE; returns in *@up whether the magnitude grew. */
static struct fp_wide round_parts(struct fp_env *env, struct fp_parts a, unsigned rounding,
				  bool *up)
{
	struct fp_rounding_step step;

	*up = false;
	if (fp_is_nan(a))
		return fp_nan_of(env, a);
	if (a.class != FP_CLASS_FINITE || a.exponent >= FP_INTEGRAL_EXPONENT)
		return fp_widen(a);
	step = fp_round_to_integer(a, rounding);
	if (step.inexact)
		fp_raise(env, FP_PE);
	*up = step.up;
	return fp_integral(a.sign, step.kept);
}

static struct fp_wide round_imm(struct fp_env *env, struct fp_parts a, unsigned imm)
{
	unsigned rounding = imm & FP_ROUND_BY_ENV ? env->rounding : imm & 3;
	uint8_t flags = env->flags;
	bool up;
	struct fp_wide result = round_parts(env, a, rounding, &up);

	if (imm & FP_ROUND_NO_PRECISION)
		env->flags = flags | (env->flags & FP_IE);
	return result;
}

uint32_t fp_f32_round(struct fp_env *env, uint32_t a, unsigned imm)
{
	return fp_pack_f32(env, round_imm(env, fp_unpack_f32(env, a), imm));
}

uint64_t fp_f64_round(struct fp_env *env, uint64_t a, unsigned imm)
{
	return fp_pack_f64(env, round_imm(env, fp_unpack_f64(env, a), imm));
}

struct fp_f80 fp_f80_round(struct fp_env *env, struct fp_f80 a)
{
	struct fp_parts parts = fp_unpack_f80(a);
	struct fp_f80 result;
	bool up;

	fp_raise_denormal(env, parts);
	result = fp_pack_f80_full(env, round_parts(env, parts, env->rounding, &up));
	env->conditions = up ? FP_C1 : 0;
	return result;
}
