/* SPDX-License-Identifier: MIT */
#include "apic/internal.h"

#include "base/bits.h"

/* How software reaches the registers: the page of xAPIC mode and the MSRs of x2APIC mode. */

#define READ 1u
#define WRITE 2u

static bool in_range(unsigned reg, unsigned first, unsigned count)
{
	return reg - first < count;
}

static bool is_lvt(unsigned reg)
{
	return in_range(reg, APIC_REG_LVT, NR_APIC_LVTS);
}

/* Of an x2APIC MSR. SDM Vol 3A "Local APIC Register Address Map Supported by x2APIC" */
static unsigned x2apic_rights(unsigned reg)
{
	if (in_range(reg, APIC_REG_ISR, 24))
		return READ;
	if (is_lvt(reg))
		return READ | WRITE;
	switch (reg) {
	case APIC_REG_ID:
	case APIC_REG_VERSION:
	case APIC_REG_PPR:
	case APIC_REG_LDR:
	case APIC_REG_TIMER_CURRENT:
		return READ;
	case APIC_REG_TPR:
	case APIC_REG_SVR:
	case APIC_REG_ESR:
	case APIC_REG_ICR:
	case APIC_REG_TIMER_INITIAL:
	case APIC_REG_TIMER_DIVIDE:
		return READ | WRITE;
	case APIC_REG_EOI:
	case APIC_REG_SELF_IPI:
		return WRITE;
	}
	return 0;
}

/* A register of the xAPIC page exists, for reading or writing. */
static bool xapic_exists(unsigned reg)
{
	return reg == APIC_REG_APR || reg == APIC_REG_DFR || reg == APIC_REG_ICR_HIGH ||
	       (x2apic_rights(reg) && reg != APIC_REG_SELF_IPI);
}

static uint32_t read_low_registers(const struct lapic *lapic, unsigned reg)
{
	const struct lapic_state *state = &lapic->state;

	switch (reg) {
	case APIC_REG_ID:
		return lapic_x2apic(lapic) ? lapic->config.id : (uint32_t)state->xapic_id << 24;
	case APIC_REG_VERSION:
		return APIC_VERSION;
	case APIC_REG_TPR:
		return state->tpr;
	case APIC_REG_APR:
		return lapic_apr(lapic);
	case APIC_REG_PPR:
		return lapic_ppr(lapic);
	case APIC_REG_LDR:
		return state->ldr;
	case APIC_REG_DFR:
		return state->dfr;
	case APIC_REG_SVR:
		return state->svr;
	}
	return 0;
}

static uint32_t read_register(const struct lapic *lapic, unsigned reg)
{
	const struct lapic_state *state = &lapic->state;

	if (reg < APIC_REG_ISR)
		return read_low_registers(lapic, reg);
	if (in_range(reg, APIC_REG_ISR, 8))
		return state->isr[reg - APIC_REG_ISR];
	if (in_range(reg, APIC_REG_TMR, 8))
		return state->tmr[reg - APIC_REG_TMR];
	if (in_range(reg, APIC_REG_IRR, 8))
		return state->irr[reg - APIC_REG_IRR];
	if (is_lvt(reg))
		return state->lvt[reg - APIC_REG_LVT];
	switch (reg) {
	case APIC_REG_ESR:
		return state->esr;
	case APIC_REG_ICR:
		return state->icr_low;
	case APIC_REG_ICR_HIGH:
		return state->icr_high;
	case APIC_REG_TIMER_INITIAL:
		return state->timer_initial;
	case APIC_REG_TIMER_CURRENT:
		return lapic_timer_current(lapic);
	case APIC_REG_TIMER_DIVIDE:
		return state->timer_divide;
	}
	return 0;
}

/* Registers that both modes write alike. */
static void write_register(struct lapic *lapic, unsigned reg, uint32_t value)
{
	struct lapic_state *state = &lapic->state;

	if (is_lvt(reg)) {
		lapic_write_lvt(lapic, reg - APIC_REG_LVT, value);
		return;
	}
	switch (reg) {
	case APIC_REG_TPR:
		state->tpr = (uint8_t)value;
		lapic_update(lapic);
		break;
	case APIC_REG_EOI:
		lapic_eoi(lapic);
		break;
	case APIC_REG_SVR:
		lapic_write_svr(lapic, value);
		break;
	case APIC_REG_ESR: /* what was found since the last time */
		state->esr = state->errors;
		state->errors = 0;
		break;
	case APIC_REG_ICR:
		state->icr_low = value & ~(APIC_ICR_RESERVED | APIC_ICR_PENDING);
		lapic_send_ipi(lapic);
		break;
	case APIC_REG_TIMER_INITIAL:
		lapic_timer_write_initial(lapic, value);
		break;
	case APIC_REG_TIMER_DIVIDE:
		lapic_timer_write_divide(lapic, (uint8_t)value);
		break;
	}
}

/* ---------------------------------------------------------------- the page */

static uint64_t ones(unsigned size)
{
	return ~0ull >> (64 - 8 * size);
}

/*
 * Only aligned accesses of four bytes are defined. Others read what of the register lies under
 * them, and zeros.
 */
uint64_t lapic_read(struct lapic *lapic, uint64_t offset, unsigned size)
{
	unsigned reg = (unsigned)(offset >> 4), byte = offset & 15;

	if (!lapic_enabled(lapic) || lapic_x2apic(lapic) || reg >= NR_APIC_REGISTERS)
		return ones(size);
	if (!xapic_exists(reg)) {
		lapic_error(lapic, APIC_ESR_REGISTER);
		return 0;
	}
	if (byte > 3)
		return 0;
	return read_register(lapic, reg) >> (8 * byte) & ones(size);
}

static void write_xapic(struct lapic *lapic, unsigned reg, uint32_t value)
{
	struct lapic_state *state = &lapic->state;

	switch (reg) {
	case APIC_REG_ID:
		state->xapic_id = (uint8_t)(value >> 24);
		break;
	case APIC_REG_LDR:
		state->ldr = value & 0xff000000;
		break;
	case APIC_REG_DFR:
		state->dfr = value | 0x0fffffff;
		break;
	case APIC_REG_ICR_HIGH:
		state->icr_high = value & 0xff000000;
		break;
	default:
		write_register(lapic, reg, value);
	}
}

void lapic_write(struct lapic *lapic, uint64_t offset, unsigned size, uint64_t value)
{
	unsigned reg = (unsigned)(offset >> 4);

	if (!lapic_enabled(lapic) || lapic_x2apic(lapic) || reg >= NR_APIC_REGISTERS)
		return;
	if (size != 4 || offset & 15)
		return; /* undefined: lost */
	if (!xapic_exists(reg))
		lapic_error(lapic, APIC_ESR_REGISTER);
	else
		write_xapic(lapic, reg, (uint32_t)value);
}

/* ---------------------------------------------------------------- MSRs */

/* Bits that raise #GP when set in a write. SDM Vol 3A "Reserved Bit Checking" */
static uint64_t x2apic_reserved(const struct lapic *lapic, unsigned reg)
{
	if (is_lvt(reg)) {
		enum apic_lvt entry = reg - APIC_REG_LVT;
		uint32_t read_only = APIC_LVT_PENDING;

		if (entry == APIC_LVT_LINT0 || entry == APIC_LVT_LINT1)
			read_only |= APIC_LVT_REMOTE_IRR;
		return ~(uint64_t)(lapic_lvt_writable(lapic, entry) | read_only);
	}
	switch (reg) {
	case APIC_REG_TPR:
	case APIC_REG_SELF_IPI:
		return ~0xffull;
	case APIC_REG_SVR:
		return ~(uint64_t)APIC_SVR_WRITABLE;
	case APIC_REG_ICR: /* delivery status is reserved, but processors do not mind it */
		return APIC_ICR_RESERVED;
	case APIC_REG_TIMER_INITIAL:
		return bits_from(32);
	case APIC_REG_TIMER_DIVIDE:
		return ~(uint64_t)APIC_DIVIDE_WRITABLE;
	}
	return ~0ull; /* EOI, ESR: zero only */
}

static bool read_x2apic(struct lapic *lapic, unsigned reg, uint64_t *value)
{
	if (!lapic_x2apic(lapic) || !(x2apic_rights(reg) & READ))
		return false;
	*value = read_register(lapic, reg);
	if (reg == APIC_REG_ICR)
		*value |= (uint64_t)lapic->state.icr_high << 32;
	return true;
}

static bool write_x2apic(struct lapic *lapic, unsigned reg, uint64_t value)
{
	if (!lapic_x2apic(lapic) || !(x2apic_rights(reg) & WRITE) ||
	    (value & x2apic_reserved(lapic, reg)))
		return false;
	if (reg == APIC_REG_SELF_IPI) {
		lapic_self_ipi(lapic, (uint8_t)value);
		return true;
	}
	if (reg == APIC_REG_ICR)
		lapic->state.icr_high = (uint32_t)(value >> 32);
	write_register(lapic, reg, (uint32_t)value);
	return true;
}

bool lapic_has_msr(const struct lapic *lapic, uint32_t index)
{
	if (index == APIC_MSR_TSC_DEADLINE)
		return lapic->config.tsc_deadline;
	return index == APIC_MSR_BASE ||
	       (index >= APIC_MSR_X2APIC && index <= APIC_MSR_X2APIC_LAST);
}

bool lapic_read_msr(struct lapic *lapic, uint32_t index, uint64_t *value)
{
	if (!lapic_has_msr(lapic, index))
		return false;
	switch (index) {
	case APIC_MSR_BASE:
		*value = lapic->state.base;
		return true;
	case APIC_MSR_TSC_DEADLINE:
		*value = lapic_timer_read_deadline(lapic);
		return true;
	}
	return read_x2apic(lapic, index - APIC_MSR_X2APIC, value);
}

bool lapic_write_msr(struct lapic *lapic, uint32_t index, uint64_t value)
{
	if (!lapic_has_msr(lapic, index))
		return false;
	switch (index) {
	case APIC_MSR_BASE:
		return lapic_write_base(lapic, value);
	case APIC_MSR_TSC_DEADLINE:
		lapic_timer_write_deadline(lapic, value);
		return true;
	}
	return write_x2apic(lapic, index - APIC_MSR_X2APIC, value);
}
