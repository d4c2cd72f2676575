/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "arch/system_bits.h"
#include "cpu/access.h"
#include "cpu/handler.h"
#include "nested/nested.h"

/*
 * Which VMCS is in force, and what vmcs01 and vmcs02 are made of.
 *
 * L0 has no device, no interrupt and no time of its own: L1 has those of the machine. So vmcs01
 * asks for nothing but what every VMCS exits for, and vmcs02 is vmcs12 but for the lines of
 * merge() below.
 */

#define ON(group, control) BIT(ARCH_##group##_##control)
#define PIN_DEFAULT1 0x16ull
#define PRIMARY_DEFAULT1 0x04006172ull
#define EXIT_DEFAULT1 0x00036dfbull
#define ENTRY_DEFAULT1 0x000011fbull
#define PAGE_VMCS12 0u
#define PAGE_NO_EXITS 1u /* an MSR bitmap without a bit */
#define PAGE_FIELDS 2u	 /* VMREAD and VMWRITE bitmap: the fields that there are */

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

void nested_make01(struct nested *n)
{
	struct vmx_vmcs *v = &n->vmcs01;

	memset(v, 0, sizeof(*v));
	v->pin_based_controls = PIN_DEFAULT1;
	v->primary_controls = PRIMARY_DEFAULT1 | ON(PRIMARY, MSR_BITMAPS) | ON(PRIMARY, SECONDARY);
	v->secondary_controls = enabled01(&n->cpu->vmx.capabilities);
	v->exit_controls = EXIT_DEFAULT1 | ON(EXIT, HOST_64BIT);
	v->entry_controls = ENTRY_DEFAULT1;
	v->msr_bitmaps = page(n, PAGE_NO_EXITS);
	v->vmread_bitmap_address = v->vmwrite_bitmap_address = page(n, PAGE_FIELDS);
}

void nested_enter01(struct nested *n)
{
	struct cpu_vmx *vmx = &n->cpu->vmx;

	vmx->vmcs = n->vmcs01;
	vmx->vmcs.vmcs_link_pointer =
		vmx->current == VMX_NO_POINTER ? VMX_NO_POINTER : page(n, PAGE_VMCS12);
	vmx->guest = vmx->hosted = vmx->level1 = true;
	vmx->watch = vmx->mtf = vmx->timer = vmx->virtual_interrupt = vmx->apic_written = false;
	vmx->trap_reason = 0;
	vmx->apic_page = VMX_NO_POINTER;
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
	bool mbec = VMX_SECONDARY(v, MBEC);

	n->stats.merges++;
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
	/* Logging, #VE and EPTP switching are about EPT12, which the processor does not see. */
	v->secondary_controls &= ~(ON(SECONDARY, PML) | ON(SECONDARY, EPT_VIOLATION_VE));
	v->vm_function_controls = 0;
	v->ept_pointer = ept02_root(&n->ept02, v->ept_pointer, mbec);
}

/* The walker's context for EPT12 alone. */
static void prepare_ept12(struct nested *n)
{
	const struct vmx_vmcs *v = n->vmcs12;
	struct udv_paging_config config = {
		.guest_maxphyaddr = n->cpu->config->maxphyaddr,
		.maxphyaddr = n->cpu->config->maxphyaddr,
		.features = UDV_FEATURES_ALL,
		.ept = true,
		.eptp = v->ept_pointer,
		.ept_vpid_cap = n->cpu->vmx.capabilities.ept_vpid_cap,
		.pml_index = n->ept12.pml_index,
		.pml_address = v->pml_address,
		.ve_information = v->ve_information_address,
	};

	if (VMX_SECONDARY(v, MBEC))
		config.ept_controls |= UDV_EPT_MBEC;
	if (VMX_SECONDARY(v, PML))
		config.ept_controls |= UDV_EPT_PML;
	if (VMX_SECONDARY(v, EPT_VIOLATION_VE))
		config.ept_controls |= UDV_EPT_VE;
	(void)udv_paging_init(&n->ept12, &config, &n->cpu->memory->walker);
}

void nested_enter02(struct nested *n)
{
	struct cpu *cpu = n->cpu;

	*n->vmcs12 = cpu->vmx.vmcs;
	n->ept = VMX_SECONDARY(n->vmcs12, EPT);
	if (n->ept) {
		n->ept12.pml_index = cpu->paging.pml_index;
		prepare_ept12(n);
	}
	merge(n, &cpu->vmx.vmcs);
	cpu->vmx.hosted = true;
	cpu->vmx.level1 = false;
	cpu_paging_changed(cpu);
}

/* SDM Vol 3C: an instruction error of a shadow VMREAD, RVI and SVI are written as the guest runs.
 */
void nested_sync(struct nested *n)
{
	n->vmcs12->guest_interrupt_status = n->cpu->vmx.vmcs.guest_interrupt_status;
	n->vmcs12->vm_instruction_error = n->cpu->vmx.vmcs.vm_instruction_error;
}

void nested_enter12(struct nested *n)
{
	struct cpu *cpu = n->cpu;

	nested_sync(n);
	cpu->vmx.vmcs = *n->vmcs12;
	cpu->vmx.hosted = false;
	if (n->ept)
		cpu->paging.pml_index = n->ept12.pml_index;
	cpu_paging_changed(cpu);
}
