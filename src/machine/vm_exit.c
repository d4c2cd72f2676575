/* SPDX-License-Identifier: MIT */
#include <string.h>

#include <undervisor/vm_exit.h>

#include "machine/machine.h"

/* All of a VM exit, for config.vm_exit. */

static void copy_system(const struct cpu_state *s, struct udv_system_registers *r)
{
	memcpy(r->pdpte, s->pdpte, sizeof(r->pdpte));
	r->xcr0 = s->xcr0;
	r->xss = s->xss;
	r->pkru = s->pkru;
	r->pkrs = s->pkrs;
	r->star = s->star;
	r->lstar = s->lstar;
	r->cstar = s->cstar;
	r->fmask = s->fmask;
	r->kernel_gs_base = s->kernel_gs_base;
	r->sysenter_cs = s->sysenter_cs;
	r->sysenter_esp = s->sysenter_esp;
	r->sysenter_eip = s->sysenter_eip;
	r->pat = s->pat;
	r->tsc_aux = s->tsc_aux;
	r->misc_enable = s->misc_enable;
	r->debugctl = s->debugctl;
	r->spec_ctrl = s->spec_ctrl;
	r->feature_control = s->feature_control;
	r->tsc_offset = s->tsc_offset;
	r->pending_debug = s->pending_debug;
	r->activity = s->activity == ACTIVITY_MWAIT ? ACTIVITY_HLT : s->activity;
	r->interruptibility = s->interruptibility;
}

static void copy_floats(const struct cpu_state *s, struct udv_float_registers *r)
{
	for (unsigned i = 0; i < 8; i++) {
		r->significand[i] = s->x87.reg[i].significand;
		r->sign_exponent[i] = s->x87.reg[i].sign_exponent;
	}
	for (unsigned i = 0; i < 16; i++)
		memcpy(r->ymm[i], s->ymm[i].u64, sizeof(r->ymm[i]));
	r->instruction_pointer = s->x87.instruction_pointer;
	r->data_pointer = s->x87.data_pointer;
	r->mxcsr = s->mxcsr;
	r->control = s->x87.control;
	r->status = s->x87.status;
	r->opcode = s->x87.opcode;
	r->instruction_selector = s->x87.instruction_selector;
	r->data_selector = s->x87.data_selector;
	r->empty = s->x87.empty;
}

/* SDM Vol 3C "Virtualization-Exception Information" */
bool machine_read_ve(struct udv_machine *machine, uint64_t address, struct udv_ve_information *ve)
{
	uint8_t area[34];

	memset(ve, 0, sizeof(*ve));
	if (!mem_read_bytes(&machine->mem, address, area, sizeof(area)))
		return false;
	memcpy(&ve->exit_reason, area, 4);
	memcpy(&ve->busy, area + 4, 4);
	memcpy(&ve->exit_qualification, area + 8, 8);
	memcpy(&ve->guest_linear_address, area + 16, 8);
	memcpy(&ve->guest_physical_address, area + 24, 8);
	memcpy(&ve->eptp_index, area + 32, 2);
	return true;
}

static void begin(struct vcpu *vcpu, struct udv_vm_exit *exit)
{
	const struct cpu *cpu = &vcpu->cpu;

	memset(exit, 0, sizeof(*exit));
	exit->cpu = vcpu->index;
	exit->instructions = cpu_retired(cpu);
	exit->ticks = machine_ticks_of(vcpu, cpu_ticks(cpu));
	exit->vmcs_pointer = UDV_GPA(cpu->vmx.current);
	machine_copy_registers(&cpu->state, &exit->guest);
	copy_system(&cpu->state, &exit->guest_system);
	copy_floats(&cpu->state, &exit->floats);
	if (vcpu->walk.valid) {
		exit->paging = &vcpu->walk.paging;
		exit->walk = &vcpu->walk.result;
		exit->record = &vcpu->walk.record;
	}
}

void machine_trace_exit(void *opaque, const struct cpu *cpu, bool left)
{
	struct vcpu *vcpu = opaque;
	struct udv_machine *machine = vcpu->machine;
	struct udv_vm_exit *exit = &vcpu->exit;

	if (!left) {
		if (machine->config.vm_exit)
			begin(vcpu, exit);
		vcpu->walk.valid = false;
		return;
	}
	if (!machine->config.vm_exit)
		return;
	exit->aborted = cpu->state.activity == ACTIVITY_SHUTDOWN;
	memcpy(exit->vmcs.slots, &cpu->vmx.vmcs, sizeof(cpu->vmx.vmcs));
	machine_copy_registers(&cpu->state, &exit->host);
	copy_system(&cpu->state, &exit->host_system);
	if (VMX_SECONDARY(&cpu->vmx.vmcs, EPT_VIOLATION_VE))
		exit->has_ve =
			machine_read_ve(machine, cpu->vmx.vmcs.ve_information_address, &exit->ve);
	machine->config.vm_exit(machine->config.opaque, exit);
}
