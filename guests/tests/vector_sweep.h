/* SPDX-License-Identifier: MIT */
/* Every operation of vector_ops.h over pairs of operands: integers, and floating-point numbers of
 * every class. */
#ifndef GUEST_VECTOR_SWEEP_H
#define GUEST_VECTOR_SWEEP_H

struct vector {
	u64 words[4];
} __attribute__((aligned(32)));

static const struct vector vectors[] = {
	{ { 0, 0, 0, 0 } },
	{ { 0x3f8000003f800000, 0x3ff0000000000000, 0x4000000040400000, 0xbff0000000000000 } },
	{ { 0x7f8000007fc00000, 0x7ff0000000000000, 0xff80000000000001, 0x7ff8000000000000 } },
	{ { 0x0000000180000000, 0x0000000000000001, 0x007fffff00800000, 0x000fffffffffffff } },
	{ { 0x7f7fffffff7fffff, 0x7fefffffffffffff, 0x4effffff4f000000, 0xc1e0000000200000 } },
	{ { 0x0123456789abcdef, 0xfedcba9876543210, 0x0f1e2d3c4b5a6978, 0x8796a5b4c3d2e1f0 } },
	{ { 0x7f807f8001ff01ff, 0x8000800080008000, 0x7fff7fff7fff7fff, 0xffffffffffffffff } },
	{ { 0x3fc00000c0200000, 0x4008000000000000, 0x42c80000c2c80000, 0xc00921fb54442d18 } },
	{ { 0x6c6c6568006f6c6c, 0x68656c6c6f000000, 0x3e4ccccdbe99999a, 0x3fb999999999999a } },
	{ { 0x7f800001ff800001, 0x7ff0000000000001, 0x0000000000000005, 0x3c670ef54646d497 } },
};
enum { VECTORS = sizeof(vectors) / sizeof(vectors[0]) };

static u64 vector_mix(u64 hash, u64 value)
{
	return (hash ^ value) * 0x100000001b3ull + (hash >> 29);
}

static u64 vector_sweep(void (*operation)(struct vector *, const struct vector *, u64 *, u32 *),
			unsigned size, int status)
{
	u64 hash = 0xcbf29ce484222325ull;

	for (unsigned i = 0; i < VECTORS; i++) {
		for (unsigned j = 0; j < VECTORS; j++) {
			struct vector all[3] = { vectors[i], vectors[j],
						 vectors[(i + 2 * j) % VECTORS] },
				      out;
			u32 mxcsr = 0x1f80;
			u64 ax = 0;

			operation(&out, all, &ax, &mxcsr);
			for (unsigned k = 0; k < size / 8; k++)
				hash = vector_mix(hash, out.words[k]);
			hash = vector_mix(hash, ax);
			hash = vector_mix(hash, status ? mxcsr : 0);
		}
	}
	return hash;
}

#define MOVE_16 "movaps"
#define MOVE_32 "vmovaps"
#define REGISTER_16 "xmm"
#define REGISTER_32 "ymm"
#define DEFINE_VECTOR_OPERATION(name, feature, size, status, text, expected)                       \
	static void vector_##name(struct vector *out, const struct vector *in, u64 *ax,            \
				  u32 *mxcsr)                                                      \
	{                                                                                          \
		asm volatile("ldmxcsr (%[m]); " MOVE_##size " (%[in]), %%" REGISTER_##size         \
			     "0; " MOVE_##size " 32(%[in]), %%" REGISTER_##size "1; " MOVE_##size  \
			     " 64(%[in]), %%" REGISTER_##size "2\n" text "\n" MOVE_##size          \
			     " %%" REGISTER_##size "0, (%[out]); stmxcsr (%[m])"                   \
			     : "+a"(*ax)                                                           \
			     : [in] "r"(in), [out] "r"(out), [m] "r"(mxcsr)                        \
			     : "memory", "cc", "xmm0", "xmm1", "xmm2", "xmm3", "xmm4");            \
	}

static const u64 x87_values[] = {
	0,
	0x8000000000000000,
	0x3ff0000000000000,
	0xbff8000000000000,
	0x4009999999999999,
	0x7ff0000000000000,
	0xfff0000000000000,
	0x7ff8000000000000,
	0x7ff0000000000001,
	0x0000000000000001,
	0x800fffffffffffff,
	0x7fefffffffffffff,
	0x40e0000000000000,
	0x43e0000000000000,
	0xc1e0000000100000,
	0x3fe0000000000000,
};
enum { X87_VALUES = sizeof(x87_values) / sizeof(x87_values[0]) };
static const u16 x87_controls[] = { 0x37f, 0x27f, 0x07f, 0x77f, 0xb7f, 0xf7f };

static u64 x87_sweep(void (*operation)(const u64 *, const u64 *, u8 *, u64 *, u16 *), u16 mask)
{
	u64 hash = 0xcbf29ce484222325ull;

	for (unsigned c = 0; c < sizeof(x87_controls) / sizeof(x87_controls[0]); c++) {
		for (unsigned i = 0; i < X87_VALUES; i++) {
			for (unsigned j = 0; j < X87_VALUES; j++) {
				u64 result[2] = { 0, 0 }, ax = 0;
				u16 status = x87_controls[c];

				operation(&x87_values[i], &x87_values[j], (u8 *)result, &ax,
					  &status);
				hash = vector_mix(hash, result[0]);
				hash = vector_mix(hash, result[1]);
				hash = vector_mix(hash, status & mask);
			}
		}
	}
	return hash;
}

#define DEFINE_X87_OPERATION(name, text, mask, expected)                                           \
	static void x87_##name(const u64 *a, const u64 *b, u8 *out, u64 *ax, u16 *word_of)         \
	{                                                                                          \
		asm volatile("fninit; fldcw (%[w]); fldl (%[b]); fldl (%[a])\n" text               \
			     "\nfnstsw (%[w]); fstpt (%[out]); fninit"                             \
			     : "+a"(*ax)                                                           \
			     : [a] "r"(a), [b] "r"(b), [out] "r"(out), [w] "r"(word_of)            \
			     : "memory", "cc");                                                    \
	}

#endif
