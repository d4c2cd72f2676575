/* SPDX-License-Identifier: MIT */
#ifndef TESTS_FLOAT_HOST_X87_H
#define TESTS_FLOAT_HOST_X87_H

/* The host's own x87, for x86-64 hosts. */

#include "x87_operations.h"

typedef void host_x87(struct x87 *x);

extern host_x87 *const host_x87_functions[X87_OPERATION_COUNT];
/* By enum fp_constant, to ST(0). */
extern host_x87 *const host_fld_constant[];

#endif
