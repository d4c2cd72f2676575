/* SPDX-License-Identifier: MIT */
#include "x87_world.h"

/* x87 instructions on the processor: control, encodings, what is raised and what is not. */

/* ---------------------------------------------------------------- control */

static void test_initialize(void **state)
{
	struct world *w = *state;
	struct arch_x87 *x87 = fresh(w, 3);

	x87->control = 0x40;
	x87->status = 0xffff;
	x87->instruction_pointer = x87->data_pointer = 0x1234;
	x87->instruction_selector = x87->data_selector = 8;
	x87->opcode = 0x123;
	w->cpu->state.gpr[GPR_RAX] = ~0ull;
	/* fninit; fnstcw [rsi]; fnstsw [rsi + 2]; fnstsw ax */
	assert_int_equal(RUN(w, 0xdb, 0xe3, 0xd9, 0x3e, 0xdd, 0x7e, 0x02, 0xdf, 0xe0), -1);
	assert_int_equal(peek(w, AT_OPERAND, 4), 0x0000037f);
	assert_true(w->cpu->state.gpr[GPR_RAX] == 0xffffffffffff0000ull);
	assert_int_equal(x87->empty, 0xff);
	assert_int_equal(x87->opcode, 0);
	assert_int_equal(x87->instruction_pointer, 0);
	assert_int_equal(x87->data_pointer, 0);
	assert_int_equal(x87->instruction_selector, 0);
	assert_int_equal(x87->data_selector, 0);
	check_same(&x87->reg[5], ONE);
}

static void test_control_word(void **state)
{
	struct world *w = *state;
	struct arch_x87 *x87 = fresh(w, 0);

	poke(w, AT_OPERAND, 2, 0xffff);
	assert_int_equal(RUN(w, 0xd9, 0x2e), -1); /* fldcw [rsi] */
	assert_int_equal(x87->control, 0x1f7f);
	poke(w, AT_OPERAND, 2, 0);
	assert_int_equal(RUN(w, 0xd9, 0x2e), -1);
	assert_int_equal(x87->control, 0x0040);

	/* A flag that becomes unmasked is pending; FNCLEX ends that. */
	x87->control = MASKED;
	x87->status = IE | SF | C3 | TOP(5);
	poke(w, AT_OPERAND, 2, 0x037e);
	assert_int_equal(RUN(w, 0xd9, 0x2e), -1);
	assert_int_equal(x87->status, IE | SF | C3 | TOP(5) | PENDING);
	assert_int_equal(RUN(w, 0xd9, 0x2e), VECTOR_MF);
	assert_int_equal(RUN(w, 0xdb, 0xe2), -1); /* fnclex */
	assert_int_equal(x87->status, C3 | TOP(5));
}

/* Every instruction that waits raises #MF, the others do not. */
static void test_pending(void **state)
{
	static const uint8_t waits[][2] = { { 0xd9, 0xe8 }, { 0x9b, 0x90 }, { 0xd9, 0x2e },
					    { 0xdd, 0x26 }, { 0xd9, 0x26 }, { 0xd9, 0xd0 },
					    { 0x0f, 0x77 }, { 0xdd, 0xc0 }, { 0xd9, 0xe5 },
					    { 0xdd, 0x06 }, { 0xdd, 0x1e }, { 0xd8, 0xc1 },
					    { 0xd9, 0xf7 }, { 0xdb, 0xf1 }, { 0xdc, 0x06 } };
	static const uint8_t goes_on[][2] = { { 0xd9, 0x3e }, { 0xdd, 0x3e }, { 0xdf, 0xe0 },
					      { 0xd9, 0x36 }, { 0xdb, 0xe2 }, { 0xdb, 0xe3 },
					      { 0xdd, 0x36 }, { 0xdb, 0xe0 }, { 0xdb, 0xe1 },
					      { 0xdb, 0xe4 } };
	struct world *w = *state;
	struct arch_x87 before, *x87;

	for (unsigned i = 0; i < sizeof(waits) / 2; i++) {
		x87 = fresh(w, 4);
		x87->control = 0x037e;
		x87->status |= IE | PENDING;
		before = *x87;
		assert_int_equal(RUN(w, waits[i][0], waits[i][1]), VECTOR_MF);
		assert_memory_equal(x87, &before, sizeof(before));
		/* where CR0.NE leaves it to the system, nothing is raised */
		w->cpu->state.cr0 &= ~(uint64_t)CR0_NE;
		if (waits[i][0] != 0x0f)
			assert_int_equal(RUN(w, waits[i][0], waits[i][1]), -1);
		w->cpu->state.cr0 |= CR0_NE;
	}
	for (unsigned i = 0; i < sizeof(goes_on) / 2; i++) {
		x87 = fresh(w, 4);
		x87->control = 0x037e;
		x87->status |= IE | PENDING;
		assert_int_equal(RUN(w, goes_on[i][0], goes_on[i][1]), -1);
	}
}

static void test_not_available(void **state)
{
	struct world *w = *state;
	uint64_t cr0 = w->cpu->state.cr0;

	fresh(w, 0);
	w->cpu->state.cr0 = cr0 | CR0_TS;
	assert_int_equal(RUN(w, 0xd9, 0xe8), VECTOR_NM);
	assert_int_equal(RUN(w, 0xdb, 0xe3), VECTOR_NM);
	assert_int_equal(RUN(w, 0xdf, 0xe0), VECTOR_NM);
	assert_int_equal(RUN(w, 0xdd, 0x06), VECTOR_NM);
	assert_int_equal(RUN(w, 0x9b), VECTOR_NM);
	w->cpu->state.cr0 = (cr0 | CR0_TS) & ~(uint64_t)CR0_MP;
	assert_int_equal(RUN(w, 0xd9, 0xe8), VECTOR_NM);
	assert_int_equal(RUN(w, 0x9b), -1);
	w->cpu->state.cr0 = cr0 | CR0_EM;
	assert_int_equal(RUN(w, 0xd9, 0xe8), VECTOR_NM);
	assert_int_equal(RUN(w, 0xd9, 0x3e), VECTOR_NM);
	assert_int_equal(RUN(w, 0x9b), -1);
	w->cpu->state.cr0 = cr0;
	assert_int_equal(RUN(w, 0xd9, 0xe8), -1);
}

static void test_encodings(void **state)
{
	struct world *w = *state;
	struct arch_x87 *x87 = fresh(w, 2);

	*st(w, 1) = TWO;
	assert_int_equal(RUN(w, 0xdc, 0xd1), -1); /* FCOM */
	assert_int_equal(x87->status, TOP(6) | C0);
	assert_int_equal(RUN(w, 0xdd, 0xc9), -1); /* FXCH */
	check_same(st(w, 0), TWO);
	assert_int_equal(RUN(w, 0xdf, 0xc9), -1); /* FXCH */
	check_same(st(w, 0), ONE);
	assert_int_equal(RUN(w, 0xdf, 0xd1), -1); /* FSTP */
	check_same(st(w, 0), ONE);
	assert_int_equal(x87->empty, 0x7f);
	assert_int_equal(RUN(w, 0xdf, 0xc0), -1); /* FFREEP */
	assert_int_equal(x87->empty, 0xff);
	assert_int_equal(x87->status & TOP(7), TOP(0));
	assert_int_equal(RUN(w, 0xd9, 0xd9), -1); /* FSTP that knows no underflow */
	assert_int_equal(x87->empty, 0xff);
	assert_int_equal(x87->status & (TOP(7) | IE | SF), TOP(1));

	assert_int_equal(RUN(w, 0xd9, 0xd1), VECTOR_UD);
	assert_int_equal(RUN(w, 0xdb, 0xe5), VECTOR_UD);
	assert_int_equal(RUN(w, 0xde, 0xda), VECTOR_UD);
	assert_int_equal(RUN(w, 0xda, 0xe8), VECTOR_UD);
	assert_int_equal(RUN(w, 0xd9, 0x0e), VECTOR_UD);
	assert_int_equal(RUN(w, 0xdd, 0x2e), VECTOR_UD);
	assert_int_equal(RUN(w, 0xf0, 0xd9, 0xe8), VECTOR_UD);
}

/* ---------------------------------------------------------------- exceptions */

static void test_stack_faults(void **state)
{
	struct world *w = *state;
	struct arch_x87 *x87 = fresh(w, 0);

	assert_int_equal(RUN(w, 0xd8, 0xc1), -1); /* fadd st, st(1) */
	assert_int_equal(x87->status, IE | SF);
	assert_int_equal(x87->empty, 0xfe);
	check_same(&x87->reg[0], INDEFINITE);

	x87 = fresh(w, 8);
	assert_int_equal(RUN(w, 0xd9, 0xee), -1); /* fldz */
	assert_int_equal(x87->status, IE | SF | C1 | TOP(7));
	check_same(&x87->reg[7], INDEFINITE);

	/* Not masked: nothing but the status word changes. */
	x87 = fresh(w, 8);
	x87->control = 0x037e;
	assert_int_equal(RUN(w, 0xd9, 0xee), -1);
	assert_int_equal(x87->status, IE | SF | C1 | PENDING);
	assert_int_equal(x87->opcode, 0x1ee);
	check_same(&x87->reg[7], ONE);
	x87 = fresh(w, 0);
	x87->control = 0x037e;
	poke(w, AT_OPERAND, 8, 0x1122334455667788ull);
	assert_int_equal(RUN(w, 0xdd, 0x1e), -1); /* fstp m64 */
	assert_int_equal(x87->status, IE | SF | PENDING);
	assert_int_equal(x87->opcode, 0x51e);
	assert_true(peek(w, AT_OPERAND, 8) == 0x1122334455667788ull);

	x87 = fresh(w, 0);
	assert_int_equal(RUN(w, 0xdd, 0x1e), -1);
	assert_int_equal(x87->status, IE | SF | TOP(1));
	assert_true(peek(w, AT_OPERAND, 8) == 0xfff8000000000000ull);
}

static void test_unmasked(void **state)
{
	struct world *w = *state;
	struct arch_x87 *x87 = fresh(w, 2);

	/* To a register: the scaled result, and the pop. */
	x87->control = 0x0377;
	*st(w, 0) = (struct arch_f80){ ~0ull, 0x7ffe };
	*st(w, 1) = TWO;
	assert_int_equal(RUN(w, 0xde, 0xc9), -1); /* fmulp */
	assert_int_equal(x87->status, OE | PENDING | TOP(7));
	check_f80(st(w, 0), 0x1fff, ~0ull);

	/* To memory: neither store nor pop. */
	x87 = fresh(w, 1);
	x87->control = 0x0377;
	*st(w, 0) = (struct arch_f80){ 1ull << 63, 0x3fff + 200 };
	poke(w, AT_OPERAND, 4, 0x12345678);
	assert_int_equal(RUN(w, 0xd9, 0x1e), -1); /* fstp m32 */
	assert_int_equal(x87->status, OE | PENDING | TOP(7));
	assert_int_equal(peek(w, AT_OPERAND, 4), 0x12345678);
	assert_int_equal(x87->empty, 0x7f);

	/* PE alone: both. */
	x87 = fresh(w, 1);
	x87->control = 0x035f;
	*st(w, 0) = (struct arch_f80){ 1ull << 63 | 1, 0x3fff };
	assert_int_equal(RUN(w, 0xd9, 0x1e), -1);
	assert_int_equal(x87->status, PE | PENDING | TOP(0));
	assert_int_equal(peek(w, AT_OPERAND, 4), 0x3f800000);
	assert_int_equal(x87->empty, 0xff);

	/* Before the computation: operands stay. */
	x87 = fresh(w, 2);
	x87->control = 0x037b;
	*st(w, 1) = (struct arch_f80){ 0, 0 };
	assert_int_equal(RUN(w, 0xd8, 0xf1), -1); /* fdiv st, st(1) */
	assert_int_equal(x87->status, 0x4 | PENDING | TOP(6));
	check_same(st(w, 0), ONE);
	assert_int_equal(x87->opcode, 0x0f1);
}

static void test_denormal_load(void **state)
{
	struct world *w = *state;
	struct arch_x87 *x87 = fresh(w, 0);

	poke(w, AT_OPERAND, 8, 1);
	assert_int_equal(RUN(w, 0xdd, 0x06), -1); /* fld m64 */
	assert_int_equal(x87->status, DE | TOP(7));
	check_f80(st(w, 0), 0x3fff - 1074, 1ull << 63);
	x87 = fresh(w, 0);
	x87->control = 0x037d;
	assert_int_equal(RUN(w, 0xdd, 0x06), -1);
	assert_int_equal(x87->status, DE | PENDING);
	assert_int_equal(x87->empty, 0xff);
}

static void test_flags(void **state)
{
	struct world *w = *state;
	struct cpu_state *s = &w->cpu->state;
	struct arch_x87 *x87 = fresh(w, 2);

	*st(w, 1) = TWO;
	s->rflags = FLAG_ONE | FLAGS_STATUS;
	assert_int_equal(RUN(w, 0xdb, 0xf1), -1); /* fcomi st, st(1) */
	assert_int_equal(s->rflags & FLAGS_STATUS, FLAG_CF);
	*st(w, 0) = (struct arch_f80){ 3ull << 62 | 5, 0x7fff };
	assert_int_equal(RUN(w, 0xdb, 0xe9), -1); /* fucomi st, st(1) */
	assert_int_equal(s->rflags & FLAGS_STATUS, FLAG_ZF | FLAG_PF | FLAG_CF);
	assert_int_equal(x87->status, TOP(6));
	s->rflags = FLAG_ONE;
	x87->control = 0x037e;
	assert_int_equal(RUN(w, 0xdf, 0xf1), -1); /* fcomip st, st(1) */
	assert_int_equal(s->rflags & FLAGS_STATUS, 0);
	assert_int_equal(x87->status, IE | PENDING | TOP(6));
	assert_int_equal(x87->empty, 0x3f);
	/* the condition codes stay as well */
	x87->status = C3 | TOP(6);
	assert_int_equal(RUN(w, 0xd8, 0xd9), -1); /* fcomp st(1) */
	assert_int_equal(x87->status, C3 | IE | PENDING | TOP(6));

	x87 = fresh(w, 2);
	*st(w, 1) = TWO;
	s->rflags = FLAG_ONE | FLAG_CF;
	assert_int_equal(RUN(w, 0xdb, 0xc1), -1); /* fcmovnb */
	check_same(st(w, 0), ONE);
	assert_int_equal(RUN(w, 0xda, 0xc1), -1); /* fcmovb */
	check_same(st(w, 0), TWO);
}

/* What faults in memory has changed nothing. */
static void test_memory_faults(void **state)
{
	static const uint8_t codes[][2] = { { 0xdd, 0x06 }, { 0xdd, 0x1e }, { 0xd9, 0x36 },
					    { 0xdd, 0x36 }, { 0xdd, 0x26 }, { 0xd9, 0x26 },
					    { 0xdb, 0x3e }, { 0xdb, 0x2e }, { 0xdf, 0x36 },
					    { 0xdf, 0x26 }, { 0xdc, 0x06 }, { 0xd9, 0x2e },
					    { 0xd9, 0x3e }, { 0xdd, 0x0e }, { 0xde, 0x16 } };
	struct world *w = *state;

	for (unsigned i = 0; i < sizeof(codes) / 2; i++) {
		struct arch_x87 *x87 = fresh(w, 4), before = *x87;

		w->cpu->state.gpr[GPR_RSI] = i & 1 ? UNMAPPED - 1 : UNMAPPED;
		assert_int_equal(RUN(w, codes[i][0], codes[i][1]), VECTOR_PF);
		assert_memory_equal(x87, &before, sizeof(before));
		assert_int_equal(w->cpu->state.cr2, UNMAPPED);
	}
}

/* At CPL 3, HLT raises #GP: then the instruction has been done. */
static void test_alignment(void **state)
{
	static const struct {
		uint8_t code[3];
		unsigned alignment;
	} rows[] = {
		{ { 0x90, 0xdb, 0x2e }, 8 },				  /* fld m80 */
		{ { 0x90, 0xdb, 0x3e }, 8 },				  /* fstp m80 */
		{ { 0x90, 0xdf, 0x26 }, 8 },				  /* fbld */
		{ { 0x90, 0xdd, 0x06 }, 8 },				  /* fld m64 */
		{ { 0x90, 0xd9, 0x36 }, 4 },				  /* fnstenv */
		{ { 0x66, 0xd9, 0x36 }, 2 }, { { 0x90, 0xdd, 0x26 }, 4 }, /* frstor */
		{ { 0x66, 0xdd, 0x36 }, 2 },				  /* fnsave */
	};
	struct world *w = *state;
	struct cpu_state *s = &w->cpu->state;

	for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		for (unsigned half = 0; half < 2; half++) {
			world_long(w, 3);
			s->cr0 |= CR0_NE | CR0_MP | CR0_AM;
			s->rflags = FLAG_ONE | FLAG_AC;
			fresh(w, 4);
			s->gpr[GPR_RSI] =
				AT_OPERAND + (half ? rows[i].alignment / 2 : rows[i].alignment);
			assert_int_equal(run_at_start(w, rows[i].code, 3),
					 half ? VECTOR_AC : VECTOR_GP);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(initialize), TEST(control_word),  TEST(pending),	TEST(not_available),
		TEST(encodings),  TEST(stack_faults),  TEST(unmasked),	TEST(denormal_load),
		TEST(flags),	  TEST(memory_faults), TEST(alignment),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
