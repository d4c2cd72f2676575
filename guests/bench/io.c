// SPDX-License-Identifier: MIT
/* Reads of a port that costs a device model little: system control port B. */
#include "bench.h"

enum { PORT = 0x61 };

static u64 io(u64 rounds)
{
	u64 reads = 0;

	while (rounds--) {
		for (int i = 0; i < 1000; i++)
			in8(PORT), reads++;
	}
	return reads;
}

int main(int argc, char **argv)
{
	return bench(argc, argv, io, 40000, 1000);
}
