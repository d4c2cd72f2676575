/* SPDX-License-Identifier: MIT */
#ifndef UDV_DEVICES_PIT_H
#define UDV_DEVICES_PIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/clock.h"
#include "devices/irq.h"
#include "mem/ports.h"

/*
 * An 8254 as in a PC: channel 0 drives interrupt 0, channel 2 the speaker, with its gate and
 * output at port 61H. A channel is a function of time: it keeps the tick it started at, and its
 * counter and output are computed when somebody looks.
 *
 * Interrupt 0 gets its rising edges at the exact nanosecond of the tick. Where the output falls
 * between two of them in modes 2 and 3, the line does so only at the second one.
 */

#define PIT_HZ 1193182u
#define PIT_PORT 0x40
#define PIT_PORTS 4
#define PIT_SYSTEM_PORT 0x61

struct pit_channel {
	uint8_t mode;	/* 0..5 */
	uint8_t access; /* 1: low byte, 2: high byte, 3: low then high */
	bool bcd, gate;
	bool loaded;	 /* a count has been written since the control word */
	bool counting;	 /* time passes for the counter: else it stands at held */
	bool output_set; /* modes 1 and 5: no trigger yet; the output is high */
	bool pending;	 /* next_count is loaded at next_tick, or by a trigger */
	bool write_high, read_high;
	bool count_latched, status_latched;
	uint8_t low_byte, latched_status;
	uint16_t latched_count;
	uint32_t count, next_count; /* 1..65536 */
	uint64_t next_tick;
	uint64_t start; /* the tick at which count was loaded */
	uint64_t held;	/* ticks since then, while not counting */
};

struct pit {
	struct pit_channel channel[3];
	uint8_t system_control; /* port 61H[3:0] */
	struct vtimer timer;
	struct vclock *clock;
	struct irq_pin irq;
};
#define PIT_STATE offsetof(struct pit, timer)

/* False if the clock has no room for a timer. */
bool pit_init(struct pit *pit, struct vclock *clock, struct irq_pin irq);
void pit_reset(struct pit *pit);

struct port_device pit_ports(struct pit *pit);
struct port_device pit_system_ports(struct pit *pit);

#endif
