/* SPDX-License-Identifier: MIT */
#ifndef UDV_DEVICES_UART16550_H
#define UDV_DEVICES_UART16550_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "devices/irq.h"
#include "mem/ports.h"

/*
 * A 16550A as PCs have them. What is sent leaves at once, whatever the divisor, so the transmitter
 * is always empty; what is received is in the FIFO at once, so a character timeout is over as soon
 * as fewer characters wait than the trigger level asks for.
 * As on a PC, the interrupt reaches its line only with OUT2 set and loopback off.
 */

#define UART_PORTS 8
#define UART_FIFO 16
#define UART_POLLING 32

struct uart16550 {
	uint8_t ier, fcr, lcr, mcr, scratch;
	uint8_t errors;	      /* of LSR: what reading it clears */
	uint8_t modem_lines;  /* MSR[7:4] */
	uint8_t modem_deltas; /* MSR[3:0] */
	uint8_t polls;	      /* reads of LSR with nothing in between, up to UART_POLLING */
	bool thr_empty;	      /* its interrupt waits */
	uint16_t divisor;
	uint8_t fifo[UART_FIFO], head, count;
	struct irq_pin irq;
	void (*output)(void *opaque, uint8_t byte); /* may be NULL */
	void *opaque;
};
#define UART_STATE offsetof(struct uart16550, irq)

void uart_init(struct uart16550 *uart, struct irq_pin irq,
	       void (*output)(void *opaque, uint8_t byte), void *opaque);
void uart_reset(struct uart16550 *uart);

/* How many bytes can be received before one is lost. */
unsigned uart_room(const struct uart16550 *uart);
/* The guest wants to be told of bytes, or polls for them. */
bool uart_listens(const struct uart16550 *uart);
/* A byte from the line; with no room it is lost and an overrun is noted. */
void uart_receive(struct uart16550 *uart, uint8_t byte);

struct port_device uart_ports(struct uart16550 *uart);

#endif
