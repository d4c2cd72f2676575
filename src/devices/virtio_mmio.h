/* SPDX-License-Identifier: MIT */
#ifndef UDV_DEVICES_VIRTIO_MMIO_H
#define UDV_DEVICES_VIRTIO_MMIO_H

#include <stdbool.h>
#include <stdint.h>

#include "devices/irq.h"
#include "devices/virtqueue.h"
#include "mem/space.h"

/*
 * The transport of virtio devices in memory, without what came before version 1. Virtual I/O Device
 * (VIRTIO) Version 1.2, 4.2 "Virtio Over MMIO".
 *
 * A notification is served at once: when the driver's store is over, so is its request, the used
 * ring has been written and the interrupt is on its line, which is high while InterruptStatus is
 * not 0. A driver that breaks a rule of the queues gets DEVICE_NEEDS_RESET, and no service until it
 * resets the device.
 */

#define VIRTIO_MMIO_SIZE 0x1000u /* of a window */
#define VIRTIO_MMIO_CONFIG 0x100u
#define VIRTIO_MMIO_VENDOR 0x56444e55u /* "UNDV" */
#define VIRTIO_MAX_QUEUES 2u

/* Virtio 1.2, 6 "Reserved Feature Bits" */
#define VIRTIO_F_INDIRECT_DESC (1ull << 28)
#define VIRTIO_F_VERSION_1 (1ull << 32)

enum {
	VIRTIO_ID_BLOCK = 2,
	VIRTIO_ID_CONSOLE = 3,
	VIRTIO_ID_ENTROPY = 4,
};

enum {
	VIRTIO_MMIO_MAGIC = 0x000,
	VIRTIO_MMIO_VERSION = 0x004,
	VIRTIO_MMIO_DEVICE_ID = 0x008,
	VIRTIO_MMIO_VENDOR_ID = 0x00c,
	VIRTIO_MMIO_DEVICE_FEATURES = 0x010,
	VIRTIO_MMIO_DEVICE_FEATURES_SEL = 0x014,
	VIRTIO_MMIO_DRIVER_FEATURES = 0x020,
	VIRTIO_MMIO_DRIVER_FEATURES_SEL = 0x024,
	VIRTIO_MMIO_QUEUE_SEL = 0x030,
	VIRTIO_MMIO_QUEUE_SIZE_MAX = 0x034,
	VIRTIO_MMIO_QUEUE_SIZE = 0x038,
	VIRTIO_MMIO_QUEUE_READY = 0x044,
	VIRTIO_MMIO_QUEUE_NOTIFY = 0x050,
	VIRTIO_MMIO_INTERRUPT_STATUS = 0x060,
	VIRTIO_MMIO_INTERRUPT_ACK = 0x064,
	VIRTIO_MMIO_STATUS = 0x070,
	VIRTIO_MMIO_QUEUE_DESC = 0x080, /* each of these is 64 bits in two registers */
	VIRTIO_MMIO_QUEUE_DRIVER = 0x090,
	VIRTIO_MMIO_QUEUE_DEVICE = 0x0a0,
	VIRTIO_MMIO_SHM_LENGTH = 0x0b0,
	VIRTIO_MMIO_SHM_BASE = 0x0b8,
	VIRTIO_MMIO_CONFIG_GENERATION = 0x0fc,
};

enum {
	VIRTIO_STATUS_ACKNOWLEDGE = 0x01,
	VIRTIO_STATUS_DRIVER = 0x02,
	VIRTIO_STATUS_DRIVER_OK = 0x04,
	VIRTIO_STATUS_FEATURES_OK = 0x08,
	VIRTIO_STATUS_NEEDS_RESET = 0x40,
	VIRTIO_STATUS_FAILED = 0x80,
};

#define VIRTIO_INTERRUPT_USED 0x1u
#define VIRTIO_INTERRUPT_CONFIG 0x2u

/* Plain data, all there is to save. */
struct virtio_mmio_state {
	uint64_t driver_features;
	uint32_t device_features_sel, driver_features_sel;
	uint32_t queue_sel;
	uint32_t interrupt_status;
	uint32_t status;
	struct virtqueue_state queue[VIRTIO_MAX_QUEUES];
};

struct virtio_mmio;

/* What makes a device of it. */
struct virtio_type {
	uint32_t device_id;
	unsigned nr_queues;
	/*
	 * A chain of queue @queue: true to give it back with *@written; false to break the queue,
	 * as no driver may make such a chain.
	 */
	bool (*serve)(void *opaque, unsigned queue, const struct virtq_chain *chain,
		      uint32_t *written);
	/* Chains of @queue are of use now; otherwise they wait. NULL: always. */
	bool (*wants)(void *opaque, unsigned queue);
};

struct virtio_mmio {
	struct virtio_mmio_state state;
	const struct virtio_type *type;
	uint64_t features; /* offered */
	uint8_t config[64];
	uint32_t config_size;
	struct mem_space *mem;
	struct irq_pin irq;
	void *opaque; /* of the type's functions */
};

/* @features are the device's own; those of queues are added. @opaque is for @type. */
void virtio_mmio_init(struct virtio_mmio *mmio, const struct virtio_type *type, uint64_t features,
		      struct mem_space *mem, struct irq_pin irq, void *opaque);
void virtio_mmio_reset(struct virtio_mmio *mmio);
/* To be called after state was written from outside: queues that no driver can have are broken. */
void virtio_mmio_loaded(struct virtio_mmio *mmio);

/* Serves what waits in @queue, if the driver is ready. */
void virtio_mmio_serve(struct virtio_mmio *mmio, unsigned queue);

/* One access inside the window. */
uint64_t virtio_mmio_read(struct virtio_mmio *mmio, uint64_t offset, unsigned size);
void virtio_mmio_write(struct virtio_mmio *mmio, uint64_t offset, unsigned size, uint64_t value);

#endif
