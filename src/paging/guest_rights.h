/* SPDX-License-Identifier: MIT */
#ifndef UDV_PAGING_GUEST_RIGHTS_H
#define UDV_PAGING_GUEST_RIGHTS_H

#include "paging/walk.h"

/*
 * What guest paging says of one access, once its leaf is known.
 * SDM Vol 3A "Access Rights", "Protection Keys", "Page-Fault Exceptions".
 */

ALWAYS_INLINE bool is_user(uint32_t access)
{
	return (access & (UDV_ACCESS_USER | UDV_ACCESS_IMPLICIT)) == UDV_ACCESS_USER;
}

/* The bits of a #PF error code that the access alone decides. */
static inline uint32_t access_error_code(const struct udv_paging *p, uint32_t access)
{
	const struct udv_paging_config *c = &p->config;
	uint32_t code = 0;

	if (access & UDV_ACCESS_WRITE)
		code |= UDV_PF_W;
	if (is_user(access))
		code |= UDV_PF_U;
	if (access & UDV_ACCESS_FETCH &&
	    (c->cr4 & CR4_SMEP || (c->cr4 & CR4_PAE && c->efer & EFER_NXE)))
		code |= UDV_PF_I;
	if (access & UDV_ACCESS_SHADOW_STACK)
		code |= UDV_PF_SS;
	return code;
}

/* @combined: the AND of all entries, XD inverted. */
ALWAYS_INLINE uint8_t guest_rights_of(uint64_t combined)
{
	/* R/W and U/S are bits 1 and 2 of an entry, and in UDV_GUEST_* the other way round. */
	return (uint8_t)((combined >> 2 & UDV_GUEST_USER) | (combined & UDV_GUEST_WRITE) |
			 (~combined >> 63 << 2));
}

/* True if PKRU or PKRS denies a data access to this leaf. Keys need EFER.LMA = 1. */
static inline bool key_denies(const struct udv_paging *p, uint32_t access, uint64_t leaf,
			      uint8_t rights)
{
	const struct udv_paging_config *c = &p->config;
	bool user_page = rights & UDV_GUEST_USER;
	uint32_t rights_register = user_page ? c->pkru : c->pkrs;
	unsigned key = (unsigned)(leaf >> PTE_KEY_SHIFT) & PTE_KEY_MASK;
	uint32_t disable = rights_register >> (2 * key);
	bool write_counts = c->cr0 & CR0_WP || (user_page && is_user(access));

	if (!(c->cr4 & (user_page ? CR4_PKE : CR4_PKS)) || access & UDV_ACCESS_FETCH)
		return false;
	return disable & 1 || (disable & 2 && access & UDV_ACCESS_WRITE && write_counts);
}

static inline enum udv_cause shadow_stack_refusal(const struct trail *t, bool user, uint8_t rights)
{
	uint64_t leaf = leaf_of(t);
	bool shadow_stack_page = !(leaf & PTE_W) && leaf & PTE_D && t->tables & PTE_W;

	if (user && !(rights & UDV_GUEST_USER))
		return UDV_CAUSE_USER;
	if (user != !!(rights & UDV_GUEST_USER) || !shadow_stack_page)
		return UDV_CAUSE_SHADOW_STACK;
	return UDV_CAUSE_NONE;
}

ALWAYS_INLINE enum udv_cause user_refusal(uint32_t access, uint8_t rights)
{
	if (!(rights & UDV_GUEST_USER))
		return UDV_CAUSE_USER;
	if (access & UDV_ACCESS_FETCH)
		return rights & UDV_GUEST_NX ? UDV_CAUSE_NX : UDV_CAUSE_NONE;
	if (access & UDV_ACCESS_WRITE && !(rights & UDV_GUEST_WRITE))
		return UDV_CAUSE_NOT_WRITABLE;
	return UDV_CAUSE_NONE;
}

ALWAYS_INLINE enum udv_cause supervisor_refusal(const struct udv_paging *p, uint32_t access,
						uint8_t rights)
{
	const struct udv_paging_config *c = &p->config;

	if (access & UDV_ACCESS_FETCH) {
		if (rights & UDV_GUEST_USER && c->cr4 & CR4_SMEP)
			return UDV_CAUSE_SMEP;
		return rights & UDV_GUEST_NX ? UDV_CAUSE_NX : UDV_CAUSE_NONE;
	}
	if (rights & UDV_GUEST_USER && c->cr4 & CR4_SMAP &&
	    (access & UDV_ACCESS_IMPLICIT || !(access & UDV_ACCESS_AC)))
		return UDV_CAUSE_SMAP;
	if (access & UDV_ACCESS_WRITE && !(rights & UDV_GUEST_WRITE) && c->cr0 & CR0_WP)
		return UDV_CAUSE_NOT_WRITABLE;
	return UDV_CAUSE_NONE;
}

/* Why the access is refused, keys aside. */
ALWAYS_INLINE enum udv_cause guest_refusal(const struct udv_paging *p, uint32_t access,
					   const struct trail *t, uint8_t rights)
{
	if (unlikely(access & UDV_ACCESS_SHADOW_STACK))
		return shadow_stack_refusal(t, is_user(access), rights);
	if (is_user(access))
		return user_refusal(access, rights);
	return supervisor_refusal(p, access, rights);
}

#endif
