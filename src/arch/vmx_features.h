/* SPDX-License-Identifier: MIT */
#ifndef UDV_ARCH_VMX_FEATURES_H
#define UDV_ARCH_VMX_FEATURES_H

/*
 * What a processor with VMX can have and a user can turn off: the bit of a VMX capability MSR that
 * says so. What is not here is either always there or never. All of it is on by default.
 * SDM Vol 3D "VMX Capability Reporting Facility"
 */

/* clang-format off */

/* The control may be 1. Columns: name on the command line, group, control. */
#define ARCH_VMX_MAY_BE_1(X) \
	X("interrupt-exiting", PIN, EXTERNAL_INTERRUPT) \
	X("nmi-exiting", PIN, NMI) \
	X("virtual-nmis", PIN, VIRTUAL_NMIS) \
	X("preemption-timer", PIN, PREEMPTION_TIMER) \
	X("posted", PIN, POSTED_INTERRUPTS) \
	X("interrupt-window", PRIMARY, INTERRUPT_WINDOW) \
	X("tsc-offsetting", PRIMARY, TSC_OFFSETTING) \
	X("hlt-exiting", PRIMARY, HLT) \
	X("invlpg-exiting", PRIMARY, INVLPG) \
	X("mwait-exiting", PRIMARY, MWAIT) \
	X("rdpmc-exiting", PRIMARY, RDPMC) \
	X("rdtsc-exiting", PRIMARY, RDTSC) \
	X("cr8-load-exiting", PRIMARY, CR8_LOAD) \
	X("cr8-store-exiting", PRIMARY, CR8_STORE) \
	X("tpr-shadow", PRIMARY, TPR_SHADOW) \
	X("nmi-window", PRIMARY, NMI_WINDOW) \
	X("mov-dr-exiting", PRIMARY, MOV_DR) \
	X("io-exiting", PRIMARY, UNCONDITIONAL_IO) \
	X("io-bitmaps", PRIMARY, IO_BITMAPS) \
	X("mtf", PRIMARY, MONITOR_TRAP_FLAG) \
	X("msr-bitmaps", PRIMARY, MSR_BITMAPS) \
	X("monitor-exiting", PRIMARY, MONITOR) \
	X("pause-exiting", PRIMARY, PAUSE) \
	X("secondary", PRIMARY, SECONDARY) \
	X("apicv-access", SECONDARY, VIRTUALIZE_APIC) \
	X("ept", SECONDARY, EPT) \
	X("descriptor-exiting", SECONDARY, DESCRIPTOR_TABLE) \
	X("enable-rdtscp", SECONDARY, RDTSCP) \
	X("apicv-x2apic", SECONDARY, VIRTUALIZE_X2APIC) \
	X("vpid", SECONDARY, VPID) \
	X("wbinvd-exiting", SECONDARY, WBINVD) \
	X("unrestricted", SECONDARY, UNRESTRICTED_GUEST) \
	X("apicv-registers", SECONDARY, APIC_REGISTERS) \
	X("apicv-delivery", SECONDARY, VIRTUAL_INTERRUPT_DELIVERY) \
	X("ple", SECONDARY, PAUSE_LOOP_EXITING) \
	X("rdrand-exiting", SECONDARY, RDRAND_EXITING) \
	X("enable-invpcid", SECONDARY, INVPCID) \
	X("vmfunc", SECONDARY, VM_FUNCTIONS) \
	X("shadow-vmcs", SECONDARY, VMCS_SHADOWING) \
	X("rdseed-exiting", SECONDARY, RDSEED_EXITING) \
	X("pml", SECONDARY, PML) \
	X("ve", SECONDARY, EPT_VIOLATION_VE) \
	X("enable-xsaves", SECONDARY, XSAVES) \
	X("mbec", SECONDARY, MBEC) \
	X("spp", SECONDARY, SPP) \
	X("tsc-scaling", SECONDARY, TSC_SCALING) \
	X("exit-64bit", EXIT, HOST_64BIT) \
	X("exit-acknowledge", EXIT, ACKNOWLEDGE) \
	X("exit-save-pat", EXIT, SAVE_PAT) \
	X("exit-load-pat", EXIT, LOAD_PAT) \
	X("exit-save-efer", EXIT, SAVE_EFER) \
	X("exit-load-efer", EXIT, LOAD_EFER) \
	X("exit-save-timer", EXIT, SAVE_PREEMPTION_TIMER) \
	X("exit-load-pkrs", EXIT, LOAD_PKRS) \
	X("entry-64bit", ENTRY, IA32E_GUEST) \
	X("entry-load-pat", ENTRY, LOAD_PAT) \
	X("entry-load-efer", ENTRY, LOAD_EFER) \
	X("entry-load-pkrs", ENTRY, LOAD_PKRS) \
	X("eptp-switching", VMFUNC, EPTP_SWITCHING)

/* The "true" MSR allows 0 where the one of before wants 1. Columns: the same, what it is. */
#define ARCH_VMX_MAY_BE_0(X) \
	X("cr3-load-noexit", PRIMARY, CR3_LOAD, "CR3-load exiting may be 0") \
	X("cr3-store-noexit", PRIMARY, CR3_STORE, "CR3-store exiting may be 0") \
	X("exit-nosave-debug", EXIT, SAVE_DEBUG, "save debug controls may be 0") \
	X("entry-noload-debug", ENTRY, LOAD_DEBUG, "load debug controls may be 0")

/* Other bits. Columns: name, name on the command line, MSR, bit, what it is. */
#define ARCH_VMX_OTHERS(X) \
	X(STRING_INFO, "string-info", BASIC, 54, "instruction information for INS and OUTS") \
	X(TRUE_CONTROLS, "true-controls", BASIC, 55, "the \"true\" capability MSRs") \
	X(STORE_LMA, "store-lma", MISC, 5, "exits store IA32_EFER.LMA") \
	X(ACTIVITY_HLT, "activity-hlt", MISC, 6, "activity state HLT") \
	X(ACTIVITY_SHUTDOWN, "activity-shutdown", MISC, 7, "activity state shutdown") \
	X(ACTIVITY_SIPI, "activity-sipi", MISC, 8, "activity state wait-for-SIPI") \
	X(VMWRITE_ANY, "vmwrite-any", MISC, 29, "VMWRITE to exit-information fields") \
	X(INJECT_LENGTH_0, "inject-length-0", MISC, 30, "injection with an instruction length of 0") \
	X(EPT_EXECUTE_ONLY, "ept-execute-only", EPT_VPID_CAP, 0, "execute-only translations") \
	X(EPT_4LEVEL, "ept-4level", EPT_VPID_CAP, 6, "EPT walks of 4 levels") \
	X(EPT_5LEVEL, "ept-5level", EPT_VPID_CAP, 7, "EPT walks of 5 levels") \
	X(EPT_UC, "ept-uc", EPT_VPID_CAP, 8, "uncacheable EPT structures") \
	X(EPT_WB, "ept-wb", EPT_VPID_CAP, 14, "write-back EPT structures") \
	X(EPT_2M, "ept-2m", EPT_VPID_CAP, 16, "EPT pages of 2 MB") \
	X(EPT_1G, "ept-1g", EPT_VPID_CAP, 17, "EPT pages of 1 GB") \
	X(INVEPT, "invept", EPT_VPID_CAP, 20, "INVEPT") \
	X(EPT_AD, "ept-ad", EPT_VPID_CAP, 21, "EPT accessed and dirty flags") \
	X(EPT_ADVANCED, "ept-advanced", EPT_VPID_CAP, 22, "advanced information of EPT violations") \
	X(INVEPT_SINGLE, "invept-single", EPT_VPID_CAP, 25, "INVEPT of a single context") \
	X(INVEPT_ALL, "invept-all", EPT_VPID_CAP, 26, "INVEPT of all contexts") \
	X(INVVPID, "invvpid", EPT_VPID_CAP, 32, "INVVPID") \
	X(INVVPID_ADDRESS, "invvpid-address", EPT_VPID_CAP, 40, "INVVPID of an individual address") \
	X(INVVPID_SINGLE, "invvpid-single", EPT_VPID_CAP, 41, "INVVPID of a single context") \
	X(INVVPID_ALL, "invvpid-all", EPT_VPID_CAP, 42, "INVVPID of all contexts") \
	X(INVVPID_GLOBAL, "invvpid-keep-global", EPT_VPID_CAP, 43, \
	  "INVVPID of a single context but its global translations")
/* clang-format on */

#endif
