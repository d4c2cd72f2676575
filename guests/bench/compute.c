// SPDX-License-Identifier: MIT
/* What compilers make of ordinary C: a sieve, a sort, a table-driven checksum. */
#include "bench.h"

enum { LIMIT = 1 << 16, ITEMS = 1 << 13, BYTES = 1 << 16, CRC_POLYNOMIAL = (int)0xedb88320 };

static u8 composite[LIMIT];
static u32 items[ITEMS];
static u32 table[256];

static u32 sieve(void)
{
	u32 primes = 0;

	for (u32 i = 0; i < LIMIT; i++)
		composite[i] = 0;
	for (u32 i = 2; i < LIMIT; i++) {
		if (composite[i])
			continue;
		primes++;
		for (u32 j = i + i; j < LIMIT; j += i)
			composite[j] = 1;
	}
	return primes;
}

static void sort(u32 *low, u32 *high)
{
	while (low < high) {
		u32 pivot = low[(high - low) / 2];
		u32 *left = low, *right = high;

		while (left <= right) {
			while (*left < pivot)
				left++;
			while (*right > pivot)
				right--;
			if (left <= right) {
				u32 swap = *left;
				*left++ = *right;
				*right-- = swap;
			}
		}
		sort(low, right);
		low = left;
	}
}

static u32 crc(u32 value, const u8 *bytes, u32 count)
{
	value = ~value;
	for (u32 i = 0; i < count; i++)
		value = table[(u8)value ^ bytes[i]] ^ value >> 8;
	return ~value;
}

static u64 compute(u64 rounds)
{
	u64 sum = 0;
	u32 seed = 1;

	for (u32 i = 0; i < 256; i++) {
		table[i] = i;
		for (int bit = 0; bit < 8; bit++)
			table[i] = table[i] >> 1 ^ ((table[i] & 1) ? (u32)CRC_POLYNOMIAL : 0);
	}
	while (rounds--) {
		sum += sieve();
		for (u32 i = 0; i < ITEMS; i++)
			items[i] = seed = seed * 1664525 + 1013904223;
		sort(items, items + ITEMS - 1);
		sum = sum << 32 | crc((u32)sum, (const u8 *)items, sizeof(items));
		sum += (u64)crc((u32)sum, composite, LIMIT) << 16;
	}
	return sum;
}

int main(int argc, char **argv)
{
	return bench(argc, argv, compute, 200, 0xf048f16027df);
}
