/* SPDX-License-Identifier: MIT */
#include "apic/internal.h"

#include <string.h>

#include "base/bits.h"

#define NO_VECTOR (-1)
#define LOWEST_VECTOR 16 /* 0..15 are illegal */

/* ---------------------------------------------------------------- 256-bit registers */

static void set_vector(uint32_t *bits, uint8_t vector, bool value)
{
	uint32_t bit = 1u << (vector & 31);

	bits[vector >> 5] = value ? bits[vector >> 5] | bit : bits[vector >> 5] & ~bit;
}

static bool has_vector(const uint32_t *bits, uint8_t vector)
{
	return bits[vector >> 5] >> (vector & 31) & 1;
}

static int highest_vector(const uint32_t *bits)
{
	for (int i = 7; i >= 0; i--)
		if (bits[i])
			return i * 32 + 31 - __builtin_clz(bits[i]);
	return NO_VECTOR;
}

/* The priority class of a vector in the place where registers have it; 0 of none. */
static uint8_t class_of(int vector)
{
	return vector < 0 ? 0 : (uint8_t)(vector & 0xf0);
}

/* ---------------------------------------------------------------- priorities */

uint8_t lapic_ppr(const struct lapic *lapic)
{
	uint8_t tpr = lapic->state.tpr, isr = class_of(highest_vector(lapic->state.isr));

	return (tpr & 0xf0) >= isr ? tpr : isr;
}

/* SDM Vol 3A "Arbitration Priority Register" */
uint8_t lapic_apr(const struct lapic *lapic)
{
	uint8_t tpr = lapic->state.tpr;
	uint8_t isr = class_of(highest_vector(lapic->state.isr));
	uint8_t irr = class_of(highest_vector(lapic->state.irr));
	uint8_t above = isr > irr ? isr : irr;

	if ((tpr & 0xf0) >= irr && (tpr & 0xf0) > isr)
		return tpr;
	return (tpr & 0xf0) > above ? tpr & 0xf0 : above;
}

/* The 8259 asks, and its INTR gets through: with the APIC disabled, LINT0 is INTR itself. */
static bool external_pending(const struct lapic *lapic)
{
	uint32_t lvt = lapic->state.lvt[APIC_LVT_LINT0];

	if (!lapic->state.lint[0] || !lapic->bus->external)
		return false;
	if (!lapic_enabled(lapic))
		return true;
	return !(lvt & APIC_LVT_MASKED) &&
	       (lvt & APIC_LVT_MODE) >> APIC_LVT_MODE_SHIFT == APIC_MODE_EXTINT;
}

/* The vector that may interrupt now, or NO_VECTOR. */
static int pending_vector(const struct lapic *lapic)
{
	int vector = highest_vector(lapic->state.irr);

	return class_of(vector) > (lapic_ppr(lapic) & 0xf0) ? vector : NO_VECTOR;
}

bool lapic_deliverable(const struct lapic *lapic)
{
	return external_pending(lapic) || pending_vector(lapic) != NO_VECTOR;
}

void lapic_update(struct lapic *lapic)
{
	bool pending = lapic_deliverable(lapic);

	if (pending == lapic->state.requested)
		return;
	lapic->state.requested = pending;
	lapic->ops.set_interrupt(lapic->ops.opaque, pending);
}

int lapic_acknowledge(struct lapic *lapic)
{
	int vector;

	/* The 8259's interrupts know no priority here. The 8259 lowers LINT0 as it answers. */
	if (external_pending(lapic))
		return lapic->bus->external(lapic->bus->external_opaque);
	vector = pending_vector(lapic);
	if (vector == NO_VECTOR)
		return NO_VECTOR;
	set_vector(lapic->state.irr, (uint8_t)vector, false);
	set_vector(lapic->state.isr, (uint8_t)vector, true);
	lapic_update(lapic);
	return vector;
}

void lapic_write_cr8(struct lapic *lapic, uint8_t value)
{
	lapic->state.tpr = (uint8_t)(value << 4);
	lapic_update(lapic);
}

/* ---------------------------------------------------------------- taking interrupts */

/* Errors raise their interrupt once; writing ESR arms it again. */
void lapic_error(struct lapic *lapic, uint8_t error)
{
	bool first = !lapic->state.errors;

	lapic->state.errors |= error;
	if (first)
		lapic_fire(lapic, APIC_LVT_ERROR);
}

/* False if the APIC takes none, by SVR. */
bool lapic_accept(struct lapic *lapic, uint8_t vector, bool level)
{
	if (!(lapic->state.svr & APIC_SVR_ENABLE))
		return false;
	if (vector < LOWEST_VECTOR) {
		lapic_error(lapic, APIC_ESR_RECEIVE_ILLEGAL);
		return false;
	}
	set_vector(lapic->state.tmr, vector, level);
	set_vector(lapic->state.irr, vector, true);
	lapic_update(lapic);
	return true;
}

bool lapic_deliver(struct lapic *lapic, const struct apic_message *message)
{
	switch (message->mode) {
	case APIC_MODE_FIXED:
	case APIC_MODE_LOWEST:
		return lapic_accept(lapic, message->vector, message->level);
	case APIC_MODE_NMI:
		lapic->ops.nmi(lapic->ops.opaque);
		return true;
	case APIC_MODE_INIT:
		lapic->ops.init(lapic->ops.opaque);
		return true;
	case APIC_MODE_SIPI:
		lapic->ops.sipi(lapic->ops.opaque, message->vector);
		return true;
	}
	return false;
}

/* ---------------------------------------------------------------- local interrupts */

static bool is_lint(enum apic_lvt entry)
{
	return entry == APIC_LVT_LINT0 || entry == APIC_LVT_LINT1;
}

uint32_t lapic_lvt_writable(const struct lapic *lapic, enum apic_lvt entry)
{
	uint32_t bits = APIC_LVT_VECTOR | APIC_LVT_MASKED;

	if (entry == APIC_LVT_TIMER)
		return bits |
		       (lapic->config.tsc_deadline ? APIC_LVT_TIMER_MODE : APIC_LVT_TIMER_PERIODIC);
	if (entry != APIC_LVT_ERROR)
		bits |= APIC_LVT_MODE;
	return is_lint(entry) ? bits | APIC_LVT_LEVEL | APIC_LVT_POLARITY : bits;
}

static enum apic_delivery_mode lvt_mode(const struct lapic *lapic, enum apic_lvt entry)
{
	return (lapic->state.lvt[entry] & APIC_LVT_MODE) >> APIC_LVT_MODE_SHIFT;
}

/* A level-triggered pin interrupts again only after the EOI. */
static void fire_fixed(struct lapic *lapic, enum apic_lvt entry)
{
	uint32_t *lvt = &lapic->state.lvt[entry];
	bool level = *lvt & APIC_LVT_LEVEL;

	if (level && (*lvt & APIC_LVT_REMOTE_IRR))
		return;
	if (lapic_accept(lapic, (uint8_t)*lvt, level) && level)
		*lvt |= APIC_LVT_REMOTE_IRR;
}

/* The event of an LVT entry happens. */
void lapic_fire(struct lapic *lapic, enum apic_lvt entry)
{
	if (lapic->state.lvt[entry] & APIC_LVT_MASKED)
		return;
	switch (lvt_mode(lapic, entry)) {
	case APIC_MODE_FIXED:
		fire_fixed(lapic, entry);
		break;
	case APIC_MODE_NMI:
		lapic->ops.nmi(lapic->ops.opaque);
		break;
	case APIC_MODE_INIT:
		lapic->ops.init(lapic->ops.opaque);
		break;
	default: /* ExtINT is a level, seen by external_pending() */
		break;
	}
	/* SDM Vol 3B "Processor Event-Based Sampling": the entry masks itself when it delivers. */
	if (entry == APIC_LVT_PERF)
		lapic->state.lvt[entry] |= APIC_LVT_MASKED;
}

void lapic_raise_local(struct lapic *lapic, enum apic_lvt entry)
{
	lapic_fire(lapic, entry);
}

static bool is_level_pin(const struct lapic *lapic, enum apic_lvt entry)
{
	return is_lint(entry) && lvt_mode(lapic, entry) == APIC_MODE_FIXED &&
	       (lapic->state.lvt[entry] & APIC_LVT_LEVEL);
}

void lapic_set_lint(struct lapic *lapic, unsigned pin, bool level)
{
	enum apic_lvt entry = pin ? APIC_LVT_LINT1 : APIC_LVT_LINT0;
	bool *line = &lapic->state.lint[pin != 0];
	bool rises = level && !*line;

	*line = level;
	if (rises && lapic_enabled(lapic))
		lapic_fire(lapic, entry);
	else if (rises && pin) /* the pin is NMI */
		lapic->ops.nmi(lapic->ops.opaque);
	lapic_update(lapic);
}

void lapic_write_lvt(struct lapic *lapic, enum apic_lvt entry, uint32_t value)
{
	uint32_t *lvt = &lapic->state.lvt[entry], remote_irr = *lvt & APIC_LVT_REMOTE_IRR;

	value &= lapic_lvt_writable(lapic, entry);
	if (!(lapic->state.svr & APIC_SVR_ENABLE))
		value |= APIC_LVT_MASKED;
	if (entry == APIC_LVT_TIMER) {
		lapic_timer_write_lvt(lapic, value);
		return;
	}
	*lvt = value;
	if (is_level_pin(lapic, entry)) {
		*lvt |= remote_irr;
		if (lapic->state.lint[entry - APIC_LVT_LINT0])
			lapic_fire(lapic, entry);
	}
	lapic_update(lapic); /* LINT0 may have become ExtINT */
}

void lapic_write_svr(struct lapic *lapic, uint32_t value)
{
	lapic->state.svr = value & APIC_SVR_WRITABLE;
	if (value & APIC_SVR_ENABLE)
		return;
	for (unsigned i = 0; i < NR_APIC_LVTS; i++)
		lapic_write_lvt(lapic, i, lapic->state.lvt[i] | APIC_LVT_MASKED);
}

/* ---------------------------------------------------------------- end of interrupt */

static void end_pins(struct lapic *lapic, uint8_t vector)
{
	for (unsigned i = 0; i < 2; i++) {
		uint32_t *lvt = &lapic->state.lvt[APIC_LVT_LINT0 + i];

		if (!(*lvt & APIC_LVT_REMOTE_IRR) || (uint8_t)*lvt != vector)
			continue;
		*lvt &= ~APIC_LVT_REMOTE_IRR;
		if (lapic->state.lint[i])
			lapic_fire(lapic, APIC_LVT_LINT0 + i);
	}
}

void lapic_eoi(struct lapic *lapic)
{
	int vector = highest_vector(lapic->state.isr);

	if (vector == NO_VECTOR)
		return;
	set_vector(lapic->state.isr, (uint8_t)vector, false);
	if (has_vector(lapic->state.tmr, (uint8_t)vector)) {
		end_pins(lapic, (uint8_t)vector);
		if (lapic->bus->eoi)
			lapic->bus->eoi(lapic->bus->eoi_opaque, (uint8_t)vector);
	}
	lapic_update(lapic);
}

/* ---------------------------------------------------------------- mode and reset */

/* Everything but the address, the mode, the IDs and the pins. */
static void reset_registers(struct lapic *lapic)
{
	struct lapic_state *state = &lapic->state;

	memset(state->isr, 0, sizeof(state->isr));
	memset(state->tmr, 0, sizeof(state->tmr));
	memset(state->irr, 0, sizeof(state->irr));
	for (unsigned i = 0; i < NR_APIC_LVTS; i++)
		state->lvt[i] = APIC_LVT_MASKED;
	state->ldr = lapic_x2apic(lapic) ? lapic_x2apic_ldr(lapic) : 0;
	state->dfr = 0xffffffff;
	state->svr = 0xff;
	state->icr_low = state->icr_high = 0;
	state->esr = state->errors = 0;
	state->timer_divide = 0;
	lapic_timer_stop(lapic);
}

void lapic_init_signal(struct lapic *lapic)
{
	lapic->state.tpr = 0;
	reset_registers(lapic);
	lapic_update(lapic);
}

void lapic_reset(struct lapic *lapic)
{
	struct lapic_state *state = &lapic->state;
	uint64_t before = state->base;

	state->base =
		APIC_DEFAULT_BASE | APIC_BASE_ENABLE | (lapic->config.bsp ? APIC_BASE_BSP : 0);
	state->xapic_id = (uint8_t)lapic->config.id;
	lapic_init_signal(lapic);
	if (before != state->base && lapic->ops.base_changed)
		lapic->ops.base_changed(lapic->ops.opaque, before, state->base);
}

void lapic_firmware_setup(struct lapic *lapic)
{
	lapic_write_svr(lapic, APIC_SVR_ENABLE | 0xff);
	if (!lapic->config.bsp)
		return;
	lapic_write_lvt(lapic, APIC_LVT_LINT0, APIC_MODE_EXTINT << APIC_LVT_MODE_SHIFT);
	lapic_write_lvt(lapic, APIC_LVT_LINT1, APIC_MODE_NMI << APIC_LVT_MODE_SHIFT);
}

/* SDM Vol 3A "x2APIC State Transitions": the illegal ones. */
static bool base_allowed(const struct lapic *lapic, uint64_t value)
{
	bool enable = value & APIC_BASE_ENABLE, x2apic = value & APIC_BASE_X2APIC;

	if (value & (APIC_BASE_RESERVED_LOW | bits_from(lapic->config.maxphyaddr)))
		return false;
	if (x2apic && (!enable || !lapic->config.x2apic))
		return false;
	if (lapic_x2apic(lapic))
		return x2apic || !enable;
	return lapic_enabled(lapic) || !x2apic;
}

bool lapic_write_base(struct lapic *lapic, uint64_t value)
{
	uint64_t before = lapic->state.base;

	if (!base_allowed(lapic, value))
		return false;
	lapic->state.base = value;
	if ((before & ~value) & APIC_BASE_ENABLE) {
		reset_registers(lapic);
		lapic->state.xapic_id = (uint8_t)lapic->config.id;
	} else if ((value & ~before) & APIC_BASE_X2APIC) {
		lapic->state.ldr = lapic_x2apic_ldr(lapic);
	}
	if (before != value && lapic->ops.base_changed)
		lapic->ops.base_changed(lapic->ops.opaque, before, value);
	lapic_update(lapic);
	return true;
}

bool lapic_init(struct lapic *lapic, const struct lapic_config *config, const struct lapic_ops *ops,
		struct apic_bus *bus, struct vclock *clock)
{
	if (bus->nr_lapics == APIC_BUS_MAX || (config->tsc_deadline && !config->tsc_hz))
		return false;
	memset(lapic, 0, sizeof(*lapic));
	lapic->config = *config;
	lapic->ops = *ops;
	lapic->bus = bus;
	lapic->clock = clock;
	if (!vclock_add(clock, &lapic->timer, lapic_timer_fire, lapic))
		return false;
	bus->lapic[bus->nr_lapics++] = lapic;
	lapic_reset(lapic);
	return true;
}
