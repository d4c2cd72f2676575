/* SPDX-License-Identifier: MIT */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <undervisor/vmcs_text.h>

/*
 * Any bytes as each kind of text, and as a VMCS region with the memory around it. Of what is a
 * VMCS, all checks, which must agree with the first one, and the nearest value of the first
 * failure, which must cure it.
 */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct first {
	struct udv_vmentry_finding finding;
	unsigned nr;
};

static void check(bool fine)
{
	if (!fine)
		__builtin_trap();
}

static void note_first(void *opaque, const struct udv_vmentry_finding *finding)
{
	struct first *first = opaque;
	struct udv_vmentry_rule rule;

	check(udv_vmentry_rule(finding->rule, &rule) == UDV_OK);
	check(udv_vmentry_class_text(rule.class)[0] != '\0');
	if (first->nr++ == 0)
		first->finding = *finding;
}

static void judge(const struct udv_vmentry *entry)
{
	struct first before = { .nr = 0 }, after = { .nr = 0 };
	struct udv_vmcs cured = *entry->vmcs;
	struct udv_vmentry again = *entry;
	struct udv_vmentry_finding *f = &before.finding;
	uint64_t unread;

	check(udv_vmentry_check(entry, note_first, &before, &unread) == before.nr);
	check(udv_vmentry_first(entry) == (before.nr ? f->rule : UDV_VMENTRY_PASSES));
	if (!before.nr)
		return;
	if (f->value & 3) /* thousands of checks: now and then */
		return;
	udv_vmentry_nearest(entry, f);
	if (!f->has_nearest)
		return;
	again.vmcs = &cured;
	check(udv_vmcs_write(&cured, f->field, f->nearest) == UDV_OK);
	udv_vmentry_check(&again, note_first, &after, NULL);
	check(!after.nr || after.finding.rule != f->rule || after.finding.field != f->field);
}

struct bytes {
	const uint8_t *data;
	size_t size;
};

static bool read_bytes(void *opaque, udv_hpa_t address, unsigned size, uint64_t *value)
{
	const struct bytes *bytes = opaque;

	*value = 0;
	if (address.value > bytes->size || bytes->size - address.value < size)
		return false;
	memcpy(value, bytes->data + address.value, size);
	return true;
}

static void as_text(const uint8_t *data, size_t size, const struct udv_vmx_processor *processor)
{
	struct udv_vmcs_text text;

	if (udv_vmcs_text_parse(&text, processor, (const char *)data, size) == UDV_OK)
		judge(&(struct udv_vmentry){ .vmcs = &text.vmcs,
					     .processor = &text.processor,
					     .vmcs_pointer = text.vmcs_pointer,
					     .efer = text.efer,
					     .tracing = text.tracing });
	else
		check(text.problem && text.line > 0);
	if (udv_vmx_processor_parse(&text, processor, (const char *)data, size) != UDV_OK)
		check(text.problem && text.line > 0);
}

/* Any region: the revision identifier is put right. */
static void as_region(const uint8_t *data, size_t size, const struct udv_vmx_processor *processor)
{
	struct bytes bytes = { data, size };
	struct udv_memory memory = { .read = read_bytes, .opaque = &bytes };
	uint8_t region[4096] = { 0 };
	uint32_t revision = (uint32_t)processor->msr[0];
	struct udv_vmcs vmcs;

	memcpy(region, data, size < sizeof(region) ? size : sizeof(region));
	memcpy(region, &revision, sizeof(revision));
	check(udv_vmcs_from_region(&vmcs, region, sizeof(region)) == UDV_OK);
	judge(&(struct udv_vmentry){ .vmcs = &vmcs,
				     .processor = processor,
				     .vmcs_pointer = 0x1000,
				     .efer = 0x500,
				     .memory = &memory });
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct udv_vmx_processor processor;

	check(udv_vmx_processor_ours(NULL, &processor, NULL, 0) == UDV_OK);
	as_text(data, size, &processor);
	as_region(data, size, &processor);
	return 0;
}
