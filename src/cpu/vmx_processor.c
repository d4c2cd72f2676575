/* SPDX-License-Identifier: MIT */
#include <undervisor/vmentry.h>

#include <string.h>

#include "arch/msrs.h"
#include "cpu/cpuid.h"
#include "cpu/system_misc.h"
#include "cpu/vmx.h"

/* This processor, for those who judge a VM entry without one. */

void vmx_describe_processor(const struct vmx_capabilities *c, struct udv_vmx_processor *processor)
{
	memset(processor, 0, sizeof(*processor));
	for (uint32_t i = ARCH_MSR_VMX_BASIC; i <= ARCH_MSR_VMX_VMFUNC; i++)
		processor->msr[i - ARCH_MSR_VMX_BASIC] = vmx_capability_msr(c, i);
	processor->efer_bits = c->efer_bits;
	processor->debugctl_bits = c->debugctl_bits;
	processor->perf_global_ctrl_bits = c->perf_global_ctrl_bits;
	processor->maxphyaddr = c->maxphyaddr;
	processor->linear_bits = c->linear_bits;
}

enum udv_status udv_vmx_processor_ours(const char *cpu, struct udv_vmx_processor *processor,
				       char *why, unsigned why_size)
{
	struct vmx_capabilities c;
	struct cpu_config config;
	enum udv_status status = UDV_OK;

	cpu_config_default(&config);
	if (cpu)
		status = cpu_config_parse(&config, cpu, why, why_size);
	if (status != UDV_OK)
		return status;
	vmx_make_capabilities(&c, &config, cpu_cr4_supported(&config));
	vmx_describe_processor(&c, processor);
	return UDV_OK;
}
