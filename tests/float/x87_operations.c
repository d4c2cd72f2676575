/* SPDX-License-Identifier: MIT */
#include "x87_operations.h"

#include "base/bits.h"

#include <string.h>

#define OURS(name, statement)                                                                      \
	static void ours_##name(struct fp_env *env, struct x87 *x)                                 \
	{                                                                                          \
		(void)env;                                                                         \
		statement;                                                                         \
	}
#define OURS_UNARY(name, function) OURS(name, x->st0 = function(env, x->st0))
#define OURS_BINARY(name, function) OURS(name, x->st0 = function(env, x->st0, x->st1))

OURS_BINARY(fadd, fp_f80_add)
OURS_BINARY(fsub, fp_f80_sub)
OURS_BINARY(fmul, fp_f80_mul)
OURS_BINARY(fdiv, fp_f80_div)
OURS_UNARY(fsqrt, fp_f80_sqrt)
OURS_UNARY(frndint, fp_f80_round)
OURS_BINARY(fscale, fp_f80_scale)
OURS(fprem, x->st0 = fp_f80_remainder(env, x->st0, x->st1, false))
OURS(fprem1, x->st0 = fp_f80_remainder(env, x->st0, x->st1, true))
OURS(fxtract, x->st0 = fp_f80_extract(env, x->st0, &x->st1))

static void ours_fcom(struct fp_env *env, struct x87 *x)
{
	env->conditions = fp_conditions(fp_f80_compare(env, x->st0, x->st1, true));
}

static void ours_fucom(struct fp_env *env, struct x87 *x)
{
	env->conditions = fp_conditions(fp_f80_compare(env, x->st0, x->st1, false));
}

OURS(fxam, env->conditions = fp_f80_examine(x->st0))

#define OURS_LOAD(name, type, expression)                                                          \
	static void ours_##name(struct fp_env *env, struct x87 *x)                                 \
	{                                                                                          \
		type value;                                                                        \
                                                                                                   \
		(void)env;                                                                         \
		memcpy(&value, x->memory, sizeof(value));                                          \
		x->st0 = expression;                                                               \
	}

OURS_LOAD(fld32, uint32_t, fp_f32_to_f80(env, value))
OURS_LOAD(fld64, uint64_t, fp_f64_to_f80(env, value))
OURS_LOAD(fild16, int16_t, fp_i64_to_f80(value))
OURS_LOAD(fild32, int32_t, fp_i64_to_f80(value))
OURS_LOAD(fild64, int64_t, fp_i64_to_f80(value))
OURS(fbld, x->st0 = fp_bcd_to_f80(x->memory))

OURS(fsubr, x->st0 = fp_f80_operate(env, FP_X87_SUBR, x->st0, x->st1))
OURS(fdivr, x->st0 = fp_f80_operate(env, FP_X87_DIVR, x->st0, x->st1))

#define OURS_MEMORY(name, operation)                                                               \
	OURS_LOAD(name##32, uint32_t, fp_f80_operate_f32(env, operation, x->st0, value))           \
	OURS_LOAD(name##64, uint64_t, fp_f80_operate_f64(env, operation, x->st0, value))

OURS_MEMORY(fadd, FP_X87_ADD)
OURS_MEMORY(fmul, FP_X87_MUL)
OURS_MEMORY(fsub, FP_X87_SUB)
OURS_MEMORY(fsubr, FP_X87_SUBR)
OURS_MEMORY(fdiv, FP_X87_DIV)
OURS_MEMORY(fdivr, FP_X87_DIVR)

static void ours_fcom32(struct fp_env *env, struct x87 *x)
{
	uint32_t value;

	memcpy(&value, x->memory, sizeof(value));
	env->conditions = fp_conditions(fp_f80_compare_f32(env, x->st0, value));
}

static void ours_fcom64(struct fp_env *env, struct x87 *x)
{
	uint64_t value;

	memcpy(&value, x->memory, sizeof(value));
	env->conditions = fp_conditions(fp_f80_compare_f64(env, x->st0, value));
}

#define OURS_STORE(name, type, expression)                                                         \
	static void ours_##name(struct fp_env *env, struct x87 *x)                                 \
	{                                                                                          \
		type value = expression;                                                           \
                                                                                                   \
		memcpy(x->memory, &value, sizeof(value));                                          \
	}

OURS_STORE(fst32, uint32_t, fp_f80_to_f32(env, x->st0))
OURS_STORE(fst64, uint64_t, fp_f80_to_f64(env, x->st0))
OURS_STORE(fist16, int16_t, fp_f80_to_i16(env, x->st0, false))
OURS_STORE(fist32, int32_t, fp_f80_to_i32(env, x->st0, false))
OURS_STORE(fistp64, int64_t, fp_f80_to_i64(env, x->st0, false))
OURS_STORE(fisttp16, int16_t, fp_f80_to_i16(env, x->st0, true))
OURS_STORE(fisttp32, int32_t, fp_f80_to_i32(env, x->st0, true))
OURS_STORE(fisttp64, int64_t, fp_f80_to_i64(env, x->st0, true))
OURS(fbstp, fp_f80_to_bcd(env, x->st0, x->memory))

OURS_UNARY(f2xm1, fp_f80_2xm1)
OURS_UNARY(fsin, fp_f80_sin)
OURS_UNARY(fcos, fp_f80_cos)
OURS(fyl2x, x->st0 = fp_f80_ylog2x(env, x->st1, x->st0))
OURS(fyl2xp1, x->st0 = fp_f80_ylog2xp1(env, x->st1, x->st0))
OURS(fpatan, x->st0 = fp_f80_atan(env, x->st1, x->st0))

static void ours_fptan(struct fp_env *env, struct x87 *x)
{
	struct fp_f80 tangent = fp_f80_tan(env, x->st0);
	bool number = (tangent.sign_exponent & 0x7fff) != 0x7fff;

	if (env->conditions & FP_C2)
		return;
	x->st1 = tangent;
	x->st0 = number ? fp_f80_constant(env, FP_ONE) : tangent;
}

static void ours_fsincos(struct fp_env *env, struct x87 *x)
{
	struct fp_f80 cosine, sine = fp_f80_sincos(env, x->st0, &cosine);

	if (env->conditions & FP_C2)
		return;
	x->st1 = sine;
	x->st0 = cosine;
}

#define OPERATION(name, operands, conditions)                                                      \
	[X87_##name] = { #name, ours_##name, operands, conditions },
const struct x87_operation x87_operations[X87_OPERATION_COUNT] = { X87_OPERATIONS(OPERATION) };

unsigned x87_execute(const struct x87_operation *op, struct x87 *x)
{
	struct fp_env env = fp_env_x87(x->control);
	unsigned unmasked;

	op->library(&env, x);
	unmasked = fp_settle(&env);
	x->status = env.flags | (env.conditions & op->conditions);
	return unmasked;
}

static bool equal(struct fp_f80 a, struct fp_f80 b)
{
	return a.significand == b.significand && a.sign_exponent == b.sign_exponent;
}

bool x87_results_match(const struct x87_operation *op, unsigned unmasked, const struct x87 *a,
		       const struct x87 *b)
{
	if (unmasked & FP_PRE_COMPUTATION)
		return true;
	switch (op->operands) {
	case COMPARE:
	case COMPARE_MEMORY:
		return true;
	case STORE:
		return (unmasked & (FP_OE | FP_UE)) ||
		       !memcmp(a->memory, b->memory, sizeof(a->memory));
	case PUSHING:
		return equal(a->st0, b->st0) && equal(a->st1, b->st1);
	default:
		return equal(a->st0, b->st0);
	}
}
