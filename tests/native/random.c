/* SPDX-License-Identifier: MIT */
#include "random.h"

#include <string.h>

#include "cpu/handler.h"

/* Any bits, small numbers of either sign, and the ends of the ranges of all widths. */
uint64_t random_value(struct random *r)
{
	uint64_t v = random64(r);

	switch (v & 7) {
	case 0:
		return v >> 58; /* 0..63 */
	case 1:
		return (uint64_t)((int64_t)v >> 58);
	case 2:
		return (1ull << (v >> 58)) - (v >> 5 & 1);
	case 3:
		return ~(1ull << (v >> 58)) + (v >> 5 & 1);
	case 4:
		return v >> (v >> 3 & 63);
	default:
		return random64(r);
	}
}

/* A sign, a biased exponent, a fraction: each often at an end of its range. */
static uint64_t random_float(struct random *r, unsigned exponent_bits, unsigned fraction_bits)
{
	uint64_t v = random64(r), max = (1ull << exponent_bits) - 1;
	uint64_t fraction = random64(r), exponent = v >> 32 & max;

	if (v & 1)
		exponent = (max >> 1) - 8 + (v >> 4 & 15);
	else if (!(v & 6))
		exponent = v & 8 ? max : 0;
	if (!(v & 0x30))
		fraction = 0;
	else if (!(v & 0xc0))
		fraction &= fraction << 7 & fraction << 21;
	fraction &= (1ull << fraction_bits) - 1;
	return v >> 63 << (exponent_bits + fraction_bits) | exponent << fraction_bits | fraction;
}

static void random_vector(struct random *r, union arch_vector *v)
{
	unsigned kind = (unsigned)(random64(r) >> 61);

	for (unsigned i = 0; i < 4; i++) {
		switch (kind) {
		case 0:
		case 1:
			v->u64[i] = random64(r);
			break;
		case 2:
			v->u64[i] = random_value(r);
			break;
		case 3:
			v->u64[i] = random64(r) & 0x8101810181018101ull;
			break;
		case 4:
		case 5:
			v->u64[i] = random_float(r, 11, 52);
			break;
		default:
			v->u32[2 * i] = (uint32_t)random_float(r, 8, 23);
			v->u32[2 * i + 1] = (uint32_t)random_float(r, 8, 23);
			break;
		}
	}
}

void random_fill_pool(struct random_pool *pool, uint64_t seed)
{
	struct random r = { seed };

	for (unsigned i = 0; i < POOL_SIZE; i++)
		random_vector(&r, &pool->vector[i]);
}

void random_bytes(struct random *r, const struct random_pool *pool, uint8_t *to, unsigned size)
{
	memcpy(to, &pool->vector[below(r, POOL_SIZE - size / 32)], size);
}

static void random_f80(struct random *r, struct arch_f80 *f)
{
	uint64_t v = random64(r);

	f->significand = random_value(r) | (v & 7 ? 1ull << 63 : 0);
	f->sign_exponent = (uint16_t)(v >> 48);
	if (v & 8)
		f->sign_exponent = (uint16_t)((v >> 63 << 15) | (0x3fff - 32 + (v >> 50 & 63)));
	else if (!(v & 0x30))
		f->sign_exponent = (uint16_t)((v >> 63 << 15) | (v & 0x40 ? 0x7fff : 0));
	if ((v & 0x300) == 0x300)
		f->significand = v & 0x400 ? 1ull << 63 : 0;
}

void random_state(struct random *r, const struct random_pool *pool, struct state *state,
		  bool vectors)
{
	uint64_t v = random64(r);

	for (unsigned i = 0; i < 16; i++)
		state->gpr[i] = random_value(r);
	for (unsigned i = 0; i < 16; i++)
		if (chance(r, 5)) /* comparisons are to find equal ones */
			state->gpr[i] = state->gpr[below(r, 16)];
	state->rflags = (random64(r) & FLAGS_STATUS) | FLAG_ONE | FLAG_IF;
	state->rflags |= v & 1 ? FLAG_DF : 0;
	state->rflags |= v & 2 ? FLAG_ID : 0;
	state->rflags |= (v & 0x3c) ? 0 : FLAG_AC;
	if (!vectors)
		return;
	for (unsigned i = 0; i < 16; i++)
		state->ymm[i] = pool->vector[below(r, POOL_SIZE)];
	for (unsigned i = 0; i < 16; i++)
		if (chance(r, 10))
			state->ymm[i] = state->ymm[below(r, 16)];
	memset(state->st, 0, sizeof(state->st));
	for (unsigned i = 0; i < 8; i++)
		random_f80(r, &state->st[i]);
	state->mxcsr = (uint32_t)(v >> 8 & 0xe07f) | 0x1f80;
	if (!(v & 0x7000000))
		state->mxcsr &= ~(uint32_t)(v >> 24 & 0x1f80);
	state->control = (uint16_t)(0x7f | (v >> 40 & 0x0f00));
	state->status = (uint16_t)(v >> 44 & 0x7f00);
	state->empty = (uint8_t)(v & 0x40 ? 0 : v >> 56);
	if (v & 0x80)
		state->status |= (uint16_t)(v >> 32 & 0x7f);
	if ((v & 0x38) == 0x38) { /* what is unmasked is not pending */
		state->control &= (uint16_t) ~(v >> 52 & 0x3f);
		state->status &= (uint16_t)(state->control | 0xff40);
	}
}
