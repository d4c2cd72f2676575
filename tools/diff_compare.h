/* SPDX-License-Identifier: MIT */
#ifndef UDV_TOOLS_DIFF_COMPARE_H
#define UDV_TOOLS_DIFF_COMPARE_H

#include <stdbool.h>
#include <stdint.h>

#include <undervisor/paging.h>
#include <undervisor/vm_exit.h>

/*
 * What a machine does, as a sequence of records, and whether two of them are the same. Pure: no
 * machine is needed.
 */

enum diff_kind {
	DIFF_EVENT, /* of the trace, but for exits */
	DIFF_EXIT,
	DIFF_SERIAL, /* a byte that the guest sent on COM1 */
	DIFF_CONSOLE,
	DIFF_END,
};

struct diff_walk {
	struct udv_paging paging;
	struct udv_walk_result result;
	struct udv_walk_record record;
};

struct diff_end {
	struct udv_stop_info info; /* instructions: of the whole run */
	uint64_t ticks;
	unsigned nr_cpus;
	struct udv_registers registers[UDV_MAX_CPUS];
};

/* What does not belong to the kind is 0. The pointers are the record's own. */
struct diff_record {
	enum diff_kind kind;
	/* Of an exit, the same as in the trace. Its pointers are those below, or NULL. */
	struct udv_trace_event event;
	struct udv_ve_information ve; /* of a #VE */
	struct udv_vm_exit *exit;
	struct diff_walk *walk; /* shown, not compared: how a fault was found is the engine's */
	struct diff_end *end;
	uint8_t byte;
};

/* A field that is not the same. */
struct diff_field {
	char name[80]; /* "EXIT_QUALIFICATION", "L2's RAX" */
	uint64_t values[2];
};

#define DIFF_MAX_FIELDS 48u

struct diff_fields {
	unsigned count; /* of all that differ; the first DIFF_MAX_FIELDS are in the list */
	struct diff_field list[DIFF_MAX_FIELDS];
};

/* How @a and @b differ. Records of different kinds differ in "what happens". */
void diff_compare(const struct diff_record *a, const struct diff_record *b,
		  struct diff_fields *fields);

#endif
