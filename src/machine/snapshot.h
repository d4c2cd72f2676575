/* SPDX-License-Identifier: MIT */
#ifndef UDV_MACHINE_SNAPSHOT_H
#define UDV_MACHINE_SNAPSHOT_H

#include <stdatomic.h>

#include "machine/machine.h"
#include "machine/state.h"
#include "mem/pages.h"

/* A disk, and what the guest has written if that does not go through. */
struct snapshot_disk {
	struct disk blocks; /* without a backing */
	bool read_only;
	char id[VIRTIO_BLK_ID_SIZE];
};

/*
 * A snapshot in memory. state holds, by the tables of state_lists.h, the machine, its processors
 * and its timers, one behind the other.
 *
 * Invariants
 *  - Once it has been handed out nothing in it changes but refs.
 *  - state has passed snapshot_check_state(): loading it can do no harm.
 */
struct udv_snapshot {
	atomic_uint refs;		  /* the user, and machines that are based on it */
	struct udv_machine_config config; /* what decides about the run; cpu is owned */
	struct cpu_config processor;	  /* what config.cpu means */
	bool console;			  /* there is one */
	unsigned nr_disks;
	struct snapshot_disk disk[UDV_MAX_DISKS];
	size_t nr_timers;
	uint8_t *state;
	size_t state_size;
	struct mem_pages pages;
};

struct udv_snapshot *snapshot_new(void);
/* Allocates state for nr_timers and config.nr_cpus. */
bool snapshot_allocate_state(struct udv_snapshot *snapshot);

/* snapshot_check.c. UDV_ERR_FORMAT: state is impossible; why, says @problem. UDV_ERR_NO_MEMORY */
enum udv_status snapshot_check_state(const struct udv_snapshot *snapshot,
				     struct udv_problem *problem);

/* ---------------------------------------------------------------- the file; docs/snapshots.md */

#define SNAPSHOT_MAGIC "UDVSNAP\x1a"
#define SNAPSHOT_VERSION 1u
#define SNAPSHOT_MAX_CPU_TEXT 4096u
#define SNAPSHOT_CHUNK 256u /* pages or blocks in a section */
_Static_assert(DISK_BLOCK == MEM_PAGE_SIZE, "chunks of both are alike");

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

#define SNAPSHOT_CONSOLE 0x1u
#define SNAPSHOT_RNG 0x2u
#define SNAPSHOT_IOMMU 0x4u
#define SNAPSHOT_DEVICES (SNAPSHOT_CONSOLE | SNAPSHOT_RNG | SNAPSHOT_IOMMU)

struct snapshot_config {
	uint64_t memory, seed, slice;
	uint32_t nr_cpus;
	uint32_t nr_timers;
	uint32_t devices;
	uint32_t nr_disks;   /* so many struct snapshot_disk_config follow, then the text */
	uint32_t cpu_length; /* UINT32_MAX: there is none */
	uint32_t zero;
};

#define SNAPSHOT_READ_ONLY 0x1u
#define SNAPSHOT_OVERLAY 0x2u
#define SNAPSHOT_DISK_FLAGS (SNAPSHOT_READ_ONLY | SNAPSHOT_OVERLAY)

struct snapshot_disk_config {
	uint64_t size;
	uint32_t flags;
	char id[VIRTIO_BLK_ID_SIZE];
};

/* Of DISK and PAGE: this, numbers or addresses of 8 bytes each, a frame of Zstandard. */
struct snapshot_chunk {
	uint32_t count;
	uint32_t disk; /* 0 for pages */
};

struct snapshot_end {
	uint64_t pages, blocks;
};

_Static_assert(sizeof(struct snapshot_header) == 16, "no padding");
_Static_assert(sizeof(struct snapshot_section) == 24, "no padding");
_Static_assert(sizeof(struct snapshot_config) == 48, "no padding");
_Static_assert(sizeof(struct snapshot_disk_config) == 32, "no padding");

/* Another number whenever the tables are others, or what a configuration means. */
uint32_t snapshot_layout(void);

#endif
