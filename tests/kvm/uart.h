/* SPDX-License-Identifier: MIT */
#ifndef TESTS_KVM_UART_H
#define TESTS_KVM_UART_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

/*
 * A 16550A whose output is standard output, and whose input is standard input: a line of it
 * each time that "# " has been printed. A second thread reads and waits.
 */

#define UART_BASE 0x3f8u
#define UART_IRQ 4u

struct uart {
	int vm;
	pthread_mutex_t lock;
	pthread_cond_t changed;
	uint8_t ier, lcr, mcr, fcr, scratch, divisor[2];
	uint8_t received;
	bool has_received, empty_due; /* what interrupts are about */
	bool prompted;
	char last;
};

void uart_start(struct uart *uart, int vm);
uint8_t uart_read(struct uart *uart, unsigned index);
void uart_write(struct uart *uart, unsigned index, uint8_t value);

#endif
