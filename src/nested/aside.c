/* SPDX-License-Identifier: MIT */
#include "cpu/cpu.h"
#include "nested/nested.h"

/*
 * L0 put aside, so that the processor's state is what it would be without: what is saved then knows
 * nothing of L0, and goes on with one or without. EPT02 is dropped; it fills again.
 */

void nested_put_aside(struct nested *n)
{
	struct cpu_vmx *vmx = &n->cpu->vmx;

	if (vmx->level1) {
		vmx->vmcs = *n->vmcs12;
		vmx->guest = vmx->hosted = vmx->level1 = false;
	} else if (vmx->hosted) {
		nested_enter12(n);
	}
}

void nested_registers_changed(struct nested *n)
{
	if (!n->cpu->vmx.hosted || n->cpu->vmx.level1)
		return;
	nested_enter12(n);
	nested_enter02(n);
}

/* In shutdown L1 has been left for good. */
void nested_take_up(struct nested *n)
{
	struct cpu_vmx *vmx = &n->cpu->vmx;

	vmx->hosted = vmx->level1 = vmx->left = vmx->serving = n->emulating = n->given = false;
	ept02_drop(&n->ept02, true, 0);
	if (!vmx->operation || (!vmx->guest && n->cpu->state.activity == ACTIVITY_SHUTDOWN))
		return;
	nested_make01(n);
	if (vmx->guest) {
		nested_enter02(n);
	} else {
		*n->vmcs12 = vmx->vmcs;
		nested_enter01(n);
	}
}
