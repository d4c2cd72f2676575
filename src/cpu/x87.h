/* SPDX-License-Identifier: MIT */
#ifndef UDV_CPU_X87_H
#define UDV_CPU_X87_H

#include "cpu/handler.h"
#include "float/float.h"

/*
 * The x87 FPU. SDM Vol 1 "Programming with the x87 FPU"
 *
 * An op of this family:
 *
 *   dst      i of the ST(i) that is written
 *   src      i of the ST(i) that is the second operand
 *   reg[0]   enum x87_format of the memory operand
 *   reg[1]   how often the stack is popped at the end
 *   reg[2]   which of its code's operations: enum fp_x87_operation, fp_constant, x87_unary,
 *            x87_binary, or what X87_MOVE_IF and X87_ROTATE say
 *   flag     as the code has it
 *   imm32    the opcode as FOP has it
 *
 * An instruction first raises #MF if an exception is pending, then reads its memory operand. From
 * there on it is executed, whatever it raises in the status word: an unmasked exception sets ES and
 * is taken by the next instruction that waits. With CR0.NE = 0 that would be up to the system, by
 * FERR# and an interrupt. There is no FERR# here: instructions go on as with IGNNE# asserted.
 *
 * FOP is written when an exception is not masked, as with IA32_MISC_ENABLE[2] = 0. SDM Vol 1
 * "Fopcode Compatibility Sub-mode"
 */

enum x87_format {
	X87_F32,
	X87_F64,
	X87_F80,
	X87_I16,
	X87_I32,
	X87_I64,
	X87_BCD,
};

enum x87_unary {
	X87_2XM1,
	X87_SQRT,
	X87_ROUND,
	X87_SINE,
	X87_COSINE,
};

/* Of ST(0) and ST(1) */
enum x87_binary {
	X87_REMAINDER,
	X87_REMAINDER_NEAREST,
	X87_SCALE,
	X87_YLOG2X, /* this and those below: into ST(1), and pop */
	X87_YLOG2XP1,
	X87_ARCTANGENT,
};

#define X87_STATUS_SF 0x0040u
#define X87_STATUS_ES 0x0080u
#define X87_STATUS_B 0x8000u
#define X87_STATUS_TOP_SHIFT 11
#define X87_STATUS_TOP 0x3800u
#define X87_CONDITIONS (FP_C0 | FP_C1 | FP_C2 | FP_C3)
#define X87_CONTROL_INIT 0x037fu
#define X87_CONTROL_DEFINED 0x1f3fu
#define X87_CONTROL_ONE 0x0040u /* a bit that is always 1 */

/* The handlers of x87_*.c, one for each code. */
#define X87_DECLARE(name) op_fn do_##name;
OPCODES_X87(X87_DECLARE)
#undef X87_DECLARE

/* x87_fast.c: NULL, or a faster one for flat memory. */
op_fn *x87_fast_handler(const struct op *op);

/* x87_memory.c: the instruction itself, its operand read. */
typedef void x87_memory_body(struct cpu *cpu, const struct op *op, const uint8_t *m);
x87_memory_body x87_load, x87_operate, x87_compare;
/* The same of a store; @host can be written. */
void x87_store_host(struct cpu *cpu, const struct op *op, uint8_t *host);

/* x87_control.c: false if #MF has been raised for what is pending. */
bool x87_raise_pending(struct cpu *cpu, const struct op *op);
/* ES and B as flags and masks have it. */
void x87_update_pending(struct arch_x87 *x87);
/*
 * x87_arithmetic.c: notes a stack overflow or underflow; true if it is masked, for the caller to
 * give the indefinite.
 */
bool x87_stack_fault(struct cpu *cpu, const struct op *op, bool overflow);
/* Puts @env's flags, and the condition codes that @written names, into the status word; returns the
 * exceptions that are not masked. */
unsigned x87_settle(struct cpu *cpu, const struct op *op, struct fp_env *env, unsigned written);

/* The end of a comparison: condition codes, pops. */
void x87_conclude_compare(struct cpu *cpu, const struct op *op, struct fp_env *env,
			  enum fp_relation relation);
/* The same if there is nothing to compare. */
void x87_compare_empty(struct cpu *cpu, const struct op *op);

/* ---------------------------------------------------------------- the stack */

ALWAYS_INLINE unsigned x87_physical(const struct cpu *cpu, unsigned i)
{
	return ((unsigned)(cpu->state.x87.status >> X87_STATUS_TOP_SHIFT) + i) & 7;
}

ALWAYS_INLINE bool x87_is_empty(const struct cpu *cpu, unsigned i)
{
	return cpu->state.x87.empty >> x87_physical(cpu, i) & 1;
}

ALWAYS_INLINE struct fp_f80 x87_get(const struct cpu *cpu, unsigned i)
{
	const struct arch_f80 *reg = &cpu->state.x87.reg[x87_physical(cpu, i)];

	return (struct fp_f80){ reg->significand, reg->sign_exponent };
}

ALWAYS_INLINE void x87_set(struct cpu *cpu, unsigned i, struct fp_f80 value)
{
	unsigned physical = x87_physical(cpu, i);

	cpu->state.x87.reg[physical] = (struct arch_f80){ value.significand, value.sign_exponent };
	cpu->state.x87.empty &= (uint8_t) ~(1u << physical);
}

ALWAYS_INLINE void x87_rotate(struct cpu *cpu, unsigned by)
{
	unsigned top = x87_physical(cpu, by);

	cpu->state.x87.status =
		(uint16_t)((cpu->state.x87.status & ~X87_STATUS_TOP) | top << X87_STATUS_TOP_SHIFT);
}

ALWAYS_INLINE void x87_free(struct cpu *cpu, unsigned i)
{
	cpu->state.x87.empty |= (uint8_t)(1u << x87_physical(cpu, i));
}

ALWAYS_INLINE void x87_push(struct cpu *cpu, struct fp_f80 value)
{
	x87_rotate(cpu, 7);
	x87_set(cpu, 0, value);
}

ALWAYS_INLINE void x87_pop(struct cpu *cpu, unsigned times)
{
	while (times--) {
		x87_free(cpu, 0);
		x87_rotate(cpu, 1);
	}
}

ALWAYS_INLINE void x87_clear(struct cpu *cpu, unsigned conditions)
{
	cpu->state.x87.status &= (uint16_t)~conditions;
}

ALWAYS_INLINE void x87_set_relation(struct cpu *cpu, enum fp_relation relation)
{
	x87_clear(cpu, FP_C0 | FP_C2 | FP_C3);
	cpu->state.x87.status |= fp_conditions(relation);
}

/* ---------------------------------------------------------------- instructions */

/*
 * With every exception masked, old flags stay in: what is set already need not be found out again.
 * Otherwise they must not be taken for new ones.
 */
ALWAYS_INLINE struct fp_env x87_environment(const struct cpu *cpu)
{
	struct fp_env env = fp_env_x87(cpu->state.x87.control);

	if (likely(env.masks == FP_EXCEPTIONS))
		env.flags = cpu->state.x87.status & FP_EXCEPTIONS;
	return env;
}

/* SDM Vol 1 "x87 FPU Instruction and Data (Operand) Pointers": of what is not a control
 * instruction. */
ALWAYS_INLINE void x87_note_instruction(struct cpu *cpu, const struct op *op)
{
	uint64_t rip = block_start(cpu) + op->end - op->length;

	cpu->state.x87.instruction_pointer = rip & cpu->rip_mask;
	cpu->state.x87.instruction_selector = cpu->state.seg[SEG_CS].selector;
}

ALWAYS_INLINE void x87_note_data(struct cpu *cpu, const struct op *op, uint64_t offset)
{
	cpu->state.x87.data_pointer = offset;
	cpu->state.x87.data_selector = cpu->state.seg[op->segment].selector;
}

ALWAYS_INLINE bool x87_ready(struct cpu *cpu, const struct op *op)
{
	return likely(!(cpu->state.x87.status & X87_STATUS_ES)) || x87_raise_pending(cpu, op);
}

/* What is no power of two in size has an alignment of its own. SDM Vol 3A "Alignment Requirements
 * by Data Type" */
ALWAYS_INLINE bool x87_is_aligned(struct cpu *cpu, uint64_t linear, unsigned alignment)
{
	if (likely(!(cpu->mode & MODE_ALIGN) || !(linear & (alignment - 1))))
		return true;
	return cpu_raise_error(cpu, VECTOR_AC, 0);
}

/* A handler of an instruction without a memory operand: name, and how its body is inlined. */
#define X87_HANDLER(name, inlined)                                                                 \
	inlined void body_##name(struct cpu *cpu, const struct op *op);                            \
	const struct op *do_##name(struct cpu *cpu, const struct op *op)                           \
	{                                                                                          \
		if (!x87_ready(cpu, op))                                                           \
			return cpu_fault(cpu, op);                                                 \
		x87_note_instruction(cpu, op);                                                     \
		body_##name(cpu, op);                                                              \
		NEXT(cpu, op);                                                                     \
	}                                                                                          \
	inlined void body_##name(struct cpu *cpu, const struct op *op)
#define X87_SMALL ALWAYS_INLINE
#define X87_LARGE static NOINLINE

/* The tag word as FSTENV stores it. SDM Vol 1 "x87 FPU Tag Word" */
uint32_t x87_tag_word(const struct arch_x87 *x87);

#endif
