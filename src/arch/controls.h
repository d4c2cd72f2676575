/* SPDX-License-Identifier: MIT */
#ifndef UDV_ARCH_CONTROLS_H
#define UDV_ARCH_CONTROLS_H

#include <stdint.h>

/*
 * The VMX controls. SDM Vol 3C "Definitions of Pin-Based VM-Execution Controls" and its siblings.
 * Columns: bit, name, what it does in a few words.
 */

/* clang-format off */
#define ARCH_PIN_CONTROLS(X) \
	X(0, EXTERNAL_INTERRUPT, "external-interrupt exiting") \
	X(3, NMI, "NMI exiting") \
	X(5, VIRTUAL_NMIS, "virtual NMIs") \
	X(6, PREEMPTION_TIMER, "activate VMX-preemption timer") \
	X(7, POSTED_INTERRUPTS, "process posted interrupts")

#define ARCH_PRIMARY_CONTROLS(X) \
	X(2, INTERRUPT_WINDOW, "interrupt-window exiting") \
	X(3, TSC_OFFSETTING, "use TSC offsetting") \
	X(7, HLT, "HLT exiting") \
	X(9, INVLPG, "INVLPG exiting") \
	X(10, MWAIT, "MWAIT exiting") \
	X(11, RDPMC, "RDPMC exiting") \
	X(12, RDTSC, "RDTSC exiting") \
	X(15, CR3_LOAD, "CR3-load exiting") \
	X(16, CR3_STORE, "CR3-store exiting") \
	X(17, TERTIARY, "activate tertiary controls") \
	X(19, CR8_LOAD, "CR8-load exiting") \
	X(20, CR8_STORE, "CR8-store exiting") \
	X(21, TPR_SHADOW, "use TPR shadow") \
	X(22, NMI_WINDOW, "NMI-window exiting") \
	X(23, MOV_DR, "MOV-DR exiting") \
	X(24, UNCONDITIONAL_IO, "unconditional I/O exiting") \
	X(25, IO_BITMAPS, "use I/O bitmaps") \
	X(27, MONITOR_TRAP_FLAG, "monitor trap flag") \
	X(28, MSR_BITMAPS, "use MSR bitmaps") \
	X(29, MONITOR, "MONITOR exiting") \
	X(30, PAUSE, "PAUSE exiting") \
	X(31, SECONDARY, "activate secondary controls")

#define ARCH_SECONDARY_CONTROLS(X) \
	X(0, VIRTUALIZE_APIC, "virtualize APIC accesses") \
	X(1, EPT, "enable EPT") \
	X(2, DESCRIPTOR_TABLE, "descriptor-table exiting") \
	X(3, RDTSCP, "enable RDTSCP") \
	X(4, VIRTUALIZE_X2APIC, "virtualize x2APIC mode") \
	X(5, VPID, "enable VPID") \
	X(6, WBINVD, "WBINVD exiting") \
	X(7, UNRESTRICTED_GUEST, "unrestricted guest") \
	X(8, APIC_REGISTERS, "APIC-register virtualization") \
	X(9, VIRTUAL_INTERRUPT_DELIVERY, "virtual-interrupt delivery") \
	X(10, PAUSE_LOOP_EXITING, "PAUSE-loop exiting") \
	X(11, RDRAND_EXITING, "RDRAND exiting") \
	X(12, INVPCID, "enable INVPCID") \
	X(13, VM_FUNCTIONS, "enable VM functions") \
	X(14, VMCS_SHADOWING, "VMCS shadowing") \
	X(15, ENCLS_EXITING, "enable ENCLS exiting") \
	X(16, RDSEED_EXITING, "RDSEED exiting") \
	X(17, PML, "enable PML") \
	X(18, EPT_VIOLATION_VE, "EPT-violation #VE") \
	X(19, CONCEAL_FROM_PT, "conceal VMX from PT") \
	X(20, XSAVES, "enable XSAVES/XRSTORS") \
	X(21, PASID_TRANSLATION, "PASID translation") \
	X(22, MBEC, "mode-based execute control for EPT") \
	X(23, SPP, "sub-page write permissions for EPT") \
	X(24, PT_GUEST_PHYSICAL, "Intel PT uses guest physical addresses") \
	X(25, TSC_SCALING, "use TSC scaling") \
	X(26, USER_WAIT, "enable user wait and pause") \
	X(27, PCONFIG, "enable PCONFIG") \
	X(28, ENCLV_EXITING, "enable ENCLV exiting") \
	X(29, EPC_VIRTUALIZATION, "enable EPC virtualization extensions") \
	X(30, BUS_LOCK, "VMM bus-lock detection") \
	X(31, INSTRUCTION_TIMEOUT, "instruction timeout")

#define ARCH_TERTIARY_CONTROLS(X) \
	X(0, LOADIWKEY, "LOADIWKEY exiting") \
	X(1, HLAT, "enable HLAT") \
	X(2, PAGING_WRITE, "EPT paging-write control") \
	X(3, VERIFICATION, "guest-paging verification") \
	X(4, IPI_VIRTUALIZATION, "IPI virtualization") \
	X(6, MSR_LIST, "enable MSR-list instructions") \
	X(7, SPEC_CTRL, "virtualize IA32_SPEC_CTRL") \
	X(8, APIC_TIMER, "APIC-timer virtualization")

#define ARCH_EXIT_CONTROLS(X) \
	X(2, SAVE_DEBUG, "save debug controls") \
	X(9, HOST_64BIT, "host address-space size") \
	X(12, LOAD_PERF_GLOBAL_CTRL, "load IA32_PERF_GLOBAL_CTRL") \
	X(15, ACKNOWLEDGE, "acknowledge interrupt on exit") \
	X(18, SAVE_PAT, "save IA32_PAT") \
	X(19, LOAD_PAT, "load IA32_PAT") \
	X(20, SAVE_EFER, "save IA32_EFER") \
	X(21, LOAD_EFER, "load IA32_EFER") \
	X(22, SAVE_PREEMPTION_TIMER, "save VMX-preemption timer value") \
	X(23, CLEAR_BNDCFGS, "clear IA32_BNDCFGS") \
	X(24, CONCEAL_FROM_PT, "conceal VMX from PT") \
	X(25, CLEAR_RTIT_CTL, "clear IA32_RTIT_CTL") \
	X(26, CLEAR_LBR_CTL, "clear IA32_LBR_CTL") \
	X(27, CLEAR_UINV, "clear UINV") \
	X(28, LOAD_CET, "load CET state") \
	X(29, LOAD_PKRS, "load PKRS") \
	X(30, SAVE_PERF_GLOBAL_CTRL, "save IA32_PERF_GLOBAL_CTRL") \
	X(31, SECONDARY, "activate secondary controls")

#define ARCH_EXIT2_CONTROLS(X) \
	X(0, SAVE_FRED, "save IA32_FRED") \
	X(1, LOAD_FRED, "load IA32_FRED") \
	X(2, LOAD_SPEC_CTRL, "load IA32_SPEC_CTRL") \
	X(3, BUSY_SHADOW_STACK, "prematurely busy shadow stack")

#define ARCH_ENTRY_CONTROLS(X) \
	X(2, LOAD_DEBUG, "load debug controls") \
	X(9, IA32E_GUEST, "IA-32e mode guest") \
	X(10, ENTRY_TO_SMM, "entry to SMM") \
	X(11, DEACTIVATE_DUAL_MONITOR, "deactivate dual-monitor treatment") \
	X(13, LOAD_PERF_GLOBAL_CTRL, "load IA32_PERF_GLOBAL_CTRL") \
	X(14, LOAD_PAT, "load IA32_PAT") \
	X(15, LOAD_EFER, "load IA32_EFER") \
	X(16, LOAD_BNDCFGS, "load IA32_BNDCFGS") \
	X(17, CONCEAL_FROM_PT, "conceal VMX from PT") \
	X(18, LOAD_RTIT_CTL, "load IA32_RTIT_CTL") \
	X(19, LOAD_UINV, "load UINV") \
	X(20, LOAD_CET, "load CET state") \
	X(21, LOAD_LBR_CTL, "load guest IA32_LBR_CTL") \
	X(22, LOAD_PKRS, "load PKRS") \
	X(23, LOAD_FRED, "load IA32_FRED") \
	X(24, LOAD_SPEC_CTRL, "load IA32_SPEC_CTRL")

#define ARCH_VMFUNC_CONTROLS(X) \
	X(0, EPTP_SWITCHING, "EPTP switching")

/* Columns: group, controls, words for "the ... control". */
#define ARCH_CONTROL_GROUPS(X) \
	X(PIN, ARCH_PIN_CONTROLS, "pin-based") \
	X(PRIMARY, ARCH_PRIMARY_CONTROLS, "primary processor-based") \
	X(SECONDARY, ARCH_SECONDARY_CONTROLS, "secondary processor-based") \
	X(TERTIARY, ARCH_TERTIARY_CONTROLS, "tertiary processor-based") \
	X(EXIT, ARCH_EXIT_CONTROLS, "primary VM-exit") \
	X(EXIT2, ARCH_EXIT2_CONTROLS, "secondary VM-exit") \
	X(ENTRY, ARCH_ENTRY_CONTROLS, "VM-entry") \
	X(VMFUNC, ARCH_VMFUNC_CONTROLS, "VM-function")
/* clang-format on */

#define ARCH_GROUP_ENUM(group, ...) ARCH_GROUP_##group,
enum arch_control_group { ARCH_CONTROL_GROUPS(ARCH_GROUP_ENUM) ARCH_NR_CONTROL_GROUPS };
#undef ARCH_GROUP_ENUM

/* clang-format off */
#define ARCH_BIT_OF(group, bit, name) ARCH_##group##_##name = (bit),
#define ARCH_BIT_PIN(bit, name, ...) ARCH_BIT_OF(PIN, bit, name)
#define ARCH_BIT_PRIMARY(bit, name, ...) ARCH_BIT_OF(PRIMARY, bit, name)
#define ARCH_BIT_SECONDARY(bit, name, ...) ARCH_BIT_OF(SECONDARY, bit, name)
#define ARCH_BIT_TERTIARY(bit, name, ...) ARCH_BIT_OF(TERTIARY, bit, name)
#define ARCH_BIT_EXIT(bit, name, ...) ARCH_BIT_OF(EXIT, bit, name)
#define ARCH_BIT_EXIT2(bit, name, ...) ARCH_BIT_OF(EXIT2, bit, name)
#define ARCH_BIT_ENTRY(bit, name, ...) ARCH_BIT_OF(ENTRY, bit, name)
#define ARCH_BIT_VMFUNC(bit, name, ...) ARCH_BIT_OF(VMFUNC, bit, name)
/* clang-format on */

/* Bit numbers: ARCH_SECONDARY_EPT is 1. */
enum arch_control_bit {
	ARCH_PIN_CONTROLS(ARCH_BIT_PIN) ARCH_PRIMARY_CONTROLS(ARCH_BIT_PRIMARY)
		ARCH_SECONDARY_CONTROLS(ARCH_BIT_SECONDARY)
			ARCH_TERTIARY_CONTROLS(ARCH_BIT_TERTIARY) ARCH_EXIT_CONTROLS(ARCH_BIT_EXIT)
				ARCH_EXIT2_CONTROLS(ARCH_BIT_EXIT2)
					ARCH_ENTRY_CONTROLS(ARCH_BIT_ENTRY)
						ARCH_VMFUNC_CONTROLS(ARCH_BIT_VMFUNC)
};

/*
 * When a thing exists: always, or if the processor supports the 1-setting of a control, or of
 * either of two. 16 bits a control, group + 1 above and bit below, the second in the high half.
 */
#define ARCH_ALWAYS 0u
#define ARCH_TDX_ONLY 0xffffu
#define ARCH_IF(group, control) (((ARCH_GROUP_##group + 1u) << 8) | ARCH_##group##_##control)
#define ARCH_IF_EITHER(group, control, group2, control2)                                           \
	(ARCH_IF(group, control) | ARCH_IF(group2, control2) << 16)
#define ARCH_IF_GROUP(exists) ((((exists) >> 8) & 0xffu) - 1u)
#define ARCH_IF_BIT(exists) ((exists)&0xffu)

struct arch_control {
	uint8_t bit;
	const char *id, *name;
};

struct arch_control_table {
	const struct arch_control *controls;
	unsigned nr_controls;
	const char *words;
};

extern const struct arch_control_table arch_control_tables[ARCH_NR_CONTROL_GROUPS];

#endif
