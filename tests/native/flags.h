/* SPDX-License-Identifier: MIT */
#ifndef UDV_TESTS_NATIVE_FLAGS_H
#define UDV_TESTS_NATIVE_FLAGS_H

#include "cpu/insn.h"
#include "state.h"

/*
 * Status flags that the SDM leaves undefined after @insn. @state, from before it, gives the counts
 * of shifts; NULL: any count.
 */
uint64_t flags_undefined(const struct insn *insn, const struct state *state);
/* Whether it defines all flags that it does not leave undefined, whatever they were. */
bool flags_all_written(const struct insn *insn);
/* Whether what it does may depend on status flags. */
bool flags_read(const struct insn *insn);

#endif
