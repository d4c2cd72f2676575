/* SPDX-License-Identifier: MIT */
#ifndef TESTS_ORACLE_ORACLE_H
#define TESTS_ORACLE_ORACLE_H

#include <undervisor/exit_info.h>

/*
 * The naive oracle: a slow model of the two-dimensional walk, written from the manual's sentences
 * and docs/walk.md. Every mode is spelt out, every reserved bit is asked for one by one, and
 * nothing is shared with the library but the public names.
 */

#define ORACLE_MAX_EVENTS 160

/* One access to physical memory, in the order of happening. */
struct oracle_event {
	bool write;
	bool log; /* a write to the page-modification log */
	uint8_t size;
	uint64_t address;
	uint64_t value;	    /* read, or held before the write */
	uint64_t new_value; /* left behind */
	/* Of a read: what it was read as, in the words of struct udv_step. */
	enum udv_dimension dimension;
	enum udv_stage stage;
	uint8_t level;
	uint8_t guest_level;
	uint8_t flags; /* UDV_STEP_LEAF, NOT_PRESENT, BAD, REGISTER, WRITTEN */
	uint64_t gpa;
};

/* @nr_words words of eight bytes at physical address @base, nothing elsewhere. */
struct oracle_memory {
	uint64_t base;
	size_t nr_words;
	uint64_t *words;
	unsigned nr_events;
	struct oracle_event events[ORACLE_MAX_EVENTS];
};

struct oracle_result {
	enum udv_outcome outcome;
	enum udv_stage stage;
	uint64_t gla, gpa, hpa;
	uint64_t guest_leaf, ept_leaf;
	unsigned guest_rights; /* UDV_GUEST_* */
	unsigned ept_rights;   /* UDV_EPT_* */
	unsigned guest_page_shift, ept_page_shift;
	bool write_by_spp;
	uint32_t error_code; /* of a #PF */

	/*
	 * Of a refusal. Where several rights are missing at once nothing says which is to be named,
	 * so @causes has a bit for each: 1 << enum udv_cause.
	 */
	uint32_t causes;
	uint32_t flags;	 /* UDV_FAULT_* */
	unsigned access; /* UDV_ACCESS_KIND bits */
	enum udv_dimension dimension;
	unsigned level;
	uint64_t entry_address, entry;

	/* The rest describes a refusal by EPT. */
	bool spp_miss;
	uint32_t exit_reason;
	uint64_t qualification;	      /* as with IA32_VMX_EPT_VPID_CAP[22] = 1 */
	uint64_t qualification_basic; /* as with IA32_VMX_EPT_VPID_CAP[22] = 0 */
	uint64_t npf;		      /* EXITINFO1 */

	/* One entry served at two levels and had flags set: the library starts anew there (W5). */
	bool entry_reused;

	uint16_t pml_index;
	unsigned nr_pml;
	uint64_t pml[8];
};

void oracle_walk(const struct udv_paging_config *config, struct oracle_memory *memory,
		 uint32_t access, uint64_t gva, struct oracle_result *result);

void oracle_walk_gpa(const struct udv_paging_config *config, struct oracle_memory *memory,
		     uint32_t access, uint64_t gpa, const struct udv_gpa_origin *origin,
		     struct oracle_result *result);

void oracle_load_pdptes(const struct udv_paging_config *config, struct oracle_memory *memory,
			uint32_t flags, uint64_t cr3, uint64_t pdpte[4],
			struct oracle_result *result);

/* What comes of a processor's report: udv_report_access() and udv_exit_info_from_report(). */
struct oracle_l1 {
	enum udv_status access_status;
	uint32_t access; /* 0: there is no walk */
	struct udv_gpa_origin origin;
	enum udv_status status;
	bool needs_walk_allowed; /* @status, or UDV_ERR_NEEDS_WALK: one as right as the other */
	struct udv_exit_info info;
};

void oracle_report_access(const struct udv_hardware_report *report,
			  const struct udv_paging_config *ept12, struct oracle_l1 *l1);
/* After the walk of EPT12 with that access. */
void oracle_reflect(const struct udv_hardware_report *report, const struct udv_paging_config *ept12,
		    const struct oracle_result *walk, uint64_t l1_cap, struct oracle_l1 *l1);

/* Whether the violation becomes a #VE. */
bool oracle_convertible(const struct udv_paging_config *config, const struct oracle_memory *memory,
			uint32_t access, const struct oracle_result *walk);

/* The aligned word at @address, for looking; no event. */
uint64_t oracle_memory_get(const struct oracle_memory *memory, uint64_t address, unsigned size);
void oracle_memory_set(struct oracle_memory *memory, uint64_t address, unsigned size,
		       uint64_t value);
bool oracle_memory_has(const struct oracle_memory *memory, uint64_t address);

#endif
