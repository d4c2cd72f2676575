/* SPDX-License-Identifier: MIT */
#ifndef UDV_TESTS_NATIVE_HOST_H
#define UDV_TESTS_NATIVE_HOST_H

#include "state.h"

/*
 * Code by the processor that runs the test: x86-64 Linux alone. One state for the whole process; it
 * takes over the signals of exceptions.
 */
struct host {
	uint8_t *code; /* CODE_SIZE bytes: CODE, as it can be written */
	uint8_t *data; /* DATA_SIZE bytes: DATA, likewise */
	const uint8_t *gate;
	bool gs;	      /* GS has its base at DATA_BASE */
	uint16_t gs_selector; /* 0 if not by a descriptor */
	bool code32;	      /* there is 32-bit code, with GS */
};

/* Why it cannot be done here, or NULL. */
const char *host_prepare(struct host *host);

/* Intel's; any other is taken to do as AMD's do. */
bool host_is_intel(void);

/*
 * Runs from state->rip, with @vectors with x87, MMX, SSE and AVX state too. @code32: in
 * compatibility mode.
 */
void host_run(struct state *state, bool code32, bool vectors);

#endif
