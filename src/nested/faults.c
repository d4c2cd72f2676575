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

/*
 * The largest page around @address that EPT02 may lead to: memory of one kind, or where the
 * processor is to notice accesses. 0: none, for what is there is L0's to emulate.
 */
static unsigned page_shift(struct nested *n, uint64_t address, unsigned ept12_shift)
{
	const struct mem_region *region = mem_find(n->cpu->memory, address);
	uint64_t base = address & ~(BIT(21) - 1), apic_page = n->cpu->vmx.apic_page;

	if (!region || !region->host)
		return (address & PAGE_MASK) == apic_page ? 12 : 0;
	if (ept12_shift < 21 || base < region->base ||
	    base + BIT(21) > region->base + region->size || apic_page - base < BIT(21))
		return 12;
	return 21;
}

#define LEAF_DIRTY BIT(9)

static void fill(struct nested *n, const struct udv_walk_result *walk, unsigned shift)
{
	struct cpu *cpu = n->cpu;
	unsigned rights = walk->ept_rights;

	/* L1 is to see the first write: its dirty flag, or its log. */
	if (n->ept12.ept_ad && !(walk->ept_leaf & LEAF_DIRTY))
		rights &= ~UDV_EPT_W;
	nested_tell(n, CPU_TRACE_L0_FILLED);
	n->stats.fills++;
	if (!ept02_map(&n->ept02, cpu->vmx.vmcs.ept_pointer, walk->gpa.value, walk->hpa.value,
		       rights, shift))
		nested_follow_ept02(n);
	nested_retry(n);
}

static void allowed(struct nested *n, const struct udv_walk_result *walk)
{
	unsigned shift = page_shift(n, walk->hpa.value, walk->ept_page_shift);

	if (shift)
		fill(n, walk, shift);
	else
		nested_emulate(n);
}

/* ---------------------------------------------------------------- EPT12 refuses it */

/* A virtualization exception in L2 instead of an exit. */
static void raise_ve(struct nested *n, const struct udv_exit_info *info)
{
	bool unblocked = !n->cpu->vmx.interrupted.valid && n->cpu->vmx.unblocked;

	nested_tell(n, CPU_TRACE_L0_EMULATED);
	nested_forget_event(n->cpu);
	nested_enter12(n);
	n->cpu->vmx.iret_unblocked = unblocked; /* which the exception tells if it exits */
	cpu_paging_changed(n->cpu);
	vmx_raise_ve(n->cpu, info);
	cpu_step_fault(n->cpu);
	nested_resume02(n);
}

/*
 * The linear access, as far as a walk tells it apart. Where the report is about a table it does not
 * say; a read comes as far as any, but for a dirty flag. Nor does it say whether RFLAGS.AC counted:
 * SMAP has let the access through.
 */
static uint32_t linear_access(struct udv_paging *paging, const struct udv_walk_result *walk)
{
	const uint32_t read = UDV_ACCESS_READ | UDV_ACCESS_AC;
	struct udv_walk_result result;

	if (walk->stage == UDV_STAGE_TABLE)
		return udv_walk(paging, read | UDV_ACCESS_PEEK, walk->gla, &result) == UDV_WALK_OK
			       ? UDV_ACCESS_WRITE | UDV_ACCESS_AC
			       : read;
	if (walk->stage == UDV_STAGE_FINAL && walk->guest_rights & UDV_GUEST_USER)
		return walk->fault.access | UDV_ACCESS_AC | UDV_ACCESS_USER;
	return walk->fault.access | UDV_ACCESS_AC;
}

/* For a tracer, the walk as L2's own tables and EPT12 make it. */
static void trace_refusal(struct nested *n, const struct udv_walk_result *walk)
{
	struct udv_paging_config config = n->cpu->paging.config;
	const struct udv_paging_config *ept12 = &n->ept12.config;
	struct udv_paging paging;

	if (!n->cpu->tracer.walk)
		return;
	config.maxphyaddr = ept12->maxphyaddr;
	config.ept_controls = ept12->ept_controls;
	config.eptp = ept12->eptp;
	config.sppt_pointer = ept12->sppt_pointer;
	if (udv_paging_init(&paging, &config, &n->cpu->memory->walker) == UDV_OK)
		vmx_trace_walk(n->cpu, &paging, linear_access(&paging, walk), walk);
}

/*
 * Bits of the qualification that the walk does not know are the report's; the rest is EPT12's.
 * SDM Vol 3C "EPT Violations": one invalidates what is cached for its address, which the processor
 * has done for the linear one.
 */
static void refused(struct nested *n, const struct udv_walk_result *walk,
		    const struct udv_exit_info *info)
{
	struct cpu *cpu = n->cpu;
	struct vmx_exit *exit = &cpu->vmx.exit;

	trace_refusal(n, walk);
	ept02_unmap(&n->ept02, n->vmcs12->ept_pointer, walk->gpa.value);
	n->ept12.config.cr0 = cpu->state.cr0; /* a #VE is for protected mode */
	if (info->exit_reason == UDV_EXIT_REASON_EPT_VIOLATION &&
	    udv_ve_convertible(&n->ept12, walk)) {
		raise_ve(n, info);
		return;
	}
	nested_tell(n, CPU_TRACE_L0_SHOWN);
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

	if (n->cpu->tracer.walk)
		n->cpu->tracer.walk->valid = false; /* that was of EPT02 */
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
