/* SPDX-License-Identifier: MIT */
#include <undervisor/exit_info.h>

#include "arch/exit_reasons.h"
#include "arch/system_bits.h"
#include "cpu/events.h"
#include "cpu/handler.h"
#include "cpu/segment.h"
#include "cpu/vmx.h"
#include "cpu/vmx_state.h"

/*
 * VM exits: what is recorded where the reason is found, and the exit itself.
 * SDM Vol 3C "VM Exits"
 */

#define INFO_VALID BIT(31)
#define INFO_ERROR_CODE BIT(11)
#define INFO_NMI_UNBLOCKING BIT(12)
#define INFO_TYPE_SHIFT 8
#define MISC_STORES_LMA BIT(5)
#define REASON_ENTRY_FAILURE BIT(31)

/* Host CR0 bits that an exit leaves alone: ET, NW, CD and those that are reserved. */
#define CR0_KEPT (CR0_ET | CR0_NW | CR0_CD | ~BITS(31, 0) | BITS(28, 19) | BIT(17) | BITS(15, 6))

enum vmx_abort {
	ABORT_MSR_STORE = 1,
	ABORT_PDPTE = 2,
	ABORT_MSR_LOAD = 4,
	ABORT_HOST_SIZE = 6,
};

/* ---------------------------------------------------------------- recording */

bool vmx_record(struct cpu *cpu, uint32_t reason, uint64_t qualification)
{
	cpu->vmx.exit = (struct vmx_exit){ .reason = reason, .qualification = qualification };
	cpu->fault = (struct cpu_event){ .valid = true, .type = EVENT_VM_EXIT };
	return false;
}

bool vmx_record_instruction(struct cpu *cpu, uint32_t reason, uint64_t qualification)
{
	vmx_record(cpu, reason, qualification);
	cpu->vmx.exit.instruction_length = cpu->current->length;
	cpu->vmx.exit.rf = VMX_RF_CLEAR;
	return false;
}

/* Blocking by NMI means what bit 12 reports only where IRET has anything to unblock. */
static bool reports_nmi_unblocking(const struct cpu *cpu)
{
	const struct vmx_vmcs *v = &cpu->vmx.vmcs;

	return cpu->vmx.iret_unblocked && !cpu->delivering.valid &&
	       (!VMX_HAS(v->pin_based_controls, PIN, NMI) ||
		VMX_HAS(v->pin_based_controls, PIN, VIRTUAL_NMIS));
}

/*
 * Nothing says how long the instruction is whose access exits, and hypervisors read it all the
 * same; of a fetch it cannot be known.
 */
bool vmx_record_access(struct cpu *cpu, uint32_t reason, uint64_t qualification, bool fetch)
{
	vmx_record(cpu, reason, qualification);
	if (!cpu->delivering.valid) {
		cpu->vmx.exit.rf = VMX_RF_SET;
		cpu->vmx.exit.instruction_length = fetch ? 0 : cpu->current->length;
		return false;
	}
	/* RF as the event would have pushed it. */
	cpu->vmx.exit.rf =
		cpu_pushed_flags(cpu, &cpu->delivering) & FLAG_RF ? VMX_RF_SET : VMX_RF_CLEAR;
	if (event_has_length(cpu->delivering.type))
		cpu->vmx.exit.instruction_length = cpu->delivering.length;
	return false;
}

/* The walk again, step by step, and without effect: what it had set in the tables stays set. */
void vmx_trace_walk(struct cpu *cpu, const struct udv_paging *paging, uint32_t access,
		    const struct udv_walk_result *walk)
{
	const struct udv_gpa_origin origin = { .stage = UDV_STAGE_NONE };
	struct cpu_walk_trace *trace = cpu->tracer.walk;
	struct udv_walk_result again;

	if (!trace)
		return;
	trace->paging = *paging;
	access |= UDV_ACCESS_PEEK;
	if (walk->stage == UDV_STAGE_NONE)
		udv_walk_gpa(&trace->paging, access, walk->gpa, &origin, &again, &trace->record);
	else
		udv_walk_recorded(&trace->paging, access, walk->gla, &again, &trace->record);
	/* A processor's report of the fault knows less of its cause. */
	trace->result = again.outcome == walk->outcome && again.gpa.value == walk->gpa.value
				? again
				: *walk;
	trace->valid = true;
}

bool vmx_record_walk(struct cpu *cpu, const struct udv_walk_result *walk, bool fetch)
{
	struct udv_exit_info info = udv_exit_info(walk, cpu->vmx.capabilities.ept_vpid_cap);

	if (cpu->hypervisor && !cpu->vmx.hosted)
		cpu->hypervisor->refused(cpu->hypervisor->opaque, walk->gpa.value);
	if (info.exit_reason != ARCH_EXIT_EPT_MISCONFIG_REASON && reports_nmi_unblocking(cpu))
		info.exit_qualification |= UDV_EQ_NMI_UNBLOCKING;
	if (walk->outcome == UDV_WALK_EPT_VIOLATION && udv_ve_convertible(&cpu->paging, walk))
		return vmx_raise_ve(cpu, &info);
	vmx_record_access(cpu, info.exit_reason, info.exit_qualification, fetch);
	cpu->vmx.exit.guest_physical_address = info.guest_physical_address.value;
	cpu->vmx.exit.guest_linear_address = info.guest_linear_address.value;
	return false;
}

/* No event has an error code in real-address mode: an entry that injects one would be refused. */
static bool has_error_code(const struct cpu *cpu, const struct cpu_event *event)
{
	return event->has_error_code && cpu->state.cr0 & CR0_PE;
}

/* SDM Vol 3C "Information for VM Exits Due to Vectored Events" */
static uint32_t event_info(const struct cpu *cpu, const struct cpu_event *event)
{
	return event->vector | (uint32_t)event->type << INFO_TYPE_SHIFT |
	       (has_error_code(cpu, event) ? (uint32_t)INFO_ERROR_CODE : 0) | (uint32_t)INFO_VALID;
}

/* SDM Vol 3C "Exceptions" under "Other Causes of VM Exits" */
bool vmx_intercepts_event(struct cpu *cpu, const struct cpu_event *event)
{
	const struct vmx_vmcs *v = &cpu->vmx.vmcs;
	bool bit;

	if (!cpu->vmx.guest || event->type == EVENT_SOFTWARE_INTERRUPT || event->vector > 31)
		return false;
	if (event->type == EVENT_NMI || event->type == EVENT_EXTERNAL)
		return false;
	bit = v->exception_bitmap >> event->vector & 1;
	if (event->vector == VECTOR_PF)
		bit = bit == ((event->error_code & v->page_fault_error_code_mask) ==
			      v->page_fault_error_code_match);
	if (bit)
		vmx_record_event(cpu, event);
	return bit;
}

/* Breakpoints that MOV SS has held back come with the exception, as in DR6. */
static uint64_t held_traps(const struct cpu *cpu, const struct cpu_event *event)
{
	return event->type == EVENT_EXCEPTION ? cpu->state.pending_debug & BITS(3, 0) : 0;
}

void vmx_record_event(struct cpu *cpu, const struct cpu_event *event)
{
	struct vmx_exit *exit = &cpu->vmx.exit;
	bool unblocking = event->type == EVENT_EXCEPTION && event->vector != VECTOR_DF &&
			  reports_nmi_unblocking(cpu);
	uint64_t flags = cpu_pushed_flags(cpu, event);

	vmx_record(cpu, ARCH_EXIT_EXCEPTION_OR_NMI_REASON, 0);
	exit->interruption_info = event_info(cpu, event) | (unblocking ? INFO_NMI_UNBLOCKING : 0);
	if (has_error_code(cpu, event))
		exit->interruption_error_code = event->error_code;
	if (event->type == EVENT_EXCEPTION && event->vector == VECTOR_PF)
		exit->qualification = event->address;
	if (event->type != EVENT_NMI && event->vector == VECTOR_DB)
		exit->qualification =
			(event->address | held_traps(cpu, event)) & (BITS(3, 0) | BITS(14, 13));
	if (event_has_length(event->type))
		exit->instruction_length = event->length;
	else if (cpu->delivering.valid && event_has_length(cpu->delivering.type))
		exit->instruction_length = cpu->delivering.length;
	exit->rf = flags & FLAG_RF ? VMX_RF_SET : VMX_RF_CLEAR;
}

/* ---------------------------------------------------------------- saving the guest */

static void save_segments(struct cpu *cpu)
{
	struct vmx_vmcs *v = &cpu->vmx.vmcs;
	const struct cpu_state *s = &cpu->state;

#define SAVE(name, member)                                                                         \
	v->guest_##member##_selector = s->seg[SEG_##name].selector;                                \
	v->guest_##member##_base = s->seg[SEG_##name].base;                                        \
	v->guest_##member##_limit = s->seg[SEG_##name].limit;                                      \
	v->guest_##member##_access_rights = s->seg[SEG_##name].access_rights;
	VMX_SEGMENTS(SAVE)
#undef SAVE
	v->guest_gdtr_base = s->gdtr.base;
	v->guest_gdtr_limit = s->gdtr.limit;
	v->guest_idtr_base = s->idtr.base;
	v->guest_idtr_limit = s->idtr.limit;
}

static void save_registers(struct cpu *cpu)
{
	struct vmx_vmcs *v = &cpu->vmx.vmcs;
	const struct cpu_state *s = &cpu->state;

	v->guest_cr0 = s->cr0;
	v->guest_cr3 = s->cr3;
	v->guest_cr4 = s->cr4;
	v->guest_sysenter_cs = (uint32_t)s->sysenter_cs;
	v->guest_sysenter_esp = s->sysenter_esp;
	v->guest_sysenter_eip = s->sysenter_eip;
	if (VMX_HAS(v->exit_controls, EXIT, SAVE_DEBUG)) {
		v->guest_dr7 = s->dr7;
		v->guest_debugctl = s->debugctl;
	}
	if (VMX_HAS(v->exit_controls, EXIT, SAVE_PAT))
		v->guest_pat = s->pat;
	if (VMX_HAS(v->exit_controls, EXIT, SAVE_EFER))
		v->guest_efer = s->efer;
	if (vmx_may_be_1(&cpu->vmx.capabilities, ARCH_GROUP_ENTRY, ARCH_ENTRY_LOAD_PKRS))
		v->guest_pkrs = s->pkrs;
	v->guest_rip = s->rip;
	v->guest_rsp = s->gpr[GPR_RSP];
	v->guest_rflags = s->rflags;
	if (cpu->vmx.exit.rf == VMX_RF_CLEAR)
		v->guest_rflags &= ~FLAG_RF;
	if (cpu->vmx.exit.rf == VMX_RF_SET)
		v->guest_rflags |= FLAG_RF;
	if (!(cpu->vmx.capabilities.misc & MISC_STORES_LMA))
		return;
	v->entry_controls &= ~BIT(ARCH_ENTRY_IA32E_GUEST);
	if (s->efer & EFER_LMA)
		v->entry_controls |= BIT(ARCH_ENTRY_IA32E_GUEST);
}

/* A debug exception that exits has told of them: in its qualification. */
static bool is_debug_exception(const struct vmx_exit *exit)
{
	return exit->reason == ARCH_EXIT_EXCEPTION_OR_NMI_REASON &&
	       (exit->interruption_info & BITS(10, 0)) ==
		       (EVENT_EXCEPTION << INFO_TYPE_SHIFT | VECTOR_DB);
}

/* SDM Vol 3C "Saving Non-Register State" */
static uint64_t saved_pending_debug(const struct cpu *cpu)
{
	const struct vmx_exit *exit = &cpu->vmx.exit;
	bool held = cpu->state.interruptibility & BLOCKING_MOV_SS && !is_debug_exception(exit);

	if (!exit->pending_debug && !held)
		return 0;
	return cpu->state.pending_debug & PENDING_DEBUG;
}

static void save_rest(struct cpu *cpu)
{
	struct vmx_vmcs *v = &cpu->vmx.vmcs;
	const struct cpu_state *s = &cpu->state;

	v->guest_interruptibility_state = s->interruptibility;
	v->guest_activity_state = s->activity == ACTIVITY_MWAIT ? ACTIVITY_ACTIVE : s->activity;
	v->guest_pending_debug_exceptions = saved_pending_debug(cpu);
	if (VMX_HAS(v->exit_controls, EXIT, SAVE_PREEMPTION_TIMER))
		v->preemption_timer_value = vmx_timer_value(cpu);
	v->pml_index = cpu->paging.pml_index;
	if (VMX_SECONDARY(v, EPT) && udv_paging_mode(s->cr0, s->cr4, s->efer) == UDV_PAGING_PAE) {
		v->guest_pdpte0 = s->pdpte[0];
		v->guest_pdpte1 = s->pdpte[1];
		v->guest_pdpte2 = s->pdpte[2];
		v->guest_pdpte3 = s->pdpte[3];
	}
}

static void write_information(struct cpu *cpu)
{
	struct vmx_vmcs *v = &cpu->vmx.vmcs;
	const struct vmx_exit *exit = &cpu->vmx.exit;

	v->exit_reason = exit->reason;
	v->exit_qualification = exit->qualification;
	v->guest_linear_address = exit->guest_linear_address;
	v->guest_physical_address = exit->guest_physical_address;
	v->exit_interruption_info = exit->interruption_info;
	v->exit_interruption_error_code = exit->interruption_error_code;
	v->exit_instruction_length = exit->instruction_length;
	v->exit_instruction_info = exit->instruction_info;
	v->idt_vectoring_info = v->idt_vectoring_error_code = 0;
	if (cpu->delivering.valid) {
		v->idt_vectoring_info = event_info(cpu, &cpu->delivering);
		if (has_error_code(cpu, &cpu->delivering))
			v->idt_vectoring_error_code = cpu->delivering.error_code;
	}
	v->entry_interruption_info &= ~INFO_VALID;
}

/* ---------------------------------------------------------------- loading the host */

static void load_host_segment(struct cpu *cpu, unsigned segment, uint64_t selector, uint64_t base)
{
	struct arch_segment_register *seg = &cpu->state.seg[segment];

	seg->selector = (uint16_t)selector;
	seg->base = base;
	seg->limit = UINT32_MAX;
	seg->access_rights = selector ? AR_FLAT_DATA(0) : AR_NULL;
	if (!selector)
		seg->limit = 0;
}

static void load_host_segments(struct cpu *cpu, bool wide)
{
	const struct vmx_vmcs *v = &cpu->vmx.vmcs;
	struct cpu_state *s = &cpu->state;

	load_host_segment(cpu, SEG_ES, v->host_es_selector, 0);
	load_host_segment(cpu, SEG_SS, v->host_ss_selector, 0);
	load_host_segment(cpu, SEG_DS, v->host_ds_selector, 0);
	load_host_segment(cpu, SEG_FS, v->host_fs_selector, v->host_fs_base);
	load_host_segment(cpu, SEG_GS, v->host_gs_selector, v->host_gs_base);
	s->seg[SEG_CS] = (struct arch_segment_register){
		.selector = (uint16_t)v->host_cs_selector,
		.limit = UINT32_MAX,
		.access_rights = wide ? AR_FLAT_CODE64(0) : AR_FLAT_CODE32(0),
	};
	s->seg[SEG_TR] = (struct arch_segment_register){
		.selector = (uint16_t)v->host_tr_selector,
		.base = v->host_tr_base,
		.limit = 0x67,
		.access_rights = AR_P | SYS_TSS_BUSY,
	};
	s->seg[SEG_LDTR] = (struct arch_segment_register){ .access_rights = AR_UNUSABLE };
	s->gdtr = (struct arch_table_register){ v->host_gdtr_base, 0xffff };
	s->idtr = (struct arch_table_register){ v->host_idtr_base, 0xffff };
}

static void load_host_msrs(struct cpu *cpu, bool wide)
{
	const struct vmx_vmcs *v = &cpu->vmx.vmcs;
	struct cpu_state *s = &cpu->state;

	s->debugctl = 0;
	s->sysenter_cs = (uint32_t)v->host_sysenter_cs;
	s->sysenter_esp = v->host_sysenter_esp;
	s->sysenter_eip = v->host_sysenter_eip;
	if (VMX_HAS(v->exit_controls, EXIT, LOAD_EFER))
		s->efer = v->host_efer;
	s->efer &= ~(EFER_LME | EFER_LMA);
	if (wide)
		s->efer |= EFER_LME | EFER_LMA;
	if (VMX_HAS(v->exit_controls, EXIT, LOAD_PAT))
		s->pat = v->host_pat;
	if (VMX_HAS(v->exit_controls, EXIT, LOAD_PKRS))
		s->pkrs = (uint32_t)v->host_pkrs;
}

/* SDM Vol 3C "Loading Host State". False: VMX abort. */
static bool load_host(struct cpu *cpu)
{
	const struct vmx_vmcs *v = &cpu->vmx.vmcs;
	struct cpu_state *s = &cpu->state;
	bool wide = VMX_HAS(v->exit_controls, EXIT, HOST_64BIT);
	struct udv_walk_result result;

	s->cr0 = (s->cr0 & CR0_KEPT) | (v->host_cr0 & ~CR0_KEPT);
	s->cr0 |= cpu->vmx.capabilities.cr0_fixed0;
	s->cr3 = v->host_cr3 & ~bits_from(cpu->config->maxphyaddr);
	s->cr4 = v->host_cr4 | cpu->vmx.capabilities.cr4_fixed0;
	s->cr4 = wide ? s->cr4 | CR4_PAE : s->cr4 & ~CR4_PCIDE;
	s->dr7 = DR7_ONES;
	load_host_msrs(cpu, wide);
	load_host_segments(cpu, wide);
	s->gpr[GPR_RSP] = v->host_rsp;
	s->rip = v->host_rip;
	s->rflags = FLAG_ONE;
	s->cpl = 0;
	s->activity = ACTIVITY_ACTIVE;
	s->pending_debug = 0;
	s->monitor_armed = false;
	cpu->lazy.kind = LAZY_NONE;
	cpu->vmx.guest = false;
	cpu->vmx.apic_page = VMX_NO_POINTER;
	cpu_breakpoints_changed(cpu);
	cpu_vmx_switched(cpu);
	if (udv_paging_mode(s->cr0, s->cr4, s->efer) != UDV_PAGING_PAE)
		return true;
	if (udv_load_pdptes(&cpu->paging, 0, s->cr3, s->pdpte, &result) != UDV_WALK_OK)
		return false;
	cpu_paging_changed(cpu);
	return true;
}

/* SDM Vol 3C "VMX Aborts": the logical processor is in shutdown that only RESET ends. */
static void abort_vmx(struct cpu *cpu, enum vmx_abort why, uint32_t entry)
{
	uint32_t indicator = why;

	trace_event(cpu, CPU_TRACE_VMX_ABORT, why, entry, 0);
	cpu->vmx.aborted = why;
	mem_write_bytes(cpu->memory, cpu->vmx.current + VMX_REGION_ABORT, &indicator, 4);
	cpu->delivering.valid = false;
	cpu->fault.valid = false; /* the exit itself: nothing is left to perform */
	cpu->vmx.guest = false;
	cpu->state.activity = ACTIVITY_SHUTDOWN;
	cpu->attention |= ATTENTION_EVENT;
}

static void finish(struct cpu *cpu)
{
	const struct vmx_vmcs *v = &cpu->vmx.vmcs;
	uint32_t bad;

	cpu->delivering.valid = false;
	cpu->fault.valid = false;
	cpu->vmx.iret_unblocked = false;
	cpu->repeating = false;
	cpu->attention |= ATTENTION_EVENT;
	if (!load_host(cpu)) {
		abort_vmx(cpu, ABORT_PDPTE, 0);
		return;
	}
	bad = vmx_load_msrs(cpu, v->exit_msr_load_address, v->exit_msr_load_count);
	if (bad)
		abort_vmx(cpu, ABORT_MSR_LOAD, bad);
}

/* Blocking by NMI after the exit: virtual-NMI blocking was the guest's alone. */
static uint8_t host_interruptibility(const struct cpu *cpu)
{
	const struct vmx_vmcs *v = &cpu->vmx.vmcs;
	const struct vmx_exit *exit = &cpu->vmx.exit;
	bool nmi = exit->reason == ARCH_EXIT_EXCEPTION_OR_NMI_REASON &&
		   (exit->interruption_info & BITS(10, 8)) == EVENT_NMI << INFO_TYPE_SHIFT;

	if (nmi)
		return BLOCKING_NMI;
	if (VMX_HAS(v->pin_based_controls, PIN, VIRTUAL_NMIS))
		return 0;
	return cpu->state.interruptibility & BLOCKING_NMI;
}

/* To the hypervisor below, which finds the guest's state as it is, and vmx.exit. */
static void leave_hosted(struct cpu *cpu)
{
	cpu->vmx.interrupted = cpu->delivering;
	cpu->vmx.unblocked = cpu->vmx.iret_unblocked;
	cpu->delivering.valid = false;
	cpu->fault.valid = false;
	cpu->vmx.iret_unblocked = false;
	cpu->vmx.left = true;
}

static void tell_exited(struct cpu *cpu)
{
	if (cpu->hypervisor && cpu->state.activity != ACTIVITY_SHUTDOWN)
		cpu->hypervisor->exited(cpu->hypervisor->opaque);
}

static void save_guest(struct cpu *cpu)
{
	save_segments(cpu);
	save_registers(cpu);
	save_rest(cpu);
}

static void trace_exit(const struct cpu *cpu, bool left)
{
	if (unlikely(cpu->tracer.exit))
		cpu->tracer.exit(cpu->tracer.opaque, cpu, left);
}

/* What comes after the guest has been saved. @lma: it was in IA-32e mode. */
static void leave_guest(struct cpu *cpu, bool lma)
{
	const struct vmx_vmcs *v = &cpu->vmx.vmcs;
	uint32_t bad;

	if (lma && !VMX_HAS(v->exit_controls, EXIT, HOST_64BIT)) {
		abort_vmx(cpu, ABORT_HOST_SIZE, 0);
		return;
	}
	bad = vmx_store_msrs(cpu, v->exit_msr_store_address, v->exit_msr_store_count);
	if (bad) {
		abort_vmx(cpu, ABORT_MSR_STORE, bad);
		return;
	}
	cpu->state.interruptibility = host_interruptibility(cpu);
	finish(cpu);
}

void vmx_exit(struct cpu *cpu)
{
	const struct vmx_exit *exit = &cpu->vmx.exit;
	bool lma = cpu->state.efer & EFER_LMA;

	if (unlikely(cpu->vmx.hosted)) {
		leave_hosted(cpu);
		return;
	}
	trace_event(cpu, CPU_TRACE_VM_EXIT, exit->reason, exit->qualification,
		    exit->guest_physical_address);
	cpu->stats.vm_exits[exit->reason & (ARCH_MAX_EXIT_REASONS - 1)]++;
	write_information(cpu);
	save_guest(cpu);
	vmx_stop_timer(cpu);
	trace_exit(cpu, false);
	leave_guest(cpu, lma);
	trace_exit(cpu, true);
	tell_exited(cpu);
}

void vmx_entry_failure(struct cpu *cpu, uint32_t reason, uint64_t qualification)
{
	struct vmx_vmcs *v = &cpu->vmx.vmcs;

	cpu->stats.vm_exits[reason]++;
	trace_event(cpu, CPU_TRACE_VM_EXIT, reason | REASON_ENTRY_FAILURE, qualification, 0);
	vmx_tell_failure(cpu, reason == ARCH_EXIT_ENTRY_MSR_LOADING_REASON ? qualification : 0);
	v->exit_reason = reason | REASON_ENTRY_FAILURE;
	v->exit_qualification = qualification;
	trace_exit(cpu, false);
	cpu->state.interruptibility &= BLOCKING_NMI;
	finish(cpu);
	trace_exit(cpu, true);
	tell_exited(cpu);
}
