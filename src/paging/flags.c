/* SPDX-License-Identifier: MIT */
#include "paging/walk.h"

/*
 * Accessed and dirty flags, and the log of dirtied pages: the only writes of a walk.
 * SDM Vol 3A "Accessed and Dirty Flags", Vol 3C "Accessed and Dirty Flags for EPT",
 * "Page-Modification Logging".
 */

/* @flags without those that are set, or that this peeking walk would have set by now. */
static uint64_t missing_flags(const struct walk *w, uint64_t address, uint64_t entry,
			      uint64_t flags)
{
	flags &= ~entry;
	for (unsigned i = 0; flags && i < w->nr_pending; i++)
		if (w->pending[i].address == address)
			flags &= ~w->pending[i].flags;
	return flags;
}

struct place {
	uint64_t *entry; /* in the trail, kept up to date */
	uint64_t address;
	unsigned size;
	enum udv_dimension dimension;
	unsigned level;
	const struct ept_target *target;
};

static bool set_flags(struct walk *w, const struct place *at, uint64_t flags)
{
	uint64_t entry = *at->entry;

	if (w->access & UDV_ACCESS_PEEK) {
		if (w->nr_pending < MAX_PENDING)
			w->pending[w->nr_pending++] = (struct pending){ at->address, flags };
		return true;
	}
	switch (paging_cas(w->paging, at->address, at->size, entry, entry | flags)) {
	case UDV_CAS_DONE:
		*at->entry = entry | flags;
		record_update(w, at->dimension, at->address, entry | flags);
		return true;
	case UDV_CAS_CHANGED:
		w->changed = true;
		return false;
	default:
		return refuse_no_memory(w, at->address, at->dimension, at->level, at->target);
	}
}

bool paging_needs_ept_flags(const struct walk *w, const struct trail *t, bool dirty)
{
	for (unsigned level = t->top; level >= t->level; level--) {
		uint64_t flags = EPT_A | (dirty && level == t->level ? EPT_D : 0);

		if (missing_flags(w, t->address[level], t->entry[level], flags))
			return true;
	}
	return false;
}

/*
 * Stores one entry of the log and steps the index down, 0 to FFFFH. A log that lies outside
 * memory loses its entries, as a write to nowhere does.
 */
static void log_page(struct walk *w, uint64_t gpa)
{
	const struct udv_paging *p = w->paging;
	uint64_t slot = p->config.pml_address + 8ull * w->pml_index;
	uint64_t page = gpa & ~BITS(11, 0);
	uint64_t old;

	w->pml_index--;
	if (w->access & UDV_ACCESS_PEEK)
		return;
	w->paging->pml_index = w->pml_index;
	for (unsigned attempt = 0; attempt < MAX_ATTEMPTS; attempt++)
		if (!read_entry(p, slot, 8, &old) ||
		    paging_cas(p, slot, 8, old, page) != UDV_CAS_CHANGED)
			break;
	if (w->record && w->record->nr_pml < UDV_MAX_PML)
		w->record->pml[w->record->nr_pml++] = UDV_GPA(page);
}

bool paging_set_ept_flags(struct walk *w, struct trail *t, const struct ept_target *target,
			  bool dirty)
{
	bool log = w->paging->config.ept_controls & UDV_EPT_PML;

	for (unsigned level = t->top; level >= t->level; level--) {
		struct place at = {
			&t->entry[level], t->address[level], 8, UDV_DIM_EPT, level, target
		};
		uint64_t flags = EPT_A | (dirty && level == t->level ? EPT_D : 0);

		flags = missing_flags(w, at.address, *at.entry, flags);
		if (!flags)
			continue;
		if (!set_flags(w, &at, flags))
			return false;
		if (log && flags & EPT_D)
			log_page(w, target->gpa);
	}
	return true;
}

bool paging_set_guest_flags(struct walk *w, unsigned size, bool dirty)
{
	struct trail *t = &w->guest;

	for (unsigned level = t->top; level >= t->level; level--) {
		struct place at = {
			&t->entry[level], t->address[level], size, UDV_DIM_GUEST, level, NULL
		};
		uint64_t flags = PTE_A | (dirty && level == t->level ? PTE_D : 0);

		flags = missing_flags(w, at.address, *at.entry, flags);
		if (flags && !set_flags(w, &at, flags))
			return false;
	}
	return true;
}
