/* SPDX-License-Identifier: MIT */
#ifndef UDV_DEVICES_VIRTQUEUE_H
#define UDV_DEVICES_VIRTQUEUE_H

#include <stdbool.h>
#include <stdint.h>

#include "mem/space.h"

/*
 * Split virtqueues, the device's side. Virtual I/O Device (VIRTIO) Version 1.2, 2.7 "Split
 * Virtqueues".
 *
 * Nothing a driver writes is believed: an index, a length, an address, a flag that the
 * specification does not allow makes the queue broken, and then nothing of it is touched again
 * until a reset. What one chain can ask for is bounded by the queue's size and VIRTQ_MAX_BYTES, and
 * how many chains one look at the queue can bring by its size: the ring may lie in the buffers that
 * are being filled, so its index is read once, by virtq_look().
 */

#define VIRTQ_MAX_SIZE 128u
#define VIRTQ_MAX_BYTES (2u << 20) /* of one chain */

struct virtqueue_state {
	uint64_t desc, avail, used; /* guest-physical */
	uint16_t size;		    /* entries, a power of two */
	uint16_t next_avail;	    /* free-running, as the ring's own index is */
	uint16_t next_used;
	uint8_t ready, broken;
};

struct virtq_segment {
	uint64_t address;
	uint32_t size;
};

/* A chain of descriptors: buffers to read, and behind them buffers to write. All are in RAM. */
struct virtq_chain {
	uint16_t head;
	uint16_t nr_readable, nr_segments; /* the rest is writable */
	uint32_t readable, writable;	   /* bytes */
	struct virtq_segment segment[VIRTQ_MAX_SIZE];
};

/* False if the driver's sizes and addresses are not what a queue can have. */
bool virtq_enable(struct virtqueue_state *queue, struct mem_space *mem);

/* How many chains wait; 0 with the queue broken if the index makes no sense. */
unsigned virtq_look(struct virtqueue_state *queue, struct mem_space *mem);

/*
 * The next of them: after virtq_look(), as often as it said. False: the queue is broken.
 * @indirect: the driver may use indirect descriptors.
 */
bool virtq_take(struct virtqueue_state *queue, struct mem_space *mem, bool indirect,
		struct virtq_chain *chain);

/* Gives it back, with @written bytes written. False: the queue is broken. */
bool virtq_give(struct virtqueue_state *queue, struct mem_space *mem,
		const struct virtq_chain *chain, uint32_t written);

/* The driver wants an interrupt for what was given back. */
bool virtq_wants_interrupt(const struct virtqueue_state *queue, struct mem_space *mem);

/* Bytes of the readable part, and of the writable one. False: that is not all inside it. */
bool virtq_read(const struct virtq_chain *chain, struct mem_space *mem, uint32_t offset, void *data,
		uint32_t size);
bool virtq_write(const struct virtq_chain *chain, struct mem_space *mem, uint32_t offset,
		 const void *data, uint32_t size);

#endif
