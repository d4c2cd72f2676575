/* SPDX-License-Identifier: MIT */
#include "devices/virtio_rng.h"

#define PIECE 512u
#define WORD 8u

/*
 * SplitMix64: Steele, Lea, Flood, "Fast Splittable Pseudorandom Number Generators". The constants
 * are the paper's and Stafford's.
 */
static uint64_t next_word(struct virtio_rng_state *state)
{
	uint64_t word = state->counter += 0x9e3779b97f4a7c15ull;

	word = (word ^ word >> 30) * 0xbf58476d1ce4e5b9ull;
	word = (word ^ word >> 27) * 0x94d049bb133111ebull;
	return word ^ word >> 31;
}

static bool serve(void *opaque, unsigned queue, const struct virtq_chain *chain, uint32_t *written)
{
	struct virtio_rng *rng = opaque;
	uint32_t size = chain->writable < VIRTIO_RNG_MAX ? chain->writable : VIRTIO_RNG_MAX;
	uint64_t piece[PIECE / WORD];

	(void)queue;
	if (chain->readable || !size)
		return false;
	for (uint32_t done = 0; done < size;) {
		uint32_t part = size - done < PIECE ? size - done : PIECE;

		for (unsigned i = 0; i * WORD < part; i++)
			piece[i] = next_word(&rng->state);
		if (!virtq_write(chain, rng->mmio.mem, done, piece, part))
			return false;
		done += part;
	}
	*written = size;
	return true;
}

void virtio_rng_init(struct virtio_rng *rng, uint64_t seed, struct mem_space *mem,
		     struct irq_pin irq)
{
	static const struct virtio_type type = {
		.device_id = VIRTIO_ID_ENTROPY,
		.nr_queues = 1,
		.serve = serve,
	};

	rng->state.counter = seed;
	virtio_mmio_init(&rng->mmio, &type, 0, mem, irq, rng);
}
