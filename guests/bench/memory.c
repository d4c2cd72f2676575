// SPDX-License-Identifier: MIT
/* A copy loop of words, and a chain of pointers through as much as a second-level cache holds. */
#include "bench.h"

enum { WORDS = 1 << 15, LINKS = 1 << 13, LINK_SIZE = 64 };

static u64 from[WORDS], to[WORDS];
static struct {
	u32 next;
	u8 unused[LINK_SIZE - 4];
} links[LINKS] __attribute__((aligned(LINK_SIZE)));

/* An odd multiplier and increment visit every link before the first again. */
static void prepare(void)
{
	for (u32 i = 0; i < LINKS; i++)
		links[i].next = (i * 1229 + 3571) & (LINKS - 1);
	for (u32 i = 0; i < WORDS; i++)
		from[i] = (u64)i * 0x9e3779b97f4a7c15ull;
}

static u64 memory(u64 rounds)
{
	u64 sum = 0;
	u32 at = 0;

	prepare();
	for (u64 round = 0; round < rounds; round++) {
		for (u32 i = 0; i < WORDS; i++)
			((volatile u64 *)to)[i] = ((volatile u64 *)from)[i];
		for (u32 i = 0; i < LINKS * 4; i++) {
			at = ((volatile u32 *)&links[at].next)[0];
			sum += at ^ i;
		}
		from[round & (WORDS - 1)] ^= sum;
		sum += to[(round * 97) & (WORDS - 1)];
	}
	return sum;
}

int main(int argc, char **argv)
{
	return bench(argc, argv, memory, 1500, 0x20138000);
}
