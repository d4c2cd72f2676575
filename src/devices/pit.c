/* SPDX-License-Identifier: MIT */
#include "devices/pit.h"

#include <string.h>

#define CONTROL_PORT 3
#define ACCESS_LATCH 0u
#define ACCESS_LOW 1u
#define ACCESS_HIGH 2u
#define ACCESS_BOTH 3u
#define SELECT_READ_BACK 3u
#define READ_BACK_NO_COUNT 0x20u
#define READ_BACK_NO_STATUS 0x10u

#define STATUS_OUTPUT 0x80u
#define STATUS_NULL_COUNT 0x40u

#define SYSTEM_GATE 0x1u
#define SYSTEM_WRITABLE 0xfu
#define SYSTEM_REFRESH 0x10u
#define SYSTEM_OUTPUT 0x20u
#define REFRESH_NS 15085u /* 66287 a second, as the refresh of an AT */

static uint64_t tick_now(const struct pit *pit)
{
	return vclock_ticks(vclock_now(pit->clock), PIT_HZ);
}

static bool is_periodic(const struct pit_channel *ch)
{
	return ch->mode == 2 || ch->mode == 3;
}

static bool is_triggered(const struct pit_channel *ch)
{
	return ch->mode == 1 || ch->mode == 5;
}

/* Mode 3: ticks of a period in which the output is high. */
static uint32_t high_half(uint32_t count)
{
	return (count + 1) / 2;
}

static uint64_t elapsed(const struct pit_channel *ch, uint64_t tick)
{
	return ch->counting ? tick - ch->start : ch->held;
}

/* Loads the count that waits for the end of a period, or of a half of one, if that has come. */
static void sync(struct pit_channel *ch, uint64_t tick)
{
	bool after_high;

	if (!ch->pending || !is_periodic(ch) || !ch->counting || tick < ch->next_tick)
		return;
	after_high = ch->mode == 3 && (ch->next_tick - ch->start) % ch->count != 0;
	ch->count = ch->next_count;
	ch->start = ch->next_tick;
	if (after_high) /* the low half comes first */
		ch->start -= high_half(ch->count);
	ch->pending = false;
}

static bool output(const struct pit_channel *ch, uint64_t tick)
{
	uint64_t ticks = elapsed(ch, tick);

	if (!ch->loaded || ch->output_set)
		return ch->mode != 0;
	switch (ch->mode) {
	case 0:
	case 1:
		return ticks >= ch->count;
	case 2:
		return !ch->counting || ticks % ch->count != ch->count - 1;
	case 3:
		return !ch->counting || ticks % ch->count < high_half(ch->count);
	default:
		return ticks != ch->count;
	}
}

static uint16_t to_bcd(uint32_t value)
{
	return (uint16_t)(value / 1000 % 10 << 12 | value / 100 % 10 << 8 | value / 10 % 10 << 4 |
			  value % 10);
}

static uint32_t from_bcd(uint16_t bcd)
{
	return (bcd >> 12) * 1000u + (bcd >> 8 & 15u) * 100u + (bcd >> 4 & 15u) * 10u + (bcd & 15u);
}

/* What the counting element holds. */
static uint16_t counter(const struct pit_channel *ch, uint64_t tick)
{
	uint32_t modulus = ch->bcd ? 10000 : 65536, value, phase;
	uint64_t ticks = elapsed(ch, tick);

	switch (ch->mode) {
	case 2:
		value = ch->count - (uint32_t)(ticks % ch->count);
		break;
	case 3: /* by twos, and an odd count as the even one below */
		phase = (uint32_t)(ticks % ch->count);
		if (phase >= high_half(ch->count))
			phase -= high_half(ch->count);
		value = (ch->count & ~1u) - 2 * phase;
		break;
	default:
		value = ch->count + modulus - (uint32_t)(ticks % modulus);
	}
	value %= modulus;
	return ch->bcd ? to_bcd(value) : (uint16_t)value;
}

static uint64_t periods_end(const struct pit_channel *ch, uint64_t tick)
{
	return ch->start + ((tick - ch->start) / ch->count + 1) * ch->count;
}

/* Where a new count takes over from a periodic one. */
static uint64_t takes_over(const struct pit_channel *ch, uint64_t tick)
{
	uint64_t phase = (tick - ch->start) % ch->count;

	if (ch->mode == 3 && phase < high_half(ch->count))
		return tick - phase + high_half(ch->count);
	return periods_end(ch, tick);
}

/* The first tick after @tick at which the output rises by itself; VCLOCK_NEVER if none. */
static uint64_t next_rise(const struct pit_channel *ch, uint64_t tick)
{
	uint64_t rise;

	if (!ch->loaded || !ch->counting || (is_triggered(ch) && ch->output_set))
		return VCLOCK_NEVER;
	if (is_periodic(ch)) {
		if (ch->count == 1) /* not allowed: the output never moves */
			return VCLOCK_NEVER;
		if (ch->mode == 3 && ch->pending && (ch->next_tick - ch->start) % ch->count)
			return ch->next_tick + ch->next_count / 2;
		return periods_end(ch, tick);
	}
	rise = ch->start + ch->count + (ch->mode >= 4);
	return rise > tick ? rise : VCLOCK_NEVER;
}

static void update_irq(struct pit *pit, uint64_t tick)
{
	const struct pit_channel *ch = &pit->channel[0];
	uint64_t rise = next_rise(ch, tick);

	irq_set(&pit->irq, output(ch, tick));
	vclock_arm(pit->clock, &pit->timer,
		   rise == VCLOCK_NEVER ? VCLOCK_NEVER : vclock_when(rise, PIT_HZ));
}

static void pit_fire(void *opaque, uint64_t now)
{
	struct pit *pit = opaque;
	uint64_t tick = vclock_ticks(now, PIT_HZ);

	sync(&pit->channel[0], tick);
	irq_pulse(&pit->irq);
	update_irq(pit, tick);
}

static void start(struct pit_channel *ch, uint64_t tick, uint32_t count)
{
	ch->count = count;
	ch->start = tick;
	ch->held = 0;
	ch->counting = ch->gate;
	ch->pending = false;
}

static void write_count(struct pit_channel *ch, uint64_t tick, uint16_t value)
{
	uint32_t count = ch->bcd ? from_bcd(value) : value;

	if (!count)
		count = ch->bcd ? 10000 : 65536;
	if (is_triggered(ch)) {
		ch->next_count = count;
		ch->pending = true;
	} else if (is_periodic(ch) && ch->loaded && ch->counting) {
		ch->next_count = count;
		ch->next_tick = takes_over(ch, tick);
		ch->pending = true;
	} else {
		start(ch, tick, count);
	}
	ch->loaded = true;
}

static void set_gate(struct pit_channel *ch, uint64_t tick, bool gate)
{
	bool rises = gate && !ch->gate, falls = !gate && ch->gate;

	ch->gate = gate;
	if (!ch->loaded)
		return;
	if (rises && (is_triggered(ch) || is_periodic(ch))) {
		start(ch, tick, ch->pending ? ch->next_count : ch->count);
		ch->output_set = false;
	} else if (rises) {
		ch->start = tick - ch->held;
		ch->counting = true;
	} else if (falls && !is_triggered(ch)) {
		ch->held = is_periodic(ch) ? 0 : elapsed(ch, tick);
		ch->counting = false;
	}
}

static void latch_count(struct pit_channel *ch, uint64_t tick)
{
	if (ch->count_latched)
		return; /* until it has been read */
	ch->count_latched = true;
	ch->latched_count = counter(ch, tick);
}

static void latch_status(struct pit_channel *ch, uint64_t tick)
{
	if (ch->status_latched)
		return;
	ch->status_latched = true;
	ch->latched_status =
		(uint8_t)((output(ch, tick) ? STATUS_OUTPUT : 0) |
			  (!ch->loaded || ch->pending ? STATUS_NULL_COUNT : 0) |
			  (unsigned)ch->access << 4 | (unsigned)ch->mode << 1 | ch->bcd);
}

static void read_back(struct pit *pit, uint64_t tick, uint8_t value)
{
	for (unsigned i = 0; i < 3; i++) {
		if (!(value >> (i + 1) & 1))
			continue;
		sync(&pit->channel[i], tick);
		if (!(value & READ_BACK_NO_COUNT))
			latch_count(&pit->channel[i], tick);
		if (!(value & READ_BACK_NO_STATUS))
			latch_status(&pit->channel[i], tick);
	}
}

static void set_mode(struct pit_channel *ch, uint64_t tick, uint8_t value)
{
	uint8_t mode = value >> 1 & 7;

	ch->held = elapsed(ch, tick);
	ch->mode = mode > 5 ? mode - 4 : mode; /* 6 and 7 are 2 and 3 */
	ch->access = value >> 4 & 3;
	ch->bcd = value & 1;
	ch->loaded = ch->counting = ch->pending = false;
	ch->output_set = is_triggered(ch);
	ch->write_high = ch->read_high = false;
	ch->count_latched = ch->status_latched = false;
}

static void write_control(struct pit *pit, uint64_t tick, uint8_t value)
{
	unsigned select = value >> 6;

	if (select == SELECT_READ_BACK) {
		read_back(pit, tick, value);
		return;
	}
	sync(&pit->channel[select], tick);
	if ((value >> 4 & 3) == ACCESS_LATCH)
		latch_count(&pit->channel[select], tick);
	else
		set_mode(&pit->channel[select], tick, value);
}

static void write_channel(struct pit_channel *ch, uint64_t tick, uint8_t byte)
{
	sync(ch, tick);
	switch (ch->access) {
	case ACCESS_LOW:
		write_count(ch, tick, byte);
		break;
	case ACCESS_HIGH:
		write_count(ch, tick, (uint16_t)(byte << 8));
		break;
	case ACCESS_BOTH:
		if (ch->write_high) {
			write_count(ch, tick, (uint16_t)(byte << 8 | ch->low_byte));
		} else {
			ch->low_byte = byte;
			if (ch->mode == 0 && ch->loaded) { /* the first byte stops mode 0 */
				ch->held = elapsed(ch, tick);
				ch->counting = ch->loaded = false;
			}
		}
		ch->write_high = !ch->write_high;
		break;
	}
}

static void pit_write(void *opaque, unsigned offset, unsigned size, uint32_t value)
{
	struct pit *pit = opaque;
	uint64_t tick = tick_now(pit);

	(void)size;
	offset &= 3;
	vclock_catch_up(pit->clock, &pit->timer);
	if (offset == CONTROL_PORT)
		write_control(pit, tick, (uint8_t)value);
	else
		write_channel(&pit->channel[offset], tick, (uint8_t)value);
	sync(&pit->channel[0], tick);
	update_irq(pit, tick);
}

static uint8_t read_channel(struct pit_channel *ch, uint64_t tick)
{
	uint16_t value;
	bool high;

	if (ch->status_latched) {
		ch->status_latched = false;
		return ch->latched_status;
	}
	sync(ch, tick);
	value = ch->count_latched ? ch->latched_count : counter(ch, tick);
	high = ch->access == ACCESS_HIGH || (ch->access == ACCESS_BOTH && ch->read_high);
	if (ch->access == ACCESS_BOTH)
		ch->read_high = !ch->read_high;
	if (ch->access != ACCESS_BOTH || high)
		ch->count_latched = false;
	return (uint8_t)(high ? value >> 8 : value);
}

static uint32_t pit_read(void *opaque, unsigned offset, unsigned size)
{
	struct pit *pit = opaque;

	(void)size;
	offset &= 3;
	return offset == CONTROL_PORT ? 0xff : read_channel(&pit->channel[offset], tick_now(pit));
}

static uint32_t system_read(void *opaque, unsigned offset, unsigned size)
{
	struct pit *pit = opaque;
	uint64_t now = vclock_now(pit->clock), tick = vclock_ticks(now, PIT_HZ);

	(void)offset;
	(void)size;
	sync(&pit->channel[2], tick);
	return pit->system_control | (now / REFRESH_NS & 1 ? SYSTEM_REFRESH : 0) |
	       (output(&pit->channel[2], tick) ? SYSTEM_OUTPUT : 0);
}

static void system_write(void *opaque, unsigned offset, unsigned size, uint32_t value)
{
	struct pit *pit = opaque;
	uint64_t tick = tick_now(pit);

	(void)offset;
	(void)size;
	pit->system_control = value & SYSTEM_WRITABLE;
	sync(&pit->channel[2], tick);
	set_gate(&pit->channel[2], tick, value & SYSTEM_GATE);
}

void pit_reset(struct pit *pit)
{
	memset(pit->channel, 0, sizeof(pit->channel));
	pit->system_control = 0;
	for (unsigned i = 0; i < 3; i++) {
		struct pit_channel *ch = &pit->channel[i];

		ch->mode = 3; /* high, and waiting for a count */
		ch->access = ACCESS_BOTH;
		ch->gate = i != 2;
		ch->count = ch->next_count = 65536;
	}
	irq_set(&pit->irq, false);
	vclock_cancel(pit->clock, &pit->timer);
}

bool pit_init(struct pit *pit, struct vclock *clock, struct irq_pin irq)
{
	memset(pit, 0, sizeof(*pit));
	pit->clock = clock;
	pit->irq = irq;
	if (!vclock_add(clock, &pit->timer, pit_fire, pit))
		return false;
	pit_reset(pit);
	return true;
}

struct port_device pit_ports(struct pit *pit)
{
	return (struct port_device){ pit_read, pit_write, pit, 1 };
}

struct port_device pit_system_ports(struct pit *pit)
{
	return (struct port_device){ system_read, system_write, pit, 1 };
}
