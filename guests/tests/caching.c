// SPDX-License-Identifier: MIT
/*
 * Translations of guests: what must be invalidated is, and what belongs to one VPID or one EPT is
 * never taken for another's; for data and for code. SDM vol. 3 "Caching Translation Information"
 */
#include "vmx.h"

/* Data at RDI, code at RSI, and out. */
CODE(touch, "mov (%rdi), %rcx; call *%rsi; vmcall; vmcall");
CODE(fill, "rep stosl; vmcall");
CODE(copy, "rep movsb; vmcall");

#define LINEAR 0x8040607000ull
#define DATA 0x100
#define REASON_VMCALL 18
#define FLAGS (PTE_P | PTE_W)

struct page {
	u8 code[DATA]; /* mov $n, %eax; ret */
	u64 data;      /* 100 + n */
	u8 rest[4096 - DATA - 8];
};
static struct page pages[3] __attribute__((aligned(4096)));

static u64 root; /* the guest's tables: LINEAR leads to pages[0] */
static u64 *leaf;

static void make_pages(void)
{
	for (u8 i = 0; i < 3; i++) {
		static const u8 code[] = { 0xb8, 0, 0, 0, 0, 0xc3 };

		memcpy(pages[i].code, code, sizeof(code));
		pages[i].code[1] = i;
		pages[i].data = 100 + i;
	}
	root = (u64)page_new();
	memcpy((void *)root, (void *)(read_cr3() & ~0xfffull), 4096);
	((u64 *)root)[1] = 0;
	leaf = map(root, LINEAR, (u64)&pages[0] | FLAGS, 1);
}

static void point(u64 *entry, u32 page, u64 flags)
{
	*entry = (u64)&pages[page] | flags;
}

static void invvpid(u64 type, u64 vpid, u64 linear)
{
	u64 descriptor[2] = { vpid, linear };

	asm volatile("invvpid %0, %1" : : "m"(descriptor), "r"(type) : "memory", "cc");
}

static void new_guest(u32 secondary)
{
	vmx_new(touch, secondary);
	vmx_set(VMCS_GUEST_CR3, root);
	point(leaf, 0, FLAGS);
}

/* The guest finds @page. */
static void sees(const char *name, u32 page)
{
	struct regs r = { .di = LINEAR + DATA, .si = LINEAR };

	vmx_set(VMCS_GUEST_RIP, (u64)touch);
	CHECK_NAMED(name, vmx_enter(&r), VM_SUCCEED);
	CHECK_NAMED(name, vmx_get(VMCS_REASON), REASON_VMCALL);
	CHECK_NAMED(name, r.cx, 100 + page);
	CHECK_NAMED(name, r.ax, page);
}

/* N131 */
static void by_vpid(void)
{
	static const struct {
		const char *name;
		u64 type, vpid, linear;
	} cases[] = {
		{ "address", 0, 1, LINEAR },
		{ "single context", 1, 1, 0 },
		{ "all contexts", 2, 0, 0 },
		{ "single context, not globals", 3, 1, 0 },
	};

	section("INVVPID");
	for (u32 i = 0; i < 4; i++) {
		new_guest(SECONDARY_VPID);
		invvpid(2, 0, 0);
		for (u32 j = 0; j < 6; j++) {
			point(leaf, j % 3, FLAGS);
			invvpid(cases[i].type, cases[i].vpid, cases[i].linear);
			sees(cases[i].name, j % 3);
			sees(cases[i].name, j % 3);
		}
	}
}

static void by_ept(void)
{
	section("INVEPT");
	for (u64 type = 1; type < 3; type++) {
		u64 eptp, *entry;

		new_guest(SECONDARY_EPT | SECONDARY_VPID);
		eptp = vmx_get(VMCS_EPTP);
		entry = ept_page(eptp & ~0xfffull, (u64)&pages[0]);
		vmx_invept(2, 0);
		for (u32 j = 0; j < 6; j++) {
			point(entry, j % 3, EPT_WB | EPT_ALL);
			vmx_invept(type, eptp);
			sees(type == 1 ? "single context" : "all contexts", j % 3);
			sees(type == 1 ? "single context" : "all contexts", j % 3);
		}
	}
}

/* N132: each entry and each exit invalidates. */
static void without_vpid(void)
{
	section("without VPID");
	for (u32 ept = 0; ept < 2; ept++) {
		new_guest(ept ? SECONDARY_EPT : 0);
		for (u32 j = 0; j < 6; j++) {
			point(leaf, j % 3, FLAGS);
			sees(ept ? "EPT" : "no EPT", j % 3);
		}
	}
}

/* The host has a page of its own there. */
static void host_and_guest(void)
{
	static const u32 secondary[] = { 0, SECONDARY_VPID, SECONDARY_EPT,
					 SECONDARY_EPT | SECONDARY_VPID };
	u64 *own = map(read_cr3(), LINEAR, (u64)&pages[2] | FLAGS, 1);

	section("host and guest");
	for (u32 i = 0; i < 4; i++) {
		new_guest(secondary[i]);
		invvpid(2, 0, 0);
		for (u32 j = 0; j < 20; j++) {
			u32 (*function)(void) = (u32(*)(void))LINEAR;

			sees("guest", 0);
			CHECK_NAMED("host", *(volatile u64 *)(LINEAR + DATA), 102);
			CHECK_NAMED("host", function(), 2);
		}
	}
	*own = 0;
	invlpg((void *)LINEAR);
}

/* N133: guests that differ in VPID, in EPT, in both. */
static void two_guests(void)
{
	u64 eptp[2];

	section("two guests");
	new_guest(SECONDARY_EPT | SECONDARY_VPID);
	eptp[0] = vmx_get(VMCS_EPTP);
	eptp[1] = ept_root() | (eptp[0] & 0xfff);
	point(ept_page(eptp[1] & ~0xfffull, (u64)&pages[0]), 1, EPT_WB | EPT_ALL);
	for (u32 vpids = 1; vpids < 3; vpids++) {
		vmx_invept(2, 0);
		invvpid(2, 0, 0);
		for (u32 i = 0; i < 40; i++) {
			vmx_set(VMCS_EPTP, eptp[i & 1]);
			vmx_set(VMCS_VPID, vpids == 1 ? 1 : 1 + (i & 1));
			sees(vpids == 1 ? "one VPID" : "two VPIDs", i & 1);
		}
	}
}

/* MOV to CR3 in the guest invalidates what the root had before, under whatever VPID. */
CODE(switch_root, "mov %rax, %cr3; mov (%rdi), %rcx; call *%rsi; vmcall");
static void in_guest(void)
{
	u64 other = (u64)page_new(), *far;

	section("MOV to CR3 in a guest");
	memcpy((void *)other, (void *)root, 4096);
	((u64 *)other)[1] = 0;
	far = map(other, LINEAR, (u64)&pages[1] | FLAGS, 1);
	for (u32 i = 0; i < 4; i++) {
		new_guest((i & 1 ? SECONDARY_EPT : 0) | (i & 2 ? SECONDARY_VPID : 0));
		for (u32 j = 0; j < 20; j++) {
			struct regs r = { .ax = j & 2 ? other : root,
					  .di = LINEAR + DATA,
					  .si = LINEAR };

			point(j & 2 ? far : leaf, j % 3, FLAGS);
			vmx_set(VMCS_GUEST_RIP, (u64)switch_root);
			CHECK(vmx_enter(&r), VM_SUCCEED);
			CHECK(vmx_get(VMCS_REASON), REASON_VMCALL);
			CHECK(vmx_get(VMCS_GUEST_CR3), j & 2 ? other : root);
			CHECK(r.cx, 100 + j % 3);
			CHECK(r.ax, j % 3);
		}
	}
}

/*
 * Strings across pages that the guest meets for the first time, each a page of its own in EPT. The
 * hypervisor sees nothing of it, and L0 below it must not cost time.
 */
static void repeated_strings(void)
{
	static u32 area[2][14 * 1024] __attribute__((aligned(4096)));
	struct regs r = { .ax = 0x12345678, .cx = 0x3002, .di = (u64)&area[0][9] };
	u64 ept;

	section("repeated strings");
	vmx_new(fill, SECONDARY_EPT | SECONDARY_VPID);
	ept = vmx_get(VMCS_EPTP) & ~0xfffull;
	for (u64 at = (u64)area; at < (u64)area + sizeof(area); at += 4096)
		ept_page(ept, at);
	vmx_invept(2, 0);
	CHECK(vmx_enter(&r), VM_SUCCEED);
	CHECK(vmx_get(VMCS_REASON), REASON_VMCALL);
	CHECK(r.cx, 0);
	CHECK(r.di, (u64)&area[0][9 + 0x3002]);
	CHECK(area[0][8], 0);
	CHECK(area[0][9], 0x12345678);
	CHECK(area[0][8 + 0x3002], 0x12345678);
	CHECK(area[0][9 + 0x3002], 0);
	r = (struct regs){ .cx = 0xc009, .si = (u64)&area[0][8], .di = (u64)&area[1][6] };
	vmx_set(VMCS_GUEST_RIP, (u64)copy);
	CHECK(vmx_enter(&r), VM_SUCCEED);
	CHECK(vmx_get(VMCS_REASON), REASON_VMCALL);
	CHECK(r.cx, 0);
	CHECK(area[1][6], 0);
	CHECK(area[1][6 + 0x3001], 0x12345678);
	CHECK(area[1][6 + 0x3002], 0x78);
}

/* N134: a VPID that was used before VMXOFF. What invalidates after VMXON drops that, too. */
static void after_vmxoff(void)
{
	section("after VMXOFF");
	for (u32 i = 0; i < 6; i++) {
		new_guest(SECONDARY_VPID | (i & 1 ? SECONDARY_EPT : 0));
		invvpid(2, 0, 0);
		sees("before", 0);
		asm volatile("vmxoff");
		if (!CHECK(vmx_on(), true))
			return;
		new_guest(SECONDARY_VPID | (i & 1 ? SECONDARY_EPT : 0));
		point(leaf, 1 + i % 2, FLAGS);
		invvpid(i & 2 ? 1 : 2, 1, 0);
		sees("after", 1 + i % 2);
	}
}

int main(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	section("VMXON");
	if (!CHECK(vmx_on(), true))
		return 1;
	make_pages();
	by_vpid();
	by_ept();
	without_vpid();
	host_and_guest();
	two_guests();
	in_guest();
	repeated_strings();
	after_vmxoff();
	return 0;
}
