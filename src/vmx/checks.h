/* SPDX-License-Identifier: MIT */
#ifndef UDV_VMX_CHECKS_H
#define UDV_VMX_CHECKS_H

#include "vmx/capabilities.h"
#include "vmx/check_rows.h"
#include "vmx/vmcs.h"

/*
 * The checks of a VM entry on the VMCS. SDM Vol 3C "VM Entries"
 *
 * Each has an id, a class of failure and the section that asks for it, in one table. They are
 * judged in the table's order: the processor takes the first that fails, a doctor all of them. The
 * manual leaves the order within a class to the processor.
 */

/* What a failing check leads to. */
enum vmx_check_class {
	VMX_CLASS_CONTROL, /* VMfailValid(7) */
	VMX_CLASS_HOST,	   /* VMfailValid(8) */
	VMX_CLASS_GUEST,   /* exit reason 33, qualification 0 */
	VMX_CLASS_PDPTE,   /* ..., 2 */
	VMX_CLASS_NMI,	   /* ..., 3 */
	VMX_CLASS_LINK,	   /* ..., 4 */
	VMX_CLASS_MSR,	   /* exit reason 34, qualification: the number of the entry */
};

enum vmx_check_id {
#define VMX_CHECK_ENUM(id, text, class, section, field, rule) VMX_CHECK_##id,
	VMX_CHECKS(VMX_CHECK_ENUM)
#undef VMX_CHECK_ENUM
		VMX_NR_CHECKS,
};

struct vmx_check_row {
	const char *id; /* "GCR-01" */
	enum vmx_check_class class;
	const char *section; /* title in the SDM */
	uint32_t field;	     /* encoding of the field to look at first */
	const char *rule;
};

extern const struct vmx_check_row vmx_check_rows[VMX_NR_CHECKS];

/* What the checks depend on beside the VMCS and the capabilities. */
struct vmx_check_input {
	const struct vmx_vmcs *vmcs;
	const struct vmx_capabilities *capabilities;
	uint64_t vmcs_pointer; /* of the current VMCS */
	uint64_t efer;	       /* at VMLAUNCH */
	bool tracing;	       /* IA32_RTIT_CTL.TraceEn at VMLAUNCH */
	/*
	 * 4 or 8 bytes of physical memory, and whether they are there. NULL, or false: checks that
	 * need them are not made.
	 */
	bool (*read)(void *opaque, uint64_t address, unsigned size, uint64_t *value);
	void *opaque;
};

/* The first check that fails, or VMX_NR_CHECKS. */
enum vmx_check_id vmx_check_first(const struct vmx_check_input *input);

/*
 * Calls @report for every check that fails, in order. @field is the encoding of the one that broke
 * it, where a check is made of several fields.
 */
typedef void vmx_check_report(void *opaque, enum vmx_check_id id, uint32_t field);
void vmx_check_all(const struct vmx_check_input *input, vmx_check_report *report, void *opaque);

/* An entry of the VM-entry MSR-load area. SDM Vol 3C "Loading MSRs" */
struct vmx_msr_entry {
	uint32_t index, reserved;
	uint64_t value;
};

/*
 * The first check that @entry fails, or VMX_NR_CHECKS. The two above do not make these: they
 * concern memory that is read after the guest's state is loaded. Of MSRL-06, what WRMSR refuses,
 * only what the capabilities tell.
 */
enum vmx_check_id vmx_check_msr(const struct vmx_capabilities *c, const struct vmx_vmcs *vmcs,
				const struct vmx_msr_entry *entry);
/* Those of them that concern the index and the reserved half, MSRL-01 to MSRL-05. */
enum vmx_check_id vmx_check_msr_index(const struct vmx_msr_entry *entry);

/* Entries that IA32_VMX_MISC[27:25] recommends at most; what more does is undefined. */
static inline uint32_t vmx_max_msr_entries(const struct vmx_capabilities *c)
{
	return 512 * ((uint32_t)(c->misc >> 25 & 7) + 1);
}

#endif
