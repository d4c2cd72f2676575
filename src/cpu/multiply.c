/* SPDX-License-Identifier: MIT */
#include "cpu/operand.h"

/* MUL, IMUL, DIV, IDIV, MULX. SDM Vol 2 */

typedef unsigned __int128 uint128;
typedef __int128 int128;

/* High half and low half of rDX:rAX (AX for bytes). */
static void set_product(struct cpu *cpu, unsigned log, uint128 product)
{
	if (log == 0) {
		gpr_write(cpu, GPR_OFFSET(GPR_RAX), 2, (uint64_t)product);
		return;
	}
	reg_set(cpu, GPR_OFFSET(GPR_RAX), log, (uint64_t)product & size_mask(log));
	reg_set(cpu, GPR_OFFSET(GPR_RDX), log, (uint64_t)(product >> (8u << log)) & size_mask(log));
}

/* CF = OF; SF, ZF, PF, AF are undefined: as of the low half. */
static void set_multiply_flags(struct cpu *cpu, unsigned log, uint64_t low, bool overflow)
{
	set_flags_bits(cpu, log, low, overflow, overflow, false);
}

static bool multiply(struct cpu *cpu, const struct op *op)
{
	unsigned bits = 8u << op->size;
	uint64_t value;
	uint128 product;

	if (!operand_read(cpu, op, &value))
		return false;
	product = (uint128)value * reg_get(cpu, GPR_OFFSET(GPR_RAX), op->size);
	set_product(cpu, op->size, product);
	set_multiply_flags(cpu, op->size, (uint64_t)product, product >> bits != 0);
	return true;
}
PLAIN_HANDLER(multiply_handler, multiply)

ALWAYS_INLINE uint64_t signed_product(struct cpu *cpu, unsigned log, uint64_t a, uint64_t b)
{
	int128 product = (int128)sign_extend(a, log) * sign_extend(b, log);
	uint64_t low = (uint64_t)product & size_mask(log);

	set_multiply_flags(cpu, log, low, product != sign_extend(low, log));
	return low;
}

static bool multiply_signed(struct cpu *cpu, const struct op *op)
{
	uint64_t a = reg_get(cpu, GPR_OFFSET(GPR_RAX), op->size);
	uint64_t value;

	if (!operand_read(cpu, op, &value))
		return false;
	set_product(cpu, op->size,
		    (uint128)((int128)sign_extend(a, op->size) * sign_extend(value, op->size)));
	signed_product(cpu, op->size, a, value);
	return true;
}
PLAIN_HANDLER(multiply_signed_handler, multiply_signed)

/* IMUL r, r/m and IMUL r, r/m, imm. The r/m register is src here. */
static bool multiply_signed_2(struct cpu *cpu, const struct op *op)
{
	uint64_t value;

	if (op->flag) {
		if (!memory_read(cpu, op, 1u << op->size, &value))
			return false;
	} else {
		value = reg_get(cpu, op->src, op->size);
	}
	value = signed_product(cpu, op->size, value,
			       op->code == OP_IMUL2 ? reg_get(cpu, op->dst, op->size)
						    : op->imm & size_mask(op->size));
	reg_set(cpu, op->dst, op->size, value);
	return true;
}
PLAIN_HANDLER(multiply_signed_2_handler, multiply_signed_2)

#define DEFINE_FAST(log)                                                                           \
	static const struct op *imul2_##log(struct cpu *cpu, const struct op *op)                  \
	{                                                                                          \
		reg_set(cpu, op->dst, log,                                                         \
			signed_product(cpu, log, reg_get(cpu, op->dst, log),                       \
				       reg_get(cpu, op->src, log)));                               \
		NEXT(cpu, op);                                                                     \
	}                                                                                          \
	static const struct op *imul3_##log(struct cpu *cpu, const struct op *op)                  \
	{                                                                                          \
		reg_set(cpu, op->dst, log,                                                         \
			signed_product(cpu, log, reg_get(cpu, op->src, log),                       \
				       op->imm &size_mask(log)));                                  \
		NEXT(cpu, op);                                                                     \
	}
DEFINE_FAST(2)
DEFINE_FAST(3)

static bool divide_bytes(struct cpu *cpu, const struct op *op, uint64_t divisor)
{
	uint64_t dividend = gpr_read(cpu, GPR_OFFSET(GPR_RAX), 2);
	int64_t quotient, remainder;

	if (op->code == OP_DIV) {
		quotient = (int64_t)(dividend / divisor);
		remainder = (int64_t)(dividend % divisor);
		if (quotient > UINT8_MAX)
			return cpu_raise(cpu, VECTOR_DE);
	} else {
		quotient = (int16_t)dividend / (int8_t)divisor;
		remainder = (int16_t)dividend % (int8_t)divisor;
		if (quotient != (int8_t)quotient)
			return cpu_raise(cpu, VECTOR_DE);
	}
	gpr_write(cpu, GPR_OFFSET(GPR_RAX), 1, (uint64_t)quotient);
	gpr_write(cpu, GPR_OFFSET_HIGH(GPR_RAX), 1, (uint64_t)remainder);
	return true;
}

static bool divide_signed(struct cpu *cpu, unsigned log, uint128 dividend, uint64_t divisor,
			  uint64_t *quotient, uint64_t *remainder)
{
	unsigned bits = 8u << log;
	int128 n = log == 3 ? (int128)dividend
			    : (int128)((int64_t)((uint64_t)dividend << (64 - 2 * bits)) >>
				       (64 - 2 * bits));
	int128 d = sign_extend(divisor, log);
	int128 q;

	/* the one quotient that even 128 bits cannot hold */
	if (d == -1 && n == (int128)((uint128)1 << 127))
		return cpu_raise(cpu, VECTOR_DE);
	q = n / d;
	if (q != sign_extend((uint64_t)q, log))
		return cpu_raise(cpu, VECTOR_DE);
	*quotient = (uint64_t)q;
	*remainder = (uint64_t)(n % d);
	return true;
}

/* Flags are undefined after a division; they stay. */
static bool divide(struct cpu *cpu, const struct op *op)
{
	unsigned log = op->size;
	uint64_t divisor, quotient = 0, remainder = 0;
	uint128 dividend;

	if (!operand_read(cpu, op, &divisor))
		return false;
	if (!divisor)
		return cpu_raise(cpu, VECTOR_DE);
	if (log == 0)
		return divide_bytes(cpu, op, divisor);
	dividend = (uint128)reg_get(cpu, GPR_OFFSET(GPR_RDX), log) << (8u << log) |
		   reg_get(cpu, GPR_OFFSET(GPR_RAX), log);
	if (op->code == OP_IDIV) {
		if (!divide_signed(cpu, log, dividend, divisor, &quotient, &remainder))
			return false;
	} else {
		if (dividend >> (8u << log) >= divisor)
			return cpu_raise(cpu, VECTOR_DE);
		if (!(uint64_t)(dividend >> 64)) {
			quotient = (uint64_t)dividend / divisor;
			remainder = (uint64_t)dividend % divisor;
		} else {
			quotient = (uint64_t)(dividend / divisor);
			remainder = (uint64_t)(dividend % divisor);
		}
	}
	reg_set(cpu, GPR_OFFSET(GPR_RAX), log, quotient);
	reg_set(cpu, GPR_OFFSET(GPR_RDX), log, remainder);
	return true;
}
PLAIN_HANDLER(divide_handler, divide)

/* dst: high half, reg[0]: low half, written first; src or memory times RDX. */
static bool multiply_x(struct cpu *cpu, const struct op *op)
{
	uint64_t value;
	uint128 product;

	if (op->flag) {
		if (!memory_read(cpu, op, 1u << op->size, &value))
			return false;
	} else {
		value = reg_get(cpu, op->src, op->size);
	}
	product = (uint128)value * reg_get(cpu, GPR_OFFSET(GPR_RDX), op->size);
	reg_set(cpu, op->reg[0], op->size, (uint64_t)product & size_mask(op->size));
	reg_set(cpu, op->dst, op->size,
		(uint64_t)(product >> (8u << op->size)) & size_mask(op->size));
	return true;
}
PLAIN_HANDLER(multiply_x_handler, multiply_x)

static void translate_unary(const struct insn *insn, struct op *op, unsigned code, op_fn *fn)
{
	unsigned size = insn->operand[0].size;

	op->code = (uint16_t)code;
	op->fn = fn;
	op->size = size_log(size) & 3u;
	op->flag = is_memory(insn, 0);
	if (!op->flag)
		op->dst = reg_offset(&insn->operand[0]);
}

static void translate_imul(const struct insn *insn, struct op *op)
{
	if (insn->nr_operands == 1) {
		translate_unary(insn, op, OP_IMUL1, multiply_signed_handler);
		return;
	}
	op->code = insn->nr_operands == 2 ? OP_IMUL2 : OP_IMUL3;
	op->fn = multiply_signed_2_handler;
	op->dst = reg_offset(&insn->operand[0]);
	op->flag = is_memory(insn, 1);
	op->imm = insn->imm[0];
	if (op->flag)
		return;
	op->src = reg_offset(&insn->operand[1]);
	if (op->size == 2)
		op->fn = op->code == OP_IMUL2 ? imul2_2 : imul3_2;
	else if (op->size == 3)
		op->fn = op->code == OP_IMUL2 ? imul2_3 : imul3_3;
}

enum translation translate_multiply(struct translator *t, const struct insn *insn, struct op *op)
{
	(void)t;
	switch (insn->id) {
	case INSN_MUL:
		translate_unary(insn, op, OP_MUL, multiply_handler);
		return TRANSLATED;
	case INSN_DIV:
		translate_unary(insn, op, OP_DIV, divide_handler);
		return TRANSLATED;
	case INSN_IDIV:
		translate_unary(insn, op, OP_IDIV, divide_handler);
		return TRANSLATED;
	case INSN_IMUL:
		translate_imul(insn, op);
		return TRANSLATED;
	case INSN_MULX:
		op->code = OP_MULX;
		op->fn = multiply_x_handler;
		op->dst = reg_offset(&insn->operand[0]);
		op->reg[0] = reg_offset(&insn->operand[1]);
		op->flag = is_memory(insn, 2);
		if (!op->flag)
			op->src = reg_offset(&insn->operand[2]);
		return TRANSLATED;
	default:
		return NOT_MINE;
	}
}
