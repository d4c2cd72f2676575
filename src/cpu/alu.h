/* SPDX-License-Identifier: MIT */
#ifndef UDV_CPU_ALU_H
#define UDV_CPU_ALU_H

#include "cpu/operand.h"

/* Two-operand arithmetic, as constants in its opcodes' bits 5:3; TEST is one more. */
enum alu_kind {
	ALU_ADD,
	ALU_OR,
	ALU_ADC,
	ALU_SBB,
	ALU_AND,
	ALU_SUB,
	ALU_XOR,
	ALU_CMP,
	ALU_TEST,
};

enum alu_form {
	FORM_RR,
	FORM_RI,
	FORM_RM,
	FORM_MR,
	FORM_MI,
	NR_FORMS,
};

static inline unsigned alu_kind_of(unsigned code)
{
	return (code - OP_ADD_RR) / NR_FORMS;
}

static inline unsigned alu_form_of(unsigned code)
{
	return (code - OP_ADD_RR) % NR_FORMS;
}

ALWAYS_INLINE bool alu_writes(unsigned kind)
{
	return kind != ALU_CMP && kind != ALU_TEST;
}

/* The result; the flags go into lazy. @a and @b are zero-extended. */
ALWAYS_INLINE uint64_t alu(struct cpu *cpu, unsigned kind, unsigned log, uint64_t a, uint64_t b)
{
	uint64_t r;
	bool carry;

	switch (kind) {
	case ALU_ADD:
		r = (a + b) & size_mask(log);
		set_lazy(cpu, LAZY_ADD | log, r, a);
		return r;
	case ALU_ADC:
		carry = lazy_cf(cpu);
		r = (a + b + carry) & size_mask(log);
		set_lazy(cpu, (carry ? LAZY_ADC : LAZY_ADD) | log, r, a);
		return r;
	case ALU_SBB:
		carry = lazy_cf(cpu);
		r = (a - b - carry) & size_mask(log);
		set_lazy(cpu, (carry ? LAZY_SBB : LAZY_SUB) | log, r, a);
		return r;
	case ALU_SUB:
	case ALU_CMP:
		r = (a - b) & size_mask(log);
		set_lazy(cpu, LAZY_SUB | log, r, a);
		return r;
	case ALU_OR:
		r = a | b;
		break;
	case ALU_XOR:
		r = a ^ b;
		break;
	default: /* AND, TEST */
		r = a & b;
		break;
	}
	cpu->lazy.kind = LAZY_LOGIC | log;
	cpu->lazy.result = r;
	return r;
}

#endif
