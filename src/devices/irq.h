/* SPDX-License-Identifier: MIT */
#ifndef UDV_DEVICES_IRQ_H
#define UDV_DEVICES_IRQ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Here and in every device: what comes first in a struct is plain data, all there is to save and to
 * put back; from X_STATE bytes on it is wiring, which init makes. Timers are saved with the clock.
 *
 * The machine's interrupt lines. Line n is ISA interrupt n: input n of the 8259 pair for the first
 * sixteen, and pin n of the I/O APIC, but for line 0, which is pin 2 there (the 8259's own INTR
 * takes pin 0 on a real board, and firmware tables tell of the exchange).
 *
 * A line is high while one of its sources holds it. Each source has a bit of its own, so that two
 * devices on a line do not lower it for each other.
 */

#define IRQ_LINES 24
#define IRQ_ISA_LINES 16
#define IRQ_MAX_SOURCES 32

struct irq_lines {
	uint32_t held[IRQ_LINES]; /* by source */
	uint8_t nr_sources[IRQ_LINES];
	void (*pic)(void *opaque, unsigned input, bool level);
	void *pic_opaque;
	void (*ioapic)(void *opaque, unsigned pin, bool level);
	void *ioapic_opaque;
};
#define IRQ_LINES_STATE offsetof(struct irq_lines, pic)

/* A source's end of a line. With lines NULL it leads nowhere. */
struct irq_pin {
	struct irq_lines *lines;
	uint8_t line, source;
};

/* The callbacks may be NULL. */
void irq_lines_init(struct irq_lines *lines, void (*pic)(void *opaque, unsigned input, bool level),
		    void *pic_opaque, void (*ioapic)(void *opaque, unsigned pin, bool level),
		    void *ioapic_opaque);

/* A new source on @line; a pin that leads nowhere if there is none such, or no room. */
struct irq_pin irq_connect(struct irq_lines *lines, unsigned line);

void irq_set(const struct irq_pin *pin, bool level);

/* Low and high again: an edge for whoever looks at edges, whatever the line was before. */
void irq_pulse(const struct irq_pin *pin);

#endif
