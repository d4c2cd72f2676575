/* SPDX-License-Identifier: MIT */
#include "explain/explain.h"

void explain_bits(struct udv_explanation *out, unsigned high, unsigned low,
		  enum udv_explain_class class, const char *name, const char *meaning)
{
	struct udv_explain_row *row;

	if (out->nr_rows == UDV_EXPLAIN_MAX_ROWS) {
		out->truncated = true;
		return;
	}
	row = &out->rows[out->nr_rows++];
	row->high = (uint8_t)high;
	row->low = (uint8_t)low;
	row->value = (out->value & BITS(high, low)) >> low;
	row->set = row->value != 0;
	row->class = class;
	row->name = name;
	row->meaning = meaning;
}

/* "must be 0; set: 5, 3" */
static const char *zero_text(struct udv_explanation *out, unsigned high, unsigned low)
{
	unsigned nr_items = 0, bit;

	text_add(out, "must be 0; set: ");
	for (bit = low; bit <= high; bit++) {
		if (!(out->value & BIT(bit)))
			continue;
		text_add_item(out, "", &nr_items);
		text_add_decimal(out, bit);
	}
	return text_end(out);
}

void explain_zero(struct udv_explanation *out, unsigned high, unsigned low, const char *name)
{
	if (!(out->value & BITS(high, low)))
		explain_bits(out, high, low, UDV_CLASS_RESERVED, name, "");
	else if (high == low)
		explain_bits(out, high, low, UDV_CLASS_VIOLATED, name, "must be 0");
	else
		explain_bits(out, high, low, UDV_CLASS_VIOLATED, name, zero_text(out, high, low));
}

/* Address bits: reserved from the physical-address width on. */
static void explain_address(struct explainer *e, const struct arch_row *row)
{
	unsigned top = row->high, width = e->options->maxphyaddr;
	struct udv_explanation *out = e->out;

	if (top >= width)
		top = width - 1;
	text_add(out, row->set);
	text_add(out, ": ");
	text_add_hex(out, out->value & BITS(top, row->low));
	explain_bits(out, top, row->low, UDV_CLASS_DEFINED, row->name, text_end(out));
	if (top < row->high)
		explain_zero(out, row->high, top + 1, "beyond MAXPHYADDR");
}

/* The text for @value among those of @list, split by '|'; NULL for an empty or missing one. */
static const char *value_text(struct udv_explanation *out, const char *list, uint64_t value)
{
	char one[2] = "";

	for (; value && *list; list++)
		value -= *list == '|';
	if (value || !*list || *list == '|')
		return NULL;
	for (; *list && *list != '|'; list++) {
		one[0] = *list;
		text_add(out, one);
	}
	return text_end(out);
}

static void explain_values(struct explainer *e, const struct arch_row *row)
{
	struct udv_explanation *out = e->out;
	uint64_t value = (out->value & BITS(row->high, row->low)) >> row->low;
	const char *meaning = value_text(out, row->set, value);

	explain_bits(out, row->high, row->low, meaning ? UDV_CLASS_DEFINED : UDV_CLASS_VIOLATED,
		     row->name, meaning ? meaning : "reserved value");
}

static bool enabled(const struct udv_explain_options *options, uint8_t needs)
{
	uint32_t controls = options->ept_controls;

	switch (needs) {
	case ARCH_NEEDS_AD:
		return options->ept_ad;
	case ARCH_NEEDS_SSS:
		return options->ept_sss;
	case ARCH_NEEDS_MBEC:
		return controls & UDV_EPT_MBEC;
	case ARCH_NEEDS_SPP:
		return controls & UDV_EPT_SPP;
	case ARCH_NEEDS_VE:
		return controls & UDV_EPT_VE;
	case ARCH_NEEDS_PAGING_WRITE:
		return controls & UDV_EPT_PAGING_WRITE;
	case ARCH_NEEDS_VERIFICATION:
		return controls & UDV_EPT_VERIFICATION;
	case ARCH_NEEDS_NXE:
		return options->nxe;
	case ARCH_NEEDS_KEYS:
		return options->keys;
	default:
		return true;
	}
}

static const char *off_text(uint8_t needs)
{
	switch (needs) {
	case ARCH_NEEDS_AD:
		return "EPTP[6] = 0: no accessed and dirty flags";
	case ARCH_NEEDS_SSS:
		return "EPTP[7] = 0: no supervisor shadow-stack control";
	case ARCH_NEEDS_MBEC:
		return "no mode-based execute control";
	case ARCH_NEEDS_SPP:
		return "no sub-page write permissions";
	case ARCH_NEEDS_VE:
		return "no EPT-violation #VE";
	case ARCH_NEEDS_PAGING_WRITE:
		return "no EPT paging-write control";
	case ARCH_NEEDS_VERIFICATION:
		return "no guest-paging verification";
	default:
		return "no protection keys";
	}
}

/* A row whose feature is off. */
static void explain_off(struct explainer *e, const struct arch_row *row)
{
	struct udv_explanation *out = e->out;
	enum udv_explain_class class = UDV_CLASS_IGNORED;

	if (row->needs == ARCH_NEEDS_NXE) {
		bool set = out->value & BIT(row->low);

		explain_bits(out, row->high, row->low,
			     set ? UDV_CLASS_VIOLATED : UDV_CLASS_RESERVED, row->name,
			     set ? "must be 0 with EFER.NXE = 0" : "");
		return;
	}
	if (out->kind == UDV_EXPLAIN_EPT_VIOLATION || out->kind == UDV_EXPLAIN_QUALIFICATION)
		class = UDV_CLASS_UNDEFINED;
	explain_bits(out, row->high, row->low, class, row->name, off_text(row->needs));
}

void explain_row(struct explainer *e, const struct arch_row *row)
{
	struct udv_explanation *out = e->out;
	bool set = out->value & BITS(row->high, row->low);

	if (!enabled(e->options, row->needs)) {
		explain_off(e, row);
		return;
	}
	switch (row->kind) {
	case ARCH_BIT:
		explain_bits(out, row->high, row->low, UDV_CLASS_DEFINED, row->name,
			     set ? row->set : row->clear);
		break;
	case ARCH_FIELD:
		explain_bits(out, row->high, row->low, UDV_CLASS_DEFINED, row->name, row->set);
		break;
	case ARCH_VALUES:
		explain_values(e, row);
		break;
	case ARCH_ADDRESS:
		explain_address(e, row);
		break;
	case ARCH_ZERO:
		explain_zero(out, row->high, row->low, "reserved");
		break;
	case ARCH_ONE:
		explain_bits(out, row->high, row->low,
			     set ? UDV_CLASS_RESERVED : UDV_CLASS_VIOLATED, row->name,
			     set ? row->set : "must be 1");
		break;
	case ARCH_IGNORED:
		explain_bits(out, row->high, row->low, UDV_CLASS_IGNORED, "ignored", "");
		break;
	default:
		explain_bits(out, row->high, row->low, UDV_CLASS_UNDEFINED, "undefined", "");
		break;
	}
}

static void explain_gap(struct explainer *e, const struct arch_layout *layout, unsigned high,
			unsigned low)
{
	const struct arch_row gap = {
		.high = (uint8_t)high,
		.low = (uint8_t)low,
		.kind = layout->gaps,
	};

	explain_row(e, &gap);
}

void explain_layout(struct explainer *e, const struct arch_layout *layout)
{
	unsigned next = 0, i;

	e->out->width = layout->width;
	e->out->title = layout->title;
	for (i = 0; i < layout->nr_rows; i++) {
		const struct arch_row *row = &layout->rows[i];

		if (row->low > next)
			explain_gap(e, layout, row->low - 1u, next);
		explain_row(e, row);
		next = row->high + 1u;
	}
	if (next < layout->width)
		explain_gap(e, layout, layout->width - 1u, next);
}

void explain_amend(struct udv_explanation *out, unsigned low, enum udv_explain_class class,
		   const char *meaning)
{
	unsigned i;

	for (i = 0; i < out->nr_rows; i++) {
		if (out->rows[i].low != low)
			continue;
		out->rows[i].class = class;
		if (meaning)
			out->rows[i].meaning = meaning;
	}
}

bool explain_any_violated(const struct udv_explanation *out)
{
	unsigned i;

	for (i = 0; i < out->nr_rows; i++)
		if (out->rows[i].class == UDV_CLASS_VIOLATED)
			return true;
	return false;
}
