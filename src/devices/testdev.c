/* SPDX-License-Identifier: MIT */
#include "devices/testdev.h"

#include <string.h>

/* Little-endian bytes of a buffer; what is past its end reads as zeros, and is lost. */
static uint64_t load(const uint8_t *bytes, uint64_t length, uint64_t offset, unsigned size)
{
	uint64_t value = 0;

	for (unsigned i = 0; i < size && offset + i < length; i++)
		value |= (uint64_t)bytes[offset + i] << (8 * i);
	return value;
}

static void store(uint8_t *bytes, uint64_t length, uint64_t offset, unsigned size, uint64_t value)
{
	for (unsigned i = 0; i < size && offset + i < length; i++)
		bytes[offset + i] = (uint8_t)(value >> (8 * i));
}

static uint32_t port_read(void *opaque, unsigned offset, unsigned size)
{
	const struct testdev *testdev = opaque;

	return (uint32_t)load(testdev->port, TESTDEV_PORTS, offset, size);
}

static void port_write(void *opaque, unsigned offset, unsigned size, uint32_t value)
{
	struct testdev *testdev = opaque;

	store(testdev->port, TESTDEV_PORTS, offset, size, value);
}

static uint64_t memory_read(void *opaque, uint64_t offset, unsigned size)
{
	const struct testdev *testdev = opaque;

	return load(testdev->memory, TESTDEV_MEMORY_SIZE, offset, size);
}

static void memory_write(void *opaque, uint64_t offset, unsigned size, uint64_t value)
{
	struct testdev *testdev = opaque;

	store(testdev->memory, TESTDEV_MEMORY_SIZE, offset, size, value);
}

static uint32_t zero_read(void *opaque, unsigned offset, unsigned size)
{
	(void)opaque;
	(void)offset;
	(void)size;
	return 0;
}

static void flush_write(void *opaque, unsigned offset, unsigned size, uint32_t value)
{
	struct testdev *testdev = opaque;

	if (offset == 0 && size == 4 && testdev->flush)
		testdev->flush(testdev->opaque, value);
}

static void irq_write(void *opaque, unsigned offset, unsigned size, uint32_t value)
{
	struct testdev *testdev = opaque;

	(void)size;
	if (offset < IRQ_LINES)
		irq_set(&testdev->irq[offset], value != 0);
}

void testdev_reset(struct testdev *testdev)
{
	memset(testdev->port, 0, sizeof(testdev->port));
	memset(testdev->memory, 0, sizeof(testdev->memory));
	for (unsigned i = 0; i < IRQ_LINES; i++)
		irq_set(&testdev->irq[i], false);
}

void testdev_init(struct testdev *testdev, struct irq_lines *lines,
		  void (*flush)(void *opaque, uint32_t address), void *opaque)
{
	for (unsigned i = 0; i < IRQ_LINES; i++)
		testdev->irq[i] = irq_connect(lines, i);
	testdev->flush = flush;
	testdev->opaque = opaque;
	testdev_reset(testdev);
}

struct port_device testdev_ports(struct testdev *testdev)
{
	return (struct port_device){ port_read, port_write, testdev, 1 | 2 | 4 };
}

struct port_device testdev_flush_ports(struct testdev *testdev)
{
	return (struct port_device){ zero_read, flush_write, testdev, 4 };
}

struct port_device testdev_irq_ports(struct testdev *testdev)
{
	return (struct port_device){ zero_read, irq_write, testdev, 1 };
}

struct mem_device testdev_memory(struct testdev *testdev)
{
	return (struct mem_device){ memory_read, memory_write, testdev };
}
