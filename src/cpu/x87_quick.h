/* SPDX-License-Identifier: MIT */
#ifndef UDV_CPU_X87_QUICK_H
#define UDV_CPU_X87_QUICK_H

#include "cpu/x87.h"
#include "float/fast_f80.h"

/* Arithmetic of ordinary numbers, without an environment. */

#define X87_F64_BIAS 1023
#define X87_F32_BIAS 127
#define X87_F80_BIAS 16383
#define X87_INTEGER_BIT (1ull << 63)

/* Normal numbers and zeros, which raise nothing; @bits as the format has them. */
ALWAYS_INLINE bool x87_widen(uint64_t bits, unsigned fraction_bits, unsigned max, unsigned bias,
			     struct fp_f80 *value)
{
	unsigned field = (unsigned)(bits >> fraction_bits) & max;
	uint16_t sign = (uint16_t)(bits >> (fraction_bits + (max == 0xff ? 8 : 11)) << 15);

	if (likely(field - 1 < max - 1)) {
		value->significand = X87_INTEGER_BIT | bits << (63 - fraction_bits);
		value->sign_exponent = (uint16_t)(sign | (field + X87_F80_BIAS - bias));
		return true;
	}
	*value = (struct fp_f80){ 0, sign };
	return !(bits << (64 - fraction_bits) | field);
}

/* RC, PC and PM */
#define X87_QUICK_MASK 0x0f20u
#define X87_QUICK 0x0320u /* to nearest, at full precision, PE masked */

/* False: nothing is done, it takes the general way. */
ALWAYS_INLINE bool x87_quick_operate(struct cpu *cpu, const struct op *op, struct fp_f80 b)
{
	struct arch_x87 *x87 = &cpu->state.x87;
	struct fp_f80 a = x87_get(cpu, 0);
	struct fp_fast_f80 r;

	if (unlikely((x87->control & X87_QUICK_MASK) != X87_QUICK || x87_is_empty(cpu, 0) ||
		     !fp_fast_f80_is_normal(a) || !fp_fast_f80_is_normal(b)))
		return false;
	r = fp_fast_f80_operate((enum fp_x87_operation)op->reg[2], a, b);
	if (unlikely(!r.there))
		return false;
	x87->status =
		(uint16_t)((x87->status & ~FP_C1) | (r.up ? FP_C1 : 0) | (r.inexact ? FP_PE : 0));
	x87_set(cpu, op->dst, r.value);
	x87_pop(cpu, op->reg[1]);
	return true;
}

#endif
