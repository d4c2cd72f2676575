/* SPDX-License-Identifier: MIT */
#include <stdarg.h>
#include <stdio.h>

#include "machine/machine.h"

void machine_problem(struct udv_problem *problem, const char *format, ...)
{
	va_list arguments;

	if (!problem)
		return;
	va_start(arguments, format);
	vsnprintf(problem->text, sizeof(problem->text), format, arguments);
	va_end(arguments);
}

const char *udv_stop_text(enum udv_stop stop)
{
	static const char *const texts[] = {
		[UDV_STOP_BUDGET] = "instruction limit reached",
		[UDV_STOP_REQUESTED] = "stopped on request",
		[UDV_STOP_DEBUG_EXIT] = "debug exit",
		[UDV_STOP_POWER_OFF] = "powered off",
		[UDV_STOP_RESET] = "reset by the guest",
		[UDV_STOP_TRIPLE_FAULT] = "triple fault",
		[UDV_STOP_VMX_ABORT] = "VMX abort",
		[UDV_STOP_HALTED] = "halted for ever",
		[UDV_STOP_IDLE] = "idle",
		[UDV_STOP_DEBUG] = "stopped for a debugger",
		[UDV_STOP_REFUSED] = "refused: the machine is running",
	};

	return (unsigned)stop < sizeof(texts) / sizeof(texts[0]) ? texts[stop] : "unknown";
}

const char *udv_machine_mode(const struct udv_machine *machine, unsigned cpu)
{
	static const char *const code[] = { "16-bit protected mode", "32-bit protected mode",
					    "16-bit compatibility mode",
					    "32-bit compatibility mode" };
	const struct cpu_state *state;
	bool lma;

	if (cpu >= machine->nr_cpus)
		return "no such processor";
	state = &machine->vcpus[cpu].cpu.state;
	lma = state->efer & UDV_EFER_LMA;
	if (!(state->cr0 & UDV_CR0_PE))
		return "real mode";
	if (state->rflags & (1u << 17) && !lma)
		return "virtual-8086 mode";
	if (lma && state->seg[SEG_CS].access_rights & AR_L)
		return "64-bit mode";
	return code[2 * lma + !!(state->seg[SEG_CS].access_rights & AR_DB)];
}

unsigned udv_machine_level(const struct udv_machine *machine, unsigned cpu)
{
	const struct cpu_vmx *vmx;

	if (cpu >= machine->nr_cpus)
		return 0;
	/* With the hypervisor below, the image itself runs as a guest. */
	vmx = &machine->vcpus[cpu].cpu.vmx;
	return vmx->guest && !vmx->level1 ? 2 : 1;
}

const char *udv_machine_feature(unsigned index, bool *by_default)
{
	if (index >= NR_FEATURES)
		return NULL;
	*by_default = arch_features[index].by_default;
	return arch_features[index].name;
}

const char *udv_machine_feature_words(unsigned index)
{
	return index < NR_FEATURES ? arch_feature_words(index) : "";
}
