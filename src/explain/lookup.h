/* SPDX-License-Identifier: MIT */
#ifndef UDV_EXPLAIN_LOOKUP_H
#define UDV_EXPLAIN_LOOKUP_H

#include <stdint.h>

struct arch_vmcs_field;
struct arch_exit_reason_row;
struct arch_msr;

/* Rows of the arch tables by number; NULL if there is none. */

const struct arch_vmcs_field *lookup_vmcs_field(uint64_t encoding);
const struct arch_exit_reason_row *lookup_exit_reason(uint64_t basic);
const struct arch_msr *lookup_msr(uint64_t index);
const char *lookup_control(unsigned group, unsigned bit);

#endif
