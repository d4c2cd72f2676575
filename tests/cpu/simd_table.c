/* SPDX-License-Identifier: MIT */
#include "simd_table.h"

#include <string.h>

void table_inputs(struct rig *rig, unsigned row, bool gather, struct rig_state *state)
{
	struct rig_random random = { row };

	rig_random_state(&random, state);
	state->gpr[GPR_RSI] = state->gpr[GPR_RDI] = RIG_DATA;
	state->gpr[GPR_RSP] = state->gpr[15] = 0;
	for (unsigned i = 0; i < 128; i += 32)
		rig_random_vector(&random, (union arch_vector *)(rig->memory + i));
	memset(rig->memory + 2, 0, 2); /* VLDMXCSR: reserved bits */
	/* Indices of gathers that stay inside */
	for (unsigned i = 0; gather && i < 8; i++)
		state->ymm[2].u32[i] = i & 1 ? 0 : state->ymm[2].u32[i] & 15;
}

void table_result(const struct rig_state *state, const uint8_t *memory, char place,
		  uint64_t result[4])
{
	memset(result, 0, 32);
	switch (place) {
	case '0':
		memcpy(result, &state->ymm[0], 32);
		break;
	case '1':
		memcpy(result, &state->ymm[1], 32);
		break;
	case 'm':
		result[0] = state->mmx[1];
		break;
	case 'c':
		result[0] = state->gpr[GPR_RCX];
		break;
	default:
		memcpy(result, memory, 32);
		break;
	}
}
