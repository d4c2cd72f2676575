/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "arch/system_bits.h"
#include "cpu/access.h"
#include "cpu/handler.h"
#include "cpu/vmx_apic.h"
#include "nested/nested.h"

/*
 * Which VMCS is in force, and what vmcs01 and vmcs02 are made of.
 *
 * L0 has no device, no interrupt and no time of its own: L1 has those of the machine. So vmcs01
 * asks for nothing but what every VMCS exits for, and vmcs02 is vmcs12 but for the lines of
 * merge() below.
 */

#define ON(group, control) BIT(ARCH_##group##_##control)

static uint64_t page(const struct nested *n, unsigned number)
{
	return n->base + number * (uint64_t)MEM_PAGE_SIZE;
}

/* Enabling controls that L1 must have, for it is no guest. */
static uint64_t enabled01(const struct vmx_capabilities *c)
{
	uint64_t wanted = ON(SECONDARY, RDTSCP) | ON(SECONDARY, INVPCID) | ON(SECONDARY, XSAVES);

	return (wanted & c->controls[ARCH_GROUP_SECONDARY] >> 32) | ON(SECONDARY, VMCS_SHADOWING);
}

/* What must be 1, and what keeps L1 from exiting or being refused what it has. */
void nested_make01(struct nested *n)
{
	const struct vmx_capabilities *c = &n->cpu->vmx.capabilities;
	struct vmx_vmcs *v = &n->vmcs01;

	memset(v, 0, sizeof(*v));
	v->pin_based_controls = (uint32_t)c->controls[ARCH_GROUP_PIN];
	v->primary_controls = (uint32_t)c->controls[ARCH_GROUP_PRIMARY] | ON(PRIMARY, MSR_BITMAPS) |
			      ON(PRIMARY, SECONDARY);
	v->secondary_controls = enabled01(c);
	v->exit_controls = (uint32_t)c->controls[ARCH_GROUP_EXIT] | ON(EXIT, HOST_64BIT);
	v->entry_controls = (uint32_t)c->controls[ARCH_GROUP_ENTRY];
	v->msr_bitmaps = page(n, NESTED_PAGE_NO_EXITS);
	v->vmread_bitmap_address = page(n, NESTED_PAGE_READS);
	v->vmwrite_bitmap_address = page(n, NESTED_PAGE_WRITES);
}

void nested_enter01(struct nested *n)
{
	struct cpu_vmx *vmx = &n->cpu->vmx;

	vmx->vmcs = n->vmcs01;
	vmx->vmcs.vmcs_link_pointer = nested_in_region(n) || vmx->current == VMX_NO_POINTER
					      ? vmx->current
					      : page(n, NESTED_PAGE_VMCS12);
	vmx->guest = vmx->hosted = vmx->level1 = true;
	vmx->watch = vmx->mtf = vmx->timer = vmx->virtual_interrupt = false;
	vmx_forget_apic_write(n->cpu);
	vmx->trap_reason = 0;
	vmx->apic_page = VMX_NO_POINTER;
	n->cpu->repeating = false;
}

/* ---------------------------------------------------------------- vmcs02 */

/* Read shadow for bits that L0 owns too. */
static uint64_t shadow(uint64_t real, uint64_t mask12, uint64_t shadow12)
{
	return (real & ~mask12) | (shadow12 & mask12);
}

static void merge(struct nested *n, struct vmx_vmcs *v)
{
	const struct cpu_state *s = &n->cpu->state;

	/* All I/O exits: the devices are L0's to emulate. */
	v->primary_controls |= ON(PRIMARY, UNCONDITIONAL_IO);
	v->primary_controls &= ~ON(PRIMARY, IO_BITMAPS);
	v->cr0_read_shadow = shadow(s->cr0, v->cr0_guest_host_mask, v->cr0_read_shadow);
	v->cr4_read_shadow = shadow(s->cr4, v->cr4_guest_host_mask, v->cr4_read_shadow);
	v->cr0_guest_host_mask |= NESTED_CR0_OWNED;
	v->cr4_guest_host_mask |= NESTED_CR4_OWNED;
	/* Lists are L0's to process, and have been. */
	v->entry_msr_load_count = v->exit_msr_load_count = v->exit_msr_store_count = 0;
	if (!n->ept)
		return;
	/* These, and EPTP switching, are about EPT12, which the processor does not see. */
	v->secondary_controls &=
		~(ON(SECONDARY, PML) | ON(SECONDARY, EPT_VIOLATION_VE) | ON(SECONDARY, SPP));
	v->vm_function_controls = 0;
}

/* The walker's context for EPT12 alone. */
static void prepare_ept12(struct nested *n)
{
	struct udv_paging_config config = {
		.guest_maxphyaddr = n->cpu->config->maxphyaddr,
		.maxphyaddr = n->cpu->config->maxphyaddr,
		.features = UDV_FEATURES_ALL,
		.pml_index = n->cpu->paging.pml_index,
	};

	vmx_second_dimension(n->vmcs12, &n->cpu->vmx.capabilities, &config);
	(void)udv_paging_init(&n->ept12, &config, &n->cpu->memory->walker);
}

void nested_enter02(struct nested *n)
{
	struct cpu *cpu = n->cpu;

	*n->vmcs12 = cpu->vmx.vmcs;
	n->ept = VMX_SECONDARY(n->vmcs12, EPT);
	if (n->ept)
		prepare_ept12(n);
	merge(n, &cpu->vmx.vmcs);
	n->stats.merges++;
	cpu->vmx.hosted = true;
	cpu->vmx.level1 = false;
	if (n->ept)
		nested_follow_ept02(n);
	else
		cpu_paging_changed(cpu);
	nested_assert02(&cpu->vmx);
}

/* An EPTP02 whose tables have been given out again is the name of another address space now. */
void nested_follow_ept02(struct nested *n)
{
	struct cpu *cpu = n->cpu;

	cpu->vmx.vmcs.ept_pointer =
		ept02_root(&n->ept02, n->vmcs12->ept_pointer, VMX_SECONDARY(n->vmcs12, MBEC));
	if (n->reuses != n->ept02.reuses)
		cpu_forget_spaces(cpu, SPACES_OF_EPT, 0);
	n->reuses = n->ept02.reuses;
	cpu_paging_changed(cpu);
}

/* SDM Vol 3C: an instruction error of a shadow VMREAD, RVI and SVI are written as the guest runs.
 */
void nested_take_written(const struct nested *n, struct vmx_vmcs *vmcs12)
{
	vmcs12->guest_interrupt_status = n->cpu->vmx.vmcs.guest_interrupt_status;
	vmcs12->vm_instruction_error = n->cpu->vmx.vmcs.vm_instruction_error;
}

void nested_enter12(struct nested *n)
{
	struct cpu *cpu = n->cpu;

	nested_take_written(n, n->vmcs12);
	cpu->vmx.vmcs = *n->vmcs12;
	cpu->vmx.hosted = false;
	if (n->ept)
		cpu->paging.pml_index = n->ept12.pml_index;
}
