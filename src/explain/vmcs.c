/* SPDX-License-Identifier: MIT */
#include "arch/fault_bits.h"
#include "arch/vmcs_fields.h"
#include "explain/explain.h"
#include "explain/lookup.h"

const struct arch_vmcs_field *lookup_vmcs_field(uint64_t encoding)
{
	unsigned i;

	for (i = 0; i < arch_nr_vmcs_fields; i++)
		if (arch_vmcs_fields[i].encoding == encoding)
			return &arch_vmcs_fields[i];
	return NULL;
}

const char *lookup_control(unsigned group, unsigned bit)
{
	const struct arch_control_table *table = &arch_control_tables[group];
	unsigned i;

	for (i = 0; i < table->nr_controls; i++)
		if (table->controls[i].bit == bit)
			return table->controls[i].name;
	return NULL;
}

/* the "enable EPT" secondary processor-based control (bit 1) */
static void add_control(struct udv_explanation *out, uint32_t exists)
{
	unsigned group = ARCH_IF_GROUP(exists), bit = ARCH_IF_BIT(exists);

	text_add(out, "the \"");
	text_add(out, lookup_control(group, bit));
	text_add(out, "\" ");
	text_add(out, arch_control_tables[group].words);
	text_add(out, " control (bit ");
	text_add_decimal(out, bit);
	text_add(out, ")");
}

static void note_existence(struct udv_explanation *out, uint32_t exists)
{
	if (exists == ARCH_ALWAYS) {
		note(out, "exists on every processor with VMX");
		return;
	}
	if (exists == ARCH_TDX_ONLY) {
		note(out, "exists only for trust domains (Intel TDX)");
		return;
	}
	text_add(out, "exists only if the processor supports the 1-setting of ");
	add_control(out, exists & 0xffffu);
	if (exists >> 16) {
		text_add(out, " or of ");
		add_control(out, exists >> 16);
	}
	note_text(out);
}

static void note_field(struct udv_explanation *out, const struct arch_vmcs_field *field)
{
	if (field->type == ARCH_TYPE_GUEST)
		text_add(out, "guest: ");
	else if (field->type == ARCH_TYPE_HOST)
		text_add(out, "host: ");
	text_add(out, field->holds);
	note_text(out);
	text_add(out, "SDM Vol 3C \"");
	text_add(out, field->section);
	text_add(out, "\"");
	note_text(out);
	note_existence(out, field->exists);
	if (field->type == ARCH_TYPE_READ_ONLY)
		note(out, "read-only: VMWRITE fails with error 13 unless IA32_VMX_MISC[29] is 1");
}

/* "no known field; the encoding says: 64-bit read-only data, index 5" is in the rows already. */
static void note_unknown(struct udv_explanation *out, uint64_t encoding)
{
	if (ARCH_VMCS_RESERVED(encoding))
		note(out,
		     "no field: VMREAD and VMWRITE fail with error 12, as reserved bits of the "
		     "encoding are set");
	else
		note(out, "no field with this encoding is known; on a processor without it VMREAD "
			  "and VMWRITE fail with error 12");
}

enum udv_status explain_vmcs_field(struct explainer *e, uint64_t value)
{
	const struct arch_vmcs_field *field = lookup_vmcs_field(value & ~(uint64_t)ARCH_VMCS_HIGH);
	bool high = value & ARCH_VMCS_HIGH;
	struct udv_explanation *out = e->out;

	explain_layout(e, &arch_layout_VMCS_ENCODING);
	if (high && ARCH_VMCS_WIDTH(value) != ARCH_WIDTH_64) {
		explain_amend(out, 0, UDV_CLASS_VIOLATED, "only 64-bit fields have a high half");
		field = NULL;
	}
	if (!field) {
		out->title = "unknown VMCS field";
		note_unknown(out, value);
		return UDV_OK;
	}
	out->title = field->name;
	note_field(out, field);
	if (high)
		note(out, "this encoding accesses bits 63:32 of the field");
	return UDV_OK;
}
