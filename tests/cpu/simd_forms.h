/* SPDX-License-Identifier: MIT */
#ifndef UDV_TESTS_SIMD_FORMS_H
#define UDV_TESTS_SIMD_FORMS_H

#include "simd_rig.h"

/* Every form of every instruction of the family, as an encoder makes them. */
struct form {
	const char *name;
	const char *operands; /* simd_forms.c */
	unsigned size;	      /* of the memory operand */
	uint8_t bytes[16];
	uint8_t length;
	bool immediate; /* the last byte is an immediate */
	bool mmx;	/* has an MMX register */
	bool gather;
	uint8_t index, mask; /* of a gather: the vector registers */
};

typedef void form_visitor(const struct form *form, void *opaque);
/*
 * @variant 0: registers 1, 2, 3, .. in the order of the operands. 1: all the same. 2: from 15 down.
 * Memory operands are at RSI.
 */
void forms_each(unsigned variant, form_visitor *visit, void *opaque);
/* Mnemonics that have no form at all: their number, the last one in @name. */
unsigned forms_missing(const char **name);

#endif
