/* SPDX-License-Identifier: MIT */
#include "devices/debug_exit.h"

static uint32_t debug_exit_read(void *opaque, unsigned offset, unsigned size)
{
	(void)opaque;
	(void)offset;
	(void)size;
	return 0;
}

static void debug_exit_write(void *opaque, unsigned offset, unsigned size, uint32_t value)
{
	struct debug_exit *device = opaque;

	(void)offset;
	if (device->exit)
		device->exit(device->opaque, value, size);
}

struct port_device debug_exit_ports(struct debug_exit *device)
{
	return (struct port_device){
		.read = debug_exit_read,
		.write = debug_exit_write,
		.opaque = device,
		.sizes = 1 | 2 | 4,
	};
}
