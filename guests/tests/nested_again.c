// SPDX-License-Identifier: MIT
/*
 * Instructions that reach a page which a hypervisor below has yet to give its guest: they are begun
 * again, and what the first attempt did must not be seen. With nothing below, nothing is begun
 * again. So do deliveries.
 *
 * SDM vol. 2 "ENTER", "CALL", "INT n/INTO/INT3/INT1"; vol. 3 "APIC-Write Emulation"
 */
#include "l2.h"

enum {
	VMCS_VIRTUAL_APIC = 0x2012,
	VMCS_APIC_ACCESS = 0x2014,
	VMCS_TPR_THRESHOLD = 0x401c,
	VMCS_GUEST_SS_LIMIT = 0x4804,
	VMCS_GUEST_SS_BASE = 0x680a,
	PRIMARY_TPR_SHADOW = 1 << 21,
	SECONDARY_APIC_ACCESS = 1 << 0,
	SECONDARY_REGISTERS = 1 << 8,
	REASON_TPR = 43,
	REASON_APIC_WRITE = 56,
	AR_CODE_REAL = 0x9b,
	AR_DATA_REAL = 0x93,
	AR_V86 = 0xf3,
	AR_STACK16 = 0x93,
};
#define LEAF (PTE_P | PTE_W | PTE_A | PTE_D)
#define VTPR 0x80u
#define VICR 0x300u
#define WRITTEN 0x10u

CODE32(a_enter, "enter $0x1000, $0; vmcall");
CODE32(a_pusha, "pusha; vmcall");
CODE32(a_movs, "rep movsb; vmcall");

/* With a stack of 64 KBytes that begins in the third page, which is the APIC's. */
#define PAGES 19
static u8 area[PAGES * 4096] __attribute__((aligned(4096)));
static u8 virtual_apic[4096] __attribute__((aligned(4096)));
#define APIC_PAGE ((u64)area + 2 * 4096)

/* Pages of their own in EPT, and none of them in that of a hypervisor below. */
static void split(const struct l2 *l2, u64 from, u32 pages)
{
	for (u32 i = 0; i < pages; i++)
		ept_page(l2->ept, from + i * 4096);
	vmx_invept(2, 0);
}

/* ---------------------------------------------------------------- APIC writes */

struct write {
	const char *name;
	code_t *code;
	u32 stops, ends; /* RIP, from the beginning, at the trap and at the VMCALL */
	u32 size;	 /* of the first push; 0: none */
};

static const struct write writes[] = {
	{ "ENTER", a_enter, 4, 4, 4 },
	{ "PUSHAD", a_pusha, 1, 1, 4 },
	{ "REP MOVSB", a_movs, 0, 2, 0 },
};

/*
 * The first write is to a virtual register and ends in a trap; then comes a page that L0 has not
 * given. The trap is there once, and behind the instruction, or the iteration.
 */
static void trapped(const struct write *w, u32 reg)
{
	u32 secondary = reg == VTPR ? 0 : SECONDARY_REGISTERS;
	struct l2 l2;

	l2_start(&l2, L2_FLAT, 1, 0, w->code, SECONDARY_VPID | SECONDARY_APIC_ACCESS | secondary);
	split(&l2, (u64)area, PAGES);
	memset(virtual_apic, 0, sizeof(virtual_apic));
	virtual_apic[VTPR] = 0xf0;
	area[0xfff] = WRITTEN;
	area[0x1000] = 0;
	vmx_primary(PRIMARY_TPR_SHADOW);
	vmx_set(VMCS_VIRTUAL_APIC, (u64)virtual_apic);
	vmx_set(VMCS_APIC_ACCESS, APIC_PAGE);
	vmx_set(VMCS_TPR_THRESHOLD, reg == VTPR ? 8 : 0);
	vmx_set(VMCS_GUEST_SS_AR, AR_STACK16);
	vmx_set(VMCS_GUEST_SS_LIMIT, 0xffff);
	vmx_set(VMCS_GUEST_SS_BASE, APIC_PAGE + reg);
	vmx_set(VMCS_GUEST_RSP, w->size); /* the next push is at the other end */
	l2.regs = (struct regs){ .ax = WRITTEN,
				 .bp = WRITTEN,
				 .cx = 2,
				 .si = (u64)area + 0xfff,
				 .di = APIC_PAGE + reg };
	CHECK_NAMED(w->name, l2_enter(&l2), reg == VTPR ? REASON_TPR : REASON_APIC_WRITE);
	CHECK_NAMED(w->name, vmx_get(VMCS_GUEST_RIP), (u64)w->code + w->stops);
	CHECK_NAMED(w->name, vmx_get(VMCS_QUALIFICATION), reg == VTPR ? 0 : reg);
	CHECK_NAMED(w->name, *(u32 *)(virtual_apic + reg), WRITTEN);
	vmx_set(VMCS_TPR_THRESHOLD, 0);
	if (w->ends != w->stops && reg != VTPR) {
		CHECK_NAMED(w->name, l2_enter(&l2), REASON_APIC_WRITE);
		CHECK_NAMED(w->name, vmx_get(VMCS_GUEST_RIP), (u64)w->code + w->ends);
	}
	CHECK_NAMED(w->name, l2_enter(&l2), REASON_VMCALL);
	CHECK_NAMED(w->name, vmx_get(VMCS_GUEST_RIP), (u64)w->code + w->ends);
}

static void apic_writes(void)
{
	section("APIC writes");
	if (!l2_mode_exists(L2_FLAT))
		return;
	for (u32 i = 0; i < sizeof(writes) / sizeof(writes[0]); i++) {
		trapped(&writes[i], VTPR);
		trapped(&writes[i], VICR);
	}
}

/* ---------------------------------------------------------------- ENTER */

CODE(a_frames, "enter $0x2000, $5; vmcall");

/*
 * Frames that lie over the pointers that are copied; what is pushed may be read again, and what is
 * read is as the pushes before have left it. The new top is in a page that L0 has not given.
 */
static void frames(long long distance, const long long *expected)
{
	static u64 stack[4 * 512] __attribute__((aligned(4096)));
	u64 *sp = &stack[3 * 512 + 256];
	struct l2 l2;

	l2_start(&l2, L2_LONG4, 1, LEAF, a_frames, SECONDARY_VPID);
	split(&l2, (u64)stack, 4);
	for (int i = -16; i < 4; i++)
		sp[i] = (u64)(0x1000 - i);
	vmx_set(VMCS_GUEST_RSP, (u64)sp);
	l2.regs = (struct regs){ .bp = (u64)(sp + distance) };
	CHECK(l2_enter(&l2), REASON_VMCALL);
	CHECK(l2.regs.bp, (u64)(sp - 1));
	CHECK(vmx_get(VMCS_GUEST_RSP), (u64)(sp - 6) - 0x2000);
	CHECK(sp[-1], (u64)(sp + distance));
	for (u32 i = 0; i < 4; i++)
		CHECK(sp[-2 - (int)i], expected[i] ? (u64)expected[i] : (u64)(sp + distance));
	CHECK(sp[-6], (u64)(sp - 1));
	CHECK(sp[-7], 0x1007);
}

static void enter_frames(void)
{
	static const long long ahead[] = { 0x1003, 0x1004, 0x1005, 0x1006 };
	static const long long behind[] = { 0x1000, 0, 0x1000, 0 }; /* 0: RBP as it was */

	section("ENTER");
	frames(-2, ahead);
	frames(1, behind);
}

/* ---------------------------------------------------------------- real and virtual-8086 mode */

CODE_REAL(a_int, "int $0; hlt");
CODE_REAL(a_call, "lcall *(%bx); hlt");
CODE_REAL(a_there, "vmcall");
CODE32(a_int32, "int $0; hlt");
CODE32(a_vmcall32, "vmcall");

#define POINTER 0x6000u
#define VMCALL 0x90c1010fu

/* A word of the lowest pages; no object of C's is there. */
static u32 *low(u32 address)
{
	u64 at = address;

	asm("" : "+r"(at));
	return (u32 *)at;
}

static void begin_real(struct l2 *l2, code_t *code, bool v86)
{
	u32 ar = v86 ? AR_V86 : AR_DATA_REAL;

	l2_start(l2, L2_FLAT, 1, 0, code, SECONDARY_VPID);
	split(l2, 0, 16);
	/* where an attempt ends that has read its own frame */
	for (u32 i = 1; i < 64; i++)
		*low(4 * i) = VMCALL;
	for (u32 i = 0; i < 6; i++) {
		vmx_set(VMCS_GUEST_ES + 2 * i, 0);
		vmx_set(VMCS_GUEST_ES_BASE + 2 * i, 0);
		vmx_set(VMCS_GUEST_ES_LIMIT + 2 * i, 0xffff);
		vmx_set(VMCS_GUEST_ES_AR + 2 * i, i == 1 && !v86 ? AR_CODE_REAL : ar);
	}
	vmx_set(VMCS_GUEST_RFLAGS, FLAG_ONE | (v86 ? FLAG_VM | FLAG_IOPL : 0));
	if (v86) {
		u8 *tss = page_new(); /* every vector to the program's own handler */

		*(u16 *)(tss + 102) = 104 + 32;
		vmx_set(VMCS_GUEST_TR_BASE, (u64)tss);
		vmx_set(VMCS_GUEST_TR_LIMIT, 104 + 32);
		vmx_set(VMCS_GUEST_CR4, vmx_get(VMCS_GUEST_CR4) | 1); /* VME */
		ept_page(l2->ept, (u64)tss);
		vmx_invept(2, 0);
	} else {
		vmx_set(VMCS_GUEST_CR0, vmx_get(VMCS_GUEST_CR0) & ~CR0_PE);
	}
	vmx_set(VMCS_GUEST_IDTR_BASE, 0);
	vmx_set(VMCS_GUEST_IDTR_LIMIT, 0x3ff);
}

/* FLAGS go over the vector that is read, the rest to the other end of the stack. */
static void int_over_vector(bool v86)
{
	struct l2 l2;

	begin_real(&l2, a_int, v86);
	*low(0) = (u32)(u64)a_there;
	*low(0xfffc) = 0xffffffff;
	vmx_set(VMCS_GUEST_RSP, 2);
	CHECK(l2_enter(&l2), REASON_VMCALL);
	CHECK(vmx_get(VMCS_GUEST_RIP), (u64)a_there);
	CHECK(vmx_get(VMCS_GUEST_RSP), 0xfffc);
	CHECK(*low(0), FLAG_ONE | (v86 ? FLAG_IOPL : 0));
	CHECK(*low(0xfffc), (u32)(u64)a_int + 2);
}

/* CS goes over the pointer that is read, IP into the page before. */
static void call_over_pointer(bool v86)
{
	struct l2 l2;

	begin_real(&l2, a_call, v86);
	*low(0) = VMCALL;
	*low(POINTER) = (u32)(u64)a_there;
	*low(POINTER - 4) = 0xffffffff;
	vmx_set(VMCS_GUEST_RSP, POINTER + 2);
	l2.regs = (struct regs){ .bx = POINTER };
	CHECK(l2_enter(&l2), REASON_VMCALL);
	CHECK(vmx_get(VMCS_GUEST_RIP), (u64)a_there);
	CHECK(vmx_get(VMCS_GUEST_RSP), POINTER - 2);
	CHECK(*low(POINTER), 0);
	CHECK(*low(POINTER - 4), 0xffff | ((u32)(u64)a_call + 2) << 16);
}

/* A gate of 16 bits, and a stack of 16 bits that goes over it and wraps. */
static void gate_over_itself(void)
{
	static u8 where[17 * 4096] __attribute__((aligned(4096)));
	u64 *idt = (u64 *)where, address = (u64)a_vmcall32;
	struct l2 l2;

	l2_start(&l2, L2_FLAT, 1, 0, a_int32, SECONDARY_VPID);
	split(&l2, (u64)where, 17);
	memset(where, 0, sizeof(where));
	/* an interrupt gate of 32 bits, whose last word is left alone by the first push */
	idt[0] = (address & 0xffff) | (u64)SEL_CODE32 << 16 | 0x8e00ull << 32 |
		 (address >> 16) << 48;
	vmx_set(VMCS_GUEST_IDTR_BASE, (u64)where);
	vmx_set(VMCS_GUEST_IDTR_LIMIT, 7);
	vmx_set(VMCS_GUEST_SS_AR, AR_STACK16);
	vmx_set(VMCS_GUEST_SS_LIMIT, 0xffff);
	vmx_set(VMCS_GUEST_SS_BASE, (u64)where);
	vmx_set(VMCS_GUEST_RSP, 4);
	CHECK(l2_enter(&l2), REASON_VMCALL);
	CHECK(vmx_get(VMCS_GUEST_RIP), address);
	CHECK(vmx_get(VMCS_GUEST_RSP), 0xfff8);
	CHECK(*(u32 *)where, FLAG_ONE);
	CHECK(*(u32 *)(where + 0xfff8), (u32)(u64)a_int32 + 2);
}

static void over_what_is_read(void)
{
	section("frames over what is read");
	if (!l2_mode_exists(L2_FLAT))
		return;
	for (u32 v86 = 0; v86 < 2; v86++) {
		int_over_vector(v86);
		call_over_pointer(v86);
	}
	gate_over_itself();
}

int main(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	section("VMXON");
	if (!CHECK(vmx_on(), true))
		return 1;
	apic_writes();
	enter_frames();
	over_what_is_read();
	return 0;
}
