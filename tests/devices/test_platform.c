/* SPDX-License-Identifier: MIT */
#include "device_test.h"

#include "devices/acpi_pm.h"
#include "devices/i8042.h"
#include "devices/pci.h"
#include "devices/reset.h"

/* Power management, the ways to reset, the keyboard controller, PCI configuration. */

struct platform {
	struct fake_time time;
	struct irq_lines lines;
	struct acpi_pm pm;
	struct reset reset;
	struct i8042 kbc;
	struct pci_host pci;
	struct port_device pm_ports, system, data, command, pci_ports;
	bool level[16];
	unsigned sleeps, sleep_type, inits, resets;
};

static void on_irq(void *opaque, unsigned input, bool level)
{
	((struct platform *)opaque)->level[input] = level;
}

static void on_sleep(void *opaque, unsigned type)
{
	struct platform *p = opaque;

	p->sleeps++;
	p->sleep_type = type;
}

static void on_reset(void *opaque, enum reset_kind kind)
{
	struct platform *p = opaque;

	if (kind == RESET_MACHINE)
		p->resets++;
	else
		p->inits++;
}

static void setup(struct platform *p)
{
	*p = (struct platform){ .sleeps = 0 };
	fake_init(&p->time);
	irq_lines_init(&p->lines, on_irq, p, NULL, NULL);
	assert_true(acpi_pm_init(&p->pm, &p->time.clock, irq_connect(&p->lines, 9), on_sleep, p));
	reset_init(&p->reset, on_reset, p);
	i8042_init(&p->kbc, irq_connect(&p->lines, 1), &p->reset);
	pci_init(&p->pci, &p->reset);
	p->pm_ports = acpi_pm_ports(&p->pm);
	p->system = reset_system_ports(&p->reset);
	p->data = i8042_data_ports(&p->kbc);
	p->command = i8042_command_ports(&p->kbc);
	p->pci_ports = pci_ports(&p->pci);
}

static uint32_t in(const struct port_device *device, unsigned offset, unsigned size)
{
	return device->read(device->opaque, offset, size);
}

static void out(const struct port_device *device, unsigned offset, unsigned size, uint32_t value)
{
	device->write(device->opaque, offset, size, value);
}

static void test_pm_timer(void **state)
{
	static struct platform p;

	(void)state;
	setup(&p);
	assert_int_equal(in(&p.pm_ports, 8, 4), 0);
	p.time.now = VCLOCK_SECOND;
	assert_int_equal(in(&p.pm_ports, 8, 4), 3579545);
	assert_int_equal(in(&p.pm_ports, 9, 1), 3579545 >> 8 & 0xff);
	p.time.now = 10 * VCLOCK_SECOND;
	assert_int_equal(in(&p.pm_ports, 8, 4), 35795450 & 0xffffff);
	out(&p.pm_ports, 8, 4, 0);
	assert_int_equal(in(&p.pm_ports, 8, 4), 35795450 & 0xffffff);
	assert_int_equal(in(&p.pm_ports, 10, 4), (35795450 & 0xffffff) >> 16);
}

static void test_pm_timer_overflow(void **state)
{
	static struct platform p;
	uint64_t half = vclock_when(0x800000, 3579545);

	(void)state;
	setup(&p);
	out(&p.pm_ports, 2, 2, 0x0001);
	assert_int_equal(vclock_next_deadline(&p.time.clock), half);
	fake_advance_to(&p.time, half - 1);
	assert_int_equal(in(&p.pm_ports, 0, 2), 0);
	assert_false(p.level[9]);
	fake_advance_to(&p.time, half);
	assert_true(p.level[9]);
	assert_int_equal(in(&p.pm_ports, 0, 2), 1);
	out(&p.pm_ports, 0, 2, 1);
	assert_false(p.level[9]);
	out(&p.pm_ports, 2, 2, 0);
	assert_true(vclock_next_deadline(&p.time.clock) == VCLOCK_NEVER);
	p.time.now = 3 * half;
	assert_int_equal(in(&p.pm_ports, 0, 4), 1); /* status needs no enable */
	p.time.now = 5 * half;
	acpi_pm_reset(&p.pm);
	assert_int_equal(in(&p.pm_ports, 0, 4), 0);
}

/* SLP_EN asks for sleep of whatever type there is: which one powers off is the board's affair. */
static void test_pm_events(void **state)
{
	static struct platform p;

	(void)state;
	setup(&p);
	acpi_pm_event(&p.pm, ACPI_POWER_BUTTON);
	assert_int_equal(in(&p.pm_ports, 0, 2), 0x0100);
	assert_false(p.level[9]);
	out(&p.pm_ports, 2, 2, 0xffff);
	assert_int_equal(in(&p.pm_ports, 2, 2), 0x0721);
	assert_true(p.level[9]);
	out(&p.pm_ports, 1, 1, 0x01);
	assert_int_equal(in(&p.pm_ports, 0, 2), 0x0000);
	assert_false(p.level[9]);
	assert_int_equal(in(&p.pm_ports, 4, 2), 0x0001); /* ACPI is on */
	out(&p.pm_ports, 4, 2, 0x1400);
	assert_int_equal(in(&p.pm_ports, 4, 2), 0x1401);
	assert_int_equal(p.sleeps, 0);
	out(&p.pm_ports, 4, 2, 0x3400);
	assert_int_equal(p.sleeps, 1);
	assert_int_equal(p.sleep_type, 5);
	assert_int_equal(in(&p.pm_ports, 4, 2), 0x1401); /* SLP_EN reads 0 */
	out(&p.pm_ports, 4, 2, 0x2000);
	assert_int_equal(p.sleeps, 2);
	assert_int_equal(p.sleep_type, 0);
}

static void test_resets(void **state)
{
	static struct platform p;

	(void)state;
	setup(&p);
	assert_int_equal(in8(&p.system, 0), 0x02);
	out8(&p.system, 0, 0x03);
	assert_int_equal(p.inits, 1);
	assert_int_equal(in8(&p.system, 0), 0x03); /* INIT leaves bit 0 set */
	out8(&p.system, 0, 0x03);
	assert_int_equal(p.inits, 1);
	reset_reset(&p.reset);
	assert_int_equal(in8(&p.system, 0), 0x02);
	out8(&p.command, 0, 0xfe);
	assert_int_equal(p.inits, 2);
	out8(&p.command, 0, 0xff);
	assert_int_equal(p.inits, 2);
	out8(&p.pci_ports, 1, 0x00); /* CF9H */
	out8(&p.pci_ports, 1, 0x04);
	assert_int_equal(p.inits, 3);
	out8(&p.pci_ports, 1, 0x02);
	assert_int_equal(in8(&p.pci_ports, 1), 0x02);
	out8(&p.pci_ports, 1, 0x06);
	assert_int_equal(p.resets, 1);
	assert_int_equal(p.inits, 3);
}

static void test_keyboard_controller(void **state)
{
	static struct platform p;

	(void)state;
	setup(&p);
	assert_int_equal(in8(&p.command, 0), 0x14);
	out8(&p.command, 0, 0xaa);
	assert_int_equal(in8(&p.command, 0), 0x1d);
	assert_int_equal(in8(&p.data, 0), 0x55);
	assert_int_equal(in8(&p.command, 0), 0x1c);
	out8(&p.command, 0, 0xd0);
	assert_int_equal(in8(&p.data, 0), 0xcf);
	out8(&p.command, 0, 0xd1);
	out8(&p.data, 0, 0xcf);
	assert_int_equal(p.inits, 0);
	out8(&p.command, 0, 0xd1);
	out8(&p.data, 0, 0xce);
	assert_int_equal(p.inits, 1);
	out8(&p.command, 0, 0x60);
	out8(&p.data, 0, 0x05);
	out8(&p.command, 0, 0xad);
	out8(&p.command, 0, 0xa7);
	assert_false(p.level[1]);
	out8(&p.command, 0, 0x20);
	assert_true(p.level[1]);
	assert_int_equal(in8(&p.data, 0), 0x35);
	assert_false(p.level[1]);
	out8(&p.command, 0, 0xab);
	assert_int_equal(in8(&p.data, 0), 0x00);
	out8(&p.command, 0, 0xd2);
	out8(&p.data, 0, 0x77);
	assert_int_equal(in8(&p.command, 0), 0x15); /* the last byte went to 60H */
	assert_true(p.level[1]);
	assert_int_equal(in8(&p.data, 0), 0x77);
	out8(&p.data, 0, 0xff); /* nobody is plugged in */
	assert_int_equal(in8(&p.command, 0) & 1, 0);
	out8(&p.command, 0, 0x60);
	out8(&p.data, 0, 0x00); /* the system flag is the mode's */
	assert_int_equal(in8(&p.command, 0), 0x10);
}

static uint32_t config(struct platform *p, uint32_t address, unsigned byte, unsigned size)
{
	out(&p->pci_ports, 0, 4, address);
	return in(&p->pci_ports, 4 + byte, size);
}

static void test_pci(void **state)
{
	static struct platform p;

	(void)state;
	setup(&p);
	assert_int_equal(config(&p, 0x80000000, 0, 4), 0x12378086);
	assert_int_equal(config(&p, 0x80000000, 2, 2), 0x1237);
	assert_int_equal(config(&p, 0x80000008, 0, 4), 0x06000000);
	assert_int_equal(in(&p.pci_ports, 0, 4), 0x80000008);
	assert_int_equal(in(&p.pci_ports, 0, 2), 0xffffffff); /* only as a whole */
	assert_int_equal(in(&p.pci_ports, 2, 4), 0xffffffff);
	assert_int_equal(config(&p, 0x80000002, 0, 2), 0x1237); /* as QEMU has it */
	assert_int_equal(config(&p, 0x800000ff, 0, 4), 0x37808600);
	assert_int_equal(config(&p, 0x00000000, 0, 4), 0xffffffff);
	assert_int_equal(config(&p, 0x80000100, 0, 4), 0xffffffff);
	assert_int_equal(config(&p, 0x80000800, 0, 4), 0xffffffff);
	assert_int_equal(config(&p, 0x80010000, 0, 4), 0xffffffff);
	assert_int_equal(config(&p, 0x80000000, 3, 4), 0x12); /* cut at the end */
	assert_true(pci_add(&p.pci, 3, 0x1b36, 5, 0xff0000));
	assert_false(pci_add(&p.pci, 3, 0x1b36, 5, 0xff0000));
	assert_false(pci_add(&p.pci, 32, 0x1b36, 5, 0xff0000));
	pci_set_region(&p.pci, 3, 1, PCI_IO, 0xc000, 0x100);
	pci_set_region(&p.pci, 32, 1, PCI_IO, 0xc000, 0x100);
	pci_set_region(&p.pci, 3, 6, PCI_IO, 0xc000, 0x100);
	assert_int_equal(config(&p, 0x80001828, 0, 4), 0);
	assert_int_equal(config(&p, 0x80001814, 0, 4), 0x0000c001);
	out(&p.pci_ports, 4, 4, 0xffffffff); /* sizing */
	assert_int_equal(config(&p, 0x80001814, 0, 4), 0xffffff01);
	out(&p.pci_ports, 5, 1, 0xc0);
	assert_int_equal(config(&p, 0x80001814, 0, 4), 0xffffc001);
	out(&p.pci_ports, 0, 4, 0x80001800);
	out(&p.pci_ports, 4, 4, 0);
	assert_int_equal(config(&p, 0x80001800, 0, 4), 0x00051b36); /* read-only */
	out(&p.pci_ports, 0, 4, 0x80001804);
	out(&p.pci_ports, 4, 2, 0xffff);
	assert_int_equal(config(&p, 0x80001804, 0, 4), 0x00000547);
	pci_reset(&p.pci);
	assert_int_equal(in(&p.pci_ports, 0, 4), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_pm_timer),
		cmocka_unit_test(test_pm_timer_overflow),
		cmocka_unit_test(test_pm_events),
		cmocka_unit_test(test_resets),
		cmocka_unit_test(test_keyboard_controller),
		cmocka_unit_test(test_pci),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
