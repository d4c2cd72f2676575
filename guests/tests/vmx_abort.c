// SPDX-License-Identifier: MIT
/* A VM exit that cannot be completed: the machine shuts down, so this image never gets to its last
 * line. SDM vol. 3 "VMX Aborts"
 */
#include "vmx.h"

enum { MSR_NONE = 0x12345678, VMCS_MSR_LOAD = 0x2008, VMCS_MSR_LOADS = 0x4010 };

CODE(do_vmcall, "vmcall");

static u64 list[4] __attribute__((aligned(16))) = { MSR_TSC_AUX, 7, MSR_NONE, 0 };

int main(int argc, char **argv)
{
	(void)argc, (void)argv;
	if (!vmx_on())
		return 1;
	vmx_new(do_vmcall, 0);
	vmx_set(VMCS_MSR_LOAD, (u64)list);
	vmx_set(VMCS_MSR_LOADS, 2);
	print("an abort follows\n");
	vmx_enter(&(struct regs){ 0 });
	CHECK_NAMED("after the abort", 1, 0);
	return 0;
}
