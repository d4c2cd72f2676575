/* SPDX-License-Identifier: MIT */
#include "apic_bench.h"

#include "devices/ioapic.h"
#include "devices/irq.h"

struct ioapic_bench {
	struct apic_bench apic;
	struct ioapic ioapic;
	struct irq_lines lines;
	struct mem_device memory;
	struct irq_pin pin[IRQ_LINES];
	unsigned pic_calls;
};

static void on_pic(void *opaque, unsigned input, bool level)
{
	(void)input;
	(void)level;
	((struct ioapic_bench *)opaque)->pic_calls++;
}

static void setup(struct ioapic_bench *b)
{
	bench_setup(&b->apic);
	enable(&b->apic);
	ioapic_init(&b->ioapic, &b->apic.bus);
	b->apic.bus.eoi = ioapic_eoi;
	b->apic.bus.eoi_opaque = &b->ioapic;
	b->memory = ioapic_memory(&b->ioapic);
	b->pic_calls = 0;
	irq_lines_init(&b->lines, on_pic, b, ioapic_set_pin, &b->ioapic);
	for (unsigned i = 0; i < IRQ_LINES; i++)
		b->pin[i] = irq_connect(&b->lines, i);
}

static uint32_t ioread(struct ioapic_bench *b, uint8_t reg)
{
	b->memory.write(b->memory.opaque, 0, 4, reg);
	return (uint32_t)b->memory.read(b->memory.opaque, 0x10, 4);
}

static void iowrite(struct ioapic_bench *b, uint8_t reg, uint32_t value)
{
	b->memory.write(b->memory.opaque, 0, 4, reg);
	b->memory.write(b->memory.opaque, 0x10, 4, value);
}

static void set_entry(struct ioapic_bench *b, unsigned pin, uint32_t low, uint8_t destination)
{
	iowrite(b, (uint8_t)(0x10 + 2 * pin), low);
	iowrite(b, (uint8_t)(0x11 + 2 * pin), (uint32_t)destination << 24);
}

static int ack(struct ioapic_bench *b, unsigned cpu)
{
	return lapic_acknowledge(&b->apic.cpu[cpu].lapic);
}

static void eoi(struct ioapic_bench *b, unsigned cpu)
{
	xwrite(&b->apic, cpu, 0xb0, 0);
}

static void test_registers(void **state)
{
	static struct ioapic_bench b;

	(void)state;
	setup(&b);
	assert_int_equal(ioread(&b, 1), 0x00170020);
	iowrite(&b, 1, 0);
	assert_int_equal(ioread(&b, 1), 0x00170020);
	iowrite(&b, 0, 0xffffffff);
	assert_int_equal(ioread(&b, 0), 0x0f000000);
	assert_int_equal(ioread(&b, 2), 0x0f000000);
	iowrite(&b, 2, 0);
	assert_int_equal(ioread(&b, 2), 0x0f000000);
	for (unsigned pin = 0; pin < 24; pin++) {
		assert_int_equal(ioread(&b, (uint8_t)(0x10 + 2 * pin)), 0x00010000);
		assert_int_equal(ioread(&b, (uint8_t)(0x11 + 2 * pin)), 0);
		set_entry(&b, pin, 0xffffffff, 0xff);
		assert_int_equal(ioread(&b, (uint8_t)(0x10 + 2 * pin)), 0x0001afff);
		assert_int_equal(ioread(&b, (uint8_t)(0x11 + 2 * pin)), 0xff000000);
	}
	iowrite(&b, 0x40, 5);
	assert_int_equal(ioread(&b, 0x40), 0);
	assert_int_equal(ioread(&b, 0xff), 0);
	b.memory.write(b.memory.opaque, 0, 1, 1);
	assert_int_equal(b.memory.read(b.memory.opaque, 0x10, 1), 0x20);
	assert_int_equal(b.memory.read(b.memory.opaque, 0x12, 1), 0x17);
	b.memory.write(b.memory.opaque, 0, 1, 0);
	assert_int_equal(b.memory.read(b.memory.opaque, 0x13, 1), 0x0f);
	assert_int_equal(b.memory.read(b.memory.opaque, 0x14, 4), 0);
	assert_int_equal(b.memory.read(b.memory.opaque, 0xff8, 8), 0);
	ioapic_set_pin(&b.ioapic, 24, true);
	ioapic_reset(&b.ioapic);
	assert_int_equal(ioread(&b, 0x3e), 0x00010000);
}

static void test_edge(void **state)
{
	static struct ioapic_bench b;

	(void)state;
	setup(&b);
	irq_pulse(&b.pin[14]); /* masked: lost */
	set_entry(&b, 14, 0x76, 0);
	assert_int_equal(ack(&b, 0), -1);
	irq_set(&b.pin[14], false);
	irq_set(&b.pin[14], true);
	irq_set(&b.pin[14], true);
	assert_int_equal(ack(&b, 0), 0x76);
	assert_int_equal(ack(&b, 0), -1);
	assert_int_equal(ioread(&b, 0x10 + 28), 0x76);
	irq_pulse(&b.pin[14]);
	assert_int_equal(ack(&b, 0), -1); /* of the same class as what is in service */
	eoi(&b, 0);
	assert_int_equal(ack(&b, 0), 0x76);
}

static void test_level(void **state)
{
	static struct ioapic_bench b;

	(void)state;
	setup(&b);
	irq_set(&b.pin[14], true);
	set_entry(&b, 14, 0x8077, 0); /* high already: delivers as it is unmasked */
	assert_int_equal(ack(&b, 0), 0x77);
	assert_int_equal(ioread(&b, 0x10 + 28), 0xc077);
	irq_set(&b.pin[14], false);
	irq_set(&b.pin[14], true); /* while remote IRR is set: coalesced */
	eoi(&b, 0);
	assert_int_equal(ack(&b, 0), 0x77); /* again, the line is high */
	irq_set(&b.pin[14], false);
	eoi(&b, 0);
	assert_int_equal(ioread(&b, 0x10 + 28), 0x8077);
	assert_int_equal(ack(&b, 0), -1);
	irq_set(&b.pin[14], true);
	assert_int_equal(ack(&b, 0), 0x77);
	iowrite(&b, 0x10 + 28, 0x18077);
	eoi(&b, 0);
	assert_int_equal(ioread(&b, 0x10 + 28), 0x18077);
	assert_int_equal(ack(&b, 0), -1); /* masked */
	iowrite(&b, 0x10 + 28, 0x8077);
	assert_int_equal(ack(&b, 0), 0x77);
}

static void test_remote_irr(void **state)
{
	static struct ioapic_bench b;

	(void)state;
	setup(&b);
	set_entry(&b, 5, 0x8077, 9); /* no such APIC: not accepted, not remembered */
	irq_set(&b.pin[5], true);
	assert_int_equal(ioread(&b, 0x1a), 0x8077);
	set_entry(&b, 5, 0x8077, 1);
	assert_int_equal(ioread(&b, 0x1a), 0xc077);
	assert_int_equal(ack(&b, 1), 0x77);
	irq_set(&b.pin[5], false);
	iowrite(&b, 0x1a, 0x77); /* making it edge-triggered clears remote IRR */
	assert_int_equal(ioread(&b, 0x1a), 0x77);
	eoi(&b, 1);
	set_entry(&b, 5, 0x8077, 1);
	irq_set(&b.pin[5], true);
	assert_int_equal(ack(&b, 1), 0x77);
	b.memory.write(b.memory.opaque, 0x40, 4, 0x78); /* another vector */
	assert_int_equal(ioread(&b, 0x1a), 0xc077);
	irq_set(&b.pin[5], false);
	b.memory.write(b.memory.opaque, 0x40, 4, 0x77); /* directed EOI */
	assert_int_equal(ioread(&b, 0x1a), 0x8077);
}

static void test_destinations(void **state)
{
	static struct ioapic_bench b;

	(void)state;
	setup(&b);
	for (unsigned i = 0; i < BENCH_CPUS; i++)
		xwrite(&b.apic, i, 0xd0, 1u << (24 + i));
	set_entry(&b, 3, 0x0885, 0xd);
	irq_pulse(&b.pin[3]);
	assert_int_equal(take_requests(&b.apic, 0x85), 0xd);
	set_entry(&b, 3, 0x0085, 2);
	irq_pulse(&b.pin[3]);
	assert_int_equal(take_requests(&b.apic, 0x85), 0x4);
	set_entry(&b, 3, 0x0085, 0xff);
	irq_pulse(&b.pin[3]);
	assert_int_equal(take_requests(&b.apic, 0x85), 0xf);
	set_entry(&b, 3, 0x0985, 0xf);
	xwrite(&b.apic, 0, 0x80, 0x10);
	irq_pulse(&b.pin[3]);
	assert_int_equal(take_requests(&b.apic, 0x85), 0x2);
	set_entry(&b, 3, 0x0400, 1);
	irq_pulse(&b.pin[3]);
	assert_int_equal(b.apic.cpu[1].nmis, 1);
	for (unsigned i = 0; i < BENCH_CPUS; i++)
		to_x2apic(&b.apic, i);
	set_entry(&b, 3, 0x0885, 0xd); /* eight bits name members of cluster 0 */
	irq_pulse(&b.pin[3]);
	assert_int_equal(take_requests(&b.apic, 0x85), 0xd);
	set_entry(&b, 3, 0x0085, 0xff);
	irq_pulse(&b.pin[3]);
	assert_int_equal(take_requests(&b.apic, 0x85), 0xf);
}

static void test_lines(void **state)
{
	static struct ioapic_bench b;

	(void)state;
	setup(&b);
	for (unsigned i = 0; i < 24; i++)
		set_entry(&b, i, 0x40 + i, 0);
	irq_set(&b.pin[0], true); /* interrupt 0 is pin 2 */
	assert_int_equal(ack(&b, 0), 0x42);
	assert_int_equal(b.pic_calls, 1);
	eoi(&b, 0);
	irq_set(&b.pin[23], true);
	assert_int_equal(ack(&b, 0), 0x57);
	assert_int_equal(b.pic_calls, 1); /* the 8259 pair has sixteen inputs */
	assert_int_equal(b.ioapic.lines, 0x800004);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_registers),    cmocka_unit_test(test_edge),
		cmocka_unit_test(test_level),	     cmocka_unit_test(test_remote_irr),
		cmocka_unit_test(test_destinations), cmocka_unit_test(test_lines),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
