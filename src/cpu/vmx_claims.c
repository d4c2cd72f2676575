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

#define PIN_CLAIMED                                                                                \
	(ON(PIN, EXTERNAL_INTERRUPT) | ON(PIN, NMI) | ON(PIN, VIRTUAL_NMIS) |                      \
	 ON(PIN, PREEMPTION_TIMER) | ON(PIN, POSTED_INTERRUPTS))
#define PRIMARY_CLAIMED                                                                            \
	(ON(PRIMARY, INTERRUPT_WINDOW) | ON(PRIMARY, TSC_OFFSETTING) | ON(PRIMARY, HLT) |          \
	 ON(PRIMARY, INVLPG) | ON(PRIMARY, MWAIT) | ON(PRIMARY, RDPMC) | ON(PRIMARY, RDTSC) |      \
	 ON(PRIMARY, CR3_LOAD) | ON(PRIMARY, CR3_STORE) | ON(PRIMARY, CR8_LOAD) |                  \
	 ON(PRIMARY, CR8_STORE) | ON(PRIMARY, TPR_SHADOW) | ON(PRIMARY, NMI_WINDOW) |              \
	 ON(PRIMARY, MOV_DR) | ON(PRIMARY, UNCONDITIONAL_IO) | ON(PRIMARY, IO_BITMAPS) |           \
	 ON(PRIMARY, MONITOR_TRAP_FLAG) | ON(PRIMARY, MSR_BITMAPS) | ON(PRIMARY, MONITOR) |        \
	 ON(PRIMARY, PAUSE) | ON(PRIMARY, SECONDARY))
#define SECONDARY_CLAIMED                                                                          \
	(ON(SECONDARY, VIRTUALIZE_APIC) | ON(SECONDARY, VIRTUALIZE_X2APIC) |                       \
	 ON(SECONDARY, APIC_REGISTERS) | ON(SECONDARY, VIRTUAL_INTERRUPT_DELIVERY) |               \
	 ON(SECONDARY, VMCS_SHADOWING) | ON(SECONDARY, EPT) | ON(SECONDARY, DESCRIPTOR_TABLE) |    \
	 ON(SECONDARY, VPID) | ON(SECONDARY, WBINVD) | ON(SECONDARY, UNRESTRICTED_GUEST) |         \
	 ON(SECONDARY, PAUSE_LOOP_EXITING) | ON(SECONDARY, VM_FUNCTIONS) | ON(SECONDARY, PML) |    \
	 ON(SECONDARY, EPT_VIOLATION_VE) | ON(SECONDARY, MBEC) | ON(SECONDARY, TSC_SCALING))
#define EXIT_CLAIMED                                                                               \
	(ON(EXIT, SAVE_DEBUG) | ON(EXIT, HOST_64BIT) | ON(EXIT, ACKNOWLEDGE) |                     \
	 ON(EXIT, SAVE_PAT) | ON(EXIT, LOAD_PAT) | ON(EXIT, SAVE_EFER) | ON(EXIT, LOAD_EFER) |     \
	 ON(EXIT, SAVE_PREEMPTION_TIMER))
#define ENTRY_CLAIMED                                                                              \
	(ON(ENTRY, LOAD_DEBUG) | ON(ENTRY, IA32E_GUEST) | ON(ENTRY, LOAD_PAT) |                    \
	 ON(ENTRY, LOAD_EFER))

#define BASIC_MEMORY_WB (6ull << 50)
#define BASIC_STRING_INFO BIT(54)
#define BASIC_TRUE_CONTROLS BIT(55)
#define MISC_TIMER_RATE 0ull
#define MISC_STORES_LMA BIT(5)
#define MISC_ACTIVITIES BITS(8, 6)
#define MISC_CR3_TARGETS (4ull << 16)
#define MISC_VMWRITE_ANY BIT(29)
#define MISC_INJECT_LENGTH_0 BIT(30)

#define CAP_INVEPT (BIT(20) | BIT(25) | BIT(26))
#define CAP_INVVPID (BIT(32) | BITS(43, 40))

static uint64_t control_word(uint64_t default1, uint64_t claimed)
{
	return default1 | (default1 | claimed) << 32;
}

static void claim_feature(uint64_t *claimed, const struct cpu_config *config,
			  enum arch_feature feature, uint64_t control)
{
	if (feature_has(&config->features, feature))
		*claimed |= control;
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
	uint64_t secondary = SECONDARY_CLAIMED, entry = ENTRY_CLAIMED, exit = EXIT_CLAIMED;

	memset(c, 0, sizeof(*c));
	if (!feature_has(&config->features, FEATURE_VMX))
		return;
	claim_feature(&secondary, config, FEATURE_RDTSCP, ON(SECONDARY, RDTSCP));
	claim_feature(&secondary, config, FEATURE_RDPID, ON(SECONDARY, RDTSCP));
	claim_feature(&secondary, config, FEATURE_INVPCID, ON(SECONDARY, INVPCID));
	claim_feature(&secondary, config, FEATURE_RDRAND, ON(SECONDARY, RDRAND_EXITING));
	claim_feature(&secondary, config, FEATURE_RDSEED, ON(SECONDARY, RDSEED_EXITING));
	claim_feature(&secondary, config, FEATURE_XSAVES, ON(SECONDARY, XSAVES));
	claim_feature(&entry, config, FEATURE_PKS, ON(ENTRY, LOAD_PKRS));
	claim_feature(&exit, config, FEATURE_PKS, ON(EXIT, LOAD_PKRS));
	c->basic = VMX_REVISION | (uint64_t)VMX_REGION_SIZE << 32 | BASIC_MEMORY_WB |
		   BASIC_STRING_INFO | BASIC_TRUE_CONTROLS;
	c->misc = MISC_TIMER_RATE | MISC_STORES_LMA | MISC_ACTIVITIES | MISC_CR3_TARGETS |
		  MISC_VMWRITE_ANY | MISC_INJECT_LENGTH_0;
	c->cr0_fixed0 = CR0_PE | CR0_NE | CR0_PG;
	c->cr0_fixed1 = UINT32_MAX;
	c->cr4_fixed0 = CR4_VMXE;
	c->cr4_fixed1 = cr4_supported;
	c->controls[ARCH_GROUP_PIN] = control_word(PIN_DEFAULT1, PIN_CLAIMED);
	c->controls[ARCH_GROUP_PRIMARY] = control_word(PRIMARY_DEFAULT1, PRIMARY_CLAIMED);
	c->controls[ARCH_GROUP_SECONDARY] = control_word(0, secondary);
	c->controls[ARCH_GROUP_EXIT] = control_word(EXIT_DEFAULT1, exit);
	c->controls[ARCH_GROUP_ENTRY] = control_word(ENTRY_DEFAULT1, entry);
	c->controls[ARCH_GROUP_VMFUNC] = ON(VMFUNC, EPTP_SWITCHING);
	c->ept_vpid_cap = UDV_EPT_CAP_EXECUTE_ONLY | UDV_EPT_CAP_4_LEVEL | UDV_EPT_CAP_5_LEVEL |
			  UDV_EPT_CAP_UC | UDV_EPT_CAP_WB | UDV_EPT_CAP_2MB | UDV_EPT_CAP_1GB |
			  UDV_EPT_CAP_AD | UDV_EPT_CAP_ADVANCED_INFO | CAP_INVEPT | CAP_INVVPID;
	c->efer_bits = EFER_SCE | EFER_LME | EFER_LMA |
		       (feature_has(&config->features, FEATURE_NX) ? EFER_NXE : 0);
	c->debugctl_bits = DEBUGCTL_WRITABLE;
	c->vmcs_enum = highest_field(c);
	c->maxphyaddr = config->maxphyaddr;
	c->linear_bits = config->linear_bits;
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
