/* SPDX-License-Identifier: MIT */
#ifndef UNDERVISOR_VM_EXIT_H
#define UNDERVISOR_VM_EXIT_H

#include <undervisor/machine.h>
#include <undervisor/vmentry.h>

/*
 * Everything about a VM exit that a hypervisor in a machine sees: what config.vm_exit of a machine
 * is called with. Enough to compare two runs, or a run and a processor, exit for exit.
 */

/* State that VM exits and entries can change and struct udv_registers does not have. */
struct udv_system_registers {
	uint64_t pdpte[4]; /* as they were loaded; they mean something with PAE paging */
	uint64_t xcr0, xss, pkru, pkrs;
	uint64_t star, lstar, cstar, fmask, kernel_gs_base;
	uint64_t sysenter_cs, sysenter_esp, sysenter_eip;
	uint64_t pat, tsc_aux, misc_enable, debugctl, spec_ctrl, feature_control;
	uint64_t tsc_offset;		     /* IA32_TSC = ticks of virtual time + this */
	uint64_t pending_debug;		     /* as in the guest-state area of a VMCS */
	uint32_t activity, interruptibility; /* as in the guest-state area of a VMCS */
};

/* x87, MMX and vector registers. */
struct udv_float_registers {
	uint64_t significand[8]; /* of R0 to R7, by physical number; MMi is Ri's */
	uint64_t ymm[16][4];
	uint64_t instruction_pointer, data_pointer;
	uint32_t mxcsr;
	uint16_t sign_exponent[8];
	uint16_t control, status, opcode;
	uint16_t instruction_selector, data_selector;
	uint8_t empty; /* bit i: Ri is empty */
};

/* The virtualization-exception information area. */
struct udv_ve_information {
	uint32_t exit_reason;
	uint32_t busy; /* all ones while no other exception is to come; the guest clears it */
	uint64_t exit_qualification, guest_linear_address, guest_physical_address;
	uint16_t eptp_index;
};

struct udv_vm_exit {
	unsigned cpu;
	uint64_t instructions; /* retired by this processor before it */
	uint64_t ticks;	       /* of virtual time */
	/*
	 * A VMX abort: the processor is in shutdown, and @host is what of the host had been loaded.
	 * SDM Vol 3C "VMX Aborts"
	 */
	bool aborted;
	udv_gpa_t vmcs_pointer;
	/*
	 * What L1 will read of its current VMCS: the exit-information fields, and the guest-state
	 * area as the exit saved it. Of a failed entry (exit reason with bit 31) it is L1's own.
	 */
	struct udv_vmcs vmcs;
	/* The guest's registers when it was left, and its hypervisor's when that goes on. */
	struct udv_registers guest, host;
	struct udv_system_registers guest_system, host_system;
	struct udv_float_registers floats; /* an exit leaves them alone */
	/* Where VMCS field 202AH points to, if EPT violations can be #VE and it is memory. */
	bool has_ve;
	struct udv_ve_information ve;
	/* The walk of an EPT fault, as in struct udv_trace_event; NULL if it was none. */
	const struct udv_paging *paging;
	const struct udv_walk_result *walk;
	const struct udv_walk_record *record;
};

#endif
