/* SPDX-License-Identifier: MIT */
#include "virtio_bench.h"

#include "devices/virtio_console.h"
#include "devices/virtio_rng.h"

/* The console's two queues, and the entropy device's numbers. */

enum { RECEIVE, TRANSMIT };

struct console_bench {
	struct virtio_bench b;
	struct virtio_console console;
	uint8_t sent[65536];
	size_t nr_sent;
};

static void on_output(void *opaque, const uint8_t *data, size_t size)
{
	struct console_bench *c = opaque;

	assert_true(size && size <= sizeof(c->sent) - c->nr_sent);
	memcpy(c->sent + c->nr_sent, data, size);
	c->nr_sent += size;
}

static void setup(struct console_bench *c)
{
	bench_init(&c->b);
	c->nr_sent = 0;
	virtio_console_init(&c->console, on_output, c, &c->b.mem, c->b.pin);
	c->b.mmio = &c->console.mmio;
	bench_start(&c->b, 0);
}

static void teardown(struct console_bench *c)
{
	mem_destroy(&c->b.mem);
}

static void test_transmit(void **state)
{
	static struct console_bench c;

	(void)state;
	setup(&c);
	assert_int_equal(reg(&c.b, VIRTIO_MMIO_DEVICE_ID), 3);
	assert_int_equal(reg(&c.b, VIRTIO_MMIO_DEVICE_FEATURES), 1u << 28);
	assert_true(mem_write_bytes(&c.b.mem, BENCH_DATA, "hello, world", 12));
	put_desc(&c.b, BENCH_DESC(1), 0, BENCH_DATA, 5, BENCH_NEXT, 1);
	put_desc(&c.b, BENCH_DESC(1), 1, BENCH_DATA + 5, 7, 0, 0);
	offer(&c.b, TRANSMIT, 0);
	notify(&c.b, TRANSMIT);
	check_used(&c.b, TRANSMIT, 1, 0, 0);
	assert_int_equal(c.nr_sent, 12);
	assert_memory_equal(c.sent, "hello, world", 12);
	assert_true(c.b.irq);
	/* More than one piece of it. */
	put_desc(&c.b, BENCH_DESC(1), 0, BENCH_DATA, 10000, 0, 0);
	offer(&c.b, TRANSMIT, 0);
	notify(&c.b, TRANSMIT);
	assert_int_equal(c.nr_sent, 12 + 10000);
	assert_memory_equal(c.sent + 12, "hello, world\0", 13);
	c.console.output = NULL;
	offer(&c.b, TRANSMIT, 0);
	notify(&c.b, TRANSMIT);
	check_used(&c.b, TRANSMIT, 3, 0, 0);
	assert_int_equal(c.nr_sent, 12 + 10000);
	/* A buffer to write is none to send. */
	put_desc(&c.b, BENCH_DESC(1), 0, BENCH_DATA, 5, BENCH_WRITE, 0);
	offer(&c.b, TRANSMIT, 0);
	notify(&c.b, TRANSMIT);
	check_broken(&c.b, TRANSMIT);
	teardown(&c);
}

static size_t receive(struct console_bench *c, const char *text)
{
	return virtio_console_receive(&c->console, (const uint8_t *)text, strlen(text));
}

static void test_receive(void **state)
{
	static struct console_bench c;

	(void)state;
	setup(&c);
	put_desc(&c.b, BENCH_DESC(0), 0, BENCH_DATA, 4, BENCH_WRITE, 0);
	put_desc(&c.b, BENCH_DESC(0), 1, BENCH_DATA + 0x100, 4, BENCH_WRITE, 0);
	/* Buffers wait for input, */
	offer(&c.b, RECEIVE, 0);
	notify(&c.b, RECEIVE);
	assert_int_equal(used_index(&c.b, RECEIVE), 0);
	assert_false(c.b.irq);
	assert_int_equal(receive(&c, "ab"), 2);
	check_used(&c.b, RECEIVE, 1, 0, 2);
	assert_true(c.b.irq);
	assert_int_equal(peek(&c.b, BENCH_DATA, 4), 0x6261);
	/* and input for buffers. */
	assert_int_equal(receive(&c, "123456"), 6);
	assert_int_equal(used_index(&c.b, RECEIVE), 1);
	offer(&c.b, RECEIVE, 0);
	offer(&c.b, RECEIVE, 1);
	offer(&c.b, RECEIVE, 0);
	notify(&c.b, RECEIVE);
	check_used(&c.b, RECEIVE, 3, 1, 2);
	assert_int_equal(peek(&c.b, BENCH_DATA, 4), 0x34333231);
	assert_int_equal(peek(&c.b, BENCH_DATA + 0x100, 4), 0x3635);
	assert_int_equal(receive(&c, "z"), 1);
	check_used(&c.b, RECEIVE, 4, 0, 1);
	/* A buffer to read is none to receive into. */
	put_desc(&c.b, BENCH_DESC(0), 0, BENCH_DATA, 4, 0, 0);
	offer(&c.b, RECEIVE, 0);
	assert_int_equal(receive(&c, "x"), 1);
	check_broken(&c.b, RECEIVE);
	teardown(&c);
}

/* The queue of input: full, and over its end. */
static void test_input_queue(void **state)
{
	static struct console_bench c;
	static uint8_t text[5000];

	(void)state;
	setup(&c);
	for (unsigned i = 0; i < sizeof(text); i++)
		text[i] = (uint8_t)(i * 7 + i / 256);
	put_desc(&c.b, BENCH_DESC(0), 0, BENCH_DATA, 3000, BENCH_WRITE, 0);
	assert_int_equal(virtio_console_receive(&c.console, text, sizeof(text)), 4096);
	assert_int_equal(virtio_console_receive(&c.console, text, 1), 0);
	offer(&c.b, RECEIVE, 0);
	notify(&c.b, RECEIVE);
	check_used(&c.b, RECEIVE, 1, 0, 3000);
	for (unsigned i = 0; i < 3000; i++)
		assert_int_equal(peek(&c.b, BENCH_DATA + i, 1), text[i]);
	assert_int_equal(virtio_console_receive(&c.console, text + 4096, 904), 904);
	offer(&c.b, RECEIVE, 0);
	notify(&c.b, RECEIVE);
	check_used(&c.b, RECEIVE, 2, 0, 2000);
	for (unsigned i = 0; i < 2000; i++)
		assert_int_equal(peek(&c.b, BENCH_DATA + i, 1), text[3000 + i]);
	teardown(&c);
}

/* ---------------------------------------------------------------- entropy */

static void get_entropy(uint64_t seed, uint64_t words[3], uint32_t *large)
{
	struct virtio_bench b;
	struct virtio_rng rng;

	bench_init(&b);
	virtio_rng_init(&rng, seed, &b.mem, b.pin);
	b.mmio = &rng.mmio;
	bench_start(&b, 0);
	put_desc(&b, BENCH_DESC(0), 0, BENCH_DATA, 16, BENCH_WRITE, 0);
	put_desc(&b, BENCH_DESC(0), 1, BENCH_DATA + 16, 8, BENCH_WRITE, 0);
	put_desc(&b, BENCH_DESC(0), 2, BENCH_DATA, 80000, BENCH_WRITE, 0);
	offer(&b, 0, 0);
	offer(&b, 0, 1);
	notify(&b, 0);
	check_used(&b, 0, 2, 1, 8);
	for (unsigned i = 0; i < 3; i++)
		words[i] = peek(&b, BENCH_DATA + i * 8, 8);
	offer(&b, 0, 2);
	notify(&b, 0);
	check_used(&b, 0, 3, 2, VIRTIO_RNG_MAX);
	*large = (uint32_t)peek(&b, BENCH_DATA + VIRTIO_RNG_MAX, 4);
	mem_destroy(&b.mem);
}

/* The reference values of SplitMix64 with seed 0. */
static void test_entropy(void **state)
{
	uint64_t words[3], again[3];
	uint32_t beyond;

	(void)state;
	get_entropy(0, words, &beyond);
	assert_true(words[0] == 0xe220a8397b1dcdaf);
	assert_true(words[1] == 0x6e789e6aa1b965f4);
	assert_true(words[2] == 0x06c45d188009454f);
	assert_int_equal(beyond, 0);
	get_entropy(1, words, &beyond);
	get_entropy(1, again, &beyond);
	assert_memory_equal(words, again, sizeof(words));
	assert_true(words[0] != 0xe220a8397b1dcdaf);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_transmit),
		cmocka_unit_test(test_receive),
		cmocka_unit_test(test_input_queue),
		cmocka_unit_test(test_entropy),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
