/* SPDX-License-Identifier: MIT */
#include "devices/i8042.h"

#define STATUS_FULL 0x1u
#define STATUS_SYSTEM 0x4u
#define STATUS_COMMAND 0x8u
#define STATUS_UNLOCKED 0x10u

#define MODE_INTERRUPT 0x1u
#define MODE_SYSTEM 0x4u
#define MODE_KEYBOARD_OFF 0x10u
#define MODE_MOUSE_OFF 0x20u

#define OUTPORT_NO_RESET 0x1u
#define OUTPORT_A20 0x2u
#define OUTPORT_PINS 0xccu /* what always reads as one */

enum {
	READ_MODE = 0x20,
	WRITE_MODE = 0x60,
	MOUSE_OFF = 0xa7,
	MOUSE_ON = 0xa8,
	TEST_MOUSE_PORT = 0xa9,
	SELF_TEST = 0xaa,
	TEST_KEYBOARD_PORT = 0xab,
	KEYBOARD_OFF = 0xad,
	KEYBOARD_ON = 0xae,
	READ_INPUT_PORT = 0xc0,
	READ_OUTPUT_PORT = 0xd0,
	WRITE_OUTPUT_PORT = 0xd1,
	WRITE_OUTPUT_BUFFER = 0xd2,
	PULSE = 0xf0, /* to ff: the lines whose bit is 0 */
};

#define SELF_TEST_PASSED 0x55
#define PORT_TEST_PASSED 0x00

static void update_irq(struct i8042 *kbc)
{
	irq_set(&kbc->irq, kbc->full && (kbc->mode & MODE_INTERRUPT));
}

static void answer(struct i8042 *kbc, uint8_t value)
{
	kbc->output = value;
	kbc->full = true;
}

static void write_outport(struct i8042 *kbc, uint8_t value)
{
	kbc->outport = value | OUTPORT_PINS;
	if (!(value & OUTPORT_NO_RESET))
		reset_request(kbc->reset, RESET_PROCESSORS);
}

/* The ports' clocks: a bit of the mode is set while one is stopped. */
static void stop_port(struct i8042 *kbc, uint8_t bit, bool stop)
{
	kbc->mode = stop ? kbc->mode | bit : kbc->mode & (uint8_t)~bit;
}

static void do_command(struct i8042 *kbc, uint8_t command)
{
	kbc->command = 0;
	switch (command) {
	case READ_MODE:
		answer(kbc, kbc->mode);
		break;
	case SELF_TEST:
		kbc->mode |= MODE_SYSTEM;
		answer(kbc, SELF_TEST_PASSED);
		break;
	case TEST_KEYBOARD_PORT:
	case TEST_MOUSE_PORT:
		answer(kbc, PORT_TEST_PASSED);
		break;
	case KEYBOARD_OFF:
	case KEYBOARD_ON:
		stop_port(kbc, MODE_KEYBOARD_OFF, command == KEYBOARD_OFF);
		break;
	case MOUSE_OFF:
	case MOUSE_ON:
		stop_port(kbc, MODE_MOUSE_OFF, command == MOUSE_OFF);
		break;
	case READ_INPUT_PORT:
		answer(kbc, 0x80); /* not locked */
		break;
	case READ_OUTPUT_PORT:
		answer(kbc, kbc->outport);
		break;
	case WRITE_MODE:
	case WRITE_OUTPUT_PORT:
	case WRITE_OUTPUT_BUFFER:
		kbc->command = command;
		break;
	default:
		if (command >= PULSE && !(command & OUTPORT_NO_RESET))
			reset_request(kbc->reset, RESET_PROCESSORS);
	}
}

static void do_parameter(struct i8042 *kbc, uint8_t value)
{
	switch (kbc->command) {
	case WRITE_MODE:
		kbc->mode = value;
		break;
	case WRITE_OUTPUT_PORT:
		write_outport(kbc, value);
		break;
	case WRITE_OUTPUT_BUFFER:
		answer(kbc, value);
		break;
	}
	kbc->command = 0;
}

static uint32_t data_read(void *opaque, unsigned offset, unsigned size)
{
	struct i8042 *kbc = opaque;

	(void)offset;
	(void)size;
	kbc->full = false;
	update_irq(kbc);
	return kbc->output;
}

static void data_write(void *opaque, unsigned offset, unsigned size, uint32_t value)
{
	struct i8042 *kbc = opaque;

	(void)offset;
	(void)size;
	kbc->wrote_command = false;
	do_parameter(kbc, (uint8_t)value);
	update_irq(kbc);
}

static uint32_t status_read(void *opaque, unsigned offset, unsigned size)
{
	const struct i8042 *kbc = opaque;

	(void)offset;
	(void)size;
	return STATUS_UNLOCKED | (kbc->full ? STATUS_FULL : 0) |
	       (kbc->mode & MODE_SYSTEM ? STATUS_SYSTEM : 0) |
	       (kbc->wrote_command ? STATUS_COMMAND : 0);
}

static void command_write(void *opaque, unsigned offset, unsigned size, uint32_t value)
{
	struct i8042 *kbc = opaque;

	(void)offset;
	(void)size;
	kbc->wrote_command = true;
	do_command(kbc, (uint8_t)value);
	update_irq(kbc);
}

void i8042_reset(struct i8042 *kbc)
{
	kbc->mode = MODE_SYSTEM; /* firmware has tested it */
	kbc->outport = OUTPORT_PINS | OUTPORT_NO_RESET | OUTPORT_A20;
	kbc->command = kbc->output = 0;
	kbc->full = kbc->wrote_command = false;
	update_irq(kbc);
}

void i8042_init(struct i8042 *kbc, struct irq_pin irq, struct reset *reset)
{
	kbc->irq = irq;
	kbc->reset = reset;
	i8042_reset(kbc);
}

struct port_device i8042_data_ports(struct i8042 *kbc)
{
	return (struct port_device){ data_read, data_write, kbc, 1 };
}

struct port_device i8042_command_ports(struct i8042 *kbc)
{
	return (struct port_device){ status_read, command_write, kbc, 1 };
}
