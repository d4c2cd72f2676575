/* SPDX-License-Identifier: MIT */
#ifndef UDV_PAGING_LINEAR_H
#define UDV_PAGING_LINEAR_H

#include "paging/guest_rights.h"
#include "paging/walk.h"

/*
 * What a 64-bit linear address must be before any walk.
 * SDM Vol 3A "Linear-Address Masking", "Canonicality", "Linear-Address-Space Separation".
 */

/* The address without its metadata bits: bit 63 stays, the bits below it follow the address. */
static inline uint64_t lam_strip(const struct udv_paging_config *c, unsigned levels, uint64_t gva)
{
	unsigned width;

	if (gva >> 63) {
		if (!(c->cr4 & CR4_LAM_SUP))
			return gva;
		width = levels == 5 ? 57 : 48;
	} else if (c->cr3 & CR3_LAM_U57) {
		width = 57;
	} else if (c->cr3 & CR3_LAM_U48) {
		width = 48;
	} else {
		return gva;
	}
	return (canonical_of(gva, width) & ~BIT(63)) | (gva & BIT(63));
}

static inline bool lass_violated(const struct udv_paging_config *c, uint32_t access, uint64_t gla)
{
	if (is_user(access))
		return gla >> 63;
	if (gla >> 63)
		return false;
	if (access & UDV_ACCESS_FETCH)
		return true;
	return c->cr4 & CR4_SMAP && (access & UDV_ACCESS_IMPLICIT || !(access & UDV_ACCESS_AC));
}

/* Strips LAM metadata from *gla and checks what is left. */
ALWAYS_INLINE bool linear_allowed(struct walk *w, unsigned levels, uint64_t *gla)
{
	const struct udv_paging_config *c = &w->paging->config;
	bool lam = c->cr4 & CR4_LAM_SUP || c->cr3 & (CR3_LAM_U48 | CR3_LAM_U57);

	if (unlikely(lam) && !(w->access & (UDV_ACCESS_FETCH | UDV_ACCESS_IMPLICIT))) {
		*gla = lam_strip(c, levels, *gla);
		w->result->gla.value = *gla;
	}
	if (unlikely(canonical_of(*gla, levels == 5 ? 57 : 48) != *gla))
		return refuse_linear(w, UDV_CAUSE_NOT_CANONICAL);
	if (unlikely(c->cr4 & CR4_LASS) && lass_violated(c, w->access, *gla))
		return refuse_linear(w, UDV_CAUSE_LASS);
	return true;
}

#endif
