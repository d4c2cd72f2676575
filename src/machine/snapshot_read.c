/* SPDX-License-Identifier: MIT */
#include "machine/snapshot.h"

#include <stdlib.h>
#include <string.h>

#include "cpu/cpuid.h"

/*
 * A snapshot from a stream of bytes: docs/snapshots.md. Nothing in it is believed. A length is held
 * against what such a section can have before anything is allocated, and memory for pages grows as
 * they come.
 */

#if defined(UDV_HAVE_ZLIB) && defined(UDV_HAVE_ZSTD)

#include <zlib.h>
#include <zstd.h>

#define MAX_TIMERS VCLOCK_MAX_TIMERS
#define CHUNK_BYTES ((size_t)SNAPSHOT_CHUNK << MEM_PAGE_SHIFT)
#define CHUNK_PAYLOAD                                                                              \
	(sizeof(struct snapshot_chunk) + 8 * SNAPSHOT_CHUNK + CHUNK_BYTES + (CHUNK_BYTES >> 7))

struct reader {
	const struct udv_snapshot_source *source;
	struct udv_snapshot *snapshot;
	struct udv_problem *problem;
	struct snapshot_section section;
	uint32_t sections; /* read so far */
	uint8_t *payload;
	size_t room;
	uint8_t *plain;		 /* a chunk */
	struct snapshot_end end; /* as far as it has come */
	uint64_t next_address;
};

/* ---------------------------------------------------------------- bytes */

static enum udv_status no_memory(const struct reader *r)
{
	machine_problem(r->problem, "out of memory");
	return UDV_ERR_NO_MEMORY;
}

static enum udv_status damaged(const struct reader *r, const char *what)
{
	machine_problem(r->problem, "the snapshot is damaged: section %u (%.4s) %s",
			r->section.number, r->section.type, what);
	return UDV_ERR_FORMAT;
}

static enum udv_status get(const struct reader *r, void *data, size_t size)
{
	size_t done = 0;

	if (!r->source->read(r->source->opaque, data, size, &done)) {
		machine_problem(r->problem, "it could not be read");
		return UDV_ERR_IO;
	}
	if (done >= size)
		return UDV_OK;
	machine_problem(r->problem, "the snapshot is truncated: it ends in section %u",
			r->sections);
	return UDV_ERR_TRUNCATED;
}

static enum udv_status get_header(struct reader *r)
{
	struct snapshot_header header = { .magic = "" };
	enum udv_status status = get(r, &header, sizeof(header));

	/* What is too short may not be one at all. */
	if (status != UDV_OK && status != UDV_ERR_TRUNCATED)
		return status;
	if (memcmp(header.magic, SNAPSHOT_MAGIC, sizeof(header.magic)) != 0) {
		machine_problem(r->problem, "not a snapshot");
		return UDV_ERR_FORMAT;
	}
	if (status != UDV_OK)
		return status;
	if (header.version != SNAPSHOT_VERSION) {
		machine_problem(r->problem,
				"the snapshot has version %u of the format; this undervisor reads "
				"version %u",
				header.version, SNAPSHOT_VERSION);
		return UDV_ERR_UNSUPPORTED;
	}
	if (header.layout != snapshot_layout()) {
		machine_problem(r->problem,
				"the snapshot is of another undervisor, whose machine is laid out "
				"in another way (%08x, here %08x)",
				header.layout, snapshot_layout());
		return UDV_ERR_UNSUPPORTED;
	}
	return UDV_OK;
}

/* The most that a section can have; 0: there is no such section. */
static uint64_t most(const struct snapshot_section *section)
{
	static const struct {
		char type[4];
		uint64_t most;
	} types[] = {
		{ "CONF", sizeof(struct snapshot_config) +
				  UDV_MAX_DISKS * sizeof(struct snapshot_disk_config) +
				  SNAPSHOT_MAX_CPU_TEXT },
		{ "STAT", 16 << 20 },
		{ "DISK", CHUNK_PAYLOAD },
		{ "PAGE", CHUNK_PAYLOAD },
		{ "END ", sizeof(struct snapshot_end) },
	};

	for (unsigned i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		if (memcmp(section->type, types[i].type, 4) == 0)
			return types[i].most;
	return 0;
}

static bool section_is(const struct reader *r, const char *type)
{
	return memcmp(r->section.type, type, 4) == 0;
}

/* The next section's header, and its payload. */
static enum udv_status get_section(struct reader *r)
{
	struct snapshot_section *section = &r->section;
	enum udv_status status = get(r, section, sizeof(*section));
	uint32_t sum;

	if (status != UDV_OK)
		return status;
	sum = (uint32_t)crc32_z(0, (const uint8_t *)section,
				offsetof(struct snapshot_section, header_checksum));
	if (sum != section->header_checksum || section->number != r->sections || !section->length ||
	    section->length > most(section)) {
		machine_problem(r->problem, "the snapshot is damaged: section %u's header is wrong",
				r->sections);
		return UDV_ERR_FORMAT;
	}
	if (section->length > r->room) {
		free(r->payload);
		r->room = 0;
		r->payload = malloc((size_t)section->length);
		if (!r->payload)
			return no_memory(r);
		r->room = (size_t)section->length;
	}
	status = get(r, r->payload, (size_t)section->length);
	if (status != UDV_OK)
		return status;
	r->sections++;
	if ((uint32_t)crc32_z(0, r->payload, (size_t)section->length) != section->checksum)
		return damaged(r, "has another checksum");
	return UDV_OK;
}

/* ---------------------------------------------------------------- sections */

static enum udv_status take_disks(struct reader *r, const struct snapshot_config *config)
{
	const uint8_t *at = r->payload + sizeof(*config);

	for (unsigned i = 0; i < config->nr_disks; i++) {
		struct snapshot_disk *disk = &r->snapshot->disk[i];
		struct snapshot_disk_config from;

		memcpy(&from, at, sizeof(from));
		at += sizeof(from);
		if (!from.size || from.size % DISK_SECTOR || from.flags & ~SNAPSHOT_DISK_FLAGS)
			return damaged(r, "has a wrong disk");
		disk_init(&disk->blocks, &(struct disk_backing){ 0 }, from.size,
			  from.flags & SNAPSHOT_OVERLAY);
		disk->read_only = from.flags & SNAPSHOT_READ_ONLY;
		memcpy(disk->id, from.id, sizeof(disk->id));
		r->snapshot->nr_disks++;
	}
	return UDV_OK;
}

static enum udv_status take_cpu(struct reader *r, const struct snapshot_config *config)
{
	struct udv_snapshot *snapshot = r->snapshot;
	const char *text = (const char *)r->payload + sizeof(*config) +
			   config->nr_disks * sizeof(struct snapshot_disk_config);
	char why[64] = "";

	cpu_config_default(&snapshot->processor);
	if (config->cpu_length != UINT32_MAX) {
		char *copy = malloc((size_t)config->cpu_length + 1);

		if (!copy)
			return no_memory(r);
		memcpy(copy, text, config->cpu_length);
		copy[config->cpu_length] = '\0';
		snapshot->config.cpu = copy;
		if (strlen(copy) != config->cpu_length ||
		    cpu_config_parse(&snapshot->processor, copy, why, sizeof(why)) != UDV_OK)
			return damaged(r, "has a wrong processor");
	}
	return UDV_OK;
}

static bool config_is_right(const struct reader *r, const struct snapshot_config *config)
{
	uint64_t text = config->cpu_length == UINT32_MAX ? 0 : config->cpu_length;
	uint64_t disks = config->nr_disks * (uint64_t)sizeof(struct snapshot_disk_config);

	return r->section.length == sizeof(*config) + disks + text && !config->zero &&
	       config->nr_disks <= UDV_MAX_DISKS && !(config->devices & ~SNAPSHOT_DEVICES) &&
	       config->nr_cpus >= 1 && config->nr_cpus <= UDV_MAX_CPUS &&
	       config->nr_timers <= MAX_TIMERS && config->memory >= 1 << 20 &&
	       config->memory <= UDV_MAX_MEMORY && config->memory % MEM_PAGE_SIZE == 0 &&
	       config->slice;
}

static enum udv_status take_config(struct reader *r)
{
	struct udv_snapshot *snapshot = r->snapshot;
	struct snapshot_config config;
	struct mem_space space;
	enum udv_status status;

	if (r->section.length < sizeof(config))
		return damaged(r, "is too short");
	memcpy(&config, r->payload, sizeof(config));
	if (!config_is_right(r, &config))
		return damaged(r, "describes no machine");
	snapshot->config = (struct udv_machine_config){ .memory = config.memory,
							.nr_cpus = config.nr_cpus,
							.seed = config.seed,
							.slice = config.slice };
	snapshot->config.no_rng = !(config.devices & SNAPSHOT_RNG);
	snapshot->config.iommu = config.devices & SNAPSHOT_IOMMU;
	snapshot->console = config.devices & SNAPSHOT_CONSOLE;
	snapshot->nr_timers = config.nr_timers;
	status = take_disks(r, &config);
	if (status == UDV_OK)
		status = take_cpu(r, &config);
	if (status != UDV_OK)
		return status;
	mem_init(&space);
	status = machine_add_memory(&space, config.memory);
	if (status == UDV_OK)
		status = mem_pages_init(&snapshot->pages, &space);
	mem_destroy(&space);
	return status == UDV_OK ? UDV_OK : no_memory(r);
}

static enum udv_status take_state(struct reader *r)
{
	struct udv_snapshot *snapshot = r->snapshot;

	if (!snapshot_allocate_state(snapshot))
		return no_memory(r);
	if (ZSTD_decompress(snapshot->state, snapshot->state_size, r->payload,
			    (size_t)r->section.length) != snapshot->state_size)
		return damaged(r, "has another size than such a machine");
	return snapshot_check_state(snapshot, r->problem);
}

/* ---------------------------------------------------------------- chunks */

static enum udv_status put_page(struct reader *r, uint64_t address, const uint8_t *data)
{
	enum udv_status status;

	if (address < r->next_address)
		return damaged(r, "has pages out of order");
	status = mem_pages_put(&r->snapshot->pages, address, data);
	if (status == UDV_ERR_NO_MEMORY)
		return no_memory(r);
	if (status != UDV_OK)
		return damaged(r, "has a page where there is no memory");
	r->next_address = address + MEM_PAGE_SIZE;
	r->end.pages++;
	return UDV_OK;
}

static enum udv_status put_block(struct reader *r, uint32_t disk, uint64_t number,
				 const uint8_t *data)
{
	struct disk *blocks = &r->snapshot->disk[disk].blocks;
	uint32_t before = blocks->nr_slots;

	if (number > (blocks->size - 1) / DISK_BLOCK)
		return damaged(r, "has a block behind the end of its disk");
	if (!disk_put_block(blocks, number, data))
		return no_memory(r);
	r->end.blocks++;
	return blocks->nr_slots > before ? UDV_OK : damaged(r, "has a block twice");
}

/* Numbers are behind the chunk's header. */
static enum udv_status put_chunk(struct reader *r, const struct snapshot_chunk *chunk)
{
	bool pages = section_is(r, "PAGE");
	enum udv_status status = UDV_OK;

	for (uint32_t i = 0; i < chunk->count && status == UDV_OK; i++) {
		const uint8_t *data = r->plain + ((size_t)i << MEM_PAGE_SHIFT);
		uint64_t number;

		memcpy(&number, r->payload + sizeof(*chunk) + 8 * (size_t)i, 8);
		status =
			pages ? put_page(r, number, data) : put_block(r, chunk->disk, number, data);
	}
	return status;
}

static bool chunk_is_right(const struct reader *r, const struct snapshot_chunk *chunk)
{
	const struct udv_snapshot *snapshot = r->snapshot;

	if (section_is(r, "PAGE"))
		return !chunk->disk;
	return chunk->disk < snapshot->nr_disks && snapshot->disk[chunk->disk].blocks.overlay;
}

static enum udv_status take_chunk(struct reader *r)
{
	struct snapshot_chunk chunk = { 0 };
	size_t plain, start;

	if (r->section.length >= sizeof(chunk))
		memcpy(&chunk, r->payload, sizeof(chunk));
	start = sizeof(chunk) + 8 * (size_t)chunk.count;
	if (!chunk.count || chunk.count > SNAPSHOT_CHUNK || start > r->section.length)
		return damaged(r, "has a wrong number of parts");
	if (!chunk_is_right(r, &chunk))
		return damaged(r, "is of a disk that there is not");
	plain = ZSTD_decompress(r->plain, CHUNK_BYTES, r->payload + start,
				(size_t)r->section.length - start);
	if (ZSTD_isError(plain) || plain != (size_t)chunk.count << MEM_PAGE_SHIFT)
		return damaged(r, "cannot be unpacked");
	return put_chunk(r, &chunk);
}

static enum udv_status take_end(struct reader *r)
{
	if (r->section.length != sizeof(r->end))
		return damaged(r, "has a wrong size");
	return memcmp(r->payload, &r->end, sizeof(r->end)) == 0 ? UDV_OK
								: damaged(r, "counts other parts");
}

/* The first of a kind, the second, any number, the last. */
static enum udv_status take_section(struct reader *r, bool *over)
{
	enum udv_status status = get_section(r);
	uint32_t number = r->section.number;

	if (status != UDV_OK)
		return status;
	if (number == 0)
		return section_is(r, "CONF") ? take_config(r) : damaged(r, "is not CONF");
	if (number == 1)
		return section_is(r, "STAT") ? take_state(r) : damaged(r, "is not STAT");
	if (section_is(r, "PAGE") || (section_is(r, "DISK") && !r->end.pages))
		return take_chunk(r);
	*over = true;
	return section_is(r, "END ") ? take_end(r) : damaged(r, "is not what can come here");
}

static enum udv_status read_all(struct reader *r)
{
	enum udv_status status = get_header(r);
	bool over = false;

	while (status == UDV_OK && !over)
		status = take_section(r, &over);
	return status;
}

enum udv_status udv_snapshot_read(const struct udv_snapshot_source *source,
				  struct udv_snapshot **snapshot, struct udv_problem *problem)
{
	struct reader r = { .source = source, .problem = problem };
	enum udv_status status;

	*snapshot = NULL;
	r.snapshot = snapshot_new();
	r.plain = malloc(CHUNK_BYTES);
	status = r.snapshot && r.plain ? read_all(&r) : no_memory(&r);
	free(r.payload);
	free(r.plain);
	if (status == UDV_OK)
		*snapshot = r.snapshot;
	else
		udv_snapshot_destroy(r.snapshot);
	return status;
}

#else

enum udv_status udv_snapshot_read(const struct udv_snapshot_source *source,
				  struct udv_snapshot **snapshot, struct udv_problem *problem)
{
	(void)source;
	*snapshot = NULL;
	machine_problem(problem, "this undervisor was built without zlib or Zstandard");
	return UDV_ERR_UNSUPPORTED;
}

#endif
