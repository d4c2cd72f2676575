/* SPDX-License-Identifier: MIT */
#include "cpu/handler.h"
#include "cpu/operand.h"
#include "cpu/simd.h"
#include "float/fast.h"

/*
 * Handlers of their own for the scalar arithmetic that programs do most. The work is in functions
 * apart, so that handlers have no local in memory and go on by a jump.
 */

/* The flags of what was done; false: an exception, nothing is to be written. */
ALWAYS_INLINE bool note_flags(struct cpu *cpu, struct fp_env *fp)
{
	if (unlikely(fp->masks != FP_EXCEPTIONS) && !simd_settle(cpu, fp, 0))
		return false;
	cpu->state.mxcsr |= fp->flags;
	return true;
}

/* The rest of the register is a's: in a legacy instruction, a is d. */
ALWAYS_INLINE union arch_vector *rest_of_a(struct cpu *cpu, const struct op *op)
{
	union arch_vector *d = &cpu->state.ymm[op->dst];
	const union arch_vector *a = &cpu->state.ymm[op->reg[0]];

	if (op->reg[3] & FORM_VEX) {
		d->u64[0] = a->u64[0];
		d->u64[1] = a->u64[1];
		d->u64[2] = d->u64[3] = 0;
	}
	return d;
}

/* do_NAME() of b as a register or memory has it. */
#define HANDLERS(name, bytes)                                                                      \
	static const struct op *name##_register(struct cpu *cpu, const struct op *op)              \
	{                                                                                          \
		if (unlikely(!do_##name(cpu, op, cpu->state.ymm[op->src].u64[0])))                 \
			return cpu_fault(cpu, op);                                                 \
		NEXT(cpu, op);                                                                     \
	}                                                                                          \
	static const struct op *name##_load(struct cpu *cpu, const struct op *op)                  \
	{                                                                                          \
		uint64_t linear = fast_linear(cpu, op, ADDRESS_INDEX);                             \
                                                                                                   \
		if (unlikely(!tlb_reads(cpu, linear, bytes)))                                      \
			return simd_general(cpu, op);                                              \
		if (unlikely(!do_##name(cpu, op, host_load(tlb_host(cpu, linear), bytes))))        \
			return cpu_fault(cpu, op);                                                 \
		NEXT(cpu, op);                                                                     \
	}

#define ARITHMETIC(name, bits, function)                                                           \
	static NOINLINE bool do_##name(struct cpu *cpu, const struct op *op, uint64_t b)           \
	{                                                                                          \
		struct fp_env fp = simd_environment(cpu->state.mxcsr);                             \
		uint##bits##_t a = cpu->state.ymm[op->reg[0]].u##bits[0];                          \
		uint##bits##_t result = fp_fast_f##bits##_##function(&fp, a, (uint##bits##_t)b);   \
                                                                                                   \
		if (unlikely(!note_flags(cpu, &fp)))                                               \
			return false;                                                              \
		rest_of_a(cpu, op)->u##bits[0] = result;                                           \
		return true;                                                                       \
	}                                                                                          \
	HANDLERS(name, bits / 8)

ARITHMETIC(ADDSS, 32, add)
ARITHMETIC(ADDSD, 64, add)
ARITHMETIC(SUBSS, 32, sub)
ARITHMETIC(SUBSD, 64, sub)
ARITHMETIC(MULSS, 32, mul)
ARITHMETIC(MULSD, 64, mul)
ARITHMETIC(DIVSS, 32, div)
ARITHMETIC(DIVSD, 64, div)

#define COMPARISON(name, bits, signalling)                                                         \
	static NOINLINE bool do_##name(struct cpu *cpu, const struct op *op, uint64_t b)           \
	{                                                                                          \
		static const uint8_t flags[] = {                                                   \
			[FP_LESS] = FLAG_CF,                                                       \
			[FP_EQUAL] = FLAG_ZF,                                                      \
			[FP_GREATER] = 0,                                                          \
			[FP_UNORDERED] = FLAG_ZF | FLAG_PF | FLAG_CF,                              \
		};                                                                                 \
		struct fp_env fp = simd_environment(cpu->state.mxcsr);                             \
		uint##bits##_t a = cpu->state.ymm[op->reg[0]].u##bits[0];                          \
		enum fp_relation relation =                                                        \
			fp_fast_f##bits##_compare(&fp, a, (uint##bits##_t)b, signalling);          \
                                                                                                   \
		if (unlikely(!note_flags(cpu, &fp)))                                               \
			return false;                                                              \
		set_status_flags(cpu, flags[relation]);                                            \
		return true;                                                                       \
	}                                                                                          \
	HANDLERS(name, bits / 8)

COMPARISON(COMISS, 32, true)
COMPARISON(COMISD, 64, true)
COMPARISON(UCOMISS, 32, false)
COMPARISON(UCOMISD, 64, false)

/* Conversions from and to general registers, and from memory. */
#define FROM_GPR(name, bits, expression)                                                           \
	static const struct op *name##_gpr(struct cpu *cpu, const struct op *op)                   \
	{                                                                                          \
		if (unlikely(!do_##name(cpu, op, gpr_read(cpu, op->src, 8))))                      \
			return cpu_fault(cpu, op);                                                 \
		NEXT(cpu, op);                                                                     \
	}

#define FROM_INTEGER(name, bits, expression)                                                       \
	static NOINLINE bool do_##name(struct cpu *cpu, const struct op *op, uint64_t b)           \
	{                                                                                          \
		struct fp_env fp = simd_environment(cpu->state.mxcsr);                             \
		uint##bits##_t result = (expression);                                              \
                                                                                                   \
		if (unlikely(!note_flags(cpu, &fp)))                                               \
			return false;                                                              \
		rest_of_a(cpu, op)->u##bits[0] = result;                                           \
		return true;                                                                       \
	}                                                                                          \
	FROM_GPR(name, bits, expression)

FROM_INTEGER(CVTSI2SS, 32, fp_fast_i32_to_f32(&fp, (int32_t)b))
FROM_INTEGER(CVTSI2SD, 64, fp_fast_i32_to_f64((int32_t)b))
FROM_INTEGER(CVTSI2SD_Q, 64, fp_fast_i64_to_f64(&fp, (int64_t)b))

#define TO_INTEGER(name, bytes, expression)                                                        \
	static NOINLINE bool do_##name(struct cpu *cpu, const struct op *op, uint64_t b)           \
	{                                                                                          \
		struct fp_env fp = simd_environment(cpu->state.mxcsr);                             \
		uint64_t result = (uint64_t)(expression);                                          \
                                                                                                   \
		if (unlikely(!note_flags(cpu, &fp)))                                               \
			return false;                                                              \
		gpr_write(cpu, op->dst, 8, result);                                                \
		return true;                                                                       \
	}                                                                                          \
	HANDLERS(name, bytes)

TO_INTEGER(CVTTSS2SI, 4, (uint32_t)fp_fast_f32_to_i32_truncated(&fp, (uint32_t)b))
TO_INTEGER(CVTTSD2SI, 8, (uint32_t)fp_fast_f64_to_i32_truncated(&fp, b))
TO_INTEGER(CVTTSD2SI_Q, 8, fp_fast_f64_to_i64_truncated(&fp, b))

#define CONVERSION(name, from, to)                                                                 \
	static NOINLINE bool do_##name(struct cpu *cpu, const struct op *op, uint64_t b)           \
	{                                                                                          \
		struct fp_env fp = simd_environment(cpu->state.mxcsr);                             \
		uint##to##_t result = fp_fast_f##from##_to_f##to(&fp, (uint##from##_t)b);          \
                                                                                                   \
		if (unlikely(!note_flags(cpu, &fp)))                                               \
			return false;                                                              \
		rest_of_a(cpu, op)->u##to[0] = result;                                             \
		return true;                                                                       \
	}                                                                                          \
	HANDLERS(name, from / 8)

CONVERSION(CVTSS2SD, 32, 64)
CONVERSION(CVTSD2SS, 64, 32)

struct row {
	uint16_t code;
	op_fn *from_vector, *from_memory, *from_gpr;
};

#define VECTOR_ROW(name) { OP_V_##name, name##_register, name##_load, NULL },
#define GPR_ROW(name) { OP_V_##name, NULL, NULL, name##_gpr },

/* clang-format off */
static const struct row rows[] = {
	VECTOR_ROW(ADDSS) VECTOR_ROW(ADDSD) VECTOR_ROW(SUBSS) VECTOR_ROW(SUBSD)
	VECTOR_ROW(MULSS) VECTOR_ROW(MULSD) VECTOR_ROW(DIVSS) VECTOR_ROW(DIVSD)
	VECTOR_ROW(COMISS) VECTOR_ROW(COMISD) VECTOR_ROW(UCOMISS) VECTOR_ROW(UCOMISD)
	GPR_ROW(CVTSI2SS) GPR_ROW(CVTSI2SD) GPR_ROW(CVTSI2SD_Q)
	VECTOR_ROW(CVTTSS2SI) VECTOR_ROW(CVTTSD2SI) VECTOR_ROW(CVTTSD2SI_Q)
	VECTOR_ROW(CVTSS2SD) VECTOR_ROW(CVTSD2SS)
};
/* clang-format on */

op_fn *simd_fast_float_handler(const struct op *op)
{
	for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (rows[i].code != op->code)
			continue;
		switch (FORM_SOURCE_OF(op->reg[3])) {
		case PLACE_VECTOR:
			return rows[i].from_vector;
		case PLACE_MEMORY:
			return rows[i].from_memory;
		default:
			return rows[i].from_gpr;
		}
	}
	return NULL;
}
