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
	for (unsigned i = 0; i < snapshot->nr_disks; i++)
		disk_destroy(&snapshot->disk[i].blocks);
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
		.console = snapshot->console,
		.rng = !snapshot->config.no_rng,
		.iommu = snapshot->config.iommu,
		.nr_disks = snapshot->nr_disks,
		.pages = snapshot->pages.nr_pages,
		.state_size = snapshot->state_size,
	};
	for (unsigned i = 0; i < snapshot->nr_disks; i++) {
		const struct snapshot_disk *disk = &snapshot->disk[i];

		info->disks[i] = (struct udv_snapshot_disk){
			.size = disk->blocks.size,
			.blocks = disk->blocks.nr_slots,
			.writes_through = !disk->blocks.overlay,
			.read_only = disk->read_only,
		};
		memcpy(info->disks[i].id, disk->id, sizeof(disk->id));
	}
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

static bool is_nested(const struct udv_machine *machine)
{
	return machine->config.engine == UDV_ENGINE_NESTED;
}

/* What is saved knows nothing of L0, and so both engines can go on from it. */
static void settle_all(struct udv_machine *machine)
{
	for (unsigned i = 0; i < machine->nr_cpus; i++) {
		struct vcpu *vcpu = &machine->vcpus[i];

		settle(&vcpu->cpu);
		if (is_nested(machine))
			nested_put_aside(&vcpu->nested);
		/* What is left of it once the guest is has no meaning. */
		if (!vcpu->cpu.vmx.guest)
			vcpu->cpu.vmx.watch = false;
		refresh(&vcpu->cpu);
	}
}

static void take_up_nested(struct udv_machine *machine)
{
	if (!is_nested(machine))
		return;
	for (unsigned i = 0; i < machine->nr_cpus; i++) {
		nested_take_up(&machine->vcpus[i].nested);
		refresh(&machine->vcpus[i].cpu);
	}
}

static void put_back_cpu(struct vcpu *vcpu)
{
	struct cpu *cpu = &vcpu->cpu;
	struct lapic_state *lapic = &vcpu->lapic.state;

	cpu->state.gpr[GPR_ZERO] = 0;
	cpu->attention &= ATTENTION_EVENT;
	cpu->remaining = 0;
	cpu->vmx.held = 0;
	cpu->fault.valid = cpu->delivering.valid = cpu->vmx.redone.valid = false;
	cpu->vmx.hosted = cpu->vmx.level1 = false;
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
		.no_rng = machine->config.no_rng,
		.iommu = machine->config.iommu,
	};
	snapshot->processor = machine->vcpus[0].config;
	snapshot->console = machine->config.console;
	snapshot->nr_timers = machine->clock.nr_timers;
	return snapshot->config.cpu || !machine->cpu_text;
}

static bool take_disks(struct udv_snapshot *snapshot, struct udv_machine *machine)
{
	for (unsigned i = 0; i < machine->virtio.nr_disks; i++) {
		struct virtio_blk *blk = &machine->virtio.disk[i];
		struct snapshot_disk *disk = &snapshot->disk[i];

		disk_init(&disk->blocks, &(struct disk_backing){ 0 }, blk->disk.size,
			  blk->disk.overlay);
		disk->read_only = blk->read_only;
		memcpy(disk->id, blk->id, sizeof(disk->id));
		snapshot->nr_disks++;
		if (!disk_save(&blk->disk, &disk->blocks))
			return false;
	}
	return true;
}

static enum udv_status take_contents(struct udv_snapshot *snapshot, struct udv_machine *machine)
{
	enum udv_status status = mem_pages_init(&snapshot->pages, &machine->mem);

	if (status == UDV_OK)
		status = mem_pages_save(&snapshot->pages, &machine->mem);
	if (status == UDV_OK && !take_disks(snapshot, machine))
		status = UDV_ERR_NO_MEMORY;
	return status;
}

/* What is neither dirty nor changed is the same as there. NULL: nothing is known. */
static void base_on(struct udv_machine *machine, struct udv_snapshot *snapshot)
{
	if (snapshot)
		hold(snapshot);
	udv_snapshot_destroy(machine->snapshot);
	machine->snapshot = snapshot;
}

static enum udv_status take(struct udv_snapshot *snapshot, struct udv_machine *machine)
{
	enum udv_status status;

	if (!take_config(snapshot, machine) || !snapshot_allocate_state(snapshot))
		return UDV_ERR_NO_MEMORY;
	status = take_contents(snapshot, machine);
	base_on(machine, status == UDV_OK ? snapshot : NULL);
	/* No TLB may hold a page as writable that is clean now. */
	settle_all(machine);
	if (status == UDV_OK)
		save_state(snapshot, machine);
	take_up_nested(machine);
	return status;
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

/* Of disk @i, which both have. */
static bool same_disk(const struct udv_machine *machine, const struct udv_snapshot *snapshot,
		      unsigned i)
{
	const struct virtio_blk *a = &machine->virtio.disk[i];
	const struct snapshot_disk *b = &snapshot->disk[i];

	return a->disk.size == b->blocks.size && a->disk.overlay == b->blocks.overlay &&
	       a->read_only == b->read_only && memcmp(a->id, b->id, sizeof(a->id)) == 0;
}

static bool same_disks(const struct udv_machine *machine, const struct udv_snapshot *snapshot)
{
	bool same = machine->virtio.nr_disks == snapshot->nr_disks;

	for (unsigned i = 0; i < snapshot->nr_disks && same; i++)
		same = same_disk(machine, snapshot, i);
	return same;
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
	if (!same_disks(machine, snapshot))
		return "set of disks";
	if (machine->clock.nr_timers != snapshot->nr_timers ||
	    !machine->config.console != !snapshot->console ||
	    machine->config.no_rng != snapshot->config.no_rng ||
	    machine->config.iommu != snapshot->config.iommu)
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

static bool put_back_disks(struct udv_machine *machine, const struct udv_snapshot *snapshot)
{
	for (unsigned i = 0; i < snapshot->nr_disks; i++)
		if (!disk_restore(&machine->virtio.disk[i].disk, &snapshot->disk[i].blocks,
				  machine->snapshot == snapshot))
			return false;
	return true;
}

static void put_back_devices(struct udv_machine *machine)
{
	for (unsigned i = 0; i < NR_VIRTIO_SLOTS; i++)
		if (machine->virtio.slot[i])
			virtio_mmio_loaded(machine->virtio.slot[i]);
	vclock_refresh(&machine->clock);
}

static enum udv_status put_back(struct udv_machine *machine, struct udv_snapshot *snapshot)
{
	if (!put_back_disks(machine, snapshot)) {
		base_on(machine, NULL);
		return UDV_ERR_NO_MEMORY;
	}
	mem_pages_restore(&snapshot->pages, &machine->mem, machine->snapshot == snapshot);
	base_on(machine, snapshot);
	load_state(machine, snapshot);
	for (unsigned i = 0; i < machine->nr_cpus; i++)
		put_back_cpu(&machine->vcpus[i]);
	take_up_nested(machine);
	if (machine->turn > machine->nr_cpus)
		machine->turn = machine->nr_cpus;
	if (machine->stop_cpu >= machine->nr_cpus)
		machine->stop_cpu = 0;
	put_back_devices(machine);
	return UDV_OK;
}

enum udv_status udv_machine_restore(struct udv_machine *machine, struct udv_snapshot *snapshot,
				    struct udv_problem *problem)
{
	const char *what = difference(machine, snapshot);
	enum udv_status status;

	if (machine->running) {
		machine_problem(problem, "the machine is running");
		return UDV_ERR_ARGUMENT;
	}
	if (what) {
		machine_problem(problem, "the snapshot is of a machine with another %s", what);
		return UDV_ERR_ARGUMENT;
	}
	status = put_back(machine, snapshot);
	if (status != UDV_OK)
		machine_problem(problem, "out of memory");
	return status;
}

/* ---------------------------------------------------------------- a new machine */

static void drop_output(void *opaque, const uint8_t *data, size_t size)
{
	(void)opaque;
	(void)data;
	(void)size;
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
	all.no_rng = snapshot->config.no_rng;
	all.iommu = snapshot->config.iommu;
	if (!snapshot->console)
		all.console = NULL;
	else if (!all.console)
		all.console = drop_output;
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
