// SPDX-License-Identifier: MIT
/*
 * Corners where two mechanisms meet: accesses that cross a page where TLB indices wrap, stores that
 * end a wait, a SIPI to a processor that needs none, undefined opcodes at a segment's end, PDPTEs
 * loaded without a change of paging, single-stepping by branches.
 */
#include "guest.h"

#define DATA (PTE_P | PTE_W | PTE_A | PTE_D)

CODE(load, "mov (%rax), %rcx");
CODE(store, "mov %rcx, (%rax)");

static u64 root;

/* Maps a page of its own where large ones may be. */
static void place(u64 address, u8 *page)
{
	u64 *large = entry(root, address, 2);

	if (large && *large & PTE_PS)
		*large = 0;
	map(root, address, (u64)page | DATA, 1);
	write_cr3(root);
}

static void test_crossing(void)
{
	/* A boundary of 2 GB, one of 4 GB, and the ends of the canonical halves' first pages */
	static const u64 boundaries[] = {
		0x80000000,	    0x100000000, 0x8000000000,		 0xffff800080000000,
		0xffffffff80000000, 0x40000000,	 0x400000 + 0x8000000000
	};

	section("across a page");
	for (u32 i = 0; i < sizeof(boundaries) / sizeof(boundaries[0]); i++) {
		u64 at = boundaries[i];
		u8 *second = page_new(), *first = page_new(); /* not in this order */
		u64 value = 0x8877665544332211;
		struct regs r;

		place(at - 4096, first);
		place(at, second);
		*(volatile u64 *)at = 0x2222222222222222; /* the second page is in the TLB */
		*(u64 *)(first + 4088) = 0x1111111111111111;
		r = (struct regs){ .ax = at - 4 };
		run(load, &r);
		CHECK(r.cx, 0x2222222211111111);
		r = (struct regs){ .ax = at - 3, .cx = value };
		run(store, &r);
		CHECK(*(u64 *)(first + 4088), 0x3322111111111111);
		CHECK(*(u64 *)second, 0x2222228877665544);
	}
}

/* ---------------------------------------------------------------- MWAIT */

static volatile u64 line[16] __attribute__((aligned(64)));
static volatile u32 woken, waiting;

static void wait_for_store(word unused)
{
	(void)unused;
	asm volatile("monitor" ::"a"(line), "c"(0), "d"(0) : "memory");
	waiting = 1;
	while (!line[0]) /* it may end for no reason */
		asm volatile("mwait" ::"a"(0), "c"(0) : "memory");
	woken = 1;
}

static void test_mwait(void)
{
	section("MWAIT");
	cpu_call(1, wait_for_store, 0);
	while (!waiting)
		asm volatile("pause");
	for (u32 i = 0; i < 10000 && !woken; i++)
		asm volatile("pause");
	line[0] = 1;
	for (u32 i = 0; i < 100000 && !woken; i++)
		asm volatile("pause");
	CHECK(woken, 1);
}

/* ---------------------------------------------------------------- SIPI */

static volatile u32 halted, passed;

static void halt(word unused)
{
	(void)unused;
	halted = 1;
	asm volatile("cli; hlt");
	passed = 1;
}

static void test_sipi(void)
{
	section("SIPI to a halted processor");
	cpu_call(2, halt, 0);
	while (!halted)
		asm volatile("pause");
	for (u32 i = 0; i < 10000; i++)
		asm volatile("pause");
	apic_ipi(2, 0x4608);
	for (u32 i = 0; i < 10000; i++)
		asm volatile("pause");
	CHECK(passed, 0);
}

/* ---------------------------------------------------------------- segment ends */

static void test_end(void)
{
	static u8 code[4096] __attribute__((aligned(4096)));
	struct regs r;
	struct fault f;

	section("undefined opcode at the segment's end");
	for (u32 size = 2; size < 12; size += 3) {
		memset(code, 0x90, sizeof(code));
		code[100] = 0x0f;
		code[101] = 0x0b;
		*gdt(SEL_FREE) = descriptor((u32)(word)code, 100 + size - 1, 0x409b);
		r = (struct regs){ .cs = SEL_FREE,
				   .ss = SEL_DATA,
				   .ds = SEL_DATA,
				   .es = SEL_DATA,
				   .sp = (word)code + 4096 };
		f = run_in(CUSTOM, (code_t *)100, &r);
		EXPECT(f, VECTOR_UD, 0, 100);
	}
	/* an opcode that is none in any case, but takes three bytes to see */
	memcpy(code + 100, (u8[]){ 0x0f, 0x38, 0xff, 0x90 }, 4);
	for (u32 size = 1; size < 6; size++) {
		*gdt(SEL_FREE) = descriptor((u32)(word)code, 100 + size - 1, 0x409b);
		f = run_in(CUSTOM, (code_t *)100, &r);
		EXPECT(f, size < 3 ? VECTOR_GP : VECTOR_UD, 0, 100);
	}
	code[101] = 0x1f; /* a long NOP now */
	code[102] = 0xc0;
	code[103] = 0xcd;
	code[104] = VECTOR_RETURN;
	f = run_in(CUSTOM, (code_t *)100, &r);
	EXPECT(f, NO_FAULT, 0, ANY);
	code[99] = 0x90;
	*gdt(SEL_FREE) = descriptor((u32)(word)code, 100, 0x409b);
	f = run_in(CUSTOM, (code_t *)99, &r);
	EXPECT(f, VECTOR_GP, 0, 100);
	*gdt(SEL_FREE) = 0;
}

/* ---------------------------------------------------------------- BTF */

CODE(branches, "1: nop; nop; jmp 2f; nop\n2: nop; je 1b; nop; jne 3f; nop\n3: nop");
static u32 traps;
static word where[16];

static void trap(struct frame *frame)
{
	if (traps < 16)
		where[traps] = frame->ip;
	traps++;
	write_msr(0x1d9, 2); /* #DB clears BTF */
	if (traps > 60)
		frame->flags &= ~0x100ul;
}

static void test_btf(void)
{
	struct regs r = { .flags = 0x100 };

	section("single-step on branches");
	on_vector(VECTOR_DB, trap);
	write_msr(0x1d9, 2);
	run(branches, &r);
	write_msr(0x1d9, 0);
	on_vector(VECTOR_DB, NULL);
	CHECK(traps, 2);
	CHECK(where[0] - (word)branches, 5);
	CHECK(where[1] - (word)branches, 12);
}

/* ---------------------------------------------------------------- alignment */

CODE(far_pointer16, "lfsw (%rax), %cx");
CODE(far_pointer32, "lfsl (%rax), %ecx");
CODE(load_quad, "mov (%rax), %rcx");
CODE(load_long_double, "fldt (%rax); fstp %st(0)");
CODE(load_vector, "movups (%rax), %xmm0");

/* SDM Vol 3A "Alignment Check Exception", table "Alignment Requirements by Data Type" */
static void test_alignment(void)
{
	static const struct {
		code_t *code;
		u32 alignment;
	} cases[] = { { far_pointer16, 2 },
		      { far_pointer32, 4 },
		      { load_quad, 8 },
		      { load_long_double, 8 },
		      { load_vector, 1 } };
	static u8 zeros[64] __attribute__((aligned(64)));
	word cr0 = read_cr0();

	section("alignment");
	asm volatile("fninit");
	write_cr0(cr0 | CR0_AM);
	for (u32 i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		for (u32 offset = 0; offset < 16; offset++) {
			struct regs r = { .ax = (word)zeros + offset, .flags = FLAG_AC };
			struct fault f = run_in(USER, cases[i].code, &r);
			bool bad = offset & (cases[i].alignment - 1);

			EXPECT(f, bad ? VECTOR_AC : NO_FAULT, 0, bad ? (word)cases[i].code : ANY);
		}
	}
	write_cr0(cr0);
}

/* ---------------------------------------------------------------- much code */

/* More code than any cache of decoded instructions holds, called from a few places. */
static void test_much_code(void)
{
	static u8 code[1 << 20] __attribute__((aligned(4096)));
	u32 calls = 0;

	section("much code");
	memset(code, 0x90, sizeof(code));
	for (u32 i = 46; i < sizeof(code); i += 47)
		code[i] = 0xc3;
	code[sizeof(code) - 1] = 0xc3;
	for (u32 i = 0; i < 1 << 18; i++) {
		((code_t *)(code + (i * 1299709u & (sizeof(code) - 1))))();
		calls++;
	}
	CHECK(calls, 1 << 18);
}

int main(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	cpus_start(3);
	root = read_cr3();
	test_end();
	test_much_code();
	test_btf();
	test_alignment();
	test_crossing();
	test_mwait();
	test_sipi();
	return 0;
}
