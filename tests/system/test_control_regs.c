/* SPDX-License-Identifier: MIT */
#include "world.h"

#define RAX GPR_OFFSET(GPR_RAX)

static void load(struct world *w, slow_fn *f, uint64_t value)
{
	w->cpu->state.gpr[GPR_RAX] = value;
	expect_ok(w, f, op_of(w, 0, RAX));
}

static void refuse(struct world *w, slow_fn *f, uint64_t value)
{
	w->cpu->state.gpr[GPR_RAX] = value;
	expect_gp(w, f, op_of(w, 0, RAX));
}

static uint64_t read_cr(struct world *w, unsigned number)
{
	w->cpu->state.gpr[GPR_RAX] = 0x5555555555555555;
	expect_ok(w, insn_mov_from_cr, op_of(w, RAX, number));
	return w->cpu->state.gpr[GPR_RAX];
}

/* ---------------------------------------------------------------- CR0 */

static void test_cr0(void **state)
{
	struct world *w = *state;
	struct cpu_state *s = &w->cpu->state;

	/* reserved bits in 31:0 are ignored, ET stays */
	load(w, insn_mov_to_cr0, 0xffffffff & ~(CR0_NW | CR0_CD));
	assert_int_equal(s->cr0, 0x8005003f);
	assert_int_equal(read_cr(w, 0), 0x8005003f);
	load(w, insn_mov_to_cr0, 0x80000001);
	assert_int_equal(s->cr0, 0x80000011);
	refuse(w, insn_mov_to_cr0, 0x180000011);
	refuse(w, insn_mov_to_cr0, CR0_PG);
	refuse(w, insn_mov_to_cr0, CR0_PG | CR0_PE | CR0_NW);
	load(w, insn_mov_to_cr0, CR0_PG | CR0_PE | CR0_NW | CR0_CD);
	/* paging cannot be left from 64-bit mode */
	refuse(w, insn_mov_to_cr0, CR0_PE);
	world_cpl(w, 3);
	refuse(w, insn_mov_to_cr0, 0x80000011);
	expect_gp(w, insn_mov_from_cr, op_of(w, RAX, 0));
}

static void test_enter_and_leave_long_mode(void **state)
{
	struct world *w = *state;
	struct cpu_state *s = &w->cpu->state;

	world_protected(w);
	s->cr3 = WORLD_PML4;
	s->efer = EFER_LME;
	s->cr4 = 0;
	refuse(w, insn_mov_to_cr0, CR0_PE | CR0_PG); /* no PAE */
	s->cr4 = CR4_PAE;
	s->seg[SEG_CS].access_rights |= AR_L;
	refuse(w, insn_mov_to_cr0, CR0_PE | CR0_PG); /* CS.L */
	s->seg[SEG_CS].access_rights &= ~AR_L;
	s->seg[SEG_TR].access_rights = 0x83;
	refuse(w, insn_mov_to_cr0, CR0_PE | CR0_PG); /* 16-bit TSS */
	s->seg[SEG_TR].access_rights = 0x8b;
	load(w, insn_mov_to_cr0, CR0_PE | CR0_PG);
	assert_int_equal(s->efer, EFER_LME | EFER_LMA);
	assert_int_equal(w->cpu->paging.mode, UDV_PAGING_4_LEVEL);
	/* compatibility mode may switch it off, PCIDE must not be on */
	s->cr4 |= CR4_PCIDE;
	refuse(w, insn_mov_to_cr0, CR0_PE);
	s->cr4 &= ~CR4_PCIDE;
	load(w, insn_mov_to_cr0, CR0_PE);
	assert_int_equal(s->efer, EFER_LME);
	assert_int_equal(w->cpu->paging.mode, UDV_PAGING_NONE);
}

static void put_pdptes(struct world *w, uint64_t base, uint64_t first)
{
	for (unsigned i = 0; i < 4; i++)
		mem_write(&w->memory, base + 8 * i, 8, i ? 0x100000ull * i | 1 : first);
}

static void test_pdptes(void **state)
{
	struct world *w = *state;
	struct cpu_state *s = &w->cpu->state;

	world_protected(w);
	put_pdptes(w, 0x3020, 0x5001);
	put_pdptes(w, 0x3040, 0x6001);
	put_pdptes(w, 0x3060, 0x5003); /* bit 1 is reserved */
	s->cr4 = CR4_PAE;
	load(w, insn_mov_to_cr3, 0x3020); /* not yet in use */
	assert_int_equal(s->pdpte[0], 0);
	load(w, insn_mov_to_cr0, CR0_PE | CR0_PG);
	assert_int_equal(s->pdpte[0], 0x5001);
	assert_int_equal(s->pdpte[3], 0x300001);
	assert_int_equal(w->cpu->paging.config.pdpte[0], 0x5001);
	load(w, insn_mov_to_cr3, 0x3040);
	assert_int_equal(s->pdpte[0], 0x6001);
	refuse(w, insn_mov_to_cr3, 0x3060);
	/* nothing in the physical map: all ones */
	refuse(w, insn_mov_to_cr3, 0x70000000);
	/* changes of CR4.PGE load, those of CR4.TSD do not */
	mem_write(&w->memory, 0x3040, 8, 0x7001);
	load(w, insn_mov_to_cr4, CR4_PAE | CR4_TSD);
	assert_int_equal(s->pdpte[0], 0x6001);
	load(w, insn_mov_to_cr4, CR4_PAE | CR4_PGE);
	assert_int_equal(s->pdpte[0], 0x7001);
	mem_write(&w->memory, 0x3040, 8, 0x8003);
	refuse(w, insn_mov_to_cr4, CR4_PAE);
	refuse(w, insn_mov_to_cr0, CR0_PE | CR0_PG | CR0_CD);
}

static void test_lmsw_smsw_clts(void **state)
{
	struct world *w = *state;
	struct cpu_state *s = &w->cpu->state;
	struct op op = op_of(w, RAX, 0);

	s->gpr[GPR_RAX] = 0xfffffffffffffffe;
	expect_ok(w, insn_lmsw, op); /* PE cannot be cleared, bits above TS do not count */
	assert_int_equal(s->cr0, CR0_PG | CR0_NE | CR0_ET | 0xf);
	expect_ok(w, insn_clts, op);
	assert_int_equal(s->cr0, CR0_PG | CR0_NE | CR0_ET | 0x7);
	mem_write(&w->memory, 0x8000, 2, 0xfff8);
	expect_ok(w, insn_lmsw, op_at(w, 0x8000));
	assert_int_equal(s->cr0, CR0_PG | CR0_NE | CR0_ET | 0x9);
	for (unsigned size = 1; size <= 3; size++) {
		static const uint64_t expected[] = { 0, 0x1111111111110039, 0x80000039,
						     0x80000039 };

		s->gpr[GPR_RAX] = 0x1111111111111111;
		op.size = size & 3u;
		expect_ok(w, insn_smsw, op);
		assert_int_equal(s->gpr[GPR_RAX], expected[size]);
	}
	mem_write(&w->memory, 0x8000, 8, ~0ull);
	expect_ok(w, insn_smsw, op_at(w, 0x8000)); /* 16 bits, whatever the operand size */
	assert_int_equal(mem_read(&w->memory, 0x8000, 8), 0xffffffffffff0039);
	world_cpl(w, 3);
	expect_gp(w, insn_lmsw, op);
	expect_gp(w, insn_clts, op);
	expect_ok(w, insn_smsw, op);
	s->cr4 |= CR4_UMIP;
	expect_gp(w, insn_smsw, op);
}

/* ---------------------------------------------------------------- the others */

static void test_cr3(void **state)
{
	struct world *w = *state;
	struct cpu_state *s = &w->cpu->state;

	load(w, insn_mov_to_cr3, WORLD_PML4 | 0xfff);
	assert_int_equal(read_cr(w, 3), WORLD_PML4 | 0xfff);
	refuse(w, insn_mov_to_cr3, WORLD_PML4 | BIT(46)); /* MAXPHYADDR is 46 */
	refuse(w, insn_mov_to_cr3, WORLD_PML4 | BIT(61));
	refuse(w, insn_mov_to_cr3, WORLD_PML4 | BIT(62));
	refuse(w, insn_mov_to_cr3, WORLD_PML4 | BIT(63));
	load(w, insn_mov_to_cr3, WORLD_PML4);
	load(w, insn_mov_to_cr4, CR4_PAE | CR4_PCIDE);
	load(w, insn_mov_to_cr3, WORLD_PML4 | BIT(63) | 0x123);
	assert_int_equal(s->cr3, WORLD_PML4 | 0x123);
	refuse(w, insn_mov_to_cr3, WORLD_PML4 | BIT(63) | BIT(46));
	world_cpl(w, 1);
	refuse(w, insn_mov_to_cr3, WORLD_PML4);
}

static void test_cr4(void **state)
{
	struct world *w = *state;
	struct cpu_state *s = &w->cpu->state;
	uint64_t all = 0x01772fff;

	load(w, insn_mov_to_cr4, all);
	assert_int_equal(read_cr(w, 4), all);
	for (unsigned bit = 0; bit < 64; bit++)
		if (!(all & BIT(bit)))
			refuse(w, insn_mov_to_cr4, CR4_PAE | BIT(bit));
	refuse(w, insn_mov_to_cr4, 0); /* PAE in IA-32e mode */
	load(w, insn_mov_to_cr4, CR4_PAE);
	s->cr3 |= 1;
	refuse(w, insn_mov_to_cr4, CR4_PAE | CR4_PCIDE); /* CR3[11:0] */
	s->cr3 &= ~1ull;
	world_protected(w);
	refuse(w, insn_mov_to_cr4, CR4_PAE | CR4_PCIDE); /* outside of IA-32e mode */
	load(w, insn_mov_to_cr4, CR4_PSE);
	feature_put(&w->config.features, FEATURE_PSE, false);
	refuse(w, insn_mov_to_cr4, CR4_PSE);
}

static void test_la57(void **state)
{
	struct world *w = *state = world_new("+la57");

	refuse(w, insn_mov_to_cr4, CR4_PAE | CR4_LA57); /* not in IA-32e mode */
	world_protected(w);
	load(w, insn_mov_to_cr4, CR4_PAE | CR4_LA57);
	assert_int_equal(w->cpu->state.cr4, CR4_PAE | CR4_LA57);
}

static uint8_t tpr;

static uint8_t read_tpr(void *opaque)
{
	(void)opaque;
	return tpr;
}

static void write_tpr(void *opaque, uint8_t value)
{
	(void)opaque;
	tpr = value;
}

static void test_cr2_cr8(void **state)
{
	struct world *w = *state;

	load(w, insn_mov_to_cr2, 0xdeadbeefcafef00d); /* any value */
	assert_int_equal(read_cr(w, 2), 0xdeadbeefcafef00d);
	assert_int_equal(read_cr(w, 8), 0);
	w->cpu->ops.read_cr8 = read_tpr;
	w->cpu->ops.write_cr8 = write_tpr;
	load(w, insn_mov_to_cr8, 0xf);
	assert_int_equal(tpr, 0xf);
	assert_int_equal(read_cr(w, 8), 0xf);
	refuse(w, insn_mov_to_cr8, 0x10);
	refuse(w, insn_mov_to_cr8, BIT(63));
	world_cpl(w, 2);
	refuse(w, insn_mov_to_cr8, 0);
	refuse(w, insn_mov_to_cr2, 0);
}

/* Outside of 64-bit mode 32 bits are moved. */
static void test_32bit_moves(void **state)
{
	struct world *w = *state;

	world_protected(w);
	w->cpu->state.gpr[GPR_RAX] = 0xffffffff00001000;
	expect_ok(w, insn_mov_to_cr3, op_of(w, 0, RAX));
	assert_int_equal(w->cpu->state.cr3, 0x1000);
	assert_int_equal(read_cr(w, 3), 0x1000);
}

/* ---------------------------------------------------------------- DR */

static void write_dr(struct world *w, unsigned number, uint64_t value)
{
	w->cpu->state.gpr[GPR_RAX] = value;
	expect_ok(w, insn_mov_to_dr, op_of(w, number, RAX));
}

static void expect_dr(struct world *w, unsigned number, uint64_t value)
{
	expect_ok(w, insn_mov_from_dr, op_of(w, GPR_OFFSET(GPR_RBX), number));
	assert_int_equal(w->cpu->state.gpr[GPR_RBX], value);
}

static void test_debug_registers(void **state)
{
	struct world *w = *state;
	struct cpu_state *s = &w->cpu->state;

	for (unsigned i = 0; i < 4; i++) {
		write_dr(w, i, 0x8000000000000000 + i);
		expect_dr(w, i, 0x8000000000000000 + i);
	}
	write_dr(w, 6, 0xffffffff);
	expect_dr(w, 6, 0xffffefff);
	write_dr(w, 6, 0);
	expect_dr(w, 6, 0xffff0ff0);
	write_dr(w, 7, 0xffffdfff);
	expect_dr(w, 7, 0xffff07ff);
	assert_true(w->cpu->code_breakpoints || w->cpu->data_breakpoints);
	write_dr(w, 7, 0);
	expect_dr(w, 7, 0x400);
	s->gpr[GPR_RAX] = 0x100000000;
	expect_gp(w, insn_mov_to_dr, op_of(w, 6, RAX));
	expect_gp(w, insn_mov_to_dr, op_of(w, 7, RAX));
	/* DR4 and DR5 are DR6 and DR7, unless CR4.DE */
	write_dr(w, 4, 0x4001);
	expect_dr(w, 6, 0xffff4ff1);
	expect_dr(w, 4, 0xffff4ff1);
	write_dr(w, 5, 0x0);
	expect_dr(w, 5, 0x400);
	s->cr4 |= CR4_DE;
	expect_ud(w, insn_mov_to_dr, op_of(w, 4, RAX));
	expect_ud(w, insn_mov_from_dr, op_of(w, RAX, 5));
	world_cpl(w, 3);
	expect_gp(w, insn_mov_from_dr, op_of(w, RAX, 0));
	expect_gp(w, insn_mov_to_dr, op_of(w, 0, RAX));
}

static void test_general_detect(void **state)
{
	struct world *w = *state;

	write_dr(w, 7, 0x2000);
	w->cpu->fault.address = 0;
	expect_fault(w, insn_mov_from_dr, op_of(w, RAX, 0), VECTOR_DB, NO_CODE);
	assert_int_equal(w->cpu->fault.address, 0x2000);
	expect_fault(w, insn_mov_to_dr, op_of(w, 7, RAX), VECTOR_DB, NO_CODE);
}

/* ---------------------------------------------------------------- XCR0 */

static void test_xcr0(void **state)
{
	struct world *w = *state;
	struct cpu_state *s = &w->cpu->state;
	struct op op = op_of(w, 0, 0);
	static const uint64_t bad[] = { 0, 2, 5, 6, 0x206, 0xf, 0x100000001, BIT(63) | 1 };
	static const uint64_t good[] = { 1, 3, 7, 0x207, 0x201 };

	s->gpr[GPR_RCX] = 0;
	set_edx_eax(w, 1);
	expect_ud(w, insn_xsetbv, op);
	expect_ud(w, insn_xgetbv, op);
	s->cr4 |= CR4_OSXSAVE;
	for (unsigned i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		set_edx_eax(w, bad[i]);
		expect_gp(w, insn_xsetbv, op);
	}
	for (unsigned i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		set_edx_eax(w, good[i]);
		expect_ok(w, insn_xsetbv, op);
		set_edx_eax(w, 0);
		expect_ok(w, insn_xgetbv, op);
		assert_int_equal(edx_eax(w), good[i]);
	}
	s->xcr0 = 7;
	s->x87 = (struct arch_x87){ .control = 0x37f, .empty = 0xff };
	s->gpr[GPR_RCX] = 1; /* XINUSE */
	expect_gp(w, insn_xsetbv, op);
	expect_ok(w, insn_xgetbv, op);
	assert_int_equal(edx_eax(w), 0);
	s->ymm[3].u8[5] = 1;
	expect_ok(w, insn_xgetbv, op);
	assert_int_equal(edx_eax(w), 2);
	s->ymm[15].u8[16] = 1;
	s->x87.control = 0x37e;
	expect_ok(w, insn_xgetbv, op);
	assert_int_equal(edx_eax(w), 7);
	s->gpr[GPR_RCX] = 2;
	expect_gp(w, insn_xgetbv, op);
	s->gpr[GPR_RCX] = 0;
	world_cpl(w, 3);
	expect_ok(w, insn_xgetbv, op);
	expect_gp(w, insn_xsetbv, op);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, world_setup, world_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_cr0),
		TEST(test_enter_and_leave_long_mode),
		TEST(test_pdptes),
		TEST(test_lmsw_smsw_clts),
		TEST(test_cr3),
		TEST(test_cr4),
		cmocka_unit_test_teardown(test_la57, world_teardown),
		TEST(test_cr2_cr8),
		TEST(test_32bit_moves),
		TEST(test_debug_registers),
		TEST(test_general_detect),
		TEST(test_xcr0),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
