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
#include "host_x87.h"

#define MAX_SHOWN 10

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

static bool one_bit(uint64_t bits)
{
	return bits && !(bits & (bits - 1));
}

/*
 * Where the result is exact. The manual gives PE to results that are not, and UE to those that are
 * tiny if it is unmasked; processors raise PE for these too, and go by PE for UE.
 */
static bool exact(const struct x87_operation *op, const struct x87 *x)
{
	return (op == &x87_operations[X87_f2xm1] || op == &x87_operations[X87_fyl2x]) &&
	       one_bit(x->st0.significand);
}

struct tally {
	unsigned long cases, exact, failures;
};

/*
 * The sine of the least normal number, rounded towards zero, is below it: an underflow. Processors
 * may give the number itself, which is within 1 ulp, and is none.
 */
static bool is_least_normal(struct fp_f80 value)
{
	return (value.sign_exponent & 0x7fff) <= 1 && value.significand == 1ull << 63;
}

static void compare(const struct x87_operation *op, const struct x87 *in, struct tally *tally)
{
	struct x87 host = *in, ours = *in;
	uint64_t distance;
	bool flags;

	host_x87_functions[op - x87_operations](&host);
	if (x87_execute(op, &ours) & FP_PRE_COMPUTATION)
		ours.st0 = host.st0, ours.st1 = host.st1; /* not written */
	if (exact(op, in) && !(ours.status & FP_PE)) {
		host.status &= (uint16_t) ~(FP_PE | FP_UE);
		ours.status &= (uint16_t)~FP_UE;
	}
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
	struct random r = { 0x88000000 + (uint64_t)(op - x87_operations) };
	unsigned long cases = case_count(10000);
	struct tally tally = { 0 };

	for (unsigned long i = 0; i < cases; i++) {
		struct x87 in = x87_draw_transcendental(&r, op);

		if (x87_in_domain(op, &in) && !is_least_normal(in.st0))
			compare(op, &in, &tally);
	}
	printf("%s: %lu cases, %lu the same to the bit\n", op->name, tally.cases, tally.exact);
	if (tally.failures)
		fprintf(stderr, "%s: %lu differ\n", op->name, tally.failures);
	assert_int_equal(tally.failures, 0);
}

int main(void)
{
	enum { COUNT = X87_OPERATION_COUNT - X87_FIRST_TRANSCENDENTAL };
	struct CMUnitTest tests[COUNT] = { 0 };

	for (unsigned i = 0; i < COUNT; i++) {
		const struct x87_operation *op = &x87_operations[X87_FIRST_TRANSCENDENTAL + i];

		tests[i] = (struct CMUnitTest){
			.name = op->name,
			.test_func = test_operation,
			.initial_state = (void *)(uintptr_t)op,
		};
	}
	return cmocka_run_group_tests_name("x87 transcendentals against the host", tests, NULL,
					   NULL);
}
