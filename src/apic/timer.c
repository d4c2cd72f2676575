/* SPDX-License-Identifier: MIT */
#include "apic/internal.h"

/*
 * The timer. SDM Vol 3A "APIC Timer". A count is never ticked down: timer_left is what it was at
 * timer_anchor, and time says the rest. Whoever changes mode or divisor first moves the anchor to
 * now (rebase), so that counting goes on from where it was.
 */

static uint32_t mode(const struct lapic *lapic)
{
	return lapic->state.lvt[APIC_LVT_TIMER] & APIC_LVT_TIMER_MODE;
}

/* Nanoseconds of one count: 2, 4, .. 128, 1. */
static uint32_t divisor(const struct lapic *lapic)
{
	uint32_t code = (lapic->state.timer_divide & 3u) | (lapic->state.timer_divide & 8u) >> 1;

	return code == 7 ? 1 : 2u << code;
}

static uint32_t count_at(const struct lapic *lapic, uint64_t now)
{
	const struct lapic_state *state = &lapic->state;
	uint64_t counted = (now - state->timer_anchor) / divisor(lapic);

	if (counted < state->timer_left)
		return state->timer_left - (uint32_t)counted;
	if (!state->timer_left || mode(lapic) != APIC_LVT_TIMER_PERIODIC)
		return 0;
	counted -= state->timer_left;
	return state->timer_initial - (uint32_t)(counted % state->timer_initial);
}

static void rebase(struct lapic *lapic, uint64_t now)
{
	struct lapic_state *state = &lapic->state;

	state->timer_left = count_at(lapic, now);
	/* What has passed of the count under way stays passed. */
	state->timer_anchor = now - (now - state->timer_anchor) % divisor(lapic);
}

static uint64_t saturating_add(uint64_t a, uint64_t b)
{
	return a + b < a ? VCLOCK_NEVER : a + b;
}

/* A masked timer counts without anybody being told. */
static void arm(struct lapic *lapic)
{
	const struct lapic_state *state = &lapic->state;
	uint64_t deadline = VCLOCK_NEVER;

	if (mode(lapic) == APIC_LVT_TIMER_TSC_DEADLINE) {
		uint64_t tsc = lapic->ops.tsc(lapic->ops.opaque);
		uint64_t left = state->tsc_deadline > tsc ? state->tsc_deadline - tsc : 0;

		if (state->tsc_deadline)
			deadline = saturating_add(vclock_now(lapic->clock),
						  vclock_when(left, lapic->config.tsc_hz));
	} else if (state->timer_left && !(state->lvt[APIC_LVT_TIMER] & APIC_LVT_MASKED)) {
		deadline = saturating_add(state->timer_anchor,
					  (uint64_t)state->timer_left * divisor(lapic));
	}
	vclock_arm(lapic->clock, &lapic->timer, deadline);
}

/* True if the deadline was reached: it is gone then, and the interrupt is raised. */
static bool deadline_reached(struct lapic *lapic)
{
	struct lapic_state *state = &lapic->state;

	if (!state->tsc_deadline || lapic->ops.tsc(lapic->ops.opaque) < state->tsc_deadline)
		return false;
	state->tsc_deadline = 0;
	vclock_cancel(lapic->clock, &lapic->timer);
	lapic_fire(lapic, APIC_LVT_TIMER);
	return true;
}

void lapic_timer_fire(void *opaque, uint64_t now)
{
	struct lapic *lapic = opaque;

	if (mode(lapic) == APIC_LVT_TIMER_TSC_DEADLINE) {
		if (!deadline_reached(lapic))
			arm(lapic);
		return;
	}
	rebase(lapic, now);
	arm(lapic);
	lapic_fire(lapic, APIC_LVT_TIMER);
}

void lapic_timer_stop(struct lapic *lapic)
{
	lapic->state.timer_left = 0;
	lapic->state.timer_initial = 0;
	lapic->state.timer_anchor = vclock_now(lapic->clock);
	lapic->state.tsc_deadline = 0;
	vclock_cancel(lapic->clock, &lapic->timer);
}

uint32_t lapic_timer_current(const struct lapic *lapic)
{
	return count_at(lapic, vclock_now(lapic->clock));
}

void lapic_timer_write_initial(struct lapic *lapic, uint32_t value)
{
	struct lapic_state *state = &lapic->state;

	if (mode(lapic) == APIC_LVT_TIMER_TSC_DEADLINE)
		return;
	vclock_catch_up(lapic->clock, &lapic->timer);
	state->timer_initial = state->timer_left = value;
	state->timer_anchor = vclock_now(lapic->clock);
	arm(lapic);
}

void lapic_timer_write_divide(struct lapic *lapic, uint8_t value)
{
	uint64_t now = vclock_now(lapic->clock);

	vclock_catch_up(lapic->clock, &lapic->timer);
	rebase(lapic, now);
	lapic->state.timer_divide = value & APIC_DIVIDE_WRITABLE;
	lapic->state.timer_anchor = now;
	arm(lapic);
}

/* To and from TSC-deadline mode nothing is kept; between the others counting goes on. */
void lapic_timer_write_lvt(struct lapic *lapic, uint32_t value)
{
	uint32_t *lvt = &lapic->state.lvt[APIC_LVT_TIMER];
	uint32_t changed = (*lvt ^ value) & APIC_LVT_TIMER_MODE;
	bool deadline = mode(lapic) == APIC_LVT_TIMER_TSC_DEADLINE ||
			(value & APIC_LVT_TIMER_MODE) == APIC_LVT_TIMER_TSC_DEADLINE;

	vclock_catch_up(lapic->clock, &lapic->timer);
	if (changed && deadline)
		lapic_timer_stop(lapic);
	else
		rebase(lapic, vclock_now(lapic->clock));
	*lvt = value;
	arm(lapic);
}

void lapic_timer_write_deadline(struct lapic *lapic, uint64_t value)
{
	if (mode(lapic) != APIC_LVT_TIMER_TSC_DEADLINE)
		return;
	lapic->state.tsc_deadline = value;
	if (!deadline_reached(lapic))
		arm(lapic);
}

uint64_t lapic_timer_read_deadline(const struct lapic *lapic)
{
	return lapic->state.tsc_deadline; /* 0 in the other modes */
}

void lapic_tsc_changed(struct lapic *lapic)
{
	if (mode(lapic) == APIC_LVT_TIMER_TSC_DEADLINE && !deadline_reached(lapic))
		arm(lapic);
}
