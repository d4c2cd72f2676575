/* SPDX-License-Identifier: MIT */
#include "arch/system_bits.h"
#include "cpu/handler.h"
#include "cpu/operand.h"
#include "cpu/simd.h"

/*
 * From instructions to ops. Most rows follow from the list of operations; moves, and what is
 * another operation by another name, have rows of their own.
 */

enum shape {
	SHAPE_NONE,
	SHAPE_OPERATION, /* operands as the operation's row says */
	SHAPE_MOVE,	 /* of all that the operands have */
	SHAPE_MOVE_ALIGNED,
	SHAPE_MOVE_SCALAR, /* merges between registers */
	SHAPE_MOVE_HALF,   /* loads one half of a register, or stores it */
	SHAPE_BARE,	   /* no operands */
	SHAPE_MXCSR,
	SHAPE_MASKMOV,
	SHAPE_MASKED,
	SHAPE_GATHER,
};

struct row {
	uint16_t code; /* enum op_code */
	uint8_t shape;
};

const struct simd_operation simd_operations[NR_SIMD_OPERATIONS] = {
#define F SIMD_FLAG_F
#define E SIMD_FLAG_E
#define I SIMD_FLAG_I
#define W SIMD_FLAG_W
#define U SIMD_FLAG_U
#define OPERATION(X, encodings, name, operand_list, flag_list)                                     \
	[OP_V_##name - SIMD_FIRST] = { .kernel = simd_##name,                                      \
				       .operands = OPERANDS_##operand_list,                        \
				       .flags = flag_list },
	SIMD_OPERATIONS(OPERATION, )
#undef F
#undef E
#undef I
#undef W
#undef U
};

/* clang-format off */
static const struct row rows[NR_INSNS] = {
#define ROW_N(name)
#define ROW_L(name) [INSN_##name] = { OP_V_##name, SHAPE_OPERATION },
#define ROW_V(name) [INSN_V##name] = { OP_V_##name, SHAPE_OPERATION },
#define ROW_LV(name) ROW_L(name) ROW_V(name)
#define ROW(X, encodings, name, operands, flags) ROW_##encodings(name)
	SIMD_OPERATIONS(ROW, )

#define LEGACY(name, code, shape) [INSN_##name] = { OP_V_##code, SHAPE_##shape },
#define VEX(name, code, shape) [INSN_V##name] = { OP_V_##code, SHAPE_##shape },
#define BOTH(name, code, shape) LEGACY(name, code, shape) VEX(name, code, shape)
	/* The same bits by the names of other element types */
	BOTH(ANDPS, PAND, OPERATION) BOTH(ANDPD, PAND, OPERATION)
	BOTH(ANDNPS, PANDN, OPERATION) BOTH(ANDNPD, PANDN, OPERATION)
	BOTH(ORPS, POR, OPERATION) BOTH(ORPD, POR, OPERATION)
	BOTH(XORPS, PXOR, OPERATION) BOTH(XORPD, PXOR, OPERATION)
	BOTH(UNPCKLPS, PUNPCKLDQ, OPERATION) BOTH(UNPCKLPD, PUNPCKLQDQ, OPERATION)
	BOTH(UNPCKHPS, PUNPCKHDQ, OPERATION) BOTH(UNPCKHPD, PUNPCKHQDQ, OPERATION)
	BOTH(BLENDPS, PBLENDD, OPERATION)
	BOTH(EXTRACTPS, PEXTRD, OPERATION)
	LEGACY(PSHUFW, PSHUFLW, OPERATION)
	VEX(BROADCASTSS, PBROADCASTD, OPERATION) VEX(BROADCASTSD, PBROADCASTQ, OPERATION)
	VEX(BROADCASTI128, BROADCASTF128, OPERATION)
	VEX(INSERTI128, INSERTF128, OPERATION) VEX(EXTRACTI128, EXTRACTF128, OPERATION)
	VEX(PERM2I128, PERM2F128, OPERATION)
	VEX(PERMPS, PERMD, OPERATION) VEX(PERMPD, PERMQ, OPERATION)

	BOTH(MOVAPS, MOV, MOVE_ALIGNED) BOTH(MOVAPD, MOV, MOVE_ALIGNED)
	BOTH(MOVDQA, MOV, MOVE_ALIGNED) BOTH(MOVNTDQA, MOV, MOVE_ALIGNED)
	BOTH(MOVNTPS, MOV, MOVE_ALIGNED) BOTH(MOVNTPD, MOV, MOVE_ALIGNED)
	BOTH(MOVNTDQ, MOV, MOVE_ALIGNED) LEGACY(MOVNTQ, MOV, MOVE)
	BOTH(MOVUPS, MOV, MOVE) BOTH(MOVUPD, MOV, MOVE)
	BOTH(MOVDQU, MOV, MOVE) BOTH(LDDQU, MOV, MOVE)
	BOTH(MOVD, MOV4, MOVE) BOTH(MOVQ, MOV8, MOVE)
	LEGACY(MOVQ2DQ, MOV8, MOVE) LEGACY(MOVDQ2Q, MOV8, MOVE)
	BOTH(MOVSS, MOV4, MOVE_SCALAR) BOTH(MOVSD, MOV8, MOVE_SCALAR)
	BOTH(MOVLPS, MERGE8, MOVE_HALF) BOTH(MOVLPD, MERGE8, MOVE_HALF)
	BOTH(MOVHPS, MOVLHPS, MOVE_HALF) BOTH(MOVHPD, MOVLHPS, MOVE_HALF)

	LEGACY(EMMS, EMMS, BARE) VEX(ZEROALL, VZEROALL, BARE) VEX(ZEROUPPER, VZEROUPPER, BARE)
	VEX(LDMXCSR, VLDMXCSR, MXCSR) VEX(STMXCSR, VSTMXCSR, MXCSR)
	LEGACY(MASKMOVQ, MASKMOV, MASKMOV) BOTH(MASKMOVDQU, MASKMOV, MASKMOV)
	VEX(MASKMOVPS, MASK_LOAD_D, MASKED) VEX(MASKMOVPD, MASK_LOAD_Q, MASKED)
	VEX(PMASKMOVD, MASK_LOAD_D, MASKED) VEX(PMASKMOVQ, MASK_LOAD_Q, MASKED)
	VEX(PGATHERDD, GATHER_DD, GATHER) VEX(GATHERDPS, GATHER_DD, GATHER)
	VEX(PGATHERDQ, GATHER_DQ, GATHER) VEX(GATHERDPD, GATHER_DQ, GATHER)
	VEX(PGATHERQD, GATHER_QD, GATHER) VEX(GATHERQPS, GATHER_QD, GATHER)
	VEX(PGATHERQQ, GATHER_QQ, GATHER) VEX(GATHERQPD, GATHER_QQ, GATHER)
};
/* clang-format on */

static bool is_vex(const struct insn *insn)
{
	return insn->prefixes & PREFIX_VEX;
}

static bool has_class(const struct insn *insn, unsigned class)
{
	for (unsigned i = 0; i < insn->nr_operands; i++) {
		if (insn->operand[i].kind == OPERAND_REG && insn->operand[i].class == class)
			return true;
	}
	return false;
}

static unsigned width_of(const struct insn *insn)
{
	if (is_vex(insn))
		return insn->vector_length == 32 ? 2 : 1;
	return has_class(insn, CLASS_XMM) ? 1 : 0;
}

static const struct operand *immediate_of(const struct insn *insn)
{
	const struct operand *last = &insn->operand[insn->nr_operands - 1];

	return insn->nr_operands && last->kind == OPERAND_IMM ? last : NULL;
}

static unsigned place_of(const struct operand *o)
{
	if (o->kind == OPERAND_MEM)
		return PLACE_MEMORY;
	if (o->class == CLASS_GPR)
		return PLACE_GPR;
	return o->class == CLASS_MMX ? PLACE_MMX : PLACE_VECTOR;
}

static uint8_t number_of(const struct operand *o)
{
	return o->class == CLASS_GPR ? GPR_OFFSET(o->number) : o->number;
}

static void set_form(struct op *op, unsigned bits)
{
	op->reg[3] |= (uint8_t)bits;
}

static void set_destination(struct op *op, const struct operand *o)
{
	if (o->kind == OPERAND_MEM)
		op->reg[2] = o->size;
	else
		op->dst = number_of(o);
	set_form(op, FORM_DESTINATION(place_of(o)));
}

static void set_source(struct op *op, const struct operand *o)
{
	if (o->kind == OPERAND_MEM)
		op->reg[2] = o->size;
	else
		op->src = number_of(o);
	set_form(op, FORM_SOURCE(place_of(o)));
}

static void set_unary(const struct insn *insn, struct op *op)
{
	const struct operand *o = insn->operand;

	set_destination(op, &o[0]);
	/* A legacy shift by an immediate has its source in the destination. */
	set_source(op, o[1].kind == OPERAND_IMM ? &o[0] : &o[1]);
}

static void set_binary(const struct insn *insn, struct op *op)
{
	const struct operand *o = insn->operand;
	unsigned a = is_vex(insn) ? 1 : 0;

	set_destination(op, &o[0]);
	op->reg[0] = o[a].number;
	set_source(op, &o[a + 1]);
	/* Legacy forms with a third register have XMM0 in it. */
	if (is_vex(insn) && o[3].kind == OPERAND_REG)
		op->reg[1] = o[3].number;
}

static void set_operands(const struct insn *insn, struct op *op)
{
	const struct operand *o = insn->operand;

	switch (simd_operation(op)->operands) {
	case OPERANDS_UNARY:
		set_unary(insn, op);
		break;
	case OPERANDS_BINARY:
		set_binary(insn, op);
		break;
	case OPERANDS_COMPARE:
		op->reg[0] = o[0].number;
		set_source(op, &o[1]);
		break;
	default:
		set_binary(insn, op);
		op->reg[1] = o[0].number;
		break;
	}
}

/* Whether the integer operand, a general register or its place in memory, has 64 bits. */
static bool is_wide(const struct insn *insn)
{
	const struct operand *o = insn->operand;
	const struct operand *b = &o[is_vex(insn) && o[2].kind != OPERAND_NONE ? 2 : 1];

	return (o[0].class == CLASS_GPR ? &o[0] : b)->size == 8;
}

static uint32_t immediate_value(const struct insn *insn, const struct op *op)
{
	const struct operand *o = immediate_of(insn);
	uint32_t value = o ? insn->imm[o->number] & 0xff : 0;

	/* Legacy comparisons have eight predicates. */
	if (op->code >= OP_V_CMPPS && op->code <= OP_V_CMPSD && !is_vex(insn))
		return value & 7;
	/* There is one element to choose in memory. */
	if (op->code == OP_V_INSERTPS && FORM_SOURCE_OF(op->reg[3]) == PLACE_MEMORY)
		return value & 0x3f;
	return value;
}

static bool translate_operation(const struct insn *insn, struct op *op)
{
	unsigned flags = simd_operation(op)->flags;

	if ((flags & SIMD_FLAG_I && immediate_of(insn)) || (flags & SIMD_FLAG_W && is_wide(insn)))
		op->code++;
	set_operands(insn, op);
	op->imm32 = immediate_value(insn, op);
	op->flag = insn->operand_size == 8; /* REX.W of PCMPESTRI */
	if (!is_vex(insn) && op->reg[2] == 16 && !(flags & SIMD_FLAG_U))
		set_form(op, FORM_ALIGNED);
	return true;
}

static bool translate_move_scalar(const struct insn *insn, struct op *op)
{
	const struct operand *o = insn->operand;

	if (o[0].kind == OPERAND_MEM || o[1].kind == OPERAND_MEM) {
		set_unary(insn, op);
		return true;
	}
	op->code = op->code == OP_V_MOV4 ? OP_V_MERGE4 : OP_V_MERGE8;
	set_binary(insn, op);
	return true;
}

static bool translate_move_half(const struct insn *insn, struct op *op)
{
	if (insn->operand[0].kind != OPERAND_MEM) {
		set_binary(insn, op);
		return true;
	}
	op->code = op->code == OP_V_MERGE8 ? OP_V_MOV8 : OP_V_MOV_HIGH;
	set_unary(insn, op);
	return true;
}

/* Loads: destination, mask, memory. Stores: memory, mask, source. */
static bool translate_masked(const struct insn *insn, struct op *op)
{
	const struct operand *o = insn->operand;

	op->reg[0] = o[1].number;
	if (o[0].kind == OPERAND_MEM) {
		op->code = op->code == OP_V_MASK_LOAD_D ? OP_V_MASK_STORE_D : OP_V_MASK_STORE_Q;
		op->src = o[2].number;
	} else {
		op->dst = o[0].number;
	}
	return true;
}

/* Data, mask; the address is DS:rDI. */
static bool translate_maskmov(const struct insn *insn, struct op *op)
{
	op->reg[0] = insn->operand[0].number;
	set_source(op, &insn->operand[1]);
	op->base = GPR_OFFSET(GPR_RDI);
	op->index = GPR_OFFSET(GPR_ZERO);
	op->disp = 0;
	return true;
}

/* Destination, memory, mask: all different, or #UD. The index is a vector register. */
static bool translate_gather(const struct insn *insn, struct op *op)
{
	const struct operand *o = insn->operand;

	op->dst = o[0].number;
	op->reg[0] = o[2].number;
	op->reg[1] = insn->mem.index;
	op->index = GPR_OFFSET(GPR_ZERO);
	return op->dst != op->reg[0] && op->dst != op->reg[1] && op->reg[0] != op->reg[1];
}

static bool translate_shape(struct translator *t, const struct insn *insn, struct op *op,
			    enum shape shape)
{
	switch (shape) {
	case SHAPE_OPERATION:
		return translate_operation(insn, op);
	case SHAPE_MOVE_ALIGNED:
		set_form(op, FORM_ALIGNED);
		set_unary(insn, op);
		return true;
	case SHAPE_MOVE:
		set_unary(insn, op);
		return true;
	case SHAPE_MOVE_SCALAR:
		return translate_move_scalar(insn, op);
	case SHAPE_MOVE_HALF:
		return translate_move_half(insn, op);
	case SHAPE_BARE: /* registers above 7 are there in 64-bit mode alone */
		op->imm32 = (t->mode & MODE_CODE) == MODE_CODE64 ? 16 : 8;
		return true;
	case SHAPE_MXCSR:
		op->reg[2] = 4;
		return true;
	case SHAPE_MASKMOV:
		return translate_maskmov(insn, op);
	case SHAPE_MASKED:
		return translate_masked(insn, op);
	case SHAPE_GATHER:
		return translate_gather(insn, op);
	default:
		return false;
	}
}

/*
 * Under CR0.EM or CR0.TS. SDM Vol 3A "Checking for Support for SSE Extensions", Vol 2A "Exception
 * Type ...": EM does not concern VEX-encoded instructions.
 */
static const struct op *check_available(struct cpu *cpu, const struct op *op)
{
	uint64_t cr0 = cpu->state.cr0;

	if (cr0 & CR0_EM && !(op->reg[3] & FORM_VEX)) {
		raise_ud(cpu);
		return cpu_fault(cpu, op);
	}
	if (cr0 & CR0_TS) {
		cpu_raise(cpu, VECTOR_NM);
		return cpu_fault(cpu, op);
	}
	return simd_handler(op)(cpu, op);
}

/*
 * CR4.OSFXSR is for what has XMM registers; XCR0 and CR4.OSXSAVE are for VEX, which real and
 * virtual-8086 mode do not have.
 */
static bool is_enabled(const struct translator *t, const struct insn *insn)
{
	if (is_vex(insn))
		return !(t->mode & (MODE_NO_AVX | MODE_REAL | MODE_V86));
	return !(t->mode & MODE_NO_SSE) || !has_class(insn, CLASS_XMM);
}

/* Fast handlers know only memory without checks, and not that of FS and GS. */
static op_fn *handler_of(const struct translator *t, const struct insn *insn, const struct op *op)
{
	enum address_form address;
	op_fn *fast = NULL;

	if (op->reg[2] == 0 ||
	    (translator_fast_memory(t, insn, &address) && address != ADDRESS_SEGMENT))
		fast = simd_fast_handler(op);
	return fast ? fast : simd_handler(op);
}

bool translate_simd(struct translator *t, const struct insn *insn, struct op *op)
{
	const struct row *row = &rows[insn->id];

	if (!is_enabled(t, insn))
		return false;
	op->code = row->code;
	set_form(op, width_of(insn) | (is_vex(insn) ? FORM_VEX : 0));
	if (!translate_shape(t, insn, op, (enum shape)row->shape))
		return false;
	op->fn = t->mode & MODE_NO_FPU ? check_available : handler_of(t, insn, op);
	return true;
}
