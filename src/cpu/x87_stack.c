/* SPDX-License-Identifier: MIT */
#include "cpu/x87.h"

/* x87 instructions that move values between registers. */

static NOINLINE void push_fault(struct cpu *cpu, const struct op *op, bool overflow)
{
	if (x87_stack_fault(cpu, op, overflow))
		x87_push(cpu, FP_F80_INDEFINITE);
}

X87_HANDLER(X87_LOAD, X87_SMALL)
{
	bool underflow = x87_is_empty(cpu, op->src);

	if (unlikely(underflow || !x87_is_empty(cpu, 7))) {
		push_fault(cpu, op, !underflow);
		return;
	}
	x87_clear(cpu, FP_C1);
	x87_push(cpu, x87_get(cpu, op->src));
}

X87_HANDLER(X87_CONSTANT, X87_LARGE)
{
	struct fp_env env = x87_environment(cpu);

	if (!x87_is_empty(cpu, 7)) {
		push_fault(cpu, op, true);
		return;
	}
	x87_clear(cpu, FP_C1);
	x87_push(cpu, fp_f80_constant(&env, (enum fp_constant)op->reg[2]));
}

static NOINLINE void store_empty(struct cpu *cpu, const struct op *op)
{
	if (op->flag)
		x87_clear(cpu, FP_C1);
	else if (x87_stack_fault(cpu, op, false))
		x87_set(cpu, op->dst, FP_F80_INDEFINITE);
	else
		return;
	x87_pop(cpu, op->reg[1]);
}

/* @flag: an empty ST(0) is not stored, and is no fault (D9 D8) */
X87_HANDLER(X87_STORE, X87_SMALL)
{
	struct fp_f80 value = x87_get(cpu, 0);

	if (unlikely(x87_is_empty(cpu, 0))) {
		store_empty(cpu, op);
		return;
	}
	x87_clear(cpu, FP_C1);
	x87_set(cpu, op->dst, value);
	x87_pop(cpu, op->reg[1]);
}

/* Registers that are empty get the indefinite before they are exchanged. False: not masked. */
static NOINLINE bool fill_empty(struct cpu *cpu, const struct op *op)
{
	if (!x87_stack_fault(cpu, op, false))
		return false;
	if (x87_is_empty(cpu, 0))
		x87_set(cpu, 0, FP_F80_INDEFINITE);
	if (x87_is_empty(cpu, op->src))
		x87_set(cpu, op->src, FP_F80_INDEFINITE);
	return true;
}

X87_HANDLER(X87_EXCHANGE, X87_SMALL)
{
	struct fp_f80 st0;

	if (unlikely(x87_is_empty(cpu, 0) || x87_is_empty(cpu, op->src))) {
		if (!fill_empty(cpu, op))
			return;
	} else {
		x87_clear(cpu, FP_C1);
	}
	st0 = x87_get(cpu, 0);
	x87_set(cpu, 0, x87_get(cpu, op->src));
	x87_set(cpu, op->src, st0);
}

/* reg[2]: opcode DA or DB has 0 or 4, the reg field chooses the flags */
static bool condition_holds(const struct cpu *cpu, unsigned condition)
{
	static const uint8_t flags[] = { FLAG_CF, FLAG_ZF, FLAG_CF | FLAG_ZF, FLAG_PF };
	bool is_set = cpu_status_flags(cpu) & flags[condition & 3];

	return is_set == !(condition & 4);
}

X87_HANDLER(X87_MOVE_IF, X87_LARGE)
{
	if (x87_is_empty(cpu, 0) || x87_is_empty(cpu, op->src)) {
		if (x87_stack_fault(cpu, op, false))
			x87_set(cpu, 0, FP_F80_INDEFINITE);
		return;
	}
	if (condition_holds(cpu, op->reg[2]))
		x87_set(cpu, 0, x87_get(cpu, op->src));
}

static NOINLINE void no_operand(struct cpu *cpu, const struct op *op)
{
	if (x87_stack_fault(cpu, op, false))
		x87_set(cpu, 0, FP_F80_INDEFINITE);
}

#define SIGN 0x8000u

X87_HANDLER(X87_CHANGE_SIGN, X87_SMALL)
{
	if (unlikely(x87_is_empty(cpu, 0))) {
		no_operand(cpu, op);
		return;
	}
	x87_clear(cpu, FP_C1);
	cpu->state.x87.reg[x87_physical(cpu, 0)].sign_exponent ^= SIGN;
}

X87_HANDLER(X87_ABSOLUTE, X87_SMALL)
{
	if (unlikely(x87_is_empty(cpu, 0))) {
		no_operand(cpu, op);
		return;
	}
	x87_clear(cpu, FP_C1);
	cpu->state.x87.reg[x87_physical(cpu, 0)].sign_exponent &= (uint16_t)~SIGN;
}

/* reg[2]: what is added to TOP */
X87_HANDLER(X87_ROTATE, X87_SMALL)
{
	x87_clear(cpu, FP_C1);
	x87_rotate(cpu, op->reg[2]);
}

X87_HANDLER(X87_FREE, X87_SMALL)
{
	x87_clear(cpu, FP_C1);
	x87_free(cpu, op->dst);
	x87_pop(cpu, op->reg[1]);
}

X87_HANDLER(X87_NOP, X87_SMALL)
{
	(void)cpu;
	(void)op;
}
