// SPDX-License-Identifier: MIT
/*
 * Code that changes: by itself, in the block that runs, in the instruction that follows, across a
 * page, and through another mapping; by DMA-like string stores; by another processor, which
 * serialises. And an instruction whose operand is a device's register.
 */
#include "guest.h"

#define ALIAS 0x8000000000ull
#define BEFORE_DEVICE 0x10000000000ull
#define IOAPIC_BASE 0xfec00000ull
#define IOREGSEL (*(volatile u32 *)IOAPIC_BASE)

CODE(next_instruction, "movb $7, 1f+1(%rip)\n1: mov $5, %eax");
CODE(loop_body, "mov $10, %ecx; xor %eax, %eax\n1: add $1, %eax\n2: incb 1b+2(%rip); loop 1b");
CODE(earlier, "jmp 2f\n1: mov $5, %eax; jmp 3f\n2: movl $0x99, 1b+1(%rip); jmp 1b\n3:");
CODE(overwrite_jump, "movw $0x9090, 1f(%rip)\n1: jmp 2f; mov $1, %eax\n2:");
CODE(by_string, "lea 1f+1(%rip), %rdi; mov $0x11, %eax; mov $4, %ecx; rep stosb\n1: mov $5, %eax");
/* Of the REP MOVSB 90H A4H is left: a MOVSB, once. */
CODE(string_itself, "lea 1f(%rip), %rdi; lea 2f(%rip), %rsi; mov $100, %ecx\n1: rep movsb\n"
		    ".skip 100, 0x90\njmp 3f\n2: .skip 100, 0x90\n3:");
CODE(replace_with_ud, "movw $0x0b0f, 1f(%rip); nop; nop\n1: mov $5, %eax");
CODE(return_value, "mov $5, %eax");
CODE(prefix_added, "movb $0x66, 1f(%rip)\n1: nop; mov $0x11223344, %eax; nop; nop");
CODE(call_and_pop, "mov %rsp, %rbx; call *%rdi; mov %rsp, %rax; sub %rbx, %rax; mov %rbx, %rsp");

asm(".pushsection .text\n.balign 4096\n.skip 4096 - 3\n.globl crossing\n"
    "crossing: mov $0x12345678, %eax\nint $0xf0\n.popsection");
extern code_t crossing;

static struct regs r;
static struct fault f;

static void test_self(void)
{
	section("self");
	r = (struct regs){ 0 };
	f = run(next_instruction, &r);
	CHECK(r.ax, 7);
	r = (struct regs){ 0 };
	f = run(loop_body, &r);
	CHECK(r.ax, 1 + 2 + 3 + 4 + 5 + 6 + 7 + 8 + 9 + 10);
	r = (struct regs){ 0 };
	f = run(earlier, &r);
	CHECK(r.ax, 0x99);
	r = (struct regs){ 0 };
	f = run(overwrite_jump, &r);
	CHECK(r.ax, 1);
	r = (struct regs){ 0 };
	f = run(by_string, &r);
	CHECK(r.ax, 0x11111111);
	r = (struct regs){ 0 };
	f = run(string_itself, &r);
	EXPECT(f, NO_FAULT, 0, ANY);
	CHECK(r.cx, 99);
	CHECK(r.di, (word)string_itself + 19 + 2);
	r = (struct regs){ 0 };
	f = run(replace_with_ud, &r);
	EXPECT(f, VECTOR_UD, 0, (word)replace_with_ud + 11);
	r = (struct regs){ 0 };
	f = run(prefix_added, &r); /* 66 B8: a 16-bit move, and its immediate's rest is code */
	CHECK(f.vector, NO_FAULT);
	CHECK(r.ax, 0x3344);
}

static void test_others(void)
{
	u8 *code = (u8 *)return_value;
	u32 wrong = 0;

	section("data stores");
	for (u32 i = 0; i < 300; i++) {
		code[1] = (u8)i;
		r = (struct regs){ 0 };
		run(return_value, &r);
		wrong += r.ax != (u8)i;
	}
	CHECK(wrong, 0);
	section("across a page");
	for (u32 at = 1; at < 5; at++) {
		((u8 *)crossing)[at] = (u8)(0xa0 + at);
		r = (struct regs){ 0 };
		run(crossing, &r);
		CHECK(r.ax >> (8 * (at - 1)) & 0xff, 0xa0 + at);
	}
	CHECK(r.ax, 0xa4a3a2a1);
}

CODE(jump_to, "jmp *%rbx");

static void test_alias(void)
{
	u64 root = root_new(), page = (word)return_value & ~0xfffull, old = read_cr3();
	u8 *alias = (u8 *)ALIAS + ((word)return_value & 0xfff);
	u8 *first = page_new(), *second = page_new();

	section("aliases");
	map(root, ALIAS, page | PTE_P | PTE_W, 1);
	map(root, ALIAS + 0x1000, (page + 0x1000) | PTE_P | PTE_W, 1);
	write_cr3(root);
	for (u32 i = 0; i < 8; i++) {
		alias[1] = (u8)(0x40 + i);
		r = (struct regs){ 0 };
		run(return_value, &r);
		CHECK(r.ax, 0x40 + i);
		((u8 *)return_value)[1] = (u8)(0x80 + i);
		r = (struct regs){ .bx = (word)alias };
		run(jump_to, &r);
		CHECK(r.ax, 0x80 + i);
	}
	/* The same address, another page: mov $imm, %eax; int. */
	static const u8 code[] = { 0xb8, 1, 0, 0, 0, 0xcd, VECTOR_RETURN };
	memcpy(first, code, sizeof(code));
	memcpy(second, code, sizeof(code));
	second[1] = 2;
	u64 *e = map(root, ALIAS + 0x2000, (u64)first | PTE_P | PTE_W, 1);
	for (u32 i = 0; i < 6; i++) {
		*e = (u64)((i & 1) ? second : first) | PTE_P | PTE_W;
		invlpg((void *)(ALIAS + 0x2000));
		r = (struct regs){ .bx = ALIAS + 0x2000 };
		run(jump_to, &r);
		CHECK(r.ax, 1 + (i & 1));
	}
	/* Few places of it have been jumped to, or many. */
	for (u32 i = 0; i < 16; i++) {
		memcpy(first + i * 64, code, sizeof(code));
		memcpy(second + i * 64, code, sizeof(code));
		second[i * 64 + 1] = 2;
	}
	for (u32 i = 0; i < 48; i++) {
		*e = (u64)((i & 1) ? second : first) | PTE_P | PTE_W;
		invlpg((void *)(ALIAS + 0x2000));
		for (u32 j = 0; j <= i / 3; j++) {
			r = (struct regs){ .bx = ALIAS + 0x2000 + j * 64 };
			run(jump_to, &r);
			CHECK(r.ax, 1 + (i & 1));
		}
	}
	write_cr3(old);
}

static volatile u32 turn;

/* RET whose operand lies behind its page, in IOREGSEL: how much it pops. Alone, and behind a NOP.
 */
static void test_device(void)
{
	u8 *page = page_new();

	section("a device's register");
	map(read_cr3(), BEFORE_DEVICE, (u64)page | PTE_P | PTE_W, 1);
	map(read_cr3(), BEFORE_DEVICE + 4096, IOAPIC_BASE | PTE_P | PTE_W, 1);
	page[4094] = 0x90;
	page[4095] = 0xc2;
	for (u32 i = 0; i < 6; i++) {
		IOREGSEL = i;
		r = (struct regs){ .di = BEFORE_DEVICE + 4094 + (i & 1) };
		f = run(call_and_pop, &r);
		CHECK(r.ax, i);
	}
}

static void other_cpu(word rounds)
{
	for (u32 i = 1; i <= rounds; i++) {
		while (turn != 2 * i - 1)
			asm volatile("pause");
		((volatile u8 *)return_value)[1] = (u8)(i * 3);
		turn = 2 * i;
	}
}

static void test_cross(void)
{
	u32 wrong = 0;

	if (cpus_start(2) < 2)
		return;
	section("another processor");
	cpu_call(1, other_cpu, 50);
	for (u32 i = 1; i <= 50; i++) {
		turn = 2 * i - 1;
		while (turn != 2 * i)
			asm volatile("pause");
		cpuid(0, 0); /* serialises: SDM vol. 3, Handling Self- and Cross-Modifying Code */
		r = (struct regs){ 0 };
		run(return_value, &r);
		wrong += r.ax != (u8)(i * 3);
	}
	cpu_wait(1);
	CHECK(wrong, 0);
}

int main(int argc, char **argv)
{
	(void)argc, (void)argv;
	test_self();
	test_others();
	test_alias();
	test_device();
	test_cross();
	return 0;
}
