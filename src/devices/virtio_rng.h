/* SPDX-License-Identifier: MIT */
#ifndef UDV_DEVICES_VIRTIO_RNG_H
#define UDV_DEVICES_VIRTIO_RNG_H

#include <stdint.h>

#include "devices/virtio_mmio.h"

/*
 * A source of bytes that look random and are the same in each run: a counter, mixed. Virtual I/O
 * Device (VIRTIO) Version 1.2, 5.4 "Entropy Device". A request gets VIRTIO_RNG_MAX bytes at most,
 * which the specification allows.
 */

#define VIRTIO_RNG_MAX 65536u

/* Plain data, all there is to save beside the transport's. */
struct virtio_rng_state {
	uint64_t counter;
};

struct virtio_rng {
	struct virtio_mmio mmio;
	struct virtio_rng_state state;
};

void virtio_rng_init(struct virtio_rng *rng, uint64_t seed, struct mem_space *mem,
		     struct irq_pin irq);

#endif
