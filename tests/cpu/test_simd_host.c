/* SPDX-License-Identifier: MIT */
/*
 * Every form of every SIMD instruction against the processor that runs the test: all registers,
 * flags, MXCSR, memory, and what faults. The same inputs in every run.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "simd_forms.h"
#include "simd_native.h"

struct run {
	struct rig *rig;
	struct rig_random random;
	unsigned forms, cases, failures, undecoded;
	unsigned rounds;
	const char *only; /* a mnemonic, from the environment */
};

/* Implementations may differ: only the error of the result is architectural. */
static bool is_approximation(const char *name)
{
	return strstr(name, "RCPPS") || strstr(name, "RCPSS") || strstr(name, "RSQRT");
}

static bool is_dot_product(const char *name)
{
	return strstr(name, "DPPS") || strstr(name, "DPPD");
}

static void print_vector(const char *label, const union arch_vector *v)
{
	printf("    %-8s %016llx %016llx %016llx %016llx\n", label, (unsigned long long)v->u64[3],
	       (unsigned long long)v->u64[2], (unsigned long long)v->u64[1],
	       (unsigned long long)v->u64[0]);
}

static void print_difference(const struct rig_state *before, const struct rig_state *want,
			     const struct rig_state *got)
{
	char label[16];

	printf("    fault %d, want %d; mxcsr %x: %x, want %x; flags %llx, want %llx\n", got->fault,
	       want->fault, before->mxcsr, got->mxcsr, want->mxcsr, (unsigned long long)got->flags,
	       (unsigned long long)want->flags);
	for (unsigned i = 0; i < 6; i++) {
		snprintf(label, sizeof(label), "ymm%u", i);
		print_vector(label, &before->ymm[i]);
	}
	for (unsigned i = 0; i < 16; i++) {
		if (memcmp(&want->ymm[i], &got->ymm[i], 32) != 0) {
			printf("    ymm%u\n", i);
			print_vector("got", &got->ymm[i]);
			print_vector("want", &want->ymm[i]);
		}
		if (want->gpr[i] != got->gpr[i])
			printf("    gpr%u got %llx want %llx\n", i, (unsigned long long)got->gpr[i],
			       (unsigned long long)want->gpr[i]);
	}
	for (unsigned i = 0; i < 8; i++) {
		if (want->mmx[i] != got->mmx[i])
			printf("    mm%u was %llx got %llx want %llx\n", i,
			       (unsigned long long)before->mmx[i], (unsigned long long)got->mmx[i],
			       (unsigned long long)want->mmx[i]);
	}
}

/* A place for the memory operand: aligned, not aligned, at the end of what is there. */
static uint64_t random_address(struct run *run, const struct form *form)
{
	uint64_t r = rig_random64(&run->random);
	uint64_t address = RIG_DATA + (r >> 8 & 0x1fe0);

	if (form->gather)
		return RIG_DATA + RIG_MEMORY - ((r & 0xc0) ? 256 : 48);
	/* Need alignment; fault for bytes that the mask does not select: but not everywhere. */
	if (strncmp(form->name, "SHA", 3) == 0 || strstr(form->name, "MASKMOVDQU") ||
	    strcmp(form->name, "MASKMOVQ") == 0)
		return address;
	if ((r & 7) == 0)
		address += r >> 3 & 31;
	if ((r & 0x700000) == 0)
		address = RIG_DATA + RIG_MEMORY - (r >> 3 & 31);
	return address;
}

/* Lengths of strings, small ones mostly, with something above 32 bits at times. */
static void make_lengths(struct run *run, struct rig_state *state)
{
	static const uint8_t lengths[] = { GPR_RAX, GPR_RDX };

	for (unsigned i = 0; i < 2; i++) {
		uint64_t r = rig_random64(&run->random);
		uint64_t length = r & 31;

		if (r & 32)
			length = 0 - length;
		if (r & 64)
			length = (uint32_t)length;
		if ((r & 0x180) == 0)
			length ^= r & ~0xffffffffull;
		state->gpr[lengths[i]] = length;
	}
}

static bool has_quad_indices(const struct form *form)
{
	return strchr(form->name, 'R')[1] == 'Q'; /* VPGATHERQD, VGATHERQPS, .. */
}

/* Small ones, of either sign. */
static void make_indices(const struct form *form, union arch_vector *index)
{
	for (unsigned i = 0; i < 8; i++)
		index->s32[i] = (index->s32[i] & 15) - 4;
	for (unsigned i = 0; has_quad_indices(form) && i < 4; i++)
		index->s64[i] = index->s32[2 * i];
}

static void randomise(struct run *run, const struct form *form, struct rig_state *state)
{
	uint64_t r = rig_random64(&run->random);

	rig_random_state(&run->random, state);
	state->gpr[GPR_RSI] = state->gpr[GPR_RDI] = random_address(run, form);
	state->gpr[GPR_RSP] = state->gpr[15] = 0;
	if ((r & 7) == 0)
		state->mxcsr &= ~(uint32_t)(r >> 8 & 0x1f80);
	if (strstr(form->name, "PCMPESTR"))
		make_lengths(run, state);
	if (form->gather)
		make_indices(form, &state->ymm[form->index]);
	for (unsigned i = 0; i < 3; i++) {
		uint64_t at = ((state->gpr[GPR_RSI] - RIG_DATA) & ~31ull) + 32 * i;

		if (at >= 32)
			at -= 32;
		if (at + 32 <= RIG_MEMORY)
			rig_random_vector(&run->random,
					  (union arch_vector *)(run->rig->memory + at));
	}
}

/*
 * Before anything else each element of a gather's mask becomes all ones or all zero. SDM Vol 2C
 * "VPGATHERDD", Operation. This processor may leave that until the element has been loaded.
 */
static void spread_mask(const struct form *form, struct rig_state *state)
{
	bool quad = has_quad_indices(form);
	unsigned width = strpbrk(form->operands, "yw") ? 32 : 16;
	unsigned count = width / (quad || form->size == 8 ? 8 : 4);
	union arch_vector *mask = &state->ymm[form->mask];

	for (unsigned i = 0; i < 32 / form->size; i++) {
		bool set = i < count && mask->u8[i * form->size + form->size - 1] & 0x80;

		memset(&mask->u8[i * form->size], set ? 0xff : 0, form->size);
	}
}

/* The upper half of a destination of 128 bits may be zeroed before the fault, or only at the end.
 */
static void keep_upper_half(const struct form *form, struct rig_state *a, const struct rig_state *b)
{
	for (unsigned i = 0; i < 16; i++)
		if (!strpbrk(form->operands, "yw") && !a->ymm[i].u64[2] && !a->ymm[i].u64[3])
			memcpy(&a->ymm[i].u64[2], &b->ymm[i].u64[2], 16);
}

static bool same(const struct form *form, const struct rig_state *want, const struct rig_state *got)
{
	struct rig_state a = *want, b = *got;

	a.gpr[15] = b.gpr[15] = 0;
	if (want->fault >= 0) { /* GPRs, MMX registers and flags are not taken from the signal */
		memcpy(a.gpr, b.gpr, sizeof(a.gpr));
		memcpy(a.mmx, b.mmx, sizeof(a.mmx));
		a.flags = b.flags;
	}
	if (want->fault >= 0 && form->gather) {
		spread_mask(form, &a);
		keep_upper_half(form, &a, &b);
	}
	/* A conversion may go before its store or after: with its flags, its #XM, or the store's
	 * fault. */
	if (strcmp(form->name, "VCVTPS2PH") == 0 && want->fault >= 0 && got->fault >= 0) {
		a.fault = b.fault;
		a.mxcsr = b.mxcsr;
	}
	if (is_approximation(form->name) && want->fault == got->fault)
		return true;
	return memcmp(&a, &b, sizeof(a)) == 0;
}

/* Bit 17 is this processor's own. */
static void make_mxcsr_valid(struct rig *rig, const struct rig_state *state)
{
	uint64_t offset = state->gpr[GPR_RSI] - RIG_DATA;
	uint32_t value;

	if (offset > RIG_MEMORY - 4)
		return;
	memcpy(&value, rig->memory + offset, 4);
	value &= value & 1 ? 0xfffdffff : 0xffff;
	memcpy(rig->memory + offset, &value, 4);
}

enum verdict {
	SAME,
	DIFFERENT,
	NOT_HERE, /* this processor does not have the instruction */
};

static enum verdict one_case(struct run *run, const struct form *form, const uint8_t *bytes,
			     const struct op *op)
{
	struct rig *rig = run->rig;
	struct rig_state before, want, got;
	static uint8_t expected[RIG_MEMORY];
	uint8_t *area = rig->memory;
	bool ok;

	randomise(run, form, &before);
	if (strcmp(form->name, "VLDMXCSR") == 0)
		make_mxcsr_valid(rig, &before);
	want = got = before;
	memcpy(expected, area, RIG_MEMORY);
	native_run(bytes, form->length, &want, expected);
	if (want.fault == VECTOR_UD)
		return NOT_HERE;
	rig->cpu.state.x87.status = 0x1800;
	rig->cpu.state.x87.empty = 0xa5;
	rig_run(rig, op, &got);
	run->cases++;
	ok = same(form, &want, &got) && memcmp(expected, area, RIG_MEMORY) == 0;
	if (got.fault < 0 && strcmp(form->name, "EMMS") != 0)
		ok &= rig->cpu.state.x87.empty ==
		      (form->mmx || strcmp(form->name, "CVTPI2PS") == 0 ? 0 : 0xa5);
	if (!ok && run->failures < 30) {
		printf("%s %s %u:", form->name, form->operands, form->size);
		for (unsigned i = 0; i < form->length; i++)
			printf(" %02x", bytes[i]);
		printf("%s\n", memcmp(expected, area, RIG_MEMORY) ? " (memory differs)" : "");
		print_difference(&before, &want, &got);
	}
	return ok ? SAME : DIFFERENT;
}

static void visit(const struct form *form, void *opaque)
{
	struct run *run = opaque;
	uint8_t bytes[16];
	struct insn insn;
	struct op op[2];

	if (run->only && strcmp(run->only, form->name) != 0)
		return;
	/* Ours chooses among NaNs as Intel's processors do, which the manual leaves open. */
	if (is_dot_product(form->name) && !__builtin_cpu_is("intel"))
		return;
	run->forms++;
	memcpy(bytes, form->bytes, sizeof(bytes));
	for (unsigned i = 0; i < run->rounds; i++) {
		if (form->immediate)
			bytes[form->length - 1] = (uint8_t)rig_random64(&run->random);
		if ((i == 0 || form->immediate) &&
		    !rig_translate(run->rig, bytes, form->length, MODE_CODE64, op, &insn)) {
			printf("%s %s %u: not translated\n", form->name, form->operands,
			       form->size);
			run->undecoded++;
			return;
		}
		switch (one_case(run, form, bytes, op)) {
		case SAME:
			continue;
		case DIFFERENT:
			run->failures++;
			return;
		case NOT_HERE:
			fprintf(stderr, "SKIPPED: %s is not on this processor\n", form->name);
			run->forms--;
			return;
		}
	}
}

static void check_variant(unsigned variant, unsigned rounds)
{
	struct run run = { .rig = rig_create(),
			   .random = { 0x1234 + variant },
			   .rounds = rounds,
			   .only = getenv("SIMD_ONLY") };

	assert_non_null(run.rig);
	assert_true(native_prepare());
	if (getenv("SIMD_ROUNDS"))
		run.rounds = (unsigned)atoi(getenv("SIMD_ROUNDS"));
	forms_each(variant, visit, &run);
	printf("%u forms, %u cases\n", run.forms, run.cases);
	rig_destroy(run.rig);
	assert_int_equal(run.undecoded, 0);
	assert_int_equal(run.failures, 0);
	if (!run.only)
		assert_true(run.forms > 1000);
}

static void test_registers_in_order(void **state)
{
	(void)state;
	check_variant(0, 60);
}

static void test_registers_the_same(void **state)
{
	(void)state;
	check_variant(1, 20);
}

static void test_upper_registers(void **state)
{
	(void)state;
	check_variant(2, 20);
}

static void test_every_mnemonic_has_a_form(void **state)
{
	const char *name = "";

	(void)state;
	if (forms_missing(&name))
		fail_msg("%s has no form", name);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_mnemonic_has_a_form),
		cmocka_unit_test(test_registers_in_order),
		cmocka_unit_test(test_registers_the_same),
		cmocka_unit_test(test_upper_registers),
	};

	if (!native_supported()) {
		fprintf(stderr, "SKIPPED: this processor lacks AVX2, FMA, AES or PCLMULQDQ\n");
		return 77;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
