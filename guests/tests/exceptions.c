// SPDX-License-Identifier: MIT
/* Exceptions: vector, error code, saved state, priority; debug facilities; what delays an
 * interrupt. */
#include "guest.h"

CODE(int3, "int3");
CODE(int3_long, ".byte 0xcd, 3");
CODE(int1, ".byte 0xf1");
CODE(int_0x21, "int $0x21");
CODE(int_absent, "int $0x22");
CODE32(into, "into");
CODE32(bound, "bound %eax, (%ebx)");
CODE(ud2, "ud2");
CODE(ud_lock, ".byte 0xf0, 0x90");
CODE(long_instruction,
     ".byte 0x66,0x66,0x66,0x66,0x66,0x66,0x66,0x66,0x66,0x66,0x66,0x66,0x66,0x66,0x66,0x90");
CODE(longest, ".byte 0x66,0x66,0x66,0x66,0x66,0x66,0x66,0x66,0x66,0x66,0x66,0x66,0x66,0x66,0x90");
CODE(fnop, "fnop");
CODE(movaps, "movaps (%rax), %xmm0");
CODE(divide_now, "div %rbx");
CODE(divide, "xor %edx, %edx; div %rbx");
CODE(load_ds, "mov %eax, %ds");
CODE(load_ss, "mov %eax, %ss");
CODE(load_byte, "movb (%rax), %cl");
CODE(load_stack, "mov (%rbp), %rcx");
CODE(load_word, "mov (%rax), %rcx");
CODE(hlt, "hlt");
CODE(cli, "cli");
CODE(read_cr0_now, "mov %cr0, %rax");
CODE(read_cr1, ".byte 0x0f, 0x20, 0xc8");
CODE(set_cr0, "mov %rax, %cr0");
CODE(set_cr4, "mov %rax, %cr4");
CODE(set_cr8, "mov %rax, %cr8");
CODE(rdmsr, "rdmsr");
CODE(wrmsr, "wrmsr");
CODE(in_byte, "in $0x80, %al");
CODE(divps, "divps %xmm1, %xmm0");
CODE(fdiv_wait, "fld1; fldz; fdivrp; nop; fwait");
CODE(ltr, "ltr %ax");
CODE(jump, "jmp *%rax");
CODE(lldt, "lldt %ax");

static struct regs registers;
static bool tcg; /* leaves out what stops QEMU's TCG: known-tcg.md */

#define FAULT(code, vector, error, ...)                                                            \
	do {                                                                                       \
		registers = (struct regs){ __VA_ARGS__ };                                          \
		struct fault fault_ = run(code, &registers);                                       \
		EXPECT(fault_, vector, error, (word)(code));                                       \
	} while (0)
#define FAULT_USER(code, vector, error, ...)                                                       \
	do {                                                                                       \
		registers = (struct regs){ __VA_ARGS__ };                                          \
		struct fault fault_ = run_in(USER, code, &registers);                              \
		EXPECT(fault_, vector, error, (word)(code));                                       \
	} while (0)

static void test_software(void)
{
	struct regs r = { 0 };
	struct fault f;

	section("software interrupts");
	f = run(int3, &r);
	EXPECT(f, VECTOR_BP, 0, (word)int3 + 1);
	f = run(int3_long, &r);
	EXPECT(f, VECTOR_BP, 0, (word)int3_long + 2);
	write_dr6(0xffff0ff0);
	f = run(int1, &r);
	EXPECT(f, VECTOR_DB, 0, (word)int1 + 1);
	CHECK(read_dr6(), 0xffff0ff0);
	f = run(int_0x21, &r);
	EXPECT(f, 0x21, 0, (word)int_0x21 + 2);
	f = run_in(USER, int_0x21, &r);
	EXPECT(f, VECTOR_GP, 0x21 * 8 + 2, (word)int_0x21);
	f = run_in(USER, int3, &r);
	EXPECT(f, VECTOR_GP, 3 * 8 + 2, (word)int3);
	f = run_in(USER, int1, &r);
	EXPECT(f, VECTOR_DB, 0, (word)int1 + 1);
	gate(0x22)->type &= 0x7f;
	f = run(int_absent, &r);
	EXPECT(f, VECTOR_NP, 0x22 * 8 + 2, (word)int_absent);
	gate(0x22)->type = 0x8c; /* a call gate may not be in the IDT */
	f = run(int_absent, &r);
	EXPECT(f, VECTOR_GP, 0x22 * 8 + 2, (word)int_absent);
	gate(0x22)->type = 0x8e;
	gate(0x22)->selector = SEL_DATA;
	f = run(int_absent, &r);
	EXPECT(f, VECTOR_GP, SEL_DATA, (word)int_absent);
	gate(0x22)->selector = 0;
	f = run(int_absent, &r);
	EXPECT(f, VECTOR_GP, 0, (word)int_absent);
	gate(0x22)->selector = SEL_CODE32; /* the code must be 64-bit */
	f = run(int_absent, &r);
	EXPECT(f, VECTOR_GP, SEL_CODE32, (word)int_absent);
	gate(0x22)->selector = SEL_CODE;
	r = (struct regs){ .flags = FLAG_OF };
	f = run_in(KERNEL32, into, &r);
	EXPECT(f, VECTOR_OF, 0, (word)into + 1);
	r = (struct regs){ .flags = FLAG_CF };
	f = run_in(KERNEL32, into, &r);
	EXPECT(f, NO_FAULT, 0, ANY);
	f = run(into, &r);
	EXPECT(f, VECTOR_UD, 0, (word)into);

	static const int bounds[2] = { -5, 10 };
	static const struct {
		int index;
		u32 vector;
	} cases[] = { { -6, VECTOR_BR }, { -5, NO_FAULT }, { 10, NO_FAULT }, { 11, VECTOR_BR } };
	for (u32 i = 0; i < 4; i++) {
		r = (struct regs){ .ax = (u32)cases[i].index, .bx = (word)bounds };
		f = run_in(KERNEL32, bound, &r);
		EXPECT(f, cases[i].vector, 0, cases[i].vector == VECTOR_BR ? (word)bound : ANY);
	}
}

static void test_hardware(void)
{
	word cr0 = read_cr0(), cr4 = read_cr4();

	section("faults");
	FAULT(ud2, VECTOR_UD, 0);
	FAULT(ud_lock, VECTOR_UD, 0);
	FAULT(long_instruction, VECTOR_GP, 0);
	FAULT(divide_now, VECTOR_DE, 0, .ax = 1);
	registers = (struct regs){ 0 };
	struct fault f = run(longest, &registers);
	EXPECT(f, NO_FAULT, 0, ANY);

	write_cr0(cr0 | CR0_TS);
	FAULT(fnop, VECTOR_NM, 0);
	FAULT(movaps, VECTOR_NM, 0, .ax = 1);
	write_cr0((cr0 | CR0_EM) & ~CR0_MP);
	FAULT(fnop, VECTOR_NM, 0);
	FAULT(movaps, VECTOR_UD, 0, .ax = 1);
	write_cr0(cr0);
	write_cr4(cr4 & ~CR4_OSFXSR);
	FAULT(movaps, VECTOR_UD, 0, .ax = 1);
	write_cr4(cr4);
	FAULT(movaps, VECTOR_GP, 0, .ax = (word)&registers + 1);

	asm volatile("lldt %w0" ::"r"(0));
	FAULT(load_ds, VECTOR_GP, 0xfff8, .ax = 0xfff8);
	FAULT(load_ds, VECTOR_GP, 0x50, .ax = SEL_FREE);
	FAULT(load_ds, VECTOR_GP, 0x1c, .ax = 0x1c);
	FAULT(load_ss, VECTOR_GP, 0, .ax = 0x3);
	FAULT(load_ss, VECTOR_GP, SEL_CODE64, .ax = SEL_CODE64);
	FAULT(load_ss, VECTOR_GP, SEL_USER_DATA & ~3, .ax = SEL_USER_DATA);
	*gdt(SEL_FREE) = descriptor(0, 0xfffff, 0xc013);
	FAULT(load_ds, VECTOR_NP, SEL_FREE, .ax = SEL_FREE);
	FAULT(load_ss, VECTOR_SS, SEL_FREE, .ax = SEL_FREE);
	*gdt(SEL_FREE) = descriptor(0, 0xfffff, 0xc099); /* execute-only */
	FAULT(load_ds, VECTOR_GP, SEL_FREE, .ax = SEL_FREE);
	*gdt(SEL_FREE) = 0;
	FAULT(ltr, VECTOR_GP, SEL_TSS, .ax = SEL_TSS); /* busy */
	FAULT(lldt, VECTOR_GP, SEL_DATA, .ax = SEL_DATA);

	FAULT(load_byte, VECTOR_GP, 0, .ax = 0x0000800000000000);
	FAULT(load_byte, VECTOR_GP, 0, .ax = 0xffff7fffffffffff);
	FAULT(load_word, VECTOR_GP, 0, .ax = 0x00007ffffffffff9);
	FAULT(load_stack, VECTOR_SS, 0, .bp = 0x0000800000000000);
	registers = (struct regs){ .ax = 0x0000800000000000 };
	f = run(jump, &registers);
	EXPECT(f, VECTOR_GP, 0, (word)jump);
	registers = (struct regs){ .ax = 0xffff800000000000 };
	f = run(jump, &registers);
	EXPECT(f, VECTOR_PF, 0x10, 0xffff800000000000);
	CHECK(f.cr2, 0xffff800000000000);
	FAULT(load_byte, VECTOR_PF, 0, .ax = 0x00007fffffffffff);
	FAULT_USER(load_byte, VECTOR_PF, 4, .ax = 0x0000500000000000);

	section("privilege");
	FAULT_USER(hlt, VECTOR_GP, 0);
	FAULT_USER(cli, VECTOR_GP, 0);
	FAULT_USER(read_cr0_now, VECTOR_GP, 0);
	FAULT_USER(rdmsr, VECTOR_GP, 0, .cx = MSR_EFER);
	FAULT_USER(in_byte, VECTOR_GP, 0);
	FAULT_USER(ltr, VECTOR_GP, 0, .ax = SEL_TSS);
	tss()->bitmap[0x80 / 8] &= 0xfe;
	registers = (struct regs){ 0 };
	f = run_in(USER, in_byte, &registers);
	EXPECT(f, NO_FAULT, 0, ANY);
	tss()->bitmap[0x80 / 8] |= 1;
	registers = (struct regs){ .flags = FLAG_IOPL };
	f = run_in(USER, in_byte, &registers);
	EXPECT(f, NO_FAULT, 0, ANY);

	if (tcg)
		return;
	section("control registers");
	FAULT(read_cr1, VECTOR_UD, 0);
	FAULT(set_cr0, VECTOR_GP, 0, .ax = cr0 | 1ul << 32);
	FAULT(set_cr0, VECTOR_GP, 0, .ax = cr0 & ~CR0_PE);
	FAULT(set_cr0, VECTOR_GP, 0, .ax = (cr0 & ~CR0_CD) | 1ul << 29);
	FAULT(set_cr4, VECTOR_GP, 0, .ax = cr4 & ~CR4_PAE);
	FAULT(set_cr4, VECTOR_GP, 0, .ax = cr4 ^ CR4_LA57);
	FAULT(set_cr4, VECTOR_GP, 0, .ax = cr4 | 1ul << 63);
	FAULT(set_cr4, VECTOR_GP, 0, .ax = cr4 | 1ul << 15);
	FAULT(set_cr8, VECTOR_GP, 0, .ax = 16);
	FAULT(rdmsr, VECTOR_GP, 0, .cx = 0x12345678);
	FAULT(wrmsr, VECTOR_GP, 0, .cx = MSR_EFER, .ax = 0x501, .dx = 1);
	FAULT(wrmsr, VECTOR_GP, 0, .cx = MSR_LSTAR, .dx = 0x8000);
	CHECK(read_cr0(), cr0);
	CHECK(read_cr4(), cr4);
}

static void test_floating_point(void)
{
	u32 mxcsr = 0x1f80 & ~0x200u;

	section("floating point");
	asm volatile("ldmxcsr %0; xorps %%xmm0, %%xmm0; xorps %%xmm1, %%xmm1" ::"m"(mxcsr));
	asm volatile("pcmpeqd %xmm0, %xmm0; pslld $25, %xmm0; psrld $2, %xmm0"); /* 1.0 */
	FAULT(divps, VECTOR_XM, 0);
	asm volatile("stmxcsr %0" : "=m"(mxcsr));
	CHECK(mxcsr, 0x1d84);
	word cr4 = read_cr4();
	write_cr4(cr4 & ~CR4_OSXMMEXCPT);
	FAULT(divps, VECTOR_UD, 0);
	write_cr4(cr4);
	mxcsr = 0x1f80;
	asm volatile("ldmxcsr %0" ::"m"(mxcsr));

	u16 control = 0x37f & ~4;
	struct regs r = { 0 };
	asm volatile("fninit; fldcw %0" ::"m"(control));
	struct fault f = run(fdiv_wait, &r);
	EXPECT(f, VECTOR_MF, 0, (word)fdiv_wait + 7);
	asm volatile("fninit");
}

CODE(unaligned, "mov 1(%rbx), %eax");

static void test_alignment(void)
{
	static u64 data[2] __attribute__((aligned(64))) = { 0x1122334455667788, 0 };
	word cr0 = read_cr0();
	struct regs r = { .bx = (word)data, .flags = FLAG_AC };

	section("alignment");
	struct fault f = run_in(USER, unaligned, &r);
	EXPECT(f, NO_FAULT, 0, ANY);
	write_cr0(cr0 | CR0_AM);
	r = (struct regs){ .bx = (word)data, .flags = FLAG_AC };
	f = run_in(USER, unaligned, &r);
	EXPECT(f, VECTOR_AC, 0, (word)unaligned);
	r = (struct regs){ .bx = (word)data, .flags = FLAG_AC };
	f = run(unaligned, &r);
	EXPECT(f, NO_FAULT, 0, ANY);
	r = (struct regs){ .bx = (word)data + 3, .flags = FLAG_AC };
	f = run_in(USER, unaligned, &r);
	EXPECT(f, NO_FAULT, 0, ANY);
	CHECK(r.ax, 0x11223344);
	r = (struct regs){ .bx = 0x0000600000000000, .flags = FLAG_AC };
	f = run_in(USER, unaligned, &r);
	EXPECT(f, VECTOR_AC, 0, (word)unaligned); /* before the page fault */
	write_cr0(cr0);
}

static u8 ist_stack[4096] __attribute__((aligned(16)));
static word seen_sp, seen_frame_sp, seen_error, seen_vector;

static void note(struct frame *frame)
{
	seen_sp = (word)(&frame->ss + 1);
	seen_frame_sp = frame->sp;
	seen_error = frame->error;
	seen_vector = frame->vector;
	frame->ip += 2;
}

CODE(ud_skip, "ud2; mov %rsp, %rax");
CODE(bad_stack, "mov %rax, %rsp; push %rax");
CODE(bad_gate, "ud2");

static void test_stacks(void)
{
	struct regs r = { 0 };
	struct fault f;

	section("stacks");
	on_vector(0x25, note);
	on_vector(VECTOR_UD, note);
	gate(VECTOR_UD)->ist = 0;
	r.sp = (word)ist_stack + 1003; /* the frame is aligned to 16 bytes */
	run(ud_skip, &r);
	CHECK(seen_frame_sp, (word)ist_stack + 1003 - 8);
	CHECK(seen_sp, ((word)ist_stack + 1003 - 8) & ~15ul);
	CHECK(r.ax, (word)ist_stack + 1003 - 8);
	r = (struct regs){ 0 };
	run_in(USER, ud_skip, &r);
	CHECK(seen_sp, *(word *)((u8 *)tss() + 4));
	((u32 *)((u8 *)tss() + 36))[4] = (u32)(word)ist_stack + 4096 - 8; /* IST 3 */
	gate(VECTOR_UD)->ist = 3;
	r = (struct regs){ 0 };
	run(ud_skip, &r);
	CHECK(seen_sp, (word)ist_stack + 4096 - 16);
	run_in(USER, ud_skip, &r);
	CHECK(seen_sp, (word)ist_stack + 4096 - 16);
	on_vector(VECTOR_UD, NULL);
	gate(VECTOR_UD)->ist = 1;

	section("double faults");
	gate(VECTOR_PF)->ist = 0;
	r = (struct regs){ .ax = 0x0000700000000000 };
	f = run(bad_stack, &r); /* the page fault cannot be pushed */
	EXPECT(f, VECTOR_DF, 0, (word)bad_stack + 3);
	CHECK(f.cr2, 0x00006ffffffffff8);
	gate(VECTOR_PF)->ist = 1;
	gate(VECTOR_UD)->type &= 0x7f;
	r = (struct regs){ 0 };
	f = run(bad_gate, &r); /* benign, then contributory: no double fault */
	EXPECT(f, VECTOR_NP, VECTOR_UD * 8 + 3, (word)bad_gate);
	gate(VECTOR_UD)->type |= 0x80;
	gate(VECTOR_GP)->type &= 0x7f;
	f = run(read_cr0_now, &r);
	EXPECT(f, NO_FAULT, 0, ANY);
	r = (struct regs){ .ax = 16 };
	f = run(set_cr8, &r);
	EXPECT(f, VECTOR_DF, 0, (word)set_cr8);
	gate(VECTOR_GP)->type |= 0x80;
	gate(VECTOR_DE)->type &= 0x7f;
	r = (struct regs){ 0 };
	f = run(divide, &r);
	EXPECT(f, VECTOR_DF, 0, (word)divide + 2);
	gate(VECTOR_DE)->type |= 0x80;
	gate(VECTOR_PF)->type &= 0x7f;
	r = (struct regs){ .ax = 0x0000700000000000 };
	f = run(load_byte, &r);
	EXPECT(f, VECTOR_DF, 0, (word)load_byte);
	gate(VECTOR_PF)->type |= 0x80;
}

CODE(three, "mov $1, %eax; mov $2, %ecx; nop");
CODE(step_pop_ss, "mov %ss, %eax; mov %eax, %ss; nop; nop");
CODE(step_rep, "rep movsb; nop");
CODE(step_popf, "pushf; orq $0x100, (%rsp); popf; nop; nop");
CODE(step_int, "int $0x25; nop; nop; nop");
CODE(step_ss_int, "mov %eax, %ss; int $0x25; nop; nop; nop");
CODE(step_ss_fault, "mov %eax, %ss; ud2");
CODE(store_word, "mov %rax, (%rbx); nop; nop");
CODE(store_pair, "mov %eax, -2(%rbx); nop; nop");
CODE(load_word_bx, "mov (%rbx), %rax; nop");
CODE(port, "out %al, $0x80; nop");
CODE(move_dr, "mov %dr0, %rax");
CODE(move_dr4, "mov %dr4, %rax");
CODE(move_dr7, "mov %rax, %dr7");

enum { DR6_CLEAR = (int)0xffff0ff0, DR6_BS = 0x4000, DR6_BD = 0x2000 };
#define DR6(bits) (0xffff0ff0ul | (bits))

static u64 watched[2] __attribute__((aligned(16)));

static void test_debug(void)
{
	struct regs r = { .flags = FLAG_TF };
	struct fault f;

	section("single step");
	write_dr6(DR6(0));
	f = run(three, &r);
	EXPECT(f, VECTOR_DB, 0, (word)three + 5);
	CHECK(read_dr6(), DR6(DR6_BS));
	CHECK(r.ax, 1);
	CHECK(r.flags & (FLAG_TF | FLAG_RF), FLAG_TF);
	r = (struct regs){ .flags = FLAG_TF, .ip = 0 };
	write_dr6(DR6(0));
	f = run(step_pop_ss, &r);
	EXPECT(f, VECTOR_DB, 0, (word)step_pop_ss + 2);
	r = (struct regs){ .ax = SEL_DATA, .flags = FLAG_TF };
	f = run((code_t *)((word)step_pop_ss + 2),
		&r); /* held up until after the next instruction */
	EXPECT(f, VECTOR_DB, 0, (word)step_pop_ss + 5);
	static u8 bytes[8];
	r = (struct regs){ .flags = FLAG_TF, .si = (word)bytes, .di = (word)bytes + 4, .cx = 3 };
	f = run(step_rep, &r);
	EXPECT(f, VECTOR_DB, 0, (word)step_rep);
	CHECK(r.cx, 2);
	r = (struct regs){ 0 };
	f = run(step_popf, &r);
	EXPECT(f, VECTOR_DB, 0, (word)step_popf + 11);
	r = (struct regs){ .flags = FLAG_TF };
	on_vector(0x25, note);
	f = run(step_int,
		&r); /* INT clears TF; it is set again by IRET, and one more instruction runs */
	EXPECT(f, VECTOR_DB, 0, (word)step_int + 5);
	/* The step of MOV SS is suppressed, not put off until the handler of what comes next. */
	r = (struct regs){ .ax = SEL_DATA, .flags = FLAG_TF };
	f = run(step_ss_int, &r);
	EXPECT(f, VECTOR_DB, 0, (word)step_ss_int + 7);
	on_vector(0x25, NULL);
	r = (struct regs){ .ax = SEL_DATA, .flags = FLAG_TF };
	f = run(step_ss_fault, &r);
	EXPECT(f, VECTOR_UD, 0, (word)step_ss_fault + 2);

	section("breakpoints");
	write_dr0((word)three + 5);
	write_dr7(0x402);
	write_dr6(DR6(0));
	r = (struct regs){ 0 };
	f = run(three, &r);
	EXPECT(f, VECTOR_DB, 0, (word)three + 5);
	CHECK(read_dr6(), DR6(1));
	CHECK(r.flags & FLAG_RF, 0); /* SDM vol. 3, Instruction-Breakpoint Exception Condition */
	CHECK(r.cx, 0);
	r = (struct regs){ .flags = FLAG_RF };
	f = run((code_t *)((word)three + 5), &r);
	EXPECT(f, NO_FAULT, 0, ANY);
	CHECK(r.cx, 2);
	write_dr7(0x400);
	f = run(three, &r);
	EXPECT(f, NO_FAULT, 0, ANY);

	write_dr3((word)watched + 8);
	write_dr6(DR6(0));
	write_dr7(0x400 | 0x80 | 0x90000000u); /* DR3: writes of 8 bytes */
	r = (struct regs){ .ax = 5, .bx = (word)watched + 8 };
	f = run(store_word, &r);
	EXPECT(f, VECTOR_DB, 0, (word)store_word + 3);
	CHECK(watched[1], 5);
	CHECK(read_dr6(), DR6(8));
	f = run(load_word_bx, &r);
	EXPECT(f, NO_FAULT, 0, ANY);
	write_dr6(DR6(0));
	r = (struct regs){ .ax = 5, .bx = (word)watched + 8 };
	f = run(store_pair, &r); /* two bytes overlap */
	EXPECT(f, VECTOR_DB, 0, (word)store_pair + 3);
	write_dr7(0x400 | 0x80 | 0xb0000000u); /* reads too */
	write_dr6(DR6(0));
	r = (struct regs){ .bx = (word)watched + 8 };
	f = run(load_word_bx, &r);
	EXPECT(f, VECTOR_DB, 0, (word)load_word_bx + 3);
	r = (struct regs){ .bx = (word)watched };
	f = run(load_word_bx, &r);
	EXPECT(f, NO_FAULT, 0, ANY);

	/* The last bytes that there are: the range ends where addresses do. */
	map(read_cr3(), ~0xffful, (word)page_new() | PTE_P | PTE_W, 1);
	write_dr3(~7ul);
	write_dr6(DR6(0));
	r = (struct regs){ .bx = ~7ul };
	f = run(load_word_bx, &r);
	EXPECT(f, VECTOR_DB, 0, (word)load_word_bx + 3);
	CHECK(read_dr6(), DR6(8));

	write_cr4(read_cr4() | CR4_DE);
	write_dr1(0x80);
	write_dr7(0x400 | 0x8 | 0x200000u);
	write_dr6(DR6(0));
	f = run(port, &r);
	EXPECT(f, VECTOR_DB, 0, (word)port + 2);
	CHECK(read_dr6(), DR6(2));
	f = run(move_dr4, &r);
	EXPECT(f, VECTOR_UD, 0, (word)move_dr4);
	write_cr4(read_cr4() & ~CR4_DE);
	f = run(move_dr4, &r);
	EXPECT(f, NO_FAULT, 0, ANY);
	CHECK(r.ax, DR6(2));

	write_dr6(DR6(0));
	write_dr7(0x2400); /* general detect */
	f = run(move_dr, &r);
	EXPECT(f, VECTOR_DB, 0, (word)move_dr);
	CHECK(read_dr6(), DR6(DR6_BD));
	CHECK(read_dr7(), 0x400); /* delivery cleared GD */
	write_dr7(0x400);
	f = run_in(USER, move_dr, &r);
	EXPECT(f, VECTOR_GP, 0, (word)move_dr);
	r = (struct regs){ .ax = 1ul << 32 };
	f = run(move_dr7, &r);
	EXPECT(f, VECTOR_GP, 0, (word)move_dr7);
}

enum { IPI_SELF = 0x40000, IPI_NMI = 0x400, TEST_VECTOR = 0x60 };

CODE(sti_shadow, "sti; mov $1, %eax; mov $2, %ecx; cli");
CODE(sti_cli, "sti; cli; nop");
CODE(sti_ss, "mov %ss, %edx; sti; mov %edx, %ss; mov $1, %eax; mov $2, %ecx; cli");

static u32 interrupts;

static void count_interrupt(struct frame *frame)
{
	(void)frame;
	interrupts++;
	apic_write(APIC_EOI, 0);
}

static void count_nmi(struct frame *frame)
{
	(void)frame;
	interrupts++;
}

static void test_interrupts(void)
{
	struct regs r = { 0 };
	struct fault f;

	section("interrupts");
	apic_on();
	apic_ipi(0, IPI_SELF | TEST_VECTOR);
	f = run(sti_cli, &r); /* the shadow of STI covers CLI */
	EXPECT(f, NO_FAULT, 0, ANY);
	f = run(sti_shadow, &r);
	EXPECT(f, TEST_VECTOR, 0, (word)sti_shadow + 6);
	CHECK(r.ax, 1);
	CHECK(r.cx, 0);
	apic_write(APIC_EOI, 0);
	on_vector(TEST_VECTOR, count_interrupt);
	apic_ipi(0, IPI_SELF | TEST_VECTOR);
	CHECK(interrupts, 0);
	interrupts_on();
	interrupts_off();
	CHECK(interrupts, 1);

	on_vector(VECTOR_NMI, count_nmi);
	apic_ipi(apic_id(), IPI_NMI);
	for (int i = 0; i < 1000 && interrupts < 2; i++)
		asm volatile("pause");
	CHECK(interrupts, 2);
	on_vector(VECTOR_NMI, NULL);
	on_vector(TEST_VECTOR, NULL);
}

int main(int argc, char **argv)
{
	tcg = argument(argc, argv, "tcg");
	test_software();
	test_hardware();
	test_floating_point();
	test_alignment();
	test_stacks();
	test_debug();
	test_interrupts();
	return 0;
}
