/* SPDX-License-Identifier: MIT */
#ifndef UDV_TESTS_DEVICES_DEVICE_TEST_H
#define UDV_TESTS_DEVICES_DEVICE_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/clock.h"
#include "mem/ports.h"

/* Time that stands until a test moves it, firing timers at their deadlines on the way. */
struct fake_time {
	uint64_t now;
	struct vclock clock;
};

static inline uint64_t fake_now(void *opaque)
{
	return ((struct fake_time *)opaque)->now;
}

static inline void fake_init(struct fake_time *time)
{
	time->now = 0;
	vclock_init(&time->clock, fake_now, NULL, time);
}

static inline void fake_advance_to(struct fake_time *time, uint64_t to)
{
	while (vclock_next_deadline(&time->clock) <= to) {
		if (vclock_next_deadline(&time->clock) > time->now)
			time->now = vclock_next_deadline(&time->clock);
		vclock_run_due(&time->clock, time->now);
	}
	time->now = to;
}

static inline uint8_t in8(const struct port_device *device, unsigned offset)
{
	return (uint8_t)device->read(device->opaque, offset, 1);
}

static inline void out8(const struct port_device *device, unsigned offset, uint8_t value)
{
	device->write(device->opaque, offset, 1, value);
}

#endif
