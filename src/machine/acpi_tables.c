/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "machine/load.h"

/*
 * The tables that say what is in the machine, where firmware puts them. ACPI Specification 5.2
 * "ACPI System Description Tables", with the fixed table as ACPI 2.0 has it. What the DSDT says of
 * single devices is AML that write_dsdt() puts behind its header.
 */

#define TABLES_BASE ACPI_TABLES_BASE
#define TABLES_SIZE ACPI_TABLES_SIZE

#define SCI_IRQ 9u

enum {
	RSDP_SIZE = ACPI_RSDP_SIZE,
	RSDP_OLD_SIZE = 20, /* what its first checksum is of */
	HEADER_SIZE = 36,
	FADT_SIZE = 244,
	FACS_SIZE = 64,
	MADT_HEADER = 44,
	DMAR_HEADER = 48,
	DRHD_SIZE = 16,
};

#define FADT_FLAG_WBINVD 0x1u
#define FADT_FLAG_C1 0x4u
#define FADT_FLAG_NO_POWER_BUTTON 0x10u
#define FADT_FLAG_NO_SLEEP_BUTTON 0x20u

#define FADT_FLAG_RESET 0x400u

/*
 * There are devices of an ISA bus, but no VGA and no message-signaled interrupts. The keyboard
 * controller is left out: it has no keyboard, and a kernel that looks for one waits for seconds.
 */
#define FADT_BOOT_LEGACY 0x1u
#define FADT_BOOT_NO_VGA 0x4u
#define FADT_BOOT_NO_MSI 0x8u

#define ADDRESS_IS_PORT 1u
#define RESET_VALUE 0x06u

#define MADT_PCAT_COMPAT 1u
#define MADT_ENABLED 1u
#define DRHD_INCLUDES_ALL 1u

struct tables {
	uint8_t data[TABLES_SIZE];
	uint32_t used;
};

static uint32_t take(struct tables *t, uint32_t size, uint32_t align)
{
	uint32_t at = (t->used + align - 1) & ~(align - 1);

	t->used = at + size;
	return at;
}

static void put(struct tables *t, uint32_t at, uint64_t value, unsigned size)
{
	memcpy(t->data + at, &value, size);
}

static void put_checksum(struct tables *t, uint32_t table, uint32_t size, uint32_t at)
{
	uint8_t sum = 0;

	t->data[table + at] = 0;
	for (uint32_t i = 0; i < size; i++)
		sum = (uint8_t)(sum + t->data[table + i]);
	t->data[table + at] = (uint8_t)(0u - sum);
}

/* The header that all but RSDP and FACS have, once the rest is there. */
static void finish(struct tables *t, uint32_t table, const char *signature, uint8_t revision)
{
	uint32_t size = t->used - table;

	memcpy(t->data + table, signature, 4);
	put(t, table + 4, size, 4);
	put(t, table + 8, revision, 1);
	memcpy(t->data + table + 10, "UNDERVUNDERVSR", 14);
	put(t, table + 24, 1, 4);
	memcpy(t->data + table + 28, "UNDV", 4);
	put(t, table + 32, 1, 4);
	put_checksum(t, table, size, 9);
}

static uint32_t write_dsdt(struct tables *t, const struct udv_machine *machine)
{
	uint32_t table = take(t, HEADER_SIZE, 16);
	uint8_t *body = t->data + t->used;

	t->used += acpi_dsdt_body(machine, body, TABLES_SIZE - t->used);
	finish(t, table, "DSDT", 1);
	return table;
}

static uint32_t write_facs(struct tables *t)
{
	uint32_t table = take(t, FACS_SIZE, 64);

	memcpy(t->data + table, "FACS", 4);
	put(t, table + 4, FACS_SIZE, 4);
	return table;
}

/* A generic address: @size bytes from @port on. ACPI 5.2.3.2 "Generic Address Structure" */
static void put_address(struct tables *t, uint32_t at, uint16_t port, unsigned size)
{
	put(t, at, ADDRESS_IS_PORT, 1);
	put(t, at + 1, 8 * size, 1);
	put(t, at + 3, size == 4 ? 3 : size, 1); /* the access's size: 1, 2 and 3 for 4 bytes */
	put(t, at + 4, port, 8);
}

/* What ACPI 2.0 has added. */
static void write_extended_fadt(struct tables *t, const struct udv_machine *machine, uint32_t table,
				uint32_t facs, uint32_t dsdt)
{
	/* A remapping unit has no other way to report a fault. */
	unsigned no_msi = machine->config.iommu ? 0 : FADT_BOOT_NO_MSI;

	put(t, table + 109, FADT_BOOT_LEGACY | FADT_BOOT_NO_VGA | no_msi, 2);
	put_address(t, table + 116, RESET_CONTROL_PORT, 1);
	put(t, table + 128, RESET_VALUE, 1);
	put(t, table + 132, TABLES_BASE + facs, 8);
	put(t, table + 140, TABLES_BASE + dsdt, 8);
	put_address(t, table + 148, ACPI_PM_PORT + ACPI_PM1_EVENT, 4);
	put_address(t, table + 172, ACPI_PM_PORT + ACPI_PM1_CONTROL, 2);
	put_address(t, table + 208, ACPI_PM_PORT + ACPI_PM_TIMER, 4);
}

static uint32_t write_fadt(struct tables *t, const struct udv_machine *machine, uint32_t facs,
			   uint32_t dsdt)
{
	uint32_t table = take(t, FADT_SIZE, 16);

	put(t, table + 36, TABLES_BASE + facs, 4);
	put(t, table + 40, TABLES_BASE + dsdt, 4);
	put(t, table + 46, SCI_IRQ, 2);
	put(t, table + 56, ACPI_PM_PORT + ACPI_PM1_EVENT, 4);
	put(t, table + 64, ACPI_PM_PORT + ACPI_PM1_CONTROL, 4);
	put(t, table + 76, ACPI_PM_PORT + ACPI_PM_TIMER, 4);
	put(t, table + 88, 4, 1);	     /* bytes of PM1 event, */
	put(t, table + 89, 2, 1);	     /* PM1 control */
	put(t, table + 91, 4, 1);	     /* and timer registers */
	put(t, table + 96, 0xffff, 2);	     /* no C2 */
	put(t, table + 98, 0xffff, 2);	     /* no C3 */
	put(t, table + 108, RTC_CENTURY, 1); /* the RTC's register for the century */
	put(t, table + 112,
	    FADT_FLAG_WBINVD | FADT_FLAG_C1 | FADT_FLAG_NO_POWER_BUTTON |
		    FADT_FLAG_NO_SLEEP_BUTTON | FADT_FLAG_RESET,
	    4);
	write_extended_fadt(t, machine, table, facs, dsdt);
	finish(t, table, "FACP", 3);
	return table;
}

/* An entry of the MADT: @type, its size, and up to 10 bytes more. */
static void write_madt_entry(struct tables *t, uint8_t type, uint8_t size, const uint8_t *rest)
{
	uint32_t at = take(t, size, 1);

	put(t, at, type, 1);
	put(t, at + 1, size, 1);
	memcpy(t->data + at + 2, rest, size - 2u);
}

static uint32_t write_madt(struct tables *t, unsigned nr_cpus)
{
	uint32_t table = take(t, MADT_HEADER, 16);
	uint8_t ioapic_id = (uint8_t)nr_cpus;

	put(t, table + 36, APIC_DEFAULT_BASE, 4);
	put(t, table + 40, MADT_PCAT_COMPAT, 4);
	for (unsigned i = 0; i < nr_cpus; i++) {
		uint8_t id = (uint8_t)i;

		write_madt_entry(t, 0, 8, (uint8_t[6]){ id, id, MADT_ENABLED });
	}
	write_madt_entry(
		t, 1, 12,
		(uint8_t[10]){ ioapic_id, 0, 0, 0, IOAPIC_BASE >> 16 & 0xff, IOAPIC_BASE >> 24 });
	/* ISA interrupt 0 is pin 2; the SCI is level-triggered, active high. */
	write_madt_entry(t, 2, 10, (uint8_t[8]){ 0, 0, 2 });
	write_madt_entry(t, 2, 10, (uint8_t[8]){ 0, SCI_IRQ, SCI_IRQ, 0, 0, 0, 0x0d });
	/* NMI is LINT1 of all processors. */
	write_madt_entry(t, 4, 6, (uint8_t[4]){ 0xff, 0, 0, 1 });
	finish(t, table, "APIC", 1);
	return table;
}

/*
 * One remapping unit, of all that is on PCI segment 0. VT-d "DMA Remapping Reporting Structure",
 * "DMA Remapping Hardware Unit Definition Structure"
 */
static uint32_t write_dmar(struct tables *t, unsigned maxphyaddr)
{
	uint32_t table = take(t, DMAR_HEADER + DRHD_SIZE, 16);

	put(t, table + 36, maxphyaddr - 1, 1);
	put(t, table + DMAR_HEADER + 2, DRHD_SIZE, 2);
	put(t, table + DMAR_HEADER + 4, DRHD_INCLUDES_ALL, 1);
	put(t, table + DMAR_HEADER + 8, VTD_BASE, 8);
	finish(t, table, "DMAR", 1);
	return table;
}

/* RSDT and XSDT differ in the size of an address; a table that is 0 is not there. */
static uint32_t write_root(struct tables *t, const char *signature, unsigned word,
			   const uint32_t tables[3])
{
	unsigned count = tables[2] ? 3 : 2;
	uint32_t table = take(t, HEADER_SIZE + count * word, 16);

	for (unsigned i = 0; i < count; i++)
		put(t, table + HEADER_SIZE + i * word, TABLES_BASE + tables[i], word);
	finish(t, table, signature, 1);
	return table;
}

enum udv_status acpi_tables_write(struct udv_machine *machine)
{
	struct tables t = { .used = 0 };
	uint32_t rsdp = take(&t, RSDP_SIZE, 16);
	uint32_t facs = write_facs(&t);
	uint32_t dsdt = write_dsdt(&t, machine);
	uint32_t fadt = write_fadt(&t, machine, facs, dsdt);
	uint32_t madt = write_madt(&t, machine->nr_cpus);
	uint32_t dmar =
		machine->config.iommu ? write_dmar(&t, machine->vcpus[0].config.maxphyaddr) : 0;
	const uint32_t tables[3] = { fadt, madt, dmar };
	uint32_t rsdt = write_root(&t, "RSDT", 4, tables);
	uint32_t xsdt = write_root(&t, "XSDT", 8, tables);

	memcpy(t.data + rsdp, "RSD PTR ", 8);
	memcpy(t.data + rsdp + 9, "UNDERV", 6);
	put(&t, rsdp + 15, 2, 1); /* ACPI 2.0 */
	put(&t, rsdp + 16, TABLES_BASE + rsdt, 4);
	put(&t, rsdp + 20, RSDP_SIZE, 4);
	put(&t, rsdp + 24, TABLES_BASE + xsdt, 8);
	put_checksum(&t, rsdp, RSDP_OLD_SIZE, 8);
	put_checksum(&t, rsdp, RSDP_SIZE, 32);
	mem_load_bytes(&machine->mem, TABLES_BASE, t.data, t.used);
	return UDV_OK;
}
