/* SPDX-License-Identifier: MIT */
#include <undervisor/exit_info.h>

#include "arch/fault_bits.h"
#include "explain/explain.h"

/* SDM Vol 3C "Exit Qualification for EPT Violations" */

#define ACCESS (UDV_EQ_READ | UDV_EQ_WRITE | UDV_EQ_FETCH)
#define RIGHTS (UDV_EQ_R | UDV_EQ_W | UDV_EQ_X)
#define GUEST_RIGHTS (UDV_EQ_USER | UDV_EQ_WRITABLE | UDV_EQ_NX)

static bool on_table(uint64_t value)
{
	return (value & (UDV_EQ_GLA_VALID | UDV_EQ_FINAL)) == UDV_EQ_GLA_VALID;
}

static bool on_final(uint64_t value)
{
	return (value & UDV_EQ_GLA_VALID) && (value & UDV_EQ_FINAL);
}

/* ---- contradictions: what no processor reports */

static void note_contradictions(struct udv_explanation *out, uint64_t value)
{
	if (!(value & ACCESS))
		note(out, "contradiction: no access bit is set, but bits 2:0 are never all 0");
	if ((value & UDV_EQ_FETCH) && (value & (UDV_EQ_READ | UDV_EQ_WRITE)))
		note(out, "contradiction: a fetch (bit 2) is never also a read or a write");
	if ((value & UDV_EQ_FINAL) && !(value & UDV_EQ_GLA_VALID))
		note(out, "contradiction: bit 8 is set without bit 7");
	if (on_table(value) && (value & UDV_EQ_FETCH))
		note(out, "contradiction: an access to a guest paging-structure entry is never a "
			  "fetch, even on behalf of one");
	if (!(value & UDV_EQ_GLA_VALID) && (value & UDV_EQ_FETCH))
		note(out, "contradiction: a fetch always has a linear address (bit 7)");
	if ((value & UDV_EQ_W) && !(value & UDV_EQ_R))
		note(out, "contradiction: entries that allow write without read are "
			  "misconfigured, so bit 4 is never set without bit 3");
	if ((value & UDV_EQ_VERIFICATION) && !on_final(value))
		note(out, "contradiction: guest-paging verification (bit 15) judges final "
			  "translations only");
	if ((value & UDV_EQ_SHADOW_STACK) && (value & UDV_EQ_FETCH))
		note(out, "contradiction: a shadow-stack access (bit 13) is never a fetch");
}

/* ---- the access */

static const char *kind_words(uint64_t value)
{
	switch (value & ACCESS) {
	case UDV_EQ_READ:
		return "a data read";
	case UDV_EQ_WRITE:
		return "a data write";
	case UDV_EQ_READ | UDV_EQ_WRITE:
		return "a read-modify-write";
	case UDV_EQ_FETCH:
		return "an instruction fetch";
	default:
		return "an access";
	}
}

static void note_table_access(struct udv_explanation *out, uint64_t value)
{
	switch (value & (UDV_EQ_READ | UDV_EQ_WRITE)) {
	case UDV_EQ_READ | UDV_EQ_WRITE:
		note(out, "access to a guest paging-structure entry with EPT accessed/dirty flags "
			  "enabled (counts as read and write)");
		note(out, "or, without EPT accessed/dirty flags, the setting of an accessed or "
			  "dirty flag in that entry");
		break;
	case UDV_EQ_READ:
		note(out, "read of a guest paging-structure entry, EPT accessed/dirty flags not "
			  "enabled");
		break;
	default:
		note(out, "setting of an accessed or dirty flag in a guest paging-structure entry, "
			  "EPT accessed/dirty flags not enabled");
		break;
	}
	note(out, "the guest-physical address is that of the entry, the guest-linear address that "
		  "of the original access");
}

static void note_access(struct udv_explanation *out, uint64_t value)
{
	if (on_table(value)) {
		note_table_access(out, value);
		return;
	}
	text_add(out, kind_words(value));
	if (on_final(value))
		text_add(out,
			 " at the guest-physical address that the linear address translates to");
	else if ((value & ACCESS) == UDV_EQ_READ)
		text_add(out, " without a linear address, as MOV to CR0, CR3 or CR4 makes to load "
			      "the PDPTEs");
	else
		text_add(out, " without a linear address, as trace output makes");
	note_text(out);
	if (!(value & UDV_EQ_GLA_VALID))
		note(out, "the guest-linear address field is undefined");
}

/* ---- the rights */

/* "read, write and execute": those of the first @bits rights that are @given. */
static void add_rights(struct udv_explanation *out, uint64_t value, unsigned bits, bool given,
		       const char *conjunction)
{
	static const char *const names[] = { "read", "write", "execute", "user-mode execute" };
	unsigned left = 0, nr = 0, i;

	for (i = 0; i < bits; i++)
		left += !!(value & (UDV_EQ_R << i)) == given;
	for (i = 0; i < bits; i++) {
		if (!!(value & (UDV_EQ_R << i)) != given)
			continue;
		if (nr++)
			text_add(out, left == 1 ? conjunction : ", ");
		text_add(out, names[i]);
		left--;
	}
}

static void note_rights(struct explainer *e, uint64_t value)
{
	bool mbec = e->options->ept_controls & UDV_EPT_MBEC;
	struct udv_explanation *out = e->out;
	unsigned bits = mbec ? 4 : 3;

	if (!(value & (mbec ? RIGHTS | UDV_EQ_XU : RIGHTS))) {
		note(out, "the EPT entries used had no right in common: one was not present, or "
			  "the guest-physical address is wider than 4-level EPT translates");
		return;
	}
	text_add(out, "the EPT entries used allowed ");
	add_rights(out, value, bits, true, " and ");
	if ((value & BITS(2 + bits, 3)) != BITS(2 + bits, 3)) {
		text_add(out, ", not ");
		add_rights(out, value, bits, false, " or ");
	}
	note_text(out);
}

/* A right that was asked for and not given explains the violation; if there is none, what does? */
static void note_cause(struct explainer *e, uint64_t value)
{
	struct udv_explanation *out = e->out;

	if (!(value & RIGHTS) || !(value & ACCESS))
		return;
	if ((value & UDV_EQ_READ) && !(value & UDV_EQ_R))
		note(out, "refused because read is missing");
	else if ((value & UDV_EQ_WRITE) && !(value & UDV_EQ_W))
		note(out, "refused because write is missing");
	else if ((value & UDV_EQ_FETCH) && !(value & UDV_EQ_X))
		note(out, "refused because execute is missing");
	else if (value & UDV_EQ_VERIFICATION)
		note(out, "refused by guest-paging verification, not by the EPT rights");
	else if (value & UDV_EQ_SHADOW_STACK)
		note(out, "refused by the supervisor shadow-stack control, not by bits 5:3");
	else if (value & UDV_EQ_FETCH)
		note(out, "bits 5:3 allow the access: a fetch from a user-mode linear address "
			  "that mode-based execute control refused (bit 6)");
	else
		note(out, "bits 5:3 allow the access, and no other bit says what refused it");
}

/* ---- rows whose meaning depends on others */

static void amend_rows(struct explainer *e, uint64_t value)
{
	bool mbec = e->options->ept_controls & UDV_EPT_MBEC;

	if (on_table(value))
		explain_amend(e->out, 8, UDV_CLASS_DEFINED,
			      "the access was to a guest paging-structure entry");
	else if (!(value & UDV_EQ_FINAL))
		explain_amend(e->out, 8, UDV_CLASS_DEFINED, "0 because bit 7 is 0");
	else if (!(value & UDV_EQ_GLA_VALID))
		explain_amend(e->out, 8, UDV_CLASS_VIOLATED, "must be 0 because bit 7 is 0");
	if (mbec)
		explain_amend(e->out, 5, UDV_CLASS_DEFINED,
			      value & UDV_EQ_X
				      ? "every EPT entry used allowed supervisor-mode execute"
				      : "some EPT entry withheld supervisor-mode execute");
}

/* ---- bits 9 to 12, 14 */

static void note_guest_rights(struct udv_explanation *out, uint64_t value)
{
	text_add(out, "in the guest's tables the linear address is ");
	text_add(out, value & UDV_EQ_USER ? "user-mode" : "supervisor-mode");
	text_add(out, value & UDV_EQ_WRITABLE ? ", writable" : ", read-only");
	text_add(out, value & UDV_EQ_NX ? ", not executable" : ", executable");
	text_add(out, " (undefined if IA32_VMX_EPT_VPID_CAP[22] = 0)");
	note_text(out);
}

static void undefine_guest_rights(struct udv_explanation *out, const char *why)
{
	text_add(out, "bits 9 to 11 are undefined because ");
	text_add(out, why);
	note_text(out);
	explain_amend(out, 9, UDV_CLASS_UNDEFINED, why);
	explain_amend(out, 10, UDV_CLASS_UNDEFINED, why);
	explain_amend(out, 11, UDV_CLASS_UNDEFINED, why);
}

static void amend_guest_rights(struct explainer *e, uint64_t value)
{
	if (!(value & UDV_EQ_GLA_VALID))
		undefine_guest_rights(e->out, "bit 7 is 0");
	else if (!(value & UDV_EQ_FINAL))
		undefine_guest_rights(e->out, "bit 8 is 0");
	else if (!(e->options->ept_vpid_cap & UDV_EPT_CAP_ADVANCED_INFO))
		undefine_guest_rights(e->out, "IA32_VMX_EPT_VPID_CAP[22] is 0");
	else
		note_guest_rights(e->out, value);
}

static void note_rest(struct explainer *e, uint64_t value)
{
	struct udv_explanation *out = e->out;

	if ((value & UDV_EQ_XU) && !(e->options->ept_controls & UDV_EPT_MBEC))
		note(out, "bit 6 is undefined without mode-based execute control for EPT");
	if (value & UDV_EQ_NMI_UNBLOCKING)
		note(out,
		     "bit 12 is defined only if \"NMI exiting\" is 0 or \"virtual NMIs\" is 1, "
		     "and no event was being delivered: then blocking by NMI must be set "
		     "again before the guest resumes");
	if ((value & UDV_EQ_SSS) && !e->options->ept_sss)
		note(out, "bit 14 is undefined unless EPTP[7] is 1 and the walk reached a leaf");
	if (value & UDV_EQ_ASYNC)
		note(out, "asynchronous: trace output, event-based sampling or user-interrupt "
			  "delivery, not the instruction at RIP");
	if (value >> 17)
		note(out, "bits 63:17 are undefined");
}

enum udv_status explain_ept_violation(struct explainer *e, uint64_t value)
{
	explain_layout(e, &arch_layout_EPT_VIOLATION);
	amend_rows(e, value);
	note_access(e->out, value);
	note_rights(e, value);
	note_cause(e, value);
	amend_guest_rights(e, value);
	note_rest(e, value);
	note_contradictions(e->out, value);
	return UDV_OK;
}
