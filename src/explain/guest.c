/* SPDX-License-Identifier: MIT */
#include "arch/entry_bits.h"
#include "arch/paging_bits.h"
#include "explain/explain.h"

/* Guest paging-structure entries. SDM Vol 3A "Paging" */

static unsigned levels(enum udv_paging_mode mode)
{
	switch (mode) {
	case UDV_PAGING_32BIT:
		return 2;
	case UDV_PAGING_PAE:
		return 3;
	case UDV_PAGING_4_LEVEL:
		return 4;
	case UDV_PAGING_5_LEVEL:
		return 5;
	default:
		return 0;
	}
}

static const struct arch_layout *layout_32bit(const struct udv_explain_options *options,
					      uint64_t entry)
{
	if (!(entry & PTE_P))
		return &arch_layout_PTE_ABSENT32;
	if (options->level == 1)
		return &arch_layout_PTE32_4K;
	return (entry & PTE_PS) && options->pse ? &arch_layout_PTE32_4M : &arch_layout_PTE32_TABLE;
}

static const struct arch_layout *layout_pae(const struct udv_explain_options *options,
					    uint64_t entry)
{
	if (!(entry & PTE_P))
		return &arch_layout_PTE_ABSENT64;
	if (options->level == 3)
		return &arch_layout_PAE_PDPTE;
	if (options->level == 1)
		return &arch_layout_PAE_4K;
	return entry & PTE_PS ? &arch_layout_PAE_2M : &arch_layout_PAE_TABLE;
}

static const struct arch_layout *layout_long(const struct udv_explain_options *options,
					     uint64_t entry)
{
	if (!(entry & PTE_P))
		return &arch_layout_PTE_ABSENT64;
	if (options->level == 1)
		return &arch_layout_PTE_4K;
	if (options->level >= 4)
		return &arch_layout_PTE_ROOT64;
	if (!(entry & PTE_PS))
		return &arch_layout_PTE_TABLE64;
	if (options->level == 2)
		return &arch_layout_PTE_2M;
	return options->features & UDV_FEATURE_1GB_PAGES ? &arch_layout_PTE_1G
							 : &arch_layout_PTE_ROOT64;
}

static const struct arch_layout *entry_layout(const struct udv_explain_options *options,
					      uint64_t entry)
{
	if (options->mode == UDV_PAGING_32BIT)
		return layout_32bit(options, entry);
	if (options->mode == UDV_PAGING_PAE)
		return layout_pae(options, entry);
	return layout_long(options, entry);
}

/* ---- the 4 MB page, whose address bits depend on PSE-36 and MAXPHYADDR */

/* Physical-address bits 39:32 are at 20:13; those from this width on are reserved, bit 21 always.
 */
static unsigned pse_width(const struct udv_explain_options *options)
{
	if (!(options->features & UDV_FEATURE_PSE36))
		return 32;
	return options->maxphyaddr < 40 ? options->maxphyaddr : 40;
}

static void explain_4m(struct explainer *e)
{
	const struct arch_layout *layout = &arch_layout_PTE32_4M;
	unsigned first_reserved = pse_width(e->options) - 19, i;

	e->out->width = layout->width;
	e->out->title = layout->title;
	for (i = 0; i < layout->nr_rows; i++) {
		struct arch_row row = layout->rows[i];

		if (row.low == 13 && first_reserved == 13)
			continue;
		if (row.low == 13)
			row.high = (uint8_t)(first_reserved - 1);
		if (row.low == 21)
			row.low = (uint8_t)first_reserved;
		explain_row(e, &row);
	}
}

/* ---- notes */

static bool is_leaf(const struct arch_layout *layout)
{
	return layout == &arch_layout_PTE_4K || layout == &arch_layout_PTE_2M ||
	       layout == &arch_layout_PTE_1G || layout == &arch_layout_PAE_4K ||
	       layout == &arch_layout_PAE_2M || layout == &arch_layout_PTE32_4K ||
	       layout == &arch_layout_PTE32_4M;
}

static uint64_t target(const struct udv_explain_options *options, const struct arch_layout *layout,
		       uint64_t entry)
{
	if (layout == &arch_layout_PTE32_4M)
		return udv_pse36_address(entry) & BITS(pse_width(options) - 1, 0);
	if (layout == &arch_layout_PTE_1G)
		return entry & BITS(51, 30);
	if (layout == &arch_layout_PTE_2M || layout == &arch_layout_PAE_2M)
		return entry & BITS(51, 21);
	return entry & (layout->width == 32 ? BITS(31, 12) : BITS(51, 12));
}

static const char *size_words(const struct arch_layout *layout)
{
	if (layout == &arch_layout_PTE_1G)
		return "1 GB";
	if (layout == &arch_layout_PTE32_4M)
		return "4 MB";
	if (layout == &arch_layout_PTE_2M || layout == &arch_layout_PAE_2M)
		return "2 MB";
	return "4 KB";
}

static void note_target(struct explainer *e, const struct arch_layout *layout, uint64_t entry)
{
	struct udv_explanation *out = e->out;

	text_add(out, is_leaf(layout) ? "maps the " : "references the table at ");
	if (is_leaf(layout)) {
		text_add(out, size_words(layout));
		text_add(out, " page at ");
	}
	text_add_hex(out, target(e->options, layout, entry));
	note_text(out);
}

static void note_rights(struct explainer *e, const struct arch_layout *layout, uint64_t entry)
{
	struct udv_explanation *out = e->out;
	bool xd = layout->width == 64 && (entry & PTE_XD) && e->options->nxe;

	if (layout == &arch_layout_PAE_PDPTE) {
		note(out, "a PDPTE of PAE paging has no rights");
		return;
	}
	text_add(out, entry & PTE_U ? "user-mode, " : "supervisor-mode, ");
	text_add(out, entry & PTE_W ? "writable, " : "read-only, ");
	text_add(out, xd ? "not executable" : "executable");
	text_add(out, ", as far as this entry is concerned");
	note_text(out);
	if (is_leaf(layout) && !(entry & PTE_W) && (entry & PTE_D))
		note(out, "read-only and dirty: a shadow-stack page if CR4.CET = 1 and every "
			  "entry above is writable");
}

static void amend_features(struct explainer *e, const struct arch_layout *layout, uint64_t entry)
{
	struct udv_explanation *out = e->out;

	if (layout == &arch_layout_PTE32_TABLE && !e->options->pse)
		explain_amend(out, 7, UDV_CLASS_IGNORED, "ignored with CR4.PSE = 0");
	if (layout == &arch_layout_PTE32_4K && !(e->options->features & UDV_FEATURE_PAT))
		explain_amend(out, 7, entry & PTE_PS ? UDV_CLASS_VIOLATED : UDV_CLASS_RESERVED,
			      "reserved without the PAT");
}

static void note_reserved(struct udv_explanation *out, const struct arch_layout *layout)
{
	if (!explain_any_violated(out))
		return;
	note(out, layout == &arch_layout_PAE_PDPTE
			  ? "reserved bits are set: loading it raises #GP(0), and VM entry with it "
			    "fails"
			  : "reserved bits are set: its use raises #PF with P = 1 and RSVD = 1");
}

static void set_title(struct explainer *e, const struct arch_layout *layout)
{
	static const char *const names[] = { "", "PTE", "PDE", "PDPTE", "PML4E", "PML5E" };
	struct udv_explanation *out = e->out;

	if (is_leaf(layout) || layout == &arch_layout_PAE_PDPTE)
		return;
	text_add(out, names[e->options->level]);
	text_add(out, out->value & PTE_P ? " that references a table" : " that is not present");
	out->title = text_end(out);
}

enum udv_status explain_pte(struct explainer *e, uint64_t value)
{
	const struct udv_explain_options *options = e->options;
	const struct arch_layout *layout;

	if (options->level < 1 || options->level > levels(options->mode))
		return UDV_ERR_ARGUMENT;
	layout = entry_layout(options, value);
	if (layout->width == 32 && value >> 32)
		return UDV_ERR_ARGUMENT;
	if (layout == &arch_layout_PTE32_4M)
		explain_4m(e);
	else
		explain_layout(e, layout);
	set_title(e, layout);
	if (!(value & PTE_P)) {
		note(e->out, "not present: its use raises #PF with P = 0; all other bits are free");
		return UDV_OK;
	}
	amend_features(e, layout, value);
	note_target(e, layout, value);
	note_rights(e, layout, value);
	note_reserved(e->out, layout);
	return UDV_OK;
}
