/* SPDX-License-Identifier: MIT */
#ifndef UDV_TOOLS_GDB_SOCKET_H
#define UDV_TOOLS_GDB_SOCKET_H

#include <signal.h>

#include "gdb.h"

/* A debugger's connection, and the run under it. */
struct gdb_server {
	int fd; /* -1: none */
	struct gdb *gdb;
	const volatile sig_atomic_t *caught; /* a signal that ends the waiting; may be NULL */
};

/* What @where is not, for a line on standard error; NULL: it can be listened at. */
const char *gdb_server_wrong(const char *where);
/*
 * Listens at @where, a port of this host's own or unix:PATH, says so on standard error, and waits
 * for a debugger. False after a line on standard error, or for a signal.
 */
bool gdb_server_open(struct gdb_server *server, const char *where,
		     const volatile sig_atomic_t *caught);
/* From here on @machine is debugged. False after a line on standard error. */
bool gdb_server_attach(struct gdb_server *server, struct udv_machine *machine);
void gdb_server_close(struct gdb_server *server);

/*
 * Serves the debugger until the machine is to run. False: the run is to end, by the debugger or
 * for a signal.
 */
bool gdb_server_wait(struct gdb_server *server);
/* After a run of the machine: true if it is to go on, whatever stopped it. */
bool gdb_server_stopped(struct gdb_server *server, const struct udv_stop_info *info);
/* The run is over, with this exit status. */
void gdb_server_ended(struct gdb_server *server, int status);

#endif
