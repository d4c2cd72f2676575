/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "oracle_internal.h"

/* SDM Vol 3A "Paging", and the order of the two dimensions. */

/* ------------------------------------------------------------------ memory */

bool oracle_memory_has(const struct oracle_memory *memory, uint64_t address)
{
	return address >= memory->base && address - memory->base < 8 * memory->nr_words;
}

uint64_t oracle_memory_get(const struct oracle_memory *memory, uint64_t address, unsigned size)
{
	uint64_t word = memory->words[(address - memory->base) / 8];

	if (size == 8)
		return word;
	return bit(address, 2) ? word >> 32 : word & 0xffffffff;
}

void oracle_memory_set(struct oracle_memory *memory, uint64_t address, unsigned size,
		       uint64_t value)
{
	uint64_t *word = &memory->words[(address - memory->base) / 8];

	if (size == 8)
		*word = value;
	else if (bit(address, 2))
		*word = (*word & 0xffffffff) | value << 32;
	else
		*word = (*word & ~0xffffffffull) | (value & 0xffffffff);
}

static struct oracle_event *new_event(struct oracle *o, uint64_t address, unsigned size)
{
	struct oracle_memory *m = o->memory;
	struct oracle_event *e = &m->events[m->nr_events];

	if (m->nr_events < ORACLE_MAX_EVENTS - 1)
		m->nr_events++;
	memset(e, 0, sizeof(*e));
	e->address = address;
	e->size = (uint8_t)size;
	return e;
}

/* W13: who owns the memory decides what then is. */
void oracle_no_memory(struct oracle *o)
{
	o->result->outcome = UDV_WALK_NO_MEMORY;
	o->result->causes = 1u << UDV_CAUSE_NO_MEMORY;
}

bool oracle_read(struct oracle *o, uint64_t address, unsigned size, uint64_t *value,
		 unsigned *event)
{
	struct oracle_event *e;

	if (!oracle_memory_has(o->memory, address))
		return false;
	*value = oracle_memory_get(o->memory, address, size);
	e = new_event(o, address, size);
	e->value = e->new_value = *value;
	*event = (unsigned)(e - o->memory->events);
	return true;
}

void oracle_write(struct oracle *o, uint64_t address, unsigned size, uint64_t value, bool log)
{
	struct oracle_event *e;

	if (!oracle_memory_has(o->memory, address)) {
		oracle_no_memory(o);
		return;
	}
	e = new_event(o, address, size);
	e->write = true;
	e->log = log;
	e->value = oracle_memory_get(o->memory, address, size);
	e->new_value = value;
	oracle_memory_set(o->memory, address, size, value);
}

void oracle_note_written(struct oracle *o, unsigned event, uint64_t value)
{
	o->memory->events[event].new_value = value;
	o->memory->events[event].flags |= UDV_STEP_WRITTEN;
}

/* ------------------------------------------------------------------ one guest entry */

/* A table access: through EPT as a read, or, with accessed and dirty flags, as a write, too. */
static bool reach_table(struct oracle *o, unsigned level, uint64_t gpa, struct used_entry *u)
{
	struct ept_request request = { .kind = UDV_ACCESS_READ };

	u->hpa = gpa;
	if (!o->config->ept)
		return true;
	if (bit(o->config->eptp, 6)) {
		request.kind |= UDV_ACCESS_WRITE;
		request.paging_write = true;
	}
	if (!ept_find(o, gpa, UDV_STAGE_TABLE, level, &request, &u->ept) ||
	    !ept_judge(o, &request, &u->ept) || !ept_log_ready(o, &request, &u->ept) ||
	    !ept_set_flags(o, &request, &u->ept))
		return false;
	u->hpa = u->ept.hpa;
	return true;
}

static bool get_entry(struct oracle *o, unsigned level, uint64_t gpa, unsigned size,
		      uint64_t *entry)
{
	struct used_entry *u = &o->used[o->nr_used];

	u->level = level;
	u->size = size;
	u->gpa = gpa;
	if (!reach_table(o, level, gpa, u))
		return false;
	if (!oracle_read(o, u->hpa, size, &u->value, &u->event)) {
		oracle_no_memory(o);
		return false;
	}
	o->memory->events[u->event].dimension = UDV_DIM_GUEST;
	o->memory->events[u->event].level = (uint8_t)level;
	o->memory->events[u->event].gpa = gpa;
	o->memory->events[u->event].stage = UDV_STAGE_TABLE;
	o->nr_used++;
	*entry = u->value;
	return true;
}

static void add_rights(const struct oracle *o, struct guest_rights *g, uint64_t entry, bool leaf)
{
	if (!bit(entry, ENTRY_US))
		g->user = false;
	if (!bit(entry, ENTRY_RW))
		g->write = false;
	if (!leaf && !bit(entry, ENTRY_RW))
		g->upper_write = false;
	if (xd_enabled(o) && bit(entry, ENTRY_XD))
		g->no_execute = true;
}

/* ------------------------------------------------------------------ flags of guest entries */

static uint64_t flags_wanted(const struct oracle *o, bool leaf)
{
	uint64_t wanted = 1ull << ENTRY_A;

	if (leaf && is_write(o))
		wanted |= 1ull << ENTRY_D;
	return wanted;
}

/* Without EPT's own flags, the right to write the guest's entries has not been asked for yet. */
static bool flags_writable(struct oracle *o)
{
	struct ept_request request = { .kind = UDV_ACCESS_READ | UDV_ACCESS_WRITE };

	if (!o->config->ept || bit(o->config->eptp, 6))
		return true;
	for (unsigned i = 0; i < o->nr_used; i++) {
		struct used_entry *u = &o->used[i];
		uint64_t wanted = flags_wanted(o, i == o->nr_used - 1);

		if ((u->value & wanted) == wanted || ept_paging_write_allowed(o, &u->ept))
			continue;
		blame(o, UDV_CAUSE_EPT_AD_UPDATE);
		ept_refuse(o, UDV_WALK_EPT_VIOLATION, &request, &u->ept);
		return false;
	}
	return true;
}

/* An entry may have been used twice, in tables that map themselves: always add to what is there. */
static void set_guest_flags(struct oracle *o)
{
	for (unsigned i = 0; i < o->nr_used; i++) {
		struct used_entry *u = &o->used[i];
		uint64_t now = oracle_memory_get(o->memory, u->hpa, u->size);
		uint64_t then = now | flags_wanted(o, i == o->nr_used - 1);

		for (unsigned j = 0; j < o->nr_used; j++)
			if (j != i && o->used[j].hpa == u->hpa)
				o->result->entry_reused = true;
		if (then == now)
			continue;
		oracle_write(o, u->hpa, u->size, then, false);
		oracle_note_written(o, u->event, then);
	}
}

/* ------------------------------------------------------------------ the final access */

static struct ept_request final_request(const struct oracle *o, bool user_address)
{
	return (struct ept_request){
		.kind = o->access & UDV_ACCESS_KIND,
		.shadow_stack = is_shadow_stack(o),
		.supervisor_shadow_stack = is_shadow_stack(o) && !is_user_mode(o),
		.user_address = user_address,
		.spp_eligible = !(o->access & (UDV_ACCESS_RTM | UDV_ACCESS_ENCLAVE)),
	};
}

/* "Guest-Paging Verification" */
static bool verified(struct oracle *o, const struct ept_request *request, struct ept_path *path)
{
	bool passed = !o->unverified;

	if (!(o->config->ept_controls & UDV_EPT_VERIFICATION) || !bit(path->leaf, 57))
		return true;
	for (unsigned i = 0; i < o->nr_used; i++)
		if (!bit(o->used[i].ept.leaf, 58))
			passed = false;
	if (passed)
		return true;
	blame(o, UDV_CAUSE_EPT_VERIFICATION);
	ept_refuse(o, UDV_WALK_EPT_VIOLATION, request, path);
	o->result->flags |= UDV_FAULT_VERIFICATION;
	return false;
}

static void succeed(struct oracle *o, uint64_t gpa, uint64_t hpa)
{
	o->result->outcome = UDV_WALK_OK;
	o->result->gpa = gpa;
	o->result->hpa = hpa;
}

static void note_mapping(struct oracle_result *r, const struct udv_paging_config *config,
			 const struct ept_path *path)
{
	r->ept_leaf = path->leaf;
	r->ept_page_shift = path->page_shift;
	r->ept_rights = (path->every_r ? UDV_EPT_R : 0) | (path->every_w ? UDV_EPT_W : 0) |
			(path->every_x ? UDV_EPT_X : 0);
	if (path->every_xu && (config->ept_controls & UDV_EPT_MBEC))
		r->ept_rights |= UDV_EPT_XU;
}

static void finish(struct oracle *o, uint64_t gpa)
{
	struct oracle_result *r = o->result;
	struct ept_request request = final_request(o, r->guest_rights & UDV_GUEST_USER);
	struct ept_path path;

	r->stage = UDV_STAGE_FINAL;
	if (!o->config->ept) {
		set_guest_flags(o);
		succeed(o, gpa, gpa);
		return;
	}
	if (!ept_find(o, gpa, UDV_STAGE_FINAL, 0, &request, &path) ||
	    !ept_judge(o, &request, &path) || !verified(o, &request, &path) ||
	    !ept_log_ready(o, &request, &path))
		return;
	succeed(o, gpa, path.hpa);
	set_guest_flags(o);
	ept_set_flags(o, &request, &path);
	note_mapping(r, o->config, &path);
}

static void leaf_found(struct oracle *o, const struct guest_rights *g, uint64_t leaf, uint64_t gpa,
		       unsigned page_shift)
{
	struct oracle_result *r = o->result;
	const struct used_entry *u = &o->used[o->nr_used - 1];

	r->guest_rights = (g->user ? UDV_GUEST_USER : 0) | (g->write ? UDV_GUEST_WRITE : 0) |
			  (g->no_execute ? UDV_GUEST_NX : 0);
	r->guest_page_shift = page_shift;
	if (!guest_rights_allow(o, g, leaf) || !flags_writable(o))
		return;
	finish(o, gpa);
	r->guest_leaf = oracle_memory_get(o->memory, u->hpa, u->size);
}

/* ------------------------------------------------------------------ the modes */

static const struct guest_rights everything = { .user = true, .write = true, .upper_write = true };

static void walk_32bit(struct oracle *o, uint64_t la)
{
	struct guest_rights g = everything;
	bool pse = bit(o->config->cr4, CR4_PSE);
	uint64_t pde, pte, gpa;

	if (!get_entry(o, 2, bits(o->config->cr3, 31, 12) + 4 * (bits(la, 31, 22) >> 22), 4, &pde))
		return;
	if (pse && bit(pde, ENTRY_PS)) {
		if (!guest_entry_usable(o, pde, 2, true, reserved_32bit))
			return;
		gpa = bits(pde, 31, 22) | bits(la, 21, 0);
		if (o->config->features & UDV_FEATURE_PSE36)
			gpa |= (bits(pde, 20, 13) >> 13) << 32;
		add_rights(o, &g, pde, true);
		leaf_found(o, &g, pde, gpa, 22);
		return;
	}
	if (!guest_entry_usable(o, pde, 2, false, reserved_32bit))
		return;
	add_rights(o, &g, pde, false);
	if (!get_entry(o, 1, bits(pde, 31, 12) + 4 * (bits(la, 21, 12) >> 12), 4, &pte))
		return;
	if (!guest_entry_usable(o, pte, 1, true, reserved_32bit))
		return;
	add_rights(o, &g, pte, true);
	leaf_found(o, &g, pte, bits(pte, 31, 12) | bits(la, 11, 0), 12);
}

static void note_register(struct oracle *o, unsigned number, uint64_t value)
{
	struct oracle_event *e = new_event(o, number, 8);

	e->value = e->new_value = value;
	e->dimension = UDV_DIM_GUEST;
	e->level = 3;
	e->flags = UDV_STEP_REGISTER;
	if (!bit(value, ENTRY_P))
		e->flags |= UDV_STEP_NOT_PRESENT;
}

static void walk_pae(struct oracle *o, uint64_t la)
{
	struct guest_rights g = everything;
	unsigned number = (unsigned)(bits(la, 31, 30) >> 30);
	uint64_t pdpte = o->config->pdpte[number];
	uint64_t pde, pte;

	note_register(o, number, pdpte);
	if (!bit(pdpte, ENTRY_P)) {
		/* It decides as an entry of level 3 would, with its number for an address. */
		o->used[0] = (struct used_entry){ .level = 3, .hpa = number, .value = pdpte };
		o->nr_used = 1;
		blame(o, UDV_CAUSE_NOT_PRESENT);
		guest_page_fault(o, 0);
		return;
	}
	if (!get_entry(o, 2, bits(pdpte, 51, 12) + 8 * (bits(la, 29, 21) >> 21), 8, &pde))
		return;
	if (!guest_entry_usable(o, pde, 2, bit(pde, ENTRY_PS), reserved_pae))
		return;
	add_rights(o, &g, pde, bit(pde, ENTRY_PS));
	if (bit(pde, ENTRY_PS)) {
		leaf_found(o, &g, pde, bits(pde, 51, 21) | bits(la, 20, 0), 21);
		return;
	}
	if (!get_entry(o, 1, bits(pde, 51, 12) + 8 * (bits(la, 20, 12) >> 12), 8, &pte))
		return;
	if (!guest_entry_usable(o, pte, 1, true, reserved_pae))
		return;
	add_rights(o, &g, pte, true);
	leaf_found(o, &g, pte, bits(pte, 51, 12) | bits(la, 11, 0), 12);
}

static void walk_long(struct oracle *o, uint64_t la)
{
	struct guest_rights g = everything;
	uint64_t table = bits(o->config->cr3, 51, 12);

	for (unsigned level = bit(o->config->cr4, CR4_LA57) ? 5 : 4; level >= 1; level--) {
		unsigned shift = 12 + 9 * (level - 1);
		uint64_t index = bits(la, shift + 8, shift) >> shift;
		uint64_t entry;
		bool leaf;

		if (!get_entry(o, level, table + 8 * index, 8, &entry))
			return;
		leaf = level == 1 || (level <= 3 && bit(entry, ENTRY_PS));
		if (!guest_entry_usable(o, entry, level, leaf, reserved_long))
			return;
		add_rights(o, &g, entry, leaf);
		if (leaf) {
			leaf_found(o, &g, entry, bits(entry, 51, shift) | bits(la, shift - 1, 0),
				   shift);
			return;
		}
		table = bits(entry, 51, 12);
	}
}

/* ------------------------------------------------------------------ the linear address */

/* "Linear-Address-Space Separation (LASS)" */
static bool lass_allows(const struct oracle *o, uint64_t la)
{
	if (!bit(o->config->cr4, CR4_LASS))
		return true;
	if (is_user_mode(o))
		return !bit(la, 63);
	if (bit(la, 63))
		return true;
	if (is_fetch(o))
		return false;
	if (!bit(o->config->cr4, CR4_SMAP))
		return true;
	return (o->access & UDV_ACCESS_AC) && !(o->access & UDV_ACCESS_IMPLICIT);
}

/* "Linear-Address Masking (LAM)": bits from @width to 62 become those of bit @width - 1. */
static uint64_t unmask(uint64_t la, unsigned width)
{
	for (unsigned n = width; n <= 62; n++) {
		la &= ~(1ull << n);
		la |= (uint64_t)bit(la, width - 1) << n;
	}
	return la;
}

static uint64_t without_metadata(const struct oracle *o, uint64_t la)
{
	if (is_fetch(o) || (o->access & UDV_ACCESS_IMPLICIT))
		return la;
	if (bit(la, 63)) {
		if (!bit(o->config->cr4, CR4_LAM_SUP))
			return la;
		return unmask(la, bit(o->config->cr4, CR4_LA57) ? 57 : 48);
	}
	if (bit(o->config->cr3, CR3_LAM_U57))
		return unmask(la, 57);
	if (bit(o->config->cr3, CR3_LAM_U48))
		return unmask(la, 48);
	return la;
}

static bool canonical(const struct oracle *o, uint64_t la)
{
	unsigned first = bit(o->config->cr4, CR4_LA57) ? 56 : 47;

	return bits(la, 63, first) == 0 || bits(la, 63, first) == bits(~0ull, 63, first);
}

static void refuse_linear(struct oracle *o, enum udv_cause cause)
{
	o->result->outcome = UDV_WALK_NOT_CANONICAL;
	o->result->flags = access_flags(o) | UDV_FAULT_GLA_VALID;
	if (is_shadow_stack(o))
		o->result->flags |= UDV_FAULT_SHADOW_STACK;
	blame(o, cause);
}

/* ------------------------------------------------------------------ entry points */

static void begin(struct oracle *o, const struct udv_paging_config *config,
		  struct oracle_memory *memory, uint32_t access, struct oracle_result *result)
{
	memset(result, 0, sizeof(*result));
	result->outcome = UDV_WALK_NO_MEMORY;
	result->pml_index = config->pml_index;
	memory->nr_events = 0;
	o->config = config;
	o->memory = memory;
	o->result = result;
	o->access = access;
	o->nr_used = 0;
	o->unverified = false;
}

/* A peek judges as the access would have gone, and leaves everything as it was. */
static void end(struct oracle *o)
{
	oracle_report(o->config, o->access, o->result);
	if (!(o->access & UDV_ACCESS_PEEK))
		return;
	for (unsigned i = o->memory->nr_events; i > 0; i--) {
		struct oracle_event *e = &o->memory->events[i - 1];

		if (e->write)
			oracle_memory_set(o->memory, e->address, e->size, e->value);
	}
	o->result->pml_index = o->config->pml_index;
}

void oracle_walk(const struct udv_paging_config *config, struct oracle_memory *memory,
		 uint32_t access, uint64_t gva, struct oracle_result *result)
{
	struct oracle o;

	begin(&o, config, memory, access, result);
	result->gla = gva;
	if (!bit(config->cr0, CR0_PG)) {
		result->guest_rights = UDV_GUEST_USER | UDV_GUEST_WRITE;
		finish(&o, gva);
	} else if (!bit(config->cr4, CR4_PAE)) {
		walk_32bit(&o, gva);
	} else if (!long_mode(&o)) {
		walk_pae(&o, gva);
	} else {
		uint64_t la = without_metadata(&o, gva);

		result->gla = la;
		/* W16: it must be an address before it can be one of the wrong half. */
		if (!canonical(&o, la))
			refuse_linear(&o, UDV_CAUSE_NOT_CANONICAL);
		else if (!lass_allows(&o, gva))
			refuse_linear(&o, UDV_CAUSE_LASS);
		else
			walk_long(&o, la);
	}
	end(&o);
}

void oracle_walk_gpa(const struct udv_paging_config *config, struct oracle_memory *memory,
		     uint32_t access, uint64_t gpa, const struct udv_gpa_origin *origin,
		     struct oracle_result *result)
{
	struct ept_request request;
	struct ept_path path;
	struct oracle o;

	begin(&o, config, memory, access, result);
	result->stage = origin->stage;
	if (origin->stage != UDV_STAGE_NONE)
		result->gla = origin->gla.value;
	if (origin->stage == UDV_STAGE_FINAL)
		result->guest_rights = origin->guest_rights;
	request = final_request(&o, result->guest_rights & UDV_GUEST_USER);
	if (origin->stage == UDV_STAGE_TABLE)
		request.paging_write = access & UDV_ACCESS_WRITE;
	if (origin->stage != UDV_STAGE_FINAL)
		request.spp_eligible = false; /* W19 */
	else
		o.unverified = origin->unverified;
	if (!config->ept) {
		succeed(&o, gpa, gpa);
	} else if (ept_find(&o, gpa, origin->stage, 0, &request, &path) &&
		   ept_judge(&o, &request, &path) && verified(&o, &request, &path) &&
		   ept_log_ready(&o, &request, &path)) {
		succeed(&o, gpa, path.hpa);
		ept_set_flags(&o, &request, &path);
		note_mapping(result, config, &path);
	}
	end(&o);
}

static bool pdpte_bit_reserved(const struct udv_paging_config *config, unsigned n)
{
	return n == 1 || n == 2 || (n >= 5 && n <= 8) || n >= config->guest_maxphyaddr;
}

/* "PDPTE Registers" */
void oracle_load_pdptes(const struct udv_paging_config *config, struct oracle_memory *memory,
			uint32_t flags, uint64_t cr3, uint64_t pdpte[4],
			struct oracle_result *result)
{
	struct ept_request request = { .kind = UDV_ACCESS_READ };
	uint64_t gpa = bits(cr3, 31, 5);
	uint64_t hpa = gpa;
	struct ept_path path;
	struct oracle o;
	uint64_t read[4];

	begin(&o, config, memory, flags | UDV_ACCESS_READ, result);
	if (config->ept) {
		if (!ept_find(&o, gpa, UDV_STAGE_NONE, 0, &request, &path) ||
		    !ept_judge(&o, &request, &path) || !ept_log_ready(&o, &request, &path))
			goto out;
		ept_set_flags(&o, &request, &path);
		hpa = path.hpa;
	}
	for (unsigned i = 0; i < 4; i++) {
		unsigned event;

		if (!oracle_read(&o, hpa + 8 * i, 8, &read[i], &event)) {
			oracle_no_memory(&o);
			goto out;
		}
		memory->events[event].dimension = UDV_DIM_GUEST;
		memory->events[event].level = 3;
		memory->events[event].gpa = gpa + 8 * i;
	}
	for (unsigned i = 0; i < 4; i++)
		for (unsigned n = 0; n < 64; n++)
			if (bit(read[i], 0) && bit(read[i], n) && pdpte_bit_reserved(config, n)) {
				result->outcome = UDV_WALK_GENERAL_PROTECTION;
				blame(&o, UDV_CAUSE_RESERVED_BIT);
				goto out;
			}
	memcpy(pdpte, read, sizeof(read));
	succeed(&o, gpa, hpa);
out:
	end(&o);
}
