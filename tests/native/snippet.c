/* SPDX-License-Identifier: MIT */
#include "snippet.h"

#include <string.h>

#include "cpu/handler.h"
#include "place.h"
#include "select.h"

static enum insn_mode mode_of(const struct snippet *s)
{
	return s->code32 ? INSN_MODE_32 : INSN_MODE_64;
}

static bool needs_vectors(const struct insn *insn)
{
	unsigned family = insn_families[insn->id];

	return family == FAMILY_SIMD || family == FAMILY_X87 || insn->id == INSN_LDMXCSR ||
	       insn->id == INSN_STMXCSR;
}

/* In compatibility mode there are eight registers, of 32 bits. */
static void narrow(struct state *state)
{
	for (unsigned i = 0; i < 8; i++)
		state->gpr[i] = (uint32_t)state->gpr[i];
}

/* True if @e is an instruction, or none, that this snippet may have. */
static bool acceptable(const struct snippet *s, const struct encoding *e,
		       const struct snippet_wish *wish, struct insn *insn)
{
	enum decode_result result = insn_decode(mode_of(s), e->bytes, sizeof(e->bytes), insn);
	bool branch;

	if (s->kind == SNIPPET_UNDEFINED)
		return result != DECODE_OK && select_undefined(e, s->code32);
	if (result != DECODE_OK || !select_insn(insn, s->code32, wish))
		return false;
	/* a trap may come between two of its elements */
	if (s->kind == SNIPPET_STEP && insn_is_gather(insn))
		return false;
	branch = insn_families[insn->id] == FAMILY_BRANCH;
	return s->kind == SNIPPET_SEQUENCE ? select_in_sequence(insn, s->code32)
					   : !branch || s->kind == SNIPPET_STEP;
}

static void draw(const struct snippet *s, struct random *r, const struct snippet_wish *wish,
		 struct encoding *e)
{
	bool absolute = s->kind == SNIPPET_SEQUENCE;

	if (s->kind == SNIPPET_UNDEFINED || chance(r, 50))
		encoding_make(e, r, s->code32, absolute);
	else
		catalogue_pick(wish->catalogue, r, s->code32, absolute, e);
}

/* Of accesses of more than 8 bytes they are the processor's choice. */
static void drop_alignment_checks(struct snippet *s)
{
	if (s->vectors)
		s->state.rflags &= ~FLAG_AC;
}

static void make_single(struct snippet *s, struct random *r, const struct snippet_wish *wish)
{
	struct encoding e;

	do {
		draw(s, r, wish, &e);
	} while (!acceptable(s, &e, wish, &s->insn[0]));
	s->nr = 1;
	s->offset[0] = 0;
	memcpy(s->bytes, e.bytes, sizeof(e.bytes));
	if (s->kind == SNIPPET_UNDEFINED) {
		memset(&s->insn[0], 0, sizeof(s->insn[0]));
		s->length = sizeof(e.bytes);
		s->vectors = true;
		random_state(r, wish->pool, &s->state, true);
		s->state.gpr[GPR_RSP] = DATA_BASE + 0x800;
		return;
	}
	s->length = s->insn[0].length;
	s->vectors = needs_vectors(&s->insn[0]);
	random_state(r, wish->pool, &s->state, s->vectors);
	drop_alignment_checks(s);
	place_operands(&s->state, r, &s->insn[0], &e, s->bytes, s->rip, wish->data);
	if (s->kind == SNIPPET_STEP)
		s->state.rflags |= FLAG_TF;
	s->undefined = s->ever_undefined = flags_undefined(&s->insn[0], &s->state);
}

/* Relative branches lead forward, to the start of an instruction or to the end. */
static void aim_branches(struct snippet *s, struct random *r)
{
	for (unsigned i = 0; i < s->nr; i++) {
		const struct insn *insn = &s->insn[i];
		unsigned end = s->offset[i] + insn->length;
		unsigned to = i + 1 + below(r, s->nr - i);
		uint32_t distance = (to == s->nr ? s->length : s->offset[to]) - end;
		unsigned size =
			insn->map == 1 || insn->opcode == 0xe8 || insn->opcode == 0xe9 ? 4 : 1;

		if (insn_is_relative_branch(insn))
			memcpy(s->bytes + end - size, &distance, size);
	}
}

static void make_sequence(struct snippet *s, struct random *r, const struct snippet_wish *wish)
{
	unsigned wanted = 2 + below(r, SNIPPET_MAX_INSNS - 1);
	bool branched = false, popped = false;

	while (s->nr < wanted) {
		struct insn *insn = &s->insn[s->nr];
		struct encoding e;

		draw(s, r, wish, &e);
		if (!acceptable(s, &e, wish, insn) || (s->vectors && insn_pops_flags(insn)) ||
		    (popped && needs_vectors(insn)))
			continue;
		if (s->undefined && flags_read(insn)) {
			if (s->nr > 1)
				break;
			continue;
		}
		memcpy(s->bytes + s->length, e.bytes, insn->length);
		place_absolute(r, insn, &e, s->bytes + s->length, s->rip + s->length);
		if (flags_all_written(insn) && !branched)
			s->undefined = 0;
		s->undefined |= flags_undefined(insn, NULL);
		s->ever_undefined |= s->undefined;
		branched |= insn_families[insn->id] == FAMILY_BRANCH;
		s->vectors |= needs_vectors(insn);
		popped |= insn_pops_flags(insn);
		s->offset[s->nr++] = (uint8_t)s->length;
		s->length += insn->length;
	}
	aim_branches(s, r);
	random_state(r, wish->pool, &s->state, s->vectors);
	drop_alignment_checks(s);
	place_pointers(&s->state, r);
}

const struct insn *snippet_at(const struct snippet *s, uint64_t rip)
{
	for (unsigned i = 0; i < s->nr; i++)
		if (s->rip + s->offset[i] == rip)
			return &s->insn[i];
	return &s->insn[s->nr - 1];
}

void snippet_make(struct snippet *s, struct random *r, const struct snippet_wish *wish)
{
	s->nr = s->length = 0;
	s->vectors = false;
	s->undefined = s->ever_undefined = 0;
	if (s->kind == SNIPPET_SEQUENCE)
		make_sequence(s, r, wish);
	else
		make_single(s, r, wish);
	s->state.rip = s->rip;
	if (s->code32)
		narrow(&s->state);
}
