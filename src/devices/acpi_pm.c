/* SPDX-License-Identifier: MIT */
#include "devices/acpi_pm.h"

#include <string.h>

#define EVENT_TIMER 0x1u
#define STATUS_KNOWN 0x8731u /* WAK, RTC, buttons, GBL, BM, TMR */
#define ENABLE_KNOWN 0x0721u
#define CONTROL_SCI_EN 0x1u
#define CONTROL_WRITABLE 0x1c02u /* SLP_TYP, BM_RLD */
#define CONTROL_SLEEP_HIGH 0x20u /* SLP_EN, in the high byte */
#define CONTROL_TYPE_SHIFT 10
#define TIMER_BITS 0xffffffu
#define HALF_PERIOD 0x800000u /* ticks until bit 23 changes */

static uint64_t halves(const struct acpi_pm *pm)
{
	return vclock_ticks(vclock_now(pm->clock), ACPI_PM_TIMER_HZ) / HALF_PERIOD;
}

static void update(struct acpi_pm *pm)
{
	uint64_t now = halves(pm);

	if (now != pm->seen)
		pm->status |= EVENT_TIMER;
	pm->seen = now;
	irq_set(&pm->sci, pm->status & pm->enable);
	vclock_arm(pm->clock, &pm->timer,
		   pm->enable & EVENT_TIMER ? vclock_when((now + 1) * HALF_PERIOD, ACPI_PM_TIMER_HZ)
					    : VCLOCK_NEVER);
}

static void acpi_pm_fire(void *opaque, uint64_t now)
{
	(void)now;
	update(opaque);
}

void acpi_pm_event(struct acpi_pm *pm, uint16_t status)
{
	pm->status |= status & STATUS_KNOWN;
	update(pm);
}

/* The whole block, of one moment. */
static void image(struct acpi_pm *pm, uint8_t *bytes)
{
	uint32_t timer = vclock_ticks(vclock_now(pm->clock), ACPI_PM_TIMER_HZ) & TIMER_BITS;
	const uint32_t word[3] = { pm->status | (uint32_t)pm->enable << 16,
				   pm->control | CONTROL_SCI_EN, timer };

	for (unsigned i = 0; i < ACPI_PM_PORTS; i++)
		bytes[i] = (uint8_t)(word[i / 4] >> (8 * (i % 4)));
}

static uint32_t acpi_pm_read(void *opaque, unsigned offset, unsigned size)
{
	struct acpi_pm *pm = opaque;
	uint8_t bytes[ACPI_PM_PORTS];
	uint32_t value = 0;

	update(pm);
	image(pm, bytes);
	for (unsigned i = 0; i < size && offset + i < ACPI_PM_PORTS; i++)
		value |= (uint32_t)bytes[offset + i] << (8 * i);
	return value;
}

static uint16_t replace(uint16_t old, unsigned byte, uint8_t value, uint16_t writable)
{
	uint16_t mask = (uint16_t)(0xffu << (8 * byte)) & writable;

	return (uint16_t)((old & ~mask) | ((unsigned)value << (8 * byte) & mask));
}

static void write_byte(struct acpi_pm *pm, unsigned offset, uint8_t value)
{
	unsigned byte = offset & 1;

	switch (offset & ~1u) {
	case ACPI_PM1_EVENT: /* ones clear */
		pm->status &= (uint16_t) ~((unsigned)value << (8 * byte));
		break;
	case ACPI_PM1_EVENT + 2:
		pm->enable = replace(pm->enable, byte, value, ENABLE_KNOWN);
		break;
	case ACPI_PM1_CONTROL:
		pm->control = replace(pm->control, byte, value, CONTROL_WRITABLE);
		if (byte && (value & CONTROL_SLEEP_HIGH) && pm->sleep)
			pm->sleep(pm->opaque, pm->control >> CONTROL_TYPE_SHIFT & 7);
		break;
	}
}

static void acpi_pm_write(void *opaque, unsigned offset, unsigned size, uint32_t value)
{
	struct acpi_pm *pm = opaque;

	update(pm);
	for (unsigned i = 0; i < size && offset + i < ACPI_PM_PORTS; i++)
		write_byte(pm, offset + i, (uint8_t)(value >> (8 * i)));
	update(pm);
}

void acpi_pm_reset(struct acpi_pm *pm)
{
	pm->status = pm->enable = pm->control = 0;
	pm->seen = halves(pm);
	update(pm);
}

bool acpi_pm_init(struct acpi_pm *pm, struct vclock *clock, struct irq_pin sci,
		  void (*sleep)(void *opaque, unsigned type), void *opaque)
{
	memset(pm, 0, sizeof(*pm));
	pm->clock = clock;
	pm->sci = sci;
	pm->sleep = sleep;
	pm->opaque = opaque;
	if (!vclock_add(clock, &pm->timer, acpi_pm_fire, pm))
		return false;
	acpi_pm_reset(pm);
	return true;
}

struct port_device acpi_pm_ports(struct acpi_pm *pm)
{
	return (struct port_device){ acpi_pm_read, acpi_pm_write, pm, 1 | 2 | 4 };
}
