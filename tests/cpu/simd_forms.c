/* SPDX-License-Identifier: MIT */
#include "simd_forms.h"

#include <Zydis/Zydis.h>
#include <string.h>

/*
 * Operands, a letter each: x XMM, y YMM, m MMX, r and q general registers of 32 and 64 bits, i an
 * immediate, M memory of any size, v and w memory indexed by XMM and YMM.
 */
static const char *const templates[] = {
	"",	"M",	"xx",	"yy",	"xy",	"yx",	"mm",	"mx",	"xm",	"rx",
	"qx",	"xr",	"xq",	"ry",	"rm",	"qm",	"mr",	"mq",	"xM",	"yM",
	"mM",	"rM",	"qM",	"Mx",	"My",	"Mm",	"mi",	"xi",	"xxx",	"yyy",
	"yyx",	"xxM",	"yyM",	"xxr",	"xxq",	"Mxx",	"Myy",	"xxi",	"yyi",	"xyi",
	"mmi",	"rxi",	"qxi",	"rmi",	"xri",	"xqi",	"mri",	"xMi",	"yMi",	"mMi",
	"Mxi",	"Myi",	"xxxi", "yyyi", "yyxi", "xxMi", "yyMi", "xxri", "xxqi", "xxxx",
	"yyyy", "xxMx", "yyMy", "xvx",	"yvy",	"xwx",	"ywy",	"yvx",
};

static const struct {
	const char *name;
	ZydisMnemonic mnemonic;
} mnemonics[] = {
#define MNEMONIC(name) { #name, ZYDIS_MNEMONIC_##name },
	INSNS_SIMD(MNEMONIC)
};
#define NR_MNEMONICS (sizeof(mnemonics) / sizeof(mnemonics[0]))

static ZydisRegister register_of(char class, unsigned number)
{
	switch (class) {
	case 'x':
	case 'v':
		return (ZydisRegister)(ZYDIS_REGISTER_XMM0 + number);
	case 'y':
	case 'w':
		return (ZydisRegister)(ZYDIS_REGISTER_YMM0 + number);
	case 'm':
		return (ZydisRegister)(ZYDIS_REGISTER_MM0 + (number & 7));
	case 'r':
		return (ZydisRegister)(ZYDIS_REGISTER_EAX + number);
	default:
		return (ZydisRegister)(ZYDIS_REGISTER_RAX + number);
	}
}

static unsigned number_of(unsigned variant, unsigned position, char class)
{
	bool gpr = class == 'r' || class == 'q';

	if (variant == 1)
		return 5;
	if (variant == 2) /* R15 and R14 belong to the harness */
		return (gpr ? 13 : 15) - position;
	return position + 1;
}

static void set_operand(ZydisEncoderOperand *o, char class, unsigned number, unsigned size)
{
	if (class == 'i') {
		o->type = ZYDIS_OPERAND_TYPE_IMMEDIATE;
		o->imm.u = 0x1b;
	} else if (class == 'M' || class == 'v' || class == 'w') {
		o->type = ZYDIS_OPERAND_TYPE_MEMORY;
		o->mem.base = ZYDIS_REGISTER_RSI;
		o->mem.size = (ZyanU16)size;
		if (class != 'M') {
			o->mem.index = register_of(class, number);
			o->mem.scale = 4;
		}
	} else {
		o->type = ZYDIS_OPERAND_TYPE_REGISTER;
		o->reg.value = register_of(class, number);
	}
}

static bool encode(ZydisMnemonic mnemonic, const char *operands, unsigned size, unsigned variant,
		   struct form *form)
{
	ZydisEncoderRequest request;
	ZyanUSize length = sizeof(form->bytes);

	memset(&request, 0, sizeof(request));
	memset(form, 0, sizeof(*form));
	request.machine_mode = ZYDIS_MACHINE_MODE_LONG_64;
	request.mnemonic = mnemonic;
	request.operand_count = (ZyanU8)strlen(operands);
	/* By this alone: EVEX has its own forms of the same names. */
	request.allowed_encodings = ZYDIS_ENCODABLE_ENCODING_LEGACY | ZYDIS_ENCODABLE_ENCODING_VEX;
	for (unsigned i = 0; operands[i]; i++) {
		unsigned number = number_of(variant, i, operands[i]);

		set_operand(&request.operands[i], operands[i], number, size);
		form->mmx |= operands[i] == 'm';
		if (operands[i] == 'v' || operands[i] == 'w') {
			form->gather = true;
			form->index = (uint8_t)number;
		}
	}
	form->mask = (uint8_t)number_of(variant, 2, 'x');
	form->immediate = *operands && operands[strlen(operands) - 1] == 'i';
	form->operands = operands;
	form->size = size;
	if (!ZYAN_SUCCESS(ZydisEncoderEncodeInstruction(&request, form->bytes, &length)))
		return false;
	form->length = (uint8_t)length;
	return true;
}

/* The encoder has no registers in immediates. Registers as in variant 0. */
#define BY_HAND(mnemonic, opcode)                                                                  \
	{ .name = mnemonic,                                                                        \
	  .operands = "xxxx",                                                                      \
	  .bytes = { 0xc4, 0xe3, 0x69, opcode, 0xcb, 0x40 } },                                     \
		{ .name = mnemonic,                                                                \
		  .operands = "yyyy",                                                              \
		  .bytes = { 0xc4, 0xe3, 0x6d, opcode, 0xcb, 0x40 } },                             \
		{ .name = mnemonic,                                                                \
		  .operands = "xxMx",                                                              \
		  .size = 16,                                                                      \
		  .bytes = { 0xc4, 0xe3, 0x69, opcode, 0x0e, 0x40 } },                             \
	{                                                                                          \
		.name = mnemonic, .operands = "yyMy", .size = 32, .bytes = {                       \
			0xc4,                                                                      \
			0xe3,                                                                      \
			0x6d,                                                                      \
			opcode,                                                                    \
			0x0e,                                                                      \
			0x40                                                                       \
		}                                                                                  \
	}
static const struct form by_hand[] = {
	BY_HAND("VBLENDVPS", 0x4a),
	BY_HAND("VBLENDVPD", 0x4b),
	BY_HAND("VPBLENDVB", 0x4c),
	/* REX.W and VEX.W: lengths of 64 bits */
	{ .name = "PCMPESTRI",
	  .operands = "xxi",
	  .bytes = { 0x66, 0x48, 0x0f, 0x3a, 0x61, 0xca, 0 } },
	{ .name = "PCMPESTRM",
	  .operands = "xxi",
	  .bytes = { 0x66, 0x48, 0x0f, 0x3a, 0x60, 0xca, 0 } },
	{ .name = "VPCMPESTRI", .operands = "xxi", .bytes = { 0xc4, 0xe3, 0xf9, 0x61, 0xca, 0 } },
};

static unsigned each_by_hand(const char *name, form_visitor *visit, void *opaque)
{
	unsigned found = 0;

	for (unsigned i = 0; i < sizeof(by_hand) / sizeof(by_hand[0]); i++) {
		struct form form = by_hand[i];

		if (strcmp(form.name, name) != 0)
			continue;
		form.length = form.bytes[0] == 0x66 ? 7 : 6;
		form.immediate = form.operands[strlen(form.operands) - 1] == 'i';
		found++;
		if (visit)
			visit(&form, opaque);
	}
	return found;
}

/* 256-bit forms of AES and PCLMULQDQ are later extensions, string instructions another family. */
static bool is_ours(const char *name, const char *operands)
{
	if (strcmp(name, "MOVSD") == 0 || strcmp(name, "CMPSD") == 0)
		return *operands;
	if (strncmp(name, "VAES", 4) == 0 || strcmp(name, "VPCLMULQDQ") == 0)
		return *operands != 'y';
	return true;
}

static bool has_memory(const char *operands)
{
	return strpbrk(operands, "Mvw") != NULL;
}

static unsigned each_of(unsigned i, unsigned variant, form_visitor *visit, void *opaque)
{
	unsigned found = each_by_hand(mnemonics[i].name, visit, opaque);

	for (unsigned j = 0; j < sizeof(templates) / sizeof(templates[0]); j++) {
		bool memory = has_memory(templates[j]);

		for (unsigned size = memory ? 1 : 32; size <= 32; size *= 2) {
			struct form form;

			if (!is_ours(mnemonics[i].name, templates[j]) ||
			    !encode(mnemonics[i].mnemonic, templates[j], memory ? size : 0, variant,
				    &form))
				continue;
			form.name = mnemonics[i].name;
			found++;
			if (visit)
				visit(&form, opaque);
		}
	}
	return found;
}

void forms_each(unsigned variant, form_visitor *visit, void *opaque)
{
	for (unsigned i = 0; i < NR_MNEMONICS; i++)
		each_of(i, variant, visit, opaque);
}

unsigned forms_missing(const char **name)
{
	unsigned missing = 0;

	for (unsigned i = 0; i < NR_MNEMONICS; i++) {
		if (each_of(i, 0, NULL, NULL) == 0) {
			*name = mnemonics[i].name;
			missing++;
		}
	}
	return missing;
}
