/* SPDX-License-Identifier: MIT */
#include "arch/exit_reasons.h"
#include "cpu/events.h"
#include "cpu/msr.h"
#include "cpu/vmx.h"
#include "cpu/vmx_apic.h"
#include "cpu/vmx_state.h"

/*
 * What happens to a guest between two instructions. SDM Vol 3C "Other Causes of VM Exits",
 * "Changes to Instruction Behavior...", "Special Features of VM Entry"; Vol 3A "Priority Among
 * Concurrent Events".
 */

#define MISC_TIMER_SHIFT BITS(4, 0)

/* ---------------------------------------------------------------- the preemption timer */

static uint64_t tsc_now(const struct cpu *cpu)
{
	return cpu_tsc(cpu) - cpu->state.tsc_offset;
}

static unsigned timer_shift(const struct cpu *cpu)
{
	return (unsigned)(cpu->vmx.capabilities.misc & MISC_TIMER_SHIFT);
}

/*
 * The timer counts down whenever bit X of the TSC changes, so at its end the TSC, with what was
 * written to it, is a multiple of 2^X. It starts behind the instruction that enters.
 */
void vmx_start_timer(struct cpu *cpu)
{
	const struct vmx_vmcs *v = &cpu->vmx.vmcs;
	uint64_t periods = (cpu_tsc(cpu) + 1) >> timer_shift(cpu);
	uint64_t end = (periods + (uint32_t)v->preemption_timer_value) << timer_shift(cpu);

	cpu->vmx.timer = VMX_HAS(v->pin_based_controls, PIN, PREEMPTION_TIMER);
	if (!cpu->vmx.timer)
		return;
	cpu->vmx.timer_end = end - cpu->state.tsc_offset;
	if (!(uint32_t)v->preemption_timer_value)
		cpu->vmx.timer_end = 0;
	vmx_hold_budget(cpu);
}

/* The periods that have not ended, the present one with them. */
uint32_t vmx_timer_value(const struct cpu *cpu)
{
	uint64_t now = tsc_now(cpu);
	uint64_t left = cpu->vmx.timer_end - now;

	if (!cpu->vmx.timer || now >= cpu->vmx.timer_end)
		return 0;
	return (uint32_t)((left + (1ull << timer_shift(cpu)) - 1) >> timer_shift(cpu));
}

void vmx_stop_timer(struct cpu *cpu)
{
	vmx_release_budget(cpu);
	cpu->vmx.timer = false;
}

/* What is left of the budget after the timer's end is put aside, so that the run loop looks. */
void vmx_hold_budget(struct cpu *cpu)
{
	uint64_t now = tsc_now(cpu);
	int64_t left;

	vmx_release_budget(cpu);
	if (!cpu->vmx.guest || !cpu->vmx.timer || now >= cpu->vmx.timer_end)
		return;
	left = (int64_t)(cpu->vmx.timer_end - now);
	if (left >= cpu->remaining)
		return;
	cpu->vmx.held = cpu->remaining - left;
	cpu->remaining -= cpu->vmx.held;
	cpu->budget_end -= (uint64_t)cpu->vmx.held;
}

bool vmx_release_budget(struct cpu *cpu)
{
	int64_t held = cpu->vmx.held;

	cpu->remaining += held;
	cpu->budget_end += (uint64_t)held;
	cpu->vmx.held = 0;
	return held > 0 && cpu->remaining > 0;
}

static bool timer_expired(const struct cpu *cpu)
{
	return cpu->vmx.timer && tsc_now(cpu) >= cpu->vmx.timer_end;
}

uint64_t vmx_wake_time(const struct cpu *cpu)
{
	uint8_t activity = cpu->state.activity;

	if (!cpu->vmx.guest || !cpu->vmx.timer || activity == ACTIVITY_WAIT_FOR_SIPI)
		return ~0ull;
	return cpu->vmx.timer_end;
}

/* SDM Vol 3C "Time-Stamp Counter Offset and Multiplier" */
uint64_t vmx_guest_tsc(const struct cpu *cpu, uint64_t tsc)
{
	const struct vmx_vmcs *v = &cpu->vmx.vmcs;

	if (!cpu->vmx.guest || !VMX_HAS(v->primary_controls, PRIMARY, TSC_OFFSETTING))
		return tsc;
	if (VMX_SECONDARY(v, TSC_SCALING))
		tsc = (uint64_t)((unsigned __int128)tsc * v->tsc_multiplier >> 48);
	return tsc + v->tsc_offset;
}

/* ---------------------------------------------------------------- what is pending */

static bool interrupt_exiting(const struct cpu *cpu)
{
	return VMX_HAS(cpu->vmx.vmcs.pin_based_controls, PIN, EXTERNAL_INTERRUPT);
}

static bool nmi_blocked(const struct cpu *cpu)
{
	return cpu->state.interruptibility & BLOCKING_NMI;
}

/* With virtual NMIs the blocking is theirs, and real ones exit whenever they come. */
static bool real_nmi_blocked(const struct cpu *cpu)
{
	return nmi_blocked(cpu) && !VMX_HAS(cpu->vmx.vmcs.pin_based_controls, PIN, VIRTUAL_NMIS);
}

bool vmx_event_ready(const struct cpu *cpu)
{
	const struct cpu_state *s = &cpu->state;

	return cpu->vmx.watch || cpu->vmx.mtf || cpu->vmx.apic_written || cpu->vmx.trap_reason ||
	       (cpu->vmx.virtual_interrupt && s->rflags & FLAG_IF) ||
	       ((s->init_pending || s->sipi_pending) && !cpu->vmx.level1) || s->pending_debug ||
	       (s->nmi_pending && !real_nmi_blocked(cpu)) ||
	       (cpu->interrupt && (s->rflags & FLAG_IF || interrupt_exiting(cpu))) ||
	       timer_expired(cpu);
}

static bool leave(struct cpu *cpu, uint32_t reason, uint64_t qualification)
{
	vmx_record(cpu, reason, qualification);
	if (cpu->repeating)
		cpu->vmx.exit.rf = VMX_RF_SET;
	vmx_exit(cpu);
	return true;
}

static bool leave_with_debug(struct cpu *cpu, uint32_t reason)
{
	vmx_record(cpu, reason, 0);
	if (cpu->repeating)
		cpu->vmx.exit.rf = VMX_RF_SET;
	cpu->vmx.exit.pending_debug = true;
	vmx_exit(cpu);
	return true;
}

/* The instruction is complete: the shadows that it stood in have gone with it. */
static bool take_trap(struct cpu *cpu)
{
	uint32_t reason = cpu->vmx.trap_reason;

	cpu->vmx.trap_reason = 0;
	vmx_record(cpu, reason, cpu->vmx.trap_qualification);
	cpu->vmx.exit.pending_debug = true;
	vmx_exit(cpu);
	return true;
}

static bool take_init(struct cpu *cpu)
{
	cpu->state.init_pending = false;
	return leave_with_debug(cpu, ARCH_EXIT_INIT_SIGNAL_REASON);
}

/* Only the wait-for-SIPI state takes notice of SIPIs, and nothing else interrupts it. */
static bool take_sipi(struct cpu *cpu)
{
	bool waits = cpu->state.activity == ACTIVITY_WAIT_FOR_SIPI;

	if (cpu->state.sipi_pending) {
		cpu->state.sipi_pending = false;
		if (waits)
			return leave(cpu, ARCH_EXIT_SIPI_REASON, cpu->state.sipi_vector);
	}
	return false;
}

static bool mtf_pending(const struct cpu *cpu)
{
	if (cpu->state.activity == ACTIVITY_SHUTDOWN)
		return false;
	return cpu->vmx.mtf ||
	       (VMX_HAS(cpu->vmx.vmcs.primary_controls, PRIMARY, MONITOR_TRAP_FLAG) &&
		cpu_retired(cpu) != cpu->vmx.entry_retired);
}

static bool take_debug(struct cpu *cpu)
{
	struct cpu_event event = { .valid = true,
				   .vector = VECTOR_DB,
				   .type = EVENT_EXCEPTION,
				   .address = cpu->state.pending_debug };

	if (!vmx_intercepts_event(cpu, &event))
		return cpu_take_debug(cpu);
	cpu->state.pending_debug = 0;
	vmx_exit(cpu);
	return true;
}

static bool take_nmi(struct cpu *cpu)
{
	struct cpu_event event = { .valid = true, .vector = VECTOR_NMI, .type = EVENT_NMI };

	if (!VMX_HAS(cpu->vmx.vmcs.pin_based_controls, PIN, NMI))
		return cpu_take_nmi(cpu);
	cpu->state.nmi_pending = false;
	vmx_record_event(cpu, &event);
	vmx_exit(cpu);
	return true;
}

static bool take_interrupt(struct cpu *cpu)
{
	const struct vmx_vmcs *v = &cpu->vmx.vmcs;
	int vector;

	if (!interrupt_exiting(cpu))
		return cpu->state.rflags & FLAG_IF && cpu_take_interrupt(cpu);
	if (!VMX_HAS(v->exit_controls, EXIT, ACKNOWLEDGE))
		return leave(cpu, ARCH_EXIT_EXTERNAL_INTERRUPT_REASON, 0);
	vector = cpu->ops.acknowledge ? cpu->ops.acknowledge(cpu->ops.opaque) : -1;
	if (vector < 0)
		return false;
	if (VMX_HAS(v->pin_based_controls, PIN, POSTED_INTERRUPTS) &&
	    (unsigned)vector == v->posted_interrupt_notification_vector) {
		vmx_process_posted(cpu);
		return true;
	}
	vmx_record(cpu, ARCH_EXIT_EXTERNAL_INTERRUPT_REASON, 0);
	cpu->vmx.exit.interruption_info = (uint32_t)vector | (uint32_t)BIT(31);
	if (cpu->repeating)
		cpu->vmx.exit.rf = VMX_RF_SET;
	vmx_exit(cpu);
	return true;
}

/* STI holds an NMI back that goes through the IDT, as it does outside of guests. */
static bool holds_nmi(const struct cpu *cpu)
{
	return cpu->state.interruptibility & BLOCKING_STI &&
	       !VMX_HAS(cpu->vmx.vmcs.pin_based_controls, PIN, NMI);
}

/* The windows, interrupts and NMIs: what STI and MOV SS hold back. */
static bool take_maskable(struct cpu *cpu)
{
	const struct vmx_vmcs *v = &cpu->vmx.vmcs;
	struct cpu_state *s = &cpu->state;
	bool shutdown = s->activity == ACTIVITY_SHUTDOWN;

	if (s->interruptibility & BLOCKING_MOV_SS)
		return false;
	if (VMX_HAS(v->primary_controls, PRIMARY, NMI_WINDOW) && !nmi_blocked(cpu))
		return leave(cpu, ARCH_EXIT_NMI_WINDOW_REASON, 0);
	if (s->nmi_pending && !real_nmi_blocked(cpu) && !holds_nmi(cpu))
		return take_nmi(cpu);
	if (shutdown || s->interruptibility & BLOCKING_STI)
		return false;
	if (VMX_HAS(v->primary_controls, PRIMARY, INTERRUPT_WINDOW) && s->rflags & FLAG_IF)
		return leave(cpu, ARCH_EXIT_INTERRUPT_WINDOW_REASON, 0);
	if (cpu->vmx.virtual_interrupt && s->rflags & FLAG_IF)
		return vmx_deliver_virtual(cpu);
	return cpu->interrupt && take_interrupt(cpu);
}

bool vmx_take_events(struct cpu *cpu)
{
	struct cpu_state *s = &cpu->state;

	if (!cpu->vmx.level1 && take_sipi(cpu))
		return true;
	if (s->activity == ACTIVITY_WAIT_FOR_SIPI)
		return false;
	if (cpu->vmx.apic_written)
		vmx_emulate_apic_write(cpu);
	if (cpu->vmx.trap_reason && s->activity != ACTIVITY_SHUTDOWN)
		return take_trap(cpu);
	if (s->init_pending && !cpu->vmx.level1)
		return take_init(cpu);
	if (mtf_pending(cpu))
		return leave_with_debug(cpu, ARCH_EXIT_MONITOR_TRAP_FLAG_REASON);
	if (s->pending_debug && !(s->interruptibility & BLOCKING_MOV_SS))
		return take_debug(cpu);
	if (timer_expired(cpu))
		return leave(cpu, ARCH_EXIT_PREEMPTION_TIMER_REASON, 0);
	return take_maskable(cpu);
}
