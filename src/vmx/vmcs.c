/* SPDX-License-Identifier: MIT */
#include "vmx/vmcs.h"

#include "base/bits.h"

/*
 * From encoding to slot: 4 widths, 4 types, indices below 32. Nothing else exists, so 512 entries
 * answer at once.
 */
#define KEY(encoding)                                                                              \
	(ARCH_VMCS_WIDTH(encoding) << 7 | ARCH_VMCS_TYPE(encoding) << 5 |                          \
	 (ARCH_VMCS_INDEX(encoding) & 31u))
#define NR_KEYS 512u
#define KEYED_INDICES 64u

enum slot {
#define SLOT(encoding, width, type, name, ...) SLOT_##name,
	ARCH_VMCS_FIELDS(SLOT)
#undef SLOT
		NR_SLOTS,
};

/* Two tables: indices 0..31, and 32..63 for what is to come. */
static const uint16_t slots[2][NR_KEYS] = {
#define ENTRY(encoding, width, type, name, ...)                                                    \
	[ARCH_VMCS_INDEX(encoding) >> 5][KEY(encoding)] = SLOT_##name + 1,
	ARCH_VMCS_FIELDS(ENTRY)
#undef ENTRY
};

int vmx_field_slot(uint32_t encoding)
{
	if (ARCH_VMCS_RESERVED(encoding) || ARCH_VMCS_INDEX(encoding) >= KEYED_INDICES)
		return -1;
	if (encoding & ARCH_VMCS_HIGH && ARCH_VMCS_WIDTH(encoding) != ARCH_WIDTH_64)
		return -1;
	return slots[ARCH_VMCS_INDEX(encoding) >> 5][KEY(encoding)] - 1;
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
	switch (ARCH_VMCS_WIDTH(encoding)) {
	case ARCH_WIDTH_16:
		return (uint16_t)value;
	case ARCH_WIDTH_32:
		return (uint32_t)value;
	default:
		return wide ? value : (uint32_t)value;
	}
}
