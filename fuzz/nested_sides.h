/* SPDX-License-Identifier: MIT */
#ifndef UDV_FUZZ_NESTED_SIDES_H
#define UDV_FUZZ_NESTED_SIDES_H

#include <stdbool.h>

#include "../tools/diff.h"
#include "nested_world.h"

/* The world of nested_world.h on one engine, and what was to be seen of it. */
struct side {
	const char *cpu; /* as in struct udv_machine_config */
	struct udv_machine *machine;
	struct diff_queue queue; /* of events and exits, in their order */
	struct diff_end end;
	struct udv_machine_stats stats;
	uint8_t memory[WORLD_MEMORY];
};

/* Adds to @side->queue; all else is that of the end, after at most @instructions. */
void side_run(struct side *side, enum udv_engine engine, uint32_t stress, uint64_t instructions,
	      const struct code *l1, const struct code *l2);
/* All is the same, or else the first difference is printed. Empties both queues. */
bool sides_same(struct side *direct, struct side *nested);

#endif
