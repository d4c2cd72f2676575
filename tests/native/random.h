/* SPDX-License-Identifier: MIT */
#ifndef UDV_TESTS_NATIVE_RANDOM_H
#define UDV_TESTS_NATIVE_RANDOM_H

#include "state.h"

/* splitmix64: any state will do as a seed. */
struct random {
	uint64_t state;
};

static inline uint64_t random64(struct random *r)
{
	uint64_t z = r->state += 0x9e3779b97f4a7c15ull;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ull;
	z = (z ^ z >> 27) * 0x94d049bb133111ebull;
	return z ^ z >> 31;
}

static inline unsigned below(struct random *r, unsigned n)
{
	return (unsigned)((random64(r) >> 32) * n >> 32);
}

/* True in @percent of 100 cases. */
static inline bool chance(struct random *r, unsigned percent)
{
	return below(r, 100) < percent;
}

uint64_t random_value(struct random *r);

/* Vectors of all kinds, made once for many cases. */
#define POOL_SIZE 8192u
struct random_pool {
	union arch_vector vector[POOL_SIZE];
};
void random_fill_pool(struct random_pool *pool, uint64_t seed);
/* @size bytes, a multiple of 32, of consecutive ones. */
void random_bytes(struct random *r, const struct random_pool *pool, uint8_t *to, unsigned size);
/* Everything but RIP. */
void random_state(struct random *r, const struct random_pool *pool, struct state *state,
		  bool vectors);

#endif
