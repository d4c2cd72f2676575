/* SPDX-License-Identifier: MIT */
#ifndef UDV_TESTS_NATIVE_ENCODING_H
#define UDV_TESTS_NATIVE_ENCODING_H

#include "cpu/insn.h"
#include "random.h"

/* Bytes that may be an instruction, and where in them the parts of its memory operand are. */
struct encoding {
	uint8_t bytes[15];
	unsigned modrm; /* offset; what follows is a ModRM byte if the opcode has one */
	unsigned disp, disp_size;
	uint8_t map; /* 0, 1 for 0F, 2, 3; 4 for VEX */
	bool code32, address16;
};

/* @absolute: a memory operand has a displacement of 32 bits, and mostly no register. */
void encoding_make(struct encoding *e, struct random *r, bool code32, bool absolute);

/* Another one with the same prefixes and opcode, the part of it in ModRM included. */
void encoding_vary(struct encoding *e, struct random *r, bool absolute);

#endif
