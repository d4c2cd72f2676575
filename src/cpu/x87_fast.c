/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "cpu/operand.h"
#include "cpu/x87_quick.h"

/*
 * Handlers of their own for what programs do most, with memory that is that of fast_linear(), and
 * numbers of the ordinary kind. What misses the TLB, and what is pending, goes to the general
 * handlers; other numbers to the functions that they call.
 */

/* The pointers that an instruction with a memory operand leaves. */
ALWAYS_INLINE void note(struct cpu *cpu, const struct op *op, uint64_t linear)
{
	x87_note_instruction(cpu, op);
	x87_note_data(cpu, op, linear);
}

ALWAYS_INLINE bool is_idle(const struct cpu *cpu)
{
	return likely(!(cpu->state.x87.status & X87_STATUS_ES));
}

/* ---------------------------------------------------------------- loads */

ALWAYS_INLINE bool load_value(struct cpu *cpu, bool usual, struct fp_f80 value)
{
	if (unlikely(!usual || !x87_is_empty(cpu, 7)))
		return false;
	x87_clear(cpu, FP_C1);
	x87_push(cpu, value);
	return true;
}

ALWAYS_INLINE bool load_f32(struct cpu *cpu, const void *host)
{
	struct fp_f80 value;
	uint32_t bits;
	bool usual;

	memcpy(&bits, host, sizeof(bits));
	usual = x87_widen(bits, 23, 0xff, X87_F32_BIAS, &value);
	return load_value(cpu, usual, value);
}

ALWAYS_INLINE bool load_f64(struct cpu *cpu, const void *host)
{
	struct fp_f80 value;
	uint64_t bits;
	bool usual;

	memcpy(&bits, host, sizeof(bits));
	usual = x87_widen(bits, 52, 0x7ff, X87_F64_BIAS, &value);
	return load_value(cpu, usual, value);
}

ALWAYS_INLINE bool load_integer(struct cpu *cpu, int64_t integer)
{
	uint64_t magnitude = integer < 0 ? 0 - (uint64_t)integer : (uint64_t)integer;
	struct fp_f80 value = { 0, 0 };

	if (magnitude) {
		unsigned shift = (unsigned)__builtin_clzll(magnitude);

		value.significand = magnitude << shift;
		value.sign_exponent =
			(uint16_t)((integer < 0 ? 0x8000u : 0) | (X87_F80_BIAS + 63 - shift));
	}
	return load_value(cpu, true, value);
}

#define LOAD_INTEGER(type)                                                                         \
	ALWAYS_INLINE bool load_##type(struct cpu *cpu, const void *host)                          \
	{                                                                                          \
		type integer;                                                                      \
                                                                                                   \
		memcpy(&integer, host, sizeof(integer));                                           \
		return load_integer(cpu, integer);                                                 \
	}
LOAD_INTEGER(int16_t)
LOAD_INTEGER(int32_t)
LOAD_INTEGER(int64_t)

ALWAYS_INLINE bool load_f80(struct cpu *cpu, const void *host)
{
	struct fp_f80 value;

	memcpy(&value.significand, host, 8);
	memcpy(&value.sign_exponent, (const uint8_t *)host + 8, 2);
	return load_value(cpu, true, value);
}

/* ---------------------------------------------------------------- stores */

/*
 * ST(0) as a number of 53 bits, if that is an ordinary one, and at most inexact: rounded to
 * nearest, with PE masked.
 */
ALWAYS_INLINE bool narrow(struct cpu *cpu, uint64_t *bits)
{
	struct arch_x87 *x87 = &cpu->state.x87;
	struct fp_f80 st0 = x87_get(cpu, 0);
	unsigned field = (st0.sign_exponent & 0x7fffu) - (X87_F80_BIAS - X87_F64_BIAS);
	uint64_t rest = st0.significand << 53, kept = st0.significand >> 11;
	bool up = rest > X87_INTEGER_BIT || (rest == X87_INTEGER_BIT && kept & 1);

	if (unlikely((x87->control & (0xc00 | FP_PE)) != FP_PE || field - 1 >= 0x7fd ||
		     !(st0.significand & X87_INTEGER_BIT) || x87_is_empty(cpu, 0)))
		return false;
	x87->status = (uint16_t)((x87->status & ~FP_C1) | (up ? FP_C1 : 0) | (rest ? FP_PE : 0));
	/* The integer bit, and a carry into it, add to the exponent. */
	*bits = ((uint64_t)(field - 1) << 52) + kept + up;
	*bits |= (uint64_t)(st0.sign_exponent >> 15) << 63;
	return true;
}

ALWAYS_INLINE bool store_f64(struct cpu *cpu, const struct op *op, void *host)
{
	uint64_t bits;

	if (unlikely(!narrow(cpu, &bits)))
		return false;
	memcpy(host, &bits, sizeof(bits));
	x87_pop(cpu, op->reg[1]);
	return true;
}

ALWAYS_INLINE bool store_f80(struct cpu *cpu, const struct op *op, void *host)
{
	struct fp_f80 st0 = x87_get(cpu, 0);

	if (unlikely(x87_is_empty(cpu, 0)))
		return false;
	x87_clear(cpu, FP_C1);
	memcpy(host, &st0.significand, 8);
	memcpy((uint8_t *)host + 8, &st0.sign_exponent, 2);
	x87_pop(cpu, op->reg[1]);
	return true;
}

ALWAYS_INLINE bool store_any(struct cpu *cpu, const struct op *op, void *host)
{
	(void)cpu;
	(void)op;
	(void)host;
	return false;
}

/* ---------------------------------------------------------------- handlers */

#define LOAD(name, size, quick)                                                                    \
	static const struct op *fast_load_##name(struct cpu *cpu, const struct op *op)             \
	{                                                                                          \
		uint64_t linear = fast_linear(cpu, op, ADDRESS_INDEX);                             \
                                                                                                   \
		if (unlikely(!tlb_reads(cpu, linear, size) || !is_idle(cpu)))                      \
			return do_X87_LOAD_MEMORY(cpu, op);                                        \
		note(cpu, op, linear);                                                             \
		if (!quick(cpu, tlb_host(cpu, linear)))                                            \
			x87_load(cpu, op, tlb_host(cpu, linear));                                  \
		NEXT(cpu, op);                                                                     \
	}
LOAD(f32, 4, load_f32)
LOAD(f64, 8, load_f64)
LOAD(f80, 10, load_f80)
LOAD(i16, 2, load_int16_t)
LOAD(i32, 4, load_int32_t)
LOAD(i64, 8, load_int64_t)

#define STORE(name, size, quick)                                                                   \
	static const struct op *fast_store_##name(struct cpu *cpu, const struct op *op)            \
	{                                                                                          \
		uint64_t linear = fast_linear(cpu, op, ADDRESS_INDEX);                             \
                                                                                                   \
		if (unlikely(!tlb_writes(cpu, linear, size) || !is_idle(cpu)))                     \
			return do_X87_STORE_MEMORY(cpu, op);                                       \
		note(cpu, op, linear);                                                             \
		if (!quick(cpu, op, tlb_host(cpu, linear)))                                        \
			x87_store_host(cpu, op, tlb_host(cpu, linear));                            \
		NEXT(cpu, op);                                                                     \
	}
STORE(f64, 8, store_f64)
STORE(f80, 10, store_f80)
STORE(2, 2, store_any)
STORE(4, 4, store_any)
STORE(8, 8, store_any)

#define READ(name, size, general, body)                                                            \
	static const struct op *fast_##name##_##size(struct cpu *cpu, const struct op *op)         \
	{                                                                                          \
		uint64_t linear = fast_linear(cpu, op, ADDRESS_INDEX);                             \
                                                                                                   \
		if (unlikely(!tlb_reads(cpu, linear, size) || !is_idle(cpu)))                      \
			return general(cpu, op);                                                   \
		note(cpu, op, linear);                                                             \
		body(cpu, op, tlb_host(cpu, linear));                                              \
		NEXT(cpu, op);                                                                     \
	}
READ(operate, 2, do_X87_ARITHMETIC_MEMORY, x87_operate)
READ(operate, 4, do_X87_ARITHMETIC_MEMORY, x87_operate)
READ(operate, 8, do_X87_ARITHMETIC_MEMORY, x87_operate)
READ(compare, 2, do_X87_COMPARE_MEMORY, x87_compare)
READ(compare, 4, do_X87_COMPARE_MEMORY, x87_compare)
READ(compare, 8, do_X87_COMPARE_MEMORY, x87_compare)

op_fn *x87_fast_handler(const struct op *op)
{
	static op_fn *const loads[] = {
		[X87_F32] = fast_load_f32, [X87_F64] = fast_load_f64, [X87_F80] = fast_load_f80,
		[X87_I16] = fast_load_i16, [X87_I32] = fast_load_i32, [X87_I64] = fast_load_i64,
		[X87_BCD] = NULL,
	};
	static op_fn *const stores[] = {
		[X87_F32] = fast_store_4, [X87_F64] = fast_store_f64, [X87_F80] = fast_store_f80,
		[X87_I16] = fast_store_2, [X87_I32] = fast_store_4,   [X87_I64] = fast_store_8,
		[X87_BCD] = NULL,
	};
	static op_fn *const operations[] = {
		[X87_F32] = fast_operate_4, [X87_F64] = fast_operate_8, [X87_I16] = fast_operate_2,
		[X87_I32] = fast_operate_4, [X87_I64] = NULL,
	};
	static op_fn *const comparisons[] = {
		[X87_F32] = fast_compare_4, [X87_F64] = fast_compare_8, [X87_I16] = fast_compare_2,
		[X87_I32] = fast_compare_4, [X87_I64] = NULL,
	};

	switch (op->code) {
	case OP_X87_LOAD_MEMORY:
		return loads[op->reg[0]];
	case OP_X87_STORE_MEMORY:
		return stores[op->reg[0]];
	case OP_X87_ARITHMETIC_MEMORY:
		return operations[op->reg[0]];
	case OP_X87_COMPARE_MEMORY:
		return comparisons[op->reg[0]];
	default:
		return NULL;
	}
}
