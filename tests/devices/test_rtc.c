/* SPDX-License-Identifier: MIT */
#include "device_test.h"

#include <string.h>
#include <time.h>

#include "devices/rtc.h"
#include "devices/rtc_date.h"

#define SECOND VCLOCK_SECOND

struct rtc_bench {
	struct fake_time time;
	struct irq_lines lines;
	struct rtc rtc;
	struct port_device ports;
	unsigned rises;
	uint64_t last_rise;
	bool level;
};

static void on_irq(void *opaque, unsigned input, bool level)
{
	struct rtc_bench *b = opaque;

	assert_int_equal(input, 8);
	if (level) {
		b->rises++;
		b->last_rise = b->time.now;
	}
	b->level = level;
}

static void setup(struct rtc_bench *b, int64_t seconds)
{
	*b = (struct rtc_bench){ .rises = 0 };
	fake_init(&b->time);
	irq_lines_init(&b->lines, on_irq, b, NULL, NULL);
	assert_true(rtc_init(&b->rtc, &b->time.clock, irq_connect(&b->lines, 8), seconds));
	b->ports = rtc_ports(&b->rtc);
}

static uint8_t get(struct rtc_bench *b, uint8_t reg)
{
	out8(&b->ports, 0, reg);
	return in8(&b->ports, 1);
}

static void set(struct rtc_bench *b, uint8_t reg, uint8_t value)
{
	out8(&b->ports, 0, reg);
	out8(&b->ports, 1, value);
}

/* century year month day weekday hour minute second */
static void assert_time(struct rtc_bench *b, const uint8_t *expected)
{
	static const uint8_t reg[8] = { 0x32, 9, 8, 7, 6, 4, 2, 0 };

	for (unsigned i = 0; i < 8; i++)
		assert_int_equal(get(b, reg[i]), expected[i]);
}

static void test_dates_against_libc(void **state)
{
	(void)state;
	for (int64_t t = -3000000000; t < 20000000000; t += 7654321) {
		struct rtc_date date = rtc_date_of(t);
		time_t libc_time = (time_t)t;
		struct tm tm;

		assert_non_null(gmtime_r(&libc_time, &tm));
		assert_int_equal(date.year, tm.tm_year + 1900);
		assert_int_equal(date.month, tm.tm_mon + 1);
		assert_int_equal(date.day, tm.tm_mday);
		assert_int_equal(date.hour, tm.tm_hour);
		assert_int_equal(date.minute, tm.tm_min);
		assert_int_equal(date.second, tm.tm_sec);
		assert_int_equal(date.weekday, tm.tm_wday + 1);
		assert_int_equal(rtc_seconds_of(&date), t);
	}
}

static void test_dates(void **state)
{
	static struct rtc_bench b;

	(void)state;
	setup(&b, 951782399); /* 28 February 2000, 23:59:59, a Monday */
	assert_time(&b, (const uint8_t[]){ 0x20, 0x00, 0x02, 0x28, 0x02, 0x23, 0x59, 0x59 });
	fake_advance_to(&b.time, SECOND - 1);
	assert_time(&b, (const uint8_t[]){ 0x20, 0x00, 0x02, 0x28, 0x02, 0x23, 0x59, 0x59 });
	fake_advance_to(&b.time, SECOND);
	assert_time(&b, (const uint8_t[]){ 0x20, 0x00, 0x02, 0x29, 0x03, 0x00, 0x00, 0x00 });
	fake_advance_to(&b.time, 86401 * SECOND);
	assert_time(&b, (const uint8_t[]){ 0x20, 0x00, 0x03, 0x01, 0x04, 0x00, 0x00, 0x00 });
	set(&b, 0x0b, 0x06); /* binary */
	fake_advance_to(&b.time, (86401 + 13 * 3600 + 45 * 60 + 12) * SECOND);
	assert_time(&b, (const uint8_t[]){ 20, 0, 3, 1, 4, 13, 45, 12 });
	set(&b, 0x0b, 0x00); /* BCD, 12 hours */
	assert_time(&b, (const uint8_t[]){ 0x20, 0x00, 0x03, 0x01, 0x04, 0x81, 0x45, 0x12 });
	fake_advance_to(&b.time, (86401 + 24 * 3600) * SECOND);
	assert_int_equal(get(&b, 4), 0x12); /* midnight is 12 AM */
	fake_advance_to(&b.time, (86401 + 36 * 3600) * SECOND);
	assert_int_equal(get(&b, 4), 0x92); /* noon is 12 PM */
}

static void test_control_registers(void **state)
{
	static struct rtc_bench b;

	(void)state;
	setup(&b, 0);
	assert_int_equal(get(&b, 0x0a), 0x26);
	assert_int_equal(get(&b, 0x0b), 0x02);
	assert_int_equal(get(&b, 0x0c), 0x00);
	assert_int_equal(get(&b, 0x0d), 0x80);
	assert_int_equal(in8(&b.ports, 0), 0xff);
	fake_advance_to(&b.time, SECOND - 244001);
	assert_int_equal(get(&b, 0x0a), 0x26);
	fake_advance_to(&b.time, SECOND - 244000);
	assert_int_equal(get(&b, 0x0a), 0xa6); /* an update is near */
	fake_advance_to(&b.time, SECOND);
	assert_int_equal(get(&b, 0x0a), 0x26);
	set(&b, 0x0a, 0xff);
	set(&b, 0x0c, 0xff);
	set(&b, 0x0d, 0x00);
	assert_int_equal(get(&b, 0x0a), 0x7f); /* never stuck at FFH: UIP cannot be written */
	assert_int_equal(get(&b, 0x0d), 0x80);
}

static void test_setting(void **state)
{
	static struct rtc_bench b;
	static const uint8_t reg[7] = { 0x32, 9, 8, 7, 4, 2, 0 };
	static const uint8_t value[7] = { 0x20, 0x24, 0x12, 0x31, 0x23, 0x59, 0x58 };

	(void)state;
	setup(&b, 0);
	fake_advance_to(&b.time, SECOND / 4);
	set(&b, 0x0b, 0x82);
	for (unsigned i = 0; i < 7; i++)
		set(&b, reg[i], value[i]);
	fake_advance_to(&b.time, 10 * SECOND - 1000);
	assert_int_equal(get(&b, 0x0a), 0x26); /* no updates while SET */
	assert_int_equal(get(&b, 0), 0x58);
	set(&b, 0x0b, 0x02);
	fake_advance_to(&b.time, 10 * SECOND);
	assert_time(&b, (const uint8_t[]){ 0x20, 0x24, 0x12, 0x31, 0x03, 0x23, 0x59, 0x59 });
	fake_advance_to(&b.time, 11 * SECOND);
	assert_time(&b, (const uint8_t[]){ 0x20, 0x25, 0x01, 0x01, 0x04, 0x00, 0x00, 0x00 });
	set(&b, 2, 0x30); /* while it runs */
	assert_time(&b, (const uint8_t[]){ 0x20, 0x25, 0x01, 0x01, 0x04, 0x00, 0x30, 0x00 });
	set(&b, 0x0a, 0x76); /* the divider held, and let go: half a second to the update */
	fake_advance_to(&b.time, 20 * SECOND + 7);
	assert_int_equal(get(&b, 0), 0x00);
	set(&b, 0x0a, 0x26);
	fake_advance_to(&b.time, 20 * SECOND + 6 + SECOND / 2);
	assert_int_equal(get(&b, 0), 0x00);
	fake_advance_to(&b.time, 20 * SECOND + 7 + SECOND / 2);
	assert_int_equal(get(&b, 0), 0x01);
	for (unsigned r = 0; r < 128; r++) /* nonsense is safe */
		set(&b, (uint8_t)r, 0xff);
	set(&b, 0x0b, 0x00);
	set(&b, 0x0a, 0x20);
	fake_advance_to(&b.time, 100 * SECOND);
	for (unsigned r = 0; r < 128; r++)
		get(&b, (uint8_t)r);
}

static void test_periodic(void **state)
{
	static struct rtc_bench b;

	(void)state;
	setup(&b, 0);
	set(&b, 0x0b, 0x42); /* 1024 a second */
	fake_advance_to(&b.time, 976562);
	assert_false(b.level);
	fake_advance_to(&b.time, 976563);
	assert_true(b.level);
	fake_advance_to(&b.time, 5 * 976563);
	assert_int_equal(b.rises, 1); /* the line is high until C is read */
	assert_int_equal(get(&b, 0x0c), 0xc0);
	assert_false(b.level);
	assert_int_equal(get(&b, 0x0c), 0x00);
	b.rises = 0;
	for (uint64_t t = 0; t < 1000; t++) {
		fake_advance_to(&b.time, SECOND + t * SECOND / 1000);
		get(&b, 0x0c);
	}
	assert_in_range(b.rises, 999, 1001);
	set(&b, 0x0a, 0x2f); /* twice a second */
	get(&b, 0x0c);
	fake_advance_to(&b.time, 3 * SECOND);
	get(&b, 0x0c);
	fake_advance_to(&b.time, 3 * SECOND + SECOND / 2);
	assert_int_equal(b.last_rise, 3 * SECOND + SECOND / 2);
	set(&b, 0x0a, 0x20); /* none */
	get(&b, 0x0c);
	b.rises = 0;
	fake_advance_to(&b.time, 9 * SECOND);
	assert_int_equal(b.rises, 0);
	set(&b, 0x0a, 0x21); /* 1 is 256 a second */
	fake_advance_to(&b.time, 9 * SECOND + 3906249);
	assert_int_equal(b.rises, 0);
	fake_advance_to(&b.time, 9 * SECOND + 3906250);
	assert_int_equal(b.rises, 1);
	set(&b, 0x0a, 0x66); /* the divider held */
	get(&b, 0x0c);
	fake_advance_to(&b.time, 19 * SECOND);
	assert_int_equal(get(&b, 0x0c), 0);
	assert_int_equal(b.rises, 1);
}

static void test_update_and_polling(void **state)
{
	static struct rtc_bench b;

	(void)state;
	setup(&b, 0);
	set(&b, 0x0a, 0x20);
	set(&b, 0x0b, 0x12);
	fake_advance_to(&b.time, SECOND);
	assert_true(b.level);
	assert_int_equal(b.last_rise, SECOND);
	/* 00:00:00 of every day is the alarm; it was not passed */
	assert_int_equal(get(&b, 0x0c), 0x90);
	set(&b, 0x0b, 0x02); /* flags are set for who polls, too */
	fake_advance_to(&b.time, 2 * SECOND - 1);
	assert_int_equal(get(&b, 0x0c), 0x00);
	fake_advance_to(&b.time, 2 * SECOND);
	assert_int_equal(get(&b, 0x0c), 0x10);
	assert_int_equal(b.rises, 1);
	fake_advance_to(&b.time, 86400 * SECOND);
	assert_int_equal(get(&b, 0x0c), 0x30);
	fake_advance_to(&b.time, 86401 * SECOND);
	set(&b, 0x0b, 0x92); /* the update before this was seen */
	assert_int_equal(get(&b, 0x0c), 0x90);
	assert_true(vclock_next_deadline(&b.time.clock) == VCLOCK_NEVER);
	fake_advance_to(&b.time, 86405 * SECOND);
	assert_int_equal(get(&b, 0x0c), 0x00); /* and there was none while SET */
}

static void test_alarm(void **state)
{
	static struct rtc_bench b;

	(void)state;
	setup(&b, 3600 * 5 + 60 * 20 + 30); /* 05:20:30 */
	set(&b, 1, 0x15);
	set(&b, 3, 0x21);
	set(&b, 5, 0x05);
	set(&b, 0x0b, 0x22);
	fake_advance_to(&b.time, 45 * SECOND - 1);
	assert_false(b.level);
	fake_advance_to(&b.time, 45 * SECOND);
	assert_true(b.level);
	assert_int_equal(get(&b, 0x0c) & 0xb0, 0xb0);
	assert_false(b.level);
	fake_advance_to(&b.time, (86400 + 44) * SECOND);
	assert_int_equal(b.rises, 1);
	fake_advance_to(&b.time, (86400 + 45) * SECOND);
	assert_int_equal(b.rises, 2);
	get(&b, 0x0c);
	set(&b, 5, 0xc0); /* every hour, every minute, second 15 */
	set(&b, 3, 0xff);
	fake_advance_to(&b.time, (86400 + 104) * SECOND);
	assert_int_equal(b.rises, 2);
	fake_advance_to(&b.time, (86400 + 105) * SECOND);
	assert_int_equal(b.rises, 3);
	get(&b, 0x0c);
	set(&b, 1, 0x99); /* no second */
	fake_advance_to(&b.time, 10 * 86400 * SECOND);
	assert_int_equal(b.rises, 3);
	assert_true(vclock_next_deadline(&b.time.clock) == VCLOCK_NEVER);
	set(&b, 0x0b, 0x20); /* 12 hours: 1 PM */
	set(&b, 5, 0x81);
	set(&b, 3, 0x00);
	set(&b, 1, 0x00);
	get(&b, 0x0c);
	fake_advance_to(&b.time, 11 * 86400 * SECOND);
	assert_int_equal(b.rises, 4);
	assert_int_equal(b.last_rise % (86400 * SECOND),
			 (13 * 3600 - (5 * 3600 + 20 * 60 + 30)) * SECOND);
	rtc_reset(&b.rtc);
	assert_false(b.level);
	assert_int_equal(get(&b, 0x0b), 0x00);
}

static uint32_t units(struct rtc_bench *b, uint8_t index, unsigned bytes)
{
	uint32_t value = 0;

	for (unsigned i = 0; i < bytes; i++)
		value |= (uint32_t)get(b, (uint8_t)(index + i)) << (8 * i);
	return value;
}

/* An alarm that never comes costs a guest's register access no search through the days. */
static void test_alarm_that_never_comes(void **state)
{
	static const uint8_t alarms[][3] = { { 0xff, 0xff, 0x99 },
					     { 0xff, 0x99, 0xff },
					     { 0x99, 0xff, 0xff } };
	static struct rtc_bench b;
	clock_t start = clock();

	(void)state;
	for (unsigned i = 0; i < 3; i++) {
		setup(&b, 0);
		for (unsigned field = 0; field < 3; field++)
			set(&b, (uint8_t)(5 - 2 * field), alarms[i][field]);
		set(&b, 0x0b, 0x22);
		for (unsigned n = 0; n < 3000; n++)
			set(&b, 0x40, 0);
		assert_true(vclock_next_deadline(&b.time.clock) == VCLOCK_NEVER);
	}
	/* Seconds of the processor's time; it was above 20 once. */
	assert_true(clock() - start < 3 * CLOCKS_PER_SEC);
}

static void test_memory(void **state)
{
	static struct rtc_bench b;

	(void)state;
	setup(&b, 0);
	rtc_set_memory_size(&b.rtc, 0xc0000000, 0x140000000);
	assert_int_equal(units(&b, 0x15, 2), 640);
	assert_int_equal(units(&b, 0x17, 2), 63 * 1024);
	assert_int_equal(units(&b, 0x30, 2), 63 * 1024);
	assert_int_equal(units(&b, 0x34, 2), (3072 - 16) * 16);
	assert_int_equal(units(&b, 0x5b, 3), 5 * 1024 * 16);
	rtc_set_memory_size(&b.rtc, 8 << 20, 0);
	assert_int_equal(units(&b, 0x17, 2), 7 * 1024);
	assert_int_equal(units(&b, 0x34, 2), 0);
	rtc_set_byte(&b.rtc, 0x5f, 3);
	rtc_set_byte(&b.rtc, 128, 3);
	assert_int_equal(get(&b, 0x5f), 3);
	set(&b, 0x8f, 0x0a); /* bit 7 of the index is the NMI mask */
	assert_int_equal(get(&b, 0x0f), 0x0a);
	assert_int_equal(rtc_byte(&b.rtc, 0x0f), 0x0a);
	assert_int_equal(rtc_byte(&b.rtc, 128), 0xff);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_dates_against_libc),
		cmocka_unit_test(test_dates),
		cmocka_unit_test(test_control_registers),
		cmocka_unit_test(test_setting),
		cmocka_unit_test(test_periodic),
		cmocka_unit_test(test_update_and_polling),
		cmocka_unit_test(test_alarm),
		cmocka_unit_test(test_alarm_that_never_comes),
		cmocka_unit_test(test_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
