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
	return false;
}

static bool shadow_stack_allowed(const struct oracle *o, const struct guest_rights *g,
				 uint64_t leaf)
{
	if (bit(leaf, ENTRY_RW) || !bit(leaf, ENTRY_D) || !g->upper_write)
		return false;
	return g->user == is_user_mode(o);
}

static bool supervisor_allowed(const struct oracle *o, const struct guest_rights *g)
{
	bool explicit_ac = !(o->access & UDV_ACCESS_IMPLICIT) && (o->access & UDV_ACCESS_AC);

	if (is_fetch(o))
		return !g->no_execute && !(bit(o->config->cr4, CR4_SMEP) && g->user);
	if (g->user && bit(o->config->cr4, CR4_SMAP) && !explicit_ac)
		return false;
	return !is_write(o) || g->write || !bit(o->config->cr0, CR0_WP);
}

static bool user_allowed(const struct oracle *o, const struct guest_rights *g)
{
	if (!g->user)
		return false;
	if (is_fetch(o))
		return !g->no_execute;
	return !is_write(o) || g->write;
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
		return guest_page_fault(o, 0);
	}
	if (leaf)
		seen->flags |= UDV_STEP_LEAF;
	while (entry)
		if (reserved(o, take_bit(&entry), level, leaf)) {
			seen->flags |= UDV_STEP_BAD;
			return guest_page_fault(o, UDV_PF_P | UDV_PF_RSVD);
		}
	return true;
}
