/* SPDX-License-Identifier: MIT */
#include "device_test.h"

#include <string.h>

#include "devices/fw_cfg.h"
#include "devices/pci_testdev.h"
#include "devices/testdev.h"

static uint64_t read_item(const struct port_device *ports, uint16_t key, unsigned bytes)
{
	uint64_t value = 0;

	ports->write(ports->opaque, 0, 2, key);
	for (unsigned i = 0; i < bytes; i++)
		value |= (uint64_t)in8(ports, 1) << (8 * i);
	return value;
}

static void test_fw_cfg(void **state)
{
	static struct fw_cfg cfg;
	struct port_device ports = fw_cfg_ports(&cfg);
	static const char line[] = "console=ttyS0";

	(void)state;
	memset(&cfg, 0xff, sizeof(cfg));
	fw_cfg_init(&cfg);
	assert_int_equal(read_item(&ports, 0, 4), 0x554d4551); /* "QEMU" */
	assert_int_equal(read_item(&ports, 1, 4), 1);
	assert_true(fw_cfg_add_number(&cfg, FW_CFG_RAM_SIZE, 8, 0x123456789abc));
	assert_true(fw_cfg_add_number(&cfg, FW_CFG_NB_CPUS, 2, 4));
	assert_false(fw_cfg_add_number(&cfg, FW_CFG_NB_CPUS, 2, 5));
	assert_false(fw_cfg_add_number(&cfg, 0x77, 9, 5));
	assert_int_equal(read_item(&ports, 3, 8), 0x123456789abc);
	assert_int_equal(read_item(&ports, 5, 2), 4);
	assert_int_equal(read_item(&ports, 5, 4), 4); /* zeros follow */
	assert_int_equal(read_item(&ports, 0x1234, 4), 0);
	assert_true(fw_cfg_add_bytes(&cfg, FW_CFG_COMMAND_LINE, line, sizeof(line)));
	read_item(&ports, FW_CFG_COMMAND_LINE, 0);
	for (unsigned i = 0; i < sizeof(line); i++)
		assert_int_equal(in8(&ports, 1), line[i]);
	out8(&ports, 0, 5); /* selects only as a word */
	assert_int_equal(in8(&ports, 1), 0);
	assert_int_equal(ports.read(ports.opaque, 0, 2), 0);
}

static void test_fw_cfg_files(void **state)
{
	static struct fw_cfg cfg;
	struct port_device ports = fw_cfg_ports(&cfg);
	uint8_t directory[4 + 2 * 64], expected[4 + 2 * 64] = { 0, 0, 0, 2 };
	char name[FW_CFG_NAME + 1];

	(void)state;
	fw_cfg_init(&cfg);
	assert_true(fw_cfg_add_file(&cfg, "etc/one", "abc", 3));
	assert_true(fw_cfg_add_file(&cfg, "opt/two", "defghi", 6));
	assert_false(fw_cfg_add_file(&cfg, "opt/two", "x", 1));
	assert_false(fw_cfg_add_file(&cfg, "", "x", 1));
	memset(name, 'n', sizeof(name) - 1);
	name[sizeof(name) - 1] = 0;
	assert_false(fw_cfg_add_file(&cfg, name, "x", 1));
	expected[4 + 3] = 3;
	expected[4 + 5] = 0x20;
	memcpy(expected + 4 + 8, "etc/one", 7);
	expected[68 + 3] = 6;
	expected[68 + 5] = 0x21;
	memcpy(expected + 68 + 8, "opt/two", 7);
	read_item(&ports, FW_CFG_DIRECTORY, 0);
	for (unsigned i = 0; i < sizeof(directory); i++)
		directory[i] = in8(&ports, 1);
	assert_memory_equal(directory, expected, sizeof(expected));
	assert_int_equal(in8(&ports, 1), 0);
	assert_int_equal(read_item(&ports, 0x21, 6), 0x696867666564);
	assert_false(fw_cfg_add_bytes(&cfg, FW_CFG_DIRECTORY, "x", 1));
	for (unsigned i = 4; i < FW_CFG_MAX_ITEMS; i++)
		assert_true(fw_cfg_add_number(&cfg, (uint16_t)(0x1000 + i), 1, i));
	assert_false(fw_cfg_add_number(&cfg, 0x2000, 1, 1));
}

struct lines_record {
	bool pin[IRQ_LINES];
	uint32_t flushed;
};

static void on_pin(void *opaque, unsigned pin, bool level)
{
	((struct lines_record *)opaque)->pin[pin] = level;
}

static void on_flush(void *opaque, uint32_t address)
{
	((struct lines_record *)opaque)->flushed = address;
}

static void test_pc_testdev(void **state)
{
	static struct testdev testdev;
	struct lines_record record = { .flushed = 0 };
	struct irq_lines lines;
	struct port_device ports = testdev_ports(&testdev), irq = testdev_irq_ports(&testdev);
	struct port_device flush = testdev_flush_ports(&testdev);
	struct mem_device memory = testdev_memory(&testdev);

	(void)state;
	irq_lines_init(&lines, NULL, NULL, on_pin, &record);
	testdev_init(&testdev, &lines, on_flush, &record);
	ports.write(ports.opaque, 0, 4, 0x12345678);
	ports.write(ports.opaque, 1, 1, 0xaa);
	assert_int_equal(ports.read(ports.opaque, 0, 4), 0x1234aa78);
	ports.write(ports.opaque, 0, 2, 0x9999);
	assert_int_equal(ports.read(ports.opaque, 0, 1), 0x99);
	assert_int_equal(ports.read(ports.opaque, 3, 4), 0x12);
	memory.write(memory.opaque, 0xfff8, 8, 0x1122334455667788);
	assert_true(memory.read(memory.opaque, 0xfff8, 8) == 0x1122334455667788);
	assert_int_equal(memory.read(memory.opaque, 0xfffb, 2), 0x4455);
	assert_int_equal(memory.read(memory.opaque, 0xffff, 8), 0x11);
	memory.write(memory.opaque, 0xffff, 8, UINT64_MAX);
	assert_int_equal(memory.read(memory.opaque, 0xffff, 1), 0xff);
	assert_int_equal(memory.read(memory.opaque, UINT64_MAX, 8), 0);
	irq.write(irq.opaque, 14, 1, 1);
	assert_true(record.pin[14]);
	irq.write(irq.opaque, 14, 1, 0);
	assert_false(record.pin[14]);
	irq.write(irq.opaque, 0, 1, 0xff);
	assert_true(record.pin[2]);
	irq.write(irq.opaque, 24, 1, 1);
	flush.write(flush.opaque, 0, 4, 0x7000);
	assert_int_equal(record.flushed, 0x7000);
	testdev_reset(&testdev);
	assert_false(record.pin[2]);
	assert_int_equal(ports.read(ports.opaque, 0, 4), 0);
}

/* What the harness of kvm-unit-tests does with each region. */
static void test_pci_testdev(void **state)
{
	static struct pci_host host;
	struct pci_testdev testdev;
	struct mem_device memory = pci_testdev_memory(&testdev);
	struct port_device ports = pci_testdev_ports(&testdev);

	(void)state;
	pci_init(&host, NULL);
	assert_true(pci_testdev_init(&testdev, &host, 4));
	memory.write(memory.opaque, 0, 1, 0);
	assert_int_equal(memory.read(memory.opaque, 1, 1), 1);
	assert_int_equal(memory.read(memory.opaque, 4, 4), 0x40);
	assert_int_equal(memory.read(memory.opaque, 8, 4), 0xfa);
	assert_int_equal(memory.read(memory.opaque, 16, 8), 0x6f696d6d); /* "mmio" */
	for (unsigned i = 0; i < 16; i++)
		memory.write(memory.opaque, 0x40, 1, 0xfa);
	memory.write(memory.opaque, 0x40, 1, 0xfb);
	memory.write(memory.opaque, 0x40, 2, 0xfa);
	assert_int_equal(memory.read(memory.opaque, 12, 4), 16);
	assert_int_equal(ports.read(ports.opaque, 12, 4), 0);
	ports.write(ports.opaque, 0x40, 1, 0xfa);
	assert_int_equal(ports.read(ports.opaque, 12, 4), 1);
	ports.write(ports.opaque, 0, 1, 0);
	assert_int_equal(ports.read(ports.opaque, 12, 4), 0);
	ports.write(ports.opaque, 0, 1, 1); /* there is no second test */
	assert_int_equal(ports.read(ports.opaque, 1, 1), 0);
	assert_int_equal(ports.read(ports.opaque, 0x41, 4), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_fw_cfg),
		cmocka_unit_test(test_fw_cfg_files),
		cmocka_unit_test(test_pc_testdev),
		cmocka_unit_test(test_pci_testdev),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
