/* SPDX-License-Identifier: MIT */
#ifndef UDV_DEVICES_I8042_H
#define UDV_DEVICES_I8042_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "devices/irq.h"
#include "devices/reset.h"
#include "mem/ports.h"

/*
 * A keyboard controller with nothing plugged in: its own commands are answered, what is sent to a
 * keyboard or mouse is not. It takes every byte at once, so "input buffer full" is never set.
 */

#define I8042_DATA_PORT 0x60
#define I8042_COMMAND_PORT 0x64

struct i8042 {
	uint8_t mode;	 /* the command byte: bit 0 interrupt 1, bit 2 system flag */
	uint8_t outport; /* bit 0 is the reset line, active low; bit 1 A20 */
	uint8_t command; /* whose parameter comes next at 60H, or 0 */
	uint8_t output;
	bool full;	    /* output waits to be read */
	bool wrote_command; /* the last write was to 64H */
	struct irq_pin irq;
	struct reset *reset;
};
#define I8042_STATE offsetof(struct i8042, irq)

void i8042_init(struct i8042 *kbc, struct irq_pin irq, struct reset *reset);
void i8042_reset(struct i8042 *kbc);

struct port_device i8042_data_ports(struct i8042 *kbc);
struct port_device i8042_command_ports(struct i8042 *kbc);

#endif
