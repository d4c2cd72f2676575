/* SPDX-License-Identifier: MIT */
#include "machine/machine.h"

#include "cpu/access.h"
#include "machine/timeline.h"

/* What is between the processors and their local APICs, and who looks on. */

/* ---------------------------------------------------------------- from processor to APIC */

static int acknowledge(void *opaque)
{
	struct vcpu *vcpu = opaque;

	return lapic_acknowledge(&vcpu->lapic);
}

static uint8_t read_cr8(void *opaque)
{
	const struct vcpu *vcpu = opaque;

	return lapic_read_cr8(&vcpu->lapic);
}

static void write_cr8(void *opaque, uint8_t value)
{
	struct vcpu *vcpu = opaque;

	lapic_write_cr8(&vcpu->lapic, value);
}

static bool read_msr(void *opaque, uint32_t index, uint64_t *value)
{
	struct vcpu *vcpu = opaque;

	return lapic_has_msr(&vcpu->lapic, index) && lapic_read_msr(&vcpu->lapic, index, value);
}

static bool write_msr(void *opaque, uint32_t index, uint64_t value)
{
	struct vcpu *vcpu = opaque;

	return lapic_has_msr(&vcpu->lapic, index) && lapic_write_msr(&vcpu->lapic, index, value);
}

static uint64_t ticks(void *opaque, uint64_t own)
{
	return machine_ticks_of(opaque, own);
}

static void end_interrupt(void *opaque)
{
	struct vcpu *vcpu = opaque;

	lapic_eoi(&vcpu->lapic);
}

static void tsc_changed(void *opaque)
{
	struct vcpu *vcpu = opaque;

	lapic_tsc_changed(&vcpu->lapic);
}

static void init_taken(void *opaque)
{
	struct vcpu *vcpu = opaque;

	lapic_init_signal(&vcpu->lapic);
}

/* ---------------------------------------------------------------- from APIC to processor */

static void set_interrupt(void *opaque, bool pending)
{
	struct vcpu *vcpu = opaque;

	cpu_set_interrupt(&vcpu->cpu, pending);
	machine_woken(vcpu);
}

static void raise_nmi(void *opaque)
{
	struct vcpu *vcpu = opaque;

	cpu_raise_nmi(&vcpu->cpu);
	machine_woken(vcpu);
}

static void raise_init(void *opaque)
{
	struct vcpu *vcpu = opaque;

	cpu_raise_init(&vcpu->cpu);
	machine_woken(vcpu);
}

static void raise_sipi(void *opaque, uint8_t vector)
{
	struct vcpu *vcpu = opaque;

	cpu_raise_sipi(&vcpu->cpu, vector);
	machine_woken(vcpu);
}

static uint64_t read_tsc(void *opaque)
{
	const struct vcpu *vcpu = opaque;

	return machine_ticks_of(vcpu, cpu_ticks(&vcpu->cpu)) + vcpu->cpu.state.tsc_offset;
}

/* ---------------------------------------------------------------- the APIC's page */

/* Nothing answers where the running processor does not have its APIC. */
static struct lapic *lapic_at(const struct lapic_page *page)
{
	struct vcpu *vcpu = page->machine->running;

	if (!vcpu || !lapic_enabled(&vcpu->lapic) || lapic_x2apic(&vcpu->lapic) ||
	    (vcpu->lapic.state.base & ~(uint64_t)(APIC_PAGE_SIZE - 1)) != page->base)
		return NULL;
	return &vcpu->lapic;
}

static uint64_t read_page(void *opaque, uint64_t offset, unsigned size)
{
	struct lapic *lapic = lapic_at(opaque);

	return lapic ? lapic_read(lapic, offset, size) : ~0ull;
}

static void write_page(void *opaque, uint64_t offset, unsigned size, uint64_t value)
{
	struct lapic *lapic = lapic_at(opaque);

	if (lapic)
		lapic_write(lapic, offset, size, value);
}

/* An APIC moved to where memory or another device is stays out of reach. */
static enum udv_status add_page(struct udv_machine *machine, uint64_t base)
{
	struct lapic_page *page = &machine->lapic_page[machine->nr_lapic_pages];
	struct mem_device device = { .read = read_page, .write = write_page, .opaque = page };

	for (unsigned i = 0; i < machine->nr_lapic_pages; i++)
		if (machine->lapic_page[i].base == base)
			return UDV_OK;
	if (machine->nr_lapic_pages == UDV_MAX_CPUS)
		return UDV_ERR_NO_MEMORY;
	*page = (struct lapic_page){ machine, base };
	if (mem_add_device(&machine->mem, base, APIC_PAGE_SIZE, &device) != UDV_OK)
		return UDV_ERR_ARGUMENT;
	machine->nr_lapic_pages++;
	/* What was found to be nothing there is something now. */
	for (unsigned i = 0; machine->vcpus && i < machine->nr_cpus; i++)
		cpu_tlb_flush(&machine->vcpus[i].cpu);
	return UDV_OK;
}

void wire_apic_pages(struct udv_machine *machine, const struct lapic_page *pages, unsigned count)
{
	bool same = count == machine->nr_lapic_pages;

	for (unsigned i = 0; i < count && same; i++)
		same = pages[i].base == machine->lapic_page[i].base;
	if (same)
		return;
	while (machine->nr_lapic_pages)
		mem_remove_device(&machine->mem,
				  machine->lapic_page[--machine->nr_lapic_pages].base);
	for (unsigned i = 0; i < count; i++)
		add_page(machine, pages[i].base);
}

static void base_changed(void *opaque, uint64_t before, uint64_t after)
{
	struct vcpu *vcpu = opaque;

	(void)before;
	if (after & APIC_BASE_ENABLE)
		add_page(vcpu->machine, after & ~(uint64_t)(APIC_PAGE_SIZE - 1));
}

/* ---------------------------------------------------------------- tracing, construction */

static void add_exit(struct udv_trace_event *event, const struct vcpu *vcpu)
{
	const struct vmx_exit *exit = &vcpu->cpu.vmx.exit;

	if (event->a >> 31) /* a failed entry */
		return;
	event->guest_linear_address = exit->guest_linear_address;
	event->interruption_info = exit->interruption_info;
	event->interruption_error_code = exit->interruption_error_code;
	event->instruction_length = exit->instruction_length;
	event->instruction_info = exit->instruction_info;
}

/* The walk belongs to what comes next of it: an exit, which machine_trace_exit() sees too, or #VE.
 */
static void add_walk(struct udv_trace_event *event, struct vcpu *vcpu)
{
	vcpu->walk.valid = event->kind == UDV_TRACE_VM_EXIT;
	event->paging = &vcpu->walk.paging;
	event->walk = &vcpu->walk.result;
	event->record = &vcpu->walk.record;
}

/* Not of a #VE that was injected: then it wrote nothing. */
static void add_ve(struct udv_trace_event *event, struct vcpu *vcpu)
{
	const struct vmx_vmcs *v = &vcpu->cpu.vmx.vmcs;

	if (machine_read_ve(vcpu->machine, v->ve_information_address, &vcpu->ve))
		event->ve = &vcpu->ve;
}

static unsigned level_of(const struct cpu *cpu, enum cpu_trace_kind kind)
{
	if (kind == CPU_TRACE_VM_EXIT)
		return 2;
	if (kind == CPU_TRACE_VM_ENTRY)
		return 1;
	return cpu_level(cpu);
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
		[CPU_TRACE_VM_ENTRY] = UDV_TRACE_VM_ENTRY,
		[CPU_TRACE_VM_EXIT] = UDV_TRACE_VM_EXIT,
		[CPU_TRACE_VM_REFUSED] = UDV_TRACE_VM_REFUSED,
		[CPU_TRACE_VMX_ABORT] = UDV_TRACE_VMX_ABORT,
		[CPU_TRACE_L0_SHOWN] = UDV_TRACE_L0_SHOWN,
		[CPU_TRACE_L0_FILLED] = UDV_TRACE_L0_FILLED,
		[CPU_TRACE_L0_EMULATED] = UDV_TRACE_L0_EMULATED,
	};
	struct vcpu *vcpu = opaque;
	const struct udv_machine_config *config = &vcpu->machine->config;
	struct udv_trace_event event = {
		.kind = kinds[kind],
		.cpu = vcpu->index,
		.instructions = cpu_retired(cpu),
		.rip = cpu->state.rip,
		.nanoseconds =
			timeline_ns(machine_ticks_of(vcpu, cpu_ticks(cpu)), vcpu->machine->tsc_khz),
		.level = level_of(cpu, kind),
		.a = a,
		.b = b,
		.c = c,
	};

	if (vcpu->machine->debug.events &&
	    (kind == CPU_TRACE_VM_ENTRY || kind == CPU_TRACE_VM_EXIT))
		debug_vmx_event(vcpu, kind == CPU_TRACE_VM_ENTRY, (uint32_t)a);
	if (!config->trace && !config->vm_exit)
		return;
	if (kind == CPU_TRACE_VM_EXIT)
		add_exit(&event, vcpu);
	if (vcpu->walk.valid && (event.kind == UDV_TRACE_VM_EXIT ||
				 (event.kind == UDV_TRACE_EXCEPTION && a == VECTOR_VE)))
		add_walk(&event, vcpu);
	if (event.kind == UDV_TRACE_EXCEPTION && event.walk)
		add_ve(&event, vcpu);
	if (config->trace)
		config->trace(config->opaque, &event);
}

void wire_tracer(struct vcpu *vcpu)
{
	const struct udv_machine_config *config = &vcpu->machine->config;
	bool traced = config->trace || config->vm_exit;

	vcpu->cpu.tracer = (struct cpu_tracer){
		.event = traced || vcpu->machine->debug.events ? trace : NULL,
		.exit = traced ? machine_trace_exit : NULL,
		.entry_failed = config->entry_failed ? machine_entry_failed : NULL,
		.opaque = vcpu,
		.walk = traced ? &vcpu->walk : NULL,
	};
}

static void wire_core(struct vcpu *vcpu)
{
	struct cpu *cpu = &vcpu->cpu;

	cpu->ops = (struct cpu_ops){
		.acknowledge = acknowledge,
		.read_cr8 = read_cr8,
		.write_cr8 = write_cr8,
		.read_msr = read_msr,
		.write_msr = write_msr,
		.ticks = ticks,
		.eoi = end_interrupt,
		.tsc_changed = tsc_changed,
		.init = init_taken,
		.opaque = vcpu,
	};
	wire_tracer(vcpu);
	cpu->flush_always = vcpu->machine->stress & UDV_STRESS_TLB;
	cpu->single_blocks = vcpu->machine->stress & UDV_STRESS_SINGLE;
}

void wire_reset(struct vcpu *vcpu)
{
	struct cpu *cpu = &vcpu->cpu;

	cpu_reset(cpu);
	/* Any seed is good, as long as processors differ. */
	cpu->random = vcpu->machine->config.seed * 0x9e3779b97f4a7c15ull +
		      vcpu->index * 0xbf58476d1ce4e5b9ull;
}

enum udv_status wire_cpu(struct vcpu *vcpu)
{
	const struct cpu_config *cpu = &vcpu->config;
	const struct lapic_config config = {
		.id = vcpu->index,
		.bsp = vcpu->index == 0,
		.x2apic = feature_has(&cpu->features, FEATURE_X2APIC),
		.tsc_deadline = feature_has(&cpu->features, FEATURE_TSC_DEADLINE),
		.maxphyaddr = cpu->maxphyaddr,
		.tsc_hz = cpu->tsc_khz * 1000,
	};
	const struct lapic_ops ops = {
		.set_interrupt = set_interrupt,
		.nmi = raise_nmi,
		.init = raise_init,
		.sipi = raise_sipi,
		.tsc = read_tsc,
		.base_changed = base_changed,
		.opaque = vcpu,
	};

	wire_core(vcpu);
	if (!lapic_init(&vcpu->lapic, &config, &ops, &vcpu->machine->apic_bus,
			&vcpu->machine->clock))
		return UDV_ERR_NO_MEMORY;
	/* Without one the interrupt pins are the processor's own, as with one that is off. */
	if (!feature_has(&cpu->features, FEATURE_APIC))
		lapic_write_msr(&vcpu->lapic, APIC_MSR_BASE, config.bsp ? APIC_BASE_BSP : 0);
	else
		lapic_firmware_setup(&vcpu->lapic);
	return add_page(vcpu->machine, APIC_DEFAULT_BASE);
}
