/* SPDX-License-Identifier: MIT */
#include "x87_world.h"

int x87_setup(void **state)
{
	struct world *w;

	world_setup(state);
	w = *state;
	world_long(w, 0);
	w->cpu->state.cr0 |= CR0_NE | CR0_MP;
	for (unsigned v = 0; v < 32; v++) {
		set_vector(w, v, SEL_CODE0, AT_HANDLERS + 16 * v, 0x8e, 0);
		poke(w, AT_HANDLERS + 16 * v, 1, HLT);
	}
	w->cpu->state.gpr[GPR_RSI] = AT_OPERAND;
	return 0;
}

struct arch_x87 *fresh(struct world *w, unsigned n)
{
	struct arch_x87 *x87 = &w->cpu->state.x87;

	*x87 = (struct arch_x87){ .control = MASKED };
	x87->status = (uint16_t)TOP((8 - n) & 7);
	x87->empty = (uint8_t)(0xffu >> n);
	for (unsigned i = 0; i < 8; i++)
		x87->reg[i] = ONE;
	return x87;
}

struct arch_f80 *st(struct world *w, unsigned i)
{
	struct arch_x87 *x87 = &w->cpu->state.x87;

	return &x87->reg[((x87->status >> 11) + i) & 7];
}

int run_code(struct world *w, const uint8_t *code, unsigned length)
{
	struct cpu_state *s = &w->cpu->state;
	uint64_t start = s->seg[SEG_CS].base + s->rip;

	for (unsigned i = 0; i < length; i++)
		poke(w, start + i, 1, code[i]);
	poke(w, start + length, 1, HLT);
	s->activity = ACTIVITY_ACTIVE;
	cpu_state_changed(w->cpu);
	assert_int_equal(cpu_run(w->cpu, 100), CPU_STOP_HALT);
	return s->rip > AT_HANDLERS ? (int)((s->rip - AT_HANDLERS) / 16) : -1;
}

int run_at_start(struct world *w, const uint8_t *code, unsigned length)
{
	w->cpu->state.rip = AT_CODE;
	w->cpu->state.gpr[GPR_RSP] = AT_STACK0 - 0x100;
	return run_code(w, code, length);
}

void check_f80(const struct arch_f80 *actual, unsigned sign_exponent, uint64_t significand)
{
	assert_int_equal(actual->sign_exponent, sign_exponent);
	assert_true(actual->significand == significand);
}

void check_same(const struct arch_f80 *actual, struct arch_f80 expected)
{
	check_f80(actual, expected.sign_exponent, expected.significand);
}
