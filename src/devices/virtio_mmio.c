/* SPDX-License-Identifier: MIT */
#include "devices/virtio_mmio.h"

#include <string.h>

#define MAGIC 0x74726976u /* "virt" */
#define VERSION 2u

#define STATUS_WRITABLE                                                                            \
	(VIRTIO_STATUS_ACKNOWLEDGE | VIRTIO_STATUS_DRIVER | VIRTIO_STATUS_FEATURES_OK |            \
	 VIRTIO_STATUS_DRIVER_OK | VIRTIO_STATUS_FAILED)

static void update_irq(struct virtio_mmio *mmio)
{
	irq_set(&mmio->irq, mmio->state.interrupt_status != 0);
}

static void interrupt(struct virtio_mmio *mmio, uint32_t cause)
{
	mmio->state.interrupt_status |= cause;
	update_irq(mmio);
}

/* ---------------------------------------------------------------- queues */

static void needs_reset(struct virtio_mmio *mmio)
{
	mmio->state.status |= VIRTIO_STATUS_NEEDS_RESET;
	if (mmio->state.status & VIRTIO_STATUS_DRIVER_OK)
		interrupt(mmio, VIRTIO_INTERRUPT_CONFIG);
}

static bool in_service(const struct virtio_mmio *mmio)
{
	uint32_t relevant = VIRTIO_STATUS_DRIVER_OK | VIRTIO_STATUS_NEEDS_RESET;

	return (mmio->state.status & relevant) == VIRTIO_STATUS_DRIVER_OK;
}

static bool wanted(const struct virtio_mmio *mmio, unsigned queue)
{
	return !mmio->type->wants || mmio->type->wants(mmio->opaque, queue);
}

static bool serve_one(struct virtio_mmio *mmio, unsigned index)
{
	struct virtqueue_state *queue = &mmio->state.queue[index];
	bool indirect = mmio->state.driver_features & VIRTIO_F_INDIRECT_DESC;
	struct virtq_chain chain;
	uint32_t written = 0;

	if (!virtq_take(queue, mmio->mem, indirect, &chain))
		return false;
	if (!mmio->type->serve(mmio->opaque, index, &chain, &written)) {
		queue->broken = 1;
		return false;
	}
	return virtq_give(queue, mmio->mem, &chain, written);
}

void virtio_mmio_serve(struct virtio_mmio *mmio, unsigned index)
{
	struct virtqueue_state *queue;
	unsigned waiting, done = 0;

	if (index >= mmio->type->nr_queues || !in_service(mmio))
		return;
	queue = &mmio->state.queue[index];
	waiting = virtq_look(queue, mmio->mem);
	while (done < waiting && wanted(mmio, index) && serve_one(mmio, index))
		done++;
	if (done && virtq_wants_interrupt(queue, mmio->mem))
		interrupt(mmio, VIRTIO_INTERRUPT_USED);
	if (queue->broken)
		needs_reset(mmio);
}

/* The queue that QueueSel names, or NULL. */
static struct virtqueue_state *selected(struct virtio_mmio *mmio)
{
	uint32_t index = mmio->state.queue_sel;

	return index < mmio->type->nr_queues ? &mmio->state.queue[index] : NULL;
}

static void write_queue_ready(struct virtio_mmio *mmio, struct virtqueue_state *queue,
			      uint32_t value)
{
	if (!(value & 1))
		queue->ready = 0;
	else if (!queue->ready)
		virtq_enable(queue, mmio->mem);
}

/* Half of an address: the high one if bit 2 of @offset is set. */
static void write_half(uint64_t *address, uint64_t offset, uint32_t value)
{
	unsigned shift = offset & 4 ? 32 : 0;

	*address = (*address & ~(0xffffffffull << shift)) | (uint64_t)value << shift;
}

/* What describes a queue; it is fixed while the queue is ready. */
static void write_queue(struct virtio_mmio *mmio, uint64_t offset, uint32_t value)
{
	struct virtqueue_state *queue = selected(mmio);

	if (!queue)
		return;
	if (offset == VIRTIO_MMIO_QUEUE_READY) {
		write_queue_ready(mmio, queue, value);
		return;
	}
	if (queue->ready)
		return;
	switch (offset & ~4ull) {
	case VIRTIO_MMIO_QUEUE_SIZE:
		if (offset == VIRTIO_MMIO_QUEUE_SIZE)
			queue->size = value <= VIRTQ_MAX_SIZE ? (uint16_t)value : 0;
		break;
	case VIRTIO_MMIO_QUEUE_DESC:
		write_half(&queue->desc, offset, value);
		break;
	case VIRTIO_MMIO_QUEUE_DRIVER:
		write_half(&queue->avail, offset, value);
		break;
	case VIRTIO_MMIO_QUEUE_DEVICE:
		write_half(&queue->used, offset, value);
		break;
	}
}

/* ---------------------------------------------------------------- status and features */

void virtio_mmio_reset(struct virtio_mmio *mmio)
{
	memset(&mmio->state, 0, sizeof(mmio->state));
	update_irq(mmio);
}

void virtio_mmio_loaded(struct virtio_mmio *mmio)
{
	for (unsigned i = 0; i < VIRTIO_MAX_QUEUES; i++) {
		struct virtqueue_state *queue = &mmio->state.queue[i];

		if (queue->ready && !virtq_enable(queue, mmio->mem))
			queue->broken = 1;
	}
}

/*
 * Bits are only ever added, but for a reset. FEATURES_OK stays clear if the driver took what was
 * not offered or is of the time before version 1; DRIVER_OK counts behind it only. Virtio 1.2,
 * 3.1.1 "Driver Requirements: Device Initialization"
 */
static void write_status(struct virtio_mmio *mmio, uint32_t value)
{
	struct virtio_mmio_state *state = &mmio->state;
	uint32_t before = state->status;
	bool fine = !(state->driver_features & ~mmio->features) &&
		    (state->driver_features & VIRTIO_F_VERSION_1);

	if (!value) {
		virtio_mmio_reset(mmio);
		return;
	}
	value &= STATUS_WRITABLE;
	if (!fine)
		value &= ~(uint32_t)VIRTIO_STATUS_FEATURES_OK;
	state->status |= value & ~(uint32_t)VIRTIO_STATUS_DRIVER_OK;
	if ((value & VIRTIO_STATUS_DRIVER_OK) && (state->status & VIRTIO_STATUS_FEATURES_OK))
		state->status |= VIRTIO_STATUS_DRIVER_OK;
	/* Drivers may fill queues before they are ready, and notify then in vain. */
	if (state->status & ~before & VIRTIO_STATUS_DRIVER_OK)
		for (unsigned i = 0; i < mmio->type->nr_queues; i++)
			virtio_mmio_serve(mmio, i);
}

static uint32_t half_of(uint64_t features, uint32_t which)
{
	return which > 1 ? 0 : (uint32_t)(features >> (32 * which));
}

static void write_driver_features(struct virtio_mmio *mmio, uint32_t value)
{
	struct virtio_mmio_state *state = &mmio->state;

	if (state->status & VIRTIO_STATUS_FEATURES_OK)
		return;
	if (state->driver_features_sel <= 1)
		write_half(&state->driver_features, state->driver_features_sel ? 4 : 0, value);
}

/* ---------------------------------------------------------------- registers */

static uint32_t read_register(struct virtio_mmio *mmio, uint64_t offset)
{
	const struct virtqueue_state *queue = selected(mmio);

	switch (offset) {
	case VIRTIO_MMIO_MAGIC:
		return MAGIC;
	case VIRTIO_MMIO_VERSION:
		return VERSION;
	case VIRTIO_MMIO_DEVICE_ID:
		return mmio->type->device_id;
	case VIRTIO_MMIO_VENDOR_ID:
		return VIRTIO_MMIO_VENDOR;
	case VIRTIO_MMIO_DEVICE_FEATURES:
		return half_of(mmio->features, mmio->state.device_features_sel);
	case VIRTIO_MMIO_QUEUE_SIZE_MAX:
		return queue ? VIRTQ_MAX_SIZE : 0;
	case VIRTIO_MMIO_QUEUE_READY:
		return queue ? queue->ready : 0;
	case VIRTIO_MMIO_INTERRUPT_STATUS:
		return mmio->state.interrupt_status;
	case VIRTIO_MMIO_STATUS:
		return mmio->state.status;
	case VIRTIO_MMIO_SHM_LENGTH:
	case VIRTIO_MMIO_SHM_LENGTH + 4:
	case VIRTIO_MMIO_SHM_BASE:
	case VIRTIO_MMIO_SHM_BASE + 4:
		return ~0u; /* no such region of shared memory */
	}
	return 0;
}

static void write_register(struct virtio_mmio *mmio, uint64_t offset, uint32_t value)
{
	struct virtio_mmio_state *state = &mmio->state;

	switch (offset) {
	case VIRTIO_MMIO_DEVICE_FEATURES_SEL:
		state->device_features_sel = value;
		break;
	case VIRTIO_MMIO_DRIVER_FEATURES:
		write_driver_features(mmio, value);
		break;
	case VIRTIO_MMIO_DRIVER_FEATURES_SEL:
		state->driver_features_sel = value;
		break;
	case VIRTIO_MMIO_QUEUE_SEL:
		state->queue_sel = value;
		break;
	case VIRTIO_MMIO_QUEUE_NOTIFY:
		virtio_mmio_serve(mmio, value);
		break;
	case VIRTIO_MMIO_INTERRUPT_ACK:
		state->interrupt_status &= ~value;
		update_irq(mmio);
		break;
	case VIRTIO_MMIO_STATUS:
		write_status(mmio, value);
		break;
	default:
		write_queue(mmio, offset, value);
	}
}

/* Any width, beyond the device's own bytes zeros. */
static uint64_t read_config(const struct virtio_mmio *mmio, uint64_t offset, unsigned size)
{
	uint64_t value = 0;

	for (unsigned i = 0; i < size && offset + i < mmio->config_size; i++)
		value |= (uint64_t)mmio->config[offset + i] << (8 * i);
	return value;
}

/* Registers take aligned accesses of 32 bits; others read as 0 and write nothing. */
uint64_t virtio_mmio_read(struct virtio_mmio *mmio, uint64_t offset, unsigned size)
{
	if (offset >= VIRTIO_MMIO_CONFIG)
		return read_config(mmio, offset - VIRTIO_MMIO_CONFIG, size);
	return size == 4 && !(offset & 3) ? read_register(mmio, offset) : 0;
}

/* None of these devices has configuration that a driver could write. */
void virtio_mmio_write(struct virtio_mmio *mmio, uint64_t offset, unsigned size, uint64_t value)
{
	if (offset < VIRTIO_MMIO_CONFIG && size == 4 && !(offset & 3))
		write_register(mmio, offset, (uint32_t)value);
}

void virtio_mmio_init(struct virtio_mmio *mmio, const struct virtio_type *type, uint64_t features,
		      struct mem_space *mem, struct irq_pin irq, void *opaque)
{
	*mmio = (struct virtio_mmio){
		.type = type,
		.features = features | VIRTIO_F_VERSION_1 | VIRTIO_F_INDIRECT_DESC,
		.mem = mem,
		.irq = irq,
		.opaque = opaque,
	};
	virtio_mmio_reset(mmio);
}
