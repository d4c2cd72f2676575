/* SPDX-License-Identifier: MIT */
#include "arch/exit_reasons.h"
#include "arch/system_bits.h"
#include "cpu/handler.h"
#include "nested/nested.h"

/*
 * Whose exit is it? SDM Vol 3C "Instructions That Cause VM Exits", "Other Causes of VM Exits", for
 * the controls of vmcs12. What is not here exits only because vmcs12 asks for it: vmcs02 has the
 * same control.
 */

#define PRIMARY(control) VMX_HAS(v->primary_controls, PRIMARY, control)
#define CR_NUMBER(qualification) ((unsigned)(qualification)&15u)
#define CR_KIND(qualification) ((unsigned)((qualification) >> 4) & 3u)
#define CR_GPR(qualification) ((unsigned)((qualification) >> 8) & 15u)

enum {
	KIND_WRITE,
	KIND_READ,
	KIND_CLTS,
	KIND_LMSW,
};

bool nested_l0_wants(const struct nested_question *q)
{
	return q->exit->reason == ARCH_EXIT_EPT_VIOLATION_REASON ||
	       q->exit->reason == ARCH_EXIT_EPT_MISCONFIG_REASON;
}

/* ---------------------------------------------------------------- I/O */

static bool port_bit(const struct nested_question *q, unsigned port)
{
	const struct vmx_vmcs *v = q->vmcs12;
	uint64_t bitmap = port & 0x8000 ? v->io_bitmap_b : v->io_bitmap_a;

	return q->read(q->opaque, bitmap + (port & 0x7fff) / 8) >> (port & 7) & 1;
}

static bool wants_io(const struct nested_question *q)
{
	const struct vmx_vmcs *v = q->vmcs12;
	unsigned port = q->exit->qualification >> 16 & 0xffff;
	unsigned size = (unsigned)(q->exit->qualification & 7) + 1;

	if (!PRIMARY(IO_BITMAPS))
		return PRIMARY(UNCONDITIONAL_IO);
	for (unsigned p = port; p < port + size; p++)
		if (p > 0xffff || port_bit(q, p))
			return true;
	return false;
}

/* ---------------------------------------------------------------- control registers */

static bool wants_lmsw(const struct nested_question *q)
{
	const struct vmx_vmcs *v = q->vmcs12;
	uint64_t source = q->exit->qualification >> 16 & 0xffff;
	uint64_t differ = (source ^ v->cr0_read_shadow) & v->cr0_guest_host_mask;

	return differ & (CR0_MP | CR0_EM | CR0_TS) || differ & source & CR0_PE;
}

/* MOV from CR, and to CR3 and CR8, exit as vmcs12 has it. */
static bool wants_cr(const struct nested_question *q)
{
	const struct vmx_vmcs *v = q->vmcs12;
	uint64_t qualification = q->exit->qualification;
	uint64_t value = q->gpr[CR_GPR(qualification)];

	switch (CR_KIND(qualification)) {
	case KIND_LMSW:
		return wants_lmsw(q);
	case KIND_CLTS:
		return v->cr0_guest_host_mask & v->cr0_read_shadow & CR0_TS;
	case KIND_READ:
		return true;
	default:
		break;
	}
	if (CR_NUMBER(qualification) == 0)
		return (value ^ v->cr0_read_shadow) & v->cr0_guest_host_mask;
	if (CR_NUMBER(qualification) == 4)
		return (value ^ v->cr4_read_shadow) & v->cr4_guest_host_mask;
	return true;
}

/* ---------------------------------------------------------------- all */

/* A function that is not enabled is L1's; the switch of EPTP is tried first. */
static bool wants_vmfunc(const struct nested_question *q)
{
	uint32_t function = (uint32_t)q->gpr[GPR_RAX];

	return function > 63 || !(q->vmcs12->vm_function_controls >> function & 1);
}

bool nested_l1_wants(const struct nested_question *q)
{
	switch (q->exit->reason) {
	case ARCH_EXIT_IO_INSTRUCTION_REASON:
		return wants_io(q);
	case ARCH_EXIT_CR_ACCESS_REASON:
		return wants_cr(q);
	case ARCH_EXIT_VMFUNC_REASON:
		return wants_vmfunc(q);
	default:
		return true;
	}
}
