/* SPDX-License-Identifier: MIT */
#include "cpu/op.h"

/* No x87 instruction yet: #UD. */
bool translate_x87(struct translator *t, const struct insn *insn, struct op *op)
{
	(void)t;
	(void)insn;
	(void)op;
	return false;
}
