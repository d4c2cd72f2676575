/* SPDX-License-Identifier: MIT */
#include "arch/msrs.h"
#include "arch/registers.h"
#include "explain/explain.h"
#include "explain/lookup.h"

/* SDM Vol 4 "Architectural MSRs", Vol 3D "VMX Capability Reporting Facility" */

const struct arch_msr *lookup_msr(uint64_t index)
{
	unsigned i;

	for (i = 0; i < arch_nr_msrs; i++)
		if (arch_msrs[i].index == index)
			return &arch_msrs[i];
	return NULL;
}

/* ---- allowed settings of controls */

static const char *unnamed(struct udv_explanation *out, unsigned bit)
{
	text_add(out, "unnamed control ");
	text_add_decimal(out, bit);
	return text_end(out);
}

static const char *control_or_number(struct udv_explanation *out, unsigned group, unsigned bit)
{
	const char *name = lookup_control(group, bit);

	return name ? name : unnamed(out, bit);
}

/* A bit without a control and without a one says nothing. */
static enum udv_explain_class allowed_class(const struct arch_msr *msr, unsigned bit, bool set)
{
	return set || lookup_control(msr->group, bit) ? UDV_CLASS_DEFINED : UDV_CLASS_RESERVED;
}

static void explain_allowed(struct udv_explanation *out, const struct arch_msr *msr, unsigned bit,
			    bool high, uint64_t value)
{
	unsigned at = high ? bit + 32 : bit;
	bool must = value & BIT(bit), may = value & BIT(bit + 32);
	const char *name = control_or_number(out, msr->group, bit);

	if (must && !may)
		explain_bits(out, at, at, UDV_CLASS_VIOLATED, name,
			     "contradiction: must be 1 and may not be 1");
	else if (high)
		explain_bits(out, at, at, allowed_class(msr, bit, must || may), name,
			     may ? "may be 1" : "must be 0");
	else
		explain_bits(out, at, at, allowed_class(msr, bit, must || may), name,
			     must ? "must be 1" : "may be 0");
}

/* The name of a control, or its number, as an item of the text under construction. */
static void add_control(struct udv_explanation *out, const struct arch_msr *msr, unsigned bit,
			unsigned *nr_items)
{
	const char *name = lookup_control(msr->group, bit);

	text_add_item(out, name ? name : "unnamed ", nr_items);
	if (!name)
		text_add_decimal(out, bit);
}

/* Names every control whose two bits are (@must, @may). */
static void note_controls(struct udv_explanation *out, const struct arch_msr *msr, uint64_t value,
			  const char *words, bool must, bool may)
{
	unsigned nr = 0, bit;

	text_add(out, words);
	for (bit = 0; bit < 32; bit++) {
		if (!!(value & BIT(bit)) != must || !!(value & BIT(bit + 32)) != may)
			continue;
		if (must || may || lookup_control(msr->group, bit))
			add_control(out, msr, bit, &nr);
	}
	if (!nr)
		text_add(out, "none");
	note_text(out);
}

static void explain_control_msr(struct explainer *e, const struct arch_msr *msr, uint64_t value)
{
	struct udv_explanation *out = e->out;
	unsigned bit;

	out->paired = true;
	for (bit = 0; bit < 32; bit++)
		explain_allowed(out, msr, bit, false, value);
	for (bit = 0; bit < 32; bit++)
		explain_allowed(out, msr, bit, true, value);
	note_controls(out, msr, value, "must be 1: ", true, true);
	note_controls(out, msr, value, "may be 0 or 1: ", false, true);
	note_controls(out, msr, value, "must be 0: ", false, false);
}

static void explain_may_be_1_msr(struct explainer *e, const struct arch_msr *msr, uint64_t value)
{
	struct udv_explanation *out = e->out;
	unsigned nr = 0, bit;

	for (bit = 0; bit < 64; bit++)
		explain_bits(out, bit, bit, allowed_class(msr, bit, value & BIT(bit)),
			     control_or_number(out, msr->group, bit),
			     value & BIT(bit) ? "may be 1" : "must be 0");
	text_add(out, "may be 1: ");
	for (bit = 0; bit < 64; bit++)
		if (value & BIT(bit))
			add_control(out, msr, bit, &nr);
	if (!nr)
		text_add(out, "none");
	note_text(out);
}

/* ---- CR0 and CR4 in VMX operation */

static const char *fixed_text(bool fixed1, bool set)
{
	if (fixed1)
		return set ? "may be 1" : "must be 0";
	return set ? "must be 1" : "may be 0";
}

static void explain_fixed(struct explainer *e, const struct arch_msr *msr, uint64_t value)
{
	bool cr4 = msr->index >= ARCH_MSR_VMX_CR4_FIXED0;
	const struct arch_layout *layout = cr4 ? &arch_layout_CR4 : &arch_layout_CR0;
	bool fixed1 = msr->form == ARCH_MSR_FORM_CR_FIXED1;
	struct udv_explanation *out = e->out;
	unsigned next = 0, i;

	for (i = 0; i <= layout->nr_rows; i++) {
		unsigned low = i < layout->nr_rows ? layout->rows[i].low : 64;

		if (low > next)
			explain_bits(out, low - 1, next, UDV_CLASS_RESERVED, "unnamed",
				     "a bit each, as above");
		if (low == 64)
			break;
		explain_bits(out, low, low, UDV_CLASS_DEFINED, layout->rows[i].name,
			     fixed_text(fixed1, value & BIT(low)));
		next = low + 1;
	}
	note(out, fixed1 ? "in VMX operation a bit that is 0 here must be 0"
			 : "in VMX operation a bit that is 1 here must be 1");
	if (!cr4)
		note(out, "with \"unrestricted guest\" CR0.PE and CR0.PG of a guest may be 0");
}

/* ---- memory types, keys, addresses */

static void explain_pat(struct explainer *e)
{
	static const struct arch_row type = {
		.kind = ARCH_VALUES,
		.set = "uncacheable (UC)|write combining (WC)|||write through (WT)|"
		       "write protected (WP)|write back (WB)|uncached (UC-)",
	};
	struct udv_explanation *out = e->out;
	unsigned i;

	for (i = 0; i < 8; i++) {
		struct arch_row row = type;

		row.low = (uint8_t)(8 * i);
		row.high = (uint8_t)(8 * i + 2);
		text_add(out, "PA");
		text_add_decimal(out, i);
		row.name = text_end(out);
		explain_row(e, &row);
		explain_zero(out, 8 * i + 7, 8 * i + 3, "reserved");
	}
}

static void explain_key_bit(struct udv_explanation *out, unsigned bit, uint64_t value)
{
	bool write = bit & 1, set = value & BIT(bit);

	text_add(out, write ? "WD" : "AD");
	text_add_decimal(out, bit / 2);
	explain_bits(out, bit, bit, UDV_CLASS_DEFINED, text_end(out),
		     write ? (set ? "no writes with this key" : "writes allowed")
			   : (set ? "no data accesses with this key" : "data accesses allowed"));
}

static void explain_pkrs(struct explainer *e, uint64_t value)
{
	unsigned bit;

	for (bit = 0; bit < 32; bit++)
		explain_key_bit(e->out, bit, value);
	explain_zero(e->out, 63, 32, "reserved");
}

static bool canonical(uint64_t address, unsigned width)
{
	uint64_t high = address >> (width - 1);

	return high == 0 || high == BITS(64 - width, 0);
}

static void explain_address_msr(struct explainer *e, uint64_t value)
{
	if (canonical(value, 48)) {
		explain_bits(e->out, 63, 0, UDV_CLASS_DEFINED, "address", "canonical");
	} else if (canonical(value, 57)) {
		explain_bits(e->out, 63, 0, UDV_CLASS_DEFINED, "address",
			     "canonical with 57 bits only");
	} else {
		explain_bits(e->out, 63, 0, UDV_CLASS_VIOLATED, "address", "not canonical");
		note(e->out, "WRMSR of an address that is not canonical raises #GP");
	}
}

/* ---- all of them */

static void note_msr(struct udv_explanation *out, const struct arch_msr *msr)
{
	text_add(out, msr->what);
	text_add(out, "; exists: ");
	text_add(out, msr->exists);
	note_text(out);
}

enum udv_status explain_msr(struct explainer *e, uint64_t value)
{
	const struct arch_msr *msr = lookup_msr(e->options->msr);
	struct udv_explanation *out = e->out;

	out->width = 64;
	if (!msr) {
		out->title = "unknown MSR";
		explain_bits(out, 63, 0, UDV_CLASS_UNDEFINED, "value", "");
		note(out, "this MSR is not among those known");
		return UDV_OK;
	}
	switch (msr->form) {
	case ARCH_MSR_FORM_CONTROLS:
		explain_control_msr(e, msr, value);
		break;
	case ARCH_MSR_FORM_MAY_BE_1:
		explain_may_be_1_msr(e, msr, value);
		break;
	case ARCH_MSR_FORM_CR_FIXED0:
	case ARCH_MSR_FORM_CR_FIXED1:
		explain_fixed(e, msr, value);
		break;
	case ARCH_MSR_FORM_PAT:
		explain_pat(e);
		break;
	case ARCH_MSR_FORM_PKRS:
		explain_pkrs(e, value);
		break;
	case ARCH_MSR_FORM_ADDRESS:
		explain_address_msr(e, value);
		break;
	case ARCH_MSR_FORM_LAYOUT:
		explain_layout(e, msr->layout);
		break;
	default:
		explain_bits(out, 63, 0, UDV_CLASS_DEFINED, "value", "");
		break;
	}
	out->title = msr->name;
	if (msr->index == ARCH_MSR_EFER)
		note_efer(out, value);
	note_msr(out, msr);
	return UDV_OK;
}

static bool in_msr_bitmap(uint64_t index)
{
	return index <= 0x1fff || (index >= 0xc0000000 && index <= 0xc0001fff);
}

enum udv_status explain_msr_index(struct explainer *e, uint64_t value)
{
	const struct arch_msr *msr = lookup_msr(value);
	struct udv_explanation *out = e->out;

	out->width = 32;
	out->title = msr ? msr->name : "unknown MSR";
	explain_bits(out, 31, 0, UDV_CLASS_DEFINED, "index", out->title);
	if (msr)
		note_msr(out, msr);
	else
		note(out, "this MSR is not among those known");
	note(out, in_msr_bitmap(value)
			  ? "the MSR bitmaps have bits for it"
			  : "outside the ranges of the MSR bitmaps: RDMSR and WRMSR always exit");
	return UDV_OK;
}
