/* SPDX-License-Identifier: MIT */
#include "apic_bench.h"

#include <string.h>

#include "devices/acpi_pm.h"
#include "devices/debug_exit.h"
#include "devices/fw_cfg.h"
#include "devices/i8042.h"
#include "devices/ioapic.h"
#include "devices/pci_testdev.h"
#include "devices/pic.h"
#include "devices/pit.h"
#include "devices/rtc.h"
#include "devices/testdev.h"
#include "devices/uart16550.h"
#include "devices/vtd.h"

/*
 * A whole board, wired as a PC, and software that does anything to it: any access at any time.
 * Sanitizers watch; the bench itself asserts that a processor is told of changes only, and the end
 * that the same accesses give the same board again.
 */

#define NR_PORT_DEVICES 20
#define NR_MEMORY 5

struct board {
	struct apic_bench apic;
	struct irq_lines lines;
	struct pic pic;
	struct ioapic ioapic;
	struct pit pit;
	struct rtc rtc;
	struct uart16550 uart;
	struct acpi_pm pm;
	struct reset reset;
	struct i8042 kbc;
	struct fw_cfg fw_cfg;
	struct testdev testdev;
	struct pci_host pci;
	struct pci_testdev pci_testdev;
	struct debug_exit debug_exit;
	struct vtd vtd;
	struct port_device port[NR_PORT_DEVICES];
	unsigned count[NR_PORT_DEVICES], nr_ports;
	struct mem_device memory[NR_MEMORY];
	uint64_t hash;
};

static void on_intr(void *opaque, bool level)
{
	struct board *board = opaque;

	apic_bus_set_lint(&board->apic.bus, 0, level);
}

static uint8_t on_external(void *opaque)
{
	return pic_acknowledge(&((struct board *)opaque)->pic);
}

static uint64_t page_read(void *opaque, uint64_t offset, unsigned size)
{
	return lapic_read(opaque, offset, size);
}

static void page_write(void *opaque, uint64_t offset, unsigned size, uint64_t value)
{
	lapic_write(opaque, offset, size, value);
}

static void add(struct board *board, struct port_device device, unsigned count)
{
	board->port[board->nr_ports] = device;
	board->count[board->nr_ports++] = count;
}

static void add_ports(struct board *board)
{
	add(board, pic_master_ports(&board->pic), 2);
	add(board, pic_slave_ports(&board->pic), 2);
	add(board, pic_elcr_ports(&board->pic), 2);
	add(board, pit_ports(&board->pit), 4);
	add(board, pit_system_ports(&board->pit), 1);
	add(board, rtc_ports(&board->rtc), 2);
	add(board, uart_ports(&board->uart), 8);
	add(board, acpi_pm_ports(&board->pm), 12);
	add(board, reset_system_ports(&board->reset), 1);
	add(board, i8042_data_ports(&board->kbc), 1);
	add(board, i8042_command_ports(&board->kbc), 1);
	add(board, fw_cfg_ports(&board->fw_cfg), 2);
	add(board, testdev_ports(&board->testdev), 4);
	add(board, testdev_flush_ports(&board->testdev), 4);
	add(board, testdev_irq_ports(&board->testdev), 24);
	add(board, pci_ports(&board->pci), 8);
	add(board, pci_testdev_ports(&board->pci_testdev), 256);
	add(board, debug_exit_ports(&board->debug_exit), 4);
}

static void make(struct board *b)
{
	memset(b, 0, sizeof(*b));
	bench_setup(&b->apic);
	b->apic.bus.external = on_external;
	b->apic.bus.external_opaque = b;
	ioapic_init(&b->ioapic, &b->apic.bus);
	b->apic.bus.eoi = ioapic_eoi;
	b->apic.bus.eoi_opaque = &b->ioapic;
	pic_init(&b->pic, on_intr, b);
	irq_lines_init(&b->lines, pic_set_input, &b->pic, ioapic_set_pin, &b->ioapic);
	assert_true(pit_init(&b->pit, &b->apic.time.clock, irq_connect(&b->lines, 0)));
	assert_true(rtc_init(&b->rtc, &b->apic.time.clock, irq_connect(&b->lines, 8), 1700000000));
	assert_true(
		acpi_pm_init(&b->pm, &b->apic.time.clock, irq_connect(&b->lines, 9), NULL, NULL));
	uart_init(&b->uart, irq_connect(&b->lines, 4), NULL, NULL);
	reset_init(&b->reset, NULL, NULL);
	i8042_init(&b->kbc, irq_connect(&b->lines, 1), &b->reset);
	fw_cfg_init(&b->fw_cfg);
	testdev_init(&b->testdev, &b->lines, NULL, NULL);
	pci_init(&b->pci, &b->reset);
	assert_true(pci_testdev_init(&b->pci_testdev, &b->pci, 1));
	add_ports(b);
	b->memory[0] = ioapic_memory(&b->ioapic);
	b->memory[1] = testdev_memory(&b->testdev);
	b->memory[2] = pci_testdev_memory(&b->pci_testdev);
	vtd_init(&b->vtd);
	b->memory[4] = vtd_memory(&b->vtd);
	b->memory[3] = (struct mem_device){ page_read, page_write, &b->apic.cpu[1].lapic };
	for (unsigned i = 0; i < BENCH_CPUS; i++)
		lapic_firmware_setup(&b->apic.cpu[i].lapic);
}

static uint64_t next_random(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state;
}

/* Small numbers and single bits are where registers have their meanings. */
static uint64_t some_value(uint64_t *random)
{
	uint64_t r = next_random(random);

	switch (r & 3) {
	case 0:
		return r >> 56;
	case 1:
		return 1ull << (r >> 58);
	case 2:
		return r >> 32;
	default:
		return r;
	}
}

static void note(struct board *b, uint64_t value)
{
	b->hash = (b->hash ^ value) * 0x100000001b3;
}

static void port_access(struct board *b, uint64_t *random)
{
	unsigned which = (unsigned)(next_random(random) >> 33) % b->nr_ports;
	const struct port_device *device = &b->port[which];
	unsigned offset = (unsigned)(next_random(random) >> 33) % b->count[which];
	unsigned size = 1u << (next_random(random) >> 33) % 3;

	if (next_random(random) >> 63)
		note(b, device->read(device->opaque, offset, size));
	else
		device->write(device->opaque, offset, size, (uint32_t)some_value(random));
}

static void memory_access(struct board *b, uint64_t *random)
{
	const struct mem_device *device = &b->memory[(next_random(random) >> 33) % NR_MEMORY];
	uint64_t offset = next_random(random) >> 52;
	unsigned size = 1u << (next_random(random) >> 62);

	if (next_random(random) >> 62)
		offset &= ~15ull;
	if (next_random(random) >> 63)
		note(b, device->read(device->opaque, offset, size));
	else
		device->write(device->opaque, offset, size, some_value(random));
}

static void processor_step(struct board *b, uint64_t *random)
{
	struct bench_cpu *cpu = &b->apic.cpu[next_random(random) >> 62];
	uint32_t index = 0x800 + (uint32_t)(next_random(random) >> 58);
	uint64_t value = 0;

	switch (next_random(random) >> 61) {
	case 0:
	case 1:
		if (cpu->interrupt)
			note(b, (uint64_t)lapic_acknowledge(&cpu->lapic));
		assert_int_equal(cpu->interrupt, lapic_deliverable(&cpu->lapic));
		break;
	case 2:
		lapic_write_msr(&cpu->lapic, 0x1b, 0xfee00000 | next_random(random) >> 62 << 10);
		break;
	case 3:
		lapic_write_msr(&cpu->lapic, 0x6e0, next_random(random) >> 20);
		break;
	case 4:
		lapic_write_cr8(&cpu->lapic, (uint8_t)(next_random(random) >> 60));
		break;
	case 5:
		if (!(next_random(random) >> 58))
			lapic_init_signal(&cpu->lapic);
		break;
	default:
		lapic_write_msr(&cpu->lapic, index, some_value(random));
		lapic_read_msr(&cpu->lapic, index, &value);
		note(b, value);
	}
}

static void pass_time(struct board *b, uint64_t *random)
{
	uint64_t step = next_random(random) >> (next_random(random) % 34 + 30);

	/* Now and then the timers are run late, or not at all for a while. */
	b->apic.time.now += step;
	if (next_random(random) >> 62)
		vclock_run_due(&b->apic.time.clock, b->apic.time.now);
}

static void play_on(struct board *b, uint64_t seed, unsigned steps)
{
	uint64_t random = seed;

	for (unsigned i = 0; i < steps; i++) {
		switch (next_random(&random) >> 61) {
		case 0:
		case 1:
		case 2:
			port_access(b, &random);
			break;
		case 3:
		case 4:
			memory_access(b, &random);
			break;
		case 5:
			pass_time(b, &random);
			break;
		case 6:
			uart_receive(&b->uart, (uint8_t)random);
			break;
		default:
			processor_step(b, &random);
		}
	}
	note(b, b->apic.time.now);
}

static uint64_t play(struct board *b, uint64_t seed, unsigned steps)
{
	make(b);
	play_on(b, seed, steps);
	return b->hash;
}

static void test_anything(void **state)
{
	static struct board board;

	(void)state;
	for (uint64_t seed = 1; seed <= 40; seed++) {
		uint64_t first = play(&board, seed * 0x9e3779b97f4a7c15, 5000);

		assert_true(first == play(&board, seed * 0x9e3779b97f4a7c15, 5000));
	}
}

/* Copies what the headers say is all there is, and nothing else. */
static void copy_state(struct board *to, const struct board *from)
{
#define COPY(member, size) memcpy(&to->member, &from->member, size)
	COPY(lines, IRQ_LINES_STATE);
	COPY(pic, PIC_STATE);
	COPY(ioapic, IOAPIC_STATE);
	COPY(pit, PIT_STATE);
	COPY(rtc, RTC_STATE);
	COPY(uart, UART_STATE);
	COPY(pm, ACPI_PM_STATE);
	COPY(reset, RESET_STATE);
	COPY(kbc, I8042_STATE);
	COPY(fw_cfg, FW_CFG_STATE);
	COPY(testdev, TESTDEV_STATE);
	COPY(pci, PCI_STATE);
	COPY(pci_testdev, sizeof(to->pci_testdev));
	COPY(vtd, VTD_STATE);
	COPY(hash, sizeof(to->hash));
	COPY(apic.time.now, sizeof(to->apic.time.now));
	for (unsigned i = 0; i < BENCH_CPUS; i++) {
		COPY(apic.cpu[i].lapic.state, sizeof(struct lapic_state));
		COPY(apic.cpu[i].interrupt, sizeof(bool));
	}
#undef COPY
	for (unsigned i = 0; i < to->apic.time.clock.nr_timers; i++) {
		to->apic.time.clock.timer[i]->deadline = from->apic.time.clock.timer[i]->deadline;
		to->apic.time.clock.timer[i]->armed = from->apic.time.clock.timer[i]->armed;
	}
	vclock_refresh(&to->apic.time.clock);
}

static void test_saved_and_put_back(void **state)
{
	static struct board original, copy;

	(void)state;
	for (uint64_t seed = 1; seed <= 20; seed++) {
		play(&original, seed * 0x9e3779b97f4a7c15, 3000);
		make(&copy);
		copy_state(&copy, &original);
		play_on(&original, ~seed, 3000);
		play_on(&copy, ~seed, 3000);
		assert_true(original.hash == copy.hash);
	}
}

/* The timer's interrupt, from the 8254 through the 8259 and LINT0 to a processor. */
static void test_virtual_wire(void **state)
{
	static struct board b;
	const struct port_device *master = &b.port[0], *pit = &b.port[3];

	(void)state;
	make(&b);
	out8(master, 0, 0x11);
	out8(master, 1, 0x08);
	out8(master, 1, 0x04);
	out8(master, 1, 0x01);
	out8(master, 1, 0xfe);
	out8(pit, 3, 0x34);
	out8(pit, 0, 0x9c); /* 1180 */
	out8(pit, 0, 0x04);
	assert_int_equal(lapic_acknowledge(&b.apic.cpu[0].lapic), 0x08); /* the output went high */
	out8(master, 0, 0x20);
	for (unsigned i = 1; i < 5; i++) {
		fake_advance_to(&b.apic.time, vclock_when(1180 * i, PIT_HZ) - 1);
		assert_false(b.apic.cpu[0].interrupt);
		fake_advance_to(&b.apic.time, vclock_when(1180 * i, PIT_HZ));
		assert_true(b.apic.cpu[0].interrupt);
		assert_false(b.apic.cpu[1].interrupt);
		assert_int_equal(lapic_acknowledge(&b.apic.cpu[0].lapic), 0x08);
		assert_false(b.apic.cpu[0].interrupt);
		out8(master, 0, 0x20);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_anything),
		cmocka_unit_test(test_saved_and_put_back),
		cmocka_unit_test(test_virtual_wire),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
