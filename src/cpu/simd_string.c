/* SPDX-License-Identifier: MIT */
#include "cpu/handler.h"
#include "cpu/simd.h"

/* PCMPxSTRx. SDM Vol 1 "String and Text Processing Instructions"; Vol 2B "PCMPESTRI" */

#define IMM_WORDS 0x01u
#define IMM_SIGNED 0x02u
#define IMM_NEGATIVE 0x10u
#define IMM_MASKED 0x20u
#define IMM_MOST 0x40u /* index: the most significant; mask: of whole elements */

enum aggregation {
	EQUAL_ANY,
	RANGES,
	EQUAL_EACH,
	EQUAL_ORDERED,
};

struct text {
	int32_t element[16];
	unsigned length;
};

static unsigned elements_of(unsigned imm)
{
	return imm & IMM_WORDS ? 8 : 16;
}

static int32_t element_of(const union arch_vector *v, unsigned i, unsigned imm)
{
	if (imm & IMM_WORDS)
		return imm & IMM_SIGNED ? v->s16[i] : v->u16[i];
	return imm & IMM_SIGNED ? v->s8[i] : v->u8[i];
}

static void text_of(struct text *text, const union arch_vector *v, unsigned imm)
{
	unsigned n = elements_of(imm);

	text->length = n;
	for (unsigned i = n; i-- > 0;) {
		text->element[i] = element_of(v, i, imm);
		if (text->element[i] == 0)
			text->length = i;
	}
}

static bool matches_any(const struct text *set, int32_t x)
{
	for (unsigned i = 0; i < set->length; i++) {
		if (set->element[i] == x)
			return true;
	}
	return false;
}

static bool in_ranges(const struct text *set, int32_t x)
{
	for (unsigned i = 0; i + 1 < set->length; i += 2) {
		if (set->element[i] <= x && x <= set->element[i + 1])
			return true;
	}
	return false;
}

/* A needle that goes on past the end of all elements counts as found, one past the text does not.
 */
static bool starts_at(const struct text *needle, const struct text *text, unsigned at, unsigned n)
{
	for (unsigned i = 0; i < needle->length && at + i < n; i++) {
		if (at + i >= text->length || text->element[at + i] != needle->element[i])
			return false;
	}
	return true;
}

static bool result_bit(const struct text *a, const struct text *b, unsigned i, unsigned imm)
{
	switch (imm >> 2 & 3) {
	case EQUAL_ANY:
		return i < b->length && matches_any(a, b->element[i]);
	case RANGES:
		return i < b->length && in_ranges(a, b->element[i]);
	case EQUAL_EACH:
		if (i >= a->length || i >= b->length)
			return i >= a->length && i >= b->length;
		return a->element[i] == b->element[i];
	default:
		return starts_at(a, b, i, elements_of(imm));
	}
}

static uint32_t low_mask(unsigned count)
{
	return (1u << count) - 1;
}

static uint32_t compare(struct simd_env *env, const struct text *a, const struct text *b,
			unsigned imm)
{
	unsigned n = elements_of(imm);
	uint32_t result = 0;

	for (unsigned i = 0; i < n; i++)
		result |= (uint32_t)result_bit(a, b, i, imm) << i;
	if (imm & IMM_NEGATIVE)
		result ^= low_mask(imm & IMM_MASKED ? b->length : n);
	env->flags = (result ? FLAG_CF : 0) | (b->length < n ? FLAG_ZF : 0) |
		     (a->length < n ? FLAG_SF : 0) | (result & 1 ? FLAG_OF : 0);
	return result;
}

static uint64_t index_of(uint32_t result, unsigned imm)
{
	if (result == 0)
		return elements_of(imm);
	return (uint64_t)(imm & IMM_MOST ? 31 - __builtin_clz(result) : __builtin_ctz(result));
}

static void mask_of(union arch_vector *d, uint32_t result, unsigned imm)
{
	if (!(imm & IMM_MOST)) {
		d->u64[0] = result;
		return;
	}
	for (unsigned i = 0; i < 16; i++) {
		unsigned bit = imm & IMM_WORDS ? i / 2 : i;

		d->u8[i] = result >> bit & 1 ? 0xff : 0;
	}
}

static uint32_t compare_implicit(struct simd_env *env, const union arch_vector *a,
				 const union arch_vector *b, unsigned imm)
{
	struct text x, y;

	text_of(&x, a, imm);
	text_of(&y, b, imm);
	return compare(env, &x, &y, imm);
}

static uint32_t compare_explicit(struct simd_env *env, const union arch_vector *a,
				 const union arch_vector *b, unsigned imm)
{
	struct text x, y;

	text_of(&x, a, imm);
	text_of(&y, b, imm);
	x.length = env->length_a;
	y.length = env->length_b;
	return compare(env, &x, &y, imm);
}

SIMD_KERNEL(PCMPISTRI)
{
	d->u64[0] = index_of(compare_implicit(env, a, b, imm), imm);
}

SIMD_KERNEL(PCMPISTRM)
{
	mask_of(d, compare_implicit(env, a, b, imm), imm);
}

SIMD_KERNEL(PCMPESTRI)
{
	d->u64[0] = index_of(compare_explicit(env, a, b, imm), imm);
}

SIMD_KERNEL(PCMPESTRM)
{
	mask_of(d, compare_explicit(env, a, b, imm), imm);
}

/* The absolute value of RAX or RDX (EAX, EDX without REX.W), at most what there is. */
static uint32_t explicit_length(const struct cpu *cpu, const struct op *op, unsigned gpr)
{
	uint64_t value = cpu->state.gpr[gpr];
	int64_t length = op->flag ? (int64_t)value : (int32_t)value;
	uint64_t magnitude = length < 0 ? 0 - (uint64_t)length : (uint64_t)length;
	unsigned n = elements_of(op->imm32);

	return magnitude < n ? (uint32_t)magnitude : n;
}

static bool string(struct cpu *cpu, const struct op *op)
{
	union arch_vector d = { 0 }, memory;
	const union arch_vector *b = &cpu->state.ymm[op->src];
	struct simd_env env = {
		.length_a = explicit_length(cpu, op, GPR_RAX),
		.length_b = explicit_length(cpu, op, GPR_RDX),
	};

	if (FORM_SOURCE_OF(op->reg[3]) == PLACE_MEMORY) {
		if (!simd_read_operand(cpu, op, &memory))
			return false;
		b = &memory;
	}
	simd_operation(op)->kernel(&env, &d, &cpu->state.ymm[op->reg[0]], b, op->imm32, 16);
	if (op->code == OP_V_PCMPESTRI || op->code == OP_V_PCMPISTRI)
		cpu->state.gpr[GPR_RCX] = d.u64[0];
	else
		simd_write_vector(cpu, op, 0, &d);
	set_status_flags(cpu, env.flags);
	return true;
}

const struct op *simd_string(struct cpu *cpu, const struct op *op)
{
	return run_plain(cpu, op, string);
}
