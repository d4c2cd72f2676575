/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "cpu/operand.h"
#include "cpu/x87_quick.h"

/* x87 instructions with a number in memory. */

static const uint8_t sizes[] = {
	[X87_F32] = 4, [X87_F64] = 8, [X87_F80] = 10, [X87_I16] = 2,
	[X87_I32] = 4, [X87_I64] = 8, [X87_BCD] = 10,
};

static uint64_t low(const uint8_t *m, unsigned size)
{
	uint64_t value = 0;

	memcpy(&value, m, size);
	return value;
}

static int64_t integer(const uint8_t *m, enum x87_format format)
{
	switch (format) {
	case X87_I16:
		return (int16_t)low(m, 2);
	case X87_I32:
		return (int32_t)low(m, 4);
	default:
		return (int64_t)low(m, 8);
	}
}

static bool place(struct cpu *cpu, const struct op *op, unsigned size, uint32_t access,
		  uint64_t *linear)
{
	return cpu_operand_linear(cpu, op, size, access, linear) &&
	       (size <= 8 || x87_is_aligned(cpu, *linear, 8));
}

/* The general way of an instruction that reads. */
ALWAYS_INLINE bool read_and(struct cpu *cpu, const struct op *op, x87_memory_body *body)
{
	unsigned size = sizes[op->reg[0]];
	uint8_t m[10];
	uint64_t linear;

	if (!x87_ready(cpu, op) || !place(cpu, op, size, UDV_ACCESS_READ, &linear) ||
	    !cpu_read_bytes(cpu, linear, m, size, stack_bit(op)))
		return false;
	x87_note_instruction(cpu, op);
	x87_note_data(cpu, op, cpu_effective_address(cpu, op));
	body(cpu, op, m);
	return true;
}

/* ---------------------------------------------------------------- loads */

static struct fp_f80 value_of(struct fp_env *env, enum x87_format format, const uint8_t *m)
{
	env->conditions = 0;
	switch (format) {
	case X87_F32:
		return fp_f32_to_f80(env, (uint32_t)low(m, 4));
	case X87_F64:
		return fp_f64_to_f80(env, low(m, 8));
	case X87_F80:
		return (struct fp_f80){ low(m, 8), (uint16_t)(m[8] | m[9] << 8) };
	case X87_BCD:
		return fp_bcd_to_f80(m);
	default:
		return fp_i64_to_f80(integer(m, format));
	}
}

void x87_load(struct cpu *cpu, const struct op *op, const uint8_t *m)
{
	struct fp_env env = x87_environment(cpu);
	struct fp_f80 value;

	if (!x87_is_empty(cpu, 7)) {
		if (x87_stack_fault(cpu, op, true))
			x87_push(cpu, FP_F80_INDEFINITE);
		return;
	}
	value = value_of(&env, (enum x87_format)op->reg[0], m);
	if (x87_settle(cpu, op, &env, FP_C1) & FP_PRE_COMPUTATION)
		return;
	x87_push(cpu, value);
}

static bool general_load(struct cpu *cpu, const struct op *op)
{
	return read_and(cpu, op, x87_load);
}

const struct op *do_X87_LOAD_MEMORY(struct cpu *cpu, const struct op *op)
{
	return run_plain(cpu, op, general_load);
}

/* ---------------------------------------------------------------- arithmetic */

static struct fp_f80 operate(struct fp_env *env, const struct op *op, struct fp_f80 st0,
			     const uint8_t *m)
{
	enum fp_x87_operation operation = (enum fp_x87_operation)op->reg[2];

	switch (op->reg[0]) {
	case X87_F32:
		return fp_f80_operate_f32(env, operation, st0, (uint32_t)low(m, 4));
	case X87_F64:
		return fp_f80_operate_f64(env, operation, st0, low(m, 8));
	default:
		return fp_f80_operate(env, operation, st0,
				      fp_i64_to_f80(integer(m, (enum x87_format)op->reg[0])));
	}
}

/* An operand that is as good as a register. */
static bool ordinary(const struct op *op, const uint8_t *m, struct fp_f80 *value)
{
	switch (op->reg[0]) {
	case X87_F32:
		return x87_widen(low(m, 4), 23, 0xff, X87_F32_BIAS, value);
	case X87_F64:
		return x87_widen(low(m, 8), 52, 0x7ff, X87_F64_BIAS, value);
	default:
		return false;
	}
}

static NOINLINE void arithmetic(struct cpu *cpu, const struct op *op, const uint8_t *m)
{
	struct fp_env env = x87_environment(cpu);
	struct fp_f80 result;

	if (x87_is_empty(cpu, 0)) {
		if (x87_stack_fault(cpu, op, false))
			x87_set(cpu, 0, FP_F80_INDEFINITE);
		return;
	}
	result = operate(&env, op, x87_get(cpu, 0), m);
	if (!(x87_settle(cpu, op, &env, FP_C1) & FP_PRE_COMPUTATION))
		x87_set(cpu, 0, result);
}

void x87_operate(struct cpu *cpu, const struct op *op, const uint8_t *m)
{
	struct fp_f80 value;

	if (!ordinary(op, m, &value) || !x87_quick_operate(cpu, op, value))
		arithmetic(cpu, op, m);
}

static bool general_arithmetic(struct cpu *cpu, const struct op *op)
{
	return read_and(cpu, op, x87_operate);
}

const struct op *do_X87_ARITHMETIC_MEMORY(struct cpu *cpu, const struct op *op)
{
	return run_plain(cpu, op, general_arithmetic);
}

static enum fp_relation relation_of(struct fp_env *env, enum x87_format format, struct fp_f80 st0,
				    const uint8_t *m)
{
	switch (format) {
	case X87_F32:
		return fp_f80_compare_f32(env, st0, (uint32_t)low(m, 4));
	case X87_F64:
		return fp_f80_compare_f64(env, st0, low(m, 8));
	default:
		return fp_f80_compare(env, st0, fp_i64_to_f80(integer(m, format)), true);
	}
}

void x87_compare(struct cpu *cpu, const struct op *op, const uint8_t *m)
{
	struct fp_env env = x87_environment(cpu);

	if (x87_is_empty(cpu, 0))
		x87_compare_empty(cpu, op);
	else
		x87_conclude_compare(
			cpu, op, &env,
			relation_of(&env, (enum x87_format)op->reg[0], x87_get(cpu, 0), m));
}

static bool general_compare(struct cpu *cpu, const struct op *op)
{
	return read_and(cpu, op, x87_compare);
}

const struct op *do_X87_COMPARE_MEMORY(struct cpu *cpu, const struct op *op)
{
	return run_plain(cpu, op, general_compare);
}

/* ---------------------------------------------------------------- stores */

static void put(uint8_t *m, uint64_t value)
{
	memcpy(m, &value, sizeof(value));
}

static void put_f80(uint8_t *m, struct fp_f80 value)
{
	put(m, value.significand);
	memcpy(m + 8, &value.sign_exponent, 2);
}

/* @op: flag is 1 for FISTTP */
static void convert(struct fp_env *env, const struct op *op, struct fp_f80 st0, uint8_t *m)
{
	switch ((enum x87_format)op->reg[0]) {
	case X87_F32:
		put(m, fp_f80_to_f32(env, st0));
		break;
	case X87_F64:
		put(m, fp_f80_to_f64(env, st0));
		break;
	case X87_F80:
		env->conditions = 0;
		put_f80(m, st0);
		break;
	case X87_I16:
		put(m, (uint16_t)fp_f80_to_i16(env, st0, op->flag));
		break;
	case X87_I32:
		put(m, (uint32_t)fp_f80_to_i32(env, st0, op->flag));
		break;
	case X87_I64:
		put(m, (uint64_t)fp_f80_to_i64(env, st0, op->flag));
		break;
	case X87_BCD:
		fp_f80_to_bcd(env, st0, m);
		break;
	}
}

/*
 * What is stored, into @m, and all that happens to registers. False: nothing is stored. SDM Vol 1
 * "x87 FPU Floating-Point Exception Conditions": of what is unmasked, only PE lets a store be done.
 */
static NOINLINE bool store(struct cpu *cpu, const struct op *op, uint8_t *m)
{
	struct fp_env env = x87_environment(cpu);

	if (x87_is_empty(cpu, 0)) {
		struct fp_env quiet = { .masks = FP_EXCEPTIONS };

		if (!x87_stack_fault(cpu, op, false))
			return false;
		convert(&quiet, op, FP_F80_INDEFINITE, m);
	} else {
		convert(&env, op, x87_get(cpu, 0), m);
		if (x87_settle(cpu, op, &env, FP_C1) & ~FP_PE)
			return false;
	}
	x87_pop(cpu, op->reg[1]);
	return true;
}

void x87_store_host(struct cpu *cpu, const struct op *op, uint8_t *host)
{
	uint8_t m[10];

	if (store(cpu, op, m))
		memcpy(host, m, sizes[op->reg[0]]);
}

/* No exception keeps the value back. */
static bool is_stored(const struct cpu *cpu, const struct op *op)
{
	struct fp_env env = x87_environment(cpu);
	uint8_t m[10];

	if (!(~(unsigned)env.masks & (FP_EXCEPTIONS & ~FP_PE)))
		return true;
	if (x87_is_empty(cpu, 0))
		return env.masks & FP_IE;
	convert(&env, op, x87_get(cpu, 0), m);
	return !(fp_settle(&env) & ~FP_PE);
}

/*
 * Where an exception that is not masked keeps the value back, memory is not touched and cannot
 * fault; else the place is judged before any register changes: from there on the store cannot
 * fault.
 */
static bool general_store(struct cpu *cpu, const struct op *op)
{
	unsigned size = sizes[op->reg[0]];
	uint8_t m[10];
	uint64_t linear = 0;

	if (!x87_ready(cpu, op))
		return false;
	if (is_stored(cpu, op) && (!place(cpu, op, size, UDV_ACCESS_WRITE, &linear) ||
				   !cpu_probe(cpu, linear, size, UDV_ACCESS_WRITE | stack_bit(op))))
		return false;
	x87_note_instruction(cpu, op);
	x87_note_data(cpu, op, cpu_effective_address(cpu, op));
	return !store(cpu, op, m) || cpu_write_bytes(cpu, linear, m, size, stack_bit(op));
}

const struct op *do_X87_STORE_MEMORY(struct cpu *cpu, const struct op *op)
{
	return run_plain(cpu, op, general_store);
}
