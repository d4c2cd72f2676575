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

#include "host_x87.h"

#define MAX_SHOWN 10

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
	struct x87 host = *in, ours = *in;
	uint16_t defined = FP_EXCEPTIONS | op->conditions;
	unsigned unmasked = x87_execute(op, &ours);

	host_x87_functions[op - x87_operations](&host);
	/* By infinity, of a denormal with UE unmasked: AMD's processors raise it. */
	if (strncmp(op->name, "fprem", 5) == 0 && !__builtin_cpu_is("intel"))
		host.status = (uint16_t)((host.status & ~FP_UE) | (ours.status & FP_UE));
	if (unmasked & FP_PRE_COMPUTATION)
		defined = FP_EXCEPTIONS;
	if (((ours.status ^ host.status) & defined) == 0 &&
	    x87_results_match(op, unmasked, &host, &ours))
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
	struct random r = { 0x87000000 + (uint64_t)(op - x87_operations) };
	unsigned long cases = case_count(10000), failures = 0;

	for (unsigned long i = 0; i < cases; i++) {
		struct x87 in = x87_draw(&r, op);

		failures += !same(op, &in, failures < MAX_SHOWN);
	}
	if (failures)
		fprintf(stderr, "%s: %lu of %lu differ\n", op->name, failures, cases);
	assert_int_equal(failures, 0);
}

/* Constants are rounded by RC. */
static void test_constants(void **state)
{
	(void)state;
	for (unsigned i = 0; i < (FP_PLUS_ZERO + 1) * 16; i++) {
		struct x87 x = { .control = (uint16_t)((i & 15) << 8 | FP_EXCEPTIONS) };
		struct fp_env env = fp_env_x87(x.control);
		struct fp_f80 ours = fp_f80_constant(&env, i / 16);

		host_fld_constant[i / 16](&x);
		assert_int_equal(ours.significand, x.st0.significand);
		assert_int_equal(ours.sign_exponent, x.st0.sign_exponent);
	}
}

int main(void)
{
	struct CMUnitTest tests[64] = { cmocka_unit_test(test_constants) };

	for (unsigned i = 0; i < X87_FIRST_TRANSCENDENTAL; i++)
		tests[i + 1] = (struct CMUnitTest){
			.name = x87_operations[i].name,
			.test_func = test_operation,
			.initial_state = (void *)(uintptr_t)&x87_operations[i],
		};
	return _cmocka_run_group_tests("x87 arithmetic against the host", tests,
				       X87_FIRST_TRANSCENDENTAL + 1, NULL, NULL);
}
