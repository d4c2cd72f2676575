/* SPDX-License-Identifier: MIT */
#include "nested_world.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <undervisor/entries.h>
#include <undervisor/registers.h>

/* SDM Vol 3D "Field Encoding in VMCS" */
const struct field_value world_valid[NR_WORLD_VALID] = {
	{ 0x2000, STRUCTURES },
	{ 0x2002, STRUCTURES + 0x1000 },
	{ 0x2004, STRUCTURES + 0x2000 },
	{ 0x2006, STRUCTURES + 0x3000 },
	{ 0x2008, STRUCTURES + 0x3400 },
	{ 0x200a, STRUCTURES + 0x3800 },
	{ 0x200e, STRUCTURES + 0x4000 },
	{ 0x2012, STRUCTURES + 0x5000 },
	{ 0x2014, STRUCTURES + 0x6000 },
	{ 0x2016, STRUCTURES + 0x7000 },
	{ 0x2024, EPTP_LIST },
	{ 0x2026, STRUCTURES + 0x8000 },
	{ 0x2028, STRUCTURES + 0x9000 },
	{ 0x202a, STRUCTURES + 0xa000 },
	{ 0x2030, STRUCTURES + 0xb000 },
	{ 0x2018, 1 },
	{ 0x401e, 0x2 | 1 << 5 | 1 << 7 | 1 << 12 | 1 << 3 }, /* EPT, VPID, unrestricted, ... */
	{ 0x6802, GUEST_TABLES },
	{ 0x6808, 0 },
	{ 0x6814, GUEST_TSS },
	{ 0x6816, GUEST_GDT },
	{ 0x6818, GUEST_IDT },
	{ 0x4810, 0x7f },
	{ 0x4812, 0xfff },
	{ 0x4004, 0 }, /* exceptions are L2's */
	{ 0x2010, 0 },
	{ 0x482e, 0x100 },
	{ 0x0812, 511 },
	{ 0x201c, 0 },
};

static void put(struct udv_machine *machine, uint64_t address, const void *data, uint64_t size)
{
	if (udv_machine_write(machine, UDV_GPA(address), data, size) != UDV_OK)
		abort();
}

static void put_word(struct udv_machine *machine, uint64_t address, uint64_t value)
{
	put(machine, address, &value, 8);
}

/* ---------------------------------------------------------------- tables */

bool is_guest_table(uint64_t page)
{
	return (page >= GUEST_TABLES >> 12 && page < (GUEST_TABLES >> 12) + 4) ||
	       (page >= GUEST_TABLES32 >> 12 && page < (GUEST_TABLES32 >> 12) + 2);
}

static void put_paging(struct udv_machine *machine, uint64_t tables)
{
	for (uint64_t level = 0; level < 3; level++)
		put_word(machine, tables + level * 0x1000, (tables + (level + 1) * 0x1000) | 7);
	for (uint64_t page = 0; page < 256; page++)
		put_word(machine, tables + 0x3000 + 8 * page,
			 page << 12 | (tables == GUEST_TABLES && is_guest_table(page) ? 5 : 7));
}

static void put_paging32(struct udv_machine *machine)
{
	put_word(machine, GUEST_TABLES32, (GUEST_TABLES32 + 0x1000) | 7);
	for (uint64_t page = 0; page < 256; page += 2)
		put_word(machine, GUEST_TABLES32 + 0x1000 + 4 * page,
			 (page << 12 | (is_guest_table(page) ? 5 : 7)) |
				 ((page + 1) << 12 | (is_guest_table(page + 1) ? 5 : 7)) << 32);
}

static void put_ept(struct udv_machine *machine, uint64_t ept)
{
	for (uint64_t level = 0; level < 3; level++)
		put_word(machine, ept + level * 0x1000, (ept + (level + 1) * 0x1000) | 7);
	for (uint64_t page = 0; page < 256; page++)
		put_word(machine, ept + 0x3000 + 8 * page,
			 page << 12 | (page << 12 < WRITABLE ? 0x35 : 0x37));
}

static void put_descriptors(struct udv_machine *machine, uint64_t gdt, uint64_t tss, uint64_t idt,
			    uint64_t handler)
{
	put_word(machine, gdt + SEL_CODE, 0x00af9b000000ffff);
	put_word(machine, gdt + SEL_DATA, 0x00cf93000000ffff);
	put_word(machine, gdt + SEL_TSS, 0x00008b0000000067 | tss << 16);
	for (uint64_t vector = 0; vector < 256; vector++)
		put_word(machine, idt + 16 * vector,
			 0x8e0000000000 | SEL_CODE << 16 | (handler & 0xffff) |
				 (handler & 0xffff0000) << 32);
}

/* What L2 finds where nothing else is: VMCALL, whatever it takes it for. */
static void put_rest(struct udv_machine *machine)
{
	static const char pattern[] = "\x0f\x01\xc1";
	uint8_t page[0x1000];

	for (unsigned i = 0; i < sizeof(page); i++)
		page[i] = (uint8_t)pattern[i % 3];
	for (uint64_t at = STRUCTURES + NR_STRUCTURES * 0x1000; at < WORLD_MEMORY; at += 0x1000)
		put(machine, at, page, sizeof(page));
}

/* The lists: MSRs that are plain storage, with other values in each. */
static void put_lists(struct udv_machine *machine)
{
	static const uint32_t msrs[NR_LISTED] = { 0xc0000081, 0xc0000082, 0xc0000102, 0xc0000103,
						  0x174 };
	static const uint32_t lists[] = { 0x3000, 0x3400, 0x3800 };

	for (unsigned i = 0; i < 3; i++)
		for (unsigned j = 0; j < NR_LISTED; j++) {
			put_word(machine, STRUCTURES + lists[i] + 16 * j, msrs[j]);
			put_word(machine, STRUCTURES + lists[i] + 16 * j + 8, 0x100 * i + j);
		}
}

/* ---------------------------------------------------------------- handlers */

/* Of L1's faults: on with the next command. */
static const char next[] = "\xbc\x00\x80\x00\x00\x41\xff\xe6"; /* mov $STACK, %esp; jmp *%r14 */

/* Of L2's: a VM exit, then its next snippet. */
static const char guest_next[] =
	"\x0f\x01\xc1"				       /* vmcall */
	"\xc7\x04\x25\x04\xa0\x07\x00\x00\x00\x00\x00" /* movl $0, #VE's flag */
	"\xbc\x00\x20\x06\x00"			       /* mov $GUEST_STACK, %esp */
	"\x41\xff\xe7";				       /* jmp *%r15 */

/*
 * Of exits, as often as R13 says: the instruction is skipped; or after an EPT fault the page is
 * given, but for writing where L2 must not, and what was being delivered is injected again. A
 * failed entry or a triple fault is for the next command to mend.
 *
 * An EPT violation has itself dropped what is cached for its guest-physical address under its EPT,
 * so every other time, if no more than the leaf of that address is to change, there is no INVEPT.
 * SDM Vol 3C "Operations that Invalidate Cached Mappings"
 */
static const char exits[] =
	"\x41\xff\xcd"					   /* dec %r13d */
	"\x0f\x88\x7d\x01\x00\x00"			   /* js 0x186 */
	"\xb8\x02\x44\x00\x00"				   /* mov $0x4402,%eax */
	"\x0f\x78\xc3"					   /* vmread %rax,%rbx */
	"\x85\xdb"					   /* test %ebx,%ebx */
	"\x0f\x88\x6d\x01\x00\x00"			   /* js 0x186 */
	"\x83\xfb\x02"					   /* cmp $0x2,%ebx */
	"\x0f\x84\x64\x01\x00\x00"			   /* je 0x186 */
	"\x83\xfb\x30"					   /* cmp $0x30,%ebx */
	"\x74\x23"					   /* je 0x4a */
	"\x83\xfb\x31"					   /* cmp $0x31,%ebx */
	"\x74\x1e"					   /* je 0x4a */
	"\xb8\x0c\x44\x00\x00"				   /* mov $0x440c,%eax */
	"\x0f\x78\xc1"					   /* vmread %rax,%rcx */
	"\xb8\x1e\x68\x00\x00"				   /* mov $0x681e,%eax */
	"\x0f\x78\xc2"					   /* vmread %rax,%rdx */
	"\x48\x01\xca"					   /* add %rcx,%rdx */
	"\x0f\x79\xc2"					   /* vmwrite %rdx,%rax */
	"\x0f\x01\xc3"					   /* vmresume */
	"\xe9\x3c\x01\x00\x00"				   /* jmp 0x186 */
	"\xb8\x00\x24\x00\x00"				   /* mov $0x2400,%eax */
	"\x0f\x78\xc6"					   /* vmread %rax,%rsi */
	"\x41\xf6\xc5\x01"				   /* test $0x1,%r13b */
	"\x74\x67"					   /* je 0xbf */
	"\x83\xfb\x30"					   /* cmp $0x30,%ebx */
	"\x75\x62"					   /* jne 0xbf */
	"\x48\x81\xfe\x00\x00\x10\x00"			   /* cmp $0x100000,%rsi */
	"\x73\x59"					   /* jae 0xbf */
	"\xb8\x1a\x20\x00\x00"				   /* mov $0x201a,%eax */
	"\x0f\x78\xc2"					   /* vmread %rax,%rdx */
	"\x81\xe2\x00\xf0\x0f\x00"			   /* and $0xff000,%edx */
	"\x48\x8d\xba\x07\x10\x00\x00"			   /* lea 0x1007(%rdx),%rdi */
	"\xb9\x03\x00\x00\x00"				   /* mov $0x3,%ecx */
	"\x48\x8b\x02"					   /* mov (%rdx),%rax */
	"\x48\x0f\xba\xf0\x08"				   /* btr $0x8,%rax */
	"\x48\x39\xf8"					   /* cmp %rdi,%rax */
	"\x75\x32"					   /* jne 0xbf */
	"\x81\xc2\x00\x10\x00\x00"			   /* add $0x1000,%edx */
	"\x81\xc7\x00\x10\x00\x00"			   /* add $0x1000,%edi */
	"\xff\xc9"					   /* dec %ecx */
	"\x75\xe3"					   /* jne 0x80 */
	"\x81\xe6\x00\xf0\x0f\x00"			   /* and $0xff000,%esi */
	"\x89\xf7"					   /* mov %esi,%edi */
	"\xc1\xef\x09"					   /* shr $0x9,%edi */
	"\x83\xce\x37"					   /* or $0x37,%esi */
	"\x81\xfe\x00\x00\x06\x00"			   /* cmp $0x60000,%esi */
	"\x73\x03"					   /* jae 0xb6 */
	"\x83\xe6\xfd"					   /* and $0xfffffffd,%esi */
	"\x48\x89\x34\x3a"				   /* mov %rsi,(%rdx,%rdi,1) */
	"\xe9\x8a\x00\x00\x00"				   /* jmp 0x149 */
	"\x48\xc7\x04\x25\x00\x00\x05\x00\x07\x10\x05\x00" /* movq $0x51007,0x50000 */
	"\x48\xc7\x04\x25\x00\x10\x05\x00\x07\x20\x05\x00" /* movq $0x52007,0x51000 */
	"\x48\xc7\x04\x25\x00\x20\x05\x00\x07\x30\x05\x00" /* movq $0x53007,0x52000 */
	"\x48\xc7\x04\x25\x00\x40\x05\x00\x07\x50\x05\x00" /* movq $0x55007,0x54000 */
	"\x48\xc7\x04\x25\x00\x50\x05\x00\x07\x60\x05\x00" /* movq $0x56007,0x55000 */
	"\x48\xc7\x04\x25\x00\x60\x05\x00\x07\x70\x05\x00" /* movq $0x57007,0x56000 */
	"\x81\xe6\x00\xf0\x0f\x00"			   /* and $0xff000,%esi */
	"\x89\xf7"					   /* mov %esi,%edi */
	"\xc1\xef\x09"					   /* shr $0x9,%edi */
	"\x83\xce\x37"					   /* or $0x37,%esi */
	"\x81\xfe\x00\x00\x06\x00"			   /* cmp $0x60000,%esi */
	"\x73\x03"					   /* jae 0x120 */
	"\x83\xe6\xfd"					   /* and $0xfffffffd,%esi */
	"\x48\x89\xb7\x00\x30\x05\x00"			   /* mov %rsi,0x53000(%rdi) */
	"\x48\x89\xb7\x00\x70\x05\x00"			   /* mov %rsi,0x57000(%rdi) */
	"\x48\xc7\x04\x25\x08\x81\x00\x00\x00\x00\x00\x00" /* movq $0x0,0x8108 */
	"\xb8\x02\x00\x00\x00"				   /* mov $0x2,%eax */
	"\x66\x0f\x38\x80\x04\x25\x00\x81\x00\x00"	   /* invept 0x8100,%rax */
	"\xb8\x08\x44\x00\x00"				   /* mov $0x4408,%eax */
	"\x0f\x78\xc1"					   /* vmread %rax,%rcx */
	"\x85\xc9"					   /* test %ecx,%ecx */
	"\x79\x2e"					   /* jns 0x183 */
	"\xb8\x0c\x44\x00\x00"				   /* mov $0x440c,%eax */
	"\x0f\x78\xc2"					   /* vmread %rax,%rdx */
	"\xb8\x1a\x40\x00\x00"				   /* mov $0x401a,%eax */
	"\x0f\x79\xc2"					   /* vmwrite %rdx,%rax */
	"\xb8\x0a\x44\x00\x00"				   /* mov $0x440a,%eax */
	"\x0f\x78\xc2"					   /* vmread %rax,%rdx */
	"\xb8\x18\x40\x00\x00"				   /* mov $0x4018,%eax */
	"\x0f\x79\xc2"					   /* vmwrite %rdx,%rax */
	"\x81\xe1\xff\xef\xff\xff"			   /* and $0xffffefff,%ecx */
	"\xb8\x16\x40\x00\x00"				   /* mov $0x4016,%eax */
	"\x0f\x79\xc1"					   /* vmwrite %rcx,%rax */
	"\x0f\x01\xc3"					   /* vmresume */
	"\xbc\x00\x80\x00\x00"				   /* mov $0x8000,%esp */
	"\x41\xff\xe6" /* jmp *%r14 */;

void world_setup(struct udv_machine *machine, const struct code *l1, const struct code *l2)
{
	static const uint16_t eptps[] = { 0x1e, 0x5e, 0x1f, 0x9e };
	struct udv_registers r = { .rip = CODE, .rflags = 2 };

	put_rest(machine);
	put_paging(machine, TABLES);
	put_paging(machine, GUEST_TABLES);
	put_paging32(machine);
	for (unsigned i = 0; i < NR_EPTS; i++)
		put_ept(machine, EPT_OF(i));
	for (unsigned i = 0; i < 8; i++)
		put_word(machine, EPTP_LIST + 8 * i, EPT_OF(i & 1) | eptps[i / 2]);
	put_word(machine, GUEST_PDPT, GUEST_TABLES | 0x2001);
	put_lists(machine);
	put_descriptors(machine, GDT, TSS, IDT, HANDLER);
	put_descriptors(machine, GUEST_GDT, GUEST_TSS, GUEST_IDT, GUEST_HANDLER);
	put(machine, HANDLER, next, sizeof(next) - 1);
	put(machine, EXIT_HANDLER, exits, sizeof(exits) - 1);
	put(machine, GUEST_HANDLER, guest_next, sizeof(guest_next) - 1);
	put(machine, CODE, l1->bytes, l1->size);
	put(machine, GUEST_CODE, l2->bytes, l2->size < 0x1000 ? l2->size : 0x1000);
	r.gpr[UDV_RSP] = STACK;
	for (unsigned i = 0; i < 6; i++)
		r.segment[i] = (struct udv_segment_register){ 0, 0xffffffff, 0xc093, SEL_DATA };
	r.segment[UDV_CS] = (struct udv_segment_register){ 0, 0xffffffff, 0xa09b, SEL_CODE };
	r.segment[UDV_LDTR].access_rights = 0x10000;
	r.segment[UDV_TR] = (struct udv_segment_register){ TSS, 0x67, 0x8b, SEL_TSS };
	r.gdtr_base = GDT;
	r.gdtr_limit = 0x7f;
	r.idtr_base = IDT;
	r.idtr_limit = 0xfff;
	r.cr0 = UDV_CR0_PE | UDV_CR0_PG | UDV_CR0_NE | UDV_CR0_WP | UDV_CR0_ET;
	r.cr3 = TABLES;
	r.cr4 = UDV_CR4_PAE | UDV_CR4_VMXE | 0x40600; /* OSFXSR, OSXMMEXCPT, OSXSAVE */
	r.efer = UDV_EFER_LME | UDV_EFER_LMA | UDV_EFER_NXE;
	r.dr6 = 0xffff0ff0;
	r.dr7 = 0x400;
	if (udv_machine_set_registers(machine, 0, &r) != UDV_OK)
		abort();
}

/* ---------------------------------------------------------------- L2's instructions */

#define SNIPPET(text)                                                                              \
	{                                                                                          \
		text, sizeof(text) - 1                                                             \
	}

static const struct {
	const char *bytes;
	size_t size;
} snippets[] = {
	SNIPPET("\x48\x8b\x06"),	     /* mov (%rsi), %rax */
	SNIPPET("\x48\x89\x06"),	     /* mov %rax, (%rsi) */
	SNIPPET("\x88\x06"),		     /* movb %al, (%rsi) */
	SNIPPET("\x66\x89\x06"),	     /* movw %ax, (%rsi) */
	SNIPPET("\xf0\x48\x01\x06"),	     /* lock addq %rax, (%rsi) */
	SNIPPET("\xf0\x48\x0f\xc7\x0e"),     /* lock cmpxchg16b (%rsi) */
	SNIPPET("\x48\x87\x06"),	     /* xchg %rax, (%rsi) */
	SNIPPET("\xff\x36"),		     /* pushq (%rsi) */
	SNIPPET("\x8f\x06"),		     /* popq (%rsi) */
	SNIPPET("\xff\xd6"),		     /* call *%rsi */
	SNIPPET("\xff\xe6"),		     /* jmp *%rsi */
	SNIPPET("\xa4"),		     /* movsb */
	SNIPPET("\xf3\xa4"),		     /* rep movsb */
	SNIPPET("\xf3\x48\xab"),	     /* rep stosq */
	SNIPPET("\xf3\xa6"),		     /* repe cmpsb */
	SNIPPET("\xf3\x6c"),		     /* rep insb */
	SNIPPET("\x66\xf3\x6f"),	     /* rep outsw */
	SNIPPET("\x6d"),		     /* insl */
	SNIPPET("\x6e"),		     /* outsb */
	SNIPPET("\xe4\x71"),		     /* in $0x71, %al */
	SNIPPET("\xe6\x70"),		     /* out %al, $0x70 */
	SNIPPET("\xed"),		     /* in %dx, %eax */
	SNIPPET("\xef"),		     /* out %eax, %dx */
	SNIPPET("\x0f\xa2"),		     /* cpuid */
	SNIPPET("\x0f\x31"),		     /* rdtsc */
	SNIPPET("\x0f\x01\xf9"),	     /* rdtscp */
	SNIPPET("\x0f\x33"),		     /* rdpmc */
	SNIPPET("\x0f\x32"),		     /* rdmsr */
	SNIPPET("\x0f\x30"),		     /* wrmsr */
	SNIPPET("\x0f\x20\xc0"),	     /* mov %cr0, %rax */
	SNIPPET("\x0f\x22\xc0"),	     /* mov %rax, %cr0 */
	SNIPPET("\x0f\x20\xd8"),	     /* mov %cr3, %rax */
	SNIPPET("\x0f\x22\xd8"),	     /* mov %rax, %cr3 */
	SNIPPET("\x0f\x22\xe0"),	     /* mov %rax, %cr4 */
	SNIPPET("\x44\x0f\x20\xc0"),	     /* mov %cr8, %rax */
	SNIPPET("\x44\x0f\x22\xc0"),	     /* mov %rax, %cr8 */
	SNIPPET("\x0f\x06"),		     /* clts */
	SNIPPET("\x0f\x01\xf0"),	     /* lmsw %ax */
	SNIPPET("\x0f\x01\x26"),	     /* smsw (%rsi) */
	SNIPPET("\x0f\x01\x3e"),	     /* invlpg (%rsi) */
	SNIPPET("\x66\x0f\x38\x82\x06"),     /* invpcid (%rsi), %rax */
	SNIPPET("\x0f\x01\x16"),	     /* lgdt (%rsi) */
	SNIPPET("\x0f\x01\x1e"),	     /* lidt (%rsi) */
	SNIPPET("\x0f\x01\x06"),	     /* sgdt (%rsi) */
	SNIPPET("\x0f\x01\x0e"),	     /* sidt (%rsi) */
	SNIPPET("\x0f\x00\x06"),	     /* sldt (%rsi) */
	SNIPPET("\x0f\x00\x0e"),	     /* str (%rsi) */
	SNIPPET("\x0f\x00\xd0"),	     /* lldt %ax */
	SNIPPET("\x0f\x00\xd8"),	     /* ltr %ax */
	SNIPPET("\x0f\x02\x06"),	     /* lar (%rsi), %eax */
	SNIPPET("\x0f\x00\x2e"),	     /* verw (%rsi) */
	SNIPPET("\x0f\x01\xc1"),	     /* vmcall */
	SNIPPET("\x0f\x01\xd4"),	     /* vmfunc */
	SNIPPET("\x0f\x78\x06"),	     /* vmread %rax, (%rsi) */
	SNIPPET("\x0f\x79\x06"),	     /* vmwrite (%rsi), %rax */
	SNIPPET("\x0f\xc7\x36"),	     /* vmptrld (%rsi) */
	SNIPPET("\x0f\x01\xc2"),	     /* vmlaunch */
	SNIPPET("\xf4"),		     /* hlt */
	SNIPPET("\xf3\x90"),		     /* pause */
	SNIPPET("\x0f\x01\xc8"),	     /* monitor */
	SNIPPET("\x0f\x01\xc9"),	     /* mwait */
	SNIPPET("\x0f\x09"),		     /* wbinvd */
	SNIPPET("\x0f\x08"),		     /* invd */
	SNIPPET("\x0f\x0b"),		     /* ud2 */
	SNIPPET("\xcc"),		     /* int3 */
	SNIPPET("\xcd\x30"),		     /* int $0x30 */
	SNIPPET("\xf1"),		     /* int1 */
	SNIPPET("\x48\xcf"),		     /* iretq */
	SNIPPET("\xfb"),		     /* sti */
	SNIPPET("\xfa"),		     /* cli */
	SNIPPET("\x9d"),		     /* popfq */
	SNIPPET("\x8e\xd0"),		     /* mov %ax, %ss */
	SNIPPET("\x8e\xe0"),		     /* mov %ax, %fs */
	SNIPPET("\x0f\x23\xf8"),	     /* mov %rax, %dr7 */
	SNIPPET("\x0f\x21\xf0"),	     /* mov %dr6, %rax */
	SNIPPET("\x0f\x23\xc0"),	     /* mov %rax, %dr0 */
	SNIPPET("\x0f\x01\xd1"),	     /* xsetbv */
	SNIPPET("\x0f\xc7\x2e"),	     /* xsaves (%rsi) */
	SNIPPET("\x0f\xc7\x1e"),	     /* xrstors (%rsi) */
	SNIPPET("\x0f\xae\x26"),	     /* xsave (%rsi) */
	SNIPPET("\x0f\xae\x06"),	     /* fxsave (%rsi) */
	SNIPPET("\x0f\xae\x0e"),	     /* fxrstor (%rsi) */
	SNIPPET("\xc5\xfe\x6f\x0e"),	     /* vmovdqu (%rsi), %ymm1 */
	SNIPPET("\xc5\xfe\x7f\x0e"),	     /* vmovdqu %ymm1, (%rsi) */
	SNIPPET("\xc4\xe2\x6d\x2e\x0e"),     /* vmaskmovps %ymm1, %ymm2, (%rsi) */
	SNIPPET("\xc4\xe2\x75\x92\x1c\x16"), /* vgatherdps %ymm1, (%rsi,%ymm2,1), %ymm3 */
	SNIPPET("\x0f\x29\x06"),	     /* movaps %xmm0, (%rsi) */
	SNIPPET("\xdb\x2e"),		     /* fldt (%rsi) */
	SNIPPET("\xdb\x3e"),		     /* fstpt (%rsi) */
	SNIPPET("\x9b\xdd\x36"),	     /* fsave (%rsi) */
	SNIPPET("\x66\x0f\xf7\xd1"),	     /* maskmovdqu %xmm1, %xmm2 */
	SNIPPET("\x48\x0f\xc7\xf0"),	     /* rdrand %rax */
	SNIPPET("\x48\x0f\xc7\xf8"),	     /* rdseed %rax */
	SNIPPET("\x0f\x01\xf8"),	     /* swapgs */
	SNIPPET("\x0f\x05"),		     /* syscall */
	SNIPPET("\x0f\x34"),		     /* sysenter */
	SNIPPET("\x48\xcb"),		     /* lretq */
	SNIPPET("\xff\x2e"),		     /* ljmp *(%rsi) */
	SNIPPET("\xc8\x10\x00\x03"),	     /* enter $16, $3 */
	SNIPPET("\x66\xc8\x10\x00\x03"),     /* enterw $16, $3 */
	SNIPPET("\x66\xff\x36"),	     /* pushw (%rsi) */
	SNIPPET("\x48\xff\x1e"),	     /* lcallq *(%rsi) */
	SNIPPET("\x66\xff\x1e"),	     /* lcallw *(%rsi) */
	SNIPPET("\x66\xcb"),		     /* lretw */
	SNIPPET("\x9c"),		     /* pushfq */
	SNIPPET("\xc9"),		     /* leave */
	SNIPPET("\x66\xc1\x06\x01"),	     /* rolw $1, (%rsi) */
	SNIPPET("\x0f\x01\xca"),	     /* clac */
	SNIPPET("\x0f\x01\xcb"),	     /* stac */
	SNIPPET("\xf3\x48\x0f\xae\xd0"),     /* wrfsbase %rax */
	SNIPPET("\x0f\x01\xd0"),	     /* xgetbv */
	SNIPPET("\x0f\x01\xee"),	     /* rdpkru */
	SNIPPET("\x0f\x01\xef"),	     /* wrpkru */
};

/* A linear address, mostly one that is mapped; the end of a page, for what crosses it. */
static uint64_t draw_address(struct input *in)
{
	static const uint16_t registers[] = { 0x80, 0x80, 0xb0, 0x300, 0x310, 0x20, 0xf0, 0x380 };
	uint64_t choice = take(in, 1), page = take(in, 1);

	if (choice % 64 == 9) /* of the APIC-access page */
		return STRUCTURES + 0x6000 + registers[page & 7] + (page >> 3 & 7);
	switch (choice % 8) {
	case 0:
		return take(in, 8);
	case 1:
		return (page << 12 | 0x1000) - 1 - take(in, 1) % 16;
	case 2:
		return STRUCTURES + ((page & 0xf) << 12) + (take(in, 2) & 0xff8);
	case 3:
		return GUEST_TABLES + (take(in, 2) & 0x3ff8);
	case 4:
		return GUEST_CODE + (take(in, 2) & 0xfff);
	default:
		return page << 12 | (take(in, 2) & 0xff8);
	}
}

static uint64_t draw_value(struct input *in)
{
	static const uint64_t some[] = { 0x80010031, 0x42020,	 0x20,	       0x174, 0x3a,
					 0xc0000080, 0xc0000101, 0x277,	       0x1d9, 0x480,
					 0xcfc,	     0x3f8,	 0x83f,	       0x830, 0x44400,
					 GUEST_PDPT, 0x808,	 GUEST_TABLES, 0x6820 };

	switch (take(in, 1) % 4) {
	case 0:
		return take(in, 8);
	case 1:
		return some[take(in, 1) % (sizeof(some) / sizeof(some[0]))] ^
		       (take(in, 1) % 4 ? 0 : 1ull << (take(in, 1) % 64));
	case 2:
		return draw_address(in);
	default:
		return take(in, 1);
	}
}

void world_snippet(struct code *c, struct input *in)
{
	static const char loads[][2] = { { 0x48, (char)0xb8 }, { 0x48, (char)0xb9 },
					 { 0x48, (char)0xba }, { 0x48, (char)0xbf },
					 { 0x48, (char)0xbc }, { 0x48, (char)0xbd } };
	size_t index = take(in, 1) % (sizeof(snippets) / sizeof(snippets[0])), start = c->size;
	uint64_t which = take(in, 1), distance;

	EMIT(c, "\x4c\x8d\x3d"); /* lea next(%rip), %r15 */
	emit_value(c, 0, 4);
	EMIT(c, "\x48\xbe"); /* mov imm64, %rsi */
	emit_value(c, draw_address(in), 8);
	/* RAX, RCX, RDX, RDI; seldom RSP and RBP */
	for (unsigned i = 0; i < 6; i++)
		if (which >> i & 1 && (i < 4 || which >> 6 == 0)) {
			emit(c, loads[i], 2);
			emit_value(c, i >= 3 ? draw_address(in) : draw_value(in), 8);
		}
	/* Repeated string instructions are not to run for ever. */
	if (snippets[index].bytes[0] == '\xf3')
		EMIT(c, "\x81\xe1\xff\x00\x00\x00"); /* and $0xff, %ecx */
	emit(c, snippets[index].bytes, snippets[index].size);
	distance = c->size - start - 7;
	if (start + 7 <= CODE_SIZE)
		for (unsigned i = 0; i < 4; i++)
			c->bytes[start + 3 + i] = (uint8_t)(distance >> (8 * i));
}
