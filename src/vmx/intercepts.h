/* SPDX-License-Identifier: MIT */
#ifndef UDV_VMX_INTERCEPTS_H
#define UDV_VMX_INTERCEPTS_H

#include "mem/space.h"
#include "vmx/vmcs.h"

/*
 * Whether a VMCS makes its guest exit, where that takes more than one control. Of the VMCS, the
 * operand and the bitmaps alone. SDM Vol 3C "Instructions That Cause VM Exits Conditionally"
 */

/* MOV of @value to CR0, CR3, CR4 or CR8. */
bool vmx_cr_write_exits(const struct vmx_vmcs *v, unsigned number, uint64_t value);
/* LMSW of @source. PE exits only where it would be set. */
bool vmx_lmsw_exits(const struct vmx_vmcs *v, uint64_t source);
bool vmx_clts_exits(const struct vmx_vmcs *v);
/* An access of @size ports from @port on: one beyond FFFFH exits whatever the bitmaps say. */
bool vmx_io_exits(const struct vmx_vmcs *v, struct mem_space *memory, unsigned port, unsigned size);

#endif
