/* SPDX-License-Identifier: MIT */
#include "devices/ioapic.h"

#include <string.h>

/* The page */
#define OFFSET_SELECT 0x00u
#define OFFSET_WINDOW 0x10u
#define OFFSET_EOI 0x40u

/* What the window shows */
#define REG_ID 0x00u
#define REG_VERSION 0x01u
#define REG_ARBITRATION 0x02u
#define REG_TABLE 0x10u
#define ID_SHIFT 24
#define ID_MASK 0xfu

/* A redirection entry */
#define ENTRY_MODE_SHIFT 8
#define ENTRY_LOGICAL 0x800ull
#define ENTRY_REMOTE_IRR 0x4000ull
#define ENTRY_LEVEL 0x8000ull
#define ENTRY_MASKED 0x10000ull
#define ENTRY_WRITABLE_LOW 0x1afffull
#define ENTRY_WRITABLE_HIGH 0xff00000000000000ull
#define ENTRY_DESTINATION_SHIFT 56
#define BROADCAST 0xffu

static void deliver(struct ioapic *ioapic, unsigned pin)
{
	uint64_t *entry = &ioapic->entry[pin];
	uint32_t destination = (uint32_t)(*entry >> ENTRY_DESTINATION_SHIFT);
	bool level = *entry & ENTRY_LEVEL;
	struct apic_message message = {
		.destination = destination,
		.vector = (uint8_t)*entry,
		.mode = *entry >> ENTRY_MODE_SHIFT & 7,
		.logical = *entry & ENTRY_LOGICAL,
		.level = level,
		.broadcast = destination == BROADCAST,
	};

	if (apic_bus_send(ioapic->bus, &message) && level)
		*entry |= ENTRY_REMOTE_IRR;
}

/* Delivers a level that waits. */
static void look_at_level(struct ioapic *ioapic, unsigned pin)
{
	uint64_t relevant = ioapic->entry[pin] & (ENTRY_LEVEL | ENTRY_MASKED | ENTRY_REMOTE_IRR);

	if (relevant == ENTRY_LEVEL && (ioapic->lines >> pin & 1))
		deliver(ioapic, pin);
}

void ioapic_set_pin(void *opaque, unsigned pin, bool level)
{
	struct ioapic *ioapic = opaque;
	uint32_t bit;
	bool rises;

	if (pin >= IOAPIC_PINS)
		return;
	bit = 1u << pin;
	rises = level && !(ioapic->lines & bit);
	ioapic->lines = level ? ioapic->lines | bit : ioapic->lines & ~bit;
	if (ioapic->entry[pin] & ENTRY_LEVEL)
		look_at_level(ioapic, pin);
	else if (rises && !(ioapic->entry[pin] & ENTRY_MASKED))
		deliver(ioapic, pin);
}

void ioapic_eoi(void *opaque, uint8_t vector)
{
	struct ioapic *ioapic = opaque;

	for (unsigned pin = 0; pin < IOAPIC_PINS; pin++) {
		uint64_t *entry = &ioapic->entry[pin];

		if (!(*entry & ENTRY_REMOTE_IRR) || (uint8_t)*entry != vector)
			continue;
		*entry &= ~ENTRY_REMOTE_IRR;
		look_at_level(ioapic, pin);
	}
}

static void write_entry(struct ioapic *ioapic, unsigned reg, uint32_t value)
{
	unsigned pin = (reg - REG_TABLE) / 2;
	uint64_t *entry = &ioapic->entry[pin];

	if ((reg - REG_TABLE) & 1)
		*entry = (*entry & ~ENTRY_WRITABLE_HIGH) |
			 ((uint64_t)value << 32 & ENTRY_WRITABLE_HIGH);
	else
		*entry = (*entry & ~ENTRY_WRITABLE_LOW) | (value & ENTRY_WRITABLE_LOW);
	if (!(*entry & ENTRY_LEVEL))
		*entry &= ~ENTRY_REMOTE_IRR;
	look_at_level(ioapic, pin);
}

static bool is_entry(unsigned reg)
{
	return reg >= REG_TABLE && reg < REG_TABLE + 2 * IOAPIC_PINS;
}

static void write_window(struct ioapic *ioapic, uint32_t value)
{
	if (ioapic->select == REG_ID)
		ioapic->id = value >> ID_SHIFT & ID_MASK;
	else if (is_entry(ioapic->select))
		write_entry(ioapic, ioapic->select, value);
}

static uint32_t read_window(const struct ioapic *ioapic)
{
	unsigned reg = ioapic->select;

	switch (reg) {
	case REG_ID:
	case REG_ARBITRATION:
		return (uint32_t)ioapic->id << ID_SHIFT;
	case REG_VERSION:
		return IOAPIC_VERSION;
	}
	if (!is_entry(reg))
		return 0;
	return (uint32_t)(ioapic->entry[(reg - REG_TABLE) / 2] >> (reg & 1 ? 32 : 0));
}

/* Narrow reads get what they lie on; of the registers, only the select takes narrow writes. */
static uint64_t ioapic_read(void *opaque, uint64_t offset, unsigned size)
{
	const struct ioapic *ioapic = opaque;
	unsigned byte = offset & 15;
	uint64_t value;

	if (byte > 3)
		return 0;
	switch (offset - byte) {
	case OFFSET_SELECT:
		value = ioapic->select;
		break;
	case OFFSET_WINDOW:
		value = read_window(ioapic);
		break;
	default:
		value = 0;
	}
	return value >> (8 * byte) & (~0ull >> (64 - 8 * size));
}

static void ioapic_write(void *opaque, uint64_t offset, unsigned size, uint64_t value)
{
	struct ioapic *ioapic = opaque;

	if (offset == OFFSET_SELECT)
		ioapic->select = (uint8_t)value;
	else if (offset == OFFSET_WINDOW && size == 4)
		write_window(ioapic, (uint32_t)value);
	else if (offset == OFFSET_EOI)
		ioapic_eoi(ioapic, (uint8_t)value);
}

void ioapic_reset(struct ioapic *ioapic)
{
	ioapic->id = ioapic->select = 0;
	for (unsigned pin = 0; pin < IOAPIC_PINS; pin++)
		ioapic->entry[pin] = ENTRY_MASKED;
}

void ioapic_init(struct ioapic *ioapic, struct apic_bus *bus)
{
	memset(ioapic, 0, sizeof(*ioapic));
	ioapic->bus = bus;
	ioapic_reset(ioapic);
}

struct mem_device ioapic_memory(struct ioapic *ioapic)
{
	return (struct mem_device){ ioapic_read, ioapic_write, ioapic };
}
