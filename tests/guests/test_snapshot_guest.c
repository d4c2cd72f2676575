/* SPDX-License-Identifier: MIT */
/*
 * An image of guests/ runs unbroken, and then again with a snapshot on the way: the machine that it
 * was taken of goes on, is put back and goes on, and so does one that is made from a file. Both
 * engines take turns, on either side. Trace, output, time, registers, memory and disk must come out
 * the same each time.
 *
 * usage: test-snapshot-guest IMAGE CPUS SPLITS
 *
 * SPLITS: how many, beside one at the start and one at the end; 0: one in the middle only. With a
 * letter b before it they are where a guest of the image is entered or left, or one instruction on
 * (N143; H14: the log of pages that it writes, part of it before and part of it after).
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <undervisor/machine.h>

#include "machine/machine.h"
#include "machine/snapshot.h"

#define MEMORY (128ull << 20)
#define LIMIT 2000000000ull
/* What virtio.elf knows: each 32-bit word is its number. */
#define DISK_SIZE (64u * 512)
#define MAX_BOUNDARIES 65536u

/* ---------------------------------------------------------------- what is compared */

/* What has come out of a machine so far. */
struct trial {
	uint64_t hash, events, bytes;
	struct boundaries *boundaries; /* to be noted, or NULL */
};

/* Instruction counts at which a guest was entered or left. */
struct boundaries {
	struct udv_machine *machine;
	uint64_t at[MAX_BOUNDARIES];
	size_t nr;
};

struct outcome {
	struct trial trial;
	enum udv_stop stop;
	uint32_t value;
	uint64_t instructions, ticks, nanoseconds, exceptions, interrupts, vm_exits;
	uint64_t registers, memory, disk;
};

static uint64_t mix(uint64_t hash, uint64_t value)
{
	hash = (hash ^ value) * 0x9e3779b97f4a7c15ull;
	return hash ^ hash >> 29;
}

static uint64_t mix_all(uint64_t hash, const void *data, size_t size)
{
	const uint8_t *bytes = data;
	uint64_t word;

	for (; size >= 8; bytes += 8, size -= 8) {
		memcpy(&word, bytes, 8);
		hash = mix(hash, word);
	}
	for (; size; bytes++, size--)
		hash = mix(hash, *bytes);
	return hash;
}

static void serial(void *opaque, uint8_t byte)
{
	struct trial *trial = opaque;

	trial->hash = mix(trial->hash, byte);
	trial->bytes++;
}

static void console(void *opaque, const uint8_t *data, size_t size)
{
	struct trial *trial = opaque;

	trial->hash = mix_all(trial->hash, data, size);
	trial->bytes += size;
}

static bool backing_read(void *opaque, uint64_t offset, void *data, size_t size)
{
	uint8_t *bytes = data;

	(void)opaque;
	for (size_t i = 0; i < size; i++) {
		uint64_t at = offset + i;

		bytes[i] = (uint8_t)(at / 4 >> at % 4 * 8);
	}
	return true;
}

static void note_boundary(struct boundaries *boundaries)
{
	struct udv_machine_stats stats;

	udv_machine_stats(boundaries->machine, &stats);
	if (boundaries->nr < MAX_BOUNDARIES)
		boundaries->at[boundaries->nr++] = stats.instructions;
}

static void trace(void *opaque, const struct udv_trace_event *event)
{
	const uint64_t values[] = { event->kind, event->cpu, event->instructions,
				    event->rip,	 event->a,   event->b,
				    event->c };
	struct trial *trial = opaque;
	bool of_l0 = event->kind == UDV_TRACE_L0_SHOWN || event->kind == UDV_TRACE_L0_FILLED ||
		     event->kind == UDV_TRACE_L0_EMULATED;

	/* Those are of one engine only. */
	if (of_l0)
		return;
	trial->hash = mix_all(trial->hash, values, sizeof(values));
	trial->events++;
	if (trial->boundaries &&
	    (event->kind == UDV_TRACE_VM_ENTRY || event->kind == UDV_TRACE_VM_EXIT))
		note_boundary(trial->boundaries);
}

static void require(bool holds, const char *what)
{
	if (holds)
		return;
	fprintf(stderr, "failed: %s\n", what);
	exit(1);
}

static uint64_t hash_registers(const struct udv_machine *machine)
{
	struct udv_registers r;
	uint64_t hash = 0;

	for (unsigned i = 0; udv_machine_get_registers(machine, i, &r) == UDV_OK; i++) {
		const uint64_t values[] = { r.rip, r.rflags, r.gdtr_base, r.idtr_base, r.cr0, r.cr2,
					    r.cr3, r.cr4,    r.efer,	  r.dr6,       r.dr7 };

		hash = mix_all(hash, values, sizeof(values));
		hash = mix_all(hash, r.gpr, sizeof(r.gpr));
		hash = mix_all(hash, r.dr, sizeof(r.dr));
		for (unsigned s = 0; s < 8; s++)
			hash = mix(mix(hash, r.segment[s].base),
				   (uint64_t)r.segment[s].access_rights << 32 |
					   r.segment[s].selector);
	}
	return hash;
}

static bool is_ram(const struct mem_region *region)
{
	return region->host && !region->private;
}

static bool is_zero(const uint8_t *page)
{
	static const uint8_t zero[MEM_PAGE_SIZE];

	return memcmp(page, zero, sizeof(zero)) == 0;
}

/* The page at @at may be other than zero. Others need not be touched, and so not be there. */
static bool is_used(const struct mem_region *region, uint64_t at)
{
	return region->flags[at >> MEM_PAGE_SHIFT] & (MEM_PAGE_DIRTY | MEM_PAGE_USED);
}

static uint64_t hash_memory(const struct udv_machine *machine)
{
	uint64_t hash = 0;

	for (unsigned i = 0; i < machine->mem.nr_regions; i++) {
		const struct mem_region *region = &machine->mem.region[i];

		for (uint64_t at = 0; is_ram(region) && at < region->size; at += MEM_PAGE_SIZE)
			if (is_used(region, at) && !is_zero(region->host + at))
				hash = mix_all(mix(hash, region->base + at), region->host + at,
					       MEM_PAGE_SIZE);
	}
	return hash;
}

static uint64_t hash_disk(struct udv_machine *machine)
{
	uint8_t data[DISK_SIZE];

	require(disk_read(&machine->virtio.disk[0].disk, 0, data, sizeof(data)),
		"reading the disk");
	return mix_all(0, data, sizeof(data));
}

/* Snapshots, and what is above, leave out pages that have neither flag. */
static void check_flags(const struct udv_machine *machine)
{
	for (unsigned i = 0; i < machine->mem.nr_regions; i++) {
		const struct mem_region *region = &machine->mem.region[i];

		for (uint64_t at = 0; is_ram(region) && at < region->size; at += MEM_PAGE_SIZE)
			require(is_used(region, at) || is_zero(region->host + at),
				"a page was written and is not dirty");
	}
}

/* Right after it was put back. */
static void check_memory(const struct udv_machine *machine, const struct udv_snapshot *snapshot)
{
	for (unsigned i = 0; i < machine->mem.nr_regions; i++) {
		const struct mem_region *region = &machine->mem.region[i];

		for (uint64_t at = 0; is_ram(region) && at < region->size; at += MEM_PAGE_SIZE) {
			const uint8_t *page = mem_pages_get(&snapshot->pages, region->base + at);

			if (page)
				require(memcmp(region->host + at, page, MEM_PAGE_SIZE) == 0,
					"memory as it was");
			else
				require(!is_used(region, at) || is_zero(region->host + at),
					"memory as it was");
		}
	}
}

static void put_back(struct udv_machine *machine, struct udv_snapshot *snapshot)
{
	struct udv_problem problem = { "" };

	require(udv_machine_restore(machine, snapshot, &problem) == UDV_OK, problem.text);
	check_memory(machine, snapshot);
}

static struct outcome finish(struct udv_machine *machine, const struct trial *trial)
{
	struct udv_machine_stats stats;
	struct udv_stop_info info;
	struct outcome out;

	udv_machine_run(machine, LIMIT, &info);
	udv_machine_stats(machine, &stats);
	memset(&out, 0, sizeof(out));
	out.trial = *trial;
	out.stop = info.stop;
	out.value = info.value;
	out.instructions = stats.instructions;
	out.ticks = stats.ticks;
	out.nanoseconds = stats.nanoseconds;
	out.exceptions = stats.exceptions;
	out.interrupts = stats.interrupts;
	for (unsigned i = 0; i < UDV_MAX_EXIT_REASONS; i++)
		out.vm_exits += stats.vm_exits[i];
	out.registers = hash_registers(machine);
	out.memory = hash_memory(machine);
	out.disk = hash_disk(machine);
	return out;
}

static void show(const char *way, const struct outcome *out)
{
	fprintf(stderr,
		"%s: %s (%u), hash %016" PRIx64 " of %" PRIu64 " events and %" PRIu64
		" bytes, %" PRIu64 " instructions, %" PRIu64 " ticks, %" PRIu64
		" exceptions, %" PRIu64 " interrupts, %" PRIu64 " exits, registers %016" PRIx64
		", memory %016" PRIx64 ", disk %016" PRIx64 "\n",
		way, udv_stop_text(out->stop), out->value, out->trial.hash, out->trial.events,
		out->trial.bytes, out->instructions, out->ticks, out->exceptions, out->interrupts,
		out->vm_exits, out->registers, out->memory, out->disk);
}

static void compare(const char *way, uint64_t split, const struct outcome *plain,
		    const struct outcome *other)
{
	if (memcmp(plain, other, sizeof(*plain)) == 0)
		return;
	fprintf(stderr, "a snapshot after %" PRIu64 " instructions\n", split);
	show("unbroken", plain);
	show(way, other);
	exit(1);
}

/* ---------------------------------------------------------------- a file in memory */

struct file {
	uint8_t *data;
	size_t size, room, at;
};

static bool file_write(void *opaque, const void *data, size_t size)
{
	struct file *file = opaque;

	if (file->size + size > file->room) {
		file->room = 2 * (file->size + size);
		file->data = realloc(file->data, file->room);
		require(file->data, "memory for a file");
	}
	memcpy(file->data + file->size, data, size);
	file->size += size;
	return true;
}

static bool file_read(void *opaque, void *data, size_t size, size_t *done)
{
	struct file *file = opaque;
	size_t left = file->size - file->at;

	*done = size < left ? size : left;
	memcpy(data, file->data + file->at, *done);
	file->at += *done;
	return true;
}

/* The snapshot as it comes back from a file, and the same file when it is written again. */
static struct udv_snapshot *through_file(const struct udv_snapshot *snapshot, size_t *size)
{
	struct file file = { 0 }, again = { 0 };
	const struct udv_snapshot_sink sink = { file_write, &file };
	const struct udv_snapshot_sink sink_again = { file_write, &again };
	const struct udv_snapshot_source source = { file_read, &file };
	struct udv_problem problem = { "" };
	struct udv_snapshot *read = NULL;

	require(udv_snapshot_write(snapshot, &sink, &problem) == UDV_OK, problem.text);
	require(udv_snapshot_read(&source, &read, &problem) == UDV_OK, problem.text);
	require(udv_snapshot_write(read, &sink_again, &problem) == UDV_OK, problem.text);
	require(file.size == again.size && memcmp(file.data, again.data, file.size) == 0,
		"the same file from what was read");
	*size = file.size;
	free(file.data);
	free(again.data);
	return read;
}

/* ---------------------------------------------------------------- the run and its parts */

struct image {
	void *data;
	size_t size;
	unsigned nr_cpus;
};

static struct udv_machine_config config_of(const struct image *image, enum udv_engine engine,
					   struct trial *trial)
{
	static const struct udv_disk disk = { .size = DISK_SIZE, .read = backing_read };

	return (struct udv_machine_config){
		.engine = engine,
		.disks = &disk,
		.nr_disks = 1,
		.console = console,
		.memory = MEMORY,
		.nr_cpus = image->nr_cpus,
		.seed = 5,
		.serial = serial,
		.trace = trace,
		.opaque = trial,
	};
}

static struct udv_machine *boot(const struct image *image, enum udv_engine engine,
				struct trial *trial)
{
	const struct udv_machine_config config = config_of(image, engine, trial);
	const struct udv_boot boot = { .image = image->data, .size = image->size };
	struct udv_problem problem = { "" };
	struct udv_machine *machine;

	*trial = (struct trial){ 0 };
	require(udv_machine_create(&config, &machine, &problem) == UDV_OK, problem.text);
	require(udv_machine_load(machine, &boot, &problem) == UDV_OK, problem.text);
	return machine;
}

static struct outcome from_file(const struct image *image, enum udv_engine engine,
				struct udv_snapshot *saved, const struct trial *before,
				struct udv_snapshot *original, struct outcome *back)
{
	struct udv_problem problem = { "" };
	struct udv_machine *machine;
	struct trial trial = *before;
	struct udv_machine_config config = config_of(image, engine, &trial);
	struct outcome out;

	/* The snapshot knows these better. */
	config.memory = 1 << 20;
	config.nr_cpus = 7;
	config.seed = 6;
	require(udv_machine_create_from(saved, &config, &machine, &problem) == UDV_OK,
		problem.text);
	udv_snapshot_destroy(saved);
	out = finish(machine, &trial);
	trial = *before;
	/* Another snapshot than the one it comes from: every page is looked at. */
	put_back(machine, original);
	*back = finish(machine, &trial);
	udv_machine_destroy(machine);
	return out;
}

/* Between two runs nothing is half done that snapshots would have to know of. */
static void check_settled(const struct udv_machine *machine)
{
	for (unsigned i = 0; i < machine->nr_cpus; i++) {
		const struct cpu *cpu = &machine->vcpus[i].cpu;

		require(!cpu->fault.valid && !cpu->delivering.valid && !cpu->vmx.left &&
				!cpu->vmx.serving && !machine->vcpus[i].nested.emulating &&
				!cpu->vmx.held && !cpu->vmx.redone.valid,
			"nothing is half done");
	}
}

static size_t try_split(const struct image *image, const enum udv_engine engines[2], uint64_t split,
			const struct outcome *plain)
{
	struct udv_snapshot *snapshot;
	struct udv_stop_info info;
	struct udv_machine *machine;
	struct trial trial, before;
	struct outcome out, back;
	size_t size;

	machine = boot(image, engines[0], &trial);
	udv_machine_run(machine, split, &info);
	/* An entry and the event that it injects are not to be parted. */
	require(info.stop == UDV_STOP_BUDGET &&
			(info.instructions == split || info.instructions == split + 1),
		"getting there");
	check_settled(machine);
	require(udv_snapshot_take(machine, &snapshot) == UDV_OK, "taking a snapshot");
	before = trial;
	out = finish(machine, &trial);
	compare("going on", split, plain, &out);
	for (unsigned i = 0; i < 2; i++) {
		trial = before;
		put_back(machine, snapshot);
		out = finish(machine, &trial);
		compare("put back", split, plain, &out);
	}
	udv_machine_destroy(machine);
	out = from_file(image, engines[1], through_file(snapshot, &size), &before, snapshot, &back);
	compare("from a file", split, plain, &out);
	compare("to another", split, plain, &back);
	udv_snapshot_destroy(snapshot);
	return size;
}

static struct image read_image(const char *path)
{
	struct image image = { 0 };
	FILE *file = fopen(path, "rb");
	long size;

	require(file && !fseek(file, 0, SEEK_END), path);
	size = ftell(file);
	require(size > 0 && !fseek(file, 0, SEEK_SET), path);
	image.size = (size_t)size;
	image.data = malloc(image.size);
	require(image.data && fread(image.data, 1, image.size, file) == image.size, path);
	fclose(file);
	return image;
}

/* All ways to change from one engine to another, or none. */
static const enum udv_engine ways[][2] = {
	{ UDV_ENGINE_DIRECT, UDV_ENGINE_NESTED },
	{ UDV_ENGINE_NESTED, UDV_ENGINE_DIRECT },
	{ UDV_ENGINE_NESTED, UDV_ENGINE_NESTED },
	{ UDV_ENGINE_DIRECT, UDV_ENGINE_DIRECT },
};

static size_t try_boundaries(const struct image *image, uint64_t splits,
			     const struct boundaries *boundaries, const struct outcome *plain)
{
	size_t size = 0;

	require(boundaries->nr >= splits, "guests are entered and left");
	for (uint64_t i = 0; i < splits; i++) {
		uint64_t at = boundaries->at[boundaries->nr * i / splits] + i / 4 % 2;

		if (at < plain->instructions)
			size = try_split(image, ways[i % 4], at, plain);
	}
	return size;
}

static size_t try_splits(const struct image *image, uint64_t splits, const struct outcome *plain)
{
	uint64_t end = plain->instructions;
	size_t size = 0;

	if (!splits)
		return try_split(image, ways[0], end / 2, plain);
	/* The start, the last instruction, and what lies between at places that mean nothing. */
	try_split(image, ways[1], 0, plain);
	try_split(image, ways[2], end - 1, plain);
	for (uint64_t i = 1; i <= splits; i++)
		size = try_split(image, ways[i % 4], end * i / (splits + 1) + i % 17, plain);
	return size;
}

int main(int argc, char **argv)
{
	struct udv_machine *machine;
	static struct boundaries boundaries;
	struct outcome plain;
	struct image image;
	struct trial trial;
	uint64_t splits;
	bool at_boundaries;
	size_t size;

	require(argc == 4, "usage: test-snapshot-guest IMAGE CPUS SPLITS");
	image = read_image(argv[1]);
	image.nr_cpus = (unsigned)strtoul(argv[2], NULL, 10);
	at_boundaries = argv[3][0] == 'b';
	splits = strtoul(argv[3] + at_boundaries, NULL, 10);
	machine = boot(&image, UDV_ENGINE_DIRECT, &trial);
	boundaries.machine = machine;
	trial.boundaries = &boundaries;
	plain = finish(machine, &trial);
	plain.trial.boundaries = NULL;
	check_flags(machine);
	udv_machine_destroy(machine);
	show("unbroken", &plain);
	require(plain.stop == UDV_STOP_DEBUG_EXIT || plain.stop == UDV_STOP_TRIPLE_FAULT ||
			plain.stop == UDV_STOP_VMX_ABORT,
		"it comes to its end");
	size = at_boundaries ? try_boundaries(&image, splits, &boundaries, &plain)
			     : try_splits(&image, splits, &plain);
	printf("%" PRIu64 " splits, the last file %zu bytes\n",
	       at_boundaries ? splits
	       : splits	     ? splits + 2
			     : 1,
	       size);
	free(image.data);
	return 0;
}
