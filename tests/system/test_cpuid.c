/* SPDX-License-Identifier: MIT */
#include "world.h"

static void expect_leaf(struct world *w, uint32_t leaf, uint32_t subleaf, uint32_t eax,
			uint32_t ebx, uint32_t ecx, uint32_t edx)
{
	struct cpuid_result r = cpu_cpuid(w->cpu, leaf, subleaf);

	assert_int_equal(r.reg[CPUID_EAX], eax);
	assert_int_equal(r.reg[CPUID_EBX], ebx);
	assert_int_equal(r.reg[CPUID_ECX], ecx);
	assert_int_equal(r.reg[CPUID_EDX], edx);
}

static uint32_t leaf_bits(struct world *w, uint32_t leaf, uint32_t subleaf,
			  enum arch_cpuid_register reg)
{
	return cpu_cpuid(w->cpu, leaf, subleaf).reg[reg];
}

/* Each feature's bit is there exactly when the feature is. */
static void test_features(void **state)
{
	struct world *w = *state;

	for (unsigned i = 0; i < NR_CPUID_FEATURES; i++) {
		const struct arch_feature_row *row = &arch_features[i];

		feature_put(&w->config.features, i, true);
		assert_int_equal(leaf_bits(w, row->leaf, row->subleaf, row->reg) >> row->bit & 1,
				 1);
		feature_put(&w->config.features, i, false);
		assert_int_equal(leaf_bits(w, row->leaf, row->subleaf, row->reg) >> row->bit & 1,
				 0);
		feature_put(&w->config.features, i, row->by_default);
	}
}

static void test_default_processor(void **state)
{
	struct world *w = *state;

	expect_leaf(w, 0, 0, 0x1f, 0x756e6547, 0x6c65746e, 0x49656e69);
	/* FPU..CX8, APIC, SEP..PSE36, CLFLUSH, MMX, FXSR, SSE, SSE2 */
	expect_leaf(w, 1, 0, 0x806b0, 0x00000800, 0x77fa322b, 0x078bfbff);
	expect_leaf(w, 2, 0, 0x00feff01, 0, 0, 0);
	expect_leaf(w, 3, 0, 0, 0, 0, 0);
	expect_leaf(w, 5, 0, 64, 64, 3, 0x10);
	expect_leaf(w, 6, 0, 4, 0, 0, 0);
	expect_leaf(w, 7, 0, 0, 0x219c07ab, 0x8040000c, 0x20000010);
	expect_leaf(w, 7, 1, 0, 0, 0, 0);
	expect_leaf(w, 9, 0, 0, 0, 0, 0);
	expect_leaf(w, 0xa, 0, 0, 0, 0, 0);
	expect_leaf(w, 0x15, 0, 1, 1, 1000000000, 0);
	expect_leaf(w, 0x16, 0, 1000, 1000, 1000, 0);
	expect_leaf(w, 0x80000000, 0, 0x80000008, 0, 0, 0);
	expect_leaf(w, 0x80000001, 0, 0, 0, 0x121, 0x2c100800);
	expect_leaf(w, 0x80000005, 0, 0, 0, 0, 0);
	expect_leaf(w, 0x80000006, 0, 0, 0, 0x04008040, 0);
	expect_leaf(w, 0x80000007, 0, 0, 0, 0, 0x100);
	expect_leaf(w, 0x80000008, 0, 0x302e, 0, 0, 0);
}

static void test_brand(void **state)
{
	struct world *w = *state;
	char brand[49] = "";

	for (unsigned i = 0; i < 3; i++) {
		struct cpuid_result r = cpu_cpuid(w->cpu, 0x80000002 + i, 0);

		memcpy(brand + 16 * i, r.reg, 16);
	}
	assert_string_equal(brand, "undervisor processor");
}

static void test_caches(void **state)
{
	struct world *w = *state;

	w->config.nr_cpus = 3;
	expect_leaf(w, 4, 0, 0x0c000121, 0x01c0003f, 63, 0);
	expect_leaf(w, 4, 1, 0x0c000122, 0x01c0003f, 63, 0);
	expect_leaf(w, 4, 2, 0x0c000143, 0x03c0003f, 1023, 0);
	expect_leaf(w, 4, 3, 0x0c00c163, 0x03c0003f, 16383, 0);
	expect_leaf(w, 4, 4, 0, 0, 0, 0);
	expect_leaf(w, 0x18, 0, 1, 0x1000f, TLB_SIZE, 0x21);
	expect_leaf(w, 0x18, 1, 0, 0x1000f, ITLB_SIZE, 0x22);
	expect_leaf(w, 0x18, 2, 0, 0, 0, 0);
}

static void test_topology(void **state)
{
	struct world *w = *state;

	w->config.nr_cpus = 6;
	w->config.apic_id = 5;
	assert_int_equal(leaf_bits(w, 1, 0, CPUID_EBX), 0x05080800);
	assert_int_equal(leaf_bits(w, 1, 0, CPUID_EDX) & BIT(28), BIT(28));
	for (unsigned i = 0; i < 2; i++) {
		uint32_t leaf = i ? 0x1f : 0xb;

		expect_leaf(w, leaf, 0, 0, 1, 0x100, 5);
		expect_leaf(w, leaf, 1, 3, 6, 0x201, 5);
		expect_leaf(w, leaf, 2, 0, 0, 2, 5);
		expect_leaf(w, leaf, 0x107, 0, 0, 7, 5);
	}
}

static void test_xsave(void **state)
{
	struct world *w = *state;

	expect_leaf(w, 0xd, 0, 0x207, 576, 2696, 0);
	expect_leaf(w, 0xd, 1, 0xf, 576, 0, 0);
	w->cpu->state.xcr0 = 7;
	expect_leaf(w, 0xd, 0, 0x207, 832, 2696, 0);
	expect_leaf(w, 0xd, 1, 0xf, 832, 0, 0);
	w->cpu->state.xcr0 = 0x207;
	expect_leaf(w, 0xd, 0, 0x207, 2696, 2696, 0);
	expect_leaf(w, 0xd, 1, 0xf, 840, 0, 0);
	expect_leaf(w, 0xd, 2, 256, 576, 0, 0);
	expect_leaf(w, 0xd, 9, 8, 2688, 0, 0);
	expect_leaf(w, 0xd, 3, 0, 0, 0, 0);
	expect_leaf(w, 0xd, 62, 0, 0, 0, 0);
	expect_leaf(w, 0xd, 200, 0, 0, 0, 0);
	feature_put(&w->config.features, FEATURE_AVX, false);
	expect_leaf(w, 0xd, 0, 0x203, 2696, 2696, 0);
	expect_leaf(w, 0xd, 2, 0, 0, 0, 0);
}

static uint64_t apic_base;

static bool read_apic_base(void *opaque, uint32_t index, uint64_t *value)
{
	(void)opaque;
	assert_int_equal(index, 0x1b);
	*value = apic_base;
	return true;
}

/* Bits that follow what software has switched on. */
static void test_dynamic_bits(void **state)
{
	struct world *w = *state;
	struct cpu_state *s = &w->cpu->state;

	assert_int_equal(leaf_bits(w, 1, 0, CPUID_ECX) & BIT(27), 0);
	s->cr4 |= CR4_OSXSAVE;
	assert_int_equal(leaf_bits(w, 1, 0, CPUID_ECX) & BIT(27), BIT(27));
	assert_int_equal(leaf_bits(w, 7, 0, CPUID_ECX) & BIT(4), 0);
	s->cr4 |= CR4_PKE;
	assert_int_equal(leaf_bits(w, 7, 0, CPUID_ECX) & BIT(4), BIT(4));
	assert_int_equal(leaf_bits(w, 7, 1, CPUID_ECX), 0);

	w->cpu->ops.read_msr = read_apic_base;
	apic_base = 0xfee00900;
	assert_int_equal(leaf_bits(w, 1, 0, CPUID_EDX) & BIT(9), BIT(9));
	apic_base = 0xfee00100;
	assert_int_equal(leaf_bits(w, 1, 0, CPUID_EDX) & BIT(9), 0);

	s->misc_enable &= ~BIT(18);
	assert_int_equal(leaf_bits(w, 1, 0, CPUID_ECX) & BIT(3), 0);
	s->misc_enable |= BIT(34);
	assert_int_equal(leaf_bits(w, 0x80000001, 0, CPUID_EDX) & BIT(20), 0);
	world_protected(w);
	assert_int_equal(leaf_bits(w, 0x80000001, 0, CPUID_EDX), 0x2c000000);
}

static void expect_same(struct world *w, uint32_t leaf, uint32_t as)
{
	for (unsigned subleaf = 0; subleaf < 3; subleaf++) {
		struct cpuid_result a = cpu_cpuid(w->cpu, leaf, subleaf);
		struct cpuid_result b = cpu_cpuid(w->cpu, as, subleaf);

		assert_memory_equal(&a, &b, sizeof(a));
	}
}

static void test_limits(void **state)
{
	struct world *w = *state;

	expect_same(w, 0x20, 0x1f);
	expect_same(w, 0x40000000, 0x1f);
	expect_same(w, 0x7fffffff, 0x1f);
	expect_same(w, 0x80000009, 0x1f);
	expect_same(w, 0xffffffff, 0x1f);
	w->cpu->state.misc_enable |= BIT(22);
	assert_int_equal(leaf_bits(w, 0, 0, CPUID_EAX), 2);
	expect_same(w, 4, 2);
	expect_same(w, 0xd, 2);
	assert_int_equal(leaf_bits(w, 0x80000000, 0, CPUID_EAX), 0x80000008);
}

static void test_clocks(void **state)
{
	struct world *w = *state;
	static const uint32_t khz[] = { 1000, 999999, 2100000, 3333333, 10000000 };

	for (unsigned i = 0; i < sizeof(khz) / sizeof(khz[0]); i++) {
		struct cpuid_result r;

		w->config.tsc_khz = khz[i];
		r = cpu_cpuid(w->cpu, 0x15, 0);
		assert_int_equal((uint64_t)r.reg[CPUID_ECX] * r.reg[CPUID_EBX] / r.reg[CPUID_EAX],
				 khz[i] * 1000ull);
		assert_int_equal((uint64_t)r.reg[CPUID_ECX] * r.reg[CPUID_EBX] % r.reg[CPUID_EAX],
				 0);
	}
}

/* The instruction: upper halves cleared, the microcode revision loaded by leaf 1. */
static void test_instruction(void **state)
{
	struct world *w = *state;
	struct cpu_state *s = &w->cpu->state;

	s->gpr[GPR_RAX] = 0xffffffff00000000;
	s->gpr[GPR_RBX] = s->gpr[GPR_RCX] = s->gpr[GPR_RDX] = ~0ull;
	s->bios_sign_id = 0;
	expect_ok(w, insn_cpuid, op_of(w, 0, 0));
	assert_int_equal(s->gpr[GPR_RAX], 0x1f);
	assert_int_equal(s->gpr[GPR_RBX], 0x756e6547);
	assert_int_equal(s->gpr[GPR_RCX], 0x6c65746e);
	assert_int_equal(s->gpr[GPR_RDX], 0x49656e69);
	assert_int_equal(s->bios_sign_id, 0);
	s->gpr[GPR_RAX] = 1;
	expect_ok(w, insn_cpuid, op_of(w, 0, 0));
	assert_int_equal(s->bios_sign_id, 0xff00000000000000);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, world_setup, world_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_features),	 TEST(test_default_processor),
		TEST(test_brand),	 TEST(test_caches),
		TEST(test_topology),	 TEST(test_xsave),
		TEST(test_dynamic_bits), TEST(test_limits),
		TEST(test_clocks),	 TEST(test_instruction),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
