/* SPDX-License-Identifier: MIT */
#ifndef UDV_TESTS_NATIVE_KNOWN_H
#define UDV_TESTS_NATIVE_KNOWN_H

#include "snippet.h"

/*
 * What processors do otherwise than the manual has it, or where it leaves the choice to them, by
 * the vendor of the host: @want is made what ours is to be compared with.
 */
void known_adjust(const struct snippet *s, struct state *want, const struct state *got);

/* From here on the ways may part, memory too: nothing is to be compared. */
bool known_to_part(const struct snippet *s, const struct state *want, const struct state *got);

/* The last instruction has faulted, and may have stored up to KNOWN_STORE bytes before it did. */
#define KNOWN_STORE 10u
bool known_to_store(const struct snippet *s, const struct state *want, const struct state *got);

#endif
