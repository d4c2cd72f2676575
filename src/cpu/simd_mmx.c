/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "cpu/handler.h"
#include "cpu/operand.h"
#include "cpu/simd.h"

/*
 * MMX registers are the significands of the x87 registers. SDM Vol 3A "Effect of MMX Instructions
 * on the x87 FPU State"
 */

#define X87_STATUS_ES 0x0080u
#define X87_STATUS_TOP 0x3800u

bool simd_mmx_ready(struct cpu *cpu)
{
	if (cpu->state.x87.status & X87_STATUS_ES)
		return cpu_raise(cpu, VECTOR_MF);
	return true;
}

void simd_mmx_enter(struct cpu *cpu)
{
	cpu->state.x87.status &= (uint16_t)~X87_STATUS_TOP;
	cpu->state.x87.empty = 0;
}

uint64_t simd_mmx_read(const struct cpu *cpu, unsigned number)
{
	return cpu->state.x87.reg[number].significand;
}

void simd_mmx_write(struct cpu *cpu, unsigned number, uint64_t value)
{
	cpu->state.x87.reg[number] =
		(struct arch_f80){ .significand = value, .sign_exponent = 0xffff };
}

static bool emms(struct cpu *cpu, const struct op *op)
{
	(void)op;
	if (!simd_mmx_ready(cpu))
		return false;
	simd_mmx_enter(cpu);
	cpu->state.x87.empty = 0xff;
	return true;
}

const struct op *simd_emms(struct cpu *cpu, const struct op *op)
{
	return run_plain(cpu, op, emms);
}

/* imm32: how many registers there are in this mode */
const struct op *simd_vzeroall(struct cpu *cpu, const struct op *op)
{
	memset(cpu->state.ymm, 0, op->imm32 * sizeof(cpu->state.ymm[0]));
	NEXT(cpu, op);
}

const struct op *simd_vzeroupper(struct cpu *cpu, const struct op *op)
{
	for (unsigned i = 0; i < op->imm32; i++)
		memset(&cpu->state.ymm[i].u64[2], 0, 16);
	NEXT(cpu, op);
}

#define MXCSR_RESERVED 0xffff0000u

static bool vldmxcsr(struct cpu *cpu, const struct op *op)
{
	uint32_t value;

	if (!simd_read_operand(cpu, op, &value))
		return false;
	if (value & MXCSR_RESERVED)
		return raise_gp0(cpu);
	cpu->state.mxcsr = value;
	return true;
}

static bool vstmxcsr(struct cpu *cpu, const struct op *op)
{
	uint64_t linear;

	return cpu_operand_linear(cpu, op, 4, UDV_ACCESS_WRITE, &linear) &&
	       cpu_write(cpu, linear, 4, stack_bit(op), cpu->state.mxcsr);
}

const struct op *simd_vldmxcsr(struct cpu *cpu, const struct op *op)
{
	return run_plain(cpu, op, vldmxcsr);
}

const struct op *simd_vstmxcsr(struct cpu *cpu, const struct op *op)
{
	return run_plain(cpu, op, vstmxcsr);
}
