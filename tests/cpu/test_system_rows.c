/* SPDX-License-Identifier: MIT */
#include "control_world.h"

#include "cpu/system.h"

/* The table of the SYSTEM family: complete, without doubles, and what it says of modes. */

static unsigned rows_of(const struct system_row *row, unsigned insn)
{
	unsigned n = 0;

	for (; row->insn != INSN_NONE; row++)
		n += row->insn == insn;
	return n;
}

static bool has_no_row(unsigned insn)
{
	switch (insn) {
	case INSN_RSM: /* #UD outside of system-management mode */
	case INSN_UD0:
	case INSN_UD1:
	case INSN_UD2:
	case INSN_INVEPT:
	case INSN_INVVPID:
	case INSN_VMCALL:
	case INSN_VMCLEAR:
	case INSN_VMFUNC:
	case INSN_VMLAUNCH:
	case INSN_VMPTRLD:
	case INSN_VMPTRST:
	case INSN_VMREAD:
	case INSN_VMRESUME:
	case INSN_VMWRITE:
	case INSN_VMXOFF:
	case INSN_VMXON:
		return true;
	default:
		return false;
	}
}

static void test_complete(void **state)
{
	(void)state;
	for (unsigned insn = 1; insn < NR_INSNS; insn++) {
		unsigned rows =
			rows_of(system_control_rows, insn) + rows_of(system_misc_rows, insn);

		if (insn_families[insn] != FAMILY_SYSTEM)
			assert_int_equal(rows, insn == INSN_MOV ? rows : 0);
		else if (!has_no_row(insn))
			assert_int_equal(rows, 1);
	}
}

static void test_rows(void **state)
{
	(void)state;
	for (const struct system_row *row = system_control_rows; row->insn; row++) {
		assert_non_null(row->fn);
		assert_in_range(row->op_code, OP_ARPL, OP_VERW);
		assert_true(row->feature < NR_FEATURES || row->feature == FEATURE_ALWAYS);
	}
}

struct sample {
	const char *name;
	uint8_t bytes[8];
	uint8_t length;
	uint16_t code; /* in 64-bit mode; 0 for #UD */
	uint16_t code_real, code_protected;
	bool ends;
};

static const struct sample samples[] = {
	{ "arpl cx, ax", { 0x63, 0xc1 }, 2, 0, 0, OP_ARPL, true },
	{ "cli", { 0xfa }, 1, OP_CLI, OP_CLI, OP_CLI, false },
	{ "hlt", { 0xf4 }, 1, OP_HLT, OP_HLT, OP_HLT, true },
	{ "int 21h", { 0xcd, 0x21 }, 2, OP_INT, OP_INT, OP_INT, true },
	{ "int1", { 0xf1 }, 1, OP_INT1, OP_INT1, OP_INT1, true },
	{ "int3", { 0xcc }, 1, OP_INT3, OP_INT3, OP_INT3, true },
	{ "into", { 0xce }, 1, 0, OP_INTO, OP_INTO, true },
	{ "iret", { 0xcf }, 1, OP_IRET, OP_IRET, OP_IRET, true },
	{ "lar cx, ax", { 0x0f, 0x02, 0xc8 }, 3, OP_LAR, 0, OP_LAR, true },
	{ "lsl cx, ax", { 0x0f, 0x03, 0xc8 }, 3, OP_LSL, 0, OP_LSL, true },
	{ "sldt ax", { 0x0f, 0x00, 0xc0 }, 3, OP_SLDT, 0, OP_SLDT, false },
	{ "str ax", { 0x0f, 0x00, 0xc8 }, 3, OP_STR, 0, OP_STR, false },
	{ "lldt ax", { 0x0f, 0x00, 0xd0 }, 3, OP_LLDT, 0, OP_LLDT, true },
	{ "ltr ax", { 0x0f, 0x00, 0xd8 }, 3, OP_LTR, 0, OP_LTR, true },
	{ "verr ax", { 0x0f, 0x00, 0xe0 }, 3, OP_VERR, 0, OP_VERR, true },
	{ "verw ax", { 0x0f, 0x00, 0xe8 }, 3, OP_VERW, 0, OP_VERW, true },
	{ "sgdt [bx]", { 0x0f, 0x01, 0x07 }, 3, OP_SGDT, OP_SGDT, OP_SGDT, false },
	{ "lidt [bx]", { 0x0f, 0x01, 0x1f }, 3, OP_LIDT, OP_LIDT, OP_LIDT, true },
	{ "les ax, [bx]", { 0xc4, 0x07 }, 2, 0, OP_LOAD_FAR_POINTER, OP_LOAD_FAR_POINTER, true },
	{ "lss ax, [bx]",
	  { 0x0f, 0xb2, 0x07 },
	  3,
	  OP_LOAD_FAR_POINTER,
	  OP_LOAD_FAR_POINTER,
	  OP_LOAD_FAR_POINTER,
	  true },
	{ "swapgs", { 0x0f, 0x01, 0xf8 }, 3, OP_SWAPGS, 0, 0, false },
	{ "syscall", { 0x0f, 0x05 }, 2, OP_SYSCALL, OP_SYSCALL, OP_SYSCALL, true },
	{ "sysenter", { 0x0f, 0x34 }, 2, OP_SYSENTER, OP_SYSENTER, OP_SYSENTER, true },
	{ "ud2", { 0x0f, 0x0b }, 2, 0, 0, 0, false },
};

/* The op code that the bytes get in a mode; 0 for #UD. */
static unsigned translated(struct world *w, const struct sample *sample, enum insn_mode mode,
			   uint32_t cpu_mode, bool *ends)
{
	struct translator t = { .cpu = w->cpu, .mode = cpu_mode };
	struct op op = { .code = 0 };
	struct insn insn;

	if (insn_decode(mode, sample->bytes, sample->length, &insn) != DECODE_OK ||
	    insn_families[insn.id] != FAMILY_SYSTEM || !translate_system(&t, &insn, &op))
		return 0;
	*ends = t.ends;
	return op.code;
}

static void test_modes(void **state)
{
	struct world *w = *state;

	for (unsigned i = 0; i < sizeof(samples) / sizeof(samples[0]); i++) {
		const struct sample *s = &samples[i];
		bool ends = s->ends;

		print_message("%s\n", s->name);
		assert_int_equal(translated(w, s, INSN_MODE_64, MODE_CODE64, &ends), s->code);
		assert_int_equal(ends, s->ends);
		assert_int_equal(translated(w, s, INSN_MODE_16, MODE_CODE16 | MODE_REAL, &ends),
				 s->code_real);
		assert_int_equal(translated(w, s, INSN_MODE_16, MODE_CODE16 | MODE_V86, &ends),
				 s->code_real);
		assert_int_equal(translated(w, s, INSN_MODE_32, MODE_CODE32, &ends),
				 s->code_protected);
		assert_int_equal(ends, s->ends);
	}
}

/* A feature that is off takes its instruction with it. */
static void test_features(void **state)
{
	static const struct sample clac = { .bytes = { 0x0f, 0x01, 0xca }, .length = 3 };
	static const struct sample sysenter = { .bytes = { 0x0f, 0x34 }, .length = 2 };
	struct world *w = *state;
	bool ends;

	assert_int_equal(translated(w, &clac, INSN_MODE_64, MODE_CODE64, &ends), OP_CLAC);
	assert_int_equal(translated(w, &sysenter, INSN_MODE_64, MODE_CODE64, &ends), OP_SYSENTER);
	feature_put(&w->config.features, FEATURE_SMAP, false);
	feature_put(&w->config.features, FEATURE_SEP, false);
	assert_int_equal(translated(w, &clac, INSN_MODE_64, MODE_CODE64, &ends), 0);
	assert_int_equal(translated(w, &sysenter, INSN_MODE_64, MODE_CODE64, &ends), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_complete),
		cmocka_unit_test(test_rows),
		cmocka_unit_test_setup_teardown(test_modes, world_setup, world_teardown),
		cmocka_unit_test_setup_teardown(test_features, world_setup, world_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
