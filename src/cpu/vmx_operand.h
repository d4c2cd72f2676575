/* SPDX-License-Identifier: MIT */
#ifndef UDV_CPU_VMX_OPERAND_H
#define UDV_CPU_VMX_OPERAND_H

#include "cpu/access.h"
#include "cpu/handler.h"
#include "cpu/op.h"

/*
 * Operands as VM-exit instruction information tells them. SDM Vol 3C "Information for VM Exits Due
 * to Instruction Execution"
 *
 *   31..28 27   26..23 22   21..18 17..15  14..11 10  9..7   6..3  2 1..0
 *   reg2   no   base   no   index  segment  ...  reg address reg1  0 scale
 *          base        index
 */
#define OPERAND_NO_INDEX BIT(22)
#define OPERAND_NO_BASE BIT(27)
#define OPERAND_REGISTER BIT(10)

static inline uint32_t vmx_operand_info(const struct cpu *cpu, const struct op *op)
{
	uint32_t info;

	(void)cpu;
	if (!op->flag)
		return (uint32_t)OPERAND_REGISTER | (uint32_t)(op->dst / 8u) << 3;
	info = (uint32_t)(op->address > ADDRESS_64 ? ADDRESS_64 : op->address) << 7 |
	       (uint32_t)op->segment << 15;
	if (op->index == GPR_OFFSET(GPR_ZERO))
		info |= (uint32_t)OPERAND_NO_INDEX;
	else
		info |= op->scale | (uint32_t)(op->index / 8u) << 18;
	if (op->base >= GPR_OFFSET(GPR_ZERO))
		info |= (uint32_t)OPERAND_NO_BASE;
	else
		info |= (uint32_t)(op->base / 8u) << 23;
	return info;
}

/* The displacement; with RIP-relative addressing the whole address. */
static inline uint64_t vmx_displacement(const struct cpu *cpu, const struct op *op)
{
	if (!op->flag)
		return 0;
	if (op->base == GPR_OFFSET_RIP)
		return cpu_effective_address(cpu, op);
	return (uint64_t)(int64_t)op->disp;
}

/* The linear address of the operand, whether it is allowed or not. */
static inline uint64_t vmx_operand_linear(const struct cpu *cpu, const struct op *op)
{
	uint64_t linear = cpu->segment_base[op->segment] + cpu_effective_address(cpu, op);

	return is_64bit(cpu) ? linear : (uint32_t)linear;
}

#endif
