/* SPDX-License-Identifier: MIT */
#include "base/clock.h"

#include <stddef.h>

void vclock_init(struct vclock *clock, uint64_t (*now)(void *opaque),
		 void (*deadline_changed)(void *opaque, uint64_t deadline), void *opaque)
{
	*clock = (struct vclock){
		.next = VCLOCK_NEVER,
		.now = now,
		.deadline_changed = deadline_changed,
		.opaque = opaque,
	};
}

bool vclock_add(struct vclock *clock, struct vtimer *timer,
		void (*fire)(void *opaque, uint64_t now), void *opaque)
{
	if (clock->nr_timers == VCLOCK_MAX_TIMERS)
		return false;
	*timer = (struct vtimer){ .deadline = VCLOCK_NEVER, .fire = fire, .opaque = opaque };
	clock->timer[clock->nr_timers++] = timer;
	return true;
}

void vclock_refresh(struct vclock *clock)
{
	clock->next = VCLOCK_NEVER;
	for (unsigned i = 0; i < clock->nr_timers; i++) {
		const struct vtimer *timer = clock->timer[i];

		if (timer->armed && timer->deadline < clock->next)
			clock->next = timer->deadline;
	}
}

void vclock_arm(struct vclock *clock, struct vtimer *timer, uint64_t deadline)
{
	uint64_t before = clock->next;
	bool was_next = timer->armed && timer->deadline == before;

	timer->armed = deadline != VCLOCK_NEVER;
	timer->deadline = deadline;
	if (was_next)
		vclock_refresh(clock);
	else if (deadline < before)
		clock->next = deadline;
	if (clock->next < before && clock->deadline_changed)
		clock->deadline_changed(clock->opaque, clock->next);
}

void vclock_cancel(struct vclock *clock, struct vtimer *timer)
{
	if (timer->armed)
		vclock_arm(clock, timer, VCLOCK_NEVER);
}

/* The first that is due and has not fired in this round; the earlier made known wins a tie. */
static struct vtimer *first_due(struct vclock *clock, uint64_t now)
{
	struct vtimer *first = NULL;

	for (unsigned i = 0; i < clock->nr_timers; i++) {
		struct vtimer *timer = clock->timer[i];

		if (timer->armed && timer->deadline <= now && timer->round != clock->round &&
		    (!first || timer->deadline < first->deadline))
			first = timer;
	}
	return first;
}

void vclock_run_due(struct vclock *clock, uint64_t now)
{
	struct vtimer *timer;

	if (clock->next > now)
		return;
	if (!++clock->round)
		clock->round = 1; /* 0 is what timers start with */
	while ((timer = first_due(clock, now)) != NULL) {
		timer->round = clock->round;
		timer->armed = false;
		timer->deadline = VCLOCK_NEVER;
		timer->fire(timer->opaque, now);
	}
	vclock_refresh(clock);
}

void vclock_catch_up(struct vclock *clock, struct vtimer *timer)
{
	uint64_t now = vclock_now(clock);

	if (!timer->armed || timer->deadline > now)
		return;
	vclock_cancel(clock, timer);
	timer->fire(timer->opaque, now);
}

uint64_t vclock_when(uint64_t ticks, uint64_t hz)
{
	uint64_t seconds = ticks / hz, rest = ticks % hz;

	if (seconds >= VCLOCK_NEVER / VCLOCK_SECOND)
		return VCLOCK_NEVER;
	return seconds * VCLOCK_SECOND + (rest * VCLOCK_SECOND + hz - 1) / hz;
}
