/* SPDX-License-Identifier: MIT */
#include "cpu/msr.h"
#include "cpu/segment.h"
#include "cpu/system_control.h"

/*
 * Registers that hold tables: LGDT, LIDT, SGDT, SIDT, LLDT, LTR, SLDT, STR. SDM Vol 2A, 2B, each by
 * its name; Vol 3A "User-Mode Instruction Prevention".
 */

#define CR4_UMIP BIT(11)

static bool umip_refuses(const struct cpu *cpu)
{
	return cpu->state.cpl != 0 && cpu->state.cr4 & CR4_UMIP;
}

static uint32_t operand_access(const struct op *op)
{
	return op->segment == SEG_SS ? ACCESS_STACK : 0;
}

/* ---------------------------------------------------------------- GDTR and IDTR */

static bool load_table(struct cpu *cpu, const struct op *op, struct arch_table_register *table)
{
	bool wide = is_64bit(cpu);
	unsigned size = wide ? 10 : 6;
	uint8_t bytes[10];
	uint64_t linear;
	uint64_t base = 0;

	if (cpu->state.cpl != 0)
		return raise_gp0(cpu);
	if (cpu_intercepts(cpu, INTERCEPT_GDTR_IDTR, 0, 0) ||
	    !cpu_operand_linear(cpu, op, size, UDV_ACCESS_READ, &linear) ||
	    !cpu_read_bytes(cpu, linear, bytes, size, operand_access(op)))
		return false;
	memcpy(&base, bytes + 2, size - 2);
	if (!wide && op->size == 1)
		base &= 0xffffff;
	if (!cpu_is_canonical_msr(cpu, base))
		return raise_gp0(cpu);
	memcpy(&table->limit, bytes, 2);
	table->base = base;
	return true;
}

static bool store_table(struct cpu *cpu, const struct op *op,
			const struct arch_table_register *table)
{
	unsigned size = is_64bit(cpu) ? 10 : 6;
	uint8_t bytes[10];
	uint64_t linear;

	if (umip_refuses(cpu))
		return raise_gp0(cpu);
	if (cpu_intercepts(cpu, INTERCEPT_GDTR_IDTR, 0, 0))
		return false;
	memcpy(bytes, &table->limit, 2);
	memcpy(bytes + 2, &table->base, 8);
	return cpu_operand_linear(cpu, op, size, UDV_ACCESS_WRITE, &linear) &&
	       cpu_write_bytes(cpu, linear, bytes, size, operand_access(op));
}

bool control_lgdt(struct cpu *cpu, const struct op *op)
{
	return load_table(cpu, op, &cpu->state.gdtr);
}

bool control_lidt(struct cpu *cpu, const struct op *op)
{
	return load_table(cpu, op, &cpu->state.idtr);
}

bool control_sgdt(struct cpu *cpu, const struct op *op)
{
	return store_table(cpu, op, &cpu->state.gdtr);
}

bool control_sidt(struct cpu *cpu, const struct op *op)
{
	return store_table(cpu, op, &cpu->state.idtr);
}

/* ---------------------------------------------------------------- LDTR and TR */

static bool read_selector(struct cpu *cpu, const struct op *op, uint16_t *selector)
{
	uint64_t value = gpr_read(cpu, op->dst, 2);
	uint64_t linear;

	if (op->flag && (!cpu_operand_linear(cpu, op, 2, UDV_ACCESS_READ, &linear) ||
			 !cpu_read(cpu, linear, 2, operand_access(op), &value)))
		return false;
	*selector = (uint16_t)value;
	return true;
}

/* A descriptor for LDTR or TR: of the GDT, of a type in @types, present, with a canonical base. */
static bool fetch_system(struct cpu *cpu, uint16_t selector, uint32_t types, struct descriptor *d)
{
	if (selector & SELECTOR_TI)
		return cpu_raise_selector(cpu, VECTOR_GP, selector);
	if (!cpu_fetch_descriptor(cpu, selector, VECTOR_GP, d))
		return false;
	if (d->ar & AR_S || !(types >> (d->ar & AR_TYPE) & 1))
		return cpu_raise_selector(cpu, VECTOR_GP, selector);
	if (!(d->ar & AR_P))
		return cpu_raise_selector(cpu, VECTOR_NP, selector);
	if (!cpu_fetch_wide(cpu, VECTOR_GP, d))
		return false;
	return cpu_is_canonical_msr(cpu, d->base) || cpu_raise_selector(cpu, VECTOR_GP, selector);
}

static bool begin_load(struct cpu *cpu, const struct op *op, uint16_t *selector)
{
	if (cpu->state.cpl != 0)
		return raise_gp0(cpu);
	return !cpu_intercepts(cpu, INTERCEPT_LDTR_TR, 0, 0) && read_selector(cpu, op, selector);
}

bool control_lldt(struct cpu *cpu, const struct op *op)
{
	struct descriptor d;
	uint16_t selector = 0;

	if (!begin_load(cpu, op, &selector))
		return false;
	if (SELECTOR_IS_NULL(selector)) {
		cpu_set_null(cpu, SEG_LDTR, selector);
		return true;
	}
	if (!fetch_system(cpu, selector, 1u << SYS_LDT, &d))
		return false;
	cpu_set_segment(cpu, SEG_LDTR, selector, &d);
	return true;
}

bool control_ltr(struct cpu *cpu, const struct op *op)
{
	uint32_t types = 1u << SYS_TSS | (is_long_mode(cpu) ? 0 : 1u << SYS_TSS16);
	struct descriptor d;
	uint16_t selector = 0;

	if (!begin_load(cpu, op, &selector))
		return false;
	if (SELECTOR_IS_NULL(selector))
		return raise_gp0(cpu);
	if (!fetch_system(cpu, selector, types, &d) || !cpu_mark_busy(cpu, d.linear, true))
		return false;
	d.ar |= SYS_BUSY;
	cpu_set_segment(cpu, SEG_TR, selector, &d);
	return true;
}

/* Memory gets 16 bits, a register all of the operand size. */
static bool store_selector(struct cpu *cpu, const struct op *op, unsigned segment)
{
	uint16_t selector = cpu->state.seg[segment].selector;
	uint64_t linear;

	if (umip_refuses(cpu))
		return raise_gp0(cpu);
	if (cpu_intercepts(cpu, INTERCEPT_LDTR_TR, 0, 0))
		return false;
	if (!op->flag) {
		gpr_write(cpu, op->dst, 1u << op->size, selector);
		return true;
	}
	return cpu_operand_linear(cpu, op, 2, UDV_ACCESS_WRITE, &linear) &&
	       cpu_write(cpu, linear, 2, operand_access(op), selector);
}

bool control_sldt(struct cpu *cpu, const struct op *op)
{
	return store_selector(cpu, op, SEG_LDTR);
}

bool control_str(struct cpu *cpu, const struct op *op)
{
	return store_selector(cpu, op, SEG_TR);
}
