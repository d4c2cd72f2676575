/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "mem/space.h"
#include "nested/nested.h"

/*
 * Stress: no copy of vmcs12 in L0 while a guest runs.
 *
 * From the end of leave() to the beginning of the next one vmcs12 is in L1's region, in L1's
 * memory, where L1's VMREAD and VMWRITE find it too, and what L0 has of it is no VMCS any more.
 * Who goes by L0's copy without having read the region, or has put something into nothing but the
 * copy, goes wrong. What the region held before is put back, for software must not access the
 * region of an active VMCS, but whoever compares memory may. SDM Vol 3C "Software Use of the VMCS
 * and Related Structures"
 */

/* Without this, and where nothing can be kept, it stays in L0's memory. */
bool nested_in_region(const struct nested *n)
{
	const struct cpu *cpu = n->cpu;
	uint8_t *flags;

	return n->writes_back && cpu->vmx.current != VMX_NO_POINTER &&
	       mem_page(cpu->memory, cpu->vmx.current, &flags) && !(*flags & MEM_PAGE_ROM);
}

void nested_give12(struct nested *n)
{
	struct cpu *cpu = n->cpu;

	if (!n->writes_back || n->given || !cpu->vmx.hosted || !nested_in_region(n))
		return;
	n->region = cpu->vmx.current;
	mem_read_bytes(cpu->memory, n->region, n->before, sizeof(n->before));
	vmx_store_region(cpu, n->region, n->vmcs12);
	memset(n->vmcs12, 0xa5, sizeof(*n->vmcs12));
	n->given = true;
}

void nested_take12(struct nested *n)
{
	struct cpu *cpu = n->cpu;

	if (!n->given)
		return;
	vmx_load_region(cpu, n->region, n->vmcs12);
	mem_write_bytes(cpu->memory, n->region, n->before, sizeof(n->before));
	n->given = false;
}

void nested_current_vmcs(const struct nested *n, struct vmx_vmcs *vmcs)
{
	if (n->given)
		mem_read_bytes(n->cpu->memory, n->region + VMX_REGION_FIELDS, vmcs, sizeof(*vmcs));
	else
		*vmcs = *n->vmcs12;
	if (!n->cpu->vmx.level1)
		nested_take_written(n, vmcs);
}
