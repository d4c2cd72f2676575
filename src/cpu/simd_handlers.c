/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "arch/system_bits.h"
#include "cpu/handler.h"
#include "cpu/operand.h"
#include "cpu/simd.h"

/* Operands for kernels, and what comes of their results: any form by simd_general. */

bool simd_read_operand(struct cpu *cpu, const struct op *op, void *data)
{
	unsigned size = op->reg[2];
	uint64_t linear;

	if (!cpu_operand_linear(cpu, op, size, UDV_ACCESS_READ, &linear))
		return false;
	if (op->reg[3] & FORM_ALIGNED && linear & (size - 1))
		return raise_gp0(cpu);
	if (!tlb_reads(cpu, linear, size))
		return cpu_read_bytes(cpu, linear, data, size, stack_bit(op));
	memcpy(data, tlb_host(cpu, linear), size);
	return true;
}

static bool write_operand(struct cpu *cpu, const struct op *op, const union arch_vector *d)
{
	unsigned size = op->reg[2];
	uint64_t linear;

	if (!cpu_operand_linear(cpu, op, size, UDV_ACCESS_WRITE, &linear))
		return false;
	if (op->reg[3] & FORM_ALIGNED && linear & (size - 1))
		return raise_gp0(cpu);
	if (!tlb_writes(cpu, linear, size))
		return cpu_write_bytes(cpu, linear, d, size, stack_bit(op));
	memcpy(tlb_host(cpu, linear), d, size);
	return true;
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
bool simd_settle(struct cpu *cpu, struct fp_env *fp, unsigned earlier_flags)
{
	unsigned unmasked = fp_settle(fp);

	fp->flags |= (uint8_t)earlier_flags;
	if (likely(!unmasked))
		return true;
	cpu->state.mxcsr |= fp->flags;
	return cpu_raise(cpu, cpu->state.cr4 & CR4_OSXMMEXCPT ? VECTOR_XM : VECTOR_UD);
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
		.fp = simd_environment(cpu->state.mxcsr),
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
	if (operation->flags & SIMD_FLAG_F &&
	    !(is_writable(cpu, op) && simd_settle(cpu, &env.fp, env.earlier_flags)))
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

/* Of values alone, to a vector register: most that programs do. */
static void compute_plain(struct cpu *cpu, const struct op *op, const union arch_vector *b)
{
	union arch_vector d = { 0 };
	struct simd_env env = { .c = &cpu->state.ymm[op->reg[1]] };

	simd_operation(op)->kernel(&env, &d, &cpu->state.ymm[op->reg[0]], b, op->imm32,
				   simd_bytes(op));
	simd_write_vector(cpu, op, op->dst, &d);
}

bool simd_compute(struct cpu *cpu, const struct op *op, const union arch_vector *b)
{
	const struct simd_operation *operation = simd_operation(op);
	union arch_vector d = { 0 };
	struct simd_env env;

	if (operation->flags == 0 && FORM_DESTINATION_OF(op->reg[3]) == PLACE_VECTOR) {
		compute_plain(cpu, op, b);
		return true;
	}
	env = (struct simd_env){
		.c = &cpu->state.ymm[op->reg[1]],
		.fp = simd_environment(cpu->state.mxcsr),
	};
	operation->kernel(&env, &d, &cpu->state.ymm[op->reg[0]], b, op->imm32, simd_bytes(op));
	if (operation->flags & SIMD_FLAG_F && !simd_settle(cpu, &env.fp, env.earlier_flags))
		return false;
	return finish(cpu, op, &env, &d);
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

bool simd_is_string(unsigned code)
{
	return code == OP_V_PCMPESTRI || code == OP_V_PCMPESTRM || code == OP_V_PCMPISTRI ||
	       code == OP_V_PCMPISTRM;
}

op_fn *simd_handler(const struct op *op)
{
	if (op->code >= OP_V_EMMS)
		return special_handler(op->code);
	if (simd_is_string(op->code))
		return simd_string;
	return simd_general;
}
