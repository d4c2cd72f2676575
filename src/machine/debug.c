/* SPDX-License-Identifier: MIT */
#include <limits.h>
#include <string.h>

#include "cpu/access.h"
#include "machine/machine.h"

/* Stops for a debugger: where they are, and what becomes of them. */

_Static_assert(UDV_MAX_BREAKPOINTS == CPU_MAX_BREAKPOINTS, "the same limit");
_Static_assert(UDV_MAX_WATCHPOINTS == CPU_MAX_WATCHPOINTS, "the same limit");

#define BASIC_REASON 0xffffu

static void stop(struct udv_machine *machine, const struct udv_debug_stop *why)
{
	if (!machine->stopped)
		machine->debug.stop = *why;
	machine_stop(machine, UDV_STOP_DEBUG, 0);
}

/* ---------------------------------------------------------------- points */

static void hit(void *opaque, struct cpu *cpu, const struct cpu_watchpoint *watchpoint,
		uint64_t address)
{
	struct udv_machine *machine = opaque;
	struct udv_debug_stop why = {
		.event = watchpoint ? UDV_DEBUG_WATCHPOINT : UDV_DEBUG_BREAKPOINT,
		.cpu = (unsigned)(((struct vcpu *)cpu->ops.opaque) - machine->vcpus),
		.address = address,
	};

	if (watchpoint)
		why.watchpoint = (struct udv_watchpoint){
			.address = UDV_GVA(watchpoint->address),
			.size = watchpoint->size,
			.kinds = (watchpoint->read ? UDV_WATCH_READ : 0u) |
				 (watchpoint->write ? UDV_WATCH_WRITE : 0u),
		};
	stop(machine, &why);
}

/* Code is decoded anew, with the breakpoints in it. */
static void points_changed(struct udv_machine *machine)
{
	struct cpu_points *points = &machine->debug.points;
	bool some = points->nr_breakpoints || points->nr_watchpoints;

	points->hit = hit;
	points->opaque = machine;
	blocks_flush(machine->blocks);
	for (unsigned i = 0; i < machine->nr_cpus; i++)
		cpu_set_points(&machine->vcpus[i].cpu, some ? points : NULL);
}

enum udv_status udv_machine_add_breakpoint(struct udv_machine *machine, udv_gva_t address)
{
	struct cpu_points *points = &machine->debug.points;

	if (points->nr_breakpoints == CPU_MAX_BREAKPOINTS)
		return UDV_ERR_NO_MEMORY;
	points->breakpoint[points->nr_breakpoints++] = address.value;
	points_changed(machine);
	return UDV_OK;
}

enum udv_status udv_machine_remove_breakpoint(struct udv_machine *machine, udv_gva_t address)
{
	struct cpu_points *points = &machine->debug.points;

	for (unsigned i = 0; i < points->nr_breakpoints; i++) {
		if (points->breakpoint[i] != address.value)
			continue;
		points->breakpoint[i] = points->breakpoint[--points->nr_breakpoints];
		points_changed(machine);
		return UDV_OK;
	}
	return UDV_ERR_NOT_FOUND;
}

static bool take_watchpoint(const struct udv_watchpoint *from, struct cpu_watchpoint *to)
{
	if (!from->size || from->size > MEM_PAGE_SIZE ||
	    !(from->kinds & (UDV_WATCH_READ | UDV_WATCH_WRITE)) ||
	    from->kinds & ~(UDV_WATCH_READ | UDV_WATCH_WRITE))
		return false;
	*to = (struct cpu_watchpoint){
		.address = from->address.value,
		.size = from->size,
		.read = from->kinds & UDV_WATCH_READ,
		.write = from->kinds & UDV_WATCH_WRITE,
	};
	return true;
}

enum udv_status udv_machine_add_watchpoint(struct udv_machine *machine,
					   const struct udv_watchpoint *watchpoint)
{
	struct cpu_points *points = &machine->debug.points;
	struct cpu_watchpoint taken;

	if (!take_watchpoint(watchpoint, &taken))
		return UDV_ERR_ARGUMENT;
	if (points->nr_watchpoints == CPU_MAX_WATCHPOINTS)
		return UDV_ERR_NO_MEMORY;
	points->watchpoint[points->nr_watchpoints++] = taken;
	points_changed(machine);
	return UDV_OK;
}

enum udv_status udv_machine_remove_watchpoint(struct udv_machine *machine,
					      const struct udv_watchpoint *watchpoint)
{
	struct cpu_points *points = &machine->debug.points;
	struct cpu_watchpoint taken;

	if (!take_watchpoint(watchpoint, &taken))
		return UDV_ERR_ARGUMENT;
	for (unsigned i = 0; i < points->nr_watchpoints; i++) {
		const struct cpu_watchpoint *w = &points->watchpoint[i];

		if (w->address != taken.address || w->size != taken.size || w->read != taken.read ||
		    w->write != taken.write)
			continue;
		points->watchpoint[i] = points->watchpoint[--points->nr_watchpoints];
		points_changed(machine);
		return UDV_OK;
	}
	return UDV_ERR_NOT_FOUND;
}

void udv_machine_set_break_level(struct udv_machine *machine, unsigned level)
{
	machine->debug.points.level = level <= UDV_LEVEL_L2 ? level : UDV_LEVEL_ANY;
}

/* ---------------------------------------------------------------- VM entries and exits */

static bool wants_events(const struct udv_vmx_stops *stops)
{
	bool wanted = stops->entry || stops->exit;

	for (unsigned i = 0; i < UDV_MAX_EXIT_REASONS; i++)
		wanted |= stops->reason[i];
	return wanted;
}

void udv_machine_set_vmx_stops(struct udv_machine *machine, const struct udv_vmx_stops *stops)
{
	machine->debug.vmx_stops = *stops;
	machine->debug.events = wants_events(stops);
	for (unsigned i = 0; i < machine->nr_cpus; i++)
		wire_tracer(&machine->vcpus[i]);
}

void debug_vmx_event(struct vcpu *vcpu, bool entry, uint32_t reason)
{
	const struct udv_vmx_stops *stops = &vcpu->machine->debug.vmx_stops;
	uint32_t basic = reason & BASIC_REASON;
	struct udv_debug_stop why = {
		.event = entry ? UDV_DEBUG_VM_ENTRY : UDV_DEBUG_VM_EXIT,
		.cpu = vcpu->index,
		.exit_reason = reason,
	};

	if (entry ? stops->entry
		  : stops->exit || (basic < UDV_MAX_EXIT_REASONS && stops->reason[basic]))
		stop(vcpu->machine, &why);
}

/* ---------------------------------------------------------------- steps */

enum udv_status udv_machine_set_step(struct udv_machine *machine, unsigned cpu)
{
	machine->debug.stepping = false;
	if (cpu == UINT_MAX)
		return UDV_OK;
	if (cpu >= machine->nr_cpus)
		return UDV_ERR_ARGUMENT;
	machine->debug.stepping = true;
	machine->debug.step_cpu = cpu;
	machine->debug.step_retired = cpu_retired(&machine->vcpus[cpu].cpu);
	return UDV_OK;
}

void debug_ran(struct vcpu *vcpu)
{
	struct machine_debug *debug = &vcpu->machine->debug;
	const struct udv_debug_stop why = { .event = UDV_DEBUG_STEP, .cpu = vcpu->index };

	if (vcpu->index != debug->step_cpu || cpu_retired(&vcpu->cpu) == debug->step_retired)
		return;
	debug->stepping = false;
	stop(vcpu->machine, &why);
}

/* ---------------------------------------------------------------- the rest */

void udv_machine_debug_stop(const struct udv_machine *machine, struct udv_debug_stop *why)
{
	*why = machine->debug.stop;
}

void udv_machine_debug_clear(struct udv_machine *machine)
{
	const struct udv_vmx_stops none = { 0 };

	machine->debug.points.nr_breakpoints = machine->debug.points.nr_watchpoints = 0;
	machine->debug.points.level = UDV_LEVEL_ANY;
	machine->debug.stepping = false;
	points_changed(machine);
	udv_machine_set_vmx_stops(machine, &none);
}

enum udv_status udv_machine_vmx_view(const struct udv_machine *machine, unsigned cpu,
				     struct udv_vmx_view *view)
{
	const struct cpu *core;

	if (cpu >= machine->nr_cpus)
		return UDV_ERR_ARGUMENT;
	core = &machine->vcpus[cpu].cpu;
	*view = (struct udv_vmx_view){
		.operation = core->vmx.operation,
		.level = cpu_level(core),
		.vmcs_pointer = core->vmx.operation ? core->vmx.current : VMX_NO_POINTER,
	};
	view->launched = view->vmcs_pointer != VMX_NO_POINTER && core->vmx.launched;
	return UDV_OK;
}

bool vcpu_current_vmcs(const struct vcpu *vcpu, struct vmx_vmcs *vmcs)
{
	const struct cpu_vmx *vmx = &vcpu->cpu.vmx;

	if (!vmx->operation || vmx->current == VMX_NO_POINTER)
		return false;
	if (vmx->hosted)
		nested_current_vmcs(&vcpu->nested, vmcs);
	else
		*vmcs = vmx->vmcs;
	return true;
}

enum udv_status udv_machine_vmcs(const struct udv_machine *machine, unsigned cpu,
				 struct udv_vmcs *vmcs)
{
	struct vmx_vmcs current;

	if (cpu >= machine->nr_cpus)
		return UDV_ERR_ARGUMENT;
	memset(vmcs, 0, sizeof(*vmcs));
	if (!vcpu_current_vmcs(&machine->vcpus[cpu], &current))
		return UDV_ERR_NOT_FOUND;
	memcpy(vmcs, &current, sizeof(current));
	return UDV_OK;
}

enum udv_status machine_paging_config(const struct udv_machine *machine, unsigned cpu,
				      struct udv_paging_config *config)
{
	const struct cpu *core;
	struct vmx_vmcs vmcs;

	if (cpu >= machine->nr_cpus)
		return UDV_ERR_ARGUMENT;
	core = &machine->vcpus[cpu].cpu;
	if (cpu_level(core) == UDV_LEVEL_L2 && vcpu_current_vmcs(&machine->vcpus[cpu], &vmcs))
		cpu_paging_config(core, &vmcs, config);
	else
		cpu_paging_config(core, NULL, config);
	return UDV_OK;
}

enum udv_status udv_machine_paging(struct udv_machine *machine, unsigned cpu,
				   struct udv_paging *paging)
{
	struct udv_paging_config config;
	enum udv_status status = machine_paging_config(machine, cpu, &config);

	return status == UDV_OK ? udv_paging_init(paging, &config, &machine->mem.walker) : status;
}
