/* SPDX-License-Identifier: MIT */
#ifndef UDV_TOOLS_RUN_ENTRY_H
#define UDV_TOOLS_RUN_ENTRY_H

#include "doctor.h"
#include "run.h"

/* VM entries of the guest that fail, with what "undervisor doctor" says of them. */

struct run_entry {
	struct diagnosis diagnosis; /* of the last */
	bool said;		    /* or not to be said */
};

/* To the trace, if there is one, behind the line of the event; the first to standard error. */
void run_entry_failed(struct run_entry *entry, const struct run_trace *trace,
		      const struct udv_entry_failure *failure);

#endif
