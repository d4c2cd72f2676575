/* SPDX-License-Identifier: MIT */
#include "known.h"

#include "cpu/handler.h"
#include "host.h"
#include "select.h"

#define STATUS_TOP 0x3800u
#define STATUS_C1 0x0200u
#define STATUS_CONDITIONS 0x4700u
#define X87_INVALID 0x1u
#define X87_DENORMAL 0x2u
#define MXCSR_PE 0x20u
#define USER_END 0x7ffffffff000ull /* of Linux */

static void take_fault(struct state *want, const struct state *got)
{
	want->vector = got->vector;
	want->error_code = got->error_code;
	want->cr2 = got->cr2;
}

/* Its instructions are done: it came to the gate, or to a trap. */
static bool is_done(const struct state *state)
{
	return state->vector < 0 || state->vector == VECTOR_DB;
}

static bool is_memory_fault(const struct state *state)
{
	return state->vector == VECTOR_PF || state->vector == VECTOR_GP ||
	       state->vector == VECTOR_SS || state->vector == VECTOR_AC;
}

static bool compares_strings(unsigned id)
{
	return id == INSN_CMPSB || id == INSN_CMPSW || id == INSN_STR_CMPSD || id == INSN_CMPSQ;
}

static void take_end(struct state *want, const struct state *got)
{
	*want = *got;
}

/* Their memory operands need no alignment. */
static bool is_loose_sha(unsigned id, const struct state *want, const struct state *got)
{
	return id >= INSN_SHA1MSG1 && id <= INSN_SHA256RNDS2 && got->vector == VECTOR_GP &&
	       (is_done(want) || is_memory_fault(want));
}

static bool converts_to_mmx(unsigned id)
{
	return id == INSN_CVTPS2PI || id == INSN_CVTTPS2PI || id == INSN_CVTPD2PI ||
	       id == INSN_CVTTPD2PI || id == INSN_CVTPI2PS || id == INSN_CVTPI2PD;
}

static void take_x87(struct state *want, const struct state *got)
{
	want->empty = got->empty;
	want->status = got->status;
}

static void take_registers(struct state *want, const struct state *got)
{
	for (unsigned i = 0; i < 8; i++)
		want->gpr[i] = got->gpr[i];
}

static void take_cr2(struct state *want, const struct state *got)
{
	if (want->vector == got->vector && got->cr2 - want->cr2 + 16 < 32)
		want->cr2 = got->cr2;
}

static bool wraps(uint64_t cr2)
{
	return (uint32_t)cr2 > UINT32_MAX - 32 || (uint32_t)(cr2 - DATA_BASE) > UINT32_MAX - 32;
}

static bool is_x87_store(const struct insn *insn)
{
	return insn->id == INSN_FST || insn->id == INSN_FSTP || insn->id == INSN_FIST ||
	       insn->id == INSN_FISTP || insn->id == INSN_FISTTP || insn->id == INSN_FBSTP;
}

bool known_to_store(const struct snippet *s, const struct state *want, const struct state *got)
{
	const struct insn *last = snippet_at(s, want->rip);

	if (!host_is_intel() || want->vector != got->vector)
		return false;
	/* the return address is there already */
	if (last->id == INSN_CALL)
		return want->vector == VECTOR_GP;
	/* 80 bits across pages are stored in two steps; SDM Vol 3A "Handling Partial Stores" */
	return is_x87_store(last) && last->operand[0].size == 10 && want->vector == VECTOR_PF &&
	       !(want->cr2 & 0xfff);
}

/* Looks at its place even if it does not store. */
static bool amd_parts(const struct snippet *s, const struct state *want, const struct state *got)
{
	return is_x87_store(snippet_at(s, want->rip)) && is_memory_fault(want) &&
	       got->rip != want->rip;
}

bool known_to_part(const struct snippet *s, const struct state *want, const struct state *got)
{
	unsigned id = snippet_at(s, got->rip)->id;

	if ((id == INSN_LDMXCSR || id == INSN_VLDMXCSR) && got->vector == VECTOR_GP)
		return true;
	return !host_is_intel() && amd_parts(s, want, got);
}

/* C1 is left by FCOMI and its kin; an unmasked invalid operand sets what it may not. */
static void adjust_comparison(const struct snippet *s, struct state *want, const struct state *got)
{
	unsigned ignored = STATUS_C1;

	if (!(s->state.control & X87_INVALID)) {
		ignored |= STATUS_CONDITIONS;
		want->rflags = (want->rflags & ~FLAGS_STATUS) | (got->rflags & FLAGS_STATUS);
	}
	want->status = (uint16_t)((want->status & ~ignored) | (got->status & ignored));
}

static bool is_long_x87_load(unsigned id)
{
	return id == INSN_FLDENV || id == INSN_FRSTOR || id == INSN_FBLD;
}

/* An operand of 80 bits whose first 64 are canonical and on no page, and the rest not canonical. */
static bool is_split_at_half(unsigned id, const struct state *want, const struct state *got)
{
	const uint64_t half = 1ull << 47;

	return (id == INSN_FLD || id == INSN_FSTP || id == INSN_FBSTP) &&
	       want->vector == VECTOR_PF &&
	       (got->vector == VECTOR_GP || got->vector == VECTOR_SS) && want->cr2 < half &&
	       want->cr2 + 10 > half;
}

/* The instruction may have more than 15 bytes. */
static bool has_many_prefixes(const struct snippet *s)
{
	unsigned n = 0;

	while (n < s->length && (s->bytes[n] == 0x66 || s->bytes[n] == 0x67 ||
				 (s->bytes[n] & 0xfe) == 0x64 || (s->bytes[n] & 0xe7) == 0x26 ||
				 s->bytes[n] == 0xf0 || (s->bytes[n] & 0xfe) == 0xf2))
		n++;
	return n >= 3;
}

/*
 * A load of a denormal with that exception unmasked: the host pushes the value all the same; the
 * manual says that the stack stays (SDM Vol 1 "Denormal Operand Exception (#D)").
 */
static bool loads_denormal(const struct snippet *s, const struct state *got)
{
	if (s->state.control & got->control & X87_DENORMAL || !(got->status & X87_DENORMAL))
		return false;
	for (unsigned i = 0; i < s->nr; i++)
		if (s->insn[i].id == INSN_FLD && insn_has_memory(&s->insn[i]))
			return true;
	return false;
}

static bool is_across_half(uint64_t cr2)
{
	return cr2 - ((1ull << 47) - 32) < 64;
}

static void take_cr2_of_page(struct state *want, const struct state *got)
{
	if (want->vector == VECTOR_PF && got->vector == VECTOR_PF &&
	    want->cr2 - (got->cr2 & ~0xfffull) < 0x1000)
		want->cr2 = got->cr2;
}

static void take_upper_half(struct state *want, const struct state *got, unsigned gpr)
{
	want->gpr[gpr] = (uint32_t)want->gpr[gpr] | (got->gpr[gpr] & ~0xffffffffull);
}

static void adjust_intel(const struct insn *last, struct state *want, const struct state *got)
{
	/* is an MMX instruction already when it faults: TOP is 0, the tags are not yet changed */
	if (insn_is_mmx(last) && is_memory_fault(want) && want->empty == got->empty)
		want->status =
			(uint16_t)((want->status & ~STATUS_TOP) | (got->status & STATUS_TOP));
	/* the conversion goes before the store; of a denormal, PE comes with an unmasked UE */
	if (last->id == INSN_VCVTPS2PH && want->vector == VECTOR_XM && is_memory_fault(got))
		take_fault(want, got);
	if (last->id == INSN_VCVTPS2PH && is_memory_fault(want))
		want->mxcsr = got->mxcsr;
	if (last->id == INSN_VCVTPS2PH && want->vector == VECTOR_XM)
		want->mxcsr = (want->mxcsr & ~MXCSR_PE) | (got->mxcsr & MXCSR_PE);
	/* any byte of the element */
	if (insn_is_vector_mask_move(last)) {
		take_cr2_of_page(want, got);
		if (got->vector == VECTOR_PF && is_across_half(got->cr2) && is_memory_fault(want))
			take_fault(want, got);
	}
	/* by ECX, ESI, EDI in 64-bit code: zeroes the upper halves even if it does nothing */
	if (insn_is_string(last) && last->address_size == 4) {
		take_upper_half(want, got, GPR_RCX);
		take_upper_half(want, got, GPR_RSI);
		take_upper_half(want, got, GPR_RDI);
	}
	/* alignment is checked before canonicality */
	if (want->vector == VECTOR_AC && (got->vector == VECTOR_GP || got->vector == VECTOR_SS))
		take_fault(want, got);
}

static void adjust_amd(const struct insn *last, struct state *want, const struct state *got)
{
	/* each element writes the flags */
	if (insn_is_string(last) && last->prefixes & (PREFIX_REP | PREFIX_REPNE) &&
	    want->vector >= 0)
		want->rflags = (want->rflags & ~FLAGS_STATUS) | (got->rflags & FLAGS_STATUS);
}

void known_adjust(const struct snippet *s, struct state *want, const struct state *got)
{
	const struct insn *last = snippet_at(s, want->rip);

	if (host_is_intel())
		adjust_intel(last, want, got);
	else
		adjust_amd(last, want, got);
	if (loads_denormal(s, got))
		take_end(want, got);
	/* for faults above the user's half Linux always says that the page was present */
	if (want->vector == VECTOR_PF && want->cr2 >= USER_END)
		want->error_code = (want->error_code & ~1u) | (got->error_code & 1u);
	/* reads the second operand first */
	if (compares_strings(last->id) && is_memory_fault(want) && is_memory_fault(got))
		take_fault(want, got);
	/* reads before it knows that it must write */
	if (last->id == INSN_ARPL && is_memory_fault(got))
		take_end(want, got);
	/* the end of a segment of 4 GB: either is right */
	if (s->code32 && is_memory_fault(want) && got->vector == VECTOR_PF && wraps(got->cr2))
		take_fault(want, got);
	if (s->code32 && want->vector == VECTOR_GP && got->vector == VECTOR_AC)
		take_fault(want, got);
	/* alignment is checked before canonicality */
	if (want->vector == VECTOR_GP && got->vector == VECTOR_SS)
		take_fault(want, got);
	/* the return address is pushed before the target is looked at */
	if (last->id == INSN_CALL && is_memory_fault(want) && got->vector == VECTOR_GP)
		take_fault(want, got);
	/* loads what it can before it faults */
	if ((last->id == INSN_POPA || last->id == INSN_POPAD) && is_memory_fault(want))
		take_registers(want, got);
	/* becomes an MMX instruction even if it faults, at any byte of its operand */
	if (insn_is_masked_store(last) && is_memory_fault(want) && is_done(got)) {
		take_end(want, got);
	} else if (insn_is_masked_store(last) && is_memory_fault(want)) {
		take_x87(want, got);
		take_cr2(want, got);
	}
	/* looks at 64 bits, then at 16 */
	if (is_split_at_half(last->id, want, got))
		take_fault(want, got);
	/* reads the parts in another order */
	if (is_long_x87_load(last->id) && is_memory_fault(want) && is_memory_fault(got))
		take_fault(want, got);
	/* the offset must be canonical, before the segment's base is added */
	if (last->mem.segment == SEG_GS && !s->code32 && want->vector == VECTOR_GP &&
	    got->vector == VECTOR_PF)
		take_fault(want, got);
	/* too many bytes, and no instruction anyway */
	if (s->kind == SNIPPET_UNDEFINED && want->vector == VECTOR_GP && got->vector == VECTOR_UD &&
	    has_many_prefixes(s))
		take_fault(want, got);
	/* becomes an MMX instruction even if it faults */
	if (converts_to_mmx(last->id) && want->vector == VECTOR_XM)
		take_x87(want, got);
	if (s->kind == SNIPPET_SEQUENCE)
		return;
	/* checks ports before the count */
	if (insn_is_port_string(last) && want->vector == VECTOR_GP && is_done(got) &&
	    last->prefixes & (PREFIX_REP | PREFIX_REPNE))
		take_end(want, got);
	last = &s->insn[0];
	if (insn_compares_x87(last))
		adjust_comparison(s, want, got);
	if (is_loose_sha(last->id, want, got))
		take_end(want, got);
	/* with memory it is no MMX instruction there */
	if (last->id == INSN_CVTPI2PS && insn_has_memory(last) && is_done(want)) {
		want->empty = 0;
		want->status &= (uint16_t)~STATUS_TOP;
		for (unsigned i = 0; i < 8; i++)
			want->st[i] = s->state.st[i];
	}
}
