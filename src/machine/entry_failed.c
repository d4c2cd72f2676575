/* SPDX-License-Identifier: MIT */
#include <string.h>

#include <undervisor/vmentry.h>

#include "arch/controls.h"
#include "arch/system_bits.h"
#include "cpu/vmx.h"
#include "cpu/vmx_state.h"
#include "machine/machine.h"
#include "machine/timeline.h"

/* VM entries for those who ask why they fail: what the checks are made on. */

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

/* What the checks are made on, and all that it points to. */
struct judged {
	struct udv_vmentry entry;
	struct udv_vmcs vmcs;
	struct udv_vmx_processor processor;
	struct udv_memory memory;
};

/*
 * Of IA32_EFER checks ask only for LMA. @in_guest: the guest's is loaded; the host's was as the
 * controls have it, or the entry had been refused.
 */
static void prepare(struct judged *judged, const struct cpu *cpu, const struct vmx_vmcs *v,
		    bool in_guest)
{
	const bool wide = v->exit_controls & BIT(ARCH_EXIT_HOST_64BIT);

	_Static_assert(sizeof(*v) <= sizeof(judged->vmcs), "the same slots");
	judged->vmcs = (struct udv_vmcs){ .slots = { 0 } };
	memcpy(judged->vmcs.slots, v, sizeof(*v));
	vmx_describe_processor(&cpu->vmx.capabilities, &judged->processor);
	judged->memory = (struct udv_memory){ .read = read_memory, .opaque = cpu->memory };
	judged->entry = (struct udv_vmentry){
		.vmcs = &judged->vmcs,
		.processor = &judged->processor,
		.vmcs_pointer = cpu->vmx.current,
		.efer = !in_guest ? cpu->state.efer
			: wide	  ? EFER_LME | EFER_LMA
				  : 0,
		.memory = &judged->memory,
	};
}

void machine_entry_failed(void *opaque, const struct cpu *cpu, uint32_t msr)
{
	const struct vcpu *vcpu = opaque;
	const struct udv_machine_config *config = &vcpu->machine->config;
	struct judged judged;
	const struct udv_entry_failure failure = {
		.cpu = vcpu->index,
		.instructions = cpu_retired(cpu),
		.nanoseconds =
			timeline_ns(machine_ticks_of(vcpu, cpu_ticks(cpu)), vcpu->machine->tsc_khz),
		.rip = cpu->state.rip,
		.entry = &judged.entry,
	};

	prepare(&judged, cpu, &cpu->vmx.vmcs, cpu->vmx.guest);
	judged.entry.refused_msr = msr;
	config->entry_failed(config->opaque, &failure);
}

enum udv_status udv_machine_current_vmcs(struct udv_machine *machine, unsigned cpu_index,
					 void (*use)(void *opaque,
						     const struct udv_current_vmcs *vmcs),
					 void *opaque)
{
	struct vcpu *vcpu = cpu_index < machine->nr_cpus ? &machine->vcpus[cpu_index] : NULL;
	struct cpu *cpu = vcpu ? &vcpu->cpu : NULL;
	struct udv_current_vmcs current;
	struct judged judged;
	struct vmx_vmcs vmcs;

	if (!cpu)
		return UDV_ERR_ARGUMENT;
	if (!vcpu_current_vmcs(vcpu, &vmcs))
		return UDV_ERR_NOT_FOUND;
	current = (struct udv_current_vmcs){
		.entry = &judged.entry,
		.launched = cpu->vmx.launched,
		.shadow = vmx_current_is_shadow(cpu),
		.in_guest = cpu->vmx.guest && !cpu->vmx.level1,
	};
	prepare(&judged, cpu, &vmcs, current.in_guest);
	use(opaque, &current);
	return UDV_OK;
}
