/* SPDX-License-Identifier: MIT */
#include "machine/machine.h"

/*
 * The devices, in the order of this file: it is the order in which timers with the same deadline
 * fire, and so a part of what a run is.
 */

#define COM1_PORT 0x3f8
#define COM1_IRQ 4
#define PIT_IRQ 0
#define KEYBOARD_IRQ 1
#define RTC_IRQ 8
#define SCI_IRQ 9

#define PCI_TESTDEV_SLOT 2

/* The date of every start, for runs to be the same: 1 January 2026. */
#define START_DATE 1767225600

/* SLP_TYP of S5, as the DSDT has it. */
#define SLEEP_S5 0

static void serial_output(void *opaque, uint8_t byte)
{
	const struct udv_machine *machine = opaque;

	if (machine->config.serial)
		machine->config.serial(machine->config.opaque, byte);
}

static void debug_exit(void *opaque, uint32_t value, unsigned size)
{
	(void)size;
	machine_stop(opaque, UDV_STOP_DEBUG_EXIT, value);
}

static bool add_ports(struct udv_machine *machine, uint16_t base, uint16_t count,
		      struct port_device device)
{
	return ports_add(&machine->ports, base, count, &device) == UDV_OK;
}

/* The 8259's INTR goes to LINT0 of all processors; firmware has it let through on the first. */
static void pic_intr(void *opaque, bool level)
{
	struct udv_machine *machine = opaque;

	apic_bus_set_lint(&machine->apic_bus, 0, level);
}

static uint8_t external_vector(void *opaque)
{
	return pic_acknowledge(opaque);
}

static bool create_interrupts(struct udv_machine *machine)
{
	struct mem_device ioapic = ioapic_memory(&machine->ioapic);

	machine->apic_bus.external = external_vector;
	machine->apic_bus.external_opaque = &machine->pic;
	machine->apic_bus.eoi = ioapic_eoi;
	machine->apic_bus.eoi_opaque = &machine->ioapic;
	irq_lines_init(&machine->irq, pic_set_input, &machine->pic, ioapic_set_pin,
		       &machine->ioapic);
	ioapic_init(&machine->ioapic, &machine->apic_bus);
	pic_init(&machine->pic, pic_intr, machine);
	return mem_add_device(&machine->mem, IOAPIC_BASE, IOAPIC_SIZE, &ioapic) == UDV_OK &&
	       add_ports(machine, PIC_MASTER_PORT, PIC_PORTS, pic_master_ports(&machine->pic)) &&
	       add_ports(machine, PIC_SLAVE_PORT, PIC_PORTS, pic_slave_ports(&machine->pic)) &&
	       add_ports(machine, PIC_ELCR_PORT, PIC_PORTS, pic_elcr_ports(&machine->pic));
}

static void sleep(void *opaque, unsigned type)
{
	if (type == SLEEP_S5)
		machine_stop(opaque, UDV_STOP_POWER_OFF, 0);
}

static bool create_timers(struct udv_machine *machine)
{
	struct vclock *clock = &machine->clock;
	struct irq_lines *irq = &machine->irq;

	if (!pit_init(&machine->pit, clock, irq_connect(irq, PIT_IRQ)) ||
	    !rtc_init(&machine->rtc, clock, irq_connect(irq, RTC_IRQ), START_DATE) ||
	    !acpi_pm_init(&machine->acpi_pm, clock, irq_connect(irq, SCI_IRQ), sleep, machine))
		return false;
	rtc_set_memory_size(&machine->rtc, machine->low_memory,
			    machine->memory - machine->low_memory);
	return add_ports(machine, PIT_PORT, PIT_PORTS, pit_ports(&machine->pit)) &&
	       add_ports(machine, PIT_SYSTEM_PORT, 1, pit_system_ports(&machine->pit)) &&
	       add_ports(machine, RTC_PORT, RTC_PORTS, rtc_ports(&machine->rtc)) &&
	       add_ports(machine, ACPI_PM_PORT, ACPI_PM_PORTS, acpi_pm_ports(&machine->acpi_pm));
}

/* ---------------------------------------------------------------- ports without time */

/* INIT to all processors is a reset, too: where they would start there is no firmware. */
static void reset_requested(void *opaque, enum reset_kind kind)
{
	(void)kind;
	machine_stop(opaque, UDV_STOP_RESET, 0);
}

static bool create_resets(struct udv_machine *machine)
{
	reset_init(&machine->reset, reset_requested, machine);
	i8042_init(&machine->i8042, irq_connect(&machine->irq, KEYBOARD_IRQ), &machine->reset);
	return add_ports(machine, I8042_DATA_PORT, 1, i8042_data_ports(&machine->i8042)) &&
	       add_ports(machine, I8042_COMMAND_PORT, 1, i8042_command_ports(&machine->i8042)) &&
	       add_ports(machine, RESET_SYSTEM_PORT, 1, reset_system_ports(&machine->reset));
}

static bool create_serial(struct udv_machine *machine)
{
	uart_init(&machine->uart, irq_connect(&machine->irq, COM1_IRQ), serial_output, machine);
	machine->debug_exit.exit = debug_exit;
	machine->debug_exit.opaque = machine;
	return add_ports(machine, COM1_PORT, UART_PORTS, uart_ports(&machine->uart)) &&
	       add_ports(machine, DEBUG_EXIT_PORT, DEBUG_EXIT_PORTS,
			 debug_exit_ports(&machine->debug_exit));
}

static bool create_fw_cfg(struct udv_machine *machine)
{
	struct fw_cfg *cfg = &machine->fw_cfg;

	fw_cfg_init(cfg);
	return fw_cfg_add_number(cfg, FW_CFG_RAM_SIZE, 8, machine->memory) &&
	       fw_cfg_add_number(cfg, FW_CFG_NO_GRAPHIC, 2, 1) &&
	       fw_cfg_add_number(cfg, FW_CFG_NB_CPUS, 2, machine->nr_cpus) &&
	       fw_cfg_add_number(cfg, FW_CFG_MAX_CPUS, 2, machine->nr_cpus) &&
	       add_ports(machine, FW_CFG_PORT, FW_CFG_PORTS, fw_cfg_ports(cfg));
}

static bool create_pci(struct udv_machine *machine)
{
	struct mem_device memory = pci_testdev_memory(&machine->pci_testdev);

	pci_init(&machine->pci, &machine->reset);
	return pci_testdev_init(&machine->pci_testdev, &machine->pci, PCI_TESTDEV_SLOT) &&
	       add_ports(machine, PCI_PORT, PCI_PORTS, pci_ports(&machine->pci)) &&
	       add_ports(machine, PCI_TESTDEV_IO_BASE, PCI_TESTDEV_IO_SIZE,
			 pci_testdev_ports(&machine->pci_testdev)) &&
	       mem_add_device(&machine->mem, PCI_TESTDEV_MEMORY_BASE, PCI_TESTDEV_MEMORY_SIZE,
			      &memory) == UDV_OK;
}

static bool create_testdev(struct udv_machine *machine)
{
	struct testdev *testdev = &machine->testdev;
	struct mem_device memory = testdev_memory(testdev);

	testdev_init(testdev, &machine->irq, NULL, NULL);
	return add_ports(machine, TESTDEV_PORT, TESTDEV_PORTS, testdev_ports(testdev)) &&
	       add_ports(machine, TESTDEV_FLUSH_PORT, TESTDEV_FLUSH_PORTS,
			 testdev_flush_ports(testdev)) &&
	       add_ports(machine, TESTDEV_IRQ_PORT, IRQ_LINES, testdev_irq_ports(testdev)) &&
	       mem_add_device(&machine->mem, TESTDEV_MEMORY_BASE, TESTDEV_MEMORY_SIZE, &memory) ==
		       UDV_OK;
}

static bool create_iommu(struct udv_machine *machine)
{
	struct mem_device memory = vtd_memory(&machine->vtd);

	if (!machine->config.iommu)
		return true;
	vtd_init(&machine->vtd);
	return mem_add_device(&machine->mem, VTD_BASE, VTD_SIZE, &memory) == UDV_OK;
}

enum udv_status board_create(struct udv_machine *machine)
{
	if (!create_interrupts(machine) || !create_timers(machine) || !create_resets(machine) ||
	    !create_serial(machine) || !create_fw_cfg(machine) || !create_pci(machine) ||
	    !create_testdev(machine) || !create_iommu(machine) || !virtio_create(machine))
		return UDV_ERR_NO_MEMORY;
	return UDV_OK;
}
