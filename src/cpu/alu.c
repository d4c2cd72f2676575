/* SPDX-License-Identifier: MIT */
#include "cpu/alu.h"

/*
 * ADD, OR, ADC, SBB, AND, SUB, XOR, CMP, TEST: a handler for each size and form in flat memory,
 * made by macros, and one general one for the rest.
 */

#define DEFINE_RR(name, kind, log)                                                                 \
	static const struct op *name##_rr_##log(struct cpu *cpu, const struct op *op)              \
	{                                                                                          \
		uint64_t r = alu(cpu, kind, log, reg_get(cpu, op->dst, log),                       \
				 reg_get(cpu, op->src, log));                                      \
                                                                                                   \
		if (alu_writes(kind))                                                              \
			reg_set(cpu, op->dst, log, r);                                             \
		NEXT(cpu, op);                                                                     \
	}

#define DEFINE_RI(name, kind, log)                                                                 \
	static const struct op *name##_ri_##log(struct cpu *cpu, const struct op *op)              \
	{                                                                                          \
		uint64_t r =                                                                       \
			alu(cpu, kind, log, reg_get(cpu, op->dst, log), op->imm & size_mask(log)); \
                                                                                                   \
		if (alu_writes(kind))                                                              \
			reg_set(cpu, op->dst, log, r);                                             \
		NEXT(cpu, op);                                                                     \
	}

#define DEFINE_RM(name, kind, log, address)                                                        \
	static const struct op *name##_rm_##log##_##address(struct cpu *cpu, const struct op *op)  \
	{                                                                                          \
		uint64_t linear = fast_linear(cpu, op, ADDRESS_##address);                         \
		uint64_t r;                                                                        \
                                                                                                   \
		if (!tlb_reads(cpu, linear, 1u << log))                                            \
			return general_handler(cpu, op);                                           \
		r = alu(cpu, kind, log, reg_get(cpu, op->dst, log),                                \
			host_load(tlb_host(cpu, linear), 1u << log));                              \
		if (alu_writes(kind))                                                              \
			reg_set(cpu, op->dst, log, r);                                             \
		NEXT(cpu, op);                                                                     \
	}

/* With a memory destination; @source is an expression. */
#define DEFINE_M(name, kind, log, form, source, address)                                           \
	static const struct op *name##_##form##_##log##_##address(struct cpu *cpu,                 \
								  const struct op *op)             \
	{                                                                                          \
		uint64_t linear = fast_linear(cpu, op, ADDRESS_##address);                         \
		uint64_t r;                                                                        \
		bool hit = alu_writes(kind) ? tlb_writes(cpu, linear, 1u << log)                   \
					    : tlb_reads(cpu, linear, 1u << log);                   \
                                                                                                   \
		if (unlikely(!hit))                                                                \
			return general_handler(cpu, op);                                           \
		r = alu(cpu, kind, log, host_load(tlb_host(cpu, linear), 1u << log),               \
			(source)&size_mask(log));                                                  \
		if (alu_writes(kind))                                                              \
			host_store(tlb_host(cpu, linear), 1u << log, r);                           \
		NEXT(cpu, op);                                                                     \
	}

#define DEFINE_MEMORY(name, kind, log, address)                                                    \
	DEFINE_RM(name, kind, log, address)                                                        \
	DEFINE_M(name, kind, log, mr, reg_get(cpu, op->src, log), address)                         \
	DEFINE_M(name, kind, log, mi, op->imm, address)

#define DEFINE_SIZE(name, kind, log)                                                               \
	DEFINE_RR(name, kind, log)                                                                 \
	DEFINE_RI(name, kind, log)                                                                 \
	DEFINE_MEMORY(name, kind, log, BASE)                                                       \
	DEFINE_MEMORY(name, kind, log, INDEX)                                                      \
	DEFINE_MEMORY(name, kind, log, SEGMENT)

#define DEFINE_ALU(name, kind)                                                                     \
	DEFINE_SIZE(name, kind, 0)                                                                 \
	DEFINE_SIZE(name, kind, 1)                                                                 \
	DEFINE_SIZE(name, kind, 2)                                                                 \
	DEFINE_SIZE(name, kind, 3)

/* Memory that is not flat, or not in the TLB. */
static bool general(struct cpu *cpu, const struct op *op)
{
	unsigned kind = alu_kind_of(op->code);
	unsigned form = alu_form_of(op->code);
	unsigned size = 1u << op->size;
	uint64_t a, b;

	if (form == FORM_RM) {
		if (!memory_read(cpu, op, size, &b))
			return false;
		a = alu(cpu, kind, op->size, reg_get(cpu, op->dst, op->size), b);
		if (alu_writes(kind))
			reg_set(cpu, op->dst, op->size, a);
		return true;
	}
	b = form == FORM_MR ? reg_get(cpu, op->src, op->size) : op->imm & size_mask(op->size);
	if (!alu_writes(kind)) {
		if (!memory_read(cpu, op, size, &a))
			return false;
		alu(cpu, kind, op->size, a, b);
		return true;
	}
	if (!memory_begin(cpu, op, size, &a))
		return false;
	cpu_rmw_commit(cpu, alu(cpu, kind, op->size, a, b));
	return true;
}

PLAIN_HANDLER(general_handler, general)

DEFINE_ALU(add, ALU_ADD)
DEFINE_ALU(or, ALU_OR)
DEFINE_ALU(adc, ALU_ADC)
DEFINE_ALU(sbb, ALU_SBB)
DEFINE_ALU(and, ALU_AND)
DEFINE_ALU(sub, ALU_SUB)
DEFINE_ALU(xor, ALU_XOR)
DEFINE_ALU(cmp, ALU_CMP)
DEFINE_ALU(test, ALU_TEST)

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
#define REGISTER_FORMS(name)                                                                       \
	{                                                                                          \
		SIZES(name##_rr), SIZES(name##_ri)                                                 \
	}
#define MEMORY_FORMS(name)                                                                         \
	{                                                                                          \
		ADDRESSES(name##_rm), ADDRESSES(name##_mr), ADDRESSES(name##_mi)                   \
	}
#define EACH(F)                                                                                    \
	{                                                                                          \
		[ALU_ADD] = F(add), [ALU_OR] = F(or), [ALU_ADC] = F(adc), [ALU_SBB] = F(sbb),      \
		[ALU_AND] = F(and), [ALU_SUB] = F(sub), [ALU_XOR] = F(xor), [ALU_CMP] = F(cmp),    \
		[ALU_TEST] = F(test),                                                              \
	}

static op_fn *const register_handlers[][2][4] = EACH(REGISTER_FORMS);
static op_fn *const memory_handlers[][3][NR_ADDRESS_FORMS][4] = EACH(MEMORY_FORMS);

static int kind_of(unsigned id)
{
	switch (id) {
	case INSN_ADD:
		return ALU_ADD;
	case INSN_OR:
		return ALU_OR;
	case INSN_ADC:
		return ALU_ADC;
	case INSN_SBB:
		return ALU_SBB;
	case INSN_AND:
		return ALU_AND;
	case INSN_SUB:
		return ALU_SUB;
	case INSN_XOR:
		return ALU_XOR;
	case INSN_CMP:
		return ALU_CMP;
	case INSN_TEST:
		return ALU_TEST;
	default:
		return -1;
	}
}

/* The copy of a register, and the AND with a constant behind it. */
#define DEFINE_MOV_AND(log)                                                                        \
	static const struct op *mov_and_##log(struct cpu *cpu, const struct op *op)                \
	{                                                                                          \
		const struct op *and = op + 1;                                                     \
		uint64_t a = reg_get(cpu, op->src, log);                                           \
                                                                                                   \
		reg_set(cpu, op->dst, log, alu(cpu, ALU_AND, log, a, and->imm &size_mask(log)));   \
		NEXT(cpu, and);                                                                    \
	}
DEFINE_MOV_AND(2)
DEFINE_MOV_AND(3)

static void fuse_mov(struct op *mov, const struct op *and)
{
	if (mov->code == OP_MOV_RR && mov->size == and->size && mov->dst == and->dst)
		mov->fn = mov->size == 3 ? mov_and_3 : mov->size == 2 ? mov_and_2 : mov->fn;
}

enum translation translate_alu(struct translator *t, const struct insn *insn, struct op *op)
{
	int kind = kind_of(insn->id);
	enum address_form address;
	enum alu_form form;

	if (kind < 0)
		return NOT_MINE;
	op->size = size_log(insn->operand[0].size) & 3u;
	if (is_memory(insn, 0)) {
		form = is_immediate(insn, 1) ? FORM_MI : FORM_MR;
		op->src = form == FORM_MR ? reg_offset(&insn->operand[1]) : 0;
	} else {
		op->dst = reg_offset(&insn->operand[0]);
		form = is_memory(insn, 1) ? FORM_RM : is_immediate(insn, 1) ? FORM_RI : FORM_RR;
		if (form == FORM_RR)
			op->src = reg_offset(&insn->operand[1]);
	}
	if (insn->prefixes & PREFIX_LOCK && (form < FORM_MR || !alu_writes((unsigned)kind)))
		return UNDEFINED;
	op->imm = insn->imm[0];
	op->code = (uint16_t)(OP_ADD_RR + (unsigned)kind * NR_FORMS + form);
	if (op->code == OP_AND_RI && t->previous)
		fuse_mov(t->previous, op);
	if (form < FORM_RM)
		op->fn = register_handlers[kind][form][op->size];
	else if (translator_fast_memory(t, insn, &address))
		op->fn = memory_handlers[kind][form - FORM_RM][address][op->size];
	else
		op->fn = general_handler;
	return TRANSLATED;
}
