/* SPDX-License-Identifier: MIT */
#include "machine/timeline.h"

#define NS_PER_MS 1000000u

typedef unsigned __int128 u128;

static uint64_t narrow(u128 value)
{
	return value >= TIMELINE_NEVER ? TIMELINE_NEVER : (uint64_t)value;
}

uint64_t timeline_ns(uint64_t ticks, uint64_t tsc_khz)
{
	return narrow((u128)ticks * NS_PER_MS / tsc_khz);
}

uint64_t timeline_ticks(uint64_t ns, uint64_t tsc_khz)
{
	if (ns == TIMELINE_NEVER)
		return TIMELINE_NEVER;
	/* floor(t * m / k) >= ns exactly if t * m >= ns * k */
	return narrow(((u128)ns * tsc_khz + NS_PER_MS - 1) / NS_PER_MS);
}
