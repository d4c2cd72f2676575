/* SPDX-License-Identifier: MIT */
#ifndef UDV_MACHINE_SNAPSHOT_H
#define UDV_MACHINE_SNAPSHOT_H

#include <stdatomic.h>

#include "machine/machine.h"
#include "machine/state.h"
#include "mem/pages.h"

/*
 * A snapshot in memory. state holds, by the tables of state_lists.h, the machine, its processors
 * and its timers, one behind the other.
 *
 * Invariants
 *  - Once it has been handed out nothing in it changes but refs.
 *  - state has passed state_check(): loading it can do no harm.
 */
struct udv_snapshot {
	atomic_uint refs;		  /* the user, and machines that are based on it */
	struct udv_machine_config config; /* what decides about the run; cpu is owned */
	struct cpu_config processor;	  /* what config.cpu means */
	size_t nr_timers;
	uint8_t *state;
	size_t state_size;
	struct mem_pages pages;
};

struct udv_snapshot *snapshot_new(void);
/* Allocates state for nr_timers and config.nr_cpus. */
bool snapshot_allocate_state(struct udv_snapshot *snapshot);
/* False: a value in state is impossible. */
bool snapshot_check_state(const struct udv_snapshot *snapshot, struct state_fault *fault);

/* ---------------------------------------------------------------- the file; docs/snapshots.md */

#define SNAPSHOT_MAGIC "UDVSNAP\x1a"
#define SNAPSHOT_VERSION 1u
#define SNAPSHOT_MAX_CPU_TEXT 4096u
#define SNAPSHOT_CHUNK 256u /* pages in a section */

/* All numbers little-endian. */
struct snapshot_header {
	char magic[8];
	uint32_t version, layout;
};

struct snapshot_section {
	char type[4];
	uint32_t number; /* from 0 */
	uint64_t length;
	uint32_t checksum;	  /* of the payload: CRC-32 */
	uint32_t header_checksum; /* of what is above */
};

struct snapshot_config {
	uint64_t memory, seed, slice;
	uint32_t nr_cpus;
	uint32_t nr_timers;
	uint32_t cpu_length; /* the text follows; UINT32_MAX: there is none */
	uint32_t zero;
};

_Static_assert(sizeof(struct snapshot_header) == 16, "no padding");
_Static_assert(sizeof(struct snapshot_section) == 24, "no padding");
_Static_assert(sizeof(struct snapshot_config) == 40, "no padding");

/* Another number whenever the tables are others, or what a configuration means. */
uint32_t snapshot_layout(void);

#endif
