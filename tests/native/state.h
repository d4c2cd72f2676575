/* SPDX-License-Identifier: MIT */
#ifndef UDV_TESTS_NATIVE_STATE_H
#define UDV_TESTS_NATIVE_STATE_H

#include <stdbool.h>
#include <stdint.h>

#include "arch/cpu_state.h"

/*
 * What the host's processor and ours start from and end with, and where both have code and data.
 *
 *   CODE   snippets, a slot each; readable, not writable
 *   DATA   writable, then one page that is not; around them is nothing
 *   GATE   where snippets jump when they are through; only the host may execute it
 *
 * All of it is below 2 GB, so that absolute and 32-bit addresses reach it. The data start at a
 * multiple of 64 KB: GS's base, which 16-bit addresses need.
 */
#define CODE_BASE 0x10000000u
#define CODE_SIZE 0x2000u
#define DATA_BASE 0x10010000u
#define DATA_WRITABLE 0x4000u
#define DATA_SIZE 0x5000u
#define GATE_BASE 0x2b39d000u /* a number that is not likely among data */
#define GATE_SIZE 0x1000u
#define GATE_64 GATE_BASE
#define GATE_32 (GATE_BASE + 0x40u)

#define SLOT_SIZE 192u
#define NR_SLOTS (CODE_SIZE / SLOT_SIZE)

/* Selectors, as Linux has them. */
#define SELECTOR_CODE32 0x23u
#define SELECTOR_DATA 0x2bu
#define SELECTOR_CODE64 0x33u

struct state {
	uint64_t gpr[16];
	uint64_t rip, rflags;
	union arch_vector ymm[16];
	struct arch_f80 st[8]; /* R0 to R7 */
	uint32_t mxcsr;
	uint16_t control, status;
	uint8_t empty;
	int vector; /* of the exception it ended with, or -1: it came to the gate */
	uint32_t error_code;
	uint64_t cr2;
};

#endif
