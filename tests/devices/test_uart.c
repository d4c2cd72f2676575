/* SPDX-License-Identifier: MIT */
#include "device_test.h"

#include "devices/debug_exit.h"
#include "devices/uart16550.h"

struct uart_bench {
	struct irq_lines lines;
	struct uart16550 uart;
	struct port_device ports;
	bool irq;
	uint8_t sent[64];
	unsigned nr_sent;
};

static void on_irq(void *opaque, unsigned input, bool level)
{
	struct uart_bench *bench = opaque;

	assert_int_equal(input, 4);
	bench->irq = level;
}

static void on_output(void *opaque, uint8_t byte)
{
	struct uart_bench *bench = opaque;

	bench->sent[bench->nr_sent++] = byte;
}

static void setup(struct uart_bench *bench)
{
	*bench = (struct uart_bench){ .irq = false };
	irq_lines_init(&bench->lines, on_irq, bench, NULL, NULL);
	uart_init(&bench->uart, irq_connect(&bench->lines, 4), on_output, bench);
	bench->ports = uart_ports(&bench->uart);
}

static void test_reset_values(void **state)
{
	static const uint8_t expected[8] = { 0x00, 0x00, 0x01, 0x00, 0x00, 0x60, 0xb0, 0x00 };
	struct uart_bench b;

	(void)state;
	setup(&b);
	for (unsigned i = 0; i < 8; i++)
		assert_int_equal(in8(&b.ports, i), expected[i]);
}

static void test_divisor_and_scratch(void **state)
{
	struct uart_bench b;

	(void)state;
	setup(&b);
	out8(&b.ports, 3, 0x80);
	assert_int_equal(in8(&b.ports, 0), 12);
	out8(&b.ports, 0, 0x01);
	out8(&b.ports, 1, 0x02);
	assert_int_equal(in8(&b.ports, 0), 0x01);
	assert_int_equal(in8(&b.ports, 1), 0x02);
	assert_int_equal(b.uart.divisor, 0x201);
	out8(&b.ports, 3, 0x03);
	assert_int_equal(in8(&b.ports, 3), 0x03);
	assert_int_equal(in8(&b.ports, 1), 0x00);
	out8(&b.ports, 7, 0x5a);
	assert_int_equal(in8(&b.ports, 7), 0x5a);
	assert_int_equal(b.nr_sent, 0);
}

/* GUEST-16: at the slowest divisor as at any, the transmitter is empty again at once. */
static void test_transmit(void **state)
{
	struct uart_bench b;

	(void)state;
	setup(&b);
	out8(&b.ports, 3, 0x83);
	out8(&b.ports, 0, 0xff);
	out8(&b.ports, 1, 0xff);
	out8(&b.ports, 3, 0x03);
	out8(&b.ports, 0, 'h');
	out8(&b.ports, 0, 'i');
	assert_int_equal(b.nr_sent, 2);
	assert_memory_equal(b.sent, "hi", 2);
	assert_int_equal(in8(&b.ports, 5), 0x60);
	assert_false(b.irq);
	out8(&b.ports, 4, 0x08); /* OUT2 */
	out8(&b.ports, 1, 0x02); /* the register is empty: interrupt at once */
	assert_true(b.irq);
	assert_int_equal(in8(&b.ports, 2), 0x02);
	assert_false(b.irq); /* reading IIR took it */
	assert_int_equal(in8(&b.ports, 2), 0x01);
	out8(&b.ports, 1, 0x02); /* enabled already: no new reason */
	assert_false(b.irq);
	out8(&b.ports, 0, '!');
	assert_true(b.irq);
	out8(&b.ports, 4, 0x00); /* OUT2 cuts the line, not the register */
	assert_false(b.irq);
	assert_int_equal(in8(&b.ports, 2), 0x02);
}

static void test_receive_fifo(void **state)
{
	struct uart_bench b;

	(void)state;
	setup(&b);
	out8(&b.ports, 4, 0x08);
	out8(&b.ports, 2, 0x41); /* FIFOs, trigger level 4 */
	out8(&b.ports, 1, 0x05);
	assert_int_equal(in8(&b.ports, 2), 0xc1);
	assert_int_equal(uart_room(&b.uart), 16);
	uart_receive(&b.uart, 0x10);
	assert_true(b.irq);
	assert_int_equal(in8(&b.ports, 2), 0xcc); /* below the trigger: timeout */
	for (uint8_t i = 1; i < 4; i++)
		uart_receive(&b.uart, 0x10 + i);
	assert_int_equal(in8(&b.ports, 2), 0xc4);
	for (uint8_t i = 4; i < 17; i++)
		uart_receive(&b.uart, 0x10 + i);
	assert_int_equal(uart_room(&b.uart), 0);
	assert_int_equal(in8(&b.ports, 2), 0xc6); /* overrun is line status */
	assert_int_equal(in8(&b.ports, 5), 0x63);
	assert_int_equal(in8(&b.ports, 5), 0x61);
	for (uint8_t i = 0; i < 16; i++)
		assert_int_equal(in8(&b.ports, 0), 0x10 + i);
	assert_int_equal(in8(&b.ports, 5), 0x60);
	assert_false(b.irq);
	uart_receive(&b.uart, 1);
	out8(&b.ports, 2, 0x43); /* clears the receiver */
	assert_int_equal(in8(&b.ports, 5), 0x60);
	assert_int_equal(in8(&b.ports, 0), 0);
}

static void test_receive_without_fifo(void **state)
{
	struct uart_bench b;

	(void)state;
	setup(&b);
	assert_int_equal(uart_room(&b.uart), 1);
	uart_receive(&b.uart, 1);
	assert_int_equal(in8(&b.ports, 2), 0x01); /* nobody asked for an interrupt */
	uart_receive(&b.uart, 2);
	assert_int_equal(in8(&b.ports, 5), 0x63);
	assert_int_equal(in8(&b.ports, 0), 2);
}

static void test_loopback(void **state)
{
	struct uart_bench b;

	(void)state;
	setup(&b);
	out8(&b.ports, 4, 0x1e); /* loop, OUT2, OUT1, RTS */
	assert_int_equal(in8(&b.ports, 6), 0xd2);
	assert_int_equal(in8(&b.ports, 6), 0xd0);
	out8(&b.ports, 4, 0x1a); /* RI ends: that is noted */
	assert_int_equal(in8(&b.ports, 6), 0x94);
	out8(&b.ports, 0, 0xa5);
	assert_int_equal(b.nr_sent, 0);
	assert_int_equal(in8(&b.ports, 5), 0x61);
	assert_int_equal(in8(&b.ports, 0), 0xa5);
	uart_receive(&b.uart, 7); /* the line is cut off */
	assert_int_equal(in8(&b.ports, 5), 0x60);
	out8(&b.ports, 1, 0x0f);
	assert_true(b.irq); /* the transmitter is empty, and OUT2 is set in loopback too */
	out8(&b.ports, 4, 0x08);
	assert_true(b.irq); /* DSR came back, and the transmitter is empty */
	assert_int_equal(in8(&b.ports, 2), 0x02);
	assert_int_equal(in8(&b.ports, 2), 0x00);
	assert_int_equal(in8(&b.ports, 6), 0xb2);
	assert_int_equal(in8(&b.ports, 2), 0x01);
	assert_false(b.irq);
}

struct exit_record {
	uint32_t value;
	unsigned size, calls;
};

static void on_exit_code(void *opaque, uint32_t value, unsigned size)
{
	struct exit_record *record = opaque;

	*record = (struct exit_record){ value, size, record->calls + 1 };
}

static void test_debug_exit(void **state)
{
	struct exit_record record = { .calls = 0 };
	struct debug_exit device = { on_exit_code, &record };
	struct port_device ports = debug_exit_ports(&device);

	(void)state;
	assert_int_equal(ports.sizes, 7);
	assert_int_equal(ports.read(ports.opaque, 0, 4), 0);
	assert_int_equal(record.calls, 0);
	ports.write(ports.opaque, 0, 4, 0x12345678);
	assert_int_equal(record.value, 0x12345678);
	assert_int_equal(record.size, 4);
	ports.write(ports.opaque, 0, 1, 3);
	assert_int_equal(record.value, 3);
	assert_int_equal(record.calls, 2);
}

static void test_shared_line(void **state)
{
	struct uart_bench b;
	struct irq_pin other;

	(void)state;
	setup(&b);
	other = irq_connect(&b.lines, 4);
	irq_set(&other, true);
	assert_true(b.irq);
	out8(&b.ports, 4, 0x08);
	out8(&b.ports, 1, 0x02);
	irq_set(&other, false);
	assert_true(b.irq); /* the UART still holds it */
	in8(&b.ports, 2);
	assert_false(b.irq);
	assert_null(irq_connect(&b.lines, IRQ_LINES).lines);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_reset_values),
		cmocka_unit_test(test_divisor_and_scratch),
		cmocka_unit_test(test_transmit),
		cmocka_unit_test(test_receive_fifo),
		cmocka_unit_test(test_receive_without_fifo),
		cmocka_unit_test(test_loopback),
		cmocka_unit_test(test_debug_exit),
		cmocka_unit_test(test_shared_line),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
