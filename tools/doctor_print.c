/* SPDX-License-Identifier: MIT */
#include "doctor.h"

#include <inttypes.h>
#include <string.h>

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

static void begin_line(FILE *file, const struct diagnosis *d, const char *title)
{
	fprintf(file, "%s  %-9s ", d->indent, title);
}

static void print_nearest(FILE *file, const struct diagnosis *d,
			  const struct udv_vmentry_finding *f)
{
	if (f->msr_entry)
		return;
	begin_line(file, d, "nearest");
	if (f->has_nearest) {
		fprintf(file, "0x%" PRIx64, f->nearest);
		print_changes(file, f);
		if (f->cures_one)
			fputs("; the field breaks other rules even so", file);
	} else if (f->in_memory && strcmp(doctor_field_name(f->field), "GUEST_CR3") == 0) {
		fputs("none: what is in memory has to change", file);
	} else {
		fputs("none: no value of this field alone is valid", file);
	}
	putc('\n', file);
}

static void print_value(FILE *file, const struct diagnosis *d, const struct udv_vmentry_rule *rule,
			const struct udv_vmentry_finding *f)
{
	char words[DOCTOR_WORDS];

	fprintf(file, "%s%s  ", d->indent, rule->id);
	if (f->msr_entry) {
		fprintf(file, "entry %u of the list at %s: MSR 0x%x = 0x%" PRIx64 "\n",
			f->msr_entry, doctor_field_name(f->field), f->msr, f->value);
		return;
	}
	fprintf(file, "%s (%04XH) = 0x%" PRIx64 "%s\n", doctor_field_name(f->field), f->field,
		f->value, is_given(d, f->field) ? "" : ", which was not given");
	doctor_value_text(f->field, f->value, words, sizeof(words));
	begin_line(file, d, "value");
	fprintf(file, "%s\n", words);
	if (f->in_memory) {
		begin_line(file, d, "memory");
		fprintf(file, "0x%" PRIx64 " at 0x%" PRIx64 "\n", f->read, f->address);
	}
}

static void print_finding(FILE *file, const struct diagnosis *d,
			  const struct udv_vmentry_finding *f)
{
	struct udv_vmentry_rule rule;

	if (udv_vmentry_rule(f->rule, &rule) != UDV_OK)
		return;
	print_value(file, d, &rule, f);
	begin_line(file, d, "rule");
	fprintf(file, "%s\n", rule.rule);
	begin_line(file, d, "SDM");
	fprintf(file, "Vol 3C \"%s\"\n", rule.section);
	begin_line(file, d, "leads to");
	fputs(udv_vmentry_class_text(rule.class), file);
	if (f->msr_entry)
		fprintf(file, ", qualification %u", f->msr_entry);
	putc('\n', file);
	print_nearest(file, d, f);
}

static uint64_t read_given(const struct diagnosis *d, uint32_t field)
{
	uint64_t value = 0;

	if (is_given(d, field))
		udv_vmcs_read(d->entry.vmcs, field, &value);
	return value;
}

#define FIELD_STORE_COUNT 0x400eu
#define FIELD_EXIT_LOAD_COUNT 0x4010u
#define FIELD_ENTRY_LOAD_COUNT 0x4014u
#define MSR_VMX_MISC 0x485u

/* More than IA32_VMX_MISC recommends is no failure, and nobody says what it is. */
static void print_long_lists(FILE *file, const struct diagnosis *d)
{
	static const uint32_t counts[] = { FIELD_STORE_COUNT, FIELD_EXIT_LOAD_COUNT,
					   FIELD_ENTRY_LOAD_COUNT };
	const uint64_t misc = d->entry.processor->msr[MSR_VMX_MISC - UDV_VMX_MSR_FIRST];
	const uint64_t most = 512 * ((misc >> 25 & 7) + 1);

	for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
		uint64_t count = read_given(d, counts[i]);

		if (count > most)
			fprintf(file,
				"%swarning: %s = %" PRIu64 ": more than %" PRIu64
				" entries, as IA32_VMX_MISC[27:25] recommends, are undefined "
				"behaviour\n",
				d->indent, doctor_field_name(counts[i]), count, most);
	}
}

void doctor_print_findings(FILE *file, const struct diagnosis *d)
{
	for (unsigned i = 0; i < nr_kept(d); i++)
		print_finding(file, d, &d->findings[i]);
	print_long_lists(file, d);
}

const char *doctor_first_class(const struct diagnosis *d)
{
	struct udv_vmentry_rule first;

	if (d->nr == 0 || udv_vmentry_rule(d->findings[0].rule, &first) != UDV_OK)
		return "";
	return udv_vmentry_class_text(first.class);
}

/* ---------------------------------------------------------------- what else there is to say */

#define FIELD_LINK_POINTER 0x2800u
#define FIELD_INSTRUCTION_ERROR 0x4400u
#define FIELD_EXIT_REASON 0x4402u
#define FIELD_QUALIFICATION 0x6400u
#define ENTRY_FAILED 0x80000000u

static enum udv_vmentry_class class_of_qualification(uint64_t qualification)
{
	return qualification == 2   ? UDV_VMENTRY_PDPTE
	       : qualification == 3 ? UDV_VMENTRY_NMI
	       : qualification == 4 ? UDV_VMENTRY_LINK
				    : UDV_VMENTRY_GUEST;
}

/* What the processor itself said of the entry, if that is in the VMCS. */
static bool reported(const struct diagnosis *d, enum udv_vmentry_class *class)
{
	uint64_t reason = read_given(d, FIELD_EXIT_REASON);
	uint64_t error = d->text ? read_given(d, FIELD_INSTRUCTION_ERROR) : 0;

	if (error == 7 || error == 8)
		*class = error == 7 ? UDV_VMENTRY_CONTROL : UDV_VMENTRY_HOST;
	else if ((reason & ENTRY_FAILED) && (reason & 0xffff) == 34)
		*class = UDV_VMENTRY_MSR;
	else if ((reason & ENTRY_FAILED) && (reason & 0xffff) == 33)
		*class = class_of_qualification(read_given(d, FIELD_QUALIFICATION));
	else
		return false;
	return true;
}

/* A processor may call what is wrong between controls and host state an error of either. */
static bool may_lead_to(const struct udv_vmentry_rule *rule, enum udv_vmentry_class class)
{
	return rule->class == class ||
	       (class == UDV_VMENTRY_CONTROL && strstr(rule->section, "Address-Space Size"));
}

/* A check of that class must have failed; if none does, something here is not as it was there. */
static void print_reported(FILE *file, const struct diagnosis *d)
{
	enum udv_vmentry_class class;
	struct udv_vmentry_rule rule;
	unsigned nr = 0;

	if (!reported(d, &class))
		return;
	for (unsigned i = 0; i < nr_kept(d); i++)
		nr += udv_vmentry_rule(d->findings[i].rule, &rule) == UDV_OK &&
		      may_lead_to(&rule, class);
	fprintf(file, "the processor reported %s: %s\n", udv_vmentry_class_text(class),
		nr ? "one of the failures above that lead to it"
		   : "no failure above leads to it; are the capabilities those of the processor?");
}

static void print_region(FILE *file, const struct region_state *region)
{
	if (!region->known)
		return;
	fprintf(file, "launch state: %s, so %s\n", region->launched ? "launched" : "clear",
		region->launched ? "VMLAUNCH fails with VM-instruction error 4"
				 : "VMRESUME fails with VM-instruction error 5");
	if (region->in_guest)
		fputs("its guest runs: the fields of its state are those of the last entry\n",
		      file);
	if (region->abort)
		fprintf(file, "VMX abort: indicator %u\n", region->abort);
}

static void print_parts(FILE *file, const struct udv_vmcs_text *text)
{
	const unsigned missing = UDV_VMCS_TEXT_ALL & ~text->parts;

	if (text->nr_dumps > 1)
		fprintf(file, "the last of %u dumps\n", text->nr_dumps);
	if (text->kind == UDV_VMCS_TEXT_KVM && missing)
		fprintf(file, "the dump is not whole:%s%s%s missing\n",
			missing & UDV_VMCS_TEXT_GUEST ? " guest state" : "",
			missing & UDV_VMCS_TEXT_HOST ? " host state" : "",
			missing & UDV_VMCS_TEXT_CONTROLS ? " control state" : "");
}

static void print_notes(FILE *file, const struct diagnosis *d)
{
	if (d->unread != UINT64_MAX)
		fprintf(file,
			"not checked: what needs memory that is not at hand, the lowest at "
			"0x%" PRIx64 "\n",
			d->unread);
	if (d->text && !is_given(d, FIELD_LINK_POINTER))
		fputs("assumed: VMCS_LINK_POINTER = 0xffffffffffffffff\n", file);
	if (d->text && !d->text->efer_given)
		fprintf(file, "assumed: IA32_EFER = 0x%" PRIx64 " at VMLAUNCH or VMRESUME\n",
			d->entry.efer);
	if (d->text)
		print_parts(file, d->text);
	print_region(file, &d->region);
	print_reported(file, d);
}

void doctor_print_text(FILE *file, const struct diagnosis *d)
{
	struct udv_vmentry_rule first;

	doctor_print_findings(file, d);
	print_notes(file, d);
	if (d->nr && udv_vmentry_rule(d->findings[0].rule, &first) == UDV_OK)
		fprintf(file, "invalid: %u failure%s of %u checks on %s; the first, %s, is %s\n",
			d->nr, d->nr == 1 ? "" : "s", nr_rules(), d->judged_by, first.id,
			doctor_first_class(d));
	if (d->region.shadow)
		fputs("invalid: a shadow VMCS is not entered; VMLAUNCH and VMRESUME end with "
		      "VMfailInvalid\n",
		      file);
	else if (!d->nr)
		fprintf(file, "valid: none of %u checks fails on %s\n", nr_rules(), d->judged_by);
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
	fprintf(file, "],\"cures_one\":%s", f->cures_one ? "true" : "false");
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
	if (f->in_memory)
		fprintf(file, ",\"address\":\"0x%" PRIx64 "\",\"memory\":\"0x%" PRIx64 "\"",
			f->address, f->read);
	if (f->has_nearest)
		print_changes_json(file, f);
	putc('}', file);
}

static void print_region_json(FILE *file, const struct region_state *region)
{
	if (region->known)
		fprintf(file, ",\"shadow\":%s,\"launched\":%s,\"abort\":%u",
			region->shadow ? "true" : "false", region->launched ? "true" : "false",
			region->abort);
}

void doctor_print_object(FILE *file, const struct diagnosis *d)
{
	bool valid = !d->nr && !d->region.shadow;

	fprintf(file, "{\"valid\":%s,\"checks\":%u,\"failures\":%u", valid ? "true" : "false",
		nr_rules(), d->nr);
	key_text(file, "judged_by", d->judged_by);
	print_region_json(file, &d->region);
	if (d->unread != UINT64_MAX)
		fprintf(file, ",\"unread\":\"0x%" PRIx64 "\"", d->unread);
	fputs(",\"findings\":[", file);
	for (unsigned i = 0; i < nr_kept(d); i++) {
		if (i)
			putc(',', file);
		print_finding_json(file, d, &d->findings[i]);
	}
	fputs("]}", file);
}

void doctor_print_json(FILE *file, const struct diagnosis *d)
{
	doctor_print_object(file, d);
	putc('\n', file);
}
