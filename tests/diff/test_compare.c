/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "diff.h"

/* The comparer of "undervisor diff": every field of two records counts, and nothing else does. */

struct pair {
	struct udv_vm_exit exits[2];
	struct diff_record records[2];
	struct diff_fields fields;
};

/* Two exits for an EPT violation, the same. */
static void setup_exits(struct pair *pair)
{
	memset(pair, 0, sizeof(*pair));
	for (unsigned i = 0; i < 2; i++) {
		struct udv_vm_exit *exit = &pair->exits[i];

		exit->instructions = 1000;
		exit->vmcs_pointer = UDV_GPA(0x5000);
		assert_int_equal(udv_vmcs_write(&exit->vmcs, 0x4402, 48), UDV_OK);
		assert_int_equal(udv_vmcs_write(&exit->vmcs, 0x6400, 0x181), UDV_OK);
		exit->guest.gpr[UDV_RAX] = 7;
		pair->records[i].kind = DIFF_EXIT;
		pair->records[i].exit = exit;
		pair->records[i].event.kind = UDV_TRACE_VM_EXIT;
	}
}

static void compare(struct pair *pair)
{
	diff_compare(&pair->records[0], &pair->records[1], &pair->fields);
}

static void expect_one(struct pair *pair, const char *name, uint64_t a, uint64_t b)
{
	compare(pair);
	assert_int_equal(pair->fields.count, 1);
	assert_string_equal(pair->fields.list[0].name, name);
	assert_int_equal(pair->fields.list[0].values[0], a);
	assert_int_equal(pair->fields.list[0].values[1], b);
}

static void test_same(void **state)
{
	struct pair *pair = malloc(sizeof(*pair));

	(void)state;
	setup_exits(pair);
	compare(pair);
	assert_int_equal(pair->fields.count, 0);
	free(pair);
}

static void test_vmcs_fields(void **state)
{
	static const struct {
		uint32_t encoding;
		const char *name;
	} fields[] = {
		{ 0x4402, "EXIT_REASON" },
		{ 0x6400, "EXIT_QUALIFICATION" },
		{ 0x2400, "GUEST_PHYSICAL_ADDRESS" },
		{ 0x640a, "GUEST_LINEAR_ADDRESS" },
		{ 0x440c, "EXIT_INSTRUCTION_LENGTH" },
		{ 0x440e, "EXIT_INSTRUCTION_INFO" },
		{ 0x4404, "EXIT_INTERRUPTION_INFO" },
		{ 0x4406, "EXIT_INTERRUPTION_ERROR_CODE" },
		{ 0x4408, "IDT_VECTORING_INFO" },
		{ 0x440a, "IDT_VECTORING_ERROR_CODE" },
		{ 0x681e, "GUEST_RIP" },
		{ 0x0802, "GUEST_CS_SELECTOR" },
		{ 0x4016, "ENTRY_INTERRUPTION_INFO" },
	};
	struct pair *pair = malloc(sizeof(*pair));
	uint64_t before;

	(void)state;
	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
		setup_exits(pair);
		assert_int_equal(udv_vmcs_read(&pair->exits[1].vmcs, fields[i].encoding, &before),
				 UDV_OK);
		assert_int_equal(
			udv_vmcs_write(&pair->exits[1].vmcs, fields[i].encoding, before ^ 0x8000),
			UDV_OK);
		expect_one(pair, fields[i].name, before, before ^ 0x8000);
	}
	free(pair);
}

/* Whatever byte of the registers is changed, some field differs. */
static void test_all_bytes(void **state)
{
	struct pair *pair = malloc(sizeof(*pair));
	static const struct {
		size_t offset, size, holes;
	} parts[] = {
#define PART(member, holes)                                                                        \
	{ offsetof(struct udv_vm_exit, member), sizeof(((struct udv_vm_exit *)0)->member), holes }
		PART(guest, 8 * 6 + 4), /* behind selectors, and IDTR's limit */
		PART(host, 8 * 6 + 4),	PART(guest_system, 0), PART(host_system, 0),
		PART(floats, 1),	PART(ve, 6),
#undef PART
	};

	(void)state;
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		size_t unseen = 0;

		for (size_t byte = 0; byte < parts[i].size; byte++) {
			setup_exits(pair);
			((uint8_t *)&pair->exits[1])[parts[i].offset + byte] ^= 1;
			compare(pair);
			assert_true(pair->fields.count <= 1);
			unseen += !pair->fields.count;
		}
		assert_int_equal(unseen, parts[i].holes);
	}
	free(pair);
}

static void test_registers(void **state)
{
	struct pair *pair = malloc(sizeof(*pair));

	(void)state;
	setup_exits(pair);
	pair->exits[1].guest.gpr[UDV_RAX] = 8;
	expect_one(pair, "L2's RAX", 7, 8);
	setup_exits(pair);
	pair->exits[1].host.cr3 = 0x1000;
	expect_one(pair, "L1's CR3", 0, 0x1000);
	setup_exits(pair);
	pair->exits[0].guest.segment[UDV_GS].access_rights = 0x93;
	expect_one(pair, "L2's GS access rights", 0x93, 0);
	setup_exits(pair);
	pair->exits[1].floats.ymm[15][3] = 1;
	expect_one(pair, "YMM15 quadword 3", 0, 1);
	setup_exits(pair);
	pair->exits[1].ticks = 5;
	expect_one(pair, "virtual time (ticks)", 0, 5);
	setup_exits(pair);
	pair->exits[1].ve.eptp_index = 511;
	expect_one(pair, "#VE information: EPTP index", 0, 511);
	free(pair);
}

/* More of them than there is room for are counted all the same. */
static void test_many(void **state)
{
	struct pair *pair = malloc(sizeof(*pair));

	(void)state;
	setup_exits(pair);
	memset(pair->exits[1].floats.ymm, 1, sizeof(pair->exits[1].floats.ymm));
	compare(pair);
	assert_int_equal(pair->fields.count, 64);
	free(pair);
}

static void test_kinds(void **state)
{
	struct pair *pair = malloc(sizeof(*pair));

	(void)state;
	setup_exits(pair);
	pair->records[1] = (struct diff_record){ .kind = DIFF_SERIAL, .byte = 'x' };
	expect_one(pair, "what happens", DIFF_EXIT, DIFF_SERIAL);
	pair->records[0] = pair->records[1];
	compare(pair);
	assert_int_equal(pair->fields.count, 0);
	pair->records[0].byte = 'y';
	expect_one(pair, "byte", 'y', 'x');
	pair->records[0] = (struct diff_record){ .event.kind = UDV_TRACE_INTERRUPT };
	pair->records[1] = (struct diff_record){ .event.kind = UDV_TRACE_VM_ENTRY };
	expect_one(pair, "what happens", UDV_TRACE_INTERRUPT, UDV_TRACE_VM_ENTRY);
	pair->records[1].event = (struct udv_trace_event){ .kind = UDV_TRACE_INTERRUPT, .rip = 1 };
	expect_one(pair, "RIP", 0, 1);
	free(pair);
}

static void test_ends(void **state)
{
	struct diff_end ends[2] = { { .nr_cpus = 2 }, { .nr_cpus = 2 } };
	struct diff_record records[2] = { { .kind = DIFF_END, .end = &ends[0] },
					  { .kind = DIFF_END, .end = &ends[1] } };
	struct diff_fields fields;

	(void)state;
	diff_compare(&records[0], &records[1], &fields);
	assert_int_equal(fields.count, 0);
	ends[1].registers[1].gpr[UDV_RSI] = 4;
	ends[1].info.stop = UDV_STOP_HALTED;
	diff_compare(&records[0], &records[1], &fields);
	assert_int_equal(fields.count, 2);
	assert_string_equal(fields.list[0].name, "reason to stop");
	assert_string_equal(fields.list[1].name, "processor 1's RSI");
}

/* ---------------------------------------------------------------- the queue */

static void test_queue(void **state)
{
	struct diff_queue queue = { 0 };
	struct diff_record record;
	unsigned in = 0, out = 0;

	(void)state;
	assert_null(diff_head(&queue));
	/* It wraps around and grows with records at both ends of its room. */
	for (unsigned round = 0; round < 10; round++) {
		for (unsigned i = 0; i < 50; i++)
			diff_push(&queue)->byte = (uint8_t)in++;
		for (unsigned i = 0; i < 30; i++) {
			assert_int_equal(diff_head(&queue)->byte, (uint8_t)out);
			diff_pop(&queue, &record);
			assert_int_equal(record.byte, (uint8_t)out++);
		}
	}
	assert_int_equal(queue.count, 200);
	diff_free_queue(&queue);
	assert_int_equal(queue.count, 0);
}

/* What is taken of an exit outlives it. */
static void test_taken(void **state)
{
	struct pair *pair = malloc(sizeof(*pair));
	struct udv_walk_record steps = { .nr_steps = 3 };
	struct udv_walk_result result = { .gpa = UDV_GPA(0x1234) };
	static struct udv_paging paging;
	struct diff_record record = { 0 };

	(void)state;
	setup_exits(pair);
	udv_vmcs_write(&pair->exits[0].vmcs, 0x2400, 0x1234);
	udv_vmcs_write(&pair->exits[0].vmcs, 0x440c, 3);
	pair->exits[0].walk = &result;
	pair->exits[0].record = &steps;
	pair->exits[0].paging = &paging;
	pair->exits[0].guest.rip = 0x400000;
	assert_true(diff_take_exit(&record, &pair->exits[0]));
	memset(pair->exits, 0xff, sizeof(pair->exits));
	memset(&steps, 0xff, sizeof(steps));
	memset(&result, 0xff, sizeof(result));
	assert_int_equal(record.kind, DIFF_EXIT);
	assert_int_equal(record.event.kind, UDV_TRACE_VM_EXIT);
	assert_int_equal(record.event.a, 48);
	assert_int_equal(record.event.b, 0x181);
	assert_int_equal(record.event.c, 0x1234);
	assert_int_equal(record.event.instruction_length, 3);
	assert_int_equal(record.event.rip, 0x400000);
	assert_int_equal(record.event.record->nr_steps, 3);
	assert_int_equal(record.event.walk->gpa.value, 0x1234);
	assert_int_equal(record.exit->guest.gpr[UDV_RAX], 7);
	assert_null(record.exit->walk);
	diff_free_record(&record);
	free(pair);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_same),	  cmocka_unit_test(test_vmcs_fields),
		cmocka_unit_test(test_all_bytes), cmocka_unit_test(test_registers),
		cmocka_unit_test(test_many),	  cmocka_unit_test(test_kinds),
		cmocka_unit_test(test_ends),	  cmocka_unit_test(test_queue),
		cmocka_unit_test(test_taken),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
