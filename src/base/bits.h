/* SPDX-License-Identifier: MIT */
#ifndef UDV_BASE_BITS_H
#define UDV_BASE_BITS_H

#include <stdint.h>

#define BIT(n) (1ull << (n))
/* Bits high..low, inclusive. */
#define BITS(high, low) ((~0ull >> (63 - (high))) & (~0ull << (low)))

#define likely(x) __builtin_expect(!!(x), 1)
#define unlikely(x) __builtin_expect(!!(x), 0)
#define ALWAYS_INLINE static inline __attribute__((always_inline))
#define NOINLINE __attribute__((noinline))
#define COLD __attribute__((noinline, cold))

/* Bits 63..low; none if low is 64. */
static inline uint64_t bits_from(unsigned low)
{
	return low > 63 ? 0 : ~0ull << low;
}

/* Bits 51..low, the part of an entry's address field that a MAXPHYADDR of @low reserves. */
static inline uint64_t address_bits_from(unsigned low)
{
	return bits_from(low) & BITS(51, 0);
}

/* The canonical address whose lowest @width bits, 1 to 64, are @address's. */
ALWAYS_INLINE uint64_t canonical_of(uint64_t address, unsigned width)
{
	unsigned above = 64 - width;

	return (uint64_t)((int64_t)(address << above) >> above);
}

#endif
