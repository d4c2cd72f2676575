/* SPDX-License-Identifier: MIT */
/* x87 arithmetic by the number of the operation, and with operands in memory. */
#include "float/arithmetic.h"
#include "float/pack.h"
#include "float/unpack.h"

static struct fp_wide operate(struct fp_env *env, enum fp_x87_operation operation,
			      struct fp_parts a, struct fp_parts b)
{
	switch (operation) {
	case FP_X87_ADD:
		return fp_add(env, a, b, FP_NAN_X87);
	case FP_X87_MUL:
		return fp_mul(env, a, b, FP_NAN_X87);
	case FP_X87_SUB:
		return fp_sub(env, a, b, FP_NAN_X87);
	case FP_X87_SUBR:
		return fp_sub(env, b, a, FP_NAN_X87);
	case FP_X87_DIV:
		return fp_div(env, a, b, FP_NAN_X87);
	case FP_X87_DIVR:
		break;
	}
	return fp_div(env, b, a, FP_NAN_X87);
}

struct fp_f80 fp_f80_operate(struct fp_env *env, enum fp_x87_operation operation, struct fp_f80 a,
			     struct fp_f80 b)
{
	return fp_pack_f80(env, operate(env, operation, fp_unpack_f80(a), fp_unpack_f80(b)));
}

struct fp_f80 fp_f80_operate_f32(struct fp_env *env, enum fp_x87_operation operation,
				 struct fp_f80 a, uint32_t b)
{
	struct fp_parts operand = fp_unpack(FP_FORMAT_F32, b, false);

	return fp_pack_f80(env, operate(env, operation, fp_unpack_f80(a), operand));
}

struct fp_f80 fp_f80_operate_f64(struct fp_env *env, enum fp_x87_operation operation,
				 struct fp_f80 a, uint64_t b)
{
	struct fp_parts operand = fp_unpack(FP_FORMAT_F64, b, false);

	return fp_pack_f80(env, operate(env, operation, fp_unpack_f80(a), operand));
}

enum fp_relation fp_f80_compare_f32(struct fp_env *env, struct fp_f80 a, uint32_t b)
{
	env->conditions = 0;
	return fp_compare(env, fp_unpack_f80(a), fp_unpack(FP_FORMAT_F32, b, false), true);
}

enum fp_relation fp_f80_compare_f64(struct fp_env *env, struct fp_f80 a, uint64_t b)
{
	env->conditions = 0;
	return fp_compare(env, fp_unpack_f80(a), fp_unpack(FP_FORMAT_F64, b, false), true);
}
