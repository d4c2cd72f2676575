/* SPDX-License-Identifier: MIT */
#include "cpu/operand.h"

/* INC, DEC, NEG, NOT, CMPXCHG, XADD, decimal arithmetic, flags, conversions, NOPs. SDM Vol 2 */

/* ---------------------------------------------------------------- INC, DEC, NEG, NOT */

ALWAYS_INLINE uint64_t unary(struct cpu *cpu, unsigned code, unsigned log, uint64_t value)
{
	uint64_t result;

	switch (code) {
	case OP_INC:
		result = (value + 1) & size_mask(log);
		set_lazy(cpu, LAZY_INC | log, result, lazy_cf(cpu));
		return result;
	case OP_DEC:
		result = (value - 1) & size_mask(log);
		set_lazy(cpu, LAZY_DEC | log, result, lazy_cf(cpu));
		return result;
	case OP_NEG:
		result = -value & size_mask(log);
		set_lazy(cpu, LAZY_SUB | log, result, 0);
		return result;
	default:
		return ~value & size_mask(log);
	}
}

static bool unary_general(struct cpu *cpu, const struct op *op)
{
	uint64_t value;

	if (!operand_begin(cpu, op, &value))
		return false;
	operand_update(cpu, op, unary(cpu, op->code, op->size, value));
	return true;
}
PLAIN_HANDLER(unary_handler, unary_general)

#define DEFINE_UNARY(name, code, log)                                                              \
	static const struct op *name##_##log(struct cpu *cpu, const struct op *op)                 \
	{                                                                                          \
		reg_set(cpu, op->dst, log, unary(cpu, code, log, reg_get(cpu, op->dst, log)));     \
		NEXT(cpu, op);                                                                     \
	}
DEFINE_UNARY(inc, OP_INC, 2)
DEFINE_UNARY(inc, OP_INC, 3)
DEFINE_UNARY(dec, OP_DEC, 2)
DEFINE_UNARY(dec, OP_DEC, 3)
DEFINE_UNARY(neg, OP_NEG, 2)
DEFINE_UNARY(neg, OP_NEG, 3)
DEFINE_UNARY(not, OP_NOT, 2)
DEFINE_UNARY(not, OP_NOT, 3)

static op_fn *const unary_handlers[4][2] = {
	{ inc_2, inc_3 }, { dec_2, dec_3 }, { neg_2, neg_3 }, { not_2, not_3 }
};

static void set_operand_0(const struct insn *insn, struct op *op)
{
	unsigned size = insn->operand[0].size;

	op->size = size_log(size) & 3u;
	op->flag = is_memory(insn, 0);
	if (!op->flag)
		op->dst = reg_offset(&insn->operand[0]);
}

static enum translation translate_unary(const struct insn *insn, struct op *op, unsigned code)
{
	set_operand_0(insn, op);
	op->code = (uint16_t)code;
	op->fn = unary_handler;
	if (!op->flag && op->size >= 2)
		op->fn = unary_handlers[code - OP_INC][op->size - 2];
	return TRANSLATED;
}

/* ---------------------------------------------------------------- CMPXCHG, XADD */

/* The destination is written in any case: with what it held, if it is not equal. */
static bool compare_exchange(struct cpu *cpu, const struct op *op)
{
	uint64_t accumulator = reg_get(cpu, GPR_OFFSET(GPR_RAX), op->size);
	uint64_t source = reg_get(cpu, op->src, op->size);
	uint64_t value;

	if (!operand_begin(cpu, op, &value))
		return false;
	set_lazy(cpu, LAZY_SUB | op->size, (accumulator - value) & size_mask(op->size),
		 accumulator);
	if (value == accumulator) {
		operand_update(cpu, op, source);
		return true;
	}
	if (op->flag)
		operand_update(cpu, op, value);
	reg_set(cpu, GPR_OFFSET(GPR_RAX), op->size, value);
	return true;
}
PLAIN_HANDLER(compare_exchange_handler, compare_exchange)

static void set_zf(struct cpu *cpu, bool zf)
{
	uint64_t flags = cpu_status_flags(cpu) & ~FLAG_ZF;

	set_status_flags(cpu, flags | (zf ? FLAG_ZF : 0));
}

static bool compare_exchange_8(struct cpu *cpu, const struct op *op)
{
	struct cpu_state *s = &cpu->state;
	uint64_t expected = s->gpr[GPR_RDX] << 32 | (uint32_t)s->gpr[GPR_RAX];
	uint64_t value;

	if (!memory_begin(cpu, op, 8, &value))
		return false;
	if (value == expected) {
		cpu_rmw_commit(cpu, s->gpr[GPR_RCX] << 32 | (uint32_t)s->gpr[GPR_RBX]);
		set_zf(cpu, true);
		return true;
	}
	cpu_rmw_commit(cpu, value);
	s->gpr[GPR_RAX] = (uint32_t)value;
	s->gpr[GPR_RDX] = value >> 32;
	set_zf(cpu, false);
	return true;
}
PLAIN_HANDLER(compare_exchange_8_handler, compare_exchange_8)

static bool compare_exchange_16(struct cpu *cpu, const struct op *op)
{
	struct cpu_state *s = &cpu->state;
	uint64_t linear;
	uint64_t value[2];

	if (!cpu_operand_linear(cpu, op, 16, UDV_ACCESS_READ | UDV_ACCESS_WRITE, &linear))
		return false;
	if (linear & 15)
		return raise_gp0(cpu);
	if (!cpu_probe(cpu, linear, 16, UDV_ACCESS_READ | UDV_ACCESS_WRITE | stack_bit(op)) ||
	    !cpu_read_bytes(cpu, linear, value, 16, 0))
		return false;
	if (value[0] == s->gpr[GPR_RAX] && value[1] == s->gpr[GPR_RDX]) {
		value[0] = s->gpr[GPR_RBX];
		value[1] = s->gpr[GPR_RCX];
		set_zf(cpu, true);
	} else {
		s->gpr[GPR_RAX] = value[0];
		s->gpr[GPR_RDX] = value[1];
		set_zf(cpu, false);
	}
	return cpu_write_bytes(cpu, linear, value, 16, 0);
}
PLAIN_HANDLER(compare_exchange_16_handler, compare_exchange_16)

static bool exchange_add(struct cpu *cpu, const struct op *op)
{
	uint64_t source = reg_get(cpu, op->src, op->size);
	uint64_t value, sum;

	if (!operand_begin(cpu, op, &value))
		return false;
	sum = (value + source) & size_mask(op->size);
	set_lazy(cpu, LAZY_ADD | op->size, sum, value);
	reg_set(cpu, op->src, op->size, value);
	operand_update(cpu, op, sum);
	return true;
}
PLAIN_HANDLER(exchange_add_handler, exchange_add)

/* ---------------------------------------------------------------- sign extension */

static const struct op *extend_accumulator(struct cpu *cpu, const struct op *op)
{
	uint64_t value = reg_get(cpu, GPR_OFFSET(GPR_RAX), op->size - 1u);

	reg_set(cpu, GPR_OFFSET(GPR_RAX), op->size,
		(uint64_t)sign_extend(value, op->size - 1u) & size_mask(op->size));
	NEXT(cpu, op);
}

static const struct op *extend_into_d(struct cpu *cpu, const struct op *op)
{
	uint64_t value = reg_get(cpu, GPR_OFFSET(GPR_RAX), op->size);

	reg_set(cpu, GPR_OFFSET(GPR_RDX), op->size,
		(uint64_t)(sign_extend(value, op->size) >> 63) & size_mask(op->size));
	NEXT(cpu, op);
}

/* ---------------------------------------------------------------- decimal arithmetic */

/* SDM Vol 2A "AAA", "AAS" */
static bool ascii_adjust(struct cpu *cpu, const struct op *op)
{
	uint64_t flags = cpu_status_flags(cpu);
	uint64_t ax = gpr_read(cpu, GPR_OFFSET(GPR_RAX), 2);
	bool adjust = (ax & 0xf) > 9 || flags & FLAG_AF;

	if (adjust)
		ax = op->code == OP_AAA ? ax + 0x106 : ax - 0x106;
	ax &= 0xff0f;
	gpr_write(cpu, GPR_OFFSET(GPR_RAX), 2, ax);
	set_flags_bits(cpu, 0, ax & 0xff, adjust, false, adjust);
	return true;
}
PLAIN_HANDLER(ascii_adjust_handler, ascii_adjust)

static bool ascii_multiply(struct cpu *cpu, const struct op *op)
{
	uint64_t al = gpr_read(cpu, GPR_OFFSET(GPR_RAX), 1);
	uint64_t base = op->imm & 0xff;

	if (!base)
		return cpu_raise(cpu, VECTOR_DE);
	gpr_write(cpu, GPR_OFFSET(GPR_RAX), 2, al / base << 8 | al % base);
	set_flags_bits(cpu, 0, al % base, false, false, false);
	return true;
}
PLAIN_HANDLER(ascii_multiply_handler, ascii_multiply)

static bool ascii_divide(struct cpu *cpu, const struct op *op)
{
	uint64_t ax = gpr_read(cpu, GPR_OFFSET(GPR_RAX), 2);
	uint64_t al = ((ax & 0xff) + (ax >> 8) * (op->imm & 0xff)) & 0xff;

	gpr_write(cpu, GPR_OFFSET(GPR_RAX), 2, al);
	set_flags_bits(cpu, 0, al, false, false, false);
	return true;
}
PLAIN_HANDLER(ascii_divide_handler, ascii_divide)

/* SDM Vol 2A "DAA", "DAS" */
static bool decimal_adjust(struct cpu *cpu, const struct op *op)
{
	uint64_t flags = cpu_status_flags(cpu);
	uint64_t old = gpr_read(cpu, GPR_OFFSET(GPR_RAX), 1);
	bool add = op->code == OP_DAA;
	uint64_t al = old;
	bool af = (old & 0xf) > 9 || flags & FLAG_AF;
	bool cf = false;

	if (af) {
		al = add ? al + 6 : al - 6;
		cf = flags & FLAG_CF || (add ? al > 0xff : old < 6);
	}
	if (old > 0x99 || flags & FLAG_CF) {
		al = add ? al + 0x60 : al - 0x60;
		cf = true;
	}
	al &= 0xff;
	gpr_write(cpu, GPR_OFFSET(GPR_RAX), 1, al);
	set_flags_bits(cpu, 0, al, cf, false, af);
	return true;
}
PLAIN_HANDLER(decimal_adjust_handler, decimal_adjust)

/* ---------------------------------------------------------------- flags */

static const struct op *load_ah(struct cpu *cpu, const struct op *op)
{
	uint64_t flags = cpu_status_flags(cpu) & ~FLAG_OF;

	gpr_write(cpu, GPR_OFFSET_HIGH(GPR_RAX), 1, flags | FLAG_ONE);
	NEXT(cpu, op);
}

static const struct op *store_ah(struct cpu *cpu, const struct op *op)
{
	uint64_t of = cpu_status_flags(cpu) & FLAG_OF;

	set_status_flags(cpu, of | (gpr_read(cpu, GPR_OFFSET_HIGH(GPR_RAX), 1) & ~FLAG_OF));
	NEXT(cpu, op);
}

static const struct op *change_cf(struct cpu *cpu, const struct op *op)
{
	uint64_t flags = cpu_status_flags(cpu);

	if (op->code == OP_CMC)
		flags ^= FLAG_CF;
	else
		flags = op->code == OP_STC ? flags | FLAG_CF : flags & ~FLAG_CF;
	set_status_flags(cpu, flags);
	NEXT(cpu, op);
}

static const struct op *change_df(struct cpu *cpu, const struct op *op)
{
	if (op->code == OP_STD)
		cpu->state.rflags |= FLAG_DF;
	else
		cpu->state.rflags &= ~FLAG_DF;
	NEXT(cpu, op);
}

static const struct op *set_al_by_cf(struct cpu *cpu, const struct op *op)
{
	gpr_write(cpu, GPR_OFFSET(GPR_RAX), 1, lazy_cf(cpu) ? 0xff : 0);
	NEXT(cpu, op);
}

/* ---------------------------------------------------------------- the rest */

static bool translate_table(struct cpu *cpu, const struct op *op)
{
	static const uint64_t masks[] = { 0xffff, UINT32_MAX, ~0ull, ~0ull };
	uint64_t address = cpu->state.gpr[GPR_RBX] + gpr_read(cpu, GPR_OFFSET(GPR_RAX), 1);
	uint64_t linear, value;

	if (!cpu_segment_linear(cpu, op->segment, address & masks[op->address], 1, UDV_ACCESS_READ,
				&linear) ||
	    !cpu_read(cpu, linear, 1, stack_bit(op), &value))
		return false;
	gpr_write(cpu, GPR_OFFSET(GPR_RAX), 1, value);
	return true;
}
PLAIN_HANDLER(translate_table_handler, translate_table)

static bool bound(struct cpu *cpu, const struct op *op)
{
	unsigned size = 1u << op->size;
	int64_t index = sign_extend(reg_get(cpu, op->dst, op->size), op->size);
	uint64_t linear;
	uint64_t bounds = 0;

	if (!cpu_operand_linear(cpu, op, 2 * size, UDV_ACCESS_READ, &linear) ||
	    !cpu_read(cpu, linear, 2 * size, stack_bit(op), &bounds))
		return false;
	if (index < sign_extend(bounds & size_mask(op->size), op->size) ||
	    index > sign_extend(bounds >> 8 * size & size_mask(op->size), op->size))
		return cpu_raise(cpu, VECTOR_BR);
	return true;
}
PLAIN_HANDLER(bound_handler, bound)

static const struct op *nothing(struct cpu *cpu, const struct op *op)
{
	NEXT(cpu, op);
}

static bool pause(struct cpu *cpu, const struct op *op)
{
	(void)op;
	if (cpu_intercepts(cpu, INTERCEPT_PAUSE, 0, 0))
		return false;
	cpu_charge(cpu, COST_PAUSE);
	return true;
}
SLOW_HANDLER(pause_handler, pause)

/* CLFLUSH and its kin: a read of one byte as far as faults go. SDM Vol 2A "CLFLUSH" */
static bool cache_line(struct cpu *cpu, const struct op *op)
{
	uint64_t linear;

	return cpu_operand_linear(cpu, op, 1, UDV_ACCESS_READ, &linear) &&
	       cpu_probe(cpu, linear, 1, UDV_ACCESS_READ | stack_bit(op));
}
PLAIN_HANDLER(cache_line_handler, cache_line)

static const struct {
	uint16_t insn, code;
	op_fn *fn;
	uint8_t size; /* as a shift plus 1; 0: the instruction's own */
} rows[] = {
	{ INSN_CBW, OP_CBW, extend_accumulator, 2 },
	{ INSN_CWDE, OP_CBW, extend_accumulator, 3 },
	{ INSN_CDQE, OP_CBW, extend_accumulator, 4 },
	{ INSN_CWD, OP_CWD, extend_into_d, 2 },
	{ INSN_CDQ, OP_CWD, extend_into_d, 3 },
	{ INSN_CQO, OP_CWD, extend_into_d, 4 },
	{ INSN_AAA, OP_AAA, ascii_adjust_handler, 0 },
	{ INSN_AAS, OP_AAS, ascii_adjust_handler, 0 },
	{ INSN_AAM, OP_AAM, ascii_multiply_handler, 0 },
	{ INSN_AAD, OP_AAD, ascii_divide_handler, 0 },
	{ INSN_DAA, OP_DAA, decimal_adjust_handler, 0 },
	{ INSN_DAS, OP_DAS, decimal_adjust_handler, 0 },
	{ INSN_LAHF, OP_LAHF, load_ah, 0 },
	{ INSN_SAHF, OP_SAHF, store_ah, 0 },
	{ INSN_CLC, OP_CLC, change_cf, 0 },
	{ INSN_STC, OP_STC, change_cf, 0 },
	{ INSN_CMC, OP_CMC, change_cf, 0 },
	{ INSN_CLD, OP_CLD, change_df, 0 },
	{ INSN_STD, OP_STD, change_df, 0 },
	{ INSN_SALC, OP_SALC, set_al_by_cf, 0 },
	{ INSN_XLAT, OP_XLAT, translate_table_handler, 0 },
	{ INSN_NOP, OP_NOP, nothing, 0 },
	{ INSN_ENDBR32, OP_NOP, nothing, 0 },
	{ INSN_ENDBR64, OP_NOP, nothing, 0 },
	{ INSN_PREFETCH, OP_NOP, nothing, 0 },
	{ INSN_PREFETCHW, OP_NOP, nothing, 0 },
	{ INSN_PREFETCHNTA, OP_NOP, nothing, 0 },
	{ INSN_PREFETCHT0, OP_NOP, nothing, 0 },
	{ INSN_PREFETCHT1, OP_NOP, nothing, 0 },
	{ INSN_PREFETCHT2, OP_NOP, nothing, 0 },
	{ INSN_SFENCE, OP_NOP, nothing, 0 },
	{ INSN_LFENCE, OP_NOP, nothing, 0 },
	{ INSN_MFENCE, OP_NOP, nothing, 0 },
	{ INSN_CLFLUSH, OP_CACHE_LINE, cache_line_handler, 0 },
	{ INSN_CLFLUSHOPT, OP_CACHE_LINE, cache_line_handler, 0 },
	{ INSN_CLWB, OP_CACHE_LINE, cache_line_handler, 0 },
};

static enum translation translate_row(struct translator *t, const struct insn *insn, struct op *op)
{
	(void)t;
	for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (rows[i].insn != insn->id)
			continue;
		op->code = rows[i].code;
		op->fn = rows[i].fn;
		op->imm = insn->imm[0];
		if (rows[i].size)
			op->size = (uint8_t)(rows[i].size - 1u) & 3u;
		return TRANSLATED;
	}
	return NOT_MINE;
}

static enum translation translate_exchange_kind(const struct insn *insn, struct op *op,
						unsigned code, op_fn *fn)
{
	set_operand_0(insn, op);
	op->code = (uint16_t)code;
	op->fn = fn;
	op->src = reg_offset(&insn->operand[1]);
	return TRANSLATED;
}

static enum translation translate_memory_kind(const struct insn *insn, struct op *op, unsigned code,
					      op_fn *fn)
{
	if (!is_memory(insn, 0))
		return UNDEFINED;
	op->code = (uint16_t)code;
	op->fn = fn;
	op->flag = 1;
	return TRANSLATED;
}

enum translation translate_misc(struct translator *t, const struct insn *insn, struct op *op)
{
	switch (insn->id) {
	case INSN_INC:
		return translate_unary(insn, op, OP_INC);
	case INSN_DEC:
		return translate_unary(insn, op, OP_DEC);
	case INSN_NEG:
		return translate_unary(insn, op, OP_NEG);
	case INSN_NOT:
		return translate_unary(insn, op, OP_NOT);
	case INSN_CMPXCHG:
		return translate_exchange_kind(insn, op, OP_CMPXCHG, compare_exchange_handler);
	case INSN_XADD:
		return translate_exchange_kind(insn, op, OP_XADD, exchange_add_handler);
	case INSN_CMPXCHG8B:
		return translate_memory_kind(insn, op, OP_CMPXCHG8B, compare_exchange_8_handler);
	case INSN_CMPXCHG16B:
		return translate_memory_kind(insn, op, OP_CMPXCHG16B, compare_exchange_16_handler);
	case INSN_BOUND:
		op->code = OP_BOUND;
		op->fn = bound_handler;
		op->dst = reg_offset(&insn->operand[0]);
		return is_memory(insn, 1) ? TRANSLATED : UNDEFINED;
	case INSN_PAUSE:
		op->code = OP_PAUSE;
		op->fn = pause_handler;
		t->ends = true;
		return TRANSLATED;
	default:
		return translate_row(t, insn, op);
	}
}
