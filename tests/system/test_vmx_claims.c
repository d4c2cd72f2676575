/* SPDX-License-Identifier: MIT */
#include "world.h"

#include <stdio.h>

#include "arch/features.h"
#include "arch/vmcs_fields.h"
#include "vmx/vmcs.h"

/* The VMX capability MSRs, whole and with single capabilities turned off. */

static uint64_t msr(struct world *w, uint32_t index)
{
	uint64_t value = 0;

	if (!cpu_read_msr(w->cpu, index, &value))
		fail_msg("MSR %#x cannot be read", index);
	return value;
}

static bool exists(struct world *w, uint32_t index)
{
	uint64_t value;

	return cpu_read_msr(w->cpu, index, &value);
}

/* Bit by bit as the manual numbers them; 48AH is twice the index of "TSC multiplier". */
static const struct {
	uint32_t index;
	uint64_t value;
} whole[] = {
	{ 0x480, 0x00d81000756e6476 }, { 0x481, 0x000000ff00000016 }, { 0x482, 0xfff9fffe0401e172 },
	{ 0x483, 0x207fefff00036dff }, { 0x484, 0x0040d3ff000011ff }, { 0x485, 0x00000000600401e5 },
	{ 0x486, 0x0000000080000021 }, { 0x487, 0x00000000ffffffff }, { 0x488, 0x0000000000002000 },
	{ 0x48a, 0x0000000000000032 }, { 0x48b, 0x02d77fff00000000 }, { 0x48c, 0x00000f01067341c1 },
	{ 0x48d, 0x000000ff00000016 }, { 0x48e, 0xfff9fffe04006172 }, { 0x48f, 0x207fefff00036dfb },
	{ 0x490, 0x0040d3ff000011fb }, { 0x491, 0x0000000000000001 },
};
#define NR_WHOLE (sizeof(whole) / sizeof(whole[0]))

static void test_whole(void **state)
{
	struct world *w = *state = world_new("");

	for (unsigned i = 0; i < NR_WHOLE; i++)
		if (msr(w, whole[i].index) != whole[i].value)
			fail_msg("%#x: %#llx", whole[i].index,
				 (unsigned long long)msr(w, whole[i].index));
	assert_false(exists(w, 0x492));
	assert_false(exists(w, 0x493));
}

static struct world *changed(void **state, const char *text)
{
	if (*state)
		world_teardown(state);
	return *state = world_new(text);
}

/* With @text, MSR @index is what it is by default but for the bits of @flipped. */
static void expect_flipped(void **state, const char *text, uint32_t index, uint64_t flipped)
{
	struct world *w = changed(state, text);

	for (unsigned i = 0; i < NR_WHOLE; i++)
		if (whole[i].index == index && (whole[i].value ^ flipped) != msr(w, index))
			fail_msg("%s: %#x: %#llx", text, index, (unsigned long long)msr(w, index));
}

/* GUEST-10: without EPT, or VPID, nothing is claimed of it in IA32_VMX_EPT_VPID_CAP. */
static void test_narrowed(void **state)
{
	expect_flipped(state, "-mbec", 0x48b, BIT(32 + 22));
	expect_flipped(state, "-spp", 0x48b, BIT(32 + 23));
	expect_flipped(state, "-ept-ad", 0x48c, BIT(21));
	expect_flipped(state, "-ept-ad", 0x48b, BIT(32 + 17));
	expect_flipped(state, "-vpid", 0x48b, BIT(32 + 5));
	expect_flipped(state, "-vpid", 0x48c, 0xf0100000000);
	expect_flipped(state, "-ept", 0x48c, 0x067341c1);
	expect_flipped(state, "-ept-1g", 0x48c, BIT(17));
	expect_flipped(state, "-ept-5level", 0x48c, BIT(7));
	expect_flipped(state, "-ept-advanced", 0x48c, BIT(22));
	expect_flipped(state, "-invept", 0x48c, BIT(20) | BIT(25) | BIT(26));
	expect_flipped(state, "-eptp-switching", 0x491, 1);
	expect_flipped(state, "-posted", 0x481, BIT(32 + 7));
	expect_flipped(state, "-posted", 0x48d, BIT(32 + 7));
	expect_flipped(state, "-tpr-shadow", 0x482, BIT(32 + 21));
	expect_flipped(state, "-tpr-shadow", 0x48b, BIT(32 + 4) | BIT(32 + 8) | BIT(32 + 9));
	expect_flipped(state, "-preemption-timer", 0x48f, BIT(32 + 22));
	expect_flipped(state, "-entry-load-efer", 0x484, BIT(32 + 15));
	expect_flipped(state, "-activity-sipi", 0x485, BIT(8));
	expect_flipped(state, "-string-info", 0x480, BIT(54));
	expect_flipped(state, "-tsc-scaling", 0x48a, 0x32 ^ 0x30);
	expect_flipped(state, "-tsc-scaling,-spp", 0x48a, 0x32 ^ 0x2e);
	/* controls that come with instructions */
	expect_flipped(state, "-invpcid", 0x48b, BIT(32 + 12));
	expect_flipped(state, "-pks", 0x483, BIT(32 + 29));
	expect_flipped(state, "-pks", 0x490, BIT(32 + 22));
	expect_flipped(state, "-rdtscp", 0x48b, 0);
	expect_flipped(state, "-rdtscp,-rdpid", 0x48b, BIT(32 + 3));
}

/* The controls that are 1 by default and may be 0: the old MSRs never say so. */
static void test_may_be_0(void **state)
{
	struct world *w;

	expect_flipped(state, "-cr3-load-noexit", 0x48e, BIT(15));
	expect_flipped(state, "-cr3-store-noexit", 0x48e, BIT(16));
	expect_flipped(state, "-exit-nosave-debug", 0x48f, BIT(2));
	expect_flipped(state, "-entry-noload-debug", 0x490, BIT(2));
	expect_flipped(state, "-cr3-load-noexit", 0x482, 0);
	expect_flipped(state, "-true-controls", 0x480, BIT(55));
	w = changed(state, "-true-controls");
	for (uint32_t index = 0x48d; index <= 0x490; index++)
		assert_false(exists(w, index));
	assert_int_equal(w->cpu->vmx.capabilities.controls[ARCH_GROUP_PRIMARY], 0xfff9fffe0401e172);
	assert_int_equal(w->cpu->vmx.capabilities.controls[ARCH_GROUP_EXIT], 0x207fefff00036dff);
	assert_int_equal(w->cpu->vmx.capabilities.controls[ARCH_GROUP_ENTRY], 0x0040d3ff000011ff);
}

/* MSRs that go with what they are about. */
static void test_msrs(void **state)
{
	struct world *w = changed(state, "-secondary");

	assert_false(exists(w, 0x48b));
	assert_false(exists(w, 0x48c));
	assert_false(exists(w, 0x491));
	assert_int_equal(msr(w, 0x48e), 0x7ff9fffe04006172);
	w = changed(state, "-vmfunc");
	assert_false(exists(w, 0x491));
	w = changed(state, "-ept,-vpid");
	assert_false(exists(w, 0x48c));
	w = changed(state, "-vpid");
	assert_true(exists(w, 0x48c));
	w = changed(state, "-vmx");
	for (uint32_t index = 0x480; index <= 0x493; index++)
		assert_false(exists(w, index));
}

/* MSRs that every processor has, without any one feature. */
static void test_msrs_of_all(void **state)
{
	static const uint32_t always[] = {
		0x17, 0x33, 0x3a, 0x8b, 0xce, 0xe2, 0x140, 0x1a0, 0x1d9
	};

	for (unsigned i = 0; i < NR_CPUID_FEATURES; i++) {
		char text[80];
		struct world *w;

		snprintf(text, sizeof(text), "-%s", arch_features[i].name);
		w = changed(state, text);
		for (unsigned j = 0; j < sizeof(always) / sizeof(always[0]); j++)
			if (!exists(w, always[j]))
				fail_msg("%s: %#x", text, always[j]);
	}
}

/* Each word of VMX takes something away, and gives it back. */
static void test_each_word(void **state)
{
	for (unsigned i = NR_CPUID_FEATURES; i < NR_FEATURES; i++) {
		char text[80];
		struct world *w;
		bool differs = false;

		snprintf(text, sizeof(text), "-%s", arch_features[i].name);
		w = changed(state, text);
		for (unsigned j = 0; j < NR_WHOLE; j++)
			differs |= !exists(w, whole[j].index) ||
				   msr(w, whole[j].index) != whole[j].value;
		if (!differs)
			fail_msg("%s", text);
		assert_string_not_equal(arch_feature_words(i), "");
	}
	assert_string_equal(arch_feature_words(FEATURE_VMX_SECONDARY_MBEC),
			    "mode-based execute control for EPT");
	assert_string_equal(arch_feature_words(FEATURE_AVX), "");
}

/* A field that only a control uses goes with it. SDM Vol 3C "VMREAD" */
static void test_fields(void **state)
{
	static const struct {
		const char *text;
		uint32_t encoding;
	} rows[] = {
		{ "-ept", 0x201a },	    { "-vpid", 0x0000 },       { "-pml", 0x200e },
		{ "-spp", 0x2030 },	    { "-ve", 0x202a },	       { "-shadow-vmcs", 0x2026 },
		{ "-tsc-scaling", 0x2032 }, { "-posted", 0x2016 },     { "-msr-bitmaps", 0x2004 },
		{ "-io-bitmaps", 0x2000 },  { "-tpr-shadow", 0x2012 }, { "-secondary", 0x401e },
	};

	for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct arch_vmcs_field *field =
			vmx_field((unsigned)vmx_field_slot(rows[i].encoding));

		if (!vmx_field_exists(&changed(state, "")->cpu->vmx.capabilities, field) ||
		    vmx_field_exists(&changed(state, rows[i].text)->cpu->vmx.capabilities, field))
			fail_msg("%s: %#x", rows[i].text, rows[i].encoding);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(test_whole, world_teardown),
		cmocka_unit_test_teardown(test_narrowed, world_teardown),
		cmocka_unit_test_teardown(test_may_be_0, world_teardown),
		cmocka_unit_test_teardown(test_msrs, world_teardown),
		cmocka_unit_test_teardown(test_msrs_of_all, world_teardown),
		cmocka_unit_test_teardown(test_each_word, world_teardown),
		cmocka_unit_test_teardown(test_fields, world_teardown),
	};

	return cmocka_run_group_tests_name("VMX capabilities", tests, NULL, NULL);
}
