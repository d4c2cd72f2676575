/* SPDX-License-Identifier: MIT */
#ifndef UDV_DEVICES_PIC_H
#define UDV_DEVICES_PIC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "mem/ports.h"

/*
 * Two 8259A as in a PC, the slave at input 2 of the master, with the edge/level control registers
 * (ELCR) of later chip sets. ICW1's LTIM bit has no effect, as in those.
 *
 * An edge stays requested until it is acknowledged, even if the line falls before; a level is
 * requested while the line is high.
 */

#define PIC_MASTER_PORT 0x20
#define PIC_SLAVE_PORT 0xa0
#define PIC_ELCR_PORT 0x4d0
#define PIC_PORTS 2 /* each of the three */
#define PIC_CASCADE 2

struct pic_chip {
	uint8_t lines; /* inputs that are high */
	uint8_t edges; /* requested by edges not yet acknowledged */
	uint8_t isr, imr, elcr;
	uint8_t vector; /* ICW2, low three bits clear */
	uint8_t lowest; /* the input with the lowest priority */
	uint8_t expect; /* the ICW that comes next: 2, 3, 4, or 0 */
	bool single, wants_icw4, auto_eoi, rotate_on_auto_eoi, special_mask, fully_nested;
	bool read_isr, poll;
};

struct pic {
	struct pic_chip chip[2];
	bool intr_level;
	void (*intr)(void *opaque, bool level);
	void *opaque;
};
#define PIC_STATE offsetof(struct pic, intr)

void pic_init(struct pic *pic, void (*intr)(void *opaque, bool level), void *opaque);
/* What RESET does; the input lines stay as they are. */
void pic_reset(struct pic *pic);

/* @input: 0..15. Fits struct irq_lines; @opaque is the struct pic. */
void pic_set_input(void *opaque, unsigned input, bool level);

/* INTA: the vector. A request that went away gives that of input 7. */
uint8_t pic_acknowledge(struct pic *pic);

struct port_device pic_master_ports(struct pic *pic);
struct port_device pic_slave_ports(struct pic *pic);
struct port_device pic_elcr_ports(struct pic *pic);

#endif
