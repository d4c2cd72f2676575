/* SPDX-License-Identifier: MIT */
#ifndef UDV_DEVICES_RTC_H
#define UDV_DEVICES_RTC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/clock.h"
#include "devices/irq.h"
#include "mem/ports.h"

/*
 * An MC146818 with 128 bytes of memory, at 70H/71H; interrupt 8. Its time is a start date and the
 * virtual time since: registers 0..9 are made from that when they are read, but while SET or a
 * held divider freezes them; then they are plain memory, and become the time again afterwards.
 *
 * "Update in progress" covers the last 244 us of each second. Daylight saving is not done.
 */

#define RTC_PORT 0x70
#define RTC_PORTS 2
#define RTC_MEMORY 128
#define RTC_CENTURY 0x32

struct rtc {
	uint8_t memory[RTC_MEMORY]; /* 0..9 and the century: only while frozen */
	uint8_t index;
	uint8_t flags;		   /* register C without IRQF */
	int64_t seconds;	   /* since 1970, at anchor */
	uint64_t anchor;	   /* virtual time at which that second began */
	uint64_t seen;		   /* flags are complete up to here */
	uint64_t start_of_divider; /* what periodic interrupts count from */
	struct vtimer timer;
	struct vclock *clock;
	struct irq_pin irq;
};
#define RTC_STATE offsetof(struct rtc, timer)

/* @seconds: the date now, since 1970. False if the clock has no room for a timer. */
bool rtc_init(struct rtc *rtc, struct vclock *clock, struct irq_pin irq, int64_t seconds);
/* Time and memory go on; interrupts are off. */
void rtc_reset(struct rtc *rtc);

/* What firmware keeps in the memory: sizes in bytes. */
void rtc_set_memory_size(struct rtc *rtc, uint64_t below_4g, uint64_t above_4g);
void rtc_set_byte(struct rtc *rtc, unsigned index, uint8_t value);
uint8_t rtc_byte(const struct rtc *rtc, unsigned index);

struct port_device rtc_ports(struct rtc *rtc);

#endif
