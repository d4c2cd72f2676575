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
	uint64_t pages;
	uint8_t *plain, *packed; /* a chunk of pages; and the payload that is made of it */
	size_t packed_size;
	uint64_t address[SNAPSHOT_CHUNK];
	uint32_t count; /* pages in plain */
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

static enum udv_status put_config(struct writer *w, const struct udv_snapshot *snapshot)
{
	const char *cpu = snapshot->config.cpu;
	size_t length = cpu ? strlen(cpu) : 0;
	struct snapshot_config config = {
		.memory = snapshot->config.memory,
		.seed = snapshot->config.seed,
		.slice = snapshot->config.slice,
		.nr_cpus = snapshot->config.nr_cpus,
		.nr_timers = (uint32_t)snapshot->nr_timers,
		.cpu_length = cpu ? (uint32_t)length : UINT32_MAX,
	};
	uint8_t payload[sizeof(config) + SNAPSHOT_MAX_CPU_TEXT];

	if (length > SNAPSHOT_MAX_CPU_TEXT)
		return UDV_ERR_UNSUPPORTED;
	memcpy(payload, &config, sizeof(config));
	if (length)
		memcpy(payload + sizeof(config), cpu, length);
	return put_section(w, "CONF", payload, sizeof(config) + length);
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

/* How many there are, their addresses, and a frame of Zstandard. */
static enum udv_status flush_pages(struct writer *w)
{
	size_t addresses = w->count * sizeof(w->address[0]);
	uint8_t *at = w->packed;
	size_t packed;

	if (!w->count)
		return UDV_OK;
	memcpy(at, &(uint64_t){ w->count }, 8);
	memcpy(at + 8, w->address, addresses);
	at += 8 + addresses;
	packed = pack(w, at, w->plain, (size_t)w->count << MEM_PAGE_SHIFT);
	if (!packed)
		return UDV_ERR_NO_MEMORY;
	w->pages += w->count;
	w->count = 0;
	return put_section(w, "PAGE", w->packed, (size_t)(at - w->packed) + packed);
}

static enum udv_status put_pages(struct writer *w, const struct mem_pages *pages,
				 const struct mem_pages_region *region)
{
	for (uint64_t at = 0; at < region->size; at += MEM_PAGE_SIZE) {
		uint32_t slot = region->slot[at >> MEM_PAGE_SHIFT];
		enum udv_status status = UDV_OK;

		if (!slot)
			continue;
		memcpy(w->plain + ((size_t)w->count << MEM_PAGE_SHIFT),
		       pages->data + ((size_t)(slot - 1) << MEM_PAGE_SHIFT), MEM_PAGE_SIZE);
		w->address[w->count++] = region->base + at;
		if (w->count == SNAPSHOT_CHUNK)
			status = flush_pages(w);
		if (status != UDV_OK)
			return status;
	}
	return UDV_OK;
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
	for (unsigned i = 0; i < snapshot->pages.nr_regions && status == UDV_OK; i++)
		status = put_pages(w, &snapshot->pages, &snapshot->pages.region[i]);
	if (status == UDV_OK)
		status = flush_pages(w);
	return status == UDV_OK ? put_section(w, "END ", &w->pages, sizeof(w->pages)) : status;
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
		w->packed_size = 8 + sizeof(w->address) + ZSTD_compressBound(most);
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
