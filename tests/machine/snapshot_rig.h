/* SPDX-License-Identifier: MIT */
#ifndef UDV_TESTS_MACHINE_SNAPSHOT_RIG_H
#define UDV_TESTS_MACHINE_SNAPSHOT_RIG_H

#include "machine/snapshot.h"

/* Small machines to take snapshots of, and files in memory. */

#define RIG_CODE 0x100000u
#define RIG_DATA 0x200000u

/* 4 MB */
extern const struct udv_machine_config rig_small;

/* RDRAND into a page after the other from RIG_DATA on: four instructions a page, behind the first.
 */
extern const uint8_t rig_pages_code[17];

/* With @code at RIG_CODE, where it starts. */
struct udv_machine *rig_machine(const struct udv_machine_config *config, const uint8_t *code,
				size_t size);
/* Instructions done in all. */
uint64_t rig_run(struct udv_machine *machine, uint64_t instructions);
uint32_t rig_word(struct udv_machine *machine, uint64_t address);
struct udv_snapshot *rig_take(struct udv_machine *machine);

/* A disk whose word i is i. */
#define RIG_DISK_SIZE 0x10000u
extern const struct udv_disk rig_disk;

#define RIG_FILE_MAX (1u << 20)

struct rig_file {
	uint8_t data[RIG_FILE_MAX];
	size_t size, at;
	unsigned writes, fail_at; /* the write that fails, from 1 */
	size_t reads_fail_at;	  /* a read beyond this byte fails */
};

bool rig_file_write(void *opaque, const void *data, size_t size);
/* The snapshot in an empty file. */
void rig_save(struct rig_file *file, const struct udv_snapshot *snapshot);
enum udv_status rig_read(struct rig_file *file, struct udv_snapshot **snapshot,
			 struct udv_problem *problem);

#endif
