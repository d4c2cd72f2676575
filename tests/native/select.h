/* SPDX-License-Identifier: MIT */
#ifndef UDV_TESTS_NATIVE_SELECT_H
#define UDV_TESTS_NATIVE_SELECT_H

#include "encoding.h"
#include "snippet.h"

/* What is compared at all: docs/native-tests.md gives the reasons. */

/* Whether our processor and the host's must do the same. */
bool select_insn(const struct insn *insn, bool code32, const struct snippet_wish *wish);
/* The same of bytes that are no instruction of ours: whether they are none of the host's. */
bool select_undefined(const struct encoding *e, bool code32);
/* Whether other instructions may follow in a snippet: its results are all defined. */
bool select_in_sequence(const struct insn *insn, bool code32);

bool insn_compares_x87(const struct insn *insn);
bool insn_is_gather(const struct insn *insn);
bool insn_is_masked_store(const struct insn *insn); /* MASKMOVQ and its kin */
bool insn_has_memory(const struct insn *insn);
bool insn_pops_flags(const struct insn *insn);
bool insn_is_port_string(const struct insn *insn);
bool insn_is_relative_branch(const struct insn *insn);
bool insn_is_string(const struct insn *insn); /* port strings too */
bool insn_is_mmx(const struct insn *insn);
bool insn_is_vector_mask_move(const struct insn *insn); /* VMASKMOVPS and its kin */

#endif
