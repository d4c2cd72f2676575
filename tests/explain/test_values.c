/* SPDX-License-Identifier: MIT */
#include "explain_test.h"

/* ---- MSRs */

static void capability_msrs(void **state)
{
	(void)state;
	options.msr = 0x481;
	explain(UDV_EXPLAIN_MSR, 0x7f00000016);
	assert_true(x.paired);
	expect_note("must be 1: unnamed 1, unnamed 2, unnamed 4");
	expect_note(
		"may be 0 or 1: external-interrupt exiting, NMI exiting, virtual NMIs, activate "
		"VMX-preemption timer");
	expect_note("must be 0: process posted interrupts");
	assert_string_equal(row(0)->meaning, "may be 0");
	assert_string_equal(row(32)->meaning, "may be 1");
	assert_string_equal(row(39)->meaning, "must be 0");
	explain(UDV_EXPLAIN_MSR, 0x1);
	assert_int_equal(row(0)->class, UDV_CLASS_VIOLATED);
	options.msr = 0x48c;
	explain(UDV_EXPLAIN_MSR, 0xf0106734141);
	assert_false(x.paired);
	assert_string_equal(row(22)->name, "advanced information");
	assert_true(row(22)->set);
	assert_false(row(7)->set);
	options.msr = 0x486;
	explain(UDV_EXPLAIN_MSR, 0x80000021);
	assert_string_equal(row(5)->meaning, "must be 1");
	assert_string_equal(row(16)->meaning, "may be 0");
	options.msr = 0x492;
	explain(UDV_EXPLAIN_MSR, 0x10);
	expect_note("may be 1: IPI virtualization");
	explain(UDV_EXPLAIN_MSR_INDEX, 0x48c);
	assert_string_equal(x.title, "IA32_VMX_EPT_VPID_CAP");
}

static void other_msrs(void **state)
{
	(void)state;
	options.msr = 0x277;
	explain(UDV_EXPLAIN_MSR, 0x0007040600070406);
	assert_string_equal(row(0)->meaning, "write back (WB)");
	assert_string_equal(row(16)->meaning, "uncached (UC-)");
	explain(UDV_EXPLAIN_MSR, 0x2);
	assert_int_equal(row(0)->class, UDV_CLASS_VIOLATED);
	options.msr = 0xc0000082;
	explain(UDV_EXPLAIN_MSR, 0xffff800000000000);
	assert_string_equal(row(0)->meaning, "canonical");
	explain(UDV_EXPLAIN_MSR, 0xff00000000000000);
	assert_string_equal(row(0)->meaning, "canonical with 57 bits only");
	explain(UDV_EXPLAIN_MSR, 0x0100000000000000);
	assert_int_equal(row(0)->class, UDV_CLASS_VIOLATED);
	options.msr = 0xc0000080;
	explain(UDV_EXPLAIN_MSR, 0xd01);
	expect_note("IA-32e mode is active");
}

/* ---- EPTP and entries */

static void eptps(void **state)
{
	(void)state;
	options.maxphyaddr = 39;
	explain(UDV_EXPLAIN_EPTP, 0x1234505e);
	expect_note("root table at 0x12345000, page-walk length 4");
	expect_note("valid");
	assert_int_equal(row(12)->high, 38);
	explain(UDV_EXPLAIN_EPTP, 0x8012345060);
	assert_int_equal(row(39)->class, UDV_CLASS_VIOLATED);
	assert_int_equal(row(0)->class, UDV_CLASS_DEFINED);
	expect_note("bits from MAXPHYADDR up must be 0");
	expect_note("root table at 0x8012345000, page-walk length 5");
	explain(UDV_EXPLAIN_EPTP, 0x1234511f);
	assert_int_equal(row(0)->class, UDV_CLASS_VIOLATED);
	assert_int_equal(row(8)->class, UDV_CLASS_VIOLATED);
	expect_note("bits 11:8 must be 0");
	options.ept_vpid_cap = UDV_EPT_CAP_4_LEVEL | UDV_EPT_CAP_WB;
	explain(UDV_EXPLAIN_EPTP, 0xe6);
	assert_int_equal(row(3)->class, UDV_CLASS_VIOLATED);
	assert_int_equal(row(6)->class, UDV_CLASS_VIOLATED);
	assert_int_equal(row(7)->class, UDV_CLASS_VIOLATED);
	explain(UDV_EXPLAIN_EPTP, 0x1e);
	expect_note("valid");
	explain(UDV_EXPLAIN_EPTP, 0x18);
	assert_int_equal(row(0)->class, UDV_CLASS_VIOLATED);
}

static void ept_entries(void **state)
{
	(void)state;
	options.level = 2;
	explain(UDV_EXPLAIN_EPT_ENTRY, 0x400000b7);
	assert_string_equal(x.title, "EPT PDE that maps a 2 MB page");
	expect_note("maps the 2 MB page at 0x40000000");
	expect_note("allows read, write, execute");
	expect_note("memory type write back (WB), combined with the guest's PAT");
	assert_int_equal(misconfigurations(), 0);
	assert_int_equal(row(8)->class, UDV_CLASS_IGNORED);
	options.ept_ad = true;
	explain(UDV_EXPLAIN_EPT_ENTRY, 0x400000b7);
	assert_int_equal(row(8)->class, UDV_CLASS_DEFINED);
	explain(UDV_EXPLAIN_EPT_ENTRY, 0x1007);
	assert_string_equal(x.title, "EPT PDE that references a table");
	expect_note("references the table at 0x1000");
	options.level = 1;
	explain(UDV_EXPLAIN_EPT_ENTRY, 0x10b7); /* T16: bit 7 of a PTE */
	assert_int_equal(row(7)->class, UDV_CLASS_IGNORED);
	assert_int_equal(misconfigurations(), 0);
}

static void ept_misconfigurations(void **state)
{
	(void)state;
	explain(UDV_EXPLAIN_EPT_ENTRY, 0x32); /* M1 */
	expect_note("misconfiguration: write without read (bits 1:0 = 10)");
	explain(UDV_EXPLAIN_EPT_ENTRY, 0x34);
	assert_int_equal(misconfigurations(), 0);
	options.ept_vpid_cap &= ~UDV_EPT_CAP_EXECUTE_ONLY;
	explain(UDV_EXPLAIN_EPT_ENTRY, 0x34); /* M2 */
	expect_note("misconfiguration: execute without read, and execute-only is not supported");
	explain(UDV_EXPLAIN_EPT_ENTRY, 0x430); /* T12 */
	assert_string_equal(x.title, "EPT PTE that is not present");
	expect_note("bit 10 does not make it present without mode-based execute control");
	options.ept_controls = UDV_EPT_MBEC;
	explain(UDV_EXPLAIN_EPT_ENTRY, 0x430); /* M3 T13 */
	expect_note("misconfiguration: user-mode execute without read, and execute-only is not "
		    "supported");
	udv_explain_defaults(&options);
	explain(UDV_EXPLAIN_EPT_ENTRY, 1ull << 58 | 0x34);
	assert_int_equal(misconfigurations(), 0);
	options.ept_controls = UDV_EPT_PAGING_WRITE;
	explain(UDV_EXPLAIN_EPT_ENTRY, 1ull << 58 | 0x34); /* M4 */
	expect_note("misconfiguration: paging writes (bit 58) without read");
	assert_int_equal(misconfigurations(), 1);
	explain(UDV_EXPLAIN_EPT_ENTRY, 0x1f); /* M6 T14: memory type 3 */
	expect_note("misconfiguration: reserved memory type (2, 3 or 7)");
	assert_int_equal(misconfigurations(), 1);
}

/* M5 */
static void ept_reserved_bits(void **state)
{
	(void)state;
	options.maxphyaddr = 40;
	explain(UDV_EXPLAIN_EPT_ENTRY, 1ull << 40 | 0x37);
	expect_note("misconfiguration: reserved bits are set");
	assert_string_equal(row(40)->meaning, "must be 0; set: 40");
	explain(UDV_EXPLAIN_EPT_ENTRY, 1ull << 39 | 0x37);
	assert_int_equal(misconfigurations(), 0);
	options.level = 2;
	explain(UDV_EXPLAIN_EPT_ENTRY, 0x1000b7); /* T15: bit 20 of a 2 MB leaf */
	assert_int_equal(misconfigurations(), 1);
	explain(UDV_EXPLAIN_EPT_ENTRY, 0x10b7); /* T15: bit 12 is no PAT bit */
	assert_int_equal(misconfigurations(), 1);
	explain(UDV_EXPLAIN_EPT_ENTRY, 0xf); /* T14: bits 5:3 of a table */
	assert_int_equal(misconfigurations(), 1);
	options.level = 3;
	explain(UDV_EXPLAIN_EPT_ENTRY, 0x200000b7); /* T15: bit 29 of a 1 GB leaf */
	assert_int_equal(misconfigurations(), 1);
	options.ept_vpid_cap &= ~UDV_EPT_CAP_1GB;
	explain(UDV_EXPLAIN_EPT_ENTRY, 0x400000087); /* T16 */
	expect_note("misconfiguration: bit 7: pages of this size are not supported");
	assert_int_equal(misconfigurations(), 1);
	options.level = 4;
	explain(UDV_EXPLAIN_EPT_ENTRY, 0x1087); /* T16 */
	expect_note("misconfiguration: bit 7: no pages at this level");
	explain(UDV_EXPLAIN_EPT_ENTRY, 0x1f8); /* a not-present entry ignores all of it */
	assert_int_equal(misconfigurations(), 0);
}

static void guest_entries(void **state)
{
	(void)state;
	explain(UDV_EXPLAIN_PTE, 0x80000000deadb867);
	expect_note("maps the 4 KB page at 0xdeadb000");
	expect_note("user-mode, writable, not executable, as far as this entry is concerned");
	options.nxe = false;
	explain(UDV_EXPLAIN_PTE, 0x80000000deadb867);
	assert_int_equal(row(63)->class, UDV_CLASS_VIOLATED);
	expect_note("reserved bits are set: its use raises #PF with P = 1 and RSVD = 1");
	explain(UDV_EXPLAIN_PTE, 0xdeadb866);
	assert_string_equal(x.title, "PTE that is not present");
	udv_explain_defaults(&options);
	options.level = 2;
	explain(UDV_EXPLAIN_PTE, 0x2020e3);
	assert_int_equal(row(13)->class, UDV_CLASS_VIOLATED);
	assert_string_equal(row(13)->meaning, "must be 0; set: 13");
	options.level = 4;
	explain(UDV_EXPLAIN_PTE, 0x10e3);
	assert_int_equal(row(7)->class, UDV_CLASS_VIOLATED);
	options.level = 3;
	explain(UDV_EXPLAIN_PTE, 0x400010e3);
	expect_note("maps the 1 GB page at 0x40000000");
	options.features &= ~UDV_FEATURE_1GB_PAGES;
	explain(UDV_EXPLAIN_PTE, 0x400010e3);
	assert_int_equal(row(7)->class, UDV_CLASS_VIOLATED);
}

static void guest_entries_legacy(void **state)
{
	(void)state;
	options.mode = UDV_PAGING_32BIT;
	options.level = 2;
	explain(UDV_EXPLAIN_PTE, 0x00dfe0e3);
	expect_note("maps the 4 MB page at 0xff00c00000");
	assert_int_equal(row(21)->class, UDV_CLASS_RESERVED);
	options.maxphyaddr = 36;
	explain(UDV_EXPLAIN_PTE, 0x00dfe0e3);
	assert_int_equal(row(13)->high, 16);
	assert_string_equal(row(17)->meaning, "must be 0; set: 17, 18, 19, 20");
	expect_note("maps the 4 MB page at 0xf00c00000");
	options.features &= ~UDV_FEATURE_PSE36;
	explain(UDV_EXPLAIN_PTE, 0x00dfe0e3);
	assert_int_equal(row(13)->high, 21);
	assert_int_equal(row(13)->class, UDV_CLASS_VIOLATED);
	options.pse = false;
	explain(UDV_EXPLAIN_PTE, 0x00dfe0e3);
	assert_int_equal(row(7)->class, UDV_CLASS_IGNORED);
	expect_note("references the table at 0xdfe000");
	udv_explain_defaults(&options);
	options.mode = UDV_PAGING_PAE;
	options.level = 3;
	explain(UDV_EXPLAIN_PTE, 0x1003);
	assert_int_equal(row(1)->class, UDV_CLASS_VIOLATED);
	assert_int_equal(count_notes("reserved bits are set: loading it raises #GP(0)"), 1);
	options.level = 1;
	explain(UDV_EXPLAIN_PTE, 1ull << 52 | 0x1003);
	assert_int_equal(row(52)->class, UDV_CLASS_VIOLATED);
}

static void control_registers(void **state)
{
	(void)state;
	explain(UDV_EXPLAIN_CR0, 0x80050033);
	expect_note("protected mode with paging");
	assert_int_equal(contradictions(), 0);
	explain(UDV_EXPLAIN_CR0, 0x80000030);
	assert_int_equal(contradictions(), 1);
	explain(UDV_EXPLAIN_CR0, 0x20000031);
	assert_int_equal(contradictions(), 1);
	explain(UDV_EXPLAIN_CR4, 1 << 15);
	assert_int_equal(row(15)->class, UDV_CLASS_VIOLATED);
	assert_int_equal(count_notes("reserved bits are wrong"), 1);
	explain(UDV_EXPLAIN_EFER, 1 << 9);
	assert_int_equal(row(9)->class, UDV_CLASS_VIOLATED);
	assert_int_equal(count_notes("reserved bits are wrong"), 1);
	explain(UDV_EXPLAIN_EFER, 0x400);
	assert_int_equal(contradictions(), 1);
	explain(UDV_EXPLAIN_CR3, 1ull << 63 | 0x1000);
	assert_int_equal(row(63)->class, UDV_CLASS_VIOLATED);
	options.pcid = true;
	explain(UDV_EXPLAIN_CR3, 1ull << 63 | 0x1abc);
	assert_int_equal(row(63)->class, UDV_CLASS_DEFINED);
	assert_int_equal(row(0)->value, 0xabc);
}

/* MOV to CR0 ignores reserved bits in the low half, and raises #GP for those in the high half. */
static void reserved_bits_of_cr0(void **state)
{
	(void)state;
	explain(UDV_EXPLAIN_CR0, 0x80000021); /* ET = 0 */
	assert_int_equal(row(4)->class, UDV_CLASS_IGNORED);
	assert_int_equal(count_notes("reserved bits are wrong"), 0);
	explain(UDV_EXPLAIN_CR0, 0x80021031); /* bits 12 and 17 */
	assert_int_equal(row(6)->class, UDV_CLASS_IGNORED);
	assert_int_equal(row(17)->class, UDV_CLASS_IGNORED);
	assert_int_equal(row(19)->class, UDV_CLASS_RESERVED);
	assert_int_equal(count_notes("reserved bits are wrong"), 0);
	explain(UDV_EXPLAIN_CR0, 1ull << 32 | 0x80001031);
	assert_int_equal(row(6)->class, UDV_CLASS_IGNORED);
	assert_int_equal(row(32)->class, UDV_CLASS_VIOLATED);
	assert_int_equal(count_notes("reserved bits are wrong"), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(capability_msrs),
		TEST(other_msrs),
		TEST(eptps),
		TEST(ept_entries),
		TEST(ept_misconfigurations),
		TEST(ept_reserved_bits),
		TEST(guest_entries),
		TEST(guest_entries_legacy),
		TEST(control_registers),
		TEST(reserved_bits_of_cr0),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
