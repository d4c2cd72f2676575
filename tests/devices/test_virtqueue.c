/* SPDX-License-Identifier: MIT */
#include "virtio_bench.h"

#include "devices/virtio_rng.h"

/* What a driver may put into a queue, and what breaks it. Entropy goes to every buffer. */

#define INDIRECT_TABLE 0x8000u

struct queue_bench {
	struct virtio_bench b;
	struct virtio_rng rng;
};

static void setup(struct queue_bench *q, uint64_t features)
{
	bench_init(&q->b);
	virtio_rng_init(&q->rng, 0, &q->b.mem, q->b.pin);
	q->b.mmio = &q->rng.mmio;
	bench_start(&q->b, features);
}

static void teardown(struct queue_bench *q)
{
	mem_destroy(&q->b.mem);
}

static void desc(struct queue_bench *q, unsigned index, uint64_t address, uint32_t size,
		 unsigned flags, uint16_t next)
{
	put_desc(&q->b, BENCH_DESC(0), index, address, size, (uint16_t)flags, next);
}

static void indirect(struct queue_bench *q, unsigned index, uint64_t address, uint32_t size,
		     unsigned flags, uint16_t next)
{
	put_desc(&q->b, INDIRECT_TABLE, index, address, size, (uint16_t)flags, next);
}

static void go(struct queue_bench *q, uint16_t head)
{
	offer(&q->b, 0, head);
	notify(&q->b, 0);
}

/* Buffers in any order in memory are one stream of bytes. */
static void test_chain(void **state)
{
	static const uint64_t words[2] = { 0xe220a8397b1dcdaf, 0x6e789e6aa1b965f4 };
	struct queue_bench q;

	(void)state;
	setup(&q, 0);
	desc(&q, 5, BENCH_DATA + 0x100, 3, BENCH_WRITE | BENCH_NEXT, 2);
	desc(&q, 2, BENCH_DATA, 0, BENCH_WRITE | BENCH_NEXT, 7);
	desc(&q, 7, BENCH_DATA + 0x50, 13, BENCH_WRITE, 5 /* means nothing without NEXT */);
	go(&q, 5);
	check_used(&q.b, 0, 1, 5, 16);
	assert_true(peek(&q.b, BENCH_DATA + 0x100, 4) == (words[0] & 0xffffff));
	assert_true(peek(&q.b, BENCH_DATA + 0x50, 5) == words[0] >> 24);
	assert_true(peek(&q.b, BENCH_DATA + 0x55, 8) == words[1]);
	assert_int_equal(peek(&q.b, BENCH_DATA + 0x5d, 1), 0);
	teardown(&q);
}

/* Indices run on over the ring's end, and over 65536. */
static void test_wrap(void **state)
{
	struct queue_bench q;

	(void)state;
	setup(&q, 0);
	desc(&q, 1, BENCH_DATA, 1, BENCH_WRITE, 0);
	desc(&q, 6, BENCH_DATA, 2, BENCH_WRITE, 0);
	for (unsigned i = 0; i < 65600; i += 2) {
		offer(&q.b, 0, 1);
		go(&q, 6);
		check_used(&q.b, 0, (uint16_t)(i + 2), 6, 2);
	}
	teardown(&q);
}

static void test_full_queue(void **state)
{
	struct queue_bench q;

	(void)state;
	setup(&q, 0);
	for (uint16_t i = 0; i < BENCH_QUEUE; i++) {
		desc(&q, i, BENCH_DATA + i, 1, BENCH_WRITE, 0);
		offer(&q.b, 0, i);
	}
	notify(&q.b, 0);
	for (uint16_t i = 0; i < BENCH_QUEUE; i++)
		assert_int_equal(peek(&q.b, BENCH_USED(0) + 4 + i * 8, 8), 1ull << 32 | i);
	check_used(&q.b, 0, BENCH_QUEUE, BENCH_QUEUE - 1, 1);
	assert_int_equal(q.b.edges, 1);
	/* One more than there are entries. */
	poke(&q.b, BENCH_AVAIL(0) + 2, 2 * BENCH_QUEUE + 1, 2);
	notify(&q.b, 0);
	check_broken(&q.b, 0);
	teardown(&q);
}

static void test_longest_chain(void **state)
{
	struct queue_bench q;

	(void)state;
	setup(&q, VIRTIO_F_INDIRECT_DESC);
	for (uint16_t i = 0; i < BENCH_QUEUE; i++)
		desc(&q, i, BENCH_DATA, 1, BENCH_WRITE | (i < 7 ? BENCH_NEXT : 0), i + 1);
	go(&q, 0);
	check_used(&q.b, 0, 1, 0, BENCH_QUEUE);
	for (uint16_t i = 0; i < BENCH_QUEUE; i++)
		indirect(&q, i, BENCH_DATA, 2, BENCH_WRITE | (i < 7 ? BENCH_NEXT : 0), i + 1);
	/* 2.7.5.3.2 "Device Requirements: Indirect Descriptors": WRITE is ignored there. */
	desc(&q, 4, INDIRECT_TABLE, 16 * BENCH_QUEUE, BENCH_INDIRECT | BENCH_WRITE, 0);
	go(&q, 4);
	check_used(&q.b, 0, 2, 4, 2 * BENCH_QUEUE);
	/* Behind an ordinary one, as the same section has it. */
	desc(&q, 3, BENCH_DATA, 5, BENCH_WRITE | BENCH_NEXT, 4);
	indirect(&q, 6, BENCH_DATA, 2, BENCH_WRITE, 0);
	go(&q, 3);
	check_used(&q.b, 0, 3, 3, 5 + 2 * 7);
	teardown(&q);
}

/* ---------------------------------------------------------------- what breaks it */

typedef void wrong(struct queue_bench *q);

static void head_outside(struct queue_bench *q)
{
	go(q, BENCH_QUEUE);
}

static void next_outside(struct queue_bench *q)
{
	desc(q, 0, BENCH_DATA, 1, BENCH_WRITE | BENCH_NEXT, BENCH_QUEUE);
	go(q, 0);
}

static void loop(struct queue_bench *q)
{
	desc(q, 0, BENCH_DATA, 1, BENCH_WRITE | BENCH_NEXT, 1);
	desc(q, 1, BENCH_DATA, 1, BENCH_WRITE | BENCH_NEXT, 0);
	go(q, 0);
}

static void loop_of_nothing(struct queue_bench *q)
{
	desc(q, 0, BENCH_DATA, 0, BENCH_WRITE | BENCH_NEXT, 0);
	go(q, 0);
}

static void behind_memory(struct queue_bench *q)
{
	desc(q, 0, BENCH_RAM - 8, 16, BENCH_WRITE, 0);
	go(q, 0);
	assert_int_equal(peek(&q->b, BENCH_RAM - 8, 8), 0); /* no part of it either */
}

static void in_rom(struct queue_bench *q)
{
	desc(q, 0, BENCH_RAM, 16, BENCH_WRITE, 0);
	go(q, 0);
}

static void far_away(struct queue_bench *q)
{
	desc(q, 0, 1ull << 40, 16, BENCH_WRITE, 0);
	go(q, 0);
}

static void around_the_end(struct queue_bench *q)
{
	desc(q, 0, ~0ull - 3, 8, BENCH_WRITE, 0);
	go(q, 0);
}

static void huge(struct queue_bench *q)
{
	desc(q, 0, 0, 0xffffffff, BENCH_WRITE, 0);
	go(q, 0);
}

/* Two megabytes, which a chain may have, and a byte more. */
static void two_megabytes(struct queue_bench *q, uint32_t more)
{
	for (unsigned i = 0; i < 4; i++)
		desc(q, i, 0x80000, 0x80000, BENCH_WRITE | BENCH_NEXT, (uint16_t)(i + 1));
	desc(q, 4, BENCH_DATA, more, BENCH_WRITE, 0);
	go(q, 0);
}

static void too_much(struct queue_bench *q)
{
	two_megabytes(q, 1);
}

static void readable_behind_writable(struct queue_bench *q)
{
	desc(q, 0, BENCH_DATA, 1, BENCH_WRITE | BENCH_NEXT, 1);
	desc(q, 1, BENCH_DATA, 1, 0, 0);
	go(q, 0);
}

static void indirect_and_next(struct queue_bench *q)
{
	indirect(q, 0, BENCH_DATA, 1, BENCH_WRITE, 0);
	desc(q, 0, INDIRECT_TABLE, 16, BENCH_INDIRECT | BENCH_NEXT, 1);
	desc(q, 1, BENCH_DATA, 1, BENCH_WRITE, 0);
	go(q, 0);
}

static void indirect_in_indirect(struct queue_bench *q)
{
	indirect(q, 0, INDIRECT_TABLE, 16, BENCH_INDIRECT, 0);
	desc(q, 0, INDIRECT_TABLE, 16, BENCH_INDIRECT, 0);
	go(q, 0);
}

static void indirect_of_no_size(struct queue_bench *q)
{
	desc(q, 0, INDIRECT_TABLE, 0, BENCH_INDIRECT, 0);
	go(q, 0);
}

static void indirect_of_odd_size(struct queue_bench *q)
{
	indirect(q, 0, BENCH_DATA, 1, BENCH_WRITE, 0);
	desc(q, 0, INDIRECT_TABLE, 24, BENCH_INDIRECT, 0);
	go(q, 0);
}

static void indirect_too_long(struct queue_bench *q)
{
	indirect(q, 0, BENCH_DATA, 1, BENCH_WRITE, 0);
	desc(q, 0, INDIRECT_TABLE, 16 * (BENCH_QUEUE + 1), BENCH_INDIRECT, 0);
	go(q, 0);
}

static void indirect_outside(struct queue_bench *q)
{
	desc(q, 0, BENCH_RAM - 8, 16, BENCH_INDIRECT, 0);
	go(q, 0);
}

static void indirect_next_outside(struct queue_bench *q)
{
	indirect(q, 0, BENCH_DATA, 1, BENCH_WRITE | BENCH_NEXT, 1);
	indirect(q, 1, BENCH_DATA, 1, BENCH_WRITE, 0);
	desc(q, 0, INDIRECT_TABLE, 16, BENCH_INDIRECT, 0);
	go(q, 0);
}

static void for_the_device_to_read(struct queue_bench *q)
{
	desc(q, 0, BENCH_DATA, 16, 0, 0);
	go(q, 0);
}

static void test_broken(void **state)
{
	static wrong *const wrongs[] = {
		head_outside,
		next_outside,
		loop,
		loop_of_nothing,
		behind_memory,
		in_rom,
		far_away,
		around_the_end,
		huge,
		too_much,
		readable_behind_writable,
		indirect_and_next,
		indirect_in_indirect,
		indirect_of_no_size,
		indirect_of_odd_size,
		indirect_too_long,
		indirect_outside,
		indirect_next_outside,
		for_the_device_to_read,
	};
	struct queue_bench q;

	(void)state;
	for (unsigned i = 0; i < sizeof(wrongs) / sizeof(wrongs[0]); i++) {
		setup(&q, VIRTIO_F_INDIRECT_DESC);
		wrongs[i](&q);
		assert_int_equal(used_index(&q.b, 0), 0);
		check_broken(&q.b, 0);
		/* A reset, and all is well. */
		poke(&q.b, BENCH_AVAIL(0) + 2, 0, 2);
		bench_start(&q.b, 0);
		assert_false(q.b.irq);
		desc(&q, 0, BENCH_DATA, 1, BENCH_WRITE, 0);
		go(&q, 0);
		check_used(&q.b, 0, 1, 0, 1);
		teardown(&q);
	}
}

static void test_largest_chain(void **state)
{
	struct queue_bench q;

	(void)state;
	setup(&q, 0);
	two_megabytes(&q, 0);
	check_used(&q.b, 0, 1, 0, VIRTIO_RNG_MAX);
	teardown(&q);
}

/* The same table that is fine above, without the feature. */
static void test_indirect_not_agreed(void **state)
{
	struct queue_bench q;

	(void)state;
	setup(&q, 0);
	indirect(&q, 0, BENCH_DATA, 1, BENCH_WRITE, 0);
	desc(&q, 0, INDIRECT_TABLE, 16, BENCH_INDIRECT, 0);
	go(&q, 0);
	check_broken(&q.b, 0);
	teardown(&q);
}

/* What came before the wrong chain is given back, with both interrupts. */
static void test_broken_behind_good(void **state)
{
	struct queue_bench q;

	(void)state;
	setup(&q, 0);
	desc(&q, 0, BENCH_DATA, 1, BENCH_WRITE, 0);
	offer(&q.b, 0, 0);
	offer(&q.b, 0, BENCH_QUEUE);
	offer(&q.b, 0, 0);
	notify(&q.b, 0);
	check_used(&q.b, 0, 1, 0, 1);
	assert_int_equal(reg(&q.b, VIRTIO_MMIO_INTERRUPT_STATUS), 3);
	check_broken(&q.b, 0);
	teardown(&q);
}

/* A buffer over the ring itself: more seems to wait after each, and yet the work has an end. */
static void test_buffer_over_ring(void **state)
{
	struct queue_bench q;

	(void)state;
	setup(&q, 0);
	desc(&q, 0, BENCH_AVAIL(0) + 2, 2, BENCH_WRITE, 0);
	desc(&q, 1, BENCH_DESC(0), 16, BENCH_WRITE, 0);
	offer(&q.b, 0, 0);
	offer(&q.b, 0, 1);
	notify(&q.b, 0);
	assert_int_equal(used_index(&q.b, 0), 2);
	teardown(&q);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_chain),
		cmocka_unit_test(test_wrap),
		cmocka_unit_test(test_full_queue),
		cmocka_unit_test(test_longest_chain),
		cmocka_unit_test(test_broken),
		cmocka_unit_test(test_largest_chain),
		cmocka_unit_test(test_indirect_not_agreed),
		cmocka_unit_test(test_broken_behind_good),
		cmocka_unit_test(test_buffer_over_ring),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
