/* SPDX-License-Identifier: MIT */
#ifndef UDV_TOOLS_RUN_LOOP_H
#define UDV_TOOLS_RUN_LOOP_H

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>

#include <undervisor/machine.h>

#include "gdb_socket.h"
#include "run.h"
#include "run_input.h"
#include "run_progress.h"
#include "run_record.h"

struct run_loop {
	struct udv_machine *machine;
	struct run_serial *serial, *console;
	struct gdb_server *gdb;
	struct run_record record; /* written or replayed, if it has a file */
	struct run_progress progress;
	struct run_input input;
	const volatile sig_atomic_t *caught; /* the signal that is to end the run */
	uint64_t left;			     /* of the instructions it may take */

	bool more_to_come; /* of input, as the recording tells */
	double seconds;	   /* of the host's time, running */
	bool quit;	   /* by Ctrl-A x, or Ctrl-C while the guest did not listen */
	bool killed;	   /* by the debugger */
	bool replay_over;  /* stopped where the recording ends */
	bool failed;	   /* the replay was not the run, with a line on standard error */
};

/* Runs until something ends the run. */
void run_loop(struct run_loop *loop, struct udv_stop_info *info);

#endif
