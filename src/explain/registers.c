/* SPDX-License-Identifier: MIT */
#include "arch/registers.h"

#include "arch/entry_bits.h"
#include "arch/paging_bits.h"
#include "explain/explain.h"

/* SDM Vol 3A "Control Registers", "Extended Feature Enable Register" */

/*
 * In the low half of CR0 nothing is checked: MOV ignores what a reserved bit should become, and ET
 * stays 1. SDM Vol 2B "MOV-Move to/from Control Registers"
 */
static void amend_ignored(struct udv_explanation *out)
{
	unsigned i;

	for (i = 0; i < out->nr_rows; i++) {
		const struct udv_explain_row *row = &out->rows[i];

		if (row->class != UDV_CLASS_VIOLATED || row->high > 31)
			continue;
		explain_amend(out, row->low, UDV_CLASS_IGNORED,
			      row->set ? "what is written here is lost, it stays 0"
				       : "what is written here is lost, it stays 1");
	}
}

static void note_reserved(struct udv_explanation *out)
{
	if (explain_any_violated(out))
		note(out, "reserved bits are wrong: loading this value raises #GP");
}

enum udv_status explain_cr0(struct explainer *e, uint64_t value)
{
	struct udv_explanation *out = e->out;

	explain_layout(e, &arch_layout_CR0);
	amend_ignored(out);
	if (!(value & CR0_PE))
		note(out, value & CR0_PG ? "contradiction: paging (bit 31) needs protected mode "
					   "(bit 0)"
					 : "real-address mode, no paging");
	else
		note(out, value & CR0_PG ? "protected mode with paging"
					 : "protected mode without paging: linear addresses are "
					   "physical ones");
	if ((value & UDV_CR0_NW) && !(value & UDV_CR0_CD))
		note(out, "contradiction: NW (bit 29) without CD (bit 30) raises #GP");
	if (!(value & UDV_CR0_NE))
		note(out, "VMX operation needs NE (bit 5)");
	note_reserved(out);
	return UDV_OK;
}

static const struct arch_layout *cr3_layout(const struct udv_explain_options *options)
{
	switch (options->mode) {
	case UDV_PAGING_PAE:
		return &arch_layout_CR3_PAE;
	case UDV_PAGING_4_LEVEL:
	case UDV_PAGING_5_LEVEL:
		return options->pcid ? &arch_layout_CR3_PCID : &arch_layout_CR3_LONG;
	default:
		return &arch_layout_CR3_LEGACY;
	}
}

enum udv_status explain_cr3(struct explainer *e, uint64_t value)
{
	const struct arch_layout *layout = cr3_layout(e->options);
	struct udv_explanation *out = e->out;

	explain_layout(e, layout);
	if (layout != &arch_layout_CR3_LEGACY && layout != &arch_layout_CR3_PAE &&
	    (value & UDV_CR3_NO_FLUSH) && !e->options->pcid) {
		explain_amend(out, 63, UDV_CLASS_VIOLATED, "must be 0 with CR4.PCIDE = 0");
	}
	if (e->options->mode == UDV_PAGING_NONE)
		note(out, "without paging CR3 is not used");
	if (e->options->mode == UDV_PAGING_PAE)
		note(out, "MOV to CR3 loads the four PDPTEs into registers");
	note_reserved(out);
	return UDV_OK;
}

enum udv_status explain_cr4(struct explainer *e, uint64_t value)
{
	struct udv_explanation *out = e->out;

	explain_layout(e, &arch_layout_CR4);
	if ((value & CR4_LA57) && !(value & CR4_PAE))
		note(out,
		     "LA57 (bit 12) has an effect in IA-32e mode only, which needs PAE (bit 5)");
	if (value & UDV_CR4_PCIDE)
		note(out, "PCIDE (bit 17) may be set in IA-32e mode only");
	if (value & CR4_CET)
		note(out, "CET (bit 23) needs CR0.WP = 1");
	if ((value & CR4_PSE) && (value & CR4_PAE))
		note(out, "PSE (bit 4) has no effect with PAE (bit 5)");
	note(out,
	     value & UDV_CR4_VMXE ? "VMX can be entered" : "VMX operation needs VMXE (bit 13)");
	note_reserved(out);
	return UDV_OK;
}

void note_efer(struct udv_explanation *out, uint64_t value)
{
	if ((value & EFER_LMA) && !(value & EFER_LME))
		note(out, "contradiction: LMA (bit 10) without LME (bit 8)");
	else if (value & EFER_LMA)
		note(out, "IA-32e mode is active");
	else if (value & EFER_LME)
		note(out, "IA-32e mode starts when paging is switched on with CR4.PAE = 1");
	note_reserved(out);
}

enum udv_status explain_efer(struct explainer *e, uint64_t value)
{
	explain_layout(e, &arch_layout_EFER);
	note_efer(e->out, value);
	return UDV_OK;
}
