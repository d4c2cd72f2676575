/* SPDX-License-Identifier: MIT */
/* x87 arithmetic that is exact against the processor that runs this test: results and flags. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "random.h"
#include "x87_operations.h"

#define MAX_SHOWN 10

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
		words[0] = (uint64_t)random_integer(r, 16 << random_below(r, 3));
	memcpy(x->memory, words, sizeof(x->memory));
	for (int i = 0; digits && i < 9; i++)
		x->memory[i] = (uint8_t)(random_below(r, 10) << 4 | random_below(r, 10));
}

static struct x87 draw(struct random *r, const struct x87_operation *op)
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

static bool equal(struct fp_f80 a, struct fp_f80 b)
{
	return a.significand == b.significand && a.sign_exponent == b.sign_exponent;
}

/* What is written when @unmasked exceptions are raised. */
static bool results_match(const struct x87_operation *op, unsigned unmasked, const struct x87 *host,
			  const struct x87 *ours)
{
	if (unmasked & FP_PRE_COMPUTATION)
		return true;
	switch (op->operands) {
	case COMPARE:
		return true;
	case STORE:
		return (unmasked & (FP_OE | FP_UE)) ||
		       !memcmp(host->memory, ours->memory, sizeof(host->memory));
	case PUSHING:
		return equal(host->st0, ours->st0) && equal(host->st1, ours->st1);
	default:
		return equal(host->st0, ours->st0);
	}
}

static void show(const char *who, const struct x87 *x)
{
	uint64_t memory;

	memcpy(&memory, x->memory, sizeof(memory));
	fprintf(stderr,
		"  %s: st0 %04x:%016" PRIx64 " st1 %04x:%016" PRIx64 " memory %02x%02x:%016" PRIx64
		" control %04x status %04x\n",
		who, x->st0.sign_exponent, x->st0.significand, x->st1.sign_exponent,
		x->st1.significand, x->memory[9], x->memory[8], memory, x->control, x->status);
}

static bool same(const struct x87_operation *op, const struct x87 *in, bool verbose)
{
	struct fp_env env = fp_env_x87(in->control);
	struct x87 host = *in, ours = *in;
	uint16_t defined = FP_EXCEPTIONS | op->conditions;
	unsigned unmasked;

	op->host(&host);
	op->library(&env, &ours);
	unmasked = fp_settle(&env);
	ours.status = env.flags | env.conditions;
	if (unmasked & FP_PRE_COMPUTATION)
		defined &= FP_EXCEPTIONS;
	if (((ours.status ^ host.status) & defined) == 0 &&
	    results_match(op, unmasked, &host, &ours))
		return true;
	if (verbose) {
		fprintf(stderr, "%s\n", op->name);
		show("in  ", in);
		show("host", &host);
		show("ours", &ours);
	}
	return false;
}

static void test_operation(void **state)
{
	const struct x87_operation *op = *state;
	struct random r = { 0x87000000 + (uint64_t)(op - x87_exact) };
	unsigned long cases = case_count(10000), failures = 0;

	for (unsigned long i = 0; i < cases; i++) {
		struct x87 in = draw(&r, op);

		failures += !same(op, &in, failures < MAX_SHOWN);
	}
	if (failures)
		fprintf(stderr, "%s: %lu of %lu differ\n", op->name, failures, cases);
	assert_int_equal(failures, 0);
}

/* Constants are rounded by RC. */
static void test_constants(void **state)
{
	static host_x87 *const host[] = {
		[FP_ONE] = host_fld1,	    [FP_LOG2_10] = host_fldl2t, [FP_LOG2_E] = host_fldl2e,
		[FP_PI] = host_fldpi,	    [FP_LOG10_2] = host_fldlg2, [FP_LN_2] = host_fldln2,
		[FP_PLUS_ZERO] = host_fldz,
	};

	(void)state;
	for (unsigned i = 0; i < sizeof(host) / sizeof(*host) * 16; i++) {
		struct x87 x = { .control = (uint16_t)((i & 15) << 8 | FP_EXCEPTIONS) };
		struct fp_env env = fp_env_x87(x.control);
		struct fp_f80 ours = fp_f80_constant(&env, i / 16);

		host[i / 16](&x);
		assert_int_equal(ours.significand, x.st0.significand);
		assert_int_equal(ours.sign_exponent, x.st0.sign_exponent);
	}
}

int main(void)
{
	struct CMUnitTest tests[64] = { cmocka_unit_test(test_constants) };

	for (unsigned i = 0; i < x87_exact_count; i++)
		tests[i + 1] = (struct CMUnitTest){
			.name = x87_exact[i].name,
			.test_func = test_operation,
			.initial_state = (void *)(uintptr_t)&x87_exact[i],
		};
	return _cmocka_run_group_tests("x87 arithmetic against the host", tests,
				       x87_exact_count + 1, NULL, NULL);
}
