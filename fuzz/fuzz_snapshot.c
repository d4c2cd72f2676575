/* SPDX-License-Identifier: MIT */
/*
 * Any bytes as a snapshot, and snapshots of machines in states of the input's: most inputs are
 * taken as changes to a file that is right, of which checksums are made right again, so that what
 * is behind them is reached. What can be read runs a little, with reads and writes of what its
 * registers point to; then it is put back, and must run in the same way again.
 *
 * The first byte chooses: bits 6:0 are 0 for a file as it is, 1 for changes to bytes of the file,
 * otherwise for changes to the state, each of them 4 bytes: where (2), what (2). Bit 7: the nested
 * engine.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>
#include <zstd.h>

#include <undervisor/machine.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned seed_value);
size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max_size);

#define INSTRUCTIONS 3000u

/* docs/snapshots.md */
#define HEADER_SIZE 16u
#define STATE_SECTION 1u

struct section {
	char type[4];
	uint32_t number;
	uint64_t length;
	uint32_t checksum, header_checksum;
};

static void require(bool holds)
{
	if (!holds)
		abort();
}

struct bytes {
	uint8_t *data;
	size_t size, room, at;
};

static bool put(void *opaque, const void *data, size_t size)
{
	struct bytes *bytes = opaque;

	if (!size)
		return true;
	if (bytes->size + size > bytes->room) {
		bytes->room = 2 * (bytes->size + size);
		bytes->data = realloc(bytes->data, bytes->room);
		require(bytes->data);
	}
	memcpy(bytes->data + bytes->size, data, size);
	bytes->size += size;
	return true;
}

static bool get(void *opaque, void *data, size_t size, size_t *done)
{
	struct bytes *bytes = opaque;

	*done = size < bytes->size - bytes->at ? size : bytes->size - bytes->at;
	if (*done)
		memcpy(data, bytes->data + bytes->at, *done);
	bytes->at += *done;
	return true;
}

static enum udv_status read_bytes(struct bytes *bytes, struct udv_snapshot **snapshot)
{
	const struct udv_snapshot_source source = { get, bytes };
	struct udv_problem problem = { "" };
	enum udv_status status;

	bytes->at = 0;
	status = udv_snapshot_read(&source, snapshot, &problem);
	require((status == UDV_OK) == (*snapshot != NULL));
	require(status == UDV_OK || problem.text[0]);
	require(!strchr(problem.text, '\n'));
	return status;
}

/*
 * One of two processors, in the middle of a program with timers and interrupts on: from 7C00H, in
 * real mode, the 8254 and 8259 are programmed, then it adds up.
 */
static void set_up(struct udv_machine *machine)
{
	static const uint8_t code[] = { 0xb0, 0x34, 0xe6, 0x43, 0xb0, 0x10, 0xe6, 0x40, 0xb0,
					0x01, 0xe6, 0x40, 0xb0, 0x11, 0xe6, 0x20, 0xb0, 0x08,
					0xe6, 0x21, 0xb0, 0x04, 0xe6, 0x21, 0xb0, 0x01, 0xe6,
					0x21, 0xb0, 0xfe, 0xe6, 0x21, 0xfb, 0x01, 0xc3, 0x66,
					0x89, 0x5e, 0x10, 0xf4, 0xeb, 0xf7 };
	struct udv_registers registers;
	struct udv_stop_info info;

	require(udv_machine_write(machine, UDV_GPA(0x7c00), code, sizeof(code)) == UDV_OK);
	require(udv_machine_get_registers(machine, 0, &registers) == UDV_OK);
	registers.rip = 0x7c00;
	registers.segment[UDV_CS].base = 0;
	registers.segment[UDV_CS].selector = 0;
	registers.gpr[UDV_RSP] = 0x7000;
	require(udv_machine_set_registers(machine, 0, &registers) == UDV_OK);
	udv_machine_run(machine, 200, &info);
}

static void console(void *opaque, const uint8_t *data, size_t size)
{
	(void)opaque;
	(void)data;
	(void)size;
}

static bool read_disk(void *opaque, uint64_t offset, void *data, size_t size)
{
	(void)opaque;
	memset(data, (uint8_t)(offset >> 9), size);
	return true;
}

static const struct udv_disk disk = { .size = 64 << 10, .read = read_disk };

/* A file that is right. */
static const struct bytes *seed(void)
{
	static const struct udv_machine_config config = {
		.memory = 1 << 20,
		.nr_cpus = 2,
		.disks = &disk,
		.nr_disks = 1,
		.console = console,
	};
	static struct bytes bytes;
	const struct udv_snapshot_sink sink = { put, &bytes };
	struct udv_snapshot *snapshot;
	struct udv_machine *machine;

	if (bytes.size)
		return &bytes;
	require(udv_machine_create(&config, &machine, NULL) == UDV_OK);
	set_up(machine);
	require(udv_snapshot_take(machine, &snapshot) == UDV_OK);
	require(udv_snapshot_write(snapshot, &sink, NULL) == UDV_OK);
	udv_snapshot_destroy(snapshot);
	udv_machine_destroy(machine);
	return &bytes;
}

/* ---------------------------------------------------------------- changes */

struct change {
	uint16_t where, what;
};

/* Two bytes a change: the second often stays. */
static void apply(uint8_t *data, size_t size, const struct change *change)
{
	size_t at = size <= UINT16_MAX + 1u ? change->where % size
					    : (size_t)change->where * size / (UINT16_MAX + 1u);

	data[at] ^= (uint8_t)change->what;
	if (at + 1 < size)
		data[at + 1] ^= (uint8_t)(change->what >> 8);
}

static void apply_all(uint8_t *to, size_t to_size, const uint8_t *data, size_t size)
{
	struct change change;

	for (; size >= sizeof(change); data += sizeof(change), size -= sizeof(change)) {
		memcpy(&change, data, sizeof(change));
		apply(to, to_size, &change);
	}
}

/* Checksums of sections, as far as there are any. */
static void sign(struct bytes *bytes)
{
	size_t at = HEADER_SIZE;
	struct section section;

	while (bytes->size - at >= sizeof(section)) {
		uint8_t *header = bytes->data + at;

		memcpy(&section, header, sizeof(section));
		at += sizeof(section);
		if (section.length > bytes->size - at)
			return;
		section.checksum = (uint32_t)crc32_z(0, bytes->data + at, (size_t)section.length);
		section.header_checksum = (uint32_t)crc32_z(
			0, (const uint8_t *)&section, offsetof(struct section, header_checksum));
		memcpy(header, &section, sizeof(section));
		at += (size_t)section.length;
	}
}

/* Where section @number's header is in a file that is right. */
static size_t find_section(const struct bytes *bytes, unsigned number, struct section *section)
{
	size_t at = HEADER_SIZE;

	for (unsigned i = 0;; i++) {
		require(bytes->size - at >= sizeof(*section));
		memcpy(section, bytes->data + at, sizeof(*section));
		if (i == number)
			return at;
		at += sizeof(*section) + (size_t)section->length;
	}
}

/* A file with @state in the place of what the seed has. */
static void put_state(struct bytes *file, const uint8_t *state, size_t state_size)
{
	const struct bytes *right = seed();
	struct section section;
	size_t at = find_section(right, STATE_SECTION, &section);
	size_t behind = at + sizeof(section) + (size_t)section.length;
	size_t room = ZSTD_compressBound(state_size);
	uint8_t *packed = malloc(room);

	require(packed);
	section.length = ZSTD_compress(packed, room, state, state_size, 1);
	require(!ZSTD_isError((size_t)section.length));
	put(file, right->data, at);
	put(file, &section, sizeof(section));
	put(file, packed, (size_t)section.length);
	put(file, right->data + behind, right->size - behind);
	sign(file);
	free(packed);
}

#define STATE_MAX (1u << 20)
/* What processors and timers have at the least, behind the machine's. */
#define PROCESSORS_SIZE 7000u

static void change_state(struct bytes *file, const uint8_t *data, size_t size)
{
	static uint8_t state[STATE_MAX];
	const struct bytes *right = seed();
	struct section section;
	size_t at = find_section(right, STATE_SECTION, &section);
	size_t state_size = ZSTD_decompress(
		state, sizeof(state), right->data + at + sizeof(section), (size_t)section.length);

	require(!ZSTD_isError(state_size) && state_size > PROCESSORS_SIZE);
	if (data[0] & 1)
		apply_all(state, state_size, data + 1, size - 1);
	else
		apply_all(state + state_size - PROCESSORS_SIZE, PROCESSORS_SIZE, data + 1,
			  size - 1);
	put_state(file, state, state_size);
}

static struct udv_snapshot *make(const uint8_t *data, size_t size)
{
	struct udv_snapshot *snapshot = NULL;
	struct bytes file = { 0 };

	if ((data[0] & 0x7f) >= 2) {
		change_state(&file, data, size);
	} else if (data[0] & 1) {
		put(&file, seed()->data, seed()->size);
		apply_all(file.data, file.size, data + 1, size - 1);
		sign(&file);
	} else {
		put(&file, data + 1, size - 1);
	}
	read_bytes(&file, &snapshot);
	free(file.data);
	return snapshot;
}

/* ---------------------------------------------------------------- running */

struct outcome {
	struct udv_stop_info info;
	struct udv_machine_stats stats;
	uint64_t rip, rax, rsp;
	uint64_t output;
};

static void serial(void *opaque, uint8_t byte)
{
	uint64_t *output = opaque;

	*output = *output * 31 + byte;
}

static struct outcome run(struct udv_machine *machine, uint64_t *output)
{
	struct udv_registers registers;
	struct outcome out;
	uint8_t bytes[16];

	memset(&out, 0, sizeof(out));
	*output = 0;
	udv_machine_run(machine, INSTRUCTIONS, &out.info);
	require(out.info.instructions <= INSTRUCTIONS);
	udv_machine_stats(machine, &out.stats);
	require(udv_machine_get_registers(machine, 0, &registers) == UDV_OK);
	out.rip = registers.rip;
	out.rax = registers.gpr[UDV_RAX];
	out.rsp = registers.gpr[UDV_RSP];
	out.output = *output;
	udv_machine_read_linear(machine, 0, UDV_GVA(out.rip), bytes, sizeof(bytes));
	udv_machine_write_linear(machine, 0, UDV_GVA(out.rsp), bytes, sizeof(bytes));
	return out;
}

static bool same(const struct outcome *a, const struct outcome *b)
{
	return a->info.stop == b->info.stop && a->info.instructions == b->info.instructions &&
	       a->info.value == b->info.value && a->stats.ticks == b->stats.ticks &&
	       a->stats.exceptions == b->stats.exceptions &&
	       a->stats.interrupts == b->stats.interrupts && a->rip == b->rip && a->rax == b->rax &&
	       a->rsp == b->rsp && a->output == b->output;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint64_t output;
	struct udv_machine_config config = {
		.serial = serial,
		.disks = &disk,
		.nr_disks = 1,
		.opaque = &output,
	};
	struct udv_snapshot *snapshot;
	struct udv_machine *machine;
	struct outcome first, second;

	if (!size)
		return 0;
	snapshot = make(data, size);
	if (!snapshot)
		return 0;
	config.engine = data[0] & 0x80 ? UDV_ENGINE_NESTED : UDV_ENGINE_DIRECT;
	if (udv_machine_create_from(snapshot, &config, &machine, NULL) == UDV_OK) {
		first = run(machine, &output);
		require(udv_machine_restore(machine, snapshot, NULL) == UDV_OK);
		second = run(machine, &output);
		require(same(&first, &second));
		udv_machine_destroy(machine);
	}
	udv_snapshot_destroy(snapshot);
	return 0;
}

/* As the library does it, but half of the time one more change, mostly to the state. */
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned seed_value)
{
	static const uint8_t odd[] = { 0x01, 0x80, 0xff, 0x7f, 0x02, 0x40, 0x08, 0x10 };
	struct change change = { .where = (uint16_t)(seed_value >> 3) };

	if (seed_value & 1 || (size + sizeof(change) > max_size && size))
		return LLVMFuzzerMutate(data, size, max_size);
	if (max_size < 1 + sizeof(change))
		return LLVMFuzzerMutate(data, size, max_size);
	if (!size)
		data[size++] = (uint8_t)(1 + (seed_value >> 20) % 4);
	change.what = odd[seed_value >> 24 & 7];
	if (seed_value & 2)
		change.what = (uint16_t)(change.what * 0x101u);
	memcpy(data + size, &change, sizeof(change));
	return size + sizeof(change);
}
