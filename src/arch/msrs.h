/* SPDX-License-Identifier: MIT */
#ifndef UDV_ARCH_MSRS_H
#define UDV_ARCH_MSRS_H

#include <stdint.h>

#include "arch/controls.h"

/*
 * Architectural MSRs worth naming, the VMX capability MSRs complete. SDM Vol 4 "Architectural
 * MSRs", Vol 3D "VMX Capability Reporting Facility".
 *
 * Columns: index, name, layout of its value (a layout of registers.h, or one of the general ones
 * below), group of VMX controls it reports on (NONE otherwise), when it exists, what it is.
 * General layouts: RAW a number, ADDRESS a canonical linear address, CONTROLS 32 bits of "must be
 * 1" under 32 bits of "may be 1", MAY_BE_1 64 bits of that.
 */

/* clang-format off */
#define ARCH_MSRS(X) \
	X(0x010, TIME_STAMP_COUNTER, RAW, NONE, "always", "the time-stamp counter") \
	X(0x01b, APIC_BASE, APIC_BASE, NONE, "always", "address and mode of the local APIC") \
	X(0x03a, FEATURE_CONTROL, FEATURE_CONTROL, NONE, "with VMX or SMX", \
	  "what firmware allows, VMX among it") \
	X(0x03b, TSC_ADJUST, RAW, NONE, "CPUID.7.0:EBX[1]", "what has been added to the TSC") \
	X(0x048, SPEC_CTRL, SPEC_CTRL, NONE, "CPUID.7.0:EDX[26]", "speculation control") \
	X(0x08b, BIOS_SIGN_ID, RAW, NONE, "always", "the microcode revision, in bits 63:32") \
	X(0x0fe, MTRRCAP, MTRRCAP, NONE, "with MTRRs", "what the MTRRs can do") \
	X(0x10a, ARCH_CAPABILITIES, ARCH_CAPABILITIES, NONE, "CPUID.7.0:EDX[29]", \
	  "what the processor is immune to") \
	X(0x174, SYSENTER_CS, SYSENTER_CS, NONE, "with SYSENTER", "the CS selector for SYSENTER") \
	X(0x175, SYSENTER_ESP, ADDRESS, NONE, "with SYSENTER", "the RSP for SYSENTER") \
	X(0x176, SYSENTER_EIP, ADDRESS, NONE, "with SYSENTER", "the RIP for SYSENTER") \
	X(0x1a0, MISC_ENABLE, MISC_ENABLE, NONE, "always", "miscellaneous features") \
	X(0x1d9, DEBUGCTL, DEBUGCTL, NONE, "always", "branch tracing and debug control") \
	X(0x277, PAT, PAT, NONE, "CPUID.1:EDX[16]", "the page attribute table") \
	X(0x2ff, MTRR_DEF_TYPE, MTRR_DEF_TYPE, NONE, "with MTRRs", \
	  "memory type where no MTRR applies") \
	X(0x38f, PERF_GLOBAL_CTRL, RAW, NONE, "CPUID.0AH:EAX[7:0] > 1", \
	  "which performance counters count") \
	X(0x480, VMX_BASIC, VMX_BASIC, NONE, "with VMX", "basic VMX information") \
	X(0x481, VMX_PINBASED_CTLS, CONTROLS, PIN, "with VMX", \
	  "allowed settings of the pin-based controls") \
	X(0x482, VMX_PROCBASED_CTLS, CONTROLS, PRIMARY, "with VMX", \
	  "allowed settings of the primary processor-based controls") \
	X(0x483, VMX_EXIT_CTLS, CONTROLS, EXIT, "with VMX", \
	  "allowed settings of the primary VM-exit controls") \
	X(0x484, VMX_ENTRY_CTLS, CONTROLS, ENTRY, "with VMX", \
	  "allowed settings of the VM-entry controls") \
	X(0x485, VMX_MISC, VMX_MISC, NONE, "with VMX", "miscellaneous VMX information") \
	X(0x486, VMX_CR0_FIXED0, CR_FIXED0, NONE, "with VMX", "bits of CR0 that must be 1") \
	X(0x487, VMX_CR0_FIXED1, CR_FIXED1, NONE, "with VMX", "bits of CR0 that may be 1") \
	X(0x488, VMX_CR4_FIXED0, CR_FIXED0, NONE, "with VMX", "bits of CR4 that must be 1") \
	X(0x489, VMX_CR4_FIXED1, CR_FIXED1, NONE, "with VMX", "bits of CR4 that may be 1") \
	X(0x48a, VMX_VMCS_ENUM, VMX_VMCS_ENUM, NONE, "with VMX", "the highest VMCS field index") \
	X(0x48b, VMX_PROCBASED_CTLS2, CONTROLS, SECONDARY, "IA32_VMX_PROCBASED_CTLS[63] = 1", \
	  "allowed settings of the secondary processor-based controls") \
	X(0x48c, VMX_EPT_VPID_CAP, VMX_EPT_VPID_CAP, NONE, \
	  "IA32_VMX_PROCBASED_CTLS2[33] or [37] = 1", "what EPT and VPID can do") \
	X(0x48d, VMX_TRUE_PINBASED_CTLS, CONTROLS, PIN, "IA32_VMX_BASIC[55] = 1", \
	  "allowed settings of the pin-based controls, default1 included") \
	X(0x48e, VMX_TRUE_PROCBASED_CTLS, CONTROLS, PRIMARY, "IA32_VMX_BASIC[55] = 1", \
	  "allowed settings of the primary processor-based controls, default1 included") \
	X(0x48f, VMX_TRUE_EXIT_CTLS, CONTROLS, EXIT, "IA32_VMX_BASIC[55] = 1", \
	  "allowed settings of the primary VM-exit controls, default1 included") \
	X(0x490, VMX_TRUE_ENTRY_CTLS, CONTROLS, ENTRY, "IA32_VMX_BASIC[55] = 1", \
	  "allowed settings of the VM-entry controls, default1 included") \
	X(0x491, VMX_VMFUNC, MAY_BE_1, VMFUNC, "IA32_VMX_PROCBASED_CTLS2[45] = 1", \
	  "which VM functions exist") \
	X(0x492, VMX_PROCBASED_CTLS3, MAY_BE_1, TERTIARY, "IA32_VMX_PROCBASED_CTLS[49] = 1", \
	  "which tertiary processor-based controls may be 1") \
	X(0x493, VMX_EXIT_CTLS2, MAY_BE_1, EXIT2, "IA32_VMX_EXIT_CTLS[63] = 1", \
	  "which secondary VM-exit controls may be 1") \
	X(0x600, DS_AREA, ADDRESS, NONE, "CPUID.1:EDX[21]", "the debug store area") \
	X(0x6a0, U_CET, CET, NONE, "with CET", "user-mode control-flow enforcement") \
	X(0x6a2, S_CET, CET, NONE, "with CET", "supervisor-mode control-flow enforcement") \
	X(0x6a4, PL0_SSP, ADDRESS, NONE, "with CET shadow stacks", "shadow stack for CPL 0") \
	X(0x6a5, PL1_SSP, ADDRESS, NONE, "with CET shadow stacks", "shadow stack for CPL 1") \
	X(0x6a6, PL2_SSP, ADDRESS, NONE, "with CET shadow stacks", "shadow stack for CPL 2") \
	X(0x6a7, PL3_SSP, ADDRESS, NONE, "with CET shadow stacks", "shadow stack for CPL 3") \
	X(0x6a8, INTERRUPT_SSP_TABLE_ADDR, ADDRESS, NONE, "with CET shadow stacks", \
	  "the shadow stacks that the IST chooses from") \
	X(0x6e0, TSC_DEADLINE, RAW, NONE, "CPUID.1:ECX[24]", "when the APIC timer fires") \
	X(0x6e1, PKRS, PKRS, NONE, "CPUID.7.0:ECX[31]", \
	  "rights of the supervisor protection keys") \
	X(0xda0, XSS, XSS, NONE, "CPUID.0DH.1:EAX[3]", "supervisor state components of XSAVES") \
	X(0xc0000080, EFER, EFER, NONE, "with Intel 64 or execute-disable", "extended features") \
	X(0xc0000081, STAR, STAR, NONE, "with Intel 64", "selectors for SYSCALL and SYSRET") \
	X(0xc0000082, LSTAR, ADDRESS, NONE, "with Intel 64", "the RIP for SYSCALL") \
	X(0xc0000083, CSTAR, ADDRESS, NONE, "with Intel 64", "not used by Intel processors") \
	X(0xc0000084, FMASK, FMASK, NONE, "with Intel 64", "RFLAGS bits that SYSCALL clears") \
	X(0xc0000100, FS_BASE, ADDRESS, NONE, "with Intel 64", "the base of FS") \
	X(0xc0000101, GS_BASE, ADDRESS, NONE, "with Intel 64", "the base of GS") \
	X(0xc0000102, KERNEL_GS_BASE, ADDRESS, NONE, "with Intel 64", "what SWAPGS swaps with") \
	X(0xc0000103, TSC_AUX, TSC_AUX, NONE, "with RDTSCP or RDPID", "what RDTSCP returns in ECX")
/* clang-format on */

#define ARCH_MSR_ENUM(index, name, ...) ARCH_MSR_##name = (index),
enum arch_msr_index { ARCH_MSRS(ARCH_MSR_ENUM) };
#undef ARCH_MSR_ENUM

/* General layouts; every other one is a struct arch_layout. */
enum arch_msr_form {
	ARCH_MSR_FORM_RAW,
	ARCH_MSR_FORM_ADDRESS,
	ARCH_MSR_FORM_CONTROLS,
	ARCH_MSR_FORM_MAY_BE_1,
	ARCH_MSR_FORM_CR_FIXED0,
	ARCH_MSR_FORM_CR_FIXED1,
	ARCH_MSR_FORM_PAT,
	ARCH_MSR_FORM_PKRS,
	ARCH_MSR_FORM_LAYOUT,
};

#define ARCH_GROUP_NONE 0xff

struct arch_layout;

struct arch_msr {
	uint32_t index;
	uint8_t form;  /* enum arch_msr_form */
	uint8_t group; /* enum arch_control_group, or ARCH_GROUP_NONE */
	const struct arch_layout *layout;
	const char *name, *exists, *what;
};

extern const struct arch_msr arch_msrs[];
extern const unsigned arch_nr_msrs;

#endif
