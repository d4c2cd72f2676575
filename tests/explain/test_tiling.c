/* SPDX-License-Identifier: MIT */
#include "explain_test.h"

/* Every bit of every kind is in exactly one row. */

static void check_tiling(void)
{
	unsigned next = 0, i;
	uint64_t sum = 0;

	for (i = 0; i < x.nr_rows; i++) {
		const struct udv_explain_row *r = &x.rows[i];

		if (r->low != next || r->high < r->low)
			fail_msg("%s 0x%llx: row %u is %u:%u", x.title, (unsigned long long)x.value,
				 i, r->high, r->low);
		assert_true(r->name[0]);
		assert_non_null(r->meaning);
		assert_int_equal(r->set, r->value != 0);
		assert_true(r->class <= UDV_CLASS_VIOLATED);
		sum |= r->value << r->low;
		next = r->high + 1u;
	}
	assert_int_equal(next, x.width);
	assert_true(sum == x.value);
	for (i = 0; i < x.nr_notes; i++)
		assert_true(x.notes[i][0]);
	assert_false(x.truncated);
}

static void try_value(enum udv_explain_kind kind, uint64_t value)
{
	if (udv_explain(kind, value, &options, &x) == UDV_OK)
		check_tiling();
}

/* Patterns, each single bit, each bit cleared, and pseudo-random values. */
static void try_values(enum udv_explain_kind kind)
{
	uint64_t random = 0x9e3779b97f4a7c15ull;
	unsigned width, bit;

	assert_int_equal(udv_explain(kind, 0, &options, &x), UDV_OK);
	check_tiling();
	width = x.width;
	try_value(kind, width == 32 ? UINT32_MAX : UINT64_MAX);
	for (bit = 0; bit < width; bit++) {
		uint64_t all = width == 32 ? UINT32_MAX : UINT64_MAX;

		try_value(kind, 1ull << bit);
		try_value(kind, 1ull << bit | 7);
		try_value(kind, 1ull << bit | 0x87);
		try_value(kind, all & ~(1ull << bit));
		random = random * 6364136223846793005ull + 1442695040888963407ull;
		try_value(kind, random & all);
	}
}

static void tile_plain_kinds(void **state)
{
	static const enum udv_explain_kind kinds[] = {
		UDV_EXPLAIN_EPT_VIOLATION, UDV_EXPLAIN_PAGE_FAULT, UDV_EXPLAIN_NPF,
		UDV_EXPLAIN_EXIT_REASON,   UDV_EXPLAIN_VMCS_FIELD, UDV_EXPLAIN_MSR_INDEX,
		UDV_EXPLAIN_EPTP,	   UDV_EXPLAIN_CR0,	   UDV_EXPLAIN_CR4,
		UDV_EXPLAIN_EFER,
	};
	unsigned i;

	(void)state;
	for (i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		try_values(kinds[i]);
}

static void tile_exit_reasons_and_fields(void **state)
{
	uint64_t value;

	(void)state;
	for (value = 0; value < 0x100; value++)
		try_value(UDV_EXPLAIN_EXIT_REASON, value);
	for (value = 0; value < 0x8000; value++)
		try_value(UDV_EXPLAIN_VMCS_FIELD, value);
}

static void tile_qualifications(void **state)
{
	unsigned reason, vector, known = 0;

	(void)state;
	for (reason = 0; reason < 90; reason++) {
		options.exit_reason = (uint16_t)reason;
		if (udv_explain(UDV_EXPLAIN_QUALIFICATION, 0, &options, &x) != UDV_OK)
			continue;
		known++;
		for (vector = 0; vector < 32; vector++) {
			options.vector = (uint8_t)vector;
			try_values(UDV_EXPLAIN_QUALIFICATION);
		}
	}
	assert_int_equal(known, 80);
}

static void tile_msrs(void **state)
{
	struct udv_list_row msr;
	unsigned i;

	(void)state;
	for (i = 0; udv_list_row(UDV_LIST_MSRS, i, &msr) == UDV_OK; i++) {
		options.msr = msr.number;
		try_values(UDV_EXPLAIN_MSR);
		assert_string_equal(x.title, msr.name);
	}
	assert_true(i > 50);
	options.msr = 0x123456;
	try_values(UDV_EXPLAIN_MSR);
}

static void tile_ept_entries(void **state)
{
	static const uint32_t controls[] = { 0, 1, 2, 4, 8, 16, 32, UDV_EPT_CONTROLS_ALL };
	unsigned i, flags;

	(void)state;
	for (i = 0; i < sizeof(controls) / sizeof(controls[0]); i++) {
		for (flags = 0; flags < 16; flags++) {
			options.ept_controls = controls[i];
			options.ept_ad = flags & 1;
			options.ept_sss = flags & 2;
			options.ept_vpid_cap = flags & 4 ? UDV_EPT_CAP_ALL : 0;
			options.maxphyaddr = flags & 8 ? 52 : 36;
			for (options.level = 1; options.level <= 5; options.level++)
				try_values(UDV_EXPLAIN_EPT_ENTRY);
			options.level = 1;
			try_values(UDV_EXPLAIN_EPTP);
			try_values(UDV_EXPLAIN_EPT_VIOLATION);
		}
	}
}

static void tile_guest_entries(void **state)
{
	static const uint8_t levels[] = { 0, 2, 3, 4, 5 };
	unsigned mode, flags, width;

	(void)state;
	for (mode = UDV_PAGING_32BIT; mode <= UDV_PAGING_5_LEVEL; mode++) {
		options.mode = (enum udv_paging_mode)mode;
		for (flags = 0; flags < 64; flags++) {
			options.nxe = flags & 1;
			options.keys = flags & 2;
			options.pse = flags & 4;
			options.features = flags >> 3;
			for (width = 32; width <= 52; width += 10) {
				options.maxphyaddr = (uint8_t)width;
				for (options.level = 1; options.level <= levels[mode];
				     options.level++)
					try_values(UDV_EXPLAIN_PTE);
			}
		}
		options.level = (uint8_t)(levels[mode] + 1);
		assert_int_equal(udv_explain(UDV_EXPLAIN_PTE, 1, &options, &x), UDV_ERR_ARGUMENT);
	}
}

static void tile_cr3(void **state)
{
	unsigned mode;

	(void)state;
	for (mode = UDV_PAGING_NONE; mode <= UDV_PAGING_5_LEVEL; mode++) {
		options.mode = (enum udv_paging_mode)mode;
		options.pcid = false;
		try_values(UDV_EXPLAIN_CR3);
		options.pcid = true;
		try_values(UDV_EXPLAIN_CR3);
	}
}

/* ---- arguments */

static void arguments(void **state)
{
	(void)state;
	assert_int_equal(udv_explain(UDV_EXPLAIN_PAGE_FAULT, 1ull << 32, NULL, &x),
			 UDV_ERR_ARGUMENT);
	assert_int_equal(udv_explain(UDV_EXPLAIN_NR_KINDS, 0, NULL, &x), UDV_ERR_ARGUMENT);
	assert_int_equal(udv_explain(UDV_EXPLAIN_PAGE_FAULT, 0, NULL, &x), UDV_OK);
	options.maxphyaddr = 31;
	assert_int_equal(udv_explain(UDV_EXPLAIN_EPTP, 0, &options, &x), UDV_ERR_ARGUMENT);
	options.maxphyaddr = 53;
	assert_int_equal(udv_explain(UDV_EXPLAIN_EPTP, 0, &options, &x), UDV_ERR_ARGUMENT);
	udv_explain_defaults(&options);
	options.level = 0;
	assert_int_equal(udv_explain(UDV_EXPLAIN_EPT_ENTRY, 0, &options, &x), UDV_ERR_ARGUMENT);
	assert_int_equal(udv_explain(UDV_EXPLAIN_PTE, 0, &options, &x), UDV_ERR_ARGUMENT);
	udv_explain_defaults(&options);
	options.mode = UDV_PAGING_32BIT;
	assert_int_equal(udv_explain(UDV_EXPLAIN_PTE, 1ull << 32, &options, &x), UDV_ERR_ARGUMENT);
	assert_int_equal(udv_explain(UDV_EXPLAIN_PTE, 1ull << 32 | 1, &options, &x),
			 UDV_ERR_ARGUMENT);
	options.exit_reason = 35;
	assert_int_equal(udv_explain(UDV_EXPLAIN_QUALIFICATION, 0, &options, &x), UDV_ERR_ARGUMENT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(tile_plain_kinds),
		TEST(tile_exit_reasons_and_fields),
		TEST(tile_qualifications),
		TEST(tile_msrs),
		TEST(tile_ept_entries),
		TEST(tile_guest_entries),
		TEST(tile_cr3),
		TEST(arguments),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
