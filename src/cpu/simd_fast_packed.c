/* SPDX-License-Identifier: MIT */
#include "cpu/handler.h"
#include "cpu/operand.h"
#include "cpu/simd.h"
#include "float/fast.h"

/*
 * Packed sums, products and quotients by the host's arithmetic on vectors, under the conditions of
 * float/fast.h for every element. If one does not hold, the whole instruction goes the general way.
 */

typedef float vector_f32 __attribute__((vector_size(16)));
typedef double vector_f64 __attribute__((vector_size(16)));
typedef uint32_t vector_u32 __attribute__((vector_size(16)));
typedef int32_t vector_s32 __attribute__((vector_size(16)));
typedef uint64_t vector_u64 __attribute__((vector_size(16)));

/* All exceptions masked, PE set, rounding to nearest */
#define MXCSR_FAST_BITS 0x7fa0u
#define MXCSR_FAST 0x1fa0u

ALWAYS_INLINE bool is_fast(const struct cpu *cpu)
{
	return FP_HOST_ARITHMETIC && likely((cpu->state.mxcsr & MXCSR_FAST_BITS) == MXCSR_FAST);
}

/* Where all bits of @ok are set */
ALWAYS_INLINE bool is_all(vector_u64 ok)
{
	return (ok[0] & ok[1]) == ~0ull;
}

/*
 * Whether elements are zero; normal; not near the smallest normal number (nor infinite): as masks.
 * SSE2 compares signed doublewords only, so that magnitudes are looked at as such. Of a double,
 * the upper half has the exponent; the mask's lower half is all ones.
 */
#define MAGNITUDE(v) ((vector_s32)((v) << 1 >> 1))
#define LOWER_HALVES ((vector_s32){ -1, 0, -1, 0 })
#define WITHIN(m, first, last, fraction)                                                           \
	(((m) > (vector_s32){} + (int32_t)(((first) << (fraction)) - 1)) &                         \
	 ((m) < (vector_s32){} + (int32_t)((last) << (fraction))))

ALWAYS_INLINE vector_u32 zero_32(vector_u32 v)
{
	return (vector_u32)(MAGNITUDE(v) == 0);
}

ALWAYS_INLINE vector_u32 normal_32(vector_u32 v)
{
	return (vector_u32)WITHIN(MAGNITUDE(v), 1, 0xff, 23);
}

ALWAYS_INLINE vector_u32 safe_32(vector_u32 v)
{
	return (vector_u32)WITHIN(MAGNITUDE(v), 2, 0xff, 23);
}

ALWAYS_INLINE vector_u64 zero_64(vector_u64 v)
{
	vector_s32 zero = MAGNITUDE(v) == 0;

	return (vector_u64)((zero & __builtin_shufflevector(zero, zero, 1, 0, 3, 2)) |
			    LOWER_HALVES);
}

ALWAYS_INLINE vector_u64 normal_64(vector_u64 v)
{
	return (vector_u64)(WITHIN(MAGNITUDE(v), 1, 0x7ff, 20) | LOWER_HALVES);
}

ALWAYS_INLINE vector_u64 safe_64(vector_u64 v)
{
	return (vector_u64)(WITHIN(MAGNITUDE(v), 2, 0x7ff, 20) | LOWER_HALVES);
}

/* What fast.h asks of operands x, y and the result r. */
#define SUM_HOLDS(bits)                                                                            \
	((normal_##bits(x) | zero_##bits(x)) & (normal_##bits(y) | zero_##bits(y)) &               \
	 (safe_##bits(r) | zero_##bits(r)))
#define PRODUCT_HOLDS(bits)                                                                        \
	((normal_##bits(x) | zero_##bits(x)) & (normal_##bits(y) | zero_##bits(y)) &               \
	 (safe_##bits(r) | zero_##bits(x) | zero_##bits(y)))
#define QUOTIENT_HOLDS(bits)                                                                       \
	((normal_##bits(x) | zero_##bits(x)) & normal_##bits(y) & (safe_##bits(r) | zero_##bits(x)))

/* False: nothing is done. d may be a or b. */
#define PACKED(name, bits, sign, holds)                                                            \
	ALWAYS_INLINE bool do_##name(union arch_vector *d, const union arch_vector *a,             \
				     const void *b, unsigned bytes)                                \
	{                                                                                          \
		vector_u##bits low, high = { 0 };                                                  \
		vector_u64 ok = ~(vector_u64){ 0 };                                                \
                                                                                                   \
		for (unsigned i = 0; i < bytes; i += 16) {                                         \
			vector_u##bits x, y, r;                                                    \
                                                                                                   \
			memcpy(&x, &a->u8[i], 16);                                                 \
			memcpy(&y, (const uint8_t *)b + i, 16);                                    \
			r = (vector_u##bits)((vector_f##bits)x sign(vector_f##bits) y);            \
			ok &= (vector_u64)holds(bits);                                             \
			if (i == 0)                                                                \
				low = r;                                                           \
			else                                                                       \
				high = r;                                                          \
		}                                                                                  \
		if (unlikely(!is_all(ok)))                                                         \
			return false;                                                              \
		memcpy(d, &low, 16);                                                               \
		if (bytes == 32)                                                                   \
			memcpy(&d->u64[2], &high, 16);                                             \
		return true;                                                                       \
	}                                                                                          \
	HANDLERS(name, legacy, 16, 0)                                                              \
	HANDLERS(name, vex, 16, 1)                                                                 \
	HANDLERS(name, wide, 32, 1)

#define HANDLERS(name, form, bytes, vex)                                                           \
	static const struct op *name##_##form(struct cpu *cpu, const struct op *op)                \
	{                                                                                          \
		union arch_vector *d = &cpu->state.ymm[op->dst];                                   \
		const union arch_vector *b = &cpu->state.ymm[op->src];                             \
                                                                                                   \
		if (unlikely(!is_fast(cpu) ||                                                      \
			     !do_##name(d, &cpu->state.ymm[op->reg[0]], b, bytes)))                \
			return simd_any_register(cpu, op);                                         \
		if ((vex) && (bytes) == 16)                                                        \
			d->u64[2] = d->u64[3] = 0;                                                 \
		NEXT(cpu, op);                                                                     \
	}                                                                                          \
	static const struct op *name##_##form##_load(struct cpu *cpu, const struct op *op)         \
	{                                                                                          \
		union arch_vector *d = &cpu->state.ymm[op->dst];                                   \
		uint64_t linear = fast_linear(cpu, op, ADDRESS_INDEX);                             \
                                                                                                   \
		if (unlikely(!is_fast(cpu) || !tlb_reads(cpu, linear, bytes) ||                    \
			     (!(vex) && linear & 15) ||                                            \
			     !do_##name(d, &cpu->state.ymm[op->reg[0]], tlb_host(cpu, linear),     \
					bytes)))                                                   \
			return simd_any_load(cpu, op);                                             \
		if ((vex) && (bytes) == 16)                                                        \
			d->u64[2] = d->u64[3] = 0;                                                 \
		NEXT(cpu, op);                                                                     \
	}

#define PACKED_OPERATIONS(X)                                                                       \
	X(ADDPS, 32, +, SUM_HOLDS)                                                                 \
	X(ADDPD, 64, +, SUM_HOLDS)                                                                 \
	X(SUBPS, 32, -, SUM_HOLDS)                                                                 \
	X(SUBPD, 64, -, SUM_HOLDS)                                                                 \
	X(MULPS, 32, *, PRODUCT_HOLDS)                                                             \
	X(MULPD, 64, *, PRODUCT_HOLDS)                                                             \
	X(DIVPS, 32, /, QUOTIENT_HOLDS)                                                            \
	X(DIVPD, 64, /, QUOTIENT_HOLDS)

PACKED_OPERATIONS(PACKED)

#define ROW(name, bits, sign, holds)                                                               \
	case OP_V_##name:                                                                          \
		return handlers_##name[form][memory];

#define TABLE(name, bits, sign, holds)                                                             \
	static op_fn *const handlers_##name[3][2] = { { name##_legacy, name##_legacy_load },       \
						      { name##_vex, name##_vex_load },             \
						      { name##_wide, name##_wide_load } };
PACKED_OPERATIONS(TABLE)

op_fn *simd_fast_packed_handler(const struct op *op)
{
	unsigned form = (op->reg[3] & FORM_WIDTH) == 2 ? 2 : op->reg[3] & FORM_VEX ? 1 : 0;
	bool memory = FORM_SOURCE_OF(op->reg[3]) == PLACE_MEMORY;

	switch (op->code) {
		PACKED_OPERATIONS(ROW)
	default:
		return NULL;
	}
}
