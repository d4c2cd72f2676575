/* SPDX-License-Identifier: MIT */
#include "machine/snapshot.h"

#include <stdlib.h>
#include <string.h>

#include "machine/state_lists.h"

/* A snapshot as a stream of bytes: docs/snapshots.md. */

#if defined(UDV_HAVE_ZLIB) && defined(UDV_HAVE_ZSTD)

#include <zlib.h>
#include <zstd.h>

#define ZSTD_LEVEL 1

struct writer {
	const struct udv_snapshot_sink *sink;
	uint32_t sections;
	struct snapshot_end end;
	uint8_t *plain, *packed; /* a chunk; and the payload that is made of it */
	size_t packed_size;
	uint64_t number[SNAPSHOT_CHUNK]; /* addresses of pages, or numbers of blocks */
	struct snapshot_chunk chunk;
};

static enum udv_status put(const struct writer *w, const void *data, size_t size)
{
	if (!size || w->sink->write(w->sink->opaque, data, size))
		return UDV_OK;
	return UDV_ERR_IO;
}

static enum udv_status put_section(struct writer *w, const char *type, const void *data,
				   size_t size)
{
	struct snapshot_section section = {
		.number = w->sections++,
		.length = size,
		.checksum = (uint32_t)crc32_z(0, data, size),
	};
	enum udv_status status;

	memcpy(section.type, type, sizeof(section.type));
	section.header_checksum = (uint32_t)crc32_z(
		0, (const uint8_t *)&section, offsetof(struct snapshot_section, header_checksum));
	status = put(w, &section, sizeof(section));
	return status == UDV_OK ? put(w, data, size) : status;
}

struct config_payload {
	struct snapshot_config config;
	uint8_t rest[UDV_MAX_DISKS * sizeof(struct snapshot_disk_config) + SNAPSHOT_MAX_CPU_TEXT];
};

static uint8_t *add_disk(uint8_t *at, const struct snapshot_disk *disk)
{
	struct snapshot_disk_config config = {
		.size = disk->blocks.size,
		.flags = (disk->read_only ? SNAPSHOT_READ_ONLY : 0) |
			 (disk->blocks.overlay ? SNAPSHOT_OVERLAY : 0),
	};

	memcpy(config.id, disk->id, sizeof(config.id));
	memcpy(at, &config, sizeof(config));
	return at + sizeof(config);
}

static enum udv_status put_config(struct writer *w, const struct udv_snapshot *snapshot)
{
	const char *cpu = snapshot->config.cpu;
	size_t length = cpu ? strlen(cpu) : 0;
	struct config_payload payload = {
		.config = {
			.memory = snapshot->config.memory,
			.seed = snapshot->config.seed,
			.slice = snapshot->config.slice,
			.nr_cpus = snapshot->config.nr_cpus,
			.nr_timers = (uint32_t)snapshot->nr_timers,
			.devices = (snapshot->console ? SNAPSHOT_CONSOLE : 0) |
				   (snapshot->config.no_rng ? 0 : SNAPSHOT_RNG) |
				   (snapshot->config.iommu ? SNAPSHOT_IOMMU : 0),
			.nr_disks = snapshot->nr_disks,
			.cpu_length = cpu ? (uint32_t)length : UINT32_MAX,
		},
	};
	uint8_t *at = payload.rest;

	if (length > SNAPSHOT_MAX_CPU_TEXT)
		return UDV_ERR_UNSUPPORTED;
	for (unsigned i = 0; i < snapshot->nr_disks; i++)
		at = add_disk(at, &snapshot->disk[i]);
	if (length)
		memcpy(at, cpu, length);
	at += length;
	return put_section(w, "CONF", &payload, (size_t)(at - (uint8_t *)&payload));
}

/* ---------------------------------------------------------------- packed sections */

/* A frame of Zstandard at @at in packed. 0: it failed, for want of memory. */
static size_t pack(const struct writer *w, uint8_t *at, const void *plain, size_t size)
{
	size_t packed = ZSTD_compress(at, w->packed_size - (size_t)(at - w->packed), plain, size,
				      ZSTD_LEVEL);

	return ZSTD_isError(packed) ? 0 : packed;
}

static enum udv_status put_state(struct writer *w, const struct udv_snapshot *snapshot)
{
	size_t packed = pack(w, w->packed, snapshot->state, snapshot->state_size);

	return packed ? put_section(w, "STAT", w->packed, packed) : UDV_ERR_NO_MEMORY;
}

static enum udv_status flush(struct writer *w, const char *type)
{
	size_t numbers = w->chunk.count * sizeof(w->number[0]);
	uint8_t *at = w->packed;
	size_t packed;

	if (!w->chunk.count)
		return UDV_OK;
	memcpy(at, &w->chunk, sizeof(w->chunk));
	at += sizeof(w->chunk);
	memcpy(at, w->number, numbers);
	at += numbers;
	packed = pack(w, at, w->plain, (size_t)w->chunk.count << MEM_PAGE_SHIFT);
	w->chunk.count = 0;
	if (!packed)
		return UDV_ERR_NO_MEMORY;
	return put_section(w, type, w->packed, (size_t)(at - w->packed) + packed);
}

/* A page or a block. */
static enum udv_status add(struct writer *w, const char *type, uint64_t number, const uint8_t *data)
{
	memcpy(w->plain + ((size_t)w->chunk.count << MEM_PAGE_SHIFT), data, MEM_PAGE_SIZE);
	w->number[w->chunk.count++] = number;
	return w->chunk.count == SNAPSHOT_CHUNK ? flush(w, type) : UDV_OK;
}

static enum udv_status put_blocks(struct writer *w, const struct disk *disk, uint32_t number)
{
	enum udv_status status = UDV_OK;

	w->chunk.disk = number;
	for (uint32_t i = 0; i < disk->nr_slots && status == UDV_OK; i++)
		status = add(w, "DISK", disk->slot[i].block, disk->slot[i].data);
	w->end.blocks += disk->nr_slots;
	return status == UDV_OK ? flush(w, "DISK") : status;
}

static enum udv_status put_region(struct writer *w, const struct mem_pages *pages,
				  const struct mem_pages_region *region)
{
	enum udv_status status = UDV_OK;

	for (uint64_t at = 0; at < region->size && status == UDV_OK; at += MEM_PAGE_SIZE) {
		uint32_t slot = region->slot[at >> MEM_PAGE_SHIFT];

		if (!slot)
			continue;
		w->end.pages++;
		status = add(w, "PAGE", region->base + at,
			     pages->data + ((size_t)(slot - 1) << MEM_PAGE_SHIFT));
	}
	return status;
}

static enum udv_status put_pages(struct writer *w, const struct mem_pages *pages)
{
	enum udv_status status = UDV_OK;

	w->chunk.disk = 0;
	for (unsigned i = 0; i < pages->nr_regions && status == UDV_OK; i++)
		status = put_region(w, pages, &pages->region[i]);
	return status == UDV_OK ? flush(w, "PAGE") : status;
}

static enum udv_status put_all(struct writer *w, const struct udv_snapshot *snapshot)
{
	struct snapshot_header header = { .version = SNAPSHOT_VERSION,
					  .layout = snapshot_layout() };
	enum udv_status status;

	memcpy(header.magic, SNAPSHOT_MAGIC, sizeof(header.magic));
	status = put(w, &header, sizeof(header));
	if (status == UDV_OK)
		status = put_config(w, snapshot);
	if (status == UDV_OK)
		status = put_state(w, snapshot);
	for (unsigned i = 0; i < snapshot->nr_disks && status == UDV_OK; i++)
		status = put_blocks(w, &snapshot->disk[i].blocks, i);
	if (status == UDV_OK)
		status = put_pages(w, &snapshot->pages);
	return status == UDV_OK ? put_section(w, "END ", &w->end, sizeof(w->end)) : status;
}

static const char *reason(enum udv_status status)
{
	switch (status) {
	case UDV_ERR_NO_MEMORY:
		return "out of memory";
	case UDV_ERR_UNSUPPORTED:
		return "the processor's configuration is too long a text";
	default:
		return "it could not be written";
	}
}

enum udv_status udv_snapshot_write(const struct udv_snapshot *snapshot,
				   const struct udv_snapshot_sink *sink,
				   struct udv_problem *problem)
{
	const size_t chunk = (size_t)SNAPSHOT_CHUNK << MEM_PAGE_SHIFT;
	const size_t most = chunk > snapshot->state_size ? chunk : snapshot->state_size;
	struct writer *w = calloc(1, sizeof(*w));
	enum udv_status status = UDV_ERR_NO_MEMORY;

	if (w) {
		w->sink = sink;
		w->packed_size = sizeof(w->chunk) + sizeof(w->number) + ZSTD_compressBound(most);
		w->plain = malloc(chunk);
		w->packed = malloc(w->packed_size);
		if (w->plain && w->packed)
			status = put_all(w, snapshot);
		free(w->plain);
		free(w->packed);
		free(w);
	}
	if (status != UDV_OK)
		machine_problem(problem, "%s", reason(status));
	return status;
}

/* ---------------------------------------------------------------- layout */

static void add_text(void *opaque, const char *text)
{
	uint32_t *crc = opaque;

	*crc = (uint32_t)crc32_z(*crc, (const uint8_t *)text, strlen(text));
}

static void add_number(uint32_t *crc, uint32_t number)
{
	*crc = (uint32_t)crc32_z(*crc, (const uint8_t *)&number, sizeof(number));
}

uint32_t snapshot_layout(void)
{
	uint32_t crc = 0;

	state_describe(&state_udv_machine, add_text, &crc);
	state_describe(&state_vcpu, add_text, &crc);
	state_describe(&state_vtimer, add_text, &crc);
	for (unsigned i = 0; i < sizeof(struct vmx_vmcs) / sizeof(uint64_t); i++)
		add_number(&crc, vmx_field(i)->encoding);
	for (unsigned i = 0; i < NR_FEATURES; i++) {
		add_text(&crc, arch_features[i].name);
		add_number(&crc, arch_features[i].by_default);
	}
	return crc;
}

#else

enum udv_status udv_snapshot_write(const struct udv_snapshot *snapshot,
				   const struct udv_snapshot_sink *sink,
				   struct udv_problem *problem)
{
	(void)snapshot;
	(void)sink;
	machine_problem(problem, "this undervisor was built without zlib or Zstandard");
	return UDV_ERR_UNSUPPORTED;
}

#endif
