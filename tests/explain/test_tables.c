/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include <undervisor/exit_info.h>
#include <undervisor/explain.h>

#include "arch/controls.h"
#include "arch/entry_bits.h"
#include "arch/exit_reasons.h"
#include "arch/fault_bits.h"
#include "arch/msrs.h"
#include "arch/paging_bits.h"
#include "arch/registers.h"
#include "arch/vmcs_fields.h"

/* Numbers ascend strictly, so that none is there twice; names are unique. */
static unsigned check_list(enum udv_list list)
{
	struct udv_list_row row, other;
	uint32_t found;
	unsigned i;

	for (i = 0; udv_list_row(list, i, &row) == UDV_OK; i++) {
		assert_true(row.name[0] && row.text[0]);
		if (i) {
			assert_int_equal(udv_list_row(list, i - 1, &other), UDV_OK);
			if (other.number >= row.number)
				fail_msg("%s after %s", row.name, other.name);
		}
		assert_int_equal(udv_list_find(list, row.name, &found), UDV_OK);
		if (found != row.number)
			fail_msg("%s is there twice", row.name);
	}
	return i;
}

static void vmcs_fields_are_unique(void **state)
{
	(void)state;
	assert_int_equal(check_list(UDV_LIST_VMCS_FIELDS), arch_nr_vmcs_fields);
	assert_int_equal(arch_nr_vmcs_fields, 205);
}

static void exit_reasons_are_unique(void **state)
{
	static const unsigned unused[] = { 35, 38, 42, 71 };
	unsigned number, i = 0, holes = 0;

	(void)state;
	assert_int_equal(check_list(UDV_LIST_EXIT_REASONS), arch_nr_exit_reasons);
	for (number = 0; number <= 79; number++) {
		if (arch_exit_reasons[i].number == number)
			i++;
		else
			assert_int_equal(number, unused[holes++]);
	}
	assert_int_equal(holes, 4);
}

static void msrs_are_unique(void **state)
{
	unsigned i, capabilities = 0;

	(void)state;
	assert_int_equal(check_list(UDV_LIST_MSRS), arch_nr_msrs);
	for (i = 0; i < arch_nr_msrs; i++)
		capabilities += arch_msrs[i].index >= 0x480 && arch_msrs[i].index <= 0x493;
	assert_int_equal(capabilities, 0x14);
}

/* The control that makes a field exist is in the table of its group. */
static void fields_exist_by_known_controls(void **state)
{
	unsigned i, k, part;

	(void)state;
	for (i = 0; i < arch_nr_vmcs_fields; i++) {
		for (part = arch_vmcs_fields[i].exists; part; part >>= 16) {
			const struct arch_control_table *table;
			bool found = false;

			if (part == ARCH_TDX_ONLY)
				break;
			assert_true(ARCH_IF_GROUP(part) < ARCH_NR_CONTROL_GROUPS);
			table = &arch_control_tables[ARCH_IF_GROUP(part)];
			for (k = 0; k < table->nr_controls; k++)
				found |= table->controls[k].bit == ARCH_IF_BIT(part);
			assert_true(found);
		}
	}
}

/* Within a layout rows ascend without overlap and stay within its width. */
static void check_layout(const struct arch_layout *layout)
{
	unsigned next = 0, i;

	for (i = 0; i < layout->nr_rows; i++) {
		const struct arch_row *row = &layout->rows[i];

		if (row->low < next || row->high < row->low || row->high >= layout->width)
			fail_msg("%s: row %s", layout->title, row->name);
		next = row->high + 1u;
	}
}

static void layouts_do_not_overlap(void **state)
{
	(void)state;
#define CHECK(name, ...) check_layout(&arch_layout_##name);
	ARCH_REGISTER_LAYOUTS(CHECK)
	ARCH_FAULT_LAYOUTS(CHECK)
	ARCH_ENTRY_LAYOUTS(CHECK)
}

static void controls_ascend(void **state)
{
	unsigned group, i;

	(void)state;
	for (group = 0; group < ARCH_NR_CONTROL_GROUPS; group++)
		for (i = 1; i < arch_control_tables[group].nr_controls; i++)
			assert_true(arch_control_tables[group].controls[i].bit >
				    arch_control_tables[group].controls[i - 1].bit);
}

/* Spot checks against numbers written down elsewhere. */
static void encodings(void **state)
{
	(void)state;
	assert_int_equal(ARCH_VMCS_EPT_POINTER, 0x201a);
	assert_int_equal(ARCH_VMCS_EXIT_QUALIFICATION, 0x6400);
	assert_int_equal(ARCH_VMCS_GUEST_LINEAR_ADDRESS, 0x640a);
	assert_int_equal(ARCH_VMCS_GUEST_PHYSICAL_ADDRESS, 0x2400);
	assert_int_equal(ARCH_VMCS_PML_INDEX, 0x0812);
	assert_int_equal(ARCH_VMCS_HOST_RIP, 0x6c16);
	assert_int_equal(ARCH_VMCS_GUEST_RFLAGS, 0x6820);
	assert_int_equal(ARCH_VMCS_PREEMPTION_TIMER_VALUE, 0x482e);
	assert_int_equal(ARCH_SECONDARY_MBEC, 22);
	assert_int_equal(ARCH_TERTIARY_VERIFICATION, 3);
	assert_int_equal(ARCH_MSR_VMX_EPT_VPID_CAP, 0x48c);
	assert_int_equal(ARCH_EXIT_EPT_VIOLATION_REASON, UDV_EXIT_REASON_EPT_VIOLATION);
	assert_int_equal(ARCH_EXIT_SPP_EVENT_REASON, UDV_EXIT_REASON_SPP);
}

/* The masks that the walk uses and the tables that explain name the same bits. */
static void masks_agree_with_tables(void **state)
{
	static const struct {
		const struct arch_layout *layout;
		uint64_t mask;
		const char *name;
	} bits[] = {
		{ &arch_layout_CR0, CR0_PE, "PE" },
		{ &arch_layout_CR0, UDV_CR0_ET, "ET" },
		{ &arch_layout_CR0, UDV_CR0_NE, "NE" },
		{ &arch_layout_CR0, CR0_WP, "WP" },
		{ &arch_layout_CR0, UDV_CR0_NW, "NW" },
		{ &arch_layout_CR0, UDV_CR0_CD, "CD" },
		{ &arch_layout_CR0, CR0_PG, "PG" },
		{ &arch_layout_CR3_LONG, CR3_LAM_U57, "LAM_U57" },
		{ &arch_layout_CR3_LONG, CR3_LAM_U48, "LAM_U48" },
		{ &arch_layout_CR3_PCID, UDV_CR3_NO_FLUSH, "no flush" },
		{ &arch_layout_CR4, CR4_PSE, "PSE" },
		{ &arch_layout_CR4, CR4_PAE, "PAE" },
		{ &arch_layout_CR4, CR4_LA57, "LA57" },
		{ &arch_layout_CR4, UDV_CR4_VMXE, "VMXE" },
		{ &arch_layout_CR4, UDV_CR4_PCIDE, "PCIDE" },
		{ &arch_layout_CR4, CR4_SMEP, "SMEP" },
		{ &arch_layout_CR4, CR4_SMAP, "SMAP" },
		{ &arch_layout_CR4, CR4_PKE, "PKE" },
		{ &arch_layout_CR4, CR4_CET, "CET" },
		{ &arch_layout_CR4, CR4_PKS, "PKS" },
		{ &arch_layout_CR4, CR4_LASS, "LASS" },
		{ &arch_layout_CR4, CR4_LAM_SUP, "LAM_SUP" },
		{ &arch_layout_EFER, EFER_LME, "LME" },
		{ &arch_layout_EFER, EFER_LMA, "LMA" },
		{ &arch_layout_EFER, EFER_NXE, "NXE" },
		{ &arch_layout_PTE_2M, PTE_P, "P" },
		{ &arch_layout_PTE_2M, PTE_W, "R/W" },
		{ &arch_layout_PTE_2M, PTE_U, "U/S" },
		{ &arch_layout_PTE_2M, PTE_A, "A" },
		{ &arch_layout_PTE_2M, PTE_D, "D" },
		{ &arch_layout_PTE_2M, PTE_PS, "PS" },
		{ &arch_layout_PTE_2M, PTE_XD, "XD" },
		{ &arch_layout_EPT_2M, EPT_R, "R" },
		{ &arch_layout_EPT_2M, EPT_W, "W" },
		{ &arch_layout_EPT_2M, EPT_X, "X" },
		{ &arch_layout_EPT_2M, EPT_PS, "PS" },
		{ &arch_layout_EPT_2M, EPT_A, "A" },
		{ &arch_layout_EPT_2M, EPT_D, "D" },
		{ &arch_layout_EPT_2M, EPT_XU, "XU" },
		{ &arch_layout_EPT_4K, EPT_VERIFY_GUEST_PAGING, "VGP" },
		{ &arch_layout_EPT_4K, EPT_PAGING_WRITE, "PWA" },
		{ &arch_layout_EPT_4K, EPT_SUPERVISOR_SHADOW_STACK, "SSS" },
		{ &arch_layout_EPT_4K, EPT_SUB_PAGE_WRITE, "SPP" },
		{ &arch_layout_EPT_4K, EPT_SUPPRESS_VE, "suppress #VE" },
		{ &arch_layout_EPTP, EPTP_AD, "A/D flags" },
		{ &arch_layout_EPTP, EPTP_SSS, "supervisor shadow stack" },
		{ &arch_layout_PAGE_FAULT, UDV_PF_RSVD, "RSVD" },
		{ &arch_layout_PAGE_FAULT, UDV_PF_SS, "SS" },
		{ &arch_layout_PAGE_FAULT, UDV_PF_HLAT, "HLAT" },
		{ &arch_layout_PAGE_FAULT, UDV_PF_SGX, "SGX" },
		{ &arch_layout_NPF, UDV_NPF_FINAL, "final" },
		{ &arch_layout_NPF, UDV_NPF_TABLE, "table" },
		{ &arch_layout_EPT_VIOLATION, UDV_EQ_XU, "user-executable" },
		{ &arch_layout_EPT_VIOLATION, UDV_EQ_FINAL, "final translation" },
		{ &arch_layout_EPT_VIOLATION, UDV_EQ_NX, "guest execute-disable" },
		{ &arch_layout_EPT_VIOLATION, UDV_EQ_ASYNC, "asynchronous" },
		{ &arch_layout_Q_SPP, UDV_EQ_SPP_MISS, "event" },
		{ &arch_layout_VMX_EPT_VPID_CAP, UDV_EPT_CAP_EXECUTE_ONLY, "execute-only" },
		{ &arch_layout_VMX_EPT_VPID_CAP, UDV_EPT_CAP_5_LEVEL, "5-level EPT" },
		{ &arch_layout_VMX_EPT_VPID_CAP, UDV_EPT_CAP_2MB, "2 MB pages" },
		{ &arch_layout_VMX_EPT_VPID_CAP, UDV_EPT_CAP_AD, "A/D flags" },
	};
	unsigned i, k;

	(void)state;
	for (i = 0; i < sizeof(bits) / sizeof(bits[0]); i++) {
		bool found = false;

		for (k = 0; k < bits[i].layout->nr_rows; k++) {
			const struct arch_row *row = &bits[i].layout->rows[k];

			found |= row->low == row->high && bits[i].mask == 1ull << row->low &&
				 strcmp(row->name, bits[i].name) == 0;
		}
		if (!found)
			fail_msg("%s: %s", bits[i].layout->title, bits[i].name);
	}
}

static void names_are_found(void **state)
{
	uint32_t number;

	(void)state;
	assert_int_equal(udv_list_find(UDV_LIST_VMCS_FIELDS, "exit-qualification", &number),
			 UDV_OK);
	assert_int_equal(number, 0x6400);
	assert_int_equal(udv_list_find(UDV_LIST_MSRS, "vmx_ept_vpid_cap", &number), UDV_OK);
	assert_int_equal(number, 0x48c);
	assert_int_equal(udv_list_find(UDV_LIST_MSRS, "IA32_EFER", &number), UDV_OK);
	assert_int_equal(number, 0xc0000080);
	assert_int_equal(udv_list_find(UDV_LIST_EXIT_REASONS, "EPT violation", &number), UDV_OK);
	assert_int_equal(number, 48);
	assert_int_equal(udv_list_find(UDV_LIST_EXIT_REASONS, "EPT_VIOLATIO", &number),
			 UDV_ERR_NOT_FOUND);
	assert_int_equal(udv_list_find(UDV_LIST_EXIT_REASONS, "", &number), UDV_ERR_NOT_FOUND);
	assert_int_equal(udv_list_find(UDV_LIST_CONTROLS, "EPT", &number), UDV_ERR_ARGUMENT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(vmcs_fields_are_unique),
		cmocka_unit_test(exit_reasons_are_unique),
		cmocka_unit_test(msrs_are_unique),
		cmocka_unit_test(fields_exist_by_known_controls),
		cmocka_unit_test(layouts_do_not_overlap),
		cmocka_unit_test(controls_ascend),
		cmocka_unit_test(encodings),
		cmocka_unit_test(masks_agree_with_tables),
		cmocka_unit_test(names_are_found),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
