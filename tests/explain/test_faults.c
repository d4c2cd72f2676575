/* SPDX-License-Identifier: MIT */
#include "explain_test.h"

/* ---- EPT violations */

#define NO_RIGHT                                                                                   \
	"the EPT entries used had no right in common: one was not present, or the guest-"          \
	"physical address is wider than 4-level EPT translates"

static void ept_violation_0ab(void **state)
{
	(void)state;
	explain(UDV_EXPLAIN_EPT_VIOLATION, 0xab); /* I7 */
	expect_note("access to a guest paging-structure entry with EPT accessed/dirty flags "
		    "enabled (counts as read and write)");
	expect_note("the EPT entries used allowed read and execute, not write");
	expect_note("refused because write is missing");
	expect_note("bits 9 to 11 are undefined because bit 8 is 0");
	assert_int_equal(row(9)->class, UDV_CLASS_UNDEFINED);
	assert_int_equal(row(11)->class, UDV_CLASS_UNDEFINED);
	assert_int_equal(row(12)->class, UDV_CLASS_DEFINED);
	assert_int_equal(row(17)->class, UDV_CLASS_UNDEFINED);
	assert_string_equal(row(0)->meaning, "the access was a data read");
	assert_string_equal(row(4)->meaning, "some EPT entry withheld write");
	assert_int_equal(contradictions(), 0);
}

static void ept_violation_083(void **state)
{
	(void)state;
	explain(UDV_EXPLAIN_EPT_VIOLATION, 0x83); /* I7 */
	expect_note(NO_RIGHT);
	assert_int_equal(count_notes("refused"), 0);
	assert_int_equal(contradictions(), 0);
	explain(UDV_EXPLAIN_EPT_VIOLATION, 0x81);
	expect_note("read of a guest paging-structure entry, EPT accessed/dirty flags not "
		    "enabled");
	assert_false(has_note("access to a guest paging-structure entry with EPT accessed/dirty "
			      "flags enabled (counts as read and write)"));
}

static void ept_violation_181_and_581(void **state)
{
	(void)state;
	explain(UDV_EXPLAIN_EPT_VIOLATION, 0x581); /* I8 */
	expect_note("in the guest's tables the linear address is supervisor-mode, writable, "
		    "executable (undefined if IA32_VMX_EPT_VPID_CAP[22] = 0)");
	assert_int_equal(row(10)->class, UDV_CLASS_DEFINED);
	options.ept_vpid_cap &= ~UDV_EPT_CAP_ADVANCED_INFO;
	explain(UDV_EXPLAIN_EPT_VIOLATION, 0x181); /* I8 */
	expect_note("bits 9 to 11 are undefined because IA32_VMX_EPT_VPID_CAP[22] is 0");
	expect_note("a data read at the guest-physical address that the linear address translates "
		    "to");
	expect_note(NO_RIGHT);
	assert_int_equal(row(10)->class, UDV_CLASS_UNDEFINED);
	assert_int_equal(contradictions(), 0);
}

static void ept_violation_1aa(void **state)
{
	(void)state;
	explain(UDV_EXPLAIN_EPT_VIOLATION, 0x1aa);
	expect_note("a data write at the guest-physical address that the linear address translates "
		    "to");
	expect_note("the EPT entries used allowed read and execute, not write");
	expect_note("refused because write is missing");
	assert_int_equal(contradictions(), 0);
}

static void ept_violation_without_address(void **state)
{
	(void)state;
	explain(UDV_EXPLAIN_EPT_VIOLATION, 0x1); /* T6 */
	expect_note("a data read without a linear address, as MOV to CR0, CR3 or CR4 makes to load "
		    "the PDPTEs");
	expect_note("the guest-linear address field is undefined");
	expect_note("bits 9 to 11 are undefined because bit 7 is 0");
	assert_int_equal(contradictions(), 0);
}

/* I6: the right asked for is there, and something else refused. */
static void ept_violation_right_present(void **state)
{
	(void)state;
	options.ept_controls = UDV_EPT_MBEC;
	explain(UDV_EXPLAIN_EPT_VIOLATION, 0x1a4 | 0x8 | 0x200);
	expect_note("bits 5:3 allow the access: a fetch from a user-mode linear address that "
		    "mode-based execute control refused (bit 6)");
	expect_note("the EPT entries used allowed read and execute, not write or user-mode "
		    "execute");
	explain(UDV_EXPLAIN_EPT_VIOLATION, 0x80b9);
	expect_note("contradiction: guest-paging verification (bit 15) judges final translations "
		    "only");
	explain(UDV_EXPLAIN_EPT_VIOLATION, 0x81b9); /* T44 */
	expect_note("refused by guest-paging verification, not by the EPT rights");
	explain(UDV_EXPLAIN_EPT_VIOLATION, 0x21b9);
	expect_note("refused by the supervisor shadow-stack control, not by bits 5:3");
	assert_int_equal(contradictions(), 0);
}

/* H15, O7: bit 6 means something with mode-based execute control only. */
static void ept_violation_bit_6(void **state)
{
	(void)state;
	explain(UDV_EXPLAIN_EPT_VIOLATION, 0x1c1);
	assert_int_equal(row(6)->class, UDV_CLASS_UNDEFINED);
	expect_note("bit 6 is undefined without mode-based execute control for EPT");
	expect_note(NO_RIGHT);
	options.ept_controls = UDV_EPT_MBEC;
	explain(UDV_EXPLAIN_EPT_VIOLATION, 0x1c1);
	assert_int_equal(row(6)->class, UDV_CLASS_DEFINED);
	expect_note("the EPT entries used allowed user-mode execute, not read, write or execute");
}

static void ept_violation_bit_14(void **state)
{
	(void)state;
	explain(UDV_EXPLAIN_EPT_VIOLATION, 0x4181);
	assert_int_equal(row(14)->class, UDV_CLASS_UNDEFINED);
	options.ept_sss = true;
	explain(UDV_EXPLAIN_EPT_VIOLATION, 0x4181);
	assert_int_equal(row(14)->class, UDV_CLASS_DEFINED);
}

static void ept_violation_contradictions(void **state)
{
	(void)state;
	explain(UDV_EXPLAIN_EPT_VIOLATION, 0x180); /* I1 */
	expect_note("contradiction: no access bit is set, but bits 2:0 are never all 0");
	assert_int_equal(contradictions(), 1);
	explain(UDV_EXPLAIN_EPT_VIOLATION, 0x186); /* I1 */
	expect_note("contradiction: a fetch (bit 2) is never also a read or a write");
	assert_int_equal(contradictions(), 1);
	explain(UDV_EXPLAIN_EPT_VIOLATION, 0x101); /* I2 */
	expect_note("contradiction: bit 8 is set without bit 7");
	assert_int_equal(row(8)->class, UDV_CLASS_VIOLATED);
	assert_int_equal(contradictions(), 1);
	explain(UDV_EXPLAIN_EPT_VIOLATION, 0x84); /* I4 */
	expect_note("contradiction: an access to a guest paging-structure entry is never a fetch, "
		    "even on behalf of one");
	assert_int_equal(contradictions(), 1);
	explain(UDV_EXPLAIN_EPT_VIOLATION, 0x191);
	assert_int_equal(contradictions(), 1);
}

/* ---- the other faults */

static void page_faults(void **state)
{
	(void)state;
	explain(UDV_EXPLAIN_PAGE_FAULT, 0x15);
	assert_int_equal(x.width, 32);
	expect_note("a user-mode instruction fetch of a present page, refused by its rights");
	expect_note("some entry has U/S = 0 or XD = 1");
	assert_int_equal(contradictions(), 0);
	explain(UDV_EXPLAIN_PAGE_FAULT, 0x2);
	expect_note("a supervisor-mode write of an address whose walk met an entry that is not "
		    "present");
	explain(UDV_EXPLAIN_PAGE_FAULT, 0x27);
	assert_int_equal(count_notes("a protection key denied it"), 1);
	explain(UDV_EXPLAIN_PAGE_FAULT, 0x8);
	assert_int_equal(contradictions(), 1);
	explain(UDV_EXPLAIN_PAGE_FAULT, 0x12);
	assert_int_equal(contradictions(), 1);
	explain(UDV_EXPLAIN_PAGE_FAULT, 0x31);
	assert_int_equal(contradictions(), 1);
	explain(UDV_EXPLAIN_PAGE_FAULT, 0x80000001);
	assert_int_equal(row(16)->class, UDV_CLASS_VIOLATED);
	assert_string_equal(row(16)->meaning, "must be 0; set: 31");
	assert_int_equal(contradictions(), 1);
}

static void nested_page_faults(void **state)
{
	(void)state;
	explain(UDV_EXPLAIN_NPF, 0x200000007);
	expect_note("the fault is in the translation of a guest page-table entry's address, which "
		    "EXITINFO2 holds");
	expect_note("the nested entries are present and withhold the right");
	assert_int_equal(contradictions(), 0);
	explain(UDV_EXPLAIN_NPF, 0x100000004);
	expect_note("the fault is in the translation of the final guest-physical address");
	expect_note("a nested entry is not present");
	assert_int_equal(contradictions(), 0);
	explain(UDV_EXPLAIN_NPF, 0x300000007);
	assert_int_equal(contradictions(), 1);
	explain(UDV_EXPLAIN_NPF, 0x7);
	assert_int_equal(contradictions(), 1);
	explain(UDV_EXPLAIN_NPF, 0x200000005);
	assert_int_equal(contradictions(), 1);
}

/* ---- VMCS fields, exit reasons, qualifications */

static void vmcs_fields(void **state)
{
	(void)state;
	explain(UDV_EXPLAIN_VMCS_FIELD, 0x6400);
	assert_string_equal(x.title, "EXIT_QUALIFICATION");
	assert_string_equal(row(13)->meaning, "natural width");
	assert_string_equal(row(10)->meaning, "read-only data (VM-exit information)");
	expect_note("exists on every processor with VMX");
	explain(UDV_EXPLAIN_VMCS_FIELD, 0x201b);
	assert_string_equal(x.title, "EPT_POINTER");
	assert_string_equal(row(0)->meaning, "high half of a 64-bit field");
	expect_note("this encoding accesses bits 63:32 of the field");
	expect_note("exists only if the processor supports the 1-setting of the \"enable EPT\" "
		    "secondary processor-based control (bit 1)");
	explain(UDV_EXPLAIN_VMCS_FIELD, 0x2804);
	expect_note("exists only if the processor supports the 1-setting of the \"load IA32_PAT\" "
		    "VM-entry control (bit 14) or of the \"save IA32_PAT\" primary VM-exit control "
		    "(bit 18)");
	explain(UDV_EXPLAIN_VMCS_FIELD, 0x6401);
	assert_string_equal(x.title, "unknown VMCS field");
	assert_int_equal(row(0)->class, UDV_CLASS_VIOLATED);
	explain(UDV_EXPLAIN_VMCS_FIELD, 0x24fe);
	assert_string_equal(x.title, "unknown VMCS field");
	assert_string_equal(row(13)->meaning, "64 bits");
	assert_int_equal(row(1)->value, 0x7f);
}

static void exit_reasons(void **state)
{
	(void)state;
	explain(UDV_EXPLAIN_EXIT_REASON, 48);
	assert_string_equal(x.title, "EPT_VIOLATION");
	expect_note("valid information: exit qualification (6400H), guest-linear address (640AH, "
		    "in some cases), guest-physical address (2400H), IDT-vectoring information "
		    "(4408H, if delivering an event), VM-exit instruction length (440CH, if "
		    "delivering a software event)");
	explain(UDV_EXPLAIN_EXIT_REASON, 49);
	expect_note("the exit qualification is 0");
	explain(UDV_EXPLAIN_EXIT_REASON, 0x80000021);
	assert_string_equal(x.title, "ENTRY_GUEST_STATE");
	assert_int_equal(contradictions(), 0);
	explain(UDV_EXPLAIN_EXIT_REASON, 33);
	assert_int_equal(contradictions(), 1);
	explain(UDV_EXPLAIN_EXIT_REASON, 0x80000030);
	assert_int_equal(contradictions(), 1);
	explain(UDV_EXPLAIN_EXIT_REASON, 35);
	assert_int_equal(row(0)->class, UDV_CLASS_VIOLATED);
	assert_int_equal(contradictions(), 0);
	explain(UDV_EXPLAIN_EXIT_REASON, 0x40000030);
	assert_int_equal(row(30)->class, UDV_CLASS_VIOLATED);
	assert_int_equal(contradictions(), 1);
}

static void qualifications(void **state)
{
	(void)state;
	options.exit_reason = 28;
	explain(UDV_EXPLAIN_QUALIFICATION, 0x203);
	expect_note("MOV to CR3");
	assert_string_equal(row(8)->meaning, "RDX");
	explain(UDV_EXPLAIN_QUALIFICATION, 0x10030);
	expect_note("writes CR0 by LMSW");
	assert_int_equal(contradictions(), 0);
	explain(UDV_EXPLAIN_QUALIFICATION, 0x2);
	assert_int_equal(contradictions(), 1);
	options.exit_reason = 30;
	explain(UDV_EXPLAIN_QUALIFICATION, 0x800030);
	expect_note("REP OUTS of 1 byte, port 0x80");
	explain(UDV_EXPLAIN_QUALIFICATION, 0x3f8000b);
	expect_note("IN of 4 bytes, port 0x3f8");
	explain(UDV_EXPLAIN_QUALIFICATION, 0x3f80002);
	assert_int_equal(row(0)->class, UDV_CLASS_VIOLATED);
	options.exit_reason = 9;
	explain(UDV_EXPLAIN_QUALIFICATION, 0xc0000028);
	assert_string_equal(row(30)->meaning, "task gate in the IDT");
	assert_int_equal(row(0)->value, 0x28);
	options.exit_reason = 44;
	explain(UDV_EXPLAIN_QUALIFICATION, 0xf123);
	assert_string_equal(row(12)->meaning, "guest-physical: fetch or execution");
	assert_int_equal(row(0)->class, UDV_CLASS_UNDEFINED);
	explain(UDV_EXPLAIN_QUALIFICATION, 0x1020);
	assert_string_equal(row(12)->meaning, "linear: data write");
	explain(UDV_EXPLAIN_QUALIFICATION, 0x5020);
	assert_int_equal(row(12)->class, UDV_CLASS_VIOLATED);
	options.exit_reason = 0;
	options.vector = 1;
	explain(UDV_EXPLAIN_QUALIFICATION, 0x4000);
	assert_string_equal(row(14)->meaning, "a single step or branch step");
	options.exit_reason = 48;
	explain(UDV_EXPLAIN_QUALIFICATION, 0xab);
	assert_int_equal(row(6)->class, UDV_CLASS_UNDEFINED);
	expect_note("refused because write is missing");
	options.exit_reason = 10;
	explain(UDV_EXPLAIN_QUALIFICATION, 1);
	assert_int_equal(row(0)->class, UDV_CLASS_VIOLATED);
	options.exit_reason = 33;
	explain(UDV_EXPLAIN_QUALIFICATION, 4);
	assert_string_equal(row(0)->meaning, "VMCS link pointer");
	explain(UDV_EXPLAIN_QUALIFICATION, 1);
	assert_int_equal(row(0)->class, UDV_CLASS_VIOLATED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(ept_violation_0ab),
		TEST(ept_violation_083),
		TEST(ept_violation_181_and_581),
		TEST(ept_violation_1aa),
		TEST(ept_violation_without_address),
		TEST(ept_violation_right_present),
		TEST(ept_violation_bit_6),
		TEST(ept_violation_bit_14),
		TEST(ept_violation_contradictions),
		TEST(page_faults),
		TEST(nested_page_faults),
		TEST(vmcs_fields),
		TEST(exit_reasons),
		TEST(qualifications),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
