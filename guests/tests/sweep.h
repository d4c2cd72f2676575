/* SPDX-License-Identifier: MIT */
/* Every operation of arithmetic_ops.h over a grid of operands. */
#ifndef GUEST_SWEEP_H
#define GUEST_SWEEP_H

enum kind {
	ARITHMETIC,
	LOGIC,
	NO_FLAGS,
	MULTIPLY,
	SHIFT,
	ROTATE,
	DOUBLE,
	BIT_TEST,
	SCAN,
	COUNT,
	BMI,
	ZERO_ONLY
};

struct operands {
	u64 a, b, c, d, flags;
};

static const u64 sweep_values[] = {
	0,
	1,
	2,
	0x7f,
	0x80,
	0xff,
	0x7fff,
	0x8000,
	0xffff,
	0x10000,
	0x7fffffff,
	0x80000000,
	0xffffffff,
	0x100000001,
	0x7fffffffffffffff,
	0x8000000000000000,
	0xffffffffffffffff,
	0x123456789abcdef0,
};
enum { SWEEP_VALUES = sizeof(sweep_values) / sizeof(sweep_values[0]), ARITHMETIC_FLAGS = 0x8d5 };

/* The flags that SDM vol. 2 defines after the instruction, which differ with a shift's count. */
static u64 defined_flags(enum kind kind, unsigned size, u64 count)
{
	const u64 cf = 1, pf = 4, af = 0x10, zf = 0x40, sf = 0x80, of = 0x800;

	count &= size == 64 ? 63 : 31;
	switch (kind) {
	case ARITHMETIC:
	case NO_FLAGS:
		return ARITHMETIC_FLAGS;
	case LOGIC:
		return ARITHMETIC_FLAGS & ~af;
	case MULTIPLY:
		return cf | of;
	case BIT_TEST:
		return cf | zf;
	case SCAN:
		return zf;
	case COUNT:
		return cf | zf;
	case BMI:
		return cf | zf | sf | of;
	case ZERO_ONLY:
		return cf | zf | of;
	case SHIFT:
		if (!count)
			return ARITHMETIC_FLAGS;
		return pf | zf | sf | (count < size ? cf : 0) | (count == 1 ? of : 0);
	case DOUBLE:
		if (!count)
			return ARITHMETIC_FLAGS;
		return pf | zf | sf | cf | (count == 1 ? of : 0);
	case ROTATE:
		if (!count)
			return ARITHMETIC_FLAGS;
		return pf | af | zf | sf | cf | (count == 1 ? of : 0);
	}
	return 0;
}

/* Operands for which the manual leaves the result open. */
static int is_open(enum kind kind, unsigned size, const struct operands *o)
{
	u64 mask = size == 64 ? ~(u64)0 : ((u64)1 << size) - 1;

	return (kind == SCAN && !(o->b & mask)) ||
	       (kind == DOUBLE && (o->c & 31) > size && size == 16);
}

static u64 sweep_mix(u64 hash, u64 value)
{
	return (hash ^ value) * 0x100000001b3ull + (hash >> 29);
}

static u64 sweep(void (*operation)(struct operands *), enum kind kind, unsigned size)
{
	u64 hash = 0xcbf29ce484222325ull;
	int is_shift = kind == SHIFT || kind == ROTATE || kind == DOUBLE;

	for (unsigned i = 0; i < SWEEP_VALUES; i++) {
		for (unsigned j = 0; j < (is_shift ? 67 : SWEEP_VALUES); j++) {
			for (u64 flags = 0; flags <= ARITHMETIC_FLAGS; flags += ARITHMETIC_FLAGS) {
				struct operands o = { .a = sweep_values[i],
						      .b = sweep_values[j % SWEEP_VALUES],
						      .c = j,
						      .d = 0xa5a5123400ff8001ull,
						      .flags = flags | 2 };

				if (is_open(kind, size, &o))
					continue;
				u64 count = o.c;
				operation(&o);
				hash = sweep_mix(hash, o.a);
				hash = sweep_mix(hash, o.b);
				hash = sweep_mix(hash, o.d);
				hash = sweep_mix(hash, o.flags & defined_flags(kind, size, count));
			}
		}
	}
	return hash;
}

#define DEFINE_OPERATION(name, kind, size, text, expected)                                         \
	static void operation_##name(struct operands *o)                                           \
	{                                                                                          \
		asm volatile("push %[f]; popf; " text "; pushf; pop %[f]"                          \
			     : "+a"(o->a), "+b"(o->b), "+c"(o->c), "+d"(o->d), [f] "+r"(o->flags)  \
			     :                                                                     \
			     : "cc", "memory");                                                    \
	}

#endif
