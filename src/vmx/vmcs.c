/* SPDX-License-Identifier: MIT */
#include "vmx/vmcs.h"

#include "base/bits.h"

enum slot {
#define SLOT(encoding, width, type, name, ...) SLOT_##name,
	ARCH_VMCS_FIELDS(SLOT)
#undef SLOT
		NR_SLOTS,
};

#define KEY(encoding)                                                                              \
	(ARCH_VMCS_WIDTH(encoding) << 8 | ARCH_VMCS_TYPE(encoding) << 6 | ARCH_VMCS_INDEX(encoding))
static const uint16_t slots[VMX_FIELD_KEYS] = {
#define ENTRY(encoding, width, type, name, ...) [KEY(encoding)] = SLOT_##name + 1,
	ARCH_VMCS_FIELDS(ENTRY)
#undef ENTRY
};
_Static_assert(NR_SLOTS < UINT8_MAX, "struct vmx_capabilities keeps a slot in 8 bits");

int vmx_field_slot(uint32_t encoding)
{
	if (encoding & ARCH_VMCS_HIGH && ARCH_VMCS_WIDTH(encoding) != ARCH_WIDTH_64)
		return -1;
	encoding &= ~ARCH_VMCS_HIGH;
	return encoding & ~VMX_FIELD_BITS ? -1 : slots[vmx_field_key(encoding)] - 1;
}

const struct arch_vmcs_field *vmx_field(unsigned slot)
{
	return &arch_vmcs_fields[slot];
}

uint64_t vmx_value_read(uint64_t field, uint32_t encoding, bool wide)
{
	if (encoding & ARCH_VMCS_HIGH)
		return field >> 32;
	return wide ? field : (uint32_t)field;
}

uint64_t vmx_value_write(uint64_t field, uint32_t encoding, bool wide, uint64_t value)
{
	if (encoding & ARCH_VMCS_HIGH)
		return (field & BITS(31, 0)) | value << 32;
	value &= vmx_field_mask(encoding);
	return wide ? value : (uint32_t)value;
}

void vmx_narrow(struct vmx_vmcs *vmcs)
{
#define NARROW(encoding, width, type, name, member, ...) vmcs->member &= vmx_field_mask(encoding);
	ARCH_VMCS_FIELDS(NARROW)
#undef NARROW
}
