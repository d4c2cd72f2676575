/* SPDX-License-Identifier: MIT */
#ifndef UDV_DEVICES_IOAPIC_H
#define UDV_DEVICES_IOAPIC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "apic/lapic.h"
#include "mem/space.h"

/*
 * An 82093AA with 24 pins, of version 20H: with the EOI register of later chip sets. Pins are
 * active when high, whatever the polarity bit says; ExtINT entries deliver nothing.
 *
 * An edge on a masked pin is lost. Remote IRR is set when a local APIC accepted a level-triggered
 * interrupt, and cleared by its EOI, or by making the entry edge-triggered.
 */

#define IOAPIC_BASE 0xfec00000ull
#define IOAPIC_SIZE 0x1000u
#define IOAPIC_PINS 24
#define IOAPIC_VERSION 0x170020u

struct ioapic {
	uint64_t entry[IOAPIC_PINS]; /* the redirection table */
	uint32_t lines;		     /* pins that are high */
	uint8_t id, select;
	struct apic_bus *bus;
};
#define IOAPIC_STATE offsetof(struct ioapic, bus)

void ioapic_init(struct ioapic *ioapic, struct apic_bus *bus);
void ioapic_reset(struct ioapic *ioapic);

/* Fits struct irq_lines; @opaque is the struct ioapic. */
void ioapic_set_pin(void *opaque, unsigned pin, bool level);
/* A level-triggered interrupt has ended. Fits struct apic_bus. */
void ioapic_eoi(void *opaque, uint8_t vector);

struct mem_device ioapic_memory(struct ioapic *ioapic);

#endif
