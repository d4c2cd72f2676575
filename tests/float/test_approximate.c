/* SPDX-License-Identifier: MIT */
/* RCPPS and RSQRTPS: the bound of their relative error, and what is special. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "float/fast.h"

/* 1.5 * 2^-12 */
#define BOUND (3.0 / 8192)

/* Every significand, in steps that are prime; of an even and an odd exponent. */
static void test_error(void **state)
{
	double worst_reciprocal = 0, worst_root = 0;

	(void)state;
	for (uint32_t bits = 0x3f800000; bits < 0x40800000; bits += 3) {
		double x = fp_as_float(bits);
		double reciprocal = fp_as_float(fp_f32_reciprocal(bits));
		double root = fp_as_float(fp_f32_reciprocal_sqrt(bits));
		double error = reciprocal * x - 1, square = root * root * x - 1;

		error = error < 0 ? -error : error;
		square = square < 0 ? -square : square;
		worst_reciprocal = error > worst_reciprocal ? error : worst_reciprocal;
		/* (1 + e)^2 - 1 is 2e and a little. */
		worst_root = square / 2 > worst_root ? square / 2 : worst_root;
	}
	assert_true(worst_reciprocal > 0 && worst_reciprocal < BOUND);
	assert_true(worst_root > 0 && worst_root < BOUND * 0.999);
}

static void test_reciprocal(void **state)
{
	static const uint32_t rows[][2] = {
		{ 0x3f800000, 0x3f800000 }, /* 1 */
		{ 0xbf800000, 0xbf800000 }, /* -1 */
		{ 0x40000000, 0x3f000000 }, /* 2 */
		{ 0x40400000, 0x3eaaa800 }, /* 3: 1.3333 * 2^-2, in 12 bits */
		{ 0x00000000, 0x7f800000 }, /* 0 */
		{ 0x80000000, 0xff800000 }, /* -0 */
		{ 0x007fffff, 0x7f800000 }, /* a denormal is 0 */
		{ 0x807fffff, 0xff800000 },
		{ 0x00800000, 0x7e800000 }, /* the smallest normal number */
		{ 0x7e800000, 0x00800000 }, /* 2^126: the last with a normal reciprocal */
		{ 0x7e801000, 0x00000000 }, /* a result below is 0 */
		{ 0xff7fffff, 0x80000000 },
		{ 0x7f800000, 0x00000000 }, /* infinity */
		{ 0xff800000, 0x80000000 },
		{ 0x7f800001, 0x7fc00001 }, /* SNaN */
		{ 0xffc12345, 0xffc12345 }, /* QNaN */
	};

	(void)state;
	for (unsigned i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		assert_int_equal(fp_f32_reciprocal(rows[i][0]), rows[i][1]);
}

static void test_reciprocal_sqrt(void **state)
{
	static const uint32_t rows[][2] = {
		{ 0x3f800000, 0x3f800000 },				/* 1 */
		{ 0x40800000, 0x3f000000 },				/* 4 */
		{ 0x3e800000, 0x40000000 },				/* 1/4 */
		{ 0x00000000, 0x7f800000 },				/* 0 */
		{ 0x80000000, 0xff800000 },				/* -0 */
		{ 0x00000001, 0x7f800000 },				/* a denormal is 0 */
		{ 0x80000001, 0xff800000 }, { 0x00800000, 0x5f000000 }, /* 2^-126 */
		{ 0xbf800000, 0xffc00000 },				/* -1 */
		{ 0x7f800000, 0x00000000 },				/* infinity */
		{ 0xff800000, 0xffc00000 }, { 0xff800001, 0xffc00001 }, /* SNaN */
		{ 0x7fc12345, 0x7fc12345 },				/* QNaN */
	};

	(void)state;
	for (unsigned i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		assert_int_equal(fp_f32_reciprocal_sqrt(rows[i][0]), rows[i][1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_error),
		cmocka_unit_test(test_reciprocal),
		cmocka_unit_test(test_reciprocal_sqrt),
	};

	return cmocka_run_group_tests_name("approximations", tests, NULL, NULL);
}
