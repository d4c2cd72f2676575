/* SPDX-License-Identifier: MIT */
#include <undervisor/paging.h>

#include "vmx/check.h"

/* SDM Vol 3C "Checks on VMX Controls" */

/* 31:0 of @capability must be 1 in @word, and only 63:32 may be. */
static bool settings_ok(uint64_t word, uint64_t capability)
{
	return !(capability & BITS(31, 0) & ~word) && !(word & ~(capability >> 32));
}

static uint64_t capability(const struct checker *k, enum arch_control_group group)
{
	return k->c->controls[group];
}

static void check_reserved(struct checker *k)
{
	const struct vmx_vmcs *v = k->v;

	MUST(settings_ok(k->pin, capability(k, ARCH_GROUP_PIN)), CTL_01);
	MUST(settings_ok(k->primary, capability(k, ARCH_GROUP_PRIMARY)), CTL_02);
	MUST(!(k->secondary & ~(capability(k, ARCH_GROUP_SECONDARY) >> 32)), CTL_03);
	MUST(!(k->tertiary & ~capability(k, ARCH_GROUP_TERTIARY)), CTL_04);
	MUST(settings_ok(k->exit, capability(k, ARCH_GROUP_EXIT)), CTL_05);
	MUST(!(k->exit2 & ~capability(k, ARCH_GROUP_EXIT2)), CTL_06);
	MUST(settings_ok(k->entry, capability(k, ARCH_GROUP_ENTRY)), CTL_07);
	MUST(!SECONDARY(VM_FUNCTIONS) ||
		     !(v->vm_function_controls & ~capability(k, ARCH_GROUP_VMFUNC)),
	     CTL_08);
}

static bool threshold_ok(const struct checker *k)
{
	uint64_t tpr;

	if (!address_ok(k, k->v->virtual_apic_address, 12) ||
	    !read_memory(k, k->v->virtual_apic_address + 0x80, 4, &tpr))
		return true;
	return (k->v->tpr_threshold & 0xf) <= (tpr >> 4 & 0xf);
}

static void check_apic(struct checker *k)
{
	const struct vmx_vmcs *v = k->v;
	bool shadow = PRIMARY(TPR_SHADOW);

	MUST(!shadow || address_ok(k, v->virtual_apic_address, 12), EXEC_04);
	MUST(!shadow || SECONDARY(VIRTUAL_INTERRUPT_DELIVERY) || !(v->tpr_threshold >> 4), EXEC_05);
	MUST(!shadow || SECONDARY(VIRTUALIZE_APIC) || SECONDARY(VIRTUAL_INTERRUPT_DELIVERY) ||
		     threshold_ok(k),
	     EXEC_06);
	MUST(shadow || !(SECONDARY(VIRTUALIZE_X2APIC) || SECONDARY(APIC_REGISTERS) ||
			 SECONDARY(VIRTUAL_INTERRUPT_DELIVERY)),
	     EXEC_07);
	MUST(shadow || !TERTIARY(IPI_VIRTUALIZATION), EXEC_08);
	MUST(!SECONDARY(VIRTUALIZE_APIC) || address_ok(k, v->apic_access_address, 12), EXEC_11);
	MUST(!SECONDARY(VIRTUALIZE_X2APIC) || !SECONDARY(VIRTUALIZE_APIC), EXEC_12);
	MUST(!SECONDARY(VIRTUAL_INTERRUPT_DELIVERY) || PIN(EXTERNAL_INTERRUPT), EXEC_13);
	if (!PIN(POSTED_INTERRUPTS))
		return;
	MUST(SECONDARY(VIRTUAL_INTERRUPT_DELIVERY), EXEC_14);
	MUST(EXIT(ACKNOWLEDGE), EXEC_15);
	MUST(!(v->posted_interrupt_notification_vector >> 8), EXEC_16);
	MUST(address_ok(k, v->posted_interrupt_descriptor_address, 6), EXEC_17);
}

static void check_eptp(struct checker *k)
{
	uint32_t bad = udv_eptp_problems(k->v->ept_pointer, k->c->ept_vpid_cap, k->c->maxphyaddr);

	if (!k->ept)
		return;
	MUST(!(bad & UDV_EPTP_BAD_MEMORY_TYPE), EXEC_19);
	MUST(!(bad & UDV_EPTP_BAD_WALK_LENGTH), EXEC_20);
	MUST(!(bad & UDV_EPTP_BAD_AD), EXEC_21);
	MUST(!(bad & UDV_EPTP_BAD_SHADOW_STACK), EXEC_22);
	MUST(!(bad & (UDV_EPTP_BAD_RESERVED | UDV_EPTP_BAD_ADDRESS)), EXEC_23);
}

/* Controls that make no sense without EPT. */
static void check_ept_users(struct checker *k)
{
	const struct vmx_vmcs *v = k->v;
	bool switching =
		SECONDARY(VM_FUNCTIONS) && HAS(v->vm_function_controls, VMFUNC, EPTP_SWITCHING);

	check_eptp(k);
	MUST(!SECONDARY(PML) || k->ept, EXEC_24);
	MUST(!SECONDARY(PML) || address_ok(k, v->pml_address, 12), EXEC_25);
	MUST(!k->unrestricted || k->ept, EXEC_26);
	MUST(!SECONDARY(MBEC) || k->ept, EXEC_27);
	MUST(!SECONDARY(SPP) || k->ept, EXEC_28);
	MUST(!SECONDARY(SPP) || address_ok(k, v->sppt_pointer, 12), EXEC_29);
	MUST(!switching || k->ept, EXEC_30);
	MUST(!switching || address_ok(k, v->eptp_list_address, 12), EXEC_31);
	MUST(!SECONDARY(PT_GUEST_PHYSICAL) ||
		     (k->ept && ENTRY(LOAD_RTIT_CTL) && EXIT(CLEAR_RTIT_CTL)),
	     EXEC_34);
	MUST(!TERTIARY(HLAT) || k->ept, EXEC_37);
	MUST(!TERTIARY(HLAT) ||
		     !(v->hlat_pointer & (BITS(2, 0) | BITS(11, 5) | bits_from(k->c->maxphyaddr))),
	     EXEC_38);
	MUST(!TERTIARY(PAGING_WRITE) || k->ept, EXEC_40);
	MUST(!TERTIARY(VERIFICATION) || k->ept, EXEC_41);
}

static void check_execution(struct checker *k)
{
	const struct vmx_vmcs *v = k->v;

	MUST(v->cr3_target_count <= (k->c->misc >> 16 & 0x1ff), EXEC_01);
	if (PRIMARY(IO_BITMAPS)) {
		MUST_FIELD(address_ok(k, v->io_bitmap_a, 12), EXEC_02, IO_BITMAP_A);
		MUST_FIELD(address_ok(k, v->io_bitmap_b, 12), EXEC_02, IO_BITMAP_B);
	}
	MUST(!PRIMARY(MSR_BITMAPS) || address_ok(k, v->msr_bitmaps, 12), EXEC_03);
	MUST(PIN(NMI) || !PIN(VIRTUAL_NMIS), EXEC_09);
	MUST(PIN(VIRTUAL_NMIS) || !PRIMARY(NMI_WINDOW), EXEC_10);
	check_apic(k);
	MUST(!SECONDARY(VPID) || v->vpid, EXEC_18);
	check_ept_users(k);
	if (SECONDARY(VMCS_SHADOWING)) {
		MUST_FIELD(address_ok(k, v->vmread_bitmap_address, 12), EXEC_32,
			   VMREAD_BITMAP_ADDRESS);
		MUST_FIELD(address_ok(k, v->vmwrite_bitmap_address, 12), EXEC_32,
			   VMWRITE_BITMAP_ADDRESS);
	}
	MUST(!SECONDARY(EPT_VIOLATION_VE) || address_ok(k, v->ve_information_address, 12), EXEC_33);
	MUST(!SECONDARY(TSC_SCALING) || v->tsc_multiplier, EXEC_35);
	if (SECONDARY(PASID_TRANSLATION)) {
		MUST_FIELD(address_ok(k, v->low_pasid_directory_address, 12), EXEC_36,
			   LOW_PASID_DIRECTORY_ADDRESS);
		MUST_FIELD(address_ok(k, v->high_pasid_directory_address, 12), EXEC_36,
			   HIGH_PASID_DIRECTORY_ADDRESS);
	}
	if (TERTIARY(IPI_VIRTUALIZATION)) {
		MUST(address_ok(k, v->pid_pointer_table_address, 3), EXEC_42);
		MUST(address_ok(k, v->pid_pointer_table_address + 8 * v->last_pid_pointer_index, 3),
		     EXEC_43);
	}
}

/* An MSR list of @count entries ends inside of the address space; wide arithmetic, as the SDM says.
 */
static bool list_fits(const struct checker *k, uint64_t address, uint64_t count)
{
	uint64_t last = address + 16 * count - 1;

	return last >= address && !(last & beyond_width(k));
}

static void check_lists(struct checker *k)
{
	const struct vmx_vmcs *v = k->v;

	MUST(PIN(PREEMPTION_TIMER) || !EXIT(SAVE_PREEMPTION_TIMER), EXIT_01);
	if (v->exit_msr_store_count) {
		MUST(address_ok(k, v->exit_msr_store_address, 4), EXIT_02);
		MUST(list_fits(k, v->exit_msr_store_address, v->exit_msr_store_count), EXIT_03);
	}
	if (v->exit_msr_load_count) {
		MUST(address_ok(k, v->exit_msr_load_address, 4), EXIT_04);
		MUST(list_fits(k, v->exit_msr_load_address, v->exit_msr_load_count), EXIT_05);
	}
	if (v->entry_msr_load_count) {
		MUST(address_ok(k, v->entry_msr_load_address, 4), ENTRY_01);
		MUST(list_fits(k, v->entry_msr_load_address, v->entry_msr_load_count), ENTRY_02);
	}
	MUST(!ENTRY(ENTRY_TO_SMM) && !ENTRY(DEACTIVATE_DUAL_MONITOR), ENTRY_03);
	MUST(!ENTRY(ENTRY_TO_SMM) || !ENTRY(DEACTIVATE_DUAL_MONITOR), ENTRY_04);
	MUST(!k->input->tracing || !ENTRY(LOAD_RTIT_CTL), ENTRY_05);
}

enum {
	TYPE_RESERVED = 1,
	TYPE_NMI = 2,
	TYPE_EXCEPTION = 3,
	TYPE_SOFTWARE = 4,
	TYPE_OTHER = 7,
};
#define ERROR_CODE_VECTORS (BIT(8) | BIT(10) | BIT(11) | BIT(12) | BIT(13) | BIT(14) | BIT(17))

/* "Nested exception", of FRED: IA32_VMX_BASIC[58] */
static bool nested_ok(const struct checker *k, unsigned type)
{
	return k->c->basic & BIT(58) && type == TYPE_EXCEPTION;
}

static void check_injection(struct checker *k)
{
	const struct vmx_vmcs *v = k->v;
	uint32_t info = (uint32_t)v->entry_interruption_info;
	unsigned vector = info & 0xff, type = info >> 8 & 7;
	bool error = info >> 11 & 1;
	bool pushes = type == TYPE_EXCEPTION && !(k->unrestricted && !(v->guest_cr0 & CR0_PE));
	uint64_t length = v->entry_instruction_length;
	bool fred = v->guest_cr4 & CR4_FRED;
	/* SYSCALL and SYSENTER, which FRED delivers as events */
	bool system_call = fred && type == TYPE_OTHER && (vector == 1 || vector == 2);

	if (!(info >> 31))
		return;
	MUST(type != TYPE_RESERVED, INJ_01);
	MUST(type != TYPE_OTHER ||
		     vmx_may_be_1(k->c, ARCH_GROUP_PRIMARY, ARCH_PRIMARY_MONITOR_TRAP_FLAG),
	     INJ_02);
	MUST(type != TYPE_NMI || vector == 2, INJ_03);
	MUST(type != TYPE_EXCEPTION || vector <= 31, INJ_04);
	MUST(type != TYPE_OTHER || vector == 0 || system_call, INJ_05);
	MUST(!error || pushes, INJ_06);
	MUST(k->c->basic & BIT(56) || !pushes || vector > 31 ||
		     error == (ERROR_CODE_VECTORS >> vector & 1),
	     INJ_07);
	MUST(!(info & BITS(30, 12) & ~(nested_ok(k, type) ? BIT(13) : 0)), INJ_08);
	MUST(!error || !(v->entry_exception_error_code & BITS(31, 16)), INJ_09);
	MUST(type < TYPE_SOFTWARE || type == TYPE_OTHER ||
		     (length <= 15 && (length || k->c->misc & BIT(30))),
	     INJ_10);
	MUST(!system_call || length <= 15, INJ_11);
}

void check_controls(struct checker *k)
{
	check_reserved(k);
	check_execution(k);
	check_lists(k);
	check_injection(k);
}
