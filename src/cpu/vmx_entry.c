/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "arch/exit_reasons.h"
#include "arch/system_bits.h"
#include "cpu/events.h"
#include "cpu/msr.h"
#include "cpu/segment.h"
#include "cpu/vmx.h"
#include "cpu/vmx_apic.h"
#include "cpu/vmx_state.h"

/*
 * VM entries. SDM Vol 3C "VM Entries": the checks are src/vmx's; here the guest state is loaded and
 * the event injected.
 */

#define CR0_KEPT (CR0_ET | CR0_NW | CR0_CD | ~BITS(31, 0) | BITS(28, 19) | BIT(17) | BITS(15, 6))
#define INFO_VALID BIT(31)
#define INFO_ERROR_CODE BIT(11)
#define TYPE_OTHER 7u

enum {
	FAILURE_PDPTE = 2,
};

/* Access rights but for bits that are none. */
#define AR_DEFINED 0x1f0ffu

/*
 * An unusable segment's base may be anything, but not everything: what is loaded is what an exit
 * will save. SDM Vol 3C "Saving Segment Registers and Descriptor-Table Registers"
 */
static void trim_base(struct arch_segment_register *seg, unsigned width)
{
	if (!(seg->access_rights & AR_UNUSABLE))
		return;
	seg->base = width == 32 ? (uint32_t)seg->base : canonical_of(seg->base, width);
}

static void load_segments(struct cpu *cpu)
{
	const struct vmx_vmcs *v = &cpu->vmx.vmcs;
	struct cpu_state *s = &cpu->state;

#define LOAD(name, member)                                                                         \
	s->seg[SEG_##name] = (struct arch_segment_register){                                       \
		.base = v->guest_##member##_base,                                                  \
		.limit = (uint32_t)v->guest_##member##_limit,                                      \
		.access_rights = (uint32_t)v->guest_##member##_access_rights & AR_DEFINED,         \
		.selector = (uint16_t)v->guest_##member##_selector,                                \
	};
	VMX_SEGMENTS(LOAD)
#undef LOAD
	trim_base(&s->seg[SEG_ES], 32);
	trim_base(&s->seg[SEG_SS], 32);
	trim_base(&s->seg[SEG_DS], 32);
	trim_base(&s->seg[SEG_LDTR], cpu->config->linear_bits);
	s->gdtr = (struct arch_table_register){ v->guest_gdtr_base, (uint16_t)v->guest_gdtr_limit };
	s->idtr = (struct arch_table_register){ v->guest_idtr_base, (uint16_t)v->guest_idtr_limit };
	s->cpl = AR_DPL_OF(s->seg[SEG_SS].access_rights) & 3u;
}

static void load_efer(struct cpu *cpu)
{
	const struct vmx_vmcs *v = &cpu->vmx.vmcs;
	struct cpu_state *s = &cpu->state;
	bool wide = VMX_HAS(v->entry_controls, ENTRY, IA32E_GUEST);

	if (VMX_HAS(v->entry_controls, ENTRY, LOAD_EFER)) {
		s->efer = v->guest_efer;
		return;
	}
	s->efer = wide ? s->efer | EFER_LMA : s->efer & ~EFER_LMA;
	if (s->cr0 & CR0_PG)
		s->efer = wide ? s->efer | EFER_LME : s->efer & ~EFER_LME;
}

static void load_registers(struct cpu *cpu)
{
	const struct vmx_vmcs *v = &cpu->vmx.vmcs;
	struct cpu_state *s = &cpu->state;

	s->cr0 = (s->cr0 & CR0_KEPT) | (v->guest_cr0 & ~CR0_KEPT);
	s->cr3 = v->guest_cr3;
	s->cr4 = v->guest_cr4;
	if (VMX_HAS(v->entry_controls, ENTRY, LOAD_DEBUG)) {
		s->dr7 = (v->guest_dr7 & DR7_WRITABLE) | DR7_ONES;
		s->debugctl = v->guest_debugctl;
	}
	s->sysenter_cs = (uint32_t)v->guest_sysenter_cs;
	s->sysenter_esp = v->guest_sysenter_esp;
	s->sysenter_eip = v->guest_sysenter_eip;
	load_efer(cpu);
	if (VMX_HAS(v->entry_controls, ENTRY, LOAD_PAT))
		s->pat = v->guest_pat;
	if (VMX_HAS(v->entry_controls, ENTRY, LOAD_PKRS))
		s->pkrs = (uint32_t)v->guest_pkrs;
	s->rip = v->guest_rip;
	s->rflags = v->guest_rflags;
	s->gpr[GPR_RSP] = v->guest_rsp;
	cpu->lazy.kind = LAZY_NONE;
}

/* PDPTE registers: from the VMCS with EPT, from memory without. False: the entry fails. */
static bool load_pdptes(struct cpu *cpu)
{
	const struct vmx_vmcs *v = &cpu->vmx.vmcs;
	struct cpu_state *s = &cpu->state;
	struct udv_walk_result result;

	if (udv_paging_mode(s->cr0, s->cr4, s->efer) != UDV_PAGING_PAE)
		return true;
	if (VMX_SECONDARY(v, EPT)) {
		s->pdpte[0] = v->guest_pdpte0;
		s->pdpte[1] = v->guest_pdpte1;
		s->pdpte[2] = v->guest_pdpte2;
		s->pdpte[3] = v->guest_pdpte3;
		return true;
	}
	return udv_load_pdptes(&cpu->paging, 0, s->cr3, s->pdpte, &result) == UDV_WALK_OK;
}

/*
 * What is not in registers: blocking, activity, pending debug exceptions. Shutdown and
 * wait-for-SIPI drop these, and so does an event that takes the guest out of shutdown. SDM Vol 3C
 * "Delivery of Pending Debug Exceptions after VM Entry"
 */
static void load_non_registers(struct cpu *cpu)
{
	const struct vmx_vmcs *v = &cpu->vmx.vmcs;
	struct cpu_state *s = &cpu->state;
	uint64_t pending = v->guest_pending_debug_exceptions;

	s->interruptibility = (uint8_t)v->guest_interruptibility_state &
			      (BLOCKING_STI | BLOCKING_MOV_SS | BLOCKING_NMI);
	s->activity = (uint8_t)v->guest_activity_state;
	s->pending_debug = pending & (PENDING_DEBUG_ENABLED | DR6_BS) ? pending & PENDING_DEBUG : 0;
	if (s->activity == ACTIVITY_SHUTDOWN || s->activity == ACTIVITY_WAIT_FOR_SIPI)
		s->pending_debug = 0;
	s->monitor_armed = false;
}

/* ---------------------------------------------------------------- event injection */

static struct cpu_event injected_event(const struct vmx_vmcs *v)
{
	uint32_t info = (uint32_t)v->entry_interruption_info;

	return (struct cpu_event){
		.valid = true,
		.vector = (uint8_t)info,
		.type = info >> 8 & 7,
		.has_error_code = info & INFO_ERROR_CODE,
		.error_code = (uint32_t)v->entry_exception_error_code,
		.length = (uint8_t)v->entry_instruction_length,
		.injected = true,
	};
}

bool vmx_deliver_injected(struct cpu *cpu, const struct cpu_event *event)
{
	uint64_t rip = cpu->state.rip;

	if (event_has_length(event->type))
		cpu->state.rip += event->length;
	if (cpu_deliver(cpu, event))
		return true;
	cpu->state.rip = rip;
	return false;
}

/*
 * The event of the VM-entry interruption information, through the guest's IDT. It has no effect on
 * CR2, DR6 and the rest; what faults on the way is dealt with by the run loop.
 * SDM Vol 3C "Event Injection"
 */
static void inject(struct cpu *cpu)
{
	const struct vmx_vmcs *v = &cpu->vmx.vmcs;
	struct cpu_state *s = &cpu->state;
	struct cpu_event event = injected_event(v);
	bool held = s->interruptibility & BLOCKING_MOV_SS;

	if (event.type == TYPE_OTHER) {
		cpu->vmx.mtf = true;
		return;
	}
	if (!(event_has_length(event.type) && held))
		s->pending_debug = 0;
	if (VMX_HAS(v->primary_controls, PRIMARY, MONITOR_TRAP_FLAG))
		cpu->vmx.mtf = true;
	vmx_deliver_injected(cpu, &event);
}

/* ---------------------------------------------------------------- entering */

/*
 * The rest of VMLAUNCH or VMRESUME once nothing can refuse it but the guest state: true, with the
 * guest or the host in force.
 */
static bool load_guest(struct cpu *cpu)
{
	const struct vmx_vmcs *v = &cpu->vmx.vmcs;
	uint32_t bad;

	load_segments(cpu);
	load_registers(cpu);
	cpu->vmx.guest = true;
	cpu->paging.pml_index = (uint16_t)v->pml_index;
	vmx_apic_set_page(cpu);
	cpu_breakpoints_changed(cpu);
	cpu_vmx_switched(cpu);
	if (!load_pdptes(cpu)) {
		vmx_entry_failure(cpu, ARCH_EXIT_ENTRY_GUEST_STATE_REASON, FAILURE_PDPTE);
		return false;
	}
	if (udv_paging_mode(cpu->state.cr0, cpu->state.cr4, cpu->state.efer) == UDV_PAGING_PAE)
		cpu_paging_changed(cpu);
	bad = vmx_load_msrs(cpu, v->entry_msr_load_address, v->entry_msr_load_count);
	if (bad) {
		vmx_entry_failure(cpu, ARCH_EXIT_ENTRY_MSR_LOADING_REASON, bad);
		return false;
	}
	return true;
}

bool vmx_enter(struct cpu *cpu, bool launch)
{
	const struct vmx_vmcs *v = &cpu->vmx.vmcs;
	uint64_t retired = cpu_retired(cpu);
	struct vmx_refusal refusal;

	if (!vmx_check_entry(cpu, &refusal)) {
		if (refusal.error) {
			cpu->stats.vm_refusals++;
			trace_event(cpu, CPU_TRACE_VM_REFUSED, refusal.error, 0, 0);
			vmx_tell_failure(cpu, 0);
			return vmx_fail_valid(cpu, refusal.error);
		}
		cpu->vmx.switched = true;
		vmx_entry_failure(cpu, ARCH_EXIT_ENTRY_GUEST_STATE_REASON, refusal.qualification);
		return true;
	}
	cpu->vmx.switched = true;
	if (!load_guest(cpu))
		return true;
	if (launch)
		cpu->vmx.launched = true;
	cpu->stats.vm_entries++;
	trace_event(cpu, CPU_TRACE_VM_ENTRY, cpu->state.rip, v->entry_interruption_info,
		    v->entry_exception_error_code);
	load_non_registers(cpu);
	cpu->vmx.mtf = false;
	cpu->vmx.first_pause = cpu->vmx.last_pause = 0;
	cpu->vmx.entry_retired = retired + 1; /* this instruction */
	cpu->vmx.watch = VMX_HAS(v->primary_controls, PRIMARY, INTERRUPT_WINDOW) ||
			 VMX_HAS(v->primary_controls, PRIMARY, NMI_WINDOW) ||
			 VMX_HAS(v->primary_controls, PRIMARY, MONITOR_TRAP_FLAG);
	cpu->attention |= ATTENTION_EVENT;
	if (cpu->hypervisor)
		cpu->hypervisor->entered(cpu->hypervisor->opaque);
	vmx_apic_entry(cpu);
	vmx_start_timer(cpu);
	if (v->entry_interruption_info & INFO_VALID)
		inject(cpu);
	return true;
}
