/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "arch/exit_reasons.h"
#include "arch/system_bits.h"
#include "cpu/handler.h"
#include "cpu/vmx_apic.h"
#include "nested/nested.h"

/* What becomes of an exit of vmcs01 or vmcs02. */

void nested_tell(struct nested *n, enum cpu_trace_kind kind)
{
	const struct cpu *cpu = n->cpu;
	const struct vmx_exit *exit = &cpu->vmx.exit;
	uint32_t reason = exit->reason % ARCH_MAX_EXIT_REASONS;

	if (cpu->vmx.level1)
		n->stats.l1_exits[reason]++;
	else if (kind == CPU_TRACE_L0_SHOWN)
		n->stats.shown[reason]++;
	else
		n->stats.handled[reason]++;
	if (cpu->tracer.event)
		cpu->tracer.event(cpu->tracer.opaque, cpu, kind, exit->reason, exit->qualification,
				  exit->guest_physical_address);
}

/* ---------------------------------------------------------------- L2 */

/* The event that an exit came in is known to who has asked, once. */
void nested_forget_event(struct cpu *cpu)
{
#ifndef NDEBUG
	memset(&cpu->vmx.interrupted, 0xa5, sizeof(cpu->vmx.interrupted));
	cpu->vmx.interrupted.valid = true;
	cpu->vmx.unblocked = true;
#else
	(void)cpu;
#endif
}

/*
 * As if nothing had been: the cause is gone, and what the guest was doing is done again. True: it
 * was the delivery of an event, and that is done; false: the instruction is still to run.
 */
bool nested_retry(struct nested *n)
{
	struct cpu *cpu = n->cpu;
	struct cpu_event event = cpu->vmx.interrupted;

	if (event.valid)
		cpu->state.interruptibility = cpu->vmx.blocking_before; /* it is delivered again */
	else if (cpu->vmx.unblocked)
		cpu->state.interruptibility |= BLOCKING_NMI; /* the IRET will end it again */
	nested_forget_event(cpu);
	cpu->vmx.redone = event;
	/* The instruction of a software event is still to come. */
	if (!event.valid || (event_has_length(event.type) && !event.injected)) {
		vmx_forget_apic_write(cpu); /* it will be again */
		return false;
	}
	/* What the instruction of a fault has written is emulated once that is delivered. */
	cpu_step(cpu, &event);
	return true;
}

/* The exit as L1 would have had it from the processor: vmx.exit says what. */
void nested_reflect(struct nested *n)
{
	struct cpu *cpu = n->cpu;

	nested_enter12(n);
	cpu->delivering = cpu->vmx.interrupted;
	nested_forget_event(cpu);
	cpu_count_exit(cpu);
	vmx_exit(cpu);
}

/* No field of the exit that led here may show in what is found now. */
static void poison(struct cpu *cpu)
{
#ifndef NDEBUG
	memset(&cpu->vmx.exit, 0xa5, sizeof(cpu->vmx.exit));
#else
	(void)cpu;
#endif
}

/* Back under vmcs02, unless L2 has been left. */
void nested_resume02(struct nested *n)
{
	struct cpu *cpu = n->cpu;

	if (!cpu->vmx.hosted && cpu->vmx.guest)
		nested_enter02(n);
}

/*
 * What L2 was doing, by the processor's own executor: its operands go through L2's tables and
 * EPT12.
 */
void nested_emulate(struct nested *n)
{
	nested_tell(n, CPU_TRACE_L0_EMULATED);
	nested_enter12(n);
	cpu_paging_changed(n->cpu);
	poison(n->cpu);
	n->emulating = true;
	if (!nested_retry(n))
		cpu_step(n->cpu, NULL);
	n->emulating = false;
	nested_resume02(n);
}

static void leave02(struct nested *n)
{
	struct cpu *cpu = n->cpu;
	const struct nested_question question = {
		.exit = &cpu->vmx.exit,
		.vmcs12 = n->vmcs12,
		.gpr = cpu->state.gpr,
		.code64 = (cpu->mode & MODE_CODE) == MODE_CODE64,
		.memory = cpu->memory,
	};

	cpu_uncount_exit(cpu);
	if (nested_l0_wants(&question)) {
		nested_ept_exit(n);
	} else if (nested_l1_wants(&question)) {
		nested_tell(n, CPU_TRACE_L0_SHOWN);
		nested_reflect(n);
	} else {
		nested_emulate(n);
	}
}

/* ---------------------------------------------------------------- L1 */

/* Instructions that read or write the current VMCS, or make another one current. */
static bool uses_vmcs(uint32_t reason)
{
	return (reason >= ARCH_EXIT_VMCALL_REASON && reason <= ARCH_EXIT_VMXON_REASON) ||
	       reason == ARCH_EXIT_INVEPT_REASON || reason == ARCH_EXIT_INVVPID_REASON;
}

/*
 * L1 is no guest to itself: what exits of it is done as VMX root operation does it. VMLAUNCH and
 * VMRESUME end under vmcs02, or with an entry failure under vmcs01 again.
 */
static void leave01(struct nested *n)
{
	struct cpu *cpu = n->cpu;
	bool vmcs = uses_vmcs(cpu->vmx.exit.reason);

	cpu_uncount_exit(cpu);
	nested_tell(n, CPU_TRACE_L0_EMULATED);
	if (vmcs)
		cpu->vmx.vmcs = *n->vmcs12;
	cpu->vmx.guest = cpu->vmx.hosted = cpu->vmx.level1 = false;
	if (cpu->vmx.exit.reason == ARCH_EXIT_TRIPLE_FAULT_REASON) {
		cpu->state.activity = ACTIVITY_SHUTDOWN;
		cpu->attention |= ATTENTION_EVENT;
		return;
	}
	if (!nested_retry(n))
		cpu_step(cpu, NULL);
	if (cpu->vmx.hosted || !cpu->vmx.operation || cpu->state.activity == ACTIVITY_SHUTDOWN)
		return;
	if (vmcs)
		*n->vmcs12 = cpu->vmx.vmcs;
	nested_enter01(n);
}

static void leave(void *opaque)
{
	struct nested *n = opaque;

	nested_take12(n);
	if (n->cpu->vmx.level1)
		leave01(n);
	else
		leave02(n);
	nested_give12(n);
}

/* ---------------------------------------------------------------- what the processor tells */

static void on(void *opaque)
{
	struct nested *n = opaque;

	ept02_drop(&n->ept02, true, 0);
	nested_make01(n);
	nested_enter01(n);
}

/*
 * Without a VPID an entry drops combined mappings. EPT02 is made of what those are made of, and L1
 * may count on a walk of EPT12 after each entry. SDM Vol 3C "Operations that Invalidate Cached
 * Mappings"
 */
static void entered(void *opaque)
{
	struct nested *n = opaque;
	const struct vmx_vmcs *v = &n->cpu->vmx.vmcs;

	if (VMX_SECONDARY(v, EPT) && !VMX_SECONDARY(v, VPID))
		ept02_drop(&n->ept02, false, v->ept_pointer);
	nested_enter02(n);
}

static void exited(void *opaque)
{
	struct nested *n = opaque;

	*n->vmcs12 = n->cpu->vmx.vmcs;
	if (n->emulating)
		n->stats.found[n->vmcs12->exit_reason % ARCH_MAX_EXIT_REASONS]++;
	nested_enter01(n);
	if (n->forgets)
		ept02_drop(&n->ept02, true, 0);
}

static void invept(void *opaque, bool all, uint64_t eptp)
{
	struct nested *n = opaque;

	ept02_drop(&n->ept02, all, eptp);
}

/*
 * An instruction that L0 emulates, or an event that it delivers, has met EPT12. A violation, as an
 * exit or as a #VE, invalidates what is cached for its address. SDM Vol 3C "Operations that
 * Invalidate Cached Mappings"
 */
static void refused(void *opaque, uint64_t gpa)
{
	struct nested *n = opaque;

	ept02_unmap(&n->ept02, n->cpu->vmx.vmcs.ept_pointer, gpa);
}

#define MISC_WRITES_ANY BIT(29)

static bool is_written(const struct vmx_capabilities *c, uint32_t encoding)
{
	return ARCH_VMCS_TYPE(encoding) != ARCH_TYPE_READ_ONLY || c->misc & MISC_WRITES_ANY;
}

/*
 * Bits are clear where L1 has the field: it is in vmcs12. What would fail is to exit, for the
 * instruction error would be vmcs01's.
 */
static void make_field_bitmap(const struct vmx_capabilities *c, uint8_t *bitmap, bool write)
{
	memset(bitmap, 0xff, MEM_PAGE_SIZE);
	for (unsigned i = 0; i < arch_nr_vmcs_fields; i++) {
		uint32_t encoding = arch_vmcs_fields[i].encoding;

		if (!vmx_field_exists(c, &arch_vmcs_fields[i]) ||
		    (write && !is_written(c, encoding)))
			continue;
		bitmap[encoding >> 3] &= (uint8_t) ~(1u << (encoding & 7));
		if (ARCH_VMCS_WIDTH(encoding) == ARCH_WIDTH_64)
			bitmap[encoding >> 3] &=
				(uint8_t) ~(1u << ((encoding | ARCH_VMCS_HIGH) & 7));
	}
}

void nested_init(struct nested *n, struct cpu *cpu, uint64_t base, uint8_t *host)
{
	const uint64_t tables = NESTED_PAGE_TABLES * MEM_PAGE_SIZE;

	memset(n, 0, sizeof(*n));
	n->cpu = cpu;
	n->base = base;
	n->vmcs12 = (struct vmx_vmcs *)(void *)(host + VMX_REGION_FIELDS);
	make_field_bitmap(&cpu->vmx.capabilities, host + NESTED_PAGE_READS * MEM_PAGE_SIZE, false);
	make_field_bitmap(&cpu->vmx.capabilities, host + NESTED_PAGE_WRITES * MEM_PAGE_SIZE, true);
	ept02_init(&n->ept02, base + tables, host + tables,
		   (unsigned)((NESTED_MEMORY - tables) / MEM_PAGE_SIZE));
	n->hypervisor = (struct cpu_hypervisor){
		.on = on,
		.entered = entered,
		.exited = exited,
		.leave = leave,
		.invept = invept,
		.refused = refused,
		.opaque = n,
	};
	cpu->hypervisor = &n->hypervisor;
}
