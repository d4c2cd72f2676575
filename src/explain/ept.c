/* SPDX-License-Identifier: MIT */
#include "arch/entry_bits.h"
#include "arch/paging_bits.h"
#include "explain/explain.h"

/* SDM Vol 3C "EPT Translation Mechanism", "EPT Misconfigurations" */

/* ---- EPTP */

static void note_eptp_problems(struct udv_explanation *out, uint32_t problems)
{
	static const struct {
		uint32_t problem;
		unsigned low; /* of the row, 64 if its table finds it anyway */
		const char *text;
	} rules[] = {
		{ UDV_EPTP_BAD_MEMORY_TYPE, 0,
		  "bits 2:0: the memory type must be 0 (UC) or 6 (WB), and supported" },
		{ UDV_EPTP_BAD_WALK_LENGTH, 3,
		  "bits 5:3: the walk length must be 4 (3 here) or 5 (4 here), and supported" },
		{ UDV_EPTP_BAD_AD, 6, "bit 6: accessed and dirty flags are not supported" },
		{ UDV_EPTP_BAD_SHADOW_STACK, 7,
		  "bit 7: supervisor shadow-stack control is not supported" },
		{ UDV_EPTP_BAD_RESERVED, 64, "bits 11:8 must be 0" },
		{ UDV_EPTP_BAD_ADDRESS, 64, "bits from MAXPHYADDR up must be 0" },
	};
	unsigned i;

	for (i = 0; i < sizeof(rules) / sizeof(rules[0]); i++) {
		if (!(problems & rules[i].problem))
			continue;
		note(out, rules[i].text);
		if (rules[i].low < 64)
			explain_amend(out, rules[i].low, UDV_CLASS_VIOLATED, NULL);
	}
	if (problems)
		note(out,
		     "invalid: VM entry fails with error 7, INVEPT with error 28, and VMFUNC 0 "
		     "exits");
	else
		note(out, "valid");
}

enum udv_status explain_eptp(struct explainer *e, uint64_t value)
{
	struct udv_explanation *out = e->out;

	explain_layout(e, &arch_layout_EPTP);
	text_add(out, "root table at ");
	text_add_hex(out, value & ENTRY_ADDRESS);
	text_add(out, ", page-walk length ");
	text_add_decimal(out, (value >> EPTP_WALK_SHIFT & EPTP_WALK_MASK) + 1);
	note_text(out);
	note_eptp_problems(
		out, udv_eptp_problems(value, e->options->ept_vpid_cap, e->options->maxphyaddr));
	return UDV_OK;
}

/* ---- entries */

static const char *const entry_names[] = { "",		"EPT PTE",   "EPT PDE",
					   "EPT PDPTE", "EPT PML4E", "EPT PML5E" };

static unsigned page_shift(unsigned level)
{
	return 12 + 9 * (level - 1);
}

/* The capability that lets bit 7 map a page at @level; 0 where nothing does. */
static uint64_t page_cap(unsigned level)
{
	return level == 2 ? UDV_EPT_CAP_2MB : level == 3 ? UDV_EPT_CAP_1GB : 0;
}

static bool is_leaf(const struct udv_explain_options *options, uint64_t entry)
{
	return options->level == 1 ||
	       ((entry & EPT_PS) && (options->ept_vpid_cap & page_cap(options->level)));
}

static const struct arch_layout *entry_layout(const struct udv_explain_options *options,
					      uint64_t entry)
{
	bool mbec = options->ept_controls & UDV_EPT_MBEC;

	if (!(entry & (EPT_RWX | (mbec ? EPT_XU : 0))))
		return &arch_layout_EPT_ABSENT;
	if (options->level == 1)
		return &arch_layout_EPT_4K;
	if (!is_leaf(options, entry))
		return options->level > 3 || (entry & EPT_PS) ? &arch_layout_EPT_ROOT
							      : &arch_layout_EPT_TABLE;
	return options->level == 2 ? &arch_layout_EPT_2M : &arch_layout_EPT_1G;
}

static void note_absent(struct udv_explanation *out, const struct udv_explain_options *options,
			uint64_t entry)
{
	note(out, "not present: an access through it is an EPT violation with qualification bits "
		  "6:3 = 0");
	if (entry & EPT_XU)
		note(out, "bit 10 does not make it present without mode-based execute control");
	if (options->ept_controls & UDV_EPT_VE)
		note(out, entry & EPT_SUPPRESS_VE ? "such a violation always exits"
						  : "such a violation may become a #VE");
}

static void note_target(struct udv_explanation *out, const struct udv_explain_options *options,
			uint64_t entry, bool leaf)
{
	static const char *const sizes[] = { "", "4 KB", "2 MB", "1 GB" };
	unsigned low = leaf ? page_shift(options->level) : 12;

	text_add(out, leaf ? "maps the " : "references the ");
	text_add(out, leaf ? sizes[options->level] : "table");
	text_add(out, leaf ? " page at " : " at ");
	text_add_hex(out, entry & BITS(51, low));
	note_text(out);
}

static void note_rights(struct udv_explanation *out, const struct udv_explain_options *options,
			uint64_t entry, bool leaf)
{
	bool mbec = options->ept_controls & UDV_EPT_MBEC;
	unsigned nr = 0;

	text_add(out, leaf ? "allows " : "lets through ");
	if (entry & EPT_R)
		text_add_item(out, "read", &nr);
	if (entry & EPT_W)
		text_add_item(out, "write", &nr);
	if (entry & EPT_X)
		text_add_item(out, mbec ? "supervisor-mode execute" : "execute", &nr);
	if (mbec && (entry & EPT_XU))
		text_add_item(out, "user-mode execute", &nr);
	note_text(out);
}

static const char *type_words(unsigned type)
{
	static const char *const words[] = {
		"uncacheable (UC)",	"write combining (WC)", NULL, NULL, "write through (WT)",
		"write protected (WP)", "write back (WB)",	NULL,
	};

	return words[type & 7];
}

static void note_memory_type(struct udv_explanation *out, uint64_t entry)
{
	const char *words = type_words((unsigned)(entry >> EPT_TYPE_SHIFT & EPT_TYPE_MASK));

	if (!words)
		return;
	text_add(out, "memory type ");
	text_add(out, words);
	text_add(out, entry & UDV_EPTE_IPAT ? ", whatever the guest's PAT says"
					    : ", combined with the guest's PAT");
	note_text(out);
}

static void note_rule(struct udv_explanation *out, const char *rule)
{
	text_add(out, "misconfiguration: ");
	text_add(out, rule);
	note_text(out);
}

static void note_misconfigurations(struct udv_explanation *out,
				   const struct udv_explain_options *options, uint64_t entry,
				   bool leaf)
{
	bool execute_only = options->ept_vpid_cap & UDV_EPT_CAP_EXECUTE_ONLY;
	bool mbec = options->ept_controls & UDV_EPT_MBEC;
	bool paging_write = options->ept_controls & UDV_EPT_PAGING_WRITE;

	if (!(entry & EPT_R) && (entry & EPT_W)) {
		explain_amend(out, 1, UDV_CLASS_VIOLATED, "write without read");
		note_rule(out, "write without read (bits 1:0 = 10)");
	}
	if (!(entry & EPT_R) && (entry & EPT_X) && !execute_only) {
		explain_amend(out, 2, UDV_CLASS_VIOLATED, "execute without read");
		note_rule(out, "execute without read, and execute-only is not supported");
	}
	if (!(entry & EPT_R) && mbec && (entry & EPT_XU) && !execute_only) {
		explain_amend(out, 10, UDV_CLASS_VIOLATED, "user-mode execute without read");
		note_rule(out, "user-mode execute without read, and execute-only is not supported");
	}
	if (!(entry & EPT_R) && leaf && paging_write && (entry & EPT_PAGING_WRITE)) {
		explain_amend(out, 58, UDV_CLASS_VIOLATED, "paging writes without read");
		note_rule(out, "paging writes (bit 58) without read");
	}
	if (leaf && !type_words((unsigned)(entry >> EPT_TYPE_SHIFT & EPT_TYPE_MASK)))
		note_rule(out, "reserved memory type (2, 3 or 7)");
	if (!leaf && (entry & EPT_PS)) {
		if (page_cap(options->level))
			note_rule(out, "bit 7: pages of this size are not supported");
		else
			note_rule(out, "bit 7: no pages at this level");
	}
}

/* Rows that a rule of note_misconfigurations() speaks of. */
static bool has_own_rule(const struct udv_explain_row *row)
{
	if (row->low <= 2 || row->low == 10 || row->low == 58)
		return true;
	if (row->high == 5 && row->low == 3)
		return true;
	return row->high == 7 && row->low == 3 && row->value == EPT_PS >> 3;
}

static bool reserved_bits(const struct udv_explanation *out)
{
	unsigned i;

	for (i = 0; i < out->nr_rows; i++)
		if (out->rows[i].class == UDV_CLASS_VIOLATED && !has_own_rule(&out->rows[i]))
			return true;
	return false;
}

enum udv_status explain_ept_entry(struct explainer *e, uint64_t value)
{
	const struct udv_explain_options *options = e->options;
	struct udv_explanation *out = e->out;
	const struct arch_layout *layout;
	bool leaf;

	if (options->level < 1)
		return UDV_ERR_ARGUMENT;
	layout = entry_layout(options, value);
	leaf = is_leaf(options, value);
	explain_layout(e, layout);
	if (layout != &arch_layout_EPT_ABSENT && leaf) {
		note_target(out, options, value, leaf);
	} else {
		text_add(out, entry_names[options->level]);
		text_add(out, layout == &arch_layout_EPT_ABSENT ? " that is not present"
								: " that references a table");
		out->title = text_end(out);
	}
	if (layout == &arch_layout_EPT_ABSENT) {
		note_absent(out, options, value);
		return UDV_OK;
	}
	if (!leaf)
		note_target(out, options, value, leaf);
	note_rights(out, options, value, leaf);
	if (leaf)
		note_memory_type(out, value);
	if (reserved_bits(out))
		note_rule(out, "reserved bits are set");
	note_misconfigurations(out, options, value, leaf);
	return UDV_OK;
}
