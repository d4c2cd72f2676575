/* SPDX-License-Identifier: MIT */
#include "cpu/system.h"

static const struct system_row *find_row(const struct system_row *row, unsigned insn)
{
	for (; row->insn != INSN_NONE; row++)
		if (row->insn == insn)
			return row;
	return NULL;
}

static uint8_t operand_register(const struct operand *operand)
{
	if (operand->kind != OPERAND_REG)
		return GPR_OFFSET(GPR_ZERO);
	if (operand->class != CLASS_GPR)
		return operand->number;
	return operand->high ? GPR_OFFSET_HIGH(operand->number) : GPR_OFFSET(operand->number);
}

static bool has_memory(const struct insn *insn)
{
	for (unsigned i = 0; i < insn->nr_operands; i++)
		if (insn->operand[i].kind == OPERAND_MEM)
			return true;
	return false;
}

static bool row_allows(const struct translator *t, const struct system_row *row, bool memory)
{
	bool real = t->mode & (MODE_REAL | MODE_V86);
	bool code64 = (t->mode & MODE_CODE) == MODE_CODE64;

	if (real && row->flags & ROW_UD_REAL)
		return false;
	if (code64 ? row->flags & ROW_UD_64 : row->flags & ROW_UD_NOT_64)
		return false;
	if (memory ? row->flags & ROW_REGISTER : row->flags & ROW_MEMORY)
		return false;
	return feature_has(&t->cpu->config->features, row->feature);
}

bool translate_system(struct translator *t, const struct insn *insn, struct op *op)
{
	const struct system_row *row = find_row(system_control_rows, insn->id);
	bool memory = has_memory(insn);

	if (!row)
		row = find_row(system_misc_rows, insn->id);
	if (!row)
		row = find_row(system_vmx_rows, insn->id);
	if (!row || !row_allows(t, row, memory))
		return false;
	op->code = row->op_code;
	op->fn = row->fn;
	op->dst = operand_register(&insn->operand[0]);
	op->src = operand_register(&insn->operand[1]);
	op->imm = insn->imm[0];
	if (insn->nr_operands > 2 && insn->operand[2].kind == OPERAND_REG)
		op->reg[0] = operand_register(&insn->operand[2]);
	op->flag = memory;
	if (row->flags & ROW_ENDS)
		t->ends = true;
	return !row->translate || row->translate(t, insn, op);
}
