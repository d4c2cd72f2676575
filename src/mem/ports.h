/* SPDX-License-Identifier: MIT */
#ifndef UDV_MEM_PORTS_H
#define UDV_MEM_PORTS_H

#include <stdint.h>

#include <undervisor/status.h>

/*
 * The I/O address space. A port that nobody claims reads as all ones, and writes to it are lost.
 * An access of 2 or 4 bytes goes as a whole to a range that takes this size at this port, else
 * it is split into bytes.
 */
struct port_device {
	/* @offset: from the first port of the range; @size: 1, 2 or 4. */
	uint32_t (*read)(void *opaque, unsigned offset, unsigned size);
	void (*write)(void *opaque, unsigned offset, unsigned size, uint32_t value);
	void *opaque;
	uint8_t sizes; /* OR of 1, 2 and 4: what it takes as a whole */
};

#define PORTS_MAX_RANGES 48

struct port_range {
	uint16_t base, count;
	struct port_device device;
};

struct port_space {
	struct port_range range[PORTS_MAX_RANGES];
	unsigned nr_ranges;
};

/* UDV_ERR_ARGUMENT if a port is taken, UDV_ERR_NO_MEMORY if there is no room. */
enum udv_status ports_add(struct port_space *ports, uint16_t base, uint16_t count,
			  const struct port_device *device);

uint32_t ports_read(const struct port_space *ports, uint16_t port, unsigned size);
void ports_write(const struct port_space *ports, uint16_t port, unsigned size, uint32_t value);

#endif
