/* SPDX-License-Identifier: MIT */
#ifndef UDV_CPU_VMX_STATE_H
#define UDV_CPU_VMX_STATE_H

#include "cpu/access.h"
#include "cpu/cpu.h"
#include "cpu/handler.h"

/* What entering and leaving a guest share. */

/* Segment registers: name in SEG_*, and in the members of struct vmx_vmcs. */
#define VMX_SEGMENTS(X)                                                                            \
	X(ES, es) X(CS, cs) X(SS, ss) X(DS, ds) X(FS, fs) X(GS, gs) X(LDTR, ldtr) X(TR, tr)

struct udv_exit_info;

/* vmx_ve.c: the virtualization exception instead of the exit @info. Returns false. */
bool vmx_raise_ve(struct cpu *cpu, const struct udv_exit_info *info);
/* It is taken, by the IDT or by an exit: until then an instruction may try its accesses again. */
void vmx_take_ve(struct cpu *cpu);

/* vmx_events.c: the preemption timer. SDM Vol 3C "VMX-Preemption Timer" */
void vmx_start_timer(struct cpu *cpu);
void vmx_stop_timer(struct cpu *cpu);
uint32_t vmx_timer_value(const struct cpu *cpu);

/*
 * Why a VM entry is refused: VMfailValid with @error, or, if that is 0, an entry failure for
 * invalid guest state with @qualification.
 */
struct vmx_refusal {
	unsigned error;
	uint64_t qualification;
};
/* vmx_check.c: all checks that come before the guest state is loaded. */
bool vmx_check_entry(struct cpu *cpu, struct vmx_refusal *refusal);
/* To whoever wants to know why; @msr as in struct cpu_tracer. */
static inline void vmx_tell_failure(const struct cpu *cpu, uint64_t msr)
{
	if (cpu->tracer.entry_failed)
		cpu->tracer.entry_failed(cpu->tracer.opaque, cpu, (uint32_t)msr);
}
/* The current VMCS is marked as a shadow VMCS. */
bool vmx_current_is_shadow(struct cpu *cpu);

/* deliver.c: RFLAGS as the delivery of @event pushes them. */
uint64_t cpu_pushed_flags(const struct cpu *cpu, const struct cpu_event *event);

#endif
