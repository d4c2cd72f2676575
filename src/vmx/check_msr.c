/* SPDX-License-Identifier: MIT */
#include "arch/msrs.h"
#include "vmx/check.h"

/* SDM Vol 3C "Loading MSRs" */

#define X2APIC_RANGE 8u /* bits 31:8 of an index */
#define MSR_BIOS_UPDT_TRIG 0x79u
#define MSR_SMM_MONITOR_CTL 0x9bu
#define LAST_CAPABILITY_MSR ARCH_MSR_VMX_EXIT_CTLS2

enum vmx_check_id vmx_check_msr_index(const struct vmx_msr_entry *entry)
{
	if (entry->index == ARCH_MSR_FS_BASE || entry->index == ARCH_MSR_GS_BASE)
		return VMX_CHECK_MSRL_01;
	if (entry->index >> 8 == X2APIC_RANGE)
		return VMX_CHECK_MSRL_02;
	if (entry->index == MSR_SMM_MONITOR_CTL)
		return VMX_CHECK_MSRL_03;
	if (entry->index == MSR_BIOS_UPDT_TRIG)
		return VMX_CHECK_MSRL_04;
	if (entry->reserved)
		return VMX_CHECK_MSRL_05;
	return VMX_NR_CHECKS;
}

/* The guest's state is loaded by then: LME cannot change under its paging. */
static bool efer_ok(const struct vmx_capabilities *c, const struct vmx_vmcs *vmcs, uint64_t efer)
{
	bool ia32e_guest = HAS(vmcs->entry_controls, ENTRY, IA32E_GUEST);

	return !(efer & ~c->efer_bits) &&
	       (!(vmcs->guest_cr0 & CR0_PG) || !!(efer & EFER_LME) == ia32e_guest);
}

/* As far as the capabilities tell: other MSRs and other reserved bits pass. */
static bool value_ok(const struct vmx_capabilities *c, const struct vmx_vmcs *vmcs,
		     const struct vmx_msr_entry *entry)
{
	switch (entry->index) {
	case ARCH_MSR_MTRRCAP:
	case ARCH_MSR_ARCH_CAPABILITIES:
	case ARCH_MSR_VMX_BASIC ... LAST_CAPABILITY_MSR:
		return false; /* read-only */
	case ARCH_MSR_SYSENTER_ESP:
	case ARCH_MSR_SYSENTER_EIP:
	case ARCH_MSR_LSTAR:
	case ARCH_MSR_CSTAR:
	case ARCH_MSR_KERNEL_GS_BASE:
	case ARCH_MSR_DS_AREA:
		return canonical(entry->value, c->linear_bits);
	case ARCH_MSR_PAT:
		return pat_ok(entry->value);
	case ARCH_MSR_EFER:
		return efer_ok(c, vmcs, entry->value);
	case ARCH_MSR_DEBUGCTL:
		return !(entry->value & ~c->debugctl_bits);
	case ARCH_MSR_FMASK:
	case ARCH_MSR_TSC_AUX:
		return !(entry->value >> 32);
	default:
		return true;
	}
}

enum vmx_check_id vmx_check_msr(const struct vmx_capabilities *c, const struct vmx_vmcs *vmcs,
				const struct vmx_msr_entry *entry)
{
	enum vmx_check_id id = vmx_check_msr_index(entry);

	if (id != VMX_NR_CHECKS || value_ok(c, vmcs, entry))
		return id;
	return VMX_CHECK_MSRL_06;
}
