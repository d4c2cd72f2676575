/* SPDX-License-Identifier: MIT */
#include "paging/walk.h"

void record_step(struct walk *w, const struct udv_step *step)
{
	struct udv_walk_record *record = w->record;

	if (record->nr_steps < UDV_MAX_STEPS)
		record->steps[record->nr_steps++] = *step;
}

void record_update(struct walk *w, enum udv_dimension dimension, uint64_t address, uint64_t value)
{
	struct udv_walk_record *record = w->record;

	for (unsigned i = 0; record && i < record->nr_steps; i++) {
		struct udv_step *step = &record->steps[i];

		if (step->address.value != address || step->dimension != dimension ||
		    step->flags & UDV_STEP_REGISTER)
			continue;
		step->new_value = value;
		step->flags |= UDV_STEP_WRITTEN;
	}
}
