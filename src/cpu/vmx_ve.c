/* SPDX-License-Identifier: MIT */
#include <undervisor/exit_info.h>

#include "cpu/vmx_state.h"

/* The virtualization exception. SDM Vol 3C "Virtualization Exceptions" */

bool vmx_raise_ve(struct cpu *cpu, const struct udv_exit_info *info)
{
	cpu->vmx.ve = (struct vmx_ve){
		.reason = info->exit_reason,
		.busy = UINT32_MAX,
		.qualification = info->exit_qualification,
		.guest_linear_address = info->guest_linear_address.value,
		.guest_physical_address = info->guest_physical_address.value,
		.eptp_index = (uint16_t)cpu->vmx.vmcs.eptp_index,
	};
	return cpu_raise(cpu, VECTOR_VE);
}

void vmx_take_ve(struct cpu *cpu)
{
	mem_write_bytes(cpu->memory, cpu->vmx.vmcs.ve_information_address, &cpu->vmx.ve,
			offsetof(struct vmx_ve, eptp_index) + sizeof(cpu->vmx.ve.eptp_index));
}
