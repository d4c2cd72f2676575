/* SPDX-License-Identifier: MIT */
#include "cpu/operand.h"

bool translate_integer(struct translator *t, const struct insn *insn, struct op *op)
{
	static translate_part_fn *const parts[] = { translate_move,    translate_alu,
						    translate_stack,   translate_misc,
						    translate_shift,   translate_bits,
						    translate_multiply };

	for (unsigned i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		enum translation result = parts[i](t, insn, op);

		if (result != NOT_MINE)
			return result == TRANSLATED;
	}
	return false;
}
