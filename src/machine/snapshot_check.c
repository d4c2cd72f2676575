/* SPDX-License-Identifier: MIT */
#include <stdlib.h>

#include "arch/paging_bits.h"
#include "cpu/access.h"
#include "cpu/handler.h"
#include "cpu/system_misc.h"
#include "machine/snapshot.h"
#include "machine/state_lists.h"
#include "vmx/checks.h"

/*
 * Whether state can do harm: each value by itself, by the tables, and of each processor what the
 * rest of the library takes for granted because VM entries and control registers were checked.
 */

static enum udv_status damaged(struct udv_problem *problem, unsigned cpu, const char *what)
{
	machine_problem(problem, "the snapshot is damaged: processor %u %s", cpu, what);
	return UDV_ERR_FORMAT;
}

/* ---------------------------------------------------------------- values by themselves */

static const uint8_t *check_values(const struct state_table *table, size_t count, const uint8_t *at,
				   struct state_fault *fault)
{
	for (size_t i = 0; i < count; i++) {
		if (!state_check(table, at, fault))
			return NULL;
		at += state_size(table);
	}
	return at;
}

static bool all_values(const struct udv_snapshot *snapshot, struct state_fault *fault)
{
	const uint8_t *at = check_values(&state_udv_machine, 1, snapshot->state, fault);

	if (at)
		at = check_values(&state_vcpu, snapshot->config.nr_cpus, at, fault);
	return at && check_values(&state_vtimer, snapshot->nr_timers, at, fault);
}

/* ---------------------------------------------------------------- processors */

/* The VMCS has passed what a VM entry checks; memory may have changed since. */
static bool could_be_entered(const struct cpu *cpu)
{
	const struct vmx_vmcs *v = &cpu->vmx.vmcs;
	const struct vmx_check_input input = {
		.vmcs = v,
		.capabilities = &cpu->vmx.capabilities,
		.vmcs_pointer = cpu->vmx.current,
		.efer = VMX_HAS(v->exit_controls, EXIT, HOST_64BIT) ? EFER_LMA : 0,
	};

	return vmx_check_first(&input) == VMX_NR_CHECKS;
}

static enum udv_status check_cpu(const struct cpu *cpu, unsigned number,
				 struct udv_problem *problem)
{
	struct udv_paging_config config;

	if (cpu->vmx.operation && !has_feature(cpu, FEATURE_VMX))
		return damaged(problem, number, "has no VMX and is in VMX operation");
	if (cpu->vmx.guest && !cpu->vmx.operation)
		return damaged(problem, number, "is in a guest and not in VMX operation");
	if (cpu->vmx.guest && !could_be_entered(cpu))
		return damaged(problem, number, "is in a guest that cannot be entered");
	cpu_paging_config(cpu, cpu->vmx.guest ? &cpu->vmx.vmcs : NULL, &config);
	if (!udv_paging_problem(&config))
		return UDV_OK;
	machine_problem(problem, "the snapshot is damaged: processor %u: %s", number,
			udv_paging_problem(&config));
	return UDV_ERR_FORMAT;
}

static enum udv_status check_cpus(const struct udv_snapshot *snapshot, struct vcpu *vcpu,
				  struct udv_problem *problem)
{
	const uint8_t *at = snapshot->state + state_size(&state_udv_machine);
	enum udv_status status = UDV_OK;

	vcpu->cpu.config = &snapshot->processor;
	vmx_make_capabilities(&vcpu->cpu.vmx.capabilities, &snapshot->processor,
			      cpu_cr4_supported(&snapshot->processor));
	for (unsigned i = 0; i < snapshot->config.nr_cpus && status == UDV_OK; i++) {
		at = state_load(&state_vcpu, vcpu, at);
		status = check_cpu(&vcpu->cpu, i, problem);
	}
	return status;
}

enum udv_status snapshot_check_state(const struct udv_snapshot *snapshot,
				     struct udv_problem *problem)
{
	struct state_fault fault;
	enum udv_status status;
	struct vcpu *vcpu;

	if (!all_values(snapshot, &fault)) {
		machine_problem(problem, "the snapshot is damaged: %s.%s cannot be %llx",
				fault.table, fault.field, (unsigned long long)fault.value);
		return UDV_ERR_FORMAT;
	}
	vcpu = calloc(1, sizeof(*vcpu));
	if (!vcpu) {
		machine_problem(problem, "out of memory");
		return UDV_ERR_NO_MEMORY;
	}
	status = check_cpus(snapshot, vcpu, problem);
	free(vcpu);
	return status;
}
