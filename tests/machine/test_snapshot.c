/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "machine/state_lists.h"
#include "snapshot_rig.h"

/* Snapshots in memory: what is put back and how much of it, and what is refused. */

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
	struct udv_machine *machine =
		rig_machine(&rig_small, rig_pages_code, sizeof(rig_pages_code));
	struct udv_snapshot *snapshot;
	struct udv_registers registers;
	uint32_t first, third, fourth;

	(void)state;
	rig_run(machine, 9); /* two pages */
	first = rig_word(machine, RIG_DATA);
	snapshot = rig_take(machine);
	assert_int_equal(count_dirty(machine), 0);
	assert_int_equal(rig_run(machine, 8), 17);
	third = rig_word(machine, RIG_DATA + 0x2000);
	fourth = rig_word(machine, RIG_DATA + 0x3000);
	assert_int_not_equal(third, 0);
	for (unsigned i = 0; i < 3; i++) {
		assert_int_equal(count_dirty(machine), 2);
		assert_int_equal(udv_machine_restore(machine, snapshot, NULL), UDV_OK);
		assert_int_equal(count_dirty(machine), 0);
		assert_int_equal(rig_word(machine, RIG_DATA), first);
		assert_int_equal(rig_word(machine, RIG_DATA + 0x2000), 0);
		assert_int_equal(rig_word(machine, RIG_DATA + 0x3000), 0);
		udv_machine_get_registers(machine, 0, &registers);
		assert_int_equal(registers.gpr[UDV_RDI], RIG_DATA + 0x2000);
		/* The random numbers are part of it. */
		assert_int_equal(rig_run(machine, 8), 17);
		assert_int_equal(rig_word(machine, RIG_DATA + 0x2000), third);
		assert_int_equal(rig_word(machine, RIG_DATA + 0x3000), fourth);
	}
	/* The snapshot may go before the machine does. */
	udv_snapshot_destroy(snapshot);
	assert_int_equal(rig_run(machine, 5), 22);
	udv_machine_destroy(machine);
	udv_snapshot_destroy(NULL);
}

/* Between two snapshots there and back, and a third machine that knew neither. */
static void test_several(void **state)
{
	struct udv_machine *machine =
		rig_machine(&rig_small, rig_pages_code, sizeof(rig_pages_code));
	struct udv_machine *other = rig_machine(&rig_small, rig_pages_code, sizeof(rig_pages_code));
	struct udv_snapshot *early, *late;
	uint32_t second, tenth;

	(void)state;
	rig_run(machine, 5);
	early = rig_take(machine);
	rig_run(machine, 36);
	second = rig_word(machine, RIG_DATA + 0x1000);
	tenth = rig_word(machine, RIG_DATA + 0x9000);
	late = rig_take(machine);
	for (unsigned i = 0; i < 2; i++) {
		struct udv_machine *m = i ? other : machine;

		assert_int_equal(udv_machine_restore(m, early, NULL), UDV_OK);
		assert_int_equal(rig_word(m, RIG_DATA + 0x1000), 0);
		assert_int_equal(rig_word(m, RIG_DATA + 0x9000), 0);
		assert_int_equal(udv_machine_restore(m, late, NULL), UDV_OK);
		assert_int_equal(rig_word(m, RIG_DATA + 0x1000), second);
		assert_int_equal(rig_word(m, RIG_DATA + 0x9000), tenth);
		assert_int_equal(udv_machine_restore(m, early, NULL), UDV_OK);
		assert_int_equal(rig_word(m, RIG_DATA + 0x1000), 0);
		assert_int_equal(rig_run(m, 36), 41);
		assert_int_equal(rig_word(m, RIG_DATA + 0x9000), tenth);
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
	struct udv_machine *machine = rig_machine(&rig_small, code, sizeof(code));
	struct udv_snapshot *snapshot = rig_take(machine);
	struct udv_stop_info info;

	(void)state;
	for (uint8_t value = 2; value < 5; value++) {
		udv_machine_run(machine, 10, &info);
		assert_int_equal(info.value, 1);
		assert_int_equal(udv_machine_restore(machine, snapshot, NULL), UDV_OK);
		udv_machine_write(machine, UDV_GPA(RIG_CODE + 1), &value, 1);
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
	struct udv_machine *machine = rig_machine(&rig_small, apic_code, sizeof(apic_code));
	struct udv_snapshot *before = rig_take(machine), *after;
	struct udv_registers registers;

	(void)state;
	rig_run(machine, 4);
	after = rig_take(machine);
	assert_int_equal(machine->nr_lapic_pages, 2);
	for (unsigned i = 0; i < 2; i++) {
		assert_int_equal(udv_machine_restore(machine, before, NULL), UDV_OK);
		assert_int_equal(machine->nr_lapic_pages, 1);
		assert_null(mem_find(&machine->mem, 0xfed00000));
		rig_run(machine, i ? 5 : 0);
		assert_int_equal(udv_machine_restore(machine, after, NULL), UDV_OK);
		assert_int_equal(machine->nr_lapic_pages, 2);
		rig_run(machine, 1);
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
	struct udv_machine *machine = rig_machine(&rig_small, code, sizeof(code));
	struct udv_snapshot *snapshot;
	struct udv_stop_info info;

	(void)state;
	assert_int_equal(udv_machine_serial_input(machine, (const uint8_t *)"a", 1), 1);
	snapshot = rig_take(machine);
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

/* Blocks that the guest has written: what was changed goes back, what was new goes away. */
static void test_disk(void **state)
{
	struct udv_machine_config config = rig_small;
	struct udv_machine *machine;
	struct udv_snapshot *early, *late;
	struct disk *disk;
	char text[8];

	(void)state;
	config.disks = &rig_disk;
	config.nr_disks = 1;
	machine = rig_machine(&config, rig_pages_code, sizeof(rig_pages_code));
	disk = &machine->virtio.disk[0].disk;
	assert_true(disk_write(disk, 0x3010, "first", 6));
	early = rig_take(machine);
	assert_true(disk_write(disk, 0x5000, "second", 7));
	late = rig_take(machine);
	for (unsigned i = 0; i < 3; i++) {
		assert_true(disk_write(disk, 0x3010, "other", 6));
		for (uint64_t block = 6; block < 9; block++)
			assert_true(disk_write(disk, block * DISK_BLOCK, "new", 4));
		assert_int_equal(disk->nr_slots, 5);
		assert_int_equal(udv_machine_restore(machine, late, NULL), UDV_OK);
		assert_int_equal(disk->nr_slots, 2);
		assert_true(disk_read(disk, 0x3010, text, 6));
		assert_string_equal(text, "first");
		assert_true(disk_read(disk, 0x5000, text, 7));
		assert_string_equal(text, "second");
		assert_true(disk_read(disk, 0x6000, text, 4));
		assert_memory_equal(text, ((uint32_t[]){ 0x1800 }), 4);
	}
	assert_int_equal(udv_machine_restore(machine, early, NULL), UDV_OK);
	assert_int_equal(disk->nr_slots, 1);
	assert_true(disk_read(disk, 0x5000, text, 4));
	assert_memory_equal(text, ((uint32_t[]){ 0x1400 }), 4);
	udv_snapshot_destroy(early);
	udv_snapshot_destroy(late);
	udv_machine_destroy(machine);
}

static void sink_console(void *opaque, const uint8_t *data, size_t size)
{
	(void)opaque;
	(void)data;
	(void)size;
}

/* Whether there is a console and entropy the snapshot says, not who makes a machine of it. */
static void test_devices(void **state)
{
	struct udv_machine_config config = rig_small;
	struct udv_machine *machine, *with, *without;
	struct udv_snapshot *snapshot;

	(void)state;
	config.console = sink_console;
	config.no_rng = true;
	machine = rig_machine(&config, rig_pages_code, sizeof(rig_pages_code));
	assert_int_equal(udv_machine_console_input(machine, (const uint8_t *)"abc", 3), 3);
	snapshot = rig_take(machine);
	udv_machine_destroy(machine);
	config.no_rng = false;
	assert_int_equal(udv_machine_create_from(snapshot, &config, &with, NULL), UDV_OK);
	config.console = NULL;
	assert_int_equal(udv_machine_create_from(snapshot, &config, &without, NULL), UDV_OK);
	udv_snapshot_destroy(snapshot);
	for (unsigned i = 0; i < 2; i++) {
		machine = i ? with : without;
		assert_null(machine->virtio.slot[VIRTIO_SLOT_RNG]);
		assert_non_null(machine->virtio.slot[VIRTIO_SLOT_CONSOLE]);
		assert_int_equal(machine->virtio.console.state.count, 3);
		assert_memory_equal(machine->virtio.console.state.input, "abc", 3);
		udv_machine_destroy(machine);
	}
}

/* So is whether there is a remapping unit; and what software has told it is saved. */
static void test_iommu(void **state)
{
	struct udv_machine_config config = rig_small;
	struct udv_machine *machine, *from;
	struct udv_snapshot *snapshot;
	struct udv_snapshot_info info;

	(void)state;
	config.iommu = true;
	machine = rig_machine(&config, rig_pages_code, sizeof(rig_pages_code));
	mem_write(&machine->mem, VTD_BASE + 0x20, 8, 0x123000);
	snapshot = rig_take(machine);
	udv_snapshot_info(snapshot, &info);
	assert_true(info.iommu);
	config.iommu = false;
	assert_int_equal(udv_machine_create_from(snapshot, &config, &from, NULL), UDV_OK);
	udv_snapshot_destroy(snapshot);
	assert_int_equal(mem_read(&from->mem, VTD_BASE + 0x20, 8), 0x123000);
	udv_machine_destroy(machine);
	udv_machine_destroy(from);
}

/* Every value that was saved is there again: the same bytes from a machine that was put back. */
static void test_complete(void **state)
{
	struct udv_machine_config config = rig_small;
	struct udv_machine *machine;
	struct udv_snapshot *first, *second;

	(void)state;
	config.nr_cpus = 3;
	config.cpu = "+la57,-avx";
	machine = rig_machine(&config, rig_pages_code, sizeof(rig_pages_code));
	rig_run(machine, 1234);
	first = rig_take(machine);
	rig_run(machine, 5678);
	assert_int_equal(udv_machine_restore(machine, first, NULL), UDV_OK);
	second = rig_take(machine);
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
		{ { .memory = 4 << 20, .disks = &rig_disk, .nr_disks = 1 },
		  "the snapshot is of a machine with another set of disks" },
		{ { .memory = 4 << 20, .no_rng = true },
		  "the snapshot is of a machine with another set of devices" },
		{ { .memory = 4 << 20, .iommu = true },
		  "the snapshot is of a machine with another set of devices" },
		{ { .memory = 4 << 20, .console = sink_console },
		  "the snapshot is of a machine with another set of devices" },
	};
	struct udv_machine *machine =
		rig_machine(&rig_small, rig_pages_code, sizeof(rig_pages_code));
	struct udv_snapshot *snapshot = rig_take(machine);

	(void)state;
	for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct udv_machine *other =
			rig_machine(&cases[i].config, rig_pages_code, sizeof(rig_pages_code));
		struct udv_problem problem = { "" };

		rig_run(other, 6);
		assert_int_equal(udv_machine_restore(other, snapshot, &problem), UDV_ERR_ARGUMENT);
		assert_string_equal(problem.text, cases[i].text);
		/* nothing has changed */
		assert_int_equal(rig_run(other, 0), 6);
		assert_int_not_equal(rig_word(other, RIG_DATA), 0);
		udv_machine_destroy(other);
	}
	udv_snapshot_destroy(snapshot);
	udv_machine_destroy(machine);
}

static void test_other_disks(void **state)
{
	struct udv_disk disk = rig_disk;
	struct udv_machine_config config = { .memory = 4 << 20, .disks = &disk, .nr_disks = 1 };
	struct udv_machine *machine = rig_machine(&config, rig_pages_code, sizeof(rig_pages_code));
	struct udv_snapshot *snapshot = rig_take(machine);
	struct udv_problem problem;

	(void)state;
	udv_machine_destroy(machine);
	for (unsigned i = 0; i < 4; i++) {
		disk = rig_disk;
		disk.size -= i == 0 ? 512 : 0;
		disk.read_only = i == 1;
		disk.id = i == 2 ? "another" : NULL;
		config.nr_disks = i == 3 ? 0 : 1;
		assert_int_equal(udv_machine_create_from(snapshot, &config, &machine, &problem),
				 UDV_ERR_ARGUMENT);
		assert_null(machine);
		assert_string_equal(problem.text,
				    "the snapshot is of a machine with another set of disks");
	}
	udv_snapshot_destroy(snapshot);
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
	struct udv_stop_info info = { .instructions = 1 };

	(void)offset;
	(void)size;
	(void)value;
	inside->calls++;
	/* first: had it run, the other calls would not know where they come from */
	udv_machine_run(inside->machine, 5, &info);
	assert_int_equal(info.stop, UDV_STOP_REFUSED);
	assert_int_equal(info.instructions, 0);
	assert_int_equal(info.cpu, 0);
	assert_string_equal(udv_stop_text(info.stop), "refused: the machine is running");
	udv_machine_run_until(inside->machine, 5, 0, &info);
	assert_int_equal(info.stop, UDV_STOP_REFUSED);
	assert_int_equal(info.instructions, 0);
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
	struct inside inside = { .machine = rig_machine(&rig_small, code, sizeof(code)) };
	const struct udv_hook hook = { .write = from_within, .opaque = &inside };

	(void)state;
	assert_int_equal(udv_machine_hook_ports(inside.machine, 0xf2, 1, &hook), UDV_OK);
	inside.snapshot = rig_take(inside.machine);
	assert_int_equal(rig_run(inside.machine, 10), 10);
	assert_int_equal(inside.calls, 1);
	udv_snapshot_destroy(inside.snapshot);
	udv_machine_destroy(inside.machine);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_reset),	     cmocka_unit_test(test_several),
		cmocka_unit_test(test_code),	     cmocka_unit_test(test_apic_page),
		cmocka_unit_test(test_serial_input), cmocka_unit_test(test_disk),
		cmocka_unit_test(test_devices),	     cmocka_unit_test(test_iommu),
		cmocka_unit_test(test_complete),     cmocka_unit_test(test_other_machines),
		cmocka_unit_test(test_other_disks),  cmocka_unit_test(test_from_within),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
