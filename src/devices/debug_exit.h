/* SPDX-License-Identifier: MIT */
#ifndef UDV_DEVICES_DEBUG_EXIT_H
#define UDV_DEVICES_DEBUG_EXIT_H

#include <stdint.h>

#include "mem/ports.h"

/* A port that a test writes its exit code to. QEMU has it at F4H, four ports wide. */

#define DEBUG_EXIT_PORT 0xf4
#define DEBUG_EXIT_PORTS 4

struct debug_exit {
	/* @value as written, zero-extended from @size. The call returns to the guest. */
	void (*exit)(void *opaque, uint32_t value, unsigned size);
	void *opaque;
};

struct port_device debug_exit_ports(struct debug_exit *device);

#endif
