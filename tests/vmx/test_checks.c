/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include <undervisor/explain.h>

#include "check_cases.h"

struct found {
	char ids[256];
	unsigned nr, rule;
	uint32_t field;
};

static void note_finding(void *opaque, const struct udv_vmentry_finding *finding)
{
	struct found *found = opaque;
	struct udv_vmentry_rule rule;

	assert_int_equal(udv_vmentry_rule(finding->rule, &rule), UDV_OK);
	if (found->nr++ == 0) {
		found->rule = finding->rule;
		found->field = finding->field;
	} else {
		strcat(found->ids, " ");
	}
	assert_true(strlen(found->ids) + strlen(rule.id) + 2 < sizeof(found->ids));
	strcat(found->ids, rule.id);
}

static enum udv_vmentry_class class_of(const char *id)
{
	static const struct {
		const char *start;
		enum udv_vmentry_class class;
	} classes[] = {
		{ "CTL", UDV_VMENTRY_CONTROL },	 { "EXEC", UDV_VMENTRY_CONTROL },
		{ "EXIT", UDV_VMENTRY_CONTROL }, { "ENTRY", UDV_VMENTRY_CONTROL },
		{ "INJ", UDV_VMENTRY_CONTROL },	 { "HOST", UDV_VMENTRY_HOST },
		{ "INTR-06", UDV_VMENTRY_NMI },	 { "LINK", UDV_VMENTRY_LINK },
		{ "PDPTE", UDV_VMENTRY_PDPTE },	 { "MSRL", UDV_VMENTRY_MSR },
	};

	for (unsigned i = 0; i < sizeof(classes) / sizeof(classes[0]); i++)
		if (strncmp(id, classes[i].start, strlen(classes[i].start)) == 0)
			return classes[i].class;
	return UDV_VMENTRY_GUEST;
}

/* False, and a line that says so, if @b is not what was found. */
static bool as_expected(const struct broken *b, const struct found *found, unsigned first)
{
	struct udv_vmentry_rule rule = { .field = 0 };
	uint32_t field = 0;

	if (found->nr)
		assert_int_equal(udv_vmentry_rule(found->rule, &rule), UDV_OK);
	field = rule.field;
	if (b->field)
		assert_int_equal(udv_list_find(UDV_LIST_VMCS_FIELDS, b->field, &field), UDV_OK);
	if (strcmp(found->ids, b->ids) == 0 && first == found->rule && found->field == field &&
	    (!found->nr || rule.class == class_of(b->ids)))
		return true;
	print_error("%s, %s: %s by %x, not %s by %x; class %d\n", world_base_names[b->base],
		    b->changes, found->ids, found->field, b->ids, field, (int)rule.class);
	return false;
}

static unsigned check_one(const struct broken *b)
{
	struct entry_world world;
	struct found found = { .rule = UDV_VMENTRY_PASSES };

	world_init(&world, b->base);
	world_change(&world, b->changes);
	udv_vmentry_check(&world.entry, note_finding, &found, NULL);
	return !as_expected(b, &found, udv_vmentry_first(&world.entry));
}

static void check_all(const struct case_table *table)
{
	unsigned wrong = 0;

	for (size_t i = 0; i < table->nr; i++)
		wrong += check_one(&table->cases[i]);
	assert_int_equal(wrong, 0);
}

static void bases(void **state)
{
	(void)state;
	for (unsigned base = 0; base < NR_BASES; base++)
		assert_int_equal(check_one(&(struct broken){
					 .ids = "", .base = (enum world_base)base, .changes = "" }),
				 0);
}

static void controls(void **state)
{
	(void)state;
	check_all(&case_tables[0]);
}

static void host(void **state)
{
	(void)state;
	check_all(&case_tables[1]);
}

static void guest(void **state)
{
	(void)state;
	check_all(&case_tables[2]);
}

static void segments(void **state)
{
	(void)state;
	check_all(&case_tables[3]);
}

static void no_failure(void **state)
{
	(void)state;
	check_all(&case_tables[VALID_CASES]);
}

/* ---------------------------------------------------------------- the nearest valid value */

struct first {
	struct udv_vmentry_finding finding;
	unsigned nr;
};

static void note_first(void *opaque, const struct udv_vmentry_finding *finding)
{
	struct first *first = opaque;

	if (first->nr++ == 0)
		first->finding = *finding;
}

/* Where no single field can be the cure: another one agrees with what is wrong. */
static const struct {
	const char *ids;
	unsigned cases;
} no_cure[] = {
	{ "HOST-22", 1 }, /* a 32-bit host has no PAE; a 64-bit one needs it */
	{ "HOST-22 HOST-23", 1 }, { "RFL-02", 1 }, /* all segments are those of virtual-8086 mode */
	{ "SEG-04", 1 },			   /* SS.RPL is SS.DPL, and CS.RPL is not */
	{ "SEG-18", 1 },			   /* the DPL of CS goes with that of SS */
	{ "SEG-25", 1 },	  { "PDPTE-02", 1 }, /* it is in memory */
};

#define NR_NO_CURE (sizeof(no_cure) / sizeof(no_cure[0]))

/* Findings of @field, and of others. */
struct counts {
	uint32_t field;
	unsigned own, others;
};

static void count(void *opaque, const struct udv_vmentry_finding *finding)
{
	struct counts *counts = opaque;

	*(finding->field == counts->field ? &counts->own : &counts->others) += 1;
}

/*
 * Written into the VMCS, the nearest value leaves no failure of the field, and none of another one
 * that was not there; or, if it says so, not the one that it cures.
 */
static bool nearest_cures(const struct broken *b)
{
	struct entry_world world;
	struct first before = { .nr = 0 }, after = { .nr = 0 };
	const struct udv_vmentry_finding *f = &before.finding;
	struct counts then = { .own = 0 }, now = { .own = 0 };

	world_init(&world, b->base);
	world_change(&world, b->changes);
	udv_vmentry_check(&world.entry, note_first, &before, NULL);
	then.field = now.field = f->field;
	udv_vmentry_check(&world.entry, count, &then, NULL);
	udv_vmentry_nearest(&world.entry, &before.finding);
	if (!f->has_nearest)
		return f->msr_entry != 0;
	assert_int_equal(udv_vmcs_write(&world.vmcs, f->field, f->nearest), UDV_OK);
	udv_vmentry_check(&world.entry, note_first, &after, NULL);
	udv_vmentry_check(&world.entry, count, &now, NULL);
	assert_true(after.nr < before.nr);
	assert_true(now.others <= then.others);
	assert_int_equal(now.own != 0, f->cures_one);
	assert_true(after.nr == 0 || after.finding.rule != f->rule ||
		    after.finding.field != f->field);
	return true;
}

static void cure_all(const struct case_table *table, unsigned *uncured)
{
	for (size_t i = 0; i < table->nr; i++) {
		const struct broken *b = &table->cases[i];
		unsigned n = 0;

		if (nearest_cures(b))
			continue;
		while (n < NR_NO_CURE && strcmp(no_cure[n].ids, b->ids) != 0)
			n++;
		if (n == NR_NO_CURE)
			fail_msg("no nearest value: %s, %s", b->ids, b->changes);
		uncured[n]++;
	}
}

static void nearest(void **state)
{
	unsigned uncured[NR_NO_CURE] = { 0 };

	(void)state;
	for (unsigned i = 0; i < VALID_CASES; i++)
		cure_all(&case_tables[i], uncured);
	for (unsigned i = 0; i < NR_NO_CURE; i++)
		assert_int_equal(uncured[i], no_cure[i].cases);
}

/* Values that are known: one bit, two bits, and where more have to change. */
static void nearest_values(void **state)
{
	static const struct {
		const char *changes;
		uint64_t nearest;
	} cases[] = {
		{ "GUEST_CR4-=0x2000", 0x2020 },
		{ "HOST_CS_SELECTOR=0xb", 8 },
		{ "CR3_TARGET_COUNT=5", 4 },
		{ "GUEST_RFLAGS=0x8028", 2 },
		{ "EXIT_CONTROLS+=0x80000 HOST_PAT=0x0203060706050402", 0x0001060706050400 },
		{ "HOST_FS_BASE=0xff00800000000000", 0xffff800000000000 },
		{ "SECONDARY_CONTROLS+=2 EPT_POINTER=0x3026 IA32_VMX_EPT_VPID_CAP-=0x80", 0x301e },
		{ "GUEST_ACTIVITY_STATE=4", 0 },
		/* several rules broken at once: the value satisfies them all */
		{ "GUEST_TR_ACCESS_RIGHTS=0", 0x8b },
		{ "GUEST_TR_ACCESS_RIGHTS=0xfff10f00", 0x8b },
		{ "GUEST_INTERRUPTIBILITY_STATE=0x23", 2 },
		{ "PIN_BASED_CONTROLS=0", 0x16 },
		{ "ENTRY_INTERRUPTION_INFO=0x80001b2e", 0x80000b0e },
		{ "GUEST_CS_LIMIT=0", 0xfff },
		/* not by leaving the event out, or the segment */
		{ "ENTRY_INTERRUPTION_INFO=0x80000320", 0x80000300 },
		{ "GUEST_DS_SELECTOR=0x13", 0xc0f3 },
		/* not a page that nobody can look at, and not another one that happens to fit */
		{ "VMCS_LINK_POINTER=0x7000 @0x7000=0", UINT64_MAX },
		{ "PRIMARY_CONTROLS+=0x200000 VIRTUAL_APIC_ADDRESS=0x5010", 0x5000 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct entry_world world;
		struct first first = { .nr = 0 };

		world_init(&world, LONG);
		world_change(&world, cases[i].changes);
		udv_vmentry_check(&world.entry, note_first, &first, NULL);
		udv_vmentry_nearest(&world.entry, &first.finding);
		assert_true(first.finding.has_nearest);
		assert_int_equal(first.finding.nearest, cases[i].nearest);
	}
}

#define MAX_FINDINGS 64u

struct findings {
	unsigned nr;
	struct {
		unsigned rule;
		uint32_t field;
	} at[MAX_FINDINGS];
};

static void note_all(void *opaque, const struct udv_vmentry_finding *finding)
{
	struct findings *all = opaque;

	assert_true(all->nr < MAX_FINDINGS);
	all->at[all->nr].rule = finding->rule;
	all->at[all->nr++].field = finding->field;
}

/* With @value @field breaks no rule, and no other field one that is not in @before. */
static bool is_valid(struct entry_world *world, const struct findings *before, uint32_t field,
		     uint64_t value)
{
	struct findings after = { .nr = 0 };

	assert_int_equal(udv_vmcs_write(&world->vmcs, field, value), UDV_OK);
	udv_vmentry_check(&world->entry, note_all, &after, NULL);
	for (unsigned i = 0; i < after.nr; i++) {
		unsigned b = 0;

		while (b < before->nr && (before->at[b].rule != after.at[i].rule ||
					  before->at[b].field != after.at[i].field))
			b++;
		if (after.at[i].field == field || b == before->nr)
			return false;
	}
	return true;
}

/* How many bits of those that are not fixed have to change, up to 2; 3: more. */
static unsigned brute_force(struct entry_world *world, const struct findings *before,
			    uint32_t field, uint64_t fixed, uint64_t free)
{
	unsigned best = 3;

	if (is_valid(world, before, field, fixed))
		return 0;
	for (unsigned i = 0; i < 64; i++)
		for (unsigned j = 0; j <= i; j++) {
			uint64_t bits = 1ull << i | 1ull << j;

			if (!(bits & ~free) && (i == j ? 1u : 2u) < best &&
			    is_valid(world, before, field, fixed ^ bits))
				best = i == j ? 1 : 2;
		}
	return best;
}

/* Fields with bits that capabilities fix, full of noise: the nearest value is the nearest. */
static void nearest_of_noise(void **state)
{
	static const struct {
		const char *name;
		uint32_t field;
		unsigned fixed, may; /* capability MSRs */
		unsigned shift;	     /* of the latter */
		unsigned width;
	} fields[] = {
		{ "EXIT_CONTROLS", 0x400c, 0xf, 0xf, 32, 32 },
		{ "ENTRY_CONTROLS", 0x4012, 0x10, 0x10, 32, 32 },
		{ "PRIMARY_CONTROLS", 0x4002, 0xe, 0xe, 32, 32 },
		{ "HOST_CR4", 0x6c04, 8, 9, 0, 64 },
		{ "GUEST_CR4", 0x6804, 8, 9, 0, 64 },
	};
	unsigned cured[4] = { 0 };
	uint64_t noise = 1;

	(void)state;
	for (unsigned n = 0; n < 100; n++) {
		const unsigned f = n % 5, kind = n / 5 % 2;
		struct findings before = { .nr = 0 };
		struct first first = { .nr = 0 };
		struct entry_world world;
		uint64_t value, fixed, must, may;
		char words[64];
		unsigned steps;

		noise = noise * 6364136223846793005u + 1442695040888963407u;
		value = (kind ? noise : noise & noise >> 7 & noise >> 13) ^ noise >> 33;
		value = n < 5 ? 0 : value & UINT64_MAX >> (64 - fields[f].width);
		snprintf(words, sizeof(words), "%s=0x%llx", fields[f].name,
			 (unsigned long long)value);
		world_init(&world, LONG);
		world_change(&world, words);
		udv_vmentry_check(&world.entry, note_all, &before, NULL);
		udv_vmentry_check(&world.entry, note_first, &first, NULL);
		assert_int_equal(first.finding.field, fields[f].field);
		udv_vmentry_nearest(&world.entry, &first.finding);
		must = world.processor.msr[fields[f].fixed];
		may = world.processor.msr[fields[f].may] >> fields[f].shift;
		must &= UINT64_MAX >> (64 - fields[f].width);
		fixed = (value | must) & may;
		steps = brute_force(&world, &before, fields[f].field, fixed, may & ~must);
		cured[steps]++;
		if (steps == 3)
			continue;
		assert_true(first.finding.has_nearest);
		assert_false(first.finding.cures_one);
		assert_true(is_valid(&world, &before, fields[f].field, first.finding.nearest));
		assert_int_equal(__builtin_popcountll(first.finding.nearest ^ value),
				 (unsigned)__builtin_popcountll(fixed ^ value) + steps);
	}
	assert_true(cured[1] >= 10 && cured[2] >= 10 && cured[3] == 0);
}

/* A table in memory is not cured by another address; what was read is told. */
static void memory_is_told(void **state)
{
	struct entry_world world;
	struct first first = { .nr = 0 };

	(void)state;
	world_init(&world, PAE);
	world_change(&world, "@0x2010=0x4021 @0x2050=0");
	udv_vmentry_check(&world.entry, note_first, &first, NULL);
	assert_int_equal(first.nr, 1);
	assert_true(first.finding.in_memory);
	assert_int_equal(first.finding.address, 0x2010);
	assert_int_equal(first.finding.read, 0x4021);
	udv_vmentry_nearest(&world.entry, &first.finding);
	assert_false(first.finding.has_nearest);
}

/* A list that needs no memory, and an entry that a processor has refused for its own reasons. */
static void given_msrs(void **state)
{
	static const struct udv_vmentry_msr msrs[] = { { 0x174, 8 },
						       { 0xc0000100, 0 },
						       { 0x10, 0 } };
	struct entry_world world;
	struct first first = { .nr = 0 };
	struct found found = { .nr = 0 };

	(void)state;
	world_init(&world, LONG);
	world.entry.msrs = msrs;
	world.entry.nr_msrs = 3;
	world.entry.refused_msr = 3;
	udv_vmentry_check(&world.entry, note_first, &first, NULL);
	assert_int_equal(first.finding.msr_entry, 2);
	assert_int_equal(first.finding.msr, 0xc0000100);
	udv_vmentry_check(&world.entry, note_finding, &found, NULL);
	assert_string_equal(found.ids, "MSRL-01 MSRL-06");
	assert_int_equal(udv_vmentry_first(&world.entry), first.finding.rule);
}

static bool is_broken(const char *id)
{
	for (unsigned t = 0; t < VALID_CASES; t++)
		for (size_t i = 0; i < case_tables[t].nr; i++)
			if (strstr(case_tables[t].cases[i].ids, id))
				return true;
	return false;
}

/* No rule of the table is without a case. */
static void every_rule(void **state)
{
	struct udv_vmentry_rule rule;
	unsigned index;

	(void)state;
	for (index = 0; udv_vmentry_rule(index, &rule) == UDV_OK; index++)
		if (!is_broken(rule.id))
			fail_msg("%s is not broken by any case", rule.id);
	assert_int_equal(index, 200);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bases),	  cmocka_unit_test(controls),
		cmocka_unit_test(host),		  cmocka_unit_test(guest),
		cmocka_unit_test(segments),	  cmocka_unit_test(no_failure),
		cmocka_unit_test(every_rule),	  cmocka_unit_test(nearest),
		cmocka_unit_test(nearest_values), cmocka_unit_test(memory_is_told),
		cmocka_unit_test(given_msrs),	  cmocka_unit_test(nearest_of_noise),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
