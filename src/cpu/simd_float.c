/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "cpu/handler.h"
#include "cpu/simd.h"
#include "float/fast.h"

/*
 * Floating-point arithmetic. A packed operation does all its elements, whatever they raise: flags
 * gather in env->fp, and what to do about them is the handler's business.
 */

#define FP (&env->fp)

/* clang-format off */
/* The first element; the rest of 16 bytes is a's. */
#define SCALAR(name, lane, expression) \
	SIMD_KERNEL(name) \
	{ \
		enum { i = 0 }; \
		memcpy(d, a, 16); \
		d->lane[0] = (expression); \
	}

#define ARITHMETIC(name, f32, f64) \
	FLOAT_ELEMENTS(name##PS, u32, f32(FP, a->u32[i], b->u32[i])) \
	FLOAT_ELEMENTS(name##PD, u64, f64(FP, a->u64[i], b->u64[i])) \
	SCALAR(name##SS, u32, f32(FP, a->u32[0], b->u32[0])) \
	SCALAR(name##SD, u64, f64(FP, a->u64[0], b->u64[0]))

ARITHMETIC(ADD, fp_fast_f32_add, fp_fast_f64_add)
ARITHMETIC(SUB, fp_fast_f32_sub, fp_fast_f64_sub)
ARITHMETIC(MUL, fp_fast_f32_mul, fp_fast_f64_mul)
ARITHMETIC(DIV, fp_fast_f32_div, fp_fast_f64_div)
ARITHMETIC(MIN, fp_f32_min, fp_f64_min)
ARITHMETIC(MAX, fp_f32_max, fp_f64_max)

FLOAT_ELEMENTS(SQRTPS, u32, fp_fast_f32_sqrt(FP, b->u32[i]))
FLOAT_ELEMENTS(SQRTPD, u64, fp_fast_f64_sqrt(FP, b->u64[i]))
SCALAR(SQRTSS, u32, fp_fast_f32_sqrt(FP, b->u32[i]))
SCALAR(SQRTSD, u64, fp_fast_f64_sqrt(FP, b->u64[i]))

FLOAT_ELEMENTS(ROUNDPS, u32, fp_f32_round(FP, b->u32[i], imm))
FLOAT_ELEMENTS(ROUNDPD, u64, fp_f64_round(FP, b->u64[i], imm))
SCALAR(ROUNDSS, u32, fp_f32_round(FP, b->u32[i], imm))
SCALAR(ROUNDSD, u64, fp_f64_round(FP, b->u64[i], imm))

FLOAT_ELEMENTS(RCPPS, u32, fp_f32_reciprocal(b->u32[i]))
SCALAR(RCPSS, u32, fp_f32_reciprocal(b->u32[i]))
FLOAT_ELEMENTS(RSQRTPS, u32, fp_f32_reciprocal_sqrt(b->u32[i]))
SCALAR(RSQRTSS, u32, fp_f32_reciprocal_sqrt(b->u32[i]))

FLOAT_ELEMENTS(ADDSUBPS, u32, (i & 1 ? fp_fast_f32_add : fp_fast_f32_sub)(FP, a->u32[i], b->u32[i]))
FLOAT_ELEMENTS(ADDSUBPD, u64, (i & 1 ? fp_fast_f64_add : fp_fast_f64_sub)(FP, a->u64[i], b->u64[i]))
/* clang-format on */

/* Neighbours: two of a, then two of b, in each lane. */
#define HORIZONTAL(name, function)                                                                 \
	SIMD_KERNEL(name##PS)                                                                      \
	{                                                                                          \
		EACH(u32)                                                                          \
		{                                                                                  \
			const uint32_t *x = &(i & 2 ? b : a)->u32[(i & 4) + 2 * (i & 1)];          \
                                                                                                   \
			d->u32[i] = fp_fast_f32_##function(FP, x[0], x[1]);                        \
		}                                                                                  \
	}                                                                                          \
	SIMD_KERNEL(name##PD)                                                                      \
	{                                                                                          \
		EACH(u64)                                                                          \
		{                                                                                  \
			const uint64_t *x = &(i & 1 ? b : a)->u64[i & 2];                          \
                                                                                                   \
			d->u64[i] = fp_fast_f64_##function(FP, x[0], x[1]);                        \
		}                                                                                  \
	}

HORIZONTAL(HADD, add)
HORIZONTAL(HSUB, sub)

/*
 * The 32 predicates are 16, each in a quiet and a signalling variant. SDM Vol 2A "CMPPD",
 * "Comparison Predicate for CMPPD and CMPPS Instructions"
 */
struct predicate {
	uint8_t relations; /* bit n: true for enum fp_relation n */
	bool signalling;
};

#define LT 1u
#define EQ 2u
#define GT 4u
#define UN 8u
_Static_assert(LT == 1u << FP_LESS && EQ == 1u << FP_EQUAL && GT == 1u << FP_GREATER &&
		       UN == 1u << FP_UNORDERED,
	       "bits are relations");

static struct predicate predicate_of(unsigned imm)
{
	static const struct predicate predicates[16] = {
		{ EQ, false },		      /* EQ */
		{ LT, true },		      /* LT */
		{ LT | EQ, true },	      /* LE */
		{ UN, false },		      /* UNORD */
		{ LT | GT | UN, false },      /* NEQ */
		{ EQ | GT | UN, true },	      /* NLT */
		{ GT | UN, true },	      /* NLE */
		{ LT | EQ | GT, false },      /* ORD */
		{ EQ | UN, false },	      /* EQ_U */
		{ LT | UN, true },	      /* NGE */
		{ LT | EQ | UN, true },	      /* NGT */
		{ 0, false },		      /* FALSE */
		{ LT | GT, false },	      /* NEQ_O */
		{ EQ | GT, true },	      /* GE */
		{ GT, true },		      /* GT */
		{ LT | EQ | GT | UN, false }, /* TRUE */
	};
	struct predicate p = predicates[imm & 15];

	p.signalling ^= imm >> 4 & 1;
	return p;
}

static uint32_t compare_f32(struct simd_env *env, uint32_t a, uint32_t b, struct predicate p)
{
	return p.relations >> fp_fast_f32_compare(FP, a, b, p.signalling) & 1 ? ~0u : 0;
}

static uint64_t compare_f64(struct simd_env *env, uint64_t a, uint64_t b, struct predicate p)
{
	return p.relations >> fp_fast_f64_compare(FP, a, b, p.signalling) & 1 ? ~0ull : 0;
}

/* clang-format off */
FLOAT_ELEMENTS(CMPPS, u32, compare_f32(env, a->u32[i], b->u32[i], predicate_of(imm)))
FLOAT_ELEMENTS(CMPPD, u64, compare_f64(env, a->u64[i], b->u64[i], predicate_of(imm)))
SCALAR(CMPSS, u32, compare_f32(env, a->u32[i], b->u32[i], predicate_of(imm)))
SCALAR(CMPSD, u64, compare_f64(env, a->u64[i], b->u64[i], predicate_of(imm)))
/* clang-format on */

static uint64_t flags_of(enum fp_relation relation)
{
	static const uint8_t flags[] = {
		[FP_LESS] = FLAG_CF,
		[FP_EQUAL] = FLAG_ZF,
		[FP_GREATER] = 0,
		[FP_UNORDERED] = FLAG_ZF | FLAG_PF | FLAG_CF,
	};

	return flags[relation];
}

#define COMPARE(name, bits, lane, signalling)                                                      \
	SIMD_KERNEL(name)                                                                          \
	{                                                                                          \
		(void)d;                                                                           \
		env->flags = flags_of(                                                             \
			fp_fast_##bits##_compare(FP, a->lane[0], b->lane[0], signalling));         \
	}

COMPARE(COMISS, f32, u32, true)
COMPARE(COMISD, f64, u64, true)
COMPARE(UCOMISS, f32, u32, false)
COMPARE(UCOMISD, f64, u64, false)

/*
 * imm8[7:4] chooses the products, imm8[3:0] where the sum goes. Each multiplication and addition
 * has exceptions of its own: one that is not masked ends the instruction after that step, with the
 * flags of the steps before. SDM Vol 2A "DPPS". Which of several NaNs an element gets the manual
 * leaves open: Intel's processors add for each element by itself, its neighbour first in DPPS.
 */
static bool step_done(struct simd_env *env)
{
	if (env->fp.flags & ~(unsigned)env->fp.masks)
		return false;
	env->earlier_flags |= env->fp.flags;
	if (env->fp.masks != FP_EXCEPTIONS)
		env->fp.flags = 0;
	return true;
}

SIMD_KERNEL(DPPS)
{
	uint32_t x[8] = { 0 }, y[8];

	EACH(u32)
	{
		if (imm >> (4 + (i & 3)) & 1)
			x[i] = fp_fast_f32_mul(FP, a->u32[i], b->u32[i]);
	}
	if (!step_done(env))
		return;
	EACH(u32)
	y[i] = fp_fast_f32_add(FP, x[i ^ 1], x[i]);
	if (!step_done(env))
		return;
	EACH(u32)
	x[i] = fp_fast_f32_add(FP, y[i], y[i ^ 2]);
	EACH(u32)
	d->u32[i] = imm >> (i & 3) & 1 ? x[i] : 0;
}

SIMD_KERNEL(DPPD)
{
	uint64_t x[2] = { 0 };

	for (unsigned i = 0; i < 2; i++) {
		if (imm >> (4 + i) & 1)
			x[i] = fp_fast_f64_mul(FP, a->u64[i], b->u64[i]);
	}
	if (!step_done(env))
		return;
	for (unsigned i = 0; i < 2; i++) {
		uint64_t sum = fp_fast_f64_add(FP, x[i], x[i ^ 1]);

		d->u64[i] = imm >> i & 1 ? sum : 0;
	}
}
