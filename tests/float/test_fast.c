/* SPDX-License-Identifier: MIT */
/* The fast path gives what the functions in integers give, flags too, and it is taken. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "float/fast.h"
#include "random.h"

#define CASES 30000

/* Half of them such that the fast path may be taken. */
static struct fp_env draw_env(struct random *r)
{
	uint32_t all_masked = 0x1f80, mxcsr = all_masked | FP_PE;

	if (random_below(r, 2))
		mxcsr = (uint32_t)random_bits(r) & 0xffff;
	return fp_env_mxcsr(mxcsr);
}

static uint32_t draw_f32(struct random *r)
{
	return random_below(r, 2) ? random_f32(r)
				  : (uint32_t)(random_bits(r) & 0x807fffff) |
					    (0x70 + random_below(r, 0x20)) << 23;
}

static uint64_t draw_f64(struct random *r)
{
	return random_below(r, 2) ? random_f64(r)
				  : (random_bits(r) & 0x800fffffffffffffu) |
					    (0x3e0ull + random_below(r, 0x40)) << 52;
}

#define SAME(fast_call, call)                                                                      \
	do {                                                                                       \
		struct fp_env fast_env = draw_env(&r), env = fast_env;                             \
		uint64_t fast_result, result;                                                      \
                                                                                                   \
		{                                                                                  \
			struct fp_env *e = &fast_env;                                              \
			fast_result = (uint64_t)(fast_call);                                       \
		}                                                                                  \
		{                                                                                  \
			struct fp_env *e = &env;                                                   \
			result = (uint64_t)(call);                                                 \
		}                                                                                  \
		assert_int_equal(fast_result, result);                                             \
		assert_int_equal(fast_env.flags, env.flags);                                       \
	} while (0)

#define SAME_2(op)                                                                                 \
	SAME(fp_fast_f32_##op(e, a, b), fp_f32_##op(e, a, b));                                     \
	SAME(fp_fast_f64_##op(e, c, d), fp_f64_##op(e, c, d))

static void test_arithmetic(void **state)
{
	struct random r = { 1 };

	(void)state;
	for (int i = 0; i < CASES; i++) {
		uint32_t a = draw_f32(&r), b = i & 3 ? draw_f32(&r) : random_f32_near(&r, a);
		uint64_t c = draw_f64(&r), d = i & 3 ? draw_f64(&r) : random_f64_near(&r, c);

		SAME_2(add);
		SAME_2(sub);
		SAME_2(mul);
		SAME_2(div);
		SAME(fp_fast_f32_sqrt(e, a), fp_f32_sqrt(e, a));
		SAME(fp_fast_f64_sqrt(e, c), fp_f64_sqrt(e, c));
		SAME(fp_fast_f32_compare(e, a, b, i & 4), fp_f32_compare(e, a, b, i & 4));
		SAME(fp_fast_f64_compare(e, c, d, i & 4), fp_f64_compare(e, c, d, i & 4));
	}
}

/* The results next to the ends of the normal range, where overflow and tininess begin. */
static void test_boundaries(void **state)
{
	struct random r = { 2 };

	(void)state;
	for (int i = 0; i < CASES; i++) {
		uint64_t c = random_f64(&r), d = random_f64(&r), half = c >> 52 & 0x7ff;
		uint64_t wanted = i & 1 ? 1 : 0x7fe;
		uint64_t field = (wanted + 1023 - half + (uint64_t)random_below(&r, 3) - 1) & 0x7ff;

		d = (d & 0x800fffffffffffffu) | field << 52;
		SAME(fp_fast_f64_mul(e, c, d), fp_f64_mul(e, c, d));
		d = (d & 0x800fffffffffffffu) | ((half + 1023 - wanted) & 0x7ff) << 52;
		SAME(fp_fast_f64_div(e, c, d), fp_f64_div(e, c, d));
		SAME(fp_fast_f64_to_f32(e, c), fp_f64_to_f32(e, c));
	}
}

static void test_conversions(void **state)
{
	struct random r = { 3 };

	(void)state;
	for (int i = 0; i < CASES; i++) {
		uint32_t a = draw_f32(&r);
		uint64_t c = draw_f64(&r);
		int32_t n = (int32_t)random_integer(&r, 32);
		int64_t m = random_integer(&r, 64);

		assert_int_equal(fp_fast_i32_to_f64(n), fp_i32_to_f64(n));
		SAME(fp_fast_i32_to_f32(e, n), fp_i32_to_f32(e, n));
		SAME(fp_fast_i64_to_f64(e, m), fp_i64_to_f64(e, m));
		SAME(fp_fast_f32_to_f64(e, a), fp_f32_to_f64(e, a));
		SAME(fp_fast_f64_to_f32(e, c), fp_f64_to_f32(e, c));
		SAME(fp_fast_f64_to_i32_truncated(e, c), fp_f64_to_i32(e, c, true));
		SAME(fp_fast_f64_to_i64_truncated(e, c), fp_f64_to_i64(e, c, true));
		SAME(fp_fast_f32_to_i32_truncated(e, a), fp_f32_to_i32(e, a, true));
	}
}

static void test_is_taken(void **state)
{
	struct fp_env env = fp_env_mxcsr(0x1fa0);

	(void)state;
	assert_true(fp_fast_env(&env));
	env.flags |= FP_IE | FP_OE;
	env.daz = env.ftz = true;
	assert_true(fp_fast_env(&env));
	env.flags = FP_IE;
	assert_false(fp_fast_env(&env));
	for (unsigned bit = 0; bit < 6; bit++) {
		env = fp_env_mxcsr(0x1fa0 & ~(0x80u << bit));
		assert_false(fp_fast_env(&env));
	}
	for (unsigned rounding = 1; rounding < 4; rounding++) {
		env = fp_env_mxcsr(0x1fa0 | rounding << 13);
		assert_false(fp_fast_env(&env));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_arithmetic),
		cmocka_unit_test(test_boundaries),
		cmocka_unit_test(test_conversions),
		cmocka_unit_test(test_is_taken),
	};

	return cmocka_run_group_tests_name("the fast path", tests, NULL, NULL);
}
