/* SPDX-License-Identifier: MIT */
#include "random.h"

#include "base/bits.h"

#include <stdlib.h>

/* A Weyl sequence, its words mixed by two multiplications. */
uint64_t random_bits(struct random *r)
{
	uint64_t x = r->state += 0x9e3779b97f4a7c15u;

	x = (x ^ x >> 31) * 0xd6e8feb86659fd93u;
	x = (x ^ x >> 29) * 0xa0761d6478bd642fu;
	return x ^ x >> 32;
}

unsigned random_below(struct random *r, unsigned limit)
{
	return (unsigned)((random_bits(r) >> 32) * limit >> 32);
}

/* @width bits, among them none, all, one, a few on top, a few at the bottom. */
static uint64_t random_fraction(struct random *r, unsigned width)
{
	uint64_t all = BITS(width - 1, 0), bits = random_bits(r) & all;

	switch (random_below(r, 10)) {
	case 0:
		return 0;
	case 1:
		return all;
	case 2:
		return BIT(random_below(r, width));
	case 3:
		return all ^ BIT(random_below(r, width));
	case 4:
		return bits & ~(all >> random_below(r, 12));
	case 5:
		return bits >> random_below(r, width);
	case 6:
		return all & ~(all >> random_below(r, width));
	default:
		return bits;
	}
}

static unsigned random_field(struct random *r, unsigned width)
{
	unsigned max = (1u << width) - 1, bias = max >> 1;

	switch (random_below(r, 8)) {
	case 0:
		return 0;
	case 1:
		return max;
	case 2:
		return 1 + random_below(r, 3);
	case 3:
		return max - 1 - random_below(r, 3);
	case 4:
		return bias - 2 + random_below(r, 5);
	case 5:
		return (bias + random_below(r, 70)) & max;
	default:
		return random_below(r, max + 1);
	}
}

static uint64_t random_ieee(struct random *r, unsigned fraction_bits, unsigned exponent_bits)
{
	uint64_t sign = random_bits(r) >> 63;

	return sign << (fraction_bits + exponent_bits) |
	       (uint64_t)random_field(r, exponent_bits) << fraction_bits |
	       random_fraction(r, fraction_bits);
}

uint16_t random_f16(struct random *r)
{
	return (uint16_t)random_ieee(r, 10, 5);
}

uint32_t random_f32(struct random *r)
{
	return (uint32_t)random_ieee(r, 23, 8);
}

uint64_t random_f64(struct random *r)
{
	return random_ieee(r, 52, 11);
}

struct fp_f80 random_f80(struct random *r)
{
	struct fp_f80 a = {
		.significand = random_fraction(r, 63) | BIT(63),
		.sign_exponent = (uint16_t)(random_field(r, 15) | (random_bits(r) >> 63) << 15),
	};

	/* An exponent of 0 mostly goes without the integer bit, any other seldom. */
	if (random_below(r, a.sign_exponent & 0x7fff ? 30 : 5) !=
	    (a.sign_exponent & 0x7fff ? 1u : 0u))
		return (a.sign_exponent & 0x7fff)
			       ? a
			       : (struct fp_f80){ a.significand & ~BIT(63), a.sign_exponent };
	a.significand ^= a.sign_exponent & 0x7fff ? BIT(63) : 0;
	return a;
}

int64_t random_integer(struct random *r, unsigned width)
{
	uint64_t bits = random_fraction(r, width);
	uint64_t sign = BIT(width - 1);

	return (int64_t)((bits ^ sign) - sign);
}

static uint64_t near(struct random *r, uint64_t other, unsigned sign_bit)
{
	uint64_t sign = random_bits(r) & BIT(sign_bit), magnitude = other & (BIT(sign_bit) - 1);

	switch (random_below(r, 3)) {
	case 0:
		magnitude += random_below(r, 8) - 4u;
		break;
	case 1:
		magnitude ^= random_bits(r) & (BIT(sign_bit - random_below(r, 12)) - 1) & 0xfff;
		break;
	default:
		magnitude ^= random_bits(r) >> (64 - sign_bit) >> random_below(r, 20);
	}
	return (magnitude & (BIT(sign_bit) - 1)) | sign;
}

uint32_t random_f32_near(struct random *r, uint32_t other)
{
	return (uint32_t)near(r, other, 31);
}

uint64_t random_f64_near(struct random *r, uint64_t other)
{
	return near(r, other, 63);
}

struct fp_f80 random_f80_near(struct random *r, struct fp_f80 other)
{
	unsigned field = other.sign_exponent & 0x7fff;

	other.sign_exponent ^= (uint16_t)(random_bits(r) & 0x8000);
	if (field > 4 && field < 0x7ffa)
		other.sign_exponent = (uint16_t)(other.sign_exponent + random_below(r, 5) - 2);
	if (random_below(r, 2))
		other.significand ^= random_bits(r) >> (1 + random_below(r, 63));
	else
		other.significand = random_fraction(r, 63) | BIT(63);
	return other;
}

struct fp_f80 random_f80_between(struct random *r, int low, int high)
{
	int exponent = low + (int)random_below(r, (unsigned)(high - low + 1));

	return (struct fp_f80){
		.significand = random_fraction(r, 63) | BIT(63),
		.sign_exponent = (uint16_t)(exponent + 16383 + (int)(random_bits(r) >> 63 << 15)),
	};
}

unsigned long case_count(unsigned long usual)
{
	const char *text = getenv("FLOAT_CASES");

	return text ? strtoul(text, NULL, 0) : usual;
}
