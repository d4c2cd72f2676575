/* SPDX-License-Identifier: MIT */
#ifndef UDV_CPU_CPUID_H
#define UDV_CPU_CPUID_H

#include "cpu/cpu.h"

/* What CPUID returns: EAX, EBX, ECX, EDX. */
struct cpuid_result {
	uint32_t reg[4]; /* by enum arch_cpuid_register */
};

/* Pure: the side effect of leaf 1 on IA32_BIOS_SIGN_ID is the instruction's. */
struct cpuid_result cpu_cpuid(const struct cpu *cpu, uint32_t leaf, uint32_t subleaf);

/* Core crystal clock, in Hz: leaf 15H. The local APIC's timer counts it. */
#define CPU_CRYSTAL_HZ 1000000000u

/* The default processor, alone in its machine. */
void cpu_config_default(struct cpu_config *config);

/*
 * Applies @text to @config: words separated by commas, +FEATURE, -FEATURE, maxphyaddr=N and
 * tsc-khz=N. Without a feature, what needs it goes as well. Otherwise @config is as it was,
 * UDV_ERR_ARGUMENT is returned, and @why, of @why_size bytes, says why.
 */
enum udv_status cpu_config_parse(struct cpu_config *config, const char *text, char *why,
				 unsigned why_size);

#endif
