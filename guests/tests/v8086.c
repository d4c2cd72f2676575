// SPDX-License-Identifier: MIT
/* Virtual-8086 mode, with and without the extensions of CR4.VME; 16-bit protected mode. */
#include "guest.h"

CODE_REAL(segments, "mov %cs, %ax; mov %ds, %bx; mov 0x10, %cx; mov %es:0x20, %dx");
CODE_REAL(just_end, "nop");
CODE_REAL(do_cli, "cli; nop");
CODE_REAL(do_sti, "sti; nop");
CODE_REAL(do_pushf, "pushf; pop %bx");
CODE_REAL(do_pushfd, "pushfl; popl %ebx");
CODE_REAL(do_popf, "push %ax; popf; nop");
CODE_REAL(do_iret, "pushf; push %cs; push $vm_landing; iret");
CODE_REAL(vm_landing, "mov $0x4242, %bx");
CODE_REAL(do_int, "int $0x33; mov $0x77, %cx");
CODE_REAL(vm_handler, "mov $0x9999, %dx; pushf; pop %bx; mov %sp, %bp; mov 4(%bp), %ax");
CODE_REAL(do_int3, "int3");
CODE_REAL(do_in, "in $0x80, %al");
CODE_REAL(do_hlt, "hlt");
CODE_REAL(do_lldt, "lldt %ax");
CODE_REAL(do_cr, "mov %cr0, %eax");
CODE_REAL(undefined, "ud2");
CODE_REAL(beyond, "mov (%bx), %ax");
CODE_REAL(stack_beyond, "mov (%bp), %ax");
CODE16(small_code, "mov $0x1234, %ax; push %ax; pop %bx; mov $0x12345678, %ecx; call 1f; jmp 2f; "
		   "1: mov $5, %dx; ret; 2:");
CODE16(small_limit, "mov (%bx), %ax; mov (%ebx), %ax");

static struct regs r;
static struct fault f;

static void vm(code_t *code, word flags, u32 vector, u32 error, word ip)
{
	r = (struct regs){ .ax = r.ax,
			   .bx = r.bx,
			   .bp = r.bp,
			   .sp = 0x7000,
			   .flags = flags,
			   .ds = r.ds,
			   .es = r.es };
	f = run_in(V8086, code, &r);
	EXPECT(f, vector, error, ip);
	CHECK(!!(f.flags & FLAG_VM), 1);
}

#define WITH(...)                                                                                  \
	r = (struct regs)                                                                          \
	{                                                                                          \
		__VA_ARGS__                                                                        \
	}

static void test_basic(void)
{
	section("virtual-8086 mode");
	*(volatile u16 *)0x12350 = 0xbeef;
	*(volatile u16 *)0x12460 = 0xcafe;
	WITH(.ds = 0x1234, .es = 0x1244);
	vm(segments, FLAG_IOPL, NO_FAULT, 0, ANY);
	CHECK(r.ax & 0xffff, 0);
	CHECK(r.bx & 0xffff, 0x1234);
	CHECK(r.cx & 0xffff, 0xbeef);
	CHECK(r.dx & 0xffff, 0xcafe);
	CHECK(r.ds, 0x1234);
	CHECK(r.es, 0x1244);
	CHECK(r.sp, 0x7000);
	WITH(.bx = 0xffff);
	vm(beyond, FLAG_IOPL, VECTOR_GP, 0, (word)beyond);
	WITH(.bp = 0xffff);
	vm(stack_beyond, FLAG_IOPL, VECTOR_SS, 0, (word)stack_beyond);
	vm(undefined, FLAG_IOPL, VECTOR_UD, 0, (word)undefined);
	vm(do_hlt, FLAG_IOPL, VECTOR_GP, 0, (word)do_hlt);
	vm(do_lldt, FLAG_IOPL, VECTOR_UD, 0, (word)do_lldt);
	vm(do_cr, FLAG_IOPL, VECTOR_GP, 0, (word)do_cr);
	vm(do_in, FLAG_IOPL, VECTOR_GP, 0, (word)do_in); /* the bitmap decides, not IOPL */
	tss()->bitmap[0x80 / 8] &= 0xfe;
	vm(do_in, FLAG_IOPL, NO_FAULT, 0, ANY);
	tss()->bitmap[0x80 / 8] |= 1;

	section("IOPL 3");
	vm(do_cli, FLAG_IOPL | FLAG_IF, NO_FAULT, 0, ANY);
	CHECK(f.flags & FLAG_IF, 0);
	vm(do_sti, FLAG_IOPL, NO_FAULT, 0, ANY);
	CHECK(f.flags & FLAG_IF, FLAG_IF);
	vm(do_pushf, FLAG_IOPL, NO_FAULT, 0, ANY);
	CHECK(r.bx & 0xffff, 0x3002);
	vm(do_pushfd, FLAG_IOPL | FLAG_AC, NO_FAULT, 0, ANY);
	CHECK(r.bx, 0x43002); /* neither VM nor RF */
	WITH(.ax = 0x4ed5);
	vm(do_popf, FLAG_IOPL, NO_FAULT, 0, ANY);
	CHECK(f.flags & 0xffff, 0x7ed7); /* IOPL stays */
	vm(do_iret, FLAG_IOPL, NO_FAULT, 0, ANY);
	CHECK(r.bx & 0xffff, 0x4242);
	vm(do_int, FLAG_IOPL, VECTOR_GP, 0x33 * 8 + 2, (word)do_int); /* the gate's DPL */

	section("IOPL 0");
	vm(just_end, 0, VECTOR_GP, 0, (word)just_end + 1);
	vm(do_cli, 0, VECTOR_GP, 0, (word)do_cli);
	vm(do_sti, 0, VECTOR_GP, 0, (word)do_sti);
	vm(do_pushf, 0, VECTOR_GP, 0, (word)do_pushf);
	vm(do_popf, 0, VECTOR_GP, 0, (word)do_popf + 1);
	vm(do_int, 0, VECTOR_GP, 0, (word)do_int);
	vm(do_int3, 0, VECTOR_GP, VECTOR_BP * 8 + 2, (word)do_int3); /* INT3 asks only the gate */
}

static void test_extensions(void)
{
	u32 *vectors = (u32 *)0;

	asm("" : "+r"(vectors));
	section("VME");
	write_cr4(read_cr4() | CR4_VME);
	tss()->io_map = offsetof(struct tss, bitmap);
	memset(tss()->redirection, 0xff, 32);
	vm(do_cli, FLAG_VIF, VECTOR_GP, 0,
	   (word)do_cli + 2); /* ends at INT, which is not redirected */
	CHECK(f.flags & FLAG_VIF, 0);
	vm(do_sti, 0, VECTOR_GP, 0, (word)do_sti + 2);
	CHECK(f.flags & (FLAG_VIF | FLAG_IF), FLAG_VIF);
	vm(do_sti, FLAG_VIP, VECTOR_GP, 0, (word)do_sti);
	vm(do_pushf, FLAG_VIF, VECTOR_GP, 0, (word)do_pushf + 2);
	CHECK(r.bx & 0xffff, 0x3202); /* IF is VIF, IOPL reads 3 */
	vm(do_pushf, 0, VECTOR_GP, 0, (word)do_pushf + 2);
	CHECK(r.bx & 0xffff, 0x3002);
	vm(do_pushfd, 0, VECTOR_GP, 0, (word)do_pushfd);
	WITH(.ax = 0x200);
	vm(do_popf, 0, VECTOR_GP, 0, (word)do_popf + 3);
	CHECK(f.flags & (FLAG_VIF | FLAG_IF | FLAG_IOPL), FLAG_VIF);
	WITH(.ax = 0x200);
	vm(do_popf, FLAG_VIP, VECTOR_GP, 0, (word)do_popf + 1);
	WITH(.ax = 0x100);
	vm(do_popf, 0, VECTOR_GP, 0, (word)do_popf + 1); /* TF */

	/* A clear bit of the map: through the vector table at 0, without leaving the mode. */
	tss()->redirection[0x33 / 8] &= (u8) ~(1 << (0x33 & 7));
	vectors[0x33] = (u32)(word)vm_handler;
	vm(do_int, FLAG_VIF, VECTOR_GP, 0, (word)vm_handler + 10);
	CHECK(r.dx & 0xffff, 0x9999);
	CHECK(r.ax & 0xffff, 0x3202); /* pushed: IF from VIF, IOPL 3 */
	CHECK(r.bx & 0xffff, 0x3002); /* VIF was cleared */
	CHECK(r.sp, 0x7000 - 6);
	vm(do_int, FLAG_IOPL | FLAG_IF, NO_FAULT, 0, ANY);
	CHECK(r.ax & 0xffff, 0x3202);
	CHECK(f.flags & FLAG_IF, 0);
	write_cr4(read_cr4() & ~CR4_VME);
}

static void test_small(void)
{
	section("16-bit protected mode");
	r = (struct regs){ 0 };
	f = run_in(KERNEL16, small_code, &r);
	EXPECT(f, NO_FAULT, 0, ANY);
	CHECK(r.ax, 0x1234);
	CHECK(r.bx, 0x1234);
	CHECK(r.cx, 0x12345678);
	CHECK(r.dx, 5);
	r = (struct regs){ 0 };
	f = run_in(USER16, small_code, &r);
	EXPECT(f, NO_FAULT, 0, ANY);
	CHECK(r.dx, 5);
	*gdt(SEL_FREE) = descriptor(0x10000, 0x7fff, 0x92);
	*(volatile u16 *)0x12340 = 0x7788;
	r = (struct regs){
		.cs = SEL_CODE16, .ss = SEL_DATA, .ds = SEL_FREE, .es = SEL_DATA, .bx = 0x12340
	};
	*gdt(SEL_CODE16) = descriptor((u32)(word)small_limit, 0xff, 0x9a);
	f = run_in(CUSTOM, (code_t *)0, &r);
	EXPECT(f, VECTOR_GP, 0, 2); /* BX is 0x2340; EBX is beyond the limit */
	CHECK(r.ax, 0x7788);
}

int main(int argc, char **argv)
{
	(void)argc, (void)argv;
	test_basic();
	test_extensions();
	test_small();
	return 0;
}
