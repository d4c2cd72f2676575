// SPDX-License-Identifier: MIT
#include "l2.h"

enum {
	MSR_VMX_CR4_FIXED1 = 0x489,
	MSR_VMX_SECONDARY = 0x48b,
	MSR_VMX_EPT_VPID_CAP = 0x48c,
	MSR_VMX_ENTRY = 0x490,
	AR_CODE32 = 0xc09b,
};
#define TABLE (PTE_P | PTE_W | PTE_U | PTE_A)
#define LEAF (PTE_P | PTE_W | PTE_A | PTE_D)

const char *l2_mode_name(enum l2_mode mode)
{
	static const char *const names[] = { "4-level", "5-level", "PAE", "32-bit", "no paging" };

	return names[mode];
}

bool l2_mode_exists(enum l2_mode mode)
{
	if (mode == L2_LONG5)
		return read_msr(MSR_VMX_CR4_FIXED1) & CR4_LA57;
	if (mode == L2_FLAT)
		return read_msr(MSR_VMX_SECONDARY) >> 32 & SECONDARY_UNRESTRICTED;
	return true;
}

u64 vmx_pointer(void)
{
	u64 pointer;

	asm volatile("vmptrst %0" : "=m"(pointer));
	return pointer;
}

/* What one entry is to hold, whatever its size is. */
static void put(const struct l2 *l2, u64 at, u64 value)
{
	if (l2->mode == L2_TWO)
		*(u32 *)at = (u32)value;
	else
		*(u64 *)at = value;
}

void l2_entry_set(const struct l2 *l2, int level, u64 value)
{
	put(l2, l2->entry_at[level], value);
}

u64 l2_entry_get(const struct l2 *l2, int level)
{
	u64 at = l2->entry_at[level];

	return l2->mode == L2_TWO ? *(u32 *)at : *(u64 *)at;
}

/* Tables for the linear address below the top one, with the leaf where it is to be. */
static void descend(struct l2 *l2, u64 table, u64 rights)
{
	int bits = l2->mode == L2_TWO ? 10 : 9, size = l2->mode == L2_TWO ? 4 : 8;
	u64 page = ~0ull << (12 + bits * (l2->leaf - 1));

	for (int level = l2->top; level >= l2->leaf; level--) {
		u64 index = l2->gla >> (12 + bits * (level - 1)) & ((1u << bits) - 1);
		u64 next = level > l2->leaf ? (u64)page_new() : 0;

		l2->entry_at[level] = table + index * (u64)size;
		if (level == l2->leaf)
			put(l2, table + index * (u64)size,
			    (l2->data & page) | rights | (level > 1 ? PTE_PS : 0));
		else if (l2->mode == L2_PAE && level == 3)
			put(l2, table + index * 8, next | PTE_P);
		else
			put(l2, table + index * (u64)size, next | TABLE);
		table = next;
	}
}

static u64 tables_long(struct l2 *l2, u64 rights)
{
	u64 host = read_cr3() & PTE_ADDRESS, root = (u64)page_new();

	if (l2->mode == L2_LONG5)
		*(u64 *)root = host | TABLE;
	else
		*(u64 *)root = *(u64 *)host;
	descend(l2, root, rights);
	return root;
}

/* What is mapped one to one: the image and its tables, and the local APIC. */
enum { LOW_PAGES = 32 };
#define DEVICES 0xfee00000ull

static void one_to_one(u64 *table, u64 from, int shift, u64 count)
{
	for (u64 i = 0; i < count; i++)
		table[i] = from | i << shift | PTE_PS | LEAF;
}

static u64 tables_pae(struct l2 *l2, u64 rights)
{
	u64 root = (u64)page_new() + 0x220; /* 32-byte aligned is enough */

	for (u64 i = 0; i < 4; i++) {
		u64 *directory = page_new();

		one_to_one(directory, i << 30, 21, i == 0 ? LOW_PAGES : 0);
		((u64 *)root)[i] = (u64)directory | PTE_P;
	}
	((u64 *)((((u64 *)root)[3]) & PTE_ADDRESS))[DEVICES >> 21 & 511] = DEVICES | PTE_PS | LEAF;
	descend(l2, root, rights);
	return root;
}

static u64 tables_two(struct l2 *l2, u64 rights)
{
	u32 *root = page_new();

	for (u32 i = 0; i < LOW_PAGES / 2; i++)
		root[i] = i << 22 | (u32)(PTE_PS | LEAF);
	root[DEVICES >> 22] = (u32)(DEVICES & ~0x3fffffull) | (u32)(PTE_PS | LEAF);
	descend(l2, (u64)root, rights);
	return (u64)root;
}

static void place(struct l2 *l2, u64 rights)
{
	static const u64 addresses[] = { 0x8040607238, 0x1008040607238, 0x80607238, 0x80607238,
					 L2_DATA };
	static const int tops[] = { 4, 5, 3, 2, 0 };

	l2->top = tops[l2->mode];
	l2->data = L2_DATA;
	l2->gla = addresses[l2->mode];
	if (l2->leaf == 3)
		l2->gla = (l2->gla & ~0x3fffffffull) | L2_DATA;
	if (l2->mode == L2_PAE)
		l2->cr3 = tables_pae(l2, rights);
	else if (l2->mode == L2_TWO)
		l2->cr3 = tables_two(l2, rights);
	else if (l2->mode != L2_FLAT)
		l2->cr3 = tables_long(l2, rights);
}

static void set_mode(const struct l2 *l2)
{
	u64 cr4 = read_cr4() | CR4_OSFXSR | CR4_OSXMMEXCPT | CR4_PSE;
	bool wide = l2->mode == L2_LONG4 || l2->mode == L2_LONG5;

	if (l2->mode == L2_LONG5)
		cr4 |= CR4_LA57;
	if (l2->mode == L2_TWO)
		cr4 &= ~(u64)CR4_PAE;
	vmx_set(VMCS_GUEST_CR4, cr4);
	vmx_set(VMCS_GUEST_CR0, (read_cr0() | CR0_WP) & ~(l2->mode == L2_FLAT ? CR0_PG : 0));
	vmx_set(VMCS_GUEST_CR3, l2->cr3);
	vmx_set(VMCS_ENTRY_CONTROLS, vmx_controls(VMCS_ENTRY_CONTROLS, wide ? ENTRY_IA32E : 0));
	if (!wide)
		vmx_set(VMCS_GUEST_CS_AR, AR_CODE32);
	if (l2->mode == L2_PAE)
		for (u32 i = 0; i < 4; i++)
			vmx_set(VMCS_GUEST_PDPTE + 2 * i, ((u64 *)l2->cr3)[i]);
}

void l2_start(struct l2 *l2, enum l2_mode mode, int leaf, u64 rights, code_t *code, u32 secondary)
{
	static void *mark;

	if (vmx_pointer() != ~0ull)
		vmx_clear(vmx_pointer());
	if (!mark)
		mark = page_new();
	page_rewind(mark);
	vmx_invept(2, 0);
	*l2 = (struct l2){ .mode = mode, .leaf = leaf };
	place(l2, rights);
	vmx_new(code, secondary | SECONDARY_EPT | (mode == L2_FLAT ? SECONDARY_UNRESTRICTED : 0));
	l2->ept = vmx_get(VMCS_EPTP) & ~0xfffull;
	memset((void *)L2_DATA, 0, 64);
	set_mode(l2);
}

void l2_ept(const struct l2 *l2, u64 address, u64 rights_and_bits)
{
	*ept_page(l2->ept, address) = (address & ~0xfffull) | EPT_WB | rights_and_bits;
}

u64 l2_ept_get(const struct l2 *l2, u64 address)
{
	return *ept_page(l2->ept, address);
}

u64 l2_advanced(bool user, bool writable, bool no_execute)
{
	if (!(read_msr(MSR_VMX_EPT_VPID_CAP) & EPT_CAP_ADVANCED))
		return 0;
	return (u64)user << 9 | (u64)writable << 10 | (u64)no_execute << 11;
}

u32 l2_enter(struct l2 *l2)
{
	int result = vmx_enter(&l2->regs);

	if (result != VM_SUCCEED) {
		CHECK_NAMED("VM entry", vmx_get(VMCS_ERROR), 0);
		return ~0u;
	}
	return (u32)vmx_get(VMCS_REASON);
}

struct gate *l2_idt(code_t *handler, u8 ist)
{
	struct gate *idt = page_new();

	for (u32 i = 0; i < 256; i++) {
		idt[i] = *gate(i);
		idt[i].ist = ist;
		idt[i].offset_low = (u16)(u64)handler;
		idt[i].offset_middle = (u16)((u64)handler >> 16);
	}
	vmx_set(VMCS_GUEST_IDTR_BASE, (u64)idt);
	return idt;
}

/* SDM vol. 3 "Information for VM Exits Due to ... EPT Violations", "Saving RIP, RSP, RFLAGS" */
static void common(const char *name, u64 gpa, u64 rip, u64 idt)
{
	CHECK_NAMED(name, vmx_get(VMCS_GPA), gpa);
	CHECK_NAMED(name, vmx_get(VMCS_GUEST_RIP), rip);
	CHECK_NAMED(name, vmx_get(VMCS_EXIT_INFO) >> 31, 0);
	if (idt)
		CHECK_NAMED(name, vmx_get(VMCS_IDT_INFO), idt);
	else
		CHECK_NAMED(name, vmx_get(VMCS_IDT_INFO) >> 31, 0);
	if (!idt)
		CHECK_NAMED(name, vmx_get(VMCS_GUEST_RFLAGS) & FLAG_RF, FLAG_RF);
}

void l2_violation(const char *name, const struct l2_fault *expected)
{
	CHECK_NAMED(name, vmx_get(VMCS_REASON), REASON_EPT);
	CHECK_NAMED(name, vmx_get(VMCS_QUALIFICATION), expected->qualification);
	CHECK_NAMED(name, vmx_get(VMCS_GLA), expected->gla);
	common(name, expected->gpa, expected->rip, expected->idt);
}

void l2_misconfig(const char *name, u64 gpa, u64 rip)
{
	CHECK_NAMED(name, vmx_get(VMCS_REASON), REASON_EPT_MISCONFIG);
	CHECK_NAMED(name, vmx_get(VMCS_QUALIFICATION), 0);
	common(name, gpa, rip, 0);
}
