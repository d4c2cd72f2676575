// SPDX-License-Identifier: MIT
/*
 * A triple fault: the machine shuts down, so this image never gets to its last line. With
 * VMX_OPERATION it is a hypervisor's own, in VMX root operation.
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
	if (!vmx_on())
		return 1;
#endif
	print("shutdown follows\n");
	asm volatile("lidt %0; ud2" ::"m"(none));
	CHECK_NAMED("after the triple fault", 1, 0);
	return 0;
}
