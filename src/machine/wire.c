/* SPDX-License-Identifier: MIT */
#include "machine/machine.h"

static int acknowledge(void *opaque)
{
	struct vcpu *vcpu = opaque;

	return pic_acknowledge(&vcpu->machine->pic);
}

static uint64_t ticks(void *opaque, uint64_t retired)
{
	const struct vcpu *vcpu = opaque;

	return vcpu->machine->base_ticks + (retired - vcpu->round_start);
}

void wire_pic_intr(void *opaque, bool level)
{
	struct udv_machine *machine = opaque;

	cpu_set_interrupt(&machine->vcpus[0].cpu, level);
	machine_woken(&machine->vcpus[0]);
}

static void trace(void *opaque, const struct cpu *cpu, enum cpu_trace_kind kind, uint64_t a,
		  uint64_t b, uint64_t c)
{
	static const enum udv_trace_kind kinds[] = {
		[CPU_TRACE_EXCEPTION] = UDV_TRACE_EXCEPTION,
		[CPU_TRACE_INTERRUPT] = UDV_TRACE_INTERRUPT,
		[CPU_TRACE_MODE] = UDV_TRACE_MODE,
		[CPU_TRACE_IO_READ] = UDV_TRACE_IO_READ,
		[CPU_TRACE_IO_WRITE] = UDV_TRACE_IO_WRITE,
		[CPU_TRACE_MSR_READ] = UDV_TRACE_MSR_READ,
		[CPU_TRACE_MSR_WRITE] = UDV_TRACE_MSR_WRITE,
	};
	const struct vcpu *vcpu = opaque;
	struct udv_trace_event event = {
		.kind = kinds[kind],
		.cpu = vcpu->index,
		.instructions = cpu_retired(cpu),
		.rip = cpu->state.rip,
		.a = a,
		.b = b,
		.c = c,
	};

	vcpu->machine->config.trace(vcpu->machine->config.opaque, &event);
}

void wire_cpu(struct vcpu *vcpu)
{
	struct cpu *cpu = &vcpu->cpu;

	cpu->ops = (struct cpu_ops){
		.acknowledge = acknowledge,
		.ticks = ticks,
		.opaque = vcpu,
	};
	if (vcpu->machine->config.trace)
		cpu->tracer = (struct cpu_tracer){ .event = trace, .opaque = vcpu };
	cpu->flush_always = vcpu->machine->stress & UDV_STRESS_TLB;
	cpu->single_blocks = vcpu->machine->stress & UDV_STRESS_SINGLE;
	/* Any seed is good: the state must only not be 0, and differ between processors. */
	cpu->random = ((vcpu->machine->config.seed + 1) * 0x9e3779b97f4a7c15ull +
		       vcpu->index * 0xbf58476d1ce4e5b9ull) |
		      1;
}
