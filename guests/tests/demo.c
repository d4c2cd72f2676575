// SPDX-License-Identifier: MIT
#include "l2.h"

/*
 * The four EPT faults of "undervisor demo", each by an access of L2's own and by the same access of
 * string I/O, which a hypervisor below L1 has to emulate: in each paging mode of L2, at one byte,
 * across two pages, and in the midst of a repeated instruction. With the argument "table" a line
 * for each, in hexadecimal: what L1 knows of its own tables, and what it reads of its VMCS.
 *
 *   case FAULT FORM MODE IO / GPA GLA COUNT / REASON QUALIFICATION GPA GLA COUNT
 */

CODE(d_outsb, "outsb; vmcall");
CODE(d_insb, "insb; vmcall");
CODE(d_lodsb, "lodsb; vmcall");
CODE(d_stosb, "stosb; vmcall");
CODE(d_outsd, "outsl; vmcall");
CODE(d_insd, "insl; vmcall");
CODE(d_lodsd, "lodsl; vmcall");
CODE(d_stosd, "stosl; vmcall");
CODE(d_rep_outsb, "rep outsb; vmcall");
CODE(d_rep_insb, "rep insb; vmcall");
CODE(d_rep_lodsb, "rep lodsb; vmcall");
CODE(d_rep_stosb, "rep stosb; vmcall");

#define TABLE (PTE_P | PTE_W | PTE_U | PTE_A)
#define LEAF (PTE_P | PTE_W | PTE_A | PTE_D)
#define PAGE(x) ((u64)(x) & ~0xfffull)
#define SECOND_DATA 0x4a0d000ull
#define OFFSET 0x948u
/* Nothing answers there: reads give ones. */
#define PORT_OUT 0x80u
#define PORT_IN 0x3ffu

enum form { AT_BYTE, FIRST_PAGE, SECOND_PAGE, REPEATED, FORMS };

struct fault_case {
	const char *name;
	u32 kind;
	bool table;
	u64 rights; /* what EPT keeps for the page */
	u64 qualification;
};

static const struct fault_case cases[] = {
	{ "data page not mapped", READ, false, 0, 0x181 },
	{ "page-table page not mapped", READ, true, 0, 0x083 },
	{ "data page not writable", WRITE, false, 5, 0x1aa },
	{ "page-table page not writable", READ, true, 5, 0x0ab },
};
#define CASES (sizeof(cases) / sizeof(cases[0]))

/* Two pages side by side, the last one of a table of the guest's and the first of the next. */
struct pages {
	struct l2 l2;
	u64 gla[2], data[2], entry[2];
};

static code_t *code_of(const struct fault_case *c, enum form form, bool io)
{
	static code_t *const codes[3][4] = {
		{ d_lodsb, d_stosb, d_outsb, d_insb },
		{ d_lodsd, d_stosd, d_outsd, d_insd },
		{ d_rep_lodsb, d_rep_stosb, d_rep_outsb, d_rep_insb },
	};

	return codes[form == REPEATED ? 2 : form != AT_BYTE][io * 2 + (c->kind == WRITE)];
}

static void put(const struct l2 *l2, u64 at, u64 value)
{
	if (l2->mode == L2_TWO)
		*(u32 *)at = (u32)value;
	else
		*(u64 *)at = value;
}

static void begin(struct pages *p, enum l2_mode mode, code_t *code)
{
	struct l2 *l2 = &p->l2;
	u64 size = mode == L2_TWO ? 4 : 8, reach = mode == L2_TWO ? 0x400000 : 0x200000, second;

	l2_start(l2, mode, 1, LEAF, code, 0);
	vmx_set(VMCS_EPTP, vmx_get(VMCS_EPTP) | EPTP_AD);
	second = (u64)page_new();
	p->gla[1] = (l2->gla | (reach - 1)) + 1;
	p->gla[0] = p->gla[1] - 0x1000;
	p->data[0] = PAGE(l2->data);
	p->data[1] = SECOND_DATA;
	p->entry[0] = PAGE(l2->entry_at[1]) + 0x1000 - size;
	p->entry[1] = second;
	put(l2, p->entry[0], p->data[0] | LEAF);
	put(l2, p->entry[1], p->data[1] | LEAF);
	put(l2, l2->entry_at[2] + size, second | TABLE);
	memset((void *)p->data[0], 0, 0x1000);
	memset((void *)p->data[1], 0, 0x1000);
}

/* Where the instruction starts, where it is refused, and what is left of its count then. */
struct course {
	u64 start, gla;
	u64 count, left;
	u32 page;
};

static struct course course_of(const struct pages *p, enum form form)
{
	switch (form) {
	case FIRST_PAGE:
		return (struct course){ p->gla[1] - 3, p->gla[1] - 3, 1, 1, 0 };
	case SECOND_PAGE:
		return (struct course){ p->gla[1] - 3, p->gla[1], 1, 1, 1 };
	case REPEATED: /* downwards, with four bytes still in the second page */
		return (struct course){ p->gla[1] + 3, p->gla[1] - 1, 9, 5, 0 };
	default:
		return (struct course){ p->gla[0] + OFFSET, p->gla[0] + OFFSET, 1, 1, 0 };
	}
}

static bool table_wanted;

static void report(u32 number, enum form form, enum l2_mode mode, bool io, u64 gpa,
		   const struct course *course)
{
	if (!table_wanted)
		return;
	print("case %x %x %x %x / %llx %llx %llx / ", number, form, mode, io, gpa, course->gla,
	      course->left);
}

static void told(const struct regs *r)
{
	if (table_wanted)
		print("%llx %llx %llx %llx %llx\n", vmx_get(VMCS_REASON),
		      vmx_get(VMCS_QUALIFICATION), vmx_get(VMCS_GPA), vmx_get(VMCS_GLA),
		      (u64)r->cx);
}

static void refuse(const struct pages *p, const struct fault_case *c, u32 page, u64 rights)
{
	l2_ept(&p->l2, c->table ? p->entry[page] : p->data[page], rights);
}

static void one(u32 number, enum form form, enum l2_mode mode, bool io)
{
	const struct fault_case *c = &cases[number];
	code_t *code = code_of(c, form, io);
	struct course course;
	struct pages p;
	u64 gpa;

	begin(&p, mode, code);
	course = course_of(&p, form);
	gpa = c->table ? p.entry[course.page] : p.data[course.page] | (course.gla & 0xfff);
	p.l2.regs = (struct regs){ .cx = course.count,
				   .dx = c->kind == WRITE ? PORT_IN : PORT_OUT,
				   .si = course.start,
				   .di = course.start };
	if (form == REPEATED)
		vmx_set(VMCS_GUEST_RFLAGS, vmx_get(VMCS_GUEST_RFLAGS) | FLAG_DF);
	refuse(&p, c, course.page, c->rights);
	l2_enter(&p.l2);
	report(number, form, mode, io, gpa, &course);
	told(&p.l2.regs);
	l2_violation(c->name,
		     &(struct l2_fault){ .qualification =
						 c->qualification |
						 (c->table ? 0 : l2_advanced(false, true, false)),
					 .gpa = gpa,
					 .gla = course.gla,
					 .rip = (u64)code });
	CHECK_NAMED(c->name, p.l2.regs.cx, course.left);
	/* With the right added it goes on where it was, and ends. */
	refuse(&p, c, course.page, EPT_ALL);
	CHECK_NAMED(c->name, l2_enter(&p.l2), REASON_VMCALL);
	CHECK_NAMED(c->name, p.l2.regs.cx, form == REPEATED ? 0 : 1);
}

int main(int argc, char **argv)
{
	table_wanted = argument(argc, argv, "table");
	section("VMXON");
	if (!CHECK(vmx_on(), true))
		return 1;
	for (enum l2_mode mode = 0; mode < L2_FLAT; mode++) {
		section(l2_mode_name(mode));
		if (!l2_mode_exists(mode))
			continue;
		for (u32 number = 0; number < CASES; number++)
			for (enum form form = 0; form < FORMS; form++) {
				one(number, form, mode, true);
				one(number, form, mode, false);
			}
	}
	return 0;
}
