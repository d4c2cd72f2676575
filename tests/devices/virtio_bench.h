/* SPDX-License-Identifier: MIT */
#ifndef UDV_TESTS_DEVICES_VIRTIO_BENCH_H
#define UDV_TESTS_DEVICES_VIRTIO_BENCH_H

#include "device_test.h"

#include <string.h>

#include "devices/virtio_mmio.h"

/*
 * A driver's side: 1 MB of memory, a page of ROM behind it, one device, and queues of 8 entries,
 * which lie from 1000H and 2000H on.
 */

#define BENCH_RAM 0x100000u
#define BENCH_QUEUE 8u
#define BENCH_DESC(queue) (0x1000u + (queue)*0x1000u)
#define BENCH_AVAIL(queue) (0x1400u + (queue)*0x1000u)
#define BENCH_USED(queue) (0x1800u + (queue)*0x1000u)
#define BENCH_DATA 0x10000u

#define BENCH_NEXT 1u
#define BENCH_WRITE 2u
#define BENCH_INDIRECT 4u

struct virtio_bench {
	struct mem_space mem;
	struct irq_lines lines;
	struct irq_pin pin;
	struct virtio_mmio *mmio;
	bool irq;
	unsigned edges;
	uint16_t avail[2];
};

static inline void bench_irq(void *opaque, unsigned pin, bool level)
{
	struct virtio_bench *bench = opaque;

	assert_int_equal(pin, 20);
	bench->irq = level;
	bench->edges += level;
}

static inline void bench_init(struct virtio_bench *b)
{
	memset(b, 0, sizeof(*b));
	mem_init(&b->mem);
	assert_int_equal(mem_add_ram(&b->mem, 0, BENCH_RAM), UDV_OK);
	assert_int_equal(mem_add_rom(&b->mem, BENCH_RAM, 4096), UDV_OK);
	irq_lines_init(&b->lines, NULL, NULL, bench_irq, b);
	b->pin = irq_connect(&b->lines, 20);
}

static inline uint32_t reg(struct virtio_bench *b, uint64_t offset)
{
	return (uint32_t)virtio_mmio_read(b->mmio, offset, 4);
}

static inline void set_reg(struct virtio_bench *b, uint64_t offset, uint32_t value)
{
	virtio_mmio_write(b->mmio, offset, 4, value);
}

static inline void poke(struct virtio_bench *b, uint64_t address, uint64_t value, unsigned size)
{
	assert_true(mem_write_bytes(&b->mem, address, &value, size));
}

static inline uint64_t peek(struct virtio_bench *b, uint64_t address, unsigned size)
{
	uint64_t value = 0;

	assert_true(mem_read_bytes(&b->mem, address, &value, size));
	return value;
}

static inline void bench_queue(struct virtio_bench *b, unsigned queue)
{
	set_reg(b, VIRTIO_MMIO_QUEUE_SEL, queue);
	set_reg(b, VIRTIO_MMIO_QUEUE_SIZE, BENCH_QUEUE);
	set_reg(b, VIRTIO_MMIO_QUEUE_DESC, BENCH_DESC(queue));
	set_reg(b, VIRTIO_MMIO_QUEUE_DRIVER, BENCH_AVAIL(queue));
	set_reg(b, VIRTIO_MMIO_QUEUE_DEVICE, BENCH_USED(queue));
	set_reg(b, VIRTIO_MMIO_QUEUE_READY, 1);
	assert_int_equal(reg(b, VIRTIO_MMIO_QUEUE_READY), 1);
	b->avail[queue] = 0;
}

/* As a driver would: reset, features, queues, ready. */
static inline void bench_start(struct virtio_bench *b, uint64_t features)
{
	features |= VIRTIO_F_VERSION_1;
	set_reg(b, VIRTIO_MMIO_STATUS, 0);
	set_reg(b, VIRTIO_MMIO_STATUS, 1);
	set_reg(b, VIRTIO_MMIO_STATUS, 3);
	for (unsigned i = 0; i < 2; i++) {
		set_reg(b, VIRTIO_MMIO_DRIVER_FEATURES_SEL, i);
		set_reg(b, VIRTIO_MMIO_DRIVER_FEATURES, (uint32_t)(features >> (32 * i)));
	}
	set_reg(b, VIRTIO_MMIO_STATUS, 0xb);
	assert_int_equal(reg(b, VIRTIO_MMIO_STATUS), 0xb);
	for (unsigned i = 0; i < b->mmio->type->nr_queues; i++)
		bench_queue(b, i);
	set_reg(b, VIRTIO_MMIO_STATUS, 0xf);
}

static inline void put_desc(struct virtio_bench *b, uint64_t table, unsigned index,
			    uint64_t address, uint32_t size, uint16_t flags, uint16_t next)
{
	poke(b, table + index * 16, address, 8);
	poke(b, table + index * 16 + 8, size, 4);
	poke(b, table + index * 16 + 12, flags, 2);
	poke(b, table + index * 16 + 14, next, 2);
}

/* Makes the chain that begins with @head available. */
static inline void offer(struct virtio_bench *b, unsigned queue, uint16_t head)
{
	poke(b, BENCH_AVAIL(queue) + 4 + b->avail[queue] % BENCH_QUEUE * 2, head, 2);
	poke(b, BENCH_AVAIL(queue) + 2, ++b->avail[queue], 2);
}

static inline void notify(struct virtio_bench *b, unsigned queue)
{
	set_reg(b, VIRTIO_MMIO_QUEUE_NOTIFY, queue);
}

static inline uint16_t used_index(struct virtio_bench *b, unsigned queue)
{
	return (uint16_t)peek(b, BENCH_USED(queue) + 2, 2);
}

/* The last used entry must be of @head, with @written. */
static inline void check_used(struct virtio_bench *b, unsigned queue, uint16_t index, uint32_t head,
			      uint32_t written)
{
	uint64_t entry = BENCH_USED(queue) + 4 + (index - 1u) % BENCH_QUEUE * 8;

	assert_int_equal(used_index(b, queue), index);
	assert_int_equal(peek(b, entry, 4), head);
	assert_int_equal(peek(b, entry + 4, 4), written);
}

/* The queue is broken: the device says so, with a configuration interrupt, and serves no more. */
static inline void check_broken(struct virtio_bench *b, unsigned queue)
{
	uint16_t before = used_index(b, queue);

	assert_int_equal(reg(b, VIRTIO_MMIO_STATUS), 0x4f);
	assert_int_equal(reg(b, VIRTIO_MMIO_INTERRUPT_STATUS) & VIRTIO_INTERRUPT_CONFIG,
			 VIRTIO_INTERRUPT_CONFIG);
	assert_true(b->irq);
	notify(b, queue);
	assert_int_equal(used_index(b, queue), before);
}

#endif
