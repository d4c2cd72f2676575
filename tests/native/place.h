/* SPDX-License-Identifier: MIT */
#ifndef UDV_TESTS_NATIVE_PLACE_H
#define UDV_TESTS_NATIVE_PLACE_H

#include "encoding.h"
#include "snippet.h"

/*
 * Makes @insn, which @e encodes and which runs at @rip, find its memory operands in DATA or near
 * it: by the registers of @state, or by the displacement in @bytes.
 */
void place_operands(struct state *state, struct random *r, const struct insn *insn,
		    const struct encoding *e, uint8_t *bytes, uint32_t rip, const uint8_t *data);
/* Only displacements of 32 bits that stand alone. */
void place_absolute(struct random *r, const struct insn *insn, const struct encoding *e,
		    uint8_t *bytes, uint32_t rip);
/* Pointers in the registers that have them by custom. */
void place_pointers(struct state *state, struct random *r);

#endif
