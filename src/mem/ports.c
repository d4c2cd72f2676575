/* SPDX-License-Identifier: MIT */
#include "mem/ports.h"

#include <stddef.h>

enum udv_status ports_add(struct port_space *ports, uint16_t base, uint16_t count,
			  const struct port_device *device)
{
	if (!count || (uint32_t)base + count > 0x10000)
		return UDV_ERR_ARGUMENT;
	for (unsigned i = 0; i < ports->nr_ranges; i++) {
		const struct port_range *range = &ports->range[i];

		if (base < range->base + range->count && range->base < base + count)
			return UDV_ERR_ARGUMENT;
	}
	if (ports->nr_ranges == PORTS_MAX_RANGES)
		return UDV_ERR_NO_MEMORY;
	ports->range[ports->nr_ranges++] =
		(struct port_range){ .base = base, .count = count, .device = *device };
	return UDV_OK;
}

/* The range that takes an access of @size at @port as a whole, or NULL. */
static const struct port_range *find(const struct port_space *ports, uint32_t port, unsigned size)
{
	for (unsigned i = 0; i < ports->nr_ranges; i++) {
		const struct port_range *range = &ports->range[i];

		if (port - range->base < range->count)
			return range->count - (port - range->base) >= size &&
					       range->device.sizes & size
				       ? range
				       : NULL;
	}
	return NULL;
}

uint32_t ports_read(const struct port_space *ports, uint16_t port, unsigned size)
{
	const struct port_range *range = find(ports, port, size);
	uint32_t value = 0;

	if (range && range->device.read) {
		value = range->device.read(range->device.opaque, (unsigned)port - range->base,
					   size);
		return size == 4 ? value : value & ((1u << 8 * size) - 1);
	}
	if (size == 1)
		return 0xff;
	for (unsigned i = 0; i < size; i++)
		value |= ports_read(ports, (uint16_t)(port + i), 1) << 8 * i;
	return value;
}

void ports_write(const struct port_space *ports, uint16_t port, unsigned size, uint32_t value)
{
	const struct port_range *range = find(ports, port, size);

	if (range) {
		if (range->device.write)
			range->device.write(range->device.opaque, (unsigned)port - range->base,
					    size, value);
		return;
	}
	for (unsigned i = 0; size > 1 && i < size; i++)
		ports_write(ports, (uint16_t)(port + i), 1, value >> 8 * i & 0xff);
}
