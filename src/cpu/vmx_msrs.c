/* SPDX-License-Identifier: MIT */
#include "arch/msrs.h"
#include "cpu/msr.h"
#include "cpu/vmx.h"
#include "cpu/vmx_state.h"
#include "vmx/checks.h"

/* MSR lists. SDM Vol 3C "Loading MSRs", "Saving MSRs" */

#define X2APIC_RANGE 8u /* bits 31:8 of an index */
#define MSR_SMBASE 0x9eu

/* Longer lists than IA32_VMX_MISC allows need not be processed: what does not end must end. */
#define MAX_ENTRIES 512u

static bool load(struct cpu *cpu, const struct vmx_msr_entry *entry)
{
	return vmx_check_msr_index(entry) == VMX_NR_CHECKS &&
	       cpu_write_msr(cpu, entry->index, entry->value);
}

uint32_t vmx_load_msrs(struct cpu *cpu, uint64_t address, uint64_t count)
{
	for (uint32_t i = 0; i < (uint32_t)count; i++) {
		struct vmx_msr_entry entry = { .reserved = 1 };

		mem_read_bytes(cpu->memory, address + i * sizeof(entry), &entry, sizeof(entry));
		if (i == MAX_ENTRIES || !load(cpu, &entry))
			return i + 1;
	}
	return 0;
}

uint32_t vmx_store_msrs(struct cpu *cpu, uint64_t address, uint64_t count)
{
	for (uint32_t i = 0; i < (uint32_t)count; i++) {
		uint64_t at = address + i * sizeof(struct vmx_msr_entry);
		struct vmx_msr_entry entry = { .reserved = 1 };

		mem_read_bytes(cpu->memory, at, &entry, sizeof(entry));
		if (i == MAX_ENTRIES || entry.reserved || entry.index >> 8 == X2APIC_RANGE ||
		    entry.index == MSR_SMBASE || !cpu_read_msr(cpu, entry.index, &entry.value))
			return i + 1;
		mem_write_bytes(cpu->memory, at + offsetof(struct vmx_msr_entry, value),
				&entry.value, 8);
	}
	return 0;
}
