/* SPDX-License-Identifier: MIT */
#ifndef UNDERVISOR_VMENTRY_H
#define UNDERVISOR_VMENTRY_H

#include <undervisor/memory.h>
#include <undervisor/status.h>
#include <undervisor/types.h>

/*
 * Would this VM entry succeed, and if not, why? The checks that VMLAUNCH and VMRESUME make on a
 * VMCS, exactly: the rules that the library's own processor obeys. Nothing here allocates, prints
 * or keeps anything. SDM Vol 3C "VM Entries"
 */

/* ---------------------------------------------------------------- a VMCS */

#define UDV_VMCS_SLOTS 256

/* The contents of a VMCS. All zero is a VMCS whose every field is 0. */
struct udv_vmcs {
	uint64_t slots[UDV_VMCS_SLOTS]; /* in an order of the library's: use the calls */
};

/*
 * A field by its encoding; an odd encoding means the high half of a 64-bit field.
 * UDV_ERR_NOT_FOUND: no such field. UDV_ERR_ARGUMENT: @value is wider than the field.
 */
enum udv_status udv_vmcs_read(const struct udv_vmcs *vmcs, uint32_t encoding, uint64_t *value);
enum udv_status udv_vmcs_write(struct udv_vmcs *vmcs, uint32_t encoding, uint64_t value);

/*
 * The contents of a VMCS region as the library's processor writes it: docs/vm-entry.md has the
 * layout. UDV_ERR_TRUNCATED: @size is below 4096. UDV_ERR_FORMAT: it does not start with the
 * processor's revision identifier.
 */
enum udv_status udv_vmcs_from_region(struct udv_vmcs *vmcs, const void *region, size_t size);

/* ---------------------------------------------------------------- a processor */

#define UDV_VMX_MSR_FIRST 0x480u
#define UDV_VMX_NR_MSRS 20u

#define UDV_VMX_SGX 0x1u
#define UDV_VMX_RTM 0x2u
#define UDV_VMX_BUS_LOCK 0x4u /* debug exceptions for bus locks */

/* What the checks depend on. */
struct udv_vmx_processor {
	/* IA32_VMX_BASIC (480H) to IA32_VMX_EXIT_CTLS2 (493H); 0 for one that does not exist */
	uint64_t msr[UDV_VMX_NR_MSRS];
	/* bits of these MSRs that are not reserved */
	uint64_t efer_bits, debugctl_bits, perf_global_ctrl_bits;
	uint64_t rtit_ctl_bits, lbr_ctl_bits, spec_ctrl_bits;
	uint8_t maxphyaddr;  /* CPUID.80000008H:EAX[7:0], 32..52 */
	uint8_t linear_bits; /* CPUID.80000008H:EAX[15:8], 48 or 57 */
	uint32_t features;   /* UDV_VMX_* */
};

/*
 * The library's own processor; @cpu is what --cpu takes ("+la57,maxphyaddr=39"), or NULL.
 * UDV_ERR_ARGUMENT: @cpu is wrong, and @why, of @why_size bytes, says how.
 */
enum udv_status udv_vmx_processor_ours(const char *cpu, struct udv_vmx_processor *processor,
				       char *why, unsigned why_size);

/* A processor of Intel's by name; UDV_ERR_NOT_FOUND. Names by number, NULL after the last. */
enum udv_status udv_vmx_processor_named(const char *name, struct udv_vmx_processor *processor);
const char *udv_vmx_processor_name(unsigned index);

/* ---------------------------------------------------------------- the checks */

struct udv_vmentry_msr {
	uint32_t index;
	uint64_t value;
};

struct udv_vmentry {
	const struct udv_vmcs *vmcs;
	const struct udv_vmx_processor *processor;
	uint64_t vmcs_pointer; /* physical address of the VMCS; all ones if it is not known */
	uint64_t efer;	       /* IA32_EFER at VMLAUNCH: whether the host is in IA-32e mode */
	bool tracing;	       /* IA32_RTIT_CTL.TraceEn at VMLAUNCH */
	/* For the checks that read it; without, or where it has a hole, these are not made. */
	const struct udv_memory *memory;
	/* The VM-entry MSR-load list, where it is known without memory; NULL: it is read. */
	const struct udv_vmentry_msr *msrs;
	uint32_t nr_msrs;
	/* Its entry, from 1, whose WRMSR a processor is known to have refused; 0: none. */
	uint32_t refused_msr;
};

enum udv_vmentry_class {
	UDV_VMENTRY_CONTROL, /* VMfailValid, error 7 */
	UDV_VMENTRY_HOST,    /* VMfailValid, error 8 */
	UDV_VMENTRY_GUEST,   /* VM exit 33, qualification 0 */
	UDV_VMENTRY_PDPTE,   /* VM exit 33, qualification 2 */
	UDV_VMENTRY_NMI,     /* VM exit 33, qualification 3 */
	UDV_VMENTRY_LINK,    /* VM exit 33, qualification 4 */
	UDV_VMENTRY_MSR,     /* VM exit 34, qualification: the number of the list's entry */
};

struct udv_vmentry_rule {
	const char *id; /* "GCR-03"; stable */
	enum udv_vmentry_class class;
	const char *section; /* its title in SDM Vol 3C */
	uint32_t field;	     /* encoding of the field that it is about */
	const char *rule;
};

/* Rule @index, from 0; UDV_ERR_NOT_FOUND after the last. They are in the order of the checks. */
enum udv_status udv_vmentry_rule(unsigned index, struct udv_vmentry_rule *rule);
/* "VMfailValid, VM-instruction error 7" and so on. */
const char *udv_vmentry_class_text(enum udv_vmentry_class class);

#define UDV_VMENTRY_PASSES UINT32_MAX

/*
 * The number of the first rule that is broken, or UDV_VMENTRY_PASSES. A processor may judge in
 * another order within a class, and controls and host state in either.
 */
unsigned udv_vmentry_first(const struct udv_vmentry *entry);

struct udv_vmentry_finding {
	unsigned rule;
	uint32_t field;	    /* encoding of the field that breaks it */
	uint64_t value;	    /* of that field; class MSR: of the list's entry */
	uint32_t msr_entry; /* class MSR: its number, from 1, and its MSR */
	uint32_t msr;
	bool in_memory; /* of what was read for it from memory: */
	uint64_t address, read;
	/*
	 * The nearest value with which this field breaks no rule, and no other field one that it
	 * does not break now: only with udv_vmentry_nearest(). Without one another field has to
	 * change. With @cures_one it cures this rule, and the field still breaks others.
	 */
	bool has_nearest, cures_one;
	uint64_t nearest;
};

/*
 * Calls @report for every rule that is broken, in order, and returns how many there were. If a
 * check needed memory that is not there, *unread, unless NULL, is set to the lowest such address;
 * to all ones otherwise.
 */
typedef void udv_vmentry_report(void *opaque, const struct udv_vmentry_finding *finding);
unsigned udv_vmentry_check(const struct udv_vmentry *entry, udv_vmentry_report *report,
			   void *opaque, uint64_t *unread);

/*
 * Looks for @finding's nearest valid value, by trying: all that differ in one or two bits, several
 * such steps where the field breaks several rules, the usual repairs; the fewest changed bits win.
 * Thousands of checks: milliseconds. A value that needs memory that is not there to be judged gives
 * way to one that does not.
 */
void udv_vmentry_nearest(const struct udv_vmentry *entry, struct udv_vmentry_finding *finding);

#endif
