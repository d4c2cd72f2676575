/* SPDX-License-Identifier: MIT */
/*
 * A guest with page tables of its own, in each paging mode, and what an EPT fault of it must say.
 *
 * One linear address leads through tables that nothing else uses, at indices that are not zero, to
 * data at an offset that is not zero; code and stack are mapped one to one. The code has no REX
 * prefix, so that the same bytes run in 64-bit and in 32-bit mode.
 */
#ifndef GUEST_L2_H
#define GUEST_L2_H

#include "vmx.h"

enum l2_mode { L2_LONG4, L2_LONG5, L2_PAE, L2_TWO, L2_FLAT, L2_MODES };

struct l2 {
	enum l2_mode mode;
	int top, leaf;	 /* levels of tables; the level that maps the data */
	u64 gla, data;	 /* the linear address, and where it leads */
	u64 cr3, ept;	 /* tables of the guest, root of EPT */
	u64 entry_at[6]; /* by level, 1 the lowest: address of the guest's entry */
	struct regs regs;
};

enum {
	REASON_EXCEPTION = 0,
	REASON_INTERRUPT = 1,
	REASON_TRIPLE = 2,
	REASON_INIT = 3,
	REASON_SIPI = 4,
	REASON_INTERRUPT_WINDOW = 7,
	REASON_NMI_WINDOW = 8,
	REASON_TASK_SWITCH = 9,
	REASON_CPUID = 10,
	REASON_HLT = 12,
	REASON_VMCALL = 18,
	REASON_VMREAD = 23,
	REASON_VMWRITE = 25,
	REASON_CR = 28,
	REASON_IO = 30,
	REASON_ENTRY_GUEST = 33,
	REASON_ENTRY_MSR = 34,
	REASON_MTF = 37,
	REASON_EPT = 48,
	REASON_EPT_MISCONFIG = 49,
	REASON_TIMER = 52,
	REASON_VMFUNC = 59,
	REASON_PML = 62,
};

enum {
	VMCS_GUEST_SS = 0x0804,
	VMCS_GUEST_PML_INDEX = 0x0812,
	VMCS_PML = 0x200e,
	VMCS_VMFUNC = 0x2018,
	VMCS_EPTP_LIST = 0x2024,
	VMCS_VMREAD_BITMAP = 0x2026,
	VMCS_VMWRITE_BITMAP = 0x2028,
	VMCS_VE_AREA = 0x202a,
	VMCS_GUEST_DEBUGCTL = 0x2802,
	VMCS_GUEST_EFER = 0x2806,
	VMCS_GUEST_PDPTE = 0x280a,
	VMCS_PFEC_MASK = 0x4006,
	VMCS_PFEC_MATCH = 0x4008,
	VMCS_GUEST_CS_AR = 0x4816,
	VMCS_GUEST_SS_AR = 0x4818,
	VMCS_GUEST_TR_LIMIT = 0x480e,
	VMCS_GUEST_TR_AR = 0x4822,
	SECONDARY_UNRESTRICTED = 1 << 7,
	SECONDARY_VMFUNC = 1 << 13,
	SECONDARY_SHADOW = 1 << 14,
	SECONDARY_PML = 1 << 17,
	SECONDARY_VE = 1 << 18,
	SECONDARY_MBEC = 1 << 22,
	ENTRY_IA32E = 1 << 9,
	ENTRY_LOAD_EFER = 1 << 15,
	EPTP_AD = 1 << 6,
};

#define L2_DATA 0x4a07238ull
#define EPT_CAP_ADVANCED (1ull << 22)

/* Kinds of access, as bits 2:0 of the exit qualification have them. */
enum { READ = 1, WRITE = 2, FETCH = 4, MODIFY = 3 };

const char *l2_mode_name(enum l2_mode mode);
bool l2_mode_exists(enum l2_mode mode);
u64 vmx_pointer(void);

/* Starts over: a VMCS of a guest in @mode whose @leaf level maps the data with @rights. */
void l2_start(struct l2 *l2, enum l2_mode mode, int leaf, u64 rights, code_t *code, u32 secondary);
void l2_entry_set(const struct l2 *l2, int level, u64 value);
u64 l2_entry_get(const struct l2 *l2, int level);
/* The EPT entry of the page at @address, and what it says now. */
void l2_ept(const struct l2 *l2, u64 address, u64 rights_and_bits);
u64 l2_ept_get(const struct l2 *l2, u64 address);
/* Bits 9 to 11 of the qualification for the final address, if the processor tells them. */
u64 l2_advanced(bool user, bool writable, bool no_execute);
u32 l2_enter(struct l2 *l2);
/* An IDT of the guest's alone, every vector to @handler, on the stack that @ist names. */
struct gate *l2_idt(code_t *handler, u8 ist);

struct l2_fault {
	u64 qualification, gpa, gla, rip;
	u64 idt; /* IDT-vectoring information; 0: none */
};
void l2_violation(const char *name, const struct l2_fault *expected);
void l2_misconfig(const char *name, u64 gpa, u64 rip);

#endif
