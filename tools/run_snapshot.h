/* SPDX-License-Identifier: MIT */
#ifndef UDV_TOOLS_RUN_SNAPSHOT_H
#define UDV_TOOLS_RUN_SNAPSHOT_H

#include "run.h"

struct run;

/* Snapshots in files: docs/snapshots.md. Behind one there is a line with what the hash of its trace
 * was. */
struct run_snapshot {
	struct run_file file;  /* of --restore */
	uint64_t instructions; /* done when it was taken */
	bool has_hash;
	uint64_t hash;
	int fd; /* of --save */
};

/* False after a line on standard error: what the snapshot says is said here too. */
bool run_check_restore(const struct run_options *options);

/* The machine of --restore; disks are open. 0, or an exit status after a line. */
int run_restore(struct run *run);
/* Once all outputs are open. False after a line, as with all below. */
void run_restore_hash(struct run *run);
bool run_open_save(struct run *run);
bool run_save(struct run *run);
void run_close_snapshot(struct run *run);

#endif
