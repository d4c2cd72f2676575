/* SPDX-License-Identifier: MIT */
#ifndef UDV_VMX_CAPABILITIES_H
#define UDV_VMX_CAPABILITIES_H

#include <stdbool.h>
#include <stdint.h>

#include "arch/controls.h"
#include "vmx/vmcs.h"

/* What the VMX capability MSRs say. SDM Vol 3D "VMX Capability Reporting Facility" */
struct vmx_capabilities {
	uint64_t basic, misc, vmcs_enum;
	uint64_t cr0_fixed0, cr0_fixed1, cr4_fixed0, cr4_fixed1;
	uint64_t ept_vpid_cap;
	/*
	 * By enum arch_control_group: the "true" MSRs for those that have them. 31:0 must be 1,
	 * 63:32 may be 1; of 64-bit groups (tertiary, secondary exit, VM functions) all 64 may
	 * be 1.
	 */
	uint64_t controls[ARCH_NR_CONTROL_GROUPS];
	/* bits of these MSRs that are not reserved */
	uint64_t efer_bits, debugctl_bits, perf_global_ctrl_bits;
	uint64_t rtit_ctl_bits, lbr_ctl_bits, spec_ctrl_bits;
	uint8_t maxphyaddr, linear_bits;
	bool sgx, rtm, bus_lock_debug;
	/* by vmx_field_key(): 1 + slot of a field that exists, 0 for others; vmx_find_fields() */
	uint8_t fields[VMX_FIELD_KEYS];
};

/* The 1-setting of bit @bit of @group is supported. */
static inline bool vmx_may_be_1(const struct vmx_capabilities *c, enum arch_control_group group,
				unsigned bit)
{
	bool plain = group == ARCH_GROUP_TERTIARY || group == ARCH_GROUP_EXIT2 ||
		     group == ARCH_GROUP_VMFUNC;

	return c->controls[group] >> (plain ? bit : bit + 32) & 1;
}

/* VMREAD and VMWRITE know the field: a control that uses it is supported. */
struct arch_vmcs_field;
bool vmx_field_exists(const struct vmx_capabilities *c, const struct arch_vmcs_field *field);
/* Fills in c->fields from the rest. */
void vmx_find_fields(struct vmx_capabilities *c);

#endif
