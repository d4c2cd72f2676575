/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "cpu/handler.h"
#include "cpu/operand.h"
#include "cpu/simd.h"

/* Operands for kernels: simd_general does every form, the others those without exceptions. */

bool simd_read_operand(struct cpu *cpu, const struct op *op, void *data)
{
	unsigned size = op->reg[2];
	uint64_t linear;

	if (!cpu_operand_linear(cpu, op, size, UDV_ACCESS_READ, &linear))
		return false;
	if (op->reg[3] & FORM_ALIGNED && linear & (size - 1))
		return raise_gp0(cpu);
	return cpu_read_bytes(cpu, linear, data, size, stack_bit(op));
}

static bool write_operand(struct cpu *cpu, const struct op *op, const union arch_vector *d)
{
	unsigned size = op->reg[2];
	uint64_t linear;

	if (!cpu_operand_linear(cpu, op, size, UDV_ACCESS_WRITE, &linear))
		return false;
	if (op->reg[3] & FORM_ALIGNED && linear & (size - 1))
		return raise_gp0(cpu);
	return cpu_write_bytes(cpu, linear, d, size, stack_bit(op));
}

void simd_write_vector(struct cpu *cpu, const struct op *op, unsigned number,
		       const union arch_vector *value)
{
	memcpy(&cpu->state.ymm[number], value, op->reg[3] & FORM_VEX ? 32 : 16);
}

/* A store that faults comes before what the computation raises (VCVTPS2PH alone has both). */
static bool is_writable(struct cpu *cpu, const struct op *op)
{
	uint64_t linear;

	if (FORM_DESTINATION_OF(op->reg[3]) != PLACE_MEMORY)
		return true;
	return cpu_operand_linear(cpu, op, op->reg[2], UDV_ACCESS_WRITE, &linear) &&
	       cpu_probe(cpu, linear, op->reg[2], UDV_ACCESS_WRITE | stack_bit(op));
}

/* Of CVTPI2PS the memory form too is an MMX instruction. */
static bool is_mmx(const struct op *op)
{
	return FORM_SOURCE_OF(op->reg[3]) == PLACE_MMX ||
	       FORM_DESTINATION_OF(op->reg[3]) == PLACE_MMX || op->code == OP_V_CVTPI2PS;
}

/* b, from wherever it is; @buffer holds what is not in a vector register. */
static const union arch_vector *fetch(struct cpu *cpu, const struct op *op,
				      union arch_vector *buffer)
{
	memset(buffer, 0, sizeof(*buffer));
	switch (FORM_SOURCE_OF(op->reg[3])) {
	case PLACE_VECTOR:
		return &cpu->state.ymm[op->src];
	case PLACE_MMX:
		buffer->u64[0] = simd_mmx_read(cpu, op->src);
		return buffer;
	case PLACE_GPR:
		buffer->u64[0] = gpr_read(cpu, op->src, 8);
		return buffer;
	default:
		return simd_read_operand(cpu, op, buffer) ? buffer : NULL;
	}
}

static bool store(struct cpu *cpu, const struct op *op, const union arch_vector *d)
{
	switch (FORM_DESTINATION_OF(op->reg[3])) {
	case PLACE_VECTOR:
		simd_write_vector(cpu, op, op->dst, d);
		return true;
	case PLACE_MMX:
		simd_mmx_write(cpu, op->dst, d->u64[0]);
		return true;
	case PLACE_GPR:
		gpr_write(cpu, op->dst, 8, d->u64[0]);
		return true;
	default:
		return write_operand(cpu, op, d);
	}
}

/*
 * Flags that raise an exception are set although the instruction does nothing else. SDM Vol 3A
 * "Exception 19 (#XM)"; without CR4.OSXMMEXCPT it is #UD.
 */
#define CR4_OSXMMEXCPT BIT(10)

static bool settle(struct cpu *cpu, struct simd_env *env)
{
	unsigned unmasked = fp_settle(&env->fp);

	env->fp.flags |= env->earlier_flags;
	if (likely(!unmasked))
		return true;
	cpu->state.mxcsr |= env->fp.flags;
	return cpu_raise(cpu, cpu->state.cr4 & CR4_OSXMMEXCPT ? VECTOR_XM : VECTOR_UD);
}

/*
 * With an exception that is not masked, the flags that count are those of this instruction alone.
 * Otherwise old ones stay: what is set already need not be found out again (float/fast.h).
 */
static struct fp_env environment(const struct cpu *cpu)
{
	struct fp_env fp = fp_env_mxcsr(cpu->state.mxcsr);

	if (unlikely(fp.masks != FP_EXCEPTIONS))
		fp.flags = 0;
	return fp;
}

static bool finish(struct cpu *cpu, const struct op *op, const struct simd_env *env,
		   const union arch_vector *d)
{
	unsigned flags = simd_operation(op)->flags;

	if (flags & SIMD_FLAG_E)
		set_status_flags(cpu, env->flags);
	else if (!store(cpu, op, d))
		return false;
	if (flags & SIMD_FLAG_F)
		cpu->state.mxcsr |= env->fp.flags;
	return true;
}

static bool general(struct cpu *cpu, const struct op *op)
{
	const struct simd_operation *operation = simd_operation(op);
	const union arch_vector *a = &cpu->state.ymm[op->reg[0]], *b;
	union arch_vector d = { 0 }, buffer, mmx = { 0 };
	bool uses_mmx = is_mmx(op);
	struct simd_env env = {
		.c = &cpu->state.ymm[op->reg[1]],
		.fp = environment(cpu),
	};

	if (uses_mmx && !simd_mmx_ready(cpu))
		return false;
	b = fetch(cpu, op, &buffer);
	if (!b)
		return false;
	if (FORM_DESTINATION_OF(op->reg[3]) == PLACE_MMX) {
		mmx.u64[0] = simd_mmx_read(cpu, op->reg[0] & 7);
		a = &mmx;
	}
	operation->kernel(&env, &d, a, b, op->imm32, simd_bytes(op));
	if (operation->flags & SIMD_FLAG_F && !(is_writable(cpu, op) && settle(cpu, &env)))
		return false;
	if (!finish(cpu, op, &env, &d))
		return false;
	if (uses_mmx)
		simd_mmx_enter(cpu);
	return true;
}

const struct op *simd_general(struct cpu *cpu, const struct op *op)
{
	return run_plain(cpu, op, general);
}

/* A result of values alone, with everything in vector registers but perhaps b. */
static NOINLINE void compute(struct cpu *cpu, const struct op *op, const union arch_vector *b)
{
	union arch_vector d = { 0 };
	struct simd_env env = { .c = &cpu->state.ymm[op->reg[1]] };

	simd_operation(op)->kernel(&env, &d, &cpu->state.ymm[op->reg[0]], b, op->imm32,
				   simd_bytes(op));
	simd_write_vector(cpu, op, op->dst, &d);
}

const struct op *simd_plain_register(struct cpu *cpu, const struct op *op)
{
	compute(cpu, op, &cpu->state.ymm[op->src]);
	NEXT(cpu, op);
}

static bool plain_load(struct cpu *cpu, const struct op *op)
{
	union arch_vector b = { 0 };

	if (!simd_read_operand(cpu, op, &b))
		return false;
	compute(cpu, op, &b);
	return true;
}

const struct op *simd_plain_load(struct cpu *cpu, const struct op *op)
{
	return run_plain(cpu, op, plain_load);
}

static op_fn *special_handler(unsigned code)
{
	switch (code) {
	case OP_V_EMMS:
		return simd_emms;
	case OP_V_VZEROALL:
		return simd_vzeroall;
	case OP_V_VZEROUPPER:
		return simd_vzeroupper;
	case OP_V_VLDMXCSR:
		return simd_vldmxcsr;
	case OP_V_VSTMXCSR:
		return simd_vstmxcsr;
	case OP_V_MASKMOV:
		return simd_maskmov;
	case OP_V_MASK_LOAD_D:
	case OP_V_MASK_LOAD_Q:
		return simd_mask_load;
	case OP_V_MASK_STORE_D:
	case OP_V_MASK_STORE_Q:
		return simd_mask_store;
	default:
		return simd_gather;
	}
}

static bool is_string(unsigned code)
{
	return code == OP_V_PCMPESTRI || code == OP_V_PCMPESTRM || code == OP_V_PCMPISTRI ||
	       code == OP_V_PCMPISTRM;
}

op_fn *simd_handler(const struct op *op)
{
	unsigned source = FORM_SOURCE_OF(op->reg[3]);

	if (op->code >= OP_V_EMMS)
		return special_handler(op->code);
	if (is_string(op->code))
		return simd_string;
	if (FORM_DESTINATION_OF(op->reg[3]) == PLACE_VECTOR && simd_operation(op)->flags == 0) {
		if (source == PLACE_VECTOR)
			return simd_plain_register;
		if (source == PLACE_MEMORY)
			return simd_plain_load;
	}
	return simd_general;
}
