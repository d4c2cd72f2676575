// SPDX-License-Identifier: MIT
/*
 * What the manual says in passing or leaves to the processor, as Intel's processors do it:
 * docs/native-tests.md has where others go another way.
 */
#include "guest.h"

#define DATA (PTE_P | PTE_W | PTE_A | PTE_D)
#define EDGE 0x40001000u /* a page before it, and none from it on */
#define STATUS (FLAG_CF | FLAG_PF | FLAG_AF | FLAG_ZF | FLAG_SF | FLAG_OF)
#define SELECTED_STATUS (FLAG_CF | FLAG_AF | FLAG_SF | FLAG_OF) /* no comparison gives them */
#define CR4_OSFXSR_OSXMMEXCPT 0x600u

static u8 *page;
static struct regs r;
static struct fault f;

CODE32(push_segment, "mov %esp, %edx; mov %eax, %esp; push %ds; mov %esp, %ecx; mov %edx, %esp");
CODE(pop_segment, "mov %rsp, %rdx; mov %rax, %rsp; pop %fs; mov %rsp, %rcx; mov %rdx, %rsp");

/* SDM Vol 2B "PUSH": of a segment register with a 32-bit operand, 16 bits are written. */
static void test_segments(void)
{
	section("PUSH and POP of segment registers");
	memset(page + 4080, 0xff, 16);
	r = (struct regs){ .ax = EDGE - 4 };
	f = run_in(KERNEL32, push_segment, &r);
	EXPECT(f, NO_FAULT, 0, ANY);
	CHECK(r.cx, EDGE - 8);
	CHECK(*(u32 *)(page + 4088), 0xffff0000u | (u16)r.ds);
	r = (struct regs){ .ax = EDGE + 2 };
	f = run_in(KERNEL32, push_segment, &r);
	EXPECT(f, NO_FAULT, 0, ANY);
	CHECK(r.cx, EDGE - 2);
	CHECK(*(u16 *)(page + 4094), (u16)r.ds);
	*(u16 *)(page + 4094) = 0;
	r = (struct regs){ .ax = EDGE - 2 };
	f = run(pop_segment, &r);
	EXPECT(f, NO_FAULT, 0, ANY);
	CHECK(r.cx, EDGE + 6);
}

CODE(repe_cmpsb, "repe cmpsb");
CODE(repne_cmpsb, "repne cmpsb");
CODE(repe_scasb, "repe scasb");
CODE(repne_scasb, "repne scasb");

/* @step: a trap after the first element, else a fault at the fourth. */
static void compare_strings(code_t *code, u8 here, u8 there, bool step)
{
	static u8 other[16];

	memset(page + 4080, here, 16);
	memset(other, there, sizeof(other));
	r = (struct regs){ .ax = there,
			   .cx = 9,
			   .si = (word)other,
			   .di = EDGE - 3,
			   .flags = SELECTED_STATUS | (step ? FLAG_TF : 0) };
	f = run(code, &r);
	EXPECT(f, step ? VECTOR_DB : VECTOR_PF, 0, (word)code);
	CHECK(r.cx, step ? 8 : 6);
	CHECK(r.di, step ? EDGE - 2 : EDGE);
	CHECK(f.flags & (STATUS | FLAG_RF), SELECTED_STATUS | FLAG_RF);
}

/* SDM Vol 2B "REP/REPE/REPZ/REPNE/REPNZ": EFLAGS as before, of what was begun and not ended. */
static void test_strings(void)
{
	section("comparisons of strings that stop on the way");
	for (u32 step = 0; step < 2; step++) {
		compare_strings(repe_cmpsb, 5, 5, step);
		compare_strings(repne_cmpsb, 5, 6, step);
		compare_strings(repe_scasb, 5, 5, step);
		compare_strings(repne_scasb, 5, 6, step);
	}
	/* and at their end as usual */
	memset(page + 4080, 5, 16);
	r = (struct regs){ .ax = 6, .cx = 3, .di = EDGE - 3, .flags = SELECTED_STATUS };
	f = run(repne_scasb, &r);
	EXPECT(f, NO_FAULT, 0, ANY);
	CHECK(r.cx, 0);
	CHECK(r.flags & STATUS, 0);
}

#define INFINITE "fninit; fldz; fld1; fdivp; "
#define END "; fnstsw %ax; fninit"
CODE(store_integer, INFINITE "fldcw (%rbx); fistpl (%rax)" END);
CODE(store_decimal, INFINITE "fldcw (%rbx); fbstp (%rax)" END);
CODE(store_empty, "fninit; fldcw (%rbx); fstpt (%rax)" END);
CODE(store_single, "fninit; fldl (%rdi); fldcw (%rbx); fstps (%rax)" END);

/* Without IE, or OE for a single, there is no store, and no fault of its place. */
static void test_x87_stores(void)
{
	static const struct {
		code_t *code;
		u16 unmasked, status;
		u32 length; /* of what goes before the store */
	} cases[] = { { store_integer, 0x01, 0xb881, 10 },
		      { store_decimal, 0x01, 0xb881, 10 },
		      { store_empty, 0x01, 0x80c1, 4 },
		      { store_single, 0x08, 0xb888, 6 } };
	static const double huge = 1e300;

	section("x87 stores with an exception that is not masked");
	for (u32 i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		u16 control = (u16)(0x37f & ~cases[i].unmasked), masked = 0x37f;

		r = (struct regs){ .ax = EDGE, .bx = (word)&control, .di = (word)&huge };
		f = run(cases[i].code, &r);
		EXPECT(f, NO_FAULT, 0, ANY);
		/* FDIVP raised ZE: of an infinity only */
		CHECK(r.ax & 0xffff & ~0x4u, cases[i].status);
		r = (struct regs){ .ax = EDGE, .bx = (word)&masked, .di = (word)&huge };
		f = run(cases[i].code, &r);
		EXPECT(f, VECTOR_PF, 2, (word)cases[i].code + cases[i].length);
		CHECK(f.cr2, EDGE);
	}
}

CODE(divide_by_infinity, INFINITE
     "fldt (%rdi); fnclex; fldcw (%rbx); fprem1; fnstsw %ax; fnclex; fstpt (%rsi); fninit");

/* SDM Vol 2A "FPREM1": the dividend, however small. */
static void test_remainder(void)
{
	static const u16 denormal[5] = { 0, 0, 0, 0x4000, 0 };
	u16 control = 0x37f & ~0x10, result[5];

	section("FPREM1 by infinity");
	r = (struct regs){ .bx = (word)&control, .di = (word)denormal, .si = (word)result };
	f = run(divide_by_infinity, &r);
	EXPECT(f, NO_FAULT, 0, ANY);
	CHECK(r.ax & 0xffff, 0x3002);
	for (u32 i = 0; i < 5; i++)
		CHECK(result[i], denormal[i]);
}

CODE(pause_rex_b, ".byte 0xf3, 0x41, 0x90");
CODE(movsxd_word, ".byte 0x66, 0x63, 0x08"); /* MOVSXD CX, [RAX] */

static void test_encodings(void)
{
	section("PAUSE with REX.B, MOVSXD of a word");
	r = (struct regs){ .ax = 1, .r8 = 2 };
	f = run(pause_rex_b, &r);
	EXPECT(f, NO_FAULT, 0, ANY);
	CHECK(r.ax, 1);
	CHECK(r.r8, 2);
	*(u16 *)(page + 4094) = 0x8001;
	r = (struct regs){ .ax = EDGE - 2, .cx = 0x1122334455667788 };
	f = run(movsxd_word, &r);
	EXPECT(f, NO_FAULT, 0, ANY);
	CHECK(r.cx, 0x1122334455668001);
}

CODE(dot_singles, "movups (%rax), %xmm0; movups (%rbx), %xmm1; dpps $0xff, %xmm1, %xmm0;"
		  "movups %xmm0, (%rdi)");
CODE(dot_doubles, "movups (%rax), %xmm0; movups (%rbx), %xmm1; dppd $0x33, %xmm1, %xmm0;"
		  "movups %xmm0, (%rdi)");

/* Each element adds for itself: its neighbour first, in DPPD itself; then its half first. */
static void test_dot_products(void)
{
	static const u32 nans[4] = { 0x7fc00001, 0x7fc00002, 0x7fc00003, 0x7fc00004 };
	static const u32 ones[4] = { 0x3f800000, 0x3f800000, 0x3f800000, 0x3f800000 };
	static const u64 long_nans[2] = { 0x7ff8000000000001, 0x7ff8000000000002 };
	static const u64 long_ones[2] = { 0x3ff0000000000000, 0x3ff0000000000000 };
	static const u32 first[4] = { 2, 1, 4, 3 };
	u32 singles[4];
	u64 doubles[2];

	section("NaNs of dot products");
	write_cr4(read_cr4() | CR4_OSFXSR_OSXMMEXCPT);
	r = (struct regs){ .ax = (word)nans, .bx = (word)ones, .di = (word)singles };
	f = run(dot_singles, &r);
	EXPECT(f, NO_FAULT, 0, ANY);
	for (u32 i = 0; i < 4; i++)
		CHECK(singles[i], 0x7fc00000 + first[i]);
	r = (struct regs){ .ax = (word)long_nans, .bx = (word)long_ones, .di = (word)doubles };
	f = run(dot_doubles, &r);
	EXPECT(f, NO_FAULT, 0, ANY);
	for (u32 i = 0; i < 2; i++)
		CHECK(doubles[i], long_nans[i]);
}

int main(int argc, char **argv)
{
	u64 root = read_cr3();
	u64 *large = entry(root, EDGE, 2);

	(void)argc;
	(void)argv;
	page = page_new();
	if (*large & PTE_PS)
		*large = 0;
	map(root, EDGE - 4096, (u64)page | DATA, 1);
	write_cr3(root);
	test_segments();
	test_strings();
	test_x87_stores();
	test_remainder();
	test_encodings();
	test_dot_products();
	return 0;
}
