/* SPDX-License-Identifier: MIT */
#ifndef UDV_MACHINE_TIMELINE_H
#define UDV_MACHINE_TIMELINE_H

#include <stdint.h>

/*
 * Ticks of the time-stamp counter and nanoseconds of virtual time. Tick t begins at
 * t * 10^6 / tsc_khz nanoseconds, rounded down; the arithmetic is exact, whatever t.
 */

#define TIMELINE_NEVER UINT64_MAX

/* The time of a tick; TIMELINE_NEVER if it does not fit. */
uint64_t timeline_ns(uint64_t ticks, uint64_t tsc_khz);
/* The first tick at which timeline_ns() is at least @ns; TIMELINE_NEVER if it does not fit. */
uint64_t timeline_ticks(uint64_t ns, uint64_t tsc_khz);

#endif
