/* SPDX-License-Identifier: MIT */
#include "vmx/capabilities.h"

#include "arch/vmcs_fields.h"

static bool control_supported(const struct vmx_capabilities *c, uint32_t which)
{
	uint32_t group = ARCH_IF_GROUP(which);

	return group < ARCH_NR_CONTROL_GROUPS &&
	       vmx_may_be_1(c, (enum arch_control_group)group, ARCH_IF_BIT(which));
}

bool vmx_field_exists(const struct vmx_capabilities *c, const struct arch_vmcs_field *field)
{
	uint32_t first = field->exists & 0xffff, second = field->exists >> 16;

	if (field->exists == ARCH_ALWAYS)
		return true;
	return control_supported(c, first) || (second && control_supported(c, second));
}

void vmx_find_fields(struct vmx_capabilities *c)
{
	for (unsigned i = 0; i < sizeof(struct vmx_vmcs) / sizeof(uint64_t); i++) {
		const struct arch_vmcs_field *field = vmx_field(i);

		c->fields[vmx_field_key(field->encoding)] =
			vmx_field_exists(c, field) ? (uint8_t)(i + 1) : 0;
	}
}
