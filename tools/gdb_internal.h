/* SPDX-License-Identifier: MIT */
#ifndef UDV_TOOLS_GDB_INTERNAL_H
#define UDV_TOOLS_GDB_INTERNAL_H

#include "gdb.h"
#include "gdb_packet.h"

#include <stdio.h>

/* Between the files of the stub. */

struct gdb {
	struct udv_machine *machine;
	unsigned nr_cpus;
	struct gdb_link link;
	enum gdb_state state;
	unsigned cpu;	   /* whose registers and memory are asked for */
	unsigned step_cpu; /* of "c" and "s" */
	bool over;	   /* the machine has stopped for good, and the debugger knows */
	unsigned stop_cpu; /* of the last stop reply */
	char stop_reply[96];
	char *description; /* of the target, in XML */
	size_t description_size;
	struct udv_vmx_stops stops;
	/* Breakpoints, of the kind that the debugger asked for: it wants to hear that again. */
	struct gdb_breakpoint {
		uint64_t address;
		bool software;
	} breakpoints[UDV_MAX_BREAKPOINTS];
	unsigned nr_breakpoints;
};

#define GDB_SIGINT 2u
#define GDB_SIGTRAP 5u
#define GDB_SIGSEGV 11u

/* A text on the debugger's console, while the machine runs or within a monitor command. */
void gdb_console(struct gdb *gdb, const char *text, size_t size);

/* Nothing of the debugger's stays in the machine: it goes on alone, or the run ends. */
void gdb_let_go(struct gdb *gdb, bool kill);

/* gdb_requests.c: answers the packet that has come. */
void gdb_request(struct gdb *gdb);

/* gdb_registers.c */
/* NULL: out of memory. */
char *gdb_describe_target(size_t *size);
/* All of them in the debugger's order and form. */
void gdb_read_all(struct gdb *gdb);
/* False: no such register, or not so many digits. */
bool gdb_read_one(struct gdb *gdb, uint64_t number);
bool gdb_write_one(struct gdb *gdb, uint64_t number, struct gdb_span hex);
bool gdb_write_all(struct gdb *gdb, struct gdb_span hex);

/* gdb_monitor.c: the text of a monitor command; what it prints goes to the console. */
void gdb_monitor(struct gdb *gdb, const char *command);
/* "L2, VMCS 0x1000": of processor @cpu, for the list of threads. */
void gdb_level_text(const struct gdb *gdb, unsigned cpu, char *buffer, size_t size);

#endif
