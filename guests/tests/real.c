// SPDX-License-Identifier: MIT
/* Real mode: addresses, the interrupt vector table, limits, 32-bit operands, segments that keep a
 * big limit. */
#include "guest.h"

CODE_REAL(segments, "mov $0x1234, %ax; mov %ax, %ds; mov %ds, %bx; mov 0x10, %cx");
CODE_REAL(store_es, "mov %ax, %es:(%di); mov %es, %dx");
CODE_REAL(wrap_offset, "mov 0xffff(%bx), %al");
CODE_REAL(past_limit, "mov (%bx), %ax");
CODE_REAL(past_limit_stack, "mov (%bp), %ax");
CODE_REAL(wide, "mov (%ebx), %eax");
CODE_REAL(arithmetic32,
	  "mov $0x12345678, %eax; add $0x11111111, %eax; movzwl %bx, %ecx; imul $3, %ecx, %ecx");
CODE_REAL(interrupt, "int $0x33; mov $0x5678, %bx");
CODE_REAL(divide, "xor %dx, %dx; div %bx");
CODE_REAL(undefined, "ud2");
CODE_REAL(bound_range, "bound %ax, (%bx)");
CODE_REAL(overflow, "into; nop");
CODE_REAL(breakpoint, "int3");
CODE_REAL(protected_only, "lldt %ax");
CODE_REAL(arpl_real, "arpl %ax, %bx");
CODE_REAL(lar_real, "lar %ax, %bx");
CODE_REAL(move_cs, ".byte 0x8e, 0xc8");
CODE_REAL(lock_bad, ".byte 0xf0, 0x89, 0xd8");
CODE_REAL(far_call, "lcall $0, $real_far_target; mov $7, %dx");
CODE_REAL(real_far_target, "mov %cs, %bx; mov %sp, %si; lret");
CODE_REAL(far_call32, "lcalll $0, $0x10000");
CODE_REAL(far_jump, "ljmp $0x10, $real_jump_target - 0x100");
CODE_REAL(real_jump_target, "mov %cs, %bx");
CODE_REAL(push_pop,
	  "push $0x1234; pushl $0x56789abc; pop %eax; pop %bx; pusha; popa; push %sp; pop %cx");
CODE_REAL(enter_leave, "enter $0x10, $0; mov %sp, %ax; leave; mov %sp, %bx");
CODE_REAL(enter_nested, "mov $0x6e00, %bp; enter $4, $3; mov %sp, %ax; mov %bp, %bx");
CODE_REAL(flags, "pushf; pop %ax; sti; pushf; pop %bx; cli; pushfl; popl %ecx");
CODE_REAL(popf_all, "push $-257; popf; cli; pushf; pop %bx; push $2; popf");
CODE_REAL(step, "pushf; pop %ax; or $0x100, %ax; push %ax; popf; nop; nop; nop");
CODE_REAL(msw, "smsw %ax; mov %cr0, %ebx");
CODE_REAL(xlat, "mov $5, %al; xlatb");
CODE_REAL(les_lds, "les (%bx), %ax; mov %es, %cx");
CODE_REAL(string16, "rep movsb");
CODE_REAL(loop16, "1: inc %ax; loop 1b");
CODE_REAL(bcd, "add $0x19, %al; daa; mov %ax, %bx; mov $47, %ax; aam");
CODE_REAL(jump32, "movl $real_jump_far, %eax; jmpl *%eax");
CODE_REAL(real_jump_far, "mov $0x77, %cx");
CODE_REAL(jump_beyond, "mov $0x10000, %eax; jmpl *%eax");
CODE_REAL(call_depth, "call real_near; mov %ax, %bx; jmp real_near_end; real_near: mov $0x55aa, "
		      "%ax; ret; real_near_end:");
CODE_REAL(
	unreal,
	"mov %esp, %ebp; lgdtl real_unreal_gdt_pointer; mov %cr0, %eax; inc %ax; mov %eax, %cr0\n"
	"mov $8, %cx; mov %cx, %fs; dec %ax; mov %eax, %cr0\n"
	"ljmp $0, $1f\n1: movl %fs:(%ebx), %edx\n"	      /* the limit stays */
	"xor %cx, %cx; mov %cx, %fs; movl %fs:(%ebx), %esi"); /* and a load in real mode keeps it */
asm(".pushsection .low, \"awx\", @progbits\n.balign 8\nreal_unreal_gdt: .quad 0, "
    "0x00cf93000000ffff\n"
    "real_unreal_gdt_pointer: .word 15\n.long real_unreal_gdt\n.popsection");
CODE_REAL(protected16,
	  "lgdtl real_unreal_gdt_pointer16; mov %cr0, %eax; inc %ax; mov %eax, %cr0; ljmp $8, $1f\n"
	  "1: mov $16, %cx; mov %cx, %ds; mov 2, %dx; mov %cs, %bx; mov %cr0, %eax; dec %ax\n"
	  "mov %eax, %cr0; ljmp $0, $2f\n2: xor %cx, %cx; mov %cx, %ds");
asm(".pushsection .low, \"awx\", @progbits\n.balign 8\nreal_gdt16: .quad 0, 0x00009b000000ffff, "
    "0x000093006000ffff\nreal_unreal_gdt_pointer16: .word 23\n.long real_gdt16\n.popsection");
/* Code of 32 bits stays that when protected mode is left without a far branch. */
CODE_REAL(code32,
	  "lgdtl real_gdt32_pointer; mov %cr0, %eax; inc %ax; mov %eax, %cr0; ljmpl $8, $1f\n"
	  ".code32\n1: dec %eax; mov %eax, %cr0\n"
	  "mov $0x12345678, %edx; mov %cr0, %ebx; jmp 2f; ud2\n"
	  "2: inc %eax; mov %eax, %cr0; ljmp $16, $3f\n"
	  ".code16\n3: dec %ax; mov %eax, %cr0; ljmp $0, $4f\n4: mov $0x99, %cx");
asm(".pushsection .low, \"awx\", @progbits\n.balign 8\nreal_gdt32: .quad 0, 0x00cf9b000000ffff, "
    "0x00009b000000ffff\nreal_gdt32_pointer: .word 23\n.long real_gdt32\n.popsection");

static struct regs r;
static struct fault f;
static volatile u8 *low = (volatile u8 *)0;

#define RUN(code, ...)                                                                             \
	do {                                                                                       \
		r = (struct regs){ __VA_ARGS__ };                                                  \
		f = run_real(code, &r);                                                            \
	} while (0)
#define GOOD(code, ...)                                                                            \
	do {                                                                                       \
		RUN(code, __VA_ARGS__);                                                            \
		EXPECT(f, NO_FAULT, 0, ANY);                                                       \
	} while (0)
#define FAULT(code, vector, at, ...)                                                               \
	do {                                                                                       \
		RUN(code, __VA_ARGS__);                                                            \
		EXPECT(f, vector, 0, (word)(code) + (at));                                         \
	} while (0)

static void put16(u32 at, u16 value)
{
	low[at] = (u8)value;
	low[at + 1] = (u8)(value >> 8);
}

static u16 get16(u32 at)
{
	return (u16)(low[at] | low[at + 1] << 8);
}

static void test_addresses(void)
{
	section("addresses");
	put16(0x12350, 0xbeef);
	GOOD(segments, );
	CHECK(r.cx, 0xbeef);
	CHECK(r.bx, 0x1234);
	CHECK(r.ds, 0x1234);
	GOOD(store_es, .es = 0x6ff, .di = 0x20, .ax = 0x4242);
	CHECK(get16(0x7010), 0x4242);
	CHECK(r.dx, 0x6ff);
	low[0x6004] = 0x99;
	GOOD(wrap_offset, .bx = 0x6005);
	CHECK(r.ax, 0x99);
	FAULT(past_limit, VECTOR_GP, 0, .bx = 0xffff);
	FAULT(past_limit_stack, VECTOR_SS, 0, .bp = 0xffff);
	FAULT(wide, VECTOR_GP, 0, .bx = 0x10000);
	FAULT(wide, VECTOR_GP, 0, .bx = 0xfffd);
	low[0xfffc] = 1;
	GOOD(wide, .bx = 0xfffc);
	GOOD(arithmetic32, .bx = 0xffff5555);
	CHECK(r.ax, 0x23456789);
	CHECK(r.cx, 0xffff);
	GOOD(jump32, );
	CHECK(r.cx, 0x77);
	RUN(jump_beyond, );
	CHECK(f.vector, VECTOR_GP);
	/* 0xffff:0x10 and above: the first 64 KBytes beyond a megabyte. */
	GOOD(store_es, .es = 0xffff, .di = 0xfff0, .ax = 0x3141);
	CHECK(*(volatile u16 *)0x10ffe0, 0x3141);
}

static void test_interrupts(void)
{
	section("interrupts");
	RUN(interrupt, .flags = FLAG_CF);
	CHECK(f.vector, 0x33);
	CHECK(f.ip, (word)interrupt + 2);
	CHECK(r.flags & FLAG_CF, FLAG_CF);
	CHECK(r.sp, 0x7000);
	FAULT(divide, VECTOR_DE, 2, .ax = 5);
	FAULT(undefined, VECTOR_UD, 0, );
	put16(0x6000, 3), put16(0x6002, 9);
	FAULT(bound_range, VECTOR_BR, 0, .ax = 10, .bx = 0x6000);
	GOOD(bound_range, .ax = 9, .bx = 0x6000);
	FAULT(overflow, VECTOR_OF, 1, .flags = FLAG_OF);
	GOOD(overflow, );
	FAULT(breakpoint, VECTOR_BP, 1, );
	FAULT(protected_only, VECTOR_UD, 0, );
	FAULT(arpl_real, VECTOR_UD, 0, );
	FAULT(lar_real, VECTOR_UD, 0, );
	FAULT(move_cs, VECTOR_UD, 0, );
	FAULT(lock_bad, VECTOR_UD, 0, );
	RUN(step, );
	CHECK(f.vector, VECTOR_DB);
	CHECK(f.ip, (word)step + 8); /* one instruction after POPF */
}

static void test_stack(void)
{
	section("stack");
	GOOD(far_call, );
	CHECK(r.dx, 7);
	CHECK(r.bx, 0);
	CHECK(r.si, 0x6ffc);
	/* Of two faults the stack's comes first. */
	FAULT(far_call32, VECTOR_SS, 0, .ss = 0x650, .sp = 6);
	FAULT(far_call32, VECTOR_GP, 0, .ss = 0x650, .sp = 8);
	GOOD(far_jump, );
	CHECK(r.bx, 0x10);
	GOOD(push_pop, );
	CHECK(r.ax, 0x56789abc);
	CHECK(r.bx, 0x1234);
	CHECK(r.cx, 0x7000); /* PUSH SP pushes the old value */
	GOOD(push_pop, .sp = 0);
	GOOD(enter_leave, .bp = 0x1111);
	CHECK(r.ax, 0x7000 - 2 - 0x10);
	CHECK(r.bx, 0x7000);
	CHECK(r.bp, 0x1111);
	GOOD(enter_nested, );
	CHECK(r.bx, 0x6ffe);
	CHECK(r.ax, 0x6ffe - 6 - 4);
	GOOD(call_depth, );
	CHECK(r.bx, 0x55aa);
	GOOD(flags, .flags = FLAG_ZF);
	CHECK(r.ax, FLAG_ZF | FLAG_ONE);
	CHECK(r.bx, FLAG_ZF | FLAG_ONE | FLAG_IF);
	CHECK(r.cx, FLAG_ZF | FLAG_ONE);
	GOOD(popf_all, );
	CHECK(r.bx, 0x7cd7); /* bit 15 is always 0 */
}

static void test_rest(void)
{
	section("rest");
	GOOD(msw, );
	CHECK(r.ax & 1, 0);
	CHECK(r.bx & (CR0_PE | CR0_PG), 0);
	low[0x6105] = 0x5e;
	GOOD(xlat, .bx = 0x6100);
	CHECK(r.ax & 0xff, 0x5e);
	put16(0x6010, 0xabcd), put16(0x6012, 0x0440);
	GOOD(les_lds, .bx = 0x6010);
	CHECK(r.ax, 0xabcd);
	CHECK(r.cx, 0x440);
	for (u32 i = 0; i < 4; i++)
		low[0x6020 + i] = (u8)(i + 1);
	GOOD(string16, .si = 0x11116020, .di = 0x22226030, .cx = 0x33330004);
	CHECK(r.si, 0x11116024);
	CHECK(r.di, 0x22226034);
	CHECK(r.cx, 0x33330000);
	CHECK(get16(0x6032), 0x0403);
	GOOD(loop16, .cx = 0x10003);
	CHECK(r.ax, 3);
	CHECK(r.cx, 0x10000);
	GOOD(bcd, .ax = 0x28);
	CHECK(r.bx, 0x47);
	CHECK(r.ax, 0x0407);

	section("unreal");
	static volatile u32 far_away = 0xcafe1234;
	GOOD(unreal, .bx = (word)&far_away);
	CHECK(r.dx, 0xcafe1234);
	CHECK(r.si, 0xcafe1234);
	put16(0x6002, 0x9876);
	GOOD(protected16, );
	CHECK(r.dx, 0x9876);
	CHECK(r.bx, 8);
	GOOD(code32, );
	CHECK(r.dx, 0x12345678);
	CHECK(r.bx & CR0_PE, 0);
	CHECK(r.cx, 0x99);
}

int main(int argc, char **argv)
{
	(void)argc, (void)argv;
	asm("" : "+r"(low));
	test_addresses();
	test_interrupts();
	test_stack();
	test_rest();
	return 0;
}
