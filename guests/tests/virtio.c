// SPDX-License-Identifier: MIT
/*
 * Virtio over MMIO: entropy, console and disk, at the windows that undervisor's DSDT names. The
 * disk has 64 sectors; each 32-bit word of it is its number in the whole, and its identity is
 * known. Every device is driven by one queue at a time, with its interrupt through the I/O APIC.
 */
#include "guest.h"

enum { WINDOW = 0xd0000000, WINDOW_SIZE = 0x1000, FIRST_PIN = 16, VECTOR_VIRTIO = 0x71 };
enum { SLOT_RNG, SLOT_CONSOLE, SLOT_DISK, NR_SLOTS };
enum { MAGIC = 0, VERSION = 4, DEVICE = 8, FEATURES = 0x10, FEATURES_SEL = 0x14 };
enum { TAKEN = 0x20, TAKEN_SEL = 0x24, QUEUE_SEL = 0x30, QUEUE_MAX = 0x34, QUEUE_SIZE = 0x38 };
enum { QUEUE_READY = 0x44, NOTIFY = 0x50, CAUSE = 0x60, ACK = 0x64, STATUS = 0x70 };
enum { QUEUE_DESC = 0x80, QUEUE_AVAIL = 0x90, QUEUE_USED = 0xa0, CONFIG = 0x100 };
enum { DESC_NEXT = 1, DESC_WRITE = 2, DESC_INDIRECT = 4 };
enum { ENTRIES = 16, SECTOR = 512, SECTORS = 64 };
enum { BLK_IN, BLK_OUT, BLK_FLUSH = 4, BLK_ID = 8, BLK_ZEROES = 13 };
#define INDIRECT (1u << 28)
#define IOAPIC ((volatile u32 *)0xfec00000)

struct desc {
	u64 address;
	u32 size;
	u16 flags, next;
};

static struct queue {
	struct desc desc[ENTRIES] __attribute__((aligned(16)));
	volatile struct {
		u16 flags, index, ring[ENTRIES];
	} avail;
	volatile struct {
		u16 flags, index;
		struct {
			u32 id, written;
		} ring[ENTRIES];
	} used __attribute__((aligned(4)));
} queue;

static volatile u32 interrupts[NR_SLOTS], causes[NR_SLOTS];

static volatile u32 *reg(u32 slot, u32 offset)
{
	return (volatile u32 *)(word)(WINDOW + slot * WINDOW_SIZE + offset);
}

static void interrupt(struct frame *frame)
{
	u32 slot = (u32)frame->vector - VECTOR_VIRTIO;

	interrupts[slot]++;
	causes[slot] = *reg(slot, CAUSE);
	*reg(slot, ACK) = causes[slot];
	apic_write(APIC_EOI, 0);
}

static void connect(u32 slot)
{
	on_vector(VECTOR_VIRTIO + slot, interrupt);
	IOAPIC[0] = 0x11 + 2 * (FIRST_PIN + slot);
	IOAPIC[4] = apic_id() << 24;
	IOAPIC[0] = 0x10 + 2 * (FIRST_PIN + slot);
	IOAPIC[4] = 0x8000 | (VECTOR_VIRTIO + slot); /* level-triggered */
}

/* Resets a device and makes it ready, with queue @index the one to use. */
static void start(u32 slot, u32 index)
{
	*reg(slot, STATUS) = 0;
	memset(&queue, 0, sizeof(queue));
	interrupts[slot] = causes[slot] = 0;
	*reg(slot, STATUS) = 1;
	*reg(slot, STATUS) = 3;
	*reg(slot, TAKEN_SEL) = 0;
	*reg(slot, TAKEN) = INDIRECT;
	*reg(slot, TAKEN_SEL) = 1;
	*reg(slot, TAKEN) = 1;
	*reg(slot, STATUS) = 0xb;
	CHECK(*reg(slot, STATUS), 0xb);
	*reg(slot, QUEUE_SEL) = index;
	*reg(slot, QUEUE_SIZE) = ENTRIES;
	*reg(slot, QUEUE_DESC) = (u32)(word)queue.desc;
	*reg(slot, QUEUE_DESC + 4) = 0;
	*reg(slot, QUEUE_AVAIL) = (u32)(word)&queue.avail;
	*reg(slot, QUEUE_AVAIL + 4) = 0;
	*reg(slot, QUEUE_USED) = (u32)(word)&queue.used;
	*reg(slot, QUEUE_USED + 4) = 0;
	*reg(slot, QUEUE_READY) = 1;
	CHECK(*reg(slot, QUEUE_READY), 1);
	*reg(slot, STATUS) = 0xf;
	connect(slot);
}

static void put(struct desc *table, u32 i, const void *data, u32 size, u32 flags)
{
	table[i] = (struct desc){ (word)data, size, (u16)flags, (u16)(i + 1) };
}

/* Gives the chain that begins at 0 to the device; how many bytes it wrote. */
static u32 submit(u32 slot, u32 index)
{
	u16 next = queue.avail.index, seen = queue.used.index;
	u32 before = interrupts[slot];

	queue.avail.ring[next % ENTRIES] = 0;
	queue.avail.index = (u16)(next + 1);
	*reg(slot, NOTIFY) = index;
	asm volatile("sti; nop; cli" ::: "memory");
	CHECK(queue.used.index, (u16)(seen + 1));
	CHECK(queue.used.ring[seen % ENTRIES].id, 0);
	CHECK(interrupts[slot], before + 1);
	CHECK(causes[slot], 1);
	CHECK(*reg(slot, CAUSE), 0);
	return queue.used.ring[seen % ENTRIES].written;
}

static void check_window(u32 slot, u32 device)
{
	CHECK(*reg(slot, MAGIC), 0x74726976);
	CHECK(*reg(slot, VERSION), 2);
	CHECK(*reg(slot, DEVICE), device);
	CHECK(*reg(slot, QUEUE_MAX) >= ENTRIES, 1);
	*reg(slot, FEATURES_SEL) = 1;
	CHECK(*reg(slot, FEATURES) & 1, 1);
}

static void test_rng(void)
{
	static u64 first[4], second[4];
	u32 different = 0;

	section("entropy");
	check_window(SLOT_RNG, 4);
	start(SLOT_RNG, 0);
	put(queue.desc, 0, first, sizeof(first), DESC_WRITE);
	CHECK(submit(SLOT_RNG, 0), sizeof(first));
	put(queue.desc, 0, second, sizeof(second), DESC_WRITE);
	CHECK(submit(SLOT_RNG, 0), sizeof(second));
	for (u32 i = 0; i < 4; i++)
		different += first[i] != second[i] && first[i] && second[i];
	CHECK(different, 4);
	CHECK(interrupts[SLOT_RNG], 2);
}

static void test_console(void)
{
	static const char text[] = "virtio console: ", more[] = "two buffers\n";

	section("console");
	check_window(SLOT_CONSOLE, 3);
	start(SLOT_CONSOLE, 1);
	put(queue.desc, 0, text, sizeof(text) - 1, DESC_NEXT);
	put(queue.desc, 1, more, sizeof(more) - 1, 0);
	CHECK(submit(SLOT_CONSOLE, 1), 0);
}

static struct {
	u32 type, reserved;
	u64 sector;
} header;
static u32 data[SECTORS * SECTOR / 4];
static volatile u8 status;

/* A request with @size bytes either way; its status. */
static u32 request(u32 type, u64 sector, u32 size, u32 flags, u32 written)
{
	header.type = type;
	header.sector = sector;
	status = 0xee;
	put(queue.desc, 0, &header, sizeof(header), DESC_NEXT);
	put(queue.desc, 1, data, size, DESC_NEXT | flags);
	put(queue.desc, 2, (const void *)&status, 1, DESC_WRITE);
	CHECK(submit(SLOT_DISK, 0), written);
	return status;
}

/* How many words of sectors [@first, @end) are what the file has there, or @other. */
static u32 matching(u32 first, u32 end, bool original, u32 other)
{
	u32 size = (end - first) * SECTOR, count = 0;

	memset(data, 0xff, sizeof(data));
	CHECK(request(BLK_IN, first, size, DESC_WRITE, size + 1), 0);
	for (u32 i = 0; i < size / 4; i++)
		count += data[i] == (original ? first * (SECTOR / 4) + i : other);
	return count;
}

static void test_disk(void)
{
	section("disk");
	check_window(SLOT_DISK, 2);
	CHECK(*reg(SLOT_DISK, CONFIG), SECTORS);
	CHECK(*reg(SLOT_DISK, CONFIG + 4), 0);
	start(SLOT_DISK, 0);
	CHECK(matching(0, SECTORS, true, 0), SECTORS * SECTOR / 4);
	for (u32 i = 0; i < 3 * SECTOR / 4; i++)
		data[i] = 0xc0ffee00;
	CHECK(request(BLK_OUT, 7, 3 * SECTOR, 0, 1), 0);
	CHECK(matching(7, 10, false, 0xc0ffee00), 3 * SECTOR / 4);
	CHECK(matching(0, 7, true, 0), 7 * SECTOR / 4);
	CHECK(matching(10, SECTORS, true, 0), (SECTORS - 10) * SECTOR / 4);
	CHECK(request(BLK_FLUSH, 0, 0, 0, 1), 0);
	data[0] = 8, data[1] = 0, data[2] = 1, data[3] = 0;
	CHECK(request(BLK_ZEROES, 0, 16, 0, 1), 0);
	CHECK(matching(7, 10, false, 0xc0ffee00), 2 * SECTOR / 4);
	CHECK(matching(8, 9, false, 0), SECTOR / 4);
	CHECK(request(BLK_ID, 0, 20, DESC_WRITE, 21), 0);
	CHECK(memcmp(data, "undervisor-0\0\0\0\0\0\0\0", 20), 0);
	CHECK(request(BLK_IN, SECTORS, SECTOR, DESC_WRITE, 0), 1);
	CHECK(request(BLK_OUT, SECTORS - 1, 2 * SECTOR, 0, 1), 1);
	CHECK(request(99, 0, SECTOR, DESC_WRITE, 0), 2);
}

static void test_indirect(void)
{
	static struct desc table[3] __attribute__((aligned(16)));

	section("indirect descriptors");
	start(SLOT_DISK, 0);
	header.type = BLK_IN;
	header.sector = 63;
	status = 0xee;
	put(table, 0, &header, sizeof(header), DESC_NEXT);
	put(table, 1, data, SECTOR, DESC_NEXT | DESC_WRITE);
	put(table, 2, (const void *)&status, 1, DESC_WRITE);
	put(queue.desc, 0, table, sizeof(table), DESC_INDIRECT);
	CHECK(submit(SLOT_DISK, 0), SECTOR + 1);
	CHECK(status, 0);
	CHECK(data[0], 63 * SECTOR / 4);
	CHECK(data[SECTOR / 4 - 1], 64 * SECTOR / 4 - 1);
}

/* A descriptor beyond memory: the device wants a reset, and works again after it. */
static void test_broken(void)
{
	section("what no driver may ask for");
	start(SLOT_DISK, 0);
	queue.desc[0] = (struct desc){ 1ull << 45, 16, 0, 0 };
	queue.avail.index = 1;
	*reg(SLOT_DISK, NOTIFY) = 0;
	asm volatile("sti; nop; cli" ::: "memory");
	CHECK(*reg(SLOT_DISK, STATUS), 0x4f);
	CHECK(queue.used.index, 0);
	CHECK(interrupts[SLOT_DISK], 1);
	CHECK(causes[SLOT_DISK], 2);
	start(SLOT_DISK, 0);
	CHECK(matching(20, 21, true, 0), SECTOR / 4);
}

int main(int argc, char **argv)
{
	(void)argc, (void)argv;
	apic_on();
	test_rng();
	test_console();
	test_disk();
	test_indirect();
	test_broken();
	return 0;
}
