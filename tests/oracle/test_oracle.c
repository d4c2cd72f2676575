/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "literals.h"
#include "rig.h"

/*
 * Expectations typed from the manual and from known results of real processors, held against the
 * oracle and against the library alike, so that the two cannot be wrong together.
 */

struct expectation {
	enum udv_outcome outcome;
	uint64_t code; /* exit qualification or #PF error code */
};

static uint64_t code_of_library(const struct rig *rig, uint64_t cap)
{
	if (rig->got.outcome == UDV_WALK_PAGE_FAULT)
		return rig->got.fault.error_code;
	return udv_exit_info(&rig->got, cap).exit_qualification;
}

static uint64_t code_of_oracle(const struct rig *rig, bool advanced)
{
	const struct oracle_result *e = &rig->expected;

	if (e->outcome == UDV_WALK_PAGE_FAULT)
		return e->error_code;
	return advanced ? e->qualification : e->qualification_basic;
}

/* The literal's entries, over what the digits made of the world. */
static void poke(struct rig *rig, const struct literal *l)
{
	const struct world *w = &rig->world;

	for (unsigned i = 0; i < LITERAL_POKES; i++) {
		const struct literal_poke *p = &l->pokes[i];
		uint64_t address = p->where == GUEST_ENTRY ? w->guest_entry[p->level]
							   : w->ept_entry[p->page][p->level];
		unsigned size = p->where == GUEST_ENTRY ? world_entry_size(w) : 8;
		uint64_t value;

		if (p->where == NO_ENTRY)
			continue;
		if (p->where == PDPTE_REGISTER) {
			rig->test.config.pdpte[p->level] = p->set;
			continue;
		}
		assert_int_not_equal(address, 0);
		value = world_get(w, rig->pristine, address, size);
		world_set(w, rig->pristine, address, size, (value & ~p->clear) | p->set);
	}
}

static void check_engine(const struct literal *l, const char *engine, enum udv_outcome outcome,
			 uint64_t gpa, uint64_t basic, uint64_t advanced)
{
	uint64_t expected_advanced = l->advanced ? l->advanced : l->code;

	if (outcome != l->outcome)
		fail_msg("%s: %s: outcome %d (%s), expected %d", l->tag, engine, (int)outcome,
			 udv_outcome_text(outcome), (int)l->outcome);
	if (outcome == UDV_WALK_OK)
		return;
	if (basic != l->code)
		fail_msg("%s: %s: code %#llx, expected %#llx", l->tag, engine,
			 (unsigned long long)basic, (unsigned long long)l->code);
	if (advanced != expected_advanced)
		fail_msg("%s: %s: code with advanced information %#llx, expected %#llx", l->tag,
			 engine, (unsigned long long)advanced,
			 (unsigned long long)expected_advanced);
	if (l->gpa && gpa != l->gpa)
		fail_msg("%s: %s: gpa %#llx, expected %#llx", l->tag, engine,
			 (unsigned long long)gpa, (unsigned long long)l->gpa);
}

static void check_memory(const struct rig *rig, const struct literal *l, const char *engine,
			 const uint64_t *words)
{
	const struct world *w = &rig->world;

	for (unsigned i = 0; i < LITERAL_AFTER; i++) {
		const struct literal_after *a = &l->after[i];
		uint64_t value;

		if (a->where == NO_ENTRY)
			continue;
		if (a->where == LOG_SLOT)
			value = world_get(w, words, w->pml + 8ull * a->page, 8);
		else if (a->where == GUEST_ENTRY)
			value = world_get(w, words, w->guest_entry[a->level], world_entry_size(w));
		else
			value = world_get(w, words, w->ept_entry[a->page][a->level], 8);
		if ((value & a->mask) != a->value)
			fail_msg("%s: %s: entry %u (where %d, level %u) is %#llx afterwards",
				 l->tag, engine, a->page, (int)a->where, a->level,
				 (unsigned long long)value);
	}
}

static void check_literal(struct rig *rig, const struct literal *l)
{
	uint16_t digit[NR_DIGITS] = { 0 };
	const char *difference;

	for (unsigned i = 0; i < LITERAL_SETTINGS; i++)
		if (l->settings[i].value)
			digit[l->settings[i].digit] = l->settings[i].value;
	rig_prepare(rig, digit);
	poke(rig, l);
	rig->test.access = l->access;
	rig->test.gva ^= l->gva_flip;
	rig_run_oracle(rig);
	check_engine(l, "oracle", rig->expected.outcome, rig->expected.gpa,
		     code_of_oracle(rig, false), code_of_oracle(rig, true));
	check_memory(rig, l, "oracle", rig->oracle_words);
	if (l->gla)
		assert_int_equal(rig->expected.gla, l->gla);

	difference = rig_run_library(rig, RIG_PLAIN);
	if (difference)
		fail_msg("%s: %s: %s", l->tag, difference, rig->problem);
	check_engine(l, "library", rig->got.outcome, rig->got.gpa.value, code_of_library(rig, 0),
		     code_of_library(rig, UDV_EPT_CAP_ADVANCED_INFO));
	check_memory(rig, l, "library", rig->words);
	if (l->gla)
		assert_int_equal(rig->got.gla.value, l->gla);
	if (l->pml_index_after)
		assert_int_equal(rig->paging[MEMORY_CALLBACKS].pml_index, l->pml_index_after - 1);
	difference = rig_compare(rig, RIG_PLAIN);
	if (difference)
		fail_msg("%s: the two differ: %s", l->tag, difference);
}

static void test_literals(void **state)
{
	struct rig *rig = *state;

	for (unsigned i = 0; i < nr_literals; i++)
		check_literal(rig, &literals[i]);
	print_message("%u literal cases\n", nr_literals);
}

/* ------------------------------------------------------------------ rights against access */

#define R 1ull
#define W 2ull
#define XS 4ull
#define XU 0x400ull
#define OK 0
#define MISCONFIG 49

/* 6.1: a row is a set of rights; columns as in access_columns below. 0: allowed, 49: exit 49. */
struct rights_row {
	uint64_t rights;
	uint16_t without_mbec[4], with_mbec[4];
	bool execute_only; /* needs IA32_VMX_EPT_VPID_CAP[0], else every column is exit 49 */
};

static const struct rights_row rights_rows[] = {
	{ 0, { 0x181, 0x182, 0x184, 0x184 }, { 0x181, 0x182, 0x184, 0x184 }, false },
	{ R, { OK, 0x18a, 0x18c, 0x18c }, { OK, 0x18a, 0x18c, 0x18c }, false },
	{ W, { 49, 49, 49, 49 }, { 49, 49, 49, 49 }, false },
	{ R | W, { OK, OK, 0x19c, 0x19c }, { OK, OK, 0x19c, 0x19c }, false },
	{ XS, { 0x1a1, 0x1a2, OK, OK }, { 0x1a1, 0x1a2, OK, 0x1a4 }, true },
	/* T12: without mode-based execute control, bit 10 alone is no presence. */
	{ XU, { 0x181, 0x182, 0x184, 0x184 }, { 0x1c1, 0x1c2, 0x1c4, OK }, true },
	{ XS | XU, { 0x1a1, 0x1a2, OK, OK }, { 0x1e1, 0x1e2, OK, OK }, true },
	{ R | XS, { OK, 0x1aa, OK, OK }, { OK, 0x1aa, OK, 0x1ac }, false },
	{ R | XU, { OK, 0x18a, 0x18c, 0x18c }, { OK, 0x1ca, 0x1cc, OK }, false },
	{ R | XS | XU, { OK, 0x1aa, OK, OK }, { OK, 0x1ea, OK, OK }, false },
	{ W | XS, { 49, 49, 49, 49 }, { 49, 49, 49, 49 }, false },
	{ W | XU, { 49, 49, 49, 49 }, { 49, 49, 49, 49 }, false },
	{ W | XS | XU, { 49, 49, 49, 49 }, { 49, 49, 49, 49 }, false },
	{ R | W | XS, { OK, OK, OK, OK }, { OK, OK, OK, 0x1bc }, false },
	{ R | W | XU, { OK, OK, 0x19c, 0x19c }, { OK, OK, 0x1dc, OK }, false },
	{ R | W | XS | XU, { OK, OK, OK, OK }, { OK, OK, OK, OK }, false },
};

/* Read, write, fetch from a supervisor page, fetch from a user page; each at CPL 0. */
static const uint32_t access_columns[] = { 1, 2, 4, 4 };

static void set_up_right(struct rig *rig, const struct rights_row *row, unsigned page,
			 unsigned level, unsigned column, bool mbec, bool execute_only)
{
	uint16_t digit[NR_DIGITS] = { 0 };
	uint64_t address;

	digit[D_MODE] = UDV_PAGING_4_LEVEL;
	digit[D_EPT] = 1;
	digit[D_MBEC] = mbec;
	digit[D_CAP] = execute_only ? 0 : 1;
	digit[D_FINAL_LEAF] = (uint16_t)(level <= 3 && page == 0 ? level - 1 : 0);
	digit[D_GA_LEVEL] = 3; /* the PML4E decides about user mode (T3) */
	digit[D_GA_BITS] = column == 2 ? 4 : 0;
	rig_prepare(rig, digit);
	address = rig->world.ept_entry[page][level];
	world_set(&rig->world, rig->pristine, address, 8,
		  (world_get(&rig->world, rig->pristine, address, 8) & ~0x407ull) | row->rights);
	rig->test.access = access_columns[column];
}

static void check_right(struct rig *rig, const struct rights_row *row, unsigned column, bool mbec,
			bool execute_only)
{
	uint16_t expected = mbec ? row->with_mbec[column] : row->without_mbec[column];
	bool present = row->rights & 7 || (mbec && row->rights);
	uint32_t reason = 48;
	uint64_t advanced;

	if (!execute_only && row->execute_only && present)
		expected = MISCONFIG; /* T13 */
	if (expected == MISCONFIG)
		reason = 49;
	if (expected == OK)
		reason = 0;
	rig_run_oracle(rig);
	assert_null(rig_run_library(rig, RIG_PLAIN));
	assert_int_equal(rig->expected.exit_reason, reason);
	assert_int_equal(udv_exit_info(&rig->got, 0).exit_reason, reason);
	assert_null(rig_compare(rig, RIG_PLAIN));
	if (reason != 48)
		return;
	/* The page is writable and not NX; T1, T38 */
	advanced = expected | 0x400u | (column == 2 ? 0 : 0x200u);
	assert_int_equal(rig->expected.qualification_basic, expected);
	assert_int_equal(rig->expected.qualification, advanced);
	assert_int_equal(udv_exit_info(&rig->got, 0).exit_qualification, expected);
	assert_int_equal(udv_exit_info(&rig->got, UDV_EPT_CAP_ALL).exit_qualification, advanced);
	assert_int_equal(udv_exit_info(&rig->got, 0).guest_physical_address.value, 0x3021543d9a8);
	assert_int_equal(udv_exit_info(&rig->got, 0).guest_linear_address.value, 0x62ccd4fd19a8);
}

/* Spec 6.1: every set of rights at every level of the final page's EPT path */
static void test_final_rights(void **state)
{
	struct rig *rig = *state;

	for (unsigned i = 0; i < sizeof(rights_rows) / sizeof(rights_rows[0]); i++)
		for (unsigned n = 0; n < 4 * 4 * 2 * 2; n++) {
			unsigned level = 1 + n % 4, column = n / 4 % 4;
			bool mbec = n & 16, execute_only = n & 32;

			set_up_right(rig, &rights_rows[i], 0, level, column, mbec, execute_only);
			check_right(rig, &rights_rows[i], column, mbec, execute_only);
		}
}

/* ------------------------------------------------------------------ the guest's PT page */

struct table_row {
	uint64_t rights;
	bool ad;
	uint8_t guest_flags; /* as in struct world_shape: bit 0 A clear, bit 1 D clear */
	uint16_t read, write;
};

/* Spec 6.2 */
static const struct table_row table_rows[] = {
	{ 0, false, 0, 0x81, 0x81 },	  { 0, true, 0, 0x83, 0x83 }, /* I7 */
	{ R, false, 3, 0x8b, 0x8b },	  { R, false, 2, OK, 0x8b },  /* T21 */
	{ R, false, 0, OK, OK },	  { R, true, 0, 0x8b, 0x8b },
	{ R, true, 2, 0x8b, 0x8b },	  { R, true, 3, 0x8b, 0x8b },
	{ R | XS, false, 3, 0xab, 0xab }, { R | XS, false, 2, OK, 0xab },
	{ R | XS, false, 0, OK, OK },	  { R | XS, true, 0, 0xab, 0xab },
	{ R | XS, true, 2, 0xab, 0xab },  { R | XS, true, 3, 0xab, 0xab },
	{ R | W, false, 3, OK, OK },	  { R | W, true, 3, OK, OK },
	{ R | W | XS, false, 3, OK, OK }, { R | W | XS, true, 3, OK, OK },
};

static void check_table_row(struct rig *rig, const struct table_row *row, uint32_t access)
{
	uint16_t digit[NR_DIGITS] = { 0 };
	uint16_t expected = access & UDV_ACCESS_WRITE ? row->write : row->read;
	uint64_t address;

	digit[D_MODE] = UDV_PAGING_4_LEVEL;
	digit[D_EPT] = 1;
	digit[D_AD] = row->ad;
	digit[D_GUEST_FLAGS] = row->guest_flags;
	digit[D_EPT_FLAGS] = 3;
	rig_prepare(rig, digit);
	address = rig->world.ept_entry[1][1];
	world_set(&rig->world, rig->pristine, address, 8,
		  (world_get(&rig->world, rig->pristine, address, 8) & ~0x407ull) | row->rights);
	rig->test.access = access;
	rig_run_oracle(rig);
	assert_null(rig_run_library(rig, RIG_PLAIN));
	assert_int_equal(rig->expected.exit_reason, expected ? 48 : 0);
	assert_int_equal(udv_exit_info(&rig->got, 0).exit_reason, expected ? 48 : 0);
	assert_null(rig_compare(rig, RIG_PLAIN));
	if (!expected)
		return;
	/* I4: the walk is never a fetch. T5: the address of the entry, to the byte */
	assert_int_equal(rig->expected.qualification, expected);
	assert_int_equal(udv_exit_info(&rig->got, UDV_EPT_CAP_ALL).exit_qualification, expected);
	assert_int_equal(rig->expected.gpa, 0x80c5806e88);
	assert_int_equal(udv_exit_info(&rig->got, 0).guest_physical_address.value, 0x80c5806e88);
	assert_int_equal(udv_exit_info(&rig->got, 0).guest_linear_address.value, 0x62ccd4fd19a8);
}

static void test_table_rights(void **state)
{
	struct rig *rig = *state;

	for (unsigned i = 0; i < sizeof(table_rows) / sizeof(table_rows[0]); i++) {
		check_table_row(rig, &table_rows[i], UDV_ACCESS_READ);
		check_table_row(rig, &table_rows[i], UDV_ACCESS_FETCH);
		check_table_row(rig, &table_rows[i], UDV_ACCESS_WRITE);
	}
}

/* ------------------------------------------------------------------ registers */

/* T6: a load of the PDPTEs is a read without a linear address, also with A/D flags in EPT. */
static void test_pdpte_load(void **state)
{
	static const struct {
		uint64_t rights;
		bool ad;
		uint16_t expected;
	} rows[] = { { 0, false, 0x01 }, { 0, true, 0x01 }, { R, true, OK }, { R | W, true, OK } };
	struct rig *rig = *state;

	for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		uint16_t digit[NR_DIGITS] = { 0 };
		uint64_t address;

		digit[D_ENTRY_POINT] = ENTRY_PDPTES;
		digit[D_EPT] = 1;
		digit[D_EPT_FLAGS] = 3;
		digit[D_AD] = rows[i].ad;
		rig_prepare(rig, digit);
		address = rig->world.ept_entry[3][1];
		world_set(&rig->world, rig->pristine, address, 8,
			  (world_get(&rig->world, rig->pristine, address, 8) & ~0x407ull) |
				  rows[i].rights);
		rig_run_oracle(rig);
		assert_null(rig_run_library(rig, RIG_PLAIN));
		assert_null(rig_compare(rig, RIG_PLAIN));
		assert_int_equal(udv_exit_info(&rig->got, UDV_EPT_CAP_ALL).exit_qualification,
				 rows[i].expected);
		assert_int_equal(rig->expected.qualification, rows[i].expected);
		if (rows[i].expected)
			continue;
		/* Accessed, never dirty */
		assert_int_equal(world_get(&rig->world, rig->words, address, 8) & 0x300, 0x100);
		assert_int_equal(rig->got_pdpte[3], 0x10105804001);
	}
}

static int set_up(void **state)
{
	struct rig *rig = malloc(sizeof(*rig));

	if (!rig)
		return -1;
	rig_init(rig);
	*state = rig;
	return 0;
}

static int tear_down(void **state)
{
	free(*state);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_literals, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_final_rights, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_table_rights, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_pdpte_load, set_up, tear_down),
	};

	return cmocka_run_group_tests_name("oracle", tests, NULL, NULL);
}
