// SPDX-License-Identifier: MIT
/*
 * An EPT violation invalidates what is cached for its address: the hypervisor that gives another
 * page there then needs no INVEPT. So it is, too, where a hypervisor below finds the violation
 * while it emulates an instruction: string I/O, another operand in a device's page.
 *
 * SDM vol. 3 "Operations that Invalidate Cached Mappings", "Use of the INVEPT Instruction"
 */
#include "l2.h"

/* The page is read, then met by what is emulated; the exit's page is another; read again. */
CODE(x_outs, "mov (%rsi), %ecx; invlpg (%rsi); vmcall; outsb; vmcall; mov (%rsi), %ecx; vmcall");
CODE(x_push,
     "mov (%rsi), %ecx; invlpg (%rsi); vmcall; push (%rbx); vmcall; mov (%rsi), %ecx; vmcall");
CODE(x_ins, "mov (%rsi), %ecx; vmcall; insb; vmcall; mov (%rsi), %ecx; vmcall");
CODE(x_handler, "vmcall; iretq");

#define LEAF (PTE_P | PTE_W | PTE_A | PTE_D)
#define PAGE(x) ((u64)(x) & ~0xfffull)
#define DEVICE 0xfee00030ull
#define SCRATCH 0x3ff /* a register of the UART: 0 */
#define STACK 0x108
#define VMCALL_LENGTH 3

static u32 pages[2][1024] __attribute__((aligned(4096)));
static u64 table[512] __attribute__((aligned(4096)));
static u64 area[512] __attribute__((aligned(4096)));

struct way {
	const char *name;
	code_t *code;
	u64 given, taken; /* rights by EPT, with the first page and without it */
	u64 kind;
	u32 port, offset, reads;
};

static const struct way ways[] = {
	{ "outsb", x_outs, EPT_ALL, 0, READ, 0x80, 0, 0x2211 },
	{ "outsb, execute-only", x_outs, EPT_ALL, FETCH, READ, 0x80, 0, 0x2211 },
	{ "push of a device", x_push, EPT_ALL, READ, WRITE, 0, STACK, 0x2211 },
	{ "insb, a copy on write", x_ins, READ, READ, WRITE, SCRATCH, 0, 0x2200 },
};
#define WAYS (sizeof(ways) / sizeof(ways[0]))

/* A guest whose linear address @gla begins a page, with registers for @way. */
static void begin(struct l2 *l2, enum l2_mode mode, const struct way *way, u32 secondary)
{
	pages[0][0] = 0x1100;
	pages[1][0] = 0x2211;
	l2_start(l2, mode, 1, LEAF, way->code, SECONDARY_VPID | secondary);
	l2->gla = PAGE(l2->gla);
}

static u32 enter(struct l2 *l2, const struct way *way)
{
	l2->regs = (struct regs){ .dx = way->port, .si = l2->gla, .di = l2->gla, .bx = DEVICE };
	vmx_set(VMCS_GUEST_RSP, l2->gla + STACK);
	return l2_enter(l2);
}

/* Behind the VMCALL; where that is. */
static u64 go_on(void)
{
	u64 rip = vmx_get(VMCS_GUEST_RIP) + VMCALL_LENGTH;

	vmx_set(VMCS_GUEST_RIP, rip);
	return rip;
}

static u64 step_of(enum l2_mode mode)
{
	return mode == L2_LONG4 || mode == L2_LONG5 ? 8 : 4;
}

/* The instruction completes, and the page that it finds is the one that is read. */
static void other_page(const char *name, struct l2 *l2, const struct way *way)
{
	CHECK_NAMED(name, enter(l2, way), REASON_VMCALL);
	go_on();
	CHECK_NAMED(name, enter(l2, way), REASON_VMCALL);
	CHECK_NAMED(name, l2->regs.cx, way->reads);
	CHECK_NAMED(name, pages[0][0], 0x1100);
}

/* H21: the page of the data */
static void final_page(enum l2_mode mode, const struct way *way)
{
	u64 *entry, rip, at = way->offset ? way->offset - step_of(mode) : 0;
	struct l2 l2;

	begin(&l2, mode, way, 0);
	entry = ept_page(l2.ept, l2.data);
	*entry = (u64)pages[0] | EPT_WB | way->given;
	CHECK_NAMED(way->name, enter(&l2, way), REASON_VMCALL);
	CHECK_NAMED(way->name, l2.regs.cx, 0x1100);
	rip = go_on();
	*entry = (u64)pages[0] | (way->taken ? EPT_WB : 0) | way->taken;
	enter(&l2, way);
	l2_violation(way->name,
		     &(struct l2_fault){ .qualification = way->kind | way->taken << 3 | 0x180 |
							  l2_advanced(false, true, false),
					 .gpa = PAGE(l2.data) + at,
					 .gla = l2.gla + at,
					 .rip = rip });
	*entry = (u64)pages[1] | EPT_WB | EPT_ALL;
	other_page(way->name, &l2, way);
}

/* A page of the guest's tables: another one with another leaf */
static void table_page(enum l2_mode mode)
{
	const struct way *way = &ways[0];
	u64 *entry, rip, at, before;
	struct l2 l2, other;

	begin(&l2, mode, way, 0);
	at = l2.entry_at[1];
	l2_entry_set(&l2, 1, (u64)pages[0] | LEAF);
	memcpy(table, (void *)PAGE(at), 4096);
	other = l2;
	other.entry_at[1] = (u64)table + (at & 0xfff);
	l2_entry_set(&other, 1, (u64)pages[1] | LEAF);
	entry = ept_page(l2.ept, at);
	CHECK_NAMED("table", enter(&l2, way), REASON_VMCALL);
	CHECK_NAMED("table", l2.regs.cx, 0x1100);
	rip = go_on();
	before = *entry;
	*entry = 0;
	enter(&l2, way);
	l2_violation("table",
		     &(struct l2_fault){
			     .qualification = READ | 0x80, .gpa = at, .gla = l2.gla, .rip = rip });
	*entry = (before & 0xfff) | (u64)table;
	other_page("table", &l2, way);
}

/* D16: the violation is a virtualization exception, which the guest's own handler gets. */
static void virtualization_exception(void)
{
	const struct way *way = &ways[0];
	u64 *entry, rip, rsp;
	struct l2 l2;

	begin(&l2, L2_LONG4, way, SECONDARY_VE);
	memset(area, 0, sizeof(area));
	vmx_set(VMCS_VE_AREA, (u64)area);
	l2_idt(x_handler, 0);
	rsp = vmx_get(VMCS_GUEST_RSP);
	entry = ept_page(l2.ept, l2.data);
	*entry = (u64)pages[0] | EPT_WB | EPT_ALL;
	l2.regs = (struct regs){ .dx = way->port, .si = l2.gla };
	CHECK(l2_enter(&l2), REASON_VMCALL);
	CHECK(l2.regs.cx, 0x1100);
	rip = go_on();
	*entry = 0;
	CHECK(l2_enter(&l2), REASON_VMCALL);
	CHECK(vmx_get(VMCS_GUEST_RIP), (u64)x_handler);
	CHECK(*(u64 *)vmx_get(VMCS_GUEST_RSP), rip);
	CHECK(area[0], 0xffffffff00000000 | REASON_EPT);
	CHECK(area[1], READ | 0x180 | l2_advanced(false, true, false));
	CHECK(area[2], l2.gla);
	CHECK(area[3], PAGE(l2.data));
	*entry = (u64)pages[1] | EPT_WB | EPT_ALL;
	go_on();
	CHECK(l2_enter(&l2), REASON_VMCALL);
	CHECK(vmx_get(VMCS_GUEST_RSP), rsp);
	go_on();
	l2.regs.si = l2.gla;
	CHECK(l2_enter(&l2), REASON_VMCALL);
	CHECK(l2.regs.cx, 0x2211);
}

int main(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	section("VMXON");
	if (!CHECK(vmx_on(), true))
		return 1;
	apic_on();
	for (enum l2_mode mode = 0; mode < L2_FLAT; mode++) {
		section(l2_mode_name(mode));
		if (!l2_mode_exists(mode))
			continue;
		for (u32 i = 0; i < WAYS; i++)
			final_page(mode, &ways[i]);
		table_page(mode);
	}
	section("#VE");
	virtualization_exception();
	return 0;
}
