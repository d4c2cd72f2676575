/* SPDX-License-Identifier: MIT */
#include "cpu/vmx.h"
#include "cpu/vmx_state.h"
#include "vmx/checks.h"

/* The checks of src/vmx on the current VMCS. SDM Vol 3C "VM Entries" */

static bool read_physical(void *opaque, uint64_t address, unsigned size, uint64_t *value)
{
	struct cpu *cpu = opaque;

	*value = mem_read(cpu->memory, address, size);
	return true;
}

bool vmx_check_entry(struct cpu *cpu, struct vmx_refusal *refusal)
{
	static const struct vmx_refusal refusals[] = {
		[VMX_CLASS_CONTROL] = { .error = VMX_ERROR_CONTROL },
		[VMX_CLASS_HOST] = { .error = VMX_ERROR_HOST },
		[VMX_CLASS_GUEST] = { .qualification = 0 },
		[VMX_CLASS_PDPTE] = { .qualification = 2 },
		[VMX_CLASS_NMI] = { .qualification = 3 },
		[VMX_CLASS_LINK] = { .qualification = 4 },
	};
	const struct vmx_check_input input = {
		.vmcs = &cpu->vmx.vmcs,
		.capabilities = &cpu->vmx.capabilities,
		.vmcs_pointer = cpu->vmx.current,
		.efer = cpu->state.efer,
		.read = read_physical,
		.opaque = cpu,
	};
	enum vmx_check_id id = vmx_check_first(&input);

	if (id == VMX_NR_CHECKS)
		return true;
	*refusal = refusals[vmx_check_rows[id].class];
	return false;
}
