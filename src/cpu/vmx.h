/* SPDX-License-Identifier: MIT */
#ifndef UDV_CPU_VMX_H
#define UDV_CPU_VMX_H

#include <stdbool.h>
#include <stdint.h>

#include "cpu/event.h"
#include "vmx/capabilities.h"
#include "vmx/vmcs.h"

/*
 * VMX operation of one logical processor. SDM Vol 3C "Introduction to Virtual Machine Extensions",
 * "VMX Non-Root Operation", "VM Entries", "VM Exits".
 *
 * Invariants
 *  - @vmcs is the contents of the current VMCS; its region in memory is stale until VMCLEAR, or
 *    VMPTRLD of another one, writes it back. Without a current VMCS it means nothing.
 *  - Whoever finds a reason to leave the guest records it: @exit is filled in, cpu->fault becomes
 *    an event of EVENT_VM_EXIT, and the instruction ends as if it had faulted. The run loop then
 *    performs the exit where it would have delivered the fault. What is recorded is complete: it
 *    never draws on the fields of the VMCS that an earlier exit has left.
 *  - In a guest the address-space number stands for VPID and second dimension as well: entries and
 *    exits drop translations only where there is no VPID. See spaces.c.
 */
struct cpu;
struct op;
struct udv_paging;
struct udv_paging_config;
struct udv_walk_result;

#define VMX_NO_POINTER (~0ull)
/* The hypervisor below may use physical addresses that its guests do not have. */
#define VMX_HOSTED_MAXPHYADDR 52u

/* What becomes of RFLAGS.RF in the guest-state area. SDM Vol 3C "Saving RIP, RSP, RFLAGS, ..." */
enum vmx_rf {
	VMX_RF_KEEP,
	VMX_RF_CLEAR, /* instructions that exit */
	VMX_RF_SET,   /* faults of memory accesses */
};

/* One exit, as it is recorded. */
struct vmx_exit {
	uint32_t reason;
	uint32_t instruction_length, instruction_info;
	uint32_t interruption_info, interruption_error_code;
	uint64_t qualification, guest_linear_address, guest_physical_address;
	enum vmx_rf rf;
	bool pending_debug; /* debug exceptions that were pending are saved */
};

/* What a virtualization exception writes. SDM Vol 3C "Virtualization-Exception Information" */
struct vmx_ve {
	uint32_t reason, busy;
	uint64_t qualification, guest_linear_address, guest_physical_address;
	uint16_t eptp_index;
};

/* Where a page of RAM is on the host, which never changes. @host NULL: nothing known. */
struct vmx_page {
	uint64_t address;
	uint8_t *host, *flags;
};

/* The pages that a VMREAD or VMWRITE looks at which VMCS shadowing lets through. */
enum vmx_shadow_page {
	VMX_SHADOW_READ_BITMAP,
	VMX_SHADOW_WRITE_BITMAP,
	VMX_SHADOW_REGION,
	VMX_SHADOW_PAGES,
};

struct cpu_vmx {
	bool operation;		/* VMX operation, root or non-root */
	bool hosted;		/* @vmcs is one of the hypervisor below: exits go to it */
	bool level1;		/* and runs its guest: what VMX root operation blocks is blocked */
	bool left;		/* an exit awaits that hypervisor */
	bool serving;		/* it is at work */
	bool costs;		/* the exit takes time if the guest's own hypervisor sees it */
	bool counted;		/* and this has been counted */
	bool unblocked;		/* it interrupted an IRET that had ended blocking by NMI */
	bool guest;		/* VMX non-root operation */
	bool switched;		/* the instruction under way has loaded a guest, or its host */
	bool launched;		/* launch state of the current VMCS */
	bool watch;		/* a window, monitor trap flag: boundaries are to be looked at */
	bool mtf;		/* an MTF exit is pending */
	bool iret_unblocked;	/* the IRET under way has ended blocking by NMI */
	bool timer;		/* the preemption timer counts */
	bool virtual_interrupt; /* one is recognised */
	bool apic_written;	/* APIC-write emulation is due, at @apic_offset */
	uint32_t apic_offset;
	uint32_t apic_size;   /* of the write, if the operation under way has made it; 0: none */
	uint32_t trap_reason; /* a trap-like exit is due; 0: none */
	uint32_t aborted;     /* VMX-abort indicator: shutdown by one; 0: none */
	uint64_t trap_qualification;
	uint64_t apic_page; /* the APIC-access page; VMX_NO_POINTER: none */
	uint64_t vmxon_pointer;
	uint64_t current;		  /* VMX_NO_POINTER: none */
	uint64_t entry_retired;		  /* cpu_retired() when the guest was entered */
	uint64_t timer_end;		  /* TSC, offsets apart, at which the timer reaches 0 */
	int64_t held;			  /* ticks of the budget that are kept back until then */
	uint64_t last_pause, first_pause; /* PAUSE-loop exiting */
	struct vmx_capabilities capabilities;
	struct vmx_page shadow_pages[VMX_SHADOW_PAGES];
	struct vmx_vmcs vmcs;
	struct vmx_exit exit;
	struct vmx_ve ve;	      /* of the #VE that is raised; written when that is taken */
	struct cpu_event interrupted; /* the event in whose delivery the exit came */
	uint8_t blocking_before;      /* interruptibility when the last delivery began */
	struct cpu_event redone;      /* what is delivered again: a tracer has been told of it */
};

/* ---------------------------------------------------------------- leaving */

/* Records an exit for @reason: all but the reason and @qualification is 0. Returns false. */
bool vmx_record(struct cpu *cpu, uint32_t reason, uint64_t qualification);
/* The same for the instruction that runs: its length is known, RF is to be cleared. */
bool vmx_record_instruction(struct cpu *cpu, uint32_t reason, uint64_t qualification);
/* The same for an access to memory that the instruction or event makes. */
bool vmx_record_access(struct cpu *cpu, uint32_t reason, uint64_t qualification, bool fetch);
/*
 * For the EPT outcomes of a walk; a convertible violation becomes a #VE. @fetch: it was made for an
 * instruction, whatever access within it was refused. Returns false.
 */
bool vmx_record_walk(struct cpu *cpu, const struct udv_walk_result *walk, bool fetch);
/* Keeps the walk of such an outcome, in @paging, for the tracer: @access as the walk was asked. */
void vmx_trace_walk(struct cpu *cpu, const struct udv_paging *paging, uint32_t access,
		    const struct udv_walk_result *walk);
/* True if the exception bitmap makes @event exit: then it is recorded. */
bool vmx_intercepts_event(struct cpu *cpu, const struct cpu_event *event);
void vmx_record_event(struct cpu *cpu, const struct cpu_event *event);
/* Performs the exit that is recorded. state.rip is what is to be saved. */
void vmx_exit(struct cpu *cpu);
/* The guest-state checks or the MSR list have failed: host state is loaded. */
void vmx_entry_failure(struct cpu *cpu, uint32_t reason, uint64_t qualification);

/* The region at @at gets launch state and contents of the current VMCS, or they come from there. */
void vmx_store_region(struct cpu *cpu, uint64_t at, const struct vmx_vmcs *vmcs);
void vmx_load_region(struct cpu *cpu, uint64_t at, struct vmx_vmcs *vmcs);

/* ---------------------------------------------------------------- entering */

/* VMLAUNCH and VMRESUME after the checks of the instruction itself; false: cpu->fault is set. */
bool vmx_enter(struct cpu *cpu, bool launch);
/*
 * Delivers an event of a VM entry: it counts as behind the instruction that it is said to come
 * from. False: cpu->fault is set, and RIP is what it was.
 */
bool vmx_deliver_injected(struct cpu *cpu, const struct cpu_event *event);
/* The end of VMX instructions. SDM Vol 3C "Conventions" */
bool vmx_succeed(struct cpu *cpu);
bool vmx_fail_invalid(struct cpu *cpu);
bool vmx_fail_valid(struct cpu *cpu, unsigned error);
bool vmx_fail(struct cpu *cpu, unsigned error);

/* MSR lists: 0 if all entries are done, else the number of the one that failed, from 1. */
uint32_t vmx_load_msrs(struct cpu *cpu, uint64_t address, uint64_t count);
uint32_t vmx_store_msrs(struct cpu *cpu, uint64_t address, uint64_t count);

/* ---------------------------------------------------------------- in the guest */

/* At an instruction boundary of the guest: something may have to be done. */
bool vmx_event_ready(const struct cpu *cpu);
/* Does it: true if an event was delivered (cpu->fault may be set) or the guest was left. */
bool vmx_take_events(struct cpu *cpu);
/* "NMI exiting" without "virtual NMIs": IRET unblocks nothing. */
static inline bool vmx_keeps_nmi_blocking_in(const struct cpu_vmx *vmx)
{
	return vmx->guest && (vmx->vmcs.pin_based_controls >> ARCH_PIN_NMI & 1) &&
	       !(vmx->vmcs.pin_based_controls >> ARCH_PIN_VIRTUAL_NMIS & 1);
}
/* The budget is used up as far as it was not held back for the timer: true if there is more. */
bool vmx_release_budget(struct cpu *cpu);
void vmx_hold_budget(struct cpu *cpu);
/* TSC (offsets apart) at which a halted processor is to be woken; ~0 for never. */
uint64_t vmx_wake_time(const struct cpu *cpu);
/* The TSC as the guest reads it. */
uint64_t vmx_guest_tsc(const struct cpu *cpu, uint64_t tsc);
/* CR0 and CR4 as MOV from CR and SMSW read them, and what a MOV to them writes. */
uint64_t vmx_read_cr0(const struct cpu *cpu);
uint64_t vmx_read_cr4(const struct cpu *cpu);
uint64_t vmx_written_cr0(const struct cpu *cpu, uint64_t value);
uint64_t vmx_written_cr4(const struct cpu *cpu, uint64_t value);
/* Bits of @cr0 and @cr4 that VMX operation fixes are as they must be. */
bool vmx_cr0_allowed(const struct cpu *cpu, uint64_t cr0);
bool vmx_cr4_allowed(const struct cpu *cpu, uint64_t cr4);

/* What a VMCS adds to the walker's context, but for MAXPHYADDR and the index of the log. */
void vmx_second_dimension(const struct vmx_vmcs *v, const struct vmx_capabilities *capabilities,
			  struct udv_paging_config *config);

/* What this processor claims, from its features. */
struct cpu_config;
void vmx_make_capabilities(struct vmx_capabilities *capabilities, const struct cpu_config *config,
			   uint64_t cr4_supported);
void vmx_reset(struct cpu *cpu);
/* The same for those who judge without it. */
struct udv_vmx_processor;
void vmx_describe_processor(const struct vmx_capabilities *capabilities,
			    struct udv_vmx_processor *processor);
/* IA32_VMX_BASIC (480H) .. IA32_VMX_VMFUNC (491H) */
uint64_t vmx_capability_msr(const struct vmx_capabilities *capabilities, uint32_t index);

/* VM-instruction errors. SDM Vol 3C "VM-Instruction Error Numbers" */
enum vmx_error {
	VMX_ERROR_VMCALL_IN_ROOT = 1,
	VMX_ERROR_VMCLEAR_ADDRESS = 2,
	VMX_ERROR_VMCLEAR_VMXON = 3,
	VMX_ERROR_LAUNCH_NOT_CLEAR = 4,
	VMX_ERROR_RESUME_NOT_LAUNCHED = 5,
	VMX_ERROR_CONTROL = 7,
	VMX_ERROR_HOST = 8,
	VMX_ERROR_VMPTRLD_ADDRESS = 9,
	VMX_ERROR_VMPTRLD_VMXON = 10,
	VMX_ERROR_VMPTRLD_REVISION = 11,
	VMX_ERROR_COMPONENT = 12,
	VMX_ERROR_READ_ONLY = 13,
	VMX_ERROR_VMXON_IN_ROOT = 15,
	VMX_ERROR_MOV_SS = 26,
	VMX_ERROR_INVALIDATION = 28,
};

/* Bits of controls: VMX_HAS(v->pin_based_controls, PIN, NMI) */
#define VMX_HAS(word, group, control) (((word) >> ARCH_##group##_##control) & 1)

static inline bool vmx_secondary(const struct vmx_vmcs *v, unsigned bit)
{
	return VMX_HAS(v->primary_controls, PRIMARY, SECONDARY) &&
	       (v->secondary_controls >> bit & 1);
}
#define VMX_SECONDARY(v, control) vmx_secondary(v, ARCH_SECONDARY_##control)

#endif
