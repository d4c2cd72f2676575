/* SPDX-License-Identifier: MIT */
/* One literal result of each SIMD instruction. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "simd_table.h"

static const struct table_row rows[] = {
#include "simd_table.inc"
};
#define NR_ROWS (sizeof(rows) / sizeof(rows[0]))

static bool check(struct rig *rig, unsigned i)
{
	const struct table_row *row = &rows[i];
	struct rig_state state;
	struct insn insn;
	struct op op[2];
	uint64_t result[4];

	if (!rig_translate(rig, row->bytes, row->length, MODE_CODE64, op, &insn)) {
		printf("%s: not translated\n", row->name);
		return false;
	}
	table_inputs(rig, i, insn.mem.vsib, &state);
	rig_run(rig, op, &state);
	table_result(&state, rig->memory, row->place, result);
	if (state.fault < 0 && memcmp(result, row->result, sizeof(result)) == 0 &&
	    state.mxcsr == row->mxcsr && state.flags == row->flags)
		return true;
	printf("%s: fault %d mxcsr %x %x flags %x %x\n", row->name, state.fault, state.mxcsr,
	       row->mxcsr, (unsigned)state.flags, row->flags);
	for (unsigned j = 0; j < 4; j++)
		printf("  %016llx, want %016llx\n", (unsigned long long)result[j],
		       (unsigned long long)row->result[j]);
	return false;
}

static void test_literals(void **state)
{
	struct rig *rig = rig_create();
	unsigned wrong = 0;

	(void)state;
	assert_non_null(rig);
	for (unsigned i = 0; i < NR_ROWS; i++)
		wrong += !check(rig, i);
	rig_destroy(rig);
	assert_int_equal(wrong, 0);
	assert_true(NR_ROWS >= 843);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_literals),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
