/* SPDX-License-Identifier: MIT */
#ifndef UDV_TESTS_NATIVE_KNOWN_H
#define UDV_TESTS_NATIVE_KNOWN_H

#include "snippet.h"

/*
 * What AMD's processors do otherwise than Intel's manual has it: @want is made what ours is to be
 * compared with.
 */
void known_adjust(const struct snippet *s, struct state *want, const struct state *got);

#endif
