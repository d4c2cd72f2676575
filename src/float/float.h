/* SPDX-License-Identifier: MIT */
#ifndef UDV_FLOAT_FLOAT_H
#define UDV_FLOAT_FLOAT_H

/*
 * Floating-point arithmetic as an x86 processor does it: SSE to AVX, FMA, F16C and x87, exact to
 * the bit, with exceptions, in integers only. Every function is pure: operands and environment in,
 * result out, and the environment's flags and condition codes are all that it writes.
 *
 * How a caller deals with exceptions (SDM Vol. 1, "Handling SIMD Floating-Point Exceptions" and
 * "Overview of x87 FPU Exceptions"):
 *
 *   1. env.flags collects (ORs) what is raised. If every exception is masked, let it start with
 *      MXCSR's (the status word's) flags and put it back afterwards. If one is not, let it start
 *      with 0, so that an old flag is not taken for a new one.
 *   2. Do all elements of a packed instruction, each result into a temporary.
 *   3. fp_settle() returns the unmasked exceptions: not 0 means #XM (#MF), the destination is not
 *      written, flags are ORed into MXCSR. It takes back OE, UE and PE of other elements where IE,
 *      DE or ZE are unmasked.
 *
 * An x87 instruction with an unmasked OE, UE or PE and a register destination does write its result
 * (scaled for OE and UE); one with a memory destination writes only if PE alone is unmasked.
 *
 * A result returned along with an unmasked IE, DE or ZE is not meaningful.
 */

#include <stdbool.h>
#include <stdint.h>

/* RC of MXCSR and of the x87 control word, imm8[1:0] of ROUNDPS. */
enum fp_rounding {
	FP_NEAREST = 0,
	FP_DOWN = 1,
	FP_UP = 2,
	FP_ZERO = 3,
};

/* Exceptions, in the order of MXCSR[5:0] and of the x87 status word. */
#define FP_IE 0x01u
#define FP_DE 0x02u
#define FP_ZE 0x04u
#define FP_OE 0x08u
#define FP_UE 0x10u
#define FP_PE 0x20u
#define FP_EXCEPTIONS 0x3fu
#define FP_PRE_COMPUTATION (FP_IE | FP_DE | FP_ZE)

/* Condition codes, as in the x87 status word. */
#define FP_C0 0x0100u
#define FP_C1 0x0200u
#define FP_C2 0x0400u
#define FP_C3 0x4000u

struct fp_env {
	uint8_t rounding;    /* enum fp_rounding */
	uint8_t masks;	     /* FP_*E: set means masked */
	uint8_t flags;	     /* FP_*E raised */
	uint8_t precision;   /* x87 precision control, bits of a significand: 24, 53, 64 */
	bool daz;	     /* denormals are zeros: SSE only */
	bool ftz;	     /* flush to zero: SSE only */
	uint16_t conditions; /* FP_C*, written by every f80 function: C1 is "rounded up" */
};

/* Words that hold a number in its memory format: binary16, 32, 64; the x87 double extended one. */
struct fp_f80 {
	uint64_t significand;
	uint16_t sign_exponent;
};

enum fp_relation {
	FP_LESS,
	FP_EQUAL,
	FP_GREATER,
	FP_UNORDERED,
};

/* The environment that MXCSR describes, its flags included. */
static inline struct fp_env fp_env_mxcsr(uint32_t mxcsr)
{
	return (struct fp_env){
		.rounding = mxcsr >> 13 & 3,
		.masks = mxcsr >> 7 & FP_EXCEPTIONS,
		.flags = mxcsr & FP_EXCEPTIONS,
		.precision = 64,
		.daz = mxcsr >> 6 & 1,
		.ftz = mxcsr >> 15 & 1,
	};
}

/* The environment that an x87 control word describes, no flags raised. */
static inline struct fp_env fp_env_x87(uint16_t control)
{
	unsigned precision = control >> 8 & 3;

	return (struct fp_env){
		.rounding = control >> 10 & 3,
		.masks = control & FP_EXCEPTIONS,
		.precision = precision == 0   ? 24
			     : precision == 2 ? 53
					      : 64,
	};
}

/*
 * Ends an instruction that began with flags 0: the exceptions that are not masked. Where one of
 * them comes before the computation, those that come after it have not happened.
 */
static inline unsigned fp_settle(struct fp_env *env)
{
	unsigned unmasked = env->flags & ~(unsigned)env->masks;

	if (unmasked & FP_PRE_COMPUTATION)
		env->flags &= FP_PRE_COMPUTATION;
	return env->flags & ~(unsigned)env->masks;
}

/* ADD, SUB, MUL, DIV, SQRT: a is the first source (the one that a NaN result prefers). */
uint32_t fp_f32_add(struct fp_env *env, uint32_t a, uint32_t b);
uint32_t fp_f32_sub(struct fp_env *env, uint32_t a, uint32_t b);
uint32_t fp_f32_mul(struct fp_env *env, uint32_t a, uint32_t b);
uint32_t fp_f32_div(struct fp_env *env, uint32_t a, uint32_t b);
uint32_t fp_f32_sqrt(struct fp_env *env, uint32_t a);
uint64_t fp_f64_add(struct fp_env *env, uint64_t a, uint64_t b);
uint64_t fp_f64_sub(struct fp_env *env, uint64_t a, uint64_t b);
uint64_t fp_f64_mul(struct fp_env *env, uint64_t a, uint64_t b);
uint64_t fp_f64_div(struct fp_env *env, uint64_t a, uint64_t b);
uint64_t fp_f64_sqrt(struct fp_env *env, uint64_t a);

/* FMA: a * b + c, rounded once. A NaN keeps its sign, so negation is asked for, not done before. */
#define FP_NEGATE_PRODUCT 1u /* VFNMADD: with FP_NEGATE_ADDEND VFNMSUB */
#define FP_NEGATE_ADDEND 2u  /* VFMSUB */
uint32_t fp_f32_fma(struct fp_env *env, uint32_t a, uint32_t b, uint32_t c, unsigned negate);
uint64_t fp_f64_fma(struct fp_env *env, uint64_t a, uint64_t b, uint64_t c, unsigned negate);

/* MIN, MAX: b (denormals zeroed under DAZ) if either is a NaN or both are zero. */
uint32_t fp_f32_min(struct fp_env *env, uint32_t a, uint32_t b);
uint32_t fp_f32_max(struct fp_env *env, uint32_t a, uint32_t b);
uint64_t fp_f64_min(struct fp_env *env, uint64_t a, uint64_t b);
uint64_t fp_f64_max(struct fp_env *env, uint64_t a, uint64_t b);

/* COMI (signalling: a QNaN raises IE too), UCOMI (not), CMP with either kind of predicate. */
enum fp_relation fp_f32_compare(struct fp_env *env, uint32_t a, uint32_t b, bool signalling);
enum fp_relation fp_f64_compare(struct fp_env *env, uint64_t a, uint64_t b, bool signalling);

/* ROUNDPS, ROUNDPD: imm8 as the instruction has it. */
#define FP_ROUND_BY_ENV 4u	 /* imm8[2]: by MXCSR.RC, not by imm8[1:0] */
#define FP_ROUND_NO_PRECISION 8u /* imm8[3]: PE is not raised */
uint32_t fp_f32_round(struct fp_env *env, uint32_t a, unsigned imm);
uint64_t fp_f64_round(struct fp_env *env, uint64_t a, unsigned imm);

/* RCPPS, RSQRTPS: relative error at most 1.5 * 2^-12, no flags, no environment. */
uint32_t fp_f32_reciprocal(uint32_t a);
uint32_t fp_f32_reciprocal_sqrt(uint32_t a);

/* Between the formats of SSE. */
uint64_t fp_f32_to_f64(struct fp_env *env, uint32_t a);
uint32_t fp_f64_to_f32(struct fp_env *env, uint64_t a);
uint32_t fp_f16_to_f32(struct fp_env *env, uint16_t a);		      /* VCVTPH2PS */
uint16_t fp_f32_to_f16(struct fp_env *env, uint32_t a, unsigned imm); /* VCVTPS2PH */

/* To integers: INT32_MIN or INT64_MIN, the integer indefinite, where the value does not fit. */
int32_t fp_f32_to_i32(struct fp_env *env, uint32_t a, bool truncate);
int64_t fp_f32_to_i64(struct fp_env *env, uint32_t a, bool truncate);
int32_t fp_f64_to_i32(struct fp_env *env, uint64_t a, bool truncate);
int64_t fp_f64_to_i64(struct fp_env *env, uint64_t a, bool truncate);
uint32_t fp_i32_to_f32(struct fp_env *env, int32_t a);
uint32_t fp_i64_to_f32(struct fp_env *env, int64_t a);
uint64_t fp_i32_to_f64(int32_t a);
uint64_t fp_i64_to_f64(struct fp_env *env, int64_t a);

/*
 * x87. Every function that has an environment writes env->conditions (zero but for what it says),
 * for the caller to merge. Where OE or UE are unmasked, a result is scaled by 2^-24576 or 2^24576.
 */

/* FLD m32fp, m64fp (SNaN: IE, denormal: DE), FST (rounds by RC, not by PC). */
struct fp_f80 fp_f32_to_f80(struct fp_env *env, uint32_t a);
struct fp_f80 fp_f64_to_f80(struct fp_env *env, uint64_t a);
uint32_t fp_f80_to_f32(struct fp_env *env, struct fp_f80 a);
uint64_t fp_f80_to_f64(struct fp_env *env, struct fp_f80 a);

/* FILD; FIST, FISTP, FISTTP (truncate). */
struct fp_f80 fp_i64_to_f80(int64_t a);
int16_t fp_f80_to_i16(struct fp_env *env, struct fp_f80 a, bool truncate);
int32_t fp_f80_to_i32(struct fp_env *env, struct fp_f80 a, bool truncate);
int64_t fp_f80_to_i64(struct fp_env *env, struct fp_f80 a, bool truncate);

/* FBLD, FBSTP: 18 digits, least significant byte first, sign in bit 7 of the tenth byte. */
struct fp_f80 fp_bcd_to_f80(const uint8_t bcd[10]);
void fp_f80_to_bcd(struct fp_env *env, struct fp_f80 a, uint8_t bcd[10]);

struct fp_f80 fp_f80_add(struct fp_env *env, struct fp_f80 a, struct fp_f80 b);
struct fp_f80 fp_f80_sub(struct fp_env *env, struct fp_f80 a, struct fp_f80 b);
struct fp_f80 fp_f80_mul(struct fp_env *env, struct fp_f80 a, struct fp_f80 b);
struct fp_f80 fp_f80_div(struct fp_env *env, struct fp_f80 a, struct fp_f80 b);
struct fp_f80 fp_f80_sqrt(struct fp_env *env, struct fp_f80 a);
struct fp_f80 fp_f80_round(struct fp_env *env, struct fp_f80 a); /* FRNDINT */

/*
 * FADD ... FDIVR with a memory operand, and with a register for symmetry: the reg field of opcodes
 * D8 and DC. Not the same as FLD and a register: an SNaN is not quiet before the NaN is chosen, and
 * a denormal counts though f80 could hold it as a normal number.
 */
enum fp_x87_operation {
	FP_X87_ADD = 0,
	FP_X87_MUL = 1,
	FP_X87_SUB = 4,
	FP_X87_SUBR = 5, /* b - a */
	FP_X87_DIV = 6,
	FP_X87_DIVR = 7, /* b / a */
};
struct fp_f80 fp_f80_operate(struct fp_env *env, enum fp_x87_operation operation, struct fp_f80 a,
			     struct fp_f80 b);
struct fp_f80 fp_f80_operate_f32(struct fp_env *env, enum fp_x87_operation operation,
				 struct fp_f80 a, uint32_t b);
struct fp_f80 fp_f80_operate_f64(struct fp_env *env, enum fp_x87_operation operation,
				 struct fp_f80 a, uint64_t b);

/* FPREM (truncating), FPREM1 (nearest): C2 if incomplete, else C0, C3, C1 are quotient bits 2..0.
 */
struct fp_f80 fp_f80_remainder(struct fp_env *env, struct fp_f80 a, struct fp_f80 b, bool nearest);

struct fp_f80 fp_f80_scale(struct fp_env *env, struct fp_f80 a, struct fp_f80 b); /* FSCALE */

/* FXTRACT: returns the significand (the new ST(0)), *exponent is the new ST(1). A NaN is both. */
struct fp_f80 fp_f80_extract(struct fp_env *env, struct fp_f80 a, struct fp_f80 *exponent);

/* FCOM (signalling), FUCOM (not). fp_conditions() tells C3, C2, C0 of a relation. */
enum fp_relation fp_f80_compare(struct fp_env *env, struct fp_f80 a, struct fp_f80 b,
				bool signalling);

/* FCOM m32fp, m64fp. */
enum fp_relation fp_f80_compare_f32(struct fp_env *env, struct fp_f80 a, uint32_t b);
enum fp_relation fp_f80_compare_f64(struct fp_env *env, struct fp_f80 a, uint64_t b);

static inline uint16_t fp_conditions(enum fp_relation relation)
{
	static const uint16_t conditions[] = {
		[FP_LESS] = FP_C0,
		[FP_EQUAL] = FP_C3,
		[FP_GREATER] = 0,
		[FP_UNORDERED] = FP_C3 | FP_C2 | FP_C0,
	};

	return conditions[relation];
}

/* FXAM of a register that is not empty: C3, C2, C0 class, C1 sign. */
uint16_t fp_f80_examine(struct fp_f80 a);

/* FLDL2T ... */
enum fp_constant {
	FP_ONE,
	FP_LOG2_10,
	FP_LOG2_E,
	FP_PI,
	FP_LOG10_2,
	FP_LN_2,
	FP_PLUS_ZERO,
};
struct fp_f80 fp_f80_constant(const struct fp_env *env, enum fp_constant constant);

/* The real indefinite: what a masked invalid operation (a stack fault, say) loads. */
#define FP_F80_INDEFINITE ((struct fp_f80){ 0xc000000000000000ull, 0xffff })

struct fp_f80 fp_f80_2xm1(struct fp_env *env, struct fp_f80 x);
struct fp_f80 fp_f80_ylog2x(struct fp_env *env, struct fp_f80 y, struct fp_f80 x);
struct fp_f80 fp_f80_ylog2xp1(struct fp_env *env, struct fp_f80 y, struct fp_f80 x);
struct fp_f80 fp_f80_atan(struct fp_env *env, struct fp_f80 y, struct fp_f80 x); /* y / x */

/*
 * C2, and x back, if |x| >= 2^63. Unless C2 is set FPTAN pushes 1.0 after the tangent, or the same
 * NaN once more.
 */
struct fp_f80 fp_f80_tan(struct fp_env *env, struct fp_f80 x);
struct fp_f80 fp_f80_sin(struct fp_env *env, struct fp_f80 x);
struct fp_f80 fp_f80_cos(struct fp_env *env, struct fp_f80 x);
/* FSINCOS: returns the sine (the new ST(1)), *cosine is the new ST(0). */
struct fp_f80 fp_f80_sincos(struct fp_env *env, struct fp_f80 x, struct fp_f80 *cosine);

#endif
