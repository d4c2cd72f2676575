/* SPDX-License-Identifier: MIT */
#include "xsave_area.h"

/* ---------------------------------------------------------------- FXSAVE, FXRSTOR */

static void test_fxsave_layout(void **state)
{
	struct world *w = *state;

	for (unsigned wide = 0; wide < 2; wide++) {
		fill_state(w);
		fill_area(w, 0xcc);
		expect_ok(w, insn_fxsave, area_op(w, wide));
		expect_legacy_x87(w, wide);
		expect_at(w, 24, 4, 0x9fc0);
		expect_at(w, 28, 4, 0xffff);
		expect_xmm(w, 160, 16, 1);
		expect_bytes(w, 416, 1024, 0xcc);
	}
}

static void test_fxsave_32bit(void **state)
{
	struct world *w = *state;

	world_protected(w);
	w->cpu->state.cr4 = CR4_OSFXSR;
	cpu_state_changed(w->cpu);
	fill_state(w);
	fill_area(w, 0xcc);
	expect_ok(w, insn_fxsave, area_op(w, false));
	expect_legacy_x87(w, false);
	expect_xmm(w, 160, 8, 1);
	expect_bytes(w, 288, 1024, 0xcc);
	w->cpu->state.cr4 = 0; /* no CR4.OSFXSR: no XMM */
	fill_area(w, 0xcc);
	expect_ok(w, insn_fxsave, area_op(w, false));
	expect_bytes(w, 160, 1024, 0xcc);
}

static void test_fxrstor(void **state)
{
	struct world *w = *state;
	struct cpu_state *s = &w->cpu->state;
	struct cpu_state saved;

	for (unsigned wide = 0; wide < 2; wide++) {
		fill_state(w);
		saved = *s;
		expect_ok(w, insn_fxsave, area_op(w, wide));
		memset(&s->x87, 0x77, sizeof(s->x87));
		s->mxcsr = 0x1f80;
		for (unsigned i = 0; i < 16; i++)
			s->ymm[i].u64[0] = s->ymm[i].u64[1] = 0;
		expect_ok(w, insn_fxrstor, area_op(w, wide));
		if (wide) {
			saved.x87.instruction_selector = saved.x87.data_selector = 0;
		} else {
			saved.x87.instruction_pointer &= UINT32_MAX;
			saved.x87.data_pointer &= UINT32_MAX;
		}
		for (unsigned i = 0; i < 8; i++) {
			assert_int_equal(s->x87.reg[i].significand, saved.x87.reg[i].significand);
			assert_int_equal(s->x87.reg[i].sign_exponent,
					 saved.x87.reg[i].sign_exponent);
		}
		assert_int_equal(s->x87.control, 0x0c7f);
		assert_int_equal(s->x87.status, saved.x87.status);
		assert_int_equal(s->x87.empty, 0x0f);
		assert_int_equal(s->x87.opcode, 0x5a5);
		assert_int_equal(s->x87.instruction_pointer, saved.x87.instruction_pointer);
		assert_int_equal(s->x87.data_pointer, saved.x87.data_pointer);
		assert_int_equal(s->x87.instruction_selector, saved.x87.instruction_selector);
		assert_int_equal(s->x87.data_selector, saved.x87.data_selector);
		assert_int_equal(s->mxcsr, 0x9fc0);
		assert_memory_equal(s->ymm, saved.ymm, sizeof(saved.ymm));
	}
}

/* ES and B are made from the flags and masks; reserved bits of FCW do not stay. */
static void test_fxrstor_x87_bits(void **state)
{
	struct world *w = *state;
	struct arch_x87 *x87 = &w->cpu->state.x87;

	fill_area(w, 0);
	poke(w, 0, 2, 0xffbe); /* #IA unmasked */
	poke(w, 2, 2, 0x0001);
	poke(w, 6, 2, 0xffff);
	expect_ok(w, insn_fxrstor, area_op(w, false));
	assert_int_equal(x87->control, 0x1f7e);
	assert_int_equal(x87->status, 0x8081);
	assert_int_equal(x87->opcode, 0x7ff);
	assert_int_equal(x87->empty, 0xff);
	poke(w, 0, 2, 0x037f);
	poke(w, 2, 2, 0x8081);
	expect_ok(w, insn_fxrstor, area_op(w, false));
	assert_int_equal(x87->status, 0x0001);
}

static void test_fx_faults(void **state)
{
	struct world *w = *state;
	struct op op = area_op(w, false);
	struct op misaligned = op_at(w, AREA + 8);
	slow_fn *both[] = { insn_fxsave, insn_fxrstor };

	fill_area(w, 0);
	for (unsigned i = 0; i < 2; i++) {
		expect_gp(w, both[i], misaligned);
		w->cpu->state.cr0 |= CR0_EM;
		expect_fault(w, both[i], op, VECTOR_NM, NO_CODE);
		w->cpu->state.cr0 ^= CR0_EM | CR0_TS;
		expect_fault(w, both[i], op, VECTOR_NM, NO_CODE);
		w->cpu->state.cr0 &= ~CR0_TS;
		expect_ok(w, both[i], op);
	}
	poke(w, 24, 4, 0x10000); /* MXCSR */
	expect_gp(w, insn_fxrstor, op);
}

static void test_mxcsr(void **state)
{
	struct world *w = *state;
	struct op op = op_at(w, AREA + 2), vex = op;

	op.imm = 0;
	vex.imm = 1;
	mem_write(&w->memory, AREA + 2, 4, 0xffff);
	expect_ok(w, insn_ldmxcsr, op);
	assert_int_equal(w->cpu->state.mxcsr, 0xffff);
	expect_ud(w, insn_ldmxcsr, vex);
	enable(w);
	w->cpu->state.mxcsr = 0x1f80;
	expect_ok(w, insn_stmxcsr, vex);
	expect_at(w, 2, 4, 0x1f80);
	mem_write(&w->memory, AREA + 2, 4, 0x10000);
	expect_gp(w, insn_ldmxcsr, op);
	w->cpu->state.cr0 |= CR0_TS;
	expect_fault(w, insn_ldmxcsr, op, VECTOR_NM, NO_CODE);
	w->cpu->state.cr0 |= CR0_EM;
	expect_ud(w, insn_stmxcsr, op);
	w->cpu->state.cr0 &= ~(CR0_EM | CR0_TS);
	w->cpu->state.cr4 &= ~CR4_OSFXSR;
	expect_ud(w, insn_stmxcsr, op);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, world_setup, world_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_fxsave_layout),    TEST(test_fxsave_32bit), TEST(test_fxrstor),
		TEST(test_fxrstor_x87_bits), TEST(test_fx_faults),    TEST(test_mxcsr),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
