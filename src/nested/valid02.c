/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <stdlib.h>

#include "arch/system_bits.h"
#include "nested/nested.h"
#include "vmx/checks.h"

/*
 * vmcs02 must be a VMCS that a processor enters. vmcs12 was, when L1 entered, so what fails here is
 * L0's own doing.
 */

/*
 * Memory may have changed since L1 entered, so checks of what pointers lead to are not made. Host
 * state is vmcs12's, which was judged by L1's EFER: LMA is what the address-space size says.
 */
enum vmx_check_id nested_check02(const struct cpu_vmx *vmx)
{
	struct vmx_capabilities below = vmx->capabilities;
	const struct vmx_check_input input = {
		.vmcs = &vmx->vmcs,
		.capabilities = &below,
		.vmcs_pointer = VMX_NO_POINTER,
		.efer = VMX_HAS(vmx->vmcs.exit_controls, EXIT, HOST_64BIT) ? EFER_LMA : 0,
	};

	/* L0 has what it needs, tables in write-back memory too, whatever --cpu has taken from L1.
	 */
	below.maxphyaddr = VMX_HOSTED_MAXPHYADDR;
	below.controls[ARCH_GROUP_PRIMARY] |= BIT(32 + ARCH_PRIMARY_UNCONDITIONAL_IO);
	below.ept_vpid_cap |= BIT(14);
	return vmx_check_first(&input);
}

void nested_assert02(const struct cpu_vmx *vmx)
{
#ifndef NDEBUG
	enum vmx_check_id id = nested_check02(vmx);

	if (id == VMX_NR_CHECKS)
		return;
	fprintf(stderr, "undervisor: vmcs02 fails %s, %s\n", vmx_check_rows[id].id,
		vmx_check_rows[id].rule);
	abort();
#else
	(void)vmx;
#endif
}
