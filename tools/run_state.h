/* SPDX-License-Identifier: MIT */
#ifndef UDV_TOOLS_RUN_STATE_H
#define UDV_TOOLS_RUN_STATE_H

#include "gdb_socket.h"
#include "run.h"
#include "run_boot.h"
#include "run_entry.h"
#include "run_loop.h"
#include "run_snapshot.h"

/* All of one run. */
struct run {
	struct run_options options;
	struct run_boot boot;
	struct run_serial serial, console;
	struct run_outputs outputs;
	struct run_disk disks[UDV_MAX_DISKS];
	struct udv_disk disk_configs[UDV_MAX_DISKS];
	struct run_trace trace;
	struct run_snapshot snapshot;
	struct run_entry entry;
	struct gdb_server gdb;
	struct udv_machine *machine;
	struct run_loop loop;
};

/* What the run is made of, but for what comes in: written into its recording, or compared. */
bool run_record_parts(struct run *run);

#endif
