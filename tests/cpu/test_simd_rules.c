/* SPDX-License-Identifier: MIT */
/* What is around the arithmetic: availability, exceptions and their order, what faults leave. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "arch/system_bits.h"
#include "simd_rig.h"

#define ADDPS "\x0f\x58\xca"			   /* ADDPS XMM1, XMM2 */
#define VADDPS "\xc5\xf0\x58\xca"		   /* VADDPS XMM1, XMM1, XMM2 */
#define PADDB_MM "\x0f\xfc\xca"			   /* PADDB MM1, MM2 */
#define PADDB_MM_MEMORY "\x0f\xfc\x0e"		   /* PADDB MM1, [RSI] */
#define EMMS "\x0f\x77"				   /* EMMS */
#define PSHUFW "\x0f\x70\xca\x1b"		   /* PSHUFW MM1, MM2, 1BH */
#define MOVQ2DQ "\xf3\x0f\xd6\xca"		   /* MOVQ2DQ XMM1, MM2 */
#define CVTPI2PD "\x66\x0f\x2a\x0e"		   /* CVTPI2PD XMM1, [RSI] */
#define CVTPI2PS "\x0f\x2a\x0e"			   /* CVTPI2PS XMM1, [RSI] */
#define DIVPS "\x0f\x5e\xca"			   /* DIVPS XMM1, XMM2 */
#define UCOMISS "\x0f\x2e\xca"			   /* UCOMISS XMM1, XMM2 */
#define MOVAPS_LOAD "\x0f\x28\x0e"		   /* MOVAPS XMM1, [RSI] */
#define MOVUPS_LOAD "\x0f\x10\x0e"		   /* MOVUPS XMM1, [RSI] */
#define MOVUPS_STORE "\x0f\x11\x0e"		   /* MOVUPS [RSI], XMM1 */
#define VMOVAPS_YMM "\xc5\xfc\x28\x0e"		   /* VMOVAPS YMM1, [RSI] */
#define VMOVNTPS_YMM "\xc5\xfc\x2b\x0e"		   /* VMOVNTPS [RSI], YMM1 */
#define PADDB_MEMORY "\x66\x0f\xfc\x0e"		   /* PADDB XMM1, [RSI] */
#define VPADDB_MEMORY "\xc5\xf1\xfc\x0e"	   /* VPADDB XMM1, XMM1, [RSI] */
#define SHA1MSG1 "\x0f\x38\xc9\x0e"		   /* SHA1MSG1 XMM1, [RSI] */
#define PCMPISTRI "\x66\x0f\x3a\x63\x0e\x00"	   /* PCMPISTRI XMM1, [RSI], 0 */
#define ADDSD_MEMORY "\xf2\x0f\x58\x0e"		   /* ADDSD XMM1, [RSI] */
#define PMOVZXBQ "\x66\x0f\x38\x32\x0e"		   /* PMOVZXBQ XMM1, [RSI] */
#define MASKMOVDQU "\x66\x0f\xf7\xca"		   /* MASKMOVDQU XMM1, XMM2 */
#define VMASKMOVPS_LOAD "\xc4\xe2\x6d\x2c\x0e"	   /* VMASKMOVPS YMM1, YMM2, [RSI] */
#define VMASKMOVPS_STORE "\xc4\xe2\x6d\x2e\x0e"	   /* VMASKMOVPS [RSI], YMM2, YMM1 */
#define VPGATHERDD "\xc4\xe2\x61\x90\x0c\x96"	   /* VPGATHERDD XMM1, [RSI + XMM2 * 4], XMM3 */
#define VPGATHERDD_SAME "\xc4\xe2\x71\x90\x0c\x96" /* the mask is XMM1, too */
#define VZEROALL "\xc5\xfc\x77"
#define VZEROUPPER "\xc5\xf8\x77"
#define VLDMXCSR "\xc5\xf8\xae\x16" /* VLDMXCSR [RSI] */

#define ONE 0x3f800000u
#define THREE 0x40400000u

static int set_up(void **state)
{
	*state = rig_create();
	return *state ? 0 : -1;
}

static int tear_down(void **state)
{
	rig_destroy(*state);
	return 0;
}

static struct rig_state zero_state(void)
{
	struct rig_state s = { .mxcsr = 0x1f80, .fault = -1 };

	s.gpr[GPR_RSI] = s.gpr[GPR_RDI] = RIG_DATA;
	return s;
}

/* No code here has a zero byte but at its end, and those come by themselves. */
static bool translates(struct rig *rig, const char *code, uint32_t mode)
{
	uint8_t bytes[15] = { 0 };
	struct op op[2];
	struct insn insn;

	memcpy(bytes, code, strlen(code));
	return rig_translate(rig, bytes, sizeof(bytes), mode, op, &insn);
}

/* The fault, or -1. */
static int run_mode(struct rig *rig, const char *code, uint32_t mode, struct rig_state *s)
{
	uint8_t bytes[15] = { 0 };
	struct op op[2];
	struct insn insn;

	memcpy(bytes, code, strlen(code));
	assert_true(rig_translate(rig, bytes, sizeof(bytes), mode, op, &insn));
	rig_run(rig, op, s);
	return s->fault;
}

static int run(struct rig *rig, const char *code, struct rig_state *s)
{
	return run_mode(rig, code, MODE_CODE64, s);
}

static void set_cr0(struct rig *rig, uint64_t bits)
{
	rig->cpu.state.cr0 = (rig->cpu.state.cr0 & ~(CR0_EM | CR0_TS)) | bits;
}

static void test_osfxsr_is_for_xmm_registers(void **state)
{
	struct rig *rig = *state;
	uint32_t mode = MODE_CODE64 | MODE_NO_SSE;

	assert_false(translates(rig, ADDPS, mode));
	assert_false(translates(rig, MOVQ2DQ, mode));
	assert_false(translates(rig, CVTPI2PD, mode));
	assert_true(translates(rig, PADDB_MM, mode));
	assert_true(translates(rig, PSHUFW, mode));
	assert_true(translates(rig, EMMS, mode));
	assert_true(translates(rig, VADDPS, mode));
}

static void test_xcr0_is_for_vex(void **state)
{
	struct rig *rig = *state;
	uint32_t mode = MODE_CODE64 | MODE_NO_AVX;

	assert_true(translates(rig, ADDPS, mode));
	assert_false(translates(rig, VADDPS, mode));
	assert_false(translates(rig, VZEROALL, mode));
	assert_false(translates(rig, VLDMXCSR, mode));
	assert_false(translates(rig, VADDPS, MODE_CODE64 | MODE_REAL));
	assert_false(translates(rig, VADDPS, MODE_CODE64 | MODE_V86));
	assert_true(translates(rig, ADDPS, MODE_CODE64 | MODE_REAL));
}

static void test_em_and_ts(void **state)
{
	static const struct {
		const char *code;
		int em, ts, both;
	} rows[] = {
		{ ADDPS, VECTOR_UD, VECTOR_NM, VECTOR_UD },
		{ PADDB_MM, VECTOR_UD, VECTOR_NM, VECTOR_UD },
		{ EMMS, VECTOR_UD, VECTOR_NM, VECTOR_UD },
		{ VADDPS, -1, VECTOR_NM, VECTOR_NM },
		{ VZEROUPPER, -1, VECTOR_NM, VECTOR_NM },
	};
	struct rig *rig = *state;
	uint32_t mode = MODE_CODE64 | MODE_NO_FPU;

	for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct rig_state s = zero_state();

		set_cr0(rig, CR0_EM);
		assert_int_equal(run_mode(rig, rows[i].code, mode, &s), rows[i].em);
		set_cr0(rig, CR0_TS);
		assert_int_equal(run_mode(rig, rows[i].code, mode, &s), rows[i].ts);
		set_cr0(rig, CR0_EM | CR0_TS);
		assert_int_equal(run_mode(rig, rows[i].code, mode, &s), rows[i].both);
		/* Neither is set any more in a block that was made when one was. */
		set_cr0(rig, 0);
		assert_int_equal(run_mode(rig, rows[i].code, mode, &s), -1);
	}
}

static void test_mmx_makes_the_x87_registers_valid(void **state)
{
	struct rig *rig = *state;
	struct arch_x87 *x87 = &rig->cpu.state.x87;
	struct rig_state s = zero_state();

	x87->status = 0x3d41;
	x87->empty = 0xff;
	x87->reg[1].sign_exponent = x87->reg[2].sign_exponent = 0x1234;
	s.mmx[1] = 0x01ff;
	s.mmx[2] = 0x0102;
	assert_int_equal(run(rig, PADDB_MM, &s), -1);
	assert_int_equal(s.mmx[1], 0x0201);
	assert_int_equal(x87->status, 0x0541); /* TOP alone has changed */
	assert_int_equal(x87->empty, 0);
	assert_int_equal(x87->reg[1].sign_exponent, 0xffff);
	assert_int_equal(x87->reg[2].sign_exponent, 0x1234); /* only read */
	assert_int_equal(run(rig, EMMS, &s), -1);
	assert_int_equal(x87->empty, 0xff);
	assert_int_equal(x87->status, 0x0541);
}

static void test_pending_x87_exceptions_come_first(void **state)
{
	struct rig *rig = *state;
	struct rig_state s = zero_state();

	rig->cpu.state.x87.status = 0x3881;
	rig->cpu.state.x87.empty = 0xff;
	s.mmx[1] = 5;
	assert_int_equal(run(rig, PADDB_MM, &s), VECTOR_MF);
	assert_int_equal(run(rig, EMMS, &s), VECTOR_MF);
	assert_int_equal(run(rig, MOVQ2DQ, &s), VECTOR_MF);
	assert_int_equal(run(rig, CVTPI2PS, &s), VECTOR_MF);
	assert_int_equal(run(rig, CVTPI2PD, &s), -1); /* from memory: no MMX instruction */
	s.gpr[GPR_RSI] = RIG_DATA + RIG_MEMORY;
	assert_int_equal(run(rig, PADDB_MM_MEMORY, &s), VECTOR_MF);
	assert_int_equal(s.mmx[1], 5);
	assert_int_equal(rig->cpu.state.x87.status, 0x3881);
	assert_int_equal(rig->cpu.state.x87.empty, 0xff);
}

static void test_a_fault_leaves_the_x87_state(void **state)
{
	struct rig *rig = *state;
	struct rig_state s = zero_state();

	rig->cpu.state.x87.status = 0x1800;
	rig->cpu.state.x87.empty = 0xf0;
	s.gpr[GPR_RSI] = RIG_DATA + RIG_MEMORY;
	assert_int_equal(run(rig, PADDB_MM_MEMORY, &s), VECTOR_PF);
	assert_int_equal(rig->cpu.fault.address, RIG_DATA + RIG_MEMORY);
	assert_int_equal(rig->cpu.state.x87.status, 0x1800);
	assert_int_equal(rig->cpu.state.x87.empty, 0xf0);
}

/* 1/3 is inexact, 1/0 divides by zero. */
static struct rig_state division(uint32_t mxcsr)
{
	struct rig_state s = zero_state();

	s.mxcsr = mxcsr;
	for (unsigned i = 0; i < 4; i++) {
		s.ymm[1].u32[i] = ONE;
		s.ymm[2].u32[i] = ONE;
	}
	s.ymm[2].u32[1] = THREE;
	s.ymm[2].u32[3] = 0;
	return s;
}

static void test_masked_exceptions_are_flags(void **state)
{
	struct rig_state s = division(0x1f80);

	assert_int_equal(run(*state, DIVPS, &s), -1);
	assert_int_equal(s.mxcsr, 0x1fa4);
	assert_int_equal(s.ymm[1].u32[0], ONE);
	assert_int_equal(s.ymm[1].u32[1], 0x3eaaaaab);
	assert_int_equal(s.ymm[1].u32[3], 0x7f800000);
}

static void test_unmasked_before_computation(void **state)
{
	struct rig_state s = division(0x1d80), before = s; /* ZE */

	assert_int_equal(run(*state, DIVPS, &s), VECTOR_XM);
	assert_int_equal(s.mxcsr, 0x1d84); /* no PE: it would come after the computation */
	assert_memory_equal(s.ymm, before.ymm, sizeof(s.ymm));
}

static void test_unmasked_after_computation(void **state)
{
	struct rig_state s = division(0x0f80), before = s; /* PE */

	assert_int_equal(run(*state, DIVPS, &s), VECTOR_XM);
	assert_int_equal(s.mxcsr, 0x0fa4);
	assert_memory_equal(s.ymm, before.ymm, sizeof(s.ymm));
}

static void test_without_osxmmexcpt(void **state)
{
	struct rig *rig = *state;
	struct rig_state s = division(0x1d80);

	rig->cpu.state.cr4 &= ~CR4_OSXMMEXCPT;
	assert_int_equal(run(rig, DIVPS, &s), VECTOR_UD);
	assert_int_equal(s.mxcsr, 0x1d84);
}

static void test_comparison_with_an_exception_leaves_the_flags(void **state)
{
	struct rig_state s = zero_state();

	s.mxcsr = 0x1f00;
	s.flags = FLAG_SF | FLAG_OF;
	s.ymm[1].u32[0] = 0x7f800001; /* SNaN */
	assert_int_equal(run(*state, UCOMISS, &s), VECTOR_XM);
	assert_int_equal(s.mxcsr, 0x1f01);
	assert_int_equal(s.flags, FLAG_SF | FLAG_OF);
	s.mxcsr = 0x1f80;
	assert_int_equal(run(*state, UCOMISS, &s), -1);
	assert_int_equal(s.flags, FLAG_ZF | FLAG_PF | FLAG_CF);
}

static void test_alignment(void **state)
{
	static const struct {
		const char *code;
		unsigned offset;
		int fault;
	} rows[] = {
		{ MOVAPS_LOAD, 8, VECTOR_GP },
		{ MOVAPS_LOAD, 16, -1 },
		{ MOVUPS_LOAD, 1, -1 },
		{ MOVUPS_STORE, 1, -1 },
		{ VMOVAPS_YMM, 16, VECTOR_GP },
		{ VMOVAPS_YMM, 32, -1 },
		{ VMOVNTPS_YMM, 16, VECTOR_GP },
		{ VMOVNTPS_YMM, 32, -1 },
		{ PADDB_MEMORY, 8, VECTOR_GP },
		{ PADDB_MEMORY, 32, -1 },
		{ VPADDB_MEMORY, 8, -1 },
		{ SHA1MSG1, 8, VECTOR_GP },
		{ SHA1MSG1, 48, -1 },
		{ PCMPISTRI, 5, -1 },
		{ ADDSD_MEMORY, 1, -1 },
		{ PMOVZXBQ, 1, -1 },
		{ PADDB_MM_MEMORY, 1, -1 },
	};

	for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct rig_state s = zero_state();

		s.gpr[GPR_RSI] += rows[i].offset;
		assert_int_equal(run(*state, rows[i].code, &s), rows[i].fault);
	}
}

static void test_scalar_operands_are_no_larger_than_they_are(void **state)
{
	struct rig_state s = zero_state();

	s.gpr[GPR_RSI] = RIG_DATA + RIG_MEMORY - 8;
	assert_int_equal(run(*state, ADDSD_MEMORY, &s), -1);
	s.gpr[GPR_RSI] = RIG_DATA + RIG_MEMORY - 2;
	assert_int_equal(run(*state, PMOVZXBQ, &s), -1);
	s.gpr[GPR_RSI] = RIG_DATA + RIG_MEMORY - 7;
	assert_int_equal(run(*state, ADDSD_MEMORY, &s), VECTOR_PF);
}

static void test_a_store_across_a_missing_page_writes_nothing(void **state)
{
	struct rig *rig = *state;
	struct rig_state s = zero_state();

	memset(rig->memory, 0x55, RIG_MEMORY);
	s.gpr[GPR_RSI] = RIG_DATA + RIG_MEMORY - 8;
	assert_int_equal(run(rig, MOVUPS_STORE, &s), VECTOR_PF);
	assert_int_equal(rig->cpu.fault.address, RIG_DATA + RIG_MEMORY);
	for (unsigned i = RIG_MEMORY - 8; i < RIG_MEMORY; i++)
		assert_int_equal(rig->memory[i], 0x55);
}

static void test_a_store_across_pages(void **state)
{
	struct rig *rig = *state;
	struct rig_state s = zero_state();

	s.ymm[1].u64[0] = 0x0706050403020100;
	s.ymm[1].u64[1] = 0x0f0e0d0c0b0a0908;
	s.gpr[GPR_RSI] = RIG_DATA + 0x1000 - 3;
	assert_int_equal(run(rig, MOVUPS_STORE, &s), -1);
	for (unsigned i = 0; i < 16; i++)
		assert_int_equal(rig->memory[0x1000 - 3 + i], i);
}

static void test_masked_bytes_do_not_fault(void **state)
{
	struct rig *rig = *state;
	struct rig_state s = zero_state();

	s.gpr[GPR_RDI] = RIG_DATA + RIG_MEMORY - 4;
	memset(s.ymm[1].u8, 0xab, 32);
	assert_int_equal(run(rig, MASKMOVDQU, &s), -1); /* selects nothing */
	s.ymm[2].u8[3] = 0x80;
	s.ymm[2].u8[2] = 0x7f;
	assert_int_equal(run(rig, MASKMOVDQU, &s), -1);
	assert_int_equal(rig->memory[RIG_MEMORY - 1], 0xab);
	assert_int_equal(rig->memory[RIG_MEMORY - 2], 0);
	s.ymm[2].u8[4] = 0x80;
	rig->memory[RIG_MEMORY - 1] = 0;
	assert_int_equal(run(rig, MASKMOVDQU, &s), VECTOR_PF);
	assert_int_equal(rig->memory[RIG_MEMORY - 1], 0); /* and nothing has been written */
}

static void test_masked_elements_do_not_fault(void **state)
{
	struct rig *rig = *state;
	struct rig_state s = zero_state();

	memset(rig->memory, 0x11, RIG_MEMORY);
	memset(s.ymm[1].u8, 0x22, 32);
	s.gpr[GPR_RSI] = RIG_DATA + RIG_MEMORY - 8;
	s.ymm[2].u32[1] = 0x80000000;
	assert_int_equal(run(rig, VMASKMOVPS_STORE, &s), -1);
	assert_int_equal(rig->memory[RIG_MEMORY - 5], 0x11);
	assert_int_equal(rig->memory[RIG_MEMORY - 4], 0x22);
	assert_int_equal(run(rig, VMASKMOVPS_LOAD, &s), -1);
	assert_int_equal(s.ymm[1].u64[0], 0x2222222200000000);
	assert_int_equal(s.ymm[1].u64[3], 0);
	s.ymm[2].u32[7] = 0x80000000;
	assert_int_equal(run(rig, VMASKMOVPS_LOAD, &s), VECTOR_PF);
	assert_int_equal(s.ymm[1].u64[0], 0x2222222200000000);
}

static void test_a_gather_goes_on_after_a_fault(void **state)
{
	struct rig *rig = *state;
	struct rig_state s = zero_state();

	for (unsigned i = 0; i < 4; i++) {
		memset(rig->memory + 4 * i, (int)(0x10 + i), 4);
		s.ymm[2].u32[i] = i;
		s.ymm[1].u32[i] = 0x77777777;
	}
	s.ymm[1].u64[2] = s.ymm[3].u64[2] = 99;
	s.ymm[3].u32[0] = s.ymm[3].u32[2] = s.ymm[3].u32[3] = 0x80000000;
	s.ymm[3].u32[1] = 0x7fffffff;
	s.ymm[2].u32[2] = (RIG_MEMORY + 64) / 4;
	assert_int_equal(run(rig, VPGATHERDD, &s), VECTOR_PF);
	assert_int_equal(rig->cpu.fault.address, RIG_DATA + RIG_MEMORY + 64);
	assert_int_equal(s.ymm[1].u32[0], 0x10101010);
	assert_int_equal(s.ymm[1].u32[2], 0x77777777);
	assert_int_equal(s.ymm[1].u64[2], 99);
	assert_int_equal(s.ymm[3].u64[0], 0);
	assert_int_equal(s.ymm[3].u64[1], ~0ull);

	memset(rig->memory, 0, 4); /* is not read again */
	s.ymm[2].u32[2] = 2;
	assert_int_equal(run(rig, VPGATHERDD, &s), -1);
	assert_int_equal(s.ymm[1].u32[0], 0x10101010);
	assert_int_equal(s.ymm[1].u32[1], 0x77777777); /* not selected */
	assert_int_equal(s.ymm[1].u32[2], 0x12121212);
	assert_int_equal(s.ymm[1].u32[3], 0x13131313);
	assert_int_equal(s.ymm[1].u64[2], 0);
	for (unsigned i = 0; i < 4; i++)
		assert_int_equal(s.ymm[3].u64[i], 0);
}

static void test_registers_of_a_gather_differ(void **state)
{
	assert_true(translates(*state, VPGATHERDD, MODE_CODE64));
	assert_false(translates(*state, VPGATHERDD_SAME, MODE_CODE64));
}

static void test_vzero(void **state)
{
	struct rig *rig = *state;
	struct rig_state s = zero_state();

	memset(s.ymm, 0xff, sizeof(s.ymm));
	assert_int_equal(run(rig, VZEROUPPER, &s), -1);
	for (unsigned i = 0; i < 16; i++) {
		assert_int_equal(s.ymm[i].u64[1], ~0ull);
		assert_int_equal(s.ymm[i].u64[2] | s.ymm[i].u64[3], 0);
	}
	/* Outside of 64-bit mode there are eight registers. */
	assert_int_equal(run_mode(rig, VZEROALL, MODE_CODE32, &s), -1);
	assert_int_equal(s.ymm[7].u64[0] | s.ymm[7].u64[1], 0);
	assert_int_equal(s.ymm[8].u64[0], ~0ull);
	assert_int_equal(run(rig, VZEROALL, &s), -1);
	assert_int_equal(s.ymm[15].u64[0] | s.ymm[15].u64[1], 0);
}

static void test_mxcsr_has_reserved_bits(void **state)
{
	struct rig *rig = *state;
	struct rig_state s = zero_state();
	uint32_t value = 0x0001ffff;

	memcpy(rig->memory, &value, 4);
	assert_int_equal(run(rig, VLDMXCSR, &s), VECTOR_GP);
	assert_int_equal(s.mxcsr, 0x1f80);
	value = 0xffff;
	memcpy(rig->memory, &value, 4);
	assert_int_equal(run(rig, VLDMXCSR, &s), -1);
	assert_int_equal(s.mxcsr, 0xffff);
}

#define TEST(name) cmocka_unit_test_setup_teardown(test_##name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(osfxsr_is_for_xmm_registers),
		TEST(xcr0_is_for_vex),
		TEST(em_and_ts),
		TEST(mmx_makes_the_x87_registers_valid),
		TEST(pending_x87_exceptions_come_first),
		TEST(a_fault_leaves_the_x87_state),
		TEST(masked_exceptions_are_flags),
		TEST(unmasked_before_computation),
		TEST(unmasked_after_computation),
		TEST(without_osxmmexcpt),
		TEST(comparison_with_an_exception_leaves_the_flags),
		TEST(alignment),
		TEST(scalar_operands_are_no_larger_than_they_are),
		TEST(a_store_across_a_missing_page_writes_nothing),
		TEST(a_store_across_pages),
		TEST(masked_bytes_do_not_fault),
		TEST(masked_elements_do_not_fault),
		TEST(a_gather_goes_on_after_a_fault),
		TEST(registers_of_a_gather_differ),
		TEST(vzero),
		TEST(mxcsr_has_reserved_bits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
