/* SPDX-License-Identifier: MIT */
#ifndef UDV_DEVICES_PCI_TESTDEV_H
#define UDV_DEVICES_PCI_TESTDEV_H

#include <stdint.h>

#include "devices/pci.h"
#include "mem/ports.h"
#include "mem/space.h"

/*
 * QEMU's pci-testdev, as far as it measures accesses: region 0 in memory and region 1 in ports
 * each describe one test: software writes "data" in "width" bytes at "offset", and "count" says
 * how often it did. Selecting a test clears the count; one that does not exist has width 0.
 */

#define PCI_TESTDEV_VENDOR 0x1b36
#define PCI_TESTDEV_DEVICE 0x0005
#define PCI_TESTDEV_MEMORY_BASE 0xfebf0000u
#define PCI_TESTDEV_MEMORY_SIZE 0x1000u
#define PCI_TESTDEV_IO_BASE 0xc000u
#define PCI_TESTDEV_IO_SIZE 0x100u

struct pci_testdev_side {
	uint8_t test;
	uint32_t count;
};

struct pci_testdev {
	struct pci_testdev_side memory, io;
};

void pci_testdev_reset(struct pci_testdev *testdev);
/* Makes it known at @device of the bus, with its regions at the places above. */
bool pci_testdev_init(struct pci_testdev *testdev, struct pci_host *host, unsigned device);

struct mem_device pci_testdev_memory(struct pci_testdev *testdev);
struct port_device pci_testdev_ports(struct pci_testdev *testdev);

#endif
