/* SPDX-License-Identifier: MIT */
#include "cpu/alu.h"
#include "cpu/follow.h"

/*
 * Instructions that are executed together with the branch behind them. The first op of such a
 * sequence gets a handler that does the work of all; the others keep theirs, and are skipped. None
 * of them can fault, and flags that the next one overwrites are not made.
 */

/* @condition after @kind gave @r from @a and @b; both constants where this is inlined. */
ALWAYS_INLINE bool fused_condition(unsigned kind, unsigned condition, unsigned log, uint64_t a,
				   uint64_t b, uint64_t r)
{
	bool value;

	switch (condition & ~1u) {
	case CONDITION_B:
		value = kind == ALU_CMP && a < b;
		break;
	case CONDITION_Z:
		value = r == 0;
		break;
	case CONDITION_BE:
		value = kind == ALU_CMP ? a <= b : r == 0;
		break;
	case CONDITION_S:
		value = sign_extend(r, log) < 0;
		break;
	case CONDITION_L:
		value = kind == ALU_CMP ? sign_extend(a, log) < sign_extend(b, log)
					: sign_extend(r, log) < 0;
		break;
	default: /* LE */
		value = kind == ALU_CMP ? sign_extend(a, log) <= sign_extend(b, log)
					: sign_extend(r, log) <= 0;
		break;
	}
	return value ^ (condition & 1);
}

#define DEFINE_FUSED(name, kind, log, form, source, n)                                             \
	static const struct op *name##_##form##_##log##_##n(struct cpu *cpu, const struct op *op)  \
	{                                                                                          \
		uint64_t a = reg_get(cpu, op->dst, log);                                           \
		uint64_t b = (source)&size_mask(log);                                              \
		uint64_t r = alu(cpu, kind, log, a, b);                                            \
                                                                                                   \
		return branch(cpu, op + 1, fused_condition(kind, n, log, a, b, r));                \
	}
/* SUB, ADD, AND, INC and DEC with the branch on zero or sign that follows them. */
/* clang-format off */
#define EACH_FUSED(X, ...) \
	X(__VA_ARGS__, 2) X(__VA_ARGS__, 3) X(__VA_ARGS__, 4) X(__VA_ARGS__, 5) \
	X(__VA_ARGS__, 6) X(__VA_ARGS__, 7) X(__VA_ARGS__, 8) X(__VA_ARGS__, 9) \
	X(__VA_ARGS__, 12) X(__VA_ARGS__, 13) X(__VA_ARGS__, 14) X(__VA_ARGS__, 15)
/* clang-format on */
#define DEFINE_FUSED_SIZE(log)                                                                     \
	EACH_FUSED(DEFINE_FUSED, cmp, ALU_CMP, log, rr, reg_get(cpu, op->src, log))                \
	EACH_FUSED(DEFINE_FUSED, cmp, ALU_CMP, log, ri, op->imm)                                   \
	EACH_FUSED(DEFINE_FUSED, test, ALU_TEST, log, rr, reg_get(cpu, op->src, log))              \
	EACH_FUSED(DEFINE_FUSED, test, ALU_TEST, log, ri, op->imm)
DEFINE_FUSED_SIZE(0)
DEFINE_FUSED_SIZE(2)
DEFINE_FUSED_SIZE(3)

#define FUSED_CELL(name, form, log, n) [n] = name##_##form##_##log##_##n,
#define FUSED_CONDITIONS(name, form, log)                                                          \
	{                                                                                          \
		EACH_FUSED(FUSED_CELL, name, form, log)                                            \
	}
#define FUSED_FORMS(name, log)                                                                     \
	{                                                                                          \
		FUSED_CONDITIONS(name, rr, log), FUSED_CONDITIONS(name, ri, log)                   \
	}
#define FUSED_KINDS(log)                                                                           \
	{                                                                                          \
		FUSED_FORMS(cmp, log), FUSED_FORMS(test, log)                                      \
	}

static op_fn *const fused_handlers[4][2][2][16] = {
	[0] = FUSED_KINDS(0),
	[2] = FUSED_KINDS(2),
	[3] = FUSED_KINDS(3),
};

#define DEFINE_FUSED_STEP(name, delta, lazy_kind_, log, n)                                         \
	static const struct op *name##_##log##_##n(struct cpu *cpu, const struct op *op)           \
	{                                                                                          \
		uint64_t r = (reg_get(cpu, op->dst, log) + (delta)) & size_mask(log);              \
                                                                                                   \
		set_lazy(cpu, (lazy_kind_) | log, r, lazy_cf(cpu));                                \
		reg_set(cpu, op->dst, log, r);                                                     \
		return branch(cpu, op + 1, (r == 0) ^ ((n)&1));                                    \
	}
DEFINE_FUSED_STEP(dec, ~0ull, LAZY_DEC, 2, 4)
DEFINE_FUSED_STEP(dec, ~0ull, LAZY_DEC, 2, 5)
DEFINE_FUSED_STEP(dec, ~0ull, LAZY_DEC, 3, 4)
DEFINE_FUSED_STEP(dec, ~0ull, LAZY_DEC, 3, 5)
DEFINE_FUSED_STEP(inc, 1, LAZY_INC, 2, 4)
DEFINE_FUSED_STEP(inc, 1, LAZY_INC, 2, 5)
DEFINE_FUSED_STEP(inc, 1, LAZY_INC, 3, 4)
DEFINE_FUSED_STEP(inc, 1, LAZY_INC, 3, 5)

static op_fn *const fused_steps[2][2][2] = {
	{ { inc_2_4, inc_2_5 }, { inc_3_4, inc_3_5 } },
	{ { dec_2_4, dec_2_5 }, { dec_3_4, dec_3_5 } },
};

/* @n: 4, 5, 8 or 9 */
#define DEFINE_FUSED_SUB(name, kind, log, form, source, n)                                         \
	static const struct op *name##_##form##_##log##_##n(struct cpu *cpu, const struct op *op)  \
	{                                                                                          \
		uint64_t r =                                                                       \
			alu(cpu, kind, log, reg_get(cpu, op->dst, log), (source)&size_mask(log));  \
                                                                                                   \
		reg_set(cpu, op->dst, log, r);                                                     \
		return branch(cpu, op + 1, fused_condition(ALU_TEST, n, log, 0, 0, r));            \
	}
#define DEFINE_FUSED_ARITHMETIC(name, kind, log)                                                   \
	DEFINE_FUSED_SUB(name, kind, log, rr, reg_get(cpu, op->src, log), 8)                       \
	DEFINE_FUSED_SUB(name, kind, log, rr, reg_get(cpu, op->src, log), 9)                       \
	DEFINE_FUSED_SUB(name, kind, log, ri, op->imm, 8)                                          \
	DEFINE_FUSED_SUB(name, kind, log, ri, op->imm, 9)                                          \
	DEFINE_FUSED_SUB(name, kind, log, rr, reg_get(cpu, op->src, log), 4)                       \
	DEFINE_FUSED_SUB(name, kind, log, rr, reg_get(cpu, op->src, log), 5)                       \
	DEFINE_FUSED_SUB(name, kind, log, ri, op->imm, 4)                                          \
	DEFINE_FUSED_SUB(name, kind, log, ri, op->imm, 5)
DEFINE_FUSED_ARITHMETIC(sub, ALU_SUB, 2)
DEFINE_FUSED_ARITHMETIC(sub, ALU_SUB, 3)
DEFINE_FUSED_ARITHMETIC(add, ALU_ADD, 2)
DEFINE_FUSED_ARITHMETIC(add, ALU_ADD, 3)
DEFINE_FUSED_ARITHMETIC(and, ALU_AND, 2)
DEFINE_FUSED_ARITHMETIC(and, ALU_AND, 3)

#define FUSED_ARITHMETIC_FORM(name, form, log)                                                     \
	{                                                                                          \
		name##_##form##_##log##_4, name##_##form##_##log##_5, name##_##form##_##log##_8,   \
			name##_##form##_##log##_9                                                  \
	}
#define FUSED_ARITHMETIC_SIZE(name, log)                                                           \
	{                                                                                          \
		FUSED_ARITHMETIC_FORM(name, rr, log), FUSED_ARITHMETIC_FORM(name, ri, log)         \
	}
#define FUSED_ARITHMETIC_ROW(name)                                                                 \
	{                                                                                          \
		FUSED_ARITHMETIC_SIZE(name, 2), FUSED_ARITHMETIC_SIZE(name, 3)                     \
	}
/* by operation, size, form, condition */
static op_fn *const fused_arithmetic[3][2][2][4] = { FUSED_ARITHMETIC_ROW(sub),
						     FUSED_ARITHMETIC_ROW(add),
						     FUSED_ARITHMETIC_ROW(and) };

static op_fn *fused_handler(const struct op *before, unsigned condition)
{
	unsigned kind = before->code < OP_MOV_RR ? alu_kind_of(before->code) : ~0u;
	unsigned form = kind != ~0u ? alu_form_of(before->code) : 0;
	bool zero = (condition & ~1u) == CONDITION_Z;
	bool sign = (condition & ~1u) == CONDITION_S;

	if (before->code == OP_INC || before->code == OP_DEC)
		return zero && !before->flag && before->size >= 2
			       ? fused_steps[before->code == OP_DEC][before->size - 2]
					    [condition & 1]
			       : NULL;
	if (kind == ~0u || form > FORM_RI)
		return NULL;
	if (kind == ALU_CMP || kind == ALU_TEST)
		return fused_handlers[before->size][kind == ALU_TEST][form][condition];
	if ((!zero && !sign) || before->size < 2)
		return NULL;
	if (kind == ALU_SUB || kind == ALU_ADD || kind == ALU_AND)
		return fused_arithmetic[kind == ALU_SUB	  ? 0
					: kind == ALU_ADD ? 1
							  : 2][before->size - 2][form]
				       [(sign ? 2 : 0) | (condition & 1)];
	return NULL;
}

/* ---------------------------------------------------------------- (a & mask) == value */

/* MOV of a register, if @has_mov, AND with a constant, CMP with a constant, JZ or JNZ. */
ALWAYS_INLINE const struct op *masked_compare(struct cpu *cpu, const struct op *op, bool has_mov,
					      unsigned log, unsigned n)
{
	const struct op *and = has_mov ? op + 1 : op;
	const struct op *cmp = and+1;
	uint64_t a = reg_get(cpu, has_mov ? op->src : op->dst, log) & and->imm & size_mask(log);

	reg_set(cpu, and->dst, log, a);
	return branch(cpu, cmp + 1,
		      (alu(cpu, ALU_CMP, log, a, cmp->imm & size_mask(log)) == 0) ^ (n & 1));
}

#define DEFINE_MASKED(name, has_mov, log, n)                                                       \
	static const struct op *name##_##log##_##n(struct cpu *cpu, const struct op *op)           \
	{                                                                                          \
		return masked_compare(cpu, op, has_mov, log, n);                                   \
	}
#define DEFINE_MASKED_ALL(name, has_mov)                                                           \
	DEFINE_MASKED(name, has_mov, 2, 4)                                                         \
	DEFINE_MASKED(name, has_mov, 2, 5)                                                         \
	DEFINE_MASKED(name, has_mov, 3, 4)                                                         \
	DEFINE_MASKED(name, has_mov, 3, 5)
DEFINE_MASKED_ALL(and_cmp, false)
DEFINE_MASKED_ALL(mov_and_cmp, true)

/* by MOV or not, size, condition */
static op_fn *const masked[2][2][2] = {
	{ { and_cmp_2_4, and_cmp_2_5 }, { and_cmp_3_4, and_cmp_3_5 } },
	{ { mov_and_cmp_2_4, mov_and_cmp_2_5 }, { mov_and_cmp_3_4, mov_and_cmp_3_5 } },
};

/* The op before @op in its block, if it is one of @code on the same whole register. */
static struct op *same_register(struct op *op, unsigned code)
{
	return op->seq && op[-1].code == code && op[-1].size == op->size && op->size >= 2 &&
			       op[-1].dst == op->dst
		       ? op - 1
		       : NULL;
}

static void fuse_masked(struct op *cmp, unsigned condition)
{
	struct op *and, *mov;

	if (cmp->code != OP_CMP_RI || (condition & ~1u) != CONDITION_Z)
		return;
	and = same_register(cmp, OP_AND_RI);
	if (!and)
		return;
	and->fn = masked[0][ and->size - 2][condition & 1];
	mov = same_register(and, OP_MOV_RR);
	if (mov)
		mov->fn = masked[1][mov->size - 2][condition & 1];
}

void fuse_branch(struct translator *t, unsigned condition)
{
	op_fn *fused = t->previous ? fused_handler(t->previous, condition) : NULL;

	if (!fused)
		return;
	t->previous->fn = fused;
	fuse_masked(t->previous, condition);
}
