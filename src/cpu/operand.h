/* SPDX-License-Identifier: MIT */
#ifndef UDV_CPU_OPERAND_H
#define UDV_CPU_OPERAND_H

#include "cpu/flags.h"

/*
 * Operands of the integer family: the fast way, for flat memory (see translator_fast_memory()),
 * and the general one.
 */

/* Sizes as shifts are constants where these are inlined. */
ALWAYS_INLINE uint64_t reg_get(const struct cpu *cpu, unsigned offset, unsigned log)
{
	return gpr_read(cpu, offset, 1u << log);
}

ALWAYS_INLINE void reg_set(struct cpu *cpu, unsigned offset, unsigned log, uint64_t value)
{
	gpr_write(cpu, offset, 1u << log, value);
}

ALWAYS_INLINE uint64_t size_mask(unsigned log)
{
	return log == 3 ? ~0ull : BIT(8u << log) - 1;
}

ALWAYS_INLINE int64_t sign_extend(uint64_t value, unsigned log)
{
	switch (log) {
	case 0:
		return (int8_t)value;
	case 1:
		return (int16_t)value;
	case 2:
		return (int32_t)value;
	default:
		return (int64_t)value;
	}
}

/*
 * The linear address of an op's memory operand in flat memory; DS, ES, SS and CS have base 0 there.
 * @form says at compile time which parts there are.
 */
enum address_form {
	ADDRESS_BASE,	 /* base + displacement */
	ADDRESS_INDEX,	 /* base + index * scale + displacement */
	ADDRESS_SEGMENT, /* the same + segment base: FS and GS in 64-bit mode */
	NR_ADDRESS_FORMS,
};

ALWAYS_INLINE uint64_t fast_linear(const struct cpu *cpu, const struct op *op,
				   enum address_form form)
{
	uint64_t address = reg_get(cpu, op->base, 3) + (uint64_t)(int64_t)op->disp;

	if (form != ADDRESS_BASE)
		address += reg_get(cpu, op->index, 3) << op->scale;
	if (form == ADDRESS_SEGMENT)
		return address + cpu->segment_base[op->segment];
	return address & cpu->address_mask;
}

/* SS counts as a stack access in what a non-canonical address raises. */
ALWAYS_INLINE uint32_t stack_bit(const struct op *op)
{
	return op->segment == SEG_SS ? ACCESS_STACK : 0;
}

/* True if fast_linear() is right for this op (no limit or right to check, no truncation): how. */
bool translator_fast_memory(const struct translator *t, const struct insn *insn,
			    enum address_form *form);

/* ---------------------------------------------------------------- the general way */

/* operand.c. The r/m operand: op->flag says memory, else the register op->dst. */
bool operand_read(struct cpu *cpu, const struct op *op, uint64_t *value);
/* For read-modify-write: the value; then operand_update() cannot fail. */
bool operand_begin(struct cpu *cpu, const struct op *op, uint64_t *value);
void operand_update(struct cpu *cpu, const struct op *op, uint64_t value);
/* A plain store. */
bool operand_write(struct cpu *cpu, const struct op *op, uint64_t value);
/* Any memory operand at the op's address. */
bool memory_read(struct cpu *cpu, const struct op *op, unsigned size, uint64_t *value);
bool memory_write(struct cpu *cpu, const struct op *op, unsigned size, uint64_t value);
bool memory_begin(struct cpu *cpu, const struct op *op, unsigned size, uint64_t *value);

/* CF, OF, AF and the result for SF, ZF, PF. */
ALWAYS_INLINE void set_flags_bits(struct cpu *cpu, unsigned log, uint64_t result, bool cf, bool of,
				  bool af)
{
	set_lazy(cpu, LAZY_BITS | log, result & size_mask(log),
		 (cf ? LAZY_CF : 0) | (of ? LAZY_OF : 0) | (af ? LAZY_AF : 0));
}

/* Each file of the family translates its part. */
enum translation {
	TRANSLATED,
	NOT_MINE,
	UNDEFINED,
};
typedef enum translation translate_part_fn(struct translator *t, const struct insn *insn,
					   struct op *op);
translate_part_fn translate_alu, translate_move, translate_stack, translate_shift,
	translate_multiply, translate_bits, translate_misc;

/* fuse.c: makes one of a Jcc with @condition and what is before it, if that pays. */
void fuse_branch(struct translator *t, unsigned condition);

static inline uint8_t reg_offset(const struct operand *o)
{
	return o->high ? GPR_OFFSET_HIGH(o->number) : GPR_OFFSET(o->number);
}

static inline bool is_memory(const struct insn *insn, unsigned n)
{
	return insn->operand[n].kind == OPERAND_MEM;
}

static inline bool is_immediate(const struct insn *insn, unsigned n)
{
	return insn->operand[n].kind == OPERAND_IMM;
}

#endif
