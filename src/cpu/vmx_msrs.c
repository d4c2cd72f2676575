/* SPDX-License-Identifier: MIT */
#include "arch/msrs.h"
#include "cpu/msr.h"
#include "cpu/vmx.h"
#include "cpu/vmx_state.h"

/* MSR lists. SDM Vol 3C "Loading MSRs", "Saving MSRs" */

#define X2APIC_RANGE 8u /* bits 31:8 of an index */
#define MSR_SMM_MONITOR_CTL 0x9bu
#define MSR_SMBASE 0x9eu

struct entry {
	uint32_t index, reserved;
	uint64_t value;
};

/* Longer lists than IA32_VMX_MISC allows need not be processed: what does not end must end. */
#define MAX_ENTRIES 512u

static bool may_load(const struct entry *entry)
{
	return !entry->reserved && entry->index >> 8 != X2APIC_RANGE &&
	       entry->index != ARCH_MSR_FS_BASE && entry->index != ARCH_MSR_GS_BASE &&
	       entry->index != MSR_SMM_MONITOR_CTL;
}

static bool load(struct cpu *cpu, const struct entry *entry)
{
	return may_load(entry) && cpu_write_msr(cpu, entry->index, entry->value);
}

uint32_t vmx_load_msrs(struct cpu *cpu, uint64_t address, uint64_t count)
{
	for (uint32_t i = 0; i < (uint32_t)count; i++) {
		struct entry entry = { .reserved = 1 };

		mem_read_bytes(cpu->memory, address + i * sizeof(entry), &entry, sizeof(entry));
		if (i == MAX_ENTRIES || !load(cpu, &entry))
			return i + 1;
	}
	return 0;
}

uint32_t vmx_store_msrs(struct cpu *cpu, uint64_t address, uint64_t count)
{
	for (uint32_t i = 0; i < (uint32_t)count; i++) {
		uint64_t at = address + i * sizeof(struct entry);
		struct entry entry = { .reserved = 1 };

		mem_read_bytes(cpu->memory, at, &entry, sizeof(entry));
		if (i == MAX_ENTRIES || entry.reserved || entry.index >> 8 == X2APIC_RANGE ||
		    entry.index == MSR_SMBASE || !cpu_read_msr(cpu, entry.index, &entry.value))
			return i + 1;
		mem_write_bytes(cpu->memory, at + offsetof(struct entry, value), &entry.value, 8);
	}
	return 0;
}
