/* SPDX-License-Identifier: MIT */
#include "machine/machine.h"

/*
 * The devices, in the order of this file: it is the order in which timers with the same deadline
 * fire, and so a part of what a run is.
 */

#define COM1_PORT 0x3f8
#define COM1_IRQ 4
#define PIT_IRQ 0

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

static bool create_timers(struct udv_machine *machine)
{
	return pit_init(&machine->pit, &machine->clock, irq_connect(&machine->irq, PIT_IRQ)) &&
	       add_ports(machine, PIT_PORT, PIT_PORTS, pit_ports(&machine->pit)) &&
	       add_ports(machine, PIT_SYSTEM_PORT, 1, pit_system_ports(&machine->pit));
}

static bool create_ports(struct udv_machine *machine)
{
	uart_init(&machine->uart, irq_connect(&machine->irq, COM1_IRQ), serial_output, machine);
	machine->debug_exit.exit = debug_exit;
	machine->debug_exit.opaque = machine;
	return add_ports(machine, COM1_PORT, UART_PORTS, uart_ports(&machine->uart)) &&
	       add_ports(machine, DEBUG_EXIT_PORT, DEBUG_EXIT_PORTS,
			 debug_exit_ports(&machine->debug_exit));
}

enum udv_status board_create(struct udv_machine *machine)
{
	if (!create_interrupts(machine) || !create_timers(machine) || !create_ports(machine))
		return UDV_ERR_NO_MEMORY;
	return UDV_OK;
}
