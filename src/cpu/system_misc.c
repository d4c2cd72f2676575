/* SPDX-License-Identifier: MIT */
#include "cpu/system_misc.h"

#include "arch/cpu_state.h"
#include "cpu/system.h"

/*
 * The rows of system_misc.h's instructions, and MOV of control and debug registers. RSM, outside
 * of SMM, and VMX instructions have no rows: they raise #UD.
 */

SLOW_HANDLER(op_in, insn_in)
SLOW_HANDLER(op_out, insn_out)
SLOW_HANDLER(op_mov_to_cr0, insn_mov_to_cr0)
SLOW_HANDLER(op_mov_to_cr2, insn_mov_to_cr2)
SLOW_HANDLER(op_mov_to_cr3, insn_mov_to_cr3)
SLOW_HANDLER(op_mov_to_cr4, insn_mov_to_cr4)
SLOW_HANDLER(op_mov_to_cr8, insn_mov_to_cr8)
SLOW_HANDLER(op_lmsw, insn_lmsw)
SLOW_HANDLER(op_clts, insn_clts)
SLOW_HANDLER(op_xsetbv, insn_xsetbv)
SLOW_HANDLER(op_mov_from_dr, insn_mov_from_dr)
SLOW_HANDLER(op_mov_to_dr, insn_mov_to_dr)
SLOW_HANDLER(op_invlpg, insn_invlpg)
SLOW_HANDLER(op_invpcid, insn_invpcid)
SLOW_HANDLER(op_invd, insn_invd)
SLOW_HANDLER(op_wbinvd, insn_wbinvd)
SLOW_HANDLER(op_monitor, insn_monitor)
SLOW_HANDLER(op_mwait, insn_mwait)
SLOW_HANDLER(op_cpuid, insn_cpuid)
SLOW_HANDLER(op_rdmsr, insn_rdmsr)
SLOW_HANDLER(op_wrmsr, insn_wrmsr)
SLOW_HANDLER(op_rdtsc, insn_rdtsc)
SLOW_HANDLER(op_rdtscp, insn_rdtscp)
SLOW_HANDLER(op_rdpmc, insn_rdpmc)
SLOW_HANDLER(op_rdrand, insn_rdrand)
SLOW_HANDLER(op_rdseed, insn_rdseed)
SLOW_HANDLER(op_wrpkru, insn_wrpkru)
SLOW_HANDLER(op_fxsave, insn_fxsave)
SLOW_HANDLER(op_fxrstor, insn_fxrstor)
SLOW_HANDLER(op_xsave, insn_xsave)
SLOW_HANDLER(op_xsaveopt, insn_xsaveopt)
SLOW_HANDLER(op_xsavec, insn_xsavec)
SLOW_HANDLER(op_xsaves, insn_xsaves)
SLOW_HANDLER(op_xrstor, insn_xrstor)
SLOW_HANDLER(op_xrstors, insn_xrstors)

PLAIN_HANDLER(op_mov_from_cr, insn_mov_from_cr)
PLAIN_HANDLER(op_smsw, insn_smsw)
PLAIN_HANDLER(op_xgetbv, insn_xgetbv)
PLAIN_HANDLER(op_rdpid, insn_rdpid)
PLAIN_HANDLER(op_rdpkru, insn_rdpkru)
PLAIN_HANDLER(op_rdfsgsbase, insn_rdfsgsbase)
PLAIN_HANDLER(op_wrfsgsbase, insn_wrfsgsbase)
PLAIN_HANDLER(op_ldmxcsr, insn_ldmxcsr)
PLAIN_HANDLER(op_stmxcsr, insn_stmxcsr)

static unsigned size_shift(unsigned bytes)
{
	return bytes == 8 ? 3 : bytes == 4 ? 2 : bytes == 2 ? 1 : 0;
}

/* flag: the port is an immediate. The size is that of the register, whatever REX.W says. */
static bool hook_in(struct translator *t, const struct insn *insn, struct op *op)
{
	(void)t;
	op->flag = insn->operand[1].kind == OPERAND_IMM;
	op->size = size_shift(insn->operand[0].size) & 3u;
	return true;
}

static bool hook_out(struct translator *t, const struct insn *insn, struct op *op)
{
	(void)t;
	op->flag = insn->operand[0].kind == OPERAND_IMM;
	op->size = size_shift(insn->operand[1].size) & 3u;
	return true;
}

/* imm: the 64-bit form of the image */
static bool hook_wide(struct translator *t, const struct insn *insn, struct op *op)
{
	(void)t;
	op->imm = !!(insn->prefixes & PREFIX_REX_W);
	return true;
}

/* imm: a VEX form */
static bool hook_mxcsr(struct translator *t, const struct insn *insn, struct op *op)
{
	(void)t;
	op->imm = !!(insn->prefixes & PREFIX_VEX);
	return true;
}

static bool hook_fs(struct translator *t, const struct insn *insn, struct op *op)
{
	(void)t;
	(void)insn;
	op->imm = SEG_FS;
	return true;
}

static bool hook_gs(struct translator *t, const struct insn *insn, struct op *op)
{
	(void)t;
	(void)insn;
	op->imm = SEG_GS;
	return true;
}

/* clang-format off */
#define ROW(name, code, handler, hook, how, needs) \
	{ INSN_##name, OP_##code, handler, hook, how, FEATURE_##needs }

const struct system_row system_misc_rows[] = {
	ROW(CLTS, CLTS, op_clts, NULL, ROW_ENDS, ALWAYS),
	ROW(CPUID, CPUID, op_cpuid, NULL, ROW_ENDS, ALWAYS),
	ROW(FXRSTOR, FXRSTOR, op_fxrstor, hook_wide, ROW_ENDS | ROW_MEMORY, FXSR),
	ROW(FXRSTOR64, FXRSTOR, op_fxrstor, hook_wide, ROW_ENDS | ROW_MEMORY, FXSR),
	ROW(FXSAVE, FXSAVE, op_fxsave, hook_wide, ROW_ENDS | ROW_MEMORY, FXSR),
	ROW(FXSAVE64, FXSAVE, op_fxsave, hook_wide, ROW_ENDS | ROW_MEMORY, FXSR),
	ROW(IN, IN, op_in, hook_in, ROW_ENDS, ALWAYS),
	ROW(INVD, INVD, op_invd, NULL, ROW_ENDS, ALWAYS),
	ROW(INVLPG, INVLPG, op_invlpg, NULL, ROW_ENDS | ROW_MEMORY, ALWAYS),
	ROW(INVPCID, INVPCID, op_invpcid, NULL, ROW_ENDS | ROW_MEMORY, INVPCID),
	ROW(LDMXCSR, LDMXCSR, op_ldmxcsr, hook_mxcsr, ROW_MEMORY, SSE),
	ROW(LMSW, LMSW, op_lmsw, NULL, ROW_ENDS, ALWAYS),
	ROW(MONITOR, MONITOR, op_monitor, NULL, ROW_ENDS, MONITOR),
	ROW(MWAIT, MWAIT, op_mwait, NULL, ROW_ENDS, MONITOR),
	ROW(OUT, OUT, op_out, hook_out, ROW_ENDS, ALWAYS),
	ROW(RDFSBASE, RDFSGSBASE, op_rdfsgsbase, hook_fs, ROW_UD_NOT_64 | ROW_REGISTER, FSGSBASE),
	ROW(RDGSBASE, RDFSGSBASE, op_rdfsgsbase, hook_gs, ROW_UD_NOT_64 | ROW_REGISTER, FSGSBASE),
	ROW(RDMSR, RDMSR, op_rdmsr, NULL, ROW_ENDS, MSR),
	ROW(RDPID, RDPID, op_rdpid, NULL, ROW_REGISTER, RDPID),
	ROW(RDPKRU, RDPKRU, op_rdpkru, NULL, 0, PKU),
	ROW(RDPMC, RDPMC, op_rdpmc, NULL, ROW_ENDS, ALWAYS),
	ROW(RDRAND, RDRAND, op_rdrand, NULL, ROW_ENDS | ROW_REGISTER, RDRAND),
	ROW(RDSEED, RDSEED, op_rdseed, NULL, ROW_ENDS | ROW_REGISTER, RDSEED),
	ROW(RDTSC, RDTSC, op_rdtsc, NULL, ROW_ENDS, TSC),
	ROW(RDTSCP, RDTSCP, op_rdtscp, NULL, ROW_ENDS, RDTSCP),
	ROW(SMSW, SMSW, op_smsw, NULL, 0, ALWAYS),
	ROW(STMXCSR, STMXCSR, op_stmxcsr, hook_mxcsr, ROW_MEMORY, SSE),
	ROW(WBINVD, WBINVD, op_wbinvd, NULL, ROW_ENDS, ALWAYS),
	ROW(WRFSBASE, WRFSGSBASE, op_wrfsgsbase, hook_fs, ROW_UD_NOT_64 | ROW_REGISTER, FSGSBASE),
	ROW(WRGSBASE, WRFSGSBASE, op_wrfsgsbase, hook_gs, ROW_UD_NOT_64 | ROW_REGISTER, FSGSBASE),
	ROW(WRMSR, WRMSR, op_wrmsr, NULL, ROW_ENDS, MSR),
	ROW(WRPKRU, WRPKRU, op_wrpkru, NULL, ROW_ENDS, PKU),
	ROW(XGETBV, XGETBV, op_xgetbv, NULL, 0, XSAVE),
	ROW(XRSTOR, XRSTOR, op_xrstor, hook_wide, ROW_ENDS | ROW_MEMORY, XSAVE),
	ROW(XRSTOR64, XRSTOR, op_xrstor, hook_wide, ROW_ENDS | ROW_MEMORY, XSAVE),
	ROW(XRSTORS, XRSTORS, op_xrstors, hook_wide, ROW_ENDS | ROW_MEMORY, XSAVES),
	ROW(XRSTORS64, XRSTORS, op_xrstors, hook_wide, ROW_ENDS | ROW_MEMORY, XSAVES),
	ROW(XSAVE, XSAVE, op_xsave, hook_wide, ROW_ENDS | ROW_MEMORY, XSAVE),
	ROW(XSAVE64, XSAVE, op_xsave, hook_wide, ROW_ENDS | ROW_MEMORY, XSAVE),
	ROW(XSAVEC, XSAVEC, op_xsavec, hook_wide, ROW_ENDS | ROW_MEMORY, XSAVEC),
	ROW(XSAVEC64, XSAVEC, op_xsavec, hook_wide, ROW_ENDS | ROW_MEMORY, XSAVEC),
	ROW(XSAVEOPT, XSAVEOPT, op_xsaveopt, hook_wide, ROW_ENDS | ROW_MEMORY, XSAVEOPT),
	ROW(XSAVEOPT64, XSAVEOPT, op_xsaveopt, hook_wide, ROW_ENDS | ROW_MEMORY, XSAVEOPT),
	ROW(XSAVES, XSAVES, op_xsaves, hook_wide, ROW_ENDS | ROW_MEMORY, XSAVES),
	ROW(XSAVES64, XSAVES, op_xsaves, hook_wide, ROW_ENDS | ROW_MEMORY, XSAVES),
	ROW(XSETBV, XSETBV, op_xsetbv, NULL, ROW_ENDS, XSAVE),
	{ .insn = INSN_NONE },
};
/* clang-format on */

/* ---------------------------------------------------------------- MOV CR, MOV DR */

static void set_op(struct op *op, unsigned code, op_fn *fn)
{
	op->code = (uint16_t)code;
	op->fn = fn;
}

/* Which registers there are: CR0, 2, 3, 4, and CR8 in 64-bit mode; DR0..7. */
static bool cr_exists(const struct translator *t, unsigned number)
{
	if (number == 8)
		return (t->mode & MODE_CODE) == MODE_CODE64;
	return number <= 4 && number != 1;
}

static void set_cr_writer(struct op *op, unsigned number)
{
	switch (number) {
	case 0:
		set_op(op, OP_MOV_TO_CR0, op_mov_to_cr0);
		break;
	case 2:
		set_op(op, OP_MOV_TO_CR2, op_mov_to_cr2);
		break;
	case 3:
		set_op(op, OP_MOV_TO_CR3, op_mov_to_cr3);
		break;
	case 4:
		set_op(op, OP_MOV_TO_CR4, op_mov_to_cr4);
		break;
	default:
		set_op(op, OP_MOV_TO_CR8, op_mov_to_cr8);
	}
}

bool translate_mov_cr(struct translator *t, const struct insn *insn, struct op *op)
{
	const struct operand *to = &insn->operand[0], *from = &insn->operand[1];
	bool reads = to->class == CLASS_GPR;
	const struct operand *special = reads ? from : to;

	op->size = (t->mode & MODE_CODE) == MODE_CODE64 ? 3 : 2;
	op->dst = reads ? GPR_OFFSET(to->number) : to->number;
	op->src = reads ? from->number : GPR_OFFSET(from->number);
	if (insn->prefixes & PREFIX_LOCK)
		return false;
	if (special->class == CLASS_DR) {
		if (special->number > 7)
			return false;
		t->ends = true;
		if (reads)
			set_op(op, OP_MOV_FROM_DR, op_mov_from_dr);
		else
			set_op(op, OP_MOV_TO_DR, op_mov_to_dr);
		return true;
	}
	if (special->class != CLASS_CR || !cr_exists(t, special->number))
		return false;
	/* Reads too: they take time, and where a block goes on afterwards must not decide when an
	 * interrupt is seen. */
	t->ends = true;
	if (reads) {
		set_op(op, OP_MOV_FROM_CR, op_mov_from_cr);
		return true;
	}
	set_cr_writer(op, special->number);
	return true;
}
