/* SPDX-License-Identifier: MIT */
#include "devices/rtc.h"

#include <string.h>

#include "devices/rtc_date.h"

enum {
	REG_SECOND,
	REG_SECOND_ALARM,
	REG_MINUTE,
	REG_MINUTE_ALARM,
	REG_HOUR,
	REG_HOUR_ALARM,
	REG_WEEKDAY,
	REG_DAY,
	REG_MONTH,
	REG_YEAR,
	REG_A,
	REG_B,
	REG_C,
	REG_D,
};

#define A_UPDATING 0x80u
#define A_DIVIDER_HELD 0x60u /* both bits */
#define A_RATE 0xfu
#define A_POWER_UP 0x26u /* 32768 Hz, 1024 periodic interrupts a second */

#define B_SET 0x80u
#define B_BINARY 0x4u
#define B_24_HOURS 0x2u
#define INTERRUPTS 0x70u /* in B and C alike */
#define PERIODIC 0x40u
#define ALARM 0x20u
#define UPDATE 0x10u

#define C_IRQ 0x80u
#define D_VALID 0x80u
#define HOUR_PM 0x80u
#define ALARM_ANY 0xc0u

#define CRYSTAL_HZ 32768u
#define UPDATING_NS 244000u
#define FIRST_UPDATE_NS 500000000u /* after the divider was held */

/* Memory that firmware describes the machine in */
#define CMOS_BASE_MEMORY 0x15 /* KB, two bytes */
#define CMOS_ABOVE_1M 0x17    /* KB, at most 63 MB */
#define CMOS_ABOVE_1M_COPY 0x30
#define CMOS_ABOVE_16M 0x34 /* 64 KB each */
#define CMOS_ABOVE_4G 0x5b  /* 64 KB each, three bytes */

/* ---------------------------------------------------------------- time */

static bool frozen(const struct rtc *rtc)
{
	return (rtc->memory[REG_B] & B_SET) ||
	       (rtc->memory[REG_A] & A_DIVIDER_HELD) == A_DIVIDER_HELD;
}

/* Seconds since 1970 at @now. */
static int64_t seconds_at(const struct rtc *rtc, uint64_t now)
{
	return rtc->seconds + (int64_t)((now - rtc->anchor) / VCLOCK_SECOND);
}

static uint64_t when_second(const struct rtc *rtc, int64_t second)
{
	return rtc->anchor + (uint64_t)(second - rtc->seconds) * VCLOCK_SECOND;
}

static uint8_t encode(const struct rtc *rtc, uint32_t value)
{
	return (uint8_t)(rtc->memory[REG_B] & B_BINARY ? value : value / 10 % 10 << 4 | value % 10);
}

/* What is no valid number still is some number below 256. */
static uint32_t decode(const struct rtc *rtc, uint8_t value)
{
	return rtc->memory[REG_B] & B_BINARY ? value : (value >> 4) * 10u + (value & 15u);
}

static uint8_t encode_hour(const struct rtc *rtc, uint32_t hour)
{
	if (rtc->memory[REG_B] & B_24_HOURS)
		return encode(rtc, hour);
	return (uint8_t)(encode(rtc, (hour + 11) % 12 + 1) | (hour >= 12 ? HOUR_PM : 0));
}

static uint32_t decode_hour(const struct rtc *rtc, uint8_t value)
{
	if (rtc->memory[REG_B] & B_24_HOURS)
		return decode(rtc, value);
	return decode(rtc, value & (uint8_t)~HOUR_PM) % 12 + (value & HOUR_PM ? 12 : 0);
}

static bool is_time(unsigned index)
{
	return index == RTC_CENTURY || (index <= REG_YEAR && index != REG_SECOND_ALARM &&
					index != REG_MINUTE_ALARM && index != REG_HOUR_ALARM);
}

/* The time registers, as memory. */
static void time_to_memory(struct rtc *rtc, uint64_t now)
{
	struct rtc_date date = rtc_date_of(seconds_at(rtc, now));

	rtc->memory[REG_SECOND] = encode(rtc, date.second);
	rtc->memory[REG_MINUTE] = encode(rtc, date.minute);
	rtc->memory[REG_HOUR] = encode_hour(rtc, date.hour);
	rtc->memory[REG_WEEKDAY] = encode(rtc, date.weekday);
	rtc->memory[REG_DAY] = encode(rtc, date.day);
	rtc->memory[REG_MONTH] = encode(rtc, date.month);
	rtc->memory[REG_YEAR] = encode(rtc, (uint32_t)(date.year % 100));
	rtc->memory[RTC_CENTURY] = encode(rtc, (uint32_t)(date.year / 100));
}

/* And back, with nonsense made a date. The second under way goes on. */
static void memory_to_time(struct rtc *rtc, uint64_t now)
{
	uint32_t month = decode(rtc, rtc->memory[REG_MONTH]);
	struct rtc_date date = {
		.year = decode(rtc, rtc->memory[RTC_CENTURY]) * 100 +
			decode(rtc, rtc->memory[REG_YEAR]) % 100,
		.month = (month + 11) % 12 + 1,
		.day = decode(rtc, rtc->memory[REG_DAY]),
		.hour = decode_hour(rtc, rtc->memory[REG_HOUR]),
		.minute = decode(rtc, rtc->memory[REG_MINUTE]),
		.second = decode(rtc, rtc->memory[REG_SECOND]),
	};

	rtc->anchor = now - (now - rtc->anchor) % VCLOCK_SECOND;
	rtc->seconds = rtc_seconds_of(&date);
}

/* ---------------------------------------------------------------- events */

static bool alarm_field_matches(const struct rtc *rtc, unsigned reg, uint32_t value)
{
	uint8_t alarm = rtc->memory[reg];

	if ((alarm & ALARM_ANY) == ALARM_ANY)
		return true;
	return value == (reg == REG_HOUR_ALARM ? decode_hour(rtc, alarm) : decode(rtc, alarm));
}

/* Some time of day has the alarm's field. */
static bool alarm_field_comes(const struct rtc *rtc, unsigned reg, uint32_t values)
{
	for (uint32_t value = 0; value < values; value++)
		if (alarm_field_matches(rtc, reg, value))
			return true;
	return false;
}

/* The first second after @from with an alarm; INT64_MAX if the alarm is no time of day. */
static int64_t next_alarm(const struct rtc *rtc, int64_t from)
{
	int64_t end = from + 2 * RTC_DAY_SECONDS;

	/* A guest may make it look at every register access: not at each second of two days. */
	if (!alarm_field_comes(rtc, REG_HOUR_ALARM, 24) ||
	    !alarm_field_comes(rtc, REG_MINUTE_ALARM, 60) ||
	    !alarm_field_comes(rtc, REG_SECOND_ALARM, 60))
		return INT64_MAX;
	for (int64_t at = from + 1; at <= end;) {
		struct rtc_date date = rtc_date_of(at);

		/* Whole hours and minutes are skipped: a day takes 144 steps at most. */
		if (!alarm_field_matches(rtc, REG_HOUR_ALARM, date.hour))
			at += 3600 - (int64_t)(date.minute * 60 + date.second);
		else if (!alarm_field_matches(rtc, REG_MINUTE_ALARM, date.minute))
			at += 60 - (int64_t)date.second;
		else if (!alarm_field_matches(rtc, REG_SECOND_ALARM, date.second))
			at++;
		else
			return at;
	}
	return INT64_MAX;
}

/* Crystal ticks between periodic interrupts; 0 for none. */
static uint32_t period(const struct rtc *rtc)
{
	uint32_t rate = rtc->memory[REG_A] & A_RATE;

	if (!rate || (rtc->memory[REG_A] & A_DIVIDER_HELD) == A_DIVIDER_HELD)
		return 0;
	return 1u << (rate < 3 ? rate + 6 : rate - 1); /* 1 and 2 are 8 and 9 */
}

static uint64_t periods_at(const struct rtc *rtc, uint64_t now)
{
	return vclock_ticks(now - rtc->start_of_divider, CRYSTAL_HZ) / period(rtc);
}

/* Sets the flags of what has happened up to @now. */
static void collect(struct rtc *rtc, uint64_t now)
{
	if (period(rtc) && periods_at(rtc, now) != periods_at(rtc, rtc->seen))
		rtc->flags |= PERIODIC;
	if (!frozen(rtc)) {
		int64_t before = seconds_at(rtc, rtc->seen), after = seconds_at(rtc, now);

		if (before != after)
			rtc->flags |= UPDATE;
		if (before != after && next_alarm(rtc, before) <= after)
			rtc->flags |= ALARM;
	}
	rtc->seen = now;
}

/* Tells the line, and arms the timer for the next event that somebody wants to hear of. */
static void update(struct rtc *rtc, uint64_t now)
{
	uint8_t wanted = rtc->memory[REG_B] & INTERRUPTS;
	uint64_t next = VCLOCK_NEVER, at;
	int64_t alarm;

	irq_set(&rtc->irq, wanted & rtc->flags);
	if ((wanted & PERIODIC) && period(rtc))
		next = rtc->start_of_divider +
		       vclock_when((periods_at(rtc, now) + 1) * period(rtc), CRYSTAL_HZ);
	if ((wanted & (UPDATE | ALARM)) && !frozen(rtc)) {
		alarm = wanted & UPDATE ? seconds_at(rtc, now) + 1
					: next_alarm(rtc, seconds_at(rtc, now));
		at = alarm == INT64_MAX ? VCLOCK_NEVER : when_second(rtc, alarm);
		next = at < next ? at : next;
	}
	vclock_arm(rtc->clock, &rtc->timer, next);
}

static void rtc_fire(void *opaque, uint64_t now)
{
	struct rtc *rtc = opaque;

	collect(rtc, now);
	update(rtc, now);
}

/* ---------------------------------------------------------------- registers */

/* Registers A and B may freeze the time, or let it go. */
static void write_control(struct rtc *rtc, unsigned reg, uint8_t value, uint64_t now)
{
	bool was_frozen = frozen(rtc);
	bool was_held = (rtc->memory[REG_A] & A_DIVIDER_HELD) == A_DIVIDER_HELD;

	if (!was_frozen)
		time_to_memory(rtc, now);
	rtc->memory[reg] = reg == REG_A ? value & (uint8_t)~A_UPDATING : value;
	if (was_held && (rtc->memory[REG_A] & A_DIVIDER_HELD) != A_DIVIDER_HELD) {
		rtc->anchor = now - FIRST_UPDATE_NS; /* modulo 2^64, as all that uses it */
		rtc->start_of_divider = rtc->anchor;
	}
	/* Without freezing, a change of B's format bits alone does not change the time. */
	if (was_frozen && !frozen(rtc))
		memory_to_time(rtc, now);
	rtc->seen = now;
}

static void write_time(struct rtc *rtc, unsigned reg, uint8_t value, uint64_t now)
{
	if (frozen(rtc)) {
		rtc->memory[reg] = value;
		return;
	}
	time_to_memory(rtc, now);
	rtc->memory[reg] = value;
	memory_to_time(rtc, now);
}

static void write_register(struct rtc *rtc, unsigned reg, uint8_t value)
{
	uint64_t now = vclock_now(rtc->clock);

	collect(rtc, now);
	if (reg == REG_A || reg == REG_B)
		write_control(rtc, reg, value, now);
	else if (is_time(reg))
		write_time(rtc, reg, value, now);
	else if (reg != REG_C && reg != REG_D)
		rtc->memory[reg] = value;
	update(rtc, now);
}

static uint8_t read_c(struct rtc *rtc, uint64_t now)
{
	uint8_t value;

	collect(rtc, now);
	value = rtc->flags;
	if (value & rtc->memory[REG_B] & INTERRUPTS)
		value |= C_IRQ;
	rtc->flags = 0;
	update(rtc, now);
	return value;
}

static uint8_t read_a(const struct rtc *rtc, uint64_t now)
{
	uint64_t left = VCLOCK_SECOND - (now - rtc->anchor) % VCLOCK_SECOND;
	bool updating = !frozen(rtc) && left <= UPDATING_NS;

	return (uint8_t)(rtc->memory[REG_A] | (updating ? A_UPDATING : 0));
}

static uint8_t read_register(struct rtc *rtc, unsigned reg)
{
	uint64_t now = vclock_now(rtc->clock);

	switch (reg) {
	case REG_A:
		return read_a(rtc, now);
	case REG_C:
		return read_c(rtc, now);
	case REG_D:
		return D_VALID;
	}
	if (is_time(reg) && !frozen(rtc))
		time_to_memory(rtc, now);
	return rtc->memory[reg];
}

static uint32_t rtc_read(void *opaque, unsigned offset, unsigned size)
{
	struct rtc *rtc = opaque;

	(void)size;
	return offset == 1 ? read_register(rtc, rtc->index) : 0xff;
}

static void rtc_write(void *opaque, unsigned offset, unsigned size, uint32_t value)
{
	struct rtc *rtc = opaque;

	(void)size;
	if (offset == 1)
		write_register(rtc, rtc->index, (uint8_t)value);
	else
		rtc->index = value & (RTC_MEMORY - 1); /* bit 7 masks NMI on a real board */
}

/* ---------------------------------------------------------------- from outside */

void rtc_set_byte(struct rtc *rtc, unsigned index, uint8_t value)
{
	if (index < RTC_MEMORY)
		rtc->memory[index] = value;
}

uint8_t rtc_byte(const struct rtc *rtc, unsigned index)
{
	return index < RTC_MEMORY ? rtc->memory[index] : 0xff;
}

static void set_units(struct rtc *rtc, unsigned index, unsigned bytes, uint64_t value)
{
	uint64_t most = (1ull << 8 * bytes) - 1;

	value = value < most ? value : most;
	for (unsigned i = 0; i < bytes; i++)
		rtc_set_byte(rtc, index + i, (uint8_t)(value >> (8 * i)));
}

static uint64_t above(uint64_t size, uint64_t start)
{
	return size > start ? size - start : 0;
}

void rtc_set_memory_size(struct rtc *rtc, uint64_t below_4g, uint64_t above_4g)
{
	uint64_t base = below_4g < 640 * 1024 ? below_4g : 640 * 1024;
	uint64_t extended = above(below_4g, 1 << 20) >> 10;

	extended = extended < 63 * 1024 ? extended : 63 * 1024;
	set_units(rtc, CMOS_BASE_MEMORY, 2, base >> 10);
	set_units(rtc, CMOS_ABOVE_1M, 2, extended);
	set_units(rtc, CMOS_ABOVE_1M_COPY, 2, extended);
	set_units(rtc, CMOS_ABOVE_16M, 2, above(below_4g, 16 << 20) >> 16);
	set_units(rtc, CMOS_ABOVE_4G, 3, above_4g >> 16);
}

void rtc_reset(struct rtc *rtc)
{
	uint64_t now = vclock_now(rtc->clock);

	collect(rtc, now);
	rtc->memory[REG_B] &= (uint8_t)~INTERRUPTS;
	rtc->flags = 0;
	update(rtc, now);
}

bool rtc_init(struct rtc *rtc, struct vclock *clock, struct irq_pin irq, int64_t seconds)
{
	memset(rtc, 0, sizeof(*rtc));
	rtc->clock = clock;
	rtc->irq = irq;
	if (!vclock_add(clock, &rtc->timer, rtc_fire, rtc))
		return false;
	rtc->seconds = seconds;
	rtc->anchor = rtc->seen = rtc->start_of_divider = vclock_now(clock);
	rtc->memory[REG_A] = A_POWER_UP;
	rtc->memory[REG_B] = B_24_HOURS;
	return true;
}

struct port_device rtc_ports(struct rtc *rtc)
{
	return (struct port_device){ rtc_read, rtc_write, rtc, 1 };
}
