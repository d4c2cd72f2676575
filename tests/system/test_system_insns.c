/* SPDX-License-Identifier: MIT */
#include "world.h"

#define RAX GPR_OFFSET(GPR_RAX)

static uint64_t ticks(void *opaque, uint64_t retired)
{
	(void)retired;
	return *(uint64_t *)opaque;
}

static void test_tsc(void **state)
{
	struct world *w = *state;
	struct cpu_state *s = &w->cpu->state;
	uint64_t now = 0x123456789abcdef0;

	w->cpu->ops.ticks = ticks;
	w->cpu->ops.opaque = &now;
	s->tsc_offset = 0x10;
	s->tsc_aux = 0xfffffffe;
	s->gpr[GPR_RCX] = ~0ull;
	expect_ok(w, insn_rdtsc, op_of(w, 0, 0));
	assert_int_equal(s->gpr[GPR_RAX], 0x9abcdf00);
	assert_int_equal(s->gpr[GPR_RDX], 0x12345678);
	assert_int_equal(s->gpr[GPR_RCX], ~0ull);
	expect_ok(w, insn_rdtscp, op_of(w, 0, 0));
	assert_int_equal(edx_eax(w), now + 0x10);
	assert_int_equal(s->gpr[GPR_RCX], 0xfffffffe);
	expect_ok(w, insn_rdpid, op_of(w, GPR_OFFSET(GPR_RBX), 0));
	assert_int_equal(s->gpr[GPR_RBX], 0xfffffffe);
	world_cpl(w, 3);
	expect_ok(w, insn_rdtsc, op_of(w, 0, 0));
	s->cr4 |= CR4_TSD;
	expect_gp(w, insn_rdtsc, op_of(w, 0, 0));
	expect_gp(w, insn_rdtscp, op_of(w, 0, 0));
	world_cpl(w, 0);
	expect_ok(w, insn_rdtsc, op_of(w, 0, 0));
	expect_gp(w, insn_rdpmc, op_of(w, 0, 0));
}

/* The same numbers in every run, different ones in a row, CF = 1 and the other flags 0. */
static void test_random(void **state)
{
	struct world *w = *state;
	struct cpu_state *s = &w->cpu->state;
	struct op op = op_of(w, RAX, 0);
	uint64_t first[3];

	for (unsigned i = 0; i < 3; i++) {
		s->rflags = FLAG_ONE | FLAGS_STATUS | FLAG_IF;
		expect_ok(w, i ? insn_rdseed : insn_rdrand, op);
		assert_int_equal(s->rflags, FLAG_ONE | FLAG_CF | FLAG_IF);
		first[i] = s->gpr[GPR_RAX];
	}
	assert_int_not_equal(first[0], first[1]);
	assert_int_not_equal(first[1], first[2]);
	cpu_reset(w->cpu);
	world_long(w);
	op.size = 2;
	expect_ok(w, insn_rdrand, op);
	assert_int_equal(s->gpr[GPR_RAX], (uint32_t)first[0]);
	op.size = 1;
	s->gpr[GPR_RAX] = 0x1111111111111111;
	expect_ok(w, insn_rdrand, op);
	assert_int_equal(s->gpr[GPR_RAX], 0x1111111111110000 | (first[1] & 0xffff));
}

static void test_protection_keys(void **state)
{
	struct world *w = *state;
	struct cpu_state *s = &w->cpu->state;
	struct op op = op_of(w, 0, 0);

	s->gpr[GPR_RCX] = 0;
	set_edx_eax(w, 0xfffffff0);
	expect_ud(w, insn_wrpkru, op);
	expect_ud(w, insn_rdpkru, op);
	s->cr4 |= CR4_PKE;
	world_cpl(w, 3);
	expect_ok(w, insn_wrpkru, op);
	assert_int_equal(s->pkru, 0xfffffff0);
	assert_int_equal(w->cpu->paging.config.pkru, 0xfffffff0);
	set_edx_eax(w, ~0ull);
	expect_gp(w, insn_wrpkru, op); /* EDX */
	expect_ok(w, insn_rdpkru, op);
	assert_int_equal(edx_eax(w), 0xfffffff0);
	s->gpr[GPR_RCX] = 1;
	expect_gp(w, insn_rdpkru, op);
	expect_gp(w, insn_wrpkru, op);
	s->gpr[GPR_RCX] = 0xf00000000; /* only ECX counts */
	expect_ok(w, insn_rdpkru, op);
}

static void test_fsgsbase(void **state)
{
	struct world *w = *state;
	struct cpu_state *s = &w->cpu->state;
	struct op op = op_of(w, RAX, 0);

	for (unsigned segment = SEG_FS; segment <= SEG_GS; segment++) {
		s->cr4 &= ~CR4_FSGSBASE;
		op.imm = segment;
		op.size = 3;
		s->gpr[GPR_RAX] = 0xffff888811112222;
		expect_ud(w, insn_wrfsgsbase, op);
		expect_ud(w, insn_rdfsgsbase, op);
		s->cr4 |= CR4_FSGSBASE;
		expect_ok(w, insn_wrfsgsbase, op);
		assert_int_equal(s->seg[segment].base, 0xffff888811112222);
		assert_int_equal(w->cpu->segment_base[segment], 0xffff888811112222);
		s->gpr[GPR_RAX] = 0;
		expect_ok(w, insn_rdfsgsbase, op);
		assert_int_equal(s->gpr[GPR_RAX], 0xffff888811112222);
		op.size = 2;
		expect_ok(w, insn_rdfsgsbase, op);
		assert_int_equal(s->gpr[GPR_RAX], 0x11112222);
		s->gpr[GPR_RAX] = 0xaaaaaaaa33334444;
		expect_ok(w, insn_wrfsgsbase, op);
		assert_int_equal(s->seg[segment].base, 0x33334444);
		op.size = 3;
		expect_gp(w, insn_wrfsgsbase, op); /* not canonical */
	}
}

/* ---------------------------------------------------------------- translations */

#define PAGE 0x40000000ull

/* The second gigabyte as 4-KByte pages: the first of them at @physical. */
static void map_page(struct world *w, uint64_t physical)
{
	mem_write(&w->memory, WORLD_PDPT + 8, 8, 0x3003);
	mem_write(&w->memory, 0x3000, 8, 0x4003);
	mem_write(&w->memory, 0x4000, 8, physical | 3);
}

static uint64_t read_page(struct world *w)
{
	uint64_t value = 0;

	assert_true(cpu_read(w->cpu, PAGE, 8, 0, &value));
	return value;
}

static void start_with_page(struct world *w)
{
	mem_write(&w->memory, 0x10000, 8, 1);
	mem_write(&w->memory, 0x11000, 8, 2);
	map_page(w, 0x10000);
	cpu_tlb_flush(w->cpu);
	assert_int_equal(read_page(w), 1);
	map_page(w, 0x11000);
}

static void test_invlpg(void **state)
{
	struct world *w = *state;

	start_with_page(w);
	expect_ok(w, insn_invlpg, op_at(w, PAGE + 0xfff));
	assert_int_equal(read_page(w), 2);
	/* an address that is not canonical does nothing and does not fault */
	w->cpu->state.gpr[GPR_RBX] = 0x0000800000000000;
	{
		struct op op = op_at(w, 0);

		op.base = GPR_OFFSET(GPR_RBX);
		expect_ok(w, insn_invlpg, op);
	}
	world_cpl(w, 3);
	expect_gp(w, insn_invlpg, op_at(w, PAGE));
}

static void invpcid(struct world *w, uint64_t type, uint64_t pcid, uint64_t address, bool ok)
{
	struct op op = op_at(w, 0x18000);

	op.dst = RAX;
	w->cpu->state.gpr[GPR_RAX] = type;
	mem_write(&w->memory, 0x18000, 8, pcid);
	mem_write(&w->memory, 0x18008, 8, address);
	if (ok)
		expect_ok(w, insn_invpcid, op);
	else
		expect_gp(w, insn_invpcid, op);
}

static void test_invpcid(void **state)
{
	struct world *w = *state;

	for (unsigned type = 0; type < 4; type++) {
		start_with_page(w);
		invpcid(w, type, 0, PAGE, true);
		assert_int_equal(read_page(w), 2);
	}
	invpcid(w, 4, 0, 0, false);
	invpcid(w, BIT(32), 0, 0, false);
	for (unsigned type = 0; type < 4; type++) {
		invpcid(w, type, 0x1000, 0, false);
		invpcid(w, type, BIT(63), 0, false);
	}
	/* without PCIDE a PCID that is used must be 0 */
	invpcid(w, 0, 1, 0, false);
	invpcid(w, 1, 1, 0, false);
	invpcid(w, 2, 1, 0, true);
	invpcid(w, 3, 1, 0, true);
	invpcid(w, 0, 0, 0x0000800000000000, false);
	invpcid(w, 1, 0, 0x0000800000000000, true);
	w->cpu->state.cr4 |= CR4_PCIDE;
	cpu_state_changed(w->cpu);
	invpcid(w, 0, 1, PAGE, true);
	invpcid(w, 1, 0xfff, 0, true);
	world_cpl(w, 3);
	invpcid(w, 2, 0, 0, false);
}

static void load_cr3(struct world *w, uint64_t cr3)
{
	w->cpu->state.gpr[GPR_RAX] = cr3;
	expect_ok(w, insn_mov_to_cr3, op_of(w, 0, RAX));
}

/* Bit 63 of CR3 keeps the translations of its PCID; without it they go, whatever the root. */
static void test_pcid(void **state)
{
	struct world *w = *state;
	uint64_t other = 0x5000;

	mem_write(&w->memory, other, 8, mem_read(&w->memory, WORLD_PML4, 8));
	start_with_page(w);
	w->cpu->state.cr4 |= CR4_PCIDE;
	cpu_state_changed(w->cpu);
	map_page(w, 0x10000);
	load_cr3(w, WORLD_PML4 | 1);
	assert_int_equal(read_page(w), 1);
	map_page(w, 0x11000);
	load_cr3(w, WORLD_PML4 | 1);
	assert_int_equal(read_page(w), 2);
	map_page(w, 0x10000);
	load_cr3(w, WORLD_PML4 | 2);
	load_cr3(w, WORLD_PML4 | 1 | CR3_NO_FLUSH);
	assert_int_equal(read_page(w), 2); /* kept */
	load_cr3(w, other | 1);
	load_cr3(w, WORLD_PML4 | 1 | CR3_NO_FLUSH);
	assert_int_equal(read_page(w), 1); /* dropped by the load of the other root */
}

static void test_caches(void **state)
{
	struct world *w = *state;
	struct op op = op_of(w, 0, 0);

	expect_ok(w, insn_invd, op);
	expect_ok(w, insn_wbinvd, op);
	world_cpl(w, 1);
	expect_gp(w, insn_invd, op);
	expect_gp(w, insn_wbinvd, op);
}

static void test_monitor(void **state)
{
	struct world *w = *state;
	struct cpu_state *s = &w->cpu->state;
	struct op op = op_of(w, 0, 0);

	s->gpr[GPR_RCX] = s->gpr[GPR_RDX] = 0;
	expect_ok(w, insn_mwait, op); /* nothing is monitored */
	assert_int_equal(s->activity, ACTIVITY_ACTIVE);
	map_page(w, 0x11000);
	s->gpr[GPR_RAX] = PAGE + 0x7f;
	expect_ok(w, insn_monitor, op);
	assert_true(s->monitor_armed);
	assert_int_equal(s->monitor_address, 0x11040);
	s->gpr[GPR_RCX] = 2;
	expect_gp(w, insn_mwait, op);
	expect_gp(w, insn_monitor, op);
	s->gpr[GPR_RCX] = BIT(32) | 1; /* in 64-bit mode it is all of RCX */
	expect_gp(w, insn_mwait, op);
	s->gpr[GPR_RCX] = BIT(32);
	expect_gp(w, insn_monitor, op);
	s->gpr[GPR_RCX] = 1;
	expect_gp(w, insn_monitor, op);
	expect_ok(w, insn_mwait, op);
	assert_int_equal(s->activity, ACTIVITY_MWAIT);
	assert_true(w->cpu->mwait_break);
	s->activity = ACTIVITY_ACTIVE;
	s->gpr[GPR_RCX] = 0;
	s->gpr[GPR_RAX] = 0x80000000;
	expect_fault(w, insn_monitor, op, VECTOR_PF, 0);
	s->gpr[GPR_RAX] = 0x0000800000000000;
	expect_gp(w, insn_monitor, op);
	s->misc_enable &= ~BIT(18);
	expect_ud(w, insn_monitor, op);
	expect_ud(w, insn_mwait, op);
	s->misc_enable |= BIT(18);
	world_cpl(w, 3);
	expect_ud(w, insn_monitor, op);
	expect_ud(w, insn_mwait, op);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, world_setup, world_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_tsc),	     TEST(test_random), TEST(test_protection_keys),
		TEST(test_fsgsbase), TEST(test_invlpg), TEST(test_invpcid),
		TEST(test_pcid),     TEST(test_caches), TEST(test_monitor),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
