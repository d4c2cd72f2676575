/* SPDX-License-Identifier: MIT */
#include "cpu/system.h"
#include "cpu/vmx.h"
#include "world.h"

/*
 * What each invalidation drops of the translations of many address spaces, and what it leaves.
 * SDM Vol 3A "Invalidation of TLBs and Paging-Structure Caches", Vol 3C "Caching Translation
 * Information"
 */

#define PAGE 0x40000000ull
#define FIRST 0x10000u
#define SECOND 0x11000u
#define DESCRIPTOR 0x18000u
#define EPT_TABLE 0x6000u
#define ROOT_A 0x7000u
#define ROOT_B 0x8000u
#define EPTP_FLAGS (6u | 3u << 3)
#define EPT_LEAF (6u << EPT_TYPE_SHIFT | EPT_PS)
#define PTE_FLAGS (PTE_P | PTE_W | PTE_A | PTE_D)

/* Places to be in. Those with VPID 0 are outside of the guest. */
static const struct place {
	uint16_t vpid, pcid;
	uint32_t ept; /* root; 0: none */
} places[] = {
	{ 0, 1, 0 },	  { 0, 2, 0 },	    { 1, 1, 0 },      { 1, 1, ROOT_A },
	{ 1, 2, ROOT_A }, { 1, 1, ROOT_B }, { 2, 1, ROOT_A },
};
#define NR_PLACES (sizeof(places) / sizeof(places[0]))
#define ALL BITS(NR_PLACES - 1, 0)

/* All pages that are used are the same one; each place has its own, so that all are cached. */
static void set_page(struct world *w, uint64_t pte)
{
	for (unsigned i = 0; i < 8; i++)
		mem_write(&w->memory, 0x4000 + 8 * i, 8, pte);
}

static uint64_t page_of(unsigned place)
{
	return PAGE + 0x1000ull * place;
}

static uint64_t read_at(struct world *w, uint64_t linear)
{
	uint64_t value = 0;

	assert_true(cpu_read(w->cpu, linear, 8, 0, &value));
	return value;
}

static void set_secondary(struct world *w, bool ept, bool vpid)
{
	w->cpu->vmx.vmcs.primary_controls = BIT(ARCH_PRIMARY_SECONDARY);
	w->cpu->vmx.vmcs.secondary_controls = (uint64_t)ept << ARCH_SECONDARY_EPT |
					      (uint64_t)vpid << ARCH_SECONDARY_VPID |
					      BIT(ARCH_SECONDARY_INVPCID);
}

/* As an entry or exit does it, with VPID. */
static void be_at(struct world *w, unsigned n)
{
	const struct place *place = &places[n];
	struct cpu *cpu = w->cpu;

	cpu->vmx.guest = place->vpid;
	set_secondary(w, place->ept, true);
	cpu->vmx.vmcs.vpid = place->vpid;
	cpu->vmx.vmcs.ept_pointer = place->ept | EPTP_FLAGS;
	cpu->state.cr3 = WORLD_PML4 | place->pcid;
	cpu_vmx_switched(cpu);
}

/* The page is 1 for all, and cached everywhere; then it becomes 2. */
static void fill_all(struct world *w)
{
	cpu_tlb_flush(w->cpu);
	set_page(w, FIRST | PTE_FLAGS);
	for (unsigned i = 0; i < NR_PLACES; i++) {
		be_at(w, i);
		assert_int_equal(read_at(w, page_of(i)), 1);
	}
	set_page(w, SECOND | PTE_FLAGS);
}

/* Bit n: places[n] still has what it had. */
static uint64_t kept(struct world *w)
{
	uint64_t kept = 0;

	for (unsigned i = 0; i < NR_PLACES; i++) {
		be_at(w, i);
		kept |= (uint64_t)(read_at(w, page_of(i)) == 1) << i;
	}
	return kept;
}

static int setup(void **state)
{
	static const struct op current;
	struct world *w = world_new("+vmx");

	mem_write(&w->memory, FIRST, 8, 1);
	mem_write(&w->memory, SECOND, 8, 2);
	mem_write(&w->memory, WORLD_PDPT + 8, 8, 0x3003);
	mem_write(&w->memory, 0x3000, 8, 0x4003);
	mem_write(&w->memory, ROOT_A, 8, EPT_TABLE | EPT_RWX);
	mem_write(&w->memory, ROOT_B, 8, EPT_TABLE | EPT_RWX);
	mem_write(&w->memory, EPT_TABLE, 8, EPT_LEAF | EPT_RWX);
	w->cpu->state.cr0 |= CR0_WP;
	w->cpu->state.cr4 |= CR4_PCIDE | CR4_VMXE;
	w->cpu->vmx.operation = true;
	w->cpu->current = &current;
	cpu_state_changed(w->cpu);
	*state = w;
	return 0;
}

/* ---------------------------------------------------------------- instructions */

static void run_row(struct world *w, enum insn_id id, uint64_t type, uint64_t first,
		    uint64_t second)
{
	const struct system_row *row = system_vmx_rows;
	struct op op = op_at(w, DESCRIPTOR);

	while (row->insn != id)
		row++;
	op.dst = GPR_OFFSET(GPR_RAX);
	w->cpu->state.gpr[GPR_RAX] = type;
	mem_write(&w->memory, DESCRIPTOR, 8, first);
	mem_write(&w->memory, DESCRIPTOR + 8, 8, second);
	w->cpu->fault.valid = false;
	row->fn(w->cpu, &op);
	assert_false(w->cpu->fault.valid);
	assert_int_equal(w->cpu->state.rflags & (FLAG_CF | FLAG_ZF), 0);
}

static void invpcid(struct world *w, uint64_t type, uint64_t pcid, uint64_t linear)
{
	struct op op = op_at(w, DESCRIPTOR);

	op.dst = GPR_OFFSET(GPR_RAX);
	w->cpu->state.gpr[GPR_RAX] = type;
	mem_write(&w->memory, DESCRIPTOR, 8, pcid);
	mem_write(&w->memory, DESCRIPTOR + 8, 8, linear);
	expect_ok(w, insn_invpcid, op);
}

static void load(struct world *w, slow_fn *f, uint64_t value)
{
	w->cpu->state.gpr[GPR_RAX] = value;
	expect_ok(w, f, op_of(w, GPR_OFFSET(GPR_RAX), GPR_OFFSET(GPR_RAX)));
}

static void test_nothing(void **state)
{
	fill_all(*state);
	assert_int_equal(kept(*state), ALL);
	assert_int_equal(kept(*state), ALL);
}

static void test_invept(void **state)
{
	struct world *w = *state;

	fill_all(w);
	be_at(w, 0);
	run_row(w, INSN_INVEPT, 1, ROOT_A | EPTP_FLAGS, 0);
	assert_int_equal(kept(w), ALL & ~(BIT(3) | BIT(4) | BIT(6)));
	fill_all(w);
	be_at(w, 0);
	run_row(w, INSN_INVEPT, 1, ROOT_B | EPTP_FLAGS | BIT(6), 0); /* the root decides */
	assert_int_equal(kept(w), ALL & ~BIT(5));
	fill_all(w);
	be_at(w, 0);
	run_row(w, INSN_INVEPT, 2, 0, 0);
	assert_int_equal(kept(w), BITS(2, 0));
}

static void test_invvpid(void **state)
{
	static const struct {
		uint64_t type, vpid, kept;
	} cases[] = {
		{ 1, 1, BIT(0) | BIT(1) | BIT(6) },
		{ 1, 2, ALL & ~BIT(6) },
		{ 1, 3, ALL },
		{ 2, 0, BIT(0) | BIT(1) },
		{ 3, 1, BIT(0) | BIT(1) | BIT(6) },
		{ 3, 2, ALL & ~BIT(6) },
	};
	struct world *w = *state;

	for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		fill_all(w);
		be_at(w, 0);
		run_row(w, INSN_INVVPID, cases[i].type, cases[i].vpid, 0);
		assert_int_equal(kept(w), cases[i].kept);
	}
	/* one address */
	fill_all(w);
	be_at(w, 0);
	run_row(w, INSN_INVVPID, 0, 1, page_of(4) + 0xfff);
	assert_int_equal(kept(w), ALL & ~BIT(4));
}

static void test_invpcid(void **state)
{
	struct world *w = *state;

	fill_all(w);
	be_at(w, 3);
	invpcid(w, 1, 2, 0);
	assert_int_equal(kept(w), ALL & ~BIT(4));
	fill_all(w);
	be_at(w, 0);
	invpcid(w, 1, 2, 0);
	assert_int_equal(kept(w), ALL & ~BIT(1));
	for (unsigned type = 2; type < 4; type++) {
		fill_all(w);
		be_at(w, 6);
		invpcid(w, type, 0, 0);
		assert_int_equal(kept(w), ALL & ~BIT(6));
	}
	fill_all(w);
	be_at(w, 3);
	invpcid(w, 0, 2, page_of(4));
	assert_int_equal(kept(w), ALL & ~BIT(4));
}

static void test_cr3(void **state)
{
	struct world *w = *state;

	fill_all(w);
	be_at(w, 3);
	load(w, insn_mov_to_cr3, WORLD_PML4 | 1);
	assert_int_equal(kept(w), BIT(0) | BIT(1) | BIT(4) | BIT(6));
	fill_all(w);
	be_at(w, 3);
	load(w, insn_mov_to_cr3, WORLD_PML4 | 2 | CR3_NO_FLUSH);
	assert_int_equal(read_at(w, page_of(4)), 1);
	assert_int_equal(kept(w), ALL);
}

/* Without PCIDs, CR3's low bits are none. */
static void test_cr3_without_pcid(void **state)
{
	struct world *w = *state;
	uint64_t uncached = 0x18; /* PWT, PCD */

	w->cpu->state.cr4 &= ~CR4_PCIDE;
	w->cpu->state.cr3 = WORLD_PML4 | uncached;
	cpu_state_changed(w->cpu);
	set_page(w, FIRST | PTE_FLAGS);
	assert_int_equal(read_at(w, PAGE), 1);
	set_page(w, SECOND | PTE_FLAGS);
	load(w, insn_mov_to_cr3, WORLD_PML4);
	w->cpu->state.cr3 = WORLD_PML4 | uncached; /* as a VM entry may load it */
	cpu_paging_changed(w->cpu);
	assert_int_equal(read_at(w, PAGE), 2);
}

/* ---------------------------------------------------------------- control registers */

static void test_cr4(void **state)
{
	static const struct {
		uint64_t bit, kept;
	} cases[] = {
		{ CR4_PGE, BIT(0) | BIT(1) | BIT(6) },
		{ CR4_SMEP, BIT(0) | BIT(1) | BIT(4) | BIT(6) },
		{ CR4_SMAP, ALL },
		{ CR4_PKE, ALL },
	};
	struct world *w = *state;

	for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		uint64_t cr4;

		fill_all(w);
		be_at(w, 3);
		cr4 = w->cpu->state.cr4;
		load(w, insn_mov_to_cr4, cr4 | cases[i].bit);
		assert_int_equal(read_at(w, page_of(7)), 2);
		load(w, insn_mov_to_cr4, cr4);
		assert_int_equal(kept(w), cases[i].kept);
	}
}

static void test_cr0_wp(void **state)
{
	struct world *w = *state;
	uint64_t cr0 = w->cpu->state.cr0;

	fill_all(w);
	be_at(w, 3);
	load(w, insn_mov_to_cr0, cr0 & ~CR0_WP);
	assert_int_equal(read_at(w, page_of(7)), 2);
	load(w, insn_mov_to_cr0, cr0);
	assert_int_equal(kept(w), ALL);
}

/* ---------------------------------------------------------------- without VPID */

static void switch_without_vpid(struct world *w, bool guest)
{
	w->cpu->vmx.guest = guest;
	set_secondary(w, true, false);
	w->cpu->vmx.vmcs.ept_pointer = ROOT_A | EPTP_FLAGS;
	cpu_vmx_switched(w->cpu);
}

static void test_no_vpid(void **state)
{
	struct world *w = *state;

	fill_all(w);
	be_at(w, 0);
	switch_without_vpid(w, true);
	assert_int_equal(kept(w), ALL & ~BITS(1, 0));
	be_at(w, 0);
	cpu_tlb_flush(w->cpu);
	set_page(w, FIRST | PTE_FLAGS);
	switch_without_vpid(w, true);
	assert_int_equal(read_at(w, PAGE), 1);
	set_page(w, SECOND | PTE_FLAGS);
	switch_without_vpid(w, false);
	assert_int_equal(read_at(w, PAGE), 2);
	set_page(w, FIRST | PTE_FLAGS);
	switch_without_vpid(w, true);
	assert_int_equal(read_at(w, PAGE), 1);
}

/* ---------------------------------------------------------------- faults */

static void refuse_write(struct world *w, unsigned type)
{
	assert_int_equal(read_at(w, PAGE), 1);
	assert_false(cpu_write(w->cpu, PAGE, 8, 0, 3));
	assert_int_equal(w->cpu->fault.type, type);
	assert_int_equal(read_at(w, PAGE), 2);
}

/* A page fault drops what there was for its address. */
static void test_page_fault(void **state)
{
	struct world *w = *state;

	be_at(w, 0);
	set_page(w, FIRST | PTE_P | PTE_A);
	assert_int_equal(read_at(w, PAGE), 1);
	set_page(w, SECOND | PTE_P | PTE_A);
	refuse_write(w, EVENT_EXCEPTION);
	assert_int_equal(w->cpu->fault.vector, VECTOR_PF);
}

/* So does an EPT violation. */
static void test_ept_violation(void **state)
{
	struct world *w = *state;

	be_at(w, 3);
	set_page(w, FIRST | PTE_FLAGS);
	assert_int_equal(read_at(w, PAGE), 1);
	set_page(w, SECOND | PTE_FLAGS);
	mem_write(&w->memory, EPT_TABLE, 8, EPT_LEAF | EPT_R);
	refuse_write(w, EVENT_VM_EXIT);
}

/* ---------------------------------------------------------------- many */

/* More address spaces than places for them, and more numbers than there are. */
static void test_many(void **state)
{
	struct world *w = *state;

	be_at(w, 0);
	for (unsigned round = 0; round < 40; round++) {
		for (uint64_t pcid = 1; pcid <= 70; pcid++) {
			uint64_t keep = pcid % 3 ? CR3_NO_FLUSH : 0;

			set_page(w, FIRST | PTE_FLAGS);
			load(w, insn_mov_to_cr3, WORLD_PML4 | pcid);
			assert_int_equal(read_at(w, PAGE), 1);
			set_page(w, SECOND | PTE_FLAGS);
			load(w, insn_mov_to_cr3, WORLD_PML4 | 0xfff);
			assert_int_equal(read_at(w, PAGE), 2);
			/* the entry may have been overwritten; a stale one must not be found */
			load(w, insn_mov_to_cr3, WORLD_PML4 | pcid | keep);
			assert_int_equal(read_at(w, PAGE), 2);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_nothing, setup, world_teardown),
		cmocka_unit_test_setup_teardown(test_invept, setup, world_teardown),
		cmocka_unit_test_setup_teardown(test_invvpid, setup, world_teardown),
		cmocka_unit_test_setup_teardown(test_invpcid, setup, world_teardown),
		cmocka_unit_test_setup_teardown(test_cr3, setup, world_teardown),
		cmocka_unit_test_setup_teardown(test_cr3_without_pcid, setup, world_teardown),
		cmocka_unit_test_setup_teardown(test_cr4, setup, world_teardown),
		cmocka_unit_test_setup_teardown(test_cr0_wp, setup, world_teardown),
		cmocka_unit_test_setup_teardown(test_no_vpid, setup, world_teardown),
		cmocka_unit_test_setup_teardown(test_page_fault, setup, world_teardown),
		cmocka_unit_test_setup_teardown(test_ept_violation, setup, world_teardown),
		cmocka_unit_test_setup_teardown(test_many, setup, world_teardown),
	};

	return cmocka_run_group_tests_name("address spaces", tests, NULL, NULL);
}
