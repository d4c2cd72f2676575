/* SPDX-License-Identifier: MIT */
#include "apic_bench.h"

#define LVT 0x320
#define INITIAL 0x380
#define CURRENT 0x390
#define DIVIDE 0x3e0

static bool fired(struct apic_bench *b)
{
	return take_requests(b, 0xee) & 1;
}

static void test_one_shot_and_divides(void **state)
{
	static const struct {
		uint8_t code;
		unsigned divisor;
	} divides[] = { { 0xb, 1 },  { 0x0, 2 },  { 0x1, 4 },  { 0x2, 8 },
			{ 0x3, 16 }, { 0x8, 32 }, { 0x9, 64 }, { 0xa, 128 } };
	static struct apic_bench b;
	uint64_t start;

	(void)state;
	bench_setup(&b);
	enable(&b);
	xwrite(&b, 0, LVT, 0xee);
	for (unsigned i = 0; i < 8; i++) {
		unsigned d = divides[i].divisor;

		xwrite(&b, 0, DIVIDE, divides[i].code | 0xfffffff4);
		assert_int_equal(xread(&b, 0, DIVIDE), divides[i].code);
		start = b.time.now;
		xwrite(&b, 0, INITIAL, 1000);
		fake_advance_to(&b.time, start + 250 * d);
		assert_int_equal(xread(&b, 0, CURRENT), 750);
		fake_advance_to(&b.time, start + 250 * d + d - 1);
		assert_int_equal(xread(&b, 0, CURRENT), 750);
		fake_advance_to(&b.time, start + 1000 * d - 1);
		assert_int_equal(xread(&b, 0, CURRENT), 1);
		assert_false(fired(&b));
		fake_advance_to(&b.time, start + 1000 * d);
		assert_int_equal(xread(&b, 0, CURRENT), 0);
		assert_true(fired(&b));
		fake_advance_to(&b.time, start + 10000 * d);
		assert_int_equal(xread(&b, 0, CURRENT), 0);
		assert_int_equal(xread(&b, 0, INITIAL), 1000);
		assert_false(fired(&b));
	}
}

static void test_periodic(void **state)
{
	static struct apic_bench b;

	(void)state;
	bench_setup(&b);
	enable(&b);
	xwrite(&b, 0, DIVIDE, 0xb);
	xwrite(&b, 0, LVT, 0x200ee);
	xwrite(&b, 0, INITIAL, 100);
	for (unsigned i = 1; i < 10; i++) {
		fake_advance_to(&b.time, 100 * i - 1);
		assert_int_equal(xread(&b, 0, CURRENT), 1);
		assert_false(fired(&b));
		fake_advance_to(&b.time, 100 * i);
		assert_int_equal(xread(&b, 0, CURRENT), 100);
		assert_true(fired(&b));
	}
	b.time.now = 100 * 50 + 30; /* a jump over many periods: one interrupt, the phase stays */
	vclock_run_due(&b.time.clock, b.time.now);
	assert_true(fired(&b));
	assert_int_equal(xread(&b, 0, CURRENT), 70);
	assert_int_equal(vclock_next_deadline(&b.time.clock), 5100);
	xwrite(&b, 0, INITIAL, 0);
	assert_int_equal(xread(&b, 0, CURRENT), 0);
	assert_true(vclock_next_deadline(&b.time.clock) == VCLOCK_NEVER);
}

static void test_masked(void **state)
{
	static struct apic_bench b;

	(void)state;
	bench_setup(&b);
	enable(&b);
	xwrite(&b, 0, DIVIDE, 0xb);
	xwrite(&b, 0, LVT, 0x300ee);
	xwrite(&b, 0, INITIAL, 100);
	assert_true(vclock_next_deadline(&b.time.clock) == VCLOCK_NEVER);
	fake_advance_to(&b.time, 340);
	assert_int_equal(xread(&b, 0, CURRENT), 60); /* it counts all the same */
	xwrite(&b, 0, LVT, 0x200ee);
	assert_false(fired(&b));
	fake_advance_to(&b.time, 399);
	assert_false(fired(&b));
	fake_advance_to(&b.time, 400);
	assert_true(fired(&b));
	xwrite(&b, 0, LVT, 0x100ee); /* one-shot, masked: ends unheard */
	fake_advance_to(&b.time, 600);
	xwrite(&b, 0, LVT, 0x000ee);
	fake_advance_to(&b.time, 1000);
	assert_false(fired(&b));
}

/* The steps of kvm-unit-tests' apic change mode. */
static void test_change_mode(void **state)
{
	static struct apic_bench b;

	(void)state;
	bench_setup(&b);
	enable(&b);
	xwrite(&b, 0, DIVIDE, 0xb);
	xwrite(&b, 0, LVT, 0xee);
	xwrite(&b, 0, INITIAL, 1000);
	fake_advance_to(&b.time, 600);
	xwrite(&b, 0, LVT, 0x200ee); /* goes on from where it was */
	assert_int_equal(xread(&b, 0, CURRENT), 400);
	fake_advance_to(&b.time, 1000);
	assert_true(fired(&b));
	assert_int_equal(xread(&b, 0, CURRENT), 1000);
	fake_advance_to(&b.time, 1700);
	xwrite(&b, 0, LVT, 0xee);
	assert_int_equal(xread(&b, 0, CURRENT), 300);
	fake_advance_to(&b.time, 2000);
	assert_true(fired(&b));
	assert_int_equal(xread(&b, 0, CURRENT), 0);
	xwrite(&b, 0, LVT, 0x200ee); /* stays at zero */
	fake_advance_to(&b.time, 9000);
	assert_int_equal(xread(&b, 0, CURRENT), 0);
	assert_int_equal(xread(&b, 0, INITIAL), 1000);
	assert_false(fired(&b));
}

static void test_change_divide(void **state)
{
	static struct apic_bench b;

	(void)state;
	bench_setup(&b);
	enable(&b);
	xwrite(&b, 0, DIVIDE, 0xb);
	xwrite(&b, 0, LVT, 0xee);
	xwrite(&b, 0, INITIAL, 1000);
	fake_advance_to(&b.time, 600);
	xwrite(&b, 0, DIVIDE, 0x1);
	fake_advance_to(&b.time, 600 + 40);
	assert_int_equal(xread(&b, 0, CURRENT), 390);
	fake_advance_to(&b.time, 600 + 1599);
	assert_false(fired(&b));
	fake_advance_to(&b.time, 600 + 1600);
	assert_true(fired(&b));
	xwrite(&b, 0, DIVIDE, 0xa);
	fake_advance_to(&b.time, 10000); /* not where the divisor was written */
	xwrite(&b, 0, INITIAL, 1000);
	fake_advance_to(&b.time, 10000 + 128);
	assert_int_equal(xread(&b, 0, CURRENT), 999);
	fake_advance_to(&b.time, 10000 + 255); /* all but a nanosecond of a count is lost */
	xwrite(&b, 0, DIVIDE, 0x3);
	fake_advance_to(&b.time, 10000 + 255 + 15);
	assert_int_equal(xread(&b, 0, CURRENT), 999);
	fake_advance_to(&b.time, 10000 + 255 + 16);
	assert_int_equal(xread(&b, 0, CURRENT), 998);
}

/* Software that looks after the deadline, before anybody ran the timers. */
static void test_late_write(void **state)
{
	static struct apic_bench b;

	(void)state;
	bench_setup(&b);
	enable(&b);
	xwrite(&b, 0, DIVIDE, 0xb);
	xwrite(&b, 0, LVT, 0xee);
	xwrite(&b, 0, INITIAL, 100);
	b.time.now = 150;
	xwrite(&b, 0, INITIAL, 100);
	assert_true(fired(&b));
	assert_int_equal(vclock_next_deadline(&b.time.clock), 250);
	b.time.now = 300;
	xwrite(&b, 0, DIVIDE, 0x0);
	assert_true(fired(&b));
	assert_true(vclock_next_deadline(&b.time.clock) == VCLOCK_NEVER);
	xwrite(&b, 0, INITIAL, 100);
	b.time.now = 600;
	xwrite(&b, 0, LVT, 0x100ee);
	assert_true(fired(&b));
}

static uint64_t deadline(struct apic_bench *b)
{
	uint64_t value;

	assert_true(lapic_read_msr(&b->cpu[0].lapic, 0x6e0, &value));
	return value;
}

static void set_deadline(struct apic_bench *b, uint64_t value)
{
	assert_true(lapic_write_msr(&b->cpu[0].lapic, 0x6e0, value));
}

static void test_tsc_deadline(void **state)
{
	static struct apic_bench b;

	(void)state;
	bench_setup(&b);
	enable(&b);
	set_deadline(&b, 5000); /* not in this mode: ignored */
	assert_int_equal(deadline(&b), 0);
	xwrite(&b, 0, LVT, 0x400ee);
	xwrite(&b, 0, INITIAL, 100);
	assert_int_equal(xread(&b, 0, INITIAL), 0);
	set_deadline(&b, 3001); /* TSC is 3 for each nanosecond: reached at 1001 */
	assert_int_equal(deadline(&b), 3001);
	fake_advance_to(&b.time, 1000);
	assert_false(fired(&b));
	fake_advance_to(&b.time, 1001);
	assert_true(fired(&b));
	assert_int_equal(deadline(&b), 0);
	set_deadline(&b, 3003); /* is now */
	assert_true(fired(&b));
	assert_int_equal(deadline(&b), 0);
	set_deadline(&b, 6000);
	set_deadline(&b, 0);
	assert_true(vclock_next_deadline(&b.time.clock) == VCLOCK_NEVER);
	set_deadline(&b, UINT64_MAX);
	fake_advance_to(&b.time, 100000);
	assert_false(fired(&b));
	set_deadline(&b, 600000);
	b.cpu[0].tsc_offset = 150000; /* the TSC jumps: reached 50 us sooner */
	lapic_tsc_changed(&b.cpu[0].lapic);
	fake_advance_to(&b.time, 149999);
	assert_false(fired(&b));
	fake_advance_to(&b.time, 150000);
	assert_true(fired(&b));
	set_deadline(&b, 900000);
	xwrite(&b, 0, LVT, 0xee); /* leaving the mode disarms */
	assert_int_equal(deadline(&b), 0);
	assert_true(vclock_next_deadline(&b.time.clock) == VCLOCK_NEVER);
	xwrite(&b, 0, INITIAL, 100);
	xwrite(&b, 0, LVT, 0x400ee); /* so does entering it */
	assert_int_equal(xread(&b, 0, CURRENT), 0);
	assert_true(vclock_next_deadline(&b.time.clock) == VCLOCK_NEVER);
}

static void test_no_tsc_deadline(void **state)
{
	static struct apic_bench b;
	struct lapic *lapic = &b.cpu[0].lapic;
	uint64_t value;

	(void)state;
	bench_setup(&b);
	lapic->config.tsc_deadline = false;
	enable(&b);
	assert_false(lapic_has_msr(lapic, 0x6e0));
	assert_false(lapic_read_msr(lapic, 0x6e0, &value));
	assert_false(lapic_write_msr(lapic, 0x6e0, 0));
	xwrite(&b, 0, LVT, 0x600ee);
	assert_int_equal(xread(&b, 0, LVT), 0x200ee);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_one_shot_and_divides),
		cmocka_unit_test(test_periodic),
		cmocka_unit_test(test_masked),
		cmocka_unit_test(test_change_mode),
		cmocka_unit_test(test_change_divide),
		cmocka_unit_test(test_late_write),
		cmocka_unit_test(test_tsc_deadline),
		cmocka_unit_test(test_no_tsc_deadline),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
