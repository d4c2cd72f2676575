// SPDX-License-Identifier: MIT
/*
 * What a hypervisor below owes this one beside the values of a fault: which #PF exits, how rights
 * that change become effective, EPTPs that share tables, tables of the wrong kind, tables without
 * end. With nothing below, the processor does the same.
 *
 * SDM vol. 3 "Exceptions" under "Other Causes of VM Exits", "Caching Translation Information"
 */
#include "l2.h"

CODE(r_load, "mov (%rax), %ecx; vmcall");
CODE(r_store, "mov %ecx, (%rax); vmcall");
CODE(r_jmp, "jmp *%rax");
CODE(r_outs, "outsb; vmcall");
CODE(r_ins, "insb; vmcall");
CODE(r_in, "in $0x80, %al; vmcall");
CODE(r_cpuid, "cpuid; vmcall");
CODE(r_vmfunc, "vmfunc; mov (%rbx), %edx; vmcall");
CODE(r_ud, "ud2");
CODE(r_handler, "vmcall");

#define LEAF (PTE_P | PTE_W | PTE_A | PTE_D)
#define EPT_A (1ull << 8)
#define EPT_D (1ull << 9)
#define PAGE(x) ((u64)(x) & ~0xfffull)
#define HOLE 0x90000000ull
#define ENTRY_ADDRESS 0x000ffffffffff000ull

static void begin(struct l2 *l2, enum l2_mode mode, u64 rights, code_t *code, u32 secondary)
{
	l2_start(l2, mode, 1, rights, code, secondary);
	l2->regs = (struct regs){ .ax = l2->gla, .si = l2->gla, .di = l2->gla, .dx = 0x80 };
}

static u32 again(struct l2 *l2, code_t *code)
{
	l2->regs.ax = l2->regs.si = l2->regs.di = l2->gla;
	vmx_set(VMCS_GUEST_RIP, (u64)code);
	return l2_enter(l2);
}

/* The guest's own IDT, every vector to r_handler on the stack that IST 1 names. */
static struct gate *own_idt(u64 stack)
{
	struct gate *idt = l2_idt(r_handler, 1);
	u8 *tss = page_new();

	*(u64 *)(tss + 0x24) = stack;
	vmx_set(VMCS_GUEST_IDTR_LIMIT, 0xfff);
	vmx_set(VMCS_GUEST_TR_BASE, (u64)tss);
	return idt;
}

/* ---------------------------------------------------------------- #PF */

struct page_fault {
	const char *name;
	code_t *code;
	u64 rights; /* of the guest's entry */
	u32 error;
	bool across; /* the first bytes are where there is no memory */
};

static const struct page_fault page_faults[] = {
	{ "load", r_load, 0, 0, false },
	{ "load, reserved bit", r_load, LEAF | 1ull << 51, 9, false },
	{ "store", r_store, 0, 2, false },
	{ "store, read-only", r_store, LEAF & ~PTE_W, 3, false },
	{ "fetch", r_jmp, LEAF | PTE_NX, 0x11, false },
	{ "outs", r_outs, 0, 0, false },
	{ "outs, reserved bit", r_outs, LEAF | 1ull << 51, 9, false },
	{ "ins", r_ins, 0, 2, false },
	{ "ins, read-only", r_ins, LEAF & ~PTE_W, 3, false },
	{ "load across", r_load, 0, 0, true },
	{ "store across", r_store, LEAF & ~PTE_W, 3, true },
};

static void one_page_fault(struct l2 *l2, const struct page_fault *f, u64 address, u64 stack)
{
	static const u32 codes[] = { 0, 1, 2, 3, 9, 0x11, 0xffffffff };
	u64 rip = f->code == r_jmp ? address : (u64)f->code;

	for (u32 i = 0; i < 7 * 7 * 2; i++) {
		u32 mask = codes[i % 7], match = codes[i / 7 % 7];
		bool bit = i / 49, equal = (f->error & mask) == match;

		vmx_set(VMCS_EXCEPTIONS, bit ? 1 << VECTOR_PF : 0);
		vmx_set(VMCS_PFEC_MASK, mask);
		vmx_set(VMCS_PFEC_MATCH, match);
		vmx_set(VMCS_GUEST_RIP, (u64)f->code);
		l2->regs.ax = l2->regs.si = l2->regs.di = f->across ? address - 2 : address;
		asm volatile("mov %0, %%cr2" ::"r"(0x1111ull));
		l2_enter(l2);
		if (bit == equal) {
			CHECK_NAMED(f->name, vmx_get(VMCS_REASON), REASON_EXCEPTION);
			CHECK_NAMED(f->name, vmx_get(VMCS_EXIT_INFO), 0x80000b0e);
			CHECK_NAMED(f->name, vmx_get(VMCS_EXIT_ERROR), f->error);
			CHECK_NAMED(f->name, vmx_get(VMCS_QUALIFICATION), address);
			CHECK_NAMED(f->name, vmx_get(VMCS_GUEST_RIP), rip);
			CHECK_NAMED(f->name, vmx_get(VMCS_IDT_INFO) >> 31, 0);
			CHECK_NAMED(f->name, vmx_get(VMCS_GLA), 0);
			CHECK_NAMED(f->name, vmx_get(VMCS_GPA), 0);
			CHECK_NAMED(f->name, read_cr2(), 0x1111);
		} else {
			CHECK_NAMED(f->name, vmx_get(VMCS_REASON), REASON_VMCALL);
			CHECK_NAMED(f->name, vmx_get(VMCS_GUEST_RIP), (u64)r_handler);
			CHECK_NAMED(f->name, vmx_get(VMCS_GUEST_RSP), stack - 48);
			CHECK_NAMED(f->name, *(u64 *)(stack - 48), f->error);
			CHECK_NAMED(f->name, *(u64 *)(stack - 40), rip);
			CHECK_NAMED(f->name, read_cr2(), address);
		}
	}
}

/* T22, N48, N49, H5, H9: masks and matches change with the bitmap and without it. */
static void page_fault_filter(void)
{
	section("#PF: bitmap, mask and match");
	for (u32 i = 0; i < sizeof(page_faults) / sizeof(page_faults[0]); i++) {
		const struct page_fault *f = &page_faults[i];
		u64 address, stack, rights = f->rights;
		struct l2 l2;

		begin(&l2, L2_LONG4, LEAF, f->code, 0);
		address = l2.gla;
		if (f->across) {
			l2_entry_set(&l2, 1, HOLE | LEAF);
			l2.entry_at[1] += 8;
			address = PAGE(l2.gla) + 0x1000;
		}
		l2_entry_set(&l2, 1, PAGE(l2.data) | rights);
		stack = (u64)page_new() + 0xff0;
		own_idt(stack);
		one_page_fault(&l2, f, address, stack);
	}
}

/* ---------------------------------------------------------------- a fault upon a fault */

/* SDM vol. 3 "Interrupt 8—Double Fault Exception (#DF)" */
enum { BENIGN = 0x80000306, CONTRIBUTORY = 0x80000b0d, PAGE_FAULT = 0x80000b0e };
static const u32 firsts[] = { BENIGN,	  CONTRIBUTORY, PAGE_FAULT, 0x80000041,
			      0x80000202, 0x80000300,	0x80000b0a, 0x80000b0c };

static bool contributory(u32 info)
{
	u32 vector = info & 0xff;

	return (info >> 8 & 7) == 3 && (vector == 0 || (vector >= 10 && vector <= 13));
}

static bool doubles(u32 first, bool second_is_pf)
{
	if (first == PAGE_FAULT)
		return true;
	return contributory(first) && !second_is_pf;
}

/*
 * The delivery of @first meets a #PF (its stack is not mapped) or a #NP (its gate is not present).
 * @who: what this hypervisor intercepts: nothing, the second, #DF.
 */
static void upon(u32 first, bool pf, u32 who, bool across)
{
	u32 second = pf ? PAGE_FAULT : 0x80000b0b, vector = first & 0xff;
	u32 error = pf ? 2
		       : vector * 8 + 2 +
				    ((first >> 8 & 7) == 0 || (first >> 8 & 7) == 2 ||
				     (first >> 8 & 7) == 3);
	bool twice = doubles(first, pf);
	struct gate *idt;
	struct l2 l2;
	u64 good;

	begin(&l2, L2_LONG4, 0, r_ud, 0);
	if (across) { /* the frame's upper half goes nowhere */
		struct l2 next = l2;

		next.entry_at[1] += 8;
		l2_entry_set(&next, 1, HOLE | LEAF);
	}
	good = (u64)page_new() + 0xff0;
	idt = own_idt(good);
	*(u64 *)(vmx_get(VMCS_GUEST_TR_BASE) + 0x2c) =
		across ? PAGE(l2.gla) + 0x1010 : PAGE(l2.gla) + 0x800; /* IST 2 */
	if (pf)
		idt[vector].ist = 2;
	else
		idt[vector].type &= 0x7f;
	vmx_set(VMCS_EXCEPTIONS, who == 1 ? 1u << (second & 0xff) : who == 2 ? 1 << VECTOR_DF : 0);
	vmx_set(VMCS_ENTRY_INFO, first);
	vmx_set(VMCS_ENTRY_ERROR, 0);
	if (first == 0x80000041)
		vmx_set(VMCS_GUEST_RFLAGS, FLAG_ONE | FLAG_IF);
	asm volatile("mov %0, %%cr2" ::"r"(0x1111ull));
	l2_enter(&l2);
	CHECK(vmx_get(VMCS_ENTRY_INFO) >> 31, 0);
	if (who == 1) {
		CHECK(vmx_get(VMCS_REASON), REASON_EXCEPTION);
		CHECK(vmx_get(VMCS_EXIT_INFO), second);
		CHECK(vmx_get(VMCS_EXIT_ERROR), error);
		CHECK(vmx_get(VMCS_IDT_INFO), first);
		CHECK(PAGE(vmx_get(VMCS_QUALIFICATION)), pf ? PAGE(l2.gla) : 0);
		CHECK(vmx_get(VMCS_GUEST_RIP), (u64)r_ud);
		CHECK(read_cr2(), 0x1111);
	} else if (twice && who == 2) {
		CHECK(vmx_get(VMCS_REASON), REASON_EXCEPTION);
		CHECK(vmx_get(VMCS_EXIT_INFO), 0x80000b08);
		CHECK(vmx_get(VMCS_EXIT_ERROR), 0);
		CHECK(vmx_get(VMCS_IDT_INFO) >> 31, 0);
		CHECK(vmx_get(VMCS_QUALIFICATION), 0);
	} else if (vector == 14 && pf) {
		/* #DF has a stack of its own and arrives; so does #NP's below */
		CHECK(vmx_get(VMCS_REASON), REASON_VMCALL);
		CHECK(vmx_get(VMCS_GUEST_RSP), good - 48);
		CHECK(*(u64 *)(good - 48), 0);
	} else {
		CHECK(vmx_get(VMCS_REASON), REASON_VMCALL);
		CHECK(*(u64 *)(good - 48), twice ? 0 : error);
		CHECK(*(u64 *)(good - 40), (u64)r_ud);
	}
}

/* N84..N87, H10: this hypervisor has the second fault first, if it wants it. */
static void fault_upon_fault(void)
{
	section("a fault upon a fault");
	for (u32 i = 0; i < sizeof(firsts) / sizeof(firsts[0]); i++)
		for (u32 who = 0; who < 3; who++) {
			upon(firsts[i], false, who, false);
			upon(firsts[i], true, who, false);
			upon(firsts[i], true, who, true);
		}
}

/* ---------------------------------------------------------------- rights that change */

/* T31: what EPT allows is not this hypervisor's to see, however it has been found before. */
static void allowed(void)
{
	struct l2 l2;

	section("what EPT allows");
	for (int ad = 0; ad < 2; ad++) {
		begin(&l2, L2_LONG4, LEAF, r_load, 0);
		if (ad)
			vmx_set(VMCS_EPTP, vmx_get(VMCS_EPTP) | EPTP_AD);
		ept_page(l2.ept, l2.data);
		CHECK(l2_enter(&l2), REASON_VMCALL);
		CHECK(l2_ept_get(&l2, l2.data) & (EPT_A | EPT_D), ad ? EPT_A : 0);
		CHECK(again(&l2, r_load), REASON_VMCALL);
		CHECK(l2_ept_get(&l2, l2.data) & (EPT_A | EPT_D), ad ? EPT_A : 0);
		CHECK(again(&l2, r_store), REASON_VMCALL); /* the first write is to set D */
		CHECK(l2_ept_get(&l2, l2.data) & (EPT_A | EPT_D), ad ? EPT_A | EPT_D : 0);
		CHECK(again(&l2, r_ins), REASON_VMCALL);
		CHECK(again(&l2, r_outs), REASON_VMCALL);
	}
}

/* T32, H21: a right that is added needs no INVEPT; one that is taken away is gone after it. */
static void changed(void)
{
	static code_t *const codes[] = { r_load, r_store, r_outs, r_ins };
	struct l2 l2;

	section("rights that change");
	for (u32 i = 0; i < 4; i++) {
		bool write = i & 1;
		u64 adv = l2_advanced(false, true, false);

		begin(&l2, L2_LONG4, LEAF, codes[i], 0);
		for (u32 round = 0; round < 4; round++) {
			CHECK(again(&l2, codes[i]), REASON_VMCALL);
			l2_ept(&l2, l2.data, write ? 5 : 4);
			vmx_invept(round & 1 ? 1 : 2, vmx_get(VMCS_EPTP));
			CHECK(again(&l2, codes[i]), REASON_EPT);
			CHECK(vmx_get(VMCS_QUALIFICATION), (write ? 0x1aau : 0x1a1u) | adv);
			l2_ept(&l2, l2.data, EPT_ALL);
		}
		/* By an upper entry; and another page in its place. */
		for (int level = 2; level < 4; level++) {
			u64 *table = (u64 *)l2.ept, *slot;

			for (int at = 4; at > level; at--)
				table = (u64 *)(table[l2.data >> (3 + 9 * at) & 511] &
						ENTRY_ADDRESS);
			slot = &table[l2.data >> (3 + 9 * level) & 511];
			if (level == 3)
				continue; /* the code's, too */
			*slot &= ~3ull;
			vmx_invept(1, vmx_get(VMCS_EPTP));
			CHECK(again(&l2, codes[i]), REASON_EPT);
			CHECK(vmx_get(VMCS_QUALIFICATION), (write ? 0x1a2u : 0x1a1u) | adv);
			*slot |= 3;
			CHECK(again(&l2, codes[i]), REASON_VMCALL);
		}
	}
	for (u32 i = 0; i < 6; i++) {
		u64 page = PAGE(L2_DATA) + (i % 3) * 0x1000;

		*(u32 *)(page + (L2_DATA & 0xfff)) = 100 + i;
		*ept_page(l2.ept, l2.data) = page | EPT_WB | EPT_ALL;
		vmx_invept(1, vmx_get(VMCS_EPTP));
		CHECK(again(&l2, r_load), REASON_VMCALL);
		CHECK(l2.regs.cx, 100 + i);
	}
}

/* T33, H6: EPTPs that differ in their low bits only have the same tables. */
static void same_root(void)
{
	u64 adv = l2_advanced(false, true, false), eptps[4];
	struct l2 l2;

	section("EPTPs of one root");
	begin(&l2, L2_LONG4, LEAF, r_load, 0);
	eptps[0] = l2.ept | 0x1e;
	eptps[1] = l2.ept | 0x1e | EPTP_AD;
	eptps[2] = l2.ept | 0x18;
	eptps[3] = l2.ept | 0x18 | EPTP_AD;
	for (u32 from = 0; from < 4; from++) {
		l2_ept(&l2, l2.data, 1);
		vmx_invept(2, 0);
		for (u32 i = 0; i < 4; i++) {
			vmx_set(VMCS_EPTP, eptps[i]);
			CHECK(again(&l2, r_load), REASON_VMCALL);
		}
		vmx_set(VMCS_EPTP, eptps[from]);
		CHECK(again(&l2, r_store), REASON_EPT);
		CHECK(vmx_get(VMCS_QUALIFICATION), 0x18a | adv);
		l2_ept(&l2, l2.data, EPT_ALL); /* and no INVEPT */
		for (u32 i = 0; i < 4; i++) {
			vmx_set(VMCS_EPTP, eptps[(from + i) % 4]);
			CHECK(again(&l2, r_store), REASON_VMCALL);
		}
		l2_ept(&l2, l2.data, 0); /* of any of them is of all */
		vmx_invept(1, eptps[from]);
		for (u32 i = 0; i < 4; i++) {
			vmx_set(VMCS_EPTP, eptps[i]);
			CHECK(again(&l2, r_load), REASON_EPT);
			CHECK(vmx_get(VMCS_QUALIFICATION), 0x181 | adv);
		}
	}
}

/* H13: one table is the root of an EPT of 4 levels and a table of another of 5. */
static void two_depths(void)
{
	u64 *top = page_new(), eptps[2];
	struct l2 l2;

	section("EPTs of 4 and of 5 levels that share tables");
	if (!(read_msr(0x48c) >> 7 & 1))
		return;
	begin(&l2, L2_LONG4, LEAF, r_load, SECONDARY_VPID);
	top = page_new();
	top[0] = l2.ept | EPT_ALL;
	eptps[0] = l2.ept | 0x1e;
	eptps[1] = (u64)top | 0x26;
	for (u32 i = 0; i < 24; i++) {
		u64 page = PAGE(L2_DATA) + (i % 3) * 0x1000;

		*(u32 *)(page + (L2_DATA & 0xfff)) = 200 + i;
		*ept_page(l2.ept, l2.data) = page | EPT_WB | EPT_ALL;
		for (u32 j = 0; j < 2; j++)
			vmx_invept(1, eptps[j]);
		for (u32 j = 0; j < 3; j++) {
			vmx_set(VMCS_EPTP, eptps[(i + j) & 1]);
			CHECK(again(&l2, j & 1 ? r_outs : r_load), REASON_VMCALL);
			CHECK(l2.regs.cx, 200 + i);
		}
		/* A page given up, and back as something else. */
		*ept_page(l2.ept, l2.data) = i & 1 ? 2 : 0;
		vmx_invept(2, 0);
		vmx_set(VMCS_EPTP, eptps[i & 1]);
		CHECK(again(&l2, r_load), i & 1 ? REASON_EPT_MISCONFIG : REASON_EPT);
		CHECK(vmx_get(VMCS_GPA), l2.data);
	}
}

/* ---------------------------------------------------------------- EPTP switching */

/* H11: PDPTE registers stay, whatever the new EPT says of the page that they came from. */
static void vmfunc_and_pdptes(void)
{
	u64 *eptps, other;
	struct l2 l2;

	section("EPTP switching, PAE paging");
	begin(&l2, L2_PAE, LEAF, r_vmfunc, SECONDARY_VMFUNC);
	eptps = page_new();
	other = ept_root();
	eptps[3] = other | 0x1e;
	*ept_page(other, l2.cr3) = 0;
	vmx_set(VMCS_VMFUNC, 1);
	vmx_set(VMCS_EPTP_LIST, (u64)eptps);
	l2.regs.ax = 0;
	l2.regs.cx = 3;
	l2.regs.bx = l2.gla;
	*(u32 *)L2_DATA = 0x600d;
	CHECK(l2_enter(&l2), REASON_VMCALL);
	CHECK(vmx_get(VMCS_EPTP), eptps[3]);
	CHECK((u32)l2.regs.dx, 0x600d);
	for (u32 i = 0; i < 4; i++)
		CHECK(vmx_get(VMCS_GUEST_PDPTE + 2 * i), ((u64 *)l2.cr3)[i]);
	/* The next load of them finds the page gone. */
	*ept_page(other, l2.data) = 0;
	vmx_invept(2, 0);
	vmx_set(VMCS_GUEST_RIP, (u64)r_load);
	l2.regs.ax = l2.gla;
	CHECK(l2_enter(&l2), REASON_EPT);
	CHECK(vmx_get(VMCS_GPA), l2.data);
}

/* D14: a length that is not the current one's is refused; and the list that is not there. */
static void vmfunc_refusals(void)
{
	u64 *eptps, old;
	struct l2 l2;

	section("EPTPs that a switch refuses");
	begin(&l2, L2_LONG4, LEAF, r_vmfunc, SECONDARY_VMFUNC);
	eptps = page_new();
	old = vmx_get(VMCS_EPTP);
	eptps[1] = (u64)page_new() | 0x26; /* 5 levels */
	*(u64 *)PAGE(eptps[1]) = l2.ept | EPT_ALL;
	eptps[2] = l2.ept | 0x16; /* 3 */
	eptps[3] = l2.ept | 0x1e | 1ull << 51;
	eptps[4] = l2.ept | 0x1e | 1ull << 8;
	vmx_set(VMCS_VMFUNC, 1);
	vmx_set(VMCS_EPTP_LIST, (u64)eptps);
	for (u64 i = 0; i < 6; i++) {
		if (i == 5)
			vmx_set(VMCS_EPTP_LIST, HOLE);
		l2.regs.ax = 0;
		l2.regs.cx = i == 5 ? 1 : i;
		l2.regs.bx = l2.gla;
		vmx_set(VMCS_GUEST_RIP, (u64)r_vmfunc);
		CHECK(l2_enter(&l2), REASON_VMFUNC);
		CHECK(vmx_get(VMCS_EPTP), old);
		CHECK(vmx_get(VMCS_QUALIFICATION), 0);
		CHECK(vmx_get(VMCS_LENGTH), 3);
		CHECK(vmx_get(VMCS_GUEST_RIP), (u64)r_vmfunc);
	}
}

/* ---------------------------------------------------------------- T35, H16, N102..N106 */

/* What leads to the emulated instruction, or comes before it, says the opposite of what it finds.
 */
static void other_exits(void)
{
	static code_t *const before[] = { r_load, r_in, r_cpuid, r_ud };
	u64 adv = l2_advanced(false, true, false);

	section("fields of another exit");
	for (u32 i = 0; i < 4; i++) {
		for (u32 table = 0; table < 2; table++) {
			struct l2 l2;

			begin(&l2, L2_LONG4, LEAF, r_outs, 0);
			l2_ept(&l2, l2.data, 0);
			vmx_set(VMCS_EXCEPTIONS, 1 << VECTOR_UD);
			if (before[i] == r_load || before[i] == r_cpuid || before[i] == r_ud)
				again(&l2, before[i]); /* a final page's, at another length */
			else
				CHECK(again(&l2, before[i]), REASON_VMCALL);
			l2_ept(&l2, l2.data, EPT_ALL);
			l2_ept(&l2, table ? l2.entry_at[1] : l2.data, table ? 4 : 1);
			vmx_invept(2, 0);
			l2.regs.dx = 0xffff; /* the I/O exit's qualification has every bit of it */
			CHECK(again(&l2, table ? r_outs : r_ins), REASON_EPT);
			CHECK(vmx_get(VMCS_QUALIFICATION), table ? 0xa1 : 0x18a | adv);
			CHECK(vmx_get(VMCS_GPA), table ? l2.entry_at[1] : l2.data);
			CHECK(vmx_get(VMCS_GLA), l2.gla);
			CHECK(vmx_get(VMCS_EXIT_INFO), 0);
			CHECK(vmx_get(VMCS_EXIT_ERROR), 0);
			CHECK(vmx_get(VMCS_IDT_INFO), 0);
			CHECK(vmx_get(VMCS_IDT_ERROR), 0);
			CHECK(vmx_get(VMCS_INSTRUCTION), 0);
			CHECK(vmx_get(VMCS_ENTRY_INFO) >> 31, 0);
			/* and nothing of this one in the next */
			l2_ept(&l2, table ? l2.entry_at[1] : l2.data, EPT_ALL);
			CHECK(again(&l2, r_cpuid), REASON_CPUID);
			CHECK(vmx_get(VMCS_QUALIFICATION), 0);
			CHECK(vmx_get(VMCS_GPA), 0);
			CHECK(vmx_get(VMCS_GLA), 0);
			CHECK(vmx_get(VMCS_LENGTH), 2);
		}
	}
}

/* ---------------------------------------------------------------- T48, H18 */

/* Where no memory is, reads give ones: a table there is all misconfigured entries. */
static void tables_nowhere(void)
{
	struct l2 l2;
	u64 *slot;

	section("EPT tables outside of memory");
	begin(&l2, L2_LONG4, LEAF, r_load, 0);
	vmx_set(VMCS_EPTP, HOLE | 0x1e);
	CHECK(l2_enter(&l2), REASON_EPT_MISCONFIG);
	CHECK(vmx_get(VMCS_QUALIFICATION), 0);
	CHECK(vmx_get(VMCS_GUEST_RIP), (u64)r_load);
	vmx_set(VMCS_EPTP, l2.ept | 0x1e);
	ept_page(l2.ept, l2.data);
	slot = &((u64 *)(((u64 *)(((u64 *)l2.ept)[0] & ENTRY_ADDRESS))[0] &
			 ENTRY_ADDRESS))[l2.data >> 21];
	*slot = HOLE | EPT_ALL;
	vmx_invept(2, 0);
	CHECK(l2_enter(&l2), REASON_EPT_MISCONFIG);
	CHECK(vmx_get(VMCS_GPA), l2.data);
	CHECK(again(&l2, r_outs), REASON_EPT_MISCONFIG);
	CHECK(vmx_get(VMCS_GPA), l2.data);
}

static u64 seed = 0x9e3779b97f4a7c15;

static u64 random(void)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return seed;
}

/* What a leaf for @need (bits of RWX) does: 0, or an exit. */
static u32 leaf_does(u64 leaf, u64 need, u64 width)
{
	u64 type = leaf >> 3 & 7, high = 0x000fffffffffffffull & ~((1ull << width) - 1);

	if (!(leaf & 7))
		return REASON_EPT;
	if ((leaf & 3) == 2 || type == 2 || type == 3 || type == 7 || (leaf & high))
		return REASON_EPT_MISCONFIG;
	return need & ~leaf ? REASON_EPT : 0;
}

/* Anything in a leaf, for each kind of access, emulated or not. */
static void random_leaves(void)
{
	static code_t *const codes[] = { r_load, r_store, r_outs, r_ins };
	u64 width = cpuid(0x80000008, 0).eax & 0xff;
	struct l2 l2;

	section("leaves at random");
	begin(&l2, L2_LONG4, LEAF, r_load, 0);
	for (u32 i = 0; i < 2000; i++) {
		u64 write = i & 1, leaf = random(), address = 1ull << 63 | ENTRY_ADDRESS;
		u32 does;

		/* Memory where it is, but sometimes beyond the width. */
		leaf = (leaf & ~address) | PAGE(l2.data);
		if (!(random() & 7))
			leaf |= 1ull << (width + random() % (52 - width));
		if (random() & 3)
			leaf = (leaf & ~0x38ull) | EPT_WB;
		*ept_page(l2.ept, l2.data) = leaf;
		vmx_invept(1, vmx_get(VMCS_EPTP));
		does = leaf_does(leaf, write ? 2 : 1, width);
		CHECK(again(&l2, codes[i & 3]), does ? does : REASON_VMCALL);
		if (!does)
			continue;
		CHECK(vmx_get(VMCS_GPA), l2.data);
		CHECK(vmx_get(VMCS_QUALIFICATION),
		      does == REASON_EPT_MISCONFIG ? 0
						   : (write ? 2 : 1) | (leaf & 7) << 3 | 0x180 |
							     l2_advanced(false, true, false));
	}
}

/* ---------------------------------------------------------------- without end */

/* New roots, one after the other, of the same tables: each works, and what was given up is gone. */
static void roots_without_end(void)
{
	static u64 roots[16];
	struct l2 l2;

	section("EPTPs without end");
	begin(&l2, L2_LONG4, LEAF, r_load, SECONDARY_VPID);
	for (u32 i = 0; i < 16; i++)
		roots[i] = (u64)page_new();
	for (u32 i = 0; i < 4000; i++) {
		u64 *root = (u64 *)roots[i % 16], bits = i & 1 ? 0x1e : 0x5e;

		root[0] = ((u64 *)l2.ept)[0];
		vmx_set(VMCS_EPTP, (u64)root | bits);
		*(u32 *)L2_DATA = i;
		CHECK(again(&l2, i & 2 ? r_load : r_outs), REASON_VMCALL);
		if (i & 2)
			CHECK(l2.regs.cx, i);
		root[0] = 0;
		vmx_invept(1, (u64)root | bits);
		if (i % 256)
			continue;
		CHECK(again(&l2, r_load), REASON_EPT);
		CHECK(vmx_get(VMCS_QUALIFICATION), i & 1 ? 0x81 : 0x83);
		CHECK(vmx_get(VMCS_GPA), l2.cr3);
	}
}

/* Addresses without end: EPT tables that lead to themselves' neighbours give each its page. */
static void addresses_without_end(void)
{
	u64 *pdpt, *directory, *table;
	struct l2 l2;

	section("guest-physical addresses without end");
	begin(&l2, L2_LONG4, LEAF, r_load, 0);
	pdpt = page_new();
	directory = page_new();
	table = page_new();
	for (u64 i = 0; i < 512; i++) {
		pdpt[i] = (u64)directory | EPT_ALL;
		directory[i] = (u64)table | EPT_ALL;
		table[i] = PAGE(L2_DATA) | EPT_WB | EPT_ALL;
	}
	for (u64 i = 1; i < 128; i++) /* 46 bits */
		((u64 *)l2.ept)[i] = (u64)pdpt | EPT_ALL;
	for (u64 i = 0; i < 3000; i++) {
		u64 gpa = (1ull << 39) + i * 0x4050607000ull % (1ull << 45);

		l2_entry_set(&l2, 1, PAGE(gpa) | LEAF);
		*(u32 *)L2_DATA = (u32)i;
		CHECK(again(&l2, i & 1 ? r_load : r_store), REASON_VMCALL);
		if (i & 1)
			CHECK(l2.regs.cx, i);
	}
}

int main(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	section("VMXON");
	if (!CHECK(vmx_on(), true))
		return 1;
	write_msr(MSR_EFER, read_msr(MSR_EFER) | EFER_NXE);
	page_fault_filter();
	fault_upon_fault();
	allowed();
	changed();
	same_root();
	two_depths();
	vmfunc_and_pdptes();
	vmfunc_refusals();
	other_exits();
	tables_nowhere();
	random_leaves();
	roots_without_end();
	addresses_without_end();
	return 0;
}
