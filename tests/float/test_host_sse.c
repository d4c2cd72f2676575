/* SPDX-License-Identifier: MIT */
/* SSE, FMA and F16C arithmetic against the processor that runs this test: results and flags. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <inttypes.h>
#include <stdio.h>

#include "host_sse.h"
#include "random.h"

#define ALL_MASKED 0x1f80u
#define MAX_SHOWN 10

enum operand { NONE, F16, F32, F64, I32, I64, IMM8 };

typedef uint64_t library_sse(struct fp_env *env, uint64_t a, uint64_t b, uint64_t c);

struct operation {
	const char *name;
	library_sse *library;
	host_sse *host;
	enum operand a, b, c;
	enum operand result;
	const char *feature; /* one that not every x86-64 processor has */
};

#define OURS(name, call)                                                                           \
	static uint64_t ours_##name(struct fp_env *env, uint64_t a, uint64_t b, uint64_t c)        \
	{                                                                                          \
		(void)env, (void)a, (void)b, (void)c;                                              \
		return (uint64_t)(call);                                                           \
	}
#define OURS_BOTH(op)                                                                              \
	OURS(f32_##op, fp_f32_##op(env, (uint32_t)a, (uint32_t)b))                                 \
	OURS(f64_##op, fp_f64_##op(env, a, b))

OURS_BOTH(add)
OURS_BOTH(sub)
OURS_BOTH(mul)
OURS_BOTH(div)
OURS_BOTH(min)
OURS_BOTH(max)
OURS(f32_sqrt, fp_f32_sqrt(env, (uint32_t)a))
OURS(f64_sqrt, fp_f64_sqrt(env, a))
OURS(f32_to_f64, fp_f32_to_f64(env, (uint32_t)a))
OURS(f64_to_f32, fp_f64_to_f32(env, a))
OURS(f16_to_f32, fp_f16_to_f32(env, (uint16_t)a))
OURS(f32_to_f16, fp_f32_to_f16(env, (uint32_t)a, (unsigned)b))
OURS(f32_round, fp_f32_round(env, (uint32_t)a, (unsigned)b))
OURS(f64_round, fp_f64_round(env, a, (unsigned)b))
OURS(f32_to_i32, (uint32_t)fp_f32_to_i32(env, (uint32_t)a, false))
OURS(f32_to_i64, fp_f32_to_i64(env, (uint32_t)a, false))
OURS(f64_to_i32, (uint32_t)fp_f64_to_i32(env, a, false))
OURS(f64_to_i64, fp_f64_to_i64(env, a, false))
OURS(f32_to_i32_truncated, (uint32_t)fp_f32_to_i32(env, (uint32_t)a, true))
OURS(f32_to_i64_truncated, fp_f32_to_i64(env, (uint32_t)a, true))
OURS(f64_to_i32_truncated, (uint32_t)fp_f64_to_i32(env, a, true))
OURS(f64_to_i64_truncated, fp_f64_to_i64(env, a, true))
OURS(i32_to_f32, fp_i32_to_f32(env, (int32_t)a))
OURS(i64_to_f32, fp_i64_to_f32(env, (int64_t)a))
OURS(i32_to_f64, fp_i32_to_f64((int32_t)a))
OURS(i64_to_f64, fp_i64_to_f64(env, (int64_t)a))

#define OURS_FMA(name, negate)                                                                     \
	OURS(f32_##name, fp_f32_fma(env, (uint32_t)a, (uint32_t)b, (uint32_t)c, negate))           \
	OURS(f64_##name, fp_f64_fma(env, a, b, c, negate))

OURS_FMA(fmadd, 0)
OURS_FMA(fmsub, FP_NEGATE_ADDEND)
OURS_FMA(fnmadd, FP_NEGATE_PRODUCT)
OURS_FMA(fnmsub, FP_NEGATE_PRODUCT | FP_NEGATE_ADDEND)

/* ZF, PF, CF as (U)COMIS sets them. */
static uint64_t compare_flags(enum fp_relation relation)
{
	static const uint64_t flags[] = {
		[FP_LESS] = 1, [FP_EQUAL] = 4, [FP_GREATER] = 0, [FP_UNORDERED] = 7
	};

	return flags[relation];
}

OURS(f32_comi, compare_flags(fp_f32_compare(env, (uint32_t)a, (uint32_t)b, true)))
OURS(f32_ucomi, compare_flags(fp_f32_compare(env, (uint32_t)a, (uint32_t)b, false)))
OURS(f64_comi, compare_flags(fp_f64_compare(env, a, b, true)))
OURS(f64_ucomi, compare_flags(fp_f64_compare(env, a, b, false)))

#define OP(name, result, ...)                                                                      \
	{                                                                                          \
#name, ours_##name, host_##name, __VA_ARGS__, result, NULL                         \
	}
#define OP2(op) OP(f32_##op, F32, F32, F32, NONE), OP(f64_##op, F64, F64, F64, NONE)
#define OP_FMA(op, form)                                                                           \
	{ "f32_" #op #form, ours_f32_##op, host_f32_##op##form, F32, F32, F32, F32, "fma" },       \
	{                                                                                          \
		"f64_" #op #form, ours_f64_##op, host_f64_##op##form, F64, F64, F64, F64, "fma"    \
	}

static const struct operation operations[] = {
	OP2(add),
	OP2(sub),
	OP2(mul),
	OP2(div),
	OP2(min),
	OP2(max),
	OP(f32_sqrt, F32, F32, NONE, NONE),
	OP(f64_sqrt, F64, F64, NONE, NONE),
	OP(f32_comi, IMM8, F32, F32, NONE),
	OP(f32_ucomi, IMM8, F32, F32, NONE),
	OP(f64_comi, IMM8, F64, F64, NONE),
	OP(f64_ucomi, IMM8, F64, F64, NONE),
	OP(f32_to_f64, F64, F32, NONE, NONE),
	OP(f64_to_f32, F32, F64, NONE, NONE),
	OP(f32_to_i32, I32, F32, NONE, NONE),
	OP(f32_to_i64, I64, F32, NONE, NONE),
	OP(f64_to_i32, I32, F64, NONE, NONE),
	OP(f64_to_i64, I64, F64, NONE, NONE),
	OP(f32_to_i32_truncated, I32, F32, NONE, NONE),
	OP(f32_to_i64_truncated, I64, F32, NONE, NONE),
	OP(f64_to_i32_truncated, I32, F64, NONE, NONE),
	OP(f64_to_i64_truncated, I64, F64, NONE, NONE),
	OP(i32_to_f32, F32, I32, NONE, NONE),
	OP(i64_to_f32, F32, I64, NONE, NONE),
	OP(i32_to_f64, F64, I32, NONE, NONE),
	OP(i64_to_f64, F64, I64, NONE, NONE),
	{ "f32_round", ours_f32_round, host_f32_round, F32, IMM8, NONE, F32, "sse4.1" },
	{ "f64_round", ours_f64_round, host_f64_round, F64, IMM8, NONE, F64, "sse4.1" },
	{ "f16_to_f32", ours_f16_to_f32, host_f16_to_f32, F16, NONE, NONE, F32, "f16c" },
	{ "f32_to_f16", ours_f32_to_f16, host_f32_to_f16, F32, IMM8, NONE, F16, "f16c" },
	OP_FMA(fmadd, 132),
	OP_FMA(fmadd, 213),
	OP_FMA(fmadd, 231),
	OP_FMA(fmsub, 213),
	OP_FMA(fnmadd, 213),
	OP_FMA(fnmsub, 213),
};

static bool host_has(const char *feature)
{
	if (!feature)
		return true;
	if (feature[0] == 's')
		return __builtin_cpu_supports("sse4.1");
	if (feature[1] == 'm')
		return __builtin_cpu_supports("fma");
#if defined(__clang_major__) || __GNUC__ >= 11
	return __builtin_cpu_supports("f16c");
#else
	return false;
#endif
}

static uint64_t draw(struct random *r, enum operand kind, uint64_t other)
{
	bool close = random_below(r, 4) == 0;

	switch (kind) {
	case NONE:
		return 0;
	case F16:
		return random_f16(r);
	case F32:
		return close ? random_f32_near(r, (uint32_t)other) : random_f32(r);
	case F64:
		return close ? random_f64_near(r, other) : random_f64(r);
	case I32:
		return (uint32_t)random_integer(r, 32);
	case I64:
		return (uint64_t)random_integer(r, 64);
	case IMM8:
		return random_below(r, 16);
	}
	return 0;
}

static uint64_t result_mask(enum operand kind)
{
	return kind == F16 ? 0xffff : kind == F32 || kind == I32 ? 0xffffffff : ~0ull;
}

/* RC, DAZ, FTZ; one time in eight not all is masked. */
static uint32_t draw_mxcsr(struct random *r)
{
	uint32_t mxcsr = random_below(r, 4) << 13;

	mxcsr |= random_below(r, 4) == 0 ? 0x40 : 0;
	mxcsr |= random_below(r, 4) == 0 ? 0x8000 : 0;
	return mxcsr | (random_below(r, 8) ? ALL_MASKED : random_below(r, 64) << 7);
}

static bool same(const struct operation *op, uint32_t mxcsr, const uint64_t in[3], bool show)
{
	struct fp_env env = fp_env_mxcsr(mxcsr);
	uint32_t host_mxcsr = mxcsr;
	uint64_t host = op->host(&host_mxcsr, in[0], in[1], in[2]) & result_mask(op->result);
	uint64_t ours = op->library(&env, in[0], in[1], in[2]);
	bool faults = fp_settle(&env) != 0;

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

static void check(const struct operation *op, unsigned long cases)
{
	struct random r = { 0x5eed0000 + (uint64_t)(op - operations) };
	unsigned long failures = 0;

	for (unsigned long i = 0; i < cases; i++) {
		uint32_t mxcsr = draw_mxcsr(&r);
		uint64_t in[3];

		in[0] = draw(&r, op->a, 0);
		in[1] = draw(&r, op->b, in[0]);
		in[2] = draw(&r, op->c, in[0]);
		failures += !same(op, mxcsr, in, failures < MAX_SHOWN);
	}
	if (failures) {
		fprintf(stderr, "%s: %lu of %lu differ\n", op->name, failures, cases);
	}
	assert_int_equal(failures, 0);
}

static void test_operation(void **state)
{
	const struct operation *op = *state;

	if (!host_has(op->feature)) {
		fprintf(stderr, "SKIPPED: %s, this processor has no %s\n", op->name, op->feature);
		skip();
	}
	host_sse_begin();
	check(op, case_count(15000));
	host_sse_end();
}

int main(void)
{
	enum { COUNT = sizeof(operations) / sizeof(*operations) };
	struct CMUnitTest tests[COUNT];

	for (unsigned i = 0; i < COUNT; i++)
		tests[i] = (struct CMUnitTest){
			.name = operations[i].name,
			.test_func = test_operation,
			.initial_state = (void *)(uintptr_t)&operations[i],
		};
	return cmocka_run_group_tests_name("SSE arithmetic against the host", tests, NULL, NULL);
}
