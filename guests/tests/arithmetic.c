// SPDX-License-Identifier: MIT
#include "guest.h"

CODE(add, "add %rbx, %rax");
CODE(ud, "nop; ud2");
CODE32(daa, "daa");
CODE16(c16, "mov $0x1234, %ax; inc %bx");
CODE_REAL(r16, "mov $0x1234, %ax; inc %bx");
CODE_REAL(rud, "ud2");
int main(int argc, char **argv)
{
	(void)argc, (void)argv;
	struct regs r = { .ax = 1, .bx = ~0ul };
	struct fault f = run(add, &r);

	section("add");
	CHECK(r.ax, 0);
	CHECK(r.flags & FLAGS_ARITHMETIC, FLAG_CF | FLAG_ZF | FLAG_PF | FLAG_AF);
	EXPECT(f, NO_FAULT, 0, ANY);
	f = run_in(USER, ud, &r);
	EXPECT(f, VECTOR_UD, 0, (word)ud + 1);
	r.ax = 0x9a;
	f = run_in(KERNEL32, daa, &r);
	CHECK(r.ax, 0);
	f = run_in(USER32, daa, &r);
	EXPECT(f, NO_FAULT, 0, ANY);
	r = (struct regs){.bx=7};
	f = run_in(KERNEL16, c16, &r);
	EXPECT(f, NO_FAULT, 0, ANY);
	CHECK(r.ax, 0x1234);
	r = (struct regs){.bx=7};
	f = run_in(USER16, c16, &r);
	EXPECT(f, NO_FAULT, 0, ANY);
	r = (struct regs){.bx=7};
	f = run_real(r16, &r);
	EXPECT(f, NO_FAULT, 0, ANY);
	CHECK(r.ax, 0x1234);
	CHECK(r.bx, 0x8);
	f = run_real(rud, &r);
	EXPECT(f, 6, 0, (word)rud);
	print("cpus %u\n", cpus_start(4));
	return 0;
}
