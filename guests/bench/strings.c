// SPDX-License-Identifier: MIT
/* REP MOVSQ and REP STOSQ over 64 KBytes. */
#include "bench.h"

enum { WORDS = 8192 };

static u64 from[WORDS], to[WORDS];

static u64 strings(u64 rounds)
{
	u64 sum = 0;

	for (u32 i = 0; i < WORDS; i++)
		from[i] = (i + 1) * 0x9e3779b97f4a7c15ull;
	while (rounds--) {
		void *d = to, *s = from;
		u64 count = WORDS;

		asm volatile("rep movsq" : "+D"(d), "+S"(s), "+c"(count)::"memory");
		sum += to[rounds & (WORDS - 1)];
		d = to;
		count = WORDS;
		asm volatile("rep stosq" : "+D"(d), "+c"(count) : "a"(sum) : "memory");
		sum ^= to[rounds * 31 & (WORDS - 1)] << 1;
	}
	return sum;
}

int main(int argc, char **argv)
{
	return bench(argc, argv, strings, 40000, 0xa2598acb81de843f);
}
