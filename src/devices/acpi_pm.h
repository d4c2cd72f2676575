/* SPDX-License-Identifier: MIT */
#ifndef UDV_DEVICES_ACPI_PM_H
#define UDV_DEVICES_ACPI_PM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/clock.h"
#include "devices/irq.h"
#include "mem/ports.h"

/*
 * ACPI's fixed hardware: PM1 event and control registers and the 24-bit power-management timer,
 * in one block as the FADT names it. ACPI mode is always on (SCI_EN reads 1). ACPI Specification
 * "ACPI Hardware Specification"
 */

#define ACPI_PM_PORT 0x600
#define ACPI_PM_PORTS 12
#define ACPI_PM1_EVENT 0   /* status and enable, two bytes each */
#define ACPI_PM1_CONTROL 4 /* two bytes */
#define ACPI_PM_TIMER 8	   /* four bytes */
#define ACPI_PM_TIMER_HZ 3579545u

#define ACPI_POWER_BUTTON 0x100u
#define ACPI_SLEEP_BUTTON 0x200u
#define ACPI_RTC 0x400u

struct acpi_pm {
	uint16_t status, enable, control;
	uint64_t seen; /* half periods of the timer that status knows of */
	struct vtimer timer;
	struct vclock *clock;
	struct irq_pin sci;
	/* SLP_EN was written with this SLP_TYP: the DSDT says which is S5. May be NULL. */
	void (*sleep)(void *opaque, unsigned type);
	void *opaque;
};
#define ACPI_PM_STATE offsetof(struct acpi_pm, timer)

/* False if the clock has no room for a timer. */
bool acpi_pm_init(struct acpi_pm *pm, struct vclock *clock, struct irq_pin sci,
		  void (*sleep)(void *opaque, unsigned type), void *opaque);
void acpi_pm_reset(struct acpi_pm *pm);
/* Sets a status bit: a button was pressed. */
void acpi_pm_event(struct acpi_pm *pm, uint16_t status);

struct port_device acpi_pm_ports(struct acpi_pm *pm);

#endif
