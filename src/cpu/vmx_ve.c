/* SPDX-License-Identifier: MIT */
#include <undervisor/exit_info.h>

#include "cpu/vmx_state.h"

/* The virtualization exception. SDM Vol 3C "Virtualization Exceptions" */

/* The virtualization-exception information area. SDM Vol 3C "Virtualization-Exception Information"
 */
struct information {
	uint32_t reason, busy;
	uint64_t qualification, guest_linear_address, guest_physical_address;
	uint16_t eptp_index;
};

bool vmx_raise_ve(struct cpu *cpu, const struct udv_exit_info *info)
{
	const struct vmx_vmcs *v = &cpu->vmx.vmcs;
	struct information area = {
		.reason = info->exit_reason,
		.busy = UINT32_MAX,
		.qualification = info->exit_qualification,
		.guest_linear_address = info->guest_linear_address.value,
		.guest_physical_address = info->guest_physical_address.value,
		.eptp_index = (uint16_t)v->eptp_index,
	};

	mem_write_bytes(cpu->memory, v->ve_information_address, &area,
			offsetof(struct information, eptp_index) + sizeof(area.eptp_index));
	return cpu_raise(cpu, VECTOR_VE);
}
