/* SPDX-License-Identifier: MIT */
#ifndef UDV_VMX_ENTRY_H
#define UDV_VMX_ENTRY_H

#include <undervisor/vmentry.h>

#include "vmx/checks.h"

/* Addresses that vmx_check_all() reads at most: VTPR, a VMCS, four PDPTEs. */
#define ENTRY_READS 6u

/* A public VM entry in the terms of checks.h. */
struct entry_judged {
	struct vmx_capabilities capabilities;
	struct vmx_check_input input;
	const struct udv_memory *memory;
	const struct udv_vmentry_msr *msrs;
	uint32_t nr_msrs, refused_msr;
	uint64_t unread;		 /* lowest address that was not there */
	uint64_t unread_at[ENTRY_READS]; /* the first of them */
	unsigned nr_unread;
	uint64_t read_address, read_value; /* the last that was */
};

/* @judged must stay where it is: its input points into it. */
void entry_prepare(struct entry_judged *judged, const struct udv_vmentry *entry);

static inline const struct vmx_vmcs *entry_vmcs(const struct udv_vmcs *vmcs)
{
	return (const struct vmx_vmcs *)(const void *)vmcs->slots;
}

#endif
