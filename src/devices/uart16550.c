/* SPDX-License-Identifier: MIT */
#include "devices/uart16550.h"

#include <string.h>

enum {
	REG_DATA, /* the divisor's low byte with DLAB */
	REG_IER,  /* the divisor's high byte with DLAB */
	REG_IIR,  /* FCR when written */
	REG_LCR,
	REG_MCR,
	REG_LSR,
	REG_MSR,
	REG_SCRATCH,
};

#define IER_RX 0x1u
#define IER_THR 0x2u
#define IER_LINE 0x4u
#define IER_MODEM 0x8u
#define IER_MASK 0xfu

#define IIR_MODEM 0x0u
#define IIR_NONE 0x1u
#define IIR_THR 0x2u
#define IIR_RX 0x4u
#define IIR_LINE 0x6u
#define IIR_TIMEOUT 0xcu
#define IIR_FIFOS 0xc0u

#define FCR_ENABLE 0x1u
#define FCR_CLEAR_RX 0x2u
#define FCR_STORED 0xc9u

#define LCR_DLAB 0x80u

#define MCR_DTR 0x1u
#define MCR_RTS 0x2u
#define MCR_OUT1 0x4u
#define MCR_OUT2 0x8u
#define MCR_LOOP 0x10u
#define MCR_MASK 0x1fu

#define LSR_DATA 0x1u
#define LSR_OVERRUN 0x2u
#define LSR_EMPTY 0x60u /* holding register and shift register */

#define MSR_CTS 0x10u
#define MSR_DSR 0x20u
#define MSR_RI 0x40u
#define MSR_DCD 0x80u

static unsigned fifo_size(const struct uart16550 *uart)
{
	return uart->fcr & FCR_ENABLE ? UART_FIFO : 1;
}

static unsigned trigger_level(const struct uart16550 *uart)
{
	static const uint8_t level[4] = { 1, 4, 8, 14 };

	return uart->fcr & FCR_ENABLE ? level[uart->fcr >> 6] : 1;
}

/* The interrupt of the highest priority, as IIR names it. */
static uint8_t interrupt_id(const struct uart16550 *uart)
{
	if ((uart->ier & IER_LINE) && uart->errors)
		return IIR_LINE;
	if ((uart->ier & IER_RX) && uart->count)
		return uart->count >= trigger_level(uart) ? IIR_RX : IIR_TIMEOUT;
	if ((uart->ier & IER_THR) && uart->thr_empty)
		return IIR_THR;
	if ((uart->ier & IER_MODEM) && uart->modem_deltas)
		return IIR_MODEM;
	return IIR_NONE;
}

static void update_irq(struct uart16550 *uart)
{
	/* In loopback too: the register's bit gates the line, as software that tests itself has it.
	 */
	bool wired = uart->mcr & MCR_OUT2;

	irq_set(&uart->irq, wired && interrupt_id(uart) != IIR_NONE);
}

static void push(struct uart16550 *uart, uint8_t byte)
{
	if (uart->count >= fifo_size(uart)) {
		uart->errors |= LSR_OVERRUN;
		/* Without FIFOs the new one replaces what nobody read; with them it is lost. */
		if (!(uart->fcr & FCR_ENABLE))
			uart->fifo[uart->head] = byte;
		return;
	}
	uart->fifo[(uart->head + uart->count) % UART_FIFO] = byte;
	uart->count++;
}

static uint8_t pop(struct uart16550 *uart)
{
	uint8_t byte;

	if (!uart->count)
		return 0;
	byte = uart->fifo[uart->head];
	uart->head = (uint8_t)((uart->head + 1) % UART_FIFO);
	uart->count--;
	return byte;
}

/* New modem lines; changes are noted, of RI only the end. */
static void set_modem_lines(struct uart16550 *uart, uint8_t lines)
{
	uint8_t changed = uart->modem_lines ^ lines;

	if (lines & MSR_RI)
		changed &= (uint8_t)~MSR_RI;
	uart->modem_deltas |= changed >> 4;
	uart->modem_lines = lines;
}

static uint8_t lines_of_mcr(uint8_t mcr)
{
	if (!(mcr & MCR_LOOP))
		return MSR_CTS | MSR_DSR | MSR_DCD; /* somebody is there */
	return (uint8_t)((mcr & MCR_RTS ? MSR_CTS : 0) | (mcr & MCR_DTR ? MSR_DSR : 0) |
			 (mcr & MCR_OUT1 ? MSR_RI : 0) | (mcr & MCR_OUT2 ? MSR_DCD : 0));
}

static void write_data(struct uart16550 *uart, uint8_t byte)
{
	if (uart->mcr & MCR_LOOP)
		push(uart, byte);
	else if (uart->output)
		uart->output(uart->opaque, byte);
	uart->thr_empty = true;
}

static void write_fcr(struct uart16550 *uart, uint8_t value)
{
	if (((value ^ uart->fcr) & FCR_ENABLE) || (value & FCR_CLEAR_RX))
		uart->head = uart->count = 0;
	uart->fcr = value & FCR_ENABLE ? value & FCR_STORED : 0;
}

static void write_ier(struct uart16550 *uart, uint8_t value)
{
	/* Enabling the interrupt while the register is empty raises it. */
	if ((value & ~uart->ier) & IER_THR)
		uart->thr_empty = true;
	uart->ier = value & IER_MASK;
}

static void uart_write(void *opaque, unsigned offset, unsigned size, uint32_t value)
{
	struct uart16550 *uart = opaque;
	uint8_t byte = (uint8_t)value;
	bool dlab = uart->lcr & LCR_DLAB;

	(void)size;
	uart->polls = 0;
	switch (offset) {
	case REG_DATA:
		if (dlab)
			uart->divisor = (uint16_t)((uart->divisor & 0xff00u) | byte);
		else
			write_data(uart, byte);
		break;
	case REG_IER:
		if (dlab)
			uart->divisor = (uint16_t)((uart->divisor & 0xffu) | (unsigned)byte << 8);
		else
			write_ier(uart, byte);
		break;
	case REG_IIR:
		write_fcr(uart, byte);
		break;
	case REG_LCR:
		uart->lcr = byte;
		break;
	case REG_MCR:
		uart->mcr = byte & MCR_MASK;
		set_modem_lines(uart, lines_of_mcr(uart->mcr));
		break;
	case REG_SCRATCH:
		uart->scratch = byte;
		break;
	}
	update_irq(uart);
}

static uint8_t read_iir(struct uart16550 *uart)
{
	uint8_t id = interrupt_id(uart);

	if (id == IIR_THR)
		uart->thr_empty = false;
	return (uint8_t)(id | (uart->fcr & FCR_ENABLE ? IIR_FIFOS : 0));
}

static uint8_t read_lsr(struct uart16550 *uart)
{
	uint8_t value = (uint8_t)(LSR_EMPTY | uart->errors | (uart->count ? LSR_DATA : 0));

	uart->errors = 0;
	/* The transmitter is always empty: who asks again asks for input. */
	if (uart->polls < UART_POLLING)
		uart->polls++;
	return value;
}

static uint8_t read_msr(struct uart16550 *uart)
{
	uint8_t value = uart->modem_lines | uart->modem_deltas;

	uart->modem_deltas = 0;
	return value;
}

static uint8_t read_register(struct uart16550 *uart, unsigned offset)
{
	bool dlab = uart->lcr & LCR_DLAB;

	switch (offset) {
	case REG_DATA:
		return dlab ? (uint8_t)uart->divisor : pop(uart);
	case REG_IER:
		return dlab ? (uint8_t)(uart->divisor >> 8) : uart->ier;
	case REG_IIR:
		return read_iir(uart);
	case REG_LCR:
		return uart->lcr;
	case REG_MCR:
		return uart->mcr;
	case REG_LSR:
		return read_lsr(uart);
	case REG_MSR:
		return read_msr(uart);
	case REG_SCRATCH:
		return uart->scratch;
	}
	return 0xff;
}

static uint32_t uart_read(void *opaque, unsigned offset, unsigned size)
{
	struct uart16550 *uart = opaque;
	uint8_t value = read_register(uart, offset);

	(void)size;
	update_irq(uart);
	return value;
}

unsigned uart_room(const struct uart16550 *uart)
{
	return uart->mcr & MCR_LOOP ? 0 : fifo_size(uart) - uart->count;
}

bool uart_listens(const struct uart16550 *uart)
{
	return uart->ier & IER_RX || uart->polls == UART_POLLING;
}

void uart_receive(struct uart16550 *uart, uint8_t byte)
{
	if (uart->mcr & MCR_LOOP)
		return; /* the line is cut off */
	push(uart, byte);
	update_irq(uart);
}

void uart_reset(struct uart16550 *uart)
{
	struct irq_pin irq = uart->irq;
	void (*output)(void *opaque, uint8_t byte) = uart->output;
	void *opaque = uart->opaque;

	memset(uart, 0, sizeof(*uart));
	uart->irq = irq;
	uart->output = output;
	uart->opaque = opaque;
	uart->divisor = 12; /* 9600 baud, as firmware leaves it */
	uart->modem_lines = lines_of_mcr(0);
	update_irq(uart);
}

void uart_init(struct uart16550 *uart, struct irq_pin irq,
	       void (*output)(void *opaque, uint8_t byte), void *opaque)
{
	uart->irq = irq;
	uart->output = output;
	uart->opaque = opaque;
	uart_reset(uart);
}

struct port_device uart_ports(struct uart16550 *uart)
{
	return (struct port_device){
		.read = uart_read,
		.write = uart_write,
		.opaque = uart,
		.sizes = 1,
	};
}
