/* SPDX-License-Identifier: MIT */
#ifndef UDV_ARCH_FAULT_BITS_H
#define UDV_ARCH_FAULT_BITS_H

#include "arch/layout.h"

/*
 * What a fault or a VM exit says of itself. SDM Vol 3A "Page-Fault Exceptions"; Vol 3C "Basic
 * VM-Exit Information", "Exit Qualification for ..." (a title for each); AMD64 Vol 2 "Nested Page
 * Fault Exceptions".
 */

/* clang-format off */
#define ARCH_PAGE_FAULT_ROWS(R) \
	R(BIT, 0, 0, NOTHING, "P", "an entry was not present", "rights or a reserved bit") \
	R(BIT, 1, 1, NOTHING, "W/R", "not a write", "a write") \
	R(BIT, 2, 2, NOTHING, "U/S", "a supervisor-mode access", "a user-mode access") \
	R(BIT, 3, 3, NOTHING, "RSVD", "no reserved bit was set", \
	  "a reserved bit was 1 in a present entry") \
	R(BIT, 4, 4, NOTHING, "I/D", "not reported as a fetch", "an instruction fetch") \
	R(BIT, 5, 5, NOTHING, "PK", "not a protection key", "a protection key denied the access") \
	R(BIT, 6, 6, NOTHING, "SS", "not a shadow-stack access", "a shadow-stack access") \
	R(BIT, 7, 7, NOTHING, "HLAT", "not HLAT paging", "HLAT paging found no translation") \
	R(BIT, 15, 15, NOTHING, "SGX", "not SGX", "SGX access control refused")

#define ARCH_EPT_VIOLATION_ROWS(R) \
	R(BIT, 0, 0, NOTHING, "data read", "not a data read", "the access was a data read") \
	R(BIT, 1, 1, NOTHING, "data write", "not a data write", "the access was a data write") \
	R(BIT, 2, 2, NOTHING, "instruction fetch", "not a fetch", "the access was a fetch") \
	R(BIT, 3, 3, NOTHING, "readable", "some EPT entry withheld read", \
	  "every EPT entry used allowed read") \
	R(BIT, 4, 4, NOTHING, "writable", "some EPT entry withheld write", \
	  "every EPT entry used allowed write") \
	R(BIT, 5, 5, NOTHING, "executable", "some EPT entry withheld execute", \
	  "every EPT entry used allowed execute") \
	R(BIT, 6, 6, MBEC, "user-executable", "some EPT entry withheld user-mode execute", \
	  "every EPT entry used allowed user-mode execute") \
	R(BIT, 7, 7, NOTHING, "linear address valid", "the guest-linear address is undefined", \
	  "the guest-linear address is that of the access") \
	R(BIT, 8, 8, NOTHING, "final translation", \
	  "no linear address, or an access to a paging structure on its behalf", \
	  "the access was to the translation of the linear address") \
	R(BIT, 9, 9, NOTHING, "user-mode address", "a supervisor-mode linear address", \
	  "a user-mode linear address") \
	R(BIT, 10, 10, NOTHING, "guest-writable", "read-only in the guest's tables", \
	  "read/write in the guest's tables") \
	R(BIT, 11, 11, NOTHING, "guest execute-disable", "executable in the guest's tables", \
	  "execute-disable in the guest's tables") \
	R(BIT, 12, 12, NOTHING, "NMI unblocking", "not due to an IRET that unblocked NMIs", \
	  "an access by an IRET that unblocked NMIs") \
	R(BIT, 13, 13, NOTHING, "shadow stack", "not a shadow-stack access", \
	  "a shadow-stack access") \
	R(BIT, 14, 14, SSS, "supervisor shadow stack", "bit 60 of the EPT leaf is 0", \
	  "bit 60 of the EPT leaf is 1") \
	R(BIT, 15, 15, NOTHING, "verification", "not guest-paging verification", \
	  "guest-paging verification refused") \
	R(BIT, 16, 16, NOTHING, "asynchronous", "part of executing an instruction or an event", \
	  "asynchronous to instruction execution")

#define ARCH_NPF_ROWS(R) \
	R(BIT, 0, 0, NOTHING, "P", "a nested entry was not present", "rights or a reserved bit") \
	R(BIT, 1, 1, NOTHING, "RW", "not a write", "a write") \
	R(BIT, 2, 2, NOTHING, "US", "a supervisor-mode access", \
	  "a user-mode access, as all nested accesses are without GMET") \
	R(BIT, 3, 3, NOTHING, "RSV", "no reserved bit was set", "a reserved bit was 1") \
	R(BIT, 4, 4, NOTHING, "ID", "not a fetch", "an instruction fetch") \
	R(BIT, 6, 6, NOTHING, "SS", "not a shadow-stack access", "a shadow-stack access") \
	R(BIT, 31, 31, NOTHING, "RMP", "not the reverse map", "the reverse map table refused") \
	R(BIT, 32, 32, NOTHING, "final", "not the final translation", \
	  "translating the final guest-physical address") \
	R(BIT, 33, 33, NOTHING, "table", "not a guest page table", \
	  "translating the address of a guest page-table entry") \
	R(BIT, 34, 34, NOTHING, "ENC", "not the encrypted bit", "the encrypted bit did not match") \
	R(BIT, 35, 35, NOTHING, "SIZEM", "sizes match", "page sizes of the maps do not match") \
	R(BIT, 36, 36, NOTHING, "VMPL", "not VMPL", "the VMPL rights refused") \
	R(BIT, 37, 37, NOTHING, "SSS", "not a supervisor shadow stack", \
	  "the supervisor shadow-stack check refused")

#define ARCH_EXIT_REASON_ROWS(R) \
	R(FIELD, 15, 0, NOTHING, "basic exit reason", "", "") \
	R(ZERO, 24, 16, NOTHING, "zero", "", "") \
	R(BIT, 25, 25, NOTHING, "busy shadow stack", "no shadow stack left busy", \
	  "a supervisor shadow stack was left prematurely busy") \
	R(BIT, 26, 26, NOTHING, "bus lock", "no bus lock", \
	  "the instruction or event also acquired a bus lock") \
	R(BIT, 27, 27, NOTHING, "enclave mode", "not in enclave mode", "in enclave mode") \
	R(BIT, 28, 28, NOTHING, "pending MTF", "no pending MTF exit", \
	  "an MTF exit was pending (SMM-transfer exits)") \
	R(BIT, 29, 29, NOTHING, "from root", "from VMX non-root operation", \
	  "from VMX root operation (SMM-transfer exits)") \
	R(ZERO, 30, 30, NOTHING, "zero", "", "") \
	R(BIT, 31, 31, NOTHING, "entry failure", "a VM exit", "VM entry failed")

#define ARCH_VMCS_ENCODING_ROWS(R) \
	R(VALUES, 0, 0, NOTHING, "access", "", "full|high half of a 64-bit field") \
	R(FIELD, 9, 1, NOTHING, "index", "", "index among fields of this type and width") \
	R(VALUES, 11, 10, NOTHING, "type", "", \
	  "control|read-only data (VM-exit information)|guest state|host state") \
	R(ZERO, 12, 12, NOTHING, "zero", "", "") \
	R(VALUES, 14, 13, NOTHING, "width", "", "16 bits|64 bits|32 bits|natural width") \
	R(ZERO, 31, 15, NOTHING, "zero", "", "")

/* ---- exit qualifications */

#define ARCH_Q_DEBUG_ROWS(R) \
	R(BIT, 0, 0, NOTHING, "B0", "DR0 not matched", "DR0 matched, enabled or not") \
	R(BIT, 1, 1, NOTHING, "B1", "DR1 not matched", "DR1 matched, enabled or not") \
	R(BIT, 2, 2, NOTHING, "B2", "DR2 not matched", "DR2 matched, enabled or not") \
	R(BIT, 3, 3, NOTHING, "B3", "DR3 not matched", "DR3 matched, enabled or not") \
	R(BIT, 11, 11, NOTHING, "BLD", "no bus lock", "a bus lock was detected") \
	R(BIT, 13, 13, NOTHING, "BD", "not DR access", "an access to a debug register") \
	R(BIT, 14, 14, NOTHING, "BS", "not a step", "a single step or branch step") \
	R(BIT, 16, 16, NOTHING, "RTM", "not in a transaction", "in a transactional region")

#define ARCH_Q_LINEAR_ROWS(R) \
	R(FIELD, 63, 0, NOTHING, "linear address", "", "the linear address")

#define ARCH_Q_VECTOR_ROWS(R) \
	R(FIELD, 7, 0, NOTHING, "vector", "", "the vector")

#define ARCH_Q_TASK_SWITCH_ROWS(R) \
	R(FIELD, 15, 0, NOTHING, "TSS selector", "", "selector of the new TSS") \
	R(VALUES, 31, 30, NOTHING, "source", "", "CALL|IRET|JMP|task gate in the IDT")

#define ARCH_Q_CR_ACCESS_ROWS(R) \
	R(FIELD, 3, 0, NOTHING, "control register", "", "number of the control register") \
	R(VALUES, 5, 4, NOTHING, "access type", "", "MOV to CR|MOV from CR|CLTS|LMSW") \
	R(BIT, 6, 6, NOTHING, "LMSW operand", "register, or not LMSW", "memory") \
	R(VALUES, 11, 8, NOTHING, "register", "", \
	  "RAX|RCX|RDX|RBX|RSP|RBP|RSI|RDI|R8|R9|R10|R11|R12|R13|R14|R15") \
	R(FIELD, 31, 16, NOTHING, "LMSW source", "", "source data of LMSW")

#define ARCH_Q_DR_ACCESS_ROWS(R) \
	R(FIELD, 2, 0, NOTHING, "debug register", "", "number of the debug register") \
	R(VALUES, 4, 4, NOTHING, "direction", "", "MOV to DR|MOV from DR") \
	R(VALUES, 11, 8, NOTHING, "register", "", \
	  "RAX|RCX|RDX|RBX|RSP|RBP|RSI|RDI|R8|R9|R10|R11|R12|R13|R14|R15")

#define ARCH_Q_IO_ROWS(R) \
	R(VALUES, 2, 0, NOTHING, "size", "", "1 byte|2 bytes||4 bytes") \
	R(VALUES, 3, 3, NOTHING, "direction", "", "OUT|IN") \
	R(BIT, 4, 4, NOTHING, "string", "not a string instruction", "INS or OUTS") \
	R(BIT, 5, 5, NOTHING, "REP", "no REP prefix", "REP prefix") \
	R(VALUES, 6, 6, NOTHING, "operand", "", "port in DX|port immediate") \
	R(FIELD, 31, 16, NOTHING, "port", "", "port number")

#define ARCH_Q_MWAIT_ROWS(R) \
	R(BIT, 0, 0, NOTHING, "armed", "address-range monitor not armed", "monitor armed")

#define ARCH_Q_APIC_ACCESS_ROWS(R) \
	R(FIELD, 11, 0, NOTHING, "offset", "", "offset in the APIC page, for linear accesses") \
	R(VALUES, 15, 12, NOTHING, "access type", "", \
	  "linear: data read|linear: data write|linear: instruction fetch|" \
	  "linear: during event delivery|||||||guest-physical: during event delivery|||||" \
	  "guest-physical: fetch or execution") \
	R(BIT, 16, 16, NOTHING, "asynchronous", "part of an instruction or an event", \
	  "asynchronous to instruction execution")

#define ARCH_Q_APIC_WRITE_ROWS(R) \
	R(FIELD, 11, 0, NOTHING, "offset", "", "page offset of the write")

#define ARCH_Q_PML_FULL_ROWS(R) \
	R(BIT, 12, 12, NOTHING, "NMI unblocking", "not due to an IRET that unblocked NMIs", \
	  "an access by an IRET that unblocked NMIs") \
	R(BIT, 16, 16, NOTHING, "asynchronous", "part of executing an instruction or an event", \
	  "asynchronous to instruction execution")

#define ARCH_Q_SPP_ROWS(R) \
	R(VALUES, 11, 11, NOTHING, "event", "", "SPP misconfiguration|SPP miss") \
	R(BIT, 12, 12, NOTHING, "NMI unblocking", "not due to an IRET that unblocked NMIs", \
	  "an access by an IRET that unblocked NMIs")

#define ARCH_Q_TIMEOUT_ROWS(R) \
	R(BIT, 0, 0, NOTHING, "context invalid", "the guest can go on", \
	  "the VM's context is lost") \
	R(BIT, 12, 12, NOTHING, "NMI unblocking", "not due to an IRET that unblocked NMIs", \
	  "an IRET that unblocked NMIs")

#define ARCH_Q_ENTRY_STATE_ROWS(R) \
	R(VALUES, 63, 0, NOTHING, "check", "", \
	  "any check of the guest state||PDPTEs|NMI injection under blocking by STI|" \
	  "VMCS link pointer")

#define ARCH_Q_ENTRY_MSR_ROWS(R) \
	R(FIELD, 63, 0, NOTHING, "entry", "", "number of the MSR-load entry that failed, from 1")

#define ARCH_Q_DISPLACEMENT_ROWS(R) \
	R(FIELD, 63, 0, NOTHING, "displacement", "", \
	  "displacement of the memory operand, 0 if none")

#define ARCH_Q_MSR_INDEX_ROWS(R) \
	R(FIELD, 63, 0, NOTHING, "MSR", "", "index of the MSR, 0 without MSR bitmaps")

#define ARCH_Q_PASID_ROWS(R) \
	R(FIELD, 19, 0, NOTHING, "PASID", "", "the PASID that could not be translated")

#define ARCH_Q_NOTHING_ROWS(R) \
	R(ZERO, 63, 0, NOTHING, "zero", "", "")
/* clang-format on */

#define ARCH_FAULT_LAYOUTS(X)                                                                      \
	X(PAGE_FAULT, 32, ZERO, "page-fault error code")                                           \
	X(EPT_VIOLATION, 64, UNDEFINED, "exit qualification of an EPT violation")                  \
	X(NPF, 64, ZERO, "EXITINFO1 of a nested page fault (AMD)")                                 \
	X(EXIT_REASON, 32, ZERO, "exit reason")                                                    \
	X(VMCS_ENCODING, 32, ZERO, "VMCS field encoding")                                          \
	X(Q_DEBUG, 64, ZERO, "exit qualification of a debug exception")                            \
	X(Q_LINEAR, 64, ZERO, "exit qualification: a linear address")                              \
	X(Q_VECTOR, 64, ZERO, "exit qualification: a vector")                                      \
	X(Q_TASK_SWITCH, 64, ZERO, "exit qualification of a task switch")                          \
	X(Q_CR_ACCESS, 64, ZERO, "exit qualification of a control-register access")                \
	X(Q_DR_ACCESS, 64, ZERO, "exit qualification of MOV DR")                                   \
	X(Q_IO, 64, ZERO, "exit qualification of an I/O instruction")                              \
	X(Q_MWAIT, 64, ZERO, "exit qualification of MWAIT")                                        \
	X(Q_APIC_ACCESS, 64, ZERO, "exit qualification of an APIC access")                         \
	X(Q_APIC_WRITE, 64, ZERO, "exit qualification of an APIC write")                           \
	X(Q_PML_FULL, 64, UNDEFINED, "exit qualification of a full page-modification log")         \
	X(Q_SPP, 64, UNDEFINED, "exit qualification of an SPP event")                              \
	X(Q_TIMEOUT, 64, ZERO, "exit qualification of an instruction timeout")                     \
	X(Q_ENTRY_STATE, 64, ZERO, "exit qualification of a VM-entry failure, guest state")        \
	X(Q_ENTRY_MSR, 64, ZERO, "exit qualification of a VM-entry failure, MSR loading")          \
	X(Q_DISPLACEMENT, 64, ZERO, "exit qualification: a displacement")                          \
	X(Q_MSR_INDEX, 64, ZERO, "exit qualification: an MSR index")                               \
	X(Q_PASID, 64, UNDEFINED, "exit qualification of a PASID translation failure")             \
	X(Q_NOTHING, 64, ZERO, "exit qualification of an exit that has none")

#define ARCH_LAYOUT_EXTERN(name, ...) extern const struct arch_layout arch_layout_##name;
ARCH_FAULT_LAYOUTS(ARCH_LAYOUT_EXTERN)
#undef ARCH_LAYOUT_EXTERN

#endif
