// SPDX-License-Identifier: MIT
/*
 * Sub-page write permissions: writes to a page without write permission that the bits of its
 * 128-byte parts allow or not, and tables that are absent or wrong.
 * SDM vol. 3 "Sub-Page Write Permissions", "VM Exits Due to Sub-Page Write-Permission Events"
 */
#include "vmx.h"

enum {
	VMCS_SPPTP = 0x2030,
	SECONDARY_SPP = 1 << 23,
	REASON_VMCALL = 18,
	REASON_EPT = 48,
	REASON_SPP = 66,
	EQ_MISS = 1 << 11,
};
#define EPT_SUB_PAGE (1ull << 61)
#define EPT_READ 1ull

CODE(do_read, "mov (%rax), %rcx; vmcall");
CODE(do_write, "mov %rcx, (%rax); vmcall");
CODE(do_twice, "mov %rcx, (%rax); mov %rcx, (%rbx); vmcall");
CODE(do_save, "fxsave64 (%rax); vmcall");
CODE(do_modify, "lock addq $1, (%rax); vmcall");

static u8 page_data[4096] __attribute__((aligned(4096)));
static u64 *tables[5]; /* by level: where the entry of the page is */

/* A sub-page-permission table with one page in it, and the bits of that page. */
static u64 sppt(u64 address, u64 vector)
{
	u64 *table = page_new(), root = (u64)table;

	for (int level = 4; level > 1; level--) {
		u64 *next = page_new();

		tables[level] = &table[address >> (12 + 9 * (level - 1)) & 511];
		*tables[level] = (u64)next | 1;
		table = next;
	}
	tables[1] = &table[address >> 12 & 511];
	*tables[1] = vector;
	return root;
}

static u64 *start(code_t *code, u64 vector, u64 rights)
{
	u64 *entry;

	vmx_new(code, SECONDARY_EPT | SECONDARY_SPP);
	vmx_set(VMCS_SPPTP, sppt((u64)page_data, vector));
	entry = ept_page(vmx_get(VMCS_EPTP) & ~0xfffull, (u64)page_data);
	*entry = (u64)page_data | EPT_WB | rights;
	memset(page_data, 0, sizeof(page_data));
	return entry;
}

static void expect(const char *name, u32 reason, u64 qualification, u64 defined, u64 offset)
{
	CHECK_NAMED(name, vmx_get(VMCS_REASON), reason);
	CHECK_NAMED(name, vmx_get(VMCS_QUALIFICATION) & defined, qualification);
	CHECK_NAMED(name, vmx_get(VMCS_GPA), (u64)page_data + offset);
	CHECK_NAMED(name, vmx_get(VMCS_GLA), (u64)page_data + offset);
	CHECK_NAMED(name, vmx_get(VMCS_IDT_INFO) >> 31, 0);
	CHECK_NAMED(name, vmx_get(VMCS_GUEST_RFLAGS) & FLAG_RF, FLAG_RF);
}

/* Sub-page n is bit 2n of the vector. */
#define SUB_PAGE(n) (1ull << 2 * (n))

static void write_at(const char *name, u64 offset, u64 vector, u64 rights, bool allowed)
{
	struct regs r = { .ax = (u64)page_data + offset, .cx = 0x1122334455667788 };

	start(do_write, vector, rights);
	CHECK_NAMED(name, vmx_enter(&r), VM_SUCCEED);
	if (allowed)
		CHECK_NAMED(name, vmx_get(VMCS_REASON), REASON_VMCALL);
	else /* read allowed, write and execute not, linear address, final */
		expect(name, REASON_EPT, 0x182 | (rights << 3 & 0x38), 0x1ff, offset);
	CHECK_NAMED(name, *(u64 *)(page_data + offset), allowed ? r.cx : 0);
}

static void writes(void)
{
	u64 spp = EPT_READ | EPT_SUB_PAGE;

	section("writes");
	write_at("allowed", 0x238, SUB_PAGE(4), spp, true);
	write_at("another's bit", 0x238, ~SUB_PAGE(4) & 0x5555555555555555, spp, false);
	write_at("first and last byte of it", 0xf80, SUB_PAGE(31), spp, true);
	write_at("last bytes", 0xff8, SUB_PAGE(31), spp, true);
	write_at("two of them", 0x27c, SUB_PAGE(4) | SUB_PAGE(5), spp, true);
	write_at("two, the first only", 0x27c, SUB_PAGE(4), spp, false);
	write_at("two, the second only", 0x27c, SUB_PAGE(5), spp, false);
	write_at("without bit 61", 0x238, SUB_PAGE(4), EPT_READ, false);
	write_at("with write permission", 0x238, 0, EPT_ALL | EPT_SUB_PAGE, true);
}

/* What one access was allowed is not cached for another. */
static void not_cached(void)
{
	struct regs r = { .ax = (u64)page_data + 0x238,
			  .bx = (u64)page_data + 0x338,
			  .cx = 0x1122334455667788 };

	section("one write after another");
	start(do_twice, SUB_PAGE(4), EPT_READ | EPT_SUB_PAGE);
	CHECK(vmx_enter(&r), VM_SUCCEED);
	expect("second write", REASON_EPT, 0x18a, 0x1ff, 0x338);
	CHECK(*(u64 *)(page_data + 0x238), r.cx);
	CHECK(vmx_get(VMCS_GUEST_RIP), (u64)do_twice + 3);
	/* reads need none of it, and a read-modify-write is a write */
	start(do_read, 0, EPT_READ | EPT_SUB_PAGE);
	CHECK(vmx_enter(&r), VM_SUCCEED);
	CHECK(vmx_get(VMCS_REASON), REASON_VMCALL);
	start(do_modify, SUB_PAGE(4), EPT_READ | EPT_SUB_PAGE);
	CHECK(vmx_enter(&r), VM_SUCCEED);
	CHECK(vmx_get(VMCS_REASON), REASON_VMCALL);
	CHECK(*(u64 *)(page_data + 0x238), 1);
}

/* FXSAVE writes 416 bytes; here they are of four sub-pages, and the last counts like the first. */
static void large(void)
{
	u64 four = SUB_PAGE(5) | SUB_PAGE(6) | SUB_PAGE(7) | SUB_PAGE(8);
	struct regs r = { .ax = (u64)page_data + 0x280 };

	section("FXSAVE");
	start(do_save, four, EPT_READ | EPT_SUB_PAGE);
	CHECK(vmx_enter(&r), VM_SUCCEED);
	CHECK(vmx_get(VMCS_REASON), REASON_VMCALL);
	for (int i = 5; i <= 8; i++) {
		start(do_save, four & ~SUB_PAGE(i), EPT_READ | EPT_SUB_PAGE);
		CHECK(vmx_enter(&r), VM_SUCCEED);
		CHECK(vmx_get(VMCS_REASON), REASON_EPT);
		CHECK(vmx_get(VMCS_QUALIFICATION) & 0x1ff, 0x18a);
		CHECK(*(u64 *)(page_data + 0x280), 0);
	}
}

static void events(void)
{
	struct regs r = { .ax = (u64)page_data + 0x238, .cx = 1 };

	section("tables that are absent or wrong");
	for (int level = 4; level > 1; level--) {
		start(do_write, SUB_PAGE(4), EPT_READ | EPT_SUB_PAGE);
		*tables[level] &= ~1ull;
		CHECK(vmx_enter(&r), VM_SUCCEED);
		expect("absent", REASON_SPP, EQ_MISS, ~0ull, 0x238);
		start(do_write, SUB_PAGE(4), EPT_READ | EPT_SUB_PAGE);
		*tables[level] |= 2;
		CHECK(vmx_enter(&r), VM_SUCCEED);
		expect("reserved bit", REASON_SPP, 0, ~0ull, 0x238);
	}
	start(do_write, SUB_PAGE(4) | SUB_PAGE(9) << 1, EPT_READ | EPT_SUB_PAGE);
	CHECK(vmx_enter(&r), VM_SUCCEED);
	expect("reserved bit of the vector", REASON_SPP, 0, ~0ull, 0x238);
	/* The table is only asked for writes that need it. */
	start(do_read, 0, EPT_READ | EPT_SUB_PAGE);
	*tables[4] = 0;
	CHECK(vmx_enter(&r), VM_SUCCEED);
	CHECK(vmx_get(VMCS_REASON), REASON_VMCALL);
}

/* The accessed flag of a guest's entry is no data write: sub-pages do not allow it. */
static void paging_structures(void)
{
	u64 root = (u64)page_new(), address = 0x8040607238ull, *leaf;
	struct regs r = { .ax = address };

	section("guest paging structures");
	memcpy((void *)root, (void *)(read_cr3() & ~0xfffull), 4096);
	((u64 *)root)[1] = 0;
	leaf = map(root, address & ~0xfffull, (u64)page_data | PTE_P | PTE_W, 1);
	vmx_new(do_read, SECONDARY_EPT | SECONDARY_SPP);
	vmx_set(VMCS_GUEST_CR3, root);
	vmx_set(VMCS_SPPTP, sppt((u64)leaf & ~0xfffull, 0x5555555555555555));
	*ept_page(vmx_get(VMCS_EPTP) & ~0xfffull, (u64)leaf) =
		((u64)leaf & ~0xfffull) | EPT_WB | EPT_READ | EPT_SUB_PAGE;
	CHECK(vmx_enter(&r), VM_SUCCEED);
	CHECK(vmx_get(VMCS_REASON), REASON_EPT);
	CHECK(vmx_get(VMCS_QUALIFICATION) & 0x1fa, 0x8a);
	CHECK(vmx_get(VMCS_GPA), (u64)leaf);
}

static void entry_checks(void)
{
	section("VM entry");
	start(do_read, 0, EPT_READ);
	vmx_set(VMCS_SPPTP, (u64)page_data + 8);
	CHECK(vmx_enter(&(struct regs){ 0 }), VM_FAIL_VALID);
	CHECK(vmx_get(VMCS_ERROR), 7);
	vmx_new(do_read, SECONDARY_SPP);
	vmx_set(VMCS_SPPTP, (u64)page_data);
	CHECK(vmx_enter(&(struct regs){ 0 }), VM_FAIL_VALID);
	CHECK(vmx_get(VMCS_ERROR), 7);
}

int main(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	if (!CHECK(vmx_on(), true))
		return 1;
	writes();
	not_cached();
	large();
	events();
	paging_structures();
	entry_checks();
	return 0;
}
