/* SPDX-License-Identifier: MIT */
#include "walk.h"

#include <string.h>

const char *mode_text(enum udv_paging_mode mode)
{
	switch (mode) {
	case UDV_PAGING_NONE:
		return "no paging";
	case UDV_PAGING_32BIT:
		return "32-bit paging";
	case UDV_PAGING_PAE:
		return "PAE paging";
	case UDV_PAGING_4_LEVEL:
		return "4-level paging";
	case UDV_PAGING_5_LEVEL:
		return "5-level paging";
	}
	return "unknown paging";
}

const char *access_text(uint32_t access, bool gpa, char *buffer, size_t size)
{
	static const char *const kinds[8] = {
		[UDV_ACCESS_READ] = "read",
		[UDV_ACCESS_WRITE] = "write",
		[UDV_ACCESS_READ | UDV_ACCESS_WRITE] = "read-modify-write",
		[UDV_ACCESS_FETCH] = "fetch",
	};
	const char *kind = kinds[access & UDV_ACCESS_KIND];
	const char *who = "supervisor";

	if (gpa)
		who = "guest-physical";
	else if (access & UDV_ACCESS_IMPLICIT)
		who = "implicit supervisor";
	else if (access & UDV_ACCESS_USER)
		who = "user";
	snprintf(buffer, size, "%s %s%s%s", who,
		 access & UDV_ACCESS_SHADOW_STACK ? "shadow-stack " : "", kind ? kind : "access",
		 access & UDV_ACCESS_AC ? " with EFLAGS.AC = 1" : "");
	return buffer;
}

const char *level_name(enum udv_dimension dimension, unsigned level)
{
	static const char *const names[3][6] = {
		[UDV_DIM_GUEST] = { "?", "PTE", "PDE", "PDPTE", "PML4E", "PML5E" },
		[UDV_DIM_EPT] = { "?", "EPT PTE", "EPT PDE", "EPT PDPTE", "EPT PML4E",
				  "EPT PML5E" },
		[UDV_DIM_SPP] = { "?", "SPPT L1E", "SPPT L2E", "SPPT L3E", "SPPT L4E", "?" },
	};

	return dimension <= UDV_DIM_SPP && level < 6 ? names[dimension][level] : "?";
}

unsigned step_index(const struct udv_paging *paging, const struct udv_step *step)
{
	uint64_t address = step->address.value;

	(void)paging;
	if (step->flags & UDV_STEP_REGISTER)
		return (unsigned)address;
	return (unsigned)(address & 0xfff) / step->size;
}

const char *page_size_text(unsigned shift)
{
	switch (shift) {
	case 12:
		return "4 KB";
	case 21:
		return "2 MB";
	case 22:
		return "4 MB";
	case 30:
		return "1 GB";
	default:
		return "whole";
	}
}

bool entry_is_leaf(const struct udv_paging *paging, const struct udv_step *step)
{
	const struct udv_paging_dimension *dimension =
		step->dimension == UDV_DIM_GUEST ? &paging->guest : &paging->ept;

	if (step->dimension == UDV_DIM_SPP || step->flags & UDV_STEP_REGISTER)
		return false;
	return step->level == 1 || (step->value & dimension->page_size[step->level]) != 0;
}

unsigned entry_page_shift(const struct udv_paging *paging, const struct udv_step *step)
{
	if (step->dimension == UDV_DIM_GUEST && paging->mode == UDV_PAGING_32BIT)
		return step->level == 2 ? 22 : 12;
	return 12 + 9 * (step->level - 1u);
}

uint64_t entry_target(const struct udv_paging *paging, const struct udv_step *step)
{
	uint64_t value = step->value;
	uint64_t within;

	if (!entry_is_leaf(paging, step))
		return value & UDV_ENTRY_ADDRESS;
	within = (1ull << entry_page_shift(paging, step)) - 1;
	if (entry_page_shift(paging, step) == 22)
		return udv_pse36_address(value);
	return value & UDV_ENTRY_ADDRESS & ~within;
}

uint64_t entry_reserved(const struct udv_paging *paging, const struct udv_step *step)
{
	const struct udv_paging_dimension *dimension =
		step->dimension == UDV_DIM_GUEST ? &paging->guest : &paging->ept;

	if (step->dimension == UDV_DIM_SPP || step->flags & UDV_STEP_REGISTER)
		return 0;
	if (entry_is_leaf(paging, step))
		return step->value & dimension->reserved_leaf[step->level];
	return step->value & dimension->reserved_table[step->level];
}

struct flag_name {
	uint64_t bit;
	const char *name;
};

static void append(char *buffer, size_t size, const char *word)
{
	size_t used = strlen(buffer);

	snprintf(buffer + used, size - used, "%s%s", used ? " " : "", word);
}

static void append_flags(char *buffer, size_t size, uint64_t value, const struct flag_name *names,
			 size_t nr)
{
	for (size_t i = 0; i < nr; i++) {
		if (value & names[i].bit)
			append(buffer, size, names[i].name);
	}
}

static void guest_flags(const struct udv_step *step, bool leaf, char *buffer, size_t size)
{
	static const struct flag_name names[] = {
		{ UDV_PTE_P, "P" },   { UDV_PTE_W, "W" }, { UDV_PTE_U, "U" },
		{ UDV_PTE_XD, "XD" }, { UDV_PTE_A, "A" },
	};
	static const struct flag_name leaf_names[] = { { UDV_PTE_D, "D" }, { UDV_PTE_G, "G" } };
	uint64_t key = step->value >> UDV_PTE_KEY_SHIFT & UDV_PTE_KEY_MASK;

	/* A PDPTE register has no rights. */
	append_flags(buffer, size, step->value, names, step->flags & UDV_STEP_REGISTER ? 1 : 5);
	if (!leaf)
		return;
	append_flags(buffer, size, step->value, leaf_names, 2);
	if (step->level > 1)
		append(buffer, size, "PS");
	if (key) {
		char word[16];

		snprintf(word, sizeof(word), "key %u", (unsigned)key);
		append(buffer, size, word);
	}
}

static void ept_flags(const struct udv_paging *paging, const struct udv_step *step, bool leaf,
		      char *buffer, size_t size)
{
	static const struct flag_name rights[] = {
		{ UDV_EPTE_R, "R" },
		{ UDV_EPTE_W, "W" },
		{ UDV_EPTE_X, "X" },
	};
	static const char *const types[8] = { "UC", "WC", "type2", "type3",
					      "WT", "WP", "WB",	   "type7" };
	uint32_t controls = paging->config.ept_controls;
	uint64_t value = step->value;

	append_flags(buffer, size, value, rights, 3);
	if (controls & UDV_EPT_MBEC && value & UDV_EPTE_XU)
		append(buffer, size, "XU");
	if (leaf)
		append(buffer, size, types[value >> UDV_EPTE_TYPE_SHIFT & 7]);
	if (paging->ept_ad && value & UDV_EPTE_A)
		append(buffer, size, "A");
	if (!leaf)
		return;
	if (paging->ept_ad && value & UDV_EPTE_D)
		append(buffer, size, "D");
	if (step->level > 1)
		append(buffer, size, "PS");
	if (controls & UDV_EPT_VERIFICATION && value & UDV_EPTE_VERIFY_GUEST_PAGING)
		append(buffer, size, "VGP");
	if (controls & (UDV_EPT_PAGING_WRITE | UDV_EPT_VERIFICATION) &&
	    value & UDV_EPTE_PAGING_WRITE)
		append(buffer, size, "PW");
	if (controls & UDV_EPT_SPP && value & UDV_EPTE_SUB_PAGE_WRITE)
		append(buffer, size, "SPP");
	if (paging->config.eptp & 1ull << 7 && value & UDV_EPTE_SUPERVISOR_SHADOW_STACK)
		append(buffer, size, "SSS");
	if (value & UDV_EPTE_IPAT)
		append(buffer, size, "IPAT");
}

void entry_flags(const struct udv_paging *paging, const struct udv_step *step, char *buffer,
		 size_t size)
{
	bool leaf = entry_is_leaf(paging, step);

	buffer[0] = '\0';
	if (step->flags & (UDV_STEP_NO_MEMORY | UDV_STEP_NOT_PRESENT))
		return;
	if (step->dimension == UDV_DIM_GUEST)
		guest_flags(step, leaf, buffer, size);
	else if (step->dimension == UDV_DIM_EPT)
		ept_flags(paging, step, leaf, buffer, size);
	else if (step->level > 1 && step->value & 1)
		append(buffer, size, "V");
}

static uint64_t table_of(const struct udv_step *step)
{
	uint64_t address = step->dimension == UDV_DIM_GUEST ? step->gpa.value : step->address.value;

	return address & ~0xfffull;
}

bool entry_loops(const struct walked *walked, unsigned step, unsigned *level)
{
	const struct udv_paging *paging = &walked->session->paging;
	const struct udv_step *self = &walked->record.steps[step];
	const uint32_t ends =
		UDV_STEP_NOT_PRESENT | UDV_STEP_BAD | UDV_STEP_NO_MEMORY | UDV_STEP_LEAF;
	uint64_t table = self->value & UDV_ENTRY_ADDRESS;

	if (self->flags & ends || entry_is_leaf(paging, self) || self->dimension == UDV_DIM_SPP)
		return false;
	for (unsigned i = step + 1; i-- > 0;) {
		const struct udv_step *other = &walked->record.steps[i];

		if (self->dimension == UDV_DIM_EPT &&
		    (other->dimension != UDV_DIM_EPT || other->gpa.value != self->gpa.value))
			return false;
		if (other->dimension != self->dimension || other->flags & UDV_STEP_REGISTER)
			continue;
		if (table_of(other) == table) {
			*level = other->level;
			return true;
		}
	}
	return false;
}

bool step_of_result(const struct walked *walked, const struct udv_step *step)
{
	return step->dimension == UDV_DIM_EPT && step->gpa.value == walked->result.gpa.value &&
	       step->stage == walked->result.stage;
}

static bool step_decided(const struct walked *walked, const struct udv_step *step)
{
	const struct udv_fault *fault = &walked->result.fault;

	return fault->flags & UDV_FAULT_ENTRY_VALID && fault->dimension == step->dimension &&
	       fault->level == step->level && fault->entry_address == step->address.value &&
	       (step->dimension == UDV_DIM_GUEST || step->gpa.value == walked->result.gpa.value);
}

bool step_guilty(const struct walked *walked, const struct udv_step *step)
{
	const struct udv_paging *paging = &walked->session->paging;
	bool guest = step->dimension == UDV_DIM_GUEST && !(step->flags & UDV_STEP_REGISTER);
	bool ept = step_of_result(walked, step);
	uint64_t execute = UDV_EPTE_X;

	if (walked->result.outcome == UDV_WALK_OK)
		return false;
	if (step->flags & UDV_STEP_NO_MEMORY)
		return true;
	if (paging->config.ept_controls & UDV_EPT_MBEC &&
	    walked->result.guest_rights & UDV_GUEST_USER)
		execute = UDV_EPTE_XU;
	switch (walked->result.fault.cause) {
	case UDV_CAUSE_USER:
		return guest && !(step->value & UDV_PTE_U);
	case UDV_CAUSE_NOT_WRITABLE:
		return guest && !(step->value & UDV_PTE_W);
	case UDV_CAUSE_NX:
		return guest && step->size == 8 && step->value & UDV_PTE_XD;
	case UDV_CAUSE_SMAP:
	case UDV_CAUSE_SMEP:
	case UDV_CAUSE_KEY:
	case UDV_CAUSE_SHADOW_STACK:
		return guest && step->flags & UDV_STEP_LEAF;
	case UDV_CAUSE_EPT_READ:
		return ept && !(step->value & UDV_EPTE_R);
	case UDV_CAUSE_EPT_WRITE:
	case UDV_CAUSE_EPT_AD_UPDATE:
		return ept && !(step->value & UDV_EPTE_W);
	case UDV_CAUSE_EPT_EXECUTE:
		return ept && !(step->value & execute);
	case UDV_CAUSE_SPP_WRITE:
		return step->dimension == UDV_DIM_SPP && step->level == 1;
	default:
		return step_decided(walked, step);
	}
}

void guest_rights_text(uint8_t rights, char *buffer, size_t size)
{
	snprintf(buffer, size, "%s, %s, %s", rights & UDV_GUEST_USER ? "user" : "supervisor",
		 rights & UDV_GUEST_WRITE ? "writable" : "read-only",
		 rights & UDV_GUEST_NX ? "no execute" : "executable");
}

void ept_rights_text(const struct udv_paging *paging, uint8_t rights, char *buffer, size_t size)
{
	bool mbec = paging->config.ept_controls & UDV_EPT_MBEC;

	snprintf(buffer, size, "%c%c%c%s", rights & UDV_EPT_R ? 'R' : '-',
		 rights & UDV_EPT_W ? 'W' : '-', rights & UDV_EPT_X ? 'X' : '-',
		 !mbec		       ? ""
		 : rights & UDV_EPT_XU ? " XU"
				       : " --");
}
