// SPDX-License-Identifier: MIT
/* A new address space, then one access to each of 512 pages: every one a miss and a walk. */
#include "bench.h"

enum { PAGES = 512 };

#define WINDOW 0x8000000000ull

static u64 tlb(u64 rounds)
{
	u64 sum = 0, root = root_new(), old = read_cr3();

	for (u32 i = 0; i < PAGES; i++) {
		u64 *page = page_new();

		page[i & 7] = i * 3 + 1;
		map(root, WINDOW + i * 4096, (u64)page | PTE_P | PTE_W, 1);
	}
	while (rounds--) {
		write_cr3(root);
		for (u32 i = 0; i < PAGES; i++)
			sum += ((volatile u64 *)(WINDOW + i * 4096))[i & 7];
		sum = sum << 1 | sum >> 63;
	}
	write_cr3(old);
	return sum;
}

int main(int argc, char **argv)
{
	return bench(argc, argv, tlb, 30000, 0xbfe00);
}
