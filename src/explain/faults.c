/* SPDX-License-Identifier: MIT */
#include <undervisor/registers.h>

#include "arch/fault_bits.h"
#include "explain/explain.h"

/* ---- #PF. SDM Vol 3A "Page-Fault Exceptions" */

static void note_page_fault_access(struct udv_explanation *out, uint64_t code)
{
	text_add(out, code & UDV_PF_U ? "a user-mode " : "a supervisor-mode ");
	if (code & UDV_PF_SS)
		text_add(out, code & UDV_PF_W ? "shadow-stack write" : "shadow-stack read");
	else if (code & UDV_PF_I)
		text_add(out, "instruction fetch");
	else
		text_add(out, code & UDV_PF_W ? "write" : "read");
	if (!(code & (UDV_PF_I | UDV_PF_W | UDV_PF_SS)))
		text_add(out, " (or a fetch, if neither SMEP nor execute-disable is on)");
	if (!(code & UDV_PF_P))
		text_add(out, " of an address whose walk met an entry that is not present");
	else if (code & UDV_PF_RSVD)
		text_add(out, " of an address whose walk met a present entry with a reserved bit");
	else if (code & UDV_PF_SGX)
		text_add(out, " that SGX access control refused");
	else
		text_add(out, " of a present page, refused by its rights");
	note_text(out);
}

static bool rights_refused(uint64_t code)
{
	return (code & UDV_PF_P) && !(code & (UDV_PF_RSVD | UDV_PF_SGX));
}

/* What can have refused it, given the kind of access. */
static void note_page_fault_cause(struct udv_explanation *out, uint64_t code)
{
	if (!rights_refused(code))
		return;
	if (code & UDV_PF_PK)
		note(out, "a protection key denied it: PKRU for a user-mode address, IA32_PKRS for "
			  "a supervisor-mode one; another right may be missing as well");
	else if (code & UDV_PF_SS)
		note(out, "not a shadow-stack page (read-only and dirty, under writable "
			  "tables), or one of the other mode");
	else if ((code & UDV_PF_I) && (code & UDV_PF_U))
		note(out, "some entry has U/S = 0 or XD = 1");
	else if (code & UDV_PF_I)
		note(out, "some entry has XD = 1, or it is a user-mode address and SMEP is on");
	else if ((code & UDV_PF_W) && (code & UDV_PF_U))
		note(out, "some entry has U/S = 0 or R/W = 0");
	else if (code & UDV_PF_W)
		note(out, "some entry has R/W = 0 with CR0.WP = 1, or it is a user-mode address "
			  "and SMAP is on");
	else if (code & UDV_PF_U)
		note(out, "some entry has U/S = 0");
	else
		note(out, "a user-mode address with SMAP on and EFLAGS.AC = 0");
}

static void note_page_fault_contradictions(struct udv_explanation *out, uint64_t code)
{
	if ((code & UDV_PF_RSVD) && !(code & UDV_PF_P))
		note(out, "contradiction: a reserved bit (bit 3) is found in present entries only, "
			  "so bit 0 must be 1");
	if ((code & UDV_PF_I) && (code & UDV_PF_W))
		note(out, "contradiction: a fetch (bit 4) is never a write (bit 1)");
	if ((code & UDV_PF_PK) && !(code & UDV_PF_P))
		note(out, "contradiction: a protection key (bit 5) denies present pages only");
	if ((code & UDV_PF_PK) && (code & UDV_PF_RSVD))
		note(out, "contradiction: a protection key (bit 5) is not looked at after a "
			  "reserved bit (bit 3)");
	if ((code & UDV_PF_PK) && (code & UDV_PF_I))
		note(out, "contradiction: protection keys (bit 5) do not apply to fetches (bit 4)");
	if ((code & UDV_PF_SS) && (code & UDV_PF_I))
		note(out, "contradiction: a shadow-stack access (bit 6) is never a fetch (bit 4)");
	if (explain_any_violated(out))
		note(out, "contradiction: reserved bits of the error code are set");
}

enum udv_status explain_page_fault(struct explainer *e, uint64_t value)
{
	explain_layout(e, &arch_layout_PAGE_FAULT);
	note_page_fault_access(e->out, value);
	note_page_fault_cause(e->out, value);
	if (value & UDV_PF_HLAT)
		note(e->out, "HLAT paging was in use and found no translation");
	note_page_fault_contradictions(e->out, value);
	return UDV_OK;
}

/* ---- NPF. AMD64 Vol 2 "Nested versus Guest Page Faults, Fault Ordering" */

static void note_npf_stage(struct udv_explanation *out, uint64_t code)
{
	switch (code & (UDV_NPF_FINAL | UDV_NPF_TABLE)) {
	case UDV_NPF_FINAL:
		note(out, "the fault is in the translation of the final guest-physical address");
		break;
	case UDV_NPF_TABLE:
		note(out, "the fault is in the translation of a guest page-table entry's address, "
			  "which EXITINFO2 holds");
		if (!(code & UDV_PF_W))
			note(out, "contradiction: walks of guest tables count as writes, so bit 1 "
				  "must be 1 with bit 33");
		if (code & UDV_PF_I)
			note(out, "contradiction: a walk of guest tables is never a fetch");
		break;
	case 0:
		note(out, "contradiction: neither bit 32 nor bit 33 is set, but exactly one is");
		break;
	default:
		note(out, "contradiction: bits 32 and 33 are both set, but exactly one is");
		break;
	}
}

enum udv_status explain_npf(struct explainer *e, uint64_t value)
{
	struct udv_explanation *out = e->out;

	explain_layout(e, &arch_layout_NPF);
	note_npf_stage(out, value);
	if (value & UDV_PF_RSVD)
		note(out, "a reserved bit is set in a nested entry");
	else if (value & UDV_PF_P)
		note(out, "the nested entries are present and withhold the right");
	else
		note(out, "a nested entry is not present");
	if ((value & UDV_PF_RSVD) && !(value & UDV_PF_P))
		note(out, "contradiction: a reserved bit (bit 3) is found in present entries only");
	if (!(value & UDV_PF_U))
		note(out, "bit 2 is 0 only with guest-mode execute trap (GMET)");
	if ((value & UDV_PF_I) && (value & UDV_PF_W))
		note(out, "contradiction: a fetch (bit 4) is never a write (bit 1)");
	if (explain_any_violated(out))
		note(out, "contradiction: reserved bits are set");
	return UDV_OK;
}
