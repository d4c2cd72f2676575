/* SPDX-License-Identifier: MIT */
/*
 * A hypervisor that offers VMX to its guest: what the guest does with VMX instructions is emulated,
 * and a guest of its own runs on a VMCS merged for it. Memory is one to one on all levels, but a
 * guest's EPT is followed by a shadow of it.
 *
 *   struct hv hv;                 a static one, aligned to a page
 *   hv_run(&hv, program, false);  runs the program one level further down; it may do so itself
 *
 * Offered are 64-bit hosts, EPT without accessed and dirty flags, bitmaps of I/O and MSRs, all that
 * a VMCS's guest state holds. Not: MSR lists, VPID, VMCS shadowing, APIC virtualization.
 */
#ifndef GUEST_HV_H
#define GUEST_HV_H

#include "vmx.h"

#define HV_TABLES 64
#define HV_VMCSS 6
#define HV_KEYS 1024

/* A VMCS of the guest's: its region holds nothing. */
struct hv_vmcs {
	u64 pointer;
	bool launched;
	u64 field[HV_KEYS];
};

struct hv {
	u8 on_region[4096], region_guest[4096], region_nested[4096], region_shadow[4096];
	u8 read_bitmap[4096], write_bitmap[4096], msr_bitmap[4096];
	u64 ept[6][512];		/* for the guest: one to one */
	u64 shadow_ept[HV_TABLES][512]; /* for the guest's guest */
	u8 stack[16384];
	struct hv_vmcs vmcs[HV_VMCSS];
	struct hv_vmcs *current; /* of the guest */
	struct regs regs;	 /* of whoever runs */
	u64 shadow_of;		 /* the EPTP that the shadow follows */
	u32 tables;		 /* used of it */
	u64 on_pointer;
	bool on, shadowing;
	bool guest_launched, nested_launched;
	u64 exits, fills; /* handled for the guest; pages that its guest was given */
} __attribute__((aligned(4096)));

/* Runs @program in VMX non-root operation, VMCS shadowing for it or not. False: no VMX. */
bool hv_run(struct hv *hv, void (*program)(void), bool shadowing);

#endif
