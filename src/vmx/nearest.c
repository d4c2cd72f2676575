/* SPDX-License-Identifier: MIT */
#include "vmx/entry.h"

#include "arch/paging_bits.h"
#include "base/bits.h"

/*
 * The valid value next to a bad one. No second set of rules: candidates are tried, and the checks
 * themselves say whether one is right. It must cure what was found, and break nothing that was not
 * broken before; of those that do, the one that differs in the fewest bits wins.
 */

#define MAX_FAILURES 512u

struct failures {
	unsigned nr;
	uint32_t pair[MAX_FAILURES]; /* check and field, in the order of the checks */
};

struct search {
	struct entry_judged judged;
	struct udv_vmcs vmcs;
	struct udv_vmentry_finding *finding;
	struct failures before;
	int slot;
	unsigned width, distance;
};

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

/* Every failure of @after was one of @before, and @cured is not among them. */
static bool improves(const struct failures *before, const struct failures *after, uint32_t cured)
{
	unsigned b = 0;

	for (unsigned a = 0; a < after->nr; a++) {
		if (after->pair[a] == cured)
			return false;
		while (b < before->nr && before->pair[b] != after->pair[a])
			b++;
		if (b++ == before->nr)
			return false;
	}
	return true;
}

static void try_value(struct search *s, uint64_t value)
{
	struct udv_vmentry_finding *f = s->finding;
	unsigned distance = (unsigned)__builtin_popcountll(value ^ f->value);
	struct failures after = { .nr = 0 };

	if (value & bits_from(s->width) || distance == 0 || distance >= s->distance)
		return;
	s->vmcs.slots[s->slot] = value;
	vmx_check_all(&s->judged.input, collect, &after);
	if (!improves(&s->before, &after, pair_of(f->rule, f->field)))
		return;
	s->distance = distance;
	f->nearest = value;
	f->has_nearest = true;
}

static uint64_t sign_extend(uint64_t value, unsigned width)
{
	return (uint64_t)((int64_t)(value << (64 - width)) >> (64 - width));
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
		try_value(s, v & masks[i]);
		try_value(s, within & masks[i]);
		try_value(s, sign_extend(v & masks[i], c->linear_bits));
		try_value(s, sign_extend(v & masks[i], 48));
	}
	try_value(s, within);
	try_value(s, sign_extend(v, c->linear_bits));
	try_value(s, sign_extend(v, 48));
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

static void try_fixed(struct search *s)
{
	const struct vmx_capabilities *c = &s->judged.capabilities;
	uint64_t v = s->finding->value;

	for (unsigned group = 0; group < ARCH_NR_CONTROL_GROUPS; group++) {
		uint64_t msr = c->controls[group];

		try_value(s, (v | (msr & BITS(31, 0))) & msr >> 32);
		try_value(s, v & msr);
	}
	try_value(s, (v | c->cr0_fixed0) & c->cr0_fixed1);
	try_value(s, (v | (c->cr0_fixed0 & ~(CR0_PE | CR0_PG))) & c->cr0_fixed1);
	try_value(s, (v | c->cr4_fixed0) & c->cr4_fixed1);
	try_value(s, valid_pat(v));
	for (unsigned length = 3; length <= 4; length++) /* of an EPTP, less 1 */
		try_value(s, (v & ~BITS(5, 3)) | length << 3);
	try_value(s, (v & ~(BITS(63, 22) | BIT(15) | BIT(5) | BIT(3))) | BIT(1)); /* RFLAGS */
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

static void try_flips(struct search *s)
{
	uint64_t v = s->finding->value;

	for (unsigned i = 0; i < s->width; i++)
		try_value(s, v ^ BIT(i));
	for (unsigned i = 0; i < s->width && s->distance > 2; i++)
		for (unsigned j = 0; j < i; j++)
			try_value(s, v ^ BIT(i) ^ BIT(j));
}

static unsigned field_bits(uint32_t encoding)
{
	switch (ARCH_VMCS_WIDTH(encoding)) {
	case ARCH_WIDTH_16:
		return 16;
	case ARCH_WIDTH_32:
		return 32;
	default:
		return 64;
	}
}

void udv_vmentry_nearest(const struct udv_vmentry *entry, struct udv_vmentry_finding *finding)
{
	struct search s = { .vmcs = *entry->vmcs, .finding = finding, .distance = 65 };
	struct udv_vmentry copy = *entry;

	finding->has_nearest = false;
	s.slot = vmx_field_slot(finding->field);
	if (finding->rule >= VMX_NR_CHECKS || finding->msr_entry || s.slot < 0)
		return;
	finding->value = s.vmcs.slots[s.slot];
	s.width = field_bits(finding->field);
	copy.vmcs = &s.vmcs;
	entry_prepare(&s.judged, &copy);
	vmx_check_all(&s.judged.input, collect, &s.before);
	try_flips(&s);
	try_masks(&s);
	try_fixed(&s);
	try_constants(&s);
}
