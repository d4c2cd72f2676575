/* SPDX-License-Identifier: MIT */
/* On every host: what a processor made of these operands, results and flags. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>

#include "literals.h"

static const struct sse_literal sse_literals[] = {
#include "literals_sse.inc"
};

static const struct x87_literal x87_literals[] = {
#include "literals_x87.inc"
};

#define COUNT(array) (sizeof(array) / sizeof(*(array)))
#define ROWS_AT_LEAST 60

static bool sse_matches(const struct sse_literal *row)
{
	struct fp_env env = fp_env_mxcsr(row->mxcsr);
	uint64_t result = sse_operations[row->id].library(&env, row->in[0], row->in[1], row->in[2]);
	bool faults = fp_settle(&env) != 0;

	return env.flags == row->flags && (faults || result == row->result);
}

static void test_sse(void **state)
{
	unsigned rows[SSE_OPERATION_COUNT] = { 0 };

	(void)state;
	for (unsigned i = 0; i < COUNT(sse_literals); i++) {
		rows[sse_literals[i].id]++;
		if (!sse_matches(&sse_literals[i]))
			fail_msg("%s, row %u", sse_operations[sse_literals[i].id].name, i);
	}
	for (unsigned i = 0; i < SSE_OPERATION_COUNT; i++)
		assert_true(rows[i] >= ROWS_AT_LEAST);
}

static bool x87_matches(const struct x87_literal *row)
{
	const struct x87_operation *op = &x87_operations[row->id];
	struct x87 ours = row->before;
	unsigned unmasked = x87_execute(op, &ours);
	uint16_t defined = FP_EXCEPTIONS | op->conditions;

	if (unmasked & FP_PRE_COMPUTATION)
		defined = FP_EXCEPTIONS;
	return (ours.status & defined) == row->after.status &&
	       x87_results_match(op, unmasked, &ours, &row->after);
}

static void test_x87(void **state)
{
	unsigned rows[X87_OPERATION_COUNT] = { 0 };

	(void)state;
	for (unsigned i = 0; i < COUNT(x87_literals); i++) {
		rows[x87_literals[i].id]++;
		if (!x87_matches(&x87_literals[i]))
			fail_msg("%s, row %u", x87_operations[x87_literals[i].id].name, i);
	}
	for (unsigned i = 0; i < X87_OPERATION_COUNT; i++)
		assert_true(rows[i] >= ROWS_AT_LEAST);
}

/* FLDL2T and its like, by RC: the last bit of those that RC decides. */
static void test_constants(void **state)
{
	static const struct {
		enum fp_constant constant;
		uint16_t sign_exponent;
		uint64_t significand[4];
	} rows[] = {
		{ FP_ONE, 0x3fff, { 1ull << 63, 1ull << 63, 1ull << 63, 1ull << 63 } },
		{ FP_LOG2_10,
		  0x4000,
		  { 0xd49a784bcd1b8afe, 0xd49a784bcd1b8afe, 0xd49a784bcd1b8aff,
		    0xd49a784bcd1b8afe } },
		{ FP_LOG2_E,
		  0x3fff,
		  { 0xb8aa3b295c17f0bc, 0xb8aa3b295c17f0bb, 0xb8aa3b295c17f0bc,
		    0xb8aa3b295c17f0bb } },
		{ FP_PI,
		  0x4000,
		  { 0xc90fdaa22168c235, 0xc90fdaa22168c234, 0xc90fdaa22168c235,
		    0xc90fdaa22168c234 } },
		{ FP_LOG10_2,
		  0x3ffd,
		  { 0x9a209a84fbcff799, 0x9a209a84fbcff798, 0x9a209a84fbcff799,
		    0x9a209a84fbcff798 } },
		{ FP_LN_2,
		  0x3ffe,
		  { 0xb17217f7d1cf79ac, 0xb17217f7d1cf79ab, 0xb17217f7d1cf79ac,
		    0xb17217f7d1cf79ab } },
		{ FP_PLUS_ZERO, 0, { 0, 0, 0, 0 } },
	};

	(void)state;
	for (unsigned i = 0; i < COUNT(rows) * 4; i++) {
		struct fp_env env = { .rounding = i % 4, .precision = 24 };
		struct fp_f80 constant = fp_f80_constant(&env, rows[i / 4].constant);

		assert_int_equal(constant.sign_exponent, rows[i / 4].sign_exponent);
		assert_int_equal(constant.significand, rows[i / 4].significand[i % 4]);
		assert_int_equal(env.flags, 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sse),
		cmocka_unit_test(test_x87),
		cmocka_unit_test(test_constants),
	};

	return cmocka_run_group_tests_name("literals of a processor", tests, NULL, NULL);
}
