/* SPDX-License-Identifier: MIT */
#include "report.h"

#include <stdio.h>
#include <string.h>

#include "cpu/handler.h"
#include "select.h"

static const char *const gpr_names[16] = { "rax", "rcx", "rdx", "rbx", "rsp", "rbp", "rsi", "rdi",
					   "r8",  "r9",	 "r10", "r11", "r12", "r13", "r14", "r15" };

/* A fault may come while more is undefined than at the end. */
static uint64_t flags_compared(const struct snippet *s, const struct state *want)
{
	return ~((want->vector < 0 ? s->undefined : s->ever_undefined) | FLAG_RF);
}

static bool same_gpr(const struct snippet *s, const struct state *want, const struct state *got,
		     unsigned i)
{
	if (s->code32)
		return i >= 8 || (uint32_t)want->gpr[i] == (uint32_t)got->gpr[i];
	return want->gpr[i] == got->gpr[i];
}

static bool same_f80(const struct arch_f80 *a, const struct arch_f80 *b)
{
	return a->significand == b->significand && a->sign_exponent == b->sign_exponent;
}

static bool same_vectors(const struct state *want, const struct state *got)
{
	for (unsigned i = 0; i < 8; i++)
		if (!same_f80(&want->st[i], &got->st[i]))
			return false;
	return !memcmp(want->ymm, got->ymm, sizeof(want->ymm)) && want->mxcsr == got->mxcsr &&
	       want->control == got->control && want->status == got->status &&
	       want->empty == got->empty;
}

bool same_as_host(const struct snippet *s, const struct state *want, const struct state *got)
{
	bool gather = insn_is_gather(snippet_at(s, want->rip));

	if (want->vector != got->vector || want->rip != got->rip ||
	    ((want->rflags ^ got->rflags) & flags_compared(s, want)))
		return false;
	if (want->vector >= 0 && want->error_code != got->error_code)
		return false;
	if (want->vector == VECTOR_PF && want->cr2 != got->cr2)
		return false;
	for (unsigned i = 0; i < 16; i++)
		if (!same_gpr(s, want, got, i))
			return false;
	/* An element's mask becomes all ones or zero first or only when it is loaded. */
	return !s->vectors || (gather && want->vector >= 0) || same_vectors(want, got);
}

bool same_exactly(const struct state *want, const struct state *got)
{
	return !memcmp(want->gpr, got->gpr, sizeof(want->gpr)) && want->rip == got->rip &&
	       want->rflags == got->rflags && want->vector == got->vector &&
	       want->error_code == got->error_code && want->cr2 == got->cr2 &&
	       same_vectors(want, got);
}

void print_snippet(const struct snippet *s)
{
	unsigned at = 0;

	printf("%s, %u-bit code at %x\n", s->kind == SNIPPET_STEP ? "single step" : "snippet",
	       s->code32 ? 32u : 64u, s->rip);
	for (unsigned i = 0; i < s->nr; i++) {
		unsigned end = s->kind == SNIPPET_UNDEFINED ? s->length : at + s->insn[i].length;

		printf("    %-10s", insn_name(s->insn[i].id));
		for (; at < end; at++)
			printf(" %02x", s->bytes[at]);
		printf("\n");
	}
	for (unsigned i = 0; i < (s->code32 ? 8u : 16u); i++)
		printf("    %s %llx%s", gpr_names[i], (unsigned long long)s->state.gpr[i],
		       i % 4 == 3 ? "\n" : "");
	printf("    rflags %llx mxcsr %x fcw %x fsw %x empty %x\n",
	       (unsigned long long)s->state.rflags, s->state.mxcsr, s->state.control,
	       s->state.status, s->state.empty);
}

static void print_end(const char *label, const struct state *state)
{
	printf("  %s: vector %d error %x cr2 %llx rip %llx rflags %llx\n", label, state->vector,
	       state->error_code, (unsigned long long)state->cr2, (unsigned long long)state->rip,
	       (unsigned long long)state->rflags);
}

static void print_vector(const char *label, const union arch_vector *v)
{
	printf("    %-5s %016llx %016llx %016llx %016llx\n", label, (unsigned long long)v->u64[3],
	       (unsigned long long)v->u64[2], (unsigned long long)v->u64[1],
	       (unsigned long long)v->u64[0]);
}

static void print_vectors(const struct snippet *s, const struct state *want,
			  const struct state *got)
{
	for (unsigned i = 0; i < 16; i++)
		if (memcmp(&want->ymm[i], &got->ymm[i], 32)) {
			printf("   ymm%u\n", i);
			print_vector("was", &s->state.ymm[i]);
			print_vector("want", &want->ymm[i]);
			print_vector("got", &got->ymm[i]);
		}
	for (unsigned i = 0; i < 8; i++)
		if (!same_f80(&want->st[i], &got->st[i]))
			printf("   R%u was %04x:%016llx want %04x:%016llx got %04x:%016llx\n", i,
			       s->state.st[i].sign_exponent,
			       (unsigned long long)s->state.st[i].significand,
			       want->st[i].sign_exponent,
			       (unsigned long long)want->st[i].significand,
			       got->st[i].sign_exponent,
			       (unsigned long long)got->st[i].significand);
	if (want->mxcsr != got->mxcsr)
		printf("   mxcsr want %x got %x\n", want->mxcsr, got->mxcsr);
	if (want->control != got->control || want->status != got->status ||
	    want->empty != got->empty)
		printf("   want fcw %x fsw %x empty %x, got fcw %x fsw %x empty %x\n",
		       want->control, want->status, want->empty, got->control, got->status,
		       got->empty);
}

void print_differences(const struct snippet *s, const struct state *want, const struct state *got,
		       const uint8_t *want_data, const uint8_t *got_data)
{
	print_end("want", want);
	print_end("got ", got);
	for (unsigned i = 0; i < 16; i++)
		if (!same_gpr(s, want, got, i))
			printf("   %s want %llx got %llx\n", gpr_names[i],
			       (unsigned long long)want->gpr[i], (unsigned long long)got->gpr[i]);
	if (s->vectors)
		print_vectors(s, want, got);
	for (unsigned i = 0, n = 0; i < DATA_SIZE && n < 16; i++)
		if (want_data[i] != got_data[i]) {
			printf("   [%x] want %02x got %02x\n", DATA_BASE + i, want_data[i],
			       got_data[i]);
			n++;
		}
}
