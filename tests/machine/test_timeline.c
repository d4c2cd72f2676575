/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "machine/timeline.h"

/* Ticks and nanoseconds, against long division on paper: a * b / c by bits. */

/* floor(a * b / c) for a quotient of 64 bits, by shifting: no 128-bit type. */
static uint64_t multiply_divide(uint64_t a, uint64_t b, uint64_t c, uint64_t *rest)
{
	uint64_t quotient = 0, remainder = 0;

	for (int i = 63; i >= 0; i--) {
		/* remainder < c <= 10^7 and b < 10^7: no overflow */
		uint64_t add = a >> i & 1 ? b : 0;

		quotient = quotient * 2 + (remainder * 2 + add) / c;
		remainder = (remainder * 2 + add) % c;
	}
	*rest = remainder;
	return quotient;
}

static const uint64_t frequencies[] = { 1000,	 3000,	  999999,  1000000, 1000001,
					1193182, 2399999, 2712345, 9999991, 10000000 };
static const uint64_t values[] = { 0,
				   1,
				   2,
				   999,
				   1000,
				   1001,
				   123456789,
				   0xffffffff,
				   0x100000000,
				   0x123456789abcd,
				   (1ull << 53) + 1,
				   1ull << 57 };

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static void test_ns_is_exact(void **state)
{
	uint64_t rest;

	(void)state;
	for (unsigned f = 0; f < COUNT(frequencies); f++)
		for (unsigned v = 0; v < COUNT(values) - 4; v++)
			assert_int_equal(
				timeline_ns(values[v], frequencies[f]),
				multiply_divide(values[v], 1000000, frequencies[f], &rest));
}

/* The first tick that is not before: one less would be. */
static void test_ticks_is_the_first(void **state)
{
	(void)state;
	for (unsigned f = 0; f < COUNT(frequencies); f++) {
		for (unsigned v = 0; v < COUNT(values); v++) {
			uint64_t ticks = timeline_ticks(values[v], frequencies[f]);

			assert_true(timeline_ns(ticks, frequencies[f]) >= values[v]);
			if (ticks)
				assert_true(timeline_ns(ticks - 1, frequencies[f]) < values[v]);
		}
	}
}

static void test_one_gigahertz_is_identity(void **state)
{
	(void)state;
	for (unsigned v = 0; v < COUNT(values); v++) {
		assert_int_equal(timeline_ns(values[v], 1000000), values[v]);
		assert_int_equal(timeline_ticks(values[v], 1000000), values[v]);
	}
}

static void test_literals(void **state)
{
	(void)state;
	assert_int_equal(timeline_ns(7, 3000), 2333);
	assert_int_equal(timeline_ticks(2333, 3000), 7);
	assert_int_equal(timeline_ticks(2334, 3000), 8);
	/* An hour at 2.712345 GHz */
	assert_int_equal(timeline_ns(9764442000000ull, 2712345), 3600000000000ull);
	assert_int_equal(timeline_ticks(3600000000000ull, 2712345), 9764442000000ull);
}

static void test_saturation(void **state)
{
	(void)state;
	assert_int_equal(timeline_ticks(TIMELINE_NEVER, 1000000), TIMELINE_NEVER);
	assert_int_equal(timeline_ticks(TIMELINE_NEVER - 1, 10000000), TIMELINE_NEVER);
	assert_int_equal(timeline_ns(UINT64_MAX, 1000), TIMELINE_NEVER);
	assert_int_equal(timeline_ns(UINT64_MAX - 1, 1000000), UINT64_MAX - 1);
	assert_int_equal(timeline_ns(1ull << 62, 10000000), (1ull << 62) / 10);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ns_is_exact),
		cmocka_unit_test(test_ticks_is_the_first),
		cmocka_unit_test(test_one_gigahertz_is_identity),
		cmocka_unit_test(test_literals),
		cmocka_unit_test(test_saturation),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
