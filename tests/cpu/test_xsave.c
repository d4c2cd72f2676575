/* SPDX-License-Identifier: MIT */
#include "system_world.h"

#define AREA 0x10000u
#define X87_BIT 1u
#define SSE_BIT 2u
#define AVX_BIT 4u
#define PKRU_BIT 0x200u
#define ALL (X87_BIT | SSE_BIT | AVX_BIT | PKRU_BIT)

static const uint8_t *area(struct world *w)
{
	uint8_t *flags;

	return mem_page(&w->memory, AREA, &flags);
}

static void fill_area(struct world *w, uint8_t byte)
{
	uint8_t bytes[4096];

	memset(bytes, byte, sizeof(bytes));
	assert_true(mem_write_bytes(&w->memory, AREA, bytes, sizeof(bytes)));
}

static void poke(struct world *w, unsigned offset, unsigned size, uint64_t value)
{
	mem_write(&w->memory, AREA + offset, size, value);
}

static void expect_at(struct world *w, unsigned offset, unsigned size, uint64_t value)
{
	assert_int_equal(mem_read(&w->memory, AREA + offset, size), value);
}

static void expect_bytes(struct world *w, unsigned from, unsigned to, uint8_t byte)
{
	for (unsigned i = from; i < to; i++)
		if (area(w)[i] != byte)
			fail_msg("byte %u is %02x", i, area(w)[i]);
}

/* State in which every part of the image is something of its own. */
static void fill_state(struct world *w)
{
	struct cpu_state *s = &w->cpu->state;
	struct arch_x87 *x87 = &s->x87;

	x87->control = 0x0c7f;
	x87->status = 3 << 11 | 0x4101; /* TOP = 3 */
	x87->empty = 0x0f;		/* R4..R7 are in use */
	x87->opcode = 0x5a5;
	x87->instruction_pointer = 0x1122334455667788;
	x87->data_pointer = 0x99aabbccddeeff00;
	x87->instruction_selector = 0x1234;
	x87->data_selector = 0x5678;
	for (unsigned i = 0; i < 8; i++) {
		x87->reg[i].significand = 0x8000000000000000 | i;
		x87->reg[i].sign_exponent = (uint16_t)(0x4000 + i);
	}
	s->mxcsr = 0x9fc0;
	for (unsigned i = 0; i < 16; i++)
		for (unsigned j = 0; j < 4; j++)
			s->ymm[i].u64[j] = 0x0101010101010101ull * (16 * j + i + 1);
	s->pkru = 0xfffffff0;
}

static void enable(struct world *w)
{
	w->cpu->state.cr4 |= CR4_OSXSAVE | CR4_PKE;
	w->cpu->state.xcr0 = ALL;
	cpu_state_changed(w->cpu);
	set_edx_eax(w, ~0ull);
}

static struct op area_op(struct world *w, bool wide)
{
	struct op op = op_at(w, AREA);

	op.imm = wide;
	return op;
}

static void expect_legacy_x87(struct world *w, bool wide)
{
	expect_at(w, 0, 2, 0x0c7f);
	expect_at(w, 2, 2, 3 << 11 | 0x4101);
	expect_at(w, 4, 2, 0xf0);
	expect_at(w, 6, 2, 0x5a5);
	expect_at(w, 8, 8, wide ? 0x1122334455667788 : 0x0000123455667788);
	expect_at(w, 16, 8, wide ? 0x99aabbccddeeff00 : 0x00005678ddeeff00);
	for (unsigned i = 0; i < 8; i++) {
		unsigned physical = (3 + i) & 7;

		expect_at(w, 32 + 16 * i, 8, 0x8000000000000000 | physical);
		expect_at(w, 40 + 16 * i, 8, 0x4000 + physical);
	}
}

static void expect_xmm(struct world *w, unsigned offset, unsigned nr, unsigned first)
{
	for (unsigned i = 0; i < nr; i++) {
		expect_at(w, offset + 16 * i, 8, 0x0101010101010101ull * (first + i));
		expect_at(w, offset + 16 * i + 8, 8, 0x0101010101010101ull * (first + 16 + i));
	}
}

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
			assert_int_equal(s->x87.reg[i].significand,
					 saved.x87.reg[i].significand);
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
		TEST(test_fxsave_layout),   TEST(test_fxsave_32bit),
		TEST(test_fxrstor),	    TEST(test_fxrstor_x87_bits),
		TEST(test_fx_faults),	    TEST(test_mxcsr),
		TEST(test_xsave_layout),    TEST(test_xsave_requests),
		TEST(test_xsaveopt),	    TEST(test_xsavec),
		TEST(test_xsaves),	    TEST(test_xsave_32bit),
		TEST(test_round_trips),	    TEST(test_partial_restores),
		TEST(test_compacted_places), TEST(test_headers),
		TEST(test_compacted_headers), TEST(test_xsave_faults),
		TEST(test_page_faults),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
