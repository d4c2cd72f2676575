/* SPDX-License-Identifier: MIT */
#include "cpu/operand.h"

bool translator_fast_memory(const struct translator *t, const struct insn *insn,
			    enum address_form *form)
{
	bool indexed = insn->mem.index != GPR_ZERO;
	bool far_segment = insn->mem.segment >= SEG_FS;

	*form = far_segment ? ADDRESS_SEGMENT : indexed ? ADDRESS_INDEX : ADDRESS_BASE;
	if (insn->mem.displacement != (int32_t)insn->mem.displacement)
		return false;
	if (insn->mem.rip_relative && insn->mem.displacement > INT32_MAX - (int)MEM_PAGE_SIZE)
		return false; /* it may wrap: see ADDRESS_64_AND_4G */
	if ((t->mode & MODE_CODE) == MODE_CODE64)
		return insn->address_size == 8;
	return t->mode & MODE_FLAT && (t->mode & MODE_CODE) == MODE_CODE32 &&
	       insn->address_size == 4 && !far_segment && insn->mem.segment != SEG_CS; /* stores */
}

bool memory_read(struct cpu *cpu, const struct op *op, unsigned size, uint64_t *value)
{
	uint64_t linear;

	return cpu_operand_linear(cpu, op, size, UDV_ACCESS_READ, &linear) &&
	       cpu_read(cpu, linear, size, stack_bit(op), value);
}

bool memory_write(struct cpu *cpu, const struct op *op, unsigned size, uint64_t value)
{
	uint64_t linear;

	return cpu_operand_linear(cpu, op, size, UDV_ACCESS_WRITE, &linear) &&
	       cpu_write(cpu, linear, size, stack_bit(op), value);
}

bool memory_begin(struct cpu *cpu, const struct op *op, unsigned size, uint64_t *value)
{
	uint64_t linear;

	if (!cpu_operand_linear(cpu, op, size, UDV_ACCESS_READ | UDV_ACCESS_WRITE, &linear) ||
	    !cpu_rmw_begin(cpu, linear, size, stack_bit(op)))
		return false;
	*value = cpu->slow_value;
	return true;
}

bool operand_read(struct cpu *cpu, const struct op *op, uint64_t *value)
{
	if (op->flag)
		return memory_read(cpu, op, 1u << op->size, value);
	*value = reg_get(cpu, op->dst, op->size);
	return true;
}

bool operand_begin(struct cpu *cpu, const struct op *op, uint64_t *value)
{
	if (op->flag)
		return memory_begin(cpu, op, 1u << op->size, value);
	*value = reg_get(cpu, op->dst, op->size);
	return true;
}

void operand_update(struct cpu *cpu, const struct op *op, uint64_t value)
{
	if (op->flag)
		cpu_rmw_commit(cpu, value);
	else
		reg_set(cpu, op->dst, op->size, value);
}

bool operand_write(struct cpu *cpu, const struct op *op, uint64_t value)
{
	if (op->flag)
		return memory_write(cpu, op, 1u << op->size, value);
	reg_set(cpu, op->dst, op->size, value);
	return true;
}
