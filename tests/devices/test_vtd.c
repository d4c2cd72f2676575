/* SPDX-License-Identifier: MIT */
#include "device_test.h"

#include <string.h>

#include "devices/vtd.h"

static struct vtd vtd;

static uint64_t get(unsigned offset, unsigned size)
{
	struct mem_device memory = vtd_memory(&vtd);

	return memory.read(memory.opaque, offset, size);
}

static void set(unsigned offset, unsigned size, uint64_t value)
{
	struct mem_device memory = vtd_memory(&vtd);

	memory.write(memory.opaque, offset, size, value);
}

static int setup(void **state)
{
	(void)state;
	memset(&vtd, 0xff, sizeof(vtd));
	vtd_init(&vtd);
	return 0;
}

/* What software looks for: where registers are, and how wide tables may be. */
static void test_capabilities(void **state)
{
	uint64_t cap = get(8, 8), ecap = get(0x10, 8);

	(void)state;
	assert_int_equal(get(0, 4), 0x10);
	assert_int_equal(cap, 0x00d2008c22400402 | 47ull << 16);
	assert_int_equal((cap & 0xffffffff) | get(0xc, 4) << 32, cap);
	assert_int_equal(cap >> 8 & 0x1f, 4);		   /* 4 levels */
	assert_int_equal((cap >> 24 & 0x3ff) * 16, 0x220); /* the fault register */
	assert_int_equal((ecap >> 8 & 0x3ff) * 16, 0x100); /* IVA and IOTLB */
	assert_int_equal(ecap & 0x1e, 0); /* no queue, no device TLBs, no interrupts */
	set(8, 8, 0);
	set(0x10, 8, 0);
	assert_int_equal(get(8, 8), cap);
	assert_int_equal(get(0x10, 8), ecap);
}

static void test_translation(void **state)
{
	(void)state;
	assert_int_equal(get(0x1c, 4), 0);
	set(0x20, 8, 0x123456789fff);
	assert_int_equal(get(0x20, 8), 0x123456789000);
	set(0x18, 4, 1u << 30);
	assert_int_equal(get(0x1c, 4), 1u << 30);
	set(0x18, 4, 1u << 31);
	assert_int_equal(get(0x1c, 4), 3u << 30);
	/* what there is not, does not come on; commands are not read */
	set(0x18, 4, 0x87800000);
	assert_int_equal(get(0x1c, 4), 3u << 30);
	assert_int_equal(get(0x18, 4), 0);
	set(0x1c, 4, 0);
	assert_int_equal(get(0x1c, 4), 3u << 30);
	set(0x18, 4, 0);
	assert_int_equal(get(0x1c, 4), 1u << 30);
}

/* Done at once, as it was asked for. */
static void test_invalidation(void **state)
{
	(void)state;
	set(0x28, 8, 1ull << 63 | 1ull << 61); /* all contexts */
	assert_int_equal(get(0x28, 8), 1ull << 61 | 1ull << 59);
	set(0x28, 8, 1ull << 63 | 3ull << 61 | 0x1234);
	assert_int_equal(get(0x28, 8), 3ull << 61 | 3ull << 59 | 0x1234);
	set(0x108, 8, 1ull << 63 | 2ull << 60 | 7ull << 32);
	assert_int_equal(get(0x108, 8), 2ull << 60 | 2ull << 57 | 7ull << 32);
	/* by halves: the upper one asks */
	set(0x108, 4, 0);
	set(0x10c, 4, 1u << 31 | 1u << 28);
	assert_int_equal(get(0x108, 8), 1ull << 60 | 1ull << 57);
	/* without being asked, what was done stays */
	set(0x10c, 4, 3u << 28);
	assert_int_equal(get(0x108, 8), 3ull << 60 | 1ull << 57);
}

static void test_faults(void **state)
{
	(void)state;
	assert_int_equal(get(0x34, 4), 0);
	assert_int_equal(get(0x38, 4), 1u << 31);
	set(0x38, 4, 0x7fffffff);
	assert_int_equal(get(0x38, 4), 0);
	set(0x3c, 4, 0x4021);
	set(0x40, 4, 0xfee01003);
	set(0x44, 4, 1);
	assert_int_equal(get(0x38, 8), 0x4021ull << 32);
	assert_int_equal(get(0x40, 8), 0x1fee01000);
	set(0x34, 4, 0xff);
	set(0x220, 8, ~0ull);
	set(0x228, 8, ~0ull);
	assert_int_equal(get(0x34, 4) | get(0x220, 8) | get(0x228, 8), 0);
}

static void test_odd_accesses(void **state)
{
	(void)state;
	set(0x18, 1, 0xff);
	set(0x1b, 4, ~0ull);
	set(0x24, 8, ~0ull);
	set(0xffc, 4, ~0ull);
	assert_int_equal(get(0x1c, 4) | get(0x20, 8) | get(0xffc, 4) | get(0xff8, 8), 0);
	assert_int_equal(get(0, 1) | get(1, 4) | get(4, 8), 0);
	assert_int_equal(get(VTD_REGISTERS, 8), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_capabilities, setup),
		cmocka_unit_test_setup(test_translation, setup),
		cmocka_unit_test_setup(test_invalidation, setup),
		cmocka_unit_test_setup(test_faults, setup),
		cmocka_unit_test_setup(test_odd_accesses, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
