// SPDX-License-Identifier: MIT
/* Integer instructions: results and flags over grids of operands, BCD, divide errors, strings. */
#include "guest.h"

#include "arithmetic_ops.h"
#include "sweep.h"

OPERATIONS(DEFINE_OPERATION)

static void test_sweeps(void)
{
	section("operations");
#define CHECK_OPERATION(name, kind, size, text, expected)                                          \
	CHECK_NAMED(#name, sweep(operation_##name, kind, size), expected);
	OPERATIONS(CHECK_OPERATION)
}

CODE(divide8, "div %bl");
CODE(divide16, "div %bx");
CODE(divide32, "div %ebx");
CODE(divide64, "div %rbx");
CODE(signed8, "idiv %bl");
CODE(signed16, "idiv %bx");
CODE(signed32, "idiv %ebx");
CODE(signed64, "idiv %rbx");

static void test_divide(void)
{
	static const struct {
		code_t *code;
		word ax, dx, bx;
		u32 vector;
		word ax_out, dx_out;
	} cases[] = {
		{ divide8, 0x1234, 7, 0x56, NO_FAULT, 0x1036, 7 },
		{ divide8, 0x1234, 7, 0x12, VECTOR_DE, 0x1234, 7 },
		{ divide8, 0xff, 7, 0, VECTOR_DE, 0xff, 7 },
		{ divide16, 0x5678, 0x1234, 0x4321, NO_FAULT, 0x456c, 0x1f8c },
		{ divide16, 0, 1, 1, VECTOR_DE, 0, 1 },
		{ divide32, 0x89abcdef, 0x01234567, 0xfedcba98, NO_FAULT, 0x1249249, 0x24efe897 },
		{ divide32, 0, 2, 2, VECTOR_DE, 0, 2 },
		{ divide64, 0x0123456789abcdef, 1, 0x8000000000000000, NO_FAULT, 2,
		  0x0123456789abcdef },
		{ divide64, 5, 1, 1, VECTOR_DE, 5, 1 },
		{ signed8, (u16)-129, 0, 1, VECTOR_DE, (u16)-129, 0 },
		{ signed8, (u16)-128, 0, 1, NO_FAULT, 0x0080, 0 },
		{ signed8, (u16)-7, 0, 2, NO_FAULT, 0xfffd, 0 },
		{ signed8, 128, 0, 0xff, NO_FAULT, 0x0080, 0 },
		{ signed16, 0x8000, 0xffff, 0xffff, VECTOR_DE, 0x8000, 0xffff },
		{ signed16, (u16)-7, 0xffff, (u16)-2, NO_FAULT, 3, 0xffff },
		{ signed32, 0x80000000, 0xffffffff, 0xffffffff, VECTOR_DE, 0x80000000, 0xffffffff },
		{ signed32, 0x80000000, 0xffffffff, 1, NO_FAULT, 0x80000000, 0 },
		{ signed64, 0x8000000000000000, ANY, ANY, VECTOR_DE, 0x8000000000000000, ANY },
		{ signed64, (word)-100, ANY, 7, NO_FAULT, (word)-14, (word)-2 },
	};

	section("division");
	for (u32 i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct regs r = { .ax = cases[i].ax, .dx = cases[i].dx, .bx = cases[i].bx };
		struct fault f = run(cases[i].code, &r);
		word ip = cases[i].vector == NO_FAULT ? ANY : (word)cases[i].code;

		EXPECT(f, cases[i].vector, 0, ip);
		CHECK(r.ax, cases[i].ax_out);
		CHECK(r.dx, cases[i].dx_out);
	}
}

CODE32(daa, "daa");
CODE32(das, "das");
CODE32(aaa, "aaa");
CODE32(aas, "aas");
CODE32(aam, "aam");
CODE32(aad, "aad");
CODE32(aam7, ".byte 0xd4, 7");
CODE32(aam0, ".byte 0xd4, 0");
CODE32(aad3, ".byte 0xd5, 3");
CODE32(salc, ".byte 0xd6");

/* The pseudo-code of SDM vol. 2, DAA and DAS. */
static u32 decimal_adjust(u32 al, u32 flags, bool subtract)
{
	u32 old = al, out = 0;

	if ((al & 15) > 9 || (flags & FLAG_AF)) {
		out |= FLAG_AF;
		if (subtract)
			out |= (flags & FLAG_CF) | (al < 6 ? FLAG_CF : 0);
		else
			out |= (flags & FLAG_CF) | (al + 6 > 0xff ? FLAG_CF : 0);
		al = subtract ? al - 6 : al + 6;
	}
	if (old > 0x99 || (flags & FLAG_CF)) {
		al = subtract ? al - 0x60 : al + 0x60;
		out |= FLAG_CF;
	} else if (!subtract) {
		out &= ~(u32)FLAG_CF;
	}
	return (al & 0xff) | out << 8;
}

static void test_bcd(void)
{
	u32 differ_daa = 0, differ_das = 0, differ_aaa = 0, differ_aas = 0;

	section("bcd");
	for (u32 i = 0; i < 1024; i++) {
		word flags = ((i & 256) ? FLAG_CF : 0) | ((i & 512) ? FLAG_AF : 0);
		u32 al = i & 255;
		bool adjust = (al & 15) > 9 || (flags & FLAG_AF);

		for (int subtract = 0; subtract < 2; subtract++) {
			struct regs r = { .ax = 0x5500 | al, .flags = flags };
			u32 model = decimal_adjust(al, (u32)flags, subtract);

			run_in(KERNEL32, subtract ? das : daa, &r);
			*(subtract ? &differ_das : &differ_daa) +=
				r.ax != (0x5500 | (model & 0xff)) ||
				(r.flags & (FLAG_CF | FLAG_AF)) != model >> 8 ||
				!(r.flags & FLAG_ZF) != !!(model & 0xff) ||
				!(r.flags & FLAG_SF) != !(model & 0x80);
			r = (struct regs){ .ax = 0x5500 | al, .flags = flags };
			run_in(KERNEL32, subtract ? aas : aaa, &r);
			u32 want = 0x5500 | al;
			if (adjust)
				want = subtract ? ((want - 6) & 0xffff) - 0x100 : want + 0x106;
			want &= 0xff0f;
			*(subtract ? &differ_aas : &differ_aaa) +=
				(r.ax & 0xffff) != want ||
				(r.flags & (FLAG_CF | FLAG_AF)) != (adjust ? FLAG_CF | FLAG_AF : 0);
		}
	}
	CHECK(differ_daa, 0);
	CHECK(differ_das, 0);
	CHECK(differ_aaa, 0);
	CHECK(differ_aas, 0);

	struct regs r = { .ax = 0x77c8 };
	run_in(KERNEL32, aam, &r);
	CHECK(r.ax, 0x1400);
	CHECK(r.flags & (FLAG_ZF | FLAG_SF | FLAG_PF), FLAG_ZF | FLAG_PF);
	r = (struct regs){ .ax = 0x7731 };
	run_in(KERNEL32, aam7, &r);
	CHECK(r.ax, 0x0700);
	r = (struct regs){ .ax = 0x0709 };
	run_in(KERNEL32, aad, &r);
	CHECK(r.ax, 79);
	r = (struct regs){ .ax = 0xff09 };
	run_in(KERNEL32, aad3, &r);
	CHECK(r.ax, 6);
	r = (struct regs){ .ax = 0x1234 };
	struct fault f = run_in(KERNEL32, aam0, &r);
	EXPECT(f, VECTOR_DE, 0, (word)aam0);
	r = (struct regs){ .ax = 0x1234, .flags = FLAG_CF };
	run_in(KERNEL32, salc, &r);
	CHECK(r.ax, 0x12ff);
	r = (struct regs){ 0 };
	f = run(daa, &r);
	EXPECT(f, VECTOR_UD, 0, (word)daa);
	f = run(aam, &r);
	EXPECT(f, VECTOR_UD, 0, (word)aam);
}

static u8 source[256], destination[256];

static void reset_buffers(void)
{
	for (u32 i = 0; i < 256; i++) {
		source[i] = (u8)(i * 7 + 1);
		destination[i] = 0xee;
	}
}

static u32 changed(void)
{
	u32 count = 0;

	for (u32 i = 0; i < 256; i++)
		count += destination[i] != 0xee;
	return count;
}

CODE(movsb, "rep movsb");
CODE(movsw, "rep movsw");
CODE(movsl, "rep movsl");
CODE(movsq, "rep movsq");
/* rep movsq with 32-bit addresses; in bytes, because Clang puts the 67H after the REX prefix. */
CODE(movsq32, ".byte 0xf3, 0x67, 0x48, 0xa5");
CODE(movsb_once, "movsb");
CODE(stosl, "rep stosl");
CODE(lodsw, "lodsw");
CODE(repe_cmpsb, "repe cmpsb");
CODE(repne_scasb, "repne scasb");
CODE(repe_scasl, "repe scasl");
CODE32(movsb16, "addr16 rep movsb");
CODE(loop, "1: inc %rax; loop 1b");
CODE(loop32, "1: inc %rax; addr32 loop 1b");
CODE(loopne, "1: inc %rax; cmp $5, %rax; loopne 1b");
CODE(jrcxz, "jrcxz 1f; mov $1, %eax; 1:");
CODE(jecxz, "jecxz 1f; mov $1, %eax; 1:");

static void test_strings(void)
{
	struct regs r;

	section("strings");
	static const struct {
		code_t *code;
		u32 size;
	} moves[] = { { movsb, 1 }, { movsw, 2 }, { movsl, 4 }, { movsq, 8 }, { movsq32, 8 } };
	for (u32 i = 0; i < 5; i++) {
		u32 size = moves[i].size;

		reset_buffers();
		r = (struct regs){ .si = (word)source, .di = (word)destination, .cx = 5 };
		run(moves[i].code, &r);
		CHECK(r.cx, 0);
		CHECK(r.si - (word)source, 5 * size);
		CHECK(r.di - (word)destination, 5 * size);
		CHECK(destination[5 * size - 1], (u8)((5 * size - 1) * 7 + 1));
		CHECK(changed(), 5 * size);
		reset_buffers();
		r = (struct regs){ .si = (word)source + 90,
				   .di = (word)destination + 90,
				   .cx = 5,
				   .flags = FLAG_DF };
		run(moves[i].code, &r);
		CHECK((word)source + 90 - r.si, 5 * size);
		CHECK(destination[90 + size - 1], (u8)((90 + size - 1) * 7 + 1));
		CHECK(destination[90 - 4 * size], (u8)((90 - 4 * size) * 7 + 1));
		CHECK(changed(), 5 * size);
	}
	/* A 32-bit address size takes and leaves 32 bits of RSI, RDI and RCX. */
	reset_buffers();
	r = (struct regs){ .si = (word)source | 1ul << 40,
			   .di = (word)destination | 1ul << 41,
			   .cx = 2 | 1ul << 42 };
	run(movsq32, &r);
	CHECK(r.si, (word)source + 16);
	CHECK(r.di, (word)destination + 16);
	CHECK(r.cx, 0);
	CHECK(changed(), 16);
	r = (struct regs){ .si = (word)source | 1ul << 40,
			   .di = (word)destination,
			   .cx = 1ul << 42 };
	run(movsq32, &r);
	CHECK(r.di, (word)destination);
	/* A 16-bit one wraps SI and DI, and leaves the upper halves. */
	u8 *bottom = (u8 *)0x10000;
	r = (struct regs){ .si = 0xffff0000fffe, .di = 0xabcd6000, .cx = 0x12340003 };
	bottom[-2] = 0x11, bottom[-1] = 0x22;
	run_in(KERNEL32, movsb16, &r);
	CHECK(r.si & 0xffffffff, 1);
	CHECK(r.di & 0xffffffff, 0xabcd6003);
	CHECK(r.cx & 0xffffffff, 0x12340000);
	CHECK(*(volatile u16 *)0x6000, 0x2211);

	/* Overlap: a byte at a time spreads the first byte. */
	reset_buffers();
	r = (struct regs){ .si = (word)source, .di = (word)source + 1, .cx = 100 };
	run(movsb, &r);
	CHECK(source[100], 1);
	CHECK(source[101], (u8)(101 * 7 + 1));

	reset_buffers();
	r = (struct regs){ .ax = 0x04030201, .di = (word)destination, .cx = 7 };
	run(stosl, &r);
	CHECK(changed(), 28);
	CHECK(destination[27], 4);
	r = (struct regs){ .si = (word)source, .ax = 0x1122334455667788, .cx = 9 };
	run(lodsw, &r);
	CHECK(r.ax, 0x1122334455660801);
	CHECK(r.cx, 9);

	reset_buffers();
	memcpy(destination, source, 256);
	destination[40]++;
	r = (struct regs){ .si = (word)source, .di = (word)destination, .cx = 100 };
	run(repe_cmpsb, &r);
	CHECK(r.cx, 100 - 41);
	CHECK(r.di - (word)destination, 41);
	CHECK(r.flags & FLAGS_ARITHMETIC, FLAG_CF | FLAG_SF | FLAG_PF | FLAG_AF);
	r = (struct regs){
		.si = (word)source, .di = (word)destination, .cx = 0, .flags = FLAG_ZF | FLAG_OF
	};
	run(repe_cmpsb, &r);
	CHECK(r.flags & FLAGS_ARITHMETIC, FLAG_ZF | FLAG_OF);
	r = (struct regs){ .ax = source[77], .di = (word)source, .cx = 0x1000 };
	run(repne_scasb, &r);
	CHECK(r.di - (word)source, 78);
	CHECK(r.cx, 0x1000 - 78);
	CHECK(!!(r.flags & FLAG_ZF), 1);
	memset(destination, 0x11, 64);
	r = (struct regs){ .ax = 0x11111111, .di = (word)destination, .cx = 32 };
	run(repe_scasl, &r);
	CHECK(r.di - (word)destination, 68);
	CHECK(r.cx, 15);

	section("loops");
	r = (struct regs){ .cx = 9 };
	run(loop, &r);
	CHECK(r.ax, 9);
	r = (struct regs){ .cx = 3 | 1ul << 32 };
	run(loop32, &r);
	CHECK(r.ax, 3);
	CHECK(r.cx, 0);
	r = (struct regs){ .cx = 9 };
	run(loopne, &r);
	CHECK(r.ax, 5);
	CHECK(r.cx, 4);
	r = (struct regs){ .cx = 1ul << 32 };
	run(jrcxz, &r);
	CHECK(r.ax, 1);
	r = (struct regs){ .cx = 1ul << 32 };
	run(jecxz, &r);
	CHECK(r.ax, 0);
	r = (struct regs){ .di = (word)destination, .si = (word)source };
	run(movsb_once, &r);
	CHECK(destination[0], source[0]);
}

CODE(bit_memory, "bts %rax, (%rbx)");
CODE(bit_memory16, "btrw %ax, (%rbx)");
CODE(bit_immediate, "btcl $37, (%rbx)");
CODE(exchange8, "lock cmpxchg8b (%rbx)");
CODE(exchange16, "lock cmpxchg16b (%rsi)");
CODE(lock_register, ".byte 0xf0, 0x01, 0xd8");

static void test_memory_operands(void)
{
	static u64 words[8] __attribute__((aligned(16)));
	struct regs r = { .ax = (word)-70, .bx = (word)&words[4] };

	section("memory operands");
	run(bit_memory, &r);
	CHECK(words[2], 1ull << 58);
	r = (struct regs){ .ax = 0x7777ffc6, .bx = (word)&words[3] };
	words[2] = ~0ull;
	run(bit_memory16, &r);
	CHECK(words[2], ~0ull - (1ull << 6));
	CHECK(r.flags & FLAG_CF, FLAG_CF);
	r = (struct regs){ .bx = (word)&words[0] };
	run(bit_immediate, &r);
	CHECK(words[0], 1ull << 5);
	words[0] = 0x1122334455667788;
	r = (struct regs){ .ax = 0x55667788, .dx = 0x11223344, .bx = (word)words, .cx = 0x99 };
	run(exchange8, &r);
	CHECK(r.flags & FLAG_ZF, FLAG_ZF);
	CHECK(words[0], (0x99ull << 32) + (u32)(word)words);
	run(exchange8, &r);
	CHECK(r.flags & FLAG_ZF, 0);
	CHECK(r.ax, (u32)(word)words);
	CHECK(r.dx, 0x99);
	words[0] = 1, words[1] = 2;
	r = (struct regs){ .ax = 1, .dx = 2, .bx = 3, .cx = 4, .si = (word)words };
	run(exchange16, &r);
	CHECK(words[0], 3);
	CHECK(words[1], 4);
	r.si = (word)words + 8;
	struct fault f = run(exchange16, &r);
	EXPECT(f, VECTOR_GP, 0, (word)exchange16);
	f = run(lock_register, &r);
	EXPECT(f, VECTOR_UD, 0, (word)lock_register);
}

CODE(popf64, "push %rax; popf; pushf; pop %rbx");
CODE(popf16, "pushw %ax; popfw; pushf; pop %rbx");

static void test_flags(void)
{
	struct regs r = { .ax = 0x3f7ed5 };

	section("flags");
	run(popf64, &r);
	CHECK(r.bx, 0x247ed7);
	r = (struct regs){ .ax = 0xfffffed5, .flags = FLAG_AC | FLAG_ID };
	run(popf16, &r);
	CHECK(r.bx, 0x247ed7);
	r = (struct regs){ .ax = 0x247ed5 };
	run_in(USER, popf64, &r);
	CHECK(r.bx, 0x244cd7);
	r = (struct regs){ .ax = 0x4cd5 & ~(word)FLAG_IF, .flags = FLAG_IOPL };
	run_in(USER, popf64, &r);
	CHECK(r.bx, 0x7cd7 & ~(word)FLAG_IF);
}

int main(int argc, char **argv)
{
	(void)argc, (void)argv;
	test_sweeps();
	test_divide();
	test_bcd();
	test_strings();
	test_memory_operands();
	test_flags();
	return 0;
}
