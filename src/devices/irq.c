/* SPDX-License-Identifier: MIT */
#include "devices/irq.h"

#include <stddef.h>

void irq_lines_init(struct irq_lines *lines, void (*pic)(void *opaque, unsigned input, bool level),
		    void *pic_opaque, void (*ioapic)(void *opaque, unsigned pin, bool level),
		    void *ioapic_opaque)
{
	*lines = (struct irq_lines){
		.pic = pic,
		.pic_opaque = pic_opaque,
		.ioapic = ioapic,
		.ioapic_opaque = ioapic_opaque,
	};
}

struct irq_pin irq_connect(struct irq_lines *lines, unsigned line)
{
	if (line >= IRQ_LINES || lines->nr_sources[line] == IRQ_MAX_SOURCES)
		return (struct irq_pin){ .lines = NULL };
	return (struct irq_pin){
		.lines = lines,
		.line = (uint8_t)line,
		.source = lines->nr_sources[line]++,
	};
}

void irq_set(const struct irq_pin *pin, bool level)
{
	struct irq_lines *lines = pin->lines;
	uint32_t before, after;

	if (!lines)
		return;
	before = lines->held[pin->line];
	after = level ? before | 1u << pin->source : before & ~(1u << pin->source);
	lines->held[pin->line] = after;
	if (!before == !after)
		return;
	if (pin->line < IRQ_ISA_LINES && lines->pic)
		lines->pic(lines->pic_opaque, pin->line, after != 0);
	if (lines->ioapic)
		lines->ioapic(lines->ioapic_opaque, pin->line == 0 ? 2 : pin->line, after != 0);
}

void irq_pulse(const struct irq_pin *pin)
{
	irq_set(pin, false);
	irq_set(pin, true);
}
