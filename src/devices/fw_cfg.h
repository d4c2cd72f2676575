/* SPDX-License-Identifier: MIT */
#ifndef UDV_DEVICES_FW_CFG_H
#define UDV_DEVICES_FW_CFG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "mem/ports.h"

/*
 * QEMU's firmware configuration device: a key written to port 510H selects an item, which is read
 * byte by byte at 511H. There is no DMA interface, and item 1 says so. Past its end an item reads
 * as zeros, as does one that does not exist.
 */

#define FW_CFG_PORT 0x510
#define FW_CFG_PORTS 2

enum fw_cfg_key {
	FW_CFG_SIGNATURE = 0x00,
	FW_CFG_ID = 0x01,
	FW_CFG_RAM_SIZE = 0x03,	   /* 8 bytes */
	FW_CFG_NO_GRAPHIC = 0x04,  /* 2 */
	FW_CFG_NB_CPUS = 0x05,	   /* 2 */
	FW_CFG_KERNEL_SIZE = 0x08, /* 4 */
	FW_CFG_INITRD_ADDRESS = 0x0a,
	FW_CFG_INITRD_SIZE = 0x0b,
	FW_CFG_NUMA = 0x0d,
	FW_CFG_BOOT_MENU = 0x0e,
	FW_CFG_MAX_CPUS = 0x0f, /* 2 */
	FW_CFG_COMMAND_LINE_SIZE = 0x14,
	FW_CFG_COMMAND_LINE = 0x15,
	FW_CFG_DIRECTORY = 0x19,
	FW_CFG_FIRST_FILE = 0x20,
};

#define FW_CFG_MAX_ITEMS 48
#define FW_CFG_NAME 56 /* of a file, with its end */

struct fw_cfg_item {
	uint16_t key;
	uint32_t size;
	const uint8_t *data; /* the caller's; NULL: the number */
	uint8_t number[8];   /* little-endian */
	char name[FW_CFG_NAME];
};

struct fw_cfg {
	uint16_t selected;
	uint32_t position;
	unsigned nr_items, nr_files;
	struct fw_cfg_item item[FW_CFG_MAX_ITEMS];
};
#define FW_CFG_STATE offsetof(struct fw_cfg, nr_items)

/* With signature and ID only. */
void fw_cfg_init(struct fw_cfg *cfg);

/*
 * These return false if there is no room, or the key or name is taken or no good. @data must
 * outlive the device.
 */
bool fw_cfg_add_number(struct fw_cfg *cfg, uint16_t key, unsigned size, uint64_t value);
bool fw_cfg_add_bytes(struct fw_cfg *cfg, uint16_t key, const void *data, uint32_t size);
bool fw_cfg_add_file(struct fw_cfg *cfg, const char *name, const void *data, uint32_t size);

struct port_device fw_cfg_ports(struct fw_cfg *cfg);

#endif
