/* SPDX-License-Identifier: MIT */
/* SSE, FMA and F16C arithmetic against the processor that runs this test: results and flags. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "host_sse.h"

#define MAX_SHOWN 10

/*
 * VCVTPS2PH of a denormal with UE unmasked: Intel's processors raise PE whether the significand
 * fits or not. PE is for an inexact result: SDM Vol 1 "Inexact-Result (Precision) Exception (#P)".
 */
static uint32_t without_denormal_pe(const struct sse_operation *op, uint32_t mxcsr, unsigned flags)
{
	bool to_f16 = strcmp(op->name, "f32_to_f16") == 0;

	if (to_f16 && flags & FP_DE && flags & ~(mxcsr >> 7) & FP_UE)
		mxcsr = (mxcsr & ~FP_PE) | (flags & FP_PE);
	return mxcsr;
}

static bool same(const struct sse_operation *op, uint32_t mxcsr, const uint64_t in[3], bool show)
{
	struct fp_env env = fp_env_mxcsr(mxcsr);
	uint32_t host_mxcsr = mxcsr;
	uint64_t host = host_sse_functions[op - sse_operations](&host_mxcsr, in[0], in[1], in[2]);
	uint64_t ours = op->library(&env, in[0], in[1], in[2]);
	bool faults = fp_settle(&env) != 0;

	host_mxcsr = without_denormal_pe(op, host_mxcsr, env.flags);

	if (env.flags == (host_mxcsr & FP_EXCEPTIONS) && (faults || host == ours))
		return true;
	if (show)
		fprintf(stderr,
			"%s(%" PRIx64 ", %" PRIx64 ", %" PRIx64 ") mxcsr %x: host %" PRIx64
			" flags %x, ours %" PRIx64 " flags %x\n",
			op->name, in[0], in[1], in[2], mxcsr, host, host_mxcsr & FP_EXCEPTIONS,
			ours, env.flags);
	return false;
}

static void check(const struct sse_operation *op, unsigned long cases)
{
	struct random r = { 0x5eed0000 + (uint64_t)(op - sse_operations) };
	unsigned long failures = 0;

	for (unsigned long i = 0; i < cases; i++) {
		uint32_t mxcsr = draw_mxcsr(&r);
		uint64_t in[3];

		draw_sse_operands(&r, op, in);
		failures += !same(op, mxcsr, in, failures < MAX_SHOWN);
	}
	if (failures)
		fprintf(stderr, "%s: %lu of %lu differ\n", op->name, failures, cases);
	assert_int_equal(failures, 0);
}

static void test_operation(void **state)
{
	const struct sse_operation *op = *state;

	if (!host_sse_has(op->feature)) {
		fprintf(stderr, "SKIPPED: %s, this processor has no such instruction\n", op->name);
		skip();
	}
	host_sse_begin();
	check(op, case_count(15000));
	host_sse_end();
}

int main(void)
{
	struct CMUnitTest tests[SSE_OPERATION_COUNT];

	for (unsigned i = 0; i < SSE_OPERATION_COUNT; i++)
		tests[i] = (struct CMUnitTest){
			.name = sse_operations[i].name,
			.test_func = test_operation,
			.initial_state = (void *)(uintptr_t)&sse_operations[i],
		};
	return cmocka_run_group_tests_name("SSE arithmetic against the host", tests, NULL, NULL);
}
