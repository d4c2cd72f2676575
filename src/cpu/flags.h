/* SPDX-License-Identifier: MIT */
#ifndef UDV_CPU_FLAGS_H
#define UDV_CPU_FLAGS_H

#include "cpu/handler.h"

/*
 * Status flags one by one, from the lazy form or from state.rflags. SDM Vol 1 "EFLAGS Register";
 * the lazy kinds are in cpu.h.
 *
 * With r the result and a the first operand, both of 2^n values:
 *   a + b carries iff r < a, a + b + 1 iff r <= a; a - b borrows iff a < r (then r wrapped), and
 *   a - b - 1 iff a <= r.
 */

ALWAYS_INLINE unsigned lazy_bits(const struct cpu *cpu)
{
	return 8u << (cpu->lazy.kind & 3);
}

/* The second operand. */
ALWAYS_INLINE uint64_t lazy_second(const struct lazy_flags *l)
{
	switch (l->kind & ~3u) {
	case LAZY_ADD:
		return l->result - l->first;
	case LAZY_ADC:
		return l->result - l->first - 1;
	case LAZY_SUB:
		return l->first - l->result;
	default: /* LAZY_SBB */
		return l->first - l->result - 1;
	}
}

ALWAYS_INLINE bool lazy_cf(const struct cpu *cpu)
{
	const struct lazy_flags *l = &cpu->lazy;

	switch (l->kind & ~3u) {
	case LAZY_NONE:
		return cpu->state.rflags & FLAG_CF;
	case LAZY_ADD:
		return l->result < l->first;
	case LAZY_ADC:
		return l->result <= l->first;
	case LAZY_SUB:
		return l->first < l->result;
	case LAZY_SBB:
		return l->first <= l->result;
	case LAZY_LOGIC:
		return false;
	default: /* INC, DEC, BITS: LAZY_CF is bit 0 */
		return l->first & LAZY_CF;
	}
}

ALWAYS_INLINE bool lazy_of(const struct cpu *cpu)
{
	const struct lazy_flags *l = &cpu->lazy;
	uint64_t sign = BIT(lazy_bits(cpu) - 1);

	switch (l->kind & ~3u) {
	case LAZY_NONE:
		return cpu->state.rflags & FLAG_OF;
	case LAZY_ADD:
	case LAZY_ADC:
		return ~(l->first ^ lazy_second(l)) & (l->first ^ l->result) & sign;
	case LAZY_SUB:
	case LAZY_SBB:
		return (l->first ^ lazy_second(l)) & (l->first ^ l->result) & sign;
	case LAZY_LOGIC:
		return false;
	case LAZY_INC:
		return l->result == sign;
	case LAZY_DEC:
		return l->result == sign - 1;
	default:
		return l->first & LAZY_OF;
	}
}

ALWAYS_INLINE bool lazy_af(const struct cpu *cpu)
{
	const struct lazy_flags *l = &cpu->lazy;

	switch (l->kind & ~3u) {
	case LAZY_NONE:
		return cpu->state.rflags & FLAG_AF;
	case LAZY_ADD:
	case LAZY_ADC:
	case LAZY_SUB:
	case LAZY_SBB:
		return (l->first ^ lazy_second(l) ^ l->result) & 0x10;
	case LAZY_LOGIC:
		return false;
	case LAZY_INC:
		return (l->result & 0xf) == 0;
	case LAZY_DEC:
		return (l->result & 0xf) == 0xf;
	default:
		return l->first & LAZY_AF;
	}
}

ALWAYS_INLINE bool lazy_zf(const struct cpu *cpu)
{
	return cpu->lazy.kind ? cpu->lazy.result == 0 : !!(cpu->state.rflags & FLAG_ZF);
}

ALWAYS_INLINE bool lazy_sf(const struct cpu *cpu)
{
	return cpu->lazy.kind ? cpu->lazy.result >> (lazy_bits(cpu) - 1) & 1
			      : !!(cpu->state.rflags & FLAG_SF);
}

ALWAYS_INLINE bool lazy_pf(const struct cpu *cpu)
{
	return cpu->lazy.kind ? !__builtin_parity((unsigned)cpu->lazy.result & 0xff)
			      : !!(cpu->state.rflags & FLAG_PF);
}

/* Condition codes by the low 4 bits of their opcodes. SDM Vol 1 "EFLAGS Condition Codes" */
enum condition {
	CONDITION_O,
	CONDITION_NO,
	CONDITION_B,
	CONDITION_NB,
	CONDITION_Z,
	CONDITION_NZ,
	CONDITION_BE,
	CONDITION_NBE,
	CONDITION_S,
	CONDITION_NS,
	CONDITION_P,
	CONDITION_NP,
	CONDITION_L,
	CONDITION_NL,
	CONDITION_LE,
	CONDITION_NLE,
};

/* @condition is a constant where this is inlined. */
ALWAYS_INLINE bool condition_holds(const struct cpu *cpu, unsigned condition)
{
	bool value;

	switch (condition & ~1u) {
	case CONDITION_O:
		value = lazy_of(cpu);
		break;
	case CONDITION_B:
		value = lazy_cf(cpu);
		break;
	case CONDITION_Z:
		value = lazy_zf(cpu);
		break;
	case CONDITION_BE:
		value = lazy_cf(cpu) || lazy_zf(cpu);
		break;
	case CONDITION_S:
		value = lazy_sf(cpu);
		break;
	case CONDITION_P:
		value = lazy_pf(cpu);
		break;
	case CONDITION_L:
		value = lazy_sf(cpu) != lazy_of(cpu);
		break;
	default:
		value = lazy_zf(cpu) || lazy_sf(cpu) != lazy_of(cpu);
		break;
	}
	return value ^ (condition & 1);
}

/* New CF and OF; the other status flags stay, lazy if they are. */
ALWAYS_INLINE void replace_cf_of(struct cpu *cpu, bool cf, bool of)
{
	struct lazy_flags *l = &cpu->lazy;

	if (!l->kind) {
		cpu->state.rflags = (cpu->state.rflags & ~(FLAG_CF | FLAG_OF)) |
				    (cf ? FLAG_CF : 0) | (of ? FLAG_OF : 0);
		return;
	}
	l->first = (lazy_af(cpu) ? LAZY_AF : 0) | (cf ? LAZY_CF : 0) | (of ? LAZY_OF : 0);
	l->kind = LAZY_BITS | (l->kind & 3);
}

ALWAYS_INLINE void set_lazy(struct cpu *cpu, uint32_t kind, uint64_t result, uint64_t first)
{
	cpu->lazy.kind = kind;
	cpu->lazy.result = result;
	cpu->lazy.first = first;
}

#endif
