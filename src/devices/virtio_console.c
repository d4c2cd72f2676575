/* SPDX-License-Identifier: MIT */
#include "devices/virtio_console.h"

#include <string.h>

#define PIECE 4096u

static void transmit(struct virtio_console *console, const struct virtq_chain *chain)
{
	uint8_t piece[PIECE];

	for (uint32_t done = 0; done < chain->readable && console->output;) {
		uint32_t part = chain->readable - done < PIECE ? chain->readable - done : PIECE;

		if (!virtq_read(chain, console->mmio.mem, done, piece, part))
			return;
		console->output(console->opaque, piece, part);
		done += part;
	}
}

/* As much as waits and has room, in two pieces where the queue wraps. */
static uint32_t receive(struct virtio_console *console, const struct virtq_chain *chain)
{
	struct virtio_console_state *state = &console->state;
	uint32_t done = 0;

	while (state->count && done < chain->writable) {
		uint32_t part = VIRTIO_CONSOLE_INPUT - state->head;

		part = part < state->count ? part : state->count;
		part = part < chain->writable - done ? part : chain->writable - done;
		if (!virtq_write(chain, console->mmio.mem, done, state->input + state->head, part))
			break;
		state->head = (state->head + part) % VIRTIO_CONSOLE_INPUT;
		state->count -= part;
		done += part;
	}
	return done;
}

/* Buffers of the wrong direction for their queue are nothing a driver may give. */
static bool serve(void *opaque, unsigned queue, const struct virtq_chain *chain, uint32_t *written)
{
	struct virtio_console *console = opaque;

	if (queue == VIRTIO_CONSOLE_RECEIVE) {
		if (chain->readable || !chain->writable)
			return false;
		*written = receive(console, chain);
		return true;
	}
	if (chain->writable)
		return false;
	transmit(console, chain);
	return true;
}

static bool wants(void *opaque, unsigned queue)
{
	const struct virtio_console *console = opaque;

	return queue == VIRTIO_CONSOLE_TRANSMIT || console->state.count;
}

size_t virtio_console_receive(struct virtio_console *console, const uint8_t *data, size_t size)
{
	struct virtio_console_state *state = &console->state;
	size_t taken = 0;

	while (taken < size && state->count < VIRTIO_CONSOLE_INPUT) {
		uint32_t at = (state->head + state->count) % VIRTIO_CONSOLE_INPUT;

		state->input[at] = data[taken++];
		state->count++;
	}
	virtio_mmio_serve(&console->mmio, VIRTIO_CONSOLE_RECEIVE);
	return taken;
}

void virtio_console_init(struct virtio_console *console,
			 void (*output)(void *opaque, const uint8_t *data, size_t size),
			 void *opaque, struct mem_space *mem, struct irq_pin irq)
{
	static const struct virtio_type type = {
		.device_id = VIRTIO_ID_CONSOLE,
		.nr_queues = 2,
		.serve = serve,
		.wants = wants,
	};

	memset(&console->state, 0, sizeof(console->state));
	console->output = output;
	console->opaque = opaque;
	virtio_mmio_init(&console->mmio, &type, 0, mem, irq, console);
}
