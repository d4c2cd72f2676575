/* SPDX-License-Identifier: MIT */
#include "cpu/operand.h"

/* Shifts and rotates. SDM Vol 2B "SAL/SAR/SHL/SHR", "RCL/RCR/ROL/ROR", "SHLD", "SHRD" */

static unsigned masked_count(uint64_t count, unsigned log)
{
	return (unsigned)count & (log == 3 ? 63u : 31u);
}

ALWAYS_INLINE uint64_t shift_left(struct cpu *cpu, unsigned log, uint64_t value, unsigned count)
{
	unsigned bits = 8u << log;
	uint64_t result = count < bits ? value << count & size_mask(log) : 0;
	bool cf = count <= bits && value >> (bits - count) & 1;

	set_flags_bits(cpu, log, result, cf, (result >> (bits - 1) & 1) ^ cf, false);
	return result;
}

ALWAYS_INLINE uint64_t shift_right(struct cpu *cpu, unsigned log, uint64_t value, unsigned count)
{
	unsigned bits = 8u << log;
	uint64_t result = count < bits ? value >> count : 0;
	bool cf = count <= bits && value >> (count - 1) & 1;

	/* OF is the old sign for a count of 1, undefined for others: what processors give. */
	set_flags_bits(cpu, log, result, cf, value >> (bits - 1) & 1 && count == 1, false);
	return result;
}

ALWAYS_INLINE uint64_t shift_arithmetic(struct cpu *cpu, unsigned log, uint64_t value,
					unsigned count)
{
	int64_t extended = sign_extend(value, log);
	uint64_t result = (uint64_t)(extended >> count) & size_mask(log);
	bool cf = extended >> (count - 1) & 1;

	set_flags_bits(cpu, log, result, cf, false, false);
	return result;
}

/* Rotates change CF and OF only. */
ALWAYS_INLINE uint64_t rotate_left(struct cpu *cpu, unsigned log, uint64_t value, unsigned count)
{
	unsigned bits = 8u << log;
	unsigned by = count & (bits - 1);
	uint64_t result = by ? (value << by | value >> (bits - by)) & size_mask(log) : value;
	bool cf = result & 1;

	replace_cf_of(cpu, cf, (result >> (bits - 1) & 1) ^ cf);
	return result;
}

ALWAYS_INLINE uint64_t rotate_right(struct cpu *cpu, unsigned log, uint64_t value, unsigned count)
{
	unsigned bits = 8u << log;
	unsigned by = count & (bits - 1);
	uint64_t result = by ? (value >> by | value << (bits - by)) & size_mask(log) : value;

	replace_cf_of(cpu, result >> (bits - 1) & 1,
		      (result >> (bits - 1) ^ result >> (bits - 2)) & 1);
	return result;
}

static uint64_t rotate_carry_left(struct cpu *cpu, unsigned log, uint64_t value, unsigned count)
{
	unsigned bits = 8u << log;
	bool cf = lazy_cf(cpu);

	for (count %= bits + 1; count; count--) {
		bool out = value >> (bits - 1) & 1;

		value = (value << 1 | cf) & size_mask(log);
		cf = out;
	}
	replace_cf_of(cpu, cf, (value >> (bits - 1) & 1) ^ cf);
	return value;
}

static uint64_t rotate_carry_right(struct cpu *cpu, unsigned log, uint64_t value, unsigned count)
{
	unsigned bits = 8u << log;
	bool cf = lazy_cf(cpu);

	for (count %= bits + 1; count; count--) {
		bool out = value & 1;

		value = value >> 1 | (uint64_t)cf << (bits - 1);
		cf = out;
	}
	replace_cf_of(cpu, cf, (value >> (bits - 1) ^ value >> (bits - 2)) & 1);
	return value;
}

static uint64_t apply(struct cpu *cpu, const struct op *op, uint64_t value, unsigned count)
{
	switch (op->code) {
	case OP_ROL:
		return rotate_left(cpu, op->size, value, count);
	case OP_ROR:
		return rotate_right(cpu, op->size, value, count);
	case OP_RCL:
		return rotate_carry_left(cpu, op->size, value, count);
	case OP_RCR:
		return rotate_carry_right(cpu, op->size, value, count);
	case OP_SHL:
		return shift_left(cpu, op->size, value, count);
	case OP_SHR:
		return shift_right(cpu, op->size, value, count);
	default:
		return shift_arithmetic(cpu, op->size, value, count);
	}
}

/* The count is in imm32, or in CL if reg[0] is set. With a count of 0 memory is still written. */
static bool shift(struct cpu *cpu, const struct op *op)
{
	unsigned count = masked_count(op->reg[0] ? cpu->state.gpr[GPR_RCX] : op->imm32, op->size);
	uint64_t value;

	if (!operand_begin(cpu, op, &value))
		return false;
	if (count)
		value = apply(cpu, op, value, count);
	operand_update(cpu, op, value);
	return true;
}
PLAIN_HANDLER(shift_handler, shift)

/* By an immediate that is not 0 after masking, of a register. */
#define DEFINE_FAST(name, f, log)                                                                  \
	static const struct op *name##_ri_##log(struct cpu *cpu, const struct op *op)              \
	{                                                                                          \
		reg_set(cpu, op->dst, log, f(cpu, log, reg_get(cpu, op->dst, log), op->imm32));    \
		NEXT(cpu, op);                                                                     \
	}                                                                                          \
	static const struct op *name##_rc_##log(struct cpu *cpu, const struct op *op)              \
	{                                                                                          \
		unsigned count = masked_count(cpu->state.gpr[GPR_RCX], log);                       \
		uint64_t value = reg_get(cpu, op->dst, log);                                       \
                                                                                                   \
		if (count)                                                                         \
			value = f(cpu, log, value, count);                                         \
		reg_set(cpu, op->dst, log, value);                                                 \
		NEXT(cpu, op);                                                                     \
	}
DEFINE_FAST(shl, shift_left, 2)
DEFINE_FAST(shl, shift_left, 3)
DEFINE_FAST(shr, shift_right, 2)
DEFINE_FAST(shr, shift_right, 3)
DEFINE_FAST(sar, shift_arithmetic, 2)
DEFINE_FAST(sar, shift_arithmetic, 3)

DEFINE_FAST(rol, rotate_left, 2)
DEFINE_FAST(rol, rotate_left, 3)
DEFINE_FAST(ror, rotate_right, 2)
DEFINE_FAST(ror, rotate_right, 3)

static op_fn *const rotate_handlers[2][2][2] = {
	{ { rol_ri_2, rol_ri_3 }, { rol_rc_2, rol_rc_3 } },
	{ { ror_ri_2, ror_ri_3 }, { ror_rc_2, ror_rc_3 } },
};

static op_fn *const fast_handlers[3][2][2] = {
	{ { shl_ri_2, shl_ri_3 }, { shl_rc_2, shl_rc_3 } },
	{ { shr_ri_2, shr_ri_3 }, { shr_rc_2, shr_rc_3 } },
	{ { sar_ri_2, sar_ri_3 }, { sar_rc_2, sar_rc_3 } },
};

/* ---------------------------------------------------------------- SHLD, SHRD */

static uint64_t shift_double(struct cpu *cpu, const struct op *op, uint64_t value, uint64_t from,
			     unsigned count)
{
	unsigned bits = 8u << op->size;
	uint64_t sign = BIT(bits - 1);
	bool left = op->code == OP_SHLD;
	uint64_t result;
	bool cf;

	if (count >
	    bits) { /* 16-bit operands: undefined; what processors do: the pattern repeats */
		unsigned over = count - bits;

		result = left ? from << over | value >> (bits - over)
			      : from >> over | value << (bits - over);
		cf = left ? from >> (bits - over) & 1 : from >> (over - 1) & 1;
	} else if (count == bits) {
		result = from;
		cf = left ? value & 1 : value >> (bits - 1) & 1;
	} else {
		result = left ? value << count | from >> (bits - count)
			      : value >> count | from << (bits - count);
		cf = left ? value >> (bits - count) & 1 : value >> (count - 1) & 1;
	}
	result &= size_mask(op->size);
	set_flags_bits(cpu, op->size, result, cf, (result ^ value) & sign, false);
	return result;
}

static bool double_shift(struct cpu *cpu, const struct op *op)
{
	unsigned count = masked_count(op->reg[0] ? cpu->state.gpr[GPR_RCX] : op->imm32, op->size);
	uint64_t value;

	if (!operand_begin(cpu, op, &value))
		return false;
	if (count)
		value = shift_double(cpu, op, value, reg_get(cpu, op->src, op->size), count);
	operand_update(cpu, op, value);
	return true;
}
PLAIN_HANDLER(double_shift_handler, double_shift)

static int code_of(unsigned id)
{
	switch (id) {
	case INSN_ROL:
		return OP_ROL;
	case INSN_ROR:
		return OP_ROR;
	case INSN_RCL:
		return OP_RCL;
	case INSN_RCR:
		return OP_RCR;
	case INSN_SHL:
		return OP_SHL;
	case INSN_SHR:
		return OP_SHR;
	case INSN_SAR:
		return OP_SAR;
	case INSN_SHLD:
		return OP_SHLD;
	case INSN_SHRD:
		return OP_SHRD;
	default:
		return -1;
	}
}

enum translation translate_shift(struct translator *t, const struct insn *insn, struct op *op)
{
	int code = code_of(insn->id);
	unsigned size = insn->operand[0].size;
	unsigned last = insn->nr_operands - 1u;

	(void)t;
	if (code < 0)
		return NOT_MINE;
	op->code = (uint16_t)code;
	op->size = size_log(size) & 3u;
	op->flag = is_memory(insn, 0);
	if (!op->flag)
		op->dst = reg_offset(&insn->operand[0]);
	op->reg[0] = last == 0 || !is_immediate(insn, last);
	op->imm32 = last == 0 ? 1 : masked_count(insn->imm[0], op->size);
	if (last == 0)
		op->reg[0] = 0;
	if (code == OP_SHLD || code == OP_SHRD) {
		op->src = reg_offset(&insn->operand[1]);
		op->fn = double_shift_handler;
		return TRANSLATED;
	}
	op->fn = shift_handler;
	if (op->flag || op->size < 2 || !(op->reg[0] || op->imm32))
		return TRANSLATED;
	if (code == OP_ROL || code == OP_ROR)
		op->fn = rotate_handlers[code == OP_ROR][op->reg[0]][op->size - 2];
	else if (code >= OP_SHL)
		op->fn = fast_handlers[code - OP_SHL][op->reg[0]][op->size - 2];
	return TRANSLATED;
}
