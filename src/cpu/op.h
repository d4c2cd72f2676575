/* SPDX-License-Identifier: MIT */
#ifndef UDV_CPU_OP_H
#define UDV_CPU_OP_H

#include <stdbool.h>
#include <stdint.h>

#include "cpu/insn.h"
#include "cpu/opcodes.h"

/*
 * What blocks are made of: one op per instruction (and one to end a block that no branch ends).
 *
 * An op says all that its instruction does: @code and the operands are enough for a compiler; @fn
 * is the interpreter's choice of a handler for them. A handler does the whole instruction or
 * nothing. It returns the op to go on with, or NULL to leave the block:
 *   - by next_op() after an instruction that can change nothing but registers and memory;
 *   - by cpu_fault() if the instruction has raised an exception, nothing of it being done;
 *   - NULL after cpu_leave(), at an instruction boundary, with state.rip where to go on.
 *
 * Registers are named by their byte offset in cpu_state.gpr, so that AH is one like the others;
 * vector registers, segments and the rest by number.
 */
struct cpu;
struct op;

typedef const struct op *op_fn(struct cpu *cpu, const struct op *op);

struct op {
	op_fn *fn;
	union {
		uint64_t imm; /* immediate, sign-extended; of a branch: target - block start */
		struct {
			uint32_t imm32; /* of SIMD and x87 ops */
			uint8_t reg[4]; /* further register operands */
		};
	};
	int32_t disp;
	uint16_t code; /* enum op_code */
	uint16_t end;  /* offset of the next instruction from the start of the block */
	uint8_t length;
	uint8_t seq;	     /* instructions of the block before this one */
	uint8_t dst, src;    /* operands, each as the code has them */
	uint8_t base, index; /* byte offsets in gpr; of GPR_ZERO for none */
	uint8_t scale;	     /* as a shift */
	uint8_t segment : 3; /* enum arch_segment */
	uint8_t size : 2;    /* operand size, as a shift: 1, 2, 4, 8 bytes */
	uint8_t address : 2; /* address size: ADDRESS_* */
	uint8_t flag : 1;    /* as the code has it */
};
_Static_assert(sizeof(struct op) == 32 || sizeof(void *) != 8, "two ops to a cache line");

/* A size of 1, 2, 4 or 8 bytes as op->size has it; anything else counts as 1. */
static inline uint8_t size_log(unsigned bytes)
{
	return bytes == 8 ? 3 : bytes == 4 ? 2 : bytes == 2 ? 1 : 0;
}

enum {
	ADDRESS_16,
	ADDRESS_32,
	ADDRESS_64,
	ADDRESS_64_AND_4G, /* RIP-relative, and disp has wrapped: 4 GB more */
};

#define GPR_OFFSET(n) ((uint8_t)((n)*8))
/* state.rip follows the file, and holds the start of the block while one runs. */
#define GPR_OFFSET_RIP GPR_OFFSET(GPR_ZERO + 1)
#define GPR_OFFSET_HIGH(n) ((uint8_t)((n)*8 + 1))

/*
 * Translation: a family fills in the op for @insn (what every op has, struct translator's caller
 * has filled in: end, length, seq, size, address, and the memory operand's base, index, scale,
 * disp and segment). False: there is no such instruction in this mode, #UD.
 */
struct translator {
	const struct cpu *cpu; /* only for what the block's mode covers: see struct block */
	uint32_t mode;	       /* MODE_* */
	bool ends;	       /* set by the family: the block must end after this op */
	uint8_t sides;	       /* branches before this op that stay in the block if not taken */
	bool single;	       /* the block is to be of one instruction: do not fuse */
	struct op *previous;   /* the op before, in the same block, or NULL */
};

typedef bool translate_fn(struct translator *t, const struct insn *insn, struct op *op);

translate_fn translate_integer, translate_branch, translate_string, translate_system, translate_x87,
	translate_simd;

#endif
