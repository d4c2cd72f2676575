/* SPDX-License-Identifier: MIT */
#include <string.h>

#include <undervisor/vmentry.h>

#include "arch/controls.h"
#include "arch/system_bits.h"
#include "cpu/vmx.h"
#include "machine/machine.h"
#include "machine/timeline.h"

/* A VM entry that failed, for those who ask why: what its checks were made on. */

/*
 * What the checks read. Not devices: reading one again could change it, and a run must not depend
 * on who watches it.
 */
static bool read_memory(void *opaque, udv_hpa_t address, unsigned size, uint64_t *value)
{
	struct mem_space *space = opaque;
	const struct mem_region *region = mem_find(space, address.value);

	*value = size == 8 ? UINT64_MAX : UINT32_MAX;
	if (!region)
		return true; /* the bus */
	if (!region->host || region->private)
		return false;
	*value = mem_read(space, address.value, size);
	return true;
}

/* IA32_EFER at VMLAUNCH, as far as checks ask for it; the guest's may be loaded. */
static uint64_t host_efer(const struct cpu *cpu)
{
	if (!cpu->vmx.guest)
		return cpu->state.efer;
	return cpu->vmx.vmcs.exit_controls & BIT(ARCH_EXIT_HOST_64BIT) ? EFER_LME | EFER_LMA : 0;
}

void machine_entry_failed(void *opaque, const struct cpu *cpu, uint32_t msr)
{
	const struct vcpu *vcpu = opaque;
	const struct udv_machine_config *config = &vcpu->machine->config;
	struct udv_memory memory = { .read = read_memory, .opaque = cpu->memory };
	struct udv_vmx_processor processor;
	struct udv_vmcs vmcs = { .slots = { 0 } };
	const struct udv_vmentry entry = {
		.vmcs = &vmcs,
		.processor = &processor,
		.vmcs_pointer = cpu->vmx.current,
		.efer = host_efer(cpu),
		.memory = &memory,
		.refused_msr = msr,
	};
	const struct udv_entry_failure failure = {
		.cpu = vcpu->index,
		.instructions = cpu_retired(cpu),
		.nanoseconds =
			timeline_ns(machine_ticks_of(vcpu, cpu_ticks(cpu)), vcpu->machine->tsc_khz),
		.rip = cpu->state.rip,
		.entry = &entry,
	};

	_Static_assert(sizeof(cpu->vmx.vmcs) <= sizeof(vmcs), "the same slots");
	memcpy(vmcs.slots, &cpu->vmx.vmcs, sizeof(cpu->vmx.vmcs));
	vmx_describe_processor(&cpu->vmx.capabilities, &processor);
	config->entry_failed(config->opaque, &failure);
}
