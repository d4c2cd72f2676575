/* SPDX-License-Identifier: MIT */
/* What a context may be made of. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "world.h"

static struct udv_paging_config good(void)
{
	return (struct udv_paging_config){
		.cr0 = 0x80010001,
		.cr4 = 0x20,
		.efer = 0xd00,
		.cr3 = 0x1000,
		.guest_maxphyaddr = 46,
		.maxphyaddr = 46,
		.ept = true,
		.eptp = 0x205e,
		.ept_vpid_cap = UDV_EPT_CAP_ALL,
	};
}

static void assert_refused(const struct udv_paging_config *config, const char *words)
{
	struct udv_memory memory = { 0 };
	struct udv_paging paging;
	const char *problem = udv_paging_problem(config);

	assert_non_null(problem);
	if (!strstr(problem, words))
		fail_msg("'%s' does not say '%s'", problem, words);
	assert_int_equal(udv_paging_init(&paging, config, &memory), UDV_ERR_ARGUMENT);
}

static void registers(void **state)
{
	struct udv_paging_config c = good();

	(void)state;
	assert_null(udv_paging_problem(&c));
	c.cr0 = 0x80010000;
	assert_refused(&c, "CR0.PE");
	c = good();
	c.efer = 0x900;
	assert_refused(&c, "LMA = 0");
	c = good();
	c.cr4 = 0;
	assert_refused(&c, "CR4.PAE");
	c = good();
	c.cr0 = 0x11;
	assert_refused(&c, "CR0.PG = 0");
	c = good();
	c.cr3 = 1ull << 46;
	assert_refused(&c, "CR3");
	c.cr3 = 3ull << 61 | 0x1fff; /* LAM and PCID bits are no address bits */
	assert_null(udv_paging_problem(&c));
	c = good();
	c.cr4 |= 1 << 23;
	c.cr0 &= ~0x10000ull;
	assert_refused(&c, "CET");
	c = good();
	c.guest_maxphyaddr = 31;
	assert_refused(&c, "guest MAXPHYADDR");
	c.guest_maxphyaddr = 47;
	assert_refused(&c, "larger");
}

static void modes(void **state)
{
	(void)state;
	assert_int_equal(udv_paging_mode(0x1, 0x1020, 0xd00), UDV_PAGING_NONE);
	assert_int_equal(udv_paging_mode(0x80000001, 0x1000, 0), UDV_PAGING_32BIT);
	assert_int_equal(udv_paging_mode(0x80000001, 0x1020, 0x800), UDV_PAGING_PAE);
	assert_int_equal(udv_paging_mode(0x80000001, 0x20, 0x500), UDV_PAGING_4_LEVEL);
	assert_int_equal(udv_paging_mode(0x80000001, 0x1020, 0x500), UDV_PAGING_5_LEVEL);
}

static void pdpte_registers(void **state)
{
	struct udv_paging_config c = good();

	(void)state;
	c.efer = 0x800;
	c.pdpte[3] = 0x3001;
	assert_null(udv_paging_problem(&c));
	c.pdpte[3] = 0x3003;
	assert_refused(&c, "PDPTE");
	assert_false(udv_pdpte_valid(1ull << 46 | 1, 46));
	assert_true(udv_pdpte_valid(1ull << 45 | 1, 46));
	assert_false(udv_pdpte_valid(1ull << 63 | 1, 46));
	assert_false(udv_pdpte_valid(0x21, 46));
	assert_false(udv_pdpte_valid(0x101, 46));
	assert_true(udv_pdpte_valid(0xe19, 46)); /* PWT, PCD, and bits 11:9 */
	assert_true(udv_pdpte_valid(~1ull, 46));
}

/* EXEC-19 to EXEC-23, and T40's bad EPTP: the same rules serve VM entry, INVEPT and VMFUNC. */
static void eptp(void **state)
{
	const uint64_t all = UDV_EPT_CAP_ALL;

	(void)state;
	assert_int_equal(udv_eptp_problems(0x1000 | 0x1e, all, 46), 0);
	assert_int_equal(udv_eptp_problems(0x1000 | 0x18, all, 46), 0);
	assert_int_equal(udv_eptp_problems(0x1000 | 0xe6, all, 46), 0);
	assert_int_equal(udv_eptp_problems(0x1000 | 0x1a, all, 46), UDV_EPTP_BAD_MEMORY_TYPE);
	assert_int_equal(udv_eptp_problems(0x1000 | 0x18, all & ~UDV_EPT_CAP_UC, 46),
			 UDV_EPTP_BAD_MEMORY_TYPE);
	assert_int_equal(udv_eptp_problems(0x1000 | 0x1e, all & ~UDV_EPT_CAP_WB, 46),
			 UDV_EPTP_BAD_MEMORY_TYPE);
	assert_int_equal(udv_eptp_problems(0x1000 | 0x26, all & ~UDV_EPT_CAP_5_LEVEL, 46),
			 UDV_EPTP_BAD_WALK_LENGTH);
	assert_int_equal(udv_eptp_problems(0x1000 | 0x1e, all & ~UDV_EPT_CAP_4_LEVEL, 46),
			 UDV_EPTP_BAD_WALK_LENGTH);
	assert_int_equal(udv_eptp_problems(0x1000 | 0x16, all, 46), UDV_EPTP_BAD_WALK_LENGTH);
	assert_int_equal(udv_eptp_problems(0x1000 | 0x5e, all & ~UDV_EPT_CAP_AD, 46),
			 UDV_EPTP_BAD_AD);
	assert_int_equal(udv_eptp_problems(0x1000 | 0x9e, all & ~UDV_EPT_CAP_SHADOW_STACK, 46),
			 UDV_EPTP_BAD_SHADOW_STACK);
	assert_int_equal(udv_eptp_problems(0x1000 | 0x11e, all, 46), UDV_EPTP_BAD_RESERVED);
	assert_int_equal(udv_eptp_problems(1ull << 46 | 0x1e, all, 46), UDV_EPTP_BAD_ADDRESS);
	assert_int_equal(udv_eptp_problems(1ull << 63 | 0xf1a, 0, 46),
			 UDV_EPTP_BAD_MEMORY_TYPE | UDV_EPTP_BAD_WALK_LENGTH |
				 UDV_EPTP_BAD_RESERVED | UDV_EPTP_BAD_ADDRESS);
}

static void controls(void **state)
{
	struct udv_paging_config c = good();

	(void)state;
	c.eptp = 0x205d;
	assert_refused(&c, "memory type");
	c = good();
	c.ept_controls = UDV_EPT_SPP;
	c.sppt_pointer = 0x1008;
	assert_refused(&c, "SPPTP");
	c.ept_controls = UDV_EPT_PML;
	c.pml_address = 1ull << 46;
	assert_refused(&c, "PML");
	c.ept_controls = UDV_EPT_VE;
	c.ve_information = 4;
	assert_refused(&c, "virtualization-exception");
	c.ept_controls = UDV_EPT_CONTROLS_ALL + 1;
	assert_refused(&c, "unknown EPT control");
	c.ept = false; /* then none of it is read */
	assert_null(udv_paging_problem(&c));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(registers),	   cmocka_unit_test(modes),
		cmocka_unit_test(pdpte_registers), cmocka_unit_test(eptp),
		cmocka_unit_test(controls),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
