/* SPDX-License-Identifier: MIT */
#ifndef UDV_TESTS_SIMD_TABLE_H
#define UDV_TESTS_SIMD_TABLE_H

#include "simd_rig.h"

/*
 * Literal results: what a processor made of one input for each instruction. simd_table.inc is what
 * write_simd_table.c printed on an AMD EPYC.
 */
struct table_row {
	const char *name;
	uint8_t bytes[8];
	uint8_t length;
	char place; /* of the result: 0 and 1 YMM0 and YMM1, m MM1, c RCX, M memory at RSI */
	uint64_t result[4];
	uint32_t mxcsr;
	uint32_t flags;
};

/* The inputs of a row: the same everywhere. */
void table_inputs(struct rig *rig, unsigned row, bool gather, struct rig_state *state);
void table_result(const struct rig_state *state, const uint8_t *memory, char place,
		  uint64_t result[4]);

#endif
