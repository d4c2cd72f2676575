/* SPDX-License-Identifier: MIT */
#include "vmx/checks.h"

#include "vmx/check.h"

#define FLAG_VM BIT(17)

#define ROW(name, text, failure, title, encoding, words)                                           \
	{ .id = (text),                                                                            \
	  .class = VMX_CLASS_##failure,                                                            \
	  .section = (title),                                                                      \
	  .field = ARCH_VMCS_##encoding,                                                           \
	  .rule = (words) },
const struct vmx_check_row vmx_check_rows[VMX_NR_CHECKS] = { VMX_CHECKS(ROW) };

static struct checker prepare(const struct vmx_check_input *input)
{
	const struct vmx_vmcs *v = input->vmcs;
	struct checker k = {
		.input = input,
		.v = v,
		.c = input->capabilities,
		.pin = v->pin_based_controls,
		.primary = v->primary_controls,
		.exit = v->exit_controls,
		.entry = v->entry_controls,
		.v86 = v->guest_rflags & FLAG_VM,
		.first = VMX_NR_CHECKS,
	};

	if (HAS(k.primary, PRIMARY, SECONDARY))
		k.secondary = v->secondary_controls;
	if (HAS(k.primary, PRIMARY, TERTIARY))
		k.tertiary = v->tertiary_controls;
	if (HAS(k.exit, EXIT, SECONDARY))
		k.exit2 = v->secondary_exit_controls;
	k.ept = HAS(k.secondary, SECONDARY, EPT);
	k.unrestricted = HAS(k.secondary, SECONDARY, UNRESTRICTED_GUEST);
	k.ia32e_guest = HAS(k.entry, ENTRY, IA32E_GUEST);
	k.host64 = HAS(k.exit, EXIT, HOST_64BIT);
	return k;
}

static void run(struct checker *k)
{
	check_controls(k);
	if (!found(k))
		check_host(k);
	if (!found(k))
		check_guest_registers(k);
	if (!found(k))
		check_guest_segments(k);
	if (!found(k))
		check_guest_rest(k);
}

enum vmx_check_id vmx_check_first(const struct vmx_check_input *input)
{
	struct checker k = prepare(input);

	k.first_only = true;
	run(&k);
	return k.first;
}

void vmx_check_all(const struct vmx_check_input *input, vmx_check_report *report, void *opaque)
{
	struct checker k = prepare(input);

	k.report = report;
	k.opaque = opaque;
	run(&k);
}
