/* SPDX-License-Identifier: MIT */
#include "xsave_area.h"

/* ---------------------------------------------------------------- saving */

static void test_xsave_layout(void **state)
{
	struct world *w = *state;

	enable(w);
	fill_state(w);
	fill_area(w, 0xcc);
	poke(w, 512, 8, 0xf000);
	expect_ok(w, insn_xsave, area_op(w, true));
	expect_legacy_x87(w, true);
	expect_at(w, 24, 8, 0xffff00009fc0);
	expect_xmm(w, 160, 16, 1);
	expect_bytes(w, 416, 512, 0xcc);
	expect_at(w, 512, 8, 0xf000 | ALL);
	expect_bytes(w, 520, 576, 0xcc);
	expect_xmm(w, 576, 16, 33);
	expect_bytes(w, 832, 2688, 0xcc);
	expect_at(w, 2688, 8, 0xfffffff0);
	expect_bytes(w, 2696, 4096, 0xcc);
}

/* Only what is requested and enabled, component by component. */
static void test_xsave_requests(void **state)
{
	struct world *w = *state;

	enable(w);
	fill_state(w);
	fill_area(w, 0xcc);
	poke(w, 512, 8, ALL);
	w->cpu->state.pkru = 0;
	set_edx_eax(w, PKRU_BIT);
	expect_ok(w, insn_xsave, area_op(w, false));
	expect_bytes(w, 0, 512, 0xcc);
	expect_at(w, 512, 8, ALL & ~PKRU_BIT); /* in its initial state */
	expect_bytes(w, 520, 2688, 0xcc);
	expect_at(w, 2688, 8, 0); /* XSAVE writes it all the same */

	fill_area(w, 0xcc);
	poke(w, 512, 8, 0);
	set_edx_eax(w, AVX_BIT);
	expect_ok(w, insn_xsave, area_op(w, false));
	expect_bytes(w, 0, 24, 0xcc);
	expect_at(w, 24, 8, 0xffff00009fc0); /* MXCSR comes with AVX too */
	expect_bytes(w, 32, 512, 0xcc);
	expect_at(w, 512, 8, AVX_BIT);
	expect_xmm(w, 576, 16, 33);

	w->cpu->state.xcr0 = X87_BIT;
	fill_area(w, 0xcc);
	poke(w, 512, 8, 0);
	set_edx_eax(w, ~0ull);
	expect_ok(w, insn_xsave, area_op(w, false));
	expect_at(w, 512, 8, X87_BIT);
	expect_bytes(w, 24, 32, 0xcc);
	expect_bytes(w, 160, 512, 0xcc);
}

static void clear_state(struct world *w)
{
	struct cpu_state *s = &w->cpu->state;

	s->x87 = (struct arch_x87){ .control = 0x37f, .empty = 0xff };
	memset(s->ymm, 0, sizeof(s->ymm));
	s->mxcsr = 0x1f80;
	s->pkru = 0;
}

static void test_xsaveopt(void **state)
{
	struct world *w = *state;

	enable(w);
	clear_state(w);
	fill_area(w, 0xcc);
	poke(w, 512, 8, ALL);
	expect_ok(w, insn_xsaveopt, area_op(w, false));
	expect_at(w, 512, 8, 0);
	expect_bytes(w, 0, 24, 0xcc);
	expect_at(w, 24, 8, 0xffff00001f80);
	expect_bytes(w, 32, 512, 0xcc);
	expect_bytes(w, 520, 4096, 0xcc);
	fill_state(w);
	expect_ok(w, insn_xsaveopt, area_op(w, false));
	expect_at(w, 512, 8, ALL);
	expect_xmm(w, 576, 16, 33);
}

static void test_xsavec(void **state)
{
	struct world *w = *state;

	enable(w);
	fill_state(w);
	fill_area(w, 0xcc);
	expect_ok(w, insn_xsavec, area_op(w, false));
	expect_legacy_x87(w, false);
	expect_at(w, 512, 8, ALL);
	expect_at(w, 520, 8, BIT(63) | ALL);
	expect_bytes(w, 528, 576, 0xcc);
	expect_xmm(w, 576, 16, 33);
	expect_at(w, 832, 8, 0xfffffff0);
	expect_bytes(w, 840, 4096, 0xcc);
	/* what is not requested takes no room */
	fill_area(w, 0xcc);
	set_edx_eax(w, PKRU_BIT);
	expect_ok(w, insn_xsavec, area_op(w, false));
	expect_bytes(w, 0, 512, 0xcc);
	expect_at(w, 512, 8, PKRU_BIT);
	expect_at(w, 520, 8, BIT(63) | PKRU_BIT);
	expect_at(w, 576, 8, 0xfffffff0);
	expect_bytes(w, 584, 4096, 0xcc);
	/* but what is in its initial state does, unwritten; MXCSR is state of SSE */
	clear_state(w);
	w->cpu->state.pkru = 1;
	fill_area(w, 0xcc);
	set_edx_eax(w, ALL);
	expect_ok(w, insn_xsavec, area_op(w, false));
	expect_bytes(w, 0, 512, 0xcc);
	expect_at(w, 512, 8, PKRU_BIT);
	expect_at(w, 520, 8, BIT(63) | ALL);
	expect_bytes(w, 576, 832, 0xcc);
	expect_at(w, 832, 8, 1);
	w->cpu->state.mxcsr = 0x1f00;
	expect_ok(w, insn_xsavec, area_op(w, false));
	expect_at(w, 24, 8, 0xffff00001f00);
	expect_at(w, 512, 8, PKRU_BIT | SSE_BIT);
	expect_at(w, 160, 8, 0);
}

static void test_xsaves(void **state)
{
	struct world *w = *state;

	enable(w);
	fill_state(w);
	fill_area(w, 0);
	expect_ok(w, insn_xsaves, area_op(w, true));
	expect_legacy_x87(w, true);
	expect_at(w, 512, 8, ALL);
	expect_at(w, 520, 8, BIT(63) | ALL);
	expect_at(w, 832, 8, 0xfffffff0);
	clear_state(w);
	expect_ok(w, insn_xrstors, area_op(w, true));
	assert_int_equal(w->cpu->state.pkru, 0xfffffff0);
	assert_int_equal(w->cpu->state.ymm[15].u64[3], 0x4040404040404040);
	world_cpl(w, 3);
	expect_gp(w, insn_xsaves, area_op(w, true));
	expect_gp(w, insn_xrstors, area_op(w, true));
}

static void test_xsave_32bit(void **state)
{
	struct world *w = *state;

	world_protected(w);
	w->cpu->state.cr4 = CR4_OSFXSR;
	enable(w);
	fill_state(w);
	memset(w->cpu->state.ymm, 0, 8 * sizeof(w->cpu->state.ymm[0]));
	fill_area(w, 0xcc);
	poke(w, 512, 8, 0);
	expect_ok(w, insn_xsave, area_op(w, false));
	/* registers 8 to 15 are neither saved nor seen */
	expect_at(w, 512, 8, X87_BIT | PKRU_BIT);
	expect_bytes(w, 160, 288, 0);
	expect_bytes(w, 288, 512, 0xcc);
	expect_bytes(w, 576, 704, 0);
	expect_bytes(w, 704, 832, 0xcc);
}

/* ---------------------------------------------------------------- restoring */

static void expect_saved(struct world *w, const struct cpu_state *saved)
{
	const struct cpu_state *s = &w->cpu->state;

	assert_int_equal(s->mxcsr, saved->mxcsr);
	assert_int_equal(s->pkru, saved->pkru);
	assert_int_equal(s->x87.status, saved->x87.status);
	assert_int_equal(s->x87.empty, saved->x87.empty);
	assert_memory_equal(s->ymm, saved->ymm, sizeof(s->ymm));
}

static void test_round_trips(void **state)
{
	struct world *w = *state;
	slow_fn *savers[] = { insn_xsave, insn_xsaveopt, insn_xsavec, insn_xsaves };
	struct cpu_state saved, initial;

	enable(w);
	fill_state(w);
	saved = w->cpu->state;
	clear_state(w);
	initial = w->cpu->state;
	for (unsigned i = 0; i < 4; i++) {
		fill_area(w, 0);
		fill_state(w);
		expect_ok(w, savers[i], area_op(w, true));
		clear_state(w);
		expect_ok(w, insn_xrstor, area_op(w, true));
		expect_saved(w, &saved);
		clear_state(w);
		fill_area(w, 0);
		expect_ok(w, savers[i], area_op(w, true));
		fill_state(w);
		expect_ok(w, insn_xrstor, area_op(w, true));
		expect_saved(w, &initial);
		assert_int_equal(w->cpu->state.x87.control, 0x37f);
		assert_int_equal(xsave_in_use(w->cpu), 0);
	}
}

/* Components that are not requested keep their values; MXCSR by the rule of the format. */
static void test_partial_restores(void **state)
{
	struct world *w = *state;
	struct cpu_state *s = &w->cpu->state;

	enable(w);
	fill_area(w, 0);
	poke(w, 24, 4, 0x1f00);
	fill_state(w);
	set_edx_eax(w, AVX_BIT);
	expect_ok(w, insn_xrstor, area_op(w, false));
	assert_int_equal(s->mxcsr, 0x1f00); /* standard: with AVX, from memory whatever XSTATE_BV */
	assert_int_equal(s->ymm[2].u64[0], 0x0303030303030303);
	assert_int_equal(s->ymm[2].u64[2], 0);
	assert_int_equal(s->x87.control, 0x0c7f);
	set_edx_eax(w, X87_BIT);
	s->mxcsr = 0x9fc0;
	expect_ok(w, insn_xrstor, area_op(w, false));
	assert_int_equal(s->mxcsr, 0x9fc0);
	assert_int_equal(s->x87.control, 0x37f);

	poke(w, 520, 8, BIT(63) | SSE_BIT | AVX_BIT);
	set_edx_eax(w, AVX_BIT);
	expect_ok(w, insn_xrstor, area_op(w, false));
	assert_int_equal(s->mxcsr, 0x9fc0); /* compacted: AVX does not concern it */
	set_edx_eax(w, SSE_BIT);
	expect_ok(w, insn_xrstor, area_op(w, false));
	assert_int_equal(s->mxcsr, 0x1f80); /* and SSE initializes it */
	poke(w, 512, 8, SSE_BIT);
	expect_ok(w, insn_xrstor, area_op(w, false));
	assert_int_equal(s->mxcsr, 0x1f00);
}

static void test_compacted_places(void **state)
{
	struct world *w = *state;

	enable(w);
	fill_area(w, 0);
	poke(w, 512, 8, PKRU_BIT);
	poke(w, 520, 8, BIT(63) | PKRU_BIT);
	poke(w, 576, 8, 0x12345678);
	expect_ok(w, insn_xrstor, area_op(w, false));
	assert_int_equal(w->cpu->state.pkru, 0x12345678);
	assert_int_equal(w->cpu->paging.config.pkru, 0x12345678);
	poke(w, 520, 8, BIT(63) | PKRU_BIT | AVX_BIT);
	poke(w, 832, 8, 0x55);
	expect_ok(w, insn_xrstor, area_op(w, false));
	assert_int_equal(w->cpu->state.pkru, 0x55);
}

static void refuse_header(struct world *w, slow_fn *f, unsigned offset, uint64_t value)
{
	uint64_t before = mem_read(&w->memory, AREA + offset, 8);

	poke(w, offset, 8, value);
	expect_gp(w, f, area_op(w, false));
	poke(w, offset, 8, before);
	expect_ok(w, f, area_op(w, false));
}

static void test_headers(void **state)
{
	struct world *w = *state;

	enable(w);
	fill_area(w, 0);
	set_edx_eax(w, X87_BIT);
	refuse_header(w, insn_xrstor, 512, 8);
	refuse_header(w, insn_xrstor, 512, BIT(63));
	refuse_header(w, insn_xrstor, 520, 1);
	refuse_header(w, insn_xrstor, 528, BIT(63));
	/* bytes 63:24 are not looked at in the standard format */
	poke(w, 536, 8, 1);
	expect_ok(w, insn_xrstor, area_op(w, false));
	expect_gp(w, insn_xrstors, area_op(w, false)); /* has no standard format */
	poke(w, 520, 8, BIT(63) | X87_BIT | SSE_BIT);
	expect_gp(w, insn_xrstor, area_op(w, false)); /* but in the compacted one */
}

static void test_compacted_headers(void **state)
{
	struct world *w = *state;
	slow_fn *both[] = { insn_xrstor, insn_xrstors };

	enable(w);
	fill_area(w, 0);
	poke(w, 512, 8, X87_BIT);
	poke(w, 520, 8, BIT(63) | X87_BIT | SSE_BIT);
	set_edx_eax(w, X87_BIT);
	for (unsigned i = 0; i < 2; i++) {
		refuse_header(w, both[i], 520, BIT(63) | X87_BIT | 8);
		refuse_header(w, both[i], 512, AVX_BIT);
		refuse_header(w, both[i], 512, BIT(63) | X87_BIT);
		for (unsigned offset = 528; offset < 576; offset += 8)
			refuse_header(w, both[i], offset, 1);
	}
	feature_put(&w->config.features, FEATURE_XSAVEC, false);
	expect_gp(w, insn_xrstor, area_op(w, false));
}

static void test_xsave_faults(void **state)
{
	struct world *w = *state;
	slow_fn *all[] = { insn_xsave,	insn_xsaveopt, insn_xsavec,
			   insn_xsaves, insn_xrstor,   insn_xrstors };
	struct op op = area_op(w, false), misaligned = op_at(w, AREA + 32);

	fill_area(w, 0);
	for (unsigned i = 0; i < 6; i++) {
		w->cpu->state.cr4 &= ~CR4_OSXSAVE;
		expect_ud(w, all[i], op);
		enable(w);
		expect_gp(w, all[i], misaligned);
		w->cpu->state.cr0 |= CR0_TS;
		expect_fault(w, all[i], op, VECTOR_NM, NO_CODE);
		w->cpu->state.cr0 ^= CR0_TS | CR0_EM; /* EM does not matter */
		poke(w, 520, 8, i == 5 ? BIT(63) : 0);
		poke(w, 512, 8, 0);
		expect_ok(w, all[i], op);
		w->cpu->state.cr0 &= ~CR0_EM;
	}
	poke(w, 520, 8, 0);
	poke(w, 24, 4, 0x10000);
	expect_gp(w, insn_xrstor, op);
}

/* An area that reaches into a page that is not there: nothing is written before the fault. */
static void test_page_faults(void **state)
{
	struct world *w = *state;
	uint64_t at = 0x200000 - 640; /* ends within AVX */
	struct op op;

	enable(w);
	fill_state(w);
	/* only the first 2 MB are there */
	mem_write(&w->memory, WORLD_PDPT, 8, 0x3003 | PTE_U);
	mem_write(&w->memory, 0x3000, 8, PTE_P | PTE_W | PTE_PS);
	cpu_state_changed(w->cpu);
	fill_area(w, 0xcc);
	op = op_at(w, at);
	expect_fault(w, insn_xsave, op, VECTOR_PF, UDV_PF_W);
	assert_int_equal(w->cpu->fault.address, 0x200000);
	for (unsigned i = 0; i < 640; i++)
		assert_int_equal(mem_read(&w->memory, at + i, 1), 0);
	set_edx_eax(w, X87_BIT | SSE_BIT);
	expect_ok(w, insn_xsave, op);
	expect_ok(w, insn_xrstor, op);
	mem_write(&w->memory, at + 512, 8, ALL);
	set_edx_eax(w, ALL);
	expect_fault(w, insn_xrstor, op, VECTOR_PF, 0);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, world_setup, world_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_xsave_layout),
		TEST(test_xsave_requests),
		TEST(test_xsaveopt),
		TEST(test_xsavec),
		TEST(test_xsaves),
		TEST(test_xsave_32bit),
		TEST(test_round_trips),
		TEST(test_partial_restores),
		TEST(test_compacted_places),
		TEST(test_headers),
		TEST(test_compacted_headers),
		TEST(test_xsave_faults),
		TEST(test_page_faults),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
