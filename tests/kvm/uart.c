/* SPDX-License-Identifier: MIT */
#include "uart.h"

#include <linux/kvm.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "vm.h"

#define LCR_DLAB 0x80u
#define MCR_LOOP 0x10u
#define FCR_ENABLE 1u
#define IER_RECEIVED 1u
#define IER_EMPTY 2u
#define IIR_NONE 1u
#define IIR_EMPTY 2u
#define IIR_RECEIVED 4u
#define IIR_FIFOS 0xc0u
#define LSR_RECEIVED 1u
#define LSR_EMPTY 0x60u
#define MSR_READY 0xb0u

static uint8_t cause(const struct uart *uart)
{
	if (uart->ier & IER_RECEIVED && uart->has_received)
		return IIR_RECEIVED;
	return uart->ier & IER_EMPTY && uart->empty_due ? IIR_EMPTY : IIR_NONE;
}

/* The PIC's input is edge-triggered: what is still due makes a new edge. */
static void tell(struct uart *uart)
{
	struct kvm_irq_level level = { .irq = UART_IRQ, .level = 0 };

	if (ioctl(uart->vm, KVM_IRQ_LINE, &level) < 0)
		vm_fail("KVM_IRQ_LINE");
	level.level = 1;
	if (cause(uart) != IIR_NONE && ioctl(uart->vm, KVM_IRQ_LINE, &level) < 0)
		vm_fail("KVM_IRQ_LINE");
}

/* In loopback the modem's outputs are its inputs. */
static uint8_t modem_status(const struct uart *uart)
{
	if (!(uart->mcr & MCR_LOOP))
		return MSR_READY;
	return (uint8_t)((uart->mcr & 1) << 5 | (uart->mcr & 2) << 3 | (uart->mcr & 12) << 4);
}

static uint8_t read_cause(struct uart *uart)
{
	uint8_t value = cause(uart);

	if (value == IIR_EMPTY) {
		uart->empty_due = false;
		tell(uart);
	}
	return uart->fcr & FCR_ENABLE ? value | IIR_FIFOS : value;
}

static uint8_t read_data(struct uart *uart)
{
	uint8_t value = uart->has_received ? uart->received : 0;

	uart->has_received = false;
	tell(uart);
	pthread_cond_broadcast(&uart->changed);
	return value;
}

static uint8_t read_register(struct uart *uart, unsigned index)
{
	if (index < 2 && uart->lcr & LCR_DLAB)
		return uart->divisor[index];
	switch (index) {
	case 0:
		return read_data(uart);
	case 1:
		return uart->ier;
	case 2:
		return read_cause(uart);
	case 3:
		return uart->lcr;
	case 4:
		return uart->mcr;
	case 5:
		return LSR_EMPTY | (uart->has_received ? LSR_RECEIVED : 0);
	case 6:
		return modem_status(uart);
	default:
		return uart->scratch;
	}
}

uint8_t uart_read(struct uart *uart, unsigned index)
{
	uint8_t value;

	pthread_mutex_lock(&uart->lock);
	value = read_register(uart, index);
	pthread_mutex_unlock(&uart->lock);
	return value;
}

static void transmit(struct uart *uart, uint8_t value)
{
	if (write(STDOUT_FILENO, &value, 1) != 1)
		vm_fail("output");
	if (value == ' ' && uart->last == '#') {
		uart->prompted = true;
		pthread_cond_broadcast(&uart->changed);
	}
	uart->last = (char)value;
	uart->empty_due = true;
	tell(uart);
}

static void write_register(struct uart *uart, unsigned index, uint8_t value)
{
	if (index < 2 && uart->lcr & LCR_DLAB) {
		uart->divisor[index] = value;
		return;
	}
	switch (index) {
	case 0:
		if (!(uart->mcr & MCR_LOOP))
			transmit(uart, value);
		break;
	case 1:
		uart->empty_due |= value & IER_EMPTY && !(uart->ier & IER_EMPTY);
		uart->ier = value & 0xf;
		tell(uart);
		break;
	case 2:
		uart->fcr = value;
		break;
	case 3:
		uart->lcr = value;
		break;
	case 4:
		uart->mcr = value & 0x1f;
		break;
	case 7:
		uart->scratch = value;
		break;
	default:
		break;
	}
}

void uart_write(struct uart *uart, unsigned index, uint8_t value)
{
	pthread_mutex_lock(&uart->lock);
	write_register(uart, index, value);
	pthread_mutex_unlock(&uart->lock);
}

/* ---------------------------------------------------------------- input */

static void receive(struct uart *uart, uint8_t value)
{
	pthread_mutex_lock(&uart->lock);
	while (uart->has_received)
		pthread_cond_wait(&uart->changed, &uart->lock);
	uart->received = value;
	uart->has_received = true;
	tell(uart);
	pthread_mutex_unlock(&uart->lock);
}

static void wait_for_prompt(struct uart *uart)
{
	pthread_mutex_lock(&uart->lock);
	while (!uart->prompted)
		pthread_cond_wait(&uart->changed, &uart->lock);
	uart->prompted = false;
	pthread_mutex_unlock(&uart->lock);
}

static void *type_lines(void *opaque)
{
	struct uart *uart = opaque;
	bool starts = true;
	uint8_t value;

	while (read(STDIN_FILENO, &value, 1) == 1) {
		if (starts)
			wait_for_prompt(uart);
		receive(uart, value);
		starts = value == '\n';
	}
	return NULL;
}

void uart_start(struct uart *uart, int vm)
{
	pthread_t thread;

	*uart = (struct uart){ .vm = vm };
	pthread_mutex_init(&uart->lock, NULL);
	pthread_cond_init(&uart->changed, NULL);
	if (pthread_create(&thread, NULL, type_lines, uart) != 0)
		vm_fail("thread");
	pthread_detach(thread);
}
