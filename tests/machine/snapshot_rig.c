/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "build_image.h"
#include "snapshot_rig.h"

const struct udv_machine_config rig_small = { .memory = 4 << 20, .seed = 3 };

/* mov $RIG_DATA, %edi; 1: rdrand %eax; stosl; add $0xffc, %edi; jmp 1b */
const uint8_t rig_pages_code[17] = { 0xbf, 0,	 0,    0x20, 0, 0x0f, 0xc7, 0xf0, 0xab,
				     0x81, 0xc7, 0xfc, 0x0f, 0, 0,    0xeb, 0xf4 };

struct udv_machine *rig_machine(const struct udv_machine_config *config, const uint8_t *code,
				size_t size)
{
	const struct test_segment segment = { RIG_CODE, RIG_CODE, size, size };
	struct udv_machine *machine;
	struct test_image image;
	struct udv_boot boot = { .image = image.data };

	image_elf(&image, false, RIG_CODE, &segment, 1);
	memcpy(image.data + image_contents(false, 1), code, size);
	boot.size = image.size;
	assert_int_equal(udv_machine_create(config, &machine, NULL), UDV_OK);
	assert_int_equal(udv_machine_load(machine, &boot, NULL), UDV_OK);
	return machine;
}

uint64_t rig_run(struct udv_machine *machine, uint64_t instructions)
{
	struct udv_machine_stats stats;
	struct udv_stop_info info;

	udv_machine_run(machine, instructions, &info);
	udv_machine_stats(machine, &stats);
	return stats.instructions;
}

uint32_t rig_word(struct udv_machine *machine, uint64_t address)
{
	uint32_t value = 0;

	assert_int_equal(udv_machine_read(machine, UDV_GPA(address), &value, sizeof(value)),
			 UDV_OK);
	return value;
}

struct udv_snapshot *rig_take(struct udv_machine *machine)
{
	struct udv_snapshot *snapshot;

	assert_int_equal(udv_snapshot_take(machine, &snapshot), UDV_OK);
	assert_non_null(snapshot);
	return snapshot;
}

static bool read_disk(void *opaque, uint64_t offset, void *data, size_t size)
{
	uint8_t *bytes = data;

	(void)opaque;
	for (size_t i = 0; i < size; i++)
		bytes[i] = (uint8_t)((offset + i) / 4 >> (offset + i) % 4 * 8);
	return true;
}

const struct udv_disk rig_disk = { .size = RIG_DISK_SIZE, .read = read_disk };

/* ---------------------------------------------------------------- files */

bool rig_file_write(void *opaque, const void *data, size_t size)
{
	struct rig_file *file = opaque;

	if (++file->writes == file->fail_at)
		return false;
	assert_true(size <= RIG_FILE_MAX - file->size);
	memcpy(file->data + file->size, data, size);
	file->size += size;
	return true;
}

static bool file_read(void *opaque, void *data, size_t size, size_t *done)
{
	struct rig_file *file = opaque;

	*done = size < file->size - file->at ? size : file->size - file->at;
	if (file->reads_fail_at && file->at + *done > file->reads_fail_at)
		return false;
	memcpy(data, file->data + file->at, *done);
	file->at += *done;
	return true;
}

void rig_save(struct rig_file *file, const struct udv_snapshot *snapshot)
{
	const struct udv_snapshot_sink sink = { rig_file_write, file };

	memset(file, 0, sizeof(*file));
	assert_int_equal(udv_snapshot_write(snapshot, &sink, NULL), UDV_OK);
}

enum udv_status rig_read(struct rig_file *file, struct udv_snapshot **snapshot,
			 struct udv_problem *problem)
{
	const struct udv_snapshot_source source = { file_read, file };

	file->at = 0;
	strcpy(problem->text, "");
	return udv_snapshot_read(&source, snapshot, problem);
}
