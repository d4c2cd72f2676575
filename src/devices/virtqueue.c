/* SPDX-License-Identifier: MIT */
#include "devices/virtqueue.h"

#include <string.h>

/* struct virtq_desc */
#define DESC_SIZE 16u
#define DESC_NEXT 0x1u
#define DESC_WRITE 0x2u
#define DESC_INDIRECT 0x4u

/* Both rings: flags and index, then entries. */
#define RING_INDEX 2u
#define RING_ENTRIES 4u
#define USED_ENTRY 8u
#define AVAIL_NO_INTERRUPT 0x1u

#define DESC_ALIGN 16u
#define AVAIL_ALIGN 2u
#define USED_ALIGN 4u

struct descriptor {
	uint64_t address;
	uint32_t size;
	uint16_t flags, next;
};

/* A table of descriptors: the queue's own, or an indirect one. */
struct table {
	uint64_t base;
	uint32_t entries;
};

static bool in_ram(struct mem_space *mem, uint64_t address, uint64_t size)
{
	if (address + size < address)
		return false;
	while (size) {
		const struct mem_region *region = mem_find(mem, address);
		uint64_t room;

		if (!region || !region->host || region->rom)
			return false;
		room = region->size - (address - region->base);
		if (size <= room)
			return true;
		address += room;
		size -= room;
	}
	return true;
}

static bool broken(struct virtqueue_state *queue)
{
	queue->broken = 1;
	return false;
}

static bool read_number(struct mem_space *mem, uint64_t address, uint16_t *value)
{
	uint8_t bytes[2];

	if (!mem_read_bytes(mem, address, bytes, sizeof(bytes)))
		return false;
	*value = (uint16_t)(bytes[0] | bytes[1] << 8);
	return true;
}

bool virtq_enable(struct virtqueue_state *queue, struct mem_space *mem)
{
	uint32_t size = queue->size;

	if (!size || size > VIRTQ_MAX_SIZE || (size & (size - 1)))
		return false;
	if (queue->desc % DESC_ALIGN || queue->avail % AVAIL_ALIGN || queue->used % USED_ALIGN)
		return false;
	if (!in_ram(mem, queue->desc, size * DESC_SIZE) ||
	    !in_ram(mem, queue->avail, RING_ENTRIES + size * 2) ||
	    !in_ram(mem, queue->used, RING_ENTRIES + size * USED_ENTRY))
		return false;
	queue->ready = 1;
	return true;
}

unsigned virtq_look(struct virtqueue_state *queue, struct mem_space *mem)
{
	uint16_t index, waiting;

	if (!queue->ready || queue->broken)
		return 0;
	if (!read_number(mem, queue->avail + RING_INDEX, &index)) {
		broken(queue);
		return 0;
	}
	waiting = (uint16_t)(index - queue->next_avail);
	if (waiting > queue->size) {
		broken(queue);
		return 0;
	}
	return waiting;
}

static bool read_descriptor(struct mem_space *mem, const struct table *table, uint32_t index,
			    struct descriptor *descriptor)
{
	_Static_assert(sizeof(*descriptor) == DESC_SIZE, "as it lies in memory");

	return index < table->entries &&
	       mem_read_bytes(mem, table->base + (uint64_t)index * DESC_SIZE, descriptor,
			      sizeof(*descriptor));
}

/* Adds a buffer. Those to read come first. */
static bool add_segment(struct virtq_chain *chain, struct mem_space *mem,
			const struct descriptor *descriptor)
{
	bool writable = descriptor->flags & DESC_WRITE;
	uint32_t *total = writable ? &chain->writable : &chain->readable;

	if (!writable && chain->nr_segments > chain->nr_readable)
		return false;
	if (descriptor->size > VIRTQ_MAX_BYTES - chain->readable - chain->writable ||
	    !in_ram(mem, descriptor->address, descriptor->size))
		return false;
	*total += descriptor->size;
	chain->segment[chain->nr_segments++] = (struct virtq_segment){
		.address = descriptor->address,
		.size = descriptor->size,
	};
	if (!writable)
		chain->nr_readable = chain->nr_segments;
	return true;
}

/* The table that @descriptor, the last one of its chain, leads to. */
static bool enter_indirect(const struct virtqueue_state *queue, struct mem_space *mem,
			   const struct descriptor *descriptor, struct table *table)
{
	uint32_t entries = descriptor->size / DESC_SIZE;

	if ((descriptor->flags & DESC_NEXT) || descriptor->size % DESC_SIZE || !entries ||
	    entries > queue->size || !in_ram(mem, descriptor->address, descriptor->size))
		return false;
	*table = (struct table){ descriptor->address, entries };
	return true;
}

static bool follow(const struct virtqueue_state *queue, struct mem_space *mem, bool indirect,
		   struct virtq_chain *chain)
{
	struct table table = { queue->desc, queue->size };
	uint32_t index = chain->head;
	struct descriptor descriptor;

	/* As many buffers as the queue has entries, at the most: more is a loop. */
	for (;;) {
		if (!read_descriptor(mem, &table, index, &descriptor))
			return false;
		if (descriptor.flags & DESC_INDIRECT) {
			if (!indirect || !enter_indirect(queue, mem, &descriptor, &table))
				return false;
			indirect = false; /* one does not lead to another */
			index = 0;
			continue;
		}
		if (chain->nr_segments == queue->size || !add_segment(chain, mem, &descriptor))
			return false;
		if (!(descriptor.flags & DESC_NEXT))
			return true;
		index = descriptor.next;
	}
}

bool virtq_take(struct virtqueue_state *queue, struct mem_space *mem, bool indirect,
		struct virtq_chain *chain)
{
	uint32_t slot = queue->next_avail & (queue->size - 1u);

	chain->nr_readable = chain->nr_segments = 0;
	chain->readable = chain->writable = 0;
	if (queue->broken)
		return false;
	if (!read_number(mem, queue->avail + RING_ENTRIES + slot * 2, &chain->head) ||
	    !follow(queue, mem, indirect, chain))
		return broken(queue);
	queue->next_avail++;
	return true;
}

bool virtq_give(struct virtqueue_state *queue, struct mem_space *mem,
		const struct virtq_chain *chain, uint32_t written)
{
	uint64_t at = queue->used + RING_ENTRIES +
		      (uint64_t)(queue->next_used & (queue->size - 1u)) * USED_ENTRY;
	uint32_t entry[2] = { chain->head, written };

	queue->next_used++;
	if (!mem_write_bytes(mem, at, entry, sizeof(entry)) ||
	    !mem_write_bytes(mem, queue->used + RING_INDEX, &queue->next_used, 2))
		return broken(queue);
	return true;
}

bool virtq_wants_interrupt(const struct virtqueue_state *queue, struct mem_space *mem)
{
	uint16_t flags;

	return read_number(mem, queue->avail, &flags) && !(flags & AVAIL_NO_INTERRUPT);
}

/* Bytes of segments [@first, @end), one way or the other. */
static bool transfer(const struct virtq_chain *chain, struct mem_space *mem, unsigned first,
		     unsigned end, uint32_t offset, uint8_t *to, const uint8_t *from, uint32_t size)
{
	for (unsigned i = first; i < end && size; i++) {
		const struct virtq_segment *segment = &chain->segment[i];
		uint32_t part;

		if (offset >= segment->size) {
			offset -= segment->size;
			continue;
		}
		part = segment->size - offset < size ? segment->size - offset : size;
		if (to ? !mem_read_bytes(mem, segment->address + offset, to, part)
		       : !mem_write_bytes(mem, segment->address + offset, from, part))
			return false;
		if (to)
			to += part;
		else
			from += part;
		size -= part;
		offset = 0;
	}
	return !size;
}

bool virtq_read(const struct virtq_chain *chain, struct mem_space *mem, uint32_t offset, void *data,
		uint32_t size)
{
	return transfer(chain, mem, 0, chain->nr_readable, offset, data, NULL, size);
}

bool virtq_write(const struct virtq_chain *chain, struct mem_space *mem, uint32_t offset,
		 const void *data, uint32_t size)
{
	return transfer(chain, mem, chain->nr_readable, chain->nr_segments, offset, NULL, data,
			size);
}
