// SPDX-License-Identifier: MIT
/*
 * EPT violations and misconfigurations of a guest's memory operands: each form of access in each
 * paging mode, on the page of the data and on the page of each guest table, with exact values, and
 * then with the right added and the instruction completed.
 *
 * Forms that a hypervisor below may have to emulate (string I/O that this hypervisor does not
 * intercept, one operand in the page of a device) stand beside plain ones: what this hypervisor
 * sees must not depend on who reached for the operand.
 */
#include "l2.h"

CODE(f_load, "mov (%rax), %ecx; vmcall");
CODE(f_store, "mov %ecx, (%rax); vmcall");
CODE(f_add, "addl %ecx, (%rax); vmcall");
CODE(f_xchg, "xchg %ecx, (%rax); vmcall");
CODE(f_cmpxchg, "lock cmpxchg %ecx, (%rbx); vmcall");
CODE(f_push, "push %rcx; vmcall");
CODE(f_pop, "pop %rcx; vmcall");
CODE(f_lods, "lodsl; vmcall");
CODE(f_stos, "stosl; vmcall");
CODE(f_outs, "outsb; vmcall");
CODE(f_outsd, "outsl; vmcall");
CODE(f_rep_outs, "rep outsb; vmcall");
CODE(f_ins, "insb; vmcall");
CODE(f_insd, "insl; vmcall");
CODE(f_rep_ins, "rep insb; vmcall");
CODE(f_movs, "movsl; vmcall");
CODE(f_rep_movs, "rep movsl; vmcall");
CODE(f_cmps, "cmpsl; vmcall");
CODE(f_sgdt, "sgdt (%rax); vmcall");
CODE(f_lgdt, "lgdt (%rax); vmcall");
CODE(f_lidt, "lidt (%rax); vmcall");
CODE(f_movups_load, "movups (%rax), %xmm0; vmcall");
CODE(f_movups_store, "movups %xmm0, (%rax); vmcall");
CODE(f_jmp, "jmp *%rax");

/* The local APIC: version, which may be read, and task priority, which may be written. */
#define DEVICE_READ 0xfee00030ull
#define DEVICE_WRITE 0xfee00080ull

struct form {
	const char *name;
	code_t *code;
	u32 kind;
	u32 port;
	u64 si, di; /* 0: the address under test */
};

static const struct form forms[] = {
	{ "load", f_load, READ, 0, 0, 0 },
	{ "store", f_store, WRITE, 0, 0, 0 },
	{ "add", f_add, MODIFY, 0, 0, 0 },
	{ "xchg", f_xchg, MODIFY, 0, 0, 0 },
	{ "cmpxchg", f_cmpxchg, MODIFY, 0, 0, 0 },
	{ "push", f_push, WRITE, 0, 0, 0 },
	{ "pop", f_pop, READ, 0, 0, 0 },
	{ "lods", f_lods, READ, 0, 0, 0 },
	{ "stos", f_stos, WRITE, 0, 0, 0 },
	{ "outsb", f_outs, READ, 0x80, 0, 0 },
	{ "outsd", f_outsd, READ, 0x80, 0, 0 },
	{ "rep outsb", f_rep_outs, READ, 0x80, 0, 0 },
	{ "insb", f_ins, WRITE, 0x3ff, 0, 0 },
	{ "insd", f_insd, WRITE, 0x80, 0, 0 },
	{ "rep insb", f_rep_ins, WRITE, 0x3ff, 0, 0 },
	{ "movs from a device", f_movs, WRITE, 0, DEVICE_READ, 0 },
	{ "movs to a device", f_movs, READ, 0, 0, DEVICE_WRITE },
	{ "rep movs to a device", f_rep_movs, READ, 0, 0, DEVICE_WRITE },
	{ "cmps with a device", f_cmps, READ, 0, 0, DEVICE_READ },
	{ "sgdt", f_sgdt, WRITE, 0, 0, 0 },
	{ "lgdt", f_lgdt, READ, 0, 0, 0 },
	{ "lidt", f_lidt, READ, 0, 0, 0 },
	{ "movups load", f_movups_load, READ, 0, 0, 0 },
	{ "movups store", f_movups_store, WRITE, 0, 0, 0 },
	{ "jmp", f_jmp, FETCH, 0, 0, 0 },
};
#define FORMS (sizeof(forms) / sizeof(forms[0]))

static u64 leaf_rights = PTE_P | PTE_W | PTE_A | PTE_D;

static void set_regs(struct l2 *l2, const struct form *form, u64 address)
{
	bool wide = l2->mode == L2_LONG4 || l2->mode == L2_LONG5;

	l2->regs = (struct regs){ .ax = address,
				  .bx = address,
				  .cx = 1,
				  .dx = form->port,
				  .si = form->si ? form->si : address,
				  .di = form->di ? form->di : address };
	if (form->code == f_push)
		vmx_set(VMCS_GUEST_RSP, address + (wide ? 8 : 4));
	if (form->code == f_pop)
		vmx_set(VMCS_GUEST_RSP, address);
	if (form->kind == FETCH)
		memcpy((void *)L2_DATA, "\x0f\x01\xc1", 3); /* VMCALL */
	vmx_set(VMCS_GUEST_RIP, (u64)form->code);
}

static void begin(struct l2 *l2, enum l2_mode mode, const struct form *form, bool ad)
{
	l2_start(l2, mode, 1, leaf_rights, form->code, 0);
	if (ad)
		vmx_set(VMCS_EPTP, vmx_get(VMCS_EPTP) | EPTP_AD);
	set_regs(l2, form, l2->gla);
}

static u64 rip_at(const struct l2 *l2, const struct form *form)
{
	return form->kind == FETCH ? l2->gla : (u64)form->code;
}

/* Nothing of an instruction that faulted has happened; with the right added it completes. */
static void completes(struct l2 *l2, const struct form *form, const struct regs *before)
{
	CHECK_NAMED(form->name, l2->regs.cx, before->cx);
	CHECK_NAMED(form->name, l2->regs.si, before->si);
	CHECK_NAMED(form->name, l2->regs.di, before->di);
	CHECK_NAMED(form->name, l2_enter(l2), REASON_VMCALL);
}

/* T8, T9, T27, T32, T36, I1..I5: the page of the data. */
static void final_page(enum l2_mode mode, const struct form *form, u64 rights, bool ad)
{
	struct regs before;
	struct l2 l2;

	begin(&l2, mode, form, ad);
	l2_ept(&l2, l2.data, rights);
	before = l2.regs;
	l2_enter(&l2);
	if ((rights & 3) == 2)
		l2_misconfig(form->name, l2.data, rip_at(&l2, form));
	else
		l2_violation(form->name,
			     &(struct l2_fault){ .qualification =
							 form->kind | rights << 3 | 0x180 |
							 l2_advanced(mode == L2_FLAT, true, false),
						 .gpa = l2.data,
						 .gla = l2.gla,
						 .rip = rip_at(&l2, form) });
	l2_ept(&l2, l2.data, EPT_ALL);
	completes(&l2, form, &before);
}

/* T5, I4, I7: the page of the guest's table at @level; then, T36, the page of the data. */
static void table_page(enum l2_mode mode, const struct form *form, int level, u64 rights, bool ad)
{
	struct regs before;
	struct l2 l2;
	u64 at;

	begin(&l2, mode, form, ad);
	at = l2.entry_at[level];
	l2_ept(&l2, at, rights);
	l2_ept(&l2, l2.data, 0);
	before = l2.regs;
	l2_enter(&l2);
	if ((rights & 3) == 2)
		l2_misconfig(form->name, at, rip_at(&l2, form));
	else
		l2_violation(form->name, &(struct l2_fault){ .qualification = (ad ? MODIFY : READ) |
									      rights << 3 | 0x80,
							     .gpa = at,
							     .gla = l2.gla,
							     .rip = rip_at(&l2, form) });
	l2_ept(&l2, at, EPT_ALL);
	l2_enter(&l2);
	l2_violation(form->name,
		     &(struct l2_fault){ .qualification = form->kind | 0x180 |
							  l2_advanced(false, true, false),
					 .gpa = l2.data,
					 .gla = l2.gla,
					 .rip = rip_at(&l2, form) });
	l2_ept(&l2, l2.data, EPT_ALL);
	completes(&l2, form, &before);
}

static bool denied(u32 kind, u64 rights)
{
	if ((rights & 3) == 2)
		return true;
	return ((kind & READ) && !(rights & 1)) || ((kind & WRITE) && !(rights & 2)) ||
	       ((kind & FETCH) && !(rights & 4));
}

/* The lowest level whose table page is not needed for the code as well. */
static int levels_apart(enum l2_mode mode)
{
	static const int levels[] = { 3, 4, 2, 1, 0 };

	return levels[mode];
}

static void sweep(enum l2_mode mode)
{
	static const u64 on_tables[] = { 0, 4, 2, 6 };

	for (u32 i = 0; i < FORMS; i++) {
		for (u64 rights = 0; rights < 7; rights++)
			for (int ad = 0; ad < 2; ad++)
				if (denied(forms[i].kind, rights))
					final_page(mode, &forms[i], rights, ad);
		for (int level = 1; level <= levels_apart(mode); level++)
			for (u32 r = 0; r < 4; r++)
				for (int ad = 0; ad < 2; ad++)
					table_page(mode, &forms[i], level, on_tables[r], ad);
	}
}

/* W=0 on a table page refuses every access under A/D, and without it only those that set a flag. */
static void table_read_only(enum l2_mode mode)
{
	for (u32 i = 0; i < FORMS; i++) {
		const struct form *form = &forms[i];
		u32 flags = form->kind & WRITE ? PTE_A | PTE_D : PTE_A;
		struct l2 l2;

		for (u64 rights = 1; rights < 7; rights += 4) {
			for (int ad = 0; ad < 2; ad++) {
				for (int set = 0; set < 2; set++) {
					leaf_rights = PTE_P | PTE_W | (set ? flags : 0);
					begin(&l2, mode, form, ad);
					l2_ept(&l2, l2.entry_at[1], rights);
					if (set && !ad) { /* T21, D15 */
						CHECK_NAMED(form->name, l2_enter(&l2),
							    REASON_VMCALL);
						continue;
					}
					l2_enter(&l2);
					l2_violation(form->name,
						     &(struct l2_fault){
							     .qualification = 0x83 | rights << 3,
							     .gpa = l2.entry_at[1],
							     .gla = l2.gla,
							     .rip = rip_at(&l2, form) });
				}
			}
		}
	}
	leaf_rights = PTE_P | PTE_W | PTE_A | PTE_D;
}

/* REP reaches the second page: what was done is done, and the count says so. */
static void rep_across(enum l2_mode mode)
{
	static const u32 which[] = { 11, 14 };

	for (u32 i = 0; i < 2; i++) {
		const struct form *form = &forms[which[i]];
		struct l2 l2;
		u64 second;

		begin(&l2, mode, form, false);
		second = (l2.data & ~0xfffull) + 0x1000;
		if (mode != L2_FLAT) {
			u64 size = mode == L2_TWO ? 4 : 8;

			l2.entry_at[1] += size;
			l2_entry_set(&l2, 1, second | leaf_rights);
		}
		l2_ept(&l2, second, 0);
		l2.regs.si = l2.regs.di = (l2.gla & ~0xfffull) + 0xffd;
		l2.regs.cx = 5;
		l2_enter(&l2);
		l2_violation(form->name,
			     &(struct l2_fault){ .qualification =
							 form->kind | 0x180 |
							 l2_advanced(mode == L2_FLAT, true, false),
						 .gpa = second,
						 .gla = (l2.gla & ~0xfffull) + 0x1000,
						 .rip = (u64)form->code });
		CHECK_NAMED(form->name, l2.regs.cx, 2);
		CHECK_NAMED(form->name, form->kind == READ ? l2.regs.si : l2.regs.di,
			    (l2.gla & ~0xfffull) + 0x1000);
		l2_ept(&l2, second, EPT_ALL);
		CHECK_NAMED(form->name, l2_enter(&l2), REASON_VMCALL);
		CHECK_NAMED(form->name, l2.regs.cx, 0);
	}
}

/* One access on two pages: the addresses are those of the page that refuses. */
static void split(enum l2_mode mode, bool first)
{
	for (u32 i = 0; i < 2; i++) {
		const struct form *form = &forms[i];
		u64 low, page, gla;
		struct l2 l2;

		begin(&l2, mode, form, false);
		low = l2.data & ~0xfffull;
		if (mode != L2_FLAT) {
			struct l2 next = l2;

			next.entry_at[1] += mode == L2_TWO ? 4 : 8;
			l2_entry_set(&next, 1, (low + 0x1000) | leaf_rights);
		}
		gla = (l2.gla & ~0xfffull) + 0xffe;
		page = first ? low : low + 0x1000;
		l2_ept(&l2, page, 0);
		l2.regs.ax = gla;
		l2_enter(&l2);
		l2_violation(form->name,
			     &(struct l2_fault){ .qualification =
							 form->kind | 0x180 |
							 l2_advanced(mode == L2_FLAT, true, false),
						 .gpa = first ? low + 0xffe : page,
						 .gla = first ? gla : gla + 2,
						 .rip = (u64)form->code });
		l2_ept(&l2, page, EPT_ALL);
		CHECK_NAMED(form->name, l2_enter(&l2), REASON_VMCALL);
	}
}

/* I4: the topmost table is needed by the first fetch; its faults are never fetches. */
static void top_table(enum l2_mode mode, bool ad)
{
	struct l2 l2;

	begin(&l2, mode, &forms[FORMS - 1], ad);
	memcpy((void *)L2_DATA, "\x0f\x01\xc1", 3);
	vmx_set(VMCS_GUEST_RIP, l2.gla);
	l2_ept(&l2, l2.entry_at[l2.top], 0);
	l2_enter(&l2);
	l2_violation(l2_mode_name(mode), &(struct l2_fault){ .qualification = ad ? 0x83 : 0x81,
							     .gpa = l2.entry_at[l2.top],
							     .gla = l2.gla,
							     .rip = l2.gla });
	l2_ept(&l2, l2.entry_at[l2.top], EPT_ALL);
	CHECK_NAMED(l2_mode_name(mode), l2_enter(&l2), REASON_VMCALL);
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
		if (!l2_mode_exists(mode))
			continue;
		sweep(mode);
		rep_across(mode);
		split(mode, false);
		split(mode, true);
		if (mode != L2_FLAT)
			table_read_only(mode);
		for (int ad = 0; ad < 2; ad++)
			if (mode == L2_LONG4 || mode == L2_LONG5 || mode == L2_TWO)
				top_table(mode, ad);
	}
	return 0;
}
