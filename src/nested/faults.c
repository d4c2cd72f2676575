/* SPDX-License-Identifier: MIT */
#include "arch/exit_reasons.h"
#include "arch/system_bits.h"
#include "cpu/access.h"
#include "cpu/vmx_state.h"
#include "nested/nested.h"

/*
 * EPT exits of vmcs02. They are about EPT02, which is L0's; whether L1 has anything to see is for a
 * walk of EPT12 to say, for the one guest-physical address that was reported.
 */

static struct udv_hardware_report report_of(const struct nested *n)
{
	const struct cpu_vmx *vmx = &n->cpu->vmx;
	const struct vmx_vmcs *v = n->vmcs12;

	return (struct udv_hardware_report){
		.exit_reason = vmx->exit.reason,
		.exit_qualification = vmx->exit.qualification,
		.guest_physical_address = UDV_GPA(vmx->exit.guest_physical_address),
		.guest_linear_address = UDV_GVA(vmx->exit.guest_linear_address),
		.ept02_ad = n->ept12.ept_ad,
		.advanced_info = vmx->capabilities.ept_vpid_cap & UDV_EPT_CAP_ADVANCED_INFO,
		.nmi_unblocking_defined = !VMX_HAS(v->pin_based_controls, PIN, NMI) ||
					  VMX_HAS(v->pin_based_controls, PIN, VIRTUAL_NMIS),
		.event_delivery = vmx->interrupted.valid,
	};
}

/* ---------------------------------------------------------------- EPT12 allows it */

/* A page that EPT02 may lead to: memory, or where the processor is to notice accesses. */
static bool is_mapped(struct nested *n, uint64_t address)
{
	const struct mem_region *region = mem_find(n->cpu->memory, address);

	return (region && region->host) || (address & PAGE_MASK) == n->cpu->vmx.apic_page;
}

/* The largest page around @address that is memory of one kind and has no APIC-access page. */
static unsigned page_shift(struct nested *n, uint64_t address, unsigned ept12_shift)
{
	const struct mem_region *region = mem_find(n->cpu->memory, address);
	uint64_t base = address & ~(BIT(21) - 1);

	if (ept12_shift < 21 || !region || !region->host || base < region->base ||
	    base + BIT(21) > region->base + region->size || n->cpu->vmx.apic_page - base < BIT(21))
		return 12;
	return 21;
}

#define LEAF_DIRTY BIT(9)

static void fill(struct nested *n, const struct udv_walk_result *walk)
{
	struct cpu *cpu = n->cpu;
	unsigned shift = page_shift(n, walk->hpa.value, walk->ept_page_shift);
	unsigned rights = walk->ept_rights;

	/* L1 is to see the first write: its dirty flag, or its log. */
	if (n->ept12.ept_ad && !(walk->ept_leaf & LEAF_DIRTY))
		rights &= ~UDV_EPT_W;
	n->stats.filled++;
	if (!ept02_map(&n->ept02, cpu->vmx.vmcs.ept_pointer, walk->gpa.value, walk->hpa.value,
		       rights, shift)) {
		cpu->vmx.vmcs.ept_pointer = ept02_root(&n->ept02, n->vmcs12->ept_pointer,
						       VMX_SECONDARY(n->vmcs12, MBEC));
		cpu_forget_spaces(cpu, SPACES_OF_EPT, 0);
		cpu_paging_changed(cpu);
	}
	nested_retry(n);
}

static void allowed(struct nested *n, const struct udv_walk_result *walk)
{
	if (is_mapped(n, walk->hpa.value))
		fill(n, walk);
	else
		nested_emulate(n);
}

/* ---------------------------------------------------------------- EPT12 refuses it */

/* A virtualization exception in L2 instead of an exit. */
static void raise_ve(struct nested *n, const struct udv_exit_info *info)
{
	nested_enter12(n);
	vmx_raise_ve(n->cpu, info);
	cpu_step_fault(n->cpu);
	nested_resume02(n);
}

/*
 * Bits of the qualification that the walk does not know are the report's; the rest is EPT12's.
 * SDM Vol 3C "EPT Violations": one invalidates what is cached for its address.
 */
static void refused(struct nested *n, const struct udv_walk_result *walk,
		    const struct udv_exit_info *info)
{
	struct cpu *cpu = n->cpu;
	struct vmx_exit *exit = &cpu->vmx.exit;

	ept02_unmap(&n->ept02, n->vmcs12->ept_pointer, walk->gpa.value);
	cpu_forget_spaces(cpu, SPACES_OF_EPT_ROOT, cpu->vmx.vmcs.ept_pointer);
	if (info->exit_reason == UDV_EXIT_REASON_EPT_VIOLATION &&
	    udv_ve_convertible(&n->ept12, walk)) {
		raise_ve(n, info);
		return;
	}
	exit->reason = info->exit_reason;
	exit->qualification = info->exit_qualification;
	exit->guest_physical_address = info->guest_physical_address.value;
	exit->guest_linear_address = info->guest_linear_address.value;
	nested_reflect(n);
}

void nested_ept_exit(struct nested *n)
{
	const struct udv_hardware_report report = report_of(n);
	struct udv_gpa_origin origin;
	struct udv_walk_result walk;
	struct udv_exit_info info;
	uint32_t access;

	if (udv_report_access(&report, &n->ept12, &access, &origin) != UDV_OK) {
		nested_emulate(n);
		return;
	}
	udv_walk_gpa(&n->ept12, access, report.guest_physical_address, &origin, &walk, NULL);
	if (udv_exit_info_from_report(&report, &n->ept12, &walk,
				      n->cpu->vmx.capabilities.ept_vpid_cap, &info) != UDV_OK)
		nested_emulate(n);
	else if (info.exit_reason)
		refused(n, &walk, &info);
	else
		allowed(n, &walk);
}
