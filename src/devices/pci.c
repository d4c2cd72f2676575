/* SPDX-License-Identifier: MIT */
#include "devices/pci.h"

#include <string.h>

#define ADDRESS_ENABLE 0x80000000u
#define ADDRESS_WRITABLE 0x80ffffffu
#define DATA_OFFSET 4u

#define CONFIG_VENDOR 0x00
#define CONFIG_DEVICE 0x02
#define CONFIG_COMMAND 0x04
#define CONFIG_CLASS 0x09
#define CONFIG_REGION 0x10
#define CONFIG_LINE 0x3c
#define COMMAND_WRITABLE 0x0547u
#define COMMAND_DECODE 0x3u /* ports and memory */
#define REGION_IO_FLAGS 0x3u
#define REGION_MEMORY_FLAGS 0xfu

#define HOST_BRIDGE_VENDOR 0x8086
#define HOST_BRIDGE_DEVICE 0x1237
#define HOST_BRIDGE_CLASS 0x060000

static void put(uint8_t *bytes, unsigned offset, unsigned size, uint32_t value)
{
	for (unsigned i = 0; i < size; i++)
		bytes[offset + i] = (uint8_t)(value >> (8 * i));
}

/* The function that CF8H points at, or NULL. */
static struct pci_function *selected(struct pci_host *host)
{
	uint32_t address = host->address;
	struct pci_function *function = &host->device[address >> 11 & (PCI_DEVICES - 1)];

	/* Bus 0 and function 0 only. */
	if (!(address & ADDRESS_ENABLE) || (address & 0x00ff0700) || !function->present)
		return NULL;
	return function;
}

/*
 * Byte @i of an access at CFCH + @byte. Chip sets drop the low bits of CF8H; QEMU lets them select
 * a byte as well, and kvm-unit-tests count on it.
 */
static uint8_t config_offset(const struct pci_host *host, unsigned byte, unsigned i)
{
	return (uint8_t)(((host->address & 0xff) | byte) + i);
}

static uint8_t read_data(struct pci_host *host, uint8_t offset)
{
	const struct pci_function *function = selected(host);

	return function ? function->config[offset] : 0xff;
}

static void write_data(struct pci_host *host, uint8_t offset, uint8_t value)
{
	struct pci_function *function = selected(host);
	uint8_t mask;

	if (!function)
		return;
	mask = function->writable[offset];
	function->config[offset] = (uint8_t)((function->config[offset] & ~mask) | (value & mask));
}

static bool is_reset(const struct pci_host *host, unsigned offset, unsigned size)
{
	return host->reset && offset == RESET_CONTROL_PORT - PCI_PORT && size == 1;
}

/* Only a dword reaches CF8H itself. */
static uint32_t pci_read(void *opaque, unsigned offset, unsigned size)
{
	struct pci_host *host = opaque;
	uint32_t value = 0;

	if (is_reset(host, offset, size)) {
		struct port_device control = reset_control_ports(host->reset);

		return control.read(control.opaque, 0, 1);
	}
	if (offset < DATA_OFFSET)
		return offset == 0 && size == 4 ? host->address : 0xffffffff;
	for (unsigned i = 0; i < size && offset + i < PCI_PORTS; i++)
		value |= (uint32_t)read_data(host, config_offset(host, offset - DATA_OFFSET, i))
			 << (8 * i);
	return value;
}

static void pci_write(void *opaque, unsigned offset, unsigned size, uint32_t value)
{
	struct pci_host *host = opaque;

	if (is_reset(host, offset, size)) {
		struct port_device control = reset_control_ports(host->reset);

		control.write(control.opaque, 0, 1, value);
		return;
	}
	if (offset == 0 && size == 4)
		host->address = value & ADDRESS_WRITABLE;
	if (offset < DATA_OFFSET)
		return;
	for (unsigned i = 0; i < size && offset + i < PCI_PORTS; i++)
		write_data(host, config_offset(host, offset - DATA_OFFSET, i),
			   (uint8_t)(value >> (8 * i)));
}

bool pci_add(struct pci_host *host, unsigned device, uint16_t vendor, uint16_t id, uint32_t class)
{
	struct pci_function *function;

	if (device >= PCI_DEVICES || host->device[device].present)
		return false;
	function = &host->device[device];
	memset(function, 0, sizeof(*function));
	function->present = true;
	put(function->config, CONFIG_VENDOR, 2, vendor);
	put(function->config, CONFIG_DEVICE, 2, id);
	put(function->config, CONFIG_CLASS, 3, class);
	put(function->config, CONFIG_COMMAND, 2, COMMAND_DECODE);
	put(function->writable, CONFIG_COMMAND, 2, COMMAND_WRITABLE);
	function->writable[CONFIG_LINE] = 0xff;
	return true;
}

void pci_set_region(struct pci_host *host, unsigned device, unsigned region, enum pci_region kind,
		    uint32_t base, uint32_t size)
{
	uint32_t flags = kind == PCI_IO ? REGION_IO_FLAGS : REGION_MEMORY_FLAGS;
	struct pci_function *function;

	if (device >= PCI_DEVICES || region > 5)
		return;
	function = &host->device[device];
	put(function->config, CONFIG_REGION + 4 * region, 4, (base & ~flags) | kind);
	put(function->writable, CONFIG_REGION + 4 * region, 4, ~(size - 1) & ~flags);
}

void pci_reset(struct pci_host *host)
{
	host->address = 0;
}

void pci_init(struct pci_host *host, struct reset *reset)
{
	memset(host, 0, sizeof(*host));
	host->reset = reset;
	pci_add(host, 0, HOST_BRIDGE_VENDOR, HOST_BRIDGE_DEVICE, HOST_BRIDGE_CLASS);
}

struct port_device pci_ports(struct pci_host *host)
{
	return (struct port_device){ pci_read, pci_write, host, 1 | 2 | 4 };
}
