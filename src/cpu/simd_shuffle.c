/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "cpu/simd.h"

/* What moves elements and changes none of them: but for packing, which saturates. */

SIMD_KERNEL(MOV)
{
	memcpy(d, b, bytes);
}

SIMD_KERNEL(MOV4)
{
	d->u32[0] = b->u32[0];
}

SIMD_KERNEL(MOV8)
{
	d->u64[0] = b->u64[0];
}

/* MOVHPS to memory */
SIMD_KERNEL(MOV_HIGH)
{
	d->u64[0] = b->u64[1];
}

/* MOVSS between registers */
SIMD_KERNEL(MERGE4)
{
	memcpy(d, a, 16);
	d->u32[0] = b->u32[0];
}

/* MOVSD between registers, MOVLPS from memory */
SIMD_KERNEL(MERGE8)
{
	d->u64[0] = b->u64[0];
	d->u64[1] = a->u64[1];
}

SIMD_KERNEL(MOVHLPS)
{
	d->u64[0] = b->u64[1];
	d->u64[1] = a->u64[1];
}

/* MOVHPS from memory as well */
SIMD_KERNEL(MOVLHPS)
{
	d->u64[0] = a->u64[0];
	d->u64[1] = b->u64[0];
}

/* clang-format off */
ELEMENTS(MOVDDUP, u64, b->u64[i & ~1u])
ELEMENTS(MOVSHDUP, u32, b->u32[i | 1u])
ELEMENTS(MOVSLDUP, u32, b->u32[i & ~1u])

ELEMENTS(PMOVSXBW, s16, b->s8[i])
ELEMENTS(PMOVSXBD, s32, b->s8[i])
ELEMENTS(PMOVSXBQ, s64, b->s8[i])
ELEMENTS(PMOVSXWD, s32, b->s16[i])
ELEMENTS(PMOVSXWQ, s64, b->s16[i])
ELEMENTS(PMOVSXDQ, s64, b->s32[i])
ELEMENTS(PMOVZXBW, u16, b->u8[i])
ELEMENTS(PMOVZXBD, u32, b->u8[i])
ELEMENTS(PMOVZXBQ, u64, b->u8[i])
ELEMENTS(PMOVZXWD, u32, b->u16[i])
ELEMENTS(PMOVZXWQ, u64, b->u16[i])
ELEMENTS(PMOVZXDQ, u64, b->u32[i])

ELEMENTS(PBROADCASTB, u8, b->u8[0])
ELEMENTS(PBROADCASTW, u16, b->u16[0])
ELEMENTS(PBROADCASTD, u32, b->u32[0])
ELEMENTS(PBROADCASTQ, u64, b->u64[0])
ELEMENTS(BROADCASTF128, u64, b->u64[i & 1])

ELEMENTS(PBLENDW, u16, imm >> (i & 7) & 1 ? b->u16[i] : a->u16[i])
ELEMENTS(PBLENDD, u32, imm >> i & 1 ? b->u32[i] : a->u32[i])
ELEMENTS(BLENDPD, u64, imm >> i & 1 ? b->u64[i] : a->u64[i])
ELEMENTS(PBLENDVB, u8, env->c->s8[i] < 0 ? b->u8[i] : a->u8[i])
ELEMENTS(BLENDVPS, u32, env->c->s32[i] < 0 ? b->u32[i] : a->u32[i])
ELEMENTS(BLENDVPD, u64, env->c->s64[i] < 0 ? b->u64[i] : a->u64[i])

/* Within a lane of four doublewords, or two quadwords */
ELEMENTS(PSHUFD, u32, b->u32[(i & 4) + (imm >> 2 * (i & 3) & 3)])
ELEMENTS(SHUFPS, u32, (i & 2 ? b : a)->u32[(i & 4) + (imm >> 2 * (i & 3) & 3)])
ELEMENTS(SHUFPD, u64, (i & 1 ? b : a)->u64[(i & 2) + (imm >> i & 1)])
ELEMENTS(PERMILPS, u32, a->u32[(i & 4) + (b->u32[i] & 3)])
ELEMENTS(PERMILPS_I, u32, b->u32[(i & 4) + (imm >> 2 * (i & 3) & 3)])
ELEMENTS(PERMILPD, u64, a->u64[(i & 2) + (b->u64[i] >> 1 & 1)])
ELEMENTS(PERMILPD_I, u64, b->u64[(i & 2) + (imm >> i & 1)])
/* Four words of each lane; of an MMX register, all it has */
ELEMENTS(PSHUFLW, u16, b->u16[i & 4 ? i : (i & 8) + (imm >> 2 * (i & 3) & 3)])
ELEMENTS(PSHUFHW, u16, b->u16[i & 4 ? (i & 12) + (imm >> 2 * (i & 3) & 3) : i])

/* Across lanes */
ELEMENTS(PERMD, u32, b->u32[a->u32[i] & 7])
ELEMENTS(PERMQ, u64, b->u64[imm >> 2 * i & 3])
/* clang-format on */

SIMD_KERNEL(PERM2F128)
{
	for (unsigned i = 0; i < 2; i++, imm >>= 4) {
		const union arch_vector *from = imm & 2 ? b : a;

		if (!(imm & 8))
			memcpy(&d->u64[2 * i], &from->u64[2 * (imm & 1)], 16);
	}
}

SIMD_KERNEL(INSERTF128)
{
	memcpy(d, a, 32);
	memcpy(&d->u64[2 * (imm & 1)], b, 16);
}

SIMD_KERNEL(EXTRACTF128)
{
	memcpy(d, &b->u64[2 * (imm & 1)], 16);
}

SIMD_KERNEL_BY_WIDTH(PSHUFB)
{
	unsigned lane = simd_lane(bytes);

	EACH(u8)
	{
		unsigned from = (i & ~(lane - 1)) + (b->u8[i] & (lane - 1));

		d->u8[i] = b->u8[i] & 0x80 ? 0 : a->u8[from];
	}
}

/* Bytes @imm and up of a:b, in each lane. */
SIMD_KERNEL_BY_WIDTH(PALIGNR)
{
	unsigned lane = simd_lane(bytes);

	EACH(u8)
	{
		unsigned base = i & ~(lane - 1), from = (i & (lane - 1)) + imm;

		if (from < lane)
			d->u8[i] = b->u8[base + from];
		else if (from < 2 * lane)
			d->u8[i] = a->u8[base + from - lane];
	}
}

SIMD_KERNEL_BY_WIDTH(PSLLDQ)
{
	EACH(u8)
	d->u8[i] = (i & 15) >= imm ? b->u8[i - imm] : 0;
}

SIMD_KERNEL_BY_WIDTH(PSRLDQ)
{
	EACH(u8)
	d->u8[i] = (i & 15) + imm < 16 ? b->u8[i + imm] : 0;
}

#define PACK(name, narrow, wide, saturate)                                                         \
	SIMD_KERNEL_BY_WIDTH(name)                                                                 \
	{                                                                                          \
		unsigned n = simd_lane(bytes) / sizeof(d->wide[0]);                                \
                                                                                                   \
		for (unsigned i = 0; i < bytes / sizeof(d->wide[0]); i += n) {                     \
			for (unsigned j = 0; j < n; j++) {                                         \
				d->narrow[2 * i + j] = saturate(a->wide[i + j]);                   \
				d->narrow[2 * i + n + j] = saturate(b->wide[i + j]);               \
			}                                                                          \
		}                                                                                  \
	}

PACK(PACKSSWB, s8, s16, saturate_s8)
PACK(PACKSSDW, s16, s32, saturate_s16)
PACK(PACKUSWB, u8, s16, saturate_u8)
PACK(PACKUSDW, u16, s32, saturate_u16)

#define UNPACK(name, lane, high)                                                                   \
	SIMD_KERNEL_BY_WIDTH(name)                                                                 \
	{                                                                                          \
		unsigned n = simd_lane(bytes) / sizeof(d->lane[0]);                                \
                                                                                                   \
		for (unsigned i = 0; i < bytes / sizeof(d->lane[0]); i += n) {                     \
			for (unsigned j = 0; j < n / 2; j++) {                                     \
				unsigned from = i + j + (high) * (n / 2);                          \
                                                                                                   \
				d->lane[i + 2 * j] = a->lane[from];                                \
				d->lane[i + 2 * j + 1] = b->lane[from];                            \
			}                                                                          \
		}                                                                                  \
	}

UNPACK(PUNPCKLBW, u8, 0)
UNPACK(PUNPCKLWD, u16, 0)
UNPACK(PUNPCKLDQ, u32, 0)
UNPACK(PUNPCKLQDQ, u64, 0)
UNPACK(PUNPCKHBW, u8, 1)
UNPACK(PUNPCKHWD, u16, 1)
UNPACK(PUNPCKHDQ, u32, 1)
UNPACK(PUNPCKHQDQ, u64, 1)

/* imm8: which of b, to where, and what becomes zero. From memory, imm8[7:6] is 0 already. */
SIMD_KERNEL(INSERTPS)
{
	memcpy(d, a, 16);
	d->u32[imm >> 4 & 3] = b->u32[imm >> 6 & 3];
	for (unsigned i = 0; i < 4; i++) {
		if (imm >> i & 1)
			d->u32[i] = 0;
	}
}

#define ELEMENT_OF(lane) (imm & (bytes / sizeof(d->lane[0]) - 1))
#define INSERT_EXTRACT(suffix, lane)                                                               \
	SIMD_KERNEL(PINSR##suffix)                                                                 \
	{                                                                                          \
		memcpy(d, a, bytes);                                                               \
		d->lane[ELEMENT_OF(lane)] = b->lane[0];                                            \
	}                                                                                          \
	SIMD_KERNEL(PEXTR##suffix)                                                                 \
	{                                                                                          \
		d->u64[0] = b->lane[ELEMENT_OF(lane)];                                             \
	}

INSERT_EXTRACT(B, u8)
INSERT_EXTRACT(W, u16)
INSERT_EXTRACT(D, u32)
INSERT_EXTRACT(Q, u64)

#define SIGNS(name, lane)                                                                          \
	SIMD_KERNEL_BY_WIDTH(name)                                                                 \
	{                                                                                          \
		uint32_t mask = 0;                                                                 \
                                                                                                   \
		EACH(lane)                                                                         \
		mask |= (uint32_t)(b->lane[i] < 0) << i;                                           \
		d->u64[0] = mask;                                                                  \
	}

SIGNS(PMOVMSKB, s8)
SIGNS(MOVMSKPS, s32)
SIGNS(MOVMSKPD, s64)
