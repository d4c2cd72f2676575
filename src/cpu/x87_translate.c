/* SPDX-License-Identifier: MIT */
#include "cpu/operand.h"
#include "cpu/x87.h"

/*
 * From instructions to ops. The opcode and the ModRM byte say all, aliases included: the tables are
 * those of SDM Vol 2D "Escape Opcode Instruction Set", by opcode, then by ModRM's reg field (and by
 * its r/m field where that is no register).
 */

struct row {
	uint8_t code; /* enum op_code - OP_X87_ARITHMETIC */
	uint8_t operands;
	uint8_t format;	   /* enum x87_format */
	uint8_t pops : 2;  /* also with ... */
	uint8_t flag : 1;  /* as op->flag */
	uint8_t which : 3; /* as op->reg[2] */
};

/* Which of ST(0) and ST(i), i being the r/m field, an op has for dst and src. */
enum operands {
	NOTHING, /* no such instruction */
	IMPLIED, /* ST(0) and ST(1) or none */
	SOURCE,	 /* dst ST(0), src ST(i) */
	TARGET,	 /* dst ST(i), src ST(i) */
	ONE,	 /* dst ST(1), src ST(1) */
	MEMORY,
	ALIASES, /* IMPLIED, by the r/m field */
};

#define CODE(name) ((uint8_t)(OP_X87_##name - OP_X87_ARITHMETIC))
#define ROW(name, ...)                                                                             \
	{                                                                                          \
		.code = CODE(name), __VA_ARGS__                                                    \
	}
#define MEM(name, fmt, ...) ROW(name, .operands = MEMORY, .format = X87_##fmt, __VA_ARGS__)
#define CONTROL(name) ROW(name, .operands = MEMORY)
#define BARE(name, ...) ROW(name, .operands = IMPLIED, __VA_ARGS__)

/* FADD, FMUL, FCOM, FCOMP, FSUB, FSUBR, FDIV, FDIVR */
#define ARITHMETIC_MEMORY(fmt)                                                                     \
	{                                                                                          \
		MEM(ARITHMETIC_MEMORY, fmt, .which = 0), MEM(ARITHMETIC_MEMORY, fmt, .which = 1),  \
			MEM(COMPARE_MEMORY, fmt, .pops = 0), MEM(COMPARE_MEMORY, fmt, .pops = 1),  \
			MEM(ARITHMETIC_MEMORY, fmt, .which = 4),                                   \
			MEM(ARITHMETIC_MEMORY, fmt, .which = 5),                                   \
			MEM(ARITHMETIC_MEMORY, fmt, .which = 6),                                   \
			MEM(ARITHMETIC_MEMORY, fmt, .which = 7)                                    \
	}
#define ARITHMETIC(into, n, popped) ROW(ARITHMETIC, .operands = into, .which = n, .pops = popped)
#define COMPARE(popped) ROW(COMPARE, .operands = SOURCE, .pops = popped)
#define UNORDERED(popped) ROW(COMPARE, .operands = SOURCE, .pops = popped, .flag = 1)
#define COMPARE_FLAGS(popped, quiet)                                                               \
	ROW(COMPARE_FLAGS, .operands = SOURCE, .pops = popped, .flag = quiet)
#define MOVE_IF(n) ROW(MOVE_IF, .operands = SOURCE, .which = n)
#define EXCHANGE ROW(EXCHANGE, .operands = SOURCE)
#define STORE(popped, old) ROW(STORE, .operands = TARGET, .pops = popped, .flag = old)
#define LOAD(fmt) MEM(LOAD_MEMORY, fmt, .pops = 0)
#define STORE_TO(fmt, popped) MEM(STORE_MEMORY, fmt, .pops = popped)
#define TRUNCATE(fmt) MEM(STORE_MEMORY, fmt, .pops = 1, .flag = 1)
#define BY_RM                                                                                      \
	{                                                                                          \
		.operands = ALIASES                                                                \
	}
#define NONE                                                                                       \
	{                                                                                          \
		0                                                                                  \
	}

/* clang-format off */
static const struct row memory_rows[8][8] = {
	[0] = ARITHMETIC_MEMORY(F32),
	[1] = { LOAD(F32), NONE, STORE_TO(F32, 0), STORE_TO(F32, 1),
		CONTROL(LOAD_ENVIRONMENT), CONTROL(LOAD_CONTROL),
		CONTROL(STORE_ENVIRONMENT), CONTROL(STORE_CONTROL) },
	[2] = ARITHMETIC_MEMORY(I32),
	[3] = { LOAD(I32), TRUNCATE(I32), STORE_TO(I32, 0), STORE_TO(I32, 1),
		NONE, LOAD(F80), NONE, STORE_TO(F80, 1) },
	[4] = ARITHMETIC_MEMORY(F64),
	[5] = { LOAD(F64), TRUNCATE(I64), STORE_TO(F64, 0), STORE_TO(F64, 1),
		CONTROL(RESTORE), NONE, CONTROL(SAVE), CONTROL(STORE_STATUS) },
	[6] = ARITHMETIC_MEMORY(I16),
	[7] = { LOAD(I16), TRUNCATE(I16), STORE_TO(I16, 0), STORE_TO(I16, 1),
		LOAD(BCD), LOAD(I64), STORE_TO(BCD, 1), STORE_TO(I64, 1) },
};

static const struct row register_rows[8][8] = {
	[0] = { ARITHMETIC(SOURCE, 0, 0), ARITHMETIC(SOURCE, 1, 0), COMPARE(0), COMPARE(1),
		ARITHMETIC(SOURCE, 4, 0), ARITHMETIC(SOURCE, 5, 0),
		ARITHMETIC(SOURCE, 6, 0), ARITHMETIC(SOURCE, 7, 0) },
	[1] = { ROW(LOAD, .operands = SOURCE), EXCHANGE, BY_RM, STORE(1, 1),
		BY_RM, BY_RM, BY_RM, BY_RM },
	[2] = { MOVE_IF(0), MOVE_IF(1), MOVE_IF(2), MOVE_IF(3), NONE, BY_RM, NONE, NONE },
	[3] = { MOVE_IF(4), MOVE_IF(5), MOVE_IF(6), MOVE_IF(7), BY_RM,
		COMPARE_FLAGS(0, 1), COMPARE_FLAGS(0, 0), NONE },
	[4] = { ARITHMETIC(TARGET, 0, 0), ARITHMETIC(TARGET, 1, 0), COMPARE(0), COMPARE(1),
		ARITHMETIC(TARGET, 4, 0), ARITHMETIC(TARGET, 5, 0),
		ARITHMETIC(TARGET, 6, 0), ARITHMETIC(TARGET, 7, 0) },
	[5] = { ROW(FREE, .operands = TARGET), EXCHANGE, STORE(0, 0), STORE(1, 0),
		UNORDERED(0), UNORDERED(1), NONE, NONE },
	[6] = { ARITHMETIC(TARGET, 0, 1), ARITHMETIC(TARGET, 1, 1), COMPARE(1), BY_RM,
		ARITHMETIC(TARGET, 4, 1), ARITHMETIC(TARGET, 5, 1),
		ARITHMETIC(TARGET, 6, 1), ARITHMETIC(TARGET, 7, 1) },
	[7] = { ROW(FREE, .operands = TARGET, .pops = 1), EXCHANGE, STORE(1, 0), STORE(1, 0),
		BY_RM, COMPARE_FLAGS(1, 1), COMPARE_FLAGS(1, 0), NONE },
};

#define CONSTANT(n) BARE(CONSTANT, .which = n)
#define UNARY(n) BARE(UNARY, .which = n)
#define BINARY(n) BARE(BINARY, .which = n)
#define BINARY_POP(n) ROW(BINARY, .operands = ONE, .which = n, .pops = 1)

/* D9 D0 .. FF but STORE, DA E8, DB E0, DE D8, DF E0 */
static const struct row d9_rows[8][8] = {
	[2] = { BARE(NOP) },
	[4] = { BARE(CHANGE_SIGN), BARE(ABSOLUTE), NONE, NONE, BARE(TEST), BARE(EXAMINE) },
	[5] = { CONSTANT(FP_ONE), CONSTANT(FP_LOG2_10), CONSTANT(FP_LOG2_E), CONSTANT(FP_PI),
		CONSTANT(FP_LOG10_2), CONSTANT(FP_LN_2), CONSTANT(FP_PLUS_ZERO) },
	[6] = { UNARY(X87_2XM1), BINARY_POP(X87_YLOG2X), BARE(TANGENT),
		BINARY_POP(X87_ARCTANGENT), BARE(EXTRACT), BINARY(X87_REMAINDER_NEAREST),
		BARE(ROTATE, .which = 7), BARE(ROTATE, .which = 1) },
	[7] = { BINARY(X87_REMAINDER), BINARY_POP(X87_YLOG2XP1), UNARY(X87_SQRT),
		BARE(SINE_COSINE), UNARY(X87_ROUND), BINARY(X87_SCALE),
		UNARY(X87_SINE), UNARY(X87_COSINE) },
};
static const struct row da_e8_rows[8] = { [1] = ROW(COMPARE, .operands = ONE, .pops = 2,
						   .flag = 1) };
static const struct row db_e0_rows[8] = { BARE(IGNORED), BARE(IGNORED), BARE(CLEAR), BARE(INIT),
					  BARE(IGNORED) };
static const struct row de_d8_rows[8] = { [1] = ROW(COMPARE, .operands = ONE, .pops = 2) };
static const struct row df_e0_rows[8] = { BARE(STATUS_TO_AX) };
/* clang-format on */

static const struct row *row_by_rm(unsigned opcode, unsigned reg, unsigned rm)
{
	switch (opcode) {
	case 1:
		return &d9_rows[reg][rm];
	case 2:
		return &da_e8_rows[rm];
	case 3:
		return &db_e0_rows[rm];
	case 6:
		return &de_d8_rows[rm];
	default:
		return &df_e0_rows[rm];
	}
}

static const struct row *row_of(const struct insn *insn)
{
	unsigned opcode = insn->opcode & 7, reg = insn->modrm >> 3 & 7;
	const struct row *row;

	if (insn->modrm < 0xc0)
		return &memory_rows[opcode][reg];
	row = &register_rows[opcode][reg];
	return row->operands == ALIASES ? row_by_rm(opcode, reg, insn->modrm & 7) : row;
}

static void set_operands(const struct row *row, struct op *op, uint8_t i)
{
	switch (row->operands) {
	case SOURCE:
		op->src = i;
		break;
	case TARGET:
		op->dst = op->src = i;
		break;
	case ONE:
		op->dst = op->src = 1;
		break;
	default:
		break;
	}
}

static bool is_environment(unsigned code)
{
	return code == OP_X87_LOAD_ENVIRONMENT || code == OP_X87_STORE_ENVIRONMENT ||
	       code == OP_X87_SAVE || code == OP_X87_RESTORE;
}

static const struct op *not_available(struct cpu *cpu, const struct op *op)
{
	cpu->current = op;
	cpu_raise(cpu, VECTOR_NM);
	return cpu_fault(cpu, op);
}

static op_fn *const handlers[] = {
#define HANDLER(name) [OP_##name - OP_X87_ARITHMETIC] = do_##name,
	OPCODES_X87(HANDLER)
#undef HANDLER
};

static op_fn *handler_of(const struct translator *t, const struct insn *insn, const struct op *op)
{
	enum address_form address;
	op_fn *fast = NULL;

	/* Either of CR0.EM and CR0.TS will do; FWAIT looks for itself. */
	if (t->mode & MODE_NO_FPU && op->code != OP_X87_WAIT)
		return not_available;
	if (insn->modrm < 0xc0 && op->code != OP_X87_WAIT &&
	    translator_fast_memory(t, insn, &address) && address != ADDRESS_SEGMENT)
		fast = x87_fast_handler(op);
	return fast ? fast : handlers[op->code - OP_X87_ARITHMETIC];
}

bool translate_x87(struct translator *t, const struct insn *insn, struct op *op)
{
	static const struct row wait = BARE(WAIT);
	const struct row *row = insn->id == INSN_FWAIT ? &wait : row_of(insn);

	if (row->operands == NOTHING)
		return false;
	op->code = (uint16_t)(row->code + OP_X87_ARITHMETIC);
	op->reg[0] = row->format;
	op->reg[1] = row->pops;
	op->reg[2] = row->which;
	op->flag = row->flag;
	op->imm32 = (uint32_t)((insn->opcode & 7) << 8 | insn->modrm);
	set_operands(row, op, insn->modrm & 7);
	if (is_environment(op->code))
		op->flag = (t->mode & (MODE_REAL | MODE_V86)) != 0;
	op->fn = handler_of(t, insn, op);
	return true;
}
