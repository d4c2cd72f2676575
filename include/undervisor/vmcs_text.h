/* SPDX-License-Identifier: MIT */
#ifndef UNDERVISOR_VMCS_TEXT_H
#define UNDERVISOR_VMCS_TEXT_H

#include <undervisor/vmentry.h>

/*
 * VMCS contents and processors as text. Nothing here allocates or prints, and any bytes may come.
 *
 * "Fields": a line each, NAME = VALUE, the '=' may be a ':' or a space; # starts a comment. NAME is
 * a VMCS field by name or encoding, an MSR by name (the capability MSRs and IA32_EFER count, others
 * are passed over), or one of maxphyaddr, linear_bits, vmcs_pointer, tracing, sgx, rtm, bus_lock,
 * efer_bits, debugctl_bits, perf_global_ctrl_bits, rtit_ctl_bits, lbr_ctl_bits, spec_ctrl_bits.
 * VALUE is 0x1a, 26 or 1AH.
 *
 * "KVM": what Linux's KVM writes into the kernel's log when kvm_intel.dump_invalid_vmcs=1, within
 * any other lines. Of several dumps the last counts. Its lists of MSRs have no address: what the
 * guest gets is in msr.
 */

enum udv_vmcs_text_kind {
	UDV_VMCS_TEXT_FIELDS,
	UDV_VMCS_TEXT_KVM,
};

#define UDV_VMCS_TEXT_MSRS 16u /* twice what KVM has */
/* Parts of a KVM dump, each with a title: bits of udv_vmcs_text.parts. */
#define UDV_VMCS_TEXT_GUEST 0x1u
#define UDV_VMCS_TEXT_HOST 0x2u
#define UDV_VMCS_TEXT_CONTROLS 0x4u
#define UDV_VMCS_TEXT_ALL 0x7u

struct udv_vmcs_text {
	struct udv_vmcs vmcs; /* what is not in the text is 0, the link pointer all ones */
	struct udv_vmx_processor processor; /* what is not in the text stays */
	uint64_t efer;	       /* at VMLAUNCH; a 64-bit host's unless it is in the text */
	uint64_t vmcs_pointer; /* all ones unless it is in the text */
	bool efer_given, tracing;
	enum udv_vmcs_text_kind kind;
	unsigned nr_dumps, parts; /* KVM: one that is cut off lacks parts */
	struct udv_vmentry_msr msr[UDV_VMCS_TEXT_MSRS];
	uint32_t nr_msrs;   /* KVM: of the VM-entry MSR-load list */
	unsigned nr_fields; /* given */
	uint32_t msrs;	    /* bit n: MSR 480H + n was given */
	uint64_t given[2][UDV_VMCS_SLOTS / 64];

	/* Why the text was refused, and in which line, from 1; NULL if it was not. */
	const char *problem;
	unsigned line;
};

/* Parses @size bytes at @data for the fields of @processor. UDV_ERR_FORMAT: problem says why. */
enum udv_status udv_vmcs_text_parse(struct udv_vmcs_text *text,
				    const struct udv_vmx_processor *processor, const char *data,
				    size_t size);

/* The same for text that describes a processor alone: a VMCS field in it is refused. */
enum udv_status udv_vmx_processor_parse(struct udv_vmcs_text *text,
					const struct udv_vmx_processor *processor, const char *data,
					size_t size);

/* Whether the text had this field. */
bool udv_vmcs_text_has(const struct udv_vmcs_text *text, uint32_t encoding);

#endif
