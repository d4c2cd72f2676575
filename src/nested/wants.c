/* SPDX-License-Identifier: MIT */
#include "arch/exit_reasons.h"
#include "cpu/handler.h"
#include "nested/nested.h"
#include "vmx/intercepts.h"

/*
 * Whose exit is it? What is not here exits only because vmcs12 asks for it: vmcs02 has the same
 * control. SDM Vol 3C "VMX Non-Root Operation"
 */

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

static bool wants_io(const struct nested_question *q)
{
	unsigned port = q->exit->qualification >> 16 & 0xffff;
	unsigned size = (unsigned)(q->exit->qualification & 7) + 1;

	return vmx_io_exits(q->vmcs12, q->memory, port, size);
}

/* Reads of control registers exit as vmcs12 has it. */
static bool wants_cr(const struct nested_question *q)
{
	uint64_t qualification = q->exit->qualification;
	uint64_t value;

	switch (CR_KIND(qualification)) {
	case KIND_WRITE:
		value = q->gpr[CR_GPR(qualification)];
		return vmx_cr_write_exits(q->vmcs12, CR_NUMBER(qualification),
					  q->code64 ? value : (uint32_t)value);
	case KIND_CLTS:
		return vmx_clts_exits(q->vmcs12);
	case KIND_LMSW:
		return vmx_lmsw_exits(q->vmcs12, qualification >> 16 & 0xffff);
	default:
		return true;
	}
}

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
