/* SPDX-License-Identifier: MIT */
/* What the manual's tables of results say of zeros, infinities and limits, by hand. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "base/bits.h"
#include "float/float.h"

#define COUNT(array) (sizeof(array) / sizeof(*(array)))

/* The words of the tables; NEGATIVE + x is -x. */
enum value {
	ZERO,
	HALF,
	ONE,
	TWO,
	FINITE, /* any number that is neither zero nor infinite */
	INFINITE,
	QUARTER_PI,
	HALF_PI,
	THREE_QUARTERS_PI,
	PI,
	INVALID, /* the indefinite, IE */
	NEGATIVE = 16,
};

static const struct fp_f80 numbers[] = {
	[ZERO] = { 0, 0 },
	[HALF] = { 1ull << 63, 0x3ffe },
	[ONE] = { 1ull << 63, 0x3fff },
	[TWO] = { 1ull << 63, 0x4000 },
	[INFINITE] = { 1ull << 63, 0x7fff },
	[QUARTER_PI] = { 0xc90fdaa22168c235, 0x3ffe },
	[HALF_PI] = { 0xc90fdaa22168c235, 0x3fff },
	[THREE_QUARTERS_PI] = { 0x96cbe3f9990e91a8, 0x4000 },
	[PI] = { 0xc90fdaa22168c235, 0x4000 },
	[INVALID] = { 0xc000000000000000, 0xffff },
};

static struct fp_f80 number(int value)
{
	struct fp_f80 x = numbers[value & (NEGATIVE - 1)];

	if (value & NEGATIVE)
		x.sign_exponent ^= 0x8000;
	return x;
}

static void assert_value(struct fp_f80 x, int expected)
{
	unsigned field = x.sign_exponent & 0x7fff;

	if ((expected & (NEGATIVE - 1)) == FINITE) {
		assert_true(x.significand && field < 0x7fff);
		assert_int_equal(x.sign_exponent >> 15, expected & NEGATIVE ? 1 : 0);
		return;
	}
	assert_int_equal(x.sign_exponent, number(expected).sign_exponent);
	assert_int_equal(x.significand, number(expected).significand);
}

static unsigned flags_of(int expected, unsigned otherwise)
{
	return expected == INVALID ? FP_IE : otherwise;
}

#define N NEGATIVE

/* SDM Vol. 2, "FYL2X Results". */
static void test_logarithm(void **state)
{
	static const int x[] = { N + INFINITE, N + ONE, N + ZERO, ZERO, HALF, ONE, TWO, INFINITE };
	static const struct {
		int y;
		int result[COUNT(x)];
	} rows[] = {
		{ N + INFINITE,
		  { INVALID, INVALID, INFINITE, INFINITE, INFINITE, INVALID, N + INFINITE,
		    N + INFINITE } },
		{ N + TWO,
		  { INVALID, INVALID, INFINITE, INFINITE, TWO, N + ZERO, N + TWO, N + INFINITE } },
		{ N + ZERO,
		  { INVALID, INVALID, INVALID, INVALID, ZERO, N + ZERO, N + ZERO, INVALID } },
		{ ZERO, { INVALID, INVALID, INVALID, INVALID, N + ZERO, ZERO, ZERO, INVALID } },
		{ TWO,
		  { INVALID, INVALID, N + INFINITE, N + INFINITE, N + TWO, ZERO, TWO, INFINITE } },
		{ INFINITE,
		  { INVALID, INVALID, N + INFINITE, N + INFINITE, N + INFINITE, INVALID, INFINITE,
		    INFINITE } },
	};

	(void)state;
	for (unsigned i = 0; i < COUNT(rows) * COUNT(x); i++) {
		int y = rows[i / COUNT(x)].y, expected = rows[i / COUNT(x)].result[i % COUNT(x)];
		bool pole = (i % COUNT(x) == 2 || i % COUNT(x) == 3) && (y & (N - 1)) == TWO;
		struct fp_env env = fp_env_x87(0x37f);

		assert_value(fp_f80_ylog2x(&env, number(y), number(x[i % COUNT(x)])), expected);
		assert_int_equal(env.flags, flags_of(expected, pole ? FP_ZE : 0));
	}
}

/* SDM Vol. 2, "FYL2XP1 Results"; 1/8 stands for what is in range. */
static void test_logarithm_of_sum(void **state)
{
	static const struct fp_f80 x[] = {
		{ 1ull << 63, 0xbffc }, { 0, 0x8000 }, { 0, 0 }, { 1ull << 63, 0x3ffc }
	};
	static const int y[] = { N + INFINITE, N + TWO, N + ZERO, ZERO, TWO, INFINITE };
	static const int result[COUNT(y)][COUNT(x)] = {
		{ INFINITE, INVALID, INVALID, N + INFINITE },
		{ FINITE, ZERO, N + ZERO, N + FINITE },
		{ ZERO, ZERO, N + ZERO, N + ZERO },
		{ N + ZERO, N + ZERO, ZERO, ZERO },
		{ N + FINITE, N + ZERO, ZERO, FINITE },
		{ N + INFINITE, INVALID, INVALID, INFINITE },
	};

	(void)state;
	for (unsigned i = 0; i < COUNT(y) * COUNT(x); i++) {
		int expected = result[i / COUNT(x)][i % COUNT(x)];
		struct fp_env env = fp_env_x87(0x37f);

		assert_value(fp_f80_ylog2xp1(&env, number(y[i / COUNT(x)]), x[i % COUNT(x)]),
			     expected);
		assert_int_equal(env.flags,
				 flags_of(expected, (expected & (N - 1)) == FINITE ? FP_PE : 0));
	}
}

/* SDM Vol. 2, "FPATAN Results". */
static void test_arctangent(void **state)
{
	static const int x[] = { N + INFINITE, N + ONE, N + ZERO, ZERO, ONE, INFINITE };
	static const struct {
		int y;
		int result[COUNT(x)];
	} rows[] = {
		{ ZERO, { PI, PI, PI, ZERO, ZERO, ZERO } },
		{ ONE, { PI, THREE_QUARTERS_PI, HALF_PI, HALF_PI, QUARTER_PI, ZERO } },
		{ INFINITE, { THREE_QUARTERS_PI, HALF_PI, HALF_PI, HALF_PI, HALF_PI, QUARTER_PI } },
	};

	(void)state;
	for (unsigned i = 0; i < COUNT(rows) * COUNT(x) * 2; i++) {
		unsigned column = i / 2 % COUNT(x), row = i / 2 / (unsigned)COUNT(x);
		int sign = i & 1 ? N : 0, expected = rows[row].result[column];
		struct fp_env env = fp_env_x87(0x37f);

		assert_value(fp_f80_atan(&env, number(rows[row].y + sign), number(x[column])),
			     expected + sign);
		assert_int_equal(env.flags, expected == ZERO ? 0 : FP_PE);
	}
}

/* SDM Vol. 2, "FSIN Results", "FCOS Results", "FPTAN Results", "F2XM1". */
static void test_of_one_operand(void **state)
{
	static const struct {
		struct fp_f80 (*function)(struct fp_env *env, struct fp_f80 x);
		int x, result;
	} rows[] = {
		{ fp_f80_sin, ZERO, ZERO },
		{ fp_f80_sin, N + ZERO, N + ZERO },
		{ fp_f80_sin, INFINITE, INVALID },
		{ fp_f80_sin, N + INFINITE, INVALID },
		{ fp_f80_cos, ZERO, ONE },
		{ fp_f80_cos, N + ZERO, ONE },
		{ fp_f80_cos, INFINITE, INVALID },
		{ fp_f80_tan, ZERO, ZERO },
		{ fp_f80_tan, N + ZERO, N + ZERO },
		{ fp_f80_tan, N + INFINITE, INVALID },
		{ fp_f80_2xm1, ZERO, ZERO },
		{ fp_f80_2xm1, N + ZERO, N + ZERO },
		{ fp_f80_2xm1, ONE, ONE },
		{ fp_f80_2xm1, N + ONE, N + HALF },
		{ fp_f80_2xm1, INFINITE, INFINITE },
		{ fp_f80_2xm1, N + INFINITE, N + ONE },
		{ fp_f80_sqrt, ZERO, ZERO },
		{ fp_f80_sqrt, N + ZERO, N + ZERO },
		{ fp_f80_sqrt, ONE, ONE },
		{ fp_f80_sqrt, INFINITE, INFINITE },
		{ fp_f80_sqrt, N + INFINITE, INVALID },
		{ fp_f80_sqrt, N + HALF, INVALID },
		{ fp_f80_round, HALF, ZERO },
		{ fp_f80_round, N + INFINITE, N + INFINITE },
	};

	(void)state;
	for (unsigned i = 0; i < COUNT(rows); i++) {
		struct fp_env env = fp_env_x87(0x37f);
		bool inexact = rows[i].function == fp_f80_round && rows[i].x == HALF;

		assert_value(rows[i].function(&env, number(rows[i].x)), rows[i].result);
		assert_int_equal(env.flags, flags_of(rows[i].result, inexact ? FP_PE : 0));
		assert_int_equal(env.conditions, 0);
	}
}

/* C2 from 2^63 on, and only there; the operand stays. */
static void test_range(void **state)
{
	static const struct fp_f80 inside = { ~0ull, 0x403d }, outside = { 1ull << 63, 0xc03e };
	struct fp_env env = fp_env_x87(0x37f);
	struct fp_f80 x;

	(void)state;
	x = fp_f80_sin(&env, inside);
	assert_int_equal(env.conditions & FP_C2, 0);
	assert_int_equal(env.flags, FP_PE);
	env.flags = 0;
	x = fp_f80_sin(&env, outside);
	assert_int_equal(env.conditions, FP_C2);
	assert_int_equal(env.flags, 0);
	assert_int_equal(x.sign_exponent, outside.sign_exponent);
	assert_int_equal(x.significand, outside.significand);
}

/* The value / 2, so that halves can be told. */
static struct fp_f80 halves(__int128 value)
{
	struct fp_env env = fp_env_x87(0x37f);
	int64_t whole = (int64_t)(value >> 1);
	struct fp_f80 half = value & 1 ? numbers[HALF] : numbers[ZERO];

	return fp_f80_add(&env, fp_i64_to_f80(whole), half);
}

/* The last values that fit and the first that do not, once rounded. */
static void test_integer_limits(void **state)
{
	static const struct {
		int width;
		__int128 twice;
		uint8_t rounding;
		int64_t result;
		unsigned flags;
	} rows[] = {
		{ 16, 65534, FP_NEAREST, INT16_MAX, 0 },
		{ 16, 65535, FP_NEAREST, INT16_MIN, FP_IE }, /* 32767.5 */
		{ 16, 65535, FP_DOWN, INT16_MAX, FP_PE },
		{ 16, 65535, FP_UP, INT16_MIN, FP_IE },
		{ 16, 65536, FP_ZERO, INT16_MIN, FP_IE },
		{ 16, -65536, FP_NEAREST, INT16_MIN, 0 },
		{ 16, -65537, FP_NEAREST, INT16_MIN, FP_PE }, /* -32768.5, to even */
		{ 16, -65537, FP_DOWN, INT16_MIN, FP_IE },
		{ 16, -65537, FP_ZERO, INT16_MIN, FP_PE },
		{ 16, -65538, FP_ZERO, INT16_MIN, FP_IE },
		{ 32, 4294967294, FP_NEAREST, INT32_MAX, 0 },
		{ 32, 4294967295, FP_NEAREST, INT32_MIN, FP_IE },
		{ 32, 4294967295, FP_ZERO, INT32_MAX, FP_PE },
		{ 32, -4294967296, FP_NEAREST, INT32_MIN, 0 },
		{ 32, -4294967297, FP_UP, INT32_MIN, FP_PE },
		{ 32, -4294967298, FP_UP, INT32_MIN, FP_IE },
		{ 64, (__int128)INT64_MAX * 2, FP_NEAREST, INT64_MAX, 0 },
		{ 64, (__int128)INT64_MIN * 2, FP_NEAREST, INT64_MIN, 0 },
		{ 64, 1, FP_NEAREST, 0, FP_PE },
		{ 64, 3, FP_NEAREST, 2, FP_PE },
		{ 64, -1, FP_DOWN, -1, FP_PE },
		{ 64, 0, FP_UP, 0, 0 },
	};

	(void)state;
	for (unsigned i = 0; i < COUNT(rows); i++) {
		struct fp_env env = fp_env_x87((uint16_t)(0x37f | rows[i].rounding << 10));
		struct fp_f80 x = halves(rows[i].twice);
		int64_t result = rows[i].width == 16   ? fp_f80_to_i16(&env, x, false)
				 : rows[i].width == 32 ? fp_f80_to_i32(&env, x, false)
						       : fp_f80_to_i64(&env, x, false);

		assert_int_equal(result, rows[i].result);
		assert_int_equal(env.flags, rows[i].flags);
	}
}

static void test_beyond_64_bits(void **state)
{
	static const struct fp_f80 rows[] = {
		{ 1ull << 63, 0x403e }, /* 2^63 */
		{ (1ull << 63) + 1, 0xc03e },
		{ 1ull << 63, 0x403f },
		{ ~0ull, 0x7ffe },
		{ 1ull << 63, 0x7fff },
		{ 0xc000000000000000, 0x7fff },
		{ 1, 0x3fff }, /* an unnormal */
	};

	(void)state;
	for (unsigned i = 0; i < COUNT(rows); i++) {
		struct fp_env env = fp_env_x87(0x37f);

		assert_true(fp_f80_to_i64(&env, rows[i], true) == INT64_MIN);
		assert_int_equal(env.flags, FP_IE);
	}
}

/* FBSTP: 18 digits. */
static void test_decimal(void **state)
{
	static const struct {
		int64_t value;
		uint8_t bcd[10];
		unsigned flags;
	} rows[] = {
		{ 0, { 0 }, 0 },
		{ -12, { 0x12, [9] = 0x80 }, 0 },
		{ 1234567890123456, { 0x56, 0x34, 0x12, 0x90, 0x78, 0x56, 0x34, 0x12 }, 0 },
		{ 999999999999999999, { 0x99, 0x99, 0x99, 0x99, 0x99, 0x99, 0x99, 0x99, 0x99 }, 0 },
		{ 1000000000000000000, { [7] = 0xc0, [8] = 0xff, [9] = 0xff }, FP_IE },
		{ INT64_MIN, { [7] = 0xc0, [8] = 0xff, [9] = 0xff }, FP_IE },
	};

	(void)state;
	for (unsigned i = 0; i < COUNT(rows); i++) {
		struct fp_env env = fp_env_x87(0x37f);
		struct fp_f80 x = fp_i64_to_f80(rows[i].value), back;
		uint8_t bcd[10];

		fp_f80_to_bcd(&env, x, bcd);
		assert_memory_equal(bcd, rows[i].bcd, sizeof(bcd));
		assert_int_equal(env.flags, rows[i].flags);
		if (rows[i].flags)
			continue;
		back = fp_bcd_to_f80(bcd);
		assert_int_equal(back.significand, x.significand);
		assert_int_equal(back.sign_exponent, x.sign_exponent);
	}
}

/* SDM Vol. 1, "Unsupported Double Extended-Precision Floating-Point Encodings". */
static void test_unsupported(void **state)
{
	static const struct fp_f80 rows[] = {
		{ 0x4000000000000000, 0x7fff }, /* pseudo-NaN, quiet */
		{ 0x0000000000000001, 0xffff }, /* pseudo-NaN, signalling */
		{ 0x0000000000000000, 0x7fff }, /* pseudo-infinity */
		{ 0x7fffffffffffffff, 0x0001 }, /* unnormal */
		{ 0x0000000000000000, 0x3fff },
	};
	static const struct fp_f80 quiet = { 0xffffffffffffffff, 0x7fff };

	(void)state;
	for (unsigned i = 0; i < COUNT(rows); i++) {
		struct fp_env env = fp_env_x87(0x37f);

		assert_value(fp_f80_add(&env, rows[i], numbers[ONE]), INVALID);
		assert_int_equal(env.flags, FP_IE);
		env.flags = 0;
		assert_value(fp_f80_mul(&env, quiet, rows[i]), INVALID);
		assert_int_equal(env.flags, FP_IE);
		assert_int_equal(fp_f80_examine(rows[i]), rows[i].sign_exponent >> 15 ? FP_C1 : 0);
		assert_int_equal(fp_f80_compare(&env, rows[i], rows[i], false), FP_UNORDERED);
	}
}

/* SDM Vol. 1, "Rules for Generating QNaNs" and "FMA Numeric Behavior": who wins. */
static void test_nans(void **state)
{
	static const struct fp_f80 small = { 0xc000000000000001, 0xffff },
				   large = { 0xc000000000000002, 0x7fff },
				   signalling = { 0xbfffffffffffffff, 0x7fff },
				   negative = { 0xc000000000000002, 0xffff };
	struct fp_env env = fp_env_x87(0x37f), sse = fp_env_mxcsr(0x1f80);

	(void)state;
	assert_int_equal(fp_f80_add(&env, small, large).significand, large.significand);
	assert_int_equal(fp_f80_add(&env, large, small).significand, large.significand);
	assert_int_equal(fp_f80_add(&env, negative, large).sign_exponent, 0x7fff);
	assert_int_equal(fp_f80_add(&env, large, negative).sign_exponent, 0x7fff);
	assert_int_equal(env.flags, 0);
	assert_int_equal(fp_f80_add(&env, signalling, small).significand, small.significand);
	assert_int_equal(env.flags, FP_IE);
	assert_int_equal(fp_f80_add(&env, signalling, numbers[ONE]).significand, ~0ull);

	assert_int_equal(fp_f32_add(&sse, 0x7fc00001, 0x7fc00002), 0x7fc00001);
	assert_int_equal(fp_f32_sub(&sse, 0x3f800000, 0x7fc00002), 0x7fc00002);
	assert_int_equal(sse.flags, 0);
	assert_int_equal(fp_f32_mul(&sse, 0x7f800001, 0x7fc00002), 0x7fc00001);
	assert_int_equal(sse.flags, FP_IE);
	sse.flags = 0;
	/* 0 * infinity + QNaN is that QNaN, and nothing invalid; the sign is not changed. */
	assert_int_equal(fp_f32_fma(&sse, 0, 0x7f800000, 0x7fc00003, FP_NEGATE_ADDEND), 0x7fc00003);
	assert_int_equal(sse.flags, 0);
	assert_int_equal(fp_f32_fma(&sse, 0, 0x7f800000, 0x3f800000, 0), 0xffc00000);
	assert_int_equal(sse.flags, FP_IE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_logarithm),      cmocka_unit_test(test_logarithm_of_sum),
		cmocka_unit_test(test_arctangent),     cmocka_unit_test(test_of_one_operand),
		cmocka_unit_test(test_range),	       cmocka_unit_test(test_integer_limits),
		cmocka_unit_test(test_beyond_64_bits), cmocka_unit_test(test_decimal),
		cmocka_unit_test(test_unsupported),    cmocka_unit_test(test_nans),
	};

	return cmocka_run_group_tests_name("special values", tests, NULL, NULL);
}
