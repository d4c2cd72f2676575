/* SPDX-License-Identifier: MIT */
#ifndef UDV_DEVICES_RESET_H
#define UDV_DEVICES_RESET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "mem/ports.h"

/*
 * The ways software resets a PC: system control port 92H, reset control port CF9H, and the
 * keyboard controller (i8042.h), which all end in the one callback. Address line 20 is never
 * masked, whatever port 92H says.
 */

#define RESET_SYSTEM_PORT 0x92
#define RESET_CONTROL_PORT 0xcf9 /* inside the PCI configuration ports: see pci.h */

enum reset_kind {
	RESET_PROCESSORS, /* INIT to all of them */
	RESET_MACHINE,
};

struct reset {
	uint8_t system;	 /* port 92H: bit 0 fast reset, bit 1 A20 */
	uint8_t control; /* port CF9H: bit 1 the machine too, bit 2 reset on a rise */
	/* The call returns to the guest: the reset itself is for later. */
	void (*request)(void *opaque, enum reset_kind kind);
	void *opaque;
};
#define RESET_STATE offsetof(struct reset, request)

void reset_init(struct reset *reset, void (*request)(void *opaque, enum reset_kind kind),
		void *opaque);
/* After RESET_MACHINE; INIT leaves the ports alone. */
void reset_reset(struct reset *reset);
void reset_request(struct reset *reset, enum reset_kind kind);

struct port_device reset_system_ports(struct reset *reset);
struct port_device reset_control_ports(struct reset *reset);

#endif
