/* SPDX-License-Identifier: MIT */
#include "virtio_bench.h"

#include "devices/virtio_blk.h"

/* Requests to a disk of 41 sectors, whose byte i is i / 512 + i; and the overlay alone. */

#define SECTORS 41u
#define SIZE (SECTORS * 512u)

#define HEADER 0x20000u
#define STATUS 0x20020u
#define DATA 0x30000u

struct backing {
	uint8_t data[SIZE];
	unsigned reads, writes, flushes;
	bool fails;
};

struct blk_bench {
	struct virtio_bench b;
	struct virtio_blk blk;
	struct backing backing;
};

static uint8_t original(uint64_t at)
{
	return (uint8_t)(at / 512 + at);
}

static bool on_read(void *opaque, uint64_t offset, void *data, size_t size)
{
	struct backing *backing = opaque;

	assert_true(size && offset <= SIZE && size <= SIZE - offset);
	memcpy(data, backing->data + offset, size);
	backing->reads++;
	return !backing->fails;
}

static bool on_write(void *opaque, uint64_t offset, const void *data, size_t size)
{
	struct backing *backing = opaque;

	assert_true(size && offset <= SIZE && size <= SIZE - offset);
	backing->writes++;
	if (!backing->fails)
		memcpy(backing->data + offset, data, size);
	return !backing->fails;
}

static bool on_flush(void *opaque)
{
	struct backing *backing = opaque;

	backing->flushes++;
	return !backing->fails;
}

enum kind { OVERLAY, THROUGH, READ_ONLY };

static void make_disk(struct disk *disk, struct backing *backing, enum kind kind)
{
	const struct disk_backing callbacks = { on_read, on_write, on_flush, backing };

	*backing = (struct backing){ .reads = 0 };
	for (unsigned i = 0; i < SIZE; i++)
		backing->data[i] = original(i);
	disk_init(disk, &callbacks, SIZE, kind != THROUGH);
}

static void setup(struct blk_bench *k, enum kind kind)
{
	struct disk disk;

	bench_init(&k->b);
	make_disk(&disk, &k->backing, kind);
	virtio_blk_init(&k->blk, &disk, kind == READ_ONLY, "0123456789abcdefghijXYZ", &k->b.mem,
			k->b.pin);
	k->b.mmio = &k->blk.mmio;
	bench_start(&k->b, 0);
}

static void teardown(struct blk_bench *k)
{
	virtio_blk_destroy(&k->blk);
	mem_destroy(&k->b.mem);
}

/* A request with @size bytes at DATA, to the disk or from it; its status, and "written" as it is.
 */
static uint8_t request(struct blk_bench *k, uint32_t type, uint64_t sector, uint32_t size,
		       bool from_disk, uint32_t written)
{
	uint16_t index = used_index(&k->b, 0);

	poke(&k->b, HEADER, type, 8);
	poke(&k->b, HEADER + 8, sector, 8);
	poke(&k->b, STATUS, 0xee, 1);
	put_desc(&k->b, BENCH_DESC(0), 0, HEADER, 16, BENCH_NEXT, 1);
	put_desc(&k->b, BENCH_DESC(0), 1, DATA, size,
		 (uint16_t)(BENCH_NEXT | (from_disk ? BENCH_WRITE : 0)), 2);
	put_desc(&k->b, BENCH_DESC(0), 2, STATUS, 1, BENCH_WRITE, 0);
	offer(&k->b, 0, 0);
	notify(&k->b, 0);
	check_used(&k->b, 0, index + 1, 0, written);
	return (uint8_t)peek(&k->b, STATUS, 1);
}

static uint8_t read_request(struct blk_bench *k, uint64_t sector, uint32_t size, uint32_t written)
{
	return request(k, VIRTIO_BLK_T_IN, sector, size, true, written);
}

static uint8_t write_request(struct blk_bench *k, uint64_t sector, uint32_t size)
{
	return request(k, VIRTIO_BLK_T_OUT, sector, size, false, 1);
}

static void fill(struct blk_bench *k, uint32_t size, uint8_t byte)
{
	for (uint32_t i = 0; i < size; i++)
		poke(&k->b, DATA + i, byte, 1);
}

/* Sectors [@first, @end) hold @byte, or what they held first if it is negative. */
static void check_sectors(struct blk_bench *k, unsigned first, unsigned end, int byte)
{
	uint32_t size = (end - first) * 512;

	assert_int_equal(read_request(k, first, size, size + 1), VIRTIO_BLK_S_OK);
	for (uint32_t i = 0; i < size; i++)
		assert_int_equal(peek(&k->b, DATA + i, 1),
				 byte < 0 ? original(first * 512 + i) : byte);
}

static void check_backing_unchanged(const struct blk_bench *k)
{
	assert_int_equal(k->backing.writes, 0);
	for (unsigned i = 0; i < SIZE; i++)
		assert_int_equal(k->backing.data[i], original(i));
}

static void check_config(struct blk_bench *k, unsigned at, unsigned size, uint64_t expected)
{
	assert_true(virtio_mmio_read(k->b.mmio, 0x100 + at, size) == expected);
}

static void test_config(void **state)
{
	struct blk_bench k;

	(void)state;
	setup(&k, OVERLAY);
	assert_int_equal(reg(&k.b, VIRTIO_MMIO_DEVICE_ID), 2);
	assert_int_equal(reg(&k.b, VIRTIO_MMIO_DEVICE_FEATURES), 1u << 28 | 0x4246);
	check_config(&k, 0, 4, SECTORS);
	check_config(&k, 0, 8, SECTORS);
	check_config(&k, 0, 1, SECTORS);
	check_config(&k, 4, 4, 0);
	check_config(&k, 8, 4, 8192);
	check_config(&k, 12, 4, 126);
	check_config(&k, 20, 4, 512);
	check_config(&k, 48, 4, 2048);
	check_config(&k, 52, 4, 1);
	check_config(&k, 60, 8, 0);
	check_config(&k, 0xef8, 8, 0);
	virtio_mmio_write(k.b.mmio, 0x100, 4, 1);
	check_config(&k, 0, 4, SECTORS);
	teardown(&k);
	setup(&k, READ_ONLY);
	assert_int_equal(reg(&k.b, VIRTIO_MMIO_DEVICE_FEATURES), 1u << 28 | 0x266);
	check_config(&k, 48, 8, 0);
	teardown(&k);
}

static void test_read(void **state)
{
	struct blk_bench k;

	(void)state;
	setup(&k, OVERLAY);
	check_sectors(&k, 0, 1, -1);
	check_sectors(&k, 0, SECTORS, -1);
	check_sectors(&k, SECTORS - 1, SECTORS, -1);
	assert_int_equal(read_request(&k, 0, 0, 1), VIRTIO_BLK_S_OK);
	teardown(&k);
}

static void test_refused(void **state)
{
	struct blk_bench k;

	(void)state;
	setup(&k, OVERLAY);
	/* With an error no data counts as written, and neither does what is behind it. */
	assert_int_equal(read_request(&k, SECTORS, 512, 0), VIRTIO_BLK_S_IOERR);
	assert_int_equal(read_request(&k, SECTORS - 1, 1024, 0), VIRTIO_BLK_S_IOERR);
	assert_int_equal(read_request(&k, 0, 511, 0), VIRTIO_BLK_S_IOERR);
	assert_int_equal(read_request(&k, ~0ull, 512, 0), VIRTIO_BLK_S_IOERR);
	assert_int_equal(read_request(&k, 1ull << 55, 512, 0), VIRTIO_BLK_S_IOERR);
	assert_int_equal(peek(&k.b, DATA, 8), 0);
	assert_int_equal(write_request(&k, SECTORS, 512), VIRTIO_BLK_S_IOERR);
	assert_int_equal(write_request(&k, 1ull << 55, 512), VIRTIO_BLK_S_IOERR);
	assert_int_equal(write_request(&k, 0, 100), VIRTIO_BLK_S_IOERR);
	assert_int_equal(request(&k, 2, 0, 512, true, 0), VIRTIO_BLK_S_UNSUPP);
	assert_int_equal(request(&k, 11, 0, 16, false, 1), VIRTIO_BLK_S_UNSUPP);
	assert_int_equal(request(&k, 0xffffffff, 0, 16, false, 1), VIRTIO_BLK_S_UNSUPP);
	check_sectors(&k, 0, SECTORS, -1);
	assert_int_equal(reg(&k.b, VIRTIO_MMIO_STATUS), 0xf);
	teardown(&k);
}

static bool read_nines(void *opaque, uint64_t offset, void *data, size_t size)
{
	(void)opaque, (void)offset;
	memset(data, 9, size);
	return true;
}

/* Two buffers at the same place, @size bytes in all. */
static uint8_t large_request(struct blk_bench *k, uint32_t type, uint32_t size, uint32_t written)
{
	uint16_t flags = type == VIRTIO_BLK_T_IN ? BENCH_NEXT | BENCH_WRITE : BENCH_NEXT;
	uint16_t index = used_index(&k->b, 0);

	poke(&k->b, HEADER, type, 8);
	put_desc(&k->b, BENCH_DESC(0), 0, HEADER, 16, BENCH_NEXT, 1);
	put_desc(&k->b, BENCH_DESC(0), 1, DATA, 0x80000, flags, 2);
	put_desc(&k->b, BENCH_DESC(0), 2, DATA, size - 0x80000, flags, 3);
	put_desc(&k->b, BENCH_DESC(0), 3, STATUS, 1, BENCH_WRITE, 0);
	offer(&k->b, 0, 0);
	notify(&k->b, 0);
	check_used(&k->b, 0, index + 1, 0, written);
	return (uint8_t)peek(&k->b, STATUS, 1);
}

/* A disk of 16 MB takes requests as large as its configuration says, and no larger ones. */
static void test_largest(void **state)
{
	const struct disk_backing backing = { .read = read_nines };
	const uint32_t most = 126 * 8192;
	struct blk_bench k;

	(void)state;
	setup(&k, OVERLAY);
	disk_destroy(&k.blk.disk);
	disk_init(&k.blk.disk, &backing, 16u << 20, true);
	assert_int_equal(large_request(&k, VIRTIO_BLK_T_IN, most, most + 1), VIRTIO_BLK_S_OK);
	assert_int_equal(peek(&k.b, DATA + 0x7ffff, 2), 9);
	assert_int_equal(large_request(&k, VIRTIO_BLK_T_IN, most + 512, 0), VIRTIO_BLK_S_IOERR);
	assert_int_equal(large_request(&k, VIRTIO_BLK_T_OUT, most + 512, 1), VIRTIO_BLK_S_IOERR);
	assert_int_equal(k.blk.disk.nr_slots, 0);
	assert_int_equal(large_request(&k, VIRTIO_BLK_T_OUT, most, 1), VIRTIO_BLK_S_OK);
	assert_int_equal(k.blk.disk.nr_slots, most / 4096);
	poke(&k.b, DATA, 0, 8);
	poke(&k.b, DATA + 8, 2049, 8);
	assert_int_equal(request(&k, VIRTIO_BLK_T_WRITE_ZEROES, 0, 16, false, 1),
			 VIRTIO_BLK_S_IOERR);
	assert_int_equal(k.blk.disk.nr_slots, most / 4096);
	poke(&k.b, DATA + 8, 2048, 8);
	assert_int_equal(request(&k, VIRTIO_BLK_T_WRITE_ZEROES, 0, 16, false, 1), VIRTIO_BLK_S_OK);
	assert_int_equal(k.blk.disk.nr_slots, 2048 / 8);
	teardown(&k);
}

static void test_overlay(void **state)
{
	struct blk_bench k;

	(void)state;
	setup(&k, OVERLAY);
	fill(&k, 4096, 0xab);
	assert_int_equal(write_request(&k, 3, 512), VIRTIO_BLK_S_OK); /* part of a block */
	check_sectors(&k, 3, 4, 0xab);
	check_sectors(&k, 0, 3, -1);
	check_sectors(&k, 4, SECTORS, -1);
	assert_int_equal(k.blk.disk.nr_slots, 1);
	fill(&k, 4096, 0xcd);
	assert_int_equal(write_request(&k, 12, 4096), VIRTIO_BLK_S_OK); /* across two */
	assert_int_equal(k.blk.disk.nr_slots, 3);
	check_sectors(&k, 12, 20, 0xcd);
	check_sectors(&k, 4, 12, -1);
	check_sectors(&k, 20, SECTORS, -1);
	fill(&k, 512, 0xef);
	assert_int_equal(write_request(&k, SECTORS - 1, 512), VIRTIO_BLK_S_OK); /* the short one */
	check_sectors(&k, SECTORS - 1, SECTORS, 0xef);
	assert_int_equal(write_request(&k, 15, 512), VIRTIO_BLK_S_OK); /* a block that is there */
	assert_int_equal(k.blk.disk.nr_slots, 4);
	check_sectors(&k, 15, 16, 0xef);
	check_sectors(&k, 16, 20, 0xcd);
	assert_int_equal(request(&k, VIRTIO_BLK_T_FLUSH, 0, 0, false, 1), VIRTIO_BLK_S_OK);
	assert_int_equal(k.backing.flushes, 0);
	check_backing_unchanged(&k);
	/* A reset of the device is none of the disk. */
	poke(&k.b, BENCH_AVAIL(0) + 2, 0, 2);
	poke(&k.b, BENCH_USED(0) + 2, 0, 2);
	bench_start(&k.b, 0);
	check_sectors(&k, 3, 4, 0xab);
	teardown(&k);
}

static void test_write_through(void **state)
{
	struct blk_bench k;

	(void)state;
	setup(&k, THROUGH);
	fill(&k, 1024, 0x5a);
	assert_int_equal(write_request(&k, 7, 1024), VIRTIO_BLK_S_OK);
	check_sectors(&k, 7, 9, 0x5a);
	check_sectors(&k, 9, SECTORS, -1);
	for (unsigned i = 0; i < SIZE; i++)
		assert_int_equal(k.backing.data[i],
				 i / 512 == 7 || i / 512 == 8 ? 0x5a : original(i));
	assert_int_equal(k.blk.disk.nr_slots, 0);
	assert_int_equal(request(&k, VIRTIO_BLK_T_FLUSH, 0, 0, false, 1), VIRTIO_BLK_S_OK);
	assert_int_equal(k.backing.flushes, 1);
	k.backing.fails = true;
	assert_int_equal(request(&k, VIRTIO_BLK_T_FLUSH, 0, 0, false, 1), VIRTIO_BLK_S_IOERR);
	assert_int_equal(write_request(&k, 0, 512), VIRTIO_BLK_S_IOERR);
	assert_int_equal(read_request(&k, 0, 512, 0), VIRTIO_BLK_S_IOERR);
	teardown(&k);
}

static void test_read_only(void **state)
{
	struct blk_bench k;

	(void)state;
	setup(&k, READ_ONLY);
	assert_int_equal(write_request(&k, 0, 512), VIRTIO_BLK_S_IOERR);
	assert_int_equal(request(&k, VIRTIO_BLK_T_WRITE_ZEROES, 0, 16, false, 1),
			 VIRTIO_BLK_S_IOERR);
	assert_int_equal(k.blk.disk.nr_slots, 0);
	check_sectors(&k, 0, SECTORS, -1);
	check_backing_unchanged(&k);
	teardown(&k);
}

static void test_identity(void **state)
{
	struct blk_bench k;
	char id[20];

	(void)state;
	setup(&k, OVERLAY);
	assert_int_equal(request(&k, VIRTIO_BLK_T_GET_ID, 0, 20, true, 21), VIRTIO_BLK_S_OK);
	assert_true(mem_read_bytes(&k.b.mem, DATA, id, 20));
	assert_memory_equal(id, "0123456789abcdefghij", 20);
	assert_int_equal(request(&k, VIRTIO_BLK_T_GET_ID, 0, 19, true, 0), VIRTIO_BLK_S_IOERR);
	assert_int_equal(request(&k, VIRTIO_BLK_T_GET_ID, 0, 512, true, 0), VIRTIO_BLK_S_IOERR);
	teardown(&k);
}

static uint8_t zero(struct blk_bench *k, uint64_t sector, uint32_t sectors, uint32_t flags,
		    uint32_t size)
{
	poke(&k->b, DATA, sector, 8);
	poke(&k->b, DATA + 8, sectors, 4);
	poke(&k->b, DATA + 12, flags, 4);
	return request(k, VIRTIO_BLK_T_WRITE_ZEROES, 999, size, false, 1);
}

static void test_write_zeroes(void **state)
{
	struct blk_bench k;

	(void)state;
	setup(&k, OVERLAY);
	assert_int_equal(zero(&k, 2, 33, 0, 16), VIRTIO_BLK_S_OK);
	check_sectors(&k, 0, 2, -1);
	check_sectors(&k, 2, 35, 0);
	check_sectors(&k, 35, SECTORS, -1);
	assert_int_equal(zero(&k, 35, 7, 0, 16), VIRTIO_BLK_S_IOERR);
	assert_int_equal(zero(&k, 0, 0xffffffff, 0, 16), VIRTIO_BLK_S_IOERR);
	assert_int_equal(zero(&k, ~0ull, 1, 0, 16), VIRTIO_BLK_S_IOERR);
	assert_int_equal(zero(&k, 0, 1, 1, 16), VIRTIO_BLK_S_UNSUPP);
	assert_int_equal(zero(&k, 0, 1, 0, 32), VIRTIO_BLK_S_IOERR); /* two ranges */
	assert_int_equal(zero(&k, 0, 1, 0, 15), VIRTIO_BLK_S_IOERR);
	check_sectors(&k, 0, 2, -1);
	check_sectors(&k, 35, SECTORS, -1);
	check_backing_unchanged(&k);
	teardown(&k);
}

/* 2.7.4 "Message Framing": where one buffer ends and the next begins means nothing. */
static void test_framing(void **state)
{
	struct blk_bench k;

	(void)state;
	setup(&k, OVERLAY);
	poke(&k.b, HEADER, VIRTIO_BLK_T_IN, 8);
	poke(&k.b, HEADER + 8, 5, 8);
	put_desc(&k.b, BENCH_DESC(0), 0, HEADER, 3, BENCH_NEXT, 1);
	put_desc(&k.b, BENCH_DESC(0), 1, HEADER + 3, 13, BENCH_NEXT, 2);
	put_desc(&k.b, BENCH_DESC(0), 2, DATA, 500, BENCH_NEXT | BENCH_WRITE, 3);
	put_desc(&k.b, BENCH_DESC(0), 3, DATA + 500, 13, BENCH_WRITE, 0); /* with the status */
	offer(&k.b, 0, 0);
	notify(&k.b, 0);
	check_used(&k.b, 0, 1, 0, 513);
	for (unsigned i = 0; i < 512; i++)
		assert_int_equal(peek(&k.b, DATA + i, 1), original(5 * 512 + i));
	assert_int_equal(peek(&k.b, DATA + 512, 1), VIRTIO_BLK_S_OK);
	teardown(&k);
}

static void test_no_request(void **state)
{
	struct blk_bench k;

	(void)state;
	for (unsigned i = 0; i < 2; i++) {
		setup(&k, OVERLAY);
		/* Without room for a status, and with too short a header. */
		put_desc(&k.b, BENCH_DESC(0), 0, HEADER, i ? 15 : 16, i ? BENCH_NEXT : 0, 1);
		put_desc(&k.b, BENCH_DESC(0), 1, DATA, 1, BENCH_WRITE, 0);
		offer(&k.b, 0, 0);
		notify(&k.b, 0);
		check_broken(&k.b, 0);
		teardown(&k);
	}
}

/* ---------------------------------------------------------------- the overlay alone */

static bool zeros(void *opaque, uint64_t offset, void *data, size_t size)
{
	(void)opaque, (void)offset;
	memset(data, 0, size);
	return true;
}

/* Thousands of blocks of a large disk, in an order that no hash likes, beside a plain list. */
static void test_many_blocks(void **state)
{
	const struct disk_backing backing = { .read = zeros };
	struct disk disk, copy;
	uint64_t seen;

	(void)state;
	disk_init(&disk, &backing, 1ull << 40, true);
	for (uint64_t i = 1; i <= 5000; i++) {
		uint64_t at = (i * i * 4096) % (1ull << 40);

		assert_true(disk_write(&disk, at + i % 4000, &i, 8));
	}
	assert_int_equal(disk.nr_slots, 5000);
	disk_init(&copy, &backing, 1ull << 40, true);
	for (uint32_t i = 0; i < disk.nr_slots; i++)
		assert_true(disk_put_block(&copy, disk.slot[i].block, disk.slot[i].data));
	for (uint64_t i = 1; i <= 5000; i++) {
		uint64_t at = (i * i * 4096) % (1ull << 40);

		assert_true(disk_read(&copy, at + i % 4000, &seen, 8));
		assert_true(seen == i);
		assert_int_equal(copy.slot[i - 1].block, i * i);
	}
	assert_false(disk_put_block(&copy, 1ull << 28, disk.slot[0].data));
	disk_clear(&copy);
	assert_true(disk_read(&copy, 4096, &seen, 8));
	assert_true(seen == 0);
	assert_true(disk_write(&copy, 4096, &disk.size, 8));
	assert_int_equal(copy.nr_slots, 1);
	disk_destroy(&copy);
	disk_destroy(&disk);
}

static void test_bounds(void **state)
{
	struct backing backing;
	struct disk disk;
	uint8_t byte = 0;

	(void)state;
	make_disk(&disk, &backing, OVERLAY);
	assert_true(disk_read(&disk, SIZE - 1, &byte, 1));
	assert_int_equal(byte, original(SIZE - 1));
	assert_true(disk_read(&disk, SIZE, &byte, 0));
	assert_false(disk_read(&disk, SIZE, &byte, 1));
	assert_false(disk_read(&disk, ~0ull, &byte, 1));
	assert_false(disk_write(&disk, SIZE, &byte, 1));
	assert_false(disk_write(&disk, ~0ull, &byte, 1));
	/* What cannot be read cannot be written in part, but whole. */
	backing.fails = true;
	assert_false(disk_write(&disk, 0, &byte, 1));
	assert_int_equal(disk.nr_slots, 0);
	assert_true(disk_write(&disk, 0, backing.data, DISK_BLOCK));
	assert_int_equal(disk.nr_slots, 1);
	disk_destroy(&disk);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_config),	     cmocka_unit_test(test_read),
		cmocka_unit_test(test_refused),	     cmocka_unit_test(test_largest),
		cmocka_unit_test(test_overlay),	     cmocka_unit_test(test_write_through),
		cmocka_unit_test(test_read_only),    cmocka_unit_test(test_identity),
		cmocka_unit_test(test_write_zeroes), cmocka_unit_test(test_framing),
		cmocka_unit_test(test_no_request),   cmocka_unit_test(test_many_blocks),
		cmocka_unit_test(test_bounds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
