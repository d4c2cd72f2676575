// SPDX-License-Identifier: MIT
/*
 * EPT faults beside events, and what hangs on EPT: delivery through tables out of reach, IRET and
 * NMI blocking, #VE, the page-modification log, EPTP switching, INVEPT and INVVPID.
 */
#include "l2.h"

CODE(e_ud, "ud2");
CODE(e_int, "int $0x41");
CODE(e_int3, "int3");
CODE(e_int1, ".byte 0xf1");
CODE(e_nop, "nop; vmcall");
CODE(e_iret, "iretq");
CODE(e_load, "mov (%rax), %ecx; vmcall");
CODE(e_store, "mov %ecx, (%rax); vmcall");
CODE(e_vmfunc, "vmfunc; vmcall");
CODE(e_vmread, "vmread %rcx, (%rax); vmcall");
CODE(e_vmwrite, "vmwrite (%rax), %rcx; vmcall");
CODE(e_handler, "vmcall");

#define LEAF (PTE_P | PTE_W | PTE_A | PTE_D)
#define EPT_SUPPRESS (1ull << 63)
#define PAGE(x) ((u64)(x) & ~0xfffull)

enum {
	TYPE_EXTERNAL = 0,
	TYPE_NMI = 2,
	TYPE_HARDWARE = 3,
	TYPE_SOFTWARE = 4,
	TYPE_PRIVILEGED = 5,
	TYPE_SOFTWARE_EXCEPTION = 6,
};

static u8 area[4096] __attribute__((aligned(4096)));
static u64 list[512] __attribute__((aligned(4096)));

/*
 * Tables of the guest's alone, each in a page of its own: IDT, GDT and TSS, and a stack that IST 1
 * names. The code page is the image's.
 */
struct own {
	struct gate *idt;
	u64 *gdt;
	u8 *tss;
	u64 stack;
};

static void own_tables(struct own *own)
{
	own->idt = l2_idt(e_handler, 1);
	own->gdt = page_new();
	own->tss = page_new();
	own->stack = (u64)page_new() + 0xff0;
	memcpy(own->gdt, gdt(0), 0x140);
	*(u64 *)(own->tss + 0x24) = own->stack; /* IST 1 */
	vmx_set(VMCS_GUEST_GDTR_BASE, (u64)own->gdt);
	vmx_set(VMCS_GUEST_TR_BASE, (u64)own->tss);
}

struct delivery {
	const char *name;
	code_t *code;
	u32 inject, error, length; /* by VM entry, or 0: by the code itself */
	u32 idt;		   /* what the exit calls the event */
	u32 exit_length;	   /* 0: undefined */
	bool rf;		   /* as the pushed image would have it */
};

/* SDM vol. 3 "Information for VM Exits That Occur During Event Delivery" */
static const struct delivery deliveries[] = {
	{ "#UD", e_ud, 0, 0, 0, 0x80000306, 0, true },
	{ "INT n", e_int, 0, 0, 0, 0x80000441, 2, false },
	{ "INT3", e_int3, 0, 0, 0, 0x80000603, 1, false },
	{ "INT1", e_int1, 0, 0, 0, 0x80000501, 1, false },
	{ "interrupt", e_nop, 0x80000041, 0, 0, 0x80000041, 0, false },
	{ "NMI", e_nop, 0x80000202, 0, 0, 0x80000202, 0, false },
	{ "#GP", e_nop, 0x80000b0d, 0x1238, 0, 0x80000b0d, 0, false },
	{ "#PF", e_nop, 0x80000b0e, 3, 0, 0x80000b0e, 0, false },
	{ "injected INT n", e_nop, 0x80000441, 0, 2, 0x80000441, 2, false },
	{ "injected INT3", e_nop, 0x80000603, 0, 1, 0x80000603, 1, false },
	{ "injected INT1", e_nop, 0x80000501, 0, 1, 0x80000501, 1, false },
};

/* The event, injected or met; an interrupt is injected only into those that take one. */
static void arrange(const struct delivery *d)
{
	vmx_set(VMCS_ENTRY_INFO, d->inject);
	vmx_set(VMCS_ENTRY_ERROR, d->error);
	vmx_set(VMCS_ENTRY_LENGTH, d->length);
	if (d->idt == 0x80000041)
		vmx_set(VMCS_GUEST_RFLAGS, FLAG_ONE | FLAG_IF);
}

static void out_of_reach(const struct delivery *d, u32 where, u64 rights, bool misconfig)
{
	u32 vector = d->idt & 0xff;
	struct own own;
	struct l2 l2;
	u64 at, kind = READ;

	l2_start(&l2, L2_LONG4, 1, LEAF, d->code, 0);
	own_tables(&own);
	arrange(d);
	switch (where) {
	case 0:
		at = (u64)&own.idt[vector];
		break;
	case 1:
		at = (u64)own.gdt + SEL_CODE64;
		break;
	case 2:
		at = (u64)own.tss + 0x24;
		break;
	default: /* the first push: SS */
		at = own.stack - 8;
		kind = WRITE;
	}
	l2_ept(&l2, at, rights);
	l2_enter(&l2);
	CHECK_NAMED(d->name, vmx_get(VMCS_REASON), misconfig ? REASON_EPT_MISCONFIG : REASON_EPT);
	if (!misconfig) {
		CHECK_NAMED(d->name, vmx_get(VMCS_QUALIFICATION),
			    kind | rights << 3 | 0x180 | l2_advanced(true, true, false));
		CHECK_NAMED(d->name, PAGE(vmx_get(VMCS_GLA)), PAGE(at));
	}
	if (where == 3) /* which byte of the frame comes first is not architecture */
		CHECK_NAMED(d->name, PAGE(vmx_get(VMCS_GPA)), PAGE(at));
	else
		CHECK_NAMED(d->name, vmx_get(VMCS_GPA), at);
	CHECK_NAMED(d->name, vmx_get(VMCS_IDT_INFO), d->idt);
	if (d->idt & 1 << 11)
		CHECK_NAMED(d->name, vmx_get(VMCS_IDT_ERROR), d->error);
	if (d->exit_length)
		CHECK_NAMED(d->name, vmx_get(VMCS_LENGTH), d->exit_length);
	CHECK_NAMED(d->name, vmx_get(VMCS_GUEST_RIP), (u64)d->code);
	CHECK_NAMED(d->name, vmx_get(VMCS_GUEST_RFLAGS) & FLAG_RF, d->rf ? FLAG_RF : 0);
	CHECK_NAMED(d->name, vmx_get(VMCS_EXIT_INFO) >> 31, 0);
	CHECK_NAMED(d->name, vmx_get(VMCS_ENTRY_INFO) >> 31, 0);
	/* Injected again with the table in reach, it arrives. */
	l2_ept(&l2, at, EPT_ALL);
	vmx_set(VMCS_ENTRY_INFO, d->idt);
	vmx_set(VMCS_ENTRY_ERROR, d->error);
	vmx_set(VMCS_ENTRY_LENGTH, d->exit_length);
	CHECK_NAMED(d->name, l2_enter(&l2), REASON_VMCALL);
	CHECK_NAMED(d->name, vmx_get(VMCS_GUEST_RIP), (u64)e_handler);
}

/* T23, H20 */
static void vectoring(void)
{
	section("EPT faults during delivery");
	for (u32 i = 0; i < sizeof(deliveries) / sizeof(deliveries[0]); i++)
		for (u32 where = 0; where < 4; where++) {
			out_of_reach(&deliveries[i], where, 0, false);
			out_of_reach(&deliveries[i], where, where == 3 ? 1 : 4, false);
			out_of_reach(&deliveries[i], where, 2, true);
		}
}

/* T24: the event has been delivered when its handler's first instruction is fetched. */
static void first_fetch(void)
{
	struct own own;
	struct l2 l2;

	section("first fetch of a handler");
	for (u32 i = 0; i < sizeof(deliveries) / sizeof(deliveries[0]); i++) {
		const struct delivery *d = &deliveries[i];
		struct gate *g;

		l2_start(&l2, L2_LONG4, 1, LEAF, d->code, 0);
		own_tables(&own);
		g = &own.idt[d->idt & 0xff];
		g->offset_low = (u16)l2.gla;
		g->offset_middle = (u16)(l2.gla >> 16);
		g->offset_high = (u32)(l2.gla >> 32);
		memcpy((void *)L2_DATA, "\x0f\x01\xc1", 3);
		arrange(d);
		l2_ept(&l2, l2.data, 0);
		l2_enter(&l2);
		l2_violation(d->name,
			     &(struct l2_fault){ .qualification =
							 0x184 | l2_advanced(false, true, false),
						 .gpa = l2.data,
						 .gla = l2.gla,
						 .rip = l2.gla });
	}
}

/* T25, T26, H25: bit 12, and what becomes of the blocking. */
static void iret_case(bool virtual_nmis, bool nmi_exiting, bool blocked, bool misconfig)
{
	bool defined = virtual_nmis || !nmi_exiting;
	struct l2 l2;

	l2_start(&l2, L2_LONG4, 1, LEAF, e_iret, 0);
	vmx_set(VMCS_PIN, vmx_get(VMCS_PIN) | (nmi_exiting ? 8 : 0) | (virtual_nmis ? 0x20 : 0));
	vmx_set(VMCS_INTERRUPTIBILITY, blocked ? 8 : 0);
	vmx_set(VMCS_GUEST_RSP, l2.gla);
	l2_ept(&l2, l2.data, misconfig ? 2 : 0);
	l2_enter(&l2);
	if (misconfig) {
		l2_misconfig("IRET", l2.data, (u64)e_iret);
	} else {
		CHECK(vmx_get(VMCS_REASON), REASON_EPT);
		CHECK(vmx_get(VMCS_QUALIFICATION) & 0xfff, 0x181 | l2_advanced(false, true, false));
		if (defined)
			CHECK(vmx_get(VMCS_QUALIFICATION) >> 12, blocked);
		CHECK(vmx_get(VMCS_GPA), l2.data);
	}
	/* IRET has unblocked, unless it does not while "NMI exiting" stands alone */
	CHECK(vmx_get(VMCS_INTERRUPTIBILITY), blocked && nmi_exiting && !virtual_nmis ? 8 : 0);
}

static void iret(void)
{
	section("IRET and blocking by NMI");
	for (u32 bits = 0; bits < 4; bits++) {
		iret_case(false, false, bits & 1, bits & 2);
		iret_case(false, true, bits & 1, bits & 2);
		iret_case(true, true, bits & 1, bits & 2);
	}
}

/* ---------------------------------------------------------------- #VE */

static void ve_begin(struct l2 *l2, code_t *code)
{
	l2_start(l2, L2_LONG4, 1, LEAF, code, SECONDARY_VE);
	vmx_set(VMCS_VE_AREA, (u64)area);
	memset(area, 0, 64);
	vmx_set(VMCS_EXCEPTIONS, 1 << 20);
	l2->regs.ax = l2->gla;
}

static void is_ve(struct l2 *l2, u64 qualification, u64 gpa, u64 rip)
{
	CHECK(l2_enter(l2), REASON_EXCEPTION);
	CHECK(vmx_get(VMCS_EXIT_INFO), 0x80000314);
	CHECK(vmx_get(VMCS_GUEST_RIP), rip);
	CHECK(*(u32 *)area, 48);
	CHECK(*(u32 *)(area + 4), 0xffffffff);
	CHECK(*(u64 *)(area + 8), qualification);
	CHECK(*(u64 *)(area + 16), l2->gla);
	CHECK(*(u64 *)(area + 24), gpa);
	CHECK(*(u16 *)(area + 32), vmx_get(0x0004));
}

/* T41, D16 */
static void virtualization_exceptions(void)
{
	u64 final = 0x181 | l2_advanced(false, true, false);
	struct own own;
	struct l2 l2;

	section("#VE");
	ve_begin(&l2, e_load);
	vmx_set(0x0004, 0x1234);
	l2_ept(&l2, l2.data, 0);
	is_ve(&l2, final, l2.data, (u64)e_load);
	/* The area is busy until software says otherwise. */
	CHECK(l2_enter(&l2), REASON_EPT);
	CHECK(vmx_get(VMCS_QUALIFICATION), final);
	*(u32 *)(area + 4) = 0;
	is_ve(&l2, final, l2.data, (u64)e_load);

	ve_begin(&l2, e_load); /* suppressed by the entry that stops the walk */
	l2_ept(&l2, l2.data, EPT_SUPPRESS);
	CHECK(l2_enter(&l2), REASON_EPT);
	CHECK(*(u32 *)(area + 4), 0);
	ve_begin(&l2, e_store); /* by the leaf */
	l2_ept(&l2, l2.data, EPT_SUPPRESS | 1);
	CHECK(l2_enter(&l2), REASON_EPT);
	CHECK(vmx_get(VMCS_QUALIFICATION), 0x18a | l2_advanced(false, true, false));
	ve_begin(&l2, e_load); /* an upper entry's bit 63 does not count */
	l2_ept(&l2, l2.data, 0);
	((u64 *)l2.ept)[0] |= EPT_SUPPRESS;
	is_ve(&l2, final, l2.data, (u64)e_load);
	ve_begin(&l2, e_load); /* misconfigurations are not converted */
	l2_ept(&l2, l2.data, 2);
	CHECK(l2_enter(&l2), REASON_EPT_MISCONFIG);
	CHECK(*(u32 *)(area + 4), 0);
	ve_begin(&l2, e_load); /* a guest's table */
	l2_ept(&l2, l2.entry_at[1], 0);
	is_ve(&l2, 0x81, l2.entry_at[1], (u64)e_load);
	ve_begin(&l2, e_ud); /* while an event is delivered */
	own_tables(&own);
	l2_ept(&l2, (u64)own.idt, 0);
	CHECK(l2_enter(&l2), REASON_EPT);
	CHECK(vmx_get(VMCS_IDT_INFO), 0x80000306);
	CHECK(*(u32 *)(area + 4), 0);
	ve_begin(&l2, e_load); /* delivered as vector 20, without an error code */
	own_tables(&own);
	vmx_set(VMCS_EXCEPTIONS, 0);
	l2_ept(&l2, l2.data, 0);
	CHECK(l2_enter(&l2), REASON_VMCALL);
	CHECK(vmx_get(VMCS_GUEST_RIP), (u64)e_handler);
	CHECK(vmx_get(VMCS_GUEST_RSP), own.stack - 40);
	CHECK(*(u64 *)(own.stack - 40), (u64)e_load);
}

/* ---------------------------------------------------------------- the log */

static void pml_begin(struct l2 *l2, code_t *code, u64 index)
{
	l2_start(l2, L2_LONG4, 1, LEAF, code, SECONDARY_PML);
	vmx_set(VMCS_EPTP, vmx_get(VMCS_EPTP) | EPTP_AD);
	vmx_set(VMCS_PML, (u64)list);
	vmx_set(VMCS_GUEST_PML_INDEX, index);
	memset(list, 0, sizeof(list));
	l2->regs.ax = l2->gla;
	ept_page(l2->ept, l2->data);
	for (int level = 1; level <= 4; level++)
		ept_page(l2->ept, l2->entry_at[level]);
}

static bool logged(u64 page)
{
	for (u32 i = 0; i < 512; i++)
		if (list[i] == page)
			return true;
	return false;
}

/* T30, D10, H4 */
static void page_log(void)
{
	u64 before;
	struct l2 l2;

	section("page-modification log");
	pml_begin(&l2, e_store, 511);
	CHECK(l2_enter(&l2), REASON_VMCALL);
	CHECK(logged(PAGE(l2.data)), true);
	CHECK(logged(PAGE(l2.entry_at[1])), true);
	before = vmx_get(VMCS_GUEST_PML_INDEX);
	CHECK(before < 511, true);
	CHECK(list[before + 1], PAGE(l2.data)); /* the data's page is the last */
	CHECK(list[before], 0);
	pml_begin(&l2, e_load, 511); /* a read dirties tables only */
	CHECK(l2_enter(&l2), REASON_VMCALL);
	CHECK(logged(PAGE(l2.data)), false);
	CHECK(logged(PAGE(l2.entry_at[1])), true);
	pml_begin(&l2, e_store, 512); /* full before the first access */
	CHECK(l2_enter(&l2), REASON_PML);
	CHECK(vmx_get(VMCS_QUALIFICATION), 0);
	CHECK(vmx_get(VMCS_GUEST_RIP), (u64)e_store);
	CHECK(vmx_get(VMCS_GUEST_PML_INDEX), 512);
	CHECK(l2_ept_get(&l2, l2.data) & 0x300, 0);
	pml_begin(&l2, e_store, 0xffff);
	CHECK(l2_enter(&l2), REASON_PML);
	/* The index goes below 0, and the next page finds the log full. */
	vmx_set(VMCS_GUEST_PML_INDEX, 511);
	CHECK(l2_enter(&l2), REASON_VMCALL);
	*ept_page(l2.ept, l2.data) &= ~0x300ull;
	vmx_invept(2, 0);
	vmx_set(VMCS_GUEST_PML_INDEX, 0);
	vmx_set(VMCS_GUEST_RIP, (u64)e_store);
	CHECK(l2_enter(&l2), REASON_VMCALL);
	CHECK(list[0], PAGE(l2.data));
	CHECK(vmx_get(VMCS_GUEST_PML_INDEX), 0xffff);
	*ept_page(l2.ept, l2.data) &= ~0x300ull;
	vmx_invept(2, 0);
	vmx_set(VMCS_GUEST_RIP, (u64)e_load); /* an accessed flag alone */
	CHECK(l2_enter(&l2), REASON_PML);
	CHECK(l2_ept_get(&l2, l2.data) & 0x300, 0);
	vmx_set(VMCS_GUEST_PML_INDEX, 5);
	CHECK(l2_enter(&l2), REASON_VMCALL);
	CHECK(vmx_get(VMCS_GUEST_PML_INDEX), 5);
	CHECK(l2_ept_get(&l2, l2.data) & 0x300, 0x100);
}

/* ---------------------------------------------------------------- VMFUNC and invalidation */

static u32 switch_to(struct l2 *l2, u64 function, u64 index)
{
	l2->regs.ax = function;
	l2->regs.cx = index;
	vmx_set(VMCS_GUEST_RIP, (u64)e_vmfunc);
	return l2_enter(l2);
}

/* T39, D14, H11 */
static void eptp_switching(void)
{
	struct l2 l2;
	u64 old;

	section("EPTP switching");
	l2_start(&l2, L2_LONG4, 1, LEAF, e_vmfunc, SECONDARY_VMFUNC | SECONDARY_VE);
	vmx_set(VMCS_VE_AREA, (u64)area);
	vmx_set(VMCS_VMFUNC, 1);
	vmx_set(VMCS_EPTP_LIST, (u64)list);
	memset(list, 0, sizeof(list));
	old = vmx_get(VMCS_EPTP);
	list[5] = ept_root() | 0x1e;
	list[6] = list[5] | EPTP_AD;
	list[7] = list[5] | 0x80 | 7; /* memory type 7 */
	list[511] = old;
	CHECK(switch_to(&l2, 0, 5), REASON_VMCALL);
	CHECK(vmx_get(VMCS_EPTP), list[5]);
	CHECK(vmx_get(0x0004), 5);
	CHECK(switch_to(&l2, 0, 6), REASON_VMCALL);
	CHECK(vmx_get(VMCS_EPTP), list[6]);
	CHECK(switch_to(&l2, 0, 511), REASON_VMCALL);
	CHECK(vmx_get(VMCS_EPTP), old);
	CHECK(switch_to(&l2, 0, 512), REASON_VMFUNC);
	CHECK(vmx_get(VMCS_LENGTH), 3);
	CHECK(vmx_get(VMCS_QUALIFICATION), 0);
	CHECK(vmx_get(VMCS_GUEST_RIP), (u64)e_vmfunc);
	CHECK(switch_to(&l2, 0, 7), REASON_VMFUNC);
	CHECK(switch_to(&l2, 0, 8), REASON_VMFUNC); /* 0 */
	CHECK(switch_to(&l2, 1, 5), REASON_VMFUNC); /* a function that is not enabled */
	CHECK(vmx_get(VMCS_EPTP), old);
	vmx_set(VMCS_EXCEPTIONS, 1 << VECTOR_UD);
	CHECK(switch_to(&l2, 64, 5), REASON_EXCEPTION);
	CHECK(vmx_get(VMCS_EXIT_INFO), 0x80000306);
}

static int invept(u64 type, u64 eptp)
{
	u64 descriptor_of[2] = { eptp, 0 };
	bool carry, zero;

	asm volatile("invept %2, %3"
		     : "=@ccc"(carry), "=@ccz"(zero)
		     : "m"(descriptor_of), "r"(type)
		     : "memory");
	return carry ? VM_FAIL_INVALID : zero ? VM_FAIL_VALID : VM_SUCCEED;
}

static int invvpid(u64 type, u64 vpid, u64 address)
{
	u64 descriptor_of[2] = { vpid, address };
	bool carry, zero;

	asm volatile("invvpid %2, %3"
		     : "=@ccc"(carry), "=@ccz"(zero)
		     : "m"(descriptor_of), "r"(type)
		     : "memory");
	return carry ? VM_FAIL_INVALID : zero ? VM_FAIL_VALID : VM_SUCCEED;
}

static void error_28(int result)
{
	CHECK(result, VM_FAIL_VALID);
	CHECK(vmx_get(VMCS_ERROR), 28);
	vmx_read(0x6fff, &(u64){ 0 }); /* another error in its place */
}

/* T40, T32 as far as one processor goes */
static void invalidation(void)
{
	struct l2 l2;
	u64 eptp;

	section("INVEPT and INVVPID");
	l2_start(&l2, L2_LONG4, 1, LEAF, e_load, SECONDARY_VPID);
	l2.regs.ax = l2.gla;
	eptp = vmx_get(VMCS_EPTP);
	CHECK(invept(1, eptp), VM_SUCCEED);
	CHECK(invept(2, 7), VM_SUCCEED);
	error_28(invept(0, eptp));
	error_28(invept(3, eptp));
	error_28(invept(1ull << 32 | 1, eptp));
	error_28(invept(1, eptp | 0x700));
	error_28(invept(1, eptp | 1));
	error_28(invept(1, eptp & ~0x38ull));
	error_28(invept(1, eptp | 1ull << 52));
	for (u64 type = 0; type < 4; type++) {
		CHECK(invvpid(type, 1, l2.gla), VM_SUCCEED);
		error_28(invvpid(type, 0x10001, l2.gla));
		if (type != 2)
			error_28(invvpid(type, 0, l2.gla));
	}
	error_28(invvpid(0, 1, 1ull << 63));
	error_28(invvpid(4, 1, 0));
	CHECK(l2_enter(&l2), REASON_VMCALL);
	l2_ept(&l2, l2.data, 0); /* after INVEPT the right is gone */
	CHECK(invept(1, eptp), VM_SUCCEED);
	vmx_set(VMCS_GUEST_RIP, (u64)e_load);
	CHECK(l2_enter(&l2), REASON_EPT);
	CHECK(vmx_get(VMCS_QUALIFICATION), 0x181 | l2_advanced(false, true, false));
	l2_ept(&l2, l2.data, EPT_ALL); /* a right that is added needs none */
	CHECK(l2_enter(&l2), REASON_VMCALL);
}

/* Operands of instructions that the shadow VMCS serves without an exit. */
static void shadow_operands(void)
{
	static code_t *const codes[] = { e_vmread, e_vmwrite };

	section("operands of VMREAD and VMWRITE");
	for (u32 i = 0; i < 2; i++) {
		u32 *shadow;
		struct l2 l2;

		l2_start(&l2, L2_LONG4, 1, LEAF, codes[i], SECONDARY_SHADOW);
		shadow = vmx_region();
		shadow[0] |= 1u << 31;
		vmx_clear((u64)shadow);
		vmx_set(VMCS_LINK, (u64)shadow);
		vmx_set(VMCS_VMREAD_BITMAP, (u64)page_new());
		vmx_set(VMCS_VMWRITE_BITMAP, (u64)page_new());
		l2.regs.ax = l2.gla;
		l2.regs.cx = VMCS_GUEST_RSP;
		*(u64 *)L2_DATA = 0x123456789a;
		l2_ept(&l2, l2.data, 0);
		l2_enter(&l2);
		l2_violation(i ? "VMWRITE" : "VMREAD",
			     &(struct l2_fault){ .qualification = (i ? READ : WRITE) | 0x180 |
								  l2_advanced(false, true, false),
						 .gpa = l2.data,
						 .gla = l2.gla,
						 .rip = (u64)codes[i] });
		l2_ept(&l2, l2.data, EPT_ALL);
		CHECK(l2_enter(&l2), REASON_VMCALL);
		CHECK(*(u64 *)L2_DATA, i ? 0x123456789a : 0);
	}
}

int main(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	section("VMXON");
	if (!CHECK(vmx_on(), true))
		return 1;
	vectoring();
	first_fetch();
	iret();
	virtualization_exceptions();
	page_log();
	eptp_switching();
	invalidation();
	shadow_operands();
	return 0;
}
