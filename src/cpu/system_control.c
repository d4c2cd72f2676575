/* SPDX-License-Identifier: MIT */
#include "cpu/system_control.h"

#include "cpu/control.h"
#include "cpu/system.h"

/*
 * The rows of OPCODES_CONTROL, and the instructions that are a call of control.h.
 */

static bool do_int(struct cpu *cpu, const struct op *op)
{
	return cpu_software_event(cpu, (uint8_t)op->imm, EVENT_SOFTWARE_INTERRUPT, op->length);
}

static bool do_int1(struct cpu *cpu, const struct op *op)
{
	return cpu_software_event(cpu, VECTOR_DB, EVENT_PRIVILEGED_EXCEPTION, op->length);
}

static bool do_int3(struct cpu *cpu, const struct op *op)
{
	return cpu_software_event(cpu, VECTOR_BP, EVENT_SOFTWARE_EXCEPTION, op->length);
}

static bool do_into(struct cpu *cpu, const struct op *op)
{
	if (!(cpu->state.rflags & FLAG_OF))
		return true;
	return cpu_software_event(cpu, VECTOR_OF, EVENT_SOFTWARE_EXCEPTION, op->length);
}

static bool do_iret(struct cpu *cpu, const struct op *op)
{
	return cpu_iret(cpu, 1u << op->size);
}

static bool do_hlt(struct cpu *cpu, const struct op *op)
{
	(void)op;
	if (cpu->state.cpl != 0)
		return raise_gp0(cpu);
	if (cpu_intercepts(cpu, INTERCEPT_HLT, 0, 0))
		return false;
	cpu->state.activity = ACTIVITY_HLT;
	return true;
}

SLOW_HANDLER(op_arpl, control_arpl)
SLOW_HANDLER(op_hlt, do_hlt)
SLOW_HANDLER(op_int, do_int)
SLOW_HANDLER(op_int1, do_int1)
SLOW_HANDLER(op_int3, do_int3)
SLOW_HANDLER(op_into, do_into)
SLOW_HANDLER(op_iret, do_iret)
SLOW_HANDLER(op_lar, control_lar)
SLOW_HANDLER(op_lgdt, control_lgdt)
SLOW_HANDLER(op_lidt, control_lidt)
SLOW_HANDLER(op_lldt, control_lldt)
SLOW_HANDLER(op_load_pointer, control_load_pointer)
SLOW_HANDLER(op_lsl, control_lsl)
SLOW_HANDLER(op_ltr, control_ltr)
SLOW_HANDLER(op_popf, control_popf)
SLOW_HANDLER(op_sti, control_sti)
SLOW_HANDLER(op_syscall, control_syscall)
SLOW_HANDLER(op_sysenter, control_sysenter)
SLOW_HANDLER(op_sysexit, control_sysexit)
SLOW_HANDLER(op_sysret, control_sysret)
SLOW_HANDLER(op_verr, control_verr)
SLOW_HANDLER(op_verw, control_verw)
PLAIN_HANDLER(op_clac, control_clac)
PLAIN_HANDLER(op_cli, control_cli)
PLAIN_HANDLER(op_pushf, control_pushf)
PLAIN_HANDLER(op_sgdt, control_sgdt)
PLAIN_HANDLER(op_sidt, control_sidt)
PLAIN_HANDLER(op_sldt, control_sldt)
PLAIN_HANDLER(op_stac, control_stac)
PLAIN_HANDLER(op_str, control_str)
PLAIN_HANDLER(op_swapgs, control_swapgs)

/* Hooks */

/* Mnemonics say the operand size. */
static bool translate_size(struct translator *t, const struct insn *insn, struct op *op)
{
	(void)t;
	switch (insn->id) {
	case INSN_IRETQ:
	case INSN_PUSHFQ:
	case INSN_POPFQ:
		op->size = 3;
		break;
	case INSN_IRETD:
	case INSN_PUSHFD:
	case INSN_POPFD:
		op->size = 2;
		break;
	default:
		op->size = 1;
		break;
	}
	return true;
}

static bool translate_pointer(struct translator *t, const struct insn *insn, struct op *op)
{
	(void)t;
	switch (insn->id) {
	case INSN_LDS:
		op->imm = SEG_DS;
		break;
	case INSN_LES:
		op->imm = SEG_ES;
		break;
	case INSN_LFS:
		op->imm = SEG_FS;
		break;
	case INSN_LGS:
		op->imm = SEG_GS;
		break;
	default:
		op->imm = SEG_SS;
		break;
	}
	return true;
}

/* Without REX.W the operand size is 32 bits, whatever the prefixes are. */
static bool translate_wide(struct translator *t, const struct insn *insn, struct op *op)
{
	(void)t;
	op->size = insn->prefixes & PREFIX_REX_W ? 3 : 2;
	return true;
}

#define ROW(name, op, handler, hook, bits, needs)                                                  \
	{                                                                                          \
		.insn = INSN_##name, .op_code = OP_##op, .fn = op_##handler, .translate = (hook),  \
		.flags = (bits), .feature = FEATURE_##needs                                        \
	}
#define REAL_UD ROW_UD_REAL
#define ENDS ROW_ENDS
#define POINTER (ROW_ENDS | ROW_MEMORY)

/* clang-format off */
const struct system_row system_control_rows[] = {
	ROW(ARPL, ARPL, arpl, NULL, ENDS | REAL_UD | ROW_UD_64, ALWAYS),
	ROW(CLAC, CLAC, clac, NULL, 0, SMAP),
	ROW(CLI, CLI, cli, NULL, 0, ALWAYS),
	ROW(HLT, HLT, hlt, NULL, ENDS, ALWAYS),
	ROW(INT, INT, int, NULL, ENDS, ALWAYS),
	ROW(INT1, INT1, int1, NULL, ENDS, ALWAYS),
	ROW(INT3, INT3, int3, NULL, ENDS, ALWAYS),
	ROW(INTO, INTO, into, NULL, ENDS | ROW_UD_64, ALWAYS),
	ROW(IRET, IRET, iret, translate_size, ENDS, ALWAYS),
	ROW(IRETD, IRET, iret, translate_size, ENDS, ALWAYS),
	ROW(IRETQ, IRET, iret, translate_size, ENDS, ALWAYS),
	ROW(LAR, LAR, lar, NULL, ENDS | REAL_UD, ALWAYS),
	ROW(LDS, LOAD_FAR_POINTER, load_pointer, translate_pointer, POINTER | ROW_UD_64, ALWAYS),
	ROW(LES, LOAD_FAR_POINTER, load_pointer, translate_pointer, POINTER | ROW_UD_64, ALWAYS),
	ROW(LFS, LOAD_FAR_POINTER, load_pointer, translate_pointer, POINTER, ALWAYS),
	ROW(LGDT, LGDT, lgdt, NULL, ENDS | ROW_MEMORY, ALWAYS),
	ROW(LGS, LOAD_FAR_POINTER, load_pointer, translate_pointer, POINTER, ALWAYS),
	ROW(LIDT, LIDT, lidt, NULL, ENDS | ROW_MEMORY, ALWAYS),
	ROW(LLDT, LLDT, lldt, NULL, ENDS | REAL_UD, ALWAYS),
	ROW(LSL, LSL, lsl, NULL, ENDS | REAL_UD, ALWAYS),
	ROW(LSS, LOAD_FAR_POINTER, load_pointer, translate_pointer, POINTER, ALWAYS),
	ROW(LTR, LTR, ltr, NULL, ENDS | REAL_UD, ALWAYS),
	ROW(POPF, POPF, popf, translate_size, ENDS, ALWAYS),
	ROW(POPFD, POPF, popf, translate_size, ENDS, ALWAYS),
	ROW(POPFQ, POPF, popf, translate_size, ENDS, ALWAYS),
	ROW(PUSHF, PUSHF, pushf, translate_size, 0, ALWAYS),
	ROW(PUSHFD, PUSHF, pushf, translate_size, 0, ALWAYS),
	ROW(PUSHFQ, PUSHF, pushf, translate_size, 0, ALWAYS),
	ROW(SGDT, SGDT, sgdt, NULL, ROW_MEMORY, ALWAYS),
	ROW(SIDT, SIDT, sidt, NULL, ROW_MEMORY, ALWAYS),
	ROW(SLDT, SLDT, sldt, NULL, REAL_UD, ALWAYS),
	ROW(STAC, STAC, stac, NULL, 0, SMAP),
	ROW(STI, STI, sti, NULL, ENDS, ALWAYS),
	ROW(STR, STR, str, NULL, REAL_UD, ALWAYS),
	ROW(SWAPGS, SWAPGS, swapgs, NULL, ROW_UD_NOT_64, ALWAYS),
	ROW(SYSCALL, SYSCALL, syscall, NULL, ENDS, SYSCALL),
	ROW(SYSENTER, SYSENTER, sysenter, NULL, ENDS, SEP),
	ROW(SYSEXIT, SYSEXIT, sysexit, translate_wide, ENDS, SEP),
	ROW(SYSRET, SYSRET, sysret, translate_wide, ENDS, SYSCALL),
	ROW(VERR, VERR, verr, NULL, ENDS | REAL_UD, ALWAYS),
	ROW(VERW, VERW, verw, NULL, ENDS | REAL_UD, ALWAYS),
	{ .insn = INSN_NONE },
};
/* clang-format on */
