/* SPDX-License-Identifier: MIT */
#ifndef UDV_PAGING_EPT_RIGHTS_H
#define UDV_PAGING_EPT_RIGHTS_H

#include "paging/guest_rights.h"
#include "paging/walk.h"

/*
 * What EPT says of one access. Entries are judged one by one for being well-formed, on the way
 * down; rights are judged together, once the leaf is known: a misconfigured leaf beats a missing
 * right in its ancestors. SDM Vol 3C "EPT Misconfigurations", "EPT Violations",
 * "Prioritization of EPT Misconfigurations and EPT Violations".
 */

static inline bool ept_rights_illegal(const struct udv_paging *p, uint64_t entry, bool leaf)
{
	uint64_t rights = (entry & EPT_RWX) | (entry & EPT_XU) >> 7;

	if (p->ept_illegal >> rights & 1)
		return true;
	return leaf && !(entry & EPT_R) && entry & EPT_PAGING_WRITE &&
	       p->config.ept_controls & UDV_EPT_PAGING_WRITE;
}

static inline bool ept_type_illegal(uint64_t entry, bool leaf)
{
	return leaf && EPT_RESERVED_TYPES >> (entry >> EPT_TYPE_SHIFT & EPT_TYPE_MASK) & 1;
}

/* Reserved bits aside. */
ALWAYS_INLINE bool ept_entry_illegal(const struct udv_paging *p, uint64_t entry, bool leaf)
{
	/* Rights are never reserved where R is set. */
	return (unlikely(!(entry & EPT_R)) && ept_rights_illegal(p, entry, leaf)) ||
	       ept_type_illegal(entry, leaf);
}

static inline enum udv_cause ept_misconfig_cause(const struct udv_paging *p, const struct trail *t)
{
	uint64_t entry = leaf_of(t);
	bool leaf = t->level == 1 || entry & p->ept.page_size[t->level];

	if (ept_rights_illegal(p, entry, leaf))
		return UDV_CAUSE_EPT_RIGHTS;
	return ept_type_illegal(entry, leaf) ? UDV_CAUSE_EPT_MEMORY_TYPE : UDV_CAUSE_RESERVED_BIT;
}

/* A write to a guest paging-structure entry; "EPT paging-write" lets it pass a read-only leaf. */
static inline bool ept_allows_paging_write(const struct udv_paging *p, const struct trail *t)
{
	uint64_t leaf = leaf_of(t);
	uint64_t write = leaf & EPT_W;

	if (p->config.ept_controls & UDV_EPT_PAGING_WRITE)
		write |= leaf & EPT_PAGING_WRITE;
	return t->tables & leaf & EPT_R && t->tables & EPT_W && write;
}

/* Under EPTP[7]: every entry readable, non-leaf ones writable, and bit 60 of the leaf. */
static inline bool ept_allows_supervisor_shadow_stack(const struct trail *t)
{
	uint64_t leaf = leaf_of(t);

	return t->tables & leaf & EPT_R && t->tables & EPT_W && leaf & EPT_SUPERVISOR_SHADOW_STACK;
}

/* Which execute right counts is a matter of the linear address, not of CPL. */
static inline bool ept_allows_fetch(const struct walk *w, uint64_t combined)
{
	bool user_address = w->result->guest_rights & UDV_GUEST_USER;

	if (w->paging->config.ept_controls & UDV_EPT_MBEC && user_address)
		return combined & EPT_XU;
	return combined & EPT_X;
}

static inline bool spp_eligible(const struct walk *w, const struct trail *t,
				const struct ept_target *target)
{
	return w->paging->config.ept_controls & UDV_EPT_SPP && target->stage == UDV_STAGE_FINAL &&
	       t->level == 1 && leaf_of(t) & EPT_SUB_PAGE_WRITE && t->tables & leaf_of(t) & EPT_R &&
	       !(w->access & (UDV_ACCESS_RTM | UDV_ACCESS_ENCLAVE));
}

/* The access at the end of the walk, or one without a linear address. */
ALWAYS_INLINE bool ept_allows_access(struct walk *w, const struct trail *t, uint64_t combined,
				     const struct ept_target *target)
{
	if (unlikely(w->access & UDV_ACCESS_SHADOW_STACK) && !is_user(w->access) &&
	    w->paging->config.eptp & EPTP_SSS)
		return ept_allows_supervisor_shadow_stack(t) ||
		       refuse_ept(w, UDV_WALK_EPT_VIOLATION, UDV_CAUSE_EPT_SHADOW_STACK, t, target);
	if (target->kind & UDV_ACCESS_FETCH && unlikely(!ept_allows_fetch(w, combined)))
		return refuse_ept(w, UDV_WALK_EPT_VIOLATION, UDV_CAUSE_EPT_EXECUTE, t, target);
	if (target->kind & UDV_ACCESS_READ && unlikely(!(combined & EPT_R)))
		return refuse_ept(w, UDV_WALK_EPT_VIOLATION, UDV_CAUSE_EPT_READ, t, target);
	if (target->kind & UDV_ACCESS_WRITE && unlikely(!(combined & EPT_W))) {
		if (!spp_eligible(w, t, target))
			return refuse_ept(w, UDV_WALK_EPT_VIOLATION, UDV_CAUSE_EPT_WRITE, t,
					  target);
		if (!paging_spp_allows(w, t, target))
			return false;
		w->result->write_by_spp = true;
	}
	return true;
}

ALWAYS_INLINE bool ept_allows(struct walk *w, const struct trail *t, const struct leaf *end,
			      const struct ept_target *target)
{
	if (target->stage != UDV_STAGE_TABLE)
		return ept_allows_access(w, t, end->combined, target);
	if (unlikely(!(end->combined & EPT_R)))
		return refuse_ept(w, UDV_WALK_EPT_VIOLATION, UDV_CAUSE_EPT_READ, t, target);
	if (target->kind & UDV_ACCESS_WRITE && unlikely(!(end->combined & EPT_W)) &&
	    !ept_allows_paging_write(w->paging, t))
		return refuse_ept(w, UDV_WALK_EPT_VIOLATION, UDV_CAUSE_EPT_WRITE, t, target);
	return true;
}

#endif
