/* SPDX-License-Identifier: MIT */
#include "x87_world.h"

/* x87 instructions on the processor: saved state, and values. */

/* ---------------------------------------------------------------- the environment */

static void test_pointers(void **state)
{
	struct world *w = *state;
	struct arch_x87 *x87 = fresh(w, 0);

	/* fld1; fstp qword [rsi + 8]; control instructions */
	assert_int_equal(RUN(w, 0xd9, 0xe8, 0xdd, 0x5e, 0x08, 0x9b, 0xdf, 0xe0, 0xd9, 0x3e, 0xdb,
			     0xe2, 0xd9, 0x2e, 0xdd, 0x3e),
			 -1);
	assert_int_equal(x87->instruction_pointer, AT_CODE + 2);
	assert_int_equal(x87->instruction_selector, SEL_CODE0);
	assert_int_equal(x87->data_pointer, AT_OPERAND + 8);
	assert_int_equal(x87->data_selector, SEL_DATA0);
	assert_int_equal(x87->opcode, 0);
	/* Without an operand in memory the data pointer stays. */
	assert_int_equal(RUN(w, 0x90, 0xd9, 0xd0), -1);
	assert_int_equal(x87->instruction_pointer, AT_CODE + 1);
	assert_int_equal(x87->data_pointer, AT_OPERAND + 8);
}

/* Tags 3 3 3 2 2 2 1 0 of R7 ... R0, and values for all other fields. */
static struct arch_x87 *known(struct world *w)
{
	struct arch_x87 *x87 = fresh(w, 0);

	*x87 = (struct arch_x87){ .control = 0x037e,
				  .status = IE | PENDING | TOP(3) | C2,
				  .empty = 0xe0,
				  .opcode = 0x5a5,
				  .instruction_pointer = 0x12345678,
				  .data_pointer = 0x9abcdef0,
				  .instruction_selector = 0x1111,
				  .data_selector = 0x2222 };
	x87->reg[0] = ONE;
	x87->reg[1] = (struct arch_f80){ 0, 0x8000 };
	x87->reg[2] = (struct arch_f80){ 1ull << 63, 0x7fff };
	x87->reg[3] = (struct arch_f80){ 5, 0 };
	x87->reg[4] = (struct arch_f80){ 5, 0x3fff };
	return x87;
}

static void check_words(struct world *w, uint64_t at, unsigned size, const uint32_t *expected)
{
	for (unsigned i = 0; i < 7; i++)
		assert_int_equal(peek(w, at + size * i, size), expected[i]);
	assert_int_equal(peek(w, at + size * 7, size), 0);
}

static void clear_operand(struct world *w, uint64_t at)
{
	for (unsigned i = 0; i < 128; i += 8)
		poke(w, at + i, 8, 0);
}

static void test_environment_protected(void **state)
{
	static const uint32_t wide[] = { 0xffff037e, 0xffff9c81, 0xfffffea4, 0x12345678,
					 0x05a51111, 0x9abcdef0, 0xffff2222 };
	static const uint32_t narrow[] = { 0x037e, 0x9c81, 0xfea4, 0x5678, 0x1111, 0xdef0, 0x2222 };
	struct world *w = *state;
	struct arch_x87 *x87 = known(w);

	clear_operand(w, AT_OPERAND);
	assert_int_equal(RUN(w, 0xd9, 0x36), -1); /* fnstenv [rsi] */
	check_words(w, AT_OPERAND, 4, wide);
	assert_int_equal(x87->control, 0x037f);
	assert_int_equal(x87->status, IE | TOP(3) | C2);

	x87 = fresh(w, 0);
	assert_int_equal(RUN(w, 0xd9, 0x26), -1); /* fldenv [rsi] */
	assert_int_equal(x87->control, 0x037e);
	assert_int_equal(x87->status, 0x9c81);
	assert_int_equal(x87->empty, 0xe0);
	assert_int_equal(x87->opcode, 0x5a5);
	assert_int_equal(x87->instruction_pointer, 0x12345678);
	assert_int_equal(x87->instruction_selector, 0x1111);
	assert_int_equal(x87->data_pointer, 0x9abcdef0);
	assert_int_equal(x87->data_selector, 0x2222);

	known(w);
	clear_operand(w, AT_OPERAND);
	assert_int_equal(RUN(w, 0x66, 0xd9, 0x36), -1);
	check_words(w, AT_OPERAND, 2, narrow);
	x87 = fresh(w, 0);
	assert_int_equal(RUN(w, 0x66, 0xd9, 0x26), -1);
	assert_int_equal(x87->instruction_pointer, 0x5678);
	assert_int_equal(x87->data_selector, 0x2222);
	assert_int_equal(x87->opcode, 0);
}

static void test_save(void **state)
{
	struct world *w = *state;
	struct arch_x87 *x87 = known(w), before = *x87;

	assert_int_equal(RUN(w, 0xdd, 0x36), -1); /* fnsave [rsi] */
	assert_int_equal(x87->control, MASKED);
	assert_int_equal(x87->status, 0);
	assert_int_equal(x87->empty, 0xff);
	assert_int_equal(x87->instruction_pointer, 0);
	/* ST(0) is R3, ST(1) R4, ST(5) R0 */
	assert_int_equal(peek(w, AT_OPERAND + 28, 8), 5);
	assert_int_equal(peek(w, AT_OPERAND + 36, 2), 0);
	assert_int_equal(peek(w, AT_OPERAND + 38 + 8, 2), 0x3fff);
	assert_true(peek(w, AT_OPERAND + 28 + 50, 8) == 1ull << 63);
	memset(x87->reg, 0, sizeof(x87->reg));
	assert_int_equal(RUN(w, 0xdd, 0x26), -1); /* frstor [rsi] */
	assert_memory_equal(x87, &before, sizeof(before));
}

/* Linear addresses: their low 16 bits, the rest in the upper 4 (20) bits of the next field. */
static void test_environment_real(void **state)
{
	static const uint32_t narrow[] = { 0x037e, 0x9c81, 0xfea4, 0x4444, 0x15a5, 0x6666, 0x2000 };
	static const uint32_t wide[] = { 0xffff037e, 0xffff9c81, 0xfffffea4, 0xffff4444,
					 0x000015a5, 0xffff6666, 0x00002000 };
	struct world *w = *state;
	struct arch_x87 *x87;
	const uint8_t store16[] = { 0xd9, 0x34 }, store32[] = { 0x66, 0xd9, 0x34 },
		      load32[] = { 0x66, 0xd9, 0x24 };
	uint64_t at;

	world_real(w);
	at = w->cpu->state.seg[SEG_DS].base + 0x800;
	w->cpu->state.gpr[GPR_RSI] = 0x800;
	x87 = known(w);
	x87->instruction_pointer = 0x4444;
	x87->instruction_selector = 0x1000;
	x87->data_pointer = 0x1666;
	x87->data_selector = 0x2500;
	w->cpu->state.rip = 0x123;
	clear_operand(w, at);
	run_code(w, store16, sizeof(store16));
	check_words(w, at, 2, narrow);

	x87->control = 0x037e;
	x87->status |= PENDING;
	clear_operand(w, at);
	w->cpu->state.rip = 0x123;
	run_code(w, store32, sizeof(store32));
	check_words(w, at, 4, wide);

	fresh(w, 0);
	w->cpu->state.rip = 0x123;
	run_code(w, load32, sizeof(load32));
	assert_int_equal(x87->instruction_pointer, 0x14444);
	assert_int_equal(x87->instruction_selector, 0);
	assert_int_equal(x87->data_pointer, 0x26666);
	assert_int_equal(x87->opcode, 0x5a5);
	assert_int_equal(x87->status, 0x9c81);
}

/* ---------------------------------------------------------------- values */

static void test_integers(void **state)
{
	struct world *w = *state;
	struct arch_x87 *x87 = fresh(w, 0);

	poke(w, AT_OPERAND, 2, 0x8000);
	poke(w, AT_OPERAND + 8, 4, 0xfffffffd);
	poke(w, AT_OPERAND + 16, 8, 0x7fffffffffffffffull);
	/* fild word [rsi]; fild dword [rsi + 8]; fild qword [rsi + 16] */
	assert_int_equal(RUN(w, 0xdf, 0x06, 0xdb, 0x46, 0x08, 0xdf, 0x6e, 0x10), -1);
	check_f80(st(w, 2), 0xc00e, 1ull << 63);
	check_f80(st(w, 1), 0xc000, 3ull << 62);
	check_f80(st(w, 0), 0x403d, ~1ull);
	/* fistp qword [rsi]; fistp dword [rsi + 8]; fistp word [rsi + 16] */
	assert_int_equal(RUN(w, 0xdf, 0x3e, 0xdb, 0x5e, 0x08, 0xdf, 0x5e, 0x10), -1);
	assert_true(peek(w, AT_OPERAND, 8) == 0x7fffffffffffffffull);
	assert_int_equal(peek(w, AT_OPERAND + 8, 4), 0xfffffffd);
	assert_int_equal(peek(w, AT_OPERAND + 16, 2), 0x8000);
	assert_int_equal(x87->status, 0);
	assert_int_equal(x87->empty, 0xff);

	fresh(w, 2);
	*st(w, 0) = (struct arch_f80){ 7ull << 61, 0xbfff }; /* -1.75 */
	*st(w, 1) = (struct arch_f80){ 40000ull << 48, 0x400e };
	/* fisttp word [rsi]; fistp word [rsi + 2] */
	assert_int_equal(RUN(w, 0xdf, 0x0e, 0xdf, 0x5e, 0x02), -1);
	assert_int_equal(peek(w, AT_OPERAND, 4), 0x8000ffff);
	assert_int_equal(x87->status, IE | PE | TOP(0));

	fresh(w, 1);
	*st(w, 0) = (struct arch_f80){ 1234567ull << 43, 0xc013 };
	assert_int_equal(RUN(w, 0xdf, 0x36), -1); /* fbstp [rsi] */
	assert_int_equal(peek(w, AT_OPERAND, 8), 0x01234567);
	assert_int_equal(peek(w, AT_OPERAND + 8, 2), 0x8000);
	assert_int_equal(RUN(w, 0xdf, 0x26), -1); /* fbld [rsi] */
	check_f80(st(w, 0), 0xc013, 1234567ull << 43);
}

static void set_two(struct world *w, unsigned exponent0, uint64_t significand0, unsigned exponent1,
		    uint64_t significand1)
{
	fresh(w, 2);
	*st(w, 0) = (struct arch_f80){ significand0, (uint16_t)exponent0 };
	*st(w, 1) = (struct arch_f80){ significand1, (uint16_t)exponent1 };
}

static void test_functions(void **state)
{
	struct world *w = *state;
	struct arch_x87 *x87 = fresh(w, 0);

	assert_int_equal(RUN(w, 0xd9, 0xe8, 0xd9, 0xe8, 0xd9, 0xf3), -1); /* fld1 x2; fpatan */
	check_f80(st(w, 0), 0x3ffe, 0xc90fdaa22168c235ull);
	fresh(w, 0);
	assert_int_equal(RUN(w, 0xd9, 0xeb, 0xd9, 0xff), -1); /* fldpi; fcos */
	check_f80(st(w, 0), 0xbfff, 1ull << 63);
	fresh(w, 1);
	*st(w, 0) = TWO;
	assert_int_equal(RUN(w, 0xd9, 0xfa), -1); /* fsqrt */
	check_f80(st(w, 0), 0x3fff, 0xb504f333f9de6484ull);
	assert_int_equal(x87->status, PE | TOP(7));

	set_two(w, 0x4002, 1ull << 63, 0x4000, 3ull << 62); /* 8, 3 */
	assert_int_equal(RUN(w, 0xd9, 0xf1), -1);	    /* fyl2x */
	check_f80(st(w, 0), 0x4002, 9ull << 60);
	set_two(w, 0x4001, 7ull << 61, 0x4001, 1ull << 63); /* 7, 4 */
	assert_int_equal(RUN(w, 0xd9, 0xf8), -1);	    /* fprem */
	check_f80(st(w, 0), 0x4000, 3ull << 62);
	assert_int_equal(x87->status, C1 | TOP(6));
	set_two(w, 0x4001, 7ull << 61, 0x4001, 1ull << 63);
	assert_int_equal(RUN(w, 0xd9, 0xf5), -1); /* fprem1 */
	check_f80(st(w, 0), 0xbfff, 1ull << 63);
	assert_int_equal(x87->status, C3 | TOP(6));
	set_two(w, 0x3fff, 1ull << 63, 0xc000, 5ull << 61); /* 1, -2.5 */
	assert_int_equal(RUN(w, 0xd9, 0xfd), -1);	    /* fscale */
	check_f80(st(w, 0), 0x3ffd, 1ull << 63);

	fresh(w, 1);
	*st(w, 0) = (struct arch_f80){ 3ull << 62, 0x4002 }; /* 12 */
	assert_int_equal(RUN(w, 0xd9, 0xf4), -1);	     /* fxtract */
	check_f80(st(w, 0), 0x3fff, 3ull << 62);
	check_f80(st(w, 1), 0x4000, 3ull << 62);
	assert_int_equal(x87->empty, 0x3f);
}

/* FXAM: C3, C2, C0, and the sign in C1. */
static void test_examine(void **state)
{
	static const struct {
		struct arch_f80 value;
		uint16_t codes;
	} rows[] = {
		{ { 5, 0x3fff }, 0 },		{ { 3ull << 62, 0xffff }, C0 | C1 },
		{ { 1ull << 63, 0x3fff }, C2 }, { { 1ull << 63, 0xffff }, C2 | C0 | C1 },
		{ { 0, 0x8000 }, C3 | C1 },	{ { 5, 0 }, C3 | C2 },
	};
	struct world *w = *state;

	for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct arch_x87 *x87 = fresh(w, 1);

		*st(w, 0) = rows[i].value;
		assert_int_equal(RUN(w, 0xd9, 0xe5), -1);
		assert_int_equal(x87->status, rows[i].codes | TOP(7));
		x87->empty = 0xff;
		assert_int_equal(RUN(w, 0xd9, 0xe5), -1);
		assert_int_equal(x87->status, C3 | C0 | (rows[i].codes & C1) | TOP(7));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(pointers), TEST(environment_protected),
		TEST(save),	TEST(environment_real),
		TEST(integers), TEST(functions),
		TEST(examine),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
