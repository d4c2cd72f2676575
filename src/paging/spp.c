/* SPDX-License-Identifier: MIT */
#include "paging/walk.h"

/*
 * Sub-page write permissions: a four-level table of its own, keyed by guest-physical address,
 * whose last level holds a vector of write bits for the 32 sub-pages of a 4-KByte page.
 * SDM Vol 3C "Sub-Page Write Permissions".
 */

#define SPPT_TOP 4

static unsigned sppt_index(uint64_t gpa, unsigned level)
{
	return (unsigned)(gpa >> (12 + 9 * (level - 1))) & 511u;
}

static void record_sppt(struct walk *w, const struct trail *t, const struct ept_target *target,
			uint8_t flags)
{
	struct udv_step step = {
		.address = UDV_HPA(t->address[t->level]),
		.gpa = UDV_GPA(target->gpa),
		.value = t->entry[t->level],
		.new_value = t->entry[t->level],
		.dimension = UDV_DIM_SPP,
		.stage = target->stage,
		.level = t->level,
		.size = 8,
		.flags = flags,
	};

	if (w->record)
		record_step(w, &step);
}

static bool refuse_spp(struct walk *w, enum udv_cause cause, const struct trail *t,
		       const struct ept_target *target)
{
	refuse_ept(w, UDV_WALK_SPP_EVENT, cause, t, target);
	w->result->fault.dimension = UDV_DIM_SPP;
	w->result->fault.flags &= ~UDV_FAULT_LEAF_REACHED;
	w->result->ept_rights = 0;
	return false;
}

static bool bad_entry(const struct udv_paging *p, const struct trail *t)
{
	uint64_t entry = t->entry[t->level];

	if (t->level == 1)
		return entry & SPPT_VECTOR_RESERVED;
	return entry & (SPPT_TABLE_RESERVED | address_bits_from(p->config.maxphyaddr));
}

/* Finds the vector for the page of the target. */
static bool find_vector(struct walk *w, const struct ept_target *target, uint64_t *vector)
{
	const struct udv_paging *p = w->paging;
	struct trail t = { .top = SPPT_TOP, .tables = ~0ull };
	uint64_t table = p->config.sppt_pointer;

	for (t.level = SPPT_TOP; t.level; t.level--) {
		uint64_t address = table + 8ull * sppt_index(target->gpa, t.level);
		uint64_t *entry = &t.entry[t.level];
		bool miss;

		t.address[t.level] = address;
		if (!read_entry(p, address, 8, entry)) {
			record_sppt(w, &t, target, UDV_STEP_NO_MEMORY);
			return refuse_no_memory(w, address, UDV_DIM_SPP, t.level, target);
		}
		miss = t.level > 1 && !(*entry & SPPT_VALID);
		if (miss || bad_entry(p, &t)) {
			record_sppt(w, &t, target, miss ? UDV_STEP_NOT_PRESENT : UDV_STEP_BAD);
			return refuse_spp(w, miss ? UDV_CAUSE_SPP_MISS : UDV_CAUSE_SPP_MISCONFIG,
					  &t, target);
		}
		record_sppt(w, &t, target, t.level == 1 ? UDV_STEP_LEAF : 0);
		table = *entry & ENTRY_ADDRESS;
	}
	*vector = t.entry[1];
	return true;
}

bool paging_spp_allows(struct walk *w, const struct trail *t, const struct ept_target *target)
{
	uint64_t offset = target->gpa & BITS(11, 0);
	uint64_t size = UDV_ACCESS_SIZE_OF(w->access);
	uint64_t last = offset + (size ? size - 1 : 0);
	uint64_t vector = 0;

	if (!find_vector(w, target, &vector))
		return false;
	if (last > BITS(11, 0))
		last = BITS(11, 0);
	for (uint64_t page = offset >> SPP_SUB_PAGE_SHIFT; page <= last >> SPP_SUB_PAGE_SHIFT;
	     page++)
		if (!(vector >> (2 * page) & 1))
			return refuse_ept(w, UDV_WALK_EPT_VIOLATION, UDV_CAUSE_SPP_WRITE, t,
					  target);
	return true;
}
