/* SPDX-License-Identifier: MIT */
#include "run_snapshot.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#include "common.h"
#include "run_state.h"

#define HASH_LINE "undervisor-trace-hash %016" PRIx64 "\n"
#define HASH_LINE_SIZE 39u

/* ---------------------------------------------------------------- options */

bool run_check_restore(const struct run_options *options)
{
	const struct udv_machine_config *machine = &options->machine;
	const struct {
		const char *name;
		bool given;
	} parts[] = {
		{ "--append", options->append }, { "--cpu", machine->cpu },
		{ "--cpus", machine->nr_cpus },	 { "--initrd", options->nr_initrds },
		{ "--iommu", machine->iommu },	 { "--kernel-decompress", options->kernel_unpacks },
		{ "--memory", machine->memory }, { "--no-rng", machine->no_rng },
		{ "--record", options->record }, { "--replay", options->replay },
		{ "--seed", machine->seed },
	};

	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		if (!parts[i].given)
			continue;
		complain("run", "%s does not go with --restore: the machine is the saved one",
			 parts[i].name);
		return false;
	}
	return true;
}

/* ---------------------------------------------------------------- restoring */

struct source {
	const struct run_file *file;
	size_t at;
};

static bool read_file(void *opaque, void *data, size_t size, size_t *done)
{
	struct source *source = opaque;
	size_t left = source->file->size - source->at;

	*done = size < left ? size : left;
	if (*done)
		memcpy(data, (const uint8_t *)source->file->data + source->at, *done);
	source->at += *done;
	return true;
}

/* How a disk is to be given. */
static const char *mode_of(bool writes_through, bool read_only)
{
	if (writes_through)
		return ",write";
	return read_only ? ",readonly" : "";
}

static bool check_disk(const struct run *run, unsigned i, const struct udv_snapshot_disk *then)
{
	const struct run_disk *now = &run->disks[i];
	const char *mode = mode_of(then->writes_through, then->read_only);
	bool same_mode = then->writes_through == (now->config.write != NULL) &&
			 then->read_only == now->config.read_only;

	if (then->size == now->config.size && same_mode)
		return true;
	if (same_mode)
		complain("run", "%s: disk %u had %" PRIu64 " bytes, %s has %" PRIu64,
			 run->options.restore, i, then->size, now->path, now->config.size);
	else
		complain("run", "%s: disk %u is to be given as it was: --disk %s%s",
			 run->options.restore, i, now->path, mode);
	return false;
}

/* Everything that the snapshot does not bring along is as it was. */
static bool check_around(const struct run *run, const struct udv_snapshot_info *info)
{
	const struct run_options *options = &run->options;

	if (info->nr_disks != options->nr_disks) {
		complain("run", "%s: the machine had %u disk%s; give the same --disk options",
			 options->restore, info->nr_disks, info->nr_disks == 1 ? "" : "s");
		return false;
	}
	if (options->machine.console && !info->console) {
		complain("run", "%s: the machine had no --virtio-console", options->restore);
		return false;
	}
	for (unsigned i = 0; i < info->nr_disks; i++)
		if (!check_disk(run, i, &info->disks[i]))
			return false;
	return true;
}

/* There is such a line, or nothing. False after a line on standard error. */
static bool read_hash(struct run *run, const struct source *source)
{
	struct run_snapshot *snapshot = &run->snapshot;
	const struct run_file *file = source->file;
	size_t size = file->size - source->at;
	char line[HASH_LINE_SIZE + 1] = "", again[HASH_LINE_SIZE + 1];

	if (!size)
		return true;
	if (size == HASH_LINE_SIZE)
		memcpy(line, (const char *)file->data + source->at, size);
	snapshot->has_hash = sscanf(line, "undervisor-trace-hash %" SCNx64, &snapshot->hash) == 1;
	snprintf(again, sizeof(again), HASH_LINE, snapshot->hash);
	if (snapshot->has_hash && strcmp(line, again) == 0)
		return true;
	complain("run", "%s: what is behind the snapshot is damaged", run->options.restore);
	return false;
}

static int make_machine(struct run *run, struct udv_snapshot *saved)
{
	struct udv_snapshot_info info;
	struct udv_machine_stats stats;
	struct udv_problem problem;
	enum udv_status status;

	udv_snapshot_info(saved, &info);
	if (!check_around(run, &info))
		return RUN_USAGE;
	status = udv_machine_create_from(saved, &run->options.machine, &run->machine, &problem);
	if (status != UDV_OK) {
		complain("run", "%s: %s", run->options.restore, problem.text);
		return status == UDV_ERR_ARGUMENT ? RUN_USAGE : RUN_FILE;
	}
	run->options.machine.nr_cpus = info.nr_cpus;
	udv_machine_stats(run->machine, &stats);
	run->snapshot.instructions = stats.instructions;
	return 0;
}

int run_restore(struct run *run)
{
	struct source source = { .file = &run->snapshot.file };
	const struct udv_snapshot_source bytes = { read_file, &source };
	struct udv_snapshot *saved;
	struct udv_problem problem;
	int status;

	if (!run_open_file(&run->snapshot.file, run->options.restore))
		return RUN_FILE;
	if (udv_snapshot_read(&bytes, &saved, &problem) != UDV_OK) {
		complain("run", "%s: %s", run->options.restore, problem.text);
		return RUN_FILE;
	}
	status = read_hash(run, &source) ? make_machine(run, saved) : RUN_FILE;
	udv_snapshot_destroy(saved);
	return status;
}

void run_restore_hash(struct run *run)
{
	if (run->snapshot.has_hash)
		run->trace.hash = run->snapshot.hash;
}

/* ---------------------------------------------------------------- saving */

static bool failed(const struct run *run, const char *why)
{
	complain("run", "cannot write %s: %s", run->options.save, why);
	return false;
}

static bool write_file(void *opaque, const void *data, size_t size)
{
	const struct run_snapshot *snapshot = opaque;
	const uint8_t *from = data;

	while (size) {
		ssize_t n = write(snapshot->fd, from, size);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return false;
		from += n;
		size -= (size_t)n;
	}
	return true;
}

bool run_open_save(struct run *run)
{
	if (!run->options.save)
		return true;
	run->snapshot.fd = run_outputs_open(&run->outputs, "--save", run->options.save);
	return run->snapshot.fd >= 0;
}

static bool write_snapshot(struct run *run, const struct udv_snapshot *taken)
{
	const struct udv_snapshot_sink sink = { write_file, &run->snapshot };
	struct udv_problem problem;
	enum udv_status status = udv_snapshot_write(taken, &sink, &problem);
	char line[HASH_LINE_SIZE + 1];

	if (status != UDV_OK && status != UDV_ERR_IO)
		return failed(run, problem.text);
	if (status == UDV_ERR_IO)
		return failed(run, strerror(errno));
	if (!run->options.machine.trace)
		return true;
	snprintf(line, sizeof(line), HASH_LINE, run->trace.hash);
	return write_file(&run->snapshot, line, strlen(line)) || failed(run, strerror(errno));
}

bool run_save(struct run *run)
{
	struct udv_snapshot *taken;
	bool written;

	if (!run->options.save)
		return true;
	if (udv_snapshot_take(run->machine, &taken) != UDV_OK)
		return failed(run, "out of memory");
	written = write_snapshot(run, taken);
	udv_snapshot_destroy(taken);
	return written;
}

void run_close_snapshot(struct run *run)
{
	run_close_file(&run->snapshot.file);
	if (run->options.save && run->snapshot.fd >= 0)
		close(run->snapshot.fd);
}
