/* SPDX-License-Identifier: MIT */
/*
 * Resets a second: a machine runs a little from a snapshot, dirties so many pages, and is put back.
 * And what taking, writing, reading a snapshot and making a machine of it takes.
 *
 *   bench-snapshot [--json]
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <undervisor/machine.h>

#define MEMORY (256ull << 20)
#define USED_PAGES 8192u /* 32 MB that are not zero */
#define DATA (16ull << 20)
#define SECONDS 0.3
#define ROUNDS 5

static void check(bool holds, const char *what)
{
	if (holds)
		return;
	fprintf(stderr, "bench-snapshot: %s\n", what);
	exit(1);
}

static double now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (double)time.tv_sec + (double)time.tv_nsec * 1e-9;
}

/* In real mode at 0:7C00H. 1: inc %eax; mov %eax, (%edi); add $0x1000, %edi; loopl 1b; hlt; jmp .
 */
static const uint8_t code[] = { 0x66, 0x40, 0x67, 0x66, 0x89, 0x07, 0x66, 0x81, 0xc7, 0x00,
				0x10, 0x00, 0x00, 0x67, 0xe2, 0xf0, 0xf4, 0xeb, 0xfd };

static struct udv_machine *make_machine(void)
{
	static const struct udv_machine_config config = { .memory = MEMORY };
	struct udv_machine *machine;
	struct udv_registers registers;
	struct udv_problem problem;
	uint8_t page[4096];

	check(udv_machine_create(&config, &machine, &problem) == UDV_OK, problem.text);
	for (uint64_t i = 0; i < USED_PAGES; i++) {
		for (size_t j = 0; j < sizeof(page); j++)
			page[j] = (uint8_t)(i * 7 + j * (j >> 3));
		check(udv_machine_write(machine, UDV_GPA(DATA + i * sizeof(page)), page,
					sizeof(page)) == UDV_OK,
		      "writing memory");
	}
	udv_machine_write(machine, UDV_GPA(0x7c00), code, sizeof(code));
	udv_machine_get_registers(machine, 0, &registers);
	registers.rip = 0x7c00;
	registers.segment[UDV_CS].base = registers.segment[UDV_CS].selector = 0;
	registers.segment[UDV_DS].limit = UINT32_MAX; /* reaches beyond 1 MB */
	registers.gpr[UDV_RDI] = DATA;
	check(udv_machine_set_registers(machine, 0, &registers) == UDV_OK, "setting registers");
	return machine;
}

static void set_count(struct udv_machine *machine, unsigned pages)
{
	struct udv_registers registers;

	udv_machine_get_registers(machine, 0, &registers);
	registers.gpr[UDV_RCX] = pages;
	udv_machine_set_registers(machine, 0, &registers);
}

/* Runs that dirty @pages, and resets. */
static double resets_per_second(struct udv_machine *machine, unsigned pages)
{
	struct udv_snapshot *snapshot;
	struct udv_stop_info info;
	double start, best = 0;

	set_count(machine, pages);
	check(udv_snapshot_take(machine, &snapshot) == UDV_OK, "taking a snapshot");
	for (unsigned round = 0; round < ROUNDS; round++) {
		unsigned resets = 0;
		double seconds;

		start = now();
		do {
			udv_machine_run(machine, 4ull * pages + 1, &info);
			check(info.instructions == 4ull * pages + 1, "it runs");
			check(udv_machine_restore(machine, snapshot, NULL) == UDV_OK, "restoring");
			resets++;
			seconds = now() - start;
		} while (seconds < SECONDS);
		if (resets / seconds > best)
			best = resets / seconds;
	}
	udv_snapshot_destroy(snapshot);
	return best;
}

/* ---------------------------------------------------------------- files */

struct file {
	uint8_t *data;
	size_t size, room, at;
};

static bool put(void *opaque, const void *data, size_t size)
{
	struct file *file = opaque;

	if (file->size + size > file->room) {
		file->room = 2 * (file->size + size);
		file->data = realloc(file->data, file->room);
		check(file->data, "out of memory");
	}
	memcpy(file->data + file->size, data, size);
	file->size += size;
	return true;
}

static bool get(void *opaque, void *data, size_t size, size_t *done)
{
	struct file *file = opaque;

	*done = size < file->size - file->at ? size : file->size - file->at;
	memcpy(data, file->data + file->at, *done);
	file->at += *done;
	return true;
}

struct times {
	double take, write, read, create;
	size_t size;
};

static struct times time_file(struct udv_machine *machine)
{
	static const struct udv_machine_config config = { 0 };
	struct file file = { 0 };
	const struct udv_snapshot_sink sink = { put, &file };
	const struct udv_snapshot_source source = { get, &file };
	struct udv_snapshot *snapshot, *read;
	struct udv_problem problem;
	struct times t;
	double start = now();

	check(udv_snapshot_take(machine, &snapshot) == UDV_OK, "taking a snapshot");
	t.take = now() - start;
	start = now();
	check(udv_snapshot_write(snapshot, &sink, &problem) == UDV_OK, "writing it");
	t.write = now() - start;
	start = now();
	check(udv_snapshot_read(&source, &read, &problem) == UDV_OK, "reading it");
	t.read = now() - start;
	start = now();
	check(udv_machine_create_from(read, &config, &machine, &problem) == UDV_OK, "a machine");
	t.create = now() - start;
	t.size = file.size;
	udv_machine_destroy(machine);
	udv_snapshot_destroy(read);
	udv_snapshot_destroy(snapshot);
	free(file.data);
	return t;
}

int main(int argc, char **argv)
{
	static const unsigned pages[] = { 1, 10, 100, 1000 };
	bool json = argc == 2 && strcmp(argv[1], "--json") == 0;
	struct udv_machine *machine;
	struct times t;

	if (argc > 1 && !json) {
		fputs("usage: bench-snapshot [--json]\n", stderr);
		return 2;
	}
	machine = make_machine();
	t = time_file(machine);
	if (json)
		printf("{\"take_ms\": %.2f, \"write_ms\": %.2f, \"read_ms\": %.2f, "
		       "\"create_ms\": %.2f, \"file_bytes\": %zu",
		       t.take * 1e3, t.write * 1e3, t.read * 1e3, t.create * 1e3, t.size);
	else
		printf("snapshot of 32 MB in use: taken in %.1f ms, written in %.1f (%zu bytes), "
		       "read "
		       "in %.1f, a machine of it in %.1f\n",
		       t.take * 1e3, t.write * 1e3, t.size, t.read * 1e3, t.create * 1e3);
	for (size_t i = 0; i < sizeof(pages) / sizeof(pages[0]); i++) {
		double rate = resets_per_second(machine, pages[i]);

		if (json)
			printf(", \"resets_per_second_%u\": %.0f", pages[i], rate);
		else
			printf("resets with %4u pages written: %8.0f a second\n", pages[i], rate);
	}
	if (json)
		puts("}");
	udv_machine_destroy(machine);
	return 0;
}
