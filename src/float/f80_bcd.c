/* SPDX-License-Identifier: MIT */
/* FBLD and FBSTP: SDM Vol. 1, "Packed BCD Integers". */
#include "float/integral.h"
#include "float/unpack.h"

#include <string.h>

#define DIGIT_BYTES 9
#define BCD_MAX 999999999999999999u
#define BCD_SIGN 0x80

/* Nibbles above 9 count with their value: the manual leaves them undefined. */
struct fp_f80 fp_bcd_to_f80(const uint8_t bcd[10])
{
	struct fp_env exact = { .masks = FP_EXCEPTIONS };
	uint64_t magnitude = 0;

	for (int i = DIGIT_BYTES - 1; i >= 0; i--)
		magnitude = magnitude * 100 + (bcd[i] >> 4) * 10u + (bcd[i] & 15);
	return fp_pack_f80_full(&exact, fp_integral(bcd[DIGIT_BYTES] & BCD_SIGN, magnitude));
}

void fp_f80_to_bcd(struct fp_env *env, struct fp_f80 value, uint8_t bcd[10])
{
	static const uint8_t indefinite[10] = { [7] = 0xc0, [8] = 0xff, [9] = 0xff };
	struct fp_parts a = fp_unpack_f80(value);
	struct fp_rounding_step step = { 0 };
	uint64_t magnitude;

	env->conditions = 0;
	if (a.class == FP_CLASS_FINITE && a.exponent < FP_INTEGRAL_EXPONENT)
		step = fp_round_to_integer(a, env->rounding);
	else if (a.class != FP_CLASS_ZERO)
		step.kept = (fp_u128)1 << 127;
	if (step.kept > BCD_MAX) {
		fp_raise(env, FP_IE);
		memcpy(bcd, indefinite, sizeof(indefinite));
		return;
	}
	if (step.inexact)
		fp_raise(env, FP_PE);
	env->conditions = step.up ? FP_C1 : 0;
	magnitude = (uint64_t)step.kept;
	for (int i = 0; i < DIGIT_BYTES; i++, magnitude /= 100)
		bcd[i] = (uint8_t)(magnitude / 10 % 10 << 4 | magnitude % 10);
	bcd[DIGIT_BYTES] = a.sign ? BCD_SIGN : 0;
}
