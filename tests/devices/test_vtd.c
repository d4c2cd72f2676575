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
	assert_int_equal(cap, 0x00d2008c226f0402);
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

static uint64_t next_random(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state;
}

/* What may be in a word at all, whatever software has written. */
static uint64_t possible(unsigned offset)
{
	switch (offset) {
	case 0x18: /* global status */
		return 3ull << 62;
	case 0x20: /* root table */
		return ~0xfffull;
	case 0x28: /* contexts: not asked for any more */
		return 3ull << 61 | 3ull << 59 | 0x3ffffffff;
	case 0x38: /* fault control and data */
		return 0xffffffff80000000;
	case 0x40: /* fault address */
		return ~3ull;
	case 0x108: /* translations */
		return 3ull << 60 | 3ull << 57 | 0x3ffffull << 32;
	default:
		return 0;
	}
}

/* Any access at any place: nothing but those bits, capabilities as they were, and never busy. */
static void test_anything(void **state)
{
	uint64_t random = 0x9e3779b97f4a7c15;
	uint64_t ever[VTD_SIZE / 8] = { 0 };

	(void)state;
	for (unsigned i = 0; i < 200000; i++) {
		unsigned offset =
			(unsigned)(next_random(&random) >> 40) % (i & 1 ? 0x300 : VTD_SIZE);
		unsigned size = 1u << (next_random(&random) >> 62);

		set(i & 2 ? offset & ~7u : offset, size, next_random(&random));
		get((unsigned)(next_random(&random) >> 40) % VTD_SIZE, size);
		for (unsigned at = 0x18; i % 16 == 0 && at < VTD_REGISTERS; at += 8)
			ever[at / 8] |= get(at, 8);
		assert_int_equal(get(0x2c, 4) >> 31 | get(0x10c, 4) >> 31 | get(0x34, 4), 0);
	}
	for (unsigned at = 0x18; at < VTD_SIZE; at += 8)
		assert_int_equal(ever[at / 8], possible(at));
	assert_int_equal(get(0, 8), 0x10);
	assert_int_equal(get(8, 8), 0x00d2008c226f0402);
	assert_int_equal(get(0x10, 8), 0x10c1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_capabilities, setup),
		cmocka_unit_test_setup(test_translation, setup),
		cmocka_unit_test_setup(test_invalidation, setup),
		cmocka_unit_test_setup(test_faults, setup),
		cmocka_unit_test_setup(test_odd_accesses, setup),
		cmocka_unit_test_setup(test_anything, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
