/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "arch/system_bits.h"
#include "cpu/access.h"
#include "cpu/handler.h"
#include "cpu/tlb.h"

/*
 * Address spaces, and the numbers that stand for them in the TLB.
 *
 * An address space is everything that decides what a linear address means and who may use it: CR3,
 * the paging controls of CR0, CR4 and EFER, PKRU and PKRS, PDPTE registers, and what VMX adds:
 * VPID, EPTP, the controls of EPT, the APIC-access page. Each has a number of its own, and a change
 * of any of this is a change of the number: translations stay where they are, and hit again when
 * the same address space comes back. It is always the registers that are looked up, so a number can
 * never be in force for what it does not stand for.
 *
 * What invalidates translations takes the number away from the address spaces concerned. They get
 * another one when they are next in force, and nothing finds the entries under the old one. An
 * old number is not given out again before the whole TLB has been cleared. An address space that
 * has a number also has its walker's context at hand.
 *
 * SDM Vol 3A "Invalidation of TLBs and Paging-Structure Caches", Vol 3C "Caching Translation
 * Information". The manual's tags are the VPID, the PCID and the root of EPT; these are finer, so
 * some of what a processor may keep is not found. There are no guest-physical mappings and no
 * paging-structure caches here: every entry is a linear or a combined mapping.
 */

#define NR_SPACES 64u
_Static_assert(sizeof(((struct cpu *)0)->spaces) / sizeof(struct address_space) == NR_SPACES,
	       "one bit each");

#define SPACE_CR0 (CR0_PE | CR0_WP | CR0_PG) /* PE decides on #VE */
#define SPACE_EFER (EFER_NXE | EFER_LMA)
#define SPACE_CR4                                                                                  \
	(CR4_PSE | CR4_PAE | CR4_LA57 | CR4_PCIDE | CR4_SMEP | CR4_SMAP | CR4_PKE | CR4_CET |      \
	 CR4_PKS | CR4_LASS | CR4_LAM_SUP)
#define NO_EPT (~0ull)

/* ---------------------------------------------------------------- the walker's context */

static uint32_t ept_controls(const struct vmx_vmcs *v)
{
	return (VMX_SECONDARY(v, MBEC) ? UDV_EPT_MBEC : 0) |
	       (VMX_SECONDARY(v, SPP) ? UDV_EPT_SPP : 0) |
	       (VMX_SECONDARY(v, PML) ? UDV_EPT_PML : 0) |
	       (VMX_SECONDARY(v, EPT_VIOLATION_VE) ? UDV_EPT_VE : 0);
}

/* SDM Vol 3C "Translating Guest-Physical Addresses" */
void vmx_second_dimension(const struct vmx_vmcs *v, const struct vmx_capabilities *capabilities,
			  struct udv_paging_config *config)
{
	config->ept = VMX_SECONDARY(v, EPT);
	config->eptp = v->ept_pointer;
	config->ept_vpid_cap = capabilities->ept_vpid_cap;
	config->pml_address = v->pml_address;
	config->sppt_pointer = v->sppt_pointer;
	config->ve_information = v->ve_information_address;
	config->ept_controls = ept_controls(v);
}

void cpu_paging_config(const struct cpu *cpu, const struct vmx_vmcs *second,
		       struct udv_paging_config *config)
{
	const struct cpu_state *s = &cpu->state;

	*config = (struct udv_paging_config){
		.cr0 = s->cr0,
		.cr3 = s->cr3,
		.cr4 = s->cr4,
		.efer = s->efer,
		.pkru = s->pkru,
		.pkrs = s->pkrs,
		.guest_maxphyaddr = cpu->config->maxphyaddr,
		.maxphyaddr = cpu->config->maxphyaddr,
		.pml_index = cpu->paging.pml_index,
	};

	memcpy(config->pdpte, s->pdpte, sizeof(config->pdpte));
	if (has_feature(cpu, FEATURE_PDPE1GB))
		config->features |= UDV_FEATURE_1GB_PAGES;
	if (has_feature(cpu, FEATURE_PSE36))
		config->features |= UDV_FEATURE_PSE36;
	if (has_feature(cpu, FEATURE_PAT))
		config->features |= UDV_FEATURE_PAT;
	if (second)
		vmx_second_dimension(second, &cpu->vmx.capabilities, config);
}

/* Made anew from the state. */
static void prepare_paging(struct cpu *cpu)
{
	struct udv_paging_config config;

	cpu_paging_config(cpu, cpu->vmx.guest ? &cpu->vmx.vmcs : NULL, &config);
	if (cpu->vmx.hosted)
		config.maxphyaddr = VMX_HOSTED_MAXPHYADDR;
	/* The state was checked when it was loaded; what is refused here leaves the old context. */
	(void)udv_paging_init(&cpu->paging, &config, &cpu->memory->walker);
}

/* ---------------------------------------------------------------- the one in force */

static uint16_t current_vpid(const struct cpu *cpu)
{
	return cpu->vmx.guest && VMX_SECONDARY(&cpu->vmx.vmcs, VPID) ? (uint16_t)cpu->vmx.vmcs.vpid
								     : 0;
}

static uint16_t current_pcid(const struct cpu *cpu)
{
	return cpu->state.cr4 & CR4_PCIDE ? (uint16_t)(cpu->state.cr3 & CR3_PCID) : 0;
}

/* The address space that registers and VMCS make now. */
static struct address_space current_space(const struct cpu *cpu)
{
	const struct cpu_state *s = &cpu->state;
	const struct vmx_vmcs *v = &cpu->vmx.vmcs;
	struct address_space space = {
		.cr3 = s->cr3,
		.controls = (s->cr0 & SPACE_CR0) | (s->efer & SPACE_EFER),
		.cr4 = s->cr4 & SPACE_CR4,
		.eptp = NO_EPT,
		.apic_page = cpu->vmx.apic_page,
		.pkru = s->pkru,
		.pkrs = s->pkrs,
		.vpid = current_vpid(cpu),
		.pcid = current_pcid(cpu),
	};

	if (udv_paging_mode(s->cr0, s->cr4, s->efer) == UDV_PAGING_PAE)
		memcpy(space.pdpte, s->pdpte, sizeof(space.pdpte));
	if (cpu->vmx.guest && VMX_SECONDARY(v, EPT)) {
		space.eptp = v->ept_pointer;
		space.ept_controls = ept_controls(v);
		space.pml_address = v->pml_address;
		space.ve_information = v->ve_information_address;
		space.sppt_pointer = v->sppt_pointer;
	}
	return space;
}

static bool same_space(const struct address_space *a, const struct address_space *b)
{
	return a->cr3 == b->cr3 && a->eptp == b->eptp && a->vpid == b->vpid && a->cr4 == b->cr4 &&
	       a->controls == b->controls && a->apic_page == b->apic_page && a->pkru == b->pkru &&
	       a->pkrs == b->pkrs && a->ept_controls == b->ept_controls &&
	       a->pml_address == b->pml_address && a->ve_information == b->ve_information &&
	       a->sppt_pointer == b->sppt_pointer && a->pdpte[0] == b->pdpte[0] &&
	       a->pdpte[1] == b->pdpte[1] && a->pdpte[2] == b->pdpte[2] &&
	       a->pdpte[3] == b->pdpte[3];
}

/* Its place among those that have a number; -1: it has none. */
static int find_space(const struct cpu *cpu, const struct address_space *space)
{
	for (uint64_t left = cpu->live_spaces; left; left &= left - 1) {
		int i = __builtin_ctzll(left);

		if (same_space(&cpu->spaces[i], space))
			return i;
	}
	return -1;
}

/* A place for another one: a free one, or one that has been taken for long. */
static unsigned free_place(struct cpu *cpu)
{
	uint64_t free = ~cpu->live_spaces;

	if (free)
		return (unsigned)__builtin_ctzll(free);
	cpu->next_space = (cpu->next_space + 1) % NR_SPACES;
	return cpu->next_space;
}

static void forget_all(struct cpu *cpu)
{
	cpu->live_spaces = 0;
	cpu->next_asn = 1;
	tlb_clear(cpu);
}

/* The walker's context as the place has it, but for the index that walks count down. */
static void use_paging(struct cpu *cpu, unsigned place)
{
	uint16_t pml_index = cpu->paging.pml_index;
	size_t size = sizeof(cpu->paging);

	/* A constant size would be copied by REP MOVS, which takes longer. */
	__asm__("" : "+r"(size));
	memcpy(&cpu->paging, &cpu->space_paging[place], size);
	cpu->paging.pml_index = pml_index;
}

/* Puts the number and the walker's context of the current address space in force. */
static void select_space(struct cpu *cpu)
{
	struct address_space space = current_space(cpu);
	int found = find_space(cpu, &space);

	if (found >= 0) {
		use_paging(cpu, (unsigned)found);
	} else {
		if (cpu->next_asn == NR_ASNS)
			forget_all(cpu);
		space.asn = cpu->next_asn++;
		found = (int)free_place(cpu);
		cpu->spaces[found] = space;
		cpu->live_spaces |= BIT(found);
		prepare_paging(cpu);
		cpu->space_paging[found] = cpu->paging;
	}
	cpu->asn = cpu->spaces[found].asn;
	tlb_update_views(cpu);
}

void cpu_paging_changed(struct cpu *cpu)
{
	select_space(cpu);
	cpu_mode_changed(cpu);
}

void cpu_tlb_flush(struct cpu *cpu)
{
	forget_all(cpu);
	if (cpu->config) /* or it is not made yet: memory comes first */
		select_space(cpu);
}

/* ---------------------------------------------------------------- invalidation */

static bool concerns(const struct address_space *space, enum space_scope scope, uint16_t vpid,
		     uint64_t value)
{
	switch (scope) {
	case SPACES_OF_PCID:
		return space->vpid == vpid && space->pcid == value;
	case SPACES_OF_VPID:
		return space->vpid == value;
	case SPACES_OF_ALL_VPIDS:
		return space->vpid != 0;
	case SPACES_OF_EPT_ROOT:
		return space->eptp != NO_EPT && !((space->eptp ^ value) & ~BITS(11, 0));
	default:
		return space->eptp != NO_EPT;
	}
}

static void forget(struct cpu *cpu, enum space_scope scope, uint64_t value)
{
	uint16_t vpid = current_vpid(cpu);

	for (uint64_t left = cpu->live_spaces; left; left &= left - 1) {
		int i = __builtin_ctzll(left);

		if (concerns(&cpu->spaces[i], scope, vpid, value))
			cpu->live_spaces &= ~BIT(i);
	}
}

void cpu_forget_spaces(struct cpu *cpu, enum space_scope scope, uint64_t value)
{
	forget(cpu, scope, value);
	select_space(cpu);
}

void cpu_forget_vpid(struct cpu *cpu)
{
	cpu_forget_spaces(cpu, SPACES_OF_VPID, current_vpid(cpu));
}

void cpu_paging_changed_pcid(struct cpu *cpu)
{
	forget(cpu, SPACES_OF_PCID, current_pcid(cpu));
	cpu_paging_changed(cpu);
}

void cpu_paging_changed_vpid(struct cpu *cpu)
{
	forget(cpu, SPACES_OF_VPID, current_vpid(cpu));
	cpu_paging_changed(cpu);
}

void cpu_cr3_changed(struct cpu *cpu, bool keep)
{
	if (!keep)
		forget(cpu, SPACES_OF_PCID, current_pcid(cpu));
	select_space(cpu);
}

void cpu_vmx_switched(struct cpu *cpu)
{
	if (!VMX_SECONDARY(&cpu->vmx.vmcs, VPID))
		forget(cpu, SPACES_OF_VPID, 0);
	cpu_paging_changed(cpu);
}
