/* SPDX-License-Identifier: MIT */
#ifndef UDV_VMX_VMCS_H
#define UDV_VMX_VMCS_H

#include <stdbool.h>
#include <stdint.h>

#include "arch/vmcs_fields.h"

/*
 * The contents of one VMCS: every field in 64 bits, by the names of arch/vmcs_fields.h. Those that
 * a field does not have are 0. SDM Vol 3C "Virtual Machine Control Structures"
 */
struct vmx_vmcs {
#define VMX_MEMBER(encoding, width, type, name, member, ...) uint64_t member;
	ARCH_VMCS_FIELDS(VMX_MEMBER)
#undef VMX_MEMBER
};

/*
 * A VMCS region in memory: the two words that the manual lays out, the launch state, and the
 * fields in the order of the table. SDM Vol 3C "Format of the VMCS Region"
 */
#define VMX_REVISION 0x756e6476u
#define VMX_REGION_SIZE 4096u
#define VMX_REGION_ABORT 4u
#define VMX_REGION_LAUNCHED 8u
#define VMX_REGION_FIELDS 16u
_Static_assert(VMX_REGION_FIELDS + sizeof(struct vmx_vmcs) <= VMX_REGION_SIZE, "fits its region");

/*
 * Encodings of full access are a number below VMX_FIELD_KEYS: 4 widths, 4 types, indices below 64.
 * Nothing else exists.
 */
#define VMX_FIELD_KEYS 1024u
#define VMX_FIELD_BITS 0x6c7eull
static inline unsigned vmx_field_key(uint64_t encoding)
{
	return (unsigned)(encoding >> 1 & 0x3f) | (unsigned)(encoding >> 4 & 0xc0) |
	       (unsigned)(encoding >> 5 & 0x300);
}

/* Slot of the field with this encoding (access type aside) in a struct vmx_vmcs; -1: none. */
int vmx_field_slot(uint32_t encoding);
/* The field in @slot, in the table's order. */
const struct arch_vmcs_field *vmx_field(unsigned slot);

static inline uint64_t *vmx_slot(struct vmx_vmcs *vmcs, unsigned slot)
{
	return (uint64_t *)(void *)vmcs + slot;
}

/* How many bits @encoding is about: those of a field, or the 32 of its high half; and which. */
static inline unsigned vmx_field_width(uint64_t encoding)
{
	static const uint8_t bits[] = {
		[ARCH_WIDTH_16] = 16,
		[ARCH_WIDTH_64] = 64,
		[ARCH_WIDTH_32] = 32,
		[ARCH_WIDTH_NATURAL] = 64,
	};

	return encoding & ARCH_VMCS_HIGH ? 32 : bits[ARCH_VMCS_WIDTH(encoding)];
}
static inline uint64_t vmx_field_mask(uint64_t encoding)
{
	return ~0ull >> (64 - vmx_field_width(encoding));
}

/* Drops bits that fields do not have: in memory software may have put any there. */
void vmx_narrow(struct vmx_vmcs *vmcs);

/*
 * What VMREAD by @encoding gives of a field that holds @field, and what VMWRITE of @value leaves in
 * it. @wide: a 64-bit operand. SDM Vol 3C "VMREAD, VMWRITE, and Encodings of VMCS Fields"
 */
uint64_t vmx_value_read(uint64_t field, uint32_t encoding, bool wide);
uint64_t vmx_value_write(uint64_t field, uint32_t encoding, bool wide, uint64_t value);

#endif
