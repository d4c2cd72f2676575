/* SPDX-License-Identifier: MIT */
/*
 * A hypervisor for tests: one VMCS whose guest is the image itself, in 64-bit mode with the host's
 * tables, EPT that maps memory one to one, and a call that runs it until it exits.
 */
#ifndef GUEST_VMX_H
#define GUEST_VMX_H

#include "guest.h"

enum {
	VMCS_VPID = 0x0000,
	VMCS_GUEST_ES = 0x0800,
	VMCS_GUEST_CS = 0x0802,
	VMCS_GUEST_TR = 0x080e,
	VMCS_HOST_ES = 0x0c00,
	VMCS_HOST_TR = 0x0c0c,
	VMCS_IO_BITMAP_A = 0x2000,
	VMCS_IO_BITMAP_B = 0x2002,
	VMCS_MSR_BITMAP = 0x2004,
	VMCS_EPTP = 0x201a,
	VMCS_GPA = 0x2400,
	VMCS_LINK = 0x2800,
	VMCS_PIN = 0x4000,
	VMCS_PRIMARY = 0x4002,
	VMCS_EXCEPTIONS = 0x4004,
	VMCS_EXIT_CONTROLS = 0x400c,
	VMCS_ENTRY_CONTROLS = 0x4012,
	VMCS_ENTRY_INFO = 0x4016,
	VMCS_ENTRY_ERROR = 0x4018,
	VMCS_ENTRY_LENGTH = 0x401a,
	VMCS_SECONDARY = 0x401e,
	VMCS_ERROR = 0x4400,
	VMCS_REASON = 0x4402,
	VMCS_EXIT_INFO = 0x4404,
	VMCS_EXIT_ERROR = 0x4406,
	VMCS_IDT_INFO = 0x4408,
	VMCS_IDT_ERROR = 0x440a,
	VMCS_LENGTH = 0x440c,
	VMCS_INSTRUCTION = 0x440e,
	VMCS_GUEST_ES_LIMIT = 0x4800,
	VMCS_GUEST_GDTR_LIMIT = 0x4810,
	VMCS_GUEST_IDTR_LIMIT = 0x4812,
	VMCS_GUEST_ES_AR = 0x4814,
	VMCS_INTERRUPTIBILITY = 0x4824,
	VMCS_ACTIVITY = 0x4826,
	VMCS_TIMER = 0x482e,
	VMCS_CR0_MASK = 0x6000,
	VMCS_CR4_MASK = 0x6002,
	VMCS_CR0_SHADOW = 0x6004,
	VMCS_CR4_SHADOW = 0x6006,
	VMCS_QUALIFICATION = 0x6400,
	VMCS_GLA = 0x640a,
	VMCS_GUEST_CR0 = 0x6800,
	VMCS_GUEST_CR3 = 0x6802,
	VMCS_GUEST_CR4 = 0x6804,
	VMCS_GUEST_ES_BASE = 0x6806,
	VMCS_GUEST_TR_BASE = 0x6814,
	VMCS_GUEST_GDTR_BASE = 0x6816,
	VMCS_GUEST_IDTR_BASE = 0x6818,
	VMCS_GUEST_DR7 = 0x681a,
	VMCS_GUEST_RSP = 0x681c,
	VMCS_GUEST_RIP = 0x681e,
	VMCS_GUEST_RFLAGS = 0x6820,
	VMCS_PENDING_DEBUG = 0x6822,
	VMCS_HOST_CR0 = 0x6c00,
	VMCS_HOST_CR3 = 0x6c02,
	VMCS_HOST_CR4 = 0x6c04,
	VMCS_HOST_TR_BASE = 0x6c0a,
	VMCS_HOST_GDTR_BASE = 0x6c0c,
	VMCS_HOST_IDTR_BASE = 0x6c0e,
	VMCS_HOST_RSP = 0x6c14,
	VMCS_HOST_RIP = 0x6c16,
};

enum {
	PRIMARY_HLT = 1 << 7,
	PRIMARY_INVLPG = 1 << 9,
	PRIMARY_RDTSC = 1 << 12,
	PRIMARY_CR3_LOAD = 1 << 15,
	PRIMARY_CR3_STORE = 1 << 16,
	PRIMARY_CR8_LOAD = 1 << 19,
	PRIMARY_MOV_DR = 1 << 23,
	PRIMARY_IO = 1 << 24,
	PRIMARY_MTF = 1 << 27,
	PRIMARY_MONITOR = 1 << 29,
	PRIMARY_PAUSE = 1 << 30,
	SECONDARY_EPT = 1 << 1,
	SECONDARY_TABLES = 1 << 2,
	SECONDARY_RDTSCP = 1 << 3,
	SECONDARY_VPID = 1 << 5,
	SECONDARY_WBINVD = 1 << 6,
	SECONDARY_RDRAND = 1 << 11,
	SECONDARY_INVPCID = 1 << 12,
	SECONDARY_XSAVES = 1 << 20,
};
#define PRIMARY_SECONDARY 0x80000000u

/* How an instruction of VMX ended. */
enum { VM_SUCCEED, VM_FAIL_INVALID, VM_FAIL_VALID };

/* True if VMX operation has been entered. */
bool vmx_on(void);
bool vmx_on_at(u64 pointer);
int vmx_clear(u64 pointer);
int vmx_load(u64 pointer);
int vmx_read(u64 field, u64 *value);
int vmx_write(u64 field, u64 value);
u64 vmx_get(u32 field);
/* Bits of a field of controls that the capability MSRs allow to be 1, and ask to be. */
u32 vmx_may_be_1(u32 field);
u32 vmx_must_be_1(u32 field);
void vmx_set(u32 field, u64 value);
/* @type 1: what is cached of @eptp's root; 2: of all. */
void vmx_invept(u64 type, u64 eptp);
/* @wanted with the bits that must be 1 and without those that may not. */
u64 vmx_controls(u32 field, u64 wanted);
/* A region with the processor's revision identifier. */
void *vmx_region(void);

/*
 * A new current VMCS, ready to run @code at CPL 0 with no more controls than must be, and
 * the secondary ones in @secondary.
 */
void vmx_new(code_t *code, u32 secondary);
void vmx_new_at(u64 pointer, code_t *code, u32 secondary);
void vmx_primary(u32 controls);

/* Enters the guest with @regs, general registers only; VM_SUCCEED: it has exited. */
int vmx_enter(struct regs *regs);
/* The same where the caller knows whether VMRESUME is due. */
int vmx_switch(struct regs *regs, bool resume);

/* EPT: one to one with all rights but for pages that ept_page() changes, 4 KB each. */
u64 ept_root(void);
u64 *ept_page(u64 root, u64 address);
#define EPT_ALL 0x7u
#define EPT_WB (6u << 3)

#endif
