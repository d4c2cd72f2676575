/* SPDX-License-Identifier: MIT */
#include "doctor.h"

#include <inttypes.h>

static void note(void *opaque, const struct udv_vmentry_finding *finding)
{
	struct diagnosis *d = opaque;

	if (d->nr < DOCTOR_MAX_FINDINGS)
		d->findings[d->nr] = *finding;
	d->nr++;
}

static unsigned nr_kept(const struct diagnosis *d)
{
	return d->nr < DOCTOR_MAX_FINDINGS ? d->nr : DOCTOR_MAX_FINDINGS;
}

void doctor_diagnose(struct diagnosis *d)
{
	d->nr = 0;
	udv_vmentry_check(&d->entry, note, d, &d->unread);
	for (unsigned i = 0; i < nr_kept(d); i++)
		udv_vmentry_nearest(&d->entry, &d->findings[i]);
}

static unsigned nr_rules(void)
{
	struct udv_vmentry_rule rule;
	unsigned nr = 0;

	while (udv_vmentry_rule(nr, &rule) == UDV_OK)
		nr++;
	return nr;
}

static bool is_given(const struct diagnosis *d, uint32_t field)
{
	return !d->text || udv_vmcs_text_has(d->text, field);
}

/* ---------------------------------------------------------------- text */

/* "set bit 13 (VMXE), clear bit 3" */
static void print_changes(FILE *file, const struct udv_vmentry_finding *f)
{
	uint64_t changed = f->value ^ f->nearest;
	const char *separator = ": ";
	char name[64];

	if (__builtin_popcountll(changed) > 8)
		return;
	for (unsigned bit = 0; bit < 64; bit++) {
		if (!(changed >> bit & 1))
			continue;
		fprintf(file, "%s%s bit %u", separator, f->nearest >> bit & 1 ? "set" : "clear",
			bit);
		doctor_bit_name(f->field, bit, name, sizeof(name));
		if (name[0])
			fprintf(file, " (%s)", name);
		separator = ", ";
	}
}

static void print_nearest(FILE *file, const struct udv_vmentry_finding *f)
{
	if (f->msr_entry)
		return;
	if (f->has_nearest) {
		fprintf(file, "  nearest   0x%" PRIx64, f->nearest);
		print_changes(file, f);
		putc('\n', file);
	} else {
		fputs("  nearest   none: no value of this field alone is valid\n", file);
	}
}

static void print_finding(FILE *file, const struct diagnosis *d,
			  const struct udv_vmentry_finding *f)
{
	struct udv_vmentry_rule rule;
	char words[DOCTOR_WORDS];

	if (udv_vmentry_rule(f->rule, &rule) != UDV_OK)
		return;
	if (f->msr_entry) {
		fprintf(file, "%s  entry %u of the list at %s: MSR 0x%x = 0x%" PRIx64 "\n", rule.id,
			f->msr_entry, doctor_field_name(f->field), f->msr, f->value);
	} else {
		doctor_value_text(f->field, f->value, words, sizeof(words));
		fprintf(file, "%s  %s (%04XH) = 0x%" PRIx64 "%s\n  value     %s\n", rule.id,
			doctor_field_name(f->field), f->field, f->value,
			is_given(d, f->field) ? "" : ", which was not given", words);
	}
	fprintf(file, "  rule      %s\n  SDM       Vol 3C \"%s\"\n  leads to  %s", rule.rule,
		rule.section, udv_vmentry_class_text(rule.class));
	if (f->msr_entry)
		fprintf(file, ", qualification %u", f->msr_entry);
	putc('\n', file);
	print_nearest(file, f);
}

#define FIELD_EXIT_REASON 0x4402u
#define FIELD_QUALIFICATION 0x6400u
#define FIELD_LINK_POINTER 0x2800u
#define ENTRY_FAILED 0x80000000u

/* What the processor itself said of the entry, if that is in the text; NULL. */
static const char *reported(const struct diagnosis *d, enum udv_vmentry_class *class)
{
	uint64_t reason, qualification = 0;

	if (!d->text || !udv_vmcs_text_has(d->text, FIELD_EXIT_REASON) ||
	    udv_vmcs_read(d->entry.vmcs, FIELD_EXIT_REASON, &reason) != UDV_OK ||
	    !(reason & ENTRY_FAILED))
		return NULL;
	udv_vmcs_read(d->entry.vmcs, FIELD_QUALIFICATION, &qualification);
	if ((reason & 0xffff) == 34)
		*class = UDV_VMENTRY_MSR;
	else if ((reason & 0xffff) == 33)
		*class = qualification == 2   ? UDV_VMENTRY_PDPTE
			 : qualification == 3 ? UDV_VMENTRY_NMI
			 : qualification == 4 ? UDV_VMENTRY_LINK
					      : UDV_VMENTRY_GUEST;
	else
		return NULL;
	return udv_vmentry_class_text(*class);
}

/* A check of that class must have failed; if none does, something here is not as it was there. */
static void print_reported(FILE *file, const struct diagnosis *d)
{
	enum udv_vmentry_class class = UDV_VMENTRY_GUEST;
	const char *text = reported(d, &class);
	struct udv_vmentry_rule rule;
	unsigned nr = 0;

	if (!text)
		return;
	for (unsigned i = 0; i < nr_kept(d); i++)
		nr += udv_vmentry_rule(d->findings[i].rule, &rule) == UDV_OK && rule.class == class;
	fprintf(file, "the processor reported %s: %s\n", text,
		nr ? "one of the failures above that lead to it"
		   : "no failure above leads to it; are the capabilities those of the processor?");
}

static void print_notes(FILE *file, const struct diagnosis *d)
{
	if (d->unread != UINT64_MAX)
		fprintf(file,
			"not checked: what needs memory that is not at hand, the lowest at "
			"0x%" PRIx64 "\n",
			d->unread);
	if (d->text && !udv_vmcs_text_has(d->text, FIELD_LINK_POINTER))
		fputs("assumed: VMCS_LINK_POINTER = 0xffffffffffffffff\n", file);
	if (d->text && d->text->nr_dumps > 1)
		fprintf(file, "the last of %u dumps\n", d->text->nr_dumps);
	print_reported(file, d);
}

void doctor_print_text(FILE *file, const struct diagnosis *d)
{
	struct udv_vmentry_rule first;

	for (unsigned i = 0; i < nr_kept(d); i++)
		print_finding(file, d, &d->findings[i]);
	print_notes(file, d);
	if (d->nr == 0) {
		fprintf(file, "valid: none of %u checks fails on %s\n", nr_rules(), d->judged_by);
		return;
	}
	if (udv_vmentry_rule(d->findings[0].rule, &first) != UDV_OK)
		return;
	fprintf(file, "invalid: %u failure%s of %u checks on %s; the first, %s, is %s\n", d->nr,
		d->nr == 1 ? "" : "s", nr_rules(), d->judged_by, first.id,
		udv_vmentry_class_text(first.class));
}

/* ---------------------------------------------------------------- JSON */

static void key_text(FILE *file, const char *key, const char *text)
{
	fprintf(file, ",\"%s\":", key);
	put_json_string(file, text);
}

static const char *class_key(enum udv_vmentry_class class)
{
	static const char *const keys[] = {
		[UDV_VMENTRY_CONTROL] = "control", [UDV_VMENTRY_HOST] = "host",
		[UDV_VMENTRY_GUEST] = "guest",	   [UDV_VMENTRY_PDPTE] = "pdpte",
		[UDV_VMENTRY_NMI] = "nmi",	   [UDV_VMENTRY_LINK] = "link",
		[UDV_VMENTRY_MSR] = "msr",
	};

	return keys[class];
}

static void print_changes_json(FILE *file, const struct udv_vmentry_finding *f)
{
	uint64_t changed = f->value ^ f->nearest;
	const char *separator = "";
	char name[64];

	fprintf(file, ",\"nearest\":\"0x%" PRIx64 "\",\"changes\":[", f->nearest);
	for (unsigned bit = 0; bit < 64; bit++) {
		if (!(changed >> bit & 1))
			continue;
		doctor_bit_name(f->field, bit, name, sizeof(name));
		fprintf(file, "%s{\"bit\":%u,\"to\":%u", separator, bit,
			(unsigned)(f->nearest >> bit & 1));
		key_text(file, "name", name);
		putc('}', file);
		separator = ",";
	}
	putc(']', file);
}

static void print_finding_json(FILE *file, const struct diagnosis *d,
			       const struct udv_vmentry_finding *f)
{
	struct udv_vmentry_rule rule;
	char words[DOCTOR_WORDS];

	if (udv_vmentry_rule(f->rule, &rule) != UDV_OK)
		return;
	fprintf(file, "{\"id\":\"%s\",\"class\":\"%s\"", rule.id, class_key(rule.class));
	key_text(file, "leads_to", udv_vmentry_class_text(rule.class));
	key_text(file, "section", rule.section);
	key_text(file, "rule", rule.rule);
	key_text(file, "field", doctor_field_name(f->field));
	fprintf(file, ",\"encoding\":\"0x%04x\",\"value\":\"0x%" PRIx64 "\",\"given\":%s", f->field,
		f->value, is_given(d, f->field) ? "true" : "false");
	if (f->msr_entry) {
		fprintf(file, ",\"msr_entry\":%u,\"msr\":\"0x%x\"", f->msr_entry, f->msr);
	} else {
		doctor_value_text(f->field, f->value, words, sizeof(words));
		key_text(file, "words", words);
	}
	if (f->has_nearest)
		print_changes_json(file, f);
	putc('}', file);
}

void doctor_print_json(FILE *file, const struct diagnosis *d)
{
	fprintf(file, "{\"valid\":%s,\"checks\":%u,\"failures\":%u", d->nr ? "false" : "true",
		nr_rules(), d->nr);
	key_text(file, "judged_by", d->judged_by);
	if (d->unread != UINT64_MAX)
		fprintf(file, ",\"unread\":\"0x%" PRIx64 "\"", d->unread);
	fputs(",\"findings\":[", file);
	for (unsigned i = 0; i < nr_kept(d); i++) {
		if (i)
			putc(',', file);
		print_finding_json(file, d, &d->findings[i]);
	}
	fputs("]}\n", file);
}
