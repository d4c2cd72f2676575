// SPDX-License-Identifier: MIT
/*
 * Instructions that reach a page which a hypervisor below has yet to give its guest: they are begun
 * again, and what the first attempt did must not be seen. With nothing below, nothing is begun
 * again.
 *
 * SDM vol. 3 "APIC-Write Emulation"
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
	AR_STACK16 = 0x93,
};
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

int main(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	section("VMXON");
	if (!CHECK(vmx_on(), true))
		return 1;
	apic_writes();
	return 0;
}
