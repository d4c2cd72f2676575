/* SPDX-License-Identifier: MIT */
#include "device_test.h"

#include "devices/pit.h"

struct pit_bench {
	struct fake_time time;
	struct irq_lines lines;
	struct pit pit;
	struct port_device ports, system;
	unsigned rises;
	uint64_t last_rise;
	bool level;
};

static void on_irq(void *opaque, unsigned input, bool level)
{
	struct pit_bench *b = opaque;

	assert_int_equal(input, 0);
	if (level) {
		b->rises++;
		b->last_rise = b->time.now;
	}
	b->level = level;
}

static void setup(struct pit_bench *b)
{
	*b = (struct pit_bench){ .rises = 0 };
	fake_init(&b->time);
	irq_lines_init(&b->lines, on_irq, b, NULL, NULL);
	assert_true(pit_init(&b->pit, &b->time.clock, irq_connect(&b->lines, 0)));
	b->ports = pit_ports(&b->pit);
	b->system = pit_system_ports(&b->pit);
}

static void to_tick(struct pit_bench *b, uint64_t tick)
{
	fake_advance_to(&b->time, vclock_when(tick, PIT_HZ));
}

static void write_count(struct pit_bench *b, unsigned channel, uint16_t count)
{
	out8(&b->ports, channel, (uint8_t)count);
	out8(&b->ports, channel, (uint8_t)(count >> 8));
}

static uint16_t read_count(struct pit_bench *b, unsigned channel)
{
	uint8_t low;

	out8(&b->ports, 3, (uint8_t)(channel << 6));
	low = in8(&b->ports, channel);
	return (uint16_t)(low | in8(&b->ports, channel) << 8);
}

static bool output2(struct pit_bench *b)
{
	return in8(&b->system, 0) >> 5 & 1;
}

static void test_mode0(void **state)
{
	struct pit_bench b;

	(void)state;
	setup(&b);
	out8(&b.ports, 3, 0x30);
	assert_false(b.level);
	write_count(&b, 0, 1000);
	to_tick(&b, 400);
	assert_int_equal(read_count(&b, 0), 600);
	assert_int_equal(b.rises, 0);
	to_tick(&b, 5000);
	assert_int_equal(b.rises, 1);
	assert_int_equal(b.last_rise, vclock_when(1000, PIT_HZ));
	assert_true(b.level);
	assert_int_equal(read_count(&b, 0), 65536 - 4000); /* it goes on */
	assert_true(vclock_next_deadline(&b.time.clock) == VCLOCK_NEVER);
	out8(&b.ports, 0, 1); /* the low byte stops it and lowers the output */
	assert_false(b.level);
	out8(&b.ports, 0, 0);
	to_tick(&b, 5001);
	assert_int_equal(b.rises, 2);
}

static void test_mode2(void **state)
{
	struct pit_bench b;

	(void)state;
	setup(&b);
	to_tick(&b, 7);
	out8(&b.ports, 3, 0x34);
	write_count(&b, 0, 100);
	b.rises = 0;
	to_tick(&b, 7 + 99);
	assert_int_equal(b.rises, 0);
	assert_int_equal(read_count(&b, 0), 1);
	to_tick(&b, 7 + 100);
	assert_int_equal(b.rises, 1);
	assert_int_equal(read_count(&b, 0), 100);
	to_tick(&b, 7 + 1050);
	assert_int_equal(b.rises, 10);
	assert_int_equal(b.last_rise, vclock_when(1007, PIT_HZ));
	/* A new count waits for the end of the period. */
	write_count(&b, 0, 30);
	assert_int_equal(read_count(&b, 0), 50);
	to_tick(&b, 7 + 1110);
	assert_int_equal(b.rises, 11);
	assert_int_equal(read_count(&b, 0), 20);
	to_tick(&b, 7 + 1130);
	assert_int_equal(b.rises, 12);
	/* Time that jumps brings one edge, and the phase stays. */
	b.time.now = vclock_when(7 + 1130 + 30 * 1000 + 5, PIT_HZ);
	vclock_run_due(&b.time.clock, b.time.now);
	assert_int_equal(b.rises, 13);
	assert_int_equal(vclock_next_deadline(&b.time.clock),
			 vclock_when(7 + 1130 + 30 * 1001, PIT_HZ));
}

static void test_mode3(void **state)
{
	struct pit_bench b;

	(void)state;
	setup(&b);
	out8(&b.system, 0, 1);
	out8(&b.ports, 3, 0xb6);
	write_count(&b, 2, 7); /* 4 high, 3 low; counts as 6, 4, 2, 0 and 6, 4, 2 */
	for (unsigned i = 0; i < 21; i++) {
		static const uint8_t value[7] = { 6, 4, 2, 0, 6, 4, 2 };

		to_tick(&b, i);
		assert_int_equal(output2(&b), i % 7 < 4);
		assert_int_equal(read_count(&b, 2), value[i % 7]);
	}
	write_count(&b, 2, 10); /* at tick 20, in the low half: takes over at 21 */
	for (unsigned i = 21; i < 41; i++) {
		to_tick(&b, i);
		assert_int_equal(output2(&b), (i - 21) % 10 < 5);
	}
	to_tick(&b, 42);
	write_count(&b, 2, 4); /* in the high half: a low half of 2 follows it at 46 */
	for (unsigned i = 43; i < 60; i++) {
		to_tick(&b, i);
		assert_int_equal(output2(&b), i < 46 || (i >= 48 && (i - 48) % 4 < 2));
	}
}

static void test_mode3_interrupt(void **state)
{
	struct pit_bench b;

	(void)state;
	setup(&b);
	out8(&b.ports, 3, 0x36);
	write_count(&b, 0, 10);
	b.rises = 0;
	to_tick(&b, 32);
	assert_int_equal(b.rises, 3);
	write_count(&b, 0, 20); /* high half until 35, then 10 low: rises at 45, 65 */
	to_tick(&b, 44);
	assert_int_equal(b.rises, 3);
	to_tick(&b, 64);
	assert_int_equal(b.rises, 4);
	assert_int_equal(b.last_rise, vclock_when(45, PIT_HZ));
	to_tick(&b, 65);
	assert_int_equal(b.rises, 5);
	out8(&b.ports, 3, 0x36); /* stops until a count comes */
	to_tick(&b, 1000);
	assert_int_equal(b.rises, 5);
}

static void test_modes_1_4_5(void **state)
{
	struct pit_bench b;

	(void)state;
	setup(&b);
	out8(&b.ports, 3, 0xb2); /* mode 1: a one-shot that the gate starts */
	write_count(&b, 2, 5);
	assert_true(output2(&b));
	to_tick(&b, 10);
	assert_true(output2(&b));
	out8(&b.system, 0, 1);
	for (unsigned i = 10; i < 20; i++) {
		to_tick(&b, i);
		assert_int_equal(output2(&b), i >= 15);
	}
	write_count(&b, 2, 3); /* for the next trigger */
	assert_true(output2(&b));
	out8(&b.system, 0, 0);
	out8(&b.system, 0, 1);
	to_tick(&b, 21);
	assert_false(output2(&b));
	to_tick(&b, 22);
	assert_true(output2(&b));

	out8(&b.ports, 3, 0xb8); /* mode 4: a strobe one tick long */
	write_count(&b, 2, 4);
	for (unsigned i = 22; i < 30; i++) {
		to_tick(&b, i);
		assert_int_equal(output2(&b), i != 26);
	}
	out8(&b.ports, 3, 0xba); /* mode 5: the same, by the gate */
	write_count(&b, 2, 4);
	to_tick(&b, 40);
	assert_true(output2(&b));
	out8(&b.system, 0, 0);
	out8(&b.system, 0, 1);
	for (unsigned i = 40; i < 50; i++) {
		to_tick(&b, i);
		assert_int_equal(output2(&b), i != 44);
	}
}

static void test_mode4_interrupt(void **state)
{
	struct pit_bench b;

	(void)state;
	setup(&b);
	out8(&b.ports, 3, 0x38);
	write_count(&b, 0, 50);
	b.rises = 0;
	to_tick(&b, 500);
	assert_int_equal(b.rises, 1);
	assert_int_equal(b.last_rise, vclock_when(51, PIT_HZ));
}

static void test_gate(void **state)
{
	struct pit_bench b;

	(void)state;
	setup(&b);
	out8(&b.ports, 3, 0xb0); /* mode 0 with the gate low: it does not count */
	write_count(&b, 2, 100);
	to_tick(&b, 50);
	assert_int_equal(read_count(&b, 2), 100);
	out8(&b.system, 0, 1);
	to_tick(&b, 80);
	assert_int_equal(read_count(&b, 2), 70);
	out8(&b.system, 0, 2);
	to_tick(&b, 1000);
	assert_int_equal(read_count(&b, 2), 70);
	assert_int_equal(in8(&b.system, 0) & 0x2f, 0x02);
	out8(&b.system, 0, 3);
	to_tick(&b, 1069);
	assert_int_equal(in8(&b.system, 0) & 0x2f, 0x03);
	to_tick(&b, 1070);
	assert_int_equal(in8(&b.system, 0) & 0x2f, 0x23);

	out8(&b.ports, 3, 0xb4); /* mode 2: a low gate holds the output high, a rise reloads */
	write_count(&b, 2, 10);
	to_tick(&b, 1079);
	assert_false(output2(&b));
	out8(&b.system, 0, 0);
	assert_true(output2(&b));
	to_tick(&b, 1100);
	out8(&b.system, 0, 1);
	to_tick(&b, 1109);
	assert_false(output2(&b));
	assert_int_equal(read_count(&b, 2), 1);
}

static void test_late_write_and_reset(void **state)
{
	struct pit_bench b;

	(void)state;
	setup(&b);
	out8(&b.ports, 3, 0x30);
	write_count(&b, 0, 100);
	b.time.now = vclock_when(150, PIT_HZ); /* nobody has run the timers yet */
	out8(&b.ports, 3, 0x30);
	assert_int_equal(b.rises, 1);
	assert_false(b.level);
	out8(&b.ports, 3, 0x34);
	write_count(&b, 0, 100);
	assert_true(b.level);
	out8(&b.ports, 3, 0xb4); /* channel 2: a count that waits is there when latched late */
	out8(&b.system, 0, 1);
	write_count(&b, 2, 100);
	write_count(&b, 2, 50);
	b.time.now = vclock_when(150 + 110, PIT_HZ);
	assert_int_equal(read_count(&b, 2), 40);
	pit_reset(&b.pit);
	assert_false(b.level);
	assert_true(vclock_next_deadline(&b.time.clock) == VCLOCK_NEVER);
	assert_int_equal(in8(&b.system, 0) & 0x2f, 0x20);
	out8(&b.ports, 3, 0xe6);
	assert_int_equal(in8(&b.ports, 0), 0xf6);
	assert_int_equal(in8(&b.ports, 1), 0xf6);
}

static void test_refresh(void **state)
{
	struct pit_bench b;

	(void)state;
	setup(&b);
	assert_int_equal(in8(&b.system, 0) & 0x10, 0x00);
	b.time.now = 15085;
	assert_int_equal(in8(&b.system, 0) & 0x10, 0x10);
	b.time.now = 30170;
	assert_int_equal(in8(&b.system, 0) & 0x10, 0x00);
}

static void test_read_back(void **state)
{
	struct pit_bench b;

	(void)state;
	setup(&b);
	out8(&b.ports, 3, 0x34);
	out8(&b.ports, 3, 0xe2); /* status of channel 0: high, null count */
	assert_int_equal(in8(&b.ports, 0), 0xf4);
	write_count(&b, 0, 1000);
	out8(&b.ports, 3, 0x50); /* channel 1: low byte only, mode 0 */
	out8(&b.ports, 1, 200);
	to_tick(&b, 50);
	out8(&b.ports, 3, 0xc6); /* status and count of 0 and 1 */
	to_tick(&b, 60);
	out8(&b.ports, 3, 0xc6); /* latched already: nothing happens */
	assert_int_equal(in8(&b.ports, 0), 0xb4);
	assert_int_equal(in8(&b.ports, 0), 950 & 0xff);
	assert_int_equal(in8(&b.ports, 0), 950 >> 8);
	assert_int_equal(in8(&b.ports, 1), 0x10);
	assert_int_equal(in8(&b.ports, 1), 150);
	assert_int_equal(in8(&b.ports, 1), 140); /* not latched any more */
	write_count(&b, 0, 500);
	out8(&b.ports, 3, 0xe2);
	assert_int_equal(in8(&b.ports, 0), 0xf4); /* 500 is not loaded yet */
	to_tick(&b, 1000);
	out8(&b.ports, 3, 0xe2);
	assert_int_equal(in8(&b.ports, 0), 0xb4);
	assert_int_equal(in8(&b.ports, 3), 0xff);
}

static void test_bcd_and_bytes(void **state)
{
	struct pit_bench b;

	(void)state;
	setup(&b);
	out8(&b.system, 0, 1);
	out8(&b.ports, 3, 0xb1); /* mode 0, BCD */
	write_count(&b, 2, 0x1000);
	to_tick(&b, 1);
	assert_int_equal(read_count(&b, 2), 0x0999);
	to_tick(&b, 1001);
	assert_int_equal(read_count(&b, 2), 0x9999);
	write_count(&b, 2, 0); /* ten thousand */
	assert_false(output2(&b));
	to_tick(&b, 11000);
	assert_false(output2(&b));
	to_tick(&b, 11001);
	assert_true(output2(&b));
	out8(&b.ports, 3, 0xa0); /* high byte only */
	out8(&b.ports, 2, 0x12);
	assert_int_equal(in8(&b.ports, 2), 0x12);
	to_tick(&b, 11002);
	assert_int_equal(in8(&b.ports, 2), 0x11);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_mode0),
		cmocka_unit_test(test_mode2),
		cmocka_unit_test(test_mode3),
		cmocka_unit_test(test_mode3_interrupt),
		cmocka_unit_test(test_modes_1_4_5),
		cmocka_unit_test(test_mode4_interrupt),
		cmocka_unit_test(test_gate),
		cmocka_unit_test(test_refresh),
		cmocka_unit_test(test_late_write_and_reset),
		cmocka_unit_test(test_read_back),
		cmocka_unit_test(test_bcd_and_bytes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
