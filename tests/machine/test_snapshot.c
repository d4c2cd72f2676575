/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <zlib.h>

#include "build_image.h"
#include "machine/snapshot.h"
#include "machine/state_lists.h"

/* Snapshots: what is put back and how much of it, and files that are not as they were written. */

#define CODE 0x100000u
#define DATA 0x200000u

static const struct udv_machine_config small = { .memory = 4 << 20, .seed = 3 };

static struct udv_machine *machine_of(const struct udv_machine_config *config, const uint8_t *code,
				      size_t size)
{
	const struct test_segment segment = { CODE, CODE, size, size };
	struct udv_machine *machine;
	struct test_image image;
	struct udv_boot boot = { .image = image.data };

	image_elf(&image, false, CODE, &segment, 1);
	memcpy(image.data + image_contents(false, 1), code, size);
	boot.size = image.size;
	assert_int_equal(udv_machine_create(config, &machine, NULL), UDV_OK);
	assert_int_equal(udv_machine_load(machine, &boot, NULL), UDV_OK);
	return machine;
}

/* mov $DATA, %edi; 1: rdrand %eax; stosl; add $0xffc, %edi; dec %ecx...: a page an iteration */
static const uint8_t pages_code[] = { 0xbf, 0,	  0,	0x20, 0, 0x0f, 0xc7, 0xf0, 0xab,
				      0x81, 0xc7, 0xfc, 0x0f, 0, 0,    0xeb, 0xf4 };

static uint32_t word_at(struct udv_machine *machine, uint64_t address)
{
	uint32_t value = 0;

	assert_int_equal(udv_machine_read(machine, UDV_GPA(address), &value, sizeof(value)),
			 UDV_OK);
	return value;
}

static uint64_t run(struct udv_machine *machine, uint64_t instructions)
{
	struct udv_machine_stats stats;
	struct udv_stop_info info;

	udv_machine_run(machine, instructions, &info);
	udv_machine_stats(machine, &stats);
	return stats.instructions;
}

static struct udv_snapshot *take(struct udv_machine *machine)
{
	struct udv_snapshot *snapshot;

	assert_int_equal(udv_snapshot_take(machine, &snapshot), UDV_OK);
	assert_non_null(snapshot);
	return snapshot;
}

static unsigned count_dirty(const struct udv_machine *machine)
{
	unsigned count = 0;

	for (unsigned i = 0; i < machine->mem.nr_regions; i++) {
		const struct mem_region *region = &machine->mem.region[i];

		for (uint64_t at = 0; region->host && at < region->size; at += MEM_PAGE_SIZE)
			count += region->flags[at >> MEM_PAGE_SHIFT] & MEM_PAGE_DIRTY;
	}
	return count;
}

/* ---------------------------------------------------------------- in memory */

static void test_reset(void **state)
{
	struct udv_machine *machine = machine_of(&small, pages_code, sizeof(pages_code));
	struct udv_snapshot *snapshot;
	struct udv_registers registers;
	uint32_t first, third, fourth;

	(void)state;
	run(machine, 9); /* two pages */
	first = word_at(machine, DATA);
	snapshot = take(machine);
	assert_int_equal(count_dirty(machine), 0);
	assert_int_equal(run(machine, 8), 17);
	third = word_at(machine, DATA + 0x2000);
	fourth = word_at(machine, DATA + 0x3000);
	assert_int_not_equal(third, 0);
	for (unsigned i = 0; i < 3; i++) {
		assert_int_equal(count_dirty(machine), 2);
		assert_int_equal(udv_machine_restore(machine, snapshot, NULL), UDV_OK);
		assert_int_equal(count_dirty(machine), 0);
		assert_int_equal(word_at(machine, DATA), first);
		assert_int_equal(word_at(machine, DATA + 0x2000), 0);
		assert_int_equal(word_at(machine, DATA + 0x3000), 0);
		udv_machine_get_registers(machine, 0, &registers);
		assert_int_equal(registers.gpr[UDV_RDI], DATA + 0x2000);
		/* The random numbers are part of it. */
		assert_int_equal(run(machine, 8), 17);
		assert_int_equal(word_at(machine, DATA + 0x2000), third);
		assert_int_equal(word_at(machine, DATA + 0x3000), fourth);
	}
	/* The snapshot may go before the machine does. */
	udv_snapshot_destroy(snapshot);
	assert_int_equal(run(machine, 5), 22);
	udv_machine_destroy(machine);
	udv_snapshot_destroy(NULL);
}

/* Between two snapshots there and back, and a third machine that knew neither. */
static void test_several(void **state)
{
	struct udv_machine *machine = machine_of(&small, pages_code, sizeof(pages_code));
	struct udv_machine *other = machine_of(&small, pages_code, sizeof(pages_code));
	struct udv_snapshot *early, *late;
	uint32_t second, tenth;

	(void)state;
	run(machine, 5);
	early = take(machine);
	run(machine, 36);
	second = word_at(machine, DATA + 0x1000);
	tenth = word_at(machine, DATA + 0x9000);
	late = take(machine);
	for (unsigned i = 0; i < 2; i++) {
		struct udv_machine *m = i ? other : machine;

		assert_int_equal(udv_machine_restore(m, early, NULL), UDV_OK);
		assert_int_equal(word_at(m, DATA + 0x1000), 0);
		assert_int_equal(word_at(m, DATA + 0x9000), 0);
		assert_int_equal(udv_machine_restore(m, late, NULL), UDV_OK);
		assert_int_equal(word_at(m, DATA + 0x1000), second);
		assert_int_equal(word_at(m, DATA + 0x9000), tenth);
		assert_int_equal(udv_machine_restore(m, early, NULL), UDV_OK);
		assert_int_equal(word_at(m, DATA + 0x1000), 0);
		assert_int_equal(run(m, 36), 41);
		assert_int_equal(word_at(m, DATA + 0x9000), tenth);
	}
	udv_snapshot_destroy(early);
	udv_snapshot_destroy(late);
	udv_machine_destroy(machine);
	udv_machine_destroy(other);
}

/* What the host wrote goes back too, and decoded code with it. */
static void test_code(void **state)
{
	/* mov $1, %al; out %al, $0xf4; jmp . */
	static const uint8_t code[] = { 0xb0, 1, 0xe6, 0xf4, 0xeb, 0xfe };
	struct udv_machine *machine = machine_of(&small, code, sizeof(code));
	struct udv_snapshot *snapshot = take(machine);
	struct udv_stop_info info;

	(void)state;
	for (uint8_t value = 2; value < 5; value++) {
		udv_machine_run(machine, 10, &info);
		assert_int_equal(info.value, 1);
		assert_int_equal(udv_machine_restore(machine, snapshot, NULL), UDV_OK);
		udv_machine_write(machine, UDV_GPA(CODE + 1), &value, 1);
		udv_machine_run(machine, 10, &info);
		assert_int_equal(info.value, value);
		assert_int_equal(udv_machine_restore(machine, snapshot, NULL), UDV_OK);
	}
	udv_snapshot_destroy(snapshot);
	udv_machine_destroy(machine);
}

/*
 * An APIC that moves: mov $0x1b, %ecx; mov $0xfed00900, %eax; xor %edx, %edx; wrmsr; mov
 * 0xfed00030, %ebx; jmp .
 */
static const uint8_t apic_code[] = {
	0xb9, 0x1b, 0,	  0,	0,    0xb8, 0, 9,    0xd0, 0xfe, 0x31,
	0xd2, 0x0f, 0x30, 0x8b, 0x1d, 0x30, 0, 0xd0, 0xfe, 0xeb, 0xfe
};

static void test_apic_page(void **state)
{
	struct udv_machine *machine = machine_of(&small, apic_code, sizeof(apic_code));
	struct udv_snapshot *before = take(machine), *after;
	struct udv_registers registers;

	(void)state;
	run(machine, 4);
	after = take(machine);
	assert_int_equal(machine->nr_lapic_pages, 2);
	for (unsigned i = 0; i < 2; i++) {
		assert_int_equal(udv_machine_restore(machine, before, NULL), UDV_OK);
		assert_int_equal(machine->nr_lapic_pages, 1);
		assert_null(mem_find(&machine->mem, 0xfed00000));
		run(machine, i ? 5 : 0);
		assert_int_equal(udv_machine_restore(machine, after, NULL), UDV_OK);
		assert_int_equal(machine->nr_lapic_pages, 2);
		run(machine, 1);
		udv_machine_get_registers(machine, 0, &registers);
		assert_int_equal(registers.gpr[UDV_RBX], 0x50014); /* the version register */
	}
	udv_snapshot_destroy(before);
	udv_snapshot_destroy(after);
	udv_machine_destroy(machine);
}

/* Input that the guest has not read yet. */
static void test_serial_input(void **state)
{
	/* mov $0x3f8, %edx; in %dx, %al; out %al, $0xf4; jmp . */
	static const uint8_t code[] = { 0xba, 0xf8, 3, 0, 0, 0xec, 0xe6, 0xf4, 0xeb, 0xfe };
	struct udv_machine *machine = machine_of(&small, code, sizeof(code));
	struct udv_snapshot *snapshot;
	struct udv_stop_info info;

	(void)state;
	assert_int_equal(udv_machine_serial_input(machine, (const uint8_t *)"a", 1), 1);
	snapshot = take(machine);
	for (unsigned i = 0; i < 2; i++) {
		udv_machine_run(machine, 10, &info);
		assert_int_equal(info.value, 'a');
		/* There is room for the next one. */
		assert_int_equal(udv_machine_serial_input(machine, (const uint8_t *)"b", 1), 1);
		assert_int_equal(udv_machine_restore(machine, snapshot, NULL), UDV_OK);
	}
	udv_snapshot_destroy(snapshot);
	udv_machine_destroy(machine);
}

/* Every value that was saved is there again: the same bytes from a machine that was put back. */
static void test_complete(void **state)
{
	struct udv_machine_config config = small;
	struct udv_machine *machine;
	struct udv_snapshot *first, *second;

	(void)state;
	config.nr_cpus = 3;
	config.cpu = "+la57,-avx";
	machine = machine_of(&config, pages_code, sizeof(pages_code));
	run(machine, 1234);
	first = take(machine);
	run(machine, 5678);
	assert_int_equal(udv_machine_restore(machine, first, NULL), UDV_OK);
	second = take(machine);
	assert_int_equal(first->state_size, second->state_size);
	assert_memory_equal(first->state, second->state, first->state_size);
	udv_snapshot_destroy(first);
	udv_snapshot_destroy(second);
	udv_machine_destroy(machine);
}

/* ---------------------------------------------------------------- refusals */

static void test_other_machines(void **state)
{
	static const struct {
		struct udv_machine_config config;
		const char *text;
	} cases[] = {
		{ { .memory = 8 << 20 }, "the snapshot is of a machine with another memory" },
		{ { .memory = 4 << 20, .nr_cpus = 2 },
		  "the snapshot is of a machine with another number of processors" },
		{ { .memory = 4 << 20, .cpu = "-avx2" },
		  "the snapshot is of a machine with another processor" },
		{ { .memory = 4 << 20, .cpu = "tsc-khz=2000000" },
		  "the snapshot is of a machine with another processor" },
		{ { .memory = 4 << 20, .slice = 100 },
		  "the snapshot is of a machine with another slice" },
	};
	struct udv_machine *machine = machine_of(&small, pages_code, sizeof(pages_code));
	struct udv_snapshot *snapshot = take(machine);

	(void)state;
	for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct udv_machine *other =
			machine_of(&cases[i].config, pages_code, sizeof(pages_code));
		struct udv_problem problem = { "" };

		run(other, 6);
		assert_int_equal(udv_machine_restore(other, snapshot, &problem), UDV_ERR_ARGUMENT);
		assert_string_equal(problem.text, cases[i].text);
		/* nothing has changed */
		assert_int_equal(run(other, 0), 6);
		assert_int_not_equal(word_at(other, DATA), 0);
		udv_machine_destroy(other);
	}
	udv_snapshot_destroy(snapshot);
	udv_machine_destroy(machine);
}

struct inside {
	struct udv_machine *machine;
	struct udv_snapshot *snapshot;
	unsigned calls;
};

static void from_within(void *opaque, uint64_t offset, unsigned size, uint64_t value)
{
	struct inside *inside = opaque;
	struct udv_snapshot *snapshot;
	struct udv_problem problem = { "" };

	(void)offset;
	(void)size;
	(void)value;
	inside->calls++;
	assert_int_equal(udv_snapshot_take(inside->machine, &snapshot), UDV_ERR_ARGUMENT);
	assert_null(snapshot);
	assert_int_equal(udv_machine_restore(inside->machine, inside->snapshot, &problem),
			 UDV_ERR_ARGUMENT);
	assert_string_equal(problem.text, "the machine is running");
}

static void test_from_within(void **state)
{
	/* out %al, $0x42 + 0xb0; jmp . */
	static const uint8_t code[] = { 0xe6, 0xf2, 0xeb, 0xfe };
	struct inside inside = { .machine = machine_of(&small, code, sizeof(code)) };
	const struct udv_hook hook = { .write = from_within, .opaque = &inside };

	(void)state;
	assert_int_equal(udv_machine_hook_ports(inside.machine, 0xf2, 1, &hook), UDV_OK);
	inside.snapshot = take(inside.machine);
	run(inside.machine, 10);
	assert_int_equal(inside.calls, 1);
	udv_snapshot_destroy(inside.snapshot);
	udv_machine_destroy(inside.machine);
}

/* ---------------------------------------------------------------- files */

#define FILE_MAX (1u << 20)

struct file {
	uint8_t data[FILE_MAX];
	size_t size, at;
	unsigned writes, fail_at; /* the write that fails, from 1 */
	size_t reads_fail_at;	  /* a read beyond this byte fails */
};

static bool file_write(void *opaque, const void *data, size_t size)
{
	struct file *file = opaque;

	if (++file->writes == file->fail_at)
		return false;
	assert_true(size <= FILE_MAX - file->size);
	memcpy(file->data + file->size, data, size);
	file->size += size;
	return true;
}

static bool file_read(void *opaque, void *data, size_t size, size_t *done)
{
	struct file *file = opaque;

	*done = size < file->size - file->at ? size : file->size - file->at;
	if (file->reads_fail_at && file->at + *done > file->reads_fail_at)
		return false;
	memcpy(data, file->data + file->at, *done);
	file->at += *done;
	return true;
}

/* A small machine that has run a little. */
static void write_file(struct file *file)
{
	const struct udv_snapshot_sink sink = { file_write, file };
	const struct udv_machine_config config = { .memory = 2 << 20, .cpu = "-avx2", .seed = 9 };
	struct udv_machine *machine = machine_of(&config, pages_code, sizeof(pages_code));
	struct udv_snapshot *snapshot;

	run(machine, 1);
	snapshot = take(machine);
	file->size = file->at = 0;
	file->writes = 0;
	assert_int_equal(udv_snapshot_write(snapshot, &sink, NULL), UDV_OK);
	udv_snapshot_destroy(snapshot);
	udv_machine_destroy(machine);
}

static enum udv_status read_file(struct file *file, struct udv_snapshot **snapshot,
				 struct udv_problem *problem)
{
	const struct udv_snapshot_source source = { file_read, file };

	file->at = 0;
	strcpy(problem->text, "");
	return udv_snapshot_read(&source, snapshot, problem);
}

/* One clear line, and no snapshot. */
static void expect(struct file *file, enum udv_status status, const char *text)
{
	struct udv_snapshot *snapshot = NULL;
	struct udv_problem problem;

	assert_int_equal(read_file(file, &snapshot, &problem), status);
	assert_string_equal(problem.text, text);
	assert_null(snapshot);
}

static struct file good, bad;

static void test_info(void **state)
{
	struct udv_snapshot_info info;
	struct udv_snapshot *snapshot;
	struct udv_problem problem;

	(void)state;
	write_file(&good);
	good.data[good.size++] = 'x'; /* is not looked at */
	assert_int_equal(read_file(&good, &snapshot, &problem), UDV_OK);
	assert_int_equal(good.at, good.size - 1);
	good.size--;
	udv_snapshot_info(snapshot, &info);
	assert_int_equal(info.memory, 2 << 20);
	assert_int_equal(info.nr_cpus, 1);
	assert_string_equal(info.cpu, "-avx2");
	assert_int_equal(info.seed, 9);
	assert_int_equal(info.slice, 2000);
	assert_in_range(info.pages, 2, 100);
	assert_int_equal(info.state_size, snapshot->state_size);
	udv_snapshot_destroy(snapshot);
}

/* No byte of the file can be another one and go unnoticed. */
static void test_flips(void **state)
{
	(void)state;
	write_file(&good);
	for (size_t i = 0; i < good.size; i++) {
		struct udv_snapshot *snapshot = NULL;
		struct udv_problem problem;
		enum udv_status status;

		memcpy(&bad, &good, sizeof(bad) - FILE_MAX + good.size);
		bad.size = good.size;
		bad.data[i] ^= (uint8_t)(1u << i % 8);
		status = read_file(&bad, &snapshot, &problem);
		assert_int_equal(status, i < 8 || i >= 16 ? UDV_ERR_FORMAT : UDV_ERR_UNSUPPORTED);
		assert_null(snapshot);
		assert_int_not_equal(strlen(problem.text), 0);
	}
}

static void test_truncations(void **state)
{
	(void)state;
	write_file(&good);
	for (size_t i = 0; i < good.size; i++) {
		struct udv_snapshot *snapshot = NULL;
		struct udv_problem problem;

		memcpy(&bad, &good, sizeof(bad) - FILE_MAX + i);
		bad.size = i;
		assert_int_equal(read_file(&bad, &snapshot, &problem),
				 i < 8 ? UDV_ERR_FORMAT : UDV_ERR_TRUNCATED);
		assert_null(snapshot);
	}
}

static void test_lines(void **state)
{
	uint32_t layout;
	char text[192];

	(void)state;
	write_file(&good);
	bad = good;
	bad.data[0] = 'X';
	expect(&bad, UDV_ERR_FORMAT, "not a snapshot");
	bad.size = 0;
	expect(&bad, UDV_ERR_FORMAT, "not a snapshot");
	bad = good;
	bad.data[8]++;
	expect(&bad, UDV_ERR_UNSUPPORTED,
	       "the snapshot has version 2 of the format; this undervisor reads version 1");
	bad = good;
	bad.data[12]++;
	memcpy(&layout, bad.data + 12, 4);
	snprintf(text, sizeof(text),
		 "the snapshot is of another undervisor, whose machine is laid out in another way "
		 "(%08x, here %08x)",
		 layout, snapshot_layout());
	expect(&bad, UDV_ERR_UNSUPPORTED, text);
	bad = good;
	bad.data[16]++;
	expect(&bad, UDV_ERR_FORMAT, "the snapshot is damaged: section 0's header is wrong");
	bad = good;
	bad.data[16 + 24]++;
	expect(&bad, UDV_ERR_FORMAT,
	       "the snapshot is damaged: section 0 (CONF) has another checksum");
	bad = good;
	bad.size = 16 + 24 + 3;
	expect(&bad, UDV_ERR_TRUNCATED, "the snapshot is truncated: it ends in section 0");
	bad = good;
	bad.reads_fail_at = bad.size / 2;
	expect(&bad, UDV_ERR_IO, "it could not be read");
}

static void test_sink_fails(void **state)
{
	struct udv_machine *machine = machine_of(&small, pages_code, sizeof(pages_code));
	const struct udv_snapshot_sink sink = { file_write, &bad };
	struct udv_snapshot *snapshot = take(machine);
	unsigned writes;

	(void)state;
	memset(&bad, 0, sizeof(bad));
	assert_int_equal(udv_snapshot_write(snapshot, &sink, NULL), UDV_OK);
	writes = bad.writes;
	assert_in_range(writes, 9, 20);
	for (unsigned i = 1; i <= writes; i++) {
		struct udv_problem problem = { "" };

		memset(&bad, 0, sizeof(bad));
		bad.fail_at = i;
		assert_int_equal(udv_snapshot_write(snapshot, &sink, &problem), UDV_ERR_IO);
		assert_string_equal(problem.text, "it could not be written");
		assert_int_equal(bad.writes, i);
	}
	udv_snapshot_destroy(snapshot);
	udv_machine_destroy(machine);
}

/* ---------------------------------------------------------------- made-up files */

/* The payload of section @number. */
static uint8_t *payload(struct file *file, unsigned number, struct snapshot_section *section)
{
	size_t at = sizeof(struct snapshot_header);

	for (unsigned i = 0;; i++) {
		assert_true(at + sizeof(*section) <= file->size);
		memcpy(section, file->data + at, sizeof(*section));
		at += sizeof(*section);
		if (i == number)
			return file->data + at;
		at += section->length;
	}
}

/* Checksums that are right again. */
static void sign(struct file *file, unsigned number)
{
	struct snapshot_section section;
	uint8_t *data = payload(file, number, &section);

	section.checksum = (uint32_t)crc32(0, data, (uInt)section.length);
	section.header_checksum = (uint32_t)crc32(
		0, (const uint8_t *)&section, offsetof(struct snapshot_section, header_checksum));
	memcpy(data - sizeof(section), &section, sizeof(section));
}

/* Section @number with @size bytes of @value at @offset. */
static void forge(unsigned number, size_t offset, uint64_t value, unsigned size)
{
	struct snapshot_section section;

	bad = good;
	memcpy(payload(&bad, number, &section) + offset, &value, size);
	sign(&bad, number);
}

static void test_forged(void **state)
{
	struct snapshot_section section;
	uint8_t *data;
	unsigned end = 3;

	(void)state;
	write_file(&good);
	forge(0, offsetof(struct snapshot_config, nr_cpus), 17, 4);
	expect(&bad, UDV_ERR_FORMAT,
	       "the snapshot is damaged: section 0 (CONF) describes no machine");
	forge(0, offsetof(struct snapshot_config, nr_cpus), 2, 4);
	expect(&bad, UDV_ERR_FORMAT,
	       "the snapshot is damaged: section 1 (STAT) has another size than such a machine");
	forge(0, offsetof(struct snapshot_config, memory), UDV_MAX_MEMORY + MEM_PAGE_SIZE, 8);
	expect(&bad, UDV_ERR_FORMAT,
	       "the snapshot is damaged: section 0 (CONF) describes no machine");
	forge(0, sizeof(struct snapshot_config), 'x', 1);
	expect(&bad, UDV_ERR_FORMAT,
	       "the snapshot is damaged: section 0 (CONF) has a wrong processor");
	/* The machine's smaller than where its pages are. */
	forge(0, offsetof(struct snapshot_config, memory), 1 << 20, 8);
	expect(&bad, UDV_ERR_FORMAT,
	       "the snapshot is damaged: section 2 (PAGE) has a page where there is no memory");
	forge(2, 0, SNAPSHOT_CHUNK + 1, 8);
	expect(&bad, UDV_ERR_FORMAT,
	       "the snapshot is damaged: section 2 (PAGE) has a wrong number of pages");
	forge(2, 8, 0x1ff000, 8);
	expect(&bad, UDV_ERR_FORMAT,
	       "the snapshot is damaged: section 2 (PAGE) has pages out of order");
	bad = good;
	data = payload(&bad, 2, &section);
	data[section.length - 1] ^= 0x55;
	data[section.length / 2] ^= 0x55;
	sign(&bad, 2);
	{
		struct udv_snapshot *snapshot = NULL;
		struct udv_problem problem;
		enum udv_status status = read_file(&bad, &snapshot, &problem);

		/* Zstandard may or may not see it; it is memory's contents only. */
		assert_true(status == UDV_OK || status == UDV_ERR_FORMAT);
		udv_snapshot_destroy(snapshot);
	}
	forge(end, 0, 1, 8);
	expect(&bad, UDV_ERR_FORMAT,
	       "the snapshot is damaged: section 3 (END ) counts other pages");
}

/* Where the table's member @name is in the bytes; only of plain members before it. */
static size_t offset_of(const struct state_table *table, const char *name)
{
	size_t offset = 0;

	for (unsigned i = 0; i < table->nr_fields; i++) {
		const struct state_field *field = &table->fields[i];

		if (strcmp(field->name, name) == 0)
			return offset;
		offset += field->count * (field->table ? state_size(field->table) : field->size);
	}
	fail_msg("no %s in %s", name, table->name);
	return 0;
}

/* The good file with other bytes of state. */
static void forge_state(size_t offset, uint64_t value, unsigned size)
{
	const struct udv_snapshot_sink sink = { file_write, &bad };
	struct udv_snapshot *snapshot;
	struct udv_problem problem;

	assert_int_equal(read_file(&good, &snapshot, &problem), UDV_OK);
	memcpy(snapshot->state + offset, &value, size);
	memset(&bad, 0, sizeof(bad));
	assert_int_equal(udv_snapshot_write(snapshot, &sink, &problem), UDV_OK);
	udv_snapshot_destroy(snapshot);
}

static void test_impossible_state(void **state)
{
	size_t cpu = state_size(&state_udv_machine);

	(void)state;
	write_file(&good);
	forge_state(offset_of(&state_udv_machine, "nr_lapic_pages"), 17, 4);
	expect(&bad, UDV_ERR_FORMAT,
	       "the snapshot is damaged: udv_machine.nr_lapic_pages cannot be 11");
	forge_state(offset_of(&state_udv_machine, "uart") + offset_of(&state_uart16550, "head"),
		    200, 1);
	expect(&bad, UDV_ERR_FORMAT, "the snapshot is damaged: uart16550.head cannot be c8");
	forge_state(cpu + offset_of(&state_cpu_state, "cpl"), 4, 1);
	expect(&bad, UDV_ERR_FORMAT, "the snapshot is damaged: cpu_state.cpl cannot be 4");
}

/*
 * State that no machine could have got into, but that is within its ranges: it loads, runs, and
 * does no harm (which sanitizers see). A fixed sequence; fuzz/ has more of them.
 */
static void test_mutations(void **state)
{
	const struct udv_machine_config config = { 0 };
	size_t dull = offset_of(&state_udv_machine, "testdev");
	size_t dull_size = state_size(&state_testdev);
	struct udv_snapshot *snapshot;
	struct udv_problem problem;
	uint8_t *original;
	uint32_t seed = 1;
	unsigned loaded = 0;

	(void)state;
	write_file(&good);
	assert_int_equal(read_file(&good, &snapshot, &problem), UDV_OK);
	original = malloc(snapshot->state_size);
	assert_non_null(original);
	memcpy(original, snapshot->state, snapshot->state_size);
	for (unsigned i = 0; i < 1000; i++) {
		struct udv_machine *machine;
		struct state_fault fault;

		memcpy(snapshot->state, original, snapshot->state_size);
		for (unsigned j = 0; j < 1 + i % 3; j++) {
			size_t at;

			seed = seed * 1664525u + 1013904223u;
			at = (seed >> 8) % (snapshot->state_size - dull_size);
			at += at >= dull ? dull_size : 0;
			snapshot->state[at] ^= (uint8_t)(seed >> 4 | 1);
		}
		if (!snapshot_check_state(snapshot, &fault))
			continue;
		loaded++;
		assert_int_equal(udv_machine_create_from(snapshot, &config, &machine, &problem),
				 UDV_OK);
		run(machine, 500);
		udv_machine_destroy(machine);
	}
	assert_in_range(loaded, 500, 999);
	free(original);
	udv_snapshot_destroy(snapshot);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_reset),
		cmocka_unit_test(test_several),
		cmocka_unit_test(test_code),
		cmocka_unit_test(test_apic_page),
		cmocka_unit_test(test_serial_input),
		cmocka_unit_test(test_complete),
		cmocka_unit_test(test_other_machines),
		cmocka_unit_test(test_from_within),
		cmocka_unit_test(test_info),
		cmocka_unit_test(test_flips),
		cmocka_unit_test(test_truncations),
		cmocka_unit_test(test_lines),
		cmocka_unit_test(test_sink_fails),
		cmocka_unit_test(test_forged),
		cmocka_unit_test(test_impossible_state),
		cmocka_unit_test(test_mutations),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
