/* SPDX-License-Identifier: MIT */
#include "flags.h"

#include "cpu/handler.h"

/* SDM Vol 2, "Flags Affected" of each instruction. */
static const struct {
	uint16_t id;
	uint16_t undefined;
} rows[] = {
	/* the carry out of bit 3 means nothing */
	{ INSN_AND, FLAG_AF },
	{ INSN_OR, FLAG_AF },
	{ INSN_XOR, FLAG_AF },
	{ INSN_TEST, FLAG_AF },
	/* only CF and OF tell something of the product */
	{ INSN_MUL, FLAG_SF | FLAG_ZF | FLAG_AF | FLAG_PF },
	{ INSN_IMUL, FLAG_SF | FLAG_ZF | FLAG_AF | FLAG_PF },
	/* two results, so that no flag is of one */
	{ INSN_DIV, FLAGS_STATUS },
	{ INSN_IDIV, FLAGS_STATUS },
	/* of decimal adjustments only some have a meaning */
	{ INSN_AAA, FLAG_OF | FLAG_SF | FLAG_ZF | FLAG_PF },
	{ INSN_AAS, FLAG_OF | FLAG_SF | FLAG_ZF | FLAG_PF },
	{ INSN_AAD, FLAG_OF | FLAG_AF | FLAG_CF },
	{ INSN_AAM, FLAG_OF | FLAG_AF | FLAG_CF },
	{ INSN_DAA, FLAG_OF },
	{ INSN_DAS, FLAG_OF },
	/* ZF is the result */
	{ INSN_BSF, FLAGS_STATUS & ~FLAG_ZF },
	{ INSN_BSR, FLAGS_STATUS & ~FLAG_ZF },
	{ INSN_TZCNT, FLAG_OF | FLAG_SF | FLAG_PF | FLAG_AF },
	{ INSN_LZCNT, FLAG_OF | FLAG_SF | FLAG_PF | FLAG_AF },
	/* CF is the bit, ZF stays */
	{ INSN_BT, FLAG_OF | FLAG_SF | FLAG_AF | FLAG_PF },
	{ INSN_BTS, FLAG_OF | FLAG_SF | FLAG_AF | FLAG_PF },
	{ INSN_BTR, FLAG_OF | FLAG_SF | FLAG_AF | FLAG_PF },
	{ INSN_BTC, FLAG_OF | FLAG_SF | FLAG_AF | FLAG_PF },
	/* PF and AF are of no use to their results */
	{ INSN_ANDN, FLAG_AF | FLAG_PF },
	{ INSN_BLSI, FLAG_AF | FLAG_PF },
	{ INSN_BLSMSK, FLAG_AF | FLAG_PF },
	{ INSN_BLSR, FLAG_AF | FLAG_PF },
	{ INSN_BZHI, FLAG_AF | FLAG_PF },
	{ INSN_BEXTR, FLAG_AF | FLAG_SF | FLAG_PF },
};

/* The count after masking, -1 if it is not known. */
static int shift_count(const struct insn *insn, const struct state *state)
{
	unsigned last = insn->nr_operands - 1u;
	uint64_t count = 1;

	if (last && insn->operand[last].kind == OPERAND_IMM) {
		count = insn->imm[insn->operand[last].number];
	} else if (last) {
		if (!state)
			return -1;
		count = state->gpr[GPR_RCX];
	}
	return (int)(count & (insn->operand[0].size == 8 ? 63 : 31));
}

/* With a count of 0 no flag changes; OF is of single shifts; AF and far counts mean nothing. */
static uint64_t shift_undefined(const struct insn *insn, const struct state *state)
{
	int count = shift_count(insn, state);
	int bits = insn->operand[0].size * 8;

	if (count == 0)
		return 0;
	switch (insn->id) {
	case INSN_SHL:
	case INSN_SHR:
		return FLAG_AF | (count == 1 ? 0 : FLAG_OF) |
		       (count < 0 || count >= bits ? FLAG_CF : 0);
	case INSN_SAR:
		return FLAG_AF | (count == 1 ? 0 : FLAG_OF);
	case INSN_SHLD:
	case INSN_SHRD:
		if (count > bits || (count < 0 && bits == 16))
			return FLAGS_STATUS;
		return FLAG_AF | (count == 1 ? 0 : FLAG_OF);
	default: /* rotates */
		return count == 1 ? 0 : FLAG_OF;
	}
}

static bool is_shift(unsigned id)
{
	switch (id) {
	case INSN_ROL:
	case INSN_ROR:
	case INSN_RCL:
	case INSN_RCR:
	case INSN_SHL:
	case INSN_SHR:
	case INSN_SAR:
	case INSN_SHLD:
	case INSN_SHRD:
		return true;
	default:
		return false;
	}
}

uint64_t flags_undefined(const struct insn *insn, const struct state *state)
{
	if (is_shift(insn->id))
		return shift_undefined(insn, state);
	for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (rows[i].id == insn->id)
			return rows[i].undefined;
	return 0;
}

bool flags_all_written(const struct insn *insn)
{
	switch (insn->id) {
	case INSN_ADD:
	case INSN_SUB:
	case INSN_CMP:
	case INSN_NEG:
	case INSN_XADD:
	case INSN_AND:
	case INSN_OR:
	case INSN_XOR:
	case INSN_TEST:
	case INSN_POPCNT:
		return true;
	default:
		return false;
	}
}

bool flags_read(const struct insn *insn)
{
	unsigned id = insn->id;

	if (insn_families[id] == FAMILY_BRANCH || insn_families[id] == FAMILY_SYSTEM ||
	    insn_families[id] == FAMILY_X87)
		return true;
	switch (id) {
	case INSN_ADC:
	case INSN_SBB:
	case INSN_ADCX:
	case INSN_ADOX:
	case INSN_RCL:
	case INSN_RCR:
	case INSN_CMC:
	case INSN_LAHF:
	case INSN_SALC:
	case INSN_AAA:
	case INSN_AAS:
	case INSN_DAA:
	case INSN_DAS:
		return true;
	default: /* in the order of insns.h */
		return (id >= INSN_CMOVB && id <= INSN_CMOVZ) ||
		       (id >= INSN_SETB && id <= INSN_SETZ);
	}
}
