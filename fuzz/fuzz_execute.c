/* SPDX-License-Identifier: MIT */
/*
 * Code and data from the input, run from a state that the input chooses: each mode of the
 * processor, privileged or not, behind small page tables with entries of the input's. The run is
 * repeated in a way that must make no difference (UDV_STRESS_*, or in pieces): registers, memory,
 * time and what the trace saw must be the same.
 *
 * What is excused: a processor may go on using translations after the tables that they are from
 * changed. So tables lie where no page leads, and a run with an empty TLB is compared only if the
 * guest has kept to the tables that it started with.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <undervisor/machine.h>

#include "execute_state.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned seed);
size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max_size);

#define INSTRUCTIONS 400u
#define PIECE 7u

/* The memory that is compared: everything an input has a pointer to. */
#define CHECKED_SIZE 0x40000u
static const uint64_t checked[] = { 0, EXECUTE_LARGE_FRAME };

struct outcome {
	struct udv_registers registers;
	struct udv_machine_stats stats;
	struct udv_stop_info info;
	uint64_t memory, trace;
	bool remapped; /* other tables, or none, at some time */
};

static void require(bool holds)
{
	if (!holds)
		abort();
}

static uint64_t hash(uint64_t hash, const void *data, size_t size)
{
	const uint8_t *bytes = data;

	for (size_t i = 0; i + 8 <= size; i += 8) {
		uint64_t word;

		memcpy(&word, bytes + i, 8);
		hash = (hash ^ word) * 0x9e3779b97f4a7c15u;
		hash ^= hash >> 29;
	}
	return hash;
}

static void trace(void *opaque, const struct udv_trace_event *event)
{
	struct outcome *out = opaque;
	const uint64_t words[] = { (uint64_t)event->kind << 8 | event->cpu,
				   event->instructions,
				   event->rip,
				   event->a,
				   event->b,
				   event->c };

	out->trace = hash(out->trace, words, sizeof(words));
	if (event->kind == UDV_TRACE_MODE)
		out->remapped = true;
}

static uint64_t hash_memory(struct udv_machine *machine)
{
	static uint8_t bytes[CHECKED_SIZE];
	uint64_t result = 0;

	for (unsigned i = 0; i < sizeof(checked) / sizeof(checked[0]); i++) {
		require(udv_machine_read(machine, (udv_gpa_t){ checked[i] }, bytes,
					 sizeof(bytes)) == UDV_OK);
		result = hash(result, bytes, sizeof(bytes));
	}
	return result;
}

static void run(struct udv_machine *machine, unsigned piece, struct outcome *out)
{
	uint64_t done = 0;

	do {
		uint64_t budget = INSTRUCTIONS - done < piece ? INSTRUCTIONS - done : piece;

		udv_machine_run(machine, budget, &out->info);
		require(out->info.instructions <= budget);
		done += out->info.instructions;
	} while (out->info.stop == UDV_STOP_BUDGET && done < INSTRUCTIONS);
	out->info.instructions = done;
}

static void execute(const struct execute_input *in, uint32_t stress, unsigned piece, bool traced,
		    struct outcome *out)
{
	struct udv_machine_config config = {
		.memory = EXECUTE_MEMORY,
		.nr_cpus = in->header.two_cpus & 1 ? 2 : 1,
		.stress = stress,
		.slice = 100,
		.trace = traced ? trace : NULL,
		.opaque = out,
	};
	struct udv_machine *machine;
	uint64_t cr3;

	memset(out, 0, sizeof(*out));
	require(udv_machine_create(&config, &machine, NULL) == UDV_OK);
	execute_set_up(machine, in);
	require(udv_machine_get_registers(machine, 0, &out->registers) == UDV_OK);
	cr3 = out->registers.cr3;
	run(machine, piece, out);
	require(udv_machine_get_registers(machine, 0, &out->registers) == UDV_OK);
	out->remapped |= out->registers.cr3 != cr3;
	udv_machine_stats(machine, &out->stats);
	out->memory = hash_memory(machine);
	udv_machine_destroy(machine);
}

static void compare(const struct outcome *a, const struct outcome *b)
{
	require(a->info.stop == b->info.stop);
	require(a->info.instructions == b->info.instructions);
	require(a->info.value == b->info.value);
	require(a->trace == b->trace);
	require(!memcmp(a->registers.gpr, b->registers.gpr, sizeof(a->registers.gpr)));
	require(a->registers.rip == b->registers.rip);
	require(a->registers.rflags == b->registers.rflags);
	require(!memcmp(&a->registers, &b->registers, sizeof(a->registers)));
	require(a->stats.ticks == b->stats.ticks);
	require(a->stats.exceptions == b->stats.exceptions);
	require(a->stats.interrupts == b->stats.interrupts);
	require(a->memory == b->memory);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct {
		uint32_t stress;
		unsigned piece;
	} ways[] = {
		{ UDV_STRESS_SINGLE, INSTRUCTIONS },
		{ UDV_STRESS_TLB, INSTRUCTIONS },
		{ UDV_STRESS_BLOCKS, INSTRUCTIONS },
		{ 0, PIECE },
	};
	static struct outcome plain, other;
	struct execute_input in;
	unsigned way;
	bool traced;

	if (!execute_parse(&in, data, size))
		return 0;
	way = in.header.way & 3;
	traced = in.header.way & 4 || way == 1;
	execute(&in, 0, INSTRUCTIONS, traced, &plain);
	execute(&in, ways[way].stress, ways[way].piece, traced, &other);
	if (!(ways[way].stress & UDV_STRESS_TLB && (plain.remapped || other.remapped)))
		compare(&plain, &other);
	return 0;
}

/* As the library does it, but half of the time an instruction goes into the code. */
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned seed)
{
	uint8_t instruction[24];
	size_t length, at, code;

	if (size < sizeof(struct execute_header) || !(seed & 1))
		return LLVMFuzzerMutate(data, size, max_size);
	length = execute_instruction(instruction, seed >> 1);
	if (size + length > max_size)
		return LLVMFuzzerMutate(data, size, max_size);
	code = size - sizeof(struct execute_header);
	at = sizeof(struct execute_header) + (code ? (seed >> 7) % (code + 1) : 0);
	memmove(data + at + length, data + at, size - at);
	memcpy(data + at, instruction, length);
	return size + length;
}
