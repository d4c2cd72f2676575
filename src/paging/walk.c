/* SPDX-License-Identifier: MIT */
#include "paging/walk.h"

#include "paging/ept_rights.h"
#include "paging/guest_rights.h"
#include "paging/linear.h"

/*
 * The walker. One function, descend(), goes down any paging structure: a constant format says how
 * its entries lie, a prepared dimension which bits they may have. A guest format under EPT finds
 * each of its tables by a descent of its own. The compiler makes an instance for each format, EPT
 * depth, and recording or not.
 */

/* How entries lie. What they may hold is in struct udv_paging_dimension. */
struct format {
	uint8_t top; /* level of the root table */
	uint8_t entry_size;
	uint8_t index_bits;
	bool ept;
};

static const struct format format_32bit = { .top = 2, .entry_size = 4, .index_bits = 10 };
/* Below its PDPTE registers, which no memory access reads. */
static const struct format format_pae = { .top = 2, .entry_size = 8, .index_bits = 9 };
static const struct format format_4_level = { .top = 4, .entry_size = 8, .index_bits = 9 };
static const struct format format_5_level = { .top = 5, .entry_size = 8, .index_bits = 9 };
static const struct format format_ept4 = {
	.top = 4, .entry_size = 8, .index_bits = 9, .ept = true
};
static const struct format format_ept5 = {
	.top = 5, .entry_size = 8, .index_bits = 9, .ept = true
};

enum stop {
	STOP_LEAF,	  /* the trail ends in an entry that maps a page */
	STOP_NOT_PRESENT, /* it ends in one that maps nothing */
	STOP_RESERVED,	  /* it ends in one that must not be */
	STOP_FILLED,	  /* the result says why, or the walk starts again */
};

static NOINLINE bool ept4_table(struct walk *w, unsigned guest_level, uint64_t gpa, uint64_t *hpa);
static NOINLINE bool ept5_table(struct walk *w, unsigned guest_level, uint64_t gpa, uint64_t *hpa);
static NOINLINE bool ept4_table_recorded(struct walk *w, unsigned guest_level, uint64_t gpa,
					 uint64_t *hpa);
static NOINLINE bool ept5_table_recorded(struct walk *w, unsigned guest_level, uint64_t gpa,
					 uint64_t *hpa);

/* Where the guest entry at @gpa lies in memory. */
ALWAYS_INLINE bool locate(struct walk *w, unsigned ept_levels, unsigned level, uint64_t gpa,
			  uint64_t *hpa, bool recording)
{
	*hpa = gpa;
	if (!ept_levels)
		return true;
	if (ept_levels == 4)
		return recording ? ept4_table_recorded(w, level, gpa, hpa)
				 : ept4_table(w, level, gpa, hpa);
	return recording ? ept5_table_recorded(w, level, gpa, hpa) : ept5_table(w, level, gpa, hpa);
}

/* What a present entry is by its own bits. */
ALWAYS_INLINE bool entry_reserved(const struct udv_paging *p, const struct format *f,
				  const struct udv_paging_dimension *d, unsigned level, bool leaf,
				  uint64_t entry)
{
	if (entry & (leaf ? d->reserved_leaf[level] : d->reserved_table[level]))
		return true;
	return f->ept && ept_entry_illegal(p, entry, leaf);
}

static void record_read(struct walk *w, const struct format *f, const struct trail *t,
			unsigned level, uint64_t at, const struct ept_target *target,
			uint64_t entry, uint8_t flags)
{
	struct udv_step step = {
		.address = UDV_HPA(t->address[level]),
		.gpa = UDV_GPA(target ? target->gpa : at),
		.value = entry,
		.new_value = entry,
		.dimension = f->ept ? UDV_DIM_EPT : UDV_DIM_GUEST,
		.stage = target ? target->stage : UDV_STAGE_NONE,
		.level = (uint8_t)level,
		.guest_level = target ? target->guest_level : 0,
		.size = f->entry_size,
		.flags = flags,
	};

	record_step(w, &step);
}

static NOINLINE void record_entry(struct walk *w, const struct format *f,
				  const struct udv_paging_dimension *d, const struct trail *t,
				  unsigned level, uint64_t at, const struct ept_target *target)
{
	uint64_t entry = t->entry[level];
	bool leaf = level == 1 || entry & d->page_size[level];
	uint8_t flags = leaf ? UDV_STEP_LEAF : 0;

	if (!(entry & d->present))
		flags = UDV_STEP_NOT_PRESENT;
	else if (entry_reserved(w->paging, f, d, level, leaf, entry))
		flags |= UDV_STEP_BAD;
	record_read(w, f, t, level, at, target, entry, flags);
}

ALWAYS_INLINE enum stop stop_at(struct trail *t, unsigned level, uint64_t tables, enum stop stop)
{
	t->level = (uint8_t)level;
	t->tables = tables;
	return stop;
}

static COLD enum stop stop_without_memory(struct walk *w, const struct format *f, struct trail *t,
					  unsigned level, uint64_t at,
					  const struct ept_target *target, bool recording)
{
	enum udv_dimension dimension = f->ept ? UDV_DIM_EPT : UDV_DIM_GUEST;

	if (recording)
		record_read(w, f, t, level, at, target, 0, UDV_STEP_NO_MEMORY);
	refuse_no_memory(w, t->address[level], dimension, level, target);
	return STOP_FILLED;
}

/*
 * Goes down from @root by @address. @target is what an EPT descent is for; NULL for the guest's
 * own, whose tables lie behind @ept_levels levels of EPT.
 */
ALWAYS_INLINE enum stop descend(struct walk *w, const struct format *f,
				const struct udv_paging_dimension *d, struct trail *t,
				uint64_t root, uint64_t address, const struct ept_target *target,
				unsigned ept_levels, bool recording, struct leaf *end)
{
	const unsigned index_mask = (1u << f->index_bits) - 1;
	const struct udv_paging *p = w->paging;
	uint64_t table = root, tables = ~0ull;
	unsigned level;

	t->top = f->top;
	/* Unrolled, so that shifts and masks are constants. */
#pragma GCC unroll 5
	for (level = f->top; level >= 1; level--) {
		unsigned shift = 12 + f->index_bits * (level - 1);
		uint64_t at = table + (address >> shift & index_mask) * f->entry_size;
		uint64_t hpa = at;
		uint64_t entry;
		bool leaf;

		if (!f->ept && ept_levels) {
			w->entry_gpa[level] = at;
			if (!locate(w, ept_levels, level, at, &hpa, recording))
				return STOP_FILLED;
		}
		t->address[level] = hpa;
		if (unlikely(!read_entry(p, hpa, f->entry_size, &entry)))
			return stop_without_memory(w, f, t, level, at, target, recording);
		t->entry[level] = entry;
		if (recording)
			record_entry(w, f, d, t, level, at, target);
		/* All but the leaf are plain, execute-only tables of EPT aside. */
		if (level == 1 || unlikely((entry & d->plain[level]) != BIT(0))) {
			leaf = level == 1 || (level <= 3 && entry & d->page_size[level]);
			if (unlikely(!(entry & (f->ept ? d->present : PTE_P))))
				return stop_at(t, level, tables, STOP_NOT_PRESENT);
			if (unlikely(entry_reserved(p, f, d, level, leaf, entry)))
				return stop_at(t, level, tables, STOP_RESERVED);
			if (leaf) {
				end->entry = entry;
				end->offset = BIT(shift) - 1;
				end->combined = tables & (f->ept ? entry : entry ^ PTE_XD);
				end->page_shift = (uint8_t)shift;
				return stop_at(t, level, tables, STOP_LEAF);
			}
		}
		tables &= f->ept ? entry : entry ^ PTE_XD;
		table = entry & ENTRY_ADDRESS;
	}
	__builtin_unreachable(); /* an entry at level 1 is a leaf */
}

/* The byte address that the leaf gives @address. */
ALWAYS_INLINE uint64_t leaf_address(const struct format *f, const struct leaf *end,
				    uint64_t address, uint8_t *page_shift)
{
	uint64_t page = end->entry & ENTRY_ADDRESS & ~end->offset;

	*page_shift = end->page_shift;
	/* A 4-MByte page keeps address bits 39:32 in bits 20:13. */
	if (f->entry_size == 4 && end->page_shift == 22)
		page |= udv_pse36_address(end->entry);
	return page | (address & end->offset);
}

/* Translates and judges, but writes nothing yet. */
ALWAYS_INLINE bool ept_translate(struct walk *w, unsigned ept_levels,
				 const struct ept_target *target, struct trail *t, uint64_t *hpa,
				 uint8_t *page_shift, struct leaf *end, bool recording)
{
	const struct format *f = ept_levels == 4 ? &format_ept4 : &format_ept5;
	const struct udv_paging *p = w->paging;

	if (ept_levels == 4 && unlikely(target->gpa >> 48))
		return refuse_ept(w, UDV_WALK_EPT_VIOLATION, UDV_CAUSE_EPT_WIDTH, t, target);
	switch (descend(w, f, &p->ept, t, p->ept.root, target->gpa, target, 0, recording, end)) {
	case STOP_LEAF:
		break;
	case STOP_NOT_PRESENT:
		return refuse_ept(w, UDV_WALK_EPT_VIOLATION, UDV_CAUSE_NOT_PRESENT, t, target);
	case STOP_RESERVED:
		return refuse_ept(w, UDV_WALK_EPT_MISCONFIG, ept_misconfig_cause(p, t), t, target);
	default:
		return false;
	}
	if (!ept_allows(w, t, end, target))
		return false;
	*hpa = leaf_address(f, end, target->gpa, page_shift);
	return true;
}

/* Judged last, and only for an access that is allowed. */
ALWAYS_INLINE bool log_has_room(struct walk *w, const struct trail *t,
				const struct ept_target *target)
{
	const struct udv_paging *p = w->paging;

	if (likely(!(p->config.ept_controls & UDV_EPT_PML) || w->pml_index <= PML_LAST_INDEX))
		return true;
	if (!p->ept_ad || !paging_needs_ept_flags(w, t, target->kind & UDV_ACCESS_WRITE))
		return true;
	return refuse_ept(w, UDV_WALK_PML_FULL, UDV_CAUSE_PML_FULL, t, target);
}

ALWAYS_INLINE bool ept_set_flags(struct walk *w, struct trail *t, const struct leaf *end,
				 const struct ept_target *target)
{
	bool dirty = target->kind & UDV_ACCESS_WRITE;

	if (!w->paging->ept_ad)
		return true;
	if (likely(end->combined & EPT_A && (!dirty || end->entry & EPT_D)))
		return true;
	return paging_set_ept_flags(w, t, target, dirty);
}

/* A guest paging-structure entry: with EPT A/D flags its access counts as a write. */
ALWAYS_INLINE bool ept_table(struct walk *w, unsigned ept_levels, unsigned guest_level,
			     uint64_t gpa, uint64_t *hpa, bool recording)
{
	struct ept_target target = {
		.gpa = gpa,
		.stage = UDV_STAGE_TABLE,
		.guest_level = (uint8_t)guest_level,
		.kind = w->paging->ept_ad ? UDV_ACCESS_READ | UDV_ACCESS_WRITE : UDV_ACCESS_READ,
	};
	struct trail *t = &w->ept[guest_level];
	struct leaf end = { 0 };
	uint8_t page_shift;

	return ept_translate(w, ept_levels, &target, t, hpa, &page_shift, &end, recording) &&
	       log_has_room(w, t, &target) && ept_set_flags(w, t, &end, &target);
}

static NOINLINE bool ept4_table(struct walk *w, unsigned guest_level, uint64_t gpa, uint64_t *hpa)
{
	return ept_table(w, 4, guest_level, gpa, hpa, false);
}

static NOINLINE bool ept5_table(struct walk *w, unsigned guest_level, uint64_t gpa, uint64_t *hpa)
{
	return ept_table(w, 5, guest_level, gpa, hpa, false);
}

static NOINLINE bool ept4_table_recorded(struct walk *w, unsigned guest_level, uint64_t gpa,
					 uint64_t *hpa)
{
	return ept_table(w, 4, guest_level, gpa, hpa, true);
}

static NOINLINE bool ept5_table_recorded(struct walk *w, unsigned guest_level, uint64_t gpa,
					 uint64_t *hpa)
{
	return ept_table(w, 5, guest_level, gpa, hpa, true);
}

/* With EPT A/D flags off, setting a guest flag is a write that EPT may refuse. */
static NOINLINE bool guest_flags_allowed(struct walk *w, bool dirty)
{
	const struct trail *t = &w->guest;

	for (unsigned level = t->top; level >= t->level; level--) {
		uint64_t flags = PTE_A | (dirty && level == t->level ? PTE_D : 0);
		struct ept_target target = {
			.gpa = w->entry_gpa[level],
			.stage = UDV_STAGE_TABLE,
			.guest_level = (uint8_t)level,
			.kind = UDV_ACCESS_READ | UDV_ACCESS_WRITE,
		};

		if (flags & ~t->entry[level] && !ept_allows_paging_write(w->paging, &w->ept[level]))
			return refuse_ept(w, UDV_WALK_EPT_VIOLATION, UDV_CAUSE_EPT_AD_UPDATE,
					  &w->ept[level], &target);
	}
	return true;
}

/* True if every guest entry used lies on a page whose EPT leaf lets the processor write it. */
static bool guest_paging_verified(const struct walk *w)
{
	const struct trail *t = &w->guest;

	if (!w->linear)
		return !w->unverified;
	if (w->paging->mode == UDV_PAGING_NONE)
		return true;
	for (unsigned level = t->top; level >= t->level; level--)
		if (!(leaf_of(&w->ept[level]) & EPT_PAGING_WRITE))
			return false;
	return true;
}

/* The last translation of a walk, judged in full. Its flags wait for the guest's. */
ALWAYS_INLINE bool ept_final(struct walk *w, unsigned ept_levels, const struct ept_target *target,
			     struct leaf *end, bool recording)
{
	struct udv_walk_result *r = w->result;
	const struct udv_paging *p = w->paging;
	struct trail *t = &w->ept[0];

	if (!ept_translate(w, ept_levels, target, t, &r->hpa.value, &r->ept_page_shift, end,
			   recording))
		return false;
	if (unlikely(p->config.ept_controls & UDV_EPT_VERIFICATION) &&
	    target->stage == UDV_STAGE_FINAL && end->entry & EPT_VERIFY_GUEST_PAGING &&
	    !guest_paging_verified(w))
		return refuse_ept(w, UDV_WALK_EPT_VIOLATION, UDV_CAUSE_EPT_VERIFICATION, t, target);
	return log_has_room(w, t, target);
}

/* Guest rights (3.2 of the walk's order), then everything that follows from the final address. */
ALWAYS_INLINE bool finish_linear(struct walk *w, const struct format *f, const struct leaf *end,
				 uint64_t gla, unsigned ept_levels, bool recording)
{
	const struct udv_paging *p = w->paging;
	struct udv_walk_result *r = w->result;
	struct trail *t = &w->guest;
	bool dirty = w->access & UDV_ACCESS_WRITE;
	bool keys = f->top >= 4 && p->config.cr4 & (CR4_PKE | CR4_PKS);
	bool set_flags = !(end->combined & PTE_A) || (dirty && !(end->entry & PTE_D));
	uint8_t rights = guest_rights_of(end->combined);
	struct ept_target target = {
		.stage = UDV_STAGE_FINAL,
		.kind = (uint8_t)(w->access & UDV_ACCESS_KIND),
	};
	struct leaf final = { 0 };
	enum udv_cause cause;

	/* Entries of 4 bytes have no XD. */
	if (f->entry_size == 4)
		rights &= (uint8_t)~UDV_GUEST_NX;
	r->guest_rights = rights;
	cause = guest_refusal(p, w->access, t, rights);
	if (unlikely(keys) && key_denies(p, w->access, end->entry, rights))
		return refuse_guest(w, cause ? cause : UDV_CAUSE_KEY,
				    access_error_code(p, w->access) | UDV_PF_P | UDV_PF_PK);
	if (unlikely(cause))
		return refuse_guest(w, cause, access_error_code(p, w->access) | UDV_PF_P);

	target.gpa = leaf_address(f, end, gla, &r->guest_page_shift);
	r->gpa.value = target.gpa;
	r->stage = UDV_STAGE_FINAL;
	if (ept_levels) {
		if (unlikely(set_flags) && !p->ept_ad && !guest_flags_allowed(w, dirty))
			return false;
		if (!ept_final(w, ept_levels, &target, &final, recording))
			return false;
		r->ept_rights = ept_rights_of(p, final.combined);
	} else {
		r->hpa.value = target.gpa;
	}
	if (unlikely(set_flags) && !paging_set_guest_flags(w, f->entry_size, dirty))
		return false;
	if (ept_levels) {
		if (!ept_set_flags(w, &w->ept[0], &final, &target))
			return false;
		r->ept_leaf = leaf_of(&w->ept[0]);
	}
	r->guest_leaf = leaf_of(t);
	return true;
}

/* PAE paging: the PDPTE register takes the place of the top level. */
static bool pae_root(struct walk *w, uint64_t gla, uint64_t *root)
{
	unsigned number = (unsigned)(gla >> 30) & 3u;
	uint64_t pdpte = w->paging->config.pdpte[number];

	*root = pdpte & ENTRY_ADDRESS;
	if (unlikely(w->record != NULL)) {
		struct udv_step step = {
			.address = UDV_HPA(number),
			.value = pdpte,
			.new_value = pdpte,
			.dimension = UDV_DIM_GUEST,
			.level = 3,
			.size = 8,
			.flags = UDV_STEP_REGISTER,
		};

		if (!(pdpte & PTE_P))
			step.flags |= UDV_STEP_NOT_PRESENT;
		record_step(w, &step);
	}
	if (likely(pdpte & PTE_P))
		return true;
	w->guest.level = 3;
	w->guest.address[3] = number;
	w->guest.entry[3] = pdpte;
	return refuse_guest(w, UDV_CAUSE_NOT_PRESENT, access_error_code(w->paging, w->access));
}

ALWAYS_INLINE bool walk_linear(struct walk *w, const struct format *f, uint64_t gva,
			       unsigned ept_levels, bool recording)
{
	const struct udv_paging *p = w->paging;
	uint64_t root = p->guest.root;
	uint64_t gla = gva;
	struct leaf end = { 0 };

	if (f->top >= 4 && !linear_allowed(w, f->top, &gla))
		return false;
	if (p->mode == UDV_PAGING_PAE && !pae_root(w, gla, &root))
		return false;
	switch (descend(w, f, &p->guest, &w->guest, root, gla, NULL, ept_levels, recording, &end)) {
	case STOP_LEAF:
		return finish_linear(w, f, &end, gla, ept_levels, recording);
	case STOP_NOT_PRESENT:
		return refuse_guest(w, UDV_CAUSE_NOT_PRESENT, access_error_code(p, w->access));
	case STOP_RESERVED:
		return refuse_guest(w, UDV_CAUSE_RESERVED_BIT,
				    access_error_code(p, w->access) | UDV_PF_P | UDV_PF_RSVD);
	default:
		return false;
	}
}

/* EPT alone, for an address that no guest table gave: PG = 0, or one without a linear address. */
ALWAYS_INLINE bool walk_physical(struct walk *w, const struct ept_target *target,
				 unsigned ept_levels, bool recording)
{
	struct udv_walk_result *r = w->result;
	struct trail *t = &w->ept[0];
	struct leaf end = { 0 };

	r->gpa.value = target->gpa;
	r->stage = target->stage;
	r->hpa.value = target->gpa;
	if (!ept_levels)
		return true;
	if (!ept_final(w, ept_levels, target, &end, recording) ||
	    !ept_set_flags(w, t, &end, target))
		return false;
	r->ept_leaf = leaf_of(t);
	r->ept_rights = ept_rights_of(w->paging, end.combined);
	return true;
}

ALWAYS_INLINE bool walk_unpaged(struct walk *w, uint64_t gva, unsigned ept_levels, bool recording)
{
	struct ept_target target = {
		.gpa = gva,
		.stage = UDV_STAGE_FINAL,
		.kind = (uint8_t)(w->access & UDV_ACCESS_KIND),
	};

	w->result->guest_rights = UDV_GUEST_USER | UDV_GUEST_WRITE;
	return walk_physical(w, &target, ept_levels, recording);
}

ALWAYS_INLINE bool walk_mode(struct walk *w, const struct format *f, uint64_t gva,
			     unsigned ept_levels, bool recording)
{
	return f ? walk_linear(w, f, gva, ept_levels, recording)
		 : walk_unpaged(w, gva, ept_levels, recording);
}

/* The instances: a paging mode, an EPT depth, recording or not. */
typedef bool walk_fn(struct walk *w, uint64_t gva);

#define WALK(name, format, depth)                                                                  \
	static bool name##_ept##depth(struct walk *w, uint64_t gva)                                \
	{                                                                                          \
		return walk_mode(w, format, gva, depth, false);                                    \
	}                                                                                          \
	static bool name##_ept##depth##_recorded(struct walk *w, uint64_t gva)                     \
	{                                                                                          \
		return walk_mode(w, format, gva, depth, true);                                     \
	}

#define WALKS(name, format)                                                                        \
	WALK(name, format, 0)                                                                      \
	WALK(name, format, 4)                                                                      \
	WALK(name, format, 5)

WALKS(none, NULL)
WALKS(legacy, &format_32bit)
WALKS(pae, &format_pae)
WALKS(four, &format_4_level)
WALKS(five, &format_5_level)

#define ROW(name)                                                                                  \
	{                                                                                          \
		{ name##_ept0, name##_ept0_recorded }, { name##_ept4, name##_ept4_recorded },      \
		{                                                                                  \
			name##_ept5, name##_ept5_recorded                                          \
		}                                                                                  \
	}

static walk_fn *const walks[][3][2] = {
	[UDV_PAGING_NONE] = ROW(none),	  [UDV_PAGING_32BIT] = ROW(legacy),
	[UDV_PAGING_PAE] = ROW(pae),	  [UDV_PAGING_4_LEVEL] = ROW(four),
	[UDV_PAGING_5_LEVEL] = ROW(five),
};

static inline unsigned depth_index(unsigned ept_levels)
{
	return ept_levels ? ept_levels - 3 : 0;
}

/* Everything an attempt starts from. The trails need no clearing: a descent writes what it reads.
 */
ALWAYS_INLINE void start(struct walk *w)
{
	w->changed = false;
	w->nr_pending = 0;
	w->pml_index = w->paging->pml_index;
	w->result->outcome = UDV_WALK_OK;
	w->result->stage = UDV_STAGE_NONE;
	w->result->gpa.value = 0;
	w->result->hpa.value = 0;
	w->result->guest_leaf = 0;
	w->result->ept_leaf = 0;
	w->result->guest_rights = 0;
	w->result->ept_rights = 0;
	w->result->guest_page_shift = 0;
	w->result->ept_page_shift = 0;
	w->result->write_by_spp = false;
}

/* True if the attempt has to be made again, because an entry changed under it. */
static COLD bool try_again(struct walk *w, unsigned attempt)
{
	if (!w->changed)
		return false;
	if (attempt >= MAX_ATTEMPTS) {
		w->result->outcome = UDV_WALK_CONTENDED;
		w->result->fault = (struct udv_fault){ .cause = UDV_CAUSE_CONTENDED };
		return false;
	}
	if (w->record) {
		w->record->restarts++;
		w->record->nr_steps = 0;
	}
	return true;
}

ALWAYS_INLINE enum udv_outcome walk_all(struct udv_paging *paging, uint32_t access, udv_gva_t gva,
					struct udv_walk_result *result,
					struct udv_walk_record *record)
{
	walk_fn *walk = walks[paging->mode][depth_index(paging->ept_levels)][record != NULL];
	struct walk w;
	unsigned attempt = 0;

	w.paging = paging;
	w.result = result;
	w.record = record;
	w.access = access;
	w.linear = true;
	do {
		start(&w);
		result->gla = gva;
		if (likely(walk(&w, gva.value)))
			return UDV_WALK_OK;
	} while (try_again(&w, ++attempt));
	return result->outcome;
}

enum udv_outcome udv_walk(struct udv_paging *paging, uint32_t access, udv_gva_t gva,
			  struct udv_walk_result *result)
{
	return walk_all(paging, access, gva, result, NULL);
}

static void clear_record(struct udv_walk_record *record)
{
	record->nr_steps = 0;
	record->restarts = 0;
	record->nr_pml = 0;
}

enum udv_outcome udv_walk_recorded(struct udv_paging *paging, uint32_t access, udv_gva_t gva,
				   struct udv_walk_result *result, struct udv_walk_record *record)
{
	clear_record(record);
	return walk_all(paging, access, gva, result, record);
}

static bool walk_one_gpa(struct walk *w, const struct ept_target *target)
{
	switch (w->paging->ept_levels) {
	case 4:
		return w->record ? walk_physical(w, target, 4, true)
				 : walk_physical(w, target, 4, false);
	case 5:
		return w->record ? walk_physical(w, target, 5, true)
				 : walk_physical(w, target, 5, false);
	default:
		return walk_physical(w, target, 0, false);
	}
}

enum udv_outcome udv_walk_gpa(struct udv_paging *paging, uint32_t access, udv_gpa_t gpa,
			      const struct udv_gpa_origin *origin, struct udv_walk_result *result,
			      struct udv_walk_record *record)
{
	struct ept_target target = {
		.gpa = gpa.value,
		.stage = origin->stage,
		.kind = (uint8_t)(access & UDV_ACCESS_KIND),
	};
	struct walk w = {
		.paging = paging,
		.result = result,
		.record = record,
		.access = access,
		.unverified = origin->unverified,
	};
	unsigned attempt = 0;

	if (record)
		clear_record(record);
	do {
		start(&w);
		result->gla = origin->stage == UDV_STAGE_NONE ? UDV_GVA(0) : origin->gla;
		if (origin->stage == UDV_STAGE_FINAL)
			result->guest_rights = origin->guest_rights;
		if (walk_one_gpa(&w, &target))
			return UDV_WALK_OK;
	} while (try_again(&w, ++attempt));
	return result->outcome;
}
