// SPDX-License-Identifier: MIT
/*
 * The APIC-access page, reached in every way: by instructions, by the delivery of an event, as a
 * guest paging structure, as PDPTEs. SDM vol. 3 "Virtualizing Memory-Mapped APIC Accesses"
 */
#include "vmx.h"

enum {
	VMCS_VIRTUAL_APIC = 0x2012,
	VMCS_APIC_ACCESS = 0x2014,
	VMCS_GUEST_PDPTE = 0x280a,
	VMCS_GUEST_CS_AR = 0x4816,
	SECONDARY_APIC_ACCESS = 1 << 0,
	PRIMARY_TPR_SHADOW = 1 << 21,
	ENTRY_IA32E = 1 << 9,
	EPTP_AD = 1 << 6,
	REASON_VMCALL = 18,
	REASON_APIC_ACCESS = 44,
	REASON_EPT = 48,
};

/* Access types, in their place. */
enum {
	DATA_READ = 0 << 12,
	DATA_WRITE = 1 << 12,
	FETCH = 2 << 12,
	IN_DELIVERY = 3 << 12,
	PHYSICAL_IN_DELIVERY = 10 << 12,
	PHYSICAL = 15 << 12,
};

CODE(do_read, "mov (%rax), %ecx; vmcall");
CODE(do_write, "mov %ecx, (%rax); vmcall");
CODE(do_modify, "lock addl $0x10, (%rax); vmcall");
CODE(do_read8, "mov (%rax), %rcx; vmcall");
CODE(do_call, "call *%rax");
CODE(do_ud, "ud2");
CODE(do_vmcall, "vmcall");
CODE32(load_cr3, "mov %eax, %cr3; vmcall");

static u64 apic_page, virtual_page;
static u8 page_data[4096] __attribute__((aligned(4096)));

static void start(code_t *code, u32 secondary, u64 page)
{
	vmx_new(code, secondary | SECONDARY_APIC_ACCESS);
	vmx_set(VMCS_APIC_ACCESS, page & ~0xfffull);
}

static void expect(const char *name, u64 qualification, u64 defined, u64 rip, u64 idt)
{
	CHECK_NAMED(name, vmx_get(VMCS_REASON), REASON_APIC_ACCESS);
	CHECK_NAMED(name, vmx_get(VMCS_QUALIFICATION) & defined, qualification);
	CHECK_NAMED(name, vmx_get(VMCS_GUEST_RIP), rip);
	CHECK_NAMED(name, vmx_get(VMCS_IDT_INFO), idt);
	CHECK_NAMED(name, vmx_get(VMCS_EXIT_INFO) >> 31, 0);
	/* RF: set but where an event's delivery was under way, whose own image counts then. */
	if (!idt)
		CHECK_NAMED(name, vmx_get(VMCS_GUEST_RFLAGS) & FLAG_RF, FLAG_RF);
}

/* SDM vol. 3 "APIC-Access VM Exits", "Exit Qualification for APIC-Access VM Exits ..." */
static void linear(u32 ept)
{
	static const struct {
		const char *name;
		code_t *code;
		u64 type;
	} cases[] = {
		{ "read", do_read, DATA_READ },
		{ "write", do_write, DATA_WRITE },
		{ "read and write", do_modify, DATA_WRITE },
		{ "fetch", do_call, FETCH },
	};

	for (u32 i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct regs r = { .ax = apic_page + 0x238 };
		u64 rip = cases[i].type == FETCH ? r.ax : (u64)cases[i].code;

		start(cases[i].code, ept, apic_page);
		CHECK_NAMED(cases[i].name, vmx_enter(&r), VM_SUCCEED);
		expect(cases[i].name, 0x238 | cases[i].type, ~0ull, rip, 0);
	}
}

/* Of an instruction that begins on the page before, the rest. */
static void fetch_of_rest(u32 ept)
{
	static u8 pages[8192] __attribute__((aligned(4096)));
	struct regs r = { .ax = (u64)pages + 4095 };

	pages[4095] = 0x48;
	pages[4096] = 0x90;
	start(do_call, ept, (u64)pages + 4096);
	CHECK(vmx_enter(&r), VM_SUCCEED);
	expect("rest of an instruction", 0 | FETCH, ~0ull, r.ax, 0);
}

/* The guest's IDT is the page. */
static void delivery(u32 ept)
{
	struct regs r = { 0 };

	start(do_ud, ept, apic_page);
	vmx_set(VMCS_GUEST_IDTR_BASE, apic_page);
	vmx_set(VMCS_GUEST_IDTR_LIMIT, 0xfff);
	CHECK(vmx_enter(&r), VM_SUCCEED);
	expect("IDT", (16 * VECTOR_UD) | IN_DELIVERY, ~0ull, (u64)do_ud, 0x80000306);
}

/* Physical address of the entry that maps @address at @level, in the tables at @root. */
static u64 entry_at(u64 root, u64 address, int level)
{
	for (int i = 4; i > level; i--)
		root = ((u64 *)root)[address >> (12 + 9 * (i - 1)) & 511] & 0xffffffffff000ull;
	return root + (address >> (12 + 9 * (level - 1)) & 511) * 8;
}

/* A table of the guest's is the page: the access is guest-physical, and its offset undefined. */
static void tables(void)
{
	u64 root = (u64)page_new(), address = 0x8040607238ull, entry, *ept;

	section("guest paging structures");
	memcpy((void *)root, (void *)(read_cr3() & ~0xfffull), 4096);
	((u64 *)root)[1] = 0;
	map(root, address & ~0xfffull, (u64)page_data | PTE_P | PTE_W, 1);
	for (int level = 1; level <= 4; level++) {
		struct regs r = { .ax = address };

		entry = entry_at(root, address, level);
		for (int i = 4; i > 0; i--)
			*(u64 *)entry_at(root, address, i) &= ~(u64)PTE_A;
		start(do_write, SECONDARY_EPT, entry);
		vmx_set(VMCS_GUEST_CR3, root);
		CHECK_NAMED("table", vmx_enter(&r), VM_SUCCEED);
		expect("table", PHYSICAL, ~0ull, (u64)do_write, 0);
		for (int i = 4; i > 0; i--)
			CHECK_NAMED("accessed", *(u64 *)entry_at(root, address, i) & PTE_A, 0);
		/* Without EPT the tables are not looked at: the page's own memory is the entry. */
		start(do_write, 0, entry);
		vmx_set(VMCS_GUEST_CR3, root);
		r = (struct regs){ .ax = address };
		CHECK_NAMED("table, no EPT", vmx_enter(&r), VM_SUCCEED);
		CHECK_NAMED("table, no EPT", vmx_get(VMCS_REASON), REASON_VMCALL);
	}
	/* With accessed and dirty flags for EPT it is a write of the table, and sets them. */
	entry = entry_at(root, address, 1);
	start(do_write, SECONDARY_EPT, entry);
	vmx_set(VMCS_GUEST_CR3, root);
	vmx_set(VMCS_EPTP, vmx_get(VMCS_EPTP) | EPTP_AD);
	ept = ept_page(vmx_get(VMCS_EPTP) & ~0xfffull, entry);
	CHECK(vmx_enter(&(struct regs){ .ax = address }), VM_SUCCEED);
	expect("table, EPT with flags", PHYSICAL, ~0ull, (u64)do_write, 0);
	CHECK(*ept & 0x300, 0x300);
	/* So do the tables on the way there. */
	for (int level = 2; level <= 4; level++) {
		u64 above = entry_at(root, address, level);

		CHECK(*ept_page(vmx_get(VMCS_EPTP) & ~0xfffull, above) & 0x300, 0x300);
	}
	/* The IDT is mapped by it. */
	start(do_ud, SECONDARY_EPT, entry_at(root, address, 1));
	vmx_set(VMCS_GUEST_CR3, root);
	vmx_set(VMCS_GUEST_IDTR_BASE, address & ~0xfffull);
	CHECK(vmx_enter(&(struct regs){ 0 }), VM_SUCCEED);
	expect("table of the IDT", PHYSICAL_IN_DELIVERY, 0xf000, (u64)do_ud, 0x80000306);
	/* What EPT does not allow is an EPT violation first. */
	entry = entry_at(root, address, 1);
	start(do_write, SECONDARY_EPT, entry);
	vmx_set(VMCS_GUEST_CR3, root);
	*ept_page(vmx_get(VMCS_EPTP) & ~0xfffull, entry) = 0;
	CHECK(vmx_enter(&(struct regs){ .ax = address }), VM_SUCCEED);
	CHECK(vmx_get(VMCS_REASON), REASON_EPT);
	CHECK(vmx_get(VMCS_QUALIFICATION) & 0x1ff, 0x81);
	CHECK(vmx_get(VMCS_GPA), entry);
}

/* MOV to CR3 with PAE paging reads the PDPTEs from the page. */
static void pdptes(void)
{
	u64 *pdpt = page_new(), *directory = page_new();
	struct regs r = { .ax = apic_page + 0x20 };

	section("PDPTEs");
	for (u64 i = 0; i < 512; i++)
		directory[i] = i << 21 | PTE_P | PTE_W | 1 << 7;
	pdpt[0] = (u64)directory | PTE_P;
	start(load_cr3, SECONDARY_EPT, apic_page);
	vmx_set(VMCS_ENTRY_CONTROLS, vmx_get(VMCS_ENTRY_CONTROLS) & ~(u64)ENTRY_IA32E);
	vmx_set(VMCS_GUEST_CS_AR, 0xc09b);
	vmx_set(VMCS_GUEST_CR3, (u64)pdpt);
	vmx_set(VMCS_GUEST_PDPTE, pdpt[0]);
	for (u32 i = 1; i < 4; i++)
		vmx_set(VMCS_GUEST_PDPTE + 2 * i, 0);
	CHECK(vmx_enter(&r), VM_SUCCEED);
	expect("PDPTEs", PHYSICAL, 0xf000, (u64)load_cr3, 0);
	CHECK(vmx_get(VMCS_GUEST_CR3), (u64)pdpt);
}

/* SDM vol. 3 "Virtualizing Reads from the APIC-Access Page", "... Writes ..." */
static void virtualized(u32 ept)
{
	struct regs r = { .ax = apic_page + 0x80 };
	u32 *tpr = (u32 *)(virtual_page + 0x80);

	start(do_read, ept, apic_page);
	vmx_primary(PRIMARY_TPR_SHADOW);
	vmx_set(VMCS_VIRTUAL_APIC, virtual_page);
	*tpr = 0x50;
	CHECK(vmx_enter(&r), VM_SUCCEED);
	CHECK(vmx_get(VMCS_REASON), REASON_VMCALL);
	CHECK(r.cx, 0x50);
	vmx_set(VMCS_GUEST_RIP, (u64)do_write);
	r.cx = 0x12345678;
	CHECK(vmx_enter(&r), VM_SUCCEED);
	CHECK(vmx_get(VMCS_REASON), REASON_VMCALL);
	CHECK(*tpr, 0x78);
	vmx_set(VMCS_GUEST_RIP, (u64)do_modify);
	CHECK(vmx_enter(&r), VM_SUCCEED);
	CHECK(vmx_get(VMCS_REASON), REASON_VMCALL);
	CHECK(*tpr, 0x88);
	/* more than 32 bits, and another register: not without more controls */
	vmx_set(VMCS_GUEST_RIP, (u64)do_read8);
	CHECK(vmx_enter(&r), VM_SUCCEED);
	expect("64 bits", 0x80 | DATA_READ, ~0ull, (u64)do_read8, 0);
	vmx_set(VMCS_GUEST_RIP, (u64)do_read);
	r.ax = apic_page + 0x30;
	CHECK(vmx_enter(&r), VM_SUCCEED);
	expect("version", 0x30 | DATA_READ, ~0ull, (u64)do_read, 0);
}

int main(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	if (!CHECK(vmx_on(), true))
		return 1;
	apic_page = (u64)page_new();
	virtual_page = (u64)page_new();
	for (u32 i = 0; i < 2; i++) {
		section(i ? "with EPT" : "without EPT");
		linear(i ? SECONDARY_EPT : 0);
		fetch_of_rest(i ? SECONDARY_EPT : 0);
		delivery(i ? SECONDARY_EPT : 0);
		virtualized(i ? SECONDARY_EPT : 0);
	}
	tables();
	pdptes();
	return 0;
}
