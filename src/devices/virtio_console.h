/* SPDX-License-Identifier: MIT */
#ifndef UDV_DEVICES_VIRTIO_CONSOLE_H
#define UDV_DEVICES_VIRTIO_CONSOLE_H

#include <stddef.h>
#include <stdint.h>

#include "devices/virtio_mmio.h"

/*
 * A console with one port. Virtual I/O Device (VIRTIO) Version 1.2, 5.3 "Console Device". What the
 * guest sends goes out at once; what it is to receive waits until it gives buffers.
 */

#define VIRTIO_CONSOLE_INPUT 4096u

enum {
	VIRTIO_CONSOLE_RECEIVE = 0, /* queues */
	VIRTIO_CONSOLE_TRANSMIT = 1,
};

/* Plain data, all there is to save beside the transport's. */
struct virtio_console_state {
	uint32_t head, count; /* of what waits for the guest */
	uint8_t input[VIRTIO_CONSOLE_INPUT];
};

struct virtio_console {
	struct virtio_mmio mmio;
	struct virtio_console_state state;
	void (*output)(void *opaque, const uint8_t *data, size_t size); /* may be NULL */
	void *opaque;
};

void virtio_console_init(struct virtio_console *console,
			 void (*output)(void *opaque, const uint8_t *data, size_t size),
			 void *opaque, struct mem_space *mem, struct irq_pin irq);

/* Bytes for the guest; how many there was room for. */
size_t virtio_console_receive(struct virtio_console *console, const uint8_t *data, size_t size);

#endif
