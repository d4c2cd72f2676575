/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "nested_sides.h"

/*
 * Programs of the fuzzer's world that were once not the same under both engines. Each is as short
 * as it can be; what L1 and L2 are to see of it is said here, whichever engine runs it.
 */

enum {
	EPTP = 0x201a,
	GUEST_CR0 = 0x6800,
	GUEST_CS_RIGHTS = 0x4816,
	ENTRY_CONTROLS = 0x4012,
	GUEST_INTERRUPTIBILITY = 0x4824,
	GUEST_PENDING_DEBUG = 0x6822,
	GUEST_RSP = 0x681c,
	GUEST_RFLAGS = 0x6820,
	SECONDARY = 0x401e,
	PML_INDEX = 0x812,
	ENTRY_INTERRUPTION_INFO = 0x4016,
};

#define MOV_SS 2u
#define NMI 8u
#define INFO_VALID 0x80000000u
#define INSTRUCTIONS 20000u
#define REASON_VMCALL 18u
#define DB 1u
#define BP 3u
#define UD 6u
#define NP 11u
#define GP 13u

#define VMRESUME "\x0f\x01\xc3"
#define VMLAUNCH "\x0f\x01\xc2"

static struct side sides[2];
static struct code l1, l2;

/* ---------------------------------------------------------------- a program */

static void l1_begins(void)
{
	l1.size = l2.size = 0;
	EMIT(&l1, "\xb9\x1b\x00\x00\x00\x0f\x32\x80\xcc\x0c\x0f\x30");	       /* x2APIC */
	EMIT(&l1, "\xb9\x0f\x08\x00\x00\xb8\xff\x01\x00\x00\x31\xd2\x0f\x30"); /* enabled */
	begin(&l1);
	for (size_t i = 0; i < NR_WORLD_VALID; i++)
		vmwrite(&l1, world_valid[i].field, world_valid[i].value);
}

/*
 * VMLAUNCH, behind each exit but the last VMRESUME, and a halt. When a handler of L2's has done its
 * VMCALL, L2 goes on at @next in its code.
 */
static void l1_runs_l2(unsigned exits, uint64_t next)
{
	EMIT(&l1, "\x49\xbf"); /* mov $next, %r15 */
	emit_value(&l1, GUEST_CODE + next, 8);
	EMIT(&l1, "\x49\xbe"); /* mov $end, %r14 */
	emit_value(&l1, CODE + l1.size + 8 + 6 + 3, 8);
	EMIT(&l1, "\x41\xbd"); /* mov $exits, %r13d */
	emit_value(&l1, exits - 1, 4);
	EMIT(&l1, VMLAUNCH "\xfa\xf4\xeb\xfd"); /* cli; hlt */
}

static void run_both(void)
{
	side_run(&sides[0], UDV_ENGINE_DIRECT, UDV_STRESS_TLB, INSTRUCTIONS, &l1, &l2);
	side_run(&sides[1], UDV_ENGINE_NESTED, UDV_STRESS_TLB, INSTRUCTIONS, &l1, &l2);
}

/* ---------------------------------------------------------------- what was to be seen */

/* The @index-th record of L2's on the direct engine. */
static const struct diff_record *seen(unsigned index)
{
	const struct diff_queue *q = &sides[0].queue;

	for (size_t i = 0; i < q->count; i++) {
		const struct diff_record *r = &q->records[(q->first + i) & (q->size - 1)];
		bool of_l2 = r->kind == DIFF_EXIT || (r->kind == DIFF_EVENT && r->event.level == 2);

		if (of_l2 && !index--)
			return r;
	}
	return NULL;
}

static void expect_event(unsigned index, enum udv_trace_kind kind, uint64_t vector)
{
	const struct diff_record *r = seen(index);

	assert_non_null(r);
	assert_int_equal(r->kind, DIFF_EVENT);
	assert_int_equal(r->event.kind, kind);
	assert_int_equal(r->event.a, vector);
}

static const struct udv_vm_exit *expect_exit(unsigned index, uint64_t reason)
{
	const struct diff_record *r = seen(index);

	assert_non_null(r);
	assert_int_equal(r->kind, DIFF_EXIT);
	assert_int_equal(r->event.a, reason);
	return r->exit;
}

/* ---------------------------------------------------------------- events delivered again */

/* The delivery that met EPT02 has ended blocking by MOV SS; INT3 is still to come first. */
static void test_interrupt_behind_mov_ss(void **state)
{
	(void)state;
	l1_begins();
	EMIT(&l1, "\xb8\x50\x00\x00\x00\xb9\x3f\x08\x00\x00\x31\xd2\x0f\x30"); /* wrmsr 83FH */
	vmwrite(&l1, GUEST_RFLAGS, 0x202);
	vmwrite(&l1, GUEST_INTERRUPTIBILITY, MOV_SS);
	l1_runs_l2(2, 1);
	EMIT(&l2, "\xcc\xfb\x90\x90\x90"); /* int3; sti; nop */
	run_both();
	expect_event(0, UDV_TRACE_INTERRUPT, BP);
	expect_exit(1, REASON_VMCALL);
	expect_event(2, UDV_TRACE_INTERRUPT, 0x50);
	expect_exit(3, REASON_VMCALL);
	assert_true(sides_same(&sides[0], &sides[1]));
}

/* So it is with what MOV SS holds back: its #DB comes at the handler's first instruction. */
static void test_debug_behind_mov_ss(void **state)
{
	(void)state;
	l1_begins();
	vmwrite(&l1, GUEST_PENDING_DEBUG, 0x1001);
	vmwrite(&l1, GUEST_INTERRUPTIBILITY, MOV_SS);
	l1_runs_l2(1, 1);
	EMIT(&l2, "\xcc");
	run_both();
	expect_event(0, UDV_TRACE_INTERRUPT, BP);
	expect_event(1, UDV_TRACE_EXCEPTION, DB);
	assert_int_equal(expect_exit(2, REASON_VMCALL)->guest.dr6 & 0xf, 1);
	assert_true(sides_same(&sides[0], &sides[1]));
}

/* Nor does a fault within the delivery of another drop it. */
static void test_debug_behind_two_faults(void **state)
{
	(void)state;
	l1_begins();
	store(&l1, GUEST_IDT + 16 * UD, 0x0e0000000000 | SEL_CODE << 16);
	vmwrite(&l1, GUEST_PENDING_DEBUG, 0x1001);
	vmwrite(&l1, GUEST_INTERRUPTIBILITY, MOV_SS);
	l1_runs_l2(1, 0);
	EMIT(&l2, "\x0f\x0b"); /* ud2 */
	run_both();
	expect_event(0, UDV_TRACE_EXCEPTION, UD);
	expect_event(1, UDV_TRACE_EXCEPTION, NP);
	expect_event(2, UDV_TRACE_EXCEPTION, DB);
	assert_int_equal(expect_exit(3, REASON_VMCALL)->guest.dr6 & 0xf, 1);
	assert_true(sides_same(&sides[0], &sides[1]));
}

/* An IRET ends blocking by NMI even where it faults; the fault's delivery does not bring it back.
 */
static void test_iret_that_faults(void **state)
{
	uint64_t blocking;

	(void)state;
	l1_begins();
	vmwrite(&l1, GUEST_INTERRUPTIBILITY, NMI);
	l1_runs_l2(1, 0);
	EMIT(&l2, "\x48\xcf"); /* iretq, to a null selector */
	run_both();
	expect_event(0, UDV_TRACE_EXCEPTION, GP);
	assert_int_equal(udv_vmcs_read(&expect_exit(1, REASON_VMCALL)->vmcs, GUEST_INTERRUPTIBILITY,
				       &blocking),
			 UDV_OK);
	assert_int_equal(blocking, 0);
	assert_true(sides_same(&sides[0], &sides[1]));
}

/*
 * An interrupt whose gate is not present: its delivery meets EPT02, and that of the #NP does again.
 * The #NP takes its time, the two exits none.
 */
static void test_time_of_second_fault(void **state)
{
	(void)state;
	l1_begins();
	store(&l1, GUEST_IDT + 16 * 0x50, 0x0e0000000000 | SEL_CODE << 16);
	vmwrite(&l1, GUEST_RFLAGS, 0x202);
	vmwrite(&l1, ENTRY_INTERRUPTION_INFO, INFO_VALID | 0x50);
	l1_runs_l2(1, 0);
	run_both();
	expect_event(0, UDV_TRACE_INTERRUPT, 0x50);
	expect_event(1, UDV_TRACE_EXCEPTION, NP);
	assert_int_equal(seen(1)->event.b, 0x50 * 8 | 3);
	expect_exit(2, REASON_VMCALL);
	assert_int_equal(sides[1].end.ticks, sides[0].end.ticks);
	assert_true(sides_same(&sides[0], &sides[1]));
}

/* ---------------------------------------------------------------- the log of dirty pages */

static uint64_t logged(unsigned index)
{
	uint64_t value;

	memcpy(&value, sides[0].memory + STRUCTURES + 0x4000 + 8 * index, 8);
	return value;
}

/* L2, whose stack begins at @rsp, logs what it makes dirty; UD2 pushes a frame. */
static void l1_logs(uint64_t rsp)
{
	l1_begins();
	vmwrite(&l1, EPTP, EPT | 0x5e);
	vmwrite(&l1, SECONDARY, 0x10aa | 1 << 17); /* PML */
	vmwrite(&l1, PML_INDEX, 511);
	vmwrite(&l1, GUEST_RSP, rsp);
}

static void run_to_frame(void)
{
	l1_runs_l2(1, 0);
	EMIT(&l2, "\x0f\x0b"); /* ud2 */
	run_both();
	expect_event(0, UDV_TRACE_EXCEPTION, UD);
	expect_exit(1, REASON_VMCALL);
	assert_true(sides_same(&sides[0], &sides[1]));
}

/* A frame on two pages: it is pushed, so the upper page comes first. */
static void test_log_of_frame(void **state)
{
	(void)state;
	l1_logs(GUEST_STACK + 0x10);
	run_to_frame();
	assert_int_equal(logged(507), GUEST_STACK); /* behind four of L2's tables */
	assert_int_equal(logged(506), GUEST_STACK - 0x1000);
}

/* In 32-bit code: a push that lies across begins with the lower page; one above has come before. */
static void test_log_of_push_across(void **state)
{
	static const struct {
		uint64_t above; /* of the frame, in the upper page */
		uint64_t first, second;
	} rows[] = {
		{ 1, GUEST_STACK - 0x1000, GUEST_STACK },
		{ 3, GUEST_STACK - 0x1000, GUEST_STACK },
		{ 4, GUEST_STACK, GUEST_STACK - 0x1000 },
		{ 5, GUEST_STACK, GUEST_STACK - 0x1000 },
	};

	(void)state;
	for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		l1_logs(GUEST_STACK + rows[i].above);
		vmwrite(&l1, ENTRY_CONTROLS, 0x11fb); /* no IA-32e mode, and no paging */
		vmwrite(&l1, GUEST_CR0, 0x31);
		vmwrite(&l1, GUEST_CS_RIGHTS, 0xc09b);
		run_to_frame();
		assert_int_equal(logged(511), rows[i].first);
		assert_int_equal(logged(510), rows[i].second);
	}
}

/* ---------------------------------------------------------------- L0's memory */

#define ENTRIES 600u
#define ROOTS 9u /* one more than EPT02 has */
#define MORE_ROOTS 0x81000u

static uint64_t root(unsigned i)
{
	return i ? MORE_ROOTS + 0x1000 * (i - 1) : EPT;
}

/* Enters L2, which does a VMCALL at once, with another EPTP each time. */
static void l1_changes_eptp(void)
{
	for (unsigned i = 1; i < ROOTS; i++)
		store(&l1, root(i), (EPT + 0x1000) | 7);
	for (unsigned i = 0; i < ENTRIES; i++) {
		EMIT(&l1, "\x49\xbe"); /* mov $next, %r14 */
		emit_value(&l1, CODE + l1.size + 8 + 3 + 23 + 3, 8);
		EMIT(&l1, "\x45\x31\xed"); /* xor %r13d, %r13d */
		vmwrite(&l1, EPTP, root(i % ROOTS) | 0x1e);
		if (i)
			EMIT(&l1, VMRESUME);
		else
			EMIT(&l1, VMLAUNCH);
	}
	EMIT(&l1, "\xfa\xf4\xeb\xfd"); /* cli; hlt */
}

/*
 * EPTPs without end: no root is still there when its turn comes again. Each takes five pages, for
 * L2's tables and its code, and four tables; of 1020 tables none is left for the 256th root: all
 * start over.
 */
static void test_eptps_without_end(void **state)
{
	(void)state;
	l1_begins();
	l1_changes_eptp();
	EMIT(&l2, "\x0f\x01\xc1"); /* vmcall */
	run_both();
	for (unsigned i = 0; i < ENTRIES; i++)
		expect_exit(i, REASON_VMCALL);
	assert_null(seen(ENTRIES));
	assert_int_equal(sides[1].stats.l0.fills, 5 * ENTRIES);
	assert_int_equal(sides[1].stats.l0.drops, ENTRIES - 8);
	assert_true(sides_same(&sides[0], &sides[1]));
}

/* CR0.CD and CR4.PSE of L2 are L0's, which has to hear of them when they are set from outside. */
static void expect_set(enum udv_engine engine)
{
	const struct udv_machine_config config = { .memory = WORLD_MEMORY, .engine = engine };
	struct udv_machine *machine;
	struct udv_stop_info info;
	struct udv_registers r, found;

	assert_int_equal(udv_machine_create(&config, &machine, NULL), UDV_OK);
	world_setup(machine, &l1, &l2);
	udv_machine_run(machine, INSTRUCTIONS, &info);
	assert_int_equal(udv_machine_get_registers(machine, 0, &r), UDV_OK);
	assert_in_range(r.rip, GUEST_CODE, GUEST_CODE + l2.size);
	r.cr0 ^= 0x40000000; /* CD */
	r.cr4 ^= 0x10;	     /* PSE */
	assert_int_equal(udv_machine_set_registers(machine, 0, &r), UDV_OK);
	udv_machine_run(machine, 10, &info);
	assert_int_equal(udv_machine_get_registers(machine, 0, &found), UDV_OK);
	assert_int_equal(found.cr4, r.cr4);
	assert_int_equal(found.gpr[UDV_RAX], r.cr4);
	assert_int_equal(found.cr0, r.cr0);
	assert_int_equal(found.gpr[UDV_RCX], r.cr0);
	udv_machine_destroy(machine);
}

static void test_registers_from_outside(void **state)
{
	(void)state;
	l1_begins();
	l1_runs_l2(1, 0);
	EMIT(&l2, "\x0f\x20\xe0\x0f\x20\xc1\xeb\xf8"); /* mov %cr4, %rax; mov %cr0, %rcx; jmp */
	expect_set(UDV_ENGINE_DIRECT);
	expect_set(UDV_ENGINE_NESTED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_interrupt_behind_mov_ss),
		cmocka_unit_test(test_debug_behind_mov_ss),
		cmocka_unit_test(test_debug_behind_two_faults),
		cmocka_unit_test(test_iret_that_faults),
		cmocka_unit_test(test_time_of_second_fault),
		cmocka_unit_test(test_log_of_frame),
		cmocka_unit_test(test_log_of_push_across),
		cmocka_unit_test(test_eptps_without_end),
		cmocka_unit_test(test_registers_from_outside),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
