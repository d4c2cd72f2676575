/* SPDX-License-Identifier: MIT */
#ifndef UDV_CPU_INSN_H
#define UDV_CPU_INSN_H

#include <stdbool.h>
#include <stdint.h>

#include "cpu/insns.h"

/*
 * A decoded instruction, in our own terms. Only decode.c knows the decoder's.
 */

/* Mnemonics and the families that translate them: insns.h. */
enum insn_family {
	FAMILY_NONE, /* not one of ours: #UD */
	FAMILY_INTEGER,
	FAMILY_BRANCH,
	FAMILY_STRING,
	FAMILY_SYSTEM,
	FAMILY_X87,
	FAMILY_SIMD,
};

enum insn_id {
	INSN_NONE,
#define INSN_ENUM(name) INSN_##name,
	INSNS(INSN_ENUM)
#undef INSN_ENUM
		NR_INSNS,
};

enum operand_kind {
	OPERAND_NONE,
	OPERAND_REG,
	OPERAND_MEM,
	OPERAND_IMM,
	OPERAND_FAR, /* selector:offset in the instruction: insn.imm[0] is the offset, [1] the
			selector */
};

enum reg_class {
	CLASS_NONE,
	CLASS_GPR, /* number 0..15; @high for AH, CH, DH, BH (then number 0..3) */
	CLASS_SEG, /* enum arch_segment */
	CLASS_CR,
	CLASS_DR,
	CLASS_X87,
	CLASS_MMX,
	CLASS_XMM,
	CLASS_YMM,
};

struct operand {
	uint8_t kind;	/* enum operand_kind */
	uint8_t class;	/* enum reg_class, of a register */
	uint8_t number; /* of a register; of an immediate: its index in insn.imm */
	uint8_t size;	/* in bytes, as the instruction accesses it; 0 if it has no fixed size */
	bool high;
	bool read, written;
};

#define PREFIX_LOCK 0x1u
#define PREFIX_REP 0x2u	  /* F3 as REP or REPE */
#define PREFIX_REPNE 0x4u /* F2 as REPNE */
#define PREFIX_VEX 0x8u
#define PREFIX_REX_W 0x10u
#define PREFIX_F3 0x20u /* the byte is there, whatever it means */
#define PREFIX_F2 0x40u
#define PREFIX_66 0x80u

#define INSN_MAX_OPERANDS 5 /* explicit ones, in the order of the manual */

struct insn {
	uint16_t id;	       /* enum insn_id */
	uint8_t length;	       /* in bytes, 1..15 */
	uint8_t operand_size;  /* effective: 2, 4 or 8 bytes (1 for byte forms) */
	uint8_t address_size;  /* effective: 2, 4 or 8 */
	uint8_t stack_size;    /* width of the stack pointer as the mode has it: unused if 0 */
	uint8_t prefixes;      /* PREFIX_* */
	uint8_t vector_length; /* VEX: 16 or 32; else 0 */
	uint8_t opcode;	       /* the opcode byte proper */
	uint8_t map;	       /* 0: one byte, 1: 0F, 2: 0F38, 3: 0F3A */
	uint8_t modrm;
	uint8_t nr_operands;
	uint8_t feature; /* enum arch_feature it needs */
	struct operand operand[INSN_MAX_OPERANDS];
	struct {
		uint8_t base, index;  /* GPR number, GPR_ZERO for none; RIP-relative: see below */
		uint8_t scale;	      /* as a shift: 0..3 */
		uint8_t segment;      /* enum arch_segment, default applied */
		bool rip_relative;    /* @displacement is from the end of the instruction */
		bool vsib;	      /* @index is a vector register */
		int64_t displacement; /* 64 bits only for MOV moffs */
	} mem;
	uint64_t imm[2]; /* sign-extended where the instruction does so */
};

/* The code size and kind of mode that decoding depends on. */
enum insn_mode {
	INSN_MODE_16,  /* real, virtual-8086 */
	INSN_MODE_16P, /* protected, 16-bit code segment */
	INSN_MODE_32,
	INSN_MODE_64,
};

enum decode_result {
	DECODE_OK,
	DECODE_MORE,	  /* the bytes end before the instruction does */
	DECODE_UNDEFINED, /* #UD */
	DECODE_TOO_LONG,  /* more than 15 bytes: #GP(0) */
};

/*
 * Decodes what starts at @bytes, of which @count may be read. On anything but DECODE_OK the
 * instruction is not filled in.
 */
enum decode_result insn_decode(enum insn_mode mode, const uint8_t *bytes, unsigned count,
			       struct insn *insn);

extern const uint8_t insn_families[NR_INSNS]; /* enum insn_family */
const char *insn_name(unsigned id);

#endif
