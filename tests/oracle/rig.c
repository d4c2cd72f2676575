/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "rig.h"

#define WINDOW_PAGES 16 /* of MEMORY_BOTH */

/* ------------------------------------------------------------------ recording memory */

static void record_access(struct rig *rig, bool write, uint64_t address, unsigned size,
			  uint64_t value)
{
	if (rig->nr_accesses < RIG_MAX_ACCESSES)
		rig->accesses[rig->nr_accesses++] = (struct rig_access){
			.write = write,
			.size = (uint8_t)size,
			.address = address,
			.value = value,
		};
}

static bool inside(const struct rig *rig, uint64_t address)
{
	return address >= rig->world.base && address - rig->world.base < 8ull * WORLD_WORDS;
}

static bool rig_read(void *opaque, udv_hpa_t address, unsigned size, uint64_t *value)
{
	struct rig *rig = opaque;

	if (!inside(rig, address.value))
		return false;
	*value = world_get(&rig->world, rig->words, address.value, size);
	record_access(rig, false, address.value, size, *value);
	return true;
}

static enum udv_cas rig_compare_exchange(void *opaque, udv_hpa_t address, unsigned size,
					 uint64_t expected, uint64_t desired)
{
	struct rig *rig = opaque;

	if (!inside(rig, address.value))
		return UDV_CAS_NO_MEMORY;
	if (world_get(&rig->world, rig->words, address.value, size) != expected)
		return UDV_CAS_CHANGED;
	world_set(&rig->world, rig->words, address.value, size, desired);
	record_access(rig, true, address.value, size, desired);
	return UDV_CAS_DONE;
}

void rig_init(struct rig *rig)
{
	memset(rig, 0, sizeof(*rig));
	rig->oracle_memory.words = rig->oracle_words;
	rig->oracle_memory.nr_words = WORLD_WORDS;
}

static void set_up_memory(struct rig *rig)
{
	struct udv_memory with_calls = {
		.read = rig_read,
		.compare_exchange = rig_compare_exchange,
		.opaque = rig,
	};

	for (unsigned kind = 0; kind < NR_MEMORIES; kind++) {
		struct udv_memory *m = &rig->memory[kind];

		*m = with_calls;
		if (kind != MEMORY_CALLBACKS) {
			m->nr_windows = 1;
			m->windows[0].base = rig->world.base;
			m->windows[0].host = rig->words;
			m->windows[0].size = 8ull * WORLD_WORDS;
		}
		if (kind == MEMORY_WINDOW)
			m->read = NULL, m->compare_exchange = NULL;
		if (kind == MEMORY_BOTH)
			m->windows[0].size = 4096ull * WINDOW_PAGES;
		rig->ready[kind] = false;
	}
}

/* ------------------------------------------------------------------ preparing */

static void choose_world(struct rig *rig, const uint16_t *digit)
{
	struct world_shape shape;

	case_shape(digit, &shape);
	if (rig->world_valid && memcmp(&shape, &rig->world.shape, sizeof(shape)) == 0)
		return;
	world_build(&rig->world, &shape);
	rig->world_valid = true;
	memset(rig->oracle_words, 0, sizeof(rig->oracle_words));
	memset(rig->words, 0, sizeof(rig->words));
	rig->oracle_memory.base = rig->world.base;
	set_up_memory(rig);
}

static void reset(struct rig *rig, uint64_t *words)
{
	for (unsigned i = 0; i < rig->world.nr_known; i++)
		words[rig->world.known[i]] = rig->pristine[rig->world.known[i]];
}

void rig_prepare(struct rig *rig, const uint16_t *digit)
{
	memcpy(rig->test.digit, digit, sizeof(rig->test.digit));
	case_normalise(rig->test.digit);
	choose_world(rig, rig->test.digit);
	for (unsigned i = 0; i < rig->world.nr_known; i++)
		rig->pristine[rig->world.known[i]] = rig->world.words[rig->world.known[i]];
	case_prepare(&rig->test, &rig->world, rig->pristine);
}

static bool loads_pdptes(const struct test_case *c)
{
	return c->entry_point == ENTRY_PDPTES || c->entry_point == ENTRY_PDPTES_BAD;
}

void rig_run_oracle(struct rig *rig)
{
	const struct test_case *c = &rig->test;

	reset(rig, rig->oracle_words);
	memset(rig->expected_pdpte, 0xee, sizeof(rig->expected_pdpte));
	if (c->entry_point == ENTRY_REPORT)
		l1_run_oracle(rig);
	else if (c->entry_point == ENTRY_WALK)
		oracle_walk(&c->config, &rig->oracle_memory, c->access, c->gva, &rig->expected);
	else if (loads_pdptes(c))
		oracle_load_pdptes(&c->config, &rig->oracle_memory, 0, c->config.cr3,
				   rig->expected_pdpte, &rig->expected);
	else
		oracle_walk_gpa(&c->config, &rig->oracle_memory, c->access, c->gpa, &c->origin,
				&rig->expected);
	rig->expected_convertible = oracle_convertible(
		&c->config, &rig->oracle_memory,
		c->entry_point == ENTRY_REPORT ? rig->expected_l1.access : c->access,
		&rig->expected);
}

bool rig_peeks(const struct rig *rig, enum rig_variant variant)
{
	if (rig->test.entry_point == ENTRY_REPORT && rig->expected_l1.access & UDV_ACCESS_PEEK)
		return true;
	return variant == RIG_PEEK;
}

static struct udv_paging *prepared(struct rig *rig, const struct test_case *c)
{
	unsigned kind = c->digit[D_MEMORY];
	struct udv_paging *paging = &rig->paging[kind];

	if (!rig->ready[kind] || memcmp(&rig->config[kind], &c->config, sizeof(c->config)) != 0) {
		rig->config[kind] = c->config;
		rig->ready[kind] =
			udv_paging_init(paging, &rig->config[kind], &rig->memory[kind]) == UDV_OK;
		if (!rig->ready[kind]) {
			rig->problem = udv_paging_problem(&c->config);
			return NULL;
		}
	}
	paging->pml_index = c->config.pml_index;
	return paging;
}

/* That this reads the area is no access of the walk's. */
static void look_for_ve(struct rig *rig, struct udv_paging *paging)
{
	unsigned nr_accesses = rig->nr_accesses;

	rig->got_convertible = udv_ve_convertible(paging, &rig->got);
	rig->nr_accesses = nr_accesses;
}

const char *rig_run_library(struct rig *rig, enum rig_variant variant)
{
	const struct test_case *c = &rig->test;
	uint32_t peek = variant == RIG_PEEK ? UDV_ACCESS_PEEK : 0;
	uint32_t access = c->access | peek;
	bool recorded = variant == RIG_RECORDED;
	struct udv_paging *paging = prepared(rig, c);
	const struct udv_gpa_origin *origin = &c->origin;
	enum udv_outcome outcome;

	if (!paging)
		return "registers refused";
	reset(rig, rig->words);
	rig->nr_accesses = 0;
	memset(&rig->got, 0xa5, sizeof(rig->got));
	memset(rig->got_pdpte, 0xee, sizeof(rig->got_pdpte));
	if (c->entry_point == ENTRY_REPORT) {
		access = l1_library_access(rig, paging);
		if (!access)
			return NULL;
		access |= peek;
		origin = &rig->got_l1.origin;
	}
	if (loads_pdptes(c))
		outcome = udv_load_pdptes(paging, access & UDV_ACCESS_PEEK, c->config.cr3,
					  rig->got_pdpte, &rig->got);
	else if (c->entry_point != ENTRY_WALK)
		outcome = udv_walk_gpa(paging, access, UDV_GPA(c->gpa), origin, &rig->got,
				       recorded ? &rig->record : NULL);
	else if (recorded)
		outcome =
			udv_walk_recorded(paging, access, UDV_GVA(c->gva), &rig->got, &rig->record);
	else
		outcome = udv_walk(paging, access, UDV_GVA(c->gva), &rig->got);
	look_for_ve(rig, paging);
	if (c->entry_point == ENTRY_REPORT)
		l1_library_reflect(rig, paging);
	return outcome == rig->got.outcome ? NULL : "returned outcome";
}

/* ------------------------------------------------------------------ comparing */

static bool in_log(const struct rig *rig, uint64_t address)
{
	return address >> 12 == rig->world.pml >> 12;
}

static bool same_access(const struct rig_access *a, const struct oracle_event *e)
{
	return a->write == e->write && a->address == e->address && a->size == e->size &&
	       a->value == (e->write ? e->new_value : e->value);
}

/* W4: the order of writing is the oracle's. The library may look at the log before it writes there:
 * no architectural read. */
static const char *compare_sequence(const struct rig *rig)
{
	unsigned k = 0;

	for (unsigned i = 0; i < rig->nr_accesses; i++) {
		const struct rig_access *a = &rig->accesses[i];
		const struct oracle_event *e;

		while (k < rig->oracle_memory.nr_events &&
		       (rig->oracle_memory.events[k].flags & UDV_STEP_REGISTER))
			k++;
		e = &rig->oracle_memory.events[k];
		if (k < rig->oracle_memory.nr_events && same_access(a, e))
			k++;
		else if (a->write || !in_log(rig, a->address))
			return "sequence of accesses";
	}
	while (k < rig->oracle_memory.nr_events &&
	       (rig->oracle_memory.events[k].flags & UDV_STEP_REGISTER))
		k++;
	return k == rig->oracle_memory.nr_events ? NULL : "an access missing";
}

static const char *compare_step(const struct oracle_event *e, const struct udv_step *s)
{
	uint8_t ignored = 0;

	if (s->address.value != e->address)
		return "step address";
	if (s->value != e->value || s->new_value != e->new_value)
		return "step value";
	if (s->dimension != e->dimension || s->level != e->level || s->size != e->size)
		return "step dimension, level or size";
	if (e->dimension != UDV_DIM_GUEST &&
	    (s->stage != e->stage || s->guest_level != e->guest_level))
		return "step stage";
	if (!(e->flags & UDV_STEP_REGISTER) && s->gpa.value != e->gpa)
		return "step gpa";
	/* Whether a bad entry, or one of the SPPT, maps a page has no meaning. */
	if (e->dimension == UDV_DIM_SPP || (e->flags & UDV_STEP_BAD))
		ignored = UDV_STEP_LEAF;
	return (s->flags | ignored) == (e->flags | ignored) ? NULL : "step flags";
}

/*
 * True if memory that was written served in two roles: an EPT table that the guest's tables name as
 * one of theirs, or one table at two levels of EPT. The library then starts anew (W5), and a peek,
 * which writes nothing, reads the second role as it was. Asked only where something differs.
 */
bool rig_roles_shared(const struct rig *rig)
{
	const struct oracle_memory *m = &rig->oracle_memory;

	for (unsigned i = 0; i < m->nr_events; i++) {
		const struct oracle_event *role = NULL;

		if (!m->events[i].write)
			continue;
		for (unsigned j = 0; j < m->nr_events; j++) {
			const struct oracle_event *e = &m->events[j];

			if (e->write || e->flags & UDV_STEP_REGISTER ||
			    (e->address ^ m->events[i].address) & ~7ull)
				continue;
			if (role && (role->dimension != e->dimension || role->level != e->level))
				return true;
			role = e;
		}
	}
	return false;
}

static const char *compare_record(const struct rig *rig)
{
	const struct udv_walk_record *record = &rig->record;
	const struct oracle_result *expected = &rig->expected;
	unsigned n = 0;

	if (expected->outcome == UDV_WALK_NO_MEMORY || expected->entry_reused)
		return NULL;
	for (unsigned i = 0; i < rig->oracle_memory.nr_events; i++) {
		const struct oracle_event *e = &rig->oracle_memory.events[i];
		const char *difference;

		if (e->write)
			continue;
		if (n == record->nr_steps)
			return "a step missing";
		difference = compare_step(e, &record->steps[n++]);
		if (difference)
			return rig_roles_shared(rig) ? NULL : difference;
	}
	if (n != record->nr_steps)
		return "a step too many";
	if (record->restarts != 0)
		return "restarts";
	if (record->nr_pml != expected->nr_pml)
		return "number of logged pages";
	for (unsigned i = 0; i < record->nr_pml && i < UDV_MAX_PML; i++)
		if (record->pml[i].value != expected->pml[i])
			return "logged page";
	return NULL;
}

static const char *compare_memory(const struct rig *rig, const uint64_t *expected)
{
	for (unsigned i = 0; i < rig->world.nr_known; i++) {
		uint16_t k = rig->world.known[i];

		if (rig->words[k] != expected[k])
			return "memory afterwards";
	}
	return NULL;
}

/* W15 */
static const char *compare_peek(const struct rig *rig)
{
	for (unsigned i = 0; i < rig->nr_accesses; i++)
		if (rig->accesses[i].write)
			return "peek wrote";
	if (rig->paging[rig->test.digit[D_MEMORY]].pml_index != rig->test.config.pml_index)
		return "peek moved the PML index";
	return compare_memory(rig, rig->pristine);
}

const char *rig_compare(struct rig *rig, enum rig_variant variant)
{
	bool peek = rig_peeks(rig, variant);
	const char *difference = NULL;
	unsigned kind = rig->test.digit[D_MEMORY];

	if (rig->test.entry_point == ENTRY_REPORT) {
		difference = l1_compare(rig);
		if (difference || !rig->expected_l1.access)
			return difference;
	}
	difference = compare_results(rig, peek);
	if (difference)
		return difference;
	if (rig->got_convertible != rig->expected_convertible)
		return "convertible to #VE";
	if (peek)
		return compare_peek(rig);
	difference = compare_memory(rig, rig->oracle_words);
	if (difference)
		return difference;
	if (rig->paging[kind].pml_index != rig->expected.pml_index)
		return "PML index";
	if (memcmp(rig->got_pdpte, rig->expected_pdpte, sizeof(rig->got_pdpte)) != 0)
		return "PDPTEs";
	if (kind == MEMORY_CALLBACKS && !rig->expected.entry_reused &&
	    rig->expected.outcome != UDV_WALK_NO_MEMORY) {
		difference = compare_sequence(rig);
		if (difference && !rig_roles_shared(rig))
			return difference;
	}
	if (variant == RIG_RECORDED && !loads_pdptes(&rig->test))
		return compare_record(rig);
	return NULL;
}

const char *rig_run(struct rig *rig, const uint16_t *digit, unsigned variants)
{
	rig_prepare(rig, digit);
	rig_run_oracle(rig);
	for (unsigned variant = RIG_PLAIN; variant <= RIG_PEEK; variant <<= 1) {
		const char *difference;

		if (!(variants & variant))
			continue;
		difference = rig_run_library(rig, (enum rig_variant)variant);
		if (!difference)
			difference = rig_compare(rig, (enum rig_variant)variant);
		if (difference)
			return difference;
	}
	return NULL;
}
