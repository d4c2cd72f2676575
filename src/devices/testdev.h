/* SPDX-License-Identifier: MIT */
#ifndef UDV_DEVICES_TESTDEV_H
#define UDV_DEVICES_TESTDEV_H

#include <stddef.h>
#include <stdint.h>

#include "devices/irq.h"
#include "mem/ports.h"
#include "mem/space.h"

/*
 * What kvm-unit-tests expect of QEMU's pc-testdev: four bytes of ports and 64 KB of memory that
 * hold what was written, ports that set interrupt lines, and one that asks for a page to be
 * unmapped for a moment, so that whoever caches translations has to fault it in again.
 */

#define TESTDEV_PORT 0xe0
#define TESTDEV_PORTS 4
#define TESTDEV_FLUSH_PORT 0xe4
#define TESTDEV_FLUSH_PORTS 4
#define TESTDEV_IRQ_PORT 0x2000
#define TESTDEV_MEMORY_BASE 0xff000000ull
#define TESTDEV_MEMORY_SIZE 0x10000u

struct testdev {
	uint8_t port[TESTDEV_PORTS];
	uint8_t memory[TESTDEV_MEMORY_SIZE];
	struct irq_pin irq[IRQ_LINES];
	/* The page at this guest-physical address is to be flushed; may be NULL. */
	void (*flush)(void *opaque, uint32_t address);
	void *opaque;
};
#define TESTDEV_STATE offsetof(struct testdev, irq)

void testdev_init(struct testdev *testdev, struct irq_lines *lines,
		  void (*flush)(void *opaque, uint32_t address), void *opaque);
void testdev_reset(struct testdev *testdev);

struct port_device testdev_ports(struct testdev *testdev);
struct port_device testdev_flush_ports(struct testdev *testdev);
struct port_device testdev_irq_ports(struct testdev *testdev);
struct mem_device testdev_memory(struct testdev *testdev);

#endif
