/* SPDX-License-Identifier: MIT */
#include "oracle_internal.h"

/* SDM Vol 3A "Access Rights", "Page-Fault Exceptions", and the formats' reserved bits. */

/* ------------------------------------------------------------------ #PF */

static bool key_denies(const struct oracle *o, const struct guest_rights *g, uint64_t leaf)
{
	unsigned key = (unsigned)(leaf >> 59) & 15;
	uint32_t keys = g->user ? o->config->pkru : o->config->pkrs;
	bool wp = bit(o->config->cr0, CR0_WP);

	if (!long_mode(o) || is_fetch(o))
		return false;
	if (!bit(o->config->cr4, g->user ? CR4_PKE : CR4_PKS))
		return false;
	if (bit(keys, 2 * key))
		return true;
	if (!is_write(o) || !bit(keys, 2 * key + 1))
		return false;
	/* A PKRU write-disable holds for user-mode accesses without WP, too. */
	return wp || (g->user && is_user_mode(o));
}

uint32_t access_flags(const struct oracle *o)
{
	uint32_t flags = 0;

	if (o->access & UDV_ACCESS_ASYNC)
		flags |= UDV_FAULT_ASYNC;
	if (o->access & UDV_ACCESS_NMI_UNBLOCKING)
		flags |= UDV_FAULT_NMI_UNBLOCKING;
	if (o->access & UDV_ACCESS_EVENT_DELIVERY)
		flags |= UDV_FAULT_EVENT_DELIVERY;
	if (o->access & UDV_ACCESS_ENCLAVE)
		flags |= UDV_FAULT_ENCLAVE;
	return flags;
}

/* The last entry read decides: rights are asked when the leaf is known. */
static void note_deciding_entry(struct oracle *o)
{
	const struct used_entry *u = &o->used[o->nr_used - 1];
	struct oracle_result *r = o->result;

	r->flags = access_flags(o) | UDV_FAULT_GLA_VALID | UDV_FAULT_ENTRY_VALID;
	if (is_shadow_stack(o))
		r->flags |= UDV_FAULT_SHADOW_STACK;
	r->access = o->access & UDV_ACCESS_KIND;
	r->dimension = UDV_DIM_GUEST;
	r->level = u->level;
	r->entry_address = u->hpa;
	r->entry = u->value;
}

bool guest_page_fault(struct oracle *o, uint32_t why)
{
	uint32_t code = why;

	if (is_write(o))
		code |= UDV_PF_W;
	if (is_user_mode(o))
		code |= UDV_PF_U;
	if (is_fetch(o) && (bit(o->config->cr4, CR4_SMEP) || xd_enabled(o)))
		code |= UDV_PF_I;
	if (is_shadow_stack(o))
		code |= UDV_PF_SS;
	o->result->outcome = UDV_WALK_PAGE_FAULT;
	o->result->error_code = code;
	note_deciding_entry(o);
	return false;
}

static bool shadow_stack_allowed(struct oracle *o, const struct guest_rights *g, uint64_t leaf)
{
	bool of_this_mode = g->user == is_user_mode(o);

	if (is_user_mode(o) && !g->user)
		blame(o, UDV_CAUSE_USER);
	if (!bit(leaf, ENTRY_RW) && bit(leaf, ENTRY_D) && g->upper_write && of_this_mode)
		return true;
	blame(o, UDV_CAUSE_SHADOW_STACK);
	return false;
}

static bool refused_for(struct oracle *o, bool refused, enum udv_cause cause)
{
	if (refused)
		blame(o, cause);
	return refused;
}

/* Each rule is asked, so that all who refuse are known. */
static bool supervisor_allowed(struct oracle *o, const struct guest_rights *g)
{
	bool explicit_ac = !(o->access & UDV_ACCESS_IMPLICIT) && (o->access & UDV_ACCESS_AC);
	bool smep = bit(o->config->cr4, CR4_SMEP), smap = bit(o->config->cr4, CR4_SMAP);
	bool wp = bit(o->config->cr0, CR0_WP);
	bool refused = false;

	if (is_fetch(o)) {
		refused |= refused_for(o, g->no_execute, UDV_CAUSE_NX);
		refused |= refused_for(o, smep && g->user, UDV_CAUSE_SMEP);
		return !refused;
	}
	refused |= refused_for(o, g->user && smap && !explicit_ac, UDV_CAUSE_SMAP);
	refused |= refused_for(o, is_write(o) && !g->write && wp, UDV_CAUSE_NOT_WRITABLE);
	return !refused;
}

static bool user_allowed(struct oracle *o, const struct guest_rights *g)
{
	bool refused = refused_for(o, !g->user, UDV_CAUSE_USER);

	refused |= refused_for(o, is_fetch(o) && g->no_execute, UDV_CAUSE_NX);
	refused |= refused_for(o, is_write(o) && !g->write, UDV_CAUSE_NOT_WRITABLE);
	return !refused;
}

/* "Determination of Access Rights" */
bool guest_rights_allow(struct oracle *o, const struct guest_rights *g, uint64_t leaf)
{
	bool key = key_denies(o, g, leaf);
	bool allowed;

	if (is_shadow_stack(o))
		allowed = shadow_stack_allowed(o, g, leaf);
	else if (is_user_mode(o))
		allowed = user_allowed(o, g);
	else
		allowed = supervisor_allowed(o, g);
	if (allowed && !key)
		return true;
	if (key)
		blame(o, UDV_CAUSE_KEY);
	return guest_page_fault(o, UDV_PF_P | (key ? UDV_PF_PK : 0));
}

/* ------------------------------------------------------------------ reserved bits */

bool reserved_32bit(const struct oracle *o, unsigned n, unsigned level, bool leaf)
{
	bool pat = o->config->features & UDV_FEATURE_PAT;
	unsigned m = o->config->guest_maxphyaddr < 40 ? o->config->guest_maxphyaddr : 40;

	if (level == 1)
		return n == 7 && !pat;
	if (!leaf)
		return false;
	if (n == 12)
		return !pat;
	if (n == 21)
		return true;
	if (o->config->features & UDV_FEATURE_PSE36)
		return n <= 21 && n >= m - 19;
	return n >= 13 && n <= 21;
}

bool reserved_pae(const struct oracle *o, unsigned n, unsigned level, bool leaf)
{
	if (n == ENTRY_XD)
		return !bit(o->config->efer, EFER_NXE);
	if (n >= o->config->guest_maxphyaddr)
		return true;
	/* "If the PAT is supported, ...; otherwise, reserved (must be 0)." */
	if ((level == 1 && n == 7) || (level == 2 && leaf && n == 12))
		return !(o->config->features & UDV_FEATURE_PAT);
	return level == 2 && leaf && n >= 13 && n <= 20;
}

bool reserved_long(const struct oracle *o, unsigned n, unsigned level, bool leaf)
{
	if (n == ENTRY_XD)
		return !bit(o->config->efer, EFER_NXE);
	if (n >= o->config->guest_maxphyaddr && n <= 51)
		return true;
	if (n == ENTRY_PS && (level == 4 || level == 5))
		return true;
	if (n == ENTRY_PS && level == 3)
		return !(o->config->features & UDV_FEATURE_1GB_PAGES);
	if (leaf && level == 3)
		return n >= 13 && n <= 29;
	if (leaf && level == 2)
		return n >= 13 && n <= 20;
	return false;
}

bool guest_entry_usable(struct oracle *o, uint64_t entry, unsigned level, bool leaf,
			reserved_rule *reserved)
{
	struct oracle_event *seen = &o->memory->events[o->used[o->nr_used - 1].event];

	if (!bit(entry, ENTRY_P)) {
		seen->flags |= UDV_STEP_NOT_PRESENT;
		blame(o, UDV_CAUSE_NOT_PRESENT);
		return guest_page_fault(o, 0);
	}
	if (leaf)
		seen->flags |= UDV_STEP_LEAF;
	while (entry)
		if (reserved(o, take_bit(&entry), level, leaf)) {
			seen->flags |= UDV_STEP_BAD;
			blame(o, UDV_CAUSE_RESERVED_BIT);
			return guest_page_fault(o, UDV_PF_P | UDV_PF_RSVD);
		}
	return true;
}
