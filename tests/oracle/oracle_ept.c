/* SPDX-License-Identifier: MIT */
#include "oracle_internal.h"

/* SDM Vol 3C "The Extended Page Table Mechanism (EPT)", sentence by sentence. */

#define EPT_R 0
#define EPT_W 1
#define EPT_X 2
#define EPT_PAGE 7
#define EPT_A 8
#define EPT_D 9
#define EPT_XU 10
#define EPT_VERIFY 57
#define EPT_PAGING_WRITE 58
#define EPT_SSS 60
#define EPT_SPP 61

static bool control(const struct oracle *o, uint32_t which)
{
	return (o->config->ept_controls & which) != 0;
}

static bool capability(const struct oracle *o, unsigned n)
{
	return bit(o->config->ept_vpid_cap, n);
}

static bool ad_enabled(const struct oracle *o)
{
	return bit(o->config->eptp, 6);
}

static bool entry_present(const struct oracle *o, uint64_t entry)
{
	if (bit(entry, EPT_R) || bit(entry, EPT_W) || bit(entry, EPT_X))
		return true;
	return control(o, UDV_EPT_MBEC) && bit(entry, EPT_XU);
}

static bool entry_is_leaf(uint64_t entry, unsigned level)
{
	if (level == 1)
		return true;
	return (level == 2 || level == 3) && bit(entry, EPT_PAGE);
}

static bool bit_reserved(const struct oracle *o, unsigned n, unsigned level, bool leaf)
{
	if (n >= o->config->maxphyaddr && n <= 51)
		return true;
	if (!leaf && n >= 3 && n <= 6)
		return true;
	if (!leaf && n == 7 && (level == 4 || level == 5))
		return true;
	if (leaf && level == 2 && n >= 12 && n <= 20)
		return true;
	return leaf && level == 3 && n >= 12 && n <= 29;
}

static bool any_bit_reserved(const struct oracle *o, uint64_t entry, unsigned level, bool leaf)
{
	while (entry)
		if (bit_reserved(o, take_bit(&entry), level, leaf))
			return true;
	return false;
}

static bool rights_misconfigured(const struct oracle *o, uint64_t entry, bool leaf)
{
	if (bit(entry, EPT_R))
		return false;
	if (bit(entry, EPT_W))
		return true;
	if (bit(entry, EPT_X) && !capability(o, 0))
		return true;
	if (bit(entry, EPT_XU) && control(o, UDV_EPT_MBEC) && !capability(o, 0))
		return true;
	return leaf && bit(entry, EPT_PAGING_WRITE) && control(o, UDV_EPT_PAGING_WRITE);
}

static bool page_size_unsupported(const struct oracle *o, unsigned level, bool leaf)
{
	return leaf && ((level == 2 && !capability(o, 16)) || (level == 3 && !capability(o, 17)));
}

/* "EPT Misconfigurations", of an entry that is present: all that is wrong with it, as causes */
static uint32_t misconfigured(const struct oracle *o, uint64_t entry, unsigned level)
{
	bool leaf = entry_is_leaf(entry, level);
	unsigned memory_type = (unsigned)(entry >> 3) & 7;
	uint32_t causes = 0;

	if (rights_misconfigured(o, entry, leaf))
		causes |= 1u << UDV_CAUSE_EPT_RIGHTS;
	if (leaf && (memory_type == 2 || memory_type == 3 || memory_type == 7))
		causes |= 1u << UDV_CAUSE_EPT_MEMORY_TYPE;
	if (page_size_unsupported(o, level, leaf) || any_bit_reserved(o, entry, level, leaf))
		causes |= 1u << UDV_CAUSE_RESERVED_BIT;
	return causes;
}

static void start(struct ept_path *path, uint64_t gpa, enum udv_stage stage, unsigned guest_level)
{
	path->stage = stage;
	path->guest_level = guest_level;
	path->gpa = gpa;
	path->hpa = 0;
	path->nr = 0;
	path->leaf_reached = false;
	path->every_r = path->every_w = path->every_x = path->every_xu = true;
	path->every_upper_w = true;
	path->leaf = 0;
	path->page_shift = 0;
}

static void no_rights(struct ept_path *path)
{
	path->every_r = path->every_w = path->every_x = path->every_xu = false;
}

static void take(struct ept_path *path, uint64_t entry, bool leaf)
{
	if (!bit(entry, EPT_R))
		path->every_r = false;
	if (!bit(entry, EPT_W))
		path->every_w = false;
	if (!bit(entry, EPT_X))
		path->every_x = false;
	if (!bit(entry, EPT_XU))
		path->every_xu = false;
	if (!leaf && !bit(entry, EPT_W))
		path->every_upper_w = false;
}

void ept_refuse(struct oracle *o, enum udv_outcome outcome, const struct ept_request *request,
		const struct ept_path *path)
{
	struct oracle_result *r = o->result;

	r->outcome = outcome;
	r->stage = path->stage;
	r->gpa = path->gpa;
	r->access = request->kind;
	r->dimension = UDV_DIM_EPT;
	r->flags = access_flags(o);
	r->ept_rights = 0;
	if (path->every_r)
		r->ept_rights |= UDV_EPT_R;
	if (path->every_w)
		r->ept_rights |= UDV_EPT_W;
	if (path->every_x)
		r->ept_rights |= UDV_EPT_X;
	if (path->every_xu && control(o, UDV_EPT_MBEC))
		r->ept_rights |= UDV_EPT_XU;
	if (path->stage != UDV_STAGE_NONE)
		r->flags |= UDV_FAULT_GLA_VALID;
	if (path->stage == UDV_STAGE_FINAL)
		r->flags |= UDV_FAULT_RIGHTS_VALID;
	if (path->leaf_reached)
		r->flags |= UDV_FAULT_LEAF_REACHED;
	if (request->shadow_stack)
		r->flags |= UDV_FAULT_SHADOW_STACK;
	if (bit(o->config->eptp, 7))
		r->flags |= UDV_FAULT_SSS_CONTROL;
	if (path->nr > 0) {
		r->flags |= UDV_FAULT_ENTRY_VALID;
		r->entry_address = path->entry[path->nr - 1].address;
		r->entry = path->entry[path->nr - 1].value;
		r->level = path->entry[path->nr - 1].level;
	}
}

static void describe(struct oracle *o, struct ept_path *path, struct path_entry *e, unsigned event,
		     bool bad)
{
	struct oracle_event *seen = &o->memory->events[event];

	seen->dimension = UDV_DIM_EPT;
	seen->stage = path->stage;
	seen->level = (uint8_t)e->level;
	seen->guest_level = (uint8_t)path->guest_level;
	seen->gpa = path->gpa;
	e->event = event;
	if (!entry_present(o, e->value)) {
		seen->flags |= UDV_STEP_NOT_PRESENT;
		return;
	}
	if (entry_is_leaf(e->value, e->level))
		seen->flags |= UDV_STEP_LEAF;
	if (bad)
		seen->flags |= UDV_STEP_BAD;
}

/* Walks to the leaf: an entry that is not present, or misconfigured, ends it on the spot. */
bool ept_find(struct oracle *o, uint64_t gpa, enum udv_stage stage, unsigned guest_level,
	      const struct ept_request *request, struct ept_path *path)
{
	unsigned levels = ((o->config->eptp >> 3) & 7) == 4 ? 5 : 4;
	uint64_t table = bits(o->config->eptp, 51, 12);

	start(path, gpa, stage, guest_level);
	if (levels == 4 && bits(gpa, 51, 48) != 0) {
		no_rights(path);
		blame(o, UDV_CAUSE_EPT_WIDTH);
		ept_refuse(o, UDV_WALK_EPT_VIOLATION, request, path);
		return false;
	}
	for (unsigned level = levels; level >= 1; level--) {
		unsigned shift = 12 + 9 * (level - 1);
		struct path_entry *e = &path->entry[path->nr];
		unsigned event;
		uint32_t bad;

		e->level = level;
		e->address = table + 8 * ((gpa >> shift) & 511);
		if (!oracle_read(o, e->address, 8, &e->value, &event)) {
			oracle_no_memory(o);
			return false;
		}
		path->nr++;
		bad = misconfigured(o, e->value, level);
		describe(o, path, e, event, bad);
		if (!entry_present(o, e->value)) {
			no_rights(path);
			blame(o, UDV_CAUSE_NOT_PRESENT);
			ept_refuse(o, UDV_WALK_EPT_VIOLATION, request, path);
			return false;
		}
		if (bad) {
			o->result->causes |= bad;
			ept_refuse(o, UDV_WALK_EPT_MISCONFIG, request, path);
			return false;
		}
		take(path, e->value, entry_is_leaf(e->value, level));
		if (entry_is_leaf(e->value, level)) {
			path->leaf_reached = true;
			path->leaf = e->value;
			path->page_shift = shift;
			path->hpa = bits(e->value, 51, shift) | bits(gpa, shift - 1, 0);
			return true;
		}
		table = bits(e->value, 51, 12);
	}
	return false;
}

/* "EPT paging-write control": what setting a flag in a guest entry needs */
bool ept_paging_write_allowed(const struct oracle *o, const struct ept_path *path)
{
	if (!path->every_r)
		return false;
	if (path->every_w)
		return true;
	return control(o, UDV_EPT_PAGING_WRITE) && path->every_upper_w &&
	       bit(path->leaf, EPT_PAGING_WRITE);
}

static bool fetch_allowed(const struct oracle *o, const struct ept_request *request,
			  const struct ept_path *path)
{
	if (control(o, UDV_EPT_MBEC) && request->user_address)
		return path->every_xu;
	return path->every_x;
}

enum spp_verdict { SPP_ALLOWED, SPP_DENIED, SPP_MISS, SPP_BAD, SPP_NO_MEMORY };

static bool sppt_entry_bad(const struct oracle *o, uint64_t entry)
{
	for (unsigned n = 1; n < 64; n++)
		if (bit(entry, n) && (n <= 11 || n >= 52 || n >= o->config->maxphyaddr))
			return true;
	return false;
}

/* Reads the SPPT entry of @level into *entry and notes what it was read as. */
static bool sppt_read(struct oracle *o, const struct ept_path *path, unsigned level, uint64_t table,
		      uint64_t *entry, struct oracle_event **seen)
{
	unsigned shift = 12 + 9 * (level - 1);
	unsigned event;

	if (!oracle_read(o, table + 8 * ((path->gpa >> shift) & 511), 8, entry, &event))
		return false;
	*seen = &o->memory->events[event];
	(*seen)->dimension = UDV_DIM_SPP;
	(*seen)->stage = path->stage;
	(*seen)->level = (uint8_t)level;
	(*seen)->gpa = path->gpa;
	return true;
}

static enum spp_verdict spp_vector(const struct oracle *o, uint64_t gpa, uint64_t vector)
{
	unsigned size = UDV_ACCESS_SIZE_OF(o->access);
	unsigned first = (unsigned)(gpa & 0xfff);
	unsigned last = first + (size ? size : 1) - 1;

	for (unsigned byte = first; byte <= last && byte < 4096; byte++)
		if (!bit(vector, 2 * (byte / 128)))
			return SPP_DENIED;
	return SPP_ALLOWED;
}

/* "Sub-Page Write Permissions": the four levels of the SPPT */
static enum spp_verdict spp_look_up(struct oracle *o, const struct ept_path *path)
{
	uint64_t table = bits(o->config->sppt_pointer, 51, 12);
	struct oracle_event *seen;
	uint64_t entry;

	for (unsigned level = 4; level >= 2; level--) {
		if (!sppt_read(o, path, level, table, &entry, &seen))
			return SPP_NO_MEMORY;
		if (!bit(entry, 0)) {
			seen->flags |= UDV_STEP_NOT_PRESENT;
			return SPP_MISS;
		}
		if (sppt_entry_bad(o, entry)) {
			seen->flags |= UDV_STEP_BAD;
			return SPP_BAD;
		}
		table = bits(entry, 51, 12);
	}
	if (!sppt_read(o, path, 1, table, &entry, &seen))
		return SPP_NO_MEMORY;
	for (unsigned n = 1; n < 64; n += 2)
		if (bit(entry, n)) {
			seen->flags |= UDV_STEP_BAD;
			return SPP_BAD;
		}
	return spp_vector(o, path->gpa, entry);
}

/* The entry that decides is the last one read, of the SPPT. */
static void spp_refuse(struct oracle *o, const struct ept_request *request,
		       const struct ept_path *path)
{
	const struct oracle_event *last = &o->memory->events[o->memory->nr_events - 1];

	ept_refuse(o, UDV_WALK_SPP_EVENT, request, path);
	o->result->flags &= ~UDV_FAULT_LEAF_REACHED;
	o->result->dimension = UDV_DIM_SPP;
	o->result->level = last->level;
	o->result->entry_address = last->address;
	o->result->entry = last->value;
}

static bool spp_decides(struct oracle *o, const struct ept_request *request, struct ept_path *path)
{
	switch (spp_look_up(o, path)) {
	case SPP_ALLOWED:
		o->result->write_by_spp = true;
		return true;
	case SPP_NO_MEMORY:
		oracle_no_memory(o);
		return false;
	case SPP_MISS:
		o->result->spp_miss = true;
		blame(o, UDV_CAUSE_SPP_MISS);
		spp_refuse(o, request, path);
		return false;
	case SPP_BAD:
		blame(o, UDV_CAUSE_SPP_MISCONFIG);
		spp_refuse(o, request, path);
		return false;
	case SPP_DENIED:
		break;
	}
	blame(o, UDV_CAUSE_SPP_WRITE);
	ept_refuse(o, UDV_WALK_EPT_VIOLATION, request, path);
	return false;
}

/* The rights that the access needs and does not have, as causes */
static uint32_t missing_rights(const struct oracle *o, const struct ept_request *request,
			       const struct ept_path *path)
{
	uint32_t missing = 0;

	if (request->supervisor_shadow_stack && bit(o->config->eptp, 7)) {
		if (!path->every_r || !path->every_upper_w || !bit(path->leaf, EPT_SSS))
			missing |= 1u << UDV_CAUSE_EPT_SHADOW_STACK;
		return missing;
	}
	if (request->kind & UDV_ACCESS_READ && !path->every_r)
		missing |= 1u << UDV_CAUSE_EPT_READ;
	if (request->kind & UDV_ACCESS_FETCH && !fetch_allowed(o, request, path))
		missing |= 1u << UDV_CAUSE_EPT_EXECUTE;
	if (request->paging_write) {
		if (!missing && !ept_paging_write_allowed(o, path))
			missing |= 1u << UDV_CAUSE_EPT_WRITE;
	} else if (request->kind & UDV_ACCESS_WRITE && !path->every_w) {
		missing |= 1u << UDV_CAUSE_EPT_WRITE;
	}
	return missing;
}

/* "EPT Violations": the rights, asked only once the leaf is known */
bool ept_judge(struct oracle *o, const struct ept_request *request, struct ept_path *path)
{
	uint32_t missing = missing_rights(o, request, path);

	if (missing == 1u << UDV_CAUSE_EPT_WRITE && request->spp_eligible &&
	    control(o, UDV_EPT_SPP) && path->every_r && path->page_shift == 12 &&
	    bit(path->leaf, EPT_SPP))
		return spp_decides(o, request, path);
	if (!missing)
		return true;
	o->result->causes |= missing;
	ept_refuse(o, UDV_WALK_EPT_VIOLATION, request, path);
	return false;
}

static bool flag_needed(const struct ept_request *request, const struct path_entry *e, bool leaf)
{
	if (!bit(e->value, EPT_A))
		return true;
	return leaf && (request->kind & UDV_ACCESS_WRITE) && !bit(e->value, EPT_D);
}

/* "Page-Modification Logging": the log must have room before any flag is set */
bool ept_log_ready(struct oracle *o, const struct ept_request *request, const struct ept_path *path)
{
	if (!ad_enabled(o) || !control(o, UDV_EPT_PML) || o->result->pml_index <= 511)
		return true;
	for (unsigned i = 0; i < path->nr; i++)
		if (flag_needed(request, &path->entry[i], i == path->nr - 1)) {
			blame(o, UDV_CAUSE_PML_FULL);
			ept_refuse(o, UDV_WALK_PML_FULL, request, path);
			return false;
		}
	return true;
}

static void log_page(struct oracle *o, uint64_t gpa)
{
	struct oracle_result *r = o->result;
	uint64_t slot = bits(o->config->pml_address, 51, 12) + 8ull * r->pml_index;

	oracle_write(o, slot, 8, gpa & ~0xfffull, true);
	if (r->nr_pml < 8)
		r->pml[r->nr_pml] = gpa & ~0xfffull;
	r->nr_pml++;
	r->pml_index = (uint16_t)(r->pml_index - 1);
}

/* "Accessed and Dirty Flags for EPT" */
bool ept_set_flags(struct oracle *o, const struct ept_request *request, struct ept_path *path)
{
	bool dirtied = false;

	if (!ad_enabled(o))
		return true;
	for (unsigned i = 0; i < path->nr; i++) {
		struct path_entry *e = &path->entry[i];
		bool leaf = i == path->nr - 1;
		uint64_t wanted = e->value | 1ull << EPT_A;

		if (leaf && (request->kind & UDV_ACCESS_WRITE)) {
			dirtied = !bit(e->value, EPT_D);
			wanted |= 1ull << EPT_D;
		}
		if (wanted == e->value)
			continue;
		oracle_write(o, e->address, 8, wanted, false);
		oracle_note_written(o, e->event, wanted);
		e->value = wanted;
		if (leaf)
			path->leaf = wanted;
	}
	if (dirtied && control(o, UDV_EPT_PML))
		log_page(o, path->gpa);
	return true;
}
