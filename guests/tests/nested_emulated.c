// SPDX-License-Identifier: MIT
/*
 * EPT faults found while an instruction is emulated. A hypervisor below has to run some of this
 * one's guest's instructions itself: string I/O that is not intercepted here, operands in a page
 * without memory, MOV to CR0, the delivery of an event onto such a page. A fault that it meets
 * there is its own to describe, and the processor's report of the exit that led there is about
 * something else. With nothing below, the processor finds the same faults: each value here holds
 * for both.
 *
 * SDM vol. 3 "Exit Qualification for EPT Violations", "Information for VM Exits ..."
 */
#include "l2.h"

CODE(n_load, "mov (%rax), %ecx; vmcall");
CODE(n_store, "mov %ecx, (%rax); vmcall");
CODE(n_cmpxchg, "lock cmpxchg %ecx, (%rbx); vmcall");
CODE(n_outs, "outsb; vmcall");
CODE(n_ins, "insb; vmcall");
CODE(n_outsd, "outsl; vmcall");
CODE(n_movs, "movsl; vmcall");
CODE(n_cmps, "cmpsl; vmcall");
CODE(n_push, "push (%rdx); vmcall");
CODE(n_pop, "pop (%rdx); vmcall");
CODE(n_call, "call *(%rdx); vmcall");
CODE(n_cr0, "mov %rax, %cr0; vmcall");
CODE(n_cr4, "mov %rax, %cr4; vmcall");
CODE(n_iret, "iretq");
CODE(n_int, "int $0x41");
CODE(n_int3, "int3");
CODE(n_ud, "ud2");
CODE(n_handler, "vmcall");

#define LEAF (PTE_P | PTE_W | PTE_A | PTE_D)
#define EPT_A (1ull << 8)
#define EPT_D (1ull << 9)
#define PAGE(x) ((u64)(x) & ~0xfffull)
/* Nothing answers there: reads give ones. */
#define HOLE 0x90000000ull
#define DEVICE_READ 0xfee00030ull
#define DEVICE_WRITE 0xfee00080ull

static u64 list[512] __attribute__((aligned(4096)));

/* How the instruction comes to be emulated. */
enum why {
	PLAIN,	 /* it does not: the operand is all there is */
	PORT,	 /* string I/O */
	DEVICE,	 /* another operand is in a device's page */
	CROSSES, /* the operand's first bytes are where there is no memory */
};

struct form {
	const char *name;
	code_t *code;
	u32 kind, why;
};

static const struct form forms[] = {
	{ "load", n_load, READ, PLAIN },
	{ "store", n_store, WRITE, PLAIN },
	{ "cmpxchg", n_cmpxchg, MODIFY, PLAIN },
	{ "outsb", n_outs, READ, PORT },
	{ "insb", n_ins, WRITE, PORT },
	{ "movs from a device", n_movs, WRITE, DEVICE },
	{ "cmps with a device", n_cmps, READ, DEVICE },
	{ "push of a device", n_push, WRITE, DEVICE },
	{ "pop to a device", n_pop, READ, DEVICE },
	{ "call through a device", n_call, WRITE, DEVICE },
	{ "load across", n_load, READ, CROSSES },
	{ "store across", n_store, WRITE, CROSSES },
	{ "cmpxchg across", n_cmpxchg, MODIFY, CROSSES },
	{ "outsd across", n_outsd, READ, CROSSES },
};
#define FORMS (sizeof(forms) / sizeof(forms[0]))

static bool wide(enum l2_mode mode)
{
	return mode == L2_LONG4 || mode == L2_LONG5;
}

static int entry_size(const struct l2 *l2)
{
	return l2->mode == L2_TWO ? 4 : 8;
}

/* The page behind that of the data: its entry in the guest's lowest table. */
static struct l2 next_page(const struct l2 *l2)
{
	struct l2 next = *l2;

	next.entry_at[1] += (u64)entry_size(l2);
	next.gla = PAGE(l2->gla) + 0x1000;
	return next;
}

static void set_regs(struct l2 *l2, const struct form *form, u64 address)
{
	u64 device = form->kind == READ ? DEVICE_WRITE : DEVICE_READ;
	u64 step = wide(l2->mode) ? 8 : 4;
	bool from = form->code == n_movs;

	l2->regs = (struct regs){ .ax = address,
				  .bx = address,
				  .cx = 1,
				  .dx = form->why == DEVICE   ? device
					: form->code == n_ins ? 0x3ff
							      : 0x80,
				  .si = from ? device : address,
				  .di = form->code == n_cmps ? DEVICE_READ : address };
	if (form->code == n_push || form->code == n_call)
		vmx_set(VMCS_GUEST_RSP, address + step);
	if (form->code == n_pop)
		vmx_set(VMCS_GUEST_RSP, address);
	vmx_set(VMCS_GUEST_RIP, (u64)form->code);
}

/*
 * A guest in whose tables @rights lead to the data; where the form crosses pages, the page before
 * leads to nothing, and the data begins with its page.
 */
static void begin(struct l2 *l2, enum l2_mode mode, const struct form *form, u64 rights, bool ad)
{
	l2_start(l2, mode, 1, rights, form->code, 0);
	if (ad)
		vmx_set(VMCS_EPTP, vmx_get(VMCS_EPTP) | EPTP_AD);
	if (form->why == CROSSES) {
		struct l2 next = next_page(l2);

		l2_entry_set(l2, 1, HOLE | rights);
		l2_entry_set(&next, 1, PAGE(l2->data) | rights);
		l2->data = PAGE(l2->data);
		l2->gla = next.gla;
		set_regs(l2, form, l2->gla - 2);
	} else {
		set_regs(l2, form, l2->gla);
	}
}

static void expect(const struct form *form, const struct l2 *l2, u64 qualification, u64 gpa)
{
	l2_violation(form->name, &(struct l2_fault){ .qualification = qualification,
						     .gpa = gpa,
						     .gla = l2->gla,
						     .rip = (u64)form->code });
}

static bool denied(u32 kind, u64 rights)
{
	return (rights & 3) == 2 || ((kind & READ) && !(rights & 1)) ||
	       ((kind & WRITE) && !(rights & 2));
}

/* D1, D2, D3, D7, T34, H8: the page of the data, with each of the guest's rights. */
static void final_pages(enum l2_mode mode, const struct form *form)
{
	for (u64 ept = 0; ept < 7; ept++) {
		for (u32 bits = 0; bits < (mode == L2_TWO ? 4u : 8u); bits++) {
			u64 rights = LEAF & ~PTE_W;
			struct l2 l2;

			if (!denied(form->kind, ept) || ((form->kind & WRITE) && !(bits & 2)))
				continue;
			rights |= (bits & 1 ? PTE_U : 0) | (bits & 2 ? PTE_W : 0) |
				  (bits & 4 ? PTE_NX : 0);
			begin(&l2, mode, form, rights, bits & 1);
			l2_ept(&l2, l2.data, ept);
			l2_enter(&l2);
			if ((ept & 3) == 2)
				l2_misconfig(form->name, l2.data, (u64)form->code);
			else
				expect(form, &l2,
				       form->kind | ept << 3 | 0x180 |
					       l2_advanced(bits & 1, bits & 2, bits & 4),
				       l2.data);
		}
	}
}

/* D3, D4, D15, T29, H1, H12: a table of the guest's; then the page of the data. */
static void tables(enum l2_mode mode, const struct form *form)
{
	static const u64 on_tables[] = { 0, 1, 4, 5, 2 };
	static const int levels[] = { 3, 4, 2, 1, 0 };

	for (int level = 1; level <= levels[mode]; level++)
		for (u32 r = 0; r < 5; r++)
			for (int ad = 0; ad < 2; ad++) {
				u64 ept = on_tables[r];
				struct l2 l2;

				begin(&l2, mode, form, LEAF, ad);
				l2_ept(&l2, l2.data, 0);
				l2_ept(&l2, l2.entry_at[level], ept);
				if (form->why == CROSSES)
					continue; /* it would be the first page's */
				l2_enter(&l2);
				if (ept == 2)
					l2_misconfig(form->name, l2.entry_at[level],
						     (u64)form->code);
				else if ((ept & 1) && !ad) /* flags are set: nothing to write */
					expect(form, &l2,
					       form->kind | 0x180 | l2_advanced(false, true, false),
					       l2.data);
				else
					expect(form, &l2, (ad ? MODIFY : READ) | ept << 3 | 0x80,
					       l2.entry_at[level]);
			}
}

static void sweep(enum l2_mode mode)
{
	for (u32 i = 0; i < FORMS; i++) {
		final_pages(mode, &forms[i]);
		tables(mode, &forms[i]);
	}
}

/* The guest reads a device's page that EPT gives it with @rights. */
static void read_device(struct l2 *l2, u64 rights)
{
	*ept_page(l2->ept, DEVICE_READ) = PAGE(DEVICE_READ) | rights;
	vmx_invept(2, 0);
	vmx_set(VMCS_GUEST_RIP, (u64)n_load);
	CHECK(l2_enter(l2), REASON_VMCALL);
}

static void refused_device(struct l2 *l2, const struct form *form, u64 rights)
{
	vmx_set(VMCS_GUEST_RIP, (u64)form->code);
	l2_enter(l2);
	expect(form, l2, form->kind | rights << 3 | 0x180 | l2_advanced(false, true, false),
	       DEVICE_READ);
}

/*
 * D8, T37: a page of a device that EPT stops giving. A hypervisor below may keep such a page as a
 * misconfiguration of its own, whose report has no bits 7 and 8. With INVEPT it forgets that. So a
 * write is refused first: what is cached for the address is invalid then, and the page can be taken
 * away without INVEPT. SDM vol. 3 "Operations that Invalidate Cached Mappings"
 */
static void device_taken_away(void)
{
	static const struct form load = { "device", n_load, READ, PLAIN };
	static const struct form store = { "device written", n_store, WRITE, PLAIN };
	static const u64 left[] = { 0, 4 };
	struct l2 l2;

	section("a device's page that is taken away");
	begin(&l2, L2_LONG4, &load, LEAF, false);
	l2_entry_set(&l2, 1, PAGE(DEVICE_READ) | LEAF);
	l2.gla = PAGE(l2.gla) | (DEVICE_READ & 0xfff);
	l2.regs.ax = l2.gla;
	for (u32 i = 0; i < 2; i++) {
		read_device(&l2, EPT_ALL);
		*ept_page(l2.ept, DEVICE_READ) = PAGE(DEVICE_READ) | left[i];
		vmx_invept(2, 0);
		refused_device(&l2, &load, left[i]);

		read_device(&l2, 5);
		refused_device(&l2, &store, 5);
		*ept_page(l2.ept, DEVICE_READ) = PAGE(DEVICE_READ) | left[i];
		refused_device(&l2, &load, left[i]);
	}
}

/* ---------------------------------------------------------------- D5, D12, D13 */

/* IRET takes RIP from nowhere and the rest from a page out of reach: bit 12, and the blocking. */
static void iret(bool virtual_nmis, bool blocked, bool misconfig)
{
	static const struct form form = { "IRET across", n_iret, READ, CROSSES };
	struct l2 l2;

	begin(&l2, L2_LONG4, &form, LEAF, false);
	vmx_set(VMCS_PIN, vmx_get(VMCS_PIN) | (virtual_nmis ? 0x28 : 0));
	vmx_set(VMCS_INTERRUPTIBILITY, blocked ? 8 : 0);
	vmx_set(VMCS_GUEST_RSP, l2.gla - 8);
	l2_ept(&l2, l2.data, misconfig ? 2 : 0);
	l2_enter(&l2);
	if (misconfig)
		l2_misconfig(form.name, l2.data, (u64)n_iret);
	else
		expect(&form, &l2,
		       READ | 0x180 | (blocked ? 1 << 12 : 0) | l2_advanced(false, true, false),
		       l2.data);
	CHECK_NAMED(form.name, vmx_get(VMCS_INTERRUPTIBILITY), 0);
}

struct delivery {
	const char *name;
	code_t *code;
	u32 inject, error, length;
	u32 idt, exit_length;
	bool rf;
};

static const struct delivery deliveries[] = {
	{ "#UD", n_ud, 0, 0, 0, 0x80000306, 0, true },
	{ "INT n", n_int, 0, 0, 0, 0x80000441, 2, false },
	{ "INT3", n_int3, 0, 0, 0, 0x80000603, 1, false },
	{ "injected NMI", n_ud, 0x80000202, 0, 0, 0x80000202, 0, false },
	{ "injected #GP", n_ud, 0x80000b0d, 0x1238, 0, 0x80000b0d, 0, false },
	{ "injected INT n", n_ud, 0x80000441, 0, 2, 0x80000441, 2, false },
};

/* The guest's own IDT, and a stack of its own at @stack. */
static void own_stack(u64 stack)
{
	u8 *tss = page_new();

	l2_idt(n_handler, 1);
	*(u64 *)(tss + 0x24) = stack; /* IST 1 */
	vmx_set(VMCS_GUEST_TR_BASE, (u64)tss);
}

/* The frame lies half in a page out of reach, half where nothing is. */
static void delivery(const struct delivery *d)
{
	static const struct form form = { "", n_ud, WRITE, CROSSES };
	struct l2 l2, next;

	begin(&l2, L2_LONG4, &form, LEAF, false);
	/* the other way round: what is pushed first goes nowhere */
	next = l2;
	next.entry_at[1] += 8;
	l2_entry_set(&l2, 1, l2.data | LEAF);
	l2_entry_set(&next, 1, HOLE | LEAF);
	own_stack(l2.gla + 0x10);
	vmx_set(VMCS_GUEST_RIP, (u64)d->code);
	vmx_set(VMCS_ENTRY_INFO, d->inject);
	vmx_set(VMCS_ENTRY_ERROR, d->error);
	vmx_set(VMCS_ENTRY_LENGTH, d->length);
	l2_ept(&l2, l2.data, 5);
	CHECK_NAMED(d->name, l2_enter(&l2), REASON_EPT);
	CHECK_NAMED(d->name, vmx_get(VMCS_QUALIFICATION),
		    WRITE | 5 << 3 | 0x180 | l2_advanced(false, true, false));
	CHECK_NAMED(d->name, PAGE(vmx_get(VMCS_GPA)), l2.data);
	CHECK_NAMED(d->name, vmx_get(VMCS_GLA) - vmx_get(VMCS_GPA), l2.gla - 0x1000 - l2.data);
	CHECK_NAMED(d->name, vmx_get(VMCS_IDT_INFO), d->idt);
	CHECK_NAMED(d->name, vmx_get(VMCS_EXIT_INFO) >> 31, 0);
	if (d->idt & 1 << 11)
		CHECK_NAMED(d->name, vmx_get(VMCS_IDT_ERROR), d->error);
	if (d->exit_length)
		CHECK_NAMED(d->name, vmx_get(VMCS_LENGTH), d->exit_length);
	CHECK_NAMED(d->name, vmx_get(VMCS_ENTRY_LENGTH), d->length);
	CHECK_NAMED(d->name, vmx_get(VMCS_GUEST_RIP), (u64)d->code);
	CHECK_NAMED(d->name, vmx_get(VMCS_GUEST_RFLAGS) & FLAG_RF, d->rf ? FLAG_RF : 0);
	/* In reach, and injected again, it arrives, and once. */
	l2_ept(&l2, l2.data, EPT_ALL);
	vmx_set(VMCS_ENTRY_INFO, d->idt);
	vmx_set(VMCS_ENTRY_ERROR, d->error);
	vmx_set(VMCS_ENTRY_LENGTH, d->exit_length);
	CHECK_NAMED(d->name, l2_enter(&l2), REASON_VMCALL);
	CHECK_NAMED(d->name, vmx_get(VMCS_GUEST_RIP), (u64)n_handler);
	CHECK_NAMED(d->name, vmx_get(VMCS_GUEST_RSP), l2.gla + 0x10 - (d->idt & 1 << 11 ? 48 : 40));
}

/* D5, D12, D13, H25 */
static void around_events(void)
{
	section("IRET and deliveries that are emulated");
	for (u32 bits = 0; bits < 8; bits++)
		iret(bits & 1, bits & 2, bits & 4);
	for (u32 i = 0; i < sizeof(deliveries) / sizeof(deliveries[0]); i++)
		delivery(&deliveries[i]);
}

/* ---------------------------------------------------------------- D9, H7 */

/* Bits that a hypervisor below keeps for itself, so that it makes the load of the PDPTEs. */
static void pdptes(code_t *code, u64 flip, u64 rights, bool ad)
{
	u32 field = code == n_cr0 ? VMCS_GUEST_CR0 : VMCS_GUEST_CR4;
	struct l2 l2;
	u64 before;

	l2_start(&l2, L2_PAE, 1, LEAF, code, 0);
	if (ad)
		vmx_set(VMCS_EPTP, vmx_get(VMCS_EPTP) | EPTP_AD);
	before = vmx_get(field);
	l2.regs.ax = before ^ flip;
	l2_ept(&l2, l2.cr3, rights);
	if (rights & 1) {
		CHECK(l2_enter(&l2), REASON_VMCALL);
		CHECK(l2_ept_get(&l2, l2.cr3) & (EPT_A | EPT_D), ad ? EPT_A : 0);
		CHECK(vmx_get(field), before ^ flip);
		return;
	}
	l2_enter(&l2);
	CHECK(vmx_get(VMCS_REASON), rights & 2 ? REASON_EPT_MISCONFIG : REASON_EPT);
	CHECK(vmx_get(VMCS_QUALIFICATION), rights & 2 ? 0 : READ | rights << 3);
	CHECK(vmx_get(VMCS_GPA), l2.cr3);
	CHECK(vmx_get(VMCS_GUEST_RIP), (u64)code);
	CHECK(vmx_get(VMCS_GUEST_RFLAGS) & FLAG_RF, FLAG_RF);
	CHECK(vmx_get(VMCS_IDT_INFO) >> 31, 0);
	CHECK(vmx_get(field), before);
	l2_ept(&l2, l2.cr3, EPT_ALL);
	CHECK(l2_enter(&l2), REASON_VMCALL);
	CHECK(vmx_get(field), before ^ flip);
}

static void pdpte_loads(void)
{
	static const u64 rights[] = { 0, 4, 2, 6, 1, 7 };

	section("PDPTEs loaded by emulation");
	for (u32 r = 0; r < 6; r++)
		for (int ad = 0; ad < 2; ad++) {
			pdptes(n_cr0, CR0_CD, rights[r], ad);
			pdptes(n_cr4, CR4_PSE, rights[r], ad);
		}
}

/* ---------------------------------------------------------------- D10, H4, T30 */

static void log_begin(struct l2 *l2, const struct form *form, u64 index)
{
	begin(l2, L2_LONG4, form, LEAF, true);
	vmx_set(VMCS_SECONDARY, vmx_get(VMCS_SECONDARY) | SECONDARY_PML);
	vmx_set(VMCS_PML, (u64)list);
	vmx_set(VMCS_GUEST_PML_INDEX, index);
	memset(list, 0, sizeof(list));
	ept_page(l2->ept, l2->data);
}

static void page_log(void)
{
	section("page-modification log of what is emulated");
	for (u32 i = 0; i < FORMS; i++) {
		const struct form *form = &forms[i];
		bool writes = form->kind & WRITE;
		struct l2 l2;
		u64 left;

		if (form->why == DEVICE)
			continue; /* an operand of the device is logged, too, or not */
		log_begin(&l2, form, 511);
		CHECK_NAMED(form->name, l2_enter(&l2), REASON_VMCALL);
		left = vmx_get(VMCS_GUEST_PML_INDEX);
		CHECK_NAMED(form->name, l2_ept_get(&l2, l2.data) & (EPT_A | EPT_D),
			    writes ? EPT_A | EPT_D : EPT_A);
		/* The data's page is the last, where it is logged at all. */
		CHECK_NAMED(form->name, list[left + 1] == PAGE(l2.data), writes);
		CHECK_NAMED(form->name, list[left], 0);
		/* Once more, with the flags of this page alone to set, and no room. */
		l2_ept(&l2, l2.data, EPT_ALL);
		vmx_invept(2, 0);
		set_regs(&l2, form, form->why == CROSSES ? l2.gla - 2 : l2.gla);
		vmx_set(VMCS_GUEST_PML_INDEX, 0xffff);
		CHECK_NAMED(form->name, l2_enter(&l2), REASON_PML);
		CHECK_NAMED(form->name, vmx_get(VMCS_QUALIFICATION), 0);
		CHECK_NAMED(form->name, vmx_get(VMCS_GUEST_RIP), (u64)form->code);
		CHECK_NAMED(form->name, vmx_get(VMCS_GUEST_RFLAGS) & FLAG_RF, FLAG_RF);
		CHECK_NAMED(form->name, vmx_get(VMCS_GUEST_PML_INDEX), 0xffff);
		CHECK_NAMED(form->name, l2_ept_get(&l2, l2.data) & (EPT_A | EPT_D), 0);
		vmx_set(VMCS_GUEST_PML_INDEX, 7);
		CHECK_NAMED(form->name, l2_enter(&l2), REASON_VMCALL);
		CHECK_NAMED(form->name, vmx_get(VMCS_GUEST_PML_INDEX), writes ? 6 : 7);
		CHECK_NAMED(form->name, list[7] == PAGE(l2.data), writes);
	}
}

/* D11: where physical addresses are wide enough, no entry of a 4-level EPT is for this one. */
static void beyond_48_bits(void)
{
	section("addresses beyond 48 bits");
	if ((cpuid(0x80000008, 0).eax & 0xff) <= 48)
		return;
	for (u32 i = 0; i < FORMS; i++) {
		struct l2 l2, at;

		begin(&l2, L2_LONG4, &forms[i], LEAF, false);
		at = forms[i].why == CROSSES ? next_page(&l2) : l2;
		if (forms[i].why == CROSSES)
			at.gla = l2.gla;
		l2_entry_set(&at, 1, l2_entry_get(&at, 1) | 1ull << 48);
		l2_enter(&l2);
		expect(&forms[i], &l2, forms[i].kind | 0x180 | l2_advanced(false, true, false),
		       l2.data | 1ull << 48);
	}
}

int main(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	section("VMXON");
	if (!CHECK(vmx_on(), true))
		return 1;
	apic_on();
	write_msr(MSR_EFER, read_msr(MSR_EFER) | EFER_NXE);
	for (enum l2_mode mode = 0; mode < L2_MODES; mode++) {
		section(l2_mode_name(mode));
		if (l2_mode_exists(mode) && mode != L2_FLAT)
			sweep(mode);
	}
	device_taken_away();
	around_events();
	pdpte_loads();
	page_log();
	beyond_48_bits();
	return 0;
}
