/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "machine/state.h"
#include "machine/state_lists.h"
#include "state_order.h"

/*
 * The lists of what is saved name every member, in their order: state_order.c has the compiler's
 * word for that.
 */

static void test_every_member(void **state)
{
	(void)state;
	for (unsigned i = 0; state_order(i); i++) {
		const struct state_table *table = state_order(i)->table;

		assert_int_equal(table->fields[0].offset, 0);
		for (unsigned j = 0; j < table->nr_fields; j++) {
			const struct state_field *field = &table->fields[j];
			size_t next = state_order(i)->next[j]();
			bool last = j + 1 == table->nr_fields;

			if (last ? next >= table->object_size : next == field[1].offset)
				continue;
			fail_msg("struct %s: the member behind %s is in no list", table->name,
				 field->name);
		}
	}
}

/* That the test above can fail: a list of this struct without its member hidden. */
static void test_a_missing_member(void **state)
{
	(void)state;
	assert_int_equal(state_order_example(), offsetof(struct state_example, hidden));
	assert_int_not_equal(state_order_example(), offsetof(struct state_example, second));
}

/* ---------------------------------------------------------------- bytes */

static void test_round_trip(void **state)
{
	struct pit pit = { .system_control = 3 }, again = { .system_control = 0 };
	uint8_t bytes[512];
	struct state_fault fault;
	size_t size = state_size(&state_pit);

	(void)state;
	/* 17 bytes, two words, two double words and three of 64 bits a channel */
	assert_int_equal(size, 3 * (14 + 2 + 2 * 4 + 3 * 8) + 1);
	for (unsigned i = 0; i < 3; i++)
		pit.channel[i] = (struct pit_channel){
			.mode = 2,
			.access = 3,
			.loaded = true,
			.latched_count = (uint16_t)(0x1234 + i),
			.count = 65536,
			.next_count = 1 + i,
			.held = 0x1122334455667788,
		};
	assert_ptr_equal(state_save(&state_pit, &pit, bytes), bytes + size);
	assert_int_equal(bytes[0], 2);
	assert_int_equal(bytes[14], 0x34);
	assert_int_equal(bytes[15], 0x12);
	assert_int_equal(bytes[size - 1], 3);
	assert_true(state_check(&state_pit, bytes, &fault));
	assert_ptr_equal(state_load(&state_pit, &again, bytes), bytes + size);
	assert_memory_equal(&again, &pit, sizeof(pit));
}

static void test_check(void **state)
{
	struct rtc rtc = { .seconds = -1 };
	struct pit pit = { .system_control = 0 };
	struct state_fault fault;
	uint8_t bytes[512];

	(void)state;
	state_save(&state_rtc, &rtc, bytes);
	assert_true(state_check(&state_rtc, bytes, &fault));
	rtc.seconds = -(1ll << 40) - 1;
	state_save(&state_rtc, &rtc, bytes);
	assert_false(state_check(&state_rtc, bytes, &fault));
	assert_string_equal(fault.field, "seconds");
	rtc.seconds = 0;
	rtc.index = 128;
	state_save(&state_rtc, &rtc, bytes);
	assert_false(state_check(&state_rtc, bytes, &fault));
	assert_string_equal(fault.table, "rtc");
	assert_string_equal(fault.field, "index");
	assert_int_equal(fault.value, 128);
	/* a count of 0, and a truth value of 2 */
	state_save(&state_pit, &pit, bytes);
	assert_false(state_check(&state_pit, bytes, &fault));
	assert_string_equal(fault.field, "access");
	bytes[1] = 1;
	bytes[2] = 2;
	assert_false(state_check(&state_pit, bytes, &fault));
	assert_string_equal(fault.field, "bcd");
	bytes[2] = 0;
	assert_false(state_check(&state_pit, bytes, &fault));
	assert_string_equal(fault.field, "count");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_member),
		cmocka_unit_test(test_a_missing_member),
		cmocka_unit_test(test_round_trip),
		cmocka_unit_test(test_check),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
