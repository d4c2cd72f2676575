/* SPDX-License-Identifier: MIT */
#ifndef UDV_TOOLS_GDB_H
#define UDV_TOOLS_GDB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <undervisor/debug.h>

/*
 * GDB's remote serial protocol for a machine: bytes in, bytes out, no socket and no clock. The
 * debugger's manual has the protocol under "Remote Protocol".
 *
 * Whoever owns the connection feeds what arrives, sends what is to be sent, and runs the machine
 * while the state is GDB_RUNNING; when a run has stopped, gdb_stopped() says so to the debugger.
 * Any bytes may come. What a peer can make this hold is bounded if output is sent before more is
 * fed.
 */
struct gdb;

enum gdb_state {
	GDB_STOPPED, /* the debugger has the word */
	GDB_RUNNING,
	GDB_INTERRUPTED, /* running, and the debugger wants it to stop: gdb_interrupted() */
	GDB_DETACHED,	 /* the run goes on alone, with nothing of the debugger's left in it */
	GDB_KILLED,	 /* the run is to end */
};

/* NULL: out of memory. The machine is @gdb's to debug until gdb_free(). */
struct gdb *gdb_new(struct udv_machine *machine);
void gdb_free(struct gdb *gdb);

enum gdb_state gdb_state(const struct gdb *gdb);
void gdb_feed(struct gdb *gdb, const void *bytes, size_t size);
/* What is to be sent, and that the first @size bytes of it have been. */
const void *gdb_output(const struct gdb *gdb, size_t *size);
void gdb_sent(struct gdb *gdb, size_t size);

/*
 * The machine has stopped. True: the debugger is told, and has the word; false: it goes on, or is
 * over for a reason that the debugger has seen, or cannot look into (power-off, an exit).
 */
bool gdb_stopped(struct gdb *gdb, const struct udv_stop_info *info);
void gdb_interrupted(struct gdb *gdb);
/* The run is over, with this exit status. */
void gdb_ended(struct gdb *gdb, unsigned status);

#endif
