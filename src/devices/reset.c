/* SPDX-License-Identifier: MIT */
#include "devices/reset.h"

#define SYSTEM_FAST_RESET 0x1u
#define SYSTEM_A20 0x2u
#define CONTROL_MACHINE 0x2u
#define CONTROL_RESET 0x4u
#define CONTROL_WRITABLE 0xeu

void reset_request(struct reset *reset, enum reset_kind kind)
{
	if (reset->request)
		reset->request(reset->opaque, kind);
}

static uint32_t system_read(void *opaque, unsigned offset, unsigned size)
{
	(void)offset;
	(void)size;
	return ((struct reset *)opaque)->system;
}

static void system_write(void *opaque, unsigned offset, unsigned size, uint32_t value)
{
	struct reset *reset = opaque;
	bool rises = (value & ~(uint32_t)reset->system) & SYSTEM_FAST_RESET;

	(void)offset;
	(void)size;
	reset->system = (uint8_t)value;
	if (rises)
		reset_request(reset, RESET_PROCESSORS);
}

static uint32_t control_read(void *opaque, unsigned offset, unsigned size)
{
	(void)offset;
	(void)size;
	return ((struct reset *)opaque)->control;
}

static void control_write(void *opaque, unsigned offset, unsigned size, uint32_t value)
{
	struct reset *reset = opaque;
	bool rises = (value & ~(uint32_t)reset->control) & CONTROL_RESET;

	(void)offset;
	(void)size;
	reset->control = value & CONTROL_WRITABLE;
	if (!rises)
		return;
	reset->control &= (uint8_t)~CONTROL_RESET; /* it is over when software runs again */
	reset_request(reset, value & CONTROL_MACHINE ? RESET_MACHINE : RESET_PROCESSORS);
}

void reset_reset(struct reset *reset)
{
	reset->system = SYSTEM_A20;
	reset->control = 0;
}

void reset_init(struct reset *reset, void (*request)(void *opaque, enum reset_kind kind),
		void *opaque)
{
	reset->request = request;
	reset->opaque = opaque;
	reset_reset(reset);
}

struct port_device reset_system_ports(struct reset *reset)
{
	return (struct port_device){ system_read, system_write, reset, 1 };
}

struct port_device reset_control_ports(struct reset *reset)
{
	return (struct port_device){ control_read, control_write, reset, 1 };
}
