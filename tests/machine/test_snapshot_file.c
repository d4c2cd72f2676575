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

#include "machine/state_lists.h"
#include "snapshot_rig.h"

/* Snapshots in files: what they hold, and files that are not as they were written. */

/* Of a small machine that has run a little. */
static void write_file(struct rig_file *file)
{
	const struct udv_machine_config config = {
		.memory = 2 << 20,
		.cpu = "-avx2",
		.seed = 9,
		.iommu = true,
		.disks = &rig_disk,
		.nr_disks = 1,
	};
	struct udv_machine *machine = rig_machine(&config, rig_pages_code, sizeof(rig_pages_code));
	struct udv_snapshot *snapshot;

	rig_run(machine, 1);
	assert_true(disk_write(&machine->virtio.disk[0].disk, 0x2000, "changed", 8));
	snapshot = rig_take(machine);
	rig_save(file, snapshot);
	udv_snapshot_destroy(snapshot);
	udv_machine_destroy(machine);
}

/* One clear line, and no snapshot. */
static void expect(struct rig_file *file, enum udv_status status, const char *text)
{
	struct udv_snapshot *snapshot = NULL;
	struct udv_problem problem;

	assert_int_equal(rig_read(file, &snapshot, &problem), status);
	assert_string_equal(problem.text, text);
	assert_null(snapshot);
}

static struct rig_file good, bad;

static void test_info(void **state)
{
	struct udv_snapshot_info info;
	struct udv_snapshot *snapshot;
	struct udv_problem problem;

	(void)state;
	write_file(&good);
	good.data[good.size++] = 'x'; /* is not looked at */
	assert_int_equal(rig_read(&good, &snapshot, &problem), UDV_OK);
	assert_int_equal(good.at, good.size - 1);
	good.size--;
	udv_snapshot_info(snapshot, &info);
	assert_int_equal(info.memory, 2 << 20);
	assert_int_equal(info.nr_cpus, 1);
	assert_string_equal(info.cpu, "-avx2");
	assert_int_equal(info.seed, 9);
	assert_int_equal(info.slice, 2000);
	assert_false(info.console);
	assert_true(info.rng);
	assert_true(info.iommu);
	assert_int_equal(info.nr_disks, 1);
	assert_int_equal(info.disks[0].size, RIG_DISK_SIZE);
	assert_int_equal(info.disks[0].blocks, 1);
	assert_false(info.disks[0].writes_through);
	assert_false(info.disks[0].read_only);
	assert_memory_equal(info.disks[0].id, "undervisor-0", 12);
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

		memcpy(&bad, &good, sizeof(bad) - RIG_FILE_MAX + good.size);
		bad.size = good.size;
		bad.data[i] ^= (uint8_t)(1u << i % 8);
		status = rig_read(&bad, &snapshot, &problem);
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

		memcpy(&bad, &good, sizeof(bad) - RIG_FILE_MAX + i);
		bad.size = i;
		assert_int_equal(rig_read(&bad, &snapshot, &problem),
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
	struct udv_machine *machine =
		rig_machine(&rig_small, rig_pages_code, sizeof(rig_pages_code));
	const struct udv_snapshot_sink sink = { rig_file_write, &bad };
	struct udv_snapshot *snapshot = rig_take(machine);
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
static uint8_t *payload(struct rig_file *file, unsigned number, struct snapshot_section *section)
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
static void sign(struct rig_file *file, unsigned number)
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

/* "section N (TYPE) WHAT" */
static void expect_damage(const char *what)
{
	char text[192];

	snprintf(text, sizeof(text), "the snapshot is damaged: section %s", what);
	expect(&bad, UDV_ERR_FORMAT, text);
}

static void test_forged_config(void **state)
{
	const unsigned disk = sizeof(struct snapshot_config);
	const unsigned cpu = disk + sizeof(struct snapshot_disk_config);

	(void)state;
	write_file(&good);
	forge(0, offsetof(struct snapshot_config, nr_cpus), 17, 4);
	expect_damage("0 (CONF) describes no machine");
	forge(0, offsetof(struct snapshot_config, memory), UDV_MAX_MEMORY + MEM_PAGE_SIZE, 8);
	expect_damage("0 (CONF) describes no machine");
	forge(0, offsetof(struct snapshot_config, devices), 8, 4);
	expect_damage("0 (CONF) describes no machine");
	forge(0, offsetof(struct snapshot_config, nr_disks), 2, 4);
	expect_damage("0 (CONF) describes no machine");
	forge(0, disk + offsetof(struct snapshot_disk_config, size), 511, 8);
	expect_damage("0 (CONF) has a wrong disk");
	forge(0, disk + offsetof(struct snapshot_disk_config, flags), 4, 4);
	expect_damage("0 (CONF) has a wrong disk");
	forge(0, cpu, 'x', 1);
	expect_damage("0 (CONF) has a wrong processor");
	forge(0, offsetof(struct snapshot_config, nr_cpus), 2, 4);
	expect_damage("1 (STAT) has another size than such a machine");
}

/* Section 2 has the block of the disk, section 3 the pages. */
static void test_forged_contents(void **state)
{
	const unsigned numbers = sizeof(struct snapshot_chunk);
	const unsigned disk = sizeof(struct snapshot_config);

	(void)state;
	write_file(&good);
	forge(2, offsetof(struct snapshot_chunk, disk), 1, 4);
	expect_damage("2 (DISK) is of a disk that there is not");
	forge(0, disk + offsetof(struct snapshot_disk_config, flags), 0, 4);
	expect_damage("2 (DISK) is of a disk that there is not");
	forge(2, numbers, RIG_DISK_SIZE / DISK_BLOCK, 8);
	expect_damage("2 (DISK) has a block behind the end of its disk");
	forge(3, offsetof(struct snapshot_chunk, count), SNAPSHOT_CHUNK + 1, 4);
	expect_damage("3 (PAGE) has a wrong number of parts");
	forge(3, offsetof(struct snapshot_chunk, count), 1, 4);
	expect_damage("3 (PAGE) cannot be unpacked");
	forge(3, numbers, 0x1ff000, 8);
	expect_damage("3 (PAGE) has pages out of order");
	/* The machine's smaller than where its pages are. */
	forge(0, offsetof(struct snapshot_config, memory), 1 << 20, 8);
	expect_damage("3 (PAGE) has a page where there is no memory");
	forge(4, offsetof(struct snapshot_end, pages), 1, 8);
	expect_damage("4 (END ) counts other parts");
	forge(4, offsetof(struct snapshot_end, blocks), 0, 8);
	expect_damage("4 (END ) counts other parts");
}

/* Two sections with the same block. */
static void test_block_twice(void **state)
{
	struct snapshot_section section;
	size_t at, size;

	(void)state;
	write_file(&good);
	bad = good;
	at = (size_t)(payload(&bad, 2, &section) - bad.data);
	size = sizeof(section) + section.length;
	memcpy(bad.data + at + section.length, good.data + at - sizeof(section), size);
	section.number = 3;
	memcpy(bad.data + at + section.length, &section, sizeof(section));
	bad.size = at + section.length + size;
	sign(&bad, 3);
	expect_damage("3 (DISK) has a block twice");
}

/* Zstandard may or may not see it; it is memory's contents only. */
static void test_changed_frame(void **state)
{
	struct udv_snapshot *snapshot = NULL;
	struct snapshot_section section;
	struct udv_problem problem;
	enum udv_status status;
	uint8_t *data;

	(void)state;
	write_file(&good);
	bad = good;
	data = payload(&bad, 3, &section);
	data[section.length - 1] ^= 0x55;
	data[section.length / 2] ^= 0x55;
	sign(&bad, 3);
	status = rig_read(&bad, &snapshot, &problem);
	assert_true(status == UDV_OK || status == UDV_ERR_FORMAT);
	udv_snapshot_destroy(snapshot);
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
	const struct udv_snapshot_sink sink = { rig_file_write, &bad };
	struct udv_snapshot *snapshot;
	struct udv_problem problem;

	assert_int_equal(rig_read(&good, &snapshot, &problem), UDV_OK);
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

/* What the library takes for granted because it was checked when it was loaded. */
static void test_impossible_processor(void **state)
{
	size_t cpu = state_size(&state_udv_machine);
	size_t vmx = cpu + offset_of(&state_cpu, "vmx");

	(void)state;
	write_file(&good);
	forge_state(vmx + offset_of(&state_cpu_vmx, "guest"), 1, 1);
	expect(&bad, UDV_ERR_FORMAT,
	       "the snapshot is damaged: processor 0 is in a guest and not in VMX operation");
	forge_state(vmx + offset_of(&state_cpu_vmx, "operation"), 0x0101, 2);
	expect(&bad, UDV_ERR_FORMAT,
	       "the snapshot is damaged: processor 0 is in a guest that cannot be entered");
	forge_state(cpu + offset_of(&state_cpu_state, "cr3"), 1ull << 60, 8);
	expect(&bad, UDV_ERR_FORMAT, "the snapshot is damaged: processor 0: CR3 beyond MAXPHYADDR");
}

/*
 * State that no machine could have got into, but that is within its ranges: it loads, runs, and
 * does no harm (which sanitizers see). A fixed sequence; fuzz/ has more of them.
 */
static void test_mutations(void **state)
{
	const struct udv_machine_config config = { .disks = &rig_disk, .nr_disks = 1 };
	size_t dull = offset_of(&state_udv_machine, "testdev");
	size_t dull_size = state_size(&state_testdev);
	struct udv_snapshot *snapshot;
	struct udv_problem problem;
	uint8_t *original;
	uint32_t seed = 1;
	unsigned loaded = 0;

	(void)state;
	write_file(&good);
	assert_int_equal(rig_read(&good, &snapshot, &problem), UDV_OK);
	original = malloc(snapshot->state_size);
	assert_non_null(original);
	memcpy(original, snapshot->state, snapshot->state_size);
	for (unsigned i = 0; i < 1000; i++) {
		struct udv_machine *machine;

		memcpy(snapshot->state, original, snapshot->state_size);
		for (unsigned j = 0; j < 1 + i % 3; j++) {
			size_t at;

			seed = seed * 1664525u + 1013904223u;
			at = (seed >> 8) % (snapshot->state_size - dull_size);
			at += at >= dull ? dull_size : 0;
			snapshot->state[at] ^= (uint8_t)(seed >> 4 | 1);
		}
		if (snapshot_check_state(snapshot, &problem) != UDV_OK)
			continue;
		loaded++;
		assert_int_equal(udv_machine_create_from(snapshot, &config, &machine, &problem),
				 UDV_OK);
		rig_run(machine, 500);
		udv_machine_destroy(machine);
	}
	assert_in_range(loaded, 500, 999);
	free(original);
	udv_snapshot_destroy(snapshot);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_info),
		cmocka_unit_test(test_flips),
		cmocka_unit_test(test_truncations),
		cmocka_unit_test(test_lines),
		cmocka_unit_test(test_sink_fails),
		cmocka_unit_test(test_forged_config),
		cmocka_unit_test(test_forged_contents),
		cmocka_unit_test(test_block_twice),
		cmocka_unit_test(test_changed_frame),
		cmocka_unit_test(test_impossible_state),
		cmocka_unit_test(test_impossible_processor),
		cmocka_unit_test(test_mutations),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
