/* SPDX-License-Identifier: MIT */
#include "walk.h"

#include <inttypes.h>
#include <string.h>

/*
 * The smallest change that would let the access through, found by doing: change what the fault
 * complains of in a copy of the memory that exists only as a list of changed entries, walk again,
 * go on with the next fault. What cannot be changed without inventing an address ends it.
 */

#define MAX_ROUNDS 24

struct trial {
	const struct walked *walked;
	struct advice *advice;
	struct udv_memory memory;
	struct udv_paging_config config;
	struct udv_paging paging;
	struct udv_walk_result result;
	struct udv_walk_record record;
};

/* ---------------------------------------------------------------- the overlay */

static bool read_below(const struct udv_memory *memory, udv_hpa_t address, unsigned size,
		       uint64_t *value)
{
	for (unsigned i = 0; i < memory->nr_windows; i++) {
		const struct udv_memory_window *window = &memory->windows[i];
		uint64_t offset = address.value - window->base;

		if (offset < window->size && size <= window->size - offset) {
			*value = 0;
			memcpy(value, (const uint8_t *)window->host + offset, size);
			return true;
		}
	}
	return memory->read && memory->read(memory->opaque, address, size, value);
}

/* Byte by byte: tables of 4-byte and of 8-byte entries may share memory. */
static void apply_change(const struct advice_change *change, uint64_t address, unsigned size,
			 uint64_t *value)
{
	for (unsigned i = 0; i < size; i++) {
		uint64_t at = address + i - change->address;

		if (at >= change->size)
			continue;
		*value &= ~(0xffull << 8 * i);
		*value |= (change->after >> 8 * at & 0xff) << 8 * i;
	}
}

static bool read_overlay(void *opaque, udv_hpa_t address, unsigned size, uint64_t *value)
{
	const struct trial *trial = opaque;
	const struct advice *advice = trial->advice;

	if (!read_below(&trial->walked->session->memory, address, size, value))
		return false;
	for (unsigned i = 0; i < advice->nr_changes; i++) {
		if (!advice->changes[i].reg)
			apply_change(&advice->changes[i], address.value, size, value);
	}
	return true;
}

/* ---------------------------------------------------------------- one change */

static bool change_entry(struct trial *trial, const struct udv_step *step, uint64_t set,
			 uint64_t clear)
{
	struct advice *advice = trial->advice;
	uint64_t after = (step->value & ~clear) | set;
	struct advice_change *change = NULL;

	if (after == step->value || step->flags & (UDV_STEP_REGISTER | UDV_STEP_NO_MEMORY))
		return false;
	for (unsigned i = 0; i < advice->nr_changes; i++) {
		if (!advice->changes[i].reg && advice->changes[i].address == step->address.value)
			change = &advice->changes[i];
	}
	if (!change) {
		if (advice->nr_changes == ADVICE_MAX_CHANGES)
			return false;
		change = &advice->changes[advice->nr_changes++];
		change->reg = NULL;
		change->address = step->address.value;
		change->before = step->value;
		change->size = step->size;
		change->dimension = step->dimension;
		change->level = step->level;
	}
	change->after = after;
	return true;
}

static bool change_key_register(struct trial *trial, bool user, uint32_t clear)
{
	struct udv_paging_config *config = &trial->config;
	uint32_t *value = user ? &config->pkru : &config->pkrs;
	struct advice *advice = trial->advice;
	struct advice_change *change = &advice->changes[advice->nr_changes];

	if (!(*value & clear) || advice->nr_changes == ADVICE_MAX_CHANGES)
		return false;
	advice->nr_changes++;
	*change = (struct advice_change){ .reg = user ? "PKRU" : "IA32_PKRS", .before = *value };
	*value &= ~clear;
	change->after = *value;
	return true;
}

/* ---------------------------------------------------------------- one fault */

static bool of_result(const struct trial *trial, const struct udv_step *step)
{
	return step->dimension == UDV_DIM_EPT && step->gpa.value == trial->result.gpa.value &&
	       step->stage == trial->result.stage;
}

/* In every EPT entry of the refused address; @leaf and @table say what each is to have. */
static bool change_ept(struct trial *trial, uint64_t table, uint64_t leaf)
{
	bool changed = false;

	for (unsigned i = 0; i < trial->record.nr_steps; i++) {
		const struct udv_step *step = &trial->record.steps[i];

		if (of_result(trial, step))
			changed |= change_entry(
				trial, step, entry_is_leaf(&trial->paging, step) ? leaf : table, 0);
	}
	return changed;
}

/* In every guest entry of the walk. */
static bool change_guest(struct trial *trial, uint64_t set, uint64_t clear)
{
	bool changed = false;

	for (unsigned i = 0; i < trial->record.nr_steps; i++) {
		const struct udv_step *step = &trial->record.steps[i];

		if (step->dimension == UDV_DIM_GUEST)
			changed |= change_entry(trial, step, set, clear);
	}
	return changed;
}

static const struct udv_step *last_step(const struct trial *trial, enum udv_dimension dimension)
{
	for (unsigned i = trial->record.nr_steps; i-- > 0;) {
		if (trial->record.steps[i].dimension == dimension)
			return &trial->record.steps[i];
	}
	return NULL;
}

static bool change_guest_leaf(struct trial *trial, uint64_t set, uint64_t clear)
{
	const struct udv_step *leaf = last_step(trial, UDV_DIM_GUEST);

	return leaf && entry_is_leaf(&trial->paging, leaf) && change_entry(trial, leaf, set, clear);
}

/* The entry that the fault names. */
static const struct udv_step *deciding_step(const struct trial *trial)
{
	const struct udv_fault *fault = &trial->result.fault;

	for (unsigned i = trial->record.nr_steps; i-- > 0;) {
		const struct udv_step *step = &trial->record.steps[i];

		if (fault->flags & UDV_FAULT_ENTRY_VALID && step->dimension == fault->dimension &&
		    step->level == fault->level && step->address.value == fault->entry_address)
			return step;
	}
	return NULL;
}

/*
 * Only an entry that still names an address is worth a present bit: of an empty one nobody knows
 * what it should map.
 */
static bool make_present(struct trial *trial, const struct udv_step *step)
{
	if (!(step->value & UDV_ENTRY_ADDRESS) || step->flags & UDV_STEP_REGISTER)
		return false;
	if (step->dimension == UDV_DIM_GUEST)
		return change_entry(trial, step, UDV_PTE_P, 0);
	return change_entry(trial, step, UDV_EPTE_R, 0);
}

static bool allow_shadow_stack(struct trial *trial)
{
	bool user = trial->walked->session->options->access & UDV_ACCESS_USER;
	bool changed = change_guest(trial, UDV_PTE_W | (user ? UDV_PTE_U : 0), 0);

	/* The leaf is the opposite of an ordinary writable page: R/W = 0 and dirty. */
	changed |= change_guest_leaf(trial, UDV_PTE_D | (user ? UDV_PTE_U : 0),
				     UDV_PTE_W | (user ? 0 : UDV_PTE_U));
	return changed;
}

static bool allow_key(struct trial *trial)
{
	const struct udv_step *leaf = last_step(trial, UDV_DIM_GUEST);
	bool user = trial->result.guest_rights & UDV_GUEST_USER;
	bool write = trial->walked->session->options->access & UDV_ACCESS_WRITE;
	unsigned key;

	if (!leaf)
		return false;
	key = (unsigned)(leaf->value >> UDV_PTE_KEY_SHIFT & UDV_PTE_KEY_MASK);
	return change_key_register(trial, user, (write ? 3u : 1u) << 2 * key);
}

static bool allow_sub_page(struct trial *trial)
{
	const struct udv_step *vector = last_step(trial, UDV_DIM_SPP);

	if (!vector || vector->level != 1)
		return false;
	/* Bit 2n of the vector is for the n-th 128 bytes; a wide access may need the next ones. */
	for (unsigned n = trial->result.gpa.value >> 7 & 31; n < 32; n++) {
		if (!(vector->value >> 2 * n & 1))
			return change_entry(trial, vector, 1ull << 2 * n, 0);
	}
	return false;
}

static bool allow_fetch(struct trial *trial)
{
	bool mbec = trial->paging.config.ept_controls & UDV_EPT_MBEC;
	bool user = trial->result.guest_rights & UDV_GUEST_USER;
	uint64_t right = mbec && user ? UDV_EPTE_XU : UDV_EPTE_X;

	return change_ept(trial, right, right);
}

static bool mend_entry(struct trial *trial, enum udv_cause cause)
{
	const struct udv_step *step = deciding_step(trial);

	if (!step)
		return false;
	switch (cause) {
	case UDV_CAUSE_NOT_PRESENT:
		return make_present(trial, step);
	case UDV_CAUSE_RESERVED_BIT:
		return change_entry(trial, step, 0, entry_reserved(&trial->paging, step));
	case UDV_CAUSE_EPT_RIGHTS:
		return change_entry(trial, step, UDV_EPTE_R, 0);
	case UDV_CAUSE_EPT_MEMORY_TYPE:
		return change_entry(trial, step, 6ull << UDV_EPTE_TYPE_SHIFT,
				    1ull << UDV_EPTE_TYPE_SHIFT);
	case UDV_CAUSE_EPT_VERIFICATION:
		return change_entry(trial, step, 0, UDV_EPTE_VERIFY_GUEST_PAGING);
	default:
		return false;
	}
}

/* Changes what the fault complains of; false if nothing can be changed. */
static bool mend(struct trial *trial)
{
	enum udv_cause cause = trial->result.fault.cause;

	switch (cause) {
	case UDV_CAUSE_USER:
		return change_guest(trial, UDV_PTE_U, 0);
	case UDV_CAUSE_NOT_WRITABLE:
		return change_guest(trial, UDV_PTE_W, 0);
	case UDV_CAUSE_NX:
		return change_guest(trial, 0, UDV_PTE_XD);
	case UDV_CAUSE_SMAP:
	case UDV_CAUSE_SMEP:
		return change_guest_leaf(trial, 0, UDV_PTE_U);
	case UDV_CAUSE_SHADOW_STACK:
		return allow_shadow_stack(trial);
	case UDV_CAUSE_KEY:
		return allow_key(trial);
	case UDV_CAUSE_EPT_READ:
		return change_ept(trial, UDV_EPTE_R, UDV_EPTE_R);
	case UDV_CAUSE_EPT_WRITE:
	case UDV_CAUSE_EPT_AD_UPDATE:
		return change_ept(trial, UDV_EPTE_W, UDV_EPTE_W);
	case UDV_CAUSE_EPT_EXECUTE:
		return allow_fetch(trial);
	case UDV_CAUSE_EPT_SHADOW_STACK:
		return change_ept(trial, UDV_EPTE_R | UDV_EPTE_W,
				  UDV_EPTE_R | UDV_EPTE_SUPERVISOR_SHADOW_STACK);
	case UDV_CAUSE_SPP_WRITE:
		return allow_sub_page(trial);
	default:
		return mend_entry(trial, cause);
	}
}

/* ---------------------------------------------------------------- in words */

static const char *bit_name(const struct advice_change *change, unsigned bit)
{
	static const char *const guest[64] = {
		[0] = "P", [1] = "R/W", [2] = "U/S", [6] = "D", [63] = "XD",
	};
	static const char *const ept[64] = {
		[0] = "R",
		[1] = "W",
		[2] = "X",
		[3] = "memory type",
		[4] = "memory type",
		[5] = "memory type",
		[10] = "XU",
		[57] = "verify guest paging",
		[60] = "supervisor shadow stack",
	};

	if (change->reg || change->dimension == UDV_DIM_SPP)
		return NULL;
	return change->dimension == UDV_DIM_GUEST ? guest[bit] : ept[bit];
}

void advice_change_text(const struct advice_change *change, char *buffer, size_t size)
{
	uint64_t changed = change->before ^ change->after;
	size_t used;

	if (change->reg)
		snprintf(buffer, size, "%s:", change->reg);
	else
		snprintf(buffer, size, "%s at 0x%" PRIx64 ":",
			 level_name(change->dimension, change->level), change->address);
	for (unsigned bit = 0; bit < 64; bit++) {
		const char *name = bit_name(change, bit);

		if (!(changed >> bit & 1))
			continue;
		used = strlen(buffer);
		snprintf(buffer + used, size - used, name ? " %s %s (bit %u)," : " %s%s bit %u,",
			 change->after >> bit & 1 ? "set" : "clear", name ? name : "", bit);
	}
	used = strlen(buffer);
	snprintf(buffer + used - 1, size - used + 1, ": 0x%" PRIx64 " -> 0x%" PRIx64,
		 change->before, change->after);
}

/* ---------------------------------------------------------------- the whole */

static bool try_again(struct trial *trial)
{
	if (udv_paging_init(&trial->paging, &trial->config, &trial->memory) != UDV_OK)
		return false;
	walk_again(trial->walked->session->options, &trial->paging, trial->walked->address,
		   &trial->result, &trial->record);
	return true;
}

/* Why there is no further change to propose. */
static void explain_rest(struct trial *trial)
{
	struct advice *advice = trial->advice;
	const struct udv_step *step = deciding_step(trial);
	const char *then = advice->nr_changes ? "then " : "";
	struct walked now;
	char because[200];

	switch (trial->result.fault.cause) {
	case UDV_CAUSE_NOT_PRESENT:
	case UDV_CAUSE_SPP_MISS:
		if (step && step->flags & UDV_STEP_REGISTER)
			snprintf(advice->rest, sizeof(advice->rest),
				 "%sa mapping is missing: PDPTE register %" PRIu64 " names nothing",
				 then, step->address.value);
		else if (step)
			snprintf(advice->rest, sizeof(advice->rest),
				 "%sa mapping is missing: the %s at 0x%" PRIx64 " names nothing",
				 then, level_name(step->dimension, step->level),
				 step->address.value);
		return;
	case UDV_CAUSE_NOT_CANONICAL:
	case UDV_CAUSE_LASS:
	case UDV_CAUSE_EPT_WIDTH:
		snprintf(advice->rest, sizeof(advice->rest),
			 "%sno change of an entry helps: no table was read", then);
		return;
	default:
		now = *trial->walked;
		now.result = trial->result;
		now.record = trial->record;
		fault_because(&now, because, sizeof(because));
		snprintf(advice->rest, sizeof(advice->rest), "%s%s", then, because);
		return;
	}
}

void walk_advise(struct walked *walked)
{
	struct advice *advice = &walked->advice;
	const struct walk_session *session = walked->session;
	struct trial trial = { .walked = walked, .advice = advice };

	*advice = (struct advice){ 0 };
	if (walked->result.outcome == UDV_WALK_OK || walked->result.outcome == UDV_WALK_NO_MEMORY)
		return;
	trial.memory.read = read_overlay;
	trial.memory.opaque = &trial;
	trial.config = session->config;
	if (!try_again(&trial))
		return;
	for (unsigned round = 0; round < MAX_ROUNDS; round++) {
		if (trial.result.outcome == UDV_WALK_OK || !mend(&trial) || !try_again(&trial))
			break;
	}
	advice->verified = trial.result.outcome == UDV_WALK_OK;
	if (!advice->verified)
		explain_rest(&trial);
}
