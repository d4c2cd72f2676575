/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <stdlib.h>

#include "control_world.h"
#include "x87_rig.h"

/*
 * Every x87 opcode with every ModRM byte, on the processor and on the host, from random states: the
 * whole image afterwards, memory, flags, AX, and what is raised.
 */

#define DEFAULT_ROUNDS 30000u

static uint64_t seed;

static uint64_t random64(void)
{
	uint64_t z = seed += 0x9e3779b97f4a7c15ull;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ull;
	z = (z ^ z >> 27) * 0x94d049bb133111ebull;
	return z ^ z >> 31;
}

static unsigned pick(unsigned n)
{
	return (unsigned)(random64() >> 33) % n;
}

static uint64_t random_significand(void)
{
	switch (pick(8)) {
	case 0:
		return 0;
	case 1:
		return 1ull << 63;
	case 2:
		return 3ull << 62;
	case 3:
		return ~0ull << pick(64);
	case 4:
		return 1ull << 63 | random64() >> pick(64);
	case 5:
		return random64() >> pick(64);
	default:
		return 1ull << 63 | random64();
	}
}

static unsigned random_exponent(void)
{
	switch (pick(12)) {
	case 0:
		return 0;
	case 1:
		return 0x7fff;
	case 2:
		return pick(70);
	case 3:
		return 0x7fff - pick(70);
	case 4:
		return pick(0x8000);
	case 5: /* about the ends of the smaller formats */
		return 0x3fff - 1075 + pick(60);
	case 6:
		return 0x3fff - 150 + pick(30);
	case 7:
		return 0x3fff + 120 + pick(10);
	case 8:
		return 0x3fff + 1018 + pick(10);
	default:
		return 0x3fff - 34 + pick(100);
	}
}

static void random_f80(uint8_t *at)
{
	uint64_t significand = random_significand();
	unsigned exponent = random_exponent();
	uint16_t sign_exponent;

	if (exponent && pick(16))
		significand |= 1ull << 63;
	sign_exponent = (uint16_t)(exponent | pick(2) << 15);
	memcpy(at, &significand, 8);
	memcpy(at + 8, &sign_exponent, 2);
}

/* A number of @exponent_bits and @fraction_bits, at an end of its range more often than not. */
static uint64_t random_small(unsigned exponent_bits, unsigned fraction_bits)
{
	uint64_t max = (1ull << exponent_bits) - 1, exponent, fraction;

	exponent = pick(4) ? (max >> 1) - 8 + pick(16) : pick(2) ? pick(3) * max / 2 : random64();
	fraction = pick(4) ? random64() : 1ull << pick(fraction_bits);
	if (!pick(4))
		fraction = 0;
	return (uint64_t)pick(2) << (exponent_bits + fraction_bits) |
	       (exponent & max) << fraction_bits | (fraction & ((1ull << fraction_bits) - 1));
}

static void random_operand(uint8_t *at)
{
	uint64_t value = random64() >> pick(64);

	for (unsigned i = 0; i < X87_OPERAND; i++)
		at[i] = (uint8_t)random64();
	switch (pick(5)) {
	case 0:
		value = random_small(8, 23);
		break;
	case 1:
		value = random_small(11, 52);
		break;
	case 2:
		random_f80(at);
		return;
	case 3: /* BCD */
		for (unsigned i = 0; i < 9; i++)
			at[i] = (uint8_t)(pick(10) << 4 | pick(10));
		return;
	default:
		value = pick(2) ? value : ~value;
		break;
	}
	memcpy(at, &value, 8);
}

static uint16_t random_control(void)
{
	uint16_t control = (uint16_t)(random64() & 0x0f3f);

	if (pick(4))
		control |= 0x3f;
	if (pick(2))
		control |= 0x300;
	return control;
}

/* Seldom with an exception pending, and mostly of full registers. */
static void random_case(struct x87_case *c)
{
	uint16_t control = random_control(), status = (uint16_t)(random64() & 0x7f7f), tags = 0;

	memset(c, 0, sizeof(*c));
	if (pick(16))
		status &= (uint16_t)(control | ~0x3f);
	if (!pick(2))
		status &= (uint16_t)~0x7f;
	for (unsigned i = 0; i < 8; i++)
		if (pick(8) < 1 + 2 * pick(2))
			tags |= (uint16_t)(3u << 2 * i);
	if (pick(3)) /* room for a push */
		tags |= (uint16_t)(3u << 2 * (((status >> 11) - 1u) & 7));
	memcpy(c->image, &control, 2);
	memcpy(c->image + 4, &status, 2);
	memcpy(c->image + 8, &tags, 2);
	for (unsigned i = 0; i < 8; i++)
		random_f80(c->image + X87_REGISTERS + 10 * i);
	if (!pick(3)) /* near to each other */
		memcpy(c->image + X87_REGISTERS + 18, c->image + X87_REGISTERS + 8, 2);
	random_operand(c->operand);
	c->flags = random64() & 0x8d5;
	c->rax = random64();
}

static unsigned random_code(uint8_t code[4])
{
	unsigned n = 0, modrm = pick(256);

	if (!pick(8))
		code[n++] = 0x66;
	code[n++] = (uint8_t)(0xd8 + pick(8));
	if (!pick(64)) {
		code[n - 1] = 0x9b;
		return n;
	}
	if (modrm >= 0xa0) {
		code[n++] = (uint8_t)(0xc0 | modrm);
		return n;
	}
	code[n++] = (uint8_t)(0x46 | (modrm & 0x38)); /* [rsi + 0] */
	code[n++] = 0;
	return n;
}

/* The parts of an instruction that the comparison asks about. */
struct form {
	bool narrow; /* 66 */
	bool memory;
	uint8_t opcode, modrm, reg;
};

static struct form form_of(const uint8_t *code, unsigned length)
{
	struct form f = { .narrow = code[0] == 0x66 };

	f.opcode = code[f.narrow];
	f.modrm = length > 1u + f.narrow ? code[f.narrow + 1] : 0;
	f.reg = f.modrm >> 3 & 7;
	f.memory = f.opcode != 0x9b && f.modrm < 0xc0;
	return f;
}

static uint16_t word(const uint8_t *at)
{
	return (uint16_t)(at[0] | at[1] << 8);
}

static uint64_t significand_of(const struct x87_case *c, unsigned i)
{
	uint64_t value;

	memcpy(&value, c->image + X87_REGISTERS + 10 * i, 8);
	return value;
}

static uint16_t sign_exponent_of(const struct x87_case *c, unsigned i)
{
	return word(c->image + X87_REGISTERS + 10 * i + 8);
}

static void forget_status(struct x87_case *c, uint16_t bits)
{
	c->image[4] &= (uint8_t)~bits;
	c->image[5] &= (uint8_t) ~(bits >> 8);
}

#define IE 1u
#define DE 2u
#define PE 0x20u
#define ES 0x80u
#define C0 0x100u
#define C1 0x200u
#define C2 0x400u
#define C3 0x4000u
#define B 0x8000u

/* FNSTENV, FNSAVE: what the pointers hold, processors differ in. */
static void drop_pointers(const struct form *f, struct x87_case *c)
{
	memset(c->image + X87_POINTERS, 0, 16);
	if (f->memory && f->reg == 6 && (f->opcode == 0xd9 || f->opcode == 0xdd))
		memset(c->operand + (f->narrow ? 6 : 12), 0, f->narrow ? 8 : 16);
}

static bool is_flags_comparison(const struct form *f)
{
	return !f->memory && (f->opcode == 0xdb || f->opcode == 0xdf) &&
	       (f->reg == 5 || f->reg == 6);
}

static bool is_comparison(const struct form *f)
{
	switch (f->opcode) {
	case 0xd8:
	case 0xdc:
	case 0xde:
		return f->reg == 2 || f->reg == 3;
	case 0xd9:
		return f->modrm == 0xe4;
	case 0xda:
		return f->memory ? f->reg == 2 || f->reg == 3 : f->reg == 5;
	case 0xdd:
		return !f->memory && (f->reg == 4 || f->reg == 5);
	default:
		return false;
	}
}

/*
 * The manual leaves condition codes and flags alone where an invalid operand is not masked, and has
 * C1 cleared by FCOMI; AMD's processors set the former, and leave the latter.
 */
static void drop_comparison(const struct form *f, const struct x87_case *before, struct x87_case *c)
{
	bool invalid = word(c->image + 4) & ~word(before->image) & IE;

	if (is_flags_comparison(f)) {
		forget_status(c, C1);
		if (invalid)
			c->flags = 0;
	} else if (is_comparison(f) && invalid) {
		forget_status(c, C0 | C1 | C2 | C3);
	}
}

static bool is_transcendental(const struct form *f)
{
	return f->opcode == 0xd9 && ((f->modrm >= 0xf0 && f->modrm <= 0xf3) || f->modrm == 0xf9 ||
				     f->modrm == 0xfb || f->modrm >= 0xfe);
}

/* A denormal number of this many exponent and fraction bits. */
static bool is_denormal(uint64_t value, unsigned exponent_bits, unsigned fraction_bits)
{
	uint64_t fraction = value & ((1ull << fraction_bits) - 1);

	return fraction && !(value >> fraction_bits & ((1ull << exponent_bits) - 1));
}

/*
 * Where results are not defined: F2XM1 and FYL2XP1 out of their range; FSIN, FSINCOS and FPTAN of
 * the least normal number, for within a last place there is underflow or none. And FLD of a
 * denormal number with DE not masked: the manual has TOP unchanged, AMD's processors load it.
 */
static bool is_undefined(const struct form *f, const struct x87_case *before)
{
	unsigned exponent = sign_exponent_of(before, 0) & 0x7fff;
	uint64_t operand;

	memcpy(&operand, before->operand, 8);
	if (!f->memory && f->opcode == 0xd9 && exponent <= 1 &&
	    significand_of(before, 0) == 1ull << 63)
		return f->modrm == 0xf2 || f->modrm == 0xfb || f->modrm == 0xfe;
	if (!f->memory)
		return f->opcode == 0xd9 && ((f->modrm == 0xf0 && exponent >= 0x3fff) ||
					     (f->modrm == 0xf9 && exponent >= 0x3ffd));
	if (f->reg || word(before->image) & DE)
		return false;
	return (f->opcode == 0xd9 && is_denormal((uint32_t)operand, 8, 23)) ||
	       (f->opcode == 0xdd && is_denormal(operand, 11, 52));
}

/* @b is the next number after @a or @a itself, by magnitude. */
static bool follows(unsigned a_exponent, uint64_t a, unsigned b_exponent, uint64_t b)
{
	if (a_exponent == b_exponent)
		return b - a <= 1;
	return b_exponent == a_exponent + 1 && a == UINT64_MAX && b == 1ull << 63;
}

/* A last place more or less in either of two registers is taken for equal. */
static void allow_last_place(const struct x87_case *from, struct x87_case *to)
{
	for (unsigned i = 0; i < 2; i++) {
		unsigned a = sign_exponent_of(from, i), b = sign_exponent_of(to, i);

		if (follows(a, significand_of(from, i), b, significand_of(to, i)) ||
		    follows(b, significand_of(to, i), a, significand_of(from, i)))
			memcpy(to->image + X87_REGISTERS + 10 * i,
			       from->image + X87_REGISTERS + 10 * i, 10);
	}
}

static void print_case(const char *name, const struct x87_case *c)
{
	fprintf(stderr, "%-7s vector %d flags %03x rax %016llx\n        ", name, c->vector,
		(unsigned)c->flags, (unsigned long long)c->rax);
	for (unsigned i = 0; i < X87_REGISTERS; i++)
		fprintf(stderr, "%02x%s", c->image[i], i % 4 == 3 ? " " : "");
	for (unsigned i = 0; i < 8; i++) {
		const uint8_t *st = c->image + X87_REGISTERS + 10 * i;

		fprintf(stderr, "\n        st%u ", i);
		for (unsigned j = 10; j--;)
			fprintf(stderr, "%02x%s", st[j], j == 8 ? " " : "");
	}
	fprintf(stderr, "\n        operand ");
	for (unsigned j = 0; j < 28; j++)
		fprintf(stderr, "%02x", c->operand[j]);
	fprintf(stderr, "\n");
}

static bool is_equal(const struct x87_case *a, const struct x87_case *b)
{
	return !memcmp(a->image, b->image, X87_IMAGE) &&
	       !memcmp(a->operand, b->operand, X87_OPERAND) && a->flags == b->flags &&
	       a->rax == b->rax && a->vector == b->vector;
}

static unsigned rounds(void)
{
	const char *text = getenv("X87_ROUNDS");

	return text ? (unsigned)strtoul(text, NULL, 0) : DEFAULT_ROUNDS;
}

/* They raise PE even where FYL2X is exact. */
static void drop_exact(const struct form *f, const struct x87_case *before, struct x87_case *c)
{
	if (f->modrm == 0xf1 && significand_of(before, 0) == 1ull << 63)
		forget_status(c, PE | ES | B);
}

static void print_failure(unsigned round, const uint8_t *code, unsigned length)
{
	fprintf(stderr, "round %u:", round);
	for (unsigned i = 0; i < length; i++)
		fprintf(stderr, " %02x", code[i]);
	fprintf(stderr, "\n");
}

/* True if it is the same on both. */
static bool check_round(struct world *w, unsigned round, bool print)
{
	struct x87_case before, ours, native;
	uint8_t code[4];
	unsigned length;
	struct form f;

	seed = round;
	seed = random64();
	length = random_code(code);
	f = form_of(code, length);
	random_case(&before);
	if (is_undefined(&f, &before))
		return true;
	ours = native = before;
	x87_ours(w, code, length, &ours);
	x87_native(code, length, &native);
	drop_pointers(&f, &ours);
	drop_pointers(&f, &native);
	drop_comparison(&f, &before, &ours);
	drop_comparison(&f, &before, &native);
	if (is_transcendental(&f)) {
		allow_last_place(&native, &ours);
		drop_exact(&f, &before, &ours);
		drop_exact(&f, &before, &native);
		forget_status(&ours, C1);
		forget_status(&native, C1);
	}
	if (is_equal(&ours, &native))
		return true;
	if (print) {
		print_failure(round, code, length);
		print_case("before", &before);
		print_case("ours", &ours);
		print_case("native", &native);
	}
	return false;
}

static void test_random_states(void **state)
{
	unsigned failures = 0;

	if (!x87_prepare_native()) {
		fprintf(stderr, "SKIPPED: no memory to run instructions in\n");
		skip();
	}
	x87_prepare(*state);
	for (unsigned i = 0; i < rounds(); i++)
		failures += !check_round(*state, i, failures < 5 || getenv("X87_ALL"));
	assert_int_equal(failures, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_random_states, world_setup, world_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
