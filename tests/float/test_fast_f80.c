/* SPDX-License-Identifier: MIT */
/* The fast sums, products and quotients of the x87 format are those of float.h, where they are. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "float/fast_f80.h"
#include "random.h"

#define CASES 40000

/* Normal numbers: near to each other, far apart, at the ends; with long runs of equal bits. */
static struct fp_f80 draw(struct random *r)
{
	static const uint16_t bases[] = { 0x3fff - 64, 0x3fff - 8, 0x3fff - 2, 1, 0x7ffe - 63 };
	static const uint16_t ranges[] = { 128, 16, 4, 64, 64 };
	unsigned which = random_below(r, 5);
	uint64_t significand = random_bits(r);

	if (random_below(r, 2))
		significand = ~0ull << random_below(r, 64);
	else if (random_below(r, 2))
		significand >>= random_below(r, 64);
	return (struct fp_f80){
		.significand = significand | 1ull << 63,
		.sign_exponent = (uint16_t)((bases[which] + random_below(r, ranges[which])) |
					    random_below(r, 2) << 15),
	};
}

static void test_operations(void **state)
{
	static const enum fp_x87_operation operations[] = { FP_X87_ADD,	 FP_X87_MUL, FP_X87_SUB,
							    FP_X87_SUBR, FP_X87_DIV, FP_X87_DIVR };
	struct random r = { .state = 80 };
	unsigned there = 0;

	(void)state;
	for (unsigned i = 0; i < CASES; i++) {
		struct fp_env env = fp_env_x87(0x037f);
		struct fp_f80 a = draw(&r), b = draw(&r), expected;
		enum fp_x87_operation operation = operations[i % 6];
		struct fp_fast_f80 fast = fp_fast_f80_operate(operation, a, b);

		assert_true(fp_fast_f80_is_normal(a) && fp_fast_f80_is_normal(b));
		if (!fast.there)
			continue;
		there++;
		expected = fp_f80_operate(&env, operation, a, b);
		assert_true(fast.value.significand == expected.significand);
		assert_int_equal(fast.value.sign_exponent, expected.sign_exponent);
		assert_int_equal(fast.inexact ? FP_PE : 0, env.flags);
		assert_int_equal(fast.up ? FP_C1 : 0, env.conditions);
	}
	assert_in_range(there, CASES * 3 / 5, CASES);
}

static void test_what_is_normal(void **state)
{
	(void)state;
	assert_true(fp_fast_f80_is_normal((struct fp_f80){ 1ull << 63, 1 }));
	assert_true(fp_fast_f80_is_normal((struct fp_f80){ ~0ull, 0xfffe }));
	assert_false(fp_fast_f80_is_normal((struct fp_f80){ 1ull << 63, 0 }));
	assert_false(fp_fast_f80_is_normal((struct fp_f80){ 1ull << 63, 0x7fff }));
	assert_false(fp_fast_f80_is_normal((struct fp_f80){ ~0ull >> 1, 0x3fff }));
	assert_false(fp_fast_f80_is_normal((struct fp_f80){ 0, 0 }));
}

/* Zero, overflow, and a result below the normal numbers are left to others. */
static void test_what_is_left(void **state)
{
	struct fp_f80 one = { 1ull << 63, 0x3fff }, large = { 1ull << 63, 0x7ffe },
		      small = { 1ull << 63, 1 };

	(void)state;
	assert_false(fp_fast_f80_operate(FP_X87_SUB, one, one).there);
	assert_false(fp_fast_f80_operate(FP_X87_ADD, large, large).there);
	assert_false(fp_fast_f80_operate(FP_X87_MUL, large, large).there);
	assert_false(fp_fast_f80_operate(FP_X87_DIV, large, small).there);
	assert_false(fp_fast_f80_operate(FP_X87_MUL, small, small).there);
	assert_false(fp_fast_f80_operate(FP_X87_DIV, small, large).there);
	assert_false(fp_fast_f80_operate(FP_X87_ADD, large, small).there);
	assert_true(fp_fast_f80_operate(FP_X87_ADD, one, one).there);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_operations),
		cmocka_unit_test(test_what_is_normal),
		cmocka_unit_test(test_what_is_left),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
