/* SPDX-License-Identifier: MIT */
#ifndef UDV_ARCH_EXIT_REASONS_H
#define UDV_ARCH_EXIT_REASONS_H

#include <stdint.h>

/*
 * Basic exit reasons. SDM Vol 3D "VMX Basic Exit Reasons"; the information fields as in Vol 3C
 * "Recording VM-Exit Information and Updating VM-entry Control Fields".
 *
 * Columns: number, name, kind (FAULT: the instruction has had no effect; TRAP: it has completed;
 * ASYNC: between two instructions; EVENT: like the event itself), information fields that the
 * exit defines, what it is.
 */

#define ARCH_INFO_QUALIFICATION 0x01u /* 6400H; 0 otherwise */
#define ARCH_INFO_LINEAR 0x02u	      /* 640AH, in some cases at least */
#define ARCH_INFO_PHYSICAL 0x04u      /* 2400H */
#define ARCH_INFO_EVENT 0x08u	      /* 4404H and 4406H */
#define ARCH_INFO_VECTORING 0x10u     /* 4408H: the exit can happen during event delivery */
#define ARCH_INFO_LENGTH 0x20u	      /* 440CH */
#define ARCH_INFO_OPERANDS 0x40u      /* 440EH */
#define ARCH_INFO_LENGTH_SOFT 0x80u   /* 440CH, if delivering a software event */
#define ARCH_INFO_MSR_DATA 0x100u     /* 2402H */
#define ARCH_INFO_IO 0x200u	      /* 6402H to 6408H */

/* Sets of them, for the table. */
#define ARCH_I_NONE 0u
#define ARCH_I_Q ARCH_INFO_QUALIFICATION
#define ARCH_I_N ARCH_INFO_LENGTH
#define ARCH_I_QN (ARCH_I_Q | ARCH_I_N)
#define ARCH_I_NF (ARCH_I_N | ARCH_INFO_OPERANDS)
#define ARCH_I_QNF (ARCH_I_QN | ARCH_INFO_OPERANDS)
#define ARCH_I_DELIVERY (ARCH_INFO_VECTORING | ARCH_INFO_LENGTH_SOFT)

/* clang-format off */
#define ARCH_EXIT_REASONS(X) \
	X(0, EXCEPTION_OR_NMI, EVENT, ARCH_I_Q | ARCH_INFO_EVENT | ARCH_I_DELIVERY, \
	  "an exception whose bit in the exception bitmap is 1, or an NMI") \
	X(1, EXTERNAL_INTERRUPT, ASYNC, ARCH_INFO_EVENT, "an external interrupt arrived") \
	X(2, TRIPLE_FAULT, EVENT, ARCH_I_NONE, "a fault while delivering a double fault") \
	X(3, INIT_SIGNAL, ASYNC, ARCH_I_NONE, "an INIT signal arrived") \
	X(4, SIPI, ASYNC, ARCH_I_Q, "a start-up IPI arrived in the wait-for-SIPI state") \
	X(5, IO_SMI, ASYNC, ARCH_I_Q | ARCH_INFO_LINEAR | ARCH_INFO_IO, \
	  "an SMI right after an I/O instruction, under the dual-monitor treatment") \
	X(6, OTHER_SMI, ASYNC, ARCH_I_NONE, "another SMI, under the dual-monitor treatment") \
	X(7, INTERRUPT_WINDOW, ASYNC, ARCH_I_NONE, "the guest can take an interrupt now") \
	X(8, NMI_WINDOW, ASYNC, ARCH_I_NONE, "the guest can take an NMI now") \
	X(9, TASK_SWITCH, FAULT, ARCH_I_QN | ARCH_INFO_VECTORING, "a task switch was attempted") \
	X(10, CPUID, FAULT, ARCH_I_N, "CPUID") \
	X(11, GETSEC, FAULT, ARCH_I_N, "GETSEC") \
	X(12, HLT, FAULT, ARCH_I_N, "HLT with \"HLT exiting\"") \
	X(13, INVD, FAULT, ARCH_I_N, "INVD") \
	X(14, INVLPG, FAULT, ARCH_I_QN, "INVLPG with \"INVLPG exiting\"") \
	X(15, RDPMC, FAULT, ARCH_I_N, "RDPMC with \"RDPMC exiting\"") \
	X(16, RDTSC, FAULT, ARCH_I_N, "RDTSC with \"RDTSC exiting\"") \
	X(17, RSM, FAULT, ARCH_I_N, "RSM in SMM, under the dual-monitor treatment") \
	X(18, VMCALL, FAULT, ARCH_I_N, "VMCALL") \
	X(19, VMCLEAR, FAULT, ARCH_I_QNF, "VMCLEAR") \
	X(20, VMLAUNCH, FAULT, ARCH_I_N, "VMLAUNCH") \
	X(21, VMPTRLD, FAULT, ARCH_I_QNF, "VMPTRLD") \
	X(22, VMPTRST, FAULT, ARCH_I_QNF, "VMPTRST") \
	X(23, VMREAD, FAULT, ARCH_I_QNF, "VMREAD that VMCS shadowing does not satisfy") \
	X(24, VMRESUME, FAULT, ARCH_I_N, "VMRESUME") \
	X(25, VMWRITE, FAULT, ARCH_I_QNF, "VMWRITE that VMCS shadowing does not satisfy") \
	X(26, VMXOFF, FAULT, ARCH_I_N, "VMXOFF") \
	X(27, VMXON, FAULT, ARCH_I_QNF, "VMXON") \
	X(28, CR_ACCESS, FAULT, ARCH_I_QN | ARCH_INFO_LINEAR, \
	  "an access to CR0, CR3, CR4 or CR8 that the controls, masks and shadows refuse") \
	X(29, DR_ACCESS, FAULT, ARCH_I_QN, \
	  "MOV to or from a debug register with \"MOV-DR exiting\"") \
	X(30, IO_INSTRUCTION, FAULT, ARCH_I_QNF | ARCH_INFO_LINEAR, \
	  "IN, OUT, INS or OUTS that the I/O bitmaps or \"unconditional I/O exiting\" refuse") \
	X(31, RDMSR, FAULT, ARCH_I_N, "RDMSR that the MSR bitmaps do not allow") \
	X(32, WRMSR, FAULT, ARCH_I_N, "WRMSR that the MSR bitmaps do not allow") \
	X(33, ENTRY_GUEST_STATE, ASYNC, ARCH_I_Q, "VM entry failed: the guest state is invalid") \
	X(34, ENTRY_MSR_LOADING, ASYNC, ARCH_I_Q, "VM entry failed: an MSR could not be loaded") \
	X(36, MWAIT, FAULT, ARCH_I_QN, "MWAIT with \"MWAIT exiting\"") \
	X(37, MONITOR_TRAP_FLAG, ASYNC, ARCH_I_NONE, \
	  "one instruction ran with \"monitor trap flag\"") \
	X(39, MONITOR, FAULT, ARCH_I_N, "MONITOR with \"MONITOR exiting\"") \
	X(40, PAUSE, FAULT, ARCH_I_N, "PAUSE with \"PAUSE exiting\" or in a PAUSE loop") \
	X(41, ENTRY_MACHINE_CHECK, ASYNC, ARCH_I_Q, "VM entry failed: a machine check") \
	X(43, TPR_BELOW_THRESHOLD, TRAP, ARCH_I_NONE, \
	  "the TPR shadow fell below the TPR threshold") \
	X(44, APIC_ACCESS, FAULT, ARCH_I_Q | ARCH_INFO_LENGTH | ARCH_I_DELIVERY, \
	  "an access to the APIC-access page that is not virtualized") \
	X(45, VIRTUALIZED_EOI, TRAP, ARCH_I_Q, "an EOI of a vector in the EOI-exit bitmap") \
	X(46, GDTR_IDTR_ACCESS, FAULT, ARCH_I_QNF, \
	  "LGDT, LIDT, SGDT or SIDT with \"descriptor-table exiting\"") \
	X(47, LDTR_TR_ACCESS, FAULT, ARCH_I_QNF, \
	  "LLDT, LTR, SLDT or STR with \"descriptor-table exiting\"") \
	X(48, EPT_VIOLATION, FAULT, \
	  ARCH_I_Q | ARCH_INFO_LINEAR | ARCH_INFO_PHYSICAL | ARCH_I_DELIVERY, \
	  "the EPT entries do not allow an access to a guest-physical address") \
	X(49, EPT_MISCONFIG, FAULT, ARCH_INFO_PHYSICAL | ARCH_I_DELIVERY, \
	  "an EPT entry holds what it must not hold") \
	X(50, INVEPT, FAULT, ARCH_I_QNF, "INVEPT") \
	X(51, RDTSCP, FAULT, ARCH_I_N, "RDTSCP with \"RDTSC exiting\"") \
	X(52, PREEMPTION_TIMER, ASYNC, ARCH_I_NONE, "the VMX-preemption timer reached zero") \
	X(53, INVVPID, FAULT, ARCH_I_QNF, "INVVPID") \
	X(54, WBINVD, FAULT, ARCH_I_N, "WBINVD or WBNOINVD with \"WBINVD exiting\"") \
	X(55, XSETBV, FAULT, ARCH_I_N, "XSETBV") \
	X(56, APIC_WRITE, TRAP, ARCH_I_Q, \
	  "a write to the virtual-APIC page that software must complete") \
	X(57, RDRAND, FAULT, ARCH_I_NF, "RDRAND with \"RDRAND exiting\"") \
	X(58, INVPCID, FAULT, ARCH_I_QNF, "INVPCID with \"INVLPG exiting\"") \
	X(59, VMFUNC, FAULT, ARCH_I_N, "VMFUNC of a function that is not enabled or failed") \
	X(60, ENCLS, FAULT, ARCH_I_N, "ENCLS of a leaf in the ENCLS-exiting bitmap") \
	X(61, RDSEED, FAULT, ARCH_I_NF, "RDSEED with \"RDSEED exiting\"") \
	X(62, PML_FULL, FAULT, ARCH_I_Q | ARCH_I_DELIVERY, \
	  "an access must be logged and the page-modification log is full") \
	X(63, XSAVES, FAULT, ARCH_I_QNF, "XSAVES of a component in the XSS-exiting bitmap") \
	X(64, XRSTORS, FAULT, ARCH_I_QNF, "XRSTORS of a component in the XSS-exiting bitmap") \
	X(65, PCONFIG, FAULT, ARCH_I_N, "PCONFIG of a leaf in the PCONFIG-exiting bitmap") \
	X(66, SPP_EVENT, FAULT, \
	  ARCH_I_Q | ARCH_INFO_LINEAR | ARCH_INFO_PHYSICAL | ARCH_I_DELIVERY, \
	  "the sub-page-permission table has no valid entry for a write") \
	X(67, UMWAIT, FAULT, ARCH_I_NF, "UMWAIT with \"RDTSC exiting\"") \
	X(68, TPAUSE, FAULT, ARCH_I_NF, "TPAUSE with \"RDTSC exiting\"") \
	X(69, LOADIWKEY, FAULT, ARCH_I_NF, "LOADIWKEY with \"LOADIWKEY exiting\"") \
	X(70, ENCLV, FAULT, ARCH_I_N, "ENCLV of a leaf in the ENCLV-exiting bitmap") \
	X(72, ENQCMD_PASID, FAULT, ARCH_I_QN, "ENQCMD whose PASID could not be translated") \
	X(73, ENQCMDS_PASID, FAULT, ARCH_I_QN, "ENQCMDS whose PASID could not be translated") \
	X(74, BUS_LOCK, TRAP, ARCH_I_NONE, "a bus lock was acquired") \
	X(75, INSTRUCTION_TIMEOUT, ASYNC, ARCH_I_Q, "no interrupt window for too long a time") \
	X(76, SEAMCALL, FAULT, ARCH_I_N, "SEAMCALL (Intel TDX)") \
	X(77, TDCALL, FAULT, ARCH_I_N, "TDCALL (Intel TDX)") \
	X(78, RDMSRLIST, FAULT, ARCH_I_QN, "RDMSRLIST that the MSR bitmaps do not allow") \
	X(79, WRMSRLIST, FAULT, ARCH_I_QN | ARCH_INFO_MSR_DATA, \
	  "WRMSRLIST that the MSR bitmaps do not allow") \
	X(80, URDMSR, FAULT, ARCH_I_QN, "URDMSR that the MSR bitmaps do not allow") \
	X(81, UWRMSR, FAULT, ARCH_I_QN, "UWRMSR that the MSR bitmaps do not allow") \
	X(84, RDMSR_IMMEDIATE, FAULT, ARCH_I_QNF, "RDMSR with an immediate operand") \
	X(85, WRMSRNS_IMMEDIATE, FAULT, ARCH_I_QNF, "WRMSRNS with an immediate operand")
/* clang-format on */

#define ARCH_EXIT_ENUM(number, name, ...) ARCH_EXIT_##name##_REASON = (number),
enum arch_exit_reason { ARCH_EXIT_REASONS(ARCH_EXIT_ENUM) };
#undef ARCH_EXIT_ENUM

/* Above every basic exit reason. A power of two. */
#define ARCH_MAX_EXIT_REASONS 128u

enum arch_exit_kind {
	ARCH_EXIT_KIND_FAULT,
	ARCH_EXIT_KIND_TRAP,
	ARCH_EXIT_KIND_ASYNC,
	ARCH_EXIT_KIND_EVENT,
};

struct arch_exit_reason_row {
	uint16_t number;
	uint16_t info; /* ARCH_INFO_* */
	uint8_t kind;  /* enum arch_exit_kind */
	const char *name, *cause;
};

extern const struct arch_exit_reason_row arch_exit_reasons[];
extern const unsigned arch_nr_exit_reasons;

#endif
