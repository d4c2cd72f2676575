/* SPDX-License-Identifier: MIT */
#ifndef UDV_DEVICES_VTD_H
#define UDV_DEVICES_VTD_H

#include <stdbool.h>
#include <stdint.h>

#include "mem/space.h"

/*
 * A remapping unit for DMA, by the registers that software programs it with: Intel Virtualization
 * Technology for Directed I/O, "Register Descriptions". It stands in front of the PCI bus, where no
 * device of this machine is a bus master: so nothing is ever translated, no fault is ever recorded,
 * and every invalidation is done at once. Hypervisors insist on one before they give their first
 * domain memory of its own (Xen: a PVH dom0).
 *
 * The devices that do DMA are virtio's, which are on no bus and behind no unit, as the DMAR says:
 * their addresses are the machine's.
 *
 * There is no queued invalidation, no interrupt remapping and no advanced fault logging.
 */
#define VTD_BASE 0xfed90000ull
#define VTD_SIZE 0x1000u
#define VTD_REGISTERS 0x240u

struct vtd {
	uint64_t word[VTD_REGISTERS / 8];
};

#define VTD_STATE sizeof(struct vtd)

void vtd_init(struct vtd *vtd);
struct mem_device vtd_memory(struct vtd *vtd);

#endif
