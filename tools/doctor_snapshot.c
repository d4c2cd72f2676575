/* SPDX-License-Identifier: MIT */
#include "doctor.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/*
 * The VMCS that is current in a snapshot. A machine is made from it and not run; of its disks it
 * needs only what they are called.
 */

#define NAME "doctor"

static const char magic[8] = { 'U', 'D', 'V', 'S', 'N', 'A', 'P', 0x1a };

bool doctor_is_snapshot(const char *path)
{
	char start[sizeof(magic)];
	FILE *file = strcmp(path, "-") != 0 ? fopen(path, "rb") : NULL;
	bool is = file && fread(start, 1, sizeof(start), file) == sizeof(start) &&
		  memcmp(start, magic, sizeof(magic)) == 0;

	if (file)
		fclose(file);
	return is;
}

static bool read_bytes(void *opaque, void *data, size_t size, size_t *done)
{
	*done = fread(data, 1, size, opaque);
	return *done == size || !ferror((FILE *)opaque);
}

static bool no_disk_read(void *opaque, uint64_t offset, void *data, size_t size)
{
	(void)opaque;
	(void)offset;
	(void)data;
	(void)size;
	return false;
}

static bool no_disk_write(void *opaque, uint64_t offset, const void *data, size_t size)
{
	(void)opaque;
	(void)offset;
	(void)data;
	(void)size;
	return false;
}

static struct udv_snapshot *read_snapshot(const char *path)
{
	FILE *file = fopen(path, "rb");
	const struct udv_snapshot_source source = { .read = read_bytes, .opaque = file };
	struct udv_snapshot *snapshot = NULL;
	struct udv_problem problem = { "" };

	if (!file) {
		complain(NAME, "cannot read %s: %s", path, strerror(errno));
		return NULL;
	}
	if (udv_snapshot_read(&source, &snapshot, &problem) != UDV_OK) {
		complain(NAME, "%s: %s", path, problem.text);
		snapshot = NULL;
	}
	fclose(file);
	return snapshot;
}

static struct udv_machine *make_machine(const char *path, struct udv_snapshot *snapshot)
{
	struct udv_disk disks[UDV_MAX_DISKS];
	char ids[UDV_MAX_DISKS][sizeof(((struct udv_snapshot_disk *)0)->id) + 1];
	struct udv_machine_config config = { .engine = UDV_ENGINE_DIRECT, .disks = disks };
	struct udv_problem problem = { "" };
	struct udv_machine *machine = NULL;
	struct udv_snapshot_info info;

	udv_snapshot_info(snapshot, &info);
	config.nr_disks = info.nr_disks;
	for (unsigned i = 0; i < info.nr_disks; i++) {
		snprintf(ids[i], sizeof(ids[i]), "%.*s", (int)sizeof(info.disks[i].id),
			 info.disks[i].id);
		disks[i] = (struct udv_disk){
			.size = info.disks[i].size,
			.read = no_disk_read,
			.write = info.disks[i].writes_through ? no_disk_write : NULL,
			.read_only = info.disks[i].read_only,
			.id = ids[i],
		};
	}
	if (udv_machine_create_from(snapshot, &config, &machine, &problem) == UDV_OK)
		return machine;
	complain(NAME, "%s: %s", path, problem.text);
	return NULL;
}

static bool use_machine(const char *path, struct udv_machine *machine, unsigned cpu,
			void (*use)(void *opaque, const struct udv_current_vmcs *vmcs),
			void *opaque)
{
	switch (udv_machine_current_vmcs(machine, cpu, use, opaque)) {
	case UDV_OK:
		return true;
	case UDV_ERR_NOT_FOUND:
		complain(NAME, "%s: processor %u has no current VMCS", path, cpu);
		return false;
	default:
		complain(NAME, "%s: there is no processor %u", path, cpu);
		return false;
	}
}

bool doctor_read_snapshot(const char *path, unsigned cpu,
			  void (*use)(void *opaque, const struct udv_current_vmcs *vmcs),
			  void *opaque)
{
	struct udv_snapshot *snapshot = read_snapshot(path);
	struct udv_machine *machine = snapshot ? make_machine(path, snapshot) : NULL;
	bool used = machine && use_machine(path, machine, cpu, use, opaque);

	udv_machine_destroy(machine);
	udv_snapshot_destroy(snapshot);
	return used;
}
