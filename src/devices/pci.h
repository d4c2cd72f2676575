/* SPDX-License-Identifier: MIT */
#ifndef UDV_DEVICES_PCI_H
#define UDV_DEVICES_PCI_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "devices/reset.h"
#include "mem/ports.h"

/*
 * PCI configuration by ports CF8H and CFCH, for bus 0 with the first function of each device. A
 * function is 256 bytes and the bits of them that can be written; it has no hooks: regions stay
 * where the machine put them, whatever its base address registers say, and those can be sized.
 * Device 0 is a host bridge. What is not there reads as all ones.
 */

#define PCI_PORT 0xcf8
#define PCI_PORTS 8
#define PCI_DEVICES 32

struct pci_function {
	bool present;
	uint8_t config[256];
	uint8_t writable[256];
};

struct pci_host {
	struct pci_function device[PCI_DEVICES];
	uint32_t address;    /* CF8H */
	struct reset *reset; /* port CF9H lies in the middle; may be NULL */
};
#define PCI_STATE offsetof(struct pci_host, reset)

enum pci_region {
	PCI_MEMORY = 0x0,
	PCI_IO = 0x1,
};

void pci_init(struct pci_host *host, struct reset *reset);
void pci_reset(struct pci_host *host);

/* @class: 24 bits, class to programming interface. False if there is a device already. */
bool pci_add(struct pci_host *host, unsigned device, uint16_t vendor, uint16_t id, uint32_t class);
/* Region 0..5 of @size bytes, a power of two from 16 (4 for ports), at @base. */
void pci_set_region(struct pci_host *host, unsigned device, unsigned region, enum pci_region kind,
		    uint32_t base, uint32_t size);

struct port_device pci_ports(struct pci_host *host);

#endif
