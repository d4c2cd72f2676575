/* SPDX-License-Identifier: MIT */
#include "world.h"

static struct cpu_config config;
static char why[120];

static void parse(const char *text)
{
	cpu_config_default(&config);
	strcpy(why, "untouched");
	assert_int_equal(cpu_config_parse(&config, text, why, sizeof(why)), UDV_OK);
	assert_string_equal(why, "untouched");
}

static void refuse(const char *text, const char *reason)
{
	struct cpu_config before;

	cpu_config_default(&config);
	before = config;
	assert_int_equal(cpu_config_parse(&config, text, why, sizeof(why)), UDV_ERR_ARGUMENT);
	assert_string_equal(why, reason);
	assert_memory_equal(&config, &before, sizeof(before));
}

/* Exactly these features differ from the default. The list ends with NR_FEATURES. */
static void expect_changed(const unsigned *list)
{
	for (unsigned i = 0; i < NR_FEATURES; i++) {
		bool expected = arch_features[i].by_default;

		for (const unsigned *f = list; *f != NR_FEATURES; f++)
			if (*f == i)
				expected = !expected;
		if (feature_has(&config.features, i) != expected)
			fail_msg("%s", arch_features[i].name);
	}
}
#define EXPECT_CHANGED(...) expect_changed((const unsigned[]){ __VA_ARGS__, NR_FEATURES })

static void test_default(void **state)
{
	(void)state;
	parse("");
	expect_changed((const unsigned[]){ NR_FEATURES });
	assert_int_equal(config.maxphyaddr, 46);
	assert_int_equal(config.linear_bits, 48);
	assert_int_equal(config.nr_cpus, 1);
	assert_int_equal(config.apic_id, 0);
	assert_int_equal(config.tsc_khz, 1000000);
	assert_string_equal(config.vendor, "GenuineIntel");
}

static void test_features(void **state)
{
	(void)state;
	parse("+la57");
	EXPECT_CHANGED(FEATURE_LA57);
	assert_int_equal(config.linear_bits, 57);
	parse("+la57,-la57");
	expect_changed((const unsigned[]){ NR_FEATURES });
	assert_int_equal(config.linear_bits, 48);
	parse("-smep,-smap,+hypervisor");
	EXPECT_CHANGED(FEATURE_SMEP, FEATURE_SMAP, FEATURE_HYPERVISOR);
	parse("+sse4.1");
	expect_changed((const unsigned[]){ NR_FEATURES });
}

static void test_dependencies(void **state)
{
	(void)state;
	parse("-avx");
	EXPECT_CHANGED(FEATURE_AVX, FEATURE_AVX2, FEATURE_FMA, FEATURE_F16C);
	parse("-xsave");
	EXPECT_CHANGED(FEATURE_XSAVE, FEATURE_XSAVEOPT, FEATURE_XSAVEC, FEATURE_XSAVES,
		       FEATURE_XGETBV1, FEATURE_AVX, FEATURE_AVX2, FEATURE_FMA, FEATURE_F16C,
		       FEATURE_PKU, FEATURE_VMX_SECONDARY_XSAVES);
	parse("-xsave,+xsave,+pku");
	EXPECT_CHANGED(FEATURE_XSAVEOPT, FEATURE_XSAVEC, FEATURE_XSAVES, FEATURE_XGETBV1,
		       FEATURE_AVX, FEATURE_AVX2, FEATURE_FMA, FEATURE_F16C,
		       FEATURE_VMX_SECONDARY_XSAVES);
	parse("-sse4.2");
	EXPECT_CHANGED(FEATURE_SSE4_2, FEATURE_AVX, FEATURE_AVX2, FEATURE_FMA, FEATURE_F16C);
	parse("-lm");
	EXPECT_CHANGED(FEATURE_LM, FEATURE_SYSCALL, FEATURE_LAHF_LM, FEATURE_CX16, FEATURE_PDPE1GB,
		       FEATURE_PCID, FEATURE_FSGSBASE, FEATURE_PKU, FEATURE_PKS,
		       FEATURE_VMX_EXIT_HOST_64BIT, FEATURE_VMX_EXIT_LOAD_PKRS,
		       FEATURE_VMX_ENTRY_IA32E_GUEST, FEATURE_VMX_ENTRY_LOAD_PKRS);
	parse("-apic");
	EXPECT_CHANGED(FEATURE_APIC, FEATURE_X2APIC, FEATURE_TSC_DEADLINE, FEATURE_ARAT,
		       FEATURE_VMX_SECONDARY_VIRTUALIZE_X2APIC);
	parse("+la57,-sse");
	assert_false(feature_has(&config.features, FEATURE_SSE2));
	assert_false(feature_has(&config.features, FEATURE_LM));
	assert_false(feature_has(&config.features, FEATURE_LA57));
	assert_int_equal(config.linear_bits, 48);
}

static void test_vmx(void **state)
{
	(void)state;
	parse("-mbec,-ept-ad,+mbec");
	EXPECT_CHANGED(FEATURE_VMX_EPT_AD, FEATURE_VMX_SECONDARY_PML);
	parse("-store-lma");
	EXPECT_CHANGED(FEATURE_VMX_STORE_LMA, FEATURE_VMX_SECONDARY_UNRESTRICTED_GUEST);
	parse("-ept");
	EXPECT_CHANGED(FEATURE_VMX_SECONDARY_EPT, FEATURE_VMX_SECONDARY_UNRESTRICTED_GUEST,
		       FEATURE_VMX_SECONDARY_PML, FEATURE_VMX_SECONDARY_EPT_VIOLATION_VE,
		       FEATURE_VMX_SECONDARY_MBEC, FEATURE_VMX_SECONDARY_SPP,
		       FEATURE_VMX_VMFUNC_EPTP_SWITCHING, FEATURE_VMX_EPT_EXECUTE_ONLY,
		       FEATURE_VMX_EPT_4LEVEL, FEATURE_VMX_EPT_5LEVEL, FEATURE_VMX_EPT_UC,
		       FEATURE_VMX_EPT_WB, FEATURE_VMX_EPT_2M, FEATURE_VMX_EPT_1G,
		       FEATURE_VMX_INVEPT, FEATURE_VMX_EPT_AD, FEATURE_VMX_EPT_ADVANCED,
		       FEATURE_VMX_INVEPT_SINGLE, FEATURE_VMX_INVEPT_ALL);
	parse("-interrupt-exiting");
	EXPECT_CHANGED(FEATURE_VMX_PIN_EXTERNAL_INTERRUPT,
		       FEATURE_VMX_SECONDARY_VIRTUAL_INTERRUPT_DELIVERY,
		       FEATURE_VMX_PIN_POSTED_INTERRUPTS);
	parse("-nmi-exiting");
	EXPECT_CHANGED(FEATURE_VMX_PIN_NMI, FEATURE_VMX_PIN_VIRTUAL_NMIS,
		       FEATURE_VMX_PRIMARY_NMI_WINDOW);
	/* off and on again, it has what it had */
	parse("-ve,-vmx,+vmx");
	EXPECT_CHANGED(FEATURE_VMX_SECONDARY_EPT_VIOLATION_VE);
}

static void test_numbers(void **state)
{
	(void)state;
	parse("maxphyaddr=36,tsc-khz=10000000");
	assert_int_equal(config.maxphyaddr, 36);
	assert_int_equal(config.tsc_khz, 10000000);
	parse("tsc-khz=1000,vendor=Authentic AM,maxphyaddr=52");
	assert_string_equal(config.vendor, "Authentic AM");
	assert_int_equal(config.maxphyaddr, 52);
	assert_int_equal(config.tsc_khz, 1000);
}

static void test_refusals(void **state)
{
	(void)state;
	refuse("-smep,+nonsense", "\"+nonsense\": no such feature");
	refuse("+", "\"+\": no such feature");
	refuse("+SSE", "\"+SSE\": no such feature");
	refuse("-xsave,+avx", "\"+avx\": needs +xsave");
	refuse("-ept,+mbec", "\"+mbec\": needs +ept");
	refuse("-ept-ad,+pml", "\"+pml\": needs +ept-ad");
	refuse("-vmx,+ept", "\"+ept\": needs +vmx");
	refuse("-erms,+fsrm", "\"+fsrm\": needs +erms");
	refuse("-rdseed,+rdseed-exiting", "\"+rdseed-exiting\": needs +rdseed");
	refuse("+sub-page", "\"+sub-page\": no such feature");
	refuse("sse",
	       "\"sse\": must be +FEATURE, -FEATURE, maxphyaddr=N, tsc-khz=N or vendor=TEXT");
	refuse(",", "\"\": must be +FEATURE, -FEATURE, maxphyaddr=N, tsc-khz=N or vendor=TEXT");
	refuse("-smep,", "\",\": nothing follows it");
	refuse("maxphyaddr=35", "\"maxphyaddr=35\": must be from 36 to 52");
	refuse("maxphyaddr=53", "\"maxphyaddr=53\": must be from 36 to 52");
	refuse("maxphyaddr=", "\"maxphyaddr=\": must be from 36 to 52");
	refuse("maxphyaddr=4x", "\"maxphyaddr=4x\": must be from 36 to 52");
	refuse("vendor=", "\"vendor=\": must have 12 printable characters");
	refuse("vendor=GenuineInte", "\"vendor=GenuineInte\": must have 12 printable characters");
	refuse("vendor=GenuineIntelX",
	       "\"vendor=GenuineIntelX\": must have 12 printable characters");
	refuse("vendor=Genuine\x7fntel",
	       "\"vendor=Genuine\x7fntel\": must have 12 printable characters");
	refuse("tsc-khz=999", "\"tsc-khz=999\": must be from 1000 to 10000000");
	refuse("tsc-khz=99999999999999999999",
	       "\"tsc-khz=99999999999999999999\": must be from 1000 to 10000000");
}

/* A short buffer gets what fits, and its end. */
static void test_short_buffer(void **state)
{
	char small[10];

	(void)state;
	cpu_config_default(&config);
	assert_int_equal(cpu_config_parse(&config, "+nonsense", small, sizeof(small)),
			 UDV_ERR_ARGUMENT);
	assert_string_equal(small, "\"+nonsens");
	assert_int_equal(cpu_config_parse(&config, "+nonsense", NULL, 0), UDV_ERR_ARGUMENT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_default),	     cmocka_unit_test(test_features),
		cmocka_unit_test(test_dependencies), cmocka_unit_test(test_vmx),
		cmocka_unit_test(test_numbers),	     cmocka_unit_test(test_refusals),
		cmocka_unit_test(test_short_buffer),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
