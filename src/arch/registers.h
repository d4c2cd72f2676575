/* SPDX-License-Identifier: MIT */
#ifndef UDV_ARCH_REGISTERS_H
#define UDV_ARCH_REGISTERS_H

#include "arch/layout.h"

/*
 * Control registers and MSRs, bit by bit. SDM Vol 3A "Control Registers", "Extended Feature Enable
 * Register", "Debug Registers"; Vol 4 "Architectural MSRs"; Vol 3D "VMX Capability Reporting
 * Facility".
 */

/* clang-format off */
#define ARCH_CR0_ROWS(R) \
	R(BIT, 0, 0, NOTHING, "PE", "real-address mode", "protected mode") \
	R(BIT, 1, 1, NOTHING, "MP", "WAIT ignores TS", "WAIT obeys TS") \
	R(BIT, 2, 2, NOTHING, "EM", "x87 executes", "x87 instructions raise #NM") \
	R(BIT, 3, 3, NOTHING, "TS", "no task switch since x87 was used", \
	  "the next x87 or SSE instruction raises #NM") \
	R(ONE, 4, 4, NOTHING, "ET", "hard-wired to 1", "hard-wired to 1") \
	R(BIT, 5, 5, NOTHING, "NE", "x87 errors by external interrupt", "x87 errors raise #MF") \
	R(BIT, 16, 16, NOTHING, "WP", "supervisor writes ignore read-only pages", \
	  "supervisor writes respect read-only pages") \
	R(BIT, 18, 18, NOTHING, "AM", "no alignment checks", "alignment checks with EFLAGS.AC") \
	R(BIT, 29, 29, NOTHING, "NW", "write-back", "not write-through") \
	R(BIT, 30, 30, NOTHING, "CD", "caches enabled", "caches disabled") \
	R(BIT, 31, 31, NOTHING, "PG", "no paging", "paging")

#define ARCH_CR4_ROWS(R) \
	R(BIT, 0, 0, NOTHING, "VME", "no virtual-8086 extensions", "virtual-8086 extensions") \
	R(BIT, 1, 1, NOTHING, "PVI", "no protected-mode virtual interrupts", \
	  "protected-mode virtual interrupts") \
	R(BIT, 2, 2, NOTHING, "TSD", "RDTSC at any CPL", "RDTSC at CPL 0 only") \
	R(BIT, 3, 3, NOTHING, "DE", "DR4 and DR5 alias DR6 and DR7", "I/O breakpoints") \
	R(BIT, 4, 4, NOTHING, "PSE", "no 4 MB pages in 32-bit paging", \
	  "4 MB pages in 32-bit paging") \
	R(BIT, 5, 5, NOTHING, "PAE", "32-bit paging", "PAE, 4-level or 5-level paging") \
	R(BIT, 6, 6, NOTHING, "MCE", "a machine check shuts down", "machine checks raise #MC") \
	R(BIT, 7, 7, NOTHING, "PGE", "no global pages", "global pages") \
	R(BIT, 8, 8, NOTHING, "PCE", "RDPMC at CPL 0 only", "RDPMC at any CPL") \
	R(BIT, 9, 9, NOTHING, "OSFXSR", "no SSE", "FXSAVE and SSE") \
	R(BIT, 10, 10, NOTHING, "OSXMMEXCPT", "unmasked SIMD errors raise #UD", \
	  "unmasked SIMD errors raise #XM") \
	R(BIT, 11, 11, NOTHING, "UMIP", "SGDT, SIDT, SLDT, SMSW, STR at any CPL", \
	  "SGDT, SIDT, SLDT, SMSW, STR at CPL 0 only") \
	R(BIT, 12, 12, NOTHING, "LA57", "4-level paging in IA-32e mode", \
	  "5-level paging in IA-32e mode") \
	R(BIT, 13, 13, NOTHING, "VMXE", "VMXON raises #UD", "VMX enabled") \
	R(BIT, 14, 14, NOTHING, "SMXE", "GETSEC raises #UD", "SMX enabled") \
	R(BIT, 16, 16, NOTHING, "FSGSBASE", "RDFSBASE and friends raise #UD", \
	  "RDFSBASE and friends enabled") \
	R(BIT, 17, 17, NOTHING, "PCIDE", "no process-context identifiers", \
	  "CR3[11:0] is a process-context identifier") \
	R(BIT, 18, 18, NOTHING, "OSXSAVE", "no XSAVE", "XSAVE and XCR0 enabled") \
	R(BIT, 19, 19, NOTHING, "KL", "no key locker", "key locker enabled") \
	R(BIT, 20, 20, NOTHING, "SMEP", "supervisor may fetch from user-mode pages", \
	  "supervisor fetches from user-mode pages fault") \
	R(BIT, 21, 21, NOTHING, "SMAP", "supervisor may access user-mode data", \
	  "supervisor accesses to user-mode data fault unless EFLAGS.AC = 1") \
	R(BIT, 22, 22, NOTHING, "PKE", "no user protection keys", \
	  "protection keys for user-mode addresses (PKRU)") \
	R(BIT, 23, 23, NOTHING, "CET", "no control-flow enforcement", "control-flow enforcement") \
	R(BIT, 24, 24, NOTHING, "PKS", "no supervisor protection keys", \
	  "protection keys for supervisor-mode addresses (IA32_PKRS)") \
	R(BIT, 25, 25, NOTHING, "UINTR", "no user interrupts", "user interrupts") \
	R(BIT, 27, 27, NOTHING, "LASS", "no linear-address-space separation", \
	  "accesses across the halves of the address space fault") \
	R(BIT, 28, 28, NOTHING, "LAM_SUP", "no masking of supervisor pointers", \
	  "metadata in supervisor pointers is ignored") \
	R(BIT, 32, 32, NOTHING, "FRED", "events through the IDT", "FRED event delivery")

#define ARCH_EFER_ROWS(R) \
	R(BIT, 0, 0, NOTHING, "SCE", "SYSCALL raises #UD", "SYSCALL enabled") \
	R(BIT, 8, 8, NOTHING, "LME", "paging enters protected mode", "paging enters IA-32e mode") \
	R(BIT, 10, 10, NOTHING, "LMA", "not in IA-32e mode", "in IA-32e mode") \
	R(BIT, 11, 11, NOTHING, "NXE", "XD (bit 63) is reserved in guest entries", \
	  "XD (bit 63) forbids fetches")

#define ARCH_APIC_BASE_ROWS(R) \
	R(BIT, 8, 8, NOTHING, "BSP", "an application processor", "the bootstrap processor") \
	R(BIT, 10, 10, NOTHING, "EXTD", "xAPIC mode", "x2APIC mode") \
	R(BIT, 11, 11, NOTHING, "EN", "local APIC disabled", "local APIC enabled") \
	R(ADDRESS, 51, 12, NOTHING, "base", "", "physical address of the APIC registers")

#define ARCH_FEATURE_CONTROL_ROWS(R) \
	R(BIT, 0, 0, NOTHING, "lock", "writable; VMXON raises #GP", "locked until reset") \
	R(BIT, 1, 1, NOTHING, "VMX in SMX", "no VMXON in SMX operation", "VMXON in SMX operation") \
	R(BIT, 2, 2, NOTHING, "VMX outside SMX", "no VMXON outside SMX operation", \
	  "VMXON outside SMX operation") \
	R(FIELD, 14, 8, NOTHING, "SENTER functions", "", "GETSEC[SENTER] local enables") \
	R(BIT, 15, 15, NOTHING, "SENTER global", "GETSEC[SENTER] disabled", \
	  "GETSEC[SENTER] enabled") \
	R(BIT, 17, 17, NOTHING, "SGX launch control", "launch-key hash locked", \
	  "launch-key hash writable") \
	R(BIT, 18, 18, NOTHING, "SGX", "SGX leaves disabled", "SGX leaves enabled") \
	R(BIT, 20, 20, NOTHING, "LMCE", "no local machine checks", "local machine checks")

#define ARCH_SPEC_CTRL_ROWS(R) \
	R(BIT, 0, 0, NOTHING, "IBRS", "off", "indirect branches restricted") \
	R(BIT, 1, 1, NOTHING, "STIBP", "off", "no branch prediction by the sibling thread") \
	R(BIT, 2, 2, NOTHING, "SSBD", "off", "no speculative store bypass") \
	R(BIT, 3, 3, NOTHING, "IPRED_DIS_U", "off", "indirect predictor limited at CPL 3") \
	R(BIT, 4, 4, NOTHING, "IPRED_DIS_S", "off", "indirect predictor limited at CPL < 3") \
	R(BIT, 5, 5, NOTHING, "RRSBA_DIS_U", "off", "no alternate return prediction at CPL 3") \
	R(BIT, 6, 6, NOTHING, "RRSBA_DIS_S", "off", "no alternate return prediction at CPL < 3") \
	R(BIT, 7, 7, NOTHING, "PSFD", "off", "no fast store forwarding predictor") \
	R(BIT, 8, 8, NOTHING, "DDPD_U", "off", "no data-dependent prefetch at CPL 3") \
	R(BIT, 10, 10, NOTHING, "BHI_DIS_S", "off", "no branch history from lower privilege")

#define ARCH_MTRRCAP_ROWS(R) \
	R(FIELD, 7, 0, NOTHING, "VCNT", "", "number of variable ranges") \
	R(BIT, 8, 8, NOTHING, "FIX", "no fixed ranges", "fixed ranges") \
	R(BIT, 10, 10, NOTHING, "WC", "no write-combining type", "write-combining type") \
	R(BIT, 11, 11, NOTHING, "SMRR", "no SMRRs", "system-management range registers")

#define ARCH_MTRR_DEF_TYPE_ROWS(R) \
	R(VALUES, 7, 0, NOTHING, "type", "", \
	  "uncacheable (UC)|write combining (WC)|||write through (WT)|write protected (WP)|" \
	  "write back (WB)") \
	R(BIT, 10, 10, NOTHING, "FE", "fixed ranges off", "fixed ranges on") \
	R(BIT, 11, 11, NOTHING, "E", "MTRRs off: all memory is UC", "MTRRs on")

#define ARCH_ARCH_CAPABILITIES_ROWS(R) \
	R(BIT, 0, 0, NOTHING, "RDCL_NO", "may be open to Meltdown", "not open to Meltdown") \
	R(BIT, 1, 1, NOTHING, "IBRS_ALL", "no enhanced IBRS", "enhanced IBRS") \
	R(BIT, 2, 2, NOTHING, "RSBA", "returns predict from the RSB", \
	  "returns may predict from elsewhere") \
	R(BIT, 3, 3, NOTHING, "SKIP_L1DFL", "flush L1D at VM entry", "no L1D flush needed") \
	R(BIT, 4, 4, NOTHING, "SSB_NO", "may bypass stores", "not open to store bypass") \
	R(BIT, 5, 5, NOTHING, "MDS_NO", "may be open to MDS", "not open to MDS") \
	R(BIT, 6, 6, NOTHING, "PSCHANGE_MC_NO", "page-size changes may raise #MC", \
	  "page-size changes raise no #MC") \
	R(BIT, 7, 7, NOTHING, "TSX_CTRL", "no IA32_TSX_CTRL", "IA32_TSX_CTRL exists") \
	R(BIT, 8, 8, NOTHING, "TAA_NO", "may be open to TAA", "not open to TAA") \
	R(BIT, 10, 10, NOTHING, "MISC_PACKAGE_CTLS", "absent", "IA32_MISC_PACKAGE_CTLS exists") \
	R(BIT, 11, 11, NOTHING, "ENERGY_FILTERING_CTL", "absent", "energy filtering control") \
	R(BIT, 12, 12, NOTHING, "DOITM", "absent", "data-operand-independent timing mode") \
	R(BIT, 13, 13, NOTHING, "SBDR_SSDP_NO", "may be open", "not open to SBDR and SSDP") \
	R(BIT, 14, 14, NOTHING, "FBSDP_NO", "may be open", "not open to FBSDP") \
	R(BIT, 15, 15, NOTHING, "PSDP_NO", "may be open", "not open to PSDP") \
	R(BIT, 17, 17, NOTHING, "FB_CLEAR", "no", "VERW overwrites fill buffers") \
	R(BIT, 18, 18, NOTHING, "FB_CLEAR_CTRL", "no", "FB_CLEAR can be switched off") \
	R(BIT, 19, 19, NOTHING, "RRSBA", "no", "restricted alternate return prediction") \
	R(BIT, 20, 20, NOTHING, "BHI_NO", "may be open", "not open to branch history injection") \
	R(BIT, 21, 21, NOTHING, "XAPIC_DISABLE_STATUS", "absent", "xAPIC disable is reported") \
	R(BIT, 23, 23, NOTHING, "OVERCLOCKING_STATUS", "absent", "overclocking is reported") \
	R(BIT, 24, 24, NOTHING, "PBRSB_NO", "may be open", "not open to post-barrier RSB") \
	R(BIT, 25, 25, NOTHING, "GDS_CTRL", "no", "gather sampling can be mitigated") \
	R(BIT, 26, 26, NOTHING, "GDS_NO", "may be open", "not open to gather sampling") \
	R(BIT, 27, 27, NOTHING, "RFDS_NO", "may be open", "not open to register file sampling") \
	R(BIT, 28, 28, NOTHING, "RFDS_CLEAR", "no", "VERW clears the register file") \
	R(BIT, 62, 62, NOTHING, "ITS_NO", "may be open", "not open to target selection")

#define ARCH_SYSENTER_CS_ROWS(R) \
	R(FIELD, 15, 0, NOTHING, "selector", "", "CS selector for SYSENTER, 0 to disable it")

#define ARCH_MISC_ENABLE_ROWS(R) \
	R(BIT, 0, 0, NOTHING, "fast strings", "off", "on") \
	R(BIT, 3, 3, NOTHING, "thermal control", "off", "automatic thermal control") \
	R(BIT, 7, 7, NOTHING, "performance monitoring", "not available", "available") \
	R(BIT, 11, 11, NOTHING, "BTS unavailable", "branch trace storage", \
	  "no branch trace storage") \
	R(BIT, 12, 12, NOTHING, "PEBS unavailable", "event-based sampling", \
	  "no event-based sampling") \
	R(BIT, 16, 16, NOTHING, "SpeedStep", "off", "on") \
	R(BIT, 18, 18, NOTHING, "MONITOR", "MONITOR and MWAIT raise #UD", "MONITOR and MWAIT") \
	R(BIT, 22, 22, NOTHING, "limit CPUID", "all CPUID leaves", "CPUID ends at leaf 3") \
	R(BIT, 23, 23, NOTHING, "xTPR disable", "xTPR messages", "no xTPR messages") \
	R(BIT, 34, 34, NOTHING, "XD disable", "execute-disable available", "no execute-disable")

#define ARCH_DEBUGCTL_ROWS(R) \
	R(BIT, 0, 0, NOTHING, "LBR", "off", "records last branches") \
	R(BIT, 1, 1, NOTHING, "BTF", "TF steps instructions", "TF steps branches") \
	R(BIT, 2, 2, NOTHING, "BLD", "off", "bus locks raise #DB") \
	R(BIT, 6, 6, NOTHING, "TR", "off", "branch trace messages") \
	R(BIT, 7, 7, NOTHING, "BTS", "off", "branch trace store") \
	R(BIT, 8, 8, NOTHING, "BTINT", "the buffer wraps", "a full buffer interrupts") \
	R(BIT, 9, 9, NOTHING, "BTS_OFF_OS", "traces CPL 0", "does not trace CPL 0") \
	R(BIT, 10, 10, NOTHING, "BTS_OFF_USR", "traces CPL > 0", "does not trace CPL > 0") \
	R(BIT, 11, 11, NOTHING, "FREEZE_LBRS_ON_PMI", "off", "on") \
	R(BIT, 12, 12, NOTHING, "FREEZE_PERFMON_ON_PMI", "off", "on") \
	R(BIT, 13, 13, NOTHING, "UNCORE_PMI", "off", "uncore counters may interrupt") \
	R(BIT, 14, 14, NOTHING, "FREEZE_WHILE_SMM", "off", "counters stop in SMM") \
	R(BIT, 15, 15, NOTHING, "RTM", "off", "#DB inside transactions")

#define ARCH_CET_ROWS(R) \
	R(BIT, 0, 0, NOTHING, "SH_STK_EN", "no shadow stacks", "shadow stacks") \
	R(BIT, 1, 1, NOTHING, "WR_SHSTK_EN", "WRSS raises #UD", "WRSS enabled") \
	R(BIT, 2, 2, NOTHING, "ENDBR_EN", "no branch tracking", "indirect-branch tracking") \
	R(BIT, 3, 3, NOTHING, "LEG_IW_EN", "no legacy code bitmap", "legacy code bitmap") \
	R(BIT, 4, 4, NOTHING, "NO_TRACK_EN", "3EH prefix ignored", \
	  "3EH prefix suppresses tracking") \
	R(BIT, 5, 5, NOTHING, "SUPPRESS_DIS", "tracking may be suppressed", \
	  "tracking is not suppressed") \
	R(BIT, 10, 10, NOTHING, "SUPPRESS", "tracking active", "tracking suppressed") \
	R(VALUES, 11, 11, NOTHING, "TRACKER", "", "idle|waiting for ENDBRANCH") \
	R(FIELD, 63, 12, NOTHING, "EB_LEG_BITMAP_BASE", "", "linear address of the legacy bitmap")

#define ARCH_XSS_ROWS(R) \
	R(BIT, 8, 8, NOTHING, "PT", "not managed", "processor trace state") \
	R(BIT, 10, 10, NOTHING, "PASID", "not managed", "IA32_PASID") \
	R(BIT, 11, 11, NOTHING, "CET_U", "not managed", "user-mode CET state") \
	R(BIT, 12, 12, NOTHING, "CET_S", "not managed", "supervisor-mode shadow-stack pointers") \
	R(BIT, 13, 13, NOTHING, "HDC", "not managed", "hardware duty cycling state") \
	R(BIT, 14, 14, NOTHING, "UINTR", "not managed", "user-interrupt state") \
	R(BIT, 15, 15, NOTHING, "LBR", "not managed", "last-branch records") \
	R(BIT, 16, 16, NOTHING, "HWP", "not managed", "performance request state")

#define ARCH_STAR_ROWS(R) \
	R(IGNORED, 31, 0, NOTHING, "not used", "", "") \
	R(FIELD, 47, 32, NOTHING, "SYSCALL CS", "", "CS selector for SYSCALL, SS is 8 more") \
	R(FIELD, 63, 48, NOTHING, "SYSRET CS", "", "base selector for SYSRET, CS is 16 more, SS 8")

#define ARCH_FMASK_ROWS(R) \
	R(FIELD, 31, 0, NOTHING, "mask", "", "RFLAGS bits that SYSCALL clears")

#define ARCH_TSC_AUX_ROWS(R) \
	R(FIELD, 31, 0, NOTHING, "aux", "", "what RDTSCP and RDPID return")

#define ARCH_VMX_BASIC_ROWS(R) \
	R(FIELD, 30, 0, NOTHING, "revision", "", "VMCS revision identifier") \
	R(ZERO, 31, 31, NOTHING, "zero", "", "") \
	R(FIELD, 44, 32, NOTHING, "region size", "", "bytes of a VMXON or VMCS region") \
	R(BIT, 48, 48, NOTHING, "32-bit addresses", "addresses up to the physical-address width", \
	  "VMX structures must lie below 4 GB") \
	R(BIT, 49, 49, NOTHING, "dual monitor", "no dual-monitor treatment of SMM", \
	  "dual-monitor treatment of SMM") \
	R(VALUES, 53, 50, NOTHING, "memory type", "", "uncacheable (UC)||||||write back (WB)") \
	R(BIT, 54, 54, NOTHING, "INS/OUTS info", "no instruction information for INS and OUTS", \
	  "instruction information for INS and OUTS") \
	R(BIT, 55, 55, NOTHING, "TRUE controls", "default1 controls must be 1", \
	  "some default1 controls may be 0, see the TRUE MSRs") \
	R(BIT, 56, 56, NOTHING, "any error code", \
	  "injected exceptions have their usual error code", \
	  "any exception may be injected with or without an error code") \
	R(BIT, 58, 58, NOTHING, "nested exceptions", "no nested-exception bit", \
	  "nested exceptions can be injected and are reported")

#define ARCH_VMX_MISC_ROWS(R) \
	R(FIELD, 4, 0, NOTHING, "timer rate", "", \
	  "the preemption timer counts when this TSC bit changes") \
	R(BIT, 5, 5, NOTHING, "store LMA", "exits leave \"IA-32e mode guest\" alone", \
	  "exits store EFER.LMA into \"IA-32e mode guest\"") \
	R(BIT, 6, 6, NOTHING, "HLT state", "activity state HLT unsupported", "supported") \
	R(BIT, 7, 7, NOTHING, "shutdown state", "activity state shutdown unsupported", \
	  "supported") \
	R(BIT, 8, 8, NOTHING, "wait-for-SIPI state", "activity state wait-for-SIPI unsupported", \
	  "supported") \
	R(BIT, 14, 14, NOTHING, "PT", "no processor trace in VMX operation", \
	  "processor trace in VMX operation") \
	R(BIT, 15, 15, NOTHING, "RDMSR SMBASE", "IA32_SMBASE is not readable in SMM", \
	  "IA32_SMBASE is readable in SMM") \
	R(FIELD, 24, 16, NOTHING, "CR3 targets", "", "number of CR3-target values") \
	R(FIELD, 27, 25, NOTHING, "MSR lists", "", "N: lists of up to 512 * (N + 1) MSRs") \
	R(BIT, 28, 28, NOTHING, "SMM_MONITOR_CTL[2]", "VMXOFF unblocks SMIs always", \
	  "VMXOFF may keep SMIs blocked") \
	R(BIT, 29, 29, NOTHING, "VMWRITE anywhere", "read-only fields refuse VMWRITE", \
	  "VMWRITE to read-only fields") \
	R(BIT, 30, 30, NOTHING, "zero-length injection", "injected software events need a length", \
	  "injected software events may have length 0") \
	R(FIELD, 63, 32, NOTHING, "MSEG revision", "", "MSEG revision identifier")

#define ARCH_VMX_VMCS_ENUM_ROWS(R) \
	R(ZERO, 0, 0, NOTHING, "zero", "", "") \
	R(FIELD, 9, 1, NOTHING, "highest index", "", "highest index of a VMCS field encoding")

#define ARCH_VMX_EPT_VPID_CAP_ROWS(R) \
	R(BIT, 0, 0, NOTHING, "execute-only", "execute-only entries are misconfigured", \
	  "execute-only EPT entries") \
	R(BIT, 6, 6, NOTHING, "4-level EPT", "unsupported", "page-walk length 4") \
	R(BIT, 7, 7, NOTHING, "5-level EPT", "unsupported", "page-walk length 5") \
	R(BIT, 8, 8, NOTHING, "UC", "unsupported", "EPT structures may be uncacheable") \
	R(BIT, 14, 14, NOTHING, "WB", "unsupported", "EPT structures may be write back") \
	R(BIT, 16, 16, NOTHING, "2 MB pages", "unsupported", "EPT PDEs may map 2 MB") \
	R(BIT, 17, 17, NOTHING, "1 GB pages", "unsupported", "EPT PDPTEs may map 1 GB") \
	R(BIT, 20, 20, NOTHING, "INVEPT", "unsupported", "supported") \
	R(BIT, 21, 21, NOTHING, "A/D flags", "unsupported", "accessed and dirty flags for EPT") \
	R(BIT, 22, 22, NOTHING, "advanced information", \
	  "bits 11:9 of EPT-violation qualifications are undefined", \
	  "EPT violations report the guest's rights in bits 11:9") \
	R(BIT, 23, 23, NOTHING, "supervisor shadow stack", "unsupported", \
	  "supervisor shadow-stack control, EPTP[7]") \
	R(BIT, 25, 25, NOTHING, "INVEPT single", "unsupported", "single-context INVEPT") \
	R(BIT, 26, 26, NOTHING, "INVEPT all", "unsupported", "all-context INVEPT") \
	R(BIT, 32, 32, NOTHING, "INVVPID", "unsupported", "supported") \
	R(BIT, 40, 40, NOTHING, "INVVPID address", "unsupported", "individual-address INVVPID") \
	R(BIT, 41, 41, NOTHING, "INVVPID single", "unsupported", "single-context INVVPID") \
	R(BIT, 42, 42, NOTHING, "INVVPID all", "unsupported", "all-context INVVPID") \
	R(BIT, 43, 43, NOTHING, "INVVPID single, globals", "unsupported", \
	  "single-context INVVPID that keeps global translations") \
	R(FIELD, 53, 48, NOTHING, "HLAT prefix", "", "largest HLAT prefix size")
/* clang-format on */

/* Columns: name, lists of rows, width, gaps, title. */
#define ARCH_REGISTER_LAYOUTS(X)                                                                   \
	X(CR0, 64, ZERO, "CR0")                                                                    \
	X(CR4, 64, ZERO, "CR4")                                                                    \
	X(EFER, 64, ZERO, "IA32_EFER")                                                             \
	X(APIC_BASE, 64, ZERO, "IA32_APIC_BASE")                                                   \
	X(FEATURE_CONTROL, 64, ZERO, "IA32_FEATURE_CONTROL")                                       \
	X(SPEC_CTRL, 64, ZERO, "IA32_SPEC_CTRL")                                                   \
	X(MTRRCAP, 64, UNDEFINED, "IA32_MTRRCAP")                                                  \
	X(MTRR_DEF_TYPE, 64, ZERO, "IA32_MTRR_DEF_TYPE")                                           \
	X(ARCH_CAPABILITIES, 64, UNDEFINED, "IA32_ARCH_CAPABILITIES")                              \
	X(SYSENTER_CS, 64, IGNORED, "IA32_SYSENTER_CS")                                            \
	X(MISC_ENABLE, 64, UNDEFINED, "IA32_MISC_ENABLE")                                          \
	X(DEBUGCTL, 64, ZERO, "IA32_DEBUGCTL")                                                     \
	X(CET, 64, ZERO, "IA32_U_CET, IA32_S_CET")                                                 \
	X(XSS, 64, ZERO, "IA32_XSS")                                                               \
	X(STAR, 64, ZERO, "IA32_STAR")                                                             \
	X(FMASK, 64, ZERO, "IA32_FMASK")                                                           \
	X(TSC_AUX, 64, ZERO, "IA32_TSC_AUX")                                                       \
	X(VMX_BASIC, 64, UNDEFINED, "IA32_VMX_BASIC")                                              \
	X(VMX_MISC, 64, UNDEFINED, "IA32_VMX_MISC")                                                \
	X(VMX_VMCS_ENUM, 64, UNDEFINED, "IA32_VMX_VMCS_ENUM")                                      \
	X(VMX_EPT_VPID_CAP, 64, UNDEFINED, "IA32_VMX_EPT_VPID_CAP")

#define ARCH_LAYOUT_EXTERN(name, ...) extern const struct arch_layout arch_layout_##name;
ARCH_REGISTER_LAYOUTS(ARCH_LAYOUT_EXTERN)
#undef ARCH_LAYOUT_EXTERN

#endif
