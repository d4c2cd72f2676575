/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#include "common.h"
#include "run_state.h"

/*
 * The head of a recording: all that makes a run what it is. The engine is not in it, nor is what is
 * to change nothing: a recording is good for each of these.
 */

static bool part_number(struct run *run, const char *name, uint64_t value)
{
	char text[32];

	snprintf(text, sizeof(text), "%" PRIu64, value);
	return run_record_header(&run->loop.record, name, text);
}

static bool part_contents(struct run *run, const char *name, uint64_t size, uint64_t sum,
			  const char *more)
{
	char text[96];

	snprintf(text, sizeof(text), "%" PRIu64 " bytes, checksum %016" PRIx64 "%s", size, sum,
		 more);
	return run_record_header(&run->loop.record, name, text);
}

static bool part_file(struct run *run, const char *name, const struct run_file *file)
{
	return part_contents(run, name, file->size,
			     run_checksum(RUN_CHECKSUM_START, file->data, file->size), "");
}

static bool part_disk(struct run *run, const struct run_disk *disk)
{
	uint64_t sum = RUN_CHECKSUM_START, at = 0;
	uint8_t piece[32768];

	while (at < disk->config.size) {
		ssize_t n = pread(disk->fd, piece, sizeof(piece), (off_t)at);

		if (n <= 0) {
			complain("run", "cannot read %s: %s", disk->path,
				 n ? strerror(errno) : "it has become shorter");
			return false;
		}
		sum = run_checksum(sum, piece, (size_t)n);
		at += (uint64_t)n;
	}
	return part_contents(run, "disk", at, sum, disk->config.read_only ? ", readonly" : "");
}

bool run_record_parts(struct run *run)
{
	const struct udv_machine_config *config = &run->options.machine;
	struct run_record *record = &run->loop.record;
	bool right =
		(record->replaying || run_record_begin(record)) &&
		part_number(run, "memory", config->memory ? config->memory : UDV_DEFAULT_MEMORY) &&
		part_number(run, "cpus", config->nr_cpus ? config->nr_cpus : 1) &&
		run_record_header(record, "cpu", config->cpu ? config->cpu : "") &&
		part_number(run, "seed", config->seed) &&
		part_file(run, "image", &run->boot.image) &&
		run_record_header(record, "cmdline", run->boot.cmdline) &&
		part_number(run, "kernel-unpacks", run->options.kernel_unpacks) &&
		part_number(run, "rng", !config->no_rng) &&
		part_number(run, "virtio-console", config->console != NULL) &&
		part_number(run, "iommu", config->iommu);

	for (unsigned i = 0; i < run->options.nr_initrds && right; i++)
		right = part_file(run, "module", &run->boot.initrds[i]) &&
			run_record_header(record, "module-cmdline", run->boot.module_text[i]);
	for (unsigned i = 0; i < run->options.nr_disks && right; i++)
		right = part_disk(run, &run->disks[i]);
	return right;
}
