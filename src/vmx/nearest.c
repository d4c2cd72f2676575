/* SPDX-License-Identifier: MIT */
#include "vmx/entry.h"

#include <limits.h>
#include <string.h>

#include "arch/paging_bits.h"
#include "base/bits.h"

/*
 * The valid value next to a bad one. No second set of rules: candidates are tried, and the checks
 * themselves say whether one is right. What is looked for is a value with which the field breaks no
 * check at all and makes no other field break one; of those, the one with the fewest changed bits.
 * Second best, in this order: the same, but for a check that would need memory that is not there;
 * a value that cures this failure alone.
 */

#define MAX_FAILURES 512u
#define MAX_STARTS 32u

struct failures {
	unsigned nr;
	uint32_t pair[MAX_FAILURES]; /* check and field, in the order of the checks */
};

enum rank {
	RANK_VALID,
	RANK_VALID_BLIND, /* as far as can be told */
	RANK_CURES_ONE,
	RANK_USELESS,
};

/* What a candidate would do. */
struct outcome {
	unsigned own; /* failures of the field itself */
	bool worse;   /* another field fails that did not */
	enum rank rank;
};

struct search {
	struct entry_judged judged;
	struct udv_vmcs vmcs;
	struct udv_vmentry_finding *finding;
	struct failures before;
	uint64_t unread_before[ENTRY_READS];
	unsigned nr_unread_before;
	int slot;
	unsigned width, distance;
	enum rank rank;
	/* Repairs that leave the field fewer failures, but some: steps lead on from there. */
	uint64_t start[MAX_STARTS];
	unsigned nr_starts, own_before;
};

static bool is_access_rights(uint32_t field)
{
	return field >= ARCH_VMCS_GUEST_ES_ACCESS_RIGHTS &&
	       field <= ARCH_VMCS_GUEST_TR_ACCESS_RIGHTS;
}

static uint32_t pair_of(unsigned id, uint32_t field)
{
	return id << 16 | field;
}

static void collect(void *opaque, enum vmx_check_id id, uint32_t field)
{
	struct failures *f = opaque;

	if (f->nr < MAX_FAILURES)
		f->pair[f->nr++] = pair_of(id, field);
}

/* Whether @pair is in @f behind *@from, which then moves on. */
static bool was_there(const struct failures *f, unsigned *from, uint32_t pair)
{
	for (unsigned i = *from; i < f->nr; i++) {
		if (f->pair[i] == pair) {
			*from = i + 1;
			return true;
		}
	}
	return false;
}

/* Something is not there to be read that was not asked for before. */
static bool is_blind(const struct search *s)
{
	for (unsigned i = 0; i < s->judged.nr_unread; i++) {
		unsigned b = 0;

		while (b < s->nr_unread_before && s->unread_before[b] != s->judged.unread_at[i])
			b++;
		if (b == s->nr_unread_before)
			return true;
	}
	return false;
}

static struct outcome compare(const struct search *s, const struct failures *after)
{
	const uint32_t field = s->finding->field, found = pair_of(s->finding->rule, field);
	struct outcome outcome = { .rank = RANK_CURES_ONE };
	unsigned from = 0;

	for (unsigned i = 0; i < after->nr; i++) {
		bool known = was_there(&s->before, &from, after->pair[i]);
		bool own = (after->pair[i] & 0xffff) == field;

		outcome.own += own;
		outcome.worse |= !own && !known;
		if (!known || after->pair[i] == found)
			outcome.rank = RANK_USELESS;
	}
	if (!outcome.own && !outcome.worse)
		outcome.rank = is_blind(s) ? RANK_VALID_BLIND : RANK_VALID;
	return outcome;
}

static struct outcome look_at(struct search *s, uint64_t value)
{
	struct failures after = { .nr = 0 };

	s->vmcs.slots[s->slot] = value;
	s->judged.nr_unread = 0;
	vmx_check_all(&s->judged.input, collect, &after);
	return compare(s, &after);
}

#define MUCH 32u

/*
 * Bits that change; some of them change what was meant: that an event is injected, that a present
 * segment is used, whether it is code.
 */
static unsigned distance_of(const struct udv_vmentry_finding *f, uint64_t value)
{
	const uint64_t changed = value ^ f->value;
	unsigned distance = (unsigned)__builtin_popcountll(changed);

	if (f->field == ARCH_VMCS_ENTRY_INTERRUPTION_INFO && changed & BIT(31))
		distance += MUCH;
	if (is_access_rights(f->field))
		distance += (changed & BIT(16) && f->value & BIT(7) ? MUCH : 0) +
			    (changed & BIT(3) ? 1 : 0);
	return distance;
}

static struct outcome try_value(struct search *s, uint64_t value)
{
	struct udv_vmentry_finding *f = s->finding;
	unsigned distance = distance_of(f, value);
	struct outcome outcome = { .rank = RANK_USELESS, .worse = true };

	if (value & bits_from(s->width) || distance == 0)
		return outcome;
	/* Nothing that can be found is better. */
	if (s->rank == RANK_VALID && distance >= s->distance)
		return outcome;
	outcome = look_at(s, value);
	if (outcome.rank == RANK_USELESS || outcome.rank > s->rank ||
	    (outcome.rank == s->rank && distance >= s->distance))
		return outcome;
	s->rank = outcome.rank;
	s->distance = distance;
	f->nearest = value;
	f->has_nearest = true;
	f->cures_one = outcome.rank == RANK_CURES_ONE;
	return outcome;
}

static void note_start(struct search *s, uint64_t value)
{
	for (unsigned i = 0; i < s->nr_starts; i++)
		if (s->start[i] == value)
			return;
	if (s->nr_starts < MAX_STARTS)
		s->start[s->nr_starts++] = value;
}

/* A repair of one rule, where others may be left. */
static void try_repair(struct search *s, uint64_t value)
{
	struct outcome outcome = try_value(s, value);

	if (outcome.own && outcome.own < s->own_before)
		note_start(s, value);
}

/* Reserved bits away, an address made to fit. */
static void try_masks(struct search *s)
{
	const struct vmx_capabilities *c = &s->judged.capabilities;
	uint64_t v = s->finding->value, within = v & ~bits_from(c->maxphyaddr);
	const uint64_t masks[] = {
		bits_from(3),
		bits_from(4),
		bits_from(6),
		bits_from(12),
		BITS(3, 0),
		BITS(7, 0),
		BITS(15, 0),
		BITS(31, 0),
		~BITS(9, 6),
		~BITS(11, 0),
		~BITS(11, 8),
		~BITS(11, 2),
		~BITS(30, 12),
		c->efer_bits,
		c->debugctl_bits,
		c->rtit_ctl_bits,
		c->lbr_ctl_bits,
		c->spec_ctrl_bits,
		c->perf_global_ctrl_bits,
		~(BITS(11, 8) | BITS(63, 17)),			   /* access rights */
		~(BITS(63, 22) | BIT(15) | BIT(5) | BIT(3)),	   /* RFLAGS */
		~(BITS(8, 5) | BITS(2, 1)),			   /* a PDPTE */
		~(BITS(10, 4) | BIT(13) | BIT(15) | BITS(63, 17)), /* pending debug exceptions */
	};

	for (unsigned i = 0; i < sizeof(masks) / sizeof(masks[0]); i++) {
		try_repair(s, v & masks[i]);
		try_repair(s, within & masks[i]);
		try_repair(s, canonical_of(v & masks[i], c->linear_bits));
		try_repair(s, canonical_of(v & masks[i], 48));
	}
	try_repair(s, within);
	try_repair(s, canonical_of(v, c->linear_bits));
	try_repair(s, canonical_of(v, 48));
}

/* A byte of IA32_PAT that is no memory type becomes the nearest that is one. */
static uint64_t valid_pat(uint64_t pat)
{
	static const uint8_t types[] = { 0, 1, 4, 5, 6, 7 };
	uint64_t result = 0;

	for (unsigned i = 0; i < 8; i++) {
		unsigned byte = pat >> 8 * i & 0xff, best = 0;

		for (unsigned t = 1; t < sizeof(types); t++)
			if (__builtin_popcount(types[t] ^ byte) <
			    __builtin_popcount(types[best] ^ byte))
				best = t;
		result |= (uint64_t)types[best] << 8 * i;
	}
	return result;
}

static uint64_t with_fixed(uint64_t value, uint64_t fixed0, uint64_t fixed1)
{
	return (value | fixed0) & fixed1;
}

static uint64_t with_controls(uint64_t value, uint64_t msr)
{
	return with_fixed(value, msr & BITS(31, 0), msr >> 32);
}

static void try_fixed(struct search *s)
{
	const struct vmx_capabilities *c = &s->judged.capabilities;
	uint64_t v = s->finding->value;

	for (unsigned group = 0; group < ARCH_NR_CONTROL_GROUPS; group++) {
		uint64_t msr = c->controls[group];

		try_repair(s, with_controls(v, msr));
		try_repair(s, v & msr);
	}
	try_repair(s, with_fixed(v, c->cr0_fixed0, c->cr0_fixed1));
	try_repair(s, with_fixed(v, c->cr0_fixed0 & ~(CR0_PE | CR0_PG), c->cr0_fixed1));
	try_repair(s, with_fixed(v, c->cr4_fixed0, c->cr4_fixed1));
	try_repair(s, valid_pat(v));
	try_repair(s, v | BITS(11, 0));			 /* a limit in pages */
	for (unsigned length = 3; length <= 4; length++) /* of an EPTP, less 1 */
		try_repair(s, (v & ~BITS(5, 3)) | length << 3);
	try_repair(s, (v & ~(BITS(63, 22) | BIT(15) | BIT(5) | BIT(3))) | BIT(1)); /* RFLAGS */
}

static void try_constants(struct search *s)
{
	const struct vmx_capabilities *c = &s->judged.capabilities;
	const struct vmx_vmcs *v = s->judged.input.vmcs;
	const uint64_t constants[] = {
		0,
		1,
		2,
		15,
		0xf3,
		0xff,
		0xffff,
		0xfffff,
		UINT32_MAX,
		UINT64_MAX,
		c->misc >> 16 & 0x1ff,
		v->guest_es_selector << 4,
		v->guest_cs_selector << 4,
		v->guest_ss_selector << 4,
		v->guest_ds_selector << 4,
		v->guest_fs_selector << 4,
		v->guest_gs_selector << 4,
	};

	for (unsigned i = 0; i < sizeof(constants) / sizeof(constants[0]); i++)
		try_value(s, constants[i]);
}

/* Of what is within two bits of @value, what leaves the fewest failures of the field; @value: none.
 */
static uint64_t try_flips(struct search *s, uint64_t value, unsigned *own)
{
	uint64_t best = value;

	for (unsigned i = 0; i < s->width; i++) {
		for (unsigned j = 0; j <= i; j++) {
			uint64_t flipped = value ^ BIT(i) ^ (j == i ? 0 : BIT(j));
			struct outcome outcome = try_value(s, flipped);

			if (outcome.worse || outcome.own >= *own)
				continue;
			*own = outcome.own;
			best = flipped;
		}
	}
	return best;
}

static unsigned own_failures(const struct search *s)
{
	unsigned own = 0;

	for (unsigned i = 0; i < s->before.nr; i++)
		own += (s->before.pair[i] & 0xffff) == s->finding->field;
	return own;
}

/* One or two bits of @value; where the field fails by more, one repair after the other. */
static void try_steps(struct search *s, uint64_t value)
{
	struct outcome outcome = look_at(s, value);
	unsigned own = outcome.worse ? UINT_MAX : outcome.own, before;

	do {
		before = own;
		value = try_flips(s, value, &own);
	} while (own && own < before && s->rank > RANK_VALID);
}

/* The field's value with the bits right that the capabilities fix; false: they fix none of it. */
static bool fixed_value(const struct search *s, uint64_t *value)
{
	const struct vmx_capabilities *c = &s->judged.capabilities;
	const uint64_t v = s->finding->value;

	switch (s->finding->field) {
	case ARCH_VMCS_PIN_BASED_CONTROLS:
		*value = with_controls(v, c->controls[ARCH_GROUP_PIN]);
		return true;
	case ARCH_VMCS_PRIMARY_CONTROLS:
		*value = with_controls(v, c->controls[ARCH_GROUP_PRIMARY]);
		return true;
	case ARCH_VMCS_SECONDARY_CONTROLS:
		*value = with_controls(v, c->controls[ARCH_GROUP_SECONDARY]);
		return true;
	case ARCH_VMCS_EXIT_CONTROLS:
		*value = with_controls(v, c->controls[ARCH_GROUP_EXIT]);
		return true;
	case ARCH_VMCS_ENTRY_CONTROLS:
		*value = with_controls(v, c->controls[ARCH_GROUP_ENTRY]);
		return true;
	case ARCH_VMCS_GUEST_CR0:
	case ARCH_VMCS_HOST_CR0:
		*value = with_fixed(v, c->cr0_fixed0, c->cr0_fixed1);
		return true;
	case ARCH_VMCS_GUEST_CR4:
	case ARCH_VMCS_HOST_CR4:
		*value = with_fixed(v, c->cr4_fixed0, c->cr4_fixed1);
		return true;
	default:
		return false;
	}
}

/*
 * Where many bits are wrong for one rule and a few for others: from a value without the former on.
 * What is fixed any valid value has, so the nearest one is near that.
 */
static void try_more_steps(struct search *s)
{
	uint64_t fixed;

	if (fixed_value(s, &fixed))
		try_steps(s, fixed);
	for (unsigned i = 0; i < s->nr_starts && s->rank > RANK_VALID; i++)
		try_steps(s, s->start[i]);
}

/* Fields of parts: every combination of those that checks are about, other bits away. */
static void try_parts(struct search *s)
{
	const uint32_t field = s->finding->field;
	const bool rights = is_access_rights(field);
	uint64_t keep;

	if (rights)
		keep = s->finding->value & BIT(12); /* AVL */
	else if (field == ARCH_VMCS_ENTRY_INTERRUPTION_INFO)
		keep = s->finding->value & BIT(31);
	else
		return;
	for (uint64_t i = 0; i < BIT(12); i++)
		try_value(s, keep | (rights ? (i & 0xff) | (i >> 8) << 13 : i));
}

void udv_vmentry_nearest(const struct udv_vmentry *entry, struct udv_vmentry_finding *finding)
{
	struct search s = { .vmcs = *entry->vmcs,
			    .finding = finding,
			    .distance = UINT32_MAX,
			    .rank = RANK_USELESS };
	struct udv_vmentry copy = *entry;

	finding->has_nearest = false;
	s.slot = vmx_field_slot(finding->field);
	finding->cures_one = false;
	/* Of PDPTEs in memory it is not CR3 that is wrong, though another might be right. */
	if (finding->rule >= VMX_NR_CHECKS || finding->rule == VMX_CHECK_PDPTE_02 ||
	    finding->msr_entry || s.slot < 0)
		return;
	finding->value = s.vmcs.slots[s.slot];
	s.width = vmx_field_width(finding->field);
	copy.vmcs = &s.vmcs;
	entry_prepare(&s.judged, &copy);
	vmx_check_all(&s.judged.input, collect, &s.before);
	s.nr_unread_before = s.judged.nr_unread;
	memcpy(s.unread_before, s.judged.unread_at, sizeof(s.unread_before));
	s.own_before = own_failures(&s);
	try_steps(&s, finding->value);
	try_masks(&s);
	try_fixed(&s);
	try_constants(&s);
	try_more_steps(&s);
	if (s.rank > RANK_VALID || s.distance > MUCH)
		try_parts(&s);
}
