/* SPDX-License-Identifier: MIT */
/* Operands for x87 instructions. */
#include "base/bits.h"
#include "x87_operations.h"

#include <string.h>

/* RC, PC; one time in eight not all is masked. */
static uint16_t draw_control(struct random *r)
{
	static const uint16_t precision[] = { 0, 2, 3, 3 };
	unsigned control = random_below(r, 4) << 10 | (unsigned)precision[random_below(r, 4)] << 8;

	return (uint16_t)(control |
			  (random_below(r, 8) ? FP_EXCEPTIONS : random_below(r, FP_EXCEPTIONS)));
}

/* A memory operand that suits each of the formats, by turns; digits are decimal for FBLD. */
static void draw_memory(struct random *r, struct x87 *x, bool digits)
{
	uint64_t words[2] = { random_f64(r), random_bits(r) };

	if (random_below(r, 3) == 0)
		words[0] = random_f32(r);
	if (random_below(r, 3) == 0)
		words[0] = (uint64_t)random_integer(r, 16u << random_below(r, 3));
	memcpy(x->memory, words, sizeof(x->memory));
	for (int i = 0; digits && i < 9; i++)
		x->memory[i] = (uint8_t)(random_below(r, 10) << 4 | random_below(r, 10));
}

struct x87 x87_draw(struct random *r, const struct x87_operation *op)
{
	struct x87 x = { .control = draw_control(r), .st0 = random_f80(r), .st1 = random_f80(r) };

	if (random_below(r, 4) == 0)
		x.st1 = random_f80_near(r, x.st0);
	if (random_below(r, 4) == 0)
		x.st0 = random_f80_between(r, -3, 70);
	if (random_below(r, 3) == 0 && !strcmp(op->name, "fscale"))
		x.st1 = random_f80_between(r, -1, 17);
	draw_memory(r, &x, !strcmp(op->name, "fbld"));
	return x;
}

static bool is(const struct x87_operation *op, const char *name)
{
	return !strcmp(op->name, name);
}

struct x87 x87_draw_transcendental(struct random *r, const struct x87_operation *op)
{
	struct x87 x = { .st0 = random_f80(r), .st1 = random_f80(r) };
	bool log_of_sum = is(op, "fyl2xp1"), log = is(op, "fyl2x"), power = is(op, "f2xm1");

	x.control = (uint16_t)(0x300 | random_below(r, 4) << 10);
	x.control |= (uint16_t)(random_below(r, 8) ? FP_EXCEPTIONS : random_below(r, 64));
	if (random_below(r, 8) == 0)
		return x;
	if (random_below(r, 4) == 0)
		x.st1 = random_f80_near(r, x.st0);
	if (power || log_of_sum || random_below(r, 2))
		x.st0 = random_f80_between(r, log_of_sum || power ? -70 : -40,
					   log_of_sum ? -3
					   : power    ? -1
						      : 62);
	if (log)
		x.st0.sign_exponent &= 0x7fff;
	if (log && random_below(r, 4) == 0)
		x.st0.sign_exponent = (uint16_t)(0x3ffe + random_below(r, 2));
	return x;
}

bool x87_in_domain(const struct x87_operation *op, const struct x87 *x)
{
	unsigned field = x->st0.sign_exponent & 0x7fff;

	if (is(op, "f2xm1"))
		return field < 0x3fff || (field == 0x3fff && x->st0.significand == BIT(63)) ||
		       (field == 0x7fff && x->st0.significand > BIT(63));
	if (is(op, "fyl2xp1"))
		return field < 0x3ffd || (field == 0x7fff && x->st0.significand > BIT(63));
	return true;
}
