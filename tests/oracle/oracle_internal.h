/* SPDX-License-Identifier: MIT */
#ifndef TESTS_ORACLE_ORACLE_INTERNAL_H
#define TESTS_ORACLE_ORACLE_INTERNAL_H

#include "oracle.h"

struct path_entry {
	uint64_t address, value;
	unsigned level;
	unsigned event;
};

/* One translation by EPT, root first. */
struct ept_path {
	enum udv_stage stage;
	unsigned guest_level; /* at stage table */
	uint64_t gpa, hpa;
	unsigned nr;
	struct path_entry entry[5];
	bool leaf_reached;
	bool every_r, every_w, every_x, every_xu;
	bool every_upper_w; /* W = 1 in every entry above the leaf */
	uint64_t leaf;
	unsigned page_shift;
};

/* A guest entry that the walk has used. */
struct used_entry {
	unsigned level, size;
	uint64_t gpa, hpa, value;
	unsigned event;
	struct ept_path ept;
};

struct oracle {
	const struct udv_paging_config *config;
	struct oracle_memory *memory;
	struct oracle_result *result;
	uint32_t access;
	bool unverified; /* what struct udv_gpa_origin says */
	unsigned nr_used;
	struct used_entry used[5];
};

static inline bool bit(uint64_t value, unsigned n)
{
	return (value >> n) & 1;
}

/* Bits @high:@low, in place. */
static inline uint64_t bits(uint64_t value, unsigned high, unsigned low)
{
	return value & (~0ull >> (63 - high)) & (~0ull << low);
}

/* Takes the lowest bit that is set out of *value; there must be one. */
static inline unsigned take_bit(uint64_t *value)
{
	unsigned n = (unsigned)__builtin_ctzll(*value);

	*value &= *value - 1;
	return n;
}

#define CR0_WP 16
#define CR0_PG 31
#define CR3_LAM_U57 61
#define CR3_LAM_U48 62
#define CR4_PSE 4
#define CR4_PAE 5
#define CR4_LA57 12
#define CR4_SMEP 20
#define CR4_SMAP 21
#define CR4_PKE 22
#define CR4_PKS 24
#define CR4_LASS 27
#define CR4_LAM_SUP 28
#define EFER_LMA 10
#define EFER_NXE 11

#define ENTRY_P 0
#define ENTRY_RW 1
#define ENTRY_US 2
#define ENTRY_A 5
#define ENTRY_D 6
#define ENTRY_PS 7
#define ENTRY_XD 63

/* What the guest's entries add up to. */
struct guest_rights {
	bool user, write, no_execute;
	bool upper_write; /* R/W = 1 above the leaf */
};

static inline bool is_write(const struct oracle *o)
{
	return o->access & UDV_ACCESS_WRITE;
}

static inline bool is_fetch(const struct oracle *o)
{
	return o->access & UDV_ACCESS_FETCH;
}

static inline bool is_shadow_stack(const struct oracle *o)
{
	return o->access & UDV_ACCESS_SHADOW_STACK;
}

/* Implicit accesses are supervisor-mode ones at any CPL. */
static inline bool is_user_mode(const struct oracle *o)
{
	return (o->access & UDV_ACCESS_USER) && !(o->access & UDV_ACCESS_IMPLICIT);
}

static inline void blame(struct oracle *o, enum udv_cause cause)
{
	o->result->causes |= 1u << cause;
}

static inline bool long_mode(const struct oracle *o)
{
	return bit(o->config->cr0, CR0_PG) && bit(o->config->efer, EFER_LMA);
}

/* Bit 63 of an entry is XD: PAE paging or a longer format, and enabled. */
static inline bool xd_enabled(const struct oracle *o)
{
	return bit(o->config->cr4, CR4_PAE) && bit(o->config->efer, EFER_NXE);
}

/* What the access itself says of any fault, as UDV_FAULT_* bits. */
uint32_t access_flags(const struct oracle *o);
/* Ends the walk with a page fault: returns false. Who calls it has said what to blame. */
bool guest_page_fault(struct oracle *o, uint32_t why);
bool guest_rights_allow(struct oracle *o, const struct guest_rights *g, uint64_t leaf);

/* Whether bit @n must be 0 in a present entry of this level. */
typedef bool reserved_rule(const struct oracle *o, unsigned n, unsigned level, bool leaf);
reserved_rule reserved_32bit, reserved_pae, reserved_long;
bool guest_entry_usable(struct oracle *o, uint64_t entry, unsigned level, bool leaf,
			reserved_rule *reserved);

bool oracle_read(struct oracle *o, uint64_t address, unsigned size, uint64_t *value,
		 unsigned *event);
void oracle_no_memory(struct oracle *o);
void oracle_write(struct oracle *o, uint64_t address, unsigned size, uint64_t value, bool log);
void oracle_note_written(struct oracle *o, unsigned event, uint64_t value);

/* An access with all that EPT asks about it. */
struct ept_request {
	unsigned kind; /* UDV_ACCESS_KIND */
	bool paging_write;
	bool shadow_stack;
	bool supervisor_shadow_stack;
	bool user_address; /* for mode-based execute control */
	bool spp_eligible;
};

/* Each returns false when the walk ends here; the result is then filled in. */
bool ept_find(struct oracle *o, uint64_t gpa, enum udv_stage stage, unsigned guest_level,
	      const struct ept_request *request, struct ept_path *path);
bool ept_judge(struct oracle *o, const struct ept_request *request, struct ept_path *path);
bool ept_paging_write_allowed(const struct oracle *o, const struct ept_path *path);
bool ept_log_ready(struct oracle *o, const struct ept_request *request,
		   const struct ept_path *path);
bool ept_set_flags(struct oracle *o, const struct ept_request *request, struct ept_path *path);
void ept_refuse(struct oracle *o, enum udv_outcome outcome, const struct ept_request *request,
		const struct ept_path *path);

void oracle_report(const struct udv_paging_config *config, uint32_t access,
		   struct oracle_result *result);

#endif
