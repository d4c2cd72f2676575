/* SPDX-License-Identifier: MIT */
#ifndef UDV_BASE_CLOCK_H
#define UDV_BASE_CLOCK_H

#include <stdbool.h>
#include <stdint.h>

/*
 * Virtual time and the timers on it. Time is what the owner says, in nanoseconds; it never goes
 * back. A timer is made known once, when the machine is built, and that order is also the order
 * in which timers with the same deadline fire: a run does not depend on when they were armed.
 *
 * Invariant: next is the smallest deadline of all armed timers, or VCLOCK_NEVER.
 */

#define VCLOCK_NEVER UINT64_MAX
#define VCLOCK_SECOND 1000000000ull
#define VCLOCK_MAX_TIMERS 288

struct vtimer {
	uint64_t deadline; /* VCLOCK_NEVER unless armed */
	bool armed;
	uint32_t round; /* of the vclock_run_due() that fired it last */
	/* @now: at or after the deadline. The timer is no longer armed and may be armed again. */
	void (*fire)(void *opaque, uint64_t now);
	void *opaque;
};

struct vclock {
	uint64_t next;
	uint32_t round;
	unsigned nr_timers;
	struct vtimer *timer[VCLOCK_MAX_TIMERS];
	uint64_t (*now)(void *opaque);
	/* The next deadline came nearer: a slice that runs past it is to be cut. May be NULL. */
	void (*deadline_changed)(void *opaque, uint64_t deadline);
	void *opaque;
};

void vclock_init(struct vclock *clock, uint64_t (*now)(void *opaque),
		 void (*deadline_changed)(void *opaque, uint64_t deadline), void *opaque);

/* False if there is no room. */
bool vclock_add(struct vclock *clock, struct vtimer *timer,
		void (*fire)(void *opaque, uint64_t now), void *opaque);

static inline uint64_t vclock_now(const struct vclock *clock)
{
	return clock->now(clock->opaque);
}

/* VCLOCK_NEVER as a deadline cancels. A deadline in the past fires at the next run. */
void vclock_arm(struct vclock *clock, struct vtimer *timer, uint64_t deadline);
void vclock_cancel(struct vclock *clock, struct vtimer *timer);

static inline uint64_t vclock_next_deadline(const struct vclock *clock)
{
	return clock->next;
}

/*
 * Fires what is due at @now, by deadline, each timer at most once: one that arms itself again for
 * a time that has passed waits for the next call, so that no guest can hold the host here.
 */
void vclock_run_due(struct vclock *clock, uint64_t now);

/* Fires @timer if it is due: before what it stands for is changed in the middle of a slice. */
void vclock_catch_up(struct vclock *clock, struct vtimer *timer);

/*
 * To be called after deadline and armed of timers were written from outside: a snapshot holds
 * these two of each, in the order in which the timers were made known.
 */
void vclock_refresh(struct vclock *clock);

/* Ticks of a @hz clock that have passed at @ns, rounded down. Exact for every @ns. */
static inline uint64_t vclock_ticks(uint64_t ns, uint64_t hz)
{
	return ns / VCLOCK_SECOND * hz + ns % VCLOCK_SECOND * hz / VCLOCK_SECOND;
}

/* The first nanosecond at which vclock_ticks() is @ticks; VCLOCK_NEVER if it does not fit. */
uint64_t vclock_when(uint64_t ticks, uint64_t hz);

#endif
