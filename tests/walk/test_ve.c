/* SPDX-License-Identifier: MIT */
/* T41: which EPT violations become a virtualization exception. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "world.h"

#define PRESET (P | W | U | A | D)
#define SUPPRESS (1ull << 63)

static struct nested_world n;
static struct udv_walk_result r;

static void fresh(void)
{
	nested_world_init(&n, PRESET);
	n.w.config.ept_controls = UDV_EPT_VE;
	n.w.config.ve_information = world_page(&n.w);
}

static bool convertible(uint32_t access)
{
	nested_prepare(&n);
	udv_walk(&n.w.paging, access, UDV_GVA(TEST_GVA), &r);
	return udv_ve_convertible(&n.w.paging, &r);
}

static void suppress_bit(void **state)
{
	(void)state;
	fresh();
	/* at the entry that is not present */
	world_write(&n.w, n.data_ept_entry[1], 0);
	assert_true(convertible(UDV_ACCESS_READ));
	world_write(&n.w, n.data_ept_entry[1], SUPPRESS);
	assert_false(convertible(UDV_ACCESS_READ));
	/* at the leaf, for a missing right */
	world_write(&n.w, n.data_ept_entry[1], n.data | ER | EWB);
	assert_true(convertible(UDV_ACCESS_WRITE));
	world_write(&n.w, n.data_ept_entry[1], n.data | ER | EWB | SUPPRESS);
	assert_false(convertible(UDV_ACCESS_WRITE));
	/* in an entry above it bit 63 says nothing */
	world_write(&n.w, n.data_ept_entry[1], n.data | ER | EWB);
	world_write(&n.w, n.data_ept_entry[2], world_read(&n.w, n.data_ept_entry[2]) | SUPPRESS);
	assert_true(convertible(UDV_ACCESS_WRITE));
	/* a table page's violation converts like any other */
	world_write(&n.w, nested_table_ept_entry(&n, 1), 0);
	assert_true(convertible(UDV_ACCESS_READ));
	assert_int_equal(r.stage, UDV_STAGE_TABLE);
}

static void conditions(void **state)
{
	(void)state;
	fresh();
	world_write(&n.w, n.data_ept_entry[1], 0);
	assert_true(convertible(UDV_ACCESS_READ));
	assert_false(convertible(UDV_ACCESS_READ | UDV_ACCESS_EVENT_DELIVERY));
	assert_false(convertible(UDV_ACCESS_READ | UDV_ACCESS_ASYNC));
	/* the area's busy dword, and only that dword */
	world_write(&n.w, n.w.config.ve_information, 48);
	assert_true(convertible(UDV_ACCESS_READ));
	world_write(&n.w, n.w.config.ve_information, 48ull | 0xffffffffull << 32);
	assert_false(convertible(UDV_ACCESS_READ));
	world_write(&n.w, n.w.config.ve_information, 0);
	n.w.config.ept_controls = 0;
	assert_false(convertible(UDV_ACCESS_READ));
}

static void real_mode(void **state)
{
	struct udv_gpa_origin origin = { .stage = UDV_STAGE_FINAL };

	(void)state;
	fresh();
	n.w.config.cr0 = 0x10;
	n.w.config.efer = 0;
	nested_prepare(&n);
	udv_walk_gpa(&n.w.paging, UDV_ACCESS_READ, UDV_GPA(0x777000), &origin, &r, NULL);
	assert_int_equal(r.outcome, UDV_WALK_EPT_VIOLATION);
	assert_false(udv_ve_convertible(&n.w.paging, &r));
	n.w.config.cr0 = 0x11;
	nested_prepare(&n);
	assert_true(udv_ve_convertible(&n.w.paging, &r));
}

static void never(void **state)
{
	(void)state;
	fresh();
	/* a misconfiguration */
	world_write(&n.w, n.data_ept_entry[1], n.data | EW | EWB);
	assert_false(convertible(UDV_ACCESS_READ));
	assert_int_equal(r.outcome, UDV_WALK_EPT_MISCONFIG);
	/* an address too wide for 4 levels: no entry could say */
	n.w.config.maxphyaddr = 52;
	n.w.config.guest_maxphyaddr = 52;
	world_write(&n.w, n.guest_entry[1], 1ull << 48 | TEST_DATA_GPA | PRESET);
	assert_false(convertible(UDV_ACCESS_READ));
	assert_int_equal(r.outcome, UDV_WALK_EPT_VIOLATION);
	assert_int_equal(r.fault.cause, UDV_CAUSE_EPT_WIDTH);
	/* no violation at all */
	fresh();
	assert_false(convertible(UDV_ACCESS_READ));
	assert_int_equal(r.outcome, UDV_WALK_OK);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(suppress_bit),
		cmocka_unit_test(conditions),
		cmocka_unit_test(real_mode),
		cmocka_unit_test(never),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
