/* SPDX-License-Identifier: MIT */
#include "device_test.h"

#include "devices/pic.h"

struct pic_bench {
	struct pic pic;
	struct port_device master, slave, elcr;
	bool intr;
};

static void on_intr(void *opaque, bool level)
{
	((struct pic_bench *)opaque)->intr = level;
}

static void setup(struct pic_bench *b, uint8_t icw4)
{
	pic_init(&b->pic, on_intr, b);
	b->intr = false;
	b->master = pic_master_ports(&b->pic);
	b->slave = pic_slave_ports(&b->pic);
	b->elcr = pic_elcr_ports(&b->pic);
	out8(&b->master, 0, 0x11);
	out8(&b->master, 1, 0x20);
	out8(&b->master, 1, 0x04);
	out8(&b->master, 1, icw4);
	out8(&b->slave, 0, 0x11);
	out8(&b->slave, 1, 0x28);
	out8(&b->slave, 1, 0x02);
	out8(&b->slave, 1, icw4 & 0xef);
}

static void edge(struct pic_bench *b, unsigned input)
{
	pic_set_input(&b->pic, input, true);
	pic_set_input(&b->pic, input, false);
}

static uint8_t isr(const struct port_device *chip)
{
	out8(chip, 0, 0x0b);
	return in8(chip, 0);
}

static uint8_t irr(const struct port_device *chip)
{
	out8(chip, 0, 0x0a);
	return in8(chip, 0);
}

static void test_priorities(void **state)
{
	struct pic_bench b;

	(void)state;
	setup(&b, 0x01);
	edge(&b, 5);
	edge(&b, 3);
	assert_true(b.intr);
	assert_int_equal(irr(&b.master), 0x28);
	assert_int_equal(pic_acknowledge(&b.pic), 0x23);
	assert_false(b.intr); /* 5 waits behind 3 */
	assert_int_equal(isr(&b.master), 0x08);
	assert_int_equal(irr(&b.master), 0x20);
	edge(&b, 1);
	assert_true(b.intr);
	assert_int_equal(pic_acknowledge(&b.pic), 0x21);
	assert_int_equal(isr(&b.master), 0x0a);
	out8(&b.master, 0, 0x20); /* the highest in service ends */
	assert_int_equal(isr(&b.master), 0x08);
	out8(&b.master, 0, 0x63); /* 3, by name */
	assert_int_equal(isr(&b.master), 0x00);
	assert_true(b.intr);
	assert_int_equal(pic_acknowledge(&b.pic), 0x25);
}

static void test_slave(void **state)
{
	struct pic_bench b;

	(void)state;
	setup(&b, 0x01);
	edge(&b, 2); /* the slave's place: no pin of the board */
	assert_int_equal(irr(&b.master), 0x00);
	edge(&b, 14);
	edge(&b, 3);
	assert_int_equal(irr(&b.master), 0x0c);
	assert_int_equal(irr(&b.slave), 0x40);
	assert_int_equal(pic_acknowledge(&b.pic), 0x2e); /* input 2 is before 3 */
	assert_int_equal(isr(&b.master), 0x04);
	assert_int_equal(isr(&b.slave), 0x40);
	edge(&b, 8); /* higher on the slave, but the master's input 2 is in service */
	assert_false(b.intr);
	out8(&b.master, 0, 0x62);
	assert_true(b.intr);
	assert_int_equal(pic_acknowledge(&b.pic), 0x28);
	out8(&b.slave, 0, 0x20);
	out8(&b.slave, 0, 0x20);
	out8(&b.master, 0, 0x20);
	assert_int_equal(isr(&b.slave), 0x00);
	assert_int_equal(pic_acknowledge(&b.pic), 0x23);
}

static void test_special_fully_nested(void **state)
{
	struct pic_bench b;

	(void)state;
	setup(&b, 0x11);
	edge(&b, 14);
	assert_int_equal(pic_acknowledge(&b.pic), 0x2e);
	edge(&b, 15);
	assert_false(b.intr);
	edge(&b, 9);
	assert_true(b.intr);
	assert_int_equal(pic_acknowledge(&b.pic), 0x29);
}

static void test_mask_and_spurious(void **state)
{
	struct pic_bench b;

	(void)state;
	setup(&b, 0x01);
	out8(&b.master, 1, 0x10);
	assert_int_equal(in8(&b.master, 1), 0x10);
	edge(&b, 4);
	assert_false(b.intr);
	assert_int_equal(irr(&b.master), 0x10); /* remembered */
	assert_int_equal(pic_acknowledge(&b.pic), 0x27);
	assert_int_equal(isr(&b.master), 0x00); /* spurious: nothing in service */
	out8(&b.master, 1, 0x00);
	assert_true(b.intr);
	assert_int_equal(pic_acknowledge(&b.pic), 0x24);
}

static void test_level(void **state)
{
	struct pic_bench b;

	(void)state;
	setup(&b, 0x01);
	out8(&b.elcr, 0, 0xff);
	out8(&b.elcr, 1, 0xff);
	assert_int_equal(in8(&b.elcr, 0), 0xf8);
	assert_int_equal(in8(&b.elcr, 1), 0xde);
	edge(&b, 5);
	assert_false(b.intr); /* gone with its level */
	pic_set_input(&b.pic, 5, true);
	assert_int_equal(pic_acknowledge(&b.pic), 0x25);
	assert_int_equal(irr(&b.master), 0x20);
	assert_false(b.intr);
	out8(&b.master, 0, 0x20);
	assert_true(b.intr);
	pic_set_input(&b.pic, 5, false);
	assert_false(b.intr);
}

static void test_auto_eoi_and_rotation(void **state)
{
	struct pic_bench b;

	(void)state;
	setup(&b, 0x03);
	edge(&b, 1);
	assert_int_equal(pic_acknowledge(&b.pic), 0x21);
	assert_int_equal(isr(&b.master), 0x00);
	out8(&b.master, 0, 0x80); /* rotate on auto EOI */
	edge(&b, 1);
	assert_int_equal(pic_acknowledge(&b.pic), 0x21);
	edge(&b, 0);
	edge(&b, 3);
	assert_int_equal(pic_acknowledge(&b.pic), 0x23); /* 1 is the lowest now: 2, 3, .. */
	assert_int_equal(pic_acknowledge(&b.pic), 0x20);

	setup(&b, 0x01);
	out8(&b.master, 0, 0xc4); /* 4 has the lowest priority, so 5 the highest */
	edge(&b, 4);
	edge(&b, 0);
	edge(&b, 5);
	assert_int_equal(pic_acknowledge(&b.pic), 0x25);
	out8(&b.master, 0, 0xa0); /* end, and 5 becomes the lowest */
	assert_int_equal(pic_acknowledge(&b.pic), 0x20);
	out8(&b.master, 0, 0xe0); /* end of 0, which becomes the lowest */
	assert_int_equal(pic_acknowledge(&b.pic), 0x24);
	edge(&b, 0);
	edge(&b, 1);
	assert_true(b.intr);
	assert_int_equal(pic_acknowledge(&b.pic), 0x21);
}

static void test_special_mask(void **state)
{
	struct pic_bench b;

	(void)state;
	setup(&b, 0x01);
	edge(&b, 1);
	assert_int_equal(pic_acknowledge(&b.pic), 0x21);
	edge(&b, 6);
	assert_false(b.intr);
	out8(&b.master, 0, 0x68);
	out8(&b.master, 1, 0x02);
	assert_true(b.intr); /* masked while in service: lower ones pass */
	assert_int_equal(pic_acknowledge(&b.pic), 0x26);
	out8(&b.master, 0, 0x20); /* does not see the masked one */
	assert_int_equal(isr(&b.master), 0x02);
	edge(&b, 7); /* reading ISR did not end the mode */
	assert_int_equal(pic_acknowledge(&b.pic), 0x27);
	out8(&b.master, 0, 0x20);
	out8(&b.master, 0, 0x48);
	out8(&b.master, 0, 0x20);
	assert_int_equal(isr(&b.master), 0x00);
}

static void test_poll(void **state)
{
	struct pic_bench b;

	(void)state;
	setup(&b, 0x01);
	out8(&b.master, 0, 0x0c);
	assert_int_equal(in8(&b.master, 0), 0x00);
	edge(&b, 6);
	out8(&b.master, 0, 0x0c);
	assert_int_equal(in8(&b.master, 0), 0x86);
	assert_false(b.intr);
	assert_int_equal(isr(&b.master), 0x40);
}

static void test_initialisation(void **state)
{
	struct pic_bench b;

	(void)state;
	setup(&b, 0x03);
	out8(&b.master, 1, 0xff);
	edge(&b, 1);
	out8(&b.master, 0, 0x12); /* single, no ICW4: only ICW2 follows */
	assert_int_equal(irr(&b.master), 0x00);
	assert_int_equal(in8(&b.master, 1), 0x00);
	out8(&b.master, 1, 0x47);
	out8(&b.master, 1, 0x80); /* the mask already */
	assert_int_equal(in8(&b.master, 1), 0x80);
	edge(&b, 3);
	assert_int_equal(pic_acknowledge(&b.pic), 0x43);
	assert_int_equal(isr(&b.master), 0x08); /* no auto EOI any more */
	out8(&b.master, 0, 0x20);
	pic_set_input(&b.pic, 4, true);
	assert_true(b.intr);
	pic_reset(&b.pic);
	assert_false(b.intr);
	assert_int_equal(irr(&b.master), 0x00); /* high all the time: no edge */
	pic_init(&b.pic, on_intr, &b);
	edge(&b, 7);
	edge(&b, 0);
	assert_int_equal(pic_acknowledge(&b.pic), 0x00); /* 0 is the highest from the start */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_priorities),
		cmocka_unit_test(test_slave),
		cmocka_unit_test(test_special_fully_nested),
		cmocka_unit_test(test_mask_and_spurious),
		cmocka_unit_test(test_level),
		cmocka_unit_test(test_auto_eoi_and_rotation),
		cmocka_unit_test(test_special_mask),
		cmocka_unit_test(test_poll),
		cmocka_unit_test(test_initialisation),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
