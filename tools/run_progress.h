/* SPDX-License-Identifier: MIT */
#ifndef UDV_TOOLS_RUN_PROGRESS_H
#define UDV_TOOLS_RUN_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

#include <undervisor/machine.h>

/* A line on standard error that tells how far the run is, twice a second at most. */
struct run_progress {
	bool on;
	bool shown;
	double when; /* 0: not yet */
	uint64_t instructions;
};

/* Of the host, from an arbitrary beginning. */
double run_seconds_now(void);

void run_progress(struct run_progress *progress, const struct udv_machine *machine);
void run_progress_clear(struct run_progress *progress);

#endif
