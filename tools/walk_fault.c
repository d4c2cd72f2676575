/* SPDX-License-Identifier: MIT */
#include "walk.h"

#include <inttypes.h>
#include <stdarg.h>
#include <string.h>

void entry_text(const struct udv_step *step, char *buffer, size_t size)
{
	if (step->flags & UDV_STEP_REGISTER)
		snprintf(buffer, size, "PDPTE register %" PRIu64 " = 0x%" PRIx64,
			 step->address.value, step->value);
	else
		snprintf(buffer, size, "%s at 0x%" PRIx64 " = 0x%" PRIx64,
			 level_name(step->dimension, step->level), step->address.value,
			 step->value);
}

static const struct udv_step *first_guilty(const struct walked *walked, unsigned *nr)
{
	const struct udv_step *first = NULL;

	*nr = 0;
	for (unsigned i = 0; i < walked->record.nr_steps; i++) {
		const struct udv_step *step = &walked->record.steps[i];

		if (!step_guilty(walked, step))
			continue;
		if (!first)
			first = step;
		*nr += 1;
	}
	return first;
}

/* "bits 12, 13" of a mask; "bit 51" */
static void bits_text(uint64_t mask, char *buffer, size_t size)
{
	size_t used;

	snprintf(buffer, size, "bit%s", mask & (mask - 1) ? "s" : "");
	for (unsigned bit = 0; bit < 64; bit++) {
		if (!(mask >> bit & 1))
			continue;
		used = strlen(buffer);
		snprintf(buffer + used, size - used, "%s %u", used > 4 ? "," : "", bit);
	}
}

/* What is wrong with the entry that decided; "" where the cause's own words are better. */
static void fault_of_entry(const struct walked *walked, const struct udv_step *step, char *buffer,
			   size_t size)
{
	const struct udv_fault *fault = &walked->result.fault;
	char bits[160];

	buffer[0] = '\0';
	switch (fault->cause) {
	case UDV_CAUSE_NOT_PRESENT:
		snprintf(buffer, size, "is not present");
		break;
	case UDV_CAUSE_RESERVED_BIT:
		bits_text(entry_reserved(&walked->session->paging, step), bits, sizeof(bits));
		if (entry_reserved(&walked->session->paging, step))
			snprintf(buffer, size, "has reserved %s set", bits);
		break;
	case UDV_CAUSE_EPT_RIGHTS:
		snprintf(buffer, size, "has rights %s%s%s, which may not be together or alone",
			 step->value & UDV_EPTE_R ? "R" : "", step->value & UDV_EPTE_W ? "W" : "",
			 step->value & UDV_EPTE_X ? "X" : "");
		break;
	case UDV_CAUSE_EPT_MEMORY_TYPE:
		snprintf(buffer, size, "has reserved memory type %u",
			 (unsigned)(step->value >> UDV_EPTE_TYPE_SHIFT & 7));
		break;
	case UDV_CAUSE_USER:
		snprintf(buffer, size, "has U/S = 0: a supervisor-mode address");
		break;
	case UDV_CAUSE_NOT_WRITABLE:
		snprintf(buffer, size, "has R/W = 0");
		break;
	case UDV_CAUSE_NX:
		snprintf(buffer, size, "has XD = 1");
		break;
	case UDV_CAUSE_EPT_READ:
		snprintf(buffer, size, "has R = 0");
		break;
	case UDV_CAUSE_EPT_WRITE:
		snprintf(buffer, size, "has W = 0");
		break;
	case UDV_CAUSE_EPT_AD_UPDATE:
		snprintf(buffer, size, "has W = 0, and a guest accessed or dirty flag must be set");
		break;
	case UDV_CAUSE_EPT_EXECUTE:
		snprintf(buffer, size, "does not allow the fetch");
		break;
	default:
		break;
	}
}

void fault_because(const struct walked *walked, char *buffer, size_t size)
{
	const struct udv_fault *fault = &walked->result.fault;
	char entry[96], wrong[200];
	unsigned nr;
	const struct udv_step *step = first_guilty(walked, &nr);

	if (walked->result.outcome == UDV_WALK_NO_MEMORY) {
		outside_text(walked, buffer, size);
		return;
	}
	if (!step) {
		snprintf(buffer, size, "%s", udv_cause_text(fault->cause));
		return;
	}
	entry_text(step, entry, sizeof(entry));
	fault_of_entry(walked, step, wrong, sizeof(wrong));
	if (wrong[0])
		snprintf(buffer, size, "%s %s", entry, wrong);
	else
		snprintf(buffer, size, "%s: %s", entry, udv_cause_text(fault->cause));
	if (nr > 1) {
		size_t used = strlen(buffer);

		snprintf(buffer + used, size - used, "; so %s %u more", nr > 2 ? "have" : "has",
			 nr - 1);
	}
}

/* ---------------------------------------------------------------- bit by bit */

__attribute__((format(printf, 5, 6))) static void add_bit(struct fault_words *words, unsigned high,
							  unsigned low, uint64_t code,
							  const char *format, ...)
{
	struct fault_bit *bit = &words->bits[words->nr_bits];
	va_list arguments;

	if (words->nr_bits == sizeof(words->bits) / sizeof(words->bits[0]))
		return;
	words->nr_bits++;
	bit->high = (uint8_t)high;
	bit->low = (uint8_t)low;
	bit->value = (uint8_t)(code >> low & ((2u << (high - low)) - 1));
	va_start(arguments, format);
	vsnprintf(bit->text, sizeof(bit->text), format, arguments);
	va_end(arguments);
}

static void page_fault_bits(const struct walked *walked, struct fault_words *words)
{
	uint32_t code = walked->result.fault.error_code;
	uint64_t cr4 = walked->session->config.cr4;
	bool smep = cr4 & UDV_CR4_SMEP;

	add_bit(words, 0, 0, code,
		code & UDV_PF_P
			? "P: every entry read was present; a right or a reserved bit decided"
			: "P: an entry is not present");
	add_bit(words, 1, 1, code, "W/R: the access %s",
		code & UDV_PF_W ? "writes" : "does not write");
	add_bit(words, 2, 2, code,
		code & UDV_PF_U ? "U/S: a user-mode access: CPL = 3, and not implicit"
				: "U/S: a supervisor-mode access");
	if (code & UDV_PF_RSVD)
		add_bit(words, 3, 3, code, "RSVD: a present entry has a reserved bit set");
	if (code & UDV_PF_I)
		add_bit(words, 4, 4, code, "I/D: an instruction fetch, reported because %s",
			smep ? "CR4.SMEP = 1" : "EFER.NXE = 1");
	if (code & UDV_PF_PK)
		add_bit(words, 5, 5, code, "PK: the page's protection key denies the access");
	if (code & UDV_PF_SS)
		add_bit(words, 6, 6, code, "SS: a shadow-stack access");
}

/* The kind of access, bits 2:0, with the reason for a kind that the program did not ask for. */
static void kind_bits(const struct walked *walked, struct fault_words *words)
{
	uint64_t q = walked->exit.exit_qualification;
	bool table = walked->result.stage == UDV_STAGE_TABLE;
	const char *reading = "the access reads";
	const char *writing = "the access writes";

	if (table) {
		reading = "the processor reads a guest paging-structure entry";
		writing = "EPT accessed and dirty flags are on: a guest entry's access counts as a "
			  "write too";
	}
	if (walked->result.fault.cause == UDV_CAUSE_EPT_AD_UPDATE) {
		reading = "setting a flag in the guest entry reads it";
		writing = "setting a flag in the guest entry writes it";
	}
	if (q & UDV_EQ_READ)
		add_bit(words, 0, 0, q, "data read: %s", reading);
	if (q & UDV_EQ_WRITE)
		add_bit(words, 1, 1, q, "data write: %s", writing);
	if (q & UDV_EQ_FETCH)
		add_bit(words, 2, 2, q, "instruction fetch: the access fetches");
}

/* Bits 3..6: the first entry that lacks the right, if one does. */
static void right_bit(const struct walked *walked, struct fault_words *words, unsigned bit,
		      uint64_t entry_bit, const char *name)
{
	uint64_t q = walked->exit.exit_qualification;

	for (unsigned i = 0; !(q >> bit & 1) && i < walked->record.nr_steps; i++) {
		const struct udv_step *step = &walked->record.steps[i];

		if (!step_of_result(walked, step) || step->value & entry_bit)
			continue;
		add_bit(words, bit, bit, q, "%s: not in the %s at 0x%" PRIx64, name,
			level_name(step->dimension, step->level), step->address.value);
		return;
	}
	add_bit(words, bit, bit, q, "%s: %s", name,
		q >> bit & 1 ? "in every EPT entry used" : "not allowed");
}

static void rights_bits(const struct walked *walked, struct fault_words *words)
{
	bool mbec = walked->session->config.ept_controls & UDV_EPT_MBEC;
	uint64_t q = walked->exit.exit_qualification;

	if (walked->result.fault.cause == UDV_CAUSE_NOT_PRESENT ||
	    walked->result.fault.cause == UDV_CAUSE_EPT_WIDTH) {
		add_bit(words, mbec ? 6 : 5, 3, q, "rights: none, since %s",
			walked->result.fault.cause == UDV_CAUSE_EPT_WIDTH
				? "the address is wider than 4-level EPT translates"
				: "an EPT entry is not present");
		return;
	}
	right_bit(walked, words, 3, UDV_EPTE_R, "readable");
	right_bit(walked, words, 4, UDV_EPTE_W, "writable");
	right_bit(walked, words, 5, UDV_EPTE_X,
		  mbec ? "executable from supervisor-mode addresses" : "executable");
	if (mbec)
		right_bit(walked, words, 6, UDV_EPTE_XU, "executable from user-mode addresses");
}

/* What bit 9, 10 or 11 says of the guest's own entries. */
struct guest_right {
	uint8_t bit;
	bool any; /* the bit is set if any entry has the flag, not only if all have */
	uint64_t flag;
	const char *name, *one, *zero;
};

static const struct guest_right guest_rights[] = {
	{ 9, false, UDV_PTE_U, "U/S", "user-mode address", "supervisor-mode address" },
	{ 10, false, UDV_PTE_W, "R/W", "writable page", "read-only page" },
	{ 11, true, UDV_PTE_XD, "XD", "execute-disable page", "executable page" },
};

/* The first guest entry that decides the bit is named, if it is not all of them that do. */
static void guest_bit(const struct walked *walked, struct fault_words *words,
		      const struct guest_right *right)
{
	uint64_t q = walked->exit.exit_qualification;
	bool set = q >> right->bit & 1;
	const char *meaning = set ? right->one : right->zero;

	if (walked->session->paging.mode == UDV_PAGING_NONE) {
		add_bit(words, right->bit, right->bit, q, "%s: CR0.PG = 0", meaning);
		return;
	}
	for (unsigned i = 0; set == right->any && i < walked->record.nr_steps; i++) {
		const struct udv_step *step = &walked->record.steps[i];
		bool has = step->value & right->flag;

		if (step->dimension != UDV_DIM_GUEST || step->flags & UDV_STEP_REGISTER ||
		    has != right->any)
			continue;
		add_bit(words, right->bit, right->bit, q,
			"%s: %s = %d in the guest's %s at 0x%" PRIx64, meaning, right->name, has,
			level_name(step->dimension, step->level), step->address.value);
		return;
	}
	add_bit(words, right->bit, right->bit, q, "%s: %s = %d in every guest entry", meaning,
		right->name, set);
}

static void violation_bits(const struct walked *walked, struct fault_words *words)
{
	uint64_t q = walked->exit.exit_qualification;
	uint32_t flags = walked->result.fault.flags;

	kind_bits(walked, words);
	rights_bits(walked, words);
	add_bit(words, 7, 7, q, "the guest-linear address is %s",
		q & UDV_EQ_GLA_VALID ? "valid" : "not valid: the access has none");
	if (q & UDV_EQ_GLA_VALID)
		add_bit(words, 8, 8, q, "%s",
			q & UDV_EQ_FINAL
				? "the guest-physical address is what it translates to"
				: "the guest-physical address is of a guest paging-structure "
				  "entry");
	if (flags & UDV_FAULT_RIGHTS_VALID && q & UDV_EQ_FINAL &&
	    walked->session->config.ept_vpid_cap & UDV_EPT_CAP_ADVANCED_INFO) {
		for (unsigned i = 0; i < 3; i++)
			guest_bit(walked, words, &guest_rights[i]);
	}
	if (q & UDV_EQ_SHADOW_STACK)
		add_bit(words, 13, 13, q, "a shadow-stack access");
	if (flags & UDV_FAULT_SSS_CONTROL)
		add_bit(words, 14, 14, q, "bit 60 of the leaf: %s supervisor shadow-stack page",
			q & UDV_EQ_SSS ? "a" : "not a");
	if (q & UDV_EQ_VERIFICATION)
		add_bit(words, 15, 15, q, "raised by guest-paging verification");
}

void fault_words(const struct walked *walked, struct fault_words *words)
{
	const struct udv_walk_result *result = &walked->result;
	const struct udv_exit_info *exit = &walked->exit;

	*words = (struct fault_words){ 0 };
	fault_because(walked, words->because, sizeof(words->because));
	switch (result->outcome) {
	case UDV_WALK_PAGE_FAULT:
		snprintf(words->title, sizeof(words->title),
			 "page fault: #PF, error code 0x%x, CR2 = 0x%" PRIx64,
			 result->fault.error_code, result->gla.value);
		page_fault_bits(walked, words);
		break;
	case UDV_WALK_EPT_VIOLATION:
		snprintf(words->title, sizeof(words->title),
			 "EPT violation: exit reason 48, exit qualification 0x%" PRIx64,
			 exit->exit_qualification);
		violation_bits(walked, words);
		break;
	case UDV_WALK_EPT_MISCONFIG:
		snprintf(words->title, sizeof(words->title),
			 "EPT misconfiguration: exit reason 49 (it has no exit qualification)");
		break;
	case UDV_WALK_SPP_EVENT:
		snprintf(words->title, sizeof(words->title),
			 "SPP-related event: exit reason 66, exit qualification 0x%" PRIx64,
			 exit->exit_qualification);
		add_bit(words, 11, 11, exit->exit_qualification, "%s",
			exit->exit_qualification & UDV_EQ_SPP_MISS ? "an SPP miss"
								   : "an SPP misconfiguration");
		break;
	case UDV_WALK_NOT_CANONICAL:
		snprintf(words->title, sizeof(words->title),
			 "general protection: #GP(0), or #SS(0) through the stack segment");
		break;
	default:
		snprintf(words->title, sizeof(words->title), "%s",
			 udv_outcome_text(result->outcome));
		break;
	}
}

void fault_bit_text(const struct fault_bit *bit, char *buffer, size_t size)
{
	char label[16];

	if (bit->high == bit->low)
		snprintf(label, sizeof(label), "%u", bit->low);
	else
		snprintf(label, sizeof(label), "%u:%u", bit->high, bit->low);
	snprintf(buffer, size, "bit %-4s = %u  %s", label, bit->value, bit->text);
}
