/* SPDX-License-Identifier: MIT */
#include "devices/pci_testdev.h"

#include <string.h>

/* The layout of both regions. */
#define TEST 0
#define WIDTH 1
#define OFFSET 4
#define DATA 8
#define COUNT 12
#define NAME 16
#define TARGET 0x40u /* where the one test of each region is to write */

#define TEST_WIDTH 1
#define TEST_DATA 0xfau
#define PCI_CLASS_OTHER 0xff0000u

static uint8_t byte_of(uint32_t value, uint64_t byte)
{
	return (uint8_t)(value >> (8 * byte));
}

static uint8_t read_byte(const struct pci_testdev_side *side, const char *name, uint64_t offset)
{
	bool exists = side->test == 0;

	if (offset == TEST)
		return side->test;
	if (offset == WIDTH)
		return exists ? TEST_WIDTH : 0;
	if (offset < OFFSET || !exists || offset >= TARGET)
		return 0;
	if (offset < DATA)
		return byte_of(TARGET, offset - OFFSET);
	if (offset < COUNT)
		return byte_of(TEST_DATA, offset - DATA);
	if (offset < NAME)
		return byte_of(side->count, offset - COUNT);
	return offset - NAME < strlen(name) ? (uint8_t)name[offset - NAME] : 0;
}

static uint64_t side_read(const struct pci_testdev_side *side, const char *name, uint64_t offset,
			  unsigned size)
{
	uint64_t value = 0;

	for (unsigned i = 0; i < size; i++)
		value |= (uint64_t)read_byte(side, name, offset + i) << (8 * i);
	return value;
}

static void side_write(struct pci_testdev_side *side, uint64_t offset, unsigned size,
		       uint64_t value)
{
	if (offset == TEST) {
		side->test = (uint8_t)value;
		side->count = 0;
	} else if (side->test == 0 && offset == TARGET && size == TEST_WIDTH &&
		   (uint8_t)value == TEST_DATA) {
		side->count++;
	}
}

static uint64_t memory_read(void *opaque, uint64_t offset, unsigned size)
{
	const struct pci_testdev *testdev = opaque;

	return side_read(&testdev->memory, "mmio", offset, size);
}

static void memory_write(void *opaque, uint64_t offset, unsigned size, uint64_t value)
{
	struct pci_testdev *testdev = opaque;

	side_write(&testdev->memory, offset, size, value);
}

static uint32_t port_read(void *opaque, unsigned offset, unsigned size)
{
	const struct pci_testdev *testdev = opaque;

	return (uint32_t)side_read(&testdev->io, "portio", offset, size);
}

static void port_write(void *opaque, unsigned offset, unsigned size, uint32_t value)
{
	struct pci_testdev *testdev = opaque;

	side_write(&testdev->io, offset, size, value);
}

void pci_testdev_reset(struct pci_testdev *testdev)
{
	memset(testdev, 0, sizeof(*testdev));
}

bool pci_testdev_init(struct pci_testdev *testdev, struct pci_host *host, unsigned device)
{
	pci_testdev_reset(testdev);
	if (!pci_add(host, device, PCI_TESTDEV_VENDOR, PCI_TESTDEV_DEVICE, PCI_CLASS_OTHER))
		return false;
	pci_set_region(host, device, 0, PCI_MEMORY, PCI_TESTDEV_MEMORY_BASE,
		       PCI_TESTDEV_MEMORY_SIZE);
	pci_set_region(host, device, 1, PCI_IO, PCI_TESTDEV_IO_BASE, PCI_TESTDEV_IO_SIZE);
	return true;
}

struct mem_device pci_testdev_memory(struct pci_testdev *testdev)
{
	return (struct mem_device){ memory_read, memory_write, testdev };
}

struct port_device pci_testdev_ports(struct pci_testdev *testdev)
{
	return (struct port_device){ port_read, port_write, testdev, 1 | 2 | 4 };
}
