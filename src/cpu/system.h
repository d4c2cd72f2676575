/* SPDX-License-Identifier: MIT */
#ifndef UDV_CPU_SYSTEM_H
#define UDV_CPU_SYSTEM_H

#include "cpu/handler.h"
#include "cpu/op.h"

/*
 * The SYSTEM family is a table: a row says what an instruction's op is. translate_system() looks
 * the row up (control's rows first, then the others), refuses the modes and features that raise
 * #UD, and fills in the operands:
 *   dst   the register of the first explicit operand, src that of the second, reg[0] of the third
 *         (only if there is one: it shares its place with imm). GPRs as byte offsets, all other
 *         registers by number; GPR_OFFSET(GPR_ZERO) where the operand is no register
 *   flag  one of the operands is in memory
 *   imm   the first immediate
 * Then the row's hook, if it has one, may change anything; false from it is #UD.
 */
#define ROW_UD_REAL 0x1u   /* #UD in real mode and virtual-8086 mode */
#define ROW_UD_64 0x2u	   /* #UD in 64-bit mode */
#define ROW_UD_NOT_64 0x4u /* #UD outside of 64-bit mode */
#define ROW_MEMORY 0x8u	   /* #UD if no operand is in memory */
#define ROW_REGISTER 0x10u /* #UD if an operand is in memory */
#define ROW_ENDS 0x20u	   /* the block ends: fn is a SLOW_HANDLER that may change anything */

struct system_row {
	uint16_t insn;	  /* enum insn_id; a row of INSN_NONE ends the table */
	uint16_t op_code; /* enum op_code */
	op_fn *fn;
	translate_fn *translate; /* hook, or NULL */
	uint8_t flags;		 /* ROW_* */
	uint8_t feature;	 /* enum arch_feature that it needs, FEATURE_ALWAYS for none */
};

/* system_control.c and system_misc.c */
extern const struct system_row system_control_rows[];
extern const struct system_row system_misc_rows[];
/* vmx_insns.c */
extern const struct system_row system_vmx_rows[];

#endif
