/* SPDX-License-Identifier: MIT */
#include "cpu/handler.h"
#include "cpu/simd.h"

/* Arithmetic and comparison of integers, element by element. */

/* clang-format off */
ELEMENTS(PADDB, u8, a->u8[i] + b->u8[i])
ELEMENTS(PADDW, u16, a->u16[i] + b->u16[i])
ELEMENTS(PADDD, u32, a->u32[i] + b->u32[i])
ELEMENTS(PADDQ, u64, a->u64[i] + b->u64[i])
ELEMENTS(PADDSB, s8, saturate_s8(a->s8[i] + b->s8[i]))
ELEMENTS(PADDSW, s16, saturate_s16(a->s16[i] + b->s16[i]))
ELEMENTS(PADDUSB, u8, saturate_u8(a->u8[i] + b->u8[i]))
ELEMENTS(PADDUSW, u16, saturate_u16(a->u16[i] + b->u16[i]))
ELEMENTS(PSUBB, u8, a->u8[i] - b->u8[i])
ELEMENTS(PSUBW, u16, a->u16[i] - b->u16[i])
ELEMENTS(PSUBD, u32, a->u32[i] - b->u32[i])
ELEMENTS(PSUBQ, u64, a->u64[i] - b->u64[i])
ELEMENTS(PSUBSB, s8, saturate_s8(a->s8[i] - b->s8[i]))
ELEMENTS(PSUBSW, s16, saturate_s16(a->s16[i] - b->s16[i]))
ELEMENTS(PSUBUSB, u8, saturate_u8(a->u8[i] - b->u8[i]))
ELEMENTS(PSUBUSW, u16, saturate_u16(a->u16[i] - b->u16[i]))

ELEMENTS(PAND, u64, a->u64[i] & b->u64[i])
ELEMENTS(PANDN, u64, ~a->u64[i] & b->u64[i])
ELEMENTS(POR, u64, a->u64[i] | b->u64[i])
ELEMENTS(PXOR, u64, a->u64[i] ^ b->u64[i])

ELEMENTS(PAVGB, u8, (a->u8[i] + b->u8[i] + 1) >> 1)
ELEMENTS(PAVGW, u16, (a->u16[i] + b->u16[i] + 1) >> 1)

ELEMENTS(PCMPEQB, u8, a->u8[i] == b->u8[i] ? ~0ull : 0)
ELEMENTS(PCMPEQW, u16, a->u16[i] == b->u16[i] ? ~0ull : 0)
ELEMENTS(PCMPEQD, u32, a->u32[i] == b->u32[i] ? ~0ull : 0)
ELEMENTS(PCMPEQQ, u64, a->u64[i] == b->u64[i] ? ~0ull : 0)
ELEMENTS(PCMPGTB, u8, a->s8[i] > b->s8[i] ? ~0ull : 0)
ELEMENTS(PCMPGTW, u16, a->s16[i] > b->s16[i] ? ~0ull : 0)
ELEMENTS(PCMPGTD, u32, a->s32[i] > b->s32[i] ? ~0ull : 0)
ELEMENTS(PCMPGTQ, u64, a->s64[i] > b->s64[i] ? ~0ull : 0)

#define LARGER(lane) (a->lane[i] > b->lane[i] ? a->lane[i] : b->lane[i])
#define SMALLER(lane) (a->lane[i] < b->lane[i] ? a->lane[i] : b->lane[i])
ELEMENTS(PMAXSB, s8, LARGER(s8))
ELEMENTS(PMAXSW, s16, LARGER(s16))
ELEMENTS(PMAXSD, s32, LARGER(s32))
ELEMENTS(PMAXUB, u8, LARGER(u8))
ELEMENTS(PMAXUW, u16, LARGER(u16))
ELEMENTS(PMAXUD, u32, LARGER(u32))
ELEMENTS(PMINSB, s8, SMALLER(s8))
ELEMENTS(PMINSW, s16, SMALLER(s16))
ELEMENTS(PMINSD, s32, SMALLER(s32))
ELEMENTS(PMINUB, u8, SMALLER(u8))
ELEMENTS(PMINUW, u16, SMALLER(u16))
ELEMENTS(PMINUD, u32, SMALLER(u32))

/* A product of 16-bit values fits; what is added to one is unsigned, so that it may wrap. */
#define PRODUCT(lane) (a->lane[i] * b->lane[i])
ELEMENTS(PMULHW, s16, PRODUCT(s16) >> 16)
ELEMENTS(PMULHUW, u16, (uint32_t)a->u16[i] * b->u16[i] >> 16)
ELEMENTS(PMULLW, u16, (uint32_t)a->u16[i] * b->u16[i])
ELEMENTS(PMULLD, u32, a->u32[i] * b->u32[i])
ELEMENTS(PMULHRSW, s16, ((PRODUCT(s16) >> 14) + 1) >> 1)
ELEMENTS(PMULDQ, s64, (int64_t)a->s32[2 * i] * b->s32[2 * i])
ELEMENTS(PMULUDQ, u64, (uint64_t)a->u32[2 * i] * b->u32[2 * i])
ELEMENTS(PMADDWD, u32, (uint32_t)(a->s16[2 * i] * b->s16[2 * i]) +
	 (uint32_t)(a->s16[2 * i + 1] * b->s16[2 * i + 1]))
ELEMENTS(PMADDUBSW, s16, saturate_s16(a->u8[2 * i] * b->s8[2 * i] +
	 a->u8[2 * i + 1] * b->s8[2 * i + 1]))

/* Negation and absolute value wrap: the smallest stays what it is. */
#define MAGNITUDE(lane, unsigned_type) \
	(b->lane[i] < 0 ? 0 - (unsigned_type)b->lane[i] : (unsigned_type)b->lane[i])
ELEMENTS(PABSB, u8, MAGNITUDE(s8, uint32_t))
ELEMENTS(PABSW, u16, MAGNITUDE(s16, uint32_t))
ELEMENTS(PABSD, u32, MAGNITUDE(s32, uint32_t))

#define SIGNED_BY(lane) \
	(b->lane[i] < 0 ? 0 - (uint32_t)a->lane[i] : b->lane[i] == 0 ? 0 : (uint32_t)a->lane[i])
ELEMENTS(PSIGNB, u8, SIGNED_BY(s8))
ELEMENTS(PSIGNW, u16, SIGNED_BY(s16))
ELEMENTS(PSIGND, u32, SIGNED_BY(s32))

ELEMENTS(PSLLVD, u32, b->u32[i] < 32 ? a->u32[i] << b->u32[i] : 0)
ELEMENTS(PSLLVQ, u64, b->u64[i] < 64 ? a->u64[i] << b->u64[i] : 0)
ELEMENTS(PSRLVD, u32, b->u32[i] < 32 ? a->u32[i] >> b->u32[i] : 0)
ELEMENTS(PSRLVQ, u64, b->u64[i] < 64 ? a->u64[i] >> b->u64[i] : 0)
ELEMENTS(PSRAVD, s32, a->s32[i] >> (b->u32[i] < 32 ? b->u32[i] : 31))
/* clang-format on */

/* One count for all elements: the low quadword of b, or the immediate. */
#define LEFT(lane, bits, count) ((count) < (bits) ? (uint64_t)(lane) << (count) : 0)
#define RIGHT(lane, bits, count) ((count) < (bits) ? (uint64_t)(lane) >> (count) : 0)
#define ARITHMETIC(lane, bits, count) ((lane) >> ((count) < (bits) ? (count) : (bits)-1))

#define SHIFT(name, lane, bits, direction)                                                         \
	SIMD_KERNEL_BY_WIDTH(name)                                                                 \
	{                                                                                          \
		uint64_t count = b->u64[0];                                                        \
                                                                                                   \
		EACH(lane)                                                                         \
		d->lane[i] = (__typeof__(d->lane[0]))direction(a->lane[i], bits, count);           \
	}                                                                                          \
	SIMD_KERNEL_BY_WIDTH(name##_I)                                                             \
	{                                                                                          \
		EACH(lane)                                                                         \
		d->lane[i] = (__typeof__(d->lane[0]))direction(b->lane[i], bits, imm);             \
	}

SHIFT(PSLLW, u16, 16, LEFT)
SHIFT(PSLLD, u32, 32, LEFT)
SHIFT(PSLLQ, u64, 64, LEFT)
SHIFT(PSRLW, u16, 16, RIGHT)
SHIFT(PSRLD, u32, 32, RIGHT)
SHIFT(PSRLQ, u64, 64, RIGHT)
SHIFT(PSRAW, s16, 16, ARITHMETIC)
SHIFT(PSRAD, s32, 32, ARITHMETIC)

/* Neighbours of a, then neighbours of b, in each lane. */
#define HORIZONTAL(name, lane, combine)                                                            \
	SIMD_KERNEL_BY_WIDTH(name)                                                                 \
	{                                                                                          \
		unsigned half = simd_lane(bytes) / sizeof(d->lane[0]) / 2;                         \
                                                                                                   \
		for (unsigned i = 0; i < bytes / sizeof(d->lane[0]); i += 2 * half) {              \
			for (unsigned j = 0; j < half; j++) {                                      \
				unsigned k = i + 2 * j;                                            \
                                                                                                   \
				d->lane[i + j] = (__typeof__(d->lane[0]))combine(a->lane[k],       \
										 a->lane[k + 1]);  \
				d->lane[i + half + j] = (__typeof__(d->lane[0]))combine(           \
					b->lane[k], b->lane[k + 1]);                               \
			}                                                                          \
		}                                                                                  \
	}
#define SUM(x, y) ((x) + (y))
#define DIFFERENCE(x, y) ((x) - (y))
#define SATURATED_SUM(x, y) saturate_s16((x) + (y))
#define SATURATED_DIFFERENCE(x, y) saturate_s16((x) - (y))

HORIZONTAL(PHADDW, u16, SUM)
HORIZONTAL(PHADDD, u32, SUM)
HORIZONTAL(PHADDSW, s16, SATURATED_SUM)
HORIZONTAL(PHSUBW, u16, DIFFERENCE)
HORIZONTAL(PHSUBD, u32, DIFFERENCE)
HORIZONTAL(PHSUBSW, s16, SATURATED_DIFFERENCE)

static inline unsigned distance(unsigned x, unsigned y)
{
	return x > y ? x - y : y - x;
}

SIMD_KERNEL_BY_WIDTH(PSADBW)
{
	EACH(u64)
	{
		unsigned sum = 0;

		for (unsigned j = 8 * i; j < 8 * i + 8; j++)
			sum += distance(a->u8[j], b->u8[j]);
		d->u64[i] = sum;
	}
}

/* imm8[2:0] for the low lane, imm8[5:3] for the high one. */
SIMD_KERNEL(MPSADBW)
{
	for (unsigned base = 0; base < bytes; base += 16, imm >>= 3) {
		const uint8_t *x = &a->u8[base + (imm >> 2 & 1) * 4];
		const uint8_t *y = &b->u8[base + (imm & 3) * 4];

		for (unsigned i = 0; i < 8; i++) {
			unsigned sum = 0;

			for (unsigned j = 0; j < 4; j++)
				sum += distance(x[i + j], y[j]);
			d->u16[base / 2 + i] = (uint16_t)sum;
		}
	}
}

SIMD_KERNEL(PHMINPOSUW)
{
	unsigned least = 0;

	for (unsigned i = 1; i < 8; i++) {
		if (b->u16[i] < b->u16[least])
			least = i;
	}
	d->u16[0] = b->u16[least];
	d->u16[1] = (uint16_t)least;
}

/* ZF: a AND b is zero; CF: NOT a AND b is zero; of the bits in @mask. */
static void test_bits(struct simd_env *env, const union arch_vector *a, const union arch_vector *b,
		      uint64_t mask, unsigned bytes)
{
	uint64_t both = 0, only_b = 0;

	for (unsigned i = 0; i < bytes / 8; i++) {
		both |= a->u64[i] & b->u64[i];
		only_b |= ~a->u64[i] & b->u64[i];
	}
	env->flags = (both & mask) == 0 ? FLAG_ZF : 0;
	if ((only_b & mask) == 0)
		env->flags |= FLAG_CF;
}

SIMD_KERNEL(PTEST)
{
	(void)d;
	test_bits(env, a, b, ~0ull, bytes);
}

SIMD_KERNEL(TESTPS)
{
	(void)d;
	test_bits(env, a, b, BIT(63) | BIT(31), bytes);
}

SIMD_KERNEL(TESTPD)
{
	(void)d;
	test_bits(env, a, b, BIT(63), bytes);
}
