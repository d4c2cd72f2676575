/* SPDX-License-Identifier: MIT */
#include "virtio_bench.h"

#include "devices/virtio_rng.h"

/* The transport's registers, with the simplest device behind them. */

struct rng_bench {
	struct virtio_bench b;
	struct virtio_rng rng;
};

static void setup(struct rng_bench *r)
{
	bench_init(&r->b);
	virtio_rng_init(&r->rng, 0, &r->b.mem, r->b.pin);
	r->b.mmio = &r->rng.mmio;
}

static void teardown(struct rng_bench *r)
{
	mem_destroy(&r->b.mem);
}

static void test_identity(void **state)
{
	static const uint32_t expected[][2] = {
		{ 0x00, 0x74726976 }, { 0x04, 2 },   { 0x08, 4 },   { 0x0c, 0x56444e55 },
		{ 0x10, 1u << 28 },   { 0x34, 128 }, { 0x38, 0 },   { 0x44, 0 },
		{ 0x60, 0 },	      { 0x70, 0 },   { 0xb0, ~0u }, { 0xb4, ~0u },
		{ 0xb8, ~0u },	      { 0xbc, ~0u }, { 0xfc, 0 },   { 0x100, 0 },
	};
	struct rng_bench r;

	(void)state;
	setup(&r);
	for (unsigned i = 0; i < sizeof(expected) / sizeof(expected[0]); i++)
		assert_int_equal(reg(&r.b, expected[i][0]), expected[i][1]);
	set_reg(&r.b, VIRTIO_MMIO_DEVICE_FEATURES_SEL, 1);
	assert_int_equal(reg(&r.b, VIRTIO_MMIO_DEVICE_FEATURES), 1);
	set_reg(&r.b, VIRTIO_MMIO_DEVICE_FEATURES_SEL, 2);
	assert_int_equal(reg(&r.b, VIRTIO_MMIO_DEVICE_FEATURES), 0);
	set_reg(&r.b, VIRTIO_MMIO_QUEUE_SEL, 1);
	assert_int_equal(reg(&r.b, VIRTIO_MMIO_QUEUE_SIZE_MAX), 0);
	teardown(&r);
}

/* 4.2.2.2 "Driver Requirements: MMIO Device Register Layout": 32 bits, aligned. */
static void test_widths(void **state)
{
	struct rng_bench r;

	(void)state;
	setup(&r);
	assert_int_equal(virtio_mmio_read(r.b.mmio, 0, 1), 0);
	assert_int_equal(virtio_mmio_read(r.b.mmio, 0, 2), 0);
	assert_int_equal(virtio_mmio_read(r.b.mmio, 0, 8), 0);
	assert_int_equal(virtio_mmio_read(r.b.mmio, 2, 4), 0);
	virtio_mmio_write(r.b.mmio, VIRTIO_MMIO_STATUS, 1, 1);
	virtio_mmio_write(r.b.mmio, VIRTIO_MMIO_STATUS, 8, 1);
	assert_int_equal(reg(&r.b, VIRTIO_MMIO_STATUS), 0);
	set_reg(&r.b, VIRTIO_MMIO_STATUS, 1);
	assert_int_equal(reg(&r.b, VIRTIO_MMIO_STATUS), 1);
	teardown(&r);
}

static void set_features(struct rng_bench *r, uint32_t which, uint32_t value)
{
	set_reg(&r->b, VIRTIO_MMIO_DRIVER_FEATURES_SEL, which);
	set_reg(&r->b, VIRTIO_MMIO_DRIVER_FEATURES, value);
}

static void test_features_ok(void **state)
{
	struct rng_bench r;

	(void)state;
	setup(&r);
	set_reg(&r.b, VIRTIO_MMIO_STATUS, 3);
	/* Nothing of version 1. */
	set_reg(&r.b, VIRTIO_MMIO_STATUS, 0xb);
	assert_int_equal(reg(&r.b, VIRTIO_MMIO_STATUS), 3);
	/* Not offered: bit 29. */
	set_features(&r, 1, 1);
	set_features(&r, 0, 1u << 29);
	set_reg(&r.b, VIRTIO_MMIO_STATUS, 0xb);
	assert_int_equal(reg(&r.b, VIRTIO_MMIO_STATUS), 3);
	/* DRIVER_OK means nothing without. */
	set_reg(&r.b, VIRTIO_MMIO_STATUS, 0xf);
	assert_int_equal(reg(&r.b, VIRTIO_MMIO_STATUS), 3);
	set_features(&r, 0, 0);
	set_features(&r, 2, ~0u); /* there is no such word */
	set_reg(&r.b, VIRTIO_MMIO_STATUS, 0xb);
	assert_int_equal(reg(&r.b, VIRTIO_MMIO_STATUS), 0xb);
	/* From here on they stand. */
	set_features(&r, 0, 1u << 28);
	assert_true(r.rng.mmio.state.driver_features == VIRTIO_F_VERSION_1);
	/* Bits are not taken back one by one. */
	set_reg(&r.b, VIRTIO_MMIO_STATUS, 1);
	assert_int_equal(reg(&r.b, VIRTIO_MMIO_STATUS), 0xb);
	set_reg(&r.b, VIRTIO_MMIO_STATUS, 0x8b);
	assert_int_equal(reg(&r.b, VIRTIO_MMIO_STATUS), 0x8b);
	set_reg(&r.b, VIRTIO_MMIO_STATUS, 0);
	assert_int_equal(reg(&r.b, VIRTIO_MMIO_STATUS), 0);
	assert_true(r.rng.mmio.state.driver_features == 0);
	teardown(&r);
}

struct queue_case {
	uint32_t size;
	uint64_t desc, avail, used;
	bool good;
};

static void test_queue_ready(void **state)
{
	static const struct queue_case cases[] = {
		{ 8, 0x1000, 0x2000, 0x3000, true },
		{ 128, 0x1000, 0x2002, 0x3004, true },
		{ 1, BENCH_RAM - 16, BENCH_RAM - 6, BENCH_RAM - 12, true },
		{ 0, 0x1000, 0x2000, 0x3000, false },
		{ 6, 0x1000, 0x2000, 0x3000, false },
		{ 256, 0x1000, 0x2000, 0x3000, false },
		{ 0x10008, 0x1000, 0x2000, 0x3000, false },
		{ 8, 0x1008, 0x2000, 0x3000, false },
		{ 8, 0x1000, 0x2001, 0x3000, false },
		{ 8, 0x1000, 0x2000, 0x3002, false },
		{ 8, BENCH_RAM - 112, 0x2000, 0x3000, false },
		{ 8, 0x1000, BENCH_RAM - 18, 0x3000, false },
		{ 8, 0x1000, 0x2000, BENCH_RAM - 64, false },
		{ 8, 0x1000, 0x2000, BENCH_RAM, false }, /* ROM */
		{ 8, 0x100001000, 0x2000, 0x3000, false },
		{ 8, ~15ull, 0x2000, 0x3000, false },
	};
	struct rng_bench r;

	(void)state;
	setup(&r);
	for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct queue_case *c = &cases[i];

		set_reg(&r.b, VIRTIO_MMIO_STATUS, 0);
		set_reg(&r.b, VIRTIO_MMIO_QUEUE_SIZE, c->size);
		set_reg(&r.b, VIRTIO_MMIO_QUEUE_DESC, (uint32_t)c->desc);
		set_reg(&r.b, VIRTIO_MMIO_QUEUE_DESC + 4, (uint32_t)(c->desc >> 32));
		set_reg(&r.b, VIRTIO_MMIO_QUEUE_DRIVER, (uint32_t)c->avail);
		set_reg(&r.b, VIRTIO_MMIO_QUEUE_DEVICE, (uint32_t)c->used);
		set_reg(&r.b, VIRTIO_MMIO_QUEUE_READY, 1);
		assert_int_equal(reg(&r.b, VIRTIO_MMIO_QUEUE_READY), c->good);
	}
	teardown(&r);
}

/* What describes a queue does not change while it is ready, and QueueSel must name one. */
static void test_queue_fixed(void **state)
{
	struct rng_bench r;

	(void)state;
	setup(&r);
	bench_queue(&r.b, 0);
	set_reg(&r.b, VIRTIO_MMIO_QUEUE_SIZE, 4);
	set_reg(&r.b, VIRTIO_MMIO_QUEUE_DESC, 0x8000);
	assert_int_equal(r.rng.mmio.state.queue[0].size, BENCH_QUEUE);
	assert_int_equal(r.rng.mmio.state.queue[0].desc, BENCH_DESC(0));
	set_reg(&r.b, VIRTIO_MMIO_QUEUE_SEL, 1);
	set_reg(&r.b, VIRTIO_MMIO_QUEUE_SIZE, 4);
	set_reg(&r.b, VIRTIO_MMIO_QUEUE_READY, 1);
	assert_int_equal(r.rng.mmio.state.queue[1].size, 0);
	assert_int_equal(reg(&r.b, VIRTIO_MMIO_QUEUE_READY), 0);
	set_reg(&r.b, VIRTIO_MMIO_QUEUE_SEL, 0);
	set_reg(&r.b, VIRTIO_MMIO_QUEUE_READY, 0);
	assert_int_equal(reg(&r.b, VIRTIO_MMIO_QUEUE_READY), 0);
	set_reg(&r.b, VIRTIO_MMIO_QUEUE_DESC, 0x8000);
	assert_int_equal(r.rng.mmio.state.queue[0].desc, 0x8000);
	teardown(&r);
}

static void test_interrupt(void **state)
{
	struct rng_bench r;

	(void)state;
	setup(&r);
	bench_start(&r.b, 0);
	put_desc(&r.b, BENCH_DESC(0), 3, BENCH_DATA, 16, BENCH_WRITE, 0);
	offer(&r.b, 0, 3);
	notify(&r.b, 1); /* no such queue */
	assert_int_equal(used_index(&r.b, 0), 0);
	notify(&r.b, 0);
	check_used(&r.b, 0, 1, 3, 16);
	assert_int_equal(reg(&r.b, VIRTIO_MMIO_INTERRUPT_STATUS), 1);
	assert_true(r.b.irq);
	set_reg(&r.b, VIRTIO_MMIO_INTERRUPT_ACK, 2);
	assert_true(r.b.irq);
	set_reg(&r.b, VIRTIO_MMIO_INTERRUPT_ACK, 1);
	assert_false(r.b.irq);
	assert_int_equal(reg(&r.b, VIRTIO_MMIO_INTERRUPT_STATUS), 0);
	/* The driver does not want one. */
	poke(&r.b, BENCH_AVAIL(0), 1, 2);
	offer(&r.b, 0, 3);
	notify(&r.b, 0);
	check_used(&r.b, 0, 2, 3, 16);
	assert_false(r.b.irq);
	/* Nothing to do is no reason for one. */
	poke(&r.b, BENCH_AVAIL(0), 0, 2);
	notify(&r.b, 0);
	assert_int_equal(used_index(&r.b, 0), 2);
	assert_false(r.b.irq);
	/* A reset takes it back. */
	offer(&r.b, 0, 3);
	notify(&r.b, 0);
	assert_true(r.b.irq);
	set_reg(&r.b, VIRTIO_MMIO_STATUS, 0);
	assert_false(r.b.irq);
	assert_int_equal(r.b.edges, 2);
	teardown(&r);
}

/* Nothing is served before DRIVER_OK, and what waits then is served with it. */
static void test_driver_ok(void **state)
{
	struct rng_bench r;

	(void)state;
	setup(&r);
	set_reg(&r.b, VIRTIO_MMIO_STATUS, 3);
	set_features(&r, 1, 1);
	set_reg(&r.b, VIRTIO_MMIO_STATUS, 0xb);
	bench_queue(&r.b, 0);
	put_desc(&r.b, BENCH_DESC(0), 0, BENCH_DATA, 8, BENCH_WRITE, 0);
	offer(&r.b, 0, 0);
	notify(&r.b, 0);
	assert_int_equal(used_index(&r.b, 0), 0);
	assert_int_equal(peek(&r.b, BENCH_DATA, 8), 0);
	set_reg(&r.b, VIRTIO_MMIO_STATUS, 0xf);
	check_used(&r.b, 0, 1, 0, 8);
	assert_true(r.b.irq);
	/* A queue that is not ready is left alone. */
	set_reg(&r.b, VIRTIO_MMIO_QUEUE_READY, 0);
	offer(&r.b, 0, 0);
	notify(&r.b, 0);
	assert_int_equal(used_index(&r.b, 0), 1);
	assert_int_equal(reg(&r.b, VIRTIO_MMIO_STATUS), 0xf);
	teardown(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_identity),    cmocka_unit_test(test_widths),
		cmocka_unit_test(test_features_ok), cmocka_unit_test(test_queue_ready),
		cmocka_unit_test(test_queue_fixed), cmocka_unit_test(test_interrupt),
		cmocka_unit_test(test_driver_ok),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
