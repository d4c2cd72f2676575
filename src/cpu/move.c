/* SPDX-License-Identifier: MIT */
#include "cpu/control.h"
#include "cpu/operand.h"
#include "cpu/system_misc.h"

/* MOV in all its forms, MOVZX, MOVSX, LEA, XCHG, CMOVcc, SETcc. */

/* ---------------------------------------------------------------- MOV */

static bool general(struct cpu *cpu, const struct op *op)
{
	unsigned size = 1u << op->size;
	uint64_t value;

	switch (op->code) {
	case OP_MOV_RM:
		if (!memory_read(cpu, op, size, &value))
			return false;
		reg_set(cpu, op->dst, op->size, value);
		return true;
	case OP_MOV_MR:
		return memory_write(cpu, op, size, reg_get(cpu, op->src, op->size));
	default:
		return memory_write(cpu, op, size, op->imm);
	}
}
PLAIN_HANDLER(general_handler, general)

#define DEFINE_REGISTER(log)                                                                       \
	static const struct op *mov_rr_##log(struct cpu *cpu, const struct op *op)                 \
	{                                                                                          \
		reg_set(cpu, op->dst, log, reg_get(cpu, op->src, log));                            \
		NEXT(cpu, op);                                                                     \
	}                                                                                          \
	static const struct op *mov_ri_##log(struct cpu *cpu, const struct op *op)                 \
	{                                                                                          \
		reg_set(cpu, op->dst, log, op->imm);                                               \
		NEXT(cpu, op);                                                                     \
	}

#define DEFINE_MEMORY(log, address)                                                                \
	static const struct op *mov_rm_##log##_##address(struct cpu *cpu, const struct op *op)     \
	{                                                                                          \
		uint64_t linear = fast_linear(cpu, op, ADDRESS_##address);                         \
                                                                                                   \
		if (!tlb_reads(cpu, linear, 1u << log))                                            \
			return general_handler(cpu, op);                                           \
		reg_set(cpu, op->dst, log, host_load(tlb_host(cpu, linear), 1u << log));           \
		NEXT(cpu, op);                                                                     \
	}                                                                                          \
	static const struct op *mov_mr_##log##_##address(struct cpu *cpu, const struct op *op)     \
	{                                                                                          \
		uint64_t linear = fast_linear(cpu, op, ADDRESS_##address);                         \
                                                                                                   \
		if (!tlb_writes(cpu, linear, 1u << log))                                           \
			return general_handler(cpu, op);                                           \
		host_store(tlb_host(cpu, linear), 1u << log, reg_get(cpu, op->src, log));          \
		NEXT(cpu, op);                                                                     \
	}                                                                                          \
	static const struct op *mov_mi_##log##_##address(struct cpu *cpu, const struct op *op)     \
	{                                                                                          \
		uint64_t linear = fast_linear(cpu, op, ADDRESS_##address);                         \
                                                                                                   \
		if (!tlb_writes(cpu, linear, 1u << log))                                           \
			return general_handler(cpu, op);                                           \
		host_store(tlb_host(cpu, linear), 1u << log, op->imm);                             \
		NEXT(cpu, op);                                                                     \
	}

#define DEFINE_SIZE(log)                                                                           \
	DEFINE_REGISTER(log)                                                                       \
	DEFINE_MEMORY(log, BASE) DEFINE_MEMORY(log, INDEX) DEFINE_MEMORY(log, SEGMENT)

DEFINE_SIZE(0)
DEFINE_SIZE(1)
DEFINE_SIZE(2)
DEFINE_SIZE(3)

#define SIZES(name)                                                                                \
	{                                                                                          \
		name##_0, name##_1, name##_2, name##_3                                             \
	}
#define SIZES_AT(name, address)                                                                    \
	{                                                                                          \
		name##_0_##address, name##_1_##address, name##_2_##address, name##_3_##address     \
	}
#define ADDRESSES(name)                                                                            \
	{                                                                                          \
		SIZES_AT(name, BASE), SIZES_AT(name, INDEX), SIZES_AT(name, SEGMENT)               \
	}

static op_fn *const register_handlers[2][4] = { SIZES(mov_rr), SIZES(mov_ri) };
static op_fn *const memory_handlers[3][NR_ADDRESS_FORMS][4] = {
	ADDRESSES(mov_rm),
	ADDRESSES(mov_mr),
	ADDRESSES(mov_mi),
};

/* Offsets of 64 bits: MOV between the accumulator and [moffs64]. */
static bool absolute_linear(struct cpu *cpu, const struct op *op, uint32_t access, uint64_t *linear)
{
	return cpu_segment_linear(cpu, op->segment, op->imm, 1u << op->size, access, linear);
}

static bool absolute_load(struct cpu *cpu, const struct op *op)
{
	uint64_t linear, value;

	if (!absolute_linear(cpu, op, UDV_ACCESS_READ, &linear) ||
	    !cpu_read(cpu, linear, 1u << op->size, 0, &value))
		return false;
	reg_set(cpu, op->dst, op->size, value);
	return true;
}
PLAIN_HANDLER(absolute_load_handler, absolute_load)

static bool absolute_store(struct cpu *cpu, const struct op *op)
{
	uint64_t linear;

	return absolute_linear(cpu, op, UDV_ACCESS_WRITE, &linear) &&
	       cpu_write(cpu, linear, 1u << op->size, 0, reg_get(cpu, op->src, op->size));
}
PLAIN_HANDLER(absolute_store_handler, absolute_store)

static bool from_segment(struct cpu *cpu, const struct op *op)
{
	uint64_t selector = cpu->state.seg[op->src].selector;

	if (op->flag)
		return memory_write(cpu, op, 2, selector);
	reg_set(cpu, op->dst, op->size, selector);
	return true;
}
PLAIN_HANDLER(from_segment_handler, from_segment)

static bool to_segment(struct cpu *cpu, const struct op *op)
{
	uint64_t selector = reg_get(cpu, op->dst, 1);

	if (op->flag && !memory_read(cpu, op, 2, &selector))
		return false;
	return cpu_load_segment(cpu, op->src, (uint16_t)selector);
}
SLOW_HANDLER(to_segment_handler, to_segment)

static enum translation translate_segment(struct translator *t, const struct insn *insn,
					  struct op *op)
{
	bool load = insn->operand[0].class == CLASS_SEG && insn->operand[0].kind == OPERAND_REG;
	const struct operand *other = &insn->operand[load ? 1 : 0];
	const struct operand *segment = &insn->operand[load ? 0 : 1];

	if (segment->number > SEG_GS || (load && segment->number == SEG_CS))
		return UNDEFINED;
	op->code = load ? OP_MOV_TO_SEGMENT : OP_MOV_FROM_SEGMENT;
	op->fn = load ? to_segment_handler : from_segment_handler;
	op->src = segment->number;
	op->flag = other->kind == OPERAND_MEM;
	if (!op->flag)
		op->dst = reg_offset(other);
	t->ends = load;
	return TRANSLATED;
}

static void choose_mov(struct translator *t, const struct insn *insn, struct op *op)
{
	enum address_form address;

	op->imm = insn->imm[0];
	if (is_memory(insn, 0)) {
		op->code = is_immediate(insn, 1) ? OP_MOV_MI : OP_MOV_MR;
		if (op->code == OP_MOV_MR)
			op->src = reg_offset(&insn->operand[1]);
	} else {
		op->dst = reg_offset(&insn->operand[0]);
		op->code = is_memory(insn, 1)	   ? OP_MOV_RM
			   : is_immediate(insn, 1) ? OP_MOV_RI
						   : OP_MOV_RR;
		if (op->code == OP_MOV_RR)
			op->src = reg_offset(&insn->operand[1]);
	}
	if (op->code <= OP_MOV_RI)
		op->fn = register_handlers[op->code - OP_MOV_RR][op->size];
	else if (translator_fast_memory(t, insn, &address))
		op->fn = memory_handlers[op->code - OP_MOV_RM][address][op->size];
	else
		op->fn = general_handler;
}

static enum translation translate_mov(struct translator *t, const struct insn *insn, struct op *op)
{
	unsigned size = insn->operand[0].size;

	for (unsigned i = 0; i < 2; i++) {
		if (insn->operand[i].kind != OPERAND_REG)
			continue;
		if (insn->operand[i].class == CLASS_SEG)
			return translate_segment(t, insn, op);
		if (insn->operand[i].class == CLASS_CR || insn->operand[i].class == CLASS_DR)
			return translate_mov_cr(t, insn, op) ? TRANSLATED : UNDEFINED;
	}
	op->size = size_log(size) & 3u;
	if (insn->mem.displacement != (int32_t)insn->mem.displacement) {
		bool load = is_memory(insn, 1);

		op->imm = (uint64_t)insn->mem.displacement;
		if (insn->address_size == 4)
			op->imm &= UINT32_MAX;
		op->code = load ? OP_MOV_ABSOLUTE_LOAD : OP_MOV_ABSOLUTE_STORE;
		op->fn = load ? absolute_load_handler : absolute_store_handler;
		op->dst = op->src = GPR_OFFSET(GPR_RAX);
		return TRANSLATED;
	}
	choose_mov(t, insn, op);
	return TRANSLATED;
}

/* ---------------------------------------------------------------- MOVZX, MOVSX, MOVSXD */

/* The source's size, and whether its sign is extended, by the code. */
ALWAYS_INLINE uint64_t extend(unsigned code, uint64_t value)
{
	switch (code) {
	case OP_MOVZX8:
		return (uint8_t)value;
	case OP_MOVZX16:
		return (uint16_t)value;
	case OP_MOVSX8:
		return (uint64_t)(int64_t)(int8_t)value;
	case OP_MOVSX16:
		return (uint64_t)(int64_t)(int16_t)value;
	default:
		return (uint64_t)(int64_t)(int32_t)value;
	}
}

ALWAYS_INLINE unsigned source_size(unsigned code)
{
	return code == OP_MOVZX8 || code == OP_MOVSX8	  ? 1
	       : code == OP_MOVZX16 || code == OP_MOVSX16 ? 2
							  : 4;
}

static bool extend_general(struct cpu *cpu, const struct op *op)
{
	uint64_t value;

	if (op->flag) {
		if (!memory_read(cpu, op, source_size(op->code), &value))
			return false;
	} else {
		value = gpr_read(cpu, op->src, source_size(op->code));
	}
	reg_set(cpu, op->dst, op->size, extend(op->code, value));
	return true;
}
PLAIN_HANDLER(extend_general_handler, extend_general)

/* Destinations of 4 and 8 bytes; the ones of 2 are rare. */
#define DEFINE_EXTEND(code, log)                                                                   \
	static const struct op *extend_rr_##code##_##log(struct cpu *cpu, const struct op *op)     \
	{                                                                                          \
		reg_set(cpu, op->dst, log,                                                         \
			extend(OP_##code, gpr_read(cpu, op->src, source_size(OP_##code))));        \
		NEXT(cpu, op);                                                                     \
	}                                                                                          \
	DEFINE_EXTEND_MEMORY(code, log, BASE)                                                      \
	DEFINE_EXTEND_MEMORY(code, log, INDEX)

#define DEFINE_EXTEND_MEMORY(code, log, address)                                                   \
	static const struct op *extend_rm_##code##_##log##_##address(struct cpu *cpu,              \
								     const struct op *op)          \
	{                                                                                          \
		uint64_t linear = fast_linear(cpu, op, ADDRESS_##address);                         \
                                                                                                   \
		if (!tlb_reads(cpu, linear, source_size(OP_##code)))                               \
			return extend_general_handler(cpu, op);                                    \
		reg_set(cpu, op->dst, log,                                                         \
			extend(OP_##code,                                                          \
			       host_load(tlb_host(cpu, linear), source_size(OP_##code))));         \
		NEXT(cpu, op);                                                                     \
	}

#define EACH_EXTEND(X) X(MOVZX8) X(MOVZX16) X(MOVSX8) X(MOVSX16) X(MOVSX32)
#define DEFINE_BOTH(code) DEFINE_EXTEND(code, 2) DEFINE_EXTEND(code, 3)
EACH_EXTEND(DEFINE_BOTH)

#define EXTEND_ROW(code)                                                                           \
	[OP_##code - OP_MOVZX8] = {                                                                \
		{ extend_rr_##code##_2, extend_rm_##code##_2_BASE, extend_rm_##code##_2_INDEX },   \
		{ extend_rr_##code##_3, extend_rm_##code##_3_BASE, extend_rm_##code##_3_INDEX },   \
	},
static op_fn *const extend_handlers[5][2][3] = { EACH_EXTEND(EXTEND_ROW) };

static enum translation translate_extend(struct translator *t, const struct insn *insn,
					 struct op *op)
{
	/* MOVSXD r16, r/m16: SDM Vol 2B "MOVSX/MOVSXD" */
	unsigned size = insn->id == INSN_MOVSXD && op->size == 1 ? 2 : insn->operand[1].size;
	enum address_form address;

	if (insn->id == INSN_MOVZX)
		op->code = size == 1 ? OP_MOVZX8 : OP_MOVZX16;
	else
		op->code = size == 1 ? OP_MOVSX8 : size == 2 ? OP_MOVSX16 : OP_MOVSX32;
	op->dst = reg_offset(&insn->operand[0]);
	op->flag = is_memory(insn, 1);
	if (!op->flag)
		op->src = reg_offset(&insn->operand[1]);
	op->fn = extend_general_handler;
	if (op->size < 2)
		return TRANSLATED;
	if (!op->flag)
		op->fn = extend_handlers[op->code - OP_MOVZX8][op->size - 2][0];
	else if (translator_fast_memory(t, insn, &address) && address != ADDRESS_SEGMENT)
		op->fn = extend_handlers[op->code - OP_MOVZX8][op->size - 2][1 + address];
	return TRANSLATED;
}

/* ---------------------------------------------------------------- LEA, XCHG */

#define DEFINE_LEA(log, address)                                                                   \
	static const struct op *lea_##log##_##address(struct cpu *cpu, const struct op *op)        \
	{                                                                                          \
		uint64_t value = reg_get(cpu, op->base, 3) + (uint64_t)(int64_t)op->disp;          \
                                                                                                   \
		if (ADDRESS_##address == ADDRESS_INDEX)                                            \
			value += reg_get(cpu, op->index, 3) << op->scale;                          \
		reg_set(cpu, op->dst, log, value);                                                 \
		NEXT(cpu, op);                                                                     \
	}
DEFINE_LEA(2, BASE)
DEFINE_LEA(2, INDEX)
DEFINE_LEA(3, BASE)
DEFINE_LEA(3, INDEX)

static bool lea_general(struct cpu *cpu, const struct op *op)
{
	reg_set(cpu, op->dst, op->size, cpu_effective_address(cpu, op));
	return true;
}
PLAIN_HANDLER(lea_general_handler, lea_general)

static enum translation translate_lea(const struct insn *insn, struct op *op)
{
	bool index = insn->mem.index != GPR_ZERO;

	if (!is_memory(insn, 1))
		return UNDEFINED;
	op->code = OP_LEA;
	op->dst = reg_offset(&insn->operand[0]);
	op->fn = lea_general_handler;
	/* With addresses at least as wide as the result, truncation is all there is to it. */
	if (op->size == 3 && op->address == ADDRESS_64)
		op->fn = index ? lea_3_INDEX : lea_3_BASE;
	if (op->size == 2 && op->address != ADDRESS_16)
		op->fn = index ? lea_2_INDEX : lea_2_BASE;
	return TRANSLATED;
}

static bool exchange(struct cpu *cpu, const struct op *op)
{
	uint64_t value;

	if (!operand_begin(cpu, op, &value))
		return false;
	operand_update(cpu, op, reg_get(cpu, op->src, op->size));
	reg_set(cpu, op->src, op->size, value);
	return true;
}
PLAIN_HANDLER(exchange_handler, exchange)

static enum translation translate_exchange(const struct insn *insn, struct op *op)
{
	unsigned memory = is_memory(insn, 1) ? 1 : 0;
	unsigned size = insn->operand[0].size;

	op->code = OP_XCHG;
	op->fn = exchange_handler;
	op->size = size_log(size) & 3u;
	op->flag = is_memory(insn, memory);
	if (!op->flag)
		op->dst = reg_offset(&insn->operand[memory]);
	op->src = reg_offset(&insn->operand[!memory]);
	return TRANSLATED;
}

/* ---------------------------------------------------------------- CMOVcc, SETcc */

static bool condition_of(const struct cpu *cpu, unsigned condition)
{
	/* clang-format off */
	switch (condition) {
#define CASE(n) \
	case n: \
		return condition_holds(cpu, n);
	CASE(0) CASE(1) CASE(2) CASE(3) CASE(4) CASE(5) CASE(6) CASE(7) CASE(8) CASE(9)
	CASE(10) CASE(11) CASE(12) CASE(13) CASE(14)
	default:
		return condition_holds(cpu, 15);
	}
	/* clang-format on */
}

/* The condition is in reg[0]. Memory is read whatever it is, and 32-bit results clear the top. */
static bool cmov_general(struct cpu *cpu, const struct op *op)
{
	uint64_t value;

	if (op->flag) {
		if (!memory_read(cpu, op, 1u << op->size, &value))
			return false;
	} else {
		value = reg_get(cpu, op->src, op->size);
	}
	if (!condition_of(cpu, op->reg[0]))
		value = reg_get(cpu, op->dst, op->size);
	reg_set(cpu, op->dst, op->size, value);
	return true;
}
PLAIN_HANDLER(cmov_handler, cmov_general)

static bool setcc_general(struct cpu *cpu, const struct op *op)
{
	return operand_write(cpu, op, condition_of(cpu, op->reg[0]));
}
PLAIN_HANDLER(setcc_handler, setcc_general)

#define DEFINE_CONDITION(n)                                                                        \
	static const struct op *cmov_2_##n(struct cpu *cpu, const struct op *op)                   \
	{                                                                                          \
		unsigned from = condition_holds(cpu, n) ? op->src : op->dst;                       \
                                                                                                   \
		reg_set(cpu, op->dst, 2, reg_get(cpu, from, 2));                                   \
		NEXT(cpu, op);                                                                     \
	}                                                                                          \
	static const struct op *cmov_3_##n(struct cpu *cpu, const struct op *op)                   \
	{                                                                                          \
		unsigned from = condition_holds(cpu, n) ? op->src : op->dst;                       \
                                                                                                   \
		reg_set(cpu, op->dst, 3, reg_get(cpu, from, 3));                                   \
		NEXT(cpu, op);                                                                     \
	}                                                                                          \
	static const struct op *setcc_##n(struct cpu *cpu, const struct op *op)                    \
	{                                                                                          \
		reg_set(cpu, op->dst, 0, condition_holds(cpu, n));                                 \
		NEXT(cpu, op);                                                                     \
	}
/* clang-format off */
#define EACH_CONDITION(X) \
	X(0) X(1) X(2) X(3) X(4) X(5) X(6) X(7) X(8) X(9) X(10) X(11) X(12) X(13) X(14) X(15)
/* clang-format on */
EACH_CONDITION(DEFINE_CONDITION)

#define CONDITION_ROW(n) { cmov_2_##n, cmov_3_##n, setcc_##n },
static op_fn *const condition_handlers[16][3] = { EACH_CONDITION(CONDITION_ROW) };

static enum translation translate_cmov(const struct insn *insn, struct op *op)
{
	unsigned condition = insn->opcode & 0xf;

	op->code = OP_CMOV;
	op->dst = reg_offset(&insn->operand[0]);
	op->flag = is_memory(insn, 1);
	op->reg[0] = (uint8_t)condition;
	op->fn = cmov_handler;
	if (op->flag)
		return TRANSLATED;
	op->src = reg_offset(&insn->operand[1]);
	if (op->size >= 2)
		op->fn = condition_handlers[condition][op->size - 2];
	return TRANSLATED;
}

static enum translation translate_setcc(const struct insn *insn, struct op *op)
{
	unsigned condition = insn->opcode & 0xf;

	op->code = OP_SETCC;
	op->size = 0;
	op->flag = is_memory(insn, 0);
	op->reg[0] = (uint8_t)condition;
	op->fn = setcc_handler;
	if (!op->flag) {
		op->dst = reg_offset(&insn->operand[0]);
		op->fn = condition_handlers[condition][2];
	}
	return TRANSLATED;
}

enum translation translate_move(struct translator *t, const struct insn *insn, struct op *op)
{
	switch (insn->id) {
	case INSN_MOV:
	case INSN_MOVNTI:
		return translate_mov(t, insn, op);
	case INSN_MOVZX:
	case INSN_MOVSX:
	case INSN_MOVSXD:
		return translate_extend(t, insn, op);
	case INSN_LEA:
		return translate_lea(insn, op);
	case INSN_XCHG:
		return translate_exchange(insn, op);
	default:
		break;
	}
	if (insn->map == 1 && insn->opcode >> 4 == 4)
		return translate_cmov(insn, op);
	if (insn->map == 1 && insn->opcode >> 4 == 9)
		return translate_setcc(insn, op);
	return NOT_MINE;
}
