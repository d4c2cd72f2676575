/* SPDX-License-Identifier: MIT */
#include "world.h"

#define NOT_CANONICAL 0x0000800000000000ull

static void expect_read(struct world *w, uint32_t index, uint64_t expected)
{
	uint64_t value = ~expected;

	assert_true(cpu_read_msr(w->cpu, index, &value));
	assert_int_equal(value, expected);
}

static void expect_no_read(struct world *w, uint32_t index)
{
	uint64_t value;

	assert_false(cpu_read_msr(w->cpu, index, &value));
}

static void expect_write(struct world *w, uint32_t index, uint64_t value, uint64_t then)
{
	assert_true(cpu_write_msr(w->cpu, index, value));
	expect_read(w, index, then);
}

/* Refused, and nothing changed. */
static void expect_no_write(struct world *w, uint32_t index, uint64_t value)
{
	struct cpu_state before = w->cpu->state;

	assert_false(cpu_write_msr(w->cpu, index, value));
	assert_memory_equal(&w->cpu->state, &before, sizeof(before));
}

static void test_instructions(void **state)
{
	struct world *w = *state;
	struct cpu_state *s = &w->cpu->state;

	s->gpr[GPR_RCX] = 0xffffffffc0000081; /* STAR; the upper half is ignored */
	s->gpr[GPR_RAX] = 0x1111111122222222;
	s->gpr[GPR_RDX] = 0x3333333344444444;
	expect_ok(w, insn_wrmsr, op_of(w, 0, 0));
	assert_int_equal(s->star, 0x4444444422222222);
	s->gpr[GPR_RAX] = s->gpr[GPR_RDX] = ~0ull;
	expect_ok(w, insn_rdmsr, op_of(w, 0, 0));
	assert_int_equal(s->gpr[GPR_RAX], 0x22222222);
	assert_int_equal(s->gpr[GPR_RDX], 0x44444444);
	s->gpr[GPR_RCX] = 0x12345;
	expect_gp(w, insn_rdmsr, op_of(w, 0, 0));
	expect_gp(w, insn_wrmsr, op_of(w, 0, 0));
	s->gpr[GPR_RCX] = 0xc0000081;
	world_cpl(w, 3);
	expect_gp(w, insn_rdmsr, op_of(w, 0, 0));
	expect_gp(w, insn_wrmsr, op_of(w, 0, 0));
}

static void test_addresses(void **state)
{
	struct world *w = *state;
	static const uint32_t msrs[] = { 0x175,	     0x176,	 0xc0000082, 0xc0000083,
					 0xc0000100, 0xc0000101, 0xc0000102 };

	for (unsigned i = 0; i < sizeof(msrs) / sizeof(msrs[0]); i++) {
		expect_write(w, msrs[i], 0x00007fffffffffff, 0x00007fffffffffff);
		expect_write(w, msrs[i], 0xffff800000000000, 0xffff800000000000);
		expect_no_write(w, msrs[i], NOT_CANONICAL);
		expect_no_write(w, msrs[i], 0xffff7fffffffffff);
	}
	expect_write(w, 0xc0000101, 0x123456789000, 0x123456789000);
	assert_int_equal(w->cpu->state.seg[SEG_GS].base, 0x123456789000);
	assert_int_equal(w->cpu->segment_base[SEG_GS], 0x123456789000);
}

/* The widest address that the processor has decides, not CR4.LA57. */
static void test_addresses_of_57_bits(void **state)
{
	struct world *w = *state = world_new("+la57");

	expect_write(w, 0xc0000102, 0x00ffffffffffffff, 0x00ffffffffffffff);
	expect_write(w, 0xc0000102, 0xff00000000000000, 0xff00000000000000);
	expect_no_write(w, 0xc0000102, 0x0100000000000000);
}

static void test_syscall_msrs(void **state)
{
	struct world *w = *state;

	expect_write(w, 0xc0000081, ~0ull, ~0ull);
	expect_write(w, 0xc0000084, 0xffffffff, 0xffffffff);
	expect_no_write(w, 0xc0000084, 0x100000000);
	expect_write(w, 0x174, 0x123456789, 0x23456789);
	expect_write(w, 0xc0000103, 0xffffffff, 0xffffffff);
	expect_no_write(w, 0xc0000103, 0x100000000);
}

static void test_efer(void **state)
{
	struct world *w = *state;
	uint64_t lm = EFER_LME | EFER_LMA;

	expect_write(w, 0xc0000080, lm | EFER_SCE | EFER_NXE, lm | EFER_SCE | EFER_NXE);
	assert_int_equal(w->cpu->paging.config.efer, lm | EFER_SCE | EFER_NXE);
	/* LMA cannot be written */
	expect_write(w, 0xc0000080, EFER_LME, lm);
	/* LME cannot change while paging is on */
	expect_no_write(w, 0xc0000080, EFER_LMA);
	for (unsigned bit = 0; bit < 64; bit++)
		if (!(BIT(bit) & (EFER_SCE | EFER_LME | EFER_LMA | EFER_NXE)))
			expect_no_write(w, 0xc0000080, lm | BIT(bit));
	world_protected(w);
	expect_write(w, 0xc0000080, EFER_LME | EFER_LMA, EFER_LME);
	expect_write(w, 0xc0000080, 0, 0);
	feature_put(&w->config.features, FEATURE_NX, false);
	expect_no_write(w, 0xc0000080, EFER_NXE);
	feature_put(&w->config.features, FEATURE_SYSCALL, false);
	expect_no_write(w, 0xc0000080, EFER_SCE);
	feature_put(&w->config.features, FEATURE_LM, false);
	expect_no_read(w, 0xc0000080);
}

static uint64_t now;

static uint64_t ticks(void *opaque, uint64_t retired)
{
	(void)opaque;
	(void)retired;
	return now;
}

static void test_time(void **state)
{
	struct world *w = *state;

	w->cpu->ops.ticks = ticks;
	now = 1000;
	expect_write(w, 0x3b, 0, 0);
	expect_read(w, 0x10, 1000);
	expect_write(w, 0x10, 5000, 5000);
	expect_read(w, 0x3b, 4000);
	now = 1500;
	expect_read(w, 0x10, 5500);
	expect_write(w, 0x3b, 100, 100);
	expect_read(w, 0x10, 1600);
	expect_write(w, 0x3b, ~0ull, ~0ull);
	expect_read(w, 0x10, 1499);
	feature_put(&w->config.features, FEATURE_TSC_ADJUST, false);
	expect_no_read(w, 0x3b);
}

static void test_pat(void **state)
{
	struct world *w = *state;

	expect_read(w, 0x277, 0x0007040600070406);
	expect_write(w, 0x277, 0x0706050401000706, 0x0706050401000706);
	for (unsigned i = 0; i < 8; i++) {
		expect_no_write(w, 0x277, 2ull << 8 * i);
		expect_no_write(w, 0x277, 3ull << 8 * i);
		expect_no_write(w, 0x277, 8ull << 8 * i);
		expect_no_write(w, 0x277, 0x80ull << 8 * i);
	}
}

static void test_mtrrs(void **state)
{
	struct world *w = *state;
	static const uint32_t fixed[] = { 0x250, 0x258, 0x259, 0x268, 0x269, 0x26a,
					  0x26b, 0x26c, 0x26d, 0x26e, 0x26f };

	expect_read(w, 0xfe, 0x508);
	expect_no_write(w, 0xfe, 0x508);
	expect_write(w, 0x2ff, 0xc06, 0xc06);
	expect_no_write(w, 0x2ff, 0xc07);
	expect_no_write(w, 0x2ff, 0xc02);
	expect_no_write(w, 0x2ff, 0x1c06);
	expect_no_write(w, 0x2ff, 0x106);
	for (unsigned i = 0; i < 11; i++) {
		expect_write(w, fixed[i], 0x0605040100060504, 0x0605040100060504);
		expect_no_write(w, fixed[i], 0x0700000000000000);
		expect_no_write(w, fixed[i], 0x02);
		assert_int_equal(w->cpu->state.mtrr.fixed[i], 0x0605040100060504);
	}
	for (unsigned i = 0; i < 8; i++) {
		expect_write(w, 0x200 + 2 * i, 0x00003ffffffff006, 0x00003ffffffff006);
		expect_no_write(w, 0x200 + 2 * i, 0x0000400000000006);
		expect_no_write(w, 0x200 + 2 * i, 0x106);
		expect_no_write(w, 0x200 + 2 * i, 0x3);
		expect_write(w, 0x201 + 2 * i, 0x00003ffffffff800, 0x00003ffffffff800);
		expect_no_write(w, 0x201 + 2 * i, 0x0000400000000800);
		expect_no_write(w, 0x201 + 2 * i, 0x1);
	}
	expect_no_read(w, 0x210);
	expect_no_read(w, 0x251);
	expect_no_read(w, 0x270);
}

static void test_misc_enable(void **state)
{
	struct world *w = *state;

	expect_read(w, 0x1a0, 0x41801);
	/* bits 7, 11 and 12 are read-only */
	expect_write(w, 0x1a0, 0x400c50009, 0x400c51809);
	expect_write(w, 0x1a0, 0x80, 0x1800);
	expect_no_write(w, 0x1a0, BIT(1));
	expect_no_write(w, 0x1a0, BIT(63));
	/* XD off takes NXE with it, and CPUID's bit */
	assert_true(cpu_write_msr(w->cpu, 0xc0000080, EFER_LME | EFER_NXE));
	assert_true(cpu_write_msr(w->cpu, 0x1a0, BIT(34) | 1));
	expect_read(w, 0xc0000080, EFER_LME | EFER_LMA);
	expect_no_write(w, 0xc0000080, EFER_LME | EFER_NXE);
}

static void test_locked(void **state)
{
	struct world *w = *state;

	expect_write(w, 0x3a, 4, 4);
	expect_no_write(w, 0x3a, 0x10);
	expect_write(w, 0x3a, 5, 5);
	expect_no_write(w, 0x3a, 5);
	expect_no_write(w, 0x3a, 0);
}

static void test_keys_and_components(void **state)
{
	struct world *w = *state;

	expect_write(w, 0x6e1, 0xfffffffc, 0xfffffffc);
	assert_int_equal(w->cpu->paging.config.pkrs, 0xfffffffc);
	expect_no_write(w, 0x6e1, 0x100000000);
	expect_write(w, 0xda0, 0, 0);
	expect_no_write(w, 0xda0, 0x100);
	expect_write(w, 0x1d9, 2, 2);
	expect_write(w, 0x1d9, 1, 1);
	expect_no_write(w, 0x1d9, 4);
}

static void test_speculation(void **state)
{
	struct world *w = *state;

	expect_read(w, 0x10a, 0x400000000d10e179);
	expect_no_write(w, 0x10a, 0);
	expect_no_read(w, 0x48);
	expect_no_write(w, 0x48, 0);
	expect_no_write(w, 0x49, 0);
	feature_put(&w->config.features, FEATURE_SPEC_CTRL, true);
	expect_read(w, 0x10a, 0x400000000d10e17b);
	expect_write(w, 0x48, 3, 3);
	expect_no_write(w, 0x48, 4);
	expect_no_read(w, 0x49);
	assert_true(cpu_write_msr(w->cpu, 0x49, 1));
	expect_no_write(w, 0x49, 2);
}

/* What guests touch and what must not fault. */
static void test_model_specific(void **state)
{
	struct world *w = *state;
	static const uint32_t zero[] = { 0x17, 0x33, 0xe2, 0x140, 0x179, 0x17a, 0x19b, 0x1b2 };

	for (unsigned i = 0; i < sizeof(zero) / sizeof(zero[0]); i++)
		expect_read(w, zero[i], 0);
	expect_write(w, 0xe2, 0, 0);
	expect_write(w, 0x19b, 3, 0);
	expect_no_write(w, 0x179, 0);
	expect_no_write(w, 0x140, 1);
	expect_read(w, 0xce, 0x00000a0000000a00);
	expect_no_write(w, 0xce, 0);
	expect_read(w, 0x8b, 0xff00000000000000);
	expect_write(w, 0x8b, 0, 0);
	expect_no_read(w, 0x79);
	/* no performance counters, no machine-check banks */
	expect_no_read(w, 0xc1);
	expect_no_read(w, 0x186);
	expect_no_read(w, 0x38f);
	expect_no_read(w, 0x400);
	/* VMX capabilities: the basic ones, and none for tertiary controls */
	expect_read(w, 0x480, 0x00d81000756e6476);
	expect_no_read(w, 0x492);
	expect_no_read(w, 0);
	expect_no_read(w, 0xffffffff);
}

/* Only where CPUID names AMD. */
static void test_amd(void **state)
{
	struct world *w = *state;

	for (uint32_t i = 0xc0010000; i <= 0xc0010008; i++)
		expect_no_read(w, i);
	memcpy(w->config.vendor, "AuthenticAMD", 12);
	for (uint32_t i = 0xc0010000; i < 0xc0010008; i++) {
		expect_read(w, i, 0);
		expect_write(w, i, UINT64_MAX, 0);
	}
	expect_no_read(w, 0xc0010008);
}

/* Every one that can be found is in its place: its neighbours do not answer for it. */
static void test_features(void **state)
{
	struct world *w = *state;
	static const struct {
		uint32_t index;
		unsigned feature;
	} rows[] = { { 0x10, FEATURE_TSC },
		     { 0x174, FEATURE_SEP },
		     { 0x175, FEATURE_SEP },
		     { 0x179, FEATURE_MCA },
		     { 0x277, FEATURE_PAT },
		     { 0x2ff, FEATURE_MTRR },
		     { 0x200, FEATURE_MTRR },
		     { 0x6e1, FEATURE_PKS },
		     { 0xda0, FEATURE_XSAVES },
		     { 0xc0000081, FEATURE_SYSCALL },
		     { 0xc0000082, FEATURE_LM },
		     { 0xc0000100, FEATURE_LM },
		     { 0x10a, FEATURE_ARCH_CAPABILITIES } };

	for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		uint64_t value;

		assert_true(cpu_read_msr(w->cpu, rows[i].index, &value));
		feature_put(&w->config.features, rows[i].feature, false);
		expect_no_read(w, rows[i].index);
		feature_put(&w->config.features, rows[i].feature, true);
	}
	feature_put(&w->config.features, FEATURE_RDTSCP, false);
	expect_read(w, 0xc0000103, 0);
	feature_put(&w->config.features, FEATURE_RDPID, false);
	expect_no_read(w, 0xc0000103);
}

static uint32_t outside_index;
static uint64_t outside_value;

static bool outside_read(void *opaque, uint32_t index, uint64_t *value)
{
	(void)opaque;
	outside_index = index;
	*value = 0x1234;
	return index != 0x810;
}

static bool outside_write(void *opaque, uint32_t index, uint64_t value)
{
	(void)opaque;
	outside_index = index;
	outside_value = value;
	return index != 0x810;
}

static void test_outside(void **state)
{
	struct world *w = *state;
	static const uint32_t theirs[] = { 0x1b, 0x800, 0x8ff, 0x6e0 };

	expect_no_read(w, 0x1b);
	expect_no_write(w, 0x1b, 0);
	w->cpu->ops.read_msr = outside_read;
	w->cpu->ops.write_msr = outside_write;
	for (unsigned i = 0; i < 4; i++) {
		expect_write(w, theirs[i], 0x99, 0x1234);
		assert_int_equal(outside_index, theirs[i]);
		assert_int_equal(outside_value, 0x99);
	}
	expect_no_read(w, 0x810);
	expect_no_write(w, 0x810, 0);
	expect_no_read(w, 0x900);
	feature_put(&w->config.features, FEATURE_X2APIC, false);
	expect_no_read(w, 0x800);
	feature_put(&w->config.features, FEATURE_TSC_DEADLINE, false);
	expect_no_read(w, 0x6e0);
	feature_put(&w->config.features, FEATURE_APIC, false);
	expect_no_read(w, 0x1b);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, world_setup, world_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_instructions),
		TEST(test_addresses),
		cmocka_unit_test_teardown(test_addresses_of_57_bits, world_teardown),
		TEST(test_syscall_msrs),
		TEST(test_efer),
		TEST(test_time),
		TEST(test_pat),
		TEST(test_mtrrs),
		TEST(test_misc_enable),
		TEST(test_locked),
		TEST(test_keys_and_components),
		TEST(test_speculation),
		TEST(test_model_specific),
		TEST(test_amd),
		TEST(test_features),
		TEST(test_outside),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
