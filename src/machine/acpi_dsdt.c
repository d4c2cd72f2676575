/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "machine/load.h"

/*
 * What the DSDT says, in AML: ACPI Specification 6.5, 20 "ACPI Machine Language (AML)
 *Specification", and 6.4 "Resource Data Types for ACPI". As ASL:
 *
 *	Name (_S5, Package () { 0, 0, 0, 0 })
 *	Scope (\_SB) {
 *		Device (VR00) {				// for each virtio window that has a device
 *			Name (_HID, "LNRO0005")
 *			Name (_UID, 0)
 *			Name (_CRS, ResourceTemplate () {
 *				Memory32Fixed (ReadWrite, 0xD0000000, 0x00001000)
 *				Interrupt (ResourceConsumer, Level, ActiveHigh, Exclusive) { 16 }
 *			})
 *		}
 *	}
 */

#define AML_ZERO 0x00u
#define AML_NAME 0x08u
#define AML_BYTE 0x0au
#define AML_STRING 0x0du
#define AML_SCOPE 0x10u
#define AML_BUFFER 0x11u
#define AML_PACKAGE 0x12u
#define AML_EXTENDED 0x5bu
#define AML_DEVICE 0x82u /* behind AML_EXTENDED */

#define RESOURCE_MEMORY32_FIXED 0x86u
#define RESOURCE_INTERRUPT 0x89u
#define RESOURCE_END 0x79u
#define MEMORY_WRITABLE 0x1u
#define INTERRUPT_CONSUMER                                                                         \
	0x1u /* level-triggered, active high, exclusive: the other bits clear                      \
	      */

struct aml {
	uint8_t *data;
	uint32_t used, room;
};

static void put(struct aml *aml, uint64_t value, unsigned size)
{
	for (unsigned i = 0; i < size && aml->used < aml->room; i++)
		aml->data[aml->used++] = (uint8_t)(value >> (8 * i));
}

/* Name segments have four characters; @text may have what stands before them, too. */
static void put_text(struct aml *aml, const char *text)
{
	while (*text)
		put(aml, (uint8_t)*text++, 1);
}

static void put_name(struct aml *aml, const char *segment)
{
	put(aml, AML_NAME, 1);
	put_text(aml, segment);
}

/*
 * A package's length counts its own bytes: these are two here, always, which does for 4095. The
 * first has the low 4 bits and how many bytes follow it. 20.2.4 "Package Length Encoding"
 */
static uint32_t begin(struct aml *aml)
{
	put(aml, 0, 2);
	return aml->used - 2;
}

static void end(struct aml *aml, uint32_t start)
{
	uint32_t length = aml->used - start;

	aml->data[start] = (uint8_t)(1u << 6 | (length & 0xf));
	aml->data[start + 1] = (uint8_t)(length >> 4);
}

static void put_sleep_state(struct aml *aml)
{
	uint32_t start;

	put_name(aml, "_S5_");
	put(aml, AML_PACKAGE, 1);
	start = begin(aml);
	put(aml, 4, 1);
	put(aml, AML_ZERO, 4);
	end(aml, start);
}

static void put_resources(struct aml *aml, uint64_t base, uint32_t size, uint32_t interrupt)
{
	static const uint8_t resources_size = 12 + 9 + 2;
	uint32_t start;

	put(aml, AML_BUFFER, 1);
	start = begin(aml);
	put(aml, AML_BYTE, 1);
	put(aml, resources_size, 1);
	put(aml, RESOURCE_MEMORY32_FIXED, 1);
	put(aml, 9, 2); /* bytes that follow, as below */
	put(aml, MEMORY_WRITABLE, 1);
	put(aml, base, 4);
	put(aml, size, 4);
	put(aml, RESOURCE_INTERRUPT, 1);
	put(aml, 6, 2);
	put(aml, INTERRUPT_CONSUMER, 1);
	put(aml, 1, 1); /* how many */
	put(aml, interrupt, 4);
	put(aml, RESOURCE_END, 1);
	put(aml, 0, 1); /* a checksum of 0 is right always */
	end(aml, start);
}

static void put_virtio(struct aml *aml, unsigned slot)
{
	char name[] = "VR00";
	uint32_t start;

	name[3] = (char)('0' + slot);
	put(aml, AML_EXTENDED, 1);
	put(aml, AML_DEVICE, 1);
	start = begin(aml);
	put_text(aml, name);
	put_name(aml, "_HID");
	put(aml, AML_STRING, 1);
	put_text(aml, "LNRO0005");
	put(aml, 0, 1);
	put_name(aml, "_UID");
	put(aml, AML_BYTE, 1);
	put(aml, slot, 1);
	put_name(aml, "_CRS");
	put_resources(aml, VIRTIO_BASE + slot * VIRTIO_MMIO_SIZE, VIRTIO_MMIO_SIZE,
		      VIRTIO_FIRST_IRQ + slot);
	end(aml, start);
}

uint32_t acpi_dsdt_body(const struct udv_machine *machine, uint8_t *data, uint32_t room)
{
	struct aml aml = { .data = data, .room = room };
	uint32_t start;

	put_sleep_state(&aml);
	put(&aml, AML_SCOPE, 1);
	start = begin(&aml);
	put_text(&aml, "\\_SB_");
	for (unsigned i = 0; i < NR_VIRTIO_SLOTS; i++)
		if (machine->virtio.slot[i])
			put_virtio(&aml, i);
	end(&aml, start);
	return aml.used;
}
