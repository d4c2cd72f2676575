/* SPDX-License-Identifier: MIT */
/*
 * W21, D1..D16: reports of the processor, each with what L1 must see, typed by hand. The
 * enumerations of tests/oracle go over all fields; these rows are what they could be wrong about.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "world.h"

#define MBEC UDV_EPT_MBEC
#define SPP UDV_EPT_SPP
#define PML UDV_EPT_PML
#define VERIFICATION UDV_EPT_VERIFICATION
#define PAGING_WRITE UDV_EPT_PAGING_WRITE

#define EPTP_AD 0x40u
#define EPTP_SSS 0x80u
#define BIT57 (1ull << 57)
#define BIT60 (1ull << 60)
#define BIT61 (1ull << 61)
#define SHADOW_STACK UDV_ACCESS_SHADOW_STACK
#define USER UDV_ACCESS_USER

#define OFFSET 0x9a8u
#define GLA 0xffff80001234567aull

/* What is unusual about a report. */
#define AD02 0x1u
#define BASIC 0x2u /* no advanced information */
#define NO_BIT_12 0x4u
#define DELIVERY 0x8u
#define ENCLAVE 0x10u
#define MISCONFIG 0x20u /* reason 49 */
#define L1_BASIC 0x40u	/* L1 was given no advanced information */

struct row {
	const char *what;
	uint64_t leaf; /* rights and feature bits of EPT12's leaf */
	uint32_t controls;
	uint32_t eptp; /* bits 6 and 7 */
	uint32_t unusual;
	uint64_t reported; /* qualification */
	enum udv_status access_status;
	uint32_t access;
	enum udv_status status;
	uint32_t reason;
	uint64_t qualification;
};

/* clang-format off */
static const struct row rows[] = {
	/* rights are EPT12's, bits 0..2 the access's */
	{ "nothing there", 0, 0, 0, 0, 0x7b9, UDV_OK, 1, UDV_OK, 48, 0x781 },
	{ "read-only", ER, 0, 0, 0, 0x582, UDV_OK, 2, UDV_OK, 48, 0x58a },
	{ "execute-only", EX, 0, 0, 0, 0xd81, UDV_OK, 1, UDV_OK, 48, 0xda1 },
	{ "write-only", EW, 0, 0, 0, 0x781, UDV_OK, 1, UDV_OK, 49, 0 },
	{ "allowed", ER | EW | EX, 0, 0, 0, 0x781, UDV_OK, 1, UDV_OK, 0, 0 },
	{ "rmw", ER, 0, 0, 0, 0x783, UDV_OK, 3, UDV_OK, 48, 0x78b },
	{ "T38", ER, 0, 0, L1_BASIC, 0x782, UDV_OK, 2, UDV_OK, 48, 0x18a },
	{ "not known, not promised", ER, 0, 0, BASIC | L1_BASIC, 0xf82, UDV_OK, 2, UDV_OK, 48,
	  0x18a },
	{ "not known, but promised", ER, 0, 0, BASIC, 0xf82, UDV_OK, 2, UDV_ERR_NEEDS_WALK, 0, 0 },
	{ "not known, not asked", ER, 0, 0, BASIC, 0x181, UDV_OK, 1, UDV_OK, 0, 0 },

	/* bits 12, 13, 16 */
	{ "bit 12", 0, 0, 0, 0, 0x1781, UDV_OK, 0x801, UDV_OK, 48, 0x1781 },
	{ "bit 12 undefined", 0, 0, 0, NO_BIT_12, 0x1781, UDV_OK, 1, UDV_OK, 48, 0x781 },
	{ "bit 12 in delivery", 0, 0, 0, DELIVERY, 0x1781, UDV_OK, 0x81, UDV_OK, 48, 0x781 },
	{ "bit 13", 0, 0, 0, 0, 0x2181, UDV_OK, SHADOW_STACK | 1, UDV_OK, 48, 0x2181 },
	{ "bit 13, user", 0, 0, 0, 0, 0x2381, UDV_OK, SHADOW_STACK | USER | 1, UDV_OK, 48, 0x2381 },
	{ "bit 16", 0, 0, 0, 0, 0x10782, UDV_OK, 0x102, UDV_OK, 48, 0x10782 },
	{ "bits 16, 12 without an address", 0, 0, 0, 0, 0x11002, UDV_OK, 0x902, UDV_OK, 48, 0x11002 },
	{ "enclave", 0, 0, 0, ENCLAVE, 0x781, UDV_OK, 0x201, UDV_OK, 48, 0x781 },
	{ "bit 14 is not the report's", ER, 0, 0, 0, 0x4782, UDV_OK, 2, UDV_OK, 48, 0x78a },
	{ "bit 14", ER | BIT60, 0, EPTP_SSS, 0, 0x782, UDV_OK, 2, UDV_OK, 48, 0x478a },
	{ "bit 14 without a leaf", BIT60, 0, EPTP_SSS, 0, 0x4782, UDV_OK, 2, UDV_OK, 48, 0x782 },
	{ "bit 8 without bit 7", 0, 0, 0, 0, 0xf01, UDV_OK, 1, UDV_OK, 48, 0x1 },
	{ "undefined bits", 0, 0, 0, 0, ~0x1f87eull, UDV_OK, 1, UDV_OK, 48, 0x781 },

	/* H15, T4: the mode of the address */
	{ "fetch, user", ER | EX, MBEC, 0, 0, 0x784, UDV_OK, 4, UDV_OK, 48, 0x7ac },
	{ "fetch, supervisor", ER | EX, MBEC, 0, 0, 0x584, UDV_OK, 4, UDV_OK, 0, 0 },
	{ "fetch, XU", ER | EXU, MBEC, 0, 0, 0x584, UDV_OK, 4, UDV_OK, 48, 0x5cc },
	{ "fetch, not known", ER | EX, MBEC, 0, BASIC, 0x784, UDV_ERR_NEEDS_WALK, 0, 0, 0, 0 },
	{ "read, not known", EX, MBEC, 0, BASIC | L1_BASIC, 0x181, UDV_OK, 1, UDV_OK, 48, 0x1a1 },
	{ "fetch without MBEC", ER, 0, 0, BASIC | L1_BASIC, 0x184, UDV_OK, 4, UDV_OK, 48, 0x18c },
	{ "shadow stack, supervisor", ER | EW, 0, EPTP_SSS, 0, 0x2181, UDV_OK, SHADOW_STACK | 1,
	  UDV_OK, 48, 0x2199 },
	{ "shadow stack, user", ER | EW, 0, EPTP_SSS, 0, 0x2381, UDV_OK, SHADOW_STACK | USER | 1,
	  UDV_OK, 0, 0 },
	{ "shadow stack, not known", ER | EW, 0, EPTP_SSS, BASIC, 0x2381, UDV_ERR_NEEDS_WALK, 0, 0,
	  0, 0 },
	{ "shadow stack, no matter", ER, 0, 0, BASIC | L1_BASIC, 0x2182, UDV_OK, SHADOW_STACK | 2,
	  UDV_OK, 48, 0x218a },

	/* T29, H1: accesses of tables */
	{ "table", 0, 0, 0, 0, 0x81, UDV_OK, 1, UDV_OK, 48, 0x81 },
	{ "table, no bits 11:9", 0, 0, 0, 0, 0xe81, UDV_OK, 1, UDV_OK, 48, 0x81 },
	{ "table, basic", 0, 0, 0, BASIC, 0x81, UDV_OK, 1, UDV_OK, 48, 0x81 },
	{ "table, flag", ER, 0, 0, 0, 0x83, UDV_OK, 3, UDV_OK, 48, 0x8b },
	{ "table, AD12", ER, 0, EPTP_AD, 0, 0x81, UDV_OK, 3, UDV_OK, 48, 0x8b },
	{ "table, both", ER, 0, EPTP_AD, AD02, 0x83, UDV_OK, 3, UDV_OK, 48, 0x8b },
	{ "table, AD02, nothing", 0, 0, 0, AD02, 0x83, UDV_ERR_NEEDS_WALK, 1, UDV_OK, 48, 0x81 },
	{ "table, AD02, read-only", ER, 0, 0, AD02, 0x83, UDV_ERR_NEEDS_WALK, 1, UDV_ERR_NEEDS_WALK,
	  0, 0 },
	{ "table, AD02, writable", ER | EW, 0, 0, AD02, 0x83, UDV_ERR_NEEDS_WALK, 1, UDV_OK, 0, 0 },
	{ "table, bit 58", ER | 1ull << 58, PAGING_WRITE, 0, 0, 0x83, UDV_OK, 3, UDV_OK, 0, 0 },
	{ "final, AD02", ER, 0, 0, AD02, 0x781, UDV_OK, 1, UDV_OK, 0, 0 },
	{ "PDPTEs, AD12", 0, 0, EPTP_AD, 0, 0x1, UDV_OK, 1, UDV_OK, 48, 0x1 },
	{ "PDPTEs, AD12, read-only", ER, 0, EPTP_AD, AD02, 0x1, UDV_OK, 1, UDV_OK, 0, 0 },

	/* T44 */
	{ "verification", ER | EW | BIT57, VERIFICATION, 0, 0, 0x8781, UDV_OK, 1, UDV_OK, 48,
	  0x8799 },
	{ "verification, bit 14", ER | EW | BIT57 | BIT60, VERIFICATION, EPTP_SSS, 0, 0x8781, UDV_OK,
	  1, UDV_OK, 48, 0xc799 },
	{ "verification off", ER | EW | BIT57, 0, 0, 0, 0x8781, UDV_OK, 1, UDV_OK, 0, 0 },
	{ "not this page", ER | EW, VERIFICATION, 0, 0, 0x8781, UDV_OK, 1, UDV_OK, 0, 0 },
	{ "verified", ER | EW | BIT57, VERIFICATION, 0, 0, 0x781, UDV_OK, 1, UDV_OK, 0, 0 },
	{ "rights first", ER | BIT57, VERIFICATION, 0, 0, 0x8782, UDV_OK, 2, UDV_OK, 48, 0x78a },
	{ "verification of a table", ER | BIT57, VERIFICATION, 0, 0, 0x8081, UDV_OK, 1, UDV_OK, 0,
	  0 },

	/* D10, W12: the log is full */
	{ "log full", ER | EW, PML, EPTP_AD, 0, 0x11782, UDV_OK, 0x902, UDV_OK, 62, 0x11000 },
	{ "log full, refused", ER, PML, EPTP_AD, 0, 0x782, UDV_OK, 2, UDV_OK, 48, 0x78a },
	{ "log full, verification", ER | EW | BIT57, PML | VERIFICATION, EPTP_AD, 0, 0x8781, UDV_OK,
	  1, UDV_OK, 48, 0x8799 },
	{ "log full, flags set", ER | EW | EA | ED, PML, EPTP_AD, 0, 0x782, UDV_OK, 2, UDV_OK, 0, 0 },

	/* T42: the table of sub-pages is empty */
	{ "SPP miss", ER | BIT61, SPP, 0, 0, 0x1782, UDV_OK, 0x802, UDV_OK, 66, 0x1800 },
	{ "SPP, no write", ER | BIT61, SPP, 0, 0, 0x781, UDV_OK, 1, UDV_OK, 0, 0 },
	{ "SPP, enclave", ER | BIT61, SPP, 0, ENCLAVE, 0x782, UDV_OK, 0x202, UDV_OK, 48, 0x78a },

	/* T37, D8: reason 49 says nothing of the access */
	{ "probe, nothing", 0, 0, 0, MISCONFIG, 0x782, UDV_ERR_RETRY, 0x1001, UDV_ERR_RETRY, 0, 0 },
	{ "probe, allowed", ER, 0, 0, MISCONFIG, 0x0, UDV_ERR_RETRY, 0x1001, UDV_OK, 0, 0 },
	{ "probe, misconfigured", EW, 0, 0, MISCONFIG, 0xfff, UDV_ERR_RETRY, 0x1001, UDV_OK, 49, 0 },
	{ "probe, log full", ER | EW, PML, EPTP_AD, MISCONFIG, 0, UDV_ERR_RETRY, 0x1001,
	  UDV_ERR_RETRY, 0, 0 },

	/* I1 */
	{ "no access", 0, 0, 0, 0, 0x780, UDV_ERR_ARGUMENT, 0, 0, 0, 0 },
	{ "fetch and read", 0, 0, 0, 0, 0x785, UDV_ERR_ARGUMENT, 0, 0, 0, 0 },
	{ "fetch and write", 0, 0, 0, 0, 0x786, UDV_ERR_ARGUMENT, 0, 0, 0, 0 },
	{ "all three", 0, 0, 0, 0, 0x787, UDV_ERR_ARGUMENT, 0, 0, 0, 0 },
};
/* clang-format on */

static struct world w;
static uint64_t data_page, data_leaf;

/* EPT12 alone: one page, and entries above it that allow everything. */
static void build(const struct row *row)
{
	uint64_t root;

	world_init(&w);
	root = world_page(&w);
	data_page = world_page(&w);
	w.config.ept = true;
	w.config.eptp = root | 0x1e | row->eptp;
	w.config.ept_controls = row->controls;
	if (row->controls & SPP)
		w.config.sppt_pointer = world_page(&w);
	if (row->controls & PML)
		w.config.pml_address = world_page(&w);
	w.config.pml_index = 512;
	data_leaf =
		world_map(&w, root, 4, 1, TEST_DATA_GPA, data_page | EWB | row->leaf, EALL | EA);
	assert_int_equal(udv_paging_init(&w.paging, &w.config, &w.memory), UDV_OK);
}

static struct udv_hardware_report report_of(const struct row *row)
{
	uint64_t told = row->unusual & ENCLAVE ? ~0xfffull : ~0ull;

	return (struct udv_hardware_report){
		.exit_reason = row->unusual & MISCONFIG ? 49 : 48,
		.exit_qualification = row->reported,
		.guest_physical_address = UDV_GPA((TEST_DATA_GPA | OFFSET) & told),
		.guest_linear_address = UDV_GVA(GLA & told),
		.ept02_ad = row->unusual & AD02,
		.advanced_info = !(row->unusual & BASIC),
		.nmi_unblocking_defined = !(row->unusual & NO_BIT_12),
		.event_delivery = row->unusual & DELIVERY,
		.enclave = row->unusual & ENCLAVE,
	};
}

static void check_info(const struct row *row, const struct udv_hardware_report *report,
		       const struct udv_exit_info *info)
{
	bool told = row->reason && row->reason != 62;
	bool has_gla = row->reason == 66 || (row->reason == 48 && row->reported & 0x80);

	if (info->exit_reason != row->reason || info->exit_qualification != row->qualification)
		fail_msg("%s: reason %u, qualification %#llx, expected %u, %#llx", row->what,
			 info->exit_reason, (unsigned long long)info->exit_qualification,
			 row->reason, (unsigned long long)row->qualification);
	assert_int_equal(info->guest_physical_address.value,
			 told ? report->guest_physical_address.value : 0);
	assert_int_equal(info->gla_valid, has_gla);
	assert_int_equal(info->guest_linear_address.value,
			 has_gla ? report->guest_linear_address.value : 0);
}

static void check_row(const struct row *row)
{
	struct udv_hardware_report report = report_of(row);
	uint64_t cap = row->unusual & L1_BASIC ? UDV_EPT_CAP_ALL & ~UDV_EPT_CAP_ADVANCED_INFO
					       : UDV_EPT_CAP_ALL;
	struct udv_gpa_origin origin;
	struct udv_walk_result walk;
	struct udv_exit_info info;
	enum udv_status status;
	uint32_t access;

	build(row);
	status = udv_report_access(&report, &w.paging, &access, &origin);
	if (status != row->access_status || access != row->access)
		fail_msg("%s: access %#x, status %d", row->what, access, (int)status);
	if (!access)
		return;
	udv_walk_gpa(&w.paging, access, report.guest_physical_address, &origin, &walk, NULL);
	memset(&info, 0xa5, sizeof(info));
	status = udv_exit_info_from_report(&report, &w.paging, &walk, cap, &info);
	if (status != row->status)
		fail_msg("%s: status %d, expected %d", row->what, (int)status, (int)row->status);
	check_info(row, &report, &info);
}

static void reports(void **state)
{
	(void)state;
	for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		check_row(&rows[i]);
}

/* T35: the qualification of any other exit is another format. */
static void other_reasons(void **state)
{
	struct row row = { .what = "other", .reported = 0x781 };

	(void)state;
	build(&row);
	for (uint32_t reason = 0; reason < 80; reason++) {
		struct udv_hardware_report report = report_of(&row);
		struct udv_gpa_origin origin;
		enum udv_status status;
		uint32_t access;

		report.exit_reason = reason;
		status = udv_report_access(&report, &w.paging, &access, &origin);
		assert_int_equal(status, reason == 48	? UDV_OK
					 : reason == 49 ? UDV_ERR_RETRY
							: UDV_ERR_ARGUMENT);
	}
}

static void empty(const struct udv_exit_info *info)
{
	assert_int_equal(info->exit_reason, 0);
	assert_int_equal(info->exit_qualification, 0);
	assert_int_equal(info->guest_physical_address.value, 0);
	assert_int_equal(info->guest_linear_address.value, 0);
	assert_false(info->gla_valid);
}

/* What comes of walks that found out nothing, or are not of a guest-physical address. */
static void other_walks(void **state)
{
	static const struct {
		enum udv_outcome outcome;
		enum udv_status status;
	} others[] = {
		{ UDV_WALK_CONTENDED, UDV_ERR_RETRY },
		{ UDV_WALK_NO_MEMORY, UDV_ERR_NOT_FOUND }, /* T48 */
		{ UDV_WALK_PAGE_FAULT, UDV_ERR_ARGUMENT },
		{ UDV_WALK_NOT_CANONICAL, UDV_ERR_ARGUMENT },
		{ UDV_WALK_GENERAL_PROTECTION, UDV_ERR_ARGUMENT },
	};
	struct row row = { .what = "other" };

	(void)state;
	build(&row);
	for (unsigned i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		for (unsigned misconfig = 0; misconfig < 2; misconfig++) {
			struct udv_walk_result walk = { .outcome = others[i].outcome };
			struct udv_hardware_report report;
			struct udv_exit_info info;

			row.reported = 0x781;
			row.unusual = misconfig ? MISCONFIG : 0;
			report = report_of(&row);
			memset(&info, 0xa5, sizeof(info));
			assert_int_equal(udv_exit_info_from_report(&report, &w.paging, &walk,
								   UDV_EPT_CAP_ALL, &info),
					 others[i].status);
			empty(&info);
		}
}

/* W7: a sub-page permission lets a byte pass; the report does not say that it was one. */
static void sub_page_write(void **state)
{
	struct row row = { .what = "SPP", .leaf = ER | BIT61, .controls = SPP, .reported = 0x782 };
	struct udv_hardware_report report = report_of(&row);
	struct udv_gpa_origin origin;
	struct udv_walk_result walk;
	struct udv_exit_info info;
	uint64_t vector;
	uint32_t access;

	(void)state;
	build(&row);
	vector = world_map(&w, w.config.sppt_pointer, 4, 1, TEST_DATA_GPA, 0, 1);
	world_write(&w, vector, 1ull << 2 * (OFFSET / 128));
	assert_int_equal(udv_report_access(&report, &w.paging, &access, &origin), UDV_OK);
	assert_int_equal(udv_walk_gpa(&w.paging, access, report.guest_physical_address, &origin,
				      &walk, NULL),
			 UDV_WALK_OK);
	assert_true(walk.write_by_spp);
	assert_int_equal(
		udv_exit_info_from_report(&report, &w.paging, &walk, UDV_EPT_CAP_ALL, &info),
		UDV_ERR_NEEDS_WALK);
	empty(&info);
	/* Where its own sub-page is denied, the number of bytes does not matter. */
	world_write(&w, vector, 0);
	udv_walk_gpa(&w.paging, access, report.guest_physical_address, &origin, &walk, NULL);
	assert_int_equal(
		udv_exit_info_from_report(&report, &w.paging, &walk, UDV_EPT_CAP_ALL, &info),
		UDV_OK);
	assert_int_equal(info.exit_qualification, 0x78a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reports),
		cmocka_unit_test(other_reasons),
		cmocka_unit_test(other_walks),
		cmocka_unit_test(sub_page_write),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
