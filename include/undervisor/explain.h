/* SPDX-License-Identifier: MIT */
#ifndef UNDERVISOR_EXPLAIN_H
#define UNDERVISOR_EXPLAIN_H

#include <undervisor/paging.h>

/*
 * Words for numbers: each bit of a fault code, exit qualification, register, paging-structure entry
 * or capability MSR, and what follows from them together. Nothing here allocates or prints.
 */

enum udv_explain_kind {
	UDV_EXPLAIN_EPT_VIOLATION, /* exit qualification of exit reason 48 */
	UDV_EXPLAIN_PAGE_FAULT,	   /* error code of #PF */
	UDV_EXPLAIN_NPF,	   /* EXITINFO1 of an AMD nested page fault */
	UDV_EXPLAIN_QUALIFICATION, /* of the VM exit options.exit_reason */
	UDV_EXPLAIN_EXIT_REASON,   /* field 4402H */
	UDV_EXPLAIN_VMCS_FIELD,	   /* encoding of a VMCS field */
	UDV_EXPLAIN_MSR,	   /* value of MSR options.msr */
	UDV_EXPLAIN_MSR_INDEX,	   /* index of an MSR */
	UDV_EXPLAIN_EPTP,	   /* field 201AH */
	UDV_EXPLAIN_EPT_ENTRY,	   /* at options.level */
	UDV_EXPLAIN_PTE,	   /* guest entry at options.level, in options.mode */
	UDV_EXPLAIN_CR0,
	UDV_EXPLAIN_CR3, /* in options.mode */
	UDV_EXPLAIN_CR4,
	UDV_EXPLAIN_EFER,
	UDV_EXPLAIN_NR_KINDS,
};

/* What surrounds the value. Start from udv_explain_defaults(). */
struct udv_explain_options {
	enum udv_paging_mode mode;
	uint8_t level;	       /* of an entry, 1..5 */
	uint8_t maxphyaddr;    /* 32..52 */
	uint8_t vector;	       /* qualification of exit reason 0: 1 (#DB) or 14 (#PF) */
	uint16_t exit_reason;  /* basic, for a qualification */
	uint32_t msr;	       /* index, for a value */
	uint32_t features;     /* UDV_FEATURE_* */
	uint32_t ept_controls; /* UDV_EPT_* */
	uint64_t ept_vpid_cap; /* UDV_EPT_CAP_*; may be the raw MSR */
	bool ept_ad;	       /* EPTP[6] = 1 */
	bool ept_sss;	       /* EPTP[7] = 1 */
	bool nxe;	       /* EFER.NXE = 1 */
	bool keys;	       /* CR4.PKE = 1 or CR4.PKS = 1 */
	bool pse;	       /* CR4.PSE = 1, for 32-bit paging */
	bool pcid;	       /* CR4.PCIDE = 1, for CR3 */
};

enum udv_explain_class {
	UDV_CLASS_DEFINED,
	UDV_CLASS_RESERVED,  /* must be 0 (or 1), and is */
	UDV_CLASS_UNDEFINED, /* may be anything, here at least */
	UDV_CLASS_IGNORED,   /* free for software, here at least */
	UDV_CLASS_VIOLATED,  /* must not be as it is */
};

struct udv_explain_row {
	uint8_t high, low; /* the same for a single bit */
	bool set;	   /* @value is not 0 */
	enum udv_explain_class class;
	uint64_t value; /* of the field, shifted down */
	const char *name;
	const char *meaning; /* of this value; "" where there is nothing to say */
};

#define UDV_EXPLAIN_MAX_ROWS 64
#define UDV_EXPLAIN_MAX_NOTES 24
#define UDV_EXPLAIN_TEXT 8192

/*
 * The caller allocates it. Texts are constants, or lie in @text: a copy of the struct still refers
 * to the original's texts.
 */
struct udv_explanation {
	enum udv_explain_kind kind;
	uint8_t width; /* 32 or 64 */
	uint64_t value;
	const char *title;
	unsigned nr_rows;
	struct udv_explain_row rows[UDV_EXPLAIN_MAX_ROWS]; /* ascending, every bit in exactly one */
	unsigned nr_notes;
	const char *notes[UDV_EXPLAIN_MAX_NOTES]; /* what follows, a sentence each */
	bool paired;	/* rows n and n + 32 are the two capability bits of one control */
	bool truncated; /* a text did not fit into @text and was shortened */
	unsigned text_used;
	char text[UDV_EXPLAIN_TEXT];
};

/*
 * MAXPHYADDR 52, 4-level paging, every feature and capability, no optional control, EPTP[7:6] = 0,
 * NXE, PSE; level 1.
 */
void udv_explain_defaults(struct udv_explain_options *options);

/*
 * Explains @value. @options may be NULL for the defaults.
 * UDV_ERR_ARGUMENT if @value is wider than its kind, or an option out of its range for this kind.
 */
enum udv_status udv_explain(enum udv_explain_kind kind, uint64_t value,
			    const struct udv_explain_options *options,
			    struct udv_explanation *explanation);

/* "ept-violation" and so on; UDV_EXPLAIN_MSR and UDV_EXPLAIN_MSR_INDEX are both "msr". */
const char *udv_explain_kind_name(enum udv_explain_kind kind);
/* What a value of this kind is, in a few words. */
const char *udv_explain_kind_title(enum udv_explain_kind kind);
/* "defined", "reserved", "undefined", "ignored", "violated" */
const char *udv_explain_class_name(enum udv_explain_class class);

/* ---------------------------------------------------------------- tables */

enum udv_list {
	UDV_LIST_VMCS_FIELDS,
	UDV_LIST_EXIT_REASONS,
	UDV_LIST_MSRS,
	UDV_LIST_CONTROLS,
	UDV_NR_LISTS,
};

struct udv_list_row {
	uint32_t number; /* encoding, exit reason, index; bit number of a control */
	const char *name;
	const char *text;  /* what it is */
	const char *extra; /* VMCS field: SDM section; MSR: when it exists; control: its group */
};

const char *udv_list_name(enum udv_list list);

/* The @index-th row of a table, counted from 0. UDV_ERR_NOT_FOUND after the last. */
enum udv_status udv_list_row(enum udv_list list, unsigned index, struct udv_list_row *row);

/*
 * The number of a VMCS field, exit reason or MSR by its name. Case does not matter, '-' and ' '
 * count as '_', and the IA32_ of an MSR may be missing. UDV_ERR_NOT_FOUND if there is none.
 */
enum udv_status udv_list_find(enum udv_list list, const char *name, uint32_t *number);

#endif
