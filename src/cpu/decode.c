/* SPDX-License-Identifier: MIT */
#include <Zydis/Zydis.h>
#include <string.h>

#include "arch/cpu_state.h"
#include "arch/features.h"
#include "cpu/insn.h"

/*
 * The one file that knows the decoder. Everything above it sees struct insn.
 *
 * What the decoder can only guess is set to this processor: no MPX, CET or CLDEMOTE (their
 * encodings are NOPs), no WBNOINVD, and Intel's rule for operand sizes of near branches.
 */

const uint8_t insn_families[NR_INSNS] = {
#define ROW_INTEGER(name) [INSN_##name] = FAMILY_INTEGER,
#define ROW_BRANCH(name) [INSN_##name] = FAMILY_BRANCH,
#define ROW_STRING(name) [INSN_##name] = FAMILY_STRING,
#define ROW_SYSTEM(name) [INSN_##name] = FAMILY_SYSTEM,
#define ROW_X87(name) [INSN_##name] = FAMILY_X87,
#define ROW_SIMD(name) [INSN_##name] = FAMILY_SIMD,
	INSNS_INTEGER(ROW_INTEGER) INSNS_BRANCH(ROW_BRANCH) INSNS_STRING(ROW_STRING)
		INSNS_SYSTEM(ROW_SYSTEM) INSNS_X87(ROW_X87) INSNS_SIMD(ROW_SIMD)
};

static const char *const names[NR_INSNS] = { [INSN_NONE] = "(none)",
#define ROW_NAME(name) [INSN_##name] = #name,
					     INSNS(ROW_NAME) };

const char *insn_name(unsigned id)
{
	return id < NR_INSNS ? names[id] : "?";
}

/* The decoder's mnemonics of the string family that SSE shares have names of their own here. */
#define ZYDIS_MNEMONIC_STR_MOVSD ZYDIS_MNEMONIC_MOVSD
#define ZYDIS_MNEMONIC_STR_CMPSD ZYDIS_MNEMONIC_CMPSD

static const uint16_t from_mnemonic[ZYDIS_MNEMONIC_MAX_VALUE + 1] = {
#define ROW_ID(name) [ZYDIS_MNEMONIC_##name] = INSN_##name,
	INSNS_INTEGER(ROW_ID) INSNS_BRANCH(ROW_ID) INSNS_SYSTEM(ROW_ID) INSNS_X87(ROW_ID)
		INSNS_SIMD(ROW_ID)
			/* a hint of processors that are not ours: as before it was one */
			[ZYDIS_MNEMONIC_PREFETCHWT1] = INSN_PREFETCHW,
#define ROW_STRING_ID(name) [ZYDIS_MNEMONIC_##name] = INSN_##name,
};

static const uint16_t from_string_mnemonic[ZYDIS_MNEMONIC_MAX_VALUE + 1] = { INSNS_STRING(ROW_ID) };

/* What an instruction set of the decoder needs of the processor, plus one; 0: not ours. */
#define NEEDS(feature) (FEATURE_##feature + 1)
static const uint16_t from_isa_set[ZYDIS_ISA_SET_MAX_VALUE + 1] = {
	[ZYDIS_ISA_SET_ADOX_ADCX] = NEEDS(ADX),
	[ZYDIS_ISA_SET_AES] = NEEDS(AES),
	[ZYDIS_ISA_SET_AMD] = NEEDS(SYSCALL),
	[ZYDIS_ISA_SET_AVX] = NEEDS(AVX),
	[ZYDIS_ISA_SET_AVX2] = NEEDS(AVX2),
	[ZYDIS_ISA_SET_AVX2GATHER] = NEEDS(AVX2),
	[ZYDIS_ISA_SET_AVXAES] = NEEDS(AES),
	[ZYDIS_ISA_SET_BMI1] = NEEDS(BMI1),
	[ZYDIS_ISA_SET_BMI2] = NEEDS(BMI2),
	[ZYDIS_ISA_SET_CET] = NEEDS(ALWAYS),
	[ZYDIS_ISA_SET_CLFLUSHOPT] = NEEDS(CLFLUSHOPT),
	[ZYDIS_ISA_SET_CLFSH] = NEEDS(CLFLUSH),
	[ZYDIS_ISA_SET_CLWB] = NEEDS(CLWB),
	[ZYDIS_ISA_SET_CMOV] = NEEDS(CMOV),
	[ZYDIS_ISA_SET_CMPXCHG16B] = NEEDS(CX16),
	[ZYDIS_ISA_SET_F16C] = NEEDS(F16C),
	[ZYDIS_ISA_SET_FAT_NOP] = NEEDS(ALWAYS),
	[ZYDIS_ISA_SET_FCMOV] = NEEDS(CMOV),
	[ZYDIS_ISA_SET_FMA] = NEEDS(FMA),
	[ZYDIS_ISA_SET_FXSAVE] = NEEDS(FXSR),
	[ZYDIS_ISA_SET_FXSAVE64] = NEEDS(FXSR),
	[ZYDIS_ISA_SET_I186] = NEEDS(ALWAYS),
	[ZYDIS_ISA_SET_I286PROTECTED] = NEEDS(ALWAYS),
	[ZYDIS_ISA_SET_I286REAL] = NEEDS(ALWAYS),
	[ZYDIS_ISA_SET_I386] = NEEDS(ALWAYS),
	[ZYDIS_ISA_SET_I486] = NEEDS(ALWAYS),
	[ZYDIS_ISA_SET_I486REAL] = NEEDS(ALWAYS),
	[ZYDIS_ISA_SET_I86] = NEEDS(ALWAYS),
	[ZYDIS_ISA_SET_INVPCID] = NEEDS(INVPCID),
	[ZYDIS_ISA_SET_LAHF] = NEEDS(ALWAYS),
	[ZYDIS_ISA_SET_LONGMODE] = NEEDS(LM),
	[ZYDIS_ISA_SET_LZCNT] = NEEDS(ALWAYS), /* BSR without the feature */
	[ZYDIS_ISA_SET_MONITOR] = NEEDS(MONITOR),
	[ZYDIS_ISA_SET_MOVBE] = NEEDS(MOVBE),
	[ZYDIS_ISA_SET_PAUSE] = NEEDS(ALWAYS),
	[ZYDIS_ISA_SET_PCLMULQDQ] = NEEDS(PCLMULQDQ),
	[ZYDIS_ISA_SET_PENTIUMMMX] = NEEDS(MMX),
	[ZYDIS_ISA_SET_PENTIUMREAL] = NEEDS(ALWAYS),
	[ZYDIS_ISA_SET_PKU] = NEEDS(PKU),
	[ZYDIS_ISA_SET_POPCNT] = NEEDS(POPCNT),
	[ZYDIS_ISA_SET_PPRO] = NEEDS(ALWAYS),
	[ZYDIS_ISA_SET_PREFETCHWT1] = NEEDS(ALWAYS),
	[ZYDIS_ISA_SET_PREFETCH_NOP] = NEEDS(ALWAYS),
	[ZYDIS_ISA_SET_RDPID] = NEEDS(RDPID),
	[ZYDIS_ISA_SET_RDPMC] = NEEDS(ALWAYS),
	[ZYDIS_ISA_SET_RDRAND] = NEEDS(RDRAND),
	[ZYDIS_ISA_SET_RDSEED] = NEEDS(RDSEED),
	[ZYDIS_ISA_SET_RDTSCP] = NEEDS(RDTSCP),
	[ZYDIS_ISA_SET_RDWRFSGS] = NEEDS(FSGSBASE),
	[ZYDIS_ISA_SET_SHA] = NEEDS(SHA),
	[ZYDIS_ISA_SET_SMAP] = NEEDS(SMAP),
	[ZYDIS_ISA_SET_SSE] = NEEDS(SSE),
	[ZYDIS_ISA_SET_SSE2] = NEEDS(SSE2),
	[ZYDIS_ISA_SET_SSE2MMX] = NEEDS(SSE2),
	[ZYDIS_ISA_SET_SSE3] = NEEDS(SSE3),
	[ZYDIS_ISA_SET_SSE3X87] = NEEDS(SSE3),
	[ZYDIS_ISA_SET_SSE4] = NEEDS(SSE4_1),
	[ZYDIS_ISA_SET_SSE42] = NEEDS(SSE4_2),
	[ZYDIS_ISA_SET_SSEMXCSR] = NEEDS(SSE),
	[ZYDIS_ISA_SET_SSE_PREFETCH] = NEEDS(ALWAYS),
	[ZYDIS_ISA_SET_SSSE3] = NEEDS(SSSE3),
	[ZYDIS_ISA_SET_SSSE3MMX] = NEEDS(SSSE3),
	[ZYDIS_ISA_SET_VMFUNC] = NEEDS(ALWAYS),
	[ZYDIS_ISA_SET_VTX] = NEEDS(ALWAYS),
	[ZYDIS_ISA_SET_X87] = NEEDS(ALWAYS),
	[ZYDIS_ISA_SET_XSAVE] = NEEDS(XSAVE),
	[ZYDIS_ISA_SET_XSAVEC] = NEEDS(XSAVEC),
	[ZYDIS_ISA_SET_XSAVEOPT] = NEEDS(XSAVEOPT),
	[ZYDIS_ISA_SET_XSAVES] = NEEDS(XSAVES),
};

/* Where the set that the decoder names is not what the manual asks for. */
static uint8_t feature_of(const ZydisDecodedInstruction *from)
{
	switch (from->mnemonic) {
	case ZYDIS_MNEMONIC_CMPXCHG8B:
		return FEATURE_CX8;
	case ZYDIS_MNEMONIC_FCOMI:
	case ZYDIS_MNEMONIC_FCOMIP:
	case ZYDIS_MNEMONIC_FUCOMI:
	case ZYDIS_MNEMONIC_FUCOMIP:
		return FEATURE_CMOV;
	case ZYDIS_MNEMONIC_LAHF:
	case ZYDIS_MNEMONIC_SAHF:
		return from->machine_mode == ZYDIS_MACHINE_MODE_LONG_64 ? FEATURE_LAHF_LM
									: FEATURE_ALWAYS;
	case ZYDIS_MNEMONIC_TZCNT: /* BSF without the feature */
		return FEATURE_ALWAYS;
	case ZYDIS_MNEMONIC_VPCLMULQDQ: /* AVX, which XCR0 has to enable, as well */
		return FEATURE_PCLMULQDQ;
	default:
		return (uint8_t)(from_isa_set[from->meta.isa_set] - 1);
	}
}

static bool prepare(ZydisDecoder *decoder, enum insn_mode mode)
{
	static const struct {
		ZydisMachineMode machine;
		ZydisStackWidth stack;
	} modes[] = {
		/* Not REAL_16: that one takes SYSENTER for undefined. */
		[INSN_MODE_16] = { ZYDIS_MACHINE_MODE_LEGACY_16, ZYDIS_STACK_WIDTH_16 },
		[INSN_MODE_16P] = { ZYDIS_MACHINE_MODE_LEGACY_16, ZYDIS_STACK_WIDTH_16 },
		[INSN_MODE_32] = { ZYDIS_MACHINE_MODE_LEGACY_32, ZYDIS_STACK_WIDTH_32 },
		[INSN_MODE_64] = { ZYDIS_MACHINE_MODE_LONG_64, ZYDIS_STACK_WIDTH_64 },
	};
	static const ZydisDecoderMode off[] = { ZYDIS_DECODER_MODE_MPX, ZYDIS_DECODER_MODE_CET,
						ZYDIS_DECODER_MODE_WBNOINVD,
						ZYDIS_DECODER_MODE_CLDEMOTE };
	bool ok = ZYAN_SUCCESS(ZydisDecoderInit(decoder, modes[mode].machine, modes[mode].stack));

	for (unsigned i = 0; i < sizeof(off) / sizeof(off[0]); i++)
		ok = ok && ZYAN_SUCCESS(ZydisDecoderEnableMode(decoder, off[i], ZYAN_FALSE));
	return ok;
}

static unsigned gpr_number(ZydisRegister reg)
{
	return reg == ZYDIS_REGISTER_NONE ? GPR_ZERO : (uint8_t)ZydisRegisterGetId(reg);
}

/* False for a register that this processor has not. */
static bool convert_register(ZydisRegister reg, struct operand *o)
{
	int id = ZydisRegisterGetId(reg);

	o->number = (uint8_t)id;
	switch (ZydisRegisterGetClass(reg)) {
	case ZYDIS_REGCLASS_GPR8:
		o->class = CLASS_GPR;
		/* AL CL DL BL AH CH DH BH SPL BPL ..: numbered in this order */
		if (reg >= ZYDIS_REGISTER_AH && reg <= ZYDIS_REGISTER_BH) {
			o->high = true;
			o->number = (uint8_t)(reg - ZYDIS_REGISTER_AH);
		} else if (reg >= ZYDIS_REGISTER_SPL) {
			o->number = (uint8_t)(reg - ZYDIS_REGISTER_SPL + 4);
		} else {
			o->number = (uint8_t)(reg - ZYDIS_REGISTER_AL);
		}
		return true;
	case ZYDIS_REGCLASS_GPR16:
	case ZYDIS_REGCLASS_GPR32:
	case ZYDIS_REGCLASS_GPR64:
		o->class = CLASS_GPR;
		return true;
	case ZYDIS_REGCLASS_SEGMENT:
		o->class = CLASS_SEG;
		return true;
	case ZYDIS_REGCLASS_CONTROL:
		o->class = CLASS_CR;
		return true;
	case ZYDIS_REGCLASS_DEBUG:
		o->class = CLASS_DR;
		return true;
	case ZYDIS_REGCLASS_X87:
		o->class = CLASS_X87;
		return true;
	case ZYDIS_REGCLASS_MMX:
		o->class = CLASS_MMX;
		return true;
	case ZYDIS_REGCLASS_XMM:
		o->class = CLASS_XMM;
		return id < 16;
	case ZYDIS_REGCLASS_YMM:
		o->class = CLASS_YMM;
		return id < 16;
	default:
		return false;
	}
}

static void convert_memory(const ZydisDecodedOperand *from, struct insn *insn)
{
	insn->mem.segment = (uint8_t)ZydisRegisterGetId(from->mem.segment);
	insn->mem.displacement = from->mem.disp.has_displacement ? from->mem.disp.value : 0;
	insn->mem.vsib = from->mem.type == ZYDIS_MEMOP_TYPE_VSIB;
	insn->mem.scale = (uint8_t)(from->mem.scale == 8   ? 3
				    : from->mem.scale == 4 ? 2
				    : from->mem.scale == 2 ? 1
							   : 0);
	insn->mem.index = (uint8_t)gpr_number(from->mem.index);
	if (from->mem.base == ZYDIS_REGISTER_RIP || from->mem.base == ZYDIS_REGISTER_EIP) {
		insn->mem.rip_relative = true;
		insn->mem.base = GPR_ZERO;
	} else {
		insn->mem.base = (uint8_t)gpr_number(from->mem.base);
	}
}

static bool convert_operand(const ZydisDecodedOperand *from, struct insn *insn, unsigned *nr_imm)
{
	struct operand *o = &insn->operand[insn->nr_operands++];

	o->size = (uint8_t)(from->size / 8);
	o->read = from->actions & ZYDIS_OPERAND_ACTION_MASK_READ;
	o->written = from->actions & ZYDIS_OPERAND_ACTION_MASK_WRITE;
	switch (from->type) {
	case ZYDIS_OPERAND_TYPE_REGISTER:
		o->kind = OPERAND_REG;
		return convert_register(from->reg.value, o);
	case ZYDIS_OPERAND_TYPE_MEMORY:
		o->kind = OPERAND_MEM;
		convert_memory(from, insn);
		return true;
	case ZYDIS_OPERAND_TYPE_POINTER:
		o->kind = OPERAND_FAR;
		insn->imm[0] = from->ptr.offset;
		insn->imm[1] = from->ptr.segment;
		return true;
	case ZYDIS_OPERAND_TYPE_IMMEDIATE:
		if (*nr_imm > 1)
			return false;
		o->kind = OPERAND_IMM;
		o->number = (uint8_t)*nr_imm;
		insn->imm[(*nr_imm)++] = from->imm.value.u;
		return true;
	default:
		return false;
	}
}

/* The segment of a string instruction's source is only in its hidden operand. */
static void find_string_segment(const ZydisDecodedInstruction *from,
				const ZydisDecodedOperand *operands, struct insn *insn)
{
	insn->mem.segment = SEG_DS;
	insn->mem.base = insn->mem.index = GPR_ZERO;
	for (unsigned i = 0; i < from->operand_count; i++) {
		const ZydisDecodedOperand *o = &operands[i];

		if (o->type == ZYDIS_OPERAND_TYPE_MEMORY &&
		    ZydisRegisterGetId(o->mem.base) == GPR_RSI)
			insn->mem.segment = (uint8_t)ZydisRegisterGetId(o->mem.segment);
		if ((insn->id == INSN_XLAT || insn->id == INSN_MASKMOVQ ||
		     insn->id == INSN_MASKMOVDQU || insn->id == INSN_VMASKMOVDQU) &&
		    o->type == ZYDIS_OPERAND_TYPE_MEMORY)
			insn->mem.segment = (uint8_t)ZydisRegisterGetId(o->mem.segment);
	}
}

/* MONITOR's operand is in no list of the decoder's: its segment is told by the prefixes alone. */
static void find_monitor_segment(const ZydisDecodedInstruction *from, struct insn *insn)
{
	bool code64 = from->machine_mode == ZYDIS_MACHINE_MODE_LONG_64;

	for (unsigned i = 0; i < from->raw.prefix_count; i++) {
		uint8_t prefix = from->raw.prefixes[i].value;

		if (prefix == 0x64 || prefix == 0x65)
			insn->mem.segment = prefix == 0x64 ? SEG_FS : SEG_GS;
		else if ((prefix & 0xe7) == 0x26 && !code64)
			insn->mem.segment = prefix >> 3 & 3;
	}
}

static unsigned prefixes_of(const ZydisDecodedInstruction *from)
{
	unsigned prefixes = 0;

	if (from->attributes & ZYDIS_ATTRIB_HAS_LOCK)
		prefixes |= PREFIX_LOCK;
	if (from->attributes & (ZYDIS_ATTRIB_HAS_REP | ZYDIS_ATTRIB_HAS_REPE))
		prefixes |= PREFIX_REP;
	if (from->attributes & ZYDIS_ATTRIB_HAS_REPNE)
		prefixes |= PREFIX_REPNE;
	if (from->encoding == ZYDIS_INSTRUCTION_ENCODING_VEX)
		prefixes |= PREFIX_VEX;
	if (from->encoding == ZYDIS_INSTRUCTION_ENCODING_LEGACY && from->raw.rex.W)
		prefixes |= PREFIX_REX_W;
	for (unsigned i = 0; i < from->raw.prefix_count; i++) {
		switch (from->raw.prefixes[i].value) {
		case 0xf3:
			prefixes |= PREFIX_F3;
			break;
		case 0xf2:
			prefixes |= PREFIX_F2;
			break;
		case 0x66:
			prefixes |= PREFIX_66;
			break;
		default:
			break;
		}
	}
	return prefixes;
}

/*
 * A SIB byte without a base: REX.B has no part in it, and there are 32 bits of displacement. The
 * decoder forgets that with 32-bit addresses in 64-bit mode. SDM Vol 2A "Special Cases of REX
 * Encodings"
 */
static void drop_base(const ZydisDecodedInstruction *from, struct insn *insn)
{
	if (!from->raw.sib.offset || from->raw.modrm.mod != 0 || from->raw.sib.base != 5)
		return;
	insn->mem.base = GPR_ZERO;
	insn->mem.displacement = from->raw.disp.value;
}

static enum decode_result failure(ZyanStatus status, unsigned count)
{
	if (status == ZYDIS_STATUS_NO_MORE_DATA)
		return count < 15 ? DECODE_MORE : DECODE_TOO_LONG;
	if (status == ZYDIS_STATUS_INSTRUCTION_TOO_LONG)
		return DECODE_TOO_LONG;
	return DECODE_UNDEFINED;
}

static bool convert(const ZydisDecodedInstruction *from, const ZydisDecodedOperand *operands,
		    struct insn *insn)
{
	unsigned nr_imm = 0;

	memset(insn, 0, sizeof(*insn));
	if (from->encoding != ZYDIS_INSTRUCTION_ENCODING_LEGACY &&
	    from->encoding != ZYDIS_INSTRUCTION_ENCODING_VEX)
		return false;
	if (!from_isa_set[from->meta.isa_set])
		return false;
	insn->feature = feature_of(from);
	if (from->opcode_map == ZYDIS_OPCODE_MAP_DEFAULT)
		insn->id = from_string_mnemonic[from->mnemonic];
	if (!insn->id)
		insn->id = from_mnemonic[from->mnemonic];
	if (!insn->id)
		return false;
	insn->length = from->length;
	insn->operand_size = from->operand_width / 8;
	insn->address_size = from->address_width / 8;
	insn->stack_size = from->stack_width / 8;
	insn->prefixes = (uint8_t)prefixes_of(from);
	if (insn->prefixes & PREFIX_VEX)
		insn->vector_length = from->raw.vex.L ? 32 : 16;
	insn->opcode = from->opcode;
	insn->map = (uint8_t)from->opcode_map;
	insn->modrm = from->raw.modrm.offset
			      ? (uint8_t)(from->raw.modrm.mod << 6 | from->raw.modrm.reg << 3 |
					  from->raw.modrm.rm)
			      : 0;
	find_string_segment(from, operands, insn);
	if (insn->id == INSN_MONITOR)
		find_monitor_segment(from, insn);
	if (from->operand_count_visible > INSN_MAX_OPERANDS)
		return false;
	for (unsigned i = 0; i < from->operand_count_visible; i++)
		if (!convert_operand(&operands[i], insn, &nr_imm))
			return false;
	drop_base(from, insn);
	return true;
}

enum decode_result insn_decode(enum insn_mode mode, const uint8_t *bytes, unsigned count,
			       struct insn *insn)
{
	ZydisDecoder decoder;
	ZydisDecodedInstruction decoded;
	ZydisDecodedOperand operands[ZYDIS_MAX_OPERAND_COUNT];
	ZyanStatus status;

	if (count > 15)
		count = 15;
	if (!prepare(&decoder, mode))
		return DECODE_UNDEFINED;
	status = ZydisDecoderDecodeFull(&decoder, bytes, count, &decoded, operands);
	if (!ZYAN_SUCCESS(status))
		return failure(status, count);
	/* SDM Vol 2A "Exception Conditions of VEX-encoded Instructions": none in real mode */
	if (mode == INSN_MODE_16 && decoded.encoding == ZYDIS_INSTRUCTION_ENCODING_VEX)
		return DECODE_UNDEFINED;
	return convert(&decoded, operands, insn) ? DECODE_OK : DECODE_UNDEFINED;
}
