/* SPDX-License-Identifier: MIT */
#ifndef UDV_TESTS_NATIVE_KNOWN_H
#define UDV_TESTS_NATIVE_KNOWN_H

#include "snippet.h"

/*
 * What AMD's processors do otherwise than Intel's manual has it: @want is made what ours is to be
 * compared with.
 */
void known_adjust(const struct snippet *s, struct state *want, const struct state *got);

/*
 * Their MXCSR has a bit that is reserved in ours: with LDMXCSR of it the ways part, and nothing is
 * to be compared.
 */
bool known_to_part(const struct snippet *s, const struct state *got);

#endif
