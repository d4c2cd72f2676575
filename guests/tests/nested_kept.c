// SPDX-License-Identifier: MIT
/*
 * What a hypervisor below keeps of this one's tables and fields, and when it must not: the first
 * write of a page, an entry without VPID, an EPT violation, tables that are used up; and what of
 * its own VMCSs may not be seen: instructions that they would refuse, errors that they would get.
 */
#include "l2.h"

#define LEAF (PTE_P | PTE_W | PTE_A | PTE_D)
#define PAGE(x) ((u64)(x) & ~0xfffull)
#define ACCESSED 0x100u
#define DIRTY 0x200u
#define VMCS_SPPTP 0x2030
#define ABSENT 0x7ffe
#define SECONDARY_SPP (1u << 23)
#define SHADOW_REGION 0x80000000u
#define ERROR_COMPONENT 12
#define ERROR_POINTER 9

enum { LOAD = 2, VMCALL = 3 }; /* lengths */

CODE(x_load_store_load, "mov (%rax), %ecx; vmcall; mov %ecx, (%rax); mov (%rax), %ecx; vmcall");
CODE(x_loads, "mov (%rax), %ecx; vmcall; mov (%rax), %ecx; vmcall");
CODE(x_sweep, "1: cmp (%rax), %ebx; jne 2f; add $0x200000, %rax; dec %esi; jnz 1b; 2: vmcall");
CODE(x_vmread, "vmread %rcx, %rax; vmcall");
CODE(x_rdtscp, "rdtscp");
CODE(x_invpcid, "invpcid (%rax), %rcx");
CODE(x_xsaves, "xsaves (%rdi)");

static u64 log[512] __attribute__((aligned(4096)));
static u8 bitmap[4096] __attribute__((aligned(4096)));
static u8 area[4096] __attribute__((aligned(4096)));

static void go_on(u64 length)
{
	vmx_set(VMCS_GUEST_RIP, vmx_get(VMCS_GUEST_RIP) + length);
}

/* A page that has been read is written: its dirty flag and its place in the log come then. */
static void first_write(void)
{
	struct l2 l2;
	u64 index;

	section("the first write");
	l2_start(&l2, L2_LONG4, 1, LEAF, x_load_store_load, SECONDARY_PML | SECONDARY_VPID);
	vmx_set(VMCS_EPTP, vmx_get(VMCS_EPTP) | EPTP_AD);
	vmx_set(VMCS_PML, (u64)log);
	vmx_set(VMCS_GUEST_PML_INDEX, 511);
	l2_ept(&l2, l2.data, EPT_ALL);
	l2.regs.ax = l2.gla;
	CHECK(l2_enter(&l2), REASON_VMCALL);
	CHECK(l2_ept_get(&l2, l2.data) & (ACCESSED | DIRTY), ACCESSED);
	index = vmx_get(VMCS_GUEST_PML_INDEX);
	go_on(VMCALL);
	CHECK(l2_enter(&l2), REASON_VMCALL);
	CHECK(l2_ept_get(&l2, l2.data) & (ACCESSED | DIRTY), ACCESSED | DIRTY);
	CHECK(vmx_get(VMCS_GUEST_PML_INDEX), index - 1);
	CHECK(log[index], PAGE(l2.data));
}

/* A violation drops what is cached for its address: no INVEPT is needed for what has been taken. */
static void violation(void)
{
	struct l2 l2;

	section("a violation");
	l2_start(&l2, L2_LONG4, 1, LEAF, x_load_store_load, SECONDARY_VPID);
	l2_ept(&l2, l2.data, READ);
	l2.regs.ax = l2.gla;
	CHECK(l2_enter(&l2), REASON_VMCALL);
	l2_ept(&l2, l2.data, 0);
	go_on(VMCALL);
	CHECK(l2_enter(&l2), REASON_EPT);
	CHECK(vmx_get(VMCS_QUALIFICATION) & 7, WRITE);
	go_on(LOAD); /* as long as the store */
	CHECK(l2_enter(&l2), REASON_EPT);
	CHECK(vmx_get(VMCS_QUALIFICATION) & 7, READ);
}

/* Without a VPID an entry drops combined mappings; with one it does not have to. */
static void without_vpid(void)
{
	struct l2 l2;
	u64 other;

	section("without VPID");
	l2_start(&l2, L2_LONG4, 1, LEAF, x_loads, 0);
	other = (u64)page_new();
	*(u32 *)l2.data = 1;
	*(u32 *)(other + (l2.data & 0xfff)) = 2;
	l2_ept(&l2, l2.data, EPT_ALL);
	l2.regs.ax = l2.gla;
	CHECK(l2_enter(&l2), REASON_VMCALL);
	CHECK(l2.regs.cx, 1);
	*ept_page(l2.ept, l2.data) = other | EPT_WB | EPT_ALL;
	go_on(VMCALL);
	CHECK(l2_enter(&l2), REASON_VMCALL);
	CHECK(l2.regs.cx, 2);
}

#define SWEPT_GB 8u
#define SWEPT (SWEPT_GB * 512u)
#define SWEPT_FROM (1ull << 39) /* guest-physical; the same linear address twice as high */

/*
 * EPT of @root for 512 GB that all are @page. What a hypervisor below makes of eight of them does
 * not fit into one page of its own for each 2 MB.
 */
static void page_everywhere(u64 root, u64 page)
{
	u64 *pointers = page_new(), *directory = page_new(), *table = page_new();

	for (u32 i = 0; i < 512; i++) {
		pointers[i] = (u64)directory | EPT_ALL;
		directory[i] = (u64)table | EPT_ALL;
		table[i] = page | EPT_WB | EPT_ALL;
	}
	((u64 *)root)[1] = (u64)pointers | EPT_ALL;
}

static void map_swept(u64 cr3)
{
	u64 *pointers = page_new();

	((u64 *)cr3)[2] = (u64)pointers | PTE_P | PTE_W | PTE_A;
	for (u64 i = 0; i < SWEPT_GB; i++) {
		u64 *directory = page_new();

		pointers[i] = (u64)directory | PTE_P | PTE_W | PTE_A;
		for (u64 j = 0; j < 512; j++)
			directory[j] = (SWEPT_FROM + (i << 30) + (j << 21)) | PTE_PS | LEAF;
	}
}

/* In one entry, of another root than the first. */
static void many_pages(void)
{
	struct l2 l2;
	u64 page, eptp[2];

	section("more pages than are kept");
	l2_start(&l2, L2_LONG4, 1, LEAF, x_sweep, SECONDARY_VPID);
	page = (u64)page_new();
	*(u32 *)page = 0x77;
	map_swept(l2.cr3);
	eptp[0] = vmx_get(VMCS_EPTP);
	eptp[1] = ept_root() | (eptp[0] & 0xfff);
	page_everywhere(PAGE(eptp[0]), page);
	page_everywhere(PAGE(eptp[1]), page);
	for (u32 i = 0; i < 3; i++) {
		vmx_set(VMCS_EPTP, eptp[i & 1]);
		vmx_set(VMCS_GUEST_RIP, (u64)x_sweep);
		l2.regs = (struct regs){ .ax = 2 * SWEPT_FROM, .bx = 0x77 };
		l2.regs.si = i == 1 ? SWEPT : 1;
		CHECK(l2_enter(&l2), REASON_VMCALL);
		CHECK(l2.regs.si, 0);
	}
}

/* What fails in the guest is told in the guest's VMCS, and here in the current one. */
static void instruction_errors(void)
{
	u32 *region;
	struct l2 l2;
	u64 value = 0;

	section("instruction errors");
	l2_start(&l2, L2_LONG4, 1, LEAF, x_vmread, SECONDARY_VPID | SECONDARY_SHADOW);
	region = vmx_region();
	region[0] |= SHADOW_REGION;
	vmx_set(VMCS_LINK, (u64)region);
	vmx_set(VMCS_VMREAD_BITMAP, (u64)bitmap);
	vmx_set(VMCS_VMWRITE_BITMAP, (u64)bitmap);
	CHECK(vmx_load(1), VM_FAIL_VALID);
	CHECK(vmx_get(VMCS_ERROR), ERROR_POINTER);
	l2.regs.cx = ABSENT;
	CHECK(l2_enter(&l2), REASON_VMCALL);
	CHECK(vmx_get(VMCS_ERROR), ERROR_COMPONENT);

	CHECK(vmx_load(1), VM_FAIL_VALID);
	CHECK(vmx_get(VMCS_ERROR), ERROR_POINTER);
	CHECK(vmx_read(ABSENT, &value), VM_FAIL_VALID);
	CHECK(vmx_get(VMCS_ERROR), ERROR_COMPONENT);
	CHECK(vmx_load(1), VM_FAIL_VALID);
	CHECK(vmx_get(VMCS_ERROR), ERROR_POINTER);
	if (vmx_may_be_1(VMCS_SECONDARY) & SECONDARY_SPP) {
		CHECK(vmx_read(VMCS_SPPTP, &value), VM_SUCCEED);
	} else {
		CHECK(vmx_read(VMCS_SPPTP, &value), VM_FAIL_VALID);
		CHECK(vmx_get(VMCS_ERROR), ERROR_COMPONENT);
	}
}

/* A guest without the controls gets #UD; a hypervisor has no controls. */
static void own_instructions(void)
{
	struct regs regs = { .ax = (u64)area, .cx = 2 };

	section("the hypervisor's own instructions");
	CHECK(run(x_invpcid, &regs).vector, NO_FAULT);
	regs = (struct regs){ 0 };
	CHECK(run(x_rdtscp, &regs).vector, NO_FAULT);
	write_cr4(read_cr4() | CR4_OSXSAVE);
	regs = (struct regs){ .di = (u64)area };
	CHECK(run(x_xsaves, &regs).vector, NO_FAULT);
	write_cr4(read_cr4() & ~(word)CR4_OSXSAVE);
}

int main(int argc, char **argv)
{
	(void)argc, (void)argv;
	if (!vmx_on())
		return 1;
	own_instructions();
	first_write();
	violation();
	without_vpid();
	many_pages();
	instruction_errors();
	own_instructions();
	return 0;
}
