/* SPDX-License-Identifier: MIT */
#include "devices/pic.h"

#include <string.h>

#define ICW1 0x10u
#define ICW1_ICW4 0x1u
#define ICW1_SINGLE 0x2u
#define ICW4_AUTO_EOI 0x2u
#define ICW4_FULLY_NESTED 0x10u

#define OCW3 0x8u
#define OCW3_READ 0x2u
#define OCW3_READ_ISR 0x1u
#define OCW3_POLL 0x4u
#define OCW3_SET_SMM 0x40u
#define OCW3_SMM 0x20u

/* OCW2[7:5] */
enum {
	OCW2_ROTATE_AUTO_OFF,
	OCW2_EOI,
	OCW2_NOTHING,
	OCW2_EOI_SPECIFIC,
	OCW2_ROTATE_AUTO_ON,
	OCW2_ROTATE_EOI,
	OCW2_SET_PRIORITY,
	OCW2_ROTATE_EOI_SPECIFIC,
};

#define NO_INPUT 8u

/* Inputs that can be level-triggered at all: not timer, keyboard, cascade, RTC, FPU. */
static const uint8_t elcr_mask[2] = { 0xf8, 0xde };

/* The set input of the highest priority, NO_INPUT if there is none. */
static unsigned highest(const struct pic_chip *chip, uint8_t inputs)
{
	for (unsigned i = 1; i <= 8; i++) {
		unsigned input = (chip->lowest + i) & 7;

		if (inputs >> input & 1)
			return input;
	}
	return NO_INPUT;
}

/* How far an input is from the highest priority; NO_INPUT is behind all. */
static unsigned rank(const struct pic_chip *chip, unsigned input)
{
	return input == NO_INPUT ? 8 : (input - chip->lowest - 1) & 7;
}

static uint8_t requests(const struct pic *pic, unsigned which);

/* The input the chip asks for an interrupt for, or NO_INPUT. */
static unsigned wanted(const struct pic *pic, unsigned which)
{
	const struct pic_chip *chip = &pic->chip[which];
	uint8_t blocking = chip->isr;
	unsigned input = highest(chip, requests(pic, which) & (uint8_t)~chip->imr);

	/* What is masked while in service lets lower ones pass. */
	if (chip->special_mask)
		blocking &= (uint8_t)~chip->imr;
	/* The slave may interrupt its own lower interrupts. */
	if (chip->fully_nested && which == 0)
		blocking &= (uint8_t) ~(1u << PIC_CASCADE);
	return rank(chip, input) < rank(chip, highest(chip, blocking)) ? input : NO_INPUT;
}

static uint8_t requests(const struct pic *pic, unsigned which)
{
	const struct pic_chip *chip = &pic->chip[which];
	uint8_t irr = (chip->lines & chip->elcr) | (chip->edges & (uint8_t)~chip->elcr);

	if (which == 0) {
		irr &= (uint8_t) ~(1u << PIC_CASCADE);
		if (wanted(pic, 1) != NO_INPUT)
			irr |= 1u << PIC_CASCADE;
	}
	return irr;
}

static void update(struct pic *pic)
{
	bool level = wanted(pic, 0) != NO_INPUT;

	if (level == pic->intr_level)
		return;
	pic->intr_level = level;
	if (pic->intr)
		pic->intr(pic->opaque, level);
}

static void take(struct pic_chip *chip, unsigned input)
{
	chip->edges &= (uint8_t) ~(1u << input);
	if (!chip->auto_eoi)
		chip->isr |= (uint8_t)(1u << input);
	else if (chip->rotate_on_auto_eoi)
		chip->lowest = (uint8_t)input;
}

static uint8_t acknowledge_chip(struct pic *pic, unsigned which)
{
	struct pic_chip *chip = &pic->chip[which];
	unsigned input = wanted(pic, which);
	uint8_t vector;

	if (input == NO_INPUT)
		return chip->vector | 7u; /* spurious: nothing is in service */
	vector = chip->vector | (uint8_t)input;
	if (which == 0 && input == PIC_CASCADE)
		vector = acknowledge_chip(pic, 1);
	take(chip, input);
	return vector;
}

uint8_t pic_acknowledge(struct pic *pic)
{
	uint8_t vector = acknowledge_chip(pic, 0);

	update(pic);
	return vector;
}

void pic_set_input(void *opaque, unsigned input, bool level)
{
	struct pic *pic = opaque;
	struct pic_chip *chip = &pic->chip[input >> 3 & 1];
	uint8_t bit = (uint8_t)(1u << (input & 7));

	if (level && !(chip->lines & bit))
		chip->edges |= bit;
	chip->lines = level ? chip->lines | bit : chip->lines & (uint8_t)~bit;
	update(pic);
}

static void end_of_interrupt(struct pic_chip *chip, unsigned input, bool rotate)
{
	if (input == NO_INPUT)
		return;
	chip->isr &= (uint8_t) ~(1u << input);
	if (rotate)
		chip->lowest = (uint8_t)input;
}

/* What an EOI without a level means: special mask mode hides what is masked from it. */
static unsigned in_service(const struct pic_chip *chip)
{
	return highest(chip, chip->special_mask ? chip->isr & (uint8_t)~chip->imr : chip->isr);
}

static void write_ocw2(struct pic_chip *chip, uint8_t value)
{
	unsigned level = value & 7;

	switch (value >> 5) {
	case OCW2_ROTATE_AUTO_OFF:
	case OCW2_ROTATE_AUTO_ON:
		chip->rotate_on_auto_eoi = value >> 5 == OCW2_ROTATE_AUTO_ON;
		break;
	case OCW2_EOI:
	case OCW2_ROTATE_EOI:
		end_of_interrupt(chip, in_service(chip), value >> 5 == OCW2_ROTATE_EOI);
		break;
	case OCW2_EOI_SPECIFIC:
	case OCW2_ROTATE_EOI_SPECIFIC:
		end_of_interrupt(chip, level, value >> 5 == OCW2_ROTATE_EOI_SPECIFIC);
		break;
	case OCW2_SET_PRIORITY:
		chip->lowest = (uint8_t)level;
		break;
	}
}

static void write_ocw3(struct pic_chip *chip, uint8_t value)
{
	if (value & OCW3_POLL)
		chip->poll = true;
	if (value & OCW3_READ)
		chip->read_isr = value & OCW3_READ_ISR;
	if (value & OCW3_SET_SMM)
		chip->special_mask = value & OCW3_SMM;
}

static void write_icw1(struct pic_chip *chip, uint8_t value)
{
	chip->edges = chip->isr = chip->imr = 0;
	chip->lowest = 7;
	chip->single = value & ICW1_SINGLE;
	chip->wants_icw4 = value & ICW1_ICW4;
	chip->auto_eoi = chip->fully_nested = false;
	chip->rotate_on_auto_eoi = chip->special_mask = false;
	chip->read_isr = chip->poll = false;
	chip->expect = 2;
}

/* ICW2 to ICW4, or the mask. */
static void write_data(struct pic_chip *chip, uint8_t value)
{
	switch (chip->expect) {
	case 2:
		chip->vector = value & 0xf8;
		chip->expect = !chip->single ? 3 : chip->wants_icw4 ? 4 : 0;
		break;
	case 3: /* the wiring is fixed */
		chip->expect = chip->wants_icw4 ? 4 : 0;
		break;
	case 4:
		chip->auto_eoi = value & ICW4_AUTO_EOI;
		chip->fully_nested = value & ICW4_FULLY_NESTED;
		chip->expect = 0;
		break;
	default:
		chip->imr = value;
	}
}

static void write_chip(struct pic *pic, unsigned which, unsigned offset, uint8_t value)
{
	struct pic_chip *chip = &pic->chip[which];

	if (offset)
		write_data(chip, value);
	else if (value & ICW1)
		write_icw1(chip, value);
	else if (value & OCW3)
		write_ocw3(chip, value);
	else
		write_ocw2(chip, value);
	update(pic);
}

/* A poll is an acknowledge that software makes. */
static uint8_t read_poll(struct pic *pic, unsigned which)
{
	unsigned input = wanted(pic, which);

	pic->chip[which].poll = false;
	if (input == NO_INPUT)
		return 0;
	take(&pic->chip[which], input);
	update(pic);
	return (uint8_t)(0x80u | input);
}

static uint8_t read_chip(struct pic *pic, unsigned which, unsigned offset)
{
	struct pic_chip *chip = &pic->chip[which];

	if (chip->poll)
		return read_poll(pic, which);
	if (offset)
		return chip->imr;
	return chip->read_isr ? chip->isr : requests(pic, which);
}

static uint32_t master_read(void *opaque, unsigned offset, unsigned size)
{
	(void)size;
	return read_chip(opaque, 0, offset);
}

static void master_write(void *opaque, unsigned offset, unsigned size, uint32_t value)
{
	(void)size;
	write_chip(opaque, 0, offset, (uint8_t)value);
}

static uint32_t slave_read(void *opaque, unsigned offset, unsigned size)
{
	(void)size;
	return read_chip(opaque, 1, offset);
}

static void slave_write(void *opaque, unsigned offset, unsigned size, uint32_t value)
{
	(void)size;
	write_chip(opaque, 1, offset, (uint8_t)value);
}

static uint32_t elcr_read(void *opaque, unsigned offset, unsigned size)
{
	const struct pic *pic = opaque;

	(void)size;
	return pic->chip[offset & 1].elcr;
}

static void elcr_write(void *opaque, unsigned offset, unsigned size, uint32_t value)
{
	struct pic *pic = opaque;

	(void)size;
	pic->chip[offset & 1].elcr = (uint8_t)value & elcr_mask[offset & 1];
	update(pic);
}

void pic_reset(struct pic *pic)
{
	for (unsigned i = 0; i < 2; i++) {
		uint8_t lines = pic->chip[i].lines;

		memset(&pic->chip[i], 0, sizeof(pic->chip[i]));
		pic->chip[i].lines = lines;
		pic->chip[i].lowest = 7;
	}
	update(pic);
}

void pic_init(struct pic *pic, void (*intr)(void *opaque, bool level), void *opaque)
{
	memset(pic, 0, sizeof(*pic));
	pic->intr = intr;
	pic->opaque = opaque;
	pic_reset(pic);
}

struct port_device pic_master_ports(struct pic *pic)
{
	return (struct port_device){ master_read, master_write, pic, 1 };
}

struct port_device pic_slave_ports(struct pic *pic)
{
	return (struct port_device){ slave_read, slave_write, pic, 1 };
}

struct port_device pic_elcr_ports(struct pic *pic)
{
	return (struct port_device){ elcr_read, elcr_write, pic, 1 };
}
