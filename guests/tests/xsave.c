// SPDX-License-Identifier: MIT
/* FXSAVE, XSAVE, XSAVEC: formats, initial states, what is left alone, faults. */
#include "guest.h"

static bool has_avx;

CODE(do_xsetbv, "xsetbv");
CODE(do_xgetbv, "xgetbv");
CODE(do_xsave, "xsave (%rbx)");
CODE(do_xrstor, "xrstor (%rbx)");
CODE(do_xsavec, "xsavec (%rbx)");
CODE(do_xsaves, "xsaves (%rbx)");
CODE(do_fxsave, "fxsave (%rbx)");
CODE(do_fxrstor, "fxrstor (%rbx)");
CODE(read_ymm, "vmovups %ymm1, (%rbx)");

static u8 area[2048] __attribute__((aligned(64)));
#define HEADER ((u64 *)(area + 512))

static struct regs r;
static struct fault f;

static void operate(code_t *code, u64 mask, u32 vector)
{
	r = (struct regs){ .ax = (u32)mask, .dx = mask >> 32, .bx = (word)area };
	f = run(code, &r);
	EXPECT(f, vector, 0, vector == NO_FAULT ? ANY : (word)code);
}

static void set_ymm1(u64 value)
{
	asm volatile("vmovq %0, %%xmm1; vinsertf128 $1, %%xmm1, %%ymm1, %%ymm1" ::"r"(value));
}

static void test_xsave(void)
{
	u64 out[4];

	if (!has_avx)
		return;
	section("XSAVE");
	write_cr4(read_cr4() & ~CR4_OSXSAVE);
	CHECK(cpuid(1, 0).ecx >> 27 & 1, 0);
	operate(do_xsave, 7, VECTOR_UD);
	write_cr4(read_cr4() | CR4_OSXSAVE);
	CHECK(cpuid(1, 0).ecx >> 27 & 1, 1);
	r = (struct regs){ .ax = 0xff };
	f = run(do_xgetbv, &r);
	CHECK(r.ax, 7);
	r = (struct regs){ .ax = 6 }; /* x87 cannot be off */
	f = run(do_xsetbv, &r);
	EXPECT(f, VECTOR_GP, 0, (word)do_xsetbv);
	r = (struct regs){ .ax = 5 }; /* AVX needs SSE */
	f = run(do_xsetbv, &r);
	EXPECT(f, VECTOR_GP, 0, (word)do_xsetbv);
	r = (struct regs){ .ax = 7, .cx = 1 };
	f = run(do_xsetbv, &r);
	EXPECT(f, VECTOR_GP, 0, (word)do_xsetbv);
	CHECK(cpuid(0xd, 0).ebx, 832);
	CHECK(cpuid(0xd, 2).eax, 256);
	CHECK(cpuid(0xd, 2).ebx, 576);

	asm volatile("fninit; vzeroall");
	set_ymm1(0x1111222233334444);
	memset(area, 0xcc, sizeof(area));
	memset(HEADER, 0, 64);
	operate(do_xsave, 7, NO_FAULT);
	CHECK(HEADER[0] & 6, 6);
	CHECK(HEADER[1], 0);
	CHECK(*(u64 *)(area + 160 + 16), 0x1111222233334444);
	CHECK(*(u64 *)(area + 576 + 16), 0x1111222233334444);
	CHECK(*(u32 *)(area + 24), 0x1f80);
	CHECK(area[832], 0xcc);
	memset(area, 0xcc, 512);
	memset(HEADER, 0, 64);
	operate(do_xsave, 4, NO_FAULT); /* neither x87 nor SSE: their parts stay */
	CHECK(area[0], 0xcc);
	CHECK(area[160], 0xcc);
	CHECK(*(u32 *)(area + 24), 0x1f80); /* but MXCSR belongs to AVX as well */
	HEADER[0] = 0;
	operate(do_xrstor, 4, NO_FAULT); /* the initial state of AVX: upper halves 0 */
	r = (struct regs){ .bx = (word)out };
	run(read_ymm, &r);
	CHECK(out[0], 0x1111222233334444);
	CHECK(out[2], 0);
	operate(do_xrstor, 2, NO_FAULT);
	run(read_ymm, &r);
	r = (struct regs){ .bx = (word)out };
	run(read_ymm, &r);
	CHECK(out[0], 0);

	section("XSAVE faults");
	HEADER[0] = 8;
	operate(do_xrstor, 7, VECTOR_GP);
	HEADER[0] = 7, HEADER[2] = 1;
	operate(do_xrstor, 7, VECTOR_GP);
	HEADER[2] = 0, *(u32 *)(area + 24) = 0xffff1f80;
	operate(do_xrstor, 7, VECTOR_GP);
	*(u32 *)(area + 24) = 0x1f80;
	HEADER[1] = 7; /* neither format */
	operate(do_xrstor, 7, VECTOR_GP);
	r = (struct regs){ .ax = 7, .bx = (word)area + 32 };
	f = run(do_xsave, &r);
	EXPECT(f, VECTOR_GP, 0, (word)do_xsave);
	write_cr0(read_cr0() | CR0_TS);
	operate(do_xsave, 7, VECTOR_NM);
	write_cr0(read_cr0() & ~CR0_TS);
	r = (struct regs){ .bx = (word)area + 8 };
	f = run(do_fxsave, &r);
	EXPECT(f, VECTOR_GP, 0, (word)do_fxsave);
}

static void test_compact(void)
{
	u64 out[4];

	if (!has_avx || !(cpuid(0xd, 1).eax & 2)) {
		print("XSAVEC: not there\n");
		return;
	}
	section("XSAVEC");
	asm volatile("fninit; vzeroall");
	set_ymm1(0x5555666677778888);
	memset(area, 0xcc, sizeof(area));
	memset(HEADER, 0, 64);
	operate(do_xsavec, 7, NO_FAULT);
	CHECK(HEADER[0] & 6, 6); /* whether x87 counts as in use is the processor's choice */
	CHECK(HEADER[1], 1ull << 63 | 7);
	CHECK(*(u64 *)(area + 576 + 16), 0x5555666677778888);
	asm volatile("vzeroall");
	memset(area, 0xcc, sizeof(area));
	memset(HEADER, 0, 64);
	operate(do_xsavec, 7, NO_FAULT);
	CHECK(HEADER[0] & 6, 0);
	CHECK(area[576], 0xcc); /* init optimisation: nothing is written */
	set_ymm1(0x9999);
	operate(do_xrstor, 7, NO_FAULT);
	r = (struct regs){ .bx = (word)out };
	run(read_ymm, &r);
	CHECK(out[0] | out[1] | out[2] | out[3], 0);
	set_ymm1(0xaaaa);
	operate(do_xsavec, 4, NO_FAULT);
	CHECK(HEADER[1], 1ull << 63 | 4);
	CHECK(HEADER[0], 4);
	HEADER[0] = 6; /* a component that the format has no room for */
	operate(do_xrstor, 7, VECTOR_GP);
	if (cpuid(0xd, 1).eax & 8) {
		operate(do_xsaves, 7, NO_FAULT);
		CHECK(HEADER[1], 1ull << 63 | 7);
	}
	asm volatile("vzeroall");
}

static void test_fxsave(void)
{
	u64 three = 0x4008000000000000;

	section("FXSAVE");
	asm volatile("fninit; fldl %0" ::"m"(three));
	memset(area, 0, 512);
	operate(do_fxsave, 0, NO_FAULT);
	CHECK(*(u16 *)area, 0x37f);
	CHECK(*(u16 *)(area + 2), 0x3800);
	CHECK(area[4], 0x80); /* the abridged tag word */
	CHECK(*(u64 *)(area + 32), 0xc000000000000000);
	CHECK(*(u16 *)(area + 40), 0x4000);
	asm volatile("fninit");
	operate(do_fxrstor, 0, NO_FAULT);
	three = 0;
	asm volatile("fstpl %0" : "=m"(three));
	CHECK(three, 0x4008000000000000);
	*(u32 *)(area + 24) = 0x80000000;
	operate(do_fxrstor, 0, VECTOR_GP);
}

int main(int argc, char **argv)
{
	(void)argc, (void)argv;
	has_avx = (cpuid(1, 0).ecx >> 26 & 1) && (cpuid(1, 0).ecx >> 28 & 1);
	if (has_avx) {
		write_cr4(read_cr4() | CR4_OSXSAVE);
		asm volatile("xsetbv" ::"a"(7), "d"(0), "c"(0));
	}
	test_xsave();
	test_compact();
	test_fxsave();
	return 0;
}
