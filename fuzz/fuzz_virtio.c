/* SPDX-License-Identifier: MIT */
/*
 * A driver that does anything: registers of virtio's windows in any order, queues at any place,
 * descriptors with any contents, whatever else lies where rings and buffers are. The devices must
 * stay inside the guest's memory, the disk and their word: a disk that only reads is never written,
 * a device that wants a reset does nothing more, and the same driver gets the same answers.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <undervisor/machine.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned seed);
size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max_size);

#define MEMORY (4u << 20)
#define CODE 0x100000u
#define ARENA 0x110000u /* rings, tables, headers, buffers: all that a driver has */
#define ARENA_SIZE 0x10000u
#define DESC ARENA
#define AVAIL (ARENA + 0x1000)
#define USED (ARENA + 0x2000)
#define TABLE (ARENA + 0x3000)
#define HEADER (ARENA + 0x4000)
#define STATUS (ARENA + 0x4100)
#define BUFFER (ARENA + 0x5000)
#define WINDOWS 0xd0000000u
#define DISK_SIZE (65u * 512u)
#define NR_DISKS 3u
#define QUEUE_SIZE 16u
#define MAX_STEPS 400u
#define CHAINS 128u	     /* at most, of one notification */
#define CHAIN_MAX (2u << 20) /* bytes */

enum { SLOT_RNG, SLOT_CONSOLE, SLOT_DISKS };
enum { MMIO_NOTIFY = 0x50, MMIO_STATUS = 0x70, NEEDS_RESET = 0x40 };

enum step_kind {
	STEP_START,
	STEP_WRITE,
	STEP_READ,
	STEP_DESCRIPTOR,
	STEP_OFFER,
	STEP_NOTIFY,
	STEP_POKE,
	STEP_INPUT,
	STEP_HEADER,
	NR_STEPS,
};

struct step {
	uint8_t kind, a, b, c;
	uint32_t x, y;
};

struct drive {
	struct udv_machine *machine;
	uint8_t disk[NR_DISKS][DISK_SIZE];
	uint64_t console, console_hash; /* bytes of the last notification; all of them */
	uint64_t answers;		/* a hash of what was read */
	uint16_t offered;
};

static void check(bool fine)
{
	if (!fine)
		__builtin_trap();
}

__attribute__((no_sanitize("coverage"))) static void mix(uint64_t *hash, uint64_t value)
{
	*hash = (*hash ^ value) * 0x100000001b3ull;
}

/* ---------------------------------------------------------------- the outside */

static bool disk_read(void *opaque, uint64_t offset, void *data, size_t size)
{
	check(size && offset <= DISK_SIZE && size <= DISK_SIZE - offset);
	memcpy(data, (uint8_t *)opaque + offset, size);
	return true;
}

static bool disk_write(void *opaque, uint64_t offset, const void *data, size_t size)
{
	check(size && offset <= DISK_SIZE && size <= DISK_SIZE - offset);
	check(offset % 512 == 0 && size % 512 == 0);
	memcpy((uint8_t *)opaque + offset, data, size);
	return true;
}

static bool never_written(void *opaque, uint64_t offset, const void *data, size_t size)
{
	(void)opaque, (void)offset, (void)data, (void)size;
	check(false);
	return true;
}

static void console(void *opaque, const uint8_t *data, size_t size)
{
	struct drive *drive = opaque;

	drive->console += size;
	mix(&drive->console_hash, size ? data[0] + 256ull * data[size - 1] : 0);
}

/* ---------------------------------------------------------------- the driver */

/* One access by an instruction of the guest: its code is put there anew, it may have been hit. */
static uint32_t access_memory(struct drive *drive, uint32_t address, bool write, unsigned width,
			      uint32_t value)
{
	static const uint8_t code[2][3][3] = {
		{ { 0x8a, 0x07, 0x90 }, { 0x66, 0x8b, 0x07 }, { 0x8b, 0x07, 0x90 } },
		{ { 0x88, 0x07, 0x90 }, { 0x66, 0x89, 0x07 }, { 0x89, 0x07, 0x90 } },
	};
	struct udv_registers registers;
	struct udv_stop_info info;

	check(udv_machine_write(drive->machine, UDV_GPA(CODE), code[write][width], 3) == UDV_OK);
	check(udv_machine_get_registers(drive->machine, 0, &registers) == UDV_OK);
	registers.rip = CODE;
	registers.gpr[UDV_RDI] = address;
	registers.gpr[UDV_RAX] = value;
	check(udv_machine_set_registers(drive->machine, 0, &registers) == UDV_OK);
	udv_machine_run(drive->machine, 1, &info);
	check(info.stop == UDV_STOP_BUDGET && info.instructions == 1);
	check(udv_machine_get_registers(drive->machine, 0, &registers) == UDV_OK);
	check(registers.rip == CODE + 2 + (width == 1));
	return (uint32_t)registers.gpr[UDV_RAX];
}

static uint32_t window(uint8_t slot)
{
	return WINDOWS + slot % 8u * 0x1000u;
}

static uint32_t get(struct drive *drive, uint8_t slot, uint32_t offset)
{
	return access_memory(drive, window(slot) + offset, false, 2, 0);
}

static void set(struct drive *drive, uint8_t slot, uint32_t offset, uint32_t value)
{
	access_memory(drive, window(slot) + offset, true, 2, value);
}

static void poke(struct drive *drive, uint64_t address, uint64_t value, unsigned size)
{
	udv_machine_write(drive->machine, UDV_GPA(address), &value, size);
}

static uint64_t peek(struct drive *drive, uint64_t address, unsigned size)
{
	uint64_t value = 0;

	udv_machine_read(drive->machine, UDV_GPA(address), &value, size);
	return value;
}

/* As a driver should; @x has features. */
static void start(struct drive *drive, const struct step *step)
{
	const uint32_t places[3] = { DESC, AVAIL, USED };

	set(drive, step->a, MMIO_STATUS, 0);
	set(drive, step->a, MMIO_STATUS, 3);
	for (uint32_t i = 0; i < 2; i++) {
		set(drive, step->a, 0x24, i);
		set(drive, step->a, 0x20, i ? 1 : step->x & (1u << 28));
	}
	set(drive, step->a, MMIO_STATUS, 0xb);
	set(drive, step->a, 0x30, step->b);
	set(drive, step->a, 0x38, QUEUE_SIZE);
	for (uint32_t i = 0; i < 3; i++) {
		set(drive, step->a, 0x80 + i * 0x10, places[i]);
		set(drive, step->a, 0x84 + i * 0x10, 0);
	}
	set(drive, step->a, 0x44, 1);
	set(drive, step->a, MMIO_STATUS, 0xf);
	drive->offered = 0;
	poke(drive, AVAIL, 0, 4);
}

static void put_descriptor(struct drive *drive, const struct step *step)
{
	static const uint64_t places[16] = { BUFFER,	  HEADER,     STATUS,	  DESC,
					     AVAIL,	  USED,	      TABLE,	  CODE,
					     MEMORY - 8,  MEMORY,     0,	  WINDOWS,
					     0xfee00000u, 1ull << 32, 1ull << 52, ~0ull - 0xff };
	static const uint32_t sizes[16] = { 0,	       1,      16,	 20,	48,	512,
					    1024,      4096,   8192,	 65536, 524288, 1032192,
					    CHAIN_MAX, MEMORY, 1u << 31, ~0u };
	uint64_t at = (step->b & 1 ? TABLE : DESC) + step->c % 32u * 16u;

	poke(drive, at, places[step->a & 15] + (step->x & 0xff), 8);
	poke(drive, at + 8, sizes[step->a >> 4] + (step->x >> 8 & 1) - (step->x >> 9 & 1), 4);
	poke(drive, at + 12, step->y & 0xffff, 2);
	poke(drive, at + 14, step->y >> 16, 2);
}

static void notify(struct drive *drive, const struct step *step)
{
	bool broken = get(drive, step->a, MMIO_STATUS) & NEEDS_RESET && step->a % 8 < 5;
	uint64_t used = peek(drive, USED + 2, 2);

	drive->console = 0;
	set(drive, step->a, MMIO_NOTIFY, step->b);
	check(drive->console <= (uint64_t)CHAINS * CHAIN_MAX);
	if (broken)
		check(peek(drive, USED + 2, 2) == used && !drive->console);
}

static void take_step(struct drive *drive, const struct step *step)
{
	uint8_t input[64];

	switch (step->kind % NR_STEPS) {
	case STEP_START:
		start(drive, step);
		break;
	case STEP_WRITE:
		access_memory(drive, window(step->a) + step->x % 0x400, true, step->b % 3, step->y);
		break;
	case STEP_READ:
		mix(&drive->answers,
		    access_memory(drive, window(step->a) + step->x % 0x400, false, step->b % 3, 0));
		break;
	case STEP_DESCRIPTOR:
		put_descriptor(drive, step);
		break;
	case STEP_OFFER:
		poke(drive, AVAIL + 4 + drive->offered % QUEUE_SIZE * 2u, step->a, 2);
		poke(drive, AVAIL + 2, ++drive->offered, 2);
		break;
	case STEP_NOTIFY:
		notify(drive, step);
		break;
	case STEP_POKE:
		poke(drive, ARENA + step->x % ARENA_SIZE, step->y, 4);
		break;
	case STEP_INPUT:
		memset(input, step->b, sizeof(input));
		mix(&drive->answers,
		    udv_machine_console_input(drive->machine, input, step->a % sizeof(input)));
		break;
	case STEP_HEADER:
		poke(drive, HEADER, step->a, 8);
		poke(drive, HEADER + 8, step->x | (uint64_t)step->b << 56, 8);
		break;
	}
}

/* ---------------------------------------------------------------- a machine */

/* A multiboot header with addresses, and nothing else. */
static void load(struct udv_machine *machine)
{
	static const uint32_t image[16] = { 0x1badb002, 0x10000,    0u - 0x1badb002 - 0x10000,
					    CODE,	CODE,	    0,
					    0,		CODE + 0x30 };
	const struct udv_boot boot = { .image = image, .size = sizeof(image) };

	check(udv_machine_load(machine, &boot, NULL) == UDV_OK);
}

static void make(struct drive *drive)
{
	const struct udv_disk disks[NR_DISKS] = {
		{ .size = DISK_SIZE, .read = disk_read, .opaque = drive->disk[0] },
		{ .size = DISK_SIZE,
		  .read = disk_read,
		  .write = disk_write,
		  .opaque = drive->disk[1] },
		{ .size = DISK_SIZE,
		  .read = disk_read,
		  .write = never_written,
		  .read_only = true,
		  .opaque = drive->disk[2] },
	};
	const struct udv_machine_config config = {
		.memory = MEMORY,
		.disks = disks,
		.nr_disks = NR_DISKS,
		.console = console,
		.opaque = drive,
	};

	check(udv_machine_create(&config, &drive->machine, NULL) == UDV_OK);
	load(drive->machine);
}

/* The same for every input: nothing that coverage should count. */
__attribute__((no_sanitize("coverage"))) static void fill_disks(uint8_t disk[NR_DISKS][DISK_SIZE])
{
	for (unsigned i = 0; i < NR_DISKS * DISK_SIZE; i++)
		disk[i / DISK_SIZE][i % DISK_SIZE] = (uint8_t)(i / 512 + i);
}

__attribute__((no_sanitize("coverage"))) static void mix_all(uint64_t *hash, const void *data,
							     size_t size)
{
	uint64_t word;

	for (size_t i = 0; i + 8 <= size; i += 8) {
		memcpy(&word, (const uint8_t *)data + i, 8);
		mix(hash, word);
	}
}

/* A hash of all that came out, and of the driver's memory. */
static uint64_t drive_by(const uint8_t *data, size_t size)
{
	static uint8_t arena[ARENA_SIZE], original[NR_DISKS][DISK_SIZE];
	struct drive *drive = calloc(1, sizeof(*drive));
	struct step step;
	uint64_t hash;

	check(drive != NULL);
	fill_disks(original);
	memcpy(drive->disk, original, sizeof(original));
	make(drive);
	for (size_t i = 0; i < MAX_STEPS && (i + 1) * sizeof(step) <= size; i++) {
		memcpy(&step, data + i * sizeof(step), sizeof(step));
		take_step(drive, &step);
	}
	check(memcmp(drive->disk[0], original[0], DISK_SIZE) == 0);
	check(memcmp(drive->disk[2], original[2], DISK_SIZE) == 0);
	hash = drive->answers ^ drive->console_hash << 1;
	check(udv_machine_read(drive->machine, UDV_GPA(ARENA), arena, ARENA_SIZE) == UDV_OK);
	mix_all(&hash, arena, ARENA_SIZE);
	mix_all(&hash, drive->disk[1], DISK_SIZE);
	udv_machine_destroy(drive->machine);
	free(drive);
	return hash;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint64_t hash;

	if (size < sizeof(struct step))
		return 0;
	hash = drive_by(data, size);
	/* Every eighth is driven twice. */
	if ((hash & 7) == 0)
		check(drive_by(data, size) == hash);
	return 0;
}

/* ---------------------------------------------------------------- drivers */

struct writer {
	struct step *step;
	unsigned count, room, seed;
};

static unsigned next(struct writer *w)
{
	w->seed = w->seed * 1664525u + 1013904223u;
	return w->seed >> 16;
}

static void add(struct writer *w, struct step step)
{
	if (w->count < w->room)
		memcpy(&w->step[w->count++], &step, sizeof(step));
}

/* Descriptor @index of the queue or of the indirect table: a place, a size by number, flags. */
static void add_descriptor(struct writer *w, bool indirect, unsigned index, unsigned place,
			   unsigned size, unsigned flags)
{
	add(w, (struct step){ STEP_DESCRIPTOR, (uint8_t)(place | size << 4), indirect,
			      (uint8_t)index, 0, flags | (index + 1) << 16 });
}

/* A request to a disk that is right, or nearly. */
static void add_request(struct writer *w)
{
	static const uint8_t types[8] = { 0, 0, 1, 1, 4, 8, 13, 99 };
	uint8_t type = types[next(w) % 8], slot = (uint8_t)(SLOT_DISKS + next(w) % NR_DISKS);
	bool reads = type == 0 || type == 8, indirect = next(w) % 4 == 0;
	unsigned size = type == 8 ? 3 : type == 13 ? 2 : 5 + next(w) % 4;

	if (next(w) % 4)
		add(w, (struct step){ STEP_START, slot, 0, 0, 1u << 28, 0 });
	add(w, (struct step){ STEP_HEADER, type, 0, 0, next(w) % 70, 0 });
	if (type == 13) {
		add(w, (struct step){ STEP_POKE, 0, 0, 0, BUFFER - ARENA, next(w) % 70 });
		add(w, (struct step){ STEP_POKE, 0, 0, 0, BUFFER + 8 - ARENA, next(w) % 70 });
	}
	add_descriptor(w, indirect, 0, 1, 2, 1);
	add_descriptor(w, indirect, 1, 0, size, reads ? 3 : 1);
	add_descriptor(w, indirect, 2, 2, 1, 2);
	if (indirect)
		add_descriptor(w, false, 0, 6, 4, 4);
	add(w, (struct step){ STEP_OFFER, 0, 0, 0, 0, 0 });
	add(w, (struct step){ STEP_NOTIFY, slot, 0, 0, 0, 0 });
}

/* One buffer for the console or of entropy. */
static void add_buffer(struct writer *w)
{
	uint8_t slot = next(w) % 2 ? SLOT_RNG : SLOT_CONSOLE;
	uint8_t queue = slot == SLOT_CONSOLE && next(w) % 2;

	add(w, (struct step){ STEP_START, slot, queue, 0, 0, 0 });
	add_descriptor(w, false, 0, 0, next(w) % 9, queue ? 0 : 2);
	add(w, (struct step){ STEP_OFFER, 0, 0, 0, 0, 0 });
	if (slot == SLOT_CONSOLE && !queue)
		add(w, (struct step){ STEP_INPUT, (uint8_t)next(w), 'x', 0, 0, 0 });
	add(w, (struct step){ STEP_NOTIFY, slot, queue, 0, 0, 0 });
}

/* A step whose fields are each of a kind that matters. */
static struct step odd_step(struct writer *w)
{
	static const uint32_t registers[16] = { 0x20, 0x24, 0x30, 0x38, 0x44, 0x50, 0x64, 0x70,
						0x80, 0x84, 0x90, 0xa0, 0x14, 0x34, 0x60, 0x100 };
	static const uint32_t values[16] = { 0,	  1,	  2,	3,     0xb,  0xf,    16,   128,
					     129, 0xffff, DESC, AVAIL, USED, MEMORY, CODE, ~0u };
	struct step step = { (uint8_t)(next(w) % NR_STEPS),
			     (uint8_t)next(w),
			     (uint8_t)(next(w) & 3),
			     (uint8_t)next(w),
			     next(w),
			     next(w) & 7 };

	if (step.kind == STEP_WRITE || step.kind == STEP_READ) {
		step.a %= 8;
		step.b = next(w) % 8 ? 2 : step.b;
		step.x = registers[next(w) % 16];
		step.y = values[next(w) % 16];
	} else if (step.kind == STEP_DESCRIPTOR) {
		step.x = next(w) % 4 ? 0 : step.x;
		step.c &= 15;
		step.y |= next(w) % 20 << 16;
	} else if (step.kind == STEP_POKE) {
		step.x = next(w) % 4 ? AVAIL - ARENA + next(w) % 64 : step.x;
		step.y = values[next(w) % 16];
	} else {
		step.a %= step.kind == STEP_INPUT ? 255 : 8;
	}
	return step;
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned seed)
{
	struct writer w = { (struct step *)(void *)data, (unsigned)(size / sizeof(struct step)),
			    (unsigned)(max_size / sizeof(struct step)), seed };
	unsigned choice = next(&w) % 16;
	struct step step;

	if (choice < 4) {
		add_request(&w);
	} else if (choice < 6) {
		add_buffer(&w);
	} else if (choice < 8 || !w.count) {
		add(&w, odd_step(&w));
	} else if (choice < 12) {
		step = odd_step(&w);
		memcpy(&w.step[next(&w) % w.count], &step, sizeof(step));
	} else {
		return LLVMFuzzerMutate(data, size, max_size);
	}
	return w.count * sizeof(struct step);
}
