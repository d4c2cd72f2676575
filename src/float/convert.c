/* SPDX-License-Identifier: MIT */
/* Between floating-point formats. */
#include "float/nan.h"
#include "float/pack.h"
#include "float/unpack.h"

/* IE of SNaNs; DE where @denormals count. */
static struct fp_wide converted(struct fp_env *env, struct fp_parts a, bool denormals)
{
	if (unlikely(fp_is_nan(a)))
		return fp_nan_of(env, a);
	if (denormals)
		fp_raise_denormal(env, a);
	return fp_widen(a);
}

uint64_t fp_f32_to_f64(struct fp_env *env, uint32_t a)
{
	return fp_pack_f64(env, converted(env, fp_unpack_f32(env, a), true));
}

uint32_t fp_f64_to_f32(struct fp_env *env, uint64_t a)
{
	return fp_pack_f32(env, converted(env, fp_unpack_f64(env, a), true));
}

/* SDM Vol. 2, "VCVTPH2PS": denormals are neither zeroed by DAZ nor told by DE. */
uint32_t fp_f16_to_f32(struct fp_env *env, uint16_t a)
{
	return fp_pack_f32(env, converted(env, fp_unpack(FP_FORMAT_F16, a, false), false));
}

/* SDM Vol. 2, "VCVTPS2PH": rounds by imm8 or RC; FTZ does not count. */
uint16_t fp_f32_to_f16(struct fp_env *env, uint32_t a, unsigned imm)
{
	uint8_t rounding = env->rounding;
	uint16_t result;

	if (!(imm & FP_ROUND_BY_ENV))
		env->rounding = imm & 3;
	result = fp_pack_f16(env, converted(env, fp_unpack_f32(env, a), true));
	env->rounding = rounding;
	return result;
}

struct fp_f80 fp_f32_to_f80(struct fp_env *env, uint32_t a)
{
	struct fp_parts parts = fp_unpack(FP_FORMAT_F32, a, false);

	return fp_pack_f80_full(env, converted(env, parts, true));
}

struct fp_f80 fp_f64_to_f80(struct fp_env *env, uint64_t a)
{
	struct fp_parts parts = fp_unpack(FP_FORMAT_F64, a, false);

	return fp_pack_f80_full(env, converted(env, parts, true));
}

uint32_t fp_f80_to_f32(struct fp_env *env, struct fp_f80 a)
{
	return fp_store_f32(env, converted(env, fp_unpack_f80(a), false));
}

uint64_t fp_f80_to_f64(struct fp_env *env, struct fp_f80 a)
{
	return fp_store_f64(env, converted(env, fp_unpack_f80(a), false));
}
