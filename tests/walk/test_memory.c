/* SPDX-License-Identifier: MIT */
/*
 * What a walk reads and writes, in which order, and that a refused access writes nothing.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "world.h"

#define PRESET (P | W | U | A | D)

static struct nested_world n;
static struct udv_walk_result r;
static struct udv_walk_record record;

static enum udv_outcome walk(uint32_t access)
{
	nested_prepare(&n);
	return udv_walk_recorded(&n.w.paging, access, UDV_GVA(TEST_GVA), &r, &record);
}

static void assert_logged(unsigned i, bool write, uint64_t address)
{
	assert_in_range(i, 0, n.w.nr_log - 1);
	assert_int_equal(n.w.log[i].write, write);
	assert_int_equal(n.w.log[i].address, address);
}

static unsigned writes(void)
{
	unsigned count = 0;

	for (unsigned i = 0; i < n.w.nr_log; i++)
		count += n.w.log[i].write;
	return count;
}

/* Marks every EPT entry that the walk uses accessed and dirty. */
static void preset_ept_flags(void)
{
	uint64_t root = n.w.config.eptp & ~0xfffull;

	for (unsigned level = 1; level <= 4; level++) {
		world_write(&n.w, n.data_ept_entry[level],
			    world_read(&n.w, n.data_ept_entry[level]) | EA | (level == 1 ? ED : 0));
		for (unsigned table = 1; table <= 4; table++) {
			uint64_t entry =
				world_entry(&n.w, root, 4, level, nested_table_gpa(&n, table));

			world_write(&n.w, entry,
				    world_read(&n.w, entry) | EA | (level == 1 ? ED : 0));
		}
	}
}

/* 24 reads: for each guest level four of EPT and the entry itself, then four for the page. */
static void order_of_reads(void **state)
{
	uint64_t root;
	unsigned at = 0;

	(void)state;
	nested_world_init(&n, PRESET);
	preset_ept_flags();
	root = n.w.config.eptp & ~0xfffull;
	assert_int_equal(walk(UDV_ACCESS_WRITE | UDV_ACCESS_USER), UDV_WALK_OK);
	assert_int_equal(n.w.nr_log, 24);
	assert_int_equal(record.nr_steps, 24);
	for (unsigned level = 4; level >= 1; level--) {
		for (unsigned ept = 4; ept >= 1; ept--)
			assert_logged(at++, false,
				      world_entry(&n.w, root, 4, ept, nested_table_gpa(&n, level)));
		assert_logged(at++, false, n.guest_entry[level]);
	}
	for (unsigned ept = 4; ept >= 1; ept--)
		assert_logged(at++, false, n.data_ept_entry[ept]);
	for (unsigned i = 0; i < 24; i++) {
		assert_int_equal(record.steps[i].address.value, n.w.log[i].address);
		assert_int_equal(record.steps[i].value, n.w.log[i].value);
		assert_int_equal(record.steps[i].new_value, n.w.log[i].value);
	}
	assert_int_equal(r.hpa.value, n.data | 0x567);
	assert_int_equal(r.gpa.value, TEST_DATA_GPA | 0x567);
}

/* T28: a write sets A everywhere, D in leaves; table pages count as written. */
static void flags_of_a_write(void **state)
{
	uint64_t root;

	(void)state;
	nested_world_init(&n, P | W | U);
	root = n.w.config.eptp & ~0xfffull;
	assert_int_equal(walk(UDV_ACCESS_WRITE | UDV_ACCESS_USER), UDV_WALK_OK);
	for (unsigned level = 1; level <= 4; level++) {
		uint64_t table_leaf = world_read(&n.w, nested_table_ept_entry(&n, level));

		assert_int_equal(world_read(&n.w, n.guest_entry[level]) & (A | D),
				 level == 1 ? A | D : A);
		assert_int_equal(table_leaf & (EA | ED), EA | ED);
		assert_int_equal(world_read(&n.w, n.data_ept_entry[level]) & (EA | ED),
				 level == 1 ? EA | ED : EA);
	}
	for (unsigned level = 2; level <= 4; level++)
		assert_int_equal(world_read(&n.w, world_entry(&n.w, root, 4, level, GUEST_BASE)) &
					 (EA | ED),
				 EA);
	/* The result shows the entries as they are now. */
	assert_int_equal(r.guest_leaf, world_read(&n.w, n.guest_entry[1]));
	assert_int_equal(r.ept_leaf, world_read(&n.w, n.data_ept_entry[1]));
}

static void flags_of_a_read(void **state)
{
	(void)state;
	nested_world_init(&n, P | W | U);
	assert_int_equal(walk(UDV_ACCESS_READ | UDV_ACCESS_USER), UDV_WALK_OK);
	assert_int_equal(world_read(&n.w, n.guest_entry[1]) & (A | D), A);
	assert_int_equal(world_read(&n.w, n.data_ept_entry[1]) & (EA | ED), EA);
	assert_int_equal(world_read(&n.w, nested_table_ept_entry(&n, 1)) & (EA | ED), EA | ED);
}

/* The walk's order of writing: guest flags from the root, then EPT's for the page (docs/walk.md
 * W4). */
static void order_of_writes(void **state)
{
	unsigned last;

	(void)state;
	nested_world_init(&n, P | W | U);
	preset_ept_flags(); /* but for the page's own leaf */
	world_write(&n.w, n.data_ept_entry[1], n.data | EALL | EWB);
	assert_int_equal(walk(UDV_ACCESS_WRITE | UDV_ACCESS_USER), UDV_WALK_OK);
	assert_int_equal(writes(), 5);
	last = n.w.nr_log - 5;
	for (unsigned level = 4; level >= 1; level--)
		assert_logged(last++, true, n.guest_entry[level]);
	assert_logged(last, true, n.data_ept_entry[1]);
}

/* A refused access writes nothing; what came before it were accesses of their own. */
static void refused_accesses_write_nothing(void **state)
{
	(void)state;
	/* guest rights: all EPT flags preset, no guest flag is set */
	nested_world_init(&n, P | U);
	preset_ept_flags();
	assert_int_equal(walk(UDV_ACCESS_WRITE | UDV_ACCESS_USER), UDV_WALK_PAGE_FAULT);
	assert_int_equal(writes(), 0);
	/* T19: the guest's refusal comes before the final page is translated at all */
	world_write(&n.w, n.data_ept_entry[1], 0);
	assert_int_equal(walk(UDV_ACCESS_WRITE | UDV_ACCESS_USER), UDV_WALK_PAGE_FAULT);
	assert_int_equal(n.w.nr_log, 20);
	/* final EPT violation: the guest's flags are not set */
	nested_world_init(&n, P | W | U);
	preset_ept_flags();
	world_write(&n.w, n.data_ept_entry[1], n.data | ER | EWB | EA);
	assert_int_equal(walk(UDV_ACCESS_WRITE | UDV_ACCESS_USER), UDV_WALK_EPT_VIOLATION);
	assert_int_equal(writes(), 0);
	/* a table page without rights: nothing of it, nothing in its ancestors */
	nested_world_init(&n, P | W | U);
	world_write(&n.w, nested_table_ept_entry(&n, 4), 0);
	assert_int_equal(walk(UDV_ACCESS_WRITE | UDV_ACCESS_USER), UDV_WALK_EPT_VIOLATION);
	assert_int_equal(writes(), 0);
	/* misconfiguration */
	nested_world_init(&n, P | W | U);
	preset_ept_flags();
	world_write(&n.w, n.data_ept_entry[1], n.data | EW | EWB);
	assert_int_equal(walk(UDV_ACCESS_READ | UDV_ACCESS_USER), UDV_WALK_EPT_MISCONFIG);
	assert_int_equal(writes(), 0);
	/* an allowed table access was done, and counts as done, whatever its entry says */
	nested_world_init(&n, P | W | U);
	world_write(&n.w, n.guest_entry[4], 0);
	assert_int_equal(walk(UDV_ACCESS_READ | UDV_ACCESS_USER), UDV_WALK_PAGE_FAULT);
	assert_int_equal(writes(), 4);
	assert_int_equal(world_read(&n.w, nested_table_ept_entry(&n, 4)) & (EA | ED), EA | ED);
	assert_int_equal(world_read(&n.w, n.guest_entry[4]), 0);
}

/* A peeking walk judges the same and leaves everything alone. */
static void peeking(void **state)
{
	static uint8_t before[WORLD_SIZE];
	struct udv_walk_result peeked;

	(void)state;
	nested_world_init(&n, P | W | U);
	n.w.config.ept_controls = UDV_EPT_PML;
	n.w.config.pml_address = world_page(&n.w);
	/* Five pages are dirtied, four slots are left: the data page finds the log full. */
	n.w.config.pml_index = 3;
	memcpy(before, n.w.ram, WORLD_SIZE);
	assert_int_equal(walk(UDV_ACCESS_WRITE | UDV_ACCESS_PEEK), UDV_WALK_PML_FULL);
	assert_int_equal(writes(), 0);
	assert_memory_equal(before, n.w.ram, WORLD_SIZE);
	assert_int_equal(n.w.paging.pml_index, 3);
	peeked = r;
	assert_int_equal(walk(UDV_ACCESS_WRITE), UDV_WALK_PML_FULL);
	assert_int_equal(n.w.paging.pml_index, 0xffff);
	assert_int_equal(r.gpa.value, TEST_DATA_GPA | 0x567);
	assert_int_equal(peeked.gpa.value, r.gpa.value);
	assert_int_equal(peeked.fault.entry_address, r.fault.entry_address);
	assert_int_equal(peeked.fault.entry, r.fault.entry);
	/* No guest flag for the access that was not done. */
	for (unsigned level = 1; level <= 4; level++)
		assert_int_equal(world_read(&n.w, n.guest_entry[level]) & (A | D), 0);
}

/* T30: the log, in order, by page; H4: of the page that was written, table pages included */
static void page_modification_log(void **state)
{
	uint64_t log;

	(void)state;
	nested_world_init(&n, P | W | U);
	log = world_page(&n.w);
	n.w.config.ept_controls = UDV_EPT_PML;
	n.w.config.pml_address = log;
	n.w.config.pml_index = 4;
	assert_int_equal(walk(UDV_ACCESS_WRITE), UDV_WALK_OK);
	assert_int_equal(n.w.paging.pml_index, 0xffff);
	assert_int_equal(record.nr_pml, 5);
	for (unsigned i = 0; i < 4; i++) {
		uint64_t page = nested_table_gpa(&n, 4 - i) & ~0xfffull;

		assert_int_equal(world_read(&n.w, log + 8 * (4 - i)), page);
		assert_int_equal(record.pml[i].value, page);
	}
	assert_int_equal(world_read(&n.w, log), TEST_DATA_GPA);
	/* Everything is dirty now: no flag to set, so a full log does not matter. */
	n.w.config.pml_index = 0xffff;
	assert_int_equal(walk(UDV_ACCESS_WRITE), UDV_WALK_OK);
	/* An accessed flag alone is enough for the exit (D10), and nothing is logged for it. */
	world_write(&n.w, n.data_ept_entry[1], n.data | EALL | EWB | ED);
	assert_int_equal(walk(UDV_ACCESS_READ), UDV_WALK_PML_FULL);
	assert_int_equal(writes(), 0);
	n.w.config.pml_index = 7;
	assert_int_equal(walk(UDV_ACCESS_READ), UDV_WALK_OK);
	assert_int_equal(n.w.paging.pml_index, 7);
}

/* An entry that changes under its compare-exchange sends the walk back to the start. */
static void restarts(void **state)
{
	(void)state;
	nested_world_init(&n, P | W | U);
	preset_ept_flags();
	nested_prepare(&n);
	n.w.refuse_cas = 3;
	assert_int_equal(
		udv_walk_recorded(&n.w.paging, UDV_ACCESS_READ, UDV_GVA(TEST_GVA), &r, &record),
		UDV_WALK_OK);
	assert_int_equal(record.restarts, 3);
	assert_int_equal(record.nr_steps, 24);
	assert_int_equal(world_read(&n.w, n.guest_entry[1]) & A, A);
	/* For ever, it is said so, and after 64 attempts (W5). */
	nested_world_init(&n, P | W | U);
	nested_prepare(&n);
	for (unsigned i = 0; i < 3; i++) {
		n.w.nr_log = 0;
		n.w.refuse_cas = 64;
		assert_int_equal(udv_walk_recorded(&n.w.paging, UDV_ACCESS_READ | UDV_ACCESS_USER,
						   UDV_GVA(TEST_GVA), &r, &record),
				 UDV_WALK_CONTENDED);
		assert_int_equal(n.w.refuse_cas, 0);
		assert_int_equal(r.fault.cause, UDV_CAUSE_CONTENDED);
	}
}

/* A guest table that maps itself: one entry serves at two levels, and gets both flags. */
static void recursive_table(void **state)
{
	uint64_t gva = 0xffff8000000000ull & 0x7fffffffffffull;
	uint64_t slot = 5;

	(void)state;
	nested_world_init(&n, P | W | U);
	n.w.config.ept = false;
	n.w.config.cr3 = world_page(&n.w);
	world_write(&n.w, n.w.config.cr3 + 8 * slot, n.w.config.cr3 | P | W | U);
	gva = slot << 39 | slot << 30 | slot << 21 | slot << 12 | 0x28;
	nested_prepare(&n);
	assert_int_equal(
		udv_walk_recorded(&n.w.paging, UDV_ACCESS_WRITE, UDV_GVA(gva), &r, &record),
		UDV_WALK_OK);
	assert_int_equal(r.hpa.value, n.w.config.cr3 + 0x28);
	assert_int_equal(world_read(&n.w, n.w.config.cr3 + 8 * slot),
			 n.w.config.cr3 | P | W | U | A | D);
}

/* T6, D9: the PDPTE load is a read even under A/D flags: A set, D not, W not asked for */
static void pdpte_load(void **state)
{
	uint64_t pdpte[4] = { 1, 2, 3, 4 };
	uint64_t table, entry;
	struct udv_exit_info info;

	(void)state;
	nested_world_init(&n, P | W | U);
	table = n.guest_entry[4] & ~0xfffull;
	world_write(&n.w, table + 0x20, 0x5001);
	world_write(&n.w, table + 0x28, 0);
	world_write(&n.w, table + 0x30, 0x7001);
	world_write(&n.w, table + 0x38, 0xffe); /* not present: anything goes */
	entry = nested_table_ept_entry(&n, 4);
	world_write(&n.w, entry, table | ER | EWB);
	nested_prepare(&n);
	assert_int_equal(udv_load_pdptes(&n.w.paging, 0, n.cr3 + 0x20, pdpte, &r), UDV_WALK_OK);
	assert_int_equal(pdpte[0], 0x5001);
	assert_int_equal(pdpte[2], 0x7001);
	assert_int_equal(pdpte[3], 0xffe);
	assert_int_equal(world_read(&n.w, entry), table | ER | EWB | EA);
	/* Unmapped: bits 7 and 8 clear, a read, no linear address, and nothing loaded. */
	world_write(&n.w, entry, 0);
	assert_int_equal(udv_load_pdptes(&n.w.paging, 0, n.cr3 + 0x20, pdpte, &r),
			 UDV_WALK_EPT_VIOLATION);
	info = udv_exit_info(&r, UDV_EPT_CAP_ALL);
	assert_int_equal(info.exit_qualification, 0x001);
	assert_int_equal(info.guest_physical_address.value, n.cr3 + 0x20);
	assert_false(info.gla_valid);
	assert_int_equal(pdpte[0], 0x5001);
	/* Reserved bits of a present one: #GP(0), and nothing loaded. */
	world_write(&n.w, entry, table | ER | EWB);
	world_write(&n.w, table + 0x28, 0x5003);
	assert_int_equal(udv_load_pdptes(&n.w.paging, 0, n.cr3 + 0x20, pdpte, &r),
			 UDV_WALK_GENERAL_PROTECTION);
	assert_int_equal(r.fault.entry, 0x5003);
	assert_int_equal(pdpte[1], 0);
}

/* Tables outside memory, in windows and behind callbacks; D15: writes into a read-only window. */
static void edges_of_memory(void **state)
{
	static _Alignas(8) uint8_t ram[0x3000];
	struct udv_memory memory = { .nr_windows = 2 };
	struct udv_paging_config config;
	struct udv_paging paging;

	(void)state;
	nested_world_init(&n, P | W | U);
	config = n.w.config;
	config.ept = false;
	config.cr3 = 0x10000;
	memset(ram, 0, sizeof(ram));
	memory.windows[0] =
		(struct udv_memory_window){ .base = 0x10000, .size = 0x1000, .host = ram };
	memory.windows[1] = (struct udv_memory_window){
		.base = 0x40000, .size = 0x2000, .host = ram + 0x1000, .read_only = true
	};
	memcpy(ram, &(uint64_t){ 0x40000 | P | W | U }, 8);
	memcpy(ram + 0x1000, &(uint64_t){ 0x41000 | P | W | U | A }, 8);
	memcpy(ram + 0x2000, &(uint64_t){ 0x200000 | P | W | U | A | PS }, 8);
	assert_int_equal(udv_paging_init(&paging, &config, &memory), UDV_OK);
	assert_int_equal(udv_walk(&paging, UDV_ACCESS_READ, UDV_GVA(0x123), &r), UDV_WALK_OK);
	assert_int_equal(r.hpa.value, 0x200123);
	assert_int_equal(ram[0] & A, A);
	/* A dirty flag cannot be set in a read-only window. */
	assert_int_equal(udv_walk(&paging, UDV_ACCESS_WRITE, UDV_GVA(0x123), &r),
			 UDV_WALK_NO_MEMORY);
	assert_int_equal(r.fault.entry_address, 0x41000);
	memcpy(ram + 0x1000, &(uint64_t){ 0x42000 | P | W | U | A }, 8);
	assert_int_equal(udv_walk(&paging, UDV_ACCESS_READ, UDV_GVA(0x123), &r),
			 UDV_WALK_NO_MEMORY);
	assert_int_equal(r.fault.entry_address, 0x42000);
	assert_int_equal(r.fault.level, 2);
	/* A window that ends inside an entry does not hold it. */
	memory.windows[0].size = 4;
	assert_int_equal(udv_paging_init(&paging, &config, &memory), UDV_OK);
	assert_int_equal(udv_walk(&paging, UDV_ACCESS_READ, UDV_GVA(0x123), &r),
			 UDV_WALK_NO_MEMORY);
	assert_int_equal(r.fault.entry_address, 0x10000);
}

/* A read-only window may lie at any address of the host; a writable one may not. */
static void unaligned_windows(void **state)
{
	static _Alignas(8) uint8_t ram[0x4008];
	struct udv_memory memory = { .nr_windows = 1 };
	struct udv_paging_config config;
	struct udv_paging paging;

	(void)state;
	nested_world_init(&n, P | W | U);
	config = n.w.config;
	config.ept = false;
	config.cr3 = 0x10000;
	for (unsigned shift = 1; shift < 8; shift++) {
		memset(ram, 0, sizeof(ram));
		memory.windows[0] = (struct udv_memory_window){
			.base = 0x10000, .size = 0x3000, .host = ram + shift, .read_only = true
		};
		memcpy(ram + shift, &(uint64_t){ 0x11000 | P | W | U | A }, 8);
		memcpy(ram + shift + 0x1000, &(uint64_t){ 0x12000 | P | W | U | A }, 8);
		memcpy(ram + shift + 0x2008, &(uint64_t){ 0x200000 | P | W | U | A | PS }, 8);
		assert_int_equal(udv_paging_init(&paging, &config, &memory), UDV_OK);
		assert_int_equal(udv_walk(&paging, UDV_ACCESS_READ, UDV_GVA(0x200123), &r),
				 UDV_WALK_OK);
		assert_int_equal(r.hpa.value, 0x200123);
		memory.windows[0].read_only = false;
		assert_int_equal(udv_paging_init(&paging, &config, &memory), UDV_ERR_ARGUMENT);
	}
	memory.windows[0] =
		(struct udv_memory_window){ .base = 0x10004, .size = 0x3000, .host = ram };
	assert_int_equal(udv_paging_init(&paging, &config, &memory), UDV_ERR_ARGUMENT);
	memory = (struct udv_memory){ .nr_windows = UDV_MEMORY_WINDOWS + 1 };
	assert_int_equal(udv_paging_init(&paging, &config, &memory), UDV_ERR_ARGUMENT);
}

/* A refusal leaves no physical address behind, and a missing table says what it was wanted for. */
static void nothing_to_misuse(void **state)
{
	(void)state;
	nested_world_init(&n, PRESET);
	world_write(&n.w, n.data_ept_entry[2], WORLD_SIZE | EALL);
	assert_int_equal(walk(UDV_ACCESS_READ), UDV_WALK_NO_MEMORY);
	assert_int_equal(r.hpa.value, 0);
	assert_int_equal(r.gpa.value, TEST_DATA_GPA | 0x567);
	assert_int_equal(r.stage, UDV_STAGE_FINAL);
	assert_int_equal(r.fault.flags & UDV_FAULT_GLA_VALID, UDV_FAULT_GLA_VALID);
	world_write(&n.w, n.data_ept_entry[2], 0);
	assert_int_equal(walk(UDV_ACCESS_READ), UDV_WALK_EPT_VIOLATION);
	assert_int_equal(r.hpa.value, 0);
	nested_world_init(&n, PRESET);
	world_write(&n.w, world_entry(&n.w, n.w.config.eptp & ~0xfffull, 4, 2, n.cr3),
		    WORLD_SIZE | EALL);
	assert_int_equal(walk(UDV_ACCESS_READ), UDV_WALK_NO_MEMORY);
	assert_int_equal(r.stage, UDV_STAGE_TABLE);
	assert_int_equal(r.gpa.value, nested_table_gpa(&n, 4));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(order_of_reads),
		cmocka_unit_test(flags_of_a_write),
		cmocka_unit_test(flags_of_a_read),
		cmocka_unit_test(order_of_writes),
		cmocka_unit_test(refused_accesses_write_nothing),
		cmocka_unit_test(peeking),
		cmocka_unit_test(page_modification_log),
		cmocka_unit_test(restarts),
		cmocka_unit_test(recursive_table),
		cmocka_unit_test(pdpte_load),
		cmocka_unit_test(edges_of_memory),
		cmocka_unit_test(unaligned_windows),
		cmocka_unit_test(nothing_to_misuse),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
