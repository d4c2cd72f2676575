/* SPDX-License-Identifier: MIT */
#ifndef UDV_TESTS_SIMD_NATIVE_H
#define UDV_TESTS_SIMD_NATIVE_H

#include "simd_rig.h"

/* The same instruction by the processor that runs the test: x86-64 with AVX2 alone. */

bool native_supported(void);
/* False: no memory. Takes over SIGSEGV, SIGFPE and SIGILL. */
bool native_prepare(void);
/* RSI and RDI are addresses in the rig; @memory, of RIG_MEMORY bytes, is what is there. */
void native_run(const uint8_t *bytes, unsigned length, struct rig_state *state, uint8_t *memory);

#endif
