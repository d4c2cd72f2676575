/* SPDX-License-Identifier: MIT */
#include "select.h"

#include "cpu/handler.h"
#include "host.h"

bool insn_has_memory(const struct insn *insn)
{
	for (unsigned i = 0; i < insn->nr_operands; i++)
		if (insn->operand[i].kind == OPERAND_MEM)
			return true;
	return false;
}

bool insn_compares_x87(const struct insn *insn)
{
	switch (insn->id) {
	case INSN_FCOM:
	case INSN_FCOMI:
	case INSN_FCOMIP:
	case INSN_FCOMP:
	case INSN_FCOMPP:
	case INSN_FICOM:
	case INSN_FICOMP:
	case INSN_FTST:
	case INSN_FUCOM:
	case INSN_FUCOMI:
	case INSN_FUCOMIP:
	case INSN_FUCOMP:
	case INSN_FUCOMPP:
		return true;
	default:
		return false;
	}
}

bool insn_is_gather(const struct insn *insn)
{
	return insn->mem.vsib;
}

bool insn_is_masked_store(const struct insn *insn)
{
	return insn->id == INSN_MASKMOVQ || insn->id == INSN_MASKMOVDQU ||
	       insn->id == INSN_VMASKMOVDQU;
}

bool insn_pops_flags(const struct insn *insn)
{
	return insn->id == INSN_POPF || insn->id == INSN_POPFD || insn->id == INSN_POPFQ;
}

bool insn_is_port_string(const struct insn *insn)
{
	return (insn->id >= INSN_INSB && insn->id <= INSN_INSW) ||
	       (insn->id >= INSN_OUTSB && insn->id <= INSN_OUTSW);
}

bool insn_is_relative_branch(const struct insn *insn)
{
	return insn_families[insn->id] == FAMILY_BRANCH && insn->operand[0].kind == OPERAND_IMM &&
	       insn->id != INSN_RET;
}

bool insn_is_string(const struct insn *insn)
{
	return insn_families[insn->id] == FAMILY_STRING;
}

bool insn_is_mmx(const struct insn *insn)
{
	for (unsigned i = 0; i < insn->nr_operands; i++)
		if (insn->operand[i].kind == OPERAND_REG && insn->operand[i].class == CLASS_MMX)
			return true;
	return false;
}

bool insn_is_vector_mask_move(const struct insn *insn)
{
	return insn->id == INSN_VMASKMOVPS || insn->id == INSN_VMASKMOVPD ||
	       insn->id == INSN_VPMASKMOVD || insn->id == INSN_VPMASKMOVQ;
}

/* Where AMD's processors and Intel's go different ways, and ours goes Intel's. */
static bool is_intel_only(const struct insn *insn, bool code32)
{
	switch (insn->id) {
	case INSN_PUSH: /* of a segment: 16 bits or 32 are written */
		return code32 && insn->operand_size == 4 && insn->operand[0].kind == OPERAND_REG &&
		       insn->operand[0].class == CLASS_SEG;
	case INSN_PAUSE: /* with REX.B: XCHG */
		return !code32;
	case INSN_MOVSXD: /* of 16 bits: 16 or 32 are read */
		return insn->operand_size == 2;
	case INSN_DPPS: /* the choice of NaNs */
	case INSN_DPPD:
	case INSN_VDPPS:
	case INSN_VDPPD:
		return true;
	default:
		return false;
	}
}

static bool writes_segment(const struct insn *insn)
{
	return insn->nr_operands && insn->operand[0].kind == OPERAND_REG &&
	       insn->operand[0].class == CLASS_SEG && insn->id != INSN_PUSH;
}

static bool is_approximation(unsigned id)
{
	switch (id) {
	case INSN_RCPPS:
	case INSN_RCPSS:
	case INSN_RSQRTPS:
	case INSN_RSQRTSS:
	case INSN_VRCPPS:
	case INSN_VRCPSS:
	case INSN_VRSQRTPS:
	case INSN_VRSQRTSS:
		return true;
	default:
		return false;
	}
}

/* 66 before a near branch in 64-bit mode: Intel ignores it, AMD does not. */
static bool branch_is_portable(const struct insn *insn, bool code32)
{
	bool far_return = insn->opcode == 0xca || insn->opcode == 0xcb;
	bool far_indirect =
		insn->opcode == 0xff && (insn->modrm >> 3 & 7) != 2 && (insn->modrm >> 3 & 7) != 4;

	if (insn->map == 0 && (far_return || far_indirect))
		return false;
	/* F2 and F3 change the condition of AMD's LOOPE and LOOPNE */
	if ((insn->id == INSN_LOOPE || insn->id == INSN_LOOPNE) &&
	    insn->prefixes & (PREFIX_F2 | PREFIX_F3))
		return false;
	return insn->operand[0].kind != OPERAND_FAR && (code32 || !(insn->prefixes & PREFIX_66));
}

/* Within 1 ulp of the host's, in their own test; and what stores where the last one was. */
static bool is_selected_x87(unsigned id)
{
	switch (id) {
	case INSN_F2XM1:
	case INSN_FCOS:
	case INSN_FPATAN:
	case INSN_FPTAN:
	case INSN_FSIN:
	case INSN_FSINCOS:
	case INSN_FYL2X:
	case INSN_FYL2XP1:
	case INSN_FNSAVE:
	case INSN_FNSTENV:
		return false;
	default:
		return true;
	}
}

static bool is_selected_system(unsigned id)
{
	switch (id) {
	case INSN_PUSHF:
	case INSN_PUSHFD:
	case INSN_PUSHFQ:
	case INSN_POPF:
	case INSN_POPFD:
	case INSN_POPFQ:
	case INSN_LDMXCSR:
	case INSN_STMXCSR:
	case INSN_INT1:
	case INSN_INT3:
	case INSN_INTO:
	case INSN_UD0:
	case INSN_UD1:
	case INSN_UD2:
	case INSN_ARPL:
	case INSN_CLAC:
	case INSN_STAC:
	/* privileged */
	case INSN_HLT:
	case INSN_CLI:
	case INSN_STI:
	case INSN_CLTS:
	case INSN_INVD:
	case INSN_WBINVD:
	case INSN_INVLPG:
	case INSN_RDMSR:
	case INSN_WRMSR:
	case INSN_IN:
	case INSN_OUT:
	case INSN_LGDT:
	case INSN_LIDT:
	case INSN_LLDT:
	case INSN_LTR:
	case INSN_LMSW:
	case INSN_SWAPGS:
		return true;
	default:
		return false;
	}
}

bool select_insn(const struct insn *insn, bool code32, const struct snippet_wish *wish)
{
	unsigned id = insn->id;

	if (writes_segment(insn) || is_approximation(id))
		return false;
	if (!host_is_intel() && is_intel_only(insn, code32))
		return false;
	/* PREFETCH of a register: a NOP by Intel, undefined by AMD */
	if (insn->map == 1 && insn->opcode == 0x0d && insn->modrm >= 0xc0)
		return false;
	/* VEX.W outside of 64-bit mode: ignored by Intel, undefined by AMD */
	if ((id == INSN_VPINSRD || id == INSN_VPEXTRD) && code32)
		return false;
	/* the result is undefined; with a count in CL see place.c */
	if ((id == INSN_SHLD || id == INSN_SHRD) && insn->operand[0].size == 2 &&
	    insn->operand[2].kind == OPERAND_IMM && (insn->imm[0] & 31) > 16)
		return false;
	if (id == INSN_BSWAP && insn->operand[0].size == 2)
		return false;
	switch (insn_families[id]) {
	case FAMILY_BRANCH:
		return branch_is_portable(insn, code32);
	case FAMILY_SYSTEM:
		return is_selected_system(id);
	case FAMILY_X87:
		return wish->x87 && is_selected_x87(id);
	default:
		return true;
	}
}

bool select_undefined(const struct encoding *e, bool code32)
{
	unsigned opcode = e->bytes[e->modrm - 1];

	(void)code32;
	if (e->map == 1 && (opcode == 0x20 || opcode == 0x22)) /* LOCK MOV CR0 is MOV CR8 */
		return false;
	if (e->map == 0) /* XOP; XABORT, XBEGIN */
		return opcode != 0x8f && opcode != 0xc6 && opcode != 0xc7;
	if (e->map != 1)
		return false;
	switch (opcode) {
	case 0x00: /* with LOCK: a page fault goes first */
	case 0x01:
	case 0x2b: /* SSE4A */
	case 0x78:
	case 0x79:
	case 0xae: /* PTWRITE */
	case 0x05:
	case 0x07:
	case 0x0e:
	case 0x0f:
	case 0x34:
	case 0x35:
	case 0x37:
		return false;
	default:
		return true;
	}
}

bool select_in_sequence(const struct insn *insn, bool code32)
{
	if (insn_compares_x87(insn)) /* known.c */
		return false;
	if (insn_is_string(insn) && insn->address_size == 4 && !code32) /* upper halves: known.c */
		return false;
	switch (insn->id) {
	case INSN_SHLD:
	case INSN_SHRD:
		return insn->operand[0].size != 2;
	case INSN_RET: /* goes anywhere */
		return false;
	case INSN_SHA1MSG1: /* known.c */
	case INSN_SHA1MSG2:
	case INSN_SHA1NEXTE:
	case INSN_SHA1RNDS4:
	case INSN_SHA256MSG1:
	case INSN_SHA256MSG2:
	case INSN_SHA256RNDS2:
	case INSN_CVTPI2PS:
		return !insn_has_memory(insn);
	case INSN_CALL:
	case INSN_JMP:
		return insn_is_relative_branch(insn) && !(insn->prefixes & PREFIX_66);
	case INSN_ARPL:
	case INSN_MASKMOVQ: /* nothing may be there that the mask leaves out */
	case INSN_MASKMOVDQU:
	case INSN_VMASKMOVDQU:
	case INSN_INSB: /* with a count of 0: known.c */
	case INSN_INSW:
	case INSN_INSD:
	case INSN_OUTSB:
	case INSN_OUTSW:
	case INSN_OUTSD:
		return false;
	default:
		return insn_families[insn->id] != FAMILY_BRANCH || !(insn->prefixes & PREFIX_66);
	}
}
