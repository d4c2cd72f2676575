/* SPDX-License-Identifier: MIT */
#ifndef TESTS_FLOAT_HOST_SSE_H
#define TESTS_FLOAT_HOST_SSE_H

/* The host's own SSE, FMA and F16C, for x86-64 hosts. */

#include "sse_operations.h"

/*
 * Runs the instruction under *mxcsr, which becomes MXCSR as it is after it, or as the handler of
 * an exception that was not masked finds it.
 *
 * Comparisons return ZF, PF, CF as bits 2, 1, 0; where there is an immediate it is b.
 */
typedef uint64_t host_sse(uint32_t *mxcsr, uint64_t a, uint64_t b, uint64_t c);

extern host_sse *const host_sse_functions[SSE_OPERATION_COUNT];

bool host_sse_has(enum sse_feature feature);

/* Until host_sse_end() SIGFPE is ours. */
void host_sse_begin(void);
void host_sse_end(void);

#endif
