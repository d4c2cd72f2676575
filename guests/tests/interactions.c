// SPDX-License-Identifier: MIT
/*
 * Where two mechanisms of VT-x meet: NMIs and what an IRET leaves behind, #VE of an IRET, EPTP
 * switching without VPID, a debug exception in a MOV SS shadow, operands with dirty upper halves.
 */
#include "l2.h"

#define LEAF (PTE_P | PTE_W | PTE_A | PTE_D)
#define APIC_ICR 0xfee00300u
#define ICR_NMI 0x400u
#define ICR_SELF_IPI 0x44061u /* to itself, level assert, which does not count */
#define DR7_GD (1u << 13)

enum {
	PIN_INTERRUPT = 1 << 0,
	PIN_NMI = 1 << 3,
	PIN_VIRTUAL_NMIS = 1 << 5,
	PRIMARY_TPR_SHADOW = 1 << 21,
	SECONDARY_APIC_ACCESS = 1 << 0,
	SECONDARY_REGISTERS = 1 << 8,
	SECONDARY_DELIVERY = 1 << 9,
	SECONDARY_SPP = 1 << 23,
	ENTRY_LOAD_DEBUG = 1 << 2,
	VMCS_STATUS = 0x810,
	VMCS_VIRTUAL_APIC = 0x2012,
	VMCS_APIC_ACCESS = 0x2014,
	VMCS_EOI_EXIT = 0x201c,
	BLOCKED_BY_MOV_SS = 2,
	BLOCKED_BY_NMI = 8,
	VMCS_SPPTP = 0x2030,
	VMCS_TPR_THRESHOLD = 0x401c,
	REASON_TPR = 43,
	REASON_APIC_ACCESS = 44,
	REASON_APIC_WRITE = 56,
};

static struct l2 l2;

/* ---------------------------------------------------------------- IRET and NMIs: T25, N33a */

CODE(v_iret_load, "iretq; after_iret: nop; nop; mov (%rax), %ecx; vmcall");
CODE(v_iret_ud, "iretq; after_iret_ud: nop; nop; ud2; vmcall");
CODE(v_iret, "iretq");
CODE(v_handler_load, "mov (%rax), %ecx; vmcall");
CODE(v_handler, "nop; vmcall");
extern code_t after_iret, after_iret_ud;

/* In an NMI handler of L2, at its IRET to @rip in a segment @cs. */
static void in_handler(code_t *code, u64 rip, u16 cs, u32 secondary)
{
	u64 *frame = (u64 *)((u64)page_new() + 0xf00);

	l2_start(&l2, L2_LONG4, 1, LEAF, code, secondary);
	vmx_set(VMCS_PIN, vmx_controls(VMCS_PIN, PIN_NMI | PIN_VIRTUAL_NMIS));
	vmx_set(VMCS_INTERRUPTIBILITY, BLOCKED_BY_NMI);
	vmx_set(VMCS_GUEST_RSP, (u64)frame);
	frame[0] = rip;
	frame[1] = cs;
	frame[2] = FLAG_ONE;
	frame[3] = (u64)frame + 0x40;
	frame[4] = SEL_DATA;
	l2.regs.ax = L2_DATA;
}

/* A stack for gates that have one of their own. */
static void own_stack(code_t *handler)
{
	u8 *state = page_new();

	l2_idt(handler, 1);
	*(u64 *)(state + 0x24) = (u64)page_new() + 0xff0;
	vmx_set(VMCS_GUEST_TR_BASE, (u64)state);
}

static void test_after_iret(void)
{
	section("what comes after an IRET is not the IRET's");
	in_handler(v_iret_load, (u64)after_iret, SEL_CODE64, 0);
	l2_ept(&l2, L2_DATA, 0);
	CHECK(l2_enter(&l2), REASON_EPT);
	CHECK(vmx_get(VMCS_GUEST_RIP), (u64)after_iret + 2);
	CHECK(vmx_get(VMCS_QUALIFICATION) >> 12 & 1, 0);
	CHECK(vmx_get(VMCS_INTERRUPTIBILITY), 0);
	in_handler(v_iret_load, (u64)after_iret, SEL_CODE64, 0);
	CHECK(l2_enter(&l2), REASON_VMCALL);
	CHECK(vmx_get(VMCS_INTERRUPTIBILITY), 0);
	in_handler(v_iret_ud, (u64)after_iret_ud, SEL_CODE64, 0);
	vmx_set(VMCS_EXCEPTIONS, 1 << VECTOR_UD);
	CHECK(l2_enter(&l2), REASON_EXCEPTION);
	CHECK(vmx_get(VMCS_EXIT_INFO), 0x80000306);
	/* its own fault, delivered; the handler's first access */
	in_handler(v_iret, (u64)v_handler, 0x7770, 0);
	own_stack(v_handler_load);
	l2_ept(&l2, L2_DATA, 0);
	CHECK(l2_enter(&l2), REASON_EPT);
	CHECK(vmx_get(VMCS_GUEST_RIP), (u64)v_handler_load);
	CHECK(vmx_get(VMCS_QUALIFICATION) >> 12 & 1, 0);
	CHECK(vmx_get(VMCS_INTERRUPTIBILITY), 0);
	/* the same, as an exit: the IRET's */
	in_handler(v_iret, (u64)v_handler, 0x7770, 0);
	vmx_set(VMCS_EXCEPTIONS, 1 << VECTOR_GP);
	CHECK(l2_enter(&l2), REASON_EXCEPTION);
	CHECK(vmx_get(VMCS_EXIT_INFO), 0x80001b0d);
	CHECK(vmx_get(VMCS_EXIT_ERROR), 0x7770);
}

static u64 ve_area[512] __attribute__((aligned(4096)));

/* It is L2's own, or @exits. */
static void ve_begin(bool exits)
{
	memset(ve_area, 0, sizeof(ve_area));
	vmx_set(VMCS_VE_AREA, (u64)ve_area);
	if (exits)
		vmx_set(VMCS_EXCEPTIONS, 1 << 20);
}

static void test_ve(void)
{
	section("#VE of an IRET");
	for (u32 exits = 0; exits < 2; exits++) {
		in_handler(v_iret, (u64)v_handler, SEL_CODE64, SECONDARY_VE);
		l2_ept(&l2, vmx_get(VMCS_GUEST_RSP), 0);
		own_stack(v_handler);
		ve_begin(exits);
		CHECK(l2_enter(&l2), exits ? REASON_EXCEPTION : REASON_VMCALL);
		if (exits)
			CHECK(vmx_get(VMCS_EXIT_INFO), 0x80001314);
		CHECK(ve_area[0], 0xffffffff00000030);
		CHECK(ve_area[1] >> 12 & 1, 1);
		CHECK(vmx_get(VMCS_INTERRUPTIBILITY), 0);
	}
}

CODE(v_enter, "enter $0, $2; vmcall");
CODE(v_far_call, "lcall *(%rbx); vmcall");

/* T41. Instructions that look at their pages more than once raise one #VE all the same. */
static void test_ve_of_pushes(void)
{
	static const struct {
		u32 offset; /* of SP, from the upper page */
		u8 refused; /* 0: RBP's page, 1: the lower one of the stack, 2: the upper one */
	} cases[] = { { 0x800, 0 }, { 4, 1 }, { 4, 2 }, { 0, 1 } };
	static struct {
		u32 offset;
		u16 selector;
	} target = { 0, SEL_CODE64 };

	section("#VE of ENTER and far CALL");
	for (u32 i = 0; i < 2 * sizeof(cases) / sizeof(cases[0]); i++) {
		u32 exits = i & 1;
		u64 lower = (u64)page_new(), upper = (u64)page_new(), refused;

		CHECK(upper, lower + 4096);
		l2_start(&l2, L2_LONG4, 1, LEAF, cases[i / 2].refused ? v_far_call : v_enter,
			 SECONDARY_VE);
		own_stack(v_handler);
		ve_begin(exits);
		vmx_set(VMCS_GUEST_RSP, upper + cases[i / 2].offset);
		refused = cases[i / 2].refused == 0   ? L2_DATA
			  : cases[i / 2].refused == 1 ? lower
						      : upper;
		l2_ept(&l2, refused, 0);
		l2.regs.bp = l2.gla + 8;
		l2.regs.bx = (u64)&target;
		CHECK(l2_enter(&l2), exits ? REASON_EXCEPTION : REASON_VMCALL);
		CHECK(ve_area[0], 0xffffffff00000030);
		CHECK(ve_area[3] & ~0xfffull, refused & ~0xfffull);
	}
}

CODE32(v_pe, "mov (%eax), %ecx; mov %cr0, %edx; xor $1, %edx; mov %edx, %cr0; mov (%ebx), %ecx");

/* SDM Vol 3C "Convertible EPT Violations": in protected mode, as CR0.PE is by then. */
static void test_ve_and_pe(void)
{
	section("#VE with CR0.PE changed");
	for (u32 enters = 0; enters < 2; enters++) {
		l2_start(&l2, L2_FLAT, 1, LEAF, v_pe, SECONDARY_VE);
		ve_begin(true);
		if (enters)
			vmx_set(VMCS_GUEST_CR0, vmx_get(VMCS_GUEST_CR0) & ~CR0_PE);
		l2.regs.ax = L2_DATA + 0x1000;
		l2.regs.bx = L2_DATA;
		l2_ept(&l2, L2_DATA, 0);
		CHECK(l2_enter(&l2), enters ? REASON_EXCEPTION : REASON_EPT);
		CHECK(vmx_get(VMCS_GUEST_CR0) & CR0_PE, enters);
		CHECK(ve_area[0], enters ? 0xffffffff00000030 : 0);
	}
}

/* ---------------------------------------------------------------- RF of what follows another */

static u64 flags_of[3], rip_of[3]; /* by vector */

static void on_event(struct frame *frame)
{
	flags_of[frame->vector] = frame->flags;
	rip_of[frame->vector] = frame->ip;
}

/*
 * SDM Vol 3B "Instruction-Breakpoint Exception Condition": of two events between two iterations the
 * second is pushed by the handler of the first, whose first instruction is still to come.
 */
static void test_two_events(void)
{
	u64 rdi = 0xfee00300, rcx = 2;
	u8 ist[2] = { gate(1)->ist, gate(2)->ist };

	section("two events between iterations");
	gate(1)->ist = gate(2)->ist = 0;
	on_vector(1, on_event);
	on_vector(2, on_event);
	asm volatile("mov %0, %%dr0" : : "r"(rdi));
	asm volatile("mov %0, %%dr7" : : "r"(0x400ull | 2 | 1 << 16 | 3 << 18));
	asm volatile("rep stosl" : "+D"(rdi), "+c"(rcx) : "a"(0x40400) : "memory");
	asm volatile("mov %0, %%dr7" : : "r"(0x400ull));
	on_vector(1, NULL);
	on_vector(2, NULL);
	gate(1)->ist = ist[0];
	gate(2)->ist = ist[1];
	CHECK(flags_of[1] & FLAG_RF, FLAG_RF);
	CHECK(flags_of[2] & FLAG_RF, 0);
	CHECK(rip_of[2] != rip_of[1], 1);
}

CODE32(v_task, "lcall *(%ebx); vmcall");

/* SDM Vol 3C "Saving RIP, RSP, RFLAGS, and SSP": as in the old TSS, cleared by the instruction. */
static void test_task_switch(void)
{
	static u64 tss[16];
	static struct {
		u32 offset;
		u16 selector;
	} target = { 0, SEL_FREE };

	section("RF of a task switch by CALL");
	l2_start(&l2, L2_PAE, 1, LEAF, v_task, 0);
	*gdt(SEL_FREE) = descriptor((u32)(u64)tss, 0x67, 0x89);
	l2.regs.bx = (u64)&target;
	vmx_set(VMCS_GUEST_RFLAGS, FLAG_RF | FLAG_ONE);
	vmx_set(VMCS_GUEST_TR_AR, 0x8b);
	CHECK(l2_enter(&l2), REASON_TASK_SWITCH);
	CHECK(vmx_get(VMCS_GUEST_RFLAGS), FLAG_ONE);
}

static volatile u32 nmis;

static void on_nmi(struct frame *frame)
{
	(void)frame;
	nmis++;
}

static void wait_for_nmi(u32 want)
{
	apic_ipi(apic_id(), ICR_NMI);
	for (u32 i = 0; i < 20000 && nmis != want; i++)
		asm volatile("pause");
	CHECK(nmis, want);
}

/* An NMI to itself, and when it has come a load of a page that EPT02 does not have; another NMI. */
CODE(v_nmis, "movl $0x400, (%rbx); nop;"
	     "1: cmpl $1, (%rdi); jne 1b; mov (%rax), %ecx; movl $0x400, (%rbx); mov $2000, %ecx;"
	     "2: cmpl $2, (%rdi); je 3f; dec %ecx; jnz 2b; 3: mov (%rdi), %edx; vmcall");
CODE(v_nmi_handler, "incl (%rdi); iretq");

static void test_nmis(void)
{
	static u32 count;

	section("NMIs after an IRET and an exit");
	on_vector(2, on_nmi);
	l2_start(&l2, L2_LONG4, 1, LEAF, v_handler, 0);
	wait_for_nmi(1);
	vmx_pointer(); /* VMPTRST: an exit that L0 handles */
	wait_for_nmi(2);
	cpuid(0, 0);
	wait_for_nmi(3);
	l2_start(&l2, L2_LONG4, 1, LEAF, v_nmis, 0);
	l2_idt(v_nmi_handler, 0);
	l2.regs.ax = L2_DATA;
	l2.regs.bx = APIC_ICR;
	l2.regs.di = (u64)&count;
	CHECK(l2_enter(&l2), REASON_VMCALL);
	CHECK(l2.regs.dx, 2);
	CHECK(vmx_get(VMCS_INTERRUPTIBILITY), 0);
}

/* ---------------------------------------------------------------- EPTP switching */

/* Reads, changes the PTE, switches to list entry 1 and back, reads again. */
CODE(v_switch, "mov (%rbx), %edx; mov %rsi, (%rdi); xor %ecx, %ecx; inc %ecx; xor %eax, %eax;"
	       "vmfunc; dec %ecx; vmfunc; mov (%rbx), %edx; vmcall");

/* SDM Vol 3C "Operations that Invalidate Cached Mappings" */
static void test_switching(void)
{
	static u64 list[512] __attribute__((aligned(4096)));
	const u64 second = L2_DATA + 0x1000;

	section("EPTP switching without VPID drops combined mappings");
	l2_start(&l2, L2_LONG4, 1, LEAF, v_switch, SECONDARY_VMFUNC);
	*(u32 *)L2_DATA = 0x1111;
	*(u32 *)second = 0x2222;
	list[0] = vmx_get(VMCS_EPTP);
	list[1] = ept_root() | 6 | 3 << 3;
	vmx_set(VMCS_EPTP_LIST, (u64)list);
	vmx_set(VMCS_VMFUNC, 1);
	l2.regs.bx = l2.gla;
	l2.regs.di = l2.entry_at[1];
	l2.regs.si = (second & ~0xfffull) | LEAF;
	CHECK(l2_enter(&l2), REASON_VMCALL);
	CHECK(l2.regs.dx, 0x2222);
}

/* Reads by list entry 1, changes its EPT leaf by list entry 0, reads by 1 again. */
CODE(v_switch_leaf,
     "xor %ecx, %ecx; inc %ecx; xor %eax, %eax; vmfunc; mov (%rbx), %edx;"
     "dec %ecx; vmfunc; mov %rsi, (%rdi); inc %ecx; vmfunc; mov (%rbx), %edx; vmcall");

static void test_switching_leaf(void)
{
	static u64 list[512] __attribute__((aligned(4096)));
	const u64 offset = L2_DATA & 0xfff;
	u64 first = (u64)page_new(), second = (u64)page_new(), other = ept_root();

	section("and what L0 has made of them");
	l2_start(&l2, L2_LONG4, 1, LEAF, v_switch_leaf, SECONDARY_VMFUNC);
	*(u32 *)(first + offset) = 2;
	*(u32 *)(second + offset) = 3;
	*ept_page(other, L2_DATA & ~0xfffull) = first | EPT_WB | 7;
	list[0] = vmx_get(VMCS_EPTP);
	list[1] = other | 6 | 3 << 3;
	vmx_set(VMCS_EPTP_LIST, (u64)list);
	vmx_set(VMCS_VMFUNC, 1);
	l2.regs.bx = l2.gla;
	l2.regs.di = (u64)ept_page(other, L2_DATA & ~0xfffull);
	l2.regs.si = second | EPT_WB | 7;
	CHECK(l2_enter(&l2), REASON_VMCALL);
	CHECK(l2.regs.dx, 3);
}

/* ---------------------------------------------------------------- SPPTP and VPID */

static u64 sub_page_table(u64 address, u64 vector)
{
	u64 *table = page_new(), root = (u64)table;

	for (u32 level = 4; level > 1; level--) {
		u64 *next = page_new();

		table[address >> (12 + 9 * (level - 1)) & 511] = (u64)next | 1;
		table = next;
	}
	table[address >> 12 & 511] = vector;
	return root;
}

CODE(v_two_writes, "mov %rcx, (%rax); vmcall; mov %rcx, (%rbx); vmcall");

/* SDM Vol 3C "Sub-Page Write Permissions": the table is the current VMCS's. */
static void test_sub_page_table(void)
{
	u64 first = (u64)page_new(), second = (u64)page_new();
	u64 allows_first = sub_page_table(first, 1), allows_second = sub_page_table(second, 1);

	section("another sub-page table with a VPID");
	l2_start(&l2, L2_LONG4, 1, LEAF, v_two_writes, SECONDARY_SPP | SECONDARY_VPID);
	vmx_set(VMCS_VPID, 7);
	vmx_set(VMCS_SPPTP, allows_first);
	l2_ept(&l2, first, 1 | 1ull << 61);
	l2_ept(&l2, second, 1 | 1ull << 61);
	l2.regs.ax = first;
	l2.regs.bx = second;
	CHECK(l2_enter(&l2), REASON_VMCALL);
	vmx_set(VMCS_GUEST_RIP, (u64)v_two_writes + 6);
	vmx_set(VMCS_SPPTP, allows_second);
	CHECK(l2_enter(&l2), REASON_VMCALL);
	CHECK(vmx_get(VMCS_GUEST_RIP), (u64)v_two_writes + 9);
}

/* ---------------------------------------------------------------- writes of the APIC page */

static u8 virtual_apic[4096] __attribute__((aligned(4096)));
static u8 access_page[2 * 4096] __attribute__((aligned(4096)));

static void apic_begin(code_t *code, u32 secondary)
{
	memset(virtual_apic, 0, sizeof(virtual_apic));
	l2_start(&l2, L2_LONG4, 1, LEAF, code, SECONDARY_APIC_ACCESS | secondary);
	vmx_set(VMCS_PIN, vmx_controls(VMCS_PIN, PIN_INTERRUPT));
	vmx_primary(PRIMARY_TPR_SHADOW);
	vmx_set(VMCS_VIRTUAL_APIC, (u64)virtual_apic);
	vmx_set(VMCS_APIC_ACCESS, (u64)access_page);
	for (u32 i = 0; i < 4; i++)
		vmx_set(VMCS_EOI_EXIT + 2 * i, 0);
	vmx_set(VMCS_STATUS, 0);
}

CODE(v_enter_16, ".byte 0x66; enter $0, $2; vmcall");

/*
 * SDM Vol 3C "APIC-Write Emulation": of an instruction that faults behind its write, after the
 * fault has been delivered, on a stack that L0 has yet to map.
 */
static void test_write_and_fault(void)
{
	section("a virtualized write and a fault");
	apic_begin(v_enter_16, 0);
	own_stack(v_handler);
	virtual_apic[0x80] = 0x50;
	vmx_set(VMCS_TPR_THRESHOLD, 4);
	vmx_set(VMCS_GUEST_RSP, (u64)access_page + 0x82);
	l2.regs.bp = 0x7000000010; /* not mapped; and what is pushed to the TPR */
	CHECK(l2_enter(&l2), REASON_TPR);
	CHECK(vmx_get(VMCS_GUEST_RIP), (u64)v_handler);
	CHECK(virtual_apic[0x80], 0x10);
}

CODE(v_enter_nested, ".byte 0x66; enter $0, $1; vmcall");
CODE(v_far_call_16, "lcallw *(%rbx); vmcall");
CODE(v_enter_above, ".byte 0x66; enter $0x1050, $0; vmcall");

/*
 * SDM Vol 3C "Virtualizing Reads from the APIC-Access Page", "Virtualizing Writes to ...": a write,
 * and then one elsewhere or a read.
 */
static void test_second_access(void)
{
	static const struct {
		code_t *code;
		u64 frame; /* in the page; or 0 */
		u32 qualification;
	} cases[] = {
		{ v_enter_nested, 0, 1 << 12 | 0x80 },
		{ v_enter_16, 0x82, 0x80 },
		{ v_far_call_16, 0, 1 << 12 | 0x80 },
	};
	static struct {
		u16 offset, selector;
	} target = { 0, SEL_CODE };

	section("one virtualized write in an instruction");
	for (u32 i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		u64 top = (u64)access_page + 0x84;

		apic_begin(cases[i].code, 0);
		virtual_apic[0x80] = 0x50;
		vmx_set(VMCS_GUEST_RSP, top);
		l2.regs.bp = cases[i].frame ? (u64)access_page + cases[i].frame : 0x1234;
		l2.regs.bx = (u64)&target;
		CHECK(l2_enter(&l2), REASON_APIC_ACCESS);
		CHECK(vmx_get(VMCS_QUALIFICATION), cases[i].qualification);
		CHECK(vmx_get(VMCS_GUEST_RIP), (u64)cases[i].code);
		CHECK(vmx_get(VMCS_GUEST_RSP), top);
		CHECK(virtual_apic[0x80], 0x50);
	}
}

/*
 * SDM Vol 3C "Instruction-Specific Considerations": ENTER is judged by its new stack top, and does
 * not write there; what it pushes is in the page above.
 */
static void test_stack_top(void)
{
	section("the new stack top of ENTER is not written");
	apic_begin(v_enter_above, SECONDARY_DELIVERY);
	virtual_apic[0xb0] = 0x55;
	vmx_set(VMCS_STATUS, 0x6100);
	virtual_apic[0x130] = 2; /* vector 61H is in service */
	vmx_set(VMCS_GUEST_RSP, (u64)access_page + 0x1102);
	CHECK(l2_enter(&l2), REASON_VMCALL);
	CHECK(vmx_get(VMCS_GUEST_RSP), (u64)access_page + 0xb0);
	CHECK(vmx_get(VMCS_STATUS), 0x6100);
	CHECK(virtual_apic[0xb0], 0x55);
}

CODE(v_icr, "movl %ecx, 0x300(%rax); nop; vmcall");

/* SDM Vol 3C "APIC-Write Emulation": bit 14 is not looked at, bit 15 is. */
static void test_self_ipi(void)
{
	section("self-IPI by ICR");
	for (u32 level = 0; level < 2; level++) {
		apic_begin(v_icr, SECONDARY_REGISTERS | SECONDARY_DELIVERY);
		l2.regs.ax = (u64)access_page;
		l2.regs.cx = ICR_SELF_IPI | level << 15;
		CHECK(l2_enter(&l2), level ? REASON_APIC_WRITE : REASON_VMCALL);
		CHECK(vmx_get(VMCS_STATUS), level ? 0 : 0x61);
	}
}

/* ---------------------------------------------------------------- CR4 in 32-bit code */

CODE32(v_cr4, "mov %eax, %cr4; vmcall");

static void test_upper_half(void)
{
	section("MOV to CR4 in 32-bit code with a dirty upper half");
	l2_start(&l2, L2_PAE, 1, LEAF, v_cr4, 0);
	vmx_set(VMCS_CR4_MASK, 0xffffffff00000000);
	vmx_set(VMCS_CR4_SHADOW, 0);
	l2.regs.ax = (vmx_get(VMCS_GUEST_CR4) ^ CR4_PSE) | 0xdeadbeef00000000;
	CHECK(l2_enter(&l2), REASON_VMCALL);
}

/* ---------------------------------------------------------------- MOV SS and a debug exception */

CODE(v_protected, "mov (%rbx), %ss; mov %rax, %dr2; vmcall");

/* SDM Vol 3C "Saving Non-Register State": not of a debug exception, which tells of them itself. */
static void test_held_back(void)
{
	static u16 selector __attribute__((aligned(8))) = SEL_DATA;

	section("a debug exception that exits behind MOV SS");
	l2_start(&l2, L2_LONG4, 1, LEAF, v_protected, 0);
	vmx_set(VMCS_EXCEPTIONS, 1 << VECTOR_DB);
	asm volatile("mov %0, %%dr0" : : "r"((u64)&selector));
	vmx_set(VMCS_ENTRY_CONTROLS, vmx_get(VMCS_ENTRY_CONTROLS) | ENTRY_LOAD_DEBUG);
	vmx_set(VMCS_GUEST_DR7, 0x400 | DR7_GD | 3 << 16 | 1 << 18 | 2);
	l2.regs.bx = (u64)&selector;
	CHECK(l2_enter(&l2), REASON_EXCEPTION);
	CHECK(vmx_get(VMCS_EXIT_INFO), 0x80000301);
	CHECK(vmx_get(VMCS_GUEST_RIP), (u64)v_protected + 2);
	CHECK(vmx_get(VMCS_QUALIFICATION), 1 << 13 | 1);
	CHECK(vmx_get(VMCS_PENDING_DEBUG), 0);
	CHECK(vmx_get(VMCS_INTERRUPTIBILITY), BLOCKED_BY_MOV_SS);
}

int main(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	if (!vmx_on())
		return 1;
	apic_on();
	test_after_iret();
	test_ve();
	test_ve_of_pushes();
	test_ve_and_pe();
	test_two_events();
	test_task_switch();
	test_nmis();
	test_switching();
	test_switching_leaf();
	if (read_msr(0x48b) >> 32 & SECONDARY_SPP)
		test_sub_page_table();
	test_write_and_fault();
	test_second_access();
	test_stack_top();
	test_self_ipi();
	test_upper_half();
	test_held_back();
	return 0;
}
