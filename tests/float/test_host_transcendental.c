/* SPDX-License-Identifier: MIT */
/*
 * The transcendental x87 instructions against the processor that runs this test. Two
 * approximations, each within 1 ulp of the truth, differ by 1 ulp at most after rounding; flags
 * agree where results do.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/bits.h"
#include "random.h"
#include "x87_operations.h"

#define MAX_SHOWN 10

static bool is(const struct x87_operation *op, const char *name)
{
	return !strcmp(op->name, name);
}

static struct x87 draw(struct random *r, const struct x87_operation *op)
{
	struct x87 x = { .st0 = random_f80(r), .st1 = random_f80(r) };
	bool log_of_sum = is(op, "fyl2xp1"), log = is(op, "fyl2x"), power = is(op, "f2xm1");

	x.control = (uint16_t)(0x300 | FP_EXCEPTIONS | random_below(r, 4) << 10);
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

/* Whether the manual defines the result. */
static bool in_domain(const struct x87_operation *op, const struct x87 *x)
{
	unsigned field = x->st0.sign_exponent & 0x7fff;

	if (is(op, "f2xm1"))
		return field < 0x3fff || (field == 0x3fff && x->st0.significand == BIT(63)) ||
		       (field == 0x7fff && x->st0.significand > BIT(63));
	if (is(op, "fyl2xp1"))
		return field < 0x3ffd || (field == 0x7fff && x->st0.significand > BIT(63));
	return true;
}

/* Values in the order of numbers of their sign. */
static uint64_t ulps(struct fp_f80 a, struct fp_f80 b)
{
	unsigned __int128 x = (unsigned __int128)a.sign_exponent << 63, y;

	x += a.significand & ~BIT(63);
	y = ((unsigned __int128)b.sign_exponent << 63) + (b.significand & ~BIT(63));
	x = x > y ? x - y : y - x;
	return x > ~0ull ? ~0ull : (uint64_t)x;
}

static void show(const char *who, const struct x87 *x)
{
	fprintf(stderr,
		"  %s: st0 %04x:%016" PRIx64 " st1 %04x:%016" PRIx64 " control %04x status %04x\n",
		who, x->st0.sign_exponent, x->st0.significand, x->st1.sign_exponent,
		x->st1.significand, x->control, x->status);
}

struct tally {
	unsigned long cases, exact, failures;
};

static void compare(const struct x87_operation *op, const struct x87 *in, struct tally *tally)
{
	struct fp_env env = fp_env_x87(in->control);
	struct x87 host = *in, ours = *in;
	uint64_t distance;
	bool flags;

	op->host(&host);
	op->library(&env, &ours);
	ours.status = env.flags | env.conditions;
	distance = ulps(host.st0, ours.st0);
	if (op->operands == PUSHING && ulps(host.st1, ours.st1) > distance)
		distance = ulps(host.st1, ours.st1);
	flags = !((host.status ^ ours.status) & (FP_EXCEPTIONS | op->conditions));
	tally->cases++;
	tally->exact += distance == 0 && flags;
	if (distance <= 1 && flags)
		return;
	if (tally->failures++ < MAX_SHOWN) {
		fprintf(stderr, "%s\n", op->name);
		show("in  ", in);
		show("host", &host);
		show("ours", &ours);
	}
}

static void test_operation(void **state)
{
	const struct x87_operation *op = *state;
	struct random r = { 0x88000000 + (uint64_t)(op - x87_transcendental) };
	unsigned long cases = case_count(10000);
	struct tally tally = { 0 };

	for (unsigned long i = 0; i < cases; i++) {
		struct x87 in = draw(&r, op);

		if (in_domain(op, &in))
			compare(op, &in, &tally);
	}
	printf("%s: %lu cases, %lu the same to the bit\n", op->name, tally.cases, tally.exact);
	if (tally.failures)
		fprintf(stderr, "%s: %lu differ\n", op->name, tally.failures);
	assert_int_equal(tally.failures, 0);
}

int main(void)
{
	struct CMUnitTest tests[16] = { 0 };

	for (unsigned i = 0; i < x87_transcendental_count; i++)
		tests[i] = (struct CMUnitTest){
			.name = x87_transcendental[i].name,
			.test_func = test_operation,
			.initial_state = (void *)(uintptr_t)&x87_transcendental[i],
		};
	return _cmocka_run_group_tests("x87 transcendentals against the host", tests,
				       x87_transcendental_count, NULL, NULL);
}
