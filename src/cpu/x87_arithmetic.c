/* SPDX-License-Identifier: MIT */
#include "cpu/x87_quick.h"

/* x87 instructions that calculate and compare, their operands in registers. */

bool x87_stack_fault(struct cpu *cpu, const struct op *op, bool overflow)
{
	struct arch_x87 *x87 = &cpu->state.x87;

	x87->status &= (uint16_t)~FP_C1;
	x87->status |= (uint16_t)(FP_IE | X87_STATUS_SF | (overflow ? FP_C1 : 0));
	if (x87->control & FP_IE)
		return true;
	x87->status |= X87_STATUS_ES | X87_STATUS_B;
	x87->opcode = (uint16_t)op->imm32;
	return false;
}

unsigned x87_settle(struct cpu *cpu, const struct op *op, struct fp_env *env, unsigned written)
{
	struct arch_x87 *x87 = &cpu->state.x87;
	unsigned unmasked = fp_settle(env);

	if (unlikely(unmasked)) {
		x87->status |= X87_STATUS_ES | X87_STATUS_B;
		x87->opcode = (uint16_t)op->imm32;
		if (unmasked & FP_PRE_COMPUTATION) {
			written &= FP_C1 | FP_C2;
			env->conditions = 0;
		}
	}
	x87->status =
		(uint16_t)((x87->status & ~written) | (env->conditions & written) | env->flags);
	return unmasked;
}

/* Ends a calculation: its result, if there is one, into ST(dst). */
static void conclude(struct cpu *cpu, const struct op *op, struct fp_env *env, struct fp_f80 result,
		     unsigned written)
{
	if (x87_settle(cpu, op, env, written) & FP_PRE_COMPUTATION)
		return;
	x87_set(cpu, op->dst, result);
	x87_pop(cpu, op->reg[1]);
}

/* An operand is not there. */
static NOINLINE void underflow(struct cpu *cpu, const struct op *op)
{
	if (!x87_stack_fault(cpu, op, false))
		return;
	x87_set(cpu, op->dst, FP_F80_INDEFINITE);
	x87_pop(cpu, op->reg[1]);
}

static NOINLINE void arithmetic(struct cpu *cpu, const struct op *op)
{
	struct fp_env env = x87_environment(cpu);
	struct fp_f80 result;

	if (x87_is_empty(cpu, 0) || x87_is_empty(cpu, op->src)) {
		underflow(cpu, op);
		return;
	}
	result = fp_f80_operate(&env, (enum fp_x87_operation)op->reg[2], x87_get(cpu, 0),
				x87_get(cpu, op->src));
	conclude(cpu, op, &env, result, FP_C1);
}

/* D8, DC, DE: ST(0) and ST(src), in this order, whichever is written. */
X87_HANDLER(X87_ARITHMETIC, X87_LARGE)
{
	if (x87_is_empty(cpu, op->src) || !x87_quick_operate(cpu, op, x87_get(cpu, op->src)))
		arithmetic(cpu, op);
}

static bool is_nan(struct fp_f80 x)
{
	return (x.sign_exponent & 0x7fff) == 0x7fff && x.significand << 1;
}

static struct fp_f80 unary(struct fp_env *env, enum x87_unary operation, struct fp_f80 x)
{
	switch (operation) {
	case X87_2XM1:
		return fp_f80_2xm1(env, x);
	case X87_SQRT:
		return fp_f80_sqrt(env, x);
	case X87_ROUND:
		return fp_f80_round(env, x);
	case X87_SINE:
		return fp_f80_sin(env, x);
	case X87_COSINE:
		break;
	}
	return fp_f80_cos(env, x);
}

X87_HANDLER(X87_UNARY, X87_LARGE)
{
	struct fp_env env = x87_environment(cpu);
	bool trigonometric = op->reg[2] >= X87_SINE;

	if (x87_is_empty(cpu, 0)) {
		underflow(cpu, op);
		if (trigonometric)
			x87_clear(cpu, FP_C2);
		return;
	}
	conclude(cpu, op, &env, unary(&env, (enum x87_unary)op->reg[2], x87_get(cpu, 0)),
		 trigonometric ? FP_C1 | FP_C2 : FP_C1);
}

static struct fp_f80 binary(struct fp_env *env, enum x87_binary operation, struct fp_f80 st0,
			    struct fp_f80 st1)
{
	switch (operation) {
	case X87_REMAINDER:
		return fp_f80_remainder(env, st0, st1, false);
	case X87_REMAINDER_NEAREST:
		return fp_f80_remainder(env, st0, st1, true);
	case X87_SCALE:
		return fp_f80_scale(env, st0, st1);
	case X87_YLOG2X:
		return fp_f80_ylog2x(env, st1, st0);
	case X87_YLOG2XP1:
		return fp_f80_ylog2xp1(env, st1, st0);
	case X87_ARCTANGENT:
		break;
	}
	return fp_f80_atan(env, st1, st0);
}

/* Where the result is a NaN there is no quotient: C0 and C3 stay. */
static unsigned codes_of_remainder(struct fp_f80 result)
{
	return is_nan(result) ? FP_C1 | FP_C2 : X87_CONDITIONS;
}

X87_HANDLER(X87_BINARY, X87_LARGE)
{
	struct fp_env env = x87_environment(cpu);
	bool remainder = op->reg[2] <= X87_REMAINDER_NEAREST;
	struct fp_f80 result;

	if (x87_is_empty(cpu, 0) || x87_is_empty(cpu, 1)) {
		underflow(cpu, op);
		if (remainder)
			x87_clear(cpu, FP_C2);
		return;
	}
	result = binary(&env, (enum x87_binary)op->reg[2], x87_get(cpu, 0), x87_get(cpu, 1));
	conclude(cpu, op, &env, result, remainder ? codes_of_remainder(result) : FP_C1);
}

/* ---------------------------------------------------------------- two results */

/* ST(0) is replaced, and another value is pushed. False: dealt with. */
static bool two_places(struct cpu *cpu, const struct op *op)
{
	if (likely(!x87_is_empty(cpu, 0) && x87_is_empty(cpu, 7)))
		return true;
	if (x87_stack_fault(cpu, op, !x87_is_empty(cpu, 0))) {
		x87_set(cpu, 0, FP_F80_INDEFINITE);
		x87_push(cpu, FP_F80_INDEFINITE);
	}
	return false;
}

static void conclude_two(struct cpu *cpu, const struct op *op, struct fp_env *env,
			 struct fp_f80 lower, struct fp_f80 upper, unsigned written)
{
	bool complete = !(env->conditions & FP_C2);

	if (x87_settle(cpu, op, env, written) & FP_PRE_COMPUTATION || !complete)
		return;
	x87_set(cpu, 0, lower);
	x87_push(cpu, upper);
}

/* The exponent stays, the significand is pushed. */
X87_HANDLER(X87_EXTRACT, X87_LARGE)
{
	struct fp_env env = x87_environment(cpu);
	struct fp_f80 significand, exponent;

	if (!two_places(cpu, op))
		return;
	significand = fp_f80_extract(&env, x87_get(cpu, 0), &exponent);
	conclude_two(cpu, op, &env, exponent, significand, FP_C1);
}

X87_HANDLER(X87_TANGENT, X87_LARGE)
{
	struct fp_env env = x87_environment(cpu);
	struct fp_f80 tangent;

	if (!two_places(cpu, op)) {
		x87_clear(cpu, FP_C2);
		return;
	}
	tangent = fp_f80_tan(&env, x87_get(cpu, 0));
	conclude_two(cpu, op, &env, tangent,
		     is_nan(tangent) ? tangent : fp_f80_constant(&env, FP_ONE), FP_C1 | FP_C2);
}

X87_HANDLER(X87_SINE_COSINE, X87_LARGE)
{
	struct fp_env env = x87_environment(cpu);
	struct fp_f80 sine, cosine;

	if (!two_places(cpu, op)) {
		x87_clear(cpu, FP_C2);
		return;
	}
	sine = fp_f80_sincos(&env, x87_get(cpu, 0), &cosine);
	conclude_two(cpu, op, &env, sine, cosine, FP_C1 | FP_C2);
}

/* ---------------------------------------------------------------- comparison */

/*
 * An invalid operand that is not masked leaves the condition codes alone; a denormal one does not,
 * but the stack is not popped either.
 */
void x87_conclude_compare(struct cpu *cpu, const struct op *op, struct fp_env *env,
			  enum fp_relation relation)
{
	unsigned unmasked;

	env->conditions = 0;
	unmasked = x87_settle(cpu, op, env, FP_C1);
	if (unmasked & FP_IE)
		return;
	x87_set_relation(cpu, relation);
	if (!(unmasked & FP_PRE_COMPUTATION))
		x87_pop(cpu, op->reg[1]);
}

/* @flag: a quiet NaN is no invalid operand (FUCOM) */
X87_HANDLER(X87_COMPARE, X87_LARGE)
{
	struct fp_env env = x87_environment(cpu);
	enum fp_relation relation;

	if (x87_is_empty(cpu, 0) || x87_is_empty(cpu, op->src)) {
		x87_compare_empty(cpu, op);
		return;
	}
	relation = fp_f80_compare(&env, x87_get(cpu, 0), x87_get(cpu, op->src), !op->flag);
	x87_conclude_compare(cpu, op, &env, relation);
}

void x87_compare_empty(struct cpu *cpu, const struct op *op)
{
	if (!x87_stack_fault(cpu, op, false))
		return;
	x87_set_relation(cpu, FP_UNORDERED);
	x87_pop(cpu, op->reg[1]);
}

X87_HANDLER(X87_TEST, X87_LARGE)
{
	struct fp_env env = x87_environment(cpu);
	enum fp_relation relation;

	if (x87_is_empty(cpu, 0)) {
		x87_compare_empty(cpu, op);
		return;
	}
	relation = fp_f80_compare(&env, x87_get(cpu, 0), fp_f80_constant(&env, FP_PLUS_ZERO), true);
	x87_conclude_compare(cpu, op, &env, relation);
}

static uint64_t flags_of(enum fp_relation relation)
{
	static const uint8_t flags[] = {
		[FP_LESS] = FLAG_CF,
		[FP_EQUAL] = FLAG_ZF,
		[FP_GREATER] = 0,
		[FP_UNORDERED] = FLAG_ZF | FLAG_PF | FLAG_CF,
	};

	return flags[relation];
}

/* OF, SF and AF become 0. */
X87_HANDLER(X87_COMPARE_FLAGS, X87_LARGE)
{
	struct fp_env env = x87_environment(cpu);
	enum fp_relation relation = FP_UNORDERED;
	unsigned unmasked = 0;

	if (x87_is_empty(cpu, 0) || x87_is_empty(cpu, op->src)) {
		if (!x87_stack_fault(cpu, op, false))
			return;
	} else {
		relation = fp_f80_compare(&env, x87_get(cpu, 0), x87_get(cpu, op->src), !op->flag);
		env.conditions = 0;
		unmasked = x87_settle(cpu, op, &env, FP_C1);
		if (unmasked & FP_IE)
			return;
	}
	set_status_flags(cpu, flags_of(relation));
	if (!(unmasked & FP_PRE_COMPUTATION))
		x87_pop(cpu, op->reg[1]);
}

X87_HANDLER(X87_EXAMINE, X87_SMALL)
{
	struct fp_f80 x = x87_get(cpu, 0);
	unsigned class = fp_f80_examine(x);

	(void)op;
	if (x87_is_empty(cpu, 0))
		class = FP_C3 | FP_C0 | (class & FP_C1);
	x87_clear(cpu, X87_CONDITIONS);
	cpu->state.x87.status |= (uint16_t) class;
}
