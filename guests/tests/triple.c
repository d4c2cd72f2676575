// SPDX-License-Identifier: MIT
/*
 * A triple fault: the machine shuts down, so this image never gets to its last line. With
 * VMX_OPERATION it is a hypervisor's own, in VMX root operation, with a VMCS that says of an abort.
 */
#include "vmx.h"

int main(int argc, char **argv)
{
	struct {
		u16 limit;
		word base;
	} __attribute__((packed)) none = { 0, 0 };

	(void)argc, (void)argv;
#ifdef VMX_OPERATION
	u32 *region;

	if (!vmx_on())
		return 1;
	region = vmx_region();
	region[1] = 4; /* the VMX-abort indicator, which means nothing to the processor */
	CHECK(vmx_load((u64)region), VM_SUCCEED);
#endif
	print("shutdown follows\n");
	asm volatile("lidt %0; ud2" ::"m"(none));
	CHECK_NAMED("after the triple fault", 1, 0);
	return 0;
}
