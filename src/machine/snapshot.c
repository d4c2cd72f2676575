/* SPDX-License-Identifier: MIT */
#include "machine/snapshot.h"

#include <stdlib.h>
#include <string.h>

#include "cpu/access.h"
#include "cpu/cpuid.h"
#include "cpu/handler.h"
#include "machine/state_lists.h"

/* Snapshots in memory: taken, put back, made into machines. */

/* ---------------------------------------------------------------- the object */

struct udv_snapshot *snapshot_new(void)
{
	struct udv_snapshot *snapshot = calloc(1, sizeof(*snapshot));

	if (snapshot)
		atomic_init(&snapshot->refs, 1);
	return snapshot;
}

static struct udv_snapshot *hold(struct udv_snapshot *snapshot)
{
	atomic_fetch_add(&snapshot->refs, 1);
	return snapshot;
}

void udv_snapshot_destroy(struct udv_snapshot *snapshot)
{
	if (!snapshot || atomic_fetch_sub(&snapshot->refs, 1) != 1)
		return;
	mem_pages_destroy(&snapshot->pages);
	free(snapshot->state);
	free((char *)snapshot->config.cpu);
	free(snapshot);
}

bool snapshot_allocate_state(struct udv_snapshot *snapshot)
{
	snapshot->state_size = state_size(&state_udv_machine) +
			       snapshot->config.nr_cpus * state_size(&state_vcpu) +
			       snapshot->nr_timers * state_size(&state_vtimer);
	snapshot->state = malloc(snapshot->state_size);
	return snapshot->state;
}

void udv_snapshot_info(const struct udv_snapshot *snapshot, struct udv_snapshot_info *info)
{
	*info = (struct udv_snapshot_info){
		.memory = snapshot->config.memory,
		.nr_cpus = snapshot->config.nr_cpus,
		.cpu = snapshot->config.cpu,
		.seed = snapshot->config.seed,
		.slice = snapshot->config.slice,
		.pages = snapshot->pages.nr_pages,
		.state_size = snapshot->state_size,
	};
}

bool snapshot_check_state(const struct udv_snapshot *snapshot, struct state_fault *fault)
{
	const uint8_t *at = snapshot->state;

	if (!state_check(&state_udv_machine, at, fault))
		return false;
	at += state_size(&state_udv_machine);
	for (unsigned i = 0; i < snapshot->config.nr_cpus; i++) {
		if (!state_check(&state_vcpu, at, fault))
			return false;
		at += state_size(&state_vcpu);
	}
	for (size_t i = 0; i < snapshot->nr_timers; i++) {
		if (!state_check(&state_vtimer, at, fault))
			return false;
		at += state_size(&state_vtimer);
	}
	return true;
}

/* ---------------------------------------------------------------- processors */

/* Between two runs: flags in RFLAGS, ticks in budget_end, nothing half done. */
static void settle(struct cpu *cpu)
{
	cpu_flags_settle(cpu);
	cpu->budget_end = cpu_ticks(cpu);
	cpu->remaining = 0;
	cpu->block = NULL;
}

/*
 * Makes anew what follows from the state. Where that depends on how the state came about it is
 * done on both sides, so that the machine a snapshot is taken of and those that are put back to it
 * go on from the same.
 */
static void refresh(struct cpu *cpu)
{
	uint32_t attention = cpu->attention;
	uint64_t rip_mask = cpu->rip_mask;
	struct cpu_stats stats = cpu->stats;

	cpu_state_changed(cpu);
	/* A processor that waits is awake for its round if it has something to look at. */
	cpu->attention = attention | ATTENTION_CODE;
	/* 16-bit code that started beyond 64 KB goes on there. */
	if (rip_mask == UINT32_MAX && cpu->rip_mask == 0xffff)
		cpu->rip_mask = rip_mask;
	cpu->stats = stats;
}

static void put_back_cpu(struct vcpu *vcpu)
{
	struct cpu *cpu = &vcpu->cpu;
	struct lapic_state *lapic = &vcpu->lapic.state;

	cpu->state.gpr[GPR_ZERO] = 0;
	cpu->attention &= ATTENTION_EVENT;
	cpu->remaining = 0;
	cpu->vmx.held = 0;
	refresh(cpu);
	/* So it is in every snapshot that was taken; a file may be made up. */
	if (lapic->timer_left > lapic->timer_initial)
		lapic->timer_left = lapic->timer_initial;
}

/* ---------------------------------------------------------------- taking */

static void save_state(struct udv_snapshot *snapshot, const struct udv_machine *machine)
{
	uint8_t *at = state_save(&state_udv_machine, machine, snapshot->state);

	for (unsigned i = 0; i < machine->nr_cpus; i++)
		at = state_save(&state_vcpu, &machine->vcpus[i], at);
	for (unsigned i = 0; i < machine->clock.nr_timers; i++)
		at = state_save(&state_vtimer, machine->clock.timer[i], at);
}

static bool take_config(struct udv_snapshot *snapshot, const struct udv_machine *machine)
{
	snapshot->config = (struct udv_machine_config){
		.memory = machine->memory,
		.nr_cpus = machine->nr_cpus,
		.cpu = machine->cpu_text ? strdup(machine->cpu_text) : NULL,
		.seed = machine->config.seed,
		.slice = machine->slice,
	};
	snapshot->processor = machine->vcpus[0].config;
	snapshot->nr_timers = machine->clock.nr_timers;
	return snapshot->config.cpu || !machine->cpu_text;
}

static enum udv_status take(struct udv_snapshot *snapshot, struct udv_machine *machine)
{
	enum udv_status status;

	if (!take_config(snapshot, machine) || !snapshot_allocate_state(snapshot))
		return UDV_ERR_NO_MEMORY;
	status = mem_pages_init(&snapshot->pages, &machine->mem);
	if (status == UDV_OK)
		status = mem_pages_save(&snapshot->pages, &machine->mem);
	if (status != UDV_OK)
		return status;
	for (unsigned i = 0; i < machine->nr_cpus; i++) {
		settle(&machine->vcpus[i].cpu);
		refresh(&machine->vcpus[i].cpu);
	}
	save_state(snapshot, machine);
	udv_snapshot_destroy(machine->snapshot);
	machine->snapshot = hold(snapshot);
	return UDV_OK;
}

enum udv_status udv_snapshot_take(struct udv_machine *machine, struct udv_snapshot **snapshot)
{
	struct udv_snapshot *made;
	enum udv_status status;

	*snapshot = NULL;
	if (machine->running)
		return UDV_ERR_ARGUMENT;
	made = snapshot_new();
	status = made ? take(made, machine) : UDV_ERR_NO_MEMORY;
	if (status == UDV_OK)
		*snapshot = made;
	else
		udv_snapshot_destroy(made);
	return status;
}

/* ---------------------------------------------------------------- putting back */

static bool same_processor(const struct cpu_config *a, const struct cpu_config *b)
{
	return memcmp(&a->features, &b->features, sizeof(a->features)) == 0 &&
	       a->maxphyaddr == b->maxphyaddr && a->linear_bits == b->linear_bits &&
	       a->signature == b->signature && a->tsc_khz == b->tsc_khz;
}

/* What is another one, or NULL. */
static const char *difference(const struct udv_machine *machine,
			      const struct udv_snapshot *snapshot)
{
	if (machine->memory != snapshot->config.memory ||
	    !mem_pages_fit(&snapshot->pages, &machine->mem))
		return "memory";
	if (machine->nr_cpus != snapshot->config.nr_cpus)
		return "number of processors";
	if (!same_processor(&machine->vcpus[0].config, &snapshot->processor))
		return "processor";
	if (machine->slice != snapshot->config.slice)
		return "slice";
	if (machine->clock.nr_timers != snapshot->nr_timers)
		return "set of devices";
	return NULL;
}

static void load_state(struct udv_machine *machine, const struct udv_snapshot *snapshot)
{
	struct lapic_page now[UDV_MAX_CPUS], pages[UDV_MAX_CPUS];
	unsigned nr_now = machine->nr_lapic_pages, nr_pages;
	const uint8_t *at;

	memcpy(now, machine->lapic_page, sizeof(now));
	at = state_load(&state_udv_machine, machine, snapshot->state);
	for (unsigned i = 0; i < machine->nr_cpus; i++)
		at = state_load(&state_vcpu, &machine->vcpus[i], at);
	for (unsigned i = 0; i < machine->clock.nr_timers; i++)
		at = state_load(&state_vtimer, machine->clock.timer[i], at);
	/* The list says what is mapped; the map follows by way of the list. */
	memcpy(pages, machine->lapic_page, sizeof(pages));
	nr_pages = machine->nr_lapic_pages;
	memcpy(machine->lapic_page, now, sizeof(now));
	machine->nr_lapic_pages = nr_now;
	wire_apic_pages(machine, pages, nr_pages);
}

static void put_back(struct udv_machine *machine, struct udv_snapshot *snapshot)
{
	mem_pages_restore(&snapshot->pages, &machine->mem, machine->snapshot == snapshot);
	if (machine->snapshot != snapshot) {
		udv_snapshot_destroy(machine->snapshot);
		machine->snapshot = hold(snapshot);
	}
	load_state(machine, snapshot);
	for (unsigned i = 0; i < machine->nr_cpus; i++)
		put_back_cpu(&machine->vcpus[i]);
	if (machine->turn > machine->nr_cpus)
		machine->turn = machine->nr_cpus;
	if (machine->stop_cpu >= machine->nr_cpus)
		machine->stop_cpu = 0;
	vclock_refresh(&machine->clock);
}

enum udv_status udv_machine_restore(struct udv_machine *machine, struct udv_snapshot *snapshot,
				    struct udv_problem *problem)
{
	const char *what = difference(machine, snapshot);

	if (machine->running) {
		machine_problem(problem, "the machine is running");
		return UDV_ERR_ARGUMENT;
	}
	if (what) {
		machine_problem(problem, "the snapshot is of a machine with another %s", what);
		return UDV_ERR_ARGUMENT;
	}
	put_back(machine, snapshot);
	return UDV_OK;
}

enum udv_status udv_machine_create_from(struct udv_snapshot *snapshot,
					const struct udv_machine_config *config,
					struct udv_machine **machine, struct udv_problem *problem)
{
	struct udv_machine_config all = *config;
	enum udv_status status;

	all.memory = snapshot->config.memory;
	all.nr_cpus = snapshot->config.nr_cpus;
	all.cpu = snapshot->config.cpu;
	all.seed = snapshot->config.seed;
	all.slice = snapshot->config.slice;
	status = udv_machine_create(&all, machine, problem);
	if (status != UDV_OK)
		return status;
	status = udv_machine_restore(*machine, snapshot, problem);
	if (status != UDV_OK) {
		udv_machine_destroy(*machine);
		*machine = NULL;
	}
	return status;
}
