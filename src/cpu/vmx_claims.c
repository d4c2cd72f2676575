/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "arch/msrs.h"
#include "arch/system_bits.h"
#include "arch/vmcs_fields.h"
#include "cpu/handler.h"
#include "cpu/msr.h"
#include "cpu/vmx.h"
#include "cpu/vmx_state.h"

/*
 * What the processor claims of VMX. SDM Vol 3D "VMX Capability Reporting Facility". A bit is here
 * only if what it stands for works.
 */

#define ON(group, control) BIT(ARCH_##group##_##control)

/* Reserved controls that are 1, without those that the "true" MSRs let go. */
#define PIN_DEFAULT1 0x16ull
#define PRIMARY_DEFAULT1 0x04006172ull
#define EXIT_DEFAULT1 0x00036dfbull
#define ENTRY_DEFAULT1 0x000011fbull
/* What the MSRs of before add to them. */
#define PRIMARY_OLD1 (ON(PRIMARY, CR3_LOAD) | ON(PRIMARY, CR3_STORE))
#define EXIT_OLD1 ON(EXIT, SAVE_DEBUG)
#define ENTRY_OLD1 ON(ENTRY, LOAD_DEBUG)

#define BASIC_MEMORY_WB (6ull << 50)
/* As processors have it: 32 bits of the preemption timer are minutes of the TSC, not seconds. */
#define MISC_TIMER_RATE 5ull
#define MISC_CR3_TARGETS (4ull << 16)

static void claim_control(struct vmx_capabilities *c, enum arch_control_group group, unsigned bit)
{
	c->controls[group] |= 1ull << (group == ARCH_GROUP_VMFUNC ? bit : bit + 32);
}

static void claim(struct vmx_capabilities *c, const struct arch_vmx_feature_row *row)
{
	uint64_t bit = 1ull << row->bit;

	switch ((enum arch_vmx_place)row->place) {
	case ARCH_VMX_IN_MAY_BE_1:
		claim_control(c, row->group, row->bit);
		break;
	case ARCH_VMX_IN_MAY_BE_0:
		c->controls[row->group] &= ~bit;
		break;
	case ARCH_VMX_IN_BASIC:
		c->basic |= bit;
		break;
	case ARCH_VMX_IN_MISC:
		c->misc |= bit;
		break;
	case ARCH_VMX_IN_EPT_VPID_CAP:
		c->ept_vpid_cap |= bit;
		break;
	}
}

/* "Enable RDTSCP" is about two instructions, and of use with any of them. */
static bool offers(const struct cpu_config *config, unsigned feature)
{
	return feature_has(&config->features, feature) &&
	       (feature != FEATURE_VMX_SECONDARY_RDTSCP ||
		feature_has(&config->features, FEATURE_RDTSCP) ||
		feature_has(&config->features, FEATURE_RDPID));
}

static uint64_t default1(uint64_t ones)
{
	return ones | ones << 32;
}

static void claim_features(struct vmx_capabilities *c, const struct cpu_config *config)
{
	c->controls[ARCH_GROUP_PIN] = default1(PIN_DEFAULT1);
	c->controls[ARCH_GROUP_PRIMARY] = default1(PRIMARY_DEFAULT1 | PRIMARY_OLD1);
	c->controls[ARCH_GROUP_EXIT] = default1(EXIT_DEFAULT1 | EXIT_OLD1);
	c->controls[ARCH_GROUP_ENTRY] = default1(ENTRY_DEFAULT1 | ENTRY_OLD1);
	c->basic = VMX_REVISION | (uint64_t)VMX_REGION_SIZE << 32 | BASIC_MEMORY_WB;
	c->misc = MISC_TIMER_RATE | MISC_CR3_TARGETS;
	for (unsigned i = NR_CPUID_FEATURES; i < NR_FEATURES; i++)
		if (offers(config, i))
			claim(c, &arch_vmx_features[i - NR_CPUID_FEATURES]);
}

static uint64_t highest_field(const struct vmx_capabilities *c)
{
	unsigned highest = 0;

	for (unsigned i = 0; i < arch_nr_vmcs_fields; i++) {
		unsigned index = ARCH_VMCS_INDEX(arch_vmcs_fields[i].encoding);

		if (index > highest && vmx_field_exists(c, &arch_vmcs_fields[i]))
			highest = index;
	}
	return (uint64_t)highest << 1;
}

void vmx_make_capabilities(struct vmx_capabilities *c, const struct cpu_config *config,
			   uint64_t cr4_supported)
{
	memset(c, 0, sizeof(*c));
	if (!feature_has(&config->features, FEATURE_VMX))
		return;
	claim_features(c, config);
	c->cr0_fixed0 = CR0_PE | CR0_NE | CR0_PG;
	c->cr0_fixed1 = UINT32_MAX;
	c->cr4_fixed0 = CR4_VMXE;
	c->cr4_fixed1 = cr4_supported;
	c->efer_bits = EFER_SCE | EFER_LME | EFER_LMA |
		       (feature_has(&config->features, FEATURE_NX) ? EFER_NXE : 0);
	c->debugctl_bits = DEBUGCTL_WRITABLE;
	c->vmcs_enum = highest_field(c);
	c->maxphyaddr = config->maxphyaddr;
	c->linear_bits = config->linear_bits;
	vmx_find_fields(c);
}

/* ---------------------------------------------------------------- as MSRs */

uint64_t vmx_capability_msr(const struct vmx_capabilities *c, uint32_t index)
{
	switch (index) {
	case ARCH_MSR_VMX_BASIC:
		return c->basic;
	case ARCH_MSR_VMX_PINBASED_CTLS:
		return c->controls[ARCH_GROUP_PIN];
	case ARCH_MSR_VMX_PROCBASED_CTLS:
		return c->controls[ARCH_GROUP_PRIMARY] | PRIMARY_OLD1;
	case ARCH_MSR_VMX_EXIT_CTLS:
		return c->controls[ARCH_GROUP_EXIT] | EXIT_OLD1;
	case ARCH_MSR_VMX_ENTRY_CTLS:
		return c->controls[ARCH_GROUP_ENTRY] | ENTRY_OLD1;
	case ARCH_MSR_VMX_MISC:
		return c->misc;
	case ARCH_MSR_VMX_CR0_FIXED0:
		return c->cr0_fixed0;
	case ARCH_MSR_VMX_CR0_FIXED1:
		return c->cr0_fixed1;
	case ARCH_MSR_VMX_CR4_FIXED0:
		return c->cr4_fixed0;
	case ARCH_MSR_VMX_CR4_FIXED1:
		return c->cr4_fixed1;
	case ARCH_MSR_VMX_VMCS_ENUM:
		return c->vmcs_enum;
	case ARCH_MSR_VMX_PROCBASED_CTLS2:
		return c->controls[ARCH_GROUP_SECONDARY];
	case ARCH_MSR_VMX_EPT_VPID_CAP:
		return c->ept_vpid_cap;
	case ARCH_MSR_VMX_TRUE_PINBASED_CTLS:
		return c->controls[ARCH_GROUP_PIN];
	case ARCH_MSR_VMX_TRUE_PROCBASED_CTLS:
		return c->controls[ARCH_GROUP_PRIMARY];
	case ARCH_MSR_VMX_TRUE_EXIT_CTLS:
		return c->controls[ARCH_GROUP_EXIT];
	case ARCH_MSR_VMX_TRUE_ENTRY_CTLS:
		return c->controls[ARCH_GROUP_ENTRY];
	default:
		return c->controls[ARCH_GROUP_VMFUNC];
	}
}

void vmx_reset(struct cpu *cpu)
{
	struct vmx_capabilities capabilities = cpu->vmx.capabilities;

	memset(&cpu->vmx, 0, sizeof(cpu->vmx));
	cpu->vmx.capabilities = capabilities;
	cpu->vmx.current = cpu->vmx.apic_page = VMX_NO_POINTER;
}
