/* SPDX-License-Identifier: MIT */
#ifndef UDV_PAGING_WALK_H
#define UDV_PAGING_WALK_H

#include "arch/paging_bits.h"
#include <undervisor/paging.h>

/*
 * What the parts of one walk share.
 *
 * A walk is made of descents: one through the guest's tables, and for each guest-physical address
 * on the way one through EPT. Every descent leaves a trail, and the trails are all that flag
 * updates and faults are made from. Nothing is written before its trail has been judged.
 */

#define MAX_LEVEL 5
#define MAX_ATTEMPTS 64
#define MAX_PENDING (6 * MAX_LEVEL + MAX_LEVEL)

/* The entries one descent read, by level. Only top..level have been written. */
struct trail {
	uint64_t address[MAX_LEVEL + 1];
	uint64_t entry[MAX_LEVEL + 1];
	uint64_t tables; /* AND of the entries above the leaf, XD inverted; all ones if none */
	uint8_t top;
	uint8_t level; /* where the descent stopped */
};

/* Where a descent ended, kept in registers: on the way to the next load nothing waits for memory.
 */
struct leaf {
	uint64_t entry;
	uint64_t combined; /* AND of all entries, XD inverted in a guest's */
	uint64_t offset;   /* mask of the address bits below the page */
	uint8_t page_shift;
};

/* A flag update that a peeking walk would have made. */
struct pending {
	uint64_t address;
	uint64_t flags;
};

struct walk {
	struct udv_paging *paging;
	struct udv_walk_result *result;
	struct udv_walk_record *record; /* NULL unless recording */
	uint32_t access;
	uint16_t pml_index; /* as far as this walk has used it up */
	uint8_t nr_pending;
	bool changed;	 /* an entry changed under a compare-exchange: start again */
	bool linear;	 /* the guest trail is this access's: false for an address on its own */
	bool unverified; /* of an address on its own: what struct udv_gpa_origin says */
	uint64_t entry_gpa[MAX_LEVEL + 1]; /* of the guest entries, by level */
	struct trail guest;
	struct trail ept[MAX_LEVEL + 1]; /* by guest level; [0]: the final address */
	struct pending pending[MAX_PENDING];
};

/* What an EPT descent is for. */
struct ept_target {
	uint64_t gpa;
	enum udv_stage stage;
	uint8_t guest_level; /* the guest entry's, at UDV_STAGE_TABLE; else 0 */
	uint8_t kind;	     /* UDV_ACCESS_KIND bits as EPT counts them */
};

/* One access of its size, naturally aligned: another processor may be writing the entry. */
ALWAYS_INLINE uint64_t load_entry(const void *host, unsigned size)
{
	typedef uint64_t __attribute__((may_alias)) any64;
	typedef uint32_t __attribute__((may_alias)) any32;

	return size == 8 ? __atomic_load_n((const any64 *)host, __ATOMIC_RELAXED)
			 : __atomic_load_n((const any32 *)host, __ATOMIC_RELAXED);
}

/* 4 or 8 bytes that @memory may not have: @value is 0 then. */
bool paging_read_memory(const struct udv_memory *memory, uint64_t address, unsigned size,
			uint64_t *value);
/* memory.c: everything that is not in the first window, or not aligned there. */
bool paging_read_slow(const struct udv_paging *p, uint64_t address, unsigned size, uint64_t *value);

ALWAYS_INLINE bool read_entry(const struct udv_paging *p, uint64_t address, unsigned size,
			      uint64_t *entry)
{
	if (likely(address - p->fast_base < p->fast_size)) {
		*entry = load_entry((const void *)(p->fast_bias + (uintptr_t)address), size);
		return true;
	}
	return paging_read_slow(p, address, size, entry);
}

/* Combined EPT rights of a trail that reached its leaf, as UDV_EPT_* bits. */
ALWAYS_INLINE uint8_t ept_rights_of(const struct udv_paging *p, uint64_t combined)
{
	uint64_t rights = combined & EPT_RWX;

	if (p->config.ept_controls & UDV_EPT_MBEC)
		rights |= (combined & EPT_XU) >> 7;
	return (uint8_t)rights;
}

ALWAYS_INLINE uint64_t leaf_of(const struct trail *t)
{
	return t->entry[t->level];
}

/* memory.c */
enum udv_cas paging_cas(const struct udv_paging *p, uint64_t address, unsigned size,
			uint64_t expected, uint64_t desired);

/* flags.c: each returns false if the walk must stop: changed is set, or the result filled. */
bool paging_set_ept_flags(struct walk *w, struct trail *t, const struct ept_target *target,
			  bool dirty);
bool paging_set_guest_flags(struct walk *w, unsigned size, bool dirty);
bool paging_needs_ept_flags(const struct walk *w, const struct trail *t, bool dirty);

/* spp.c: true if the write may go on; otherwise the result is filled. */
bool paging_spp_allows(struct walk *w, const struct trail *t, const struct ept_target *target);

/* refuse.c: fill the result; all return false, for the caller to pass on. */
bool refuse_linear(struct walk *w, enum udv_cause cause);
bool refuse_guest(struct walk *w, enum udv_cause cause, uint32_t error_code);
bool refuse_ept(struct walk *w, enum udv_outcome outcome, enum udv_cause cause,
		const struct trail *t, const struct ept_target *target);
/* @target: what the descent was for; NULL for the guest's own, or a table of no descent. */
bool refuse_no_memory(struct walk *w, uint64_t address, enum udv_dimension dimension,
		      unsigned level, const struct ept_target *target);

/* record.c */
void record_step(struct walk *w, const struct udv_step *step);
/* An entry of @dimension got flags; memory that serves both dimensions is two entries here. */
void record_update(struct walk *w, enum udv_dimension dimension, uint64_t address, uint64_t value);

#endif
