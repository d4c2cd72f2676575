/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "cpu/handler.h"
#include "machine/machine.h"
#include "machine/timeline.h"

/*
 * The run loop. A round gives each processor that was awake at its beginning one turn of at most
 * round_slice instructions, cut short where the next timer is due. What interrupts the loop (a
 * budget, a stop) leaves the round as it is, so that a run in pieces is the same run.
 */

/* A round with one processor awake; also how long a request to stop waits. */
#define LONG_SLICE 1000000u
/*
 * Nobody can be woken by timers that went off so often without an instruction; with interrupts
 * disabled on all processors it takes less to be sure: what is left then are NMI and INIT.
 */
#define MAX_IDLE_SKIPS 1000000u
#define MAX_DEAF_SKIPS 10000u
/* A round with one awake and others in MWAIT, in slices; ticks after which these look anyway. */
#define MONITOR_SLICES 8u
#define MONITOR_PERIOD 1000000u
/* UDV_STRESS_BLOCKS */
#define STRESS_PIECE 64u

/* ---------------------------------------------------------------- time */

static uint64_t done_in_round(const struct vcpu *vcpu)
{
	return cpu_ticks(&vcpu->cpu) - vcpu->round_start;
}

uint64_t machine_ticks(const struct udv_machine *machine)
{
	return machine->base_ticks +
	       (machine->running ? done_in_round(machine->running) : machine->longest);
}

uint64_t machine_ticks_of(const struct vcpu *vcpu, uint64_t ticks)
{
	const struct udv_machine *machine = vcpu->machine;

	if (machine->running != vcpu)
		return machine_ticks(machine);
	return machine->base_ticks + (ticks - vcpu->round_start);
}

uint64_t machine_now(void *opaque)
{
	struct udv_machine *machine = opaque;
	uint64_t now = timeline_ns(machine_ticks(machine), machine->tsc_khz);

	if (now > machine->device_ns)
		machine->device_ns = now;
	return machine->device_ns;
}

void machine_deadline_changed(void *opaque, uint64_t deadline)
{
	struct udv_machine *machine = opaque;

	if (machine->running && timeline_ticks(deadline, machine->tsc_khz) < machine->piece_end)
		cpu_yield(&machine->running->cpu);
}

/* ---------------------------------------------------------------- reasons to stop */

void machine_stop(struct udv_machine *machine, enum udv_stop stop, uint32_t value)
{
	if (machine->stopped)
		return;
	machine->stopped = true;
	machine->stop = stop;
	machine->stop_value = value;
	if (machine->running)
		cpu_yield(&machine->running->cpu);
}

void udv_machine_request_stop(struct udv_machine *machine)
{
	atomic_store(&machine->stop_requested, true);
}

/* ---------------------------------------------------------------- deadlines */

/*
 * The tick of the next one, of the devices' timers or of a preemption timer that wakes a processor
 * which waits; TIMELINE_NEVER if there is none.
 */
static uint64_t next_deadline(const struct udv_machine *machine)
{
	uint64_t next = vclock_next_deadline(&machine->clock);
	uint64_t ticks =
		next == VCLOCK_NEVER ? TIMELINE_NEVER : timeline_ticks(next, machine->tsc_khz);

	for (unsigned i = 0; i < machine->nr_cpus; i++) {
		const struct cpu *cpu = &machine->vcpus[i].cpu;

		if (cpu->state.activity != ACTIVITY_ACTIVE && vmx_wake_time(cpu) < ticks)
			ticks = vmx_wake_time(cpu);
	}
	return ticks;
}

static void wake_by_timer(struct udv_machine *machine)
{
	for (unsigned i = 0; i < machine->nr_cpus; i++)
		if (vmx_wake_time(&machine->vcpus[i].cpu) <= machine->base_ticks)
			machine->vcpus[i].cpu.attention |= ATTENTION_EVENT;
}

/* ---------------------------------------------------------------- rounds */

static bool is_awake(const struct vcpu *vcpu)
{
	/* Dropped code is no reason to wake: when it is dropped depends on what is cached. */
	return vcpu->cpu.state.activity == ACTIVITY_ACTIVE || vcpu->cpu.attention & ~ATTENTION_CODE;
}

void machine_woken(struct vcpu *vcpu)
{
	struct udv_machine *machine = vcpu->machine;
	struct vcpu *running = machine->running;
	uint64_t done;

	if (!running || running == vcpu || vcpu->in_round)
		return;
	/* It joins in the next round; a long one ends here. */
	done = done_in_round(running);
	if (machine->round_slice > machine->slice && done < machine->round_slice) {
		machine->round_slice = done > machine->longest ? done : machine->longest;
		cpu_yield(&running->cpu);
	}
}

static unsigned count_awake(const struct udv_machine *machine)
{
	unsigned n = 0;

	for (unsigned i = 0; i < machine->nr_cpus; i++)
		n += is_awake(&machine->vcpus[i]);
	return n;
}

/*
 * A store by another processor ends MWAIT. Those that change the line show at the next round; MWAIT
 * may end for any reason, so all end now and then while somebody runs who may have stored what was
 * there already.
 */
static bool monitor_triggered(struct udv_machine *machine, const struct cpu_state *state)
{
	uint8_t now[sizeof(state->monitor_data)];

	mem_peek(&machine->mem, state->monitor_address, now, sizeof(now));
	return memcmp(now, state->monitor_data, sizeof(now)) != 0;
}

/* How many go on waiting. */
static unsigned wake_monitors(struct udv_machine *machine, bool all)
{
	unsigned waiting = 0;

	for (unsigned i = 0; i < machine->nr_cpus; i++) {
		struct cpu_state *state = &machine->vcpus[i].cpu.state;

		if (state->activity != ACTIVITY_MWAIT)
			continue;
		if (all || monitor_triggered(machine, state))
			state->activity = ACTIVITY_ACTIVE;
		else
			waiting++;
	}
	return waiting;
}

static void begin_round(struct udv_machine *machine, unsigned waiting)
{
	unsigned awake = count_awake(machine);

	for (unsigned i = 0; i < machine->nr_cpus; i++) {
		struct vcpu *vcpu = &machine->vcpus[i];

		vcpu->round_start = cpu_ticks(&vcpu->cpu);
		vcpu->in_round = is_awake(vcpu);
	}
	machine->turn = 0;
	if (awake > 1)
		machine->round_slice = machine->slice;
	else
		machine->round_slice = waiting ? MONITOR_SLICES * machine->slice : LONG_SLICE;
}

static bool all_deaf(const struct udv_machine *machine)
{
	for (unsigned i = 0; i < machine->nr_cpus; i++) {
		const struct cpu_state *state = &machine->vcpus[i].cpu.state;

		if (state->activity != ACTIVITY_WAIT_FOR_SIPI && state->rflags & FLAG_IF)
			return false;
	}
	return true;
}

static bool given_up(struct udv_machine *machine)
{
	unsigned limit = all_deaf(machine) ? MAX_DEAF_SKIPS : MAX_IDLE_SKIPS;

	return machine->idle_skips++ >= limit;
}

/* The next deadline is too far away for who runs the machine. */
static void stay_idle(struct udv_machine *machine)
{
	if (machine->idle_until > machine->base_ticks)
		machine->base_ticks = machine->idle_until;
	machine_stop(machine, UDV_STOP_IDLE, 0);
}

/* Nobody is awake: on to the next deadline. */
static void skip_ahead(struct udv_machine *machine)
{
	uint64_t ticks = next_deadline(machine);
	bool never = ticks == TIMELINE_NEVER;

	if (ticks > machine->idle_until && !(never && all_deaf(machine))) {
		stay_idle(machine);
		return;
	}
	if (never || given_up(machine)) {
		machine->stop_cpu = 0;
		machine_stop(machine, UDV_STOP_HALTED, 0);
		return;
	}
	if (ticks > machine->base_ticks)
		machine->base_ticks = ticks;
}

static void next_round(struct udv_machine *machine)
{
	uint64_t before = machine->base_ticks / MONITOR_PERIOD;
	unsigned waiting;

	machine->base_ticks += machine->longest;
	if (machine->longest)
		machine->idle_skips = 0;
	machine->longest = 0;
	for (unsigned i = 0; i < machine->nr_cpus; i++)
		machine->vcpus[i].in_round = false;
	vclock_run_due(&machine->clock, machine_now(machine));
	wake_by_timer(machine);
	waiting = wake_monitors(machine, count_awake(machine) &&
						 machine->base_ticks / MONITOR_PERIOD != before);
	if (!machine->stopped && count_awake(machine))
		begin_round(machine, waiting);
	else if (!machine->stopped)
		skip_ahead(machine);
}

/* What a processor may retire in this round; timers are due at its end, after one at the least. */
static uint64_t turn_limit(const struct udv_machine *machine)
{
	uint64_t ticks = next_deadline(machine);
	uint64_t limit = machine->round_slice;

	if (ticks <= machine->base_ticks)
		return 1;
	return ticks - machine->base_ticks < limit ? ticks - machine->base_ticks : limit;
}

static enum cpu_stop run_piece(struct udv_machine *machine, struct vcpu *vcpu, uint64_t piece)
{
	enum cpu_stop stop;
	uint64_t done;

	if (machine->stress & UDV_STRESS_BLOCKS) {
		blocks_flush(machine->blocks);
		piece = piece < STRESS_PIECE ? piece : STRESS_PIECE;
	}
	machine->piece_end = machine->base_ticks + done_in_round(vcpu) + piece;
	machine->running = vcpu;
	stop = cpu_run(&vcpu->cpu, piece);
	machine->running = NULL;
	vcpu->cpu.attention &= ~ATTENTION_YIELD;
	done = done_in_round(vcpu);
	if (done > machine->longest)
		machine->longest = done;
	return stop;
}

/* A step ends after one instruction. */
static uint64_t turn_piece(const struct udv_machine *machine, uint64_t piece)
{
	return machine->debug.stepping && machine->turn == machine->debug.step_cpu ? 1 : piece;
}

static void run_turn(struct udv_machine *machine, uint64_t budget)
{
	enum cpu_stop stop;
	struct vcpu *vcpu = &machine->vcpus[machine->turn];
	uint64_t limit = turn_limit(machine), done = done_in_round(vcpu);

	if (!vcpu->in_round || done >= limit) {
		machine->turn++;
		return;
	}
	machine->stop_cpu = machine->turn;
	stop = run_piece(machine, vcpu,
			 turn_piece(machine, limit - done < budget ? limit - done : budget));
	if (unlikely(machine->debug.stepping))
		debug_ran(vcpu);
	switch (stop) {
	case CPU_STOP_SHUTDOWN:
		if (vcpu->cpu.vmx.aborted)
			machine_stop(machine, UDV_STOP_VMX_ABORT, vcpu->cpu.vmx.aborted);
		else
			machine_stop(machine, UDV_STOP_TRIPLE_FAULT, 0);
		break;
	case CPU_STOP_HALT:
		machine->turn++;
		break;
	case CPU_STOP_BUDGET:
	case CPU_STOP_YIELD:
		break;
	}
}

static uint64_t total_retired(const struct udv_machine *machine)
{
	uint64_t total = 0;

	for (unsigned i = 0; i < machine->nr_cpus; i++)
		total += cpu_retired(&machine->vcpus[i].cpu);
	return total;
}

void udv_machine_run(struct udv_machine *machine, uint64_t instructions, struct udv_stop_info *info)
{
	udv_machine_run_until(machine, instructions, UINT64_MAX, info);
}

void udv_machine_run_until(struct udv_machine *machine, uint64_t instructions, uint64_t idle_until,
			   struct udv_stop_info *info)
{
	uint64_t start = total_retired(machine), done = 0;

	if (machine->running) {
		*info = (struct udv_stop_info){ .stop = UDV_STOP_REFUSED, .cpu = machine->turn };
		return;
	}
	machine->stopped = false;
	machine->idle_until = idle_until;
	for (unsigned i = 0; i < machine->nr_cpus; i++)
		nested_give12(&machine->vcpus[i].nested);
	while (!machine->stopped) {
		if (atomic_exchange(&machine->stop_requested, false))
			machine_stop(machine, UDV_STOP_REQUESTED, 0);
		else if (done >= instructions)
			machine_stop(machine, UDV_STOP_BUDGET, 0);
		else if (machine->turn >= machine->nr_cpus)
			next_round(machine);
		else
			run_turn(machine, instructions - done);
		done = total_retired(machine) - start;
	}
	for (unsigned i = 0; i < machine->nr_cpus; i++)
		nested_take12(&machine->vcpus[i].nested);
	if (machine->stop == UDV_STOP_HALTED)
		machine->idle_skips = 0;
	*info = (struct udv_stop_info){
		.stop = machine->stop,
		.cpu = machine->stop_cpu,
		.value = machine->stop_value,
		.instructions = done,
	};
}

uint64_t udv_machine_next_timer(const struct udv_machine *machine)
{
	return next_deadline(machine);
}

uint64_t udv_machine_ticks_per_ms(const struct udv_machine *machine)
{
	return machine->tsc_khz;
}

static void add_counts(uint64_t *sums, const uint64_t *counts)
{
	for (unsigned i = 0; i < UDV_MAX_EXIT_REASONS; i++)
		sums[i] += counts[i];
}

static void add_l0(struct udv_l0_stats *sums, const struct nested *n)
{
	add_counts(sums->l1_exits, n->stats.l1_exits);
	add_counts(sums->handled, n->stats.handled);
	add_counts(sums->shown, n->stats.shown);
	add_counts(sums->found, n->stats.found);
	sums->merges += n->stats.merges;
	sums->fills += n->stats.fills;
	sums->drops += n->ept02.drops;
}

void udv_machine_stats(const struct udv_machine *machine, struct udv_machine_stats *stats)
{
	memset(stats, 0, sizeof(*stats));
	stats->instructions = total_retired(machine);
	stats->ticks = machine_ticks(machine);
	stats->nanoseconds = timeline_ns(stats->ticks, machine->tsc_khz);
	for (unsigned i = 0; i < machine->nr_cpus; i++) {
		const struct cpu_stats *s = &machine->vcpus[i].cpu.stats;

		stats->exceptions += s->exceptions;
		stats->interrupts += s->interrupts;
		stats->tlb_misses += s->tlb_misses;
		stats->tlb_flushes += s->tlb_flushes;
		stats->blocks_built += s->blocks_built;
		stats->blocks_dropped += s->blocks_dropped;
		stats->block_lookups += s->block_lookups;
		stats->vm_entries += s->vm_entries;
		stats->vm_refusals += s->vm_refusals;
		add_counts(stats->vm_exits, s->vm_exits);
		add_l0(&stats->l0, &machine->vcpus[i].nested);
	}
}
