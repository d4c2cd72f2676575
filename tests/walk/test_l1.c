/* SPDX-License-Identifier: MIT */
/*
 * The fault as L1 must see it, by both producers: synthesised from a walk of the guest's tables,
 * and from a report of the processor with a walk of EPT12.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "world.h"

#define CAP_ADVANCED UDV_EPT_CAP_ALL
#define CAP_PLAIN (UDV_EPT_CAP_ALL & ~UDV_EPT_CAP_ADVANCED_INFO)
#define SUPERVISOR_TABLE (P | W | A | D)
#define USER_TABLE (P | W | U | A | D)

static struct nested_world n;
static struct udv_walk_result r;

static struct udv_exit_info synthesised(uint32_t access, uint64_t cap)
{
	nested_prepare(&n);
	udv_walk(&n.w.paging, access, UDV_GVA(TEST_GVA), &r);
	return udv_exit_info(&r, cap);
}

/* The four cases of string I/O that L0 emulates (spec 6.3), offsets and indices not zero. */
static void outsb_data_page_unmapped(void **state)
{
	struct udv_exit_info info;

	(void)state;
	nested_world_init(&n, SUPERVISOR_TABLE);
	world_write(&n.w, n.data_ept_entry[1], 0);
	info = synthesised(UDV_ACCESS_READ, CAP_PLAIN);
	assert_int_equal(info.exit_reason, 48);
	assert_int_equal(info.exit_qualification, 0x181);
	assert_int_equal(udv_npf_exitinfo1(&r), 0x100000004);
	/* D3: the address to the byte. D2, H8: the linear address of the access itself. */
	assert_int_equal(info.guest_physical_address.value, 0x56789567);
	assert_true(info.gla_valid);
	assert_int_equal(info.guest_linear_address.value, TEST_GVA);
	/* D1, I8, H23: with advanced information the guest's own rights: supervisor, writable,
	 * executable. */
	info = synthesised(UDV_ACCESS_READ, CAP_ADVANCED);
	assert_int_equal(info.exit_qualification, 0x581);
}

static void outsb_table_page_unmapped(void **state)
{
	struct udv_exit_info info;

	(void)state;
	nested_world_init(&n, SUPERVISOR_TABLE);
	world_write(&n.w, nested_table_ept_entry(&n, 1), 0);
	for (int advanced = 0; advanced < 2; advanced++) {
		info = synthesised(UDV_ACCESS_READ, advanced ? CAP_ADVANCED : CAP_PLAIN);
		assert_int_equal(info.exit_reason, 48);
		/* H12: the table, not the final page; I7: read and write under A/D flags */
		assert_int_equal(info.exit_qualification, 0x083);
		assert_int_equal(udv_npf_exitinfo1(&r), 0x200000006);
		assert_int_equal(info.guest_physical_address.value, nested_table_gpa(&n, 1));
		assert_int_equal(info.guest_physical_address.value & 0xfff,
				 8 * (TEST_GVA >> 12 & 511));
		assert_int_equal(info.guest_linear_address.value, TEST_GVA);
	}
}

static void insb_data_page_read_only(void **state)
{
	struct udv_exit_info info;

	(void)state;
	nested_world_init(&n, SUPERVISOR_TABLE);
	world_write(&n.w, n.data_ept_entry[1], n.data | ER | EX | EWB);
	info = synthesised(UDV_ACCESS_WRITE, CAP_PLAIN);
	assert_int_equal(info.exit_qualification, 0x1aa);
	assert_int_equal(udv_npf_exitinfo1(&r), 0x100000007);
	info = synthesised(UDV_ACCESS_WRITE, CAP_ADVANCED);
	assert_int_equal(info.exit_qualification, 0x5aa);
	/* A user-mode address of the same page says so in bit 9. */
	nested_world_init(&n, USER_TABLE);
	world_write(&n.w, n.data_ept_entry[1], n.data | ER | EX | EWB);
	info = synthesised(UDV_ACCESS_WRITE | UDV_ACCESS_USER, CAP_ADVANCED);
	assert_int_equal(info.exit_qualification, 0x7aa);
}

static void outsb_table_page_read_only(void **state)
{
	struct udv_exit_info info;
	uint64_t entry;

	(void)state;
	nested_world_init(&n, SUPERVISOR_TABLE);
	entry = nested_table_ept_entry(&n, 1);
	world_write(&n.w, entry, world_read(&n.w, entry) & ~EW);
	for (int advanced = 0; advanced < 2; advanced++) {
		info = synthesised(UDV_ACCESS_READ, advanced ? CAP_ADVANCED : CAP_PLAIN);
		assert_int_equal(info.exit_qualification, 0x0ab);
		assert_int_equal(udv_npf_exitinfo1(&r), 0x200000007);
		assert_int_equal(info.guest_physical_address.value, nested_table_gpa(&n, 1));
	}
}

/* D4: with EPT A/D flags off a table access is a read, and a read-only table page is enough. */
static void table_access_without_ad(void **state)
{
	struct udv_exit_info info;
	uint64_t entry;

	(void)state;
	nested_world_init(&n, SUPERVISOR_TABLE);
	n.w.config.eptp &= ~0x40ull;
	entry = nested_table_ept_entry(&n, 1);
	world_write(&n.w, entry, world_read(&n.w, entry) & ~EW);
	info = synthesised(UDV_ACCESS_READ, CAP_PLAIN);
	assert_int_equal(r.outcome, UDV_WALK_OK);
	assert_int_equal(info.exit_reason, 0);
	world_write(&n.w, entry, 0);
	info = synthesised(UDV_ACCESS_READ, CAP_PLAIN);
	assert_int_equal(info.exit_qualification, 0x081);
}

/* I3: bits 9 to 11 are the guest tables', whoever accesses, and whatever CR0.WP lets through. */
static void advanced_bits_are_the_tables(void **state)
{
	(void)state;
	nested_world_init(&n, USER_TABLE);
	n.w.config.cr0 &= ~0x10000ull;
	world_write(&n.w, n.guest_entry[2], world_read(&n.w, n.guest_entry[2]) & ~W);
	world_write(&n.w, n.guest_entry[3], world_read(&n.w, n.guest_entry[3]) | NX);
	world_write(&n.w, n.data_ept_entry[1], 0);
	assert_int_equal(synthesised(UDV_ACCESS_WRITE, CAP_ADVANCED).exit_qualification, 0xb82);
	assert_int_equal(
		synthesised(UDV_ACCESS_READ | UDV_ACCESS_USER, CAP_ADVANCED).exit_qualification,
		0xb81);
	/* T3: one entry with U/S = 0 makes it a supervisor-mode address */
	world_write(&n.w, n.guest_entry[4], world_read(&n.w, n.guest_entry[4]) & ~U);
	assert_int_equal(synthesised(UDV_ACCESS_READ, CAP_ADVANCED).exit_qualification, 0x981);
	/* Without EFER.NXE nothing is execute-disabled: bit 63 is reserved, and a #PF wins. */
	n.w.config.efer &= ~0x800ull;
	assert_int_equal(synthesised(UDV_ACCESS_READ, CAP_ADVANCED).exit_reason, 0);
	assert_int_equal(r.fault.error_code, 0x9);
}

/* H3, H22: R, W and X are three rights: execute-only is present, write-only may not be. */
static void execute_only_and_write_only(void **state)
{
	(void)state;
	nested_world_init(&n, SUPERVISOR_TABLE);
	world_write(&n.w, n.data_ept_entry[1], n.data | EX | EWB);
	assert_int_equal(synthesised(UDV_ACCESS_READ, CAP_PLAIN).exit_qualification, 0x1a1);
	assert_int_equal(synthesised(UDV_ACCESS_FETCH, CAP_PLAIN).exit_reason, 0);
	assert_int_equal(r.outcome, UDV_WALK_OK);
	world_write(&n.w, n.data_ept_entry[1], n.data | EW | EWB);
	assert_int_equal(synthesised(UDV_ACCESS_WRITE, CAP_PLAIN).exit_reason, 49);
	world_write(&n.w, n.data_ept_entry[1], n.data | EW | EX | EWB);
	assert_int_equal(synthesised(UDV_ACCESS_FETCH, CAP_PLAIN).exit_reason, 49);
}

/* H24: bit 10 alone is nothing without MBEC; H19: with it, it shows in bit 6 and nowhere else. */
static void user_execute_bit(void **state)
{
	(void)state;
	nested_world_init(&n, USER_TABLE);
	world_write(&n.w, n.data_ept_entry[1], n.data | EXU | EWB);
	assert_int_equal(synthesised(UDV_ACCESS_READ, CAP_PLAIN).exit_qualification, 0x181);
	assert_int_equal(r.fault.cause, UDV_CAUSE_NOT_PRESENT);
	n.w.config.ept_controls = UDV_EPT_MBEC;
	assert_int_equal(synthesised(UDV_ACCESS_READ, CAP_PLAIN).exit_qualification, 0x1c1);
	assert_int_equal(synthesised(UDV_ACCESS_WRITE, CAP_PLAIN).exit_qualification, 0x1c2);
	assert_int_equal(synthesised(UDV_ACCESS_FETCH, CAP_PLAIN).exit_reason, 0);
	world_write(&n.w, n.data_ept_entry[1], n.data | ER | EXU | EWB);
	assert_int_equal(synthesised(UDV_ACCESS_WRITE, CAP_PLAIN).exit_qualification, 0x1ca);
}

/* D5: IRET's unblocking of NMIs shows in bit 12, and D6: a shadow-stack access in bit 13. */
static void particulars_of_the_access(void **state)
{
	struct udv_exit_info info;

	(void)state;
	nested_world_init(&n, SUPERVISOR_TABLE);
	world_write(&n.w, n.data_ept_entry[1], 0);
	info = synthesised(UDV_ACCESS_READ | UDV_ACCESS_NMI_UNBLOCKING, CAP_PLAIN);
	assert_int_equal(info.exit_qualification, 0x1181);
	/* A shadow-stack page: leaf read-only and dirty. */
	world_write(&n.w, n.guest_entry[1], TEST_DATA_GPA | P | A | D);
	info = synthesised(UDV_ACCESS_WRITE | UDV_ACCESS_SHADOW_STACK, CAP_ADVANCED);
	assert_int_equal(info.exit_qualification, 0x2182);
	/* The walk's own access to a table page is no shadow-stack access. */
	world_write(&n.w, nested_table_ept_entry(&n, 1), 0);
	info = synthesised(UDV_ACCESS_WRITE | UDV_ACCESS_SHADOW_STACK, CAP_ADVANCED);
	assert_int_equal(info.exit_qualification, 0x0083);
	/* T45: an asynchronous access, bit 16 */
	info = synthesised(UDV_ACCESS_WRITE | UDV_ACCESS_ASYNC, CAP_PLAIN);
	assert_int_equal(info.exit_qualification, 0x10083);
}

/* D7: a read-modify-write shows both bits, which is one of the two lawful answers. */
static void read_modify_write(void **state)
{
	(void)state;
	nested_world_init(&n, SUPERVISOR_TABLE);
	world_write(&n.w, n.data_ept_entry[1], 0);
	assert_int_equal(
		synthesised(UDV_ACCESS_READ | UDV_ACCESS_WRITE, CAP_PLAIN).exit_qualification,
		0x183);
}

/* T50: in enclave mode no exit tells the low 12 bits. */
static void enclave_addresses(void **state)
{
	struct udv_exit_info info;

	(void)state;
	nested_world_init(&n, SUPERVISOR_TABLE);
	world_write(&n.w, n.data_ept_entry[1], 0);
	info = synthesised(UDV_ACCESS_READ | UDV_ACCESS_ENCLAVE, CAP_PLAIN);
	assert_int_equal(info.guest_physical_address.value, TEST_DATA_GPA);
	assert_int_equal(info.guest_linear_address.value, TEST_GVA & ~0xfffull);
}

/* T49: the linear address an exit shows has no LAM metadata. */
static void lam_metadata_removed(void **state)
{
	struct udv_exit_info info;

	(void)state;
	nested_world_init(&n, USER_TABLE);
	n.w.config.cr3 |= 1ull << 62;
	world_write(&n.w, n.data_ept_entry[1], 0);
	nested_prepare(&n);
	udv_walk(&n.w.paging, UDV_ACCESS_READ | UDV_ACCESS_USER, UDV_GVA(TEST_GVA | 0x3abull << 48),
		 &r);
	info = udv_exit_info(&r, CAP_ADVANCED);
	assert_int_equal(info.exit_qualification, 0x781);
	assert_int_equal(info.guest_linear_address.value, TEST_GVA);
}

/* ---------------------------------------------------------------- the hardware path */

static struct udv_hardware_report report_of(uint64_t qualification, uint64_t gpa)
{
	return (struct udv_hardware_report){
		.exit_reason = 48,
		.exit_qualification = qualification,
		.guest_physical_address = UDV_GPA(gpa),
		.guest_linear_address = UDV_GVA(TEST_GVA),
		.ept02_ad = true,
		.advanced_info = true,
		.nmi_unblocking_defined = true,
	};
}

static enum udv_status reflect(const struct udv_hardware_report *report, uint64_t l1_cap,
			       struct udv_exit_info *info)
{
	struct udv_gpa_origin origin;
	uint32_t access;
	enum udv_status status;

	nested_prepare(&n);
	status = udv_report_access(report, &n.w.paging, &access, &origin);
	if (status == UDV_ERR_ARGUMENT || !access)
		return status;
	udv_walk_gpa(&n.w.paging, access | UDV_ACCESS_PEEK, report->guest_physical_address, &origin,
		     &r, NULL);
	return udv_exit_info_from_report(report, &n.w.paging, &r, l1_cap, info);
}

/* H2, H17: bits 0..6 are EPT12's, whatever EPT02 had; 7..11 are the report's. */
static void rights_are_those_of_ept12(void **state)
{
	struct udv_exit_info info;
	/* EPT02 had nothing at all there: 3..5 clear in the report. */
	struct udv_hardware_report report = report_of(0x782, TEST_DATA_GPA | 0x567);

	(void)state;
	nested_world_init(&n, USER_TABLE);
	world_write(&n.w, n.data_ept_entry[1], n.data | ER | EX | EWB);
	assert_int_equal(reflect(&report, CAP_ADVANCED, &info), UDV_OK);
	assert_int_equal(info.exit_reason, 48);
	assert_int_equal(info.exit_qualification, 0x7aa);
	assert_int_equal(info.guest_physical_address.value, TEST_DATA_GPA | 0x567);
	assert_int_equal(info.guest_linear_address.value, TEST_GVA);
	/* T38: an L1 without CAP[22] gets zeros in 9..11 */
	assert_int_equal(reflect(&report, CAP_PLAIN, &info), UDV_OK);
	assert_int_equal(info.exit_qualification, 0x1aa);
	/* Bits 12, 13 and 16 of the report reach L1 (D5, D6). */
	report.exit_qualification |= 0x1000;
	assert_int_equal(reflect(&report, CAP_PLAIN, &info), UDV_OK);
	assert_int_equal(info.exit_qualification, 0x11aa);
}

/* H15: bit 6 of a report is undefined without MBEC and does not reach L1 */
static void undefined_bits_do_not_pass(void **state)
{
	struct udv_exit_info info;
	struct udv_hardware_report report =
		report_of(0xffffffff00000000ull | 0x4000 | 0x8000 | 0x7c2 | 0x38, TEST_DATA_GPA);

	(void)state;
	nested_world_init(&n, USER_TABLE);
	world_write(&n.w, n.data_ept_entry[1], 0);
	assert_int_equal(reflect(&report, CAP_ADVANCED, &info), UDV_OK);
	assert_int_equal(info.exit_qualification, 0x782);
}

/* T31: EPT12 allows it, so L0 mends EPT02 and L1 sees nothing. */
static void ept12_allows(void **state)
{
	struct udv_exit_info info;
	struct udv_hardware_report report = report_of(0x782, TEST_DATA_GPA | 8);

	(void)state;
	nested_world_init(&n, USER_TABLE);
	assert_int_equal(reflect(&report, CAP_ADVANCED, &info), UDV_OK);
	assert_int_equal(info.exit_reason, 0);
}

static void table_stage_is_the_reports(void **state)
{
	struct udv_exit_info info;
	struct udv_hardware_report report;

	(void)state;
	nested_world_init(&n, USER_TABLE);
	world_write(&n.w, nested_table_ept_entry(&n, 2), 0);
	report = report_of(0x083, nested_table_gpa(&n, 2));
	assert_int_equal(reflect(&report, CAP_ADVANCED, &info), UDV_OK);
	assert_int_equal(info.exit_qualification, 0x083);
	assert_int_equal(info.guest_physical_address.value, nested_table_gpa(&n, 2));
	/* No linear address: a PDPTE load; bits 7 and 8 clear, a plain read even under A/D (T6, D9)
	 */
	report = report_of(0x001, nested_table_gpa(&n, 2));
	assert_int_equal(reflect(&report, CAP_ADVANCED, &info), UDV_OK);
	assert_int_equal(info.exit_qualification, 0x001);
	assert_false(info.gla_valid);
}

/* T29, H1: EPT02 has A/D flags and EPT12 has not */
static void ad_mismatch(void **state)
{
	struct udv_hardware_report report;
	struct udv_gpa_origin origin;
	struct udv_exit_info info;
	uint64_t entry;
	uint32_t access;

	(void)state;
	nested_world_init(&n, USER_TABLE);
	n.w.config.eptp &= ~0x40ull;
	entry = nested_table_ept_entry(&n, 1);
	report = report_of(0x083, nested_table_gpa(&n, 1));
	world_write(&n.w, entry, 0);
	nested_prepare(&n);
	assert_int_equal(udv_report_access(&report, &n.w.paging, &access, &origin),
			 UDV_ERR_NEEDS_WALK);
	assert_int_equal(access, UDV_ACCESS_READ);
	assert_int_equal(origin.stage, UDV_STAGE_TABLE);
	assert_int_equal(reflect(&report, CAP_ADVANCED, &info), UDV_OK);
	assert_int_equal(info.exit_qualification, 0x081);
	/* Read-only in EPT12: only the guest's tables say whether a flag must be set. */
	world_write(&n.w, entry, (n.guest_entry[1] & ~0xfffull) | ER | EWB);
	assert_int_equal(reflect(&report, CAP_ADVANCED, &info), UDV_ERR_NEEDS_WALK);
	world_write(&n.w, entry, (n.guest_entry[1] & ~0xfffull) | ER | EW | EWB);
	assert_int_equal(reflect(&report, CAP_ADVANCED, &info), UDV_OK);
	assert_int_equal(info.exit_reason, 0);
	/* The other way round: EPT12 counts every table access as a write. */
	n.w.config.eptp |= 0x40;
	report.ept02_ad = false;
	report.exit_qualification = 0x081;
	world_write(&n.w, entry, (n.guest_entry[1] & ~0xfffull) | ER | EWB);
	assert_int_equal(reflect(&report, CAP_ADVANCED, &info), UDV_OK);
	assert_int_equal(info.exit_qualification, 0x08b);
}

/* T37, D8: a misconfiguration exit of vmcs02 knows no stage; nothing is made up from it. */
static void report_of_a_misconfiguration(void **state)
{
	struct udv_exit_info info;
	struct udv_hardware_report report = report_of(0x0, TEST_DATA_GPA);

	(void)state;
	report.exit_reason = 49;
	nested_world_init(&n, USER_TABLE);
	world_write(&n.w, n.data_ept_entry[1], 0);
	assert_int_equal(reflect(&report, CAP_ADVANCED, &info), UDV_ERR_RETRY);
	assert_int_equal(info.exit_reason, 0);
	/* EPT02's entry dropped, the processor reports the violation, and bit 7 is there. */
	report = report_of(0x781, TEST_DATA_GPA);
	assert_int_equal(reflect(&report, CAP_ADVANCED, &info), UDV_OK);
	assert_int_equal(info.exit_qualification, 0x781);
	/* A misconfiguration of EPT12 needs no stage: L1 sees it at once. */
	report.exit_reason = 49;
	report.exit_qualification = 0xfff; /* stale; must not be read */
	world_write(&n.w, n.data_ept_entry[1], n.data | EW | EWB);
	assert_int_equal(reflect(&report, CAP_ADVANCED, &info), UDV_OK);
	assert_int_equal(info.exit_reason, 49);
	assert_int_equal(info.exit_qualification, 0);
	assert_int_equal(info.guest_physical_address.value, TEST_DATA_GPA);
	assert_false(info.gla_valid);
}

/* T35, H5, H16: a qualification of another exit is refused, not interpreted. */
static void report_of_another_exit(void **state)
{
	struct udv_hardware_report report = report_of(0x00800048, TEST_DATA_GPA);
	struct udv_exit_info info;

	(void)state;
	nested_world_init(&n, USER_TABLE);
	report.exit_reason = 30;
	assert_int_equal(reflect(&report, CAP_ADVANCED, &info), UDV_ERR_ARGUMENT);
	/* I1: no violation is without an access */
	report = report_of(0x780, TEST_DATA_GPA);
	assert_int_equal(reflect(&report, CAP_ADVANCED, &info), UDV_ERR_ARGUMENT);
}

/* With MBEC the linear address decides which execute right counts. */
static void mbec_fetch(void **state)
{
	struct udv_exit_info info;
	struct udv_hardware_report report = report_of(0x784, TEST_DATA_GPA | 8);

	(void)state;
	nested_world_init(&n, USER_TABLE);
	n.w.config.ept_controls = UDV_EPT_MBEC;
	world_write(&n.w, n.data_ept_entry[1], n.data | ER | EX | EWB);
	assert_int_equal(reflect(&report, CAP_ADVANCED, &info), UDV_OK);
	assert_int_equal(info.exit_qualification, 0x7ac);
	report.exit_qualification = 0x584; /* a supervisor-mode address: XS is there */
	assert_int_equal(reflect(&report, CAP_ADVANCED, &info), UDV_OK);
	assert_int_equal(info.exit_reason, 0);
	report.advanced_info = false;
	assert_int_equal(reflect(&report, CAP_PLAIN, &info), UDV_ERR_NEEDS_WALK);
}

/* D11: 4-level EPT12 has no translation for bits 51:48 */
static void address_beyond_48_bits(void **state)
{
	struct udv_exit_info info;
	struct udv_hardware_report report = report_of(0x781, 1ull << 48 | TEST_DATA_GPA);

	(void)state;
	nested_world_init(&n, USER_TABLE);
	n.w.config.maxphyaddr = 52;
	assert_int_equal(reflect(&report, CAP_ADVANCED, &info), UDV_OK);
	assert_int_equal(info.exit_qualification, 0x781);
	assert_int_equal(r.fault.cause, UDV_CAUSE_EPT_WIDTH);
}

/* D16, T44: guest-paging verification is the processor's to see, the rights are EPT12's */
static void verification_report(void **state)
{
	struct udv_exit_info info;
	struct udv_hardware_report report = report_of(0x8000 | 0x781 | 0x38, TEST_DATA_GPA | 0x10);

	(void)state;
	nested_world_init(&n, USER_TABLE);
	n.w.config.ept_controls = UDV_EPT_VERIFICATION;
	world_write(&n.w, n.data_ept_entry[1], n.data | ER | EW | EWB | 1ull << 57);
	assert_int_equal(reflect(&report, CAP_ADVANCED, &info), UDV_OK);
	assert_int_equal(info.exit_reason, 48);
	assert_int_equal(info.exit_qualification, 0x8799);
	/* Not where EPT12 does not ask for it. */
	world_write(&n.w, n.data_ept_entry[1], n.data | ER | EW | EWB);
	assert_int_equal(reflect(&report, CAP_ADVANCED, &info), UDV_OK);
	assert_int_equal(info.exit_reason, 0);
}

/* D10, D16: log full also where only an accessed flag is to be set; bit 12 only in EQ */
static void log_full(void **state)
{
	struct udv_exit_info info;

	(void)state;
	nested_world_init(&n, USER_TABLE);
	n.w.config.ept_controls = UDV_EPT_PML;
	n.w.config.pml_address = world_page(&n.w);
	n.w.config.pml_index = 0xffff;
	info = synthesised(UDV_ACCESS_READ | UDV_ACCESS_NMI_UNBLOCKING, CAP_ADVANCED);
	assert_int_equal(info.exit_reason, 62);
	assert_int_equal(info.exit_qualification, 0x1000);
	assert_int_equal(info.guest_physical_address.value, 0);
	assert_false(info.gla_valid);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(outsb_data_page_unmapped),
		cmocka_unit_test(outsb_table_page_unmapped),
		cmocka_unit_test(insb_data_page_read_only),
		cmocka_unit_test(outsb_table_page_read_only),
		cmocka_unit_test(table_access_without_ad),
		cmocka_unit_test(advanced_bits_are_the_tables),
		cmocka_unit_test(execute_only_and_write_only),
		cmocka_unit_test(user_execute_bit),
		cmocka_unit_test(particulars_of_the_access),
		cmocka_unit_test(read_modify_write),
		cmocka_unit_test(enclave_addresses),
		cmocka_unit_test(lam_metadata_removed),
		cmocka_unit_test(rights_are_those_of_ept12),
		cmocka_unit_test(undefined_bits_do_not_pass),
		cmocka_unit_test(ept12_allows),
		cmocka_unit_test(table_stage_is_the_reports),
		cmocka_unit_test(ad_mismatch),
		cmocka_unit_test(report_of_a_misconfiguration),
		cmocka_unit_test(report_of_another_exit),
		cmocka_unit_test(mbec_fetch),
		cmocka_unit_test(address_beyond_48_bits),
		cmocka_unit_test(verification_report),
		cmocka_unit_test(log_full),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
