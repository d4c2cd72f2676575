/* SPDX-License-Identifier: MIT */
#include "machine/machine.h"

#include <stdlib.h>
#include <string.h>

#include "cpu/cpuid.h"

/* Construction, in the order of udv_machine_create(): memory, processors, devices. */

#define MIN_MEMORY (1ull << 20)
#define DEFAULT_SLICE 2000u

/* RAM ends here at the latest, for devices to have room below 4 GB; the rest begins at 4 GB. */
#define LOW_MEMORY_END 0xc0000000ull
#define HIGH_MEMORY (1ull << 32)

static enum udv_status refuse(struct udv_problem *problem, enum udv_status status, const char *text)
{
	machine_problem(problem, "%s", text);
	return status;
}

static enum udv_status take_config(struct udv_machine *machine,
				   const struct udv_machine_config *config,
				   struct udv_problem *problem)
{
	uint64_t memory = config->memory ? config->memory : UDV_DEFAULT_MEMORY;

	if (memory < MIN_MEMORY || memory > UDV_MAX_MEMORY)
		return refuse(problem, UDV_ERR_ARGUMENT, "memory must be from 1 MB to 64 GB");
	if (config->nr_cpus > UDV_MAX_CPUS)
		return refuse(problem, UDV_ERR_ARGUMENT, "there can be 1 to 16 processors");
	if (config->stress & ~(UDV_STRESS_TLB | UDV_STRESS_BLOCKS | UDV_STRESS_SINGLE |
			       UDV_STRESS_EPT02 | UDV_STRESS_VMCS12))
		return refuse(problem, UDV_ERR_ARGUMENT, "unknown bits in stress");
	if (config->engine > UDV_ENGINE_NESTED)
		return refuse(problem, UDV_ERR_ARGUMENT, "no such engine");
	machine->memory = (memory + MEM_PAGE_SIZE - 1) & ~(uint64_t)(MEM_PAGE_SIZE - 1);
	machine->nr_cpus = config->nr_cpus ? config->nr_cpus : 1;
	machine->slice = config->slice ? config->slice : DEFAULT_SLICE;
	machine->stress = config->stress;
	machine->config = *config;
	machine->config.cpu = NULL;
	machine->cpu_text = config->cpu ? strdup(config->cpu) : NULL;
	if (config->cpu && !machine->cpu_text)
		return refuse(problem, UDV_ERR_NO_MEMORY, "out of memory");
	return virtio_check(config, problem);
}

static uint64_t low_part(uint64_t memory)
{
	return memory < LOW_MEMORY_END ? memory : LOW_MEMORY_END;
}

enum udv_status machine_add_memory(struct mem_space *space, uint64_t memory)
{
	uint64_t low = low_part(memory);
	enum udv_status status = mem_add_ram(space, 0, low);

	if (status == UDV_OK && low < memory)
		status = mem_add_ram(space, HIGH_MEMORY, memory - low);
	return status;
}

static enum udv_status create_memory(struct udv_machine *machine, struct udv_problem *problem)
{
	enum udv_status status;

	mem_init(&machine->mem);
	machine->low_memory = low_part(machine->memory);
	status = machine_add_memory(&machine->mem, machine->memory);
	if (status != UDV_OK)
		machine_problem(problem, "the host has no room for %llu MB of memory",
				(unsigned long long)machine->memory >> 20);
	return status;
}

static enum udv_status take_cpu_config(struct udv_machine *machine, struct cpu_config *config,
				       const char *text, struct udv_problem *problem)
{
	char why[sizeof(problem->text) - 16] = "";

	cpu_config_default(config);
	if (text && cpu_config_parse(config, text, why, sizeof(why)) != UDV_OK) {
		machine_problem(problem, "cpu: %s", why);
		return UDV_ERR_ARGUMENT;
	}
	if (machine->low_memory < machine->memory &&
	    HIGH_MEMORY + (machine->memory - machine->low_memory) > 1ull << config->maxphyaddr)
		return refuse(problem, UDV_ERR_ARGUMENT, "maxphyaddr is too small for the memory");
	if (machine->config.engine == UDV_ENGINE_NESTED && config->maxphyaddr > NESTED_MAXPHYADDR)
		return refuse(
			problem, UDV_ERR_ARGUMENT,
			"the nested engine needs a maxphyaddr of at most 51, the direct one of 52");
	config->nr_cpus = machine->nr_cpus;
	machine->tsc_khz = config->tsc_khz;
	return UDV_OK;
}

/* An L0 for each processor, with memory that nobody else can name. */
static enum udv_status create_nested(struct udv_machine *machine)
{
	struct mem_space *mem = &machine->mem;
	enum udv_status status =
		mem_add_private(mem, NESTED_BASE, machine->nr_cpus * NESTED_MEMORY);

	for (unsigned i = 0; i < machine->nr_cpus && status == UDV_OK; i++) {
		uint64_t offset = i * NESTED_MEMORY;

		nested_init(&machine->vcpus[i].nested, &machine->vcpus[i].cpu, NESTED_BASE + offset,
			    mem_find(mem, NESTED_BASE)->host + offset);
		machine->vcpus[i].nested.forgets = machine->stress & UDV_STRESS_EPT02;
		machine->vcpus[i].nested.writes_back = machine->stress & UDV_STRESS_VMCS12;
	}
	return status;
}

static enum udv_status create_cpus(struct udv_machine *machine, const struct cpu_config *config)
{
	size_t size = machine->nr_cpus * sizeof(struct vcpu);
	enum udv_status status;

	machine->blocks = calloc(1, sizeof(*machine->blocks));
	if (!machine->blocks)
		return UDV_ERR_NO_MEMORY;
	status = blocks_create(machine->blocks, &machine->mem, BLOCK_DEFAULT_ARENA);
	if (status != UDV_OK) {
		free(machine->blocks);
		machine->blocks = NULL;
		return status;
	}
	machine->vcpus = aligned_alloc(64, (size + 63) & ~(size_t)63);
	if (!machine->vcpus)
		return UDV_ERR_NO_MEMORY;
	memset(machine->vcpus, 0, size);
	for (unsigned i = 0; i < machine->nr_cpus; i++) {
		struct vcpu *vcpu = &machine->vcpus[i];

		vcpu->machine = machine;
		vcpu->index = i;
		vcpu->config = *config;
		vcpu->config.apic_id = i;
		cpu_init(&vcpu->cpu, &vcpu->config, &machine->mem, &machine->ports,
			 machine->blocks);
		status = wire_cpu(vcpu);
		if (status != UDV_OK)
			return status;
	}
	return machine->config.engine == UDV_ENGINE_NESTED ? create_nested(machine) : UDV_OK;
}

static enum udv_status create(struct udv_machine *machine, const struct udv_machine_config *config,
			      struct udv_problem *problem)
{
	struct cpu_config cpu_config;
	enum udv_status status = take_config(machine, config, problem);

	if (status == UDV_OK)
		status = create_memory(machine, problem);
	if (status == UDV_OK)
		status = take_cpu_config(machine, &cpu_config, config->cpu, problem);
	if (status != UDV_OK)
		return status;
	vclock_init(&machine->clock, machine_now, machine_deadline_changed, machine);
	status = create_cpus(machine, &cpu_config);
	if (status == UDV_OK)
		status = board_create(machine);
	if (status != UDV_OK)
		return refuse(problem, status, "out of memory");
	/* Now that the local APICs say who is the bootstrap processor. */
	for (unsigned i = 0; i < machine->nr_cpus; i++)
		wire_reset(&machine->vcpus[i]);
	return UDV_OK;
}

enum udv_status udv_machine_create(const struct udv_machine_config *config,
				   struct udv_machine **machine, struct udv_problem *problem)
{
	struct udv_machine *made = calloc(1, sizeof(*made));
	enum udv_status status;

	*machine = NULL;
	if (!made)
		return refuse(problem, UDV_ERR_NO_MEMORY, "out of memory");
	atomic_init(&made->stop_requested, false);
	status = create(made, config, problem);
	if (status != UDV_OK)
		udv_machine_destroy(made);
	else
		*machine = made;
	return status;
}

void udv_machine_destroy(struct udv_machine *machine)
{
	if (!machine)
		return;
	while (machine->hooks) {
		struct machine_hook *hook = machine->hooks;

		machine->hooks = hook->next;
		free(hook);
	}
	virtio_destroy(machine);
	free(machine->vcpus);
	if (machine->blocks)
		blocks_destroy(machine->blocks);
	free(machine->blocks);
	mem_destroy(&machine->mem);
	udv_snapshot_destroy(machine->snapshot);
	free(machine->cpu_text);
	free(machine);
}
