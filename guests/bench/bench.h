/* SPDX-License-Identifier: MIT */
/*
 * A benchmark is a function of a count whose value depends on the work alone. The image takes the
 * count as its argument, checks the value for one round, and prints the value for that many.
 */
#ifndef GUEST_BENCH_H
#define GUEST_BENCH_H

#include "guest.h"

typedef u64 bench_t(u64 rounds);

static inline int bench(int argc, char **argv, bench_t *function, u64 rounds, u64 one)
{
	rounds = argument_number(argc, argv, 1, rounds);
	CHECK_NAMED("one round", function(1), one);
	print("%llu rounds: 0x%llx\n", rounds, rounds ? function(rounds) : 0);
	return 0;
}

#endif
