/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "run_progress.h"

#include <stdio.h>
#include <time.h>

/* In seconds. */
#define INTERVAL 0.5

double run_seconds_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

static unsigned highest_level(const struct udv_machine *machine)
{
	unsigned highest = 0, level;

	for (unsigned i = 0; (level = udv_machine_level(machine, i)) != 0; i++)
		highest = level > highest ? level : highest;
	return highest;
}

void run_progress(struct run_progress *progress, const struct udv_machine *machine)
{
	double now = run_seconds_now();
	struct udv_machine_stats stats;

	if (!progress->on || now - progress->when < INTERVAL)
		return;
	udv_machine_stats(machine, &stats);
	if (progress->when > 0) {
		fprintf(stderr,
			"\r%.1f million instructions, %.1f MIPS, %.3f virtual seconds, "
			"level %u\033[K",
			(double)stats.instructions * 1e-6,
			(double)(stats.instructions - progress->instructions) * 1e-6 /
				(now - progress->when),
			(double)stats.nanoseconds * 1e-9, highest_level(machine));
		progress->shown = true;
	}
	progress->when = now;
	progress->instructions = stats.instructions;
}

void run_progress_clear(struct run_progress *progress)
{
	if (progress->shown)
		fputs("\r\033[K", stderr);
	progress->shown = false;
}
