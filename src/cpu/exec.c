/* SPDX-License-Identifier: MIT */
#include "arch/paging_bits.h"
#include "cpu/access.h"
#include "cpu/control.h"
#include "cpu/debug.h"
#include "cpu/enter.h"
#include "cpu/handler.h"
#include "cpu/system_misc.h"
#include <string.h>

/*
 * The run loop: translates RIP, finds or builds the block there, runs it and its successors until
 * one of them comes back, and looks after events in between.
 *
 * What must be looked at after every single instruction (single-step, breakpoints, shadows of STI
 * and MOV SS, the end of the budget) is done in blocks of one instruction, which never lead to
 * others.
 */

#define DEBUGCTL_BTF BIT(1)
#define SHADOWS (BLOCKING_STI | BLOCKING_MOV_SS)

uint64_t cpu_ticks(const struct cpu *cpu)
{
	uint64_t done = cpu->budget_end - (uint64_t)cpu->remaining;

	if (cpu->block && cpu->current)
		done -= (uint64_t)cpu->block->n - cpu->current->seq;
	return done;
}

uint64_t cpu_retired(const struct cpu *cpu)
{
	return cpu_ticks(cpu) - cpu->charged;
}

/* Takes back what was counted of the block from @op on, and leaves it. */
static void uncount(struct cpu *cpu, const struct op *op)
{
	if (!cpu->block)
		return;
	cpu->remaining += cpu->block->n - op->seq;
	cpu->block_rip = cpu->state.rip;
	cpu->block = NULL;
}

/* RIP at @offset from the start of the block that has been left. */
static uint64_t left_rip_at(const struct cpu *cpu, uint64_t offset)
{
	return (cpu->block_rip + offset) & cpu->rip_mask;
}

void cpu_sync(struct cpu *cpu, const struct op *op)
{
	uncount(cpu, op);
	cpu->current = op;
	cpu->state.rip = left_rip_at(cpu, op->end);
	cpu_flags_settle(cpu);
}

const struct op *cpu_again(struct cpu *cpu, const struct op *op)
{
	cpu->remaining--;
	/* The rest of the block is counted already, and must still fit behind this one. */
	if (cpu->remaining >= 0 && !cpu->attention && !(cpu->block->mode & MODE_SINGLE))
		return op;
	return cpu_refetch(cpu, op);
}

const struct op *cpu_refetch(struct cpu *cpu, const struct op *op)
{
	uncount(cpu, op);
	cpu->state.rip = left_rip_at(cpu, (uint64_t)op->end - op->length);
	cpu->repeating = true;
	cpu_flags_settle(cpu);
	if (unlikely(cpu->points))
		cpu_break_passed(cpu);
	cpu->exit = EXIT_NEXT;
	return NULL;
}

const struct op *cpu_stop_before(struct cpu *cpu, const struct op *op)
{
	uncount(cpu, op);
	cpu->state.rip = left_rip_at(cpu, (uint64_t)op->end - op->length);
	cpu_flags_settle(cpu);
	cpu->exit = EXIT_BREAK;
	return NULL;
}

const struct op *cpu_fault(struct cpu *cpu, const struct op *op)
{
	uncount(cpu, op);
	cpu->state.rip = left_rip_at(cpu, (uint64_t)op->end - op->length);
	cpu_flags_settle(cpu);
	cpu->exit = EXIT_FAULT;
	return NULL;
}

const struct op *cpu_out_of_budget(struct cpu *cpu, const struct block *block, uint64_t rip)
{
	cpu->remaining += block->n;
	cpu->state.rip = rip;
	cpu->block = NULL;
	cpu->exit = EXIT_BUDGET;
	return NULL;
}

const struct op *cpu_go(struct cpu *cpu, uint64_t rip)
{
	cpu->state.rip = rip;
	cpu->block = NULL;
	cpu->exit = EXIT_NEXT;
	return NULL;
}

bool cpu_raise(struct cpu *cpu, unsigned vector)
{
	cpu->fault = (struct cpu_event){ .valid = true,
					 .vector = (uint8_t)vector,
					 .type = EVENT_EXCEPTION };
	return false;
}

bool cpu_raise_error(struct cpu *cpu, unsigned vector, uint32_t error_code)
{
	cpu->fault = (struct cpu_event){ .valid = true,
					 .vector = (uint8_t)vector,
					 .type = EVENT_EXCEPTION,
					 .has_error_code = true,
					 .error_code = error_code };
	return false;
}

/* ---------------------------------------------------------------- finding the next block */

static bool fetch_translate(struct cpu *cpu, uint64_t linear, uint64_t *physical)
{
	struct itlb_entry *entry = &cpu->itlb[itlb_slot(linear)];
	uint64_t tag = (linear & PAGE_MASK) | cpu->fetch_view;
	uint32_t access = UDV_ACCESS_FETCH;
	struct udv_walk_result result;

	if (likely(entry->tag == tag && !cpu->flush_always)) {
		*physical = entry->physical | (linear & ~PAGE_MASK);
		return true;
	}
	if (cpu->state.cpl == 3)
		access |= UDV_ACCESS_USER;
	if (!cpu_translate_fetch(cpu, linear, access, &result))
		return false;
	*physical = result.hpa.value;
	entry->tag = tag;
	entry->physical = result.hpa.value & PAGE_MASK;
	return true;
}

/* An instruction breakpoint at @linear. SDM Vol 3B "Instruction-Breakpoint Exception Condition" */
static bool code_breakpoint(struct cpu *cpu, uint64_t linear)
{
	uint64_t hits = 0;

	/* MOV SS inhibits them too. SDM Vol 3A "Masking Exceptions and Interrupts" */
	if (likely(!cpu->code_breakpoints) || cpu->state.rflags & FLAG_RF ||
	    cpu->state.interruptibility & BLOCKING_MOV_SS)
		return false;
	for (unsigned i = 0; i < 4; i++)
		if (cpu->state.dr7 >> 2 * i & 3 && !(cpu->state.dr7 >> (16 + 4 * i) & 3) &&
		    cpu->state.dr[i] == linear)
			hits |= BIT(i);
	if (!hits)
		return false;
	cpu_raise(cpu, VECTOR_DB);
	cpu->fault.address = hits;
	return true;
}

static bool within_limit(const struct cpu *cpu, const struct block *block)
{
	uint64_t end = cpu->state.rip + block->bytes - 1;

	return cpu->mode & MODE_CS_FULL ? end <= cpu->rip_mask || is_64bit(cpu)
					: end <= cpu->state.seg[SEG_CS].limit;
}

static struct block *find_block(struct cpu *cpu, uint32_t mode)
{
	uint64_t linear = cpu->state.rip;
	struct block *block;
	uint64_t physical, second;

	if (!is_64bit(cpu))
		linear = (uint32_t)(linear + cpu->state.seg[SEG_CS].base);
	/* A breakpoint comes before the limit. SDM Vol 3A "Priority Among Concurrent Events" */
	if (code_breakpoint(cpu, linear))
		return NULL;
	if (!is_64bit(cpu) && cpu->state.rip > cpu->state.seg[SEG_CS].limit) {
		raise_gp0(cpu);
		return NULL;
	}
	if (!fetch_translate(cpu, linear, &physical))
		return NULL;
	cpu->stats.block_lookups++;
	block = block_find(cpu->blocks, physical, mode);
	if (block && unlikely(block->second_page != BLOCK_NO_PAGE)) {
		uint64_t next = (linear | ~PAGE_MASK) + 1;

		/* The second page may be mapped elsewhere by now, or nowhere. */
		if (!fetch_translate(cpu, is_64bit(cpu) ? next : (uint32_t)next, &second))
			return NULL;
		if (second != block->second_page)
			block = NULL;
	}
	if (!block)
		block = block_build(cpu, linear, physical, mode);
	if (block && unlikely(!within_limit(cpu, block))) {
		if (!(mode & MODE_SINGLE))
			return find_block(cpu, mode | MODE_SINGLE);
		raise_gp0(cpu);
		return NULL;
	}
	return block;
}

/* The jump cache leads where no check is needed: the code segment has no limit to pass. */
static void remember(struct cpu *cpu, struct block *block)
{
	unsigned slot = jump_slot(cpu->state.rip);
	struct jump_entry *entry = &cpu->jump_cache[slot];

	if (block->mode & MODE_SINGLE || !(cpu->mode & MODE_CS_FULL) || cpu->flush_always ||
	    block->second_page != BLOCK_NO_PAGE)
		return;
	entry->rip = cpu->state.rip;
	entry->key = cpu->jump_key;
	entry->block = block;
	note_slot(&cpu->jump_regions, cpu->jump_slots, cpu->state.rip + cpu->segment_base[SEG_CS],
		  slot);
}

/* ---------------------------------------------------------------- events */

static void shut_down(struct cpu *cpu)
{
	cpu->state.activity = ACTIVITY_SHUTDOWN;
}

static void count_fault(struct cpu *cpu)
{
	cpu->remaining--;
	cpu_charge(cpu, COST_EVENT);
	cpu->stats.exceptions++;
}

void cpu_count_exit(struct cpu *cpu)
{
	if (cpu->vmx.costs && !cpu->vmx.counted)
		count_fault(cpu);
	cpu->vmx.counted = cpu->vmx.costs;
}

void cpu_uncount_exit(struct cpu *cpu)
{
	if (cpu->vmx.counted) {
		cpu->remaining += 1 + COST_EVENT;
		cpu->charged -= COST_EVENT;
		cpu->stats.exceptions--;
	}
	cpu->vmx.counted = false;
}

/* The exits of hosted VMCSs, until none is left. @costs: they have been counted. */
static void serve_exits(struct cpu *cpu, bool costs)
{
	cpu->vmx.costs = cpu->vmx.counted = costs;
	if (cpu->vmx.serving)
		return;
	cpu->vmx.serving = true;
	while (cpu->vmx.left) {
		cpu->vmx.left = false;
		cpu->hypervisor->leave(cpu->hypervisor->opaque);
	}
	cpu->vmx.serving = false;
}

static void perform_fault(struct cpu *cpu)
{
	if (!cpu_deliver_fault(cpu))
		shut_down(cpu);
	cpu->fault.valid = false;
}

static void deliver_fault(struct cpu *cpu)
{
	bool exits = cpu->fault.type == EVENT_VM_EXIT;

	cpu_flags_settle(cpu); /* a fetch may have come from a jump, with flags still lazy */
	count_fault(cpu);
	perform_fault(cpu);
	if (unlikely(cpu->vmx.left))
		serve_exits(cpu, exits);
}

static void start_at_sipi(struct cpu *cpu)
{
	struct cpu_state *s = &cpu->state;

	s->sipi_pending = false;
	if (s->activity != ACTIVITY_WAIT_FOR_SIPI)
		return;
	s->seg[SEG_CS].selector = (uint16_t)(s->sipi_vector << 8);
	s->seg[SEG_CS].base = (uint64_t)s->sipi_vector << 12;
	s->rip = 0;
	s->activity = ACTIVITY_ACTIVE;
	cpu_state_changed(cpu);
}

static bool interrupt_ready(const struct cpu *cpu)
{
	return cpu->interrupt && cpu->state.rflags & FLAG_IF;
}

static bool event_ready(const struct cpu *cpu)
{
	const struct cpu_state *s = &cpu->state;

	if (unlikely(cpu->vmx.operation)) {
		if (cpu->vmx.guest)
			return vmx_event_ready(cpu);
		/* INIT signals wait until the guest is entered, or VMX operation left. */
		return s->pending_debug || interrupt_ready(cpu) ||
		       (s->nmi_pending && !(s->interruptibility & BLOCKING_NMI));
	}
	return s->init_pending || s->sipi_pending || s->pending_debug ||
	       (s->nmi_pending && !(s->interruptibility & BLOCKING_NMI)) || interrupt_ready(cpu);
}

static void count_event(struct cpu *cpu)
{
	if (unlikely(cpu->vmx.left))
		serve_exits(cpu, false);
	cpu->remaining--;
	cpu_charge(cpu, COST_EVENT);
	cpu->stats.interrupts++;
	if (cpu->fault.valid)
		deliver_fault(cpu);
}

/* True if one has been taken. */
static bool take_events(struct cpu *cpu)
{
	struct cpu_state *s = &cpu->state;

	cpu_flags_settle(cpu); /* they may be pushed */
	if (s->init_pending && !cpu->vmx.operation) {
		bool sipi = s->sipi_pending; /* it came after the INIT */

		s->init_pending = false;
		cpu_init_signal(cpu);
		s->sipi_pending = sipi;
		if (cpu->ops.init)
			cpu->ops.init(cpu->ops.opaque);
		return true;
	}
	if (s->sipi_pending) {
		start_at_sipi(cpu);
		return true;
	}
	if (s->activity == ACTIVITY_WAIT_FOR_SIPI || s->activity == ACTIVITY_SHUTDOWN)
		return false;
	if (!cpu_take_events(cpu))
		return false;
	count_event(cpu);
	return true;
}

/* The same in a guest: there is more that may happen, and the guest may be left. */
static bool take_guest_events(struct cpu *cpu)
{
	cpu_flags_settle(cpu);
	if (!vmx_event_ready(cpu) || !vmx_take_events(cpu))
		return false;
	count_event(cpu);
	return true;
}

/* ---------------------------------------------------------------- running */

/* Runs @block and what follows from it without a look at events. */
static void run_blocks(struct cpu *cpu, struct block *block)
{
	const struct op *op = block->ops;

	cpu->remaining -= block->n;
	cpu->block = block;
	do {
		const struct op *next = op->fn(cpu, op);

		cpu->stats.loops++;
		if (!next)
			return;
		if (unlikely(cpu->attention)) {
			/* between two instructions: all before @next is done */
			uncount(cpu, next);
			cpu->state.rip = left_rip_at(cpu, (uint64_t)next->end - next->length);
			cpu_flags_settle(cpu);
			cpu->exit = EXIT_NEXT;
			return;
		}
		op = next;
	} while (true);
}

/* IA32_DEBUGCTL.BTF: TF traps branches that are taken. SDM Vol 3B "Single-Stepping on Branches" */
static bool steps_over(const struct cpu *cpu, uint64_t next)
{
	return cpu->state.debugctl & DEBUGCTL_BTF && (cpu->repeating || cpu->state.rip == next);
}

/*
 * One instruction with all that concerns its boundaries: TF, RF, shadows. SDM Vol 3B "Debug
 * Exceptions", Vol 2B "STI". A VM entry, and one that fails with host state loaded, leaves all of
 * it as it has been loaded: SDM Vol 3C "VM Entries".
 */
static void run_single(struct cpu *cpu, struct block *block)
{
	struct cpu_state *s = &cpu->state;
	bool step = s->rflags & FLAG_TF;
	bool resume = s->rflags & FLAG_RF;
	unsigned shadows = s->interruptibility & SHADOWS;
	uint64_t next = (s->rip + block->bytes) & cpu->rip_mask;

	cpu->vmx.switched = false;
	cpu->rf_loaded = false; /* by what was before this instruction */
	cpu->jump_key |= NO_JUMPS;
	run_blocks(cpu, block);
	cpu->jump_key &= ~NO_JUMPS;
	if (cpu->exit == EXIT_FAULT || cpu->exit == EXIT_BREAK || unlikely(cpu->vmx.switched))
		return;
	if (resume && !cpu->rf_loaded && !cpu->repeating)
		s->rflags &= ~FLAG_RF;
	cpu->rf_loaded = false;
	s->interruptibility &= (uint8_t)~shadows;
	if (step && !cpu->step_consumed && !steps_over(cpu, next))
		s->pending_debug |= DR6_BS;
	else if (shadows & BLOCKING_MOV_SS)
		cpu_suppress_step(cpu);
	cpu->step_consumed = false;
}

static bool needs_single(const struct cpu *cpu)
{
	return cpu->state.rflags & (FLAG_TF | FLAG_RF) || cpu->state.interruptibility & SHADOWS ||
	       cpu->code_breakpoints || cpu->single_blocks || cpu->flush_always ||
	       (cpu->vmx.guest && cpu->vmx.watch);
}

/*
 * Nothing has to be looked at before the next instruction, and the jump cache knows it: straight
 * on. (In a block of one instruction the jump cache knows nothing.)
 */
static const struct op *straight_on(struct cpu *cpu)
{
	const struct jump_entry *entry = &cpu->jump_cache[jump_slot(cpu->state.rip)];

	if (entry->rip != cpu->state.rip || entry->key != cpu->jump_key)
		return NULL;
	if (cpu->attention || cpu->state.activity != ACTIVITY_ACTIVE || needs_single(cpu) ||
	    event_ready(cpu))
		return NULL;
	if (cpu->remaining < entry->block->n)
		return NULL;
	cpu->remaining -= entry->block->n;
	cpu->block = entry->block;
	return entry->block->ops;
}

const struct op *cpu_leave(struct cpu *cpu)
{
	cpu->remaining--;
	cpu->exit = cpu->fault.valid ? EXIT_FAULT : EXIT_NEXT;
	return cpu->fault.valid ? NULL : straight_on(cpu);
}

/* The block at state.rip that the jump cache knows, if the budget has room for it; or NULL. */
static struct block *known_block(const struct cpu *cpu)
{
	const struct jump_entry *entry = &cpu->jump_cache[jump_slot(cpu->state.rip)];

	if (entry->rip != cpu->state.rip || entry->key != cpu->jump_key ||
	    cpu->remaining < entry->block->n)
		return NULL;
	return entry->block;
}

/* One turn: from state.rip until a block comes back. */
static void run_once(struct cpu *cpu)
{
	bool single = needs_single(cpu);
	uint32_t mode = cpu->mode | (single ? MODE_SINGLE : 0u);
	struct block *block;

	cpu->repeating = false;
	block = single || cpu->attention & ATTENTION_CODE ? NULL : known_block(cpu);
	if (block) {
		run_blocks(cpu, block);
		if (cpu->exit == EXIT_FAULT)
			deliver_fault(cpu);
		return;
	}
	block = find_block(cpu, mode);
	if (block && !(block->mode & MODE_SINGLE) && cpu->remaining < block->n)
		block = find_block(cpu, mode | MODE_SINGLE);
	if (unlikely(!block)) {
		deliver_fault(cpu);
		return;
	}
	/* Looking for it has dropped others: the jump cache must forget them before one is met. */
	if (unlikely(cpu->attention & ATTENTION_CODE))
		return;
	if (block->mode & MODE_SINGLE) {
		run_single(cpu, block);
	} else {
		remember(cpu, block);
		run_blocks(cpu, block);
	}
	if (cpu->exit == EXIT_FAULT)
		deliver_fault(cpu);
}

/* MWAIT with ECX[0]: an interrupt ends it even where it is masked. */
static void wake_by_interrupt(struct cpu *cpu)
{
	if (cpu->state.activity == ACTIVITY_MWAIT && cpu->interrupt && cpu->mwait_break)
		cpu->state.activity = ACTIVITY_ACTIVE;
}

/* Wakes a processor that waits, if something has come for it. */
static void wake(struct cpu *cpu)
{
	uint8_t *activity = &cpu->state.activity;

	if ((*activity == ACTIVITY_HLT || *activity == ACTIVITY_MWAIT) && event_ready(cpu))
		*activity = ACTIVITY_ACTIVE;
	wake_by_interrupt(cpu);
}

static enum cpu_stop stopped(struct cpu *cpu)
{
	cpu->block = NULL;
	return cpu->state.activity == ACTIVITY_SHUTDOWN && !cpu->vmx.guest ? CPU_STOP_SHUTDOWN
									   : CPU_STOP_HALT;
}

static enum cpu_stop run(struct cpu *cpu, uint64_t budget)
{
	cpu->budget_end = cpu_ticks(cpu) + budget;
	cpu->remaining = (int64_t)budget;
	vmx_hold_budget(cpu);
	while (cpu->remaining > 0 || vmx_release_budget(cpu)) {
		if (unlikely(cpu->attention)) {
			uint32_t attention = cpu->attention;

			cpu->attention = 0;
			if (attention & ATTENTION_CODE) {
				cpu->generation++;
				cpu_ac_changed(cpu);
			}
			if (attention & ATTENTION_YIELD) {
				cpu_flags_settle(cpu);
				return CPU_STOP_YIELD;
			}
		}
		if (unlikely(cpu->vmx.guest)) {
			if (take_guest_events(cpu))
				continue;
			wake_by_interrupt(cpu);
		} else {
			wake(cpu);
		}
		if (!cpu->vmx.guest &&
		    unlikely(event_ready(cpu) && (cpu->state.pending_debug ||
						  !(cpu->state.interruptibility & SHADOWS))) &&
		    take_events(cpu))
			continue;
		if (unlikely(cpu->state.activity != ACTIVITY_ACTIVE))
			return stopped(cpu);
		run_once(cpu);
	}
	cpu_flags_settle(cpu); /* for those who look at the state now */
	return CPU_STOP_BUDGET;
}

enum cpu_stop cpu_run(struct cpu *cpu, uint64_t budget)
{
	enum cpu_stop stop = run(cpu, budget);

	vmx_release_budget(cpu);
	cpu_flags_settle(cpu);
	return stop;
}

/* ---------------------------------------------------------------- for the hypervisor below */

void cpu_step(struct cpu *cpu, const struct cpu_event *event)
{
	bool single = cpu->single_blocks;

	if (event) {
		if (event->injected ? vmx_deliver_injected(cpu, event) : cpu_deliver(cpu, event))
			return;
		cpu_count_exit(cpu);
		/* What exits in the delivery of a fault has been counted with it. */
		if (cpu->fault.type != EVENT_VM_EXIT)
			cpu->vmx.costs = cpu->vmx.counted = false;
		perform_fault(cpu);
		return;
	}
	cpu->single_blocks = true;
	run_once(cpu);
	cpu->single_blocks = single;
}

void cpu_step_fault(struct cpu *cpu)
{
	deliver_fault(cpu);
}

/* ---------------------------------------------------------------- from outside */

void cpu_set_interrupt(struct cpu *cpu, bool interrupt)
{
	cpu->interrupt = interrupt;
	cpu->attention |= ATTENTION_EVENT;
}

void cpu_raise_nmi(struct cpu *cpu)
{
	cpu->state.nmi_pending = true;
	cpu->attention |= ATTENTION_EVENT;
}

void cpu_raise_init(struct cpu *cpu)
{
	cpu->state.init_pending = true;
	cpu->state.sipi_pending = false;
	cpu->attention |= ATTENTION_EVENT;
}

/* Only a processor that waits for it, or is about to, takes notice. SDM Vol 3C "Other Causes of VM
 * Exits", and Vol 3A "MP Initialization Protocol" */
void cpu_raise_sipi(struct cpu *cpu, uint8_t vector)
{
	bool awaited = cpu->state.init_pending && !cpu->vmx.operation;

	if (cpu->state.activity != ACTIVITY_WAIT_FOR_SIPI && !awaited)
		return;
	cpu->state.sipi_pending = true;
	cpu->state.sipi_vector = vector;
	cpu->attention |= ATTENTION_EVENT;
}

void cpu_yield(struct cpu *cpu)
{
	cpu->attention |= ATTENTION_YIELD;
}

void cpu_init(struct cpu *cpu, const struct cpu_config *config, struct mem_space *memory,
	      struct port_space *ports, struct block_cache *blocks)
{
	memset(cpu, 0, sizeof(*cpu));
	cpu->config = config;
	cpu->memory = memory;
	cpu->ports = ports;
	cpu->blocks = blocks;
	cpu->random = 0x9e3779b97f4a7c15ull;
	blocks_add_cpu(blocks, cpu);
	vmx_make_capabilities(&cpu->vmx.capabilities, config, cpu_cr4_supported(config));
	cpu_reset(cpu);
}
