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
#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <undervisor/machine.h>

#include "execute_state.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned seed);
size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max_size);

#define INSTRUCTIONS 400u
#define PIECE 7u
#define MAX_EVENTS 1000u

/* The memory that is compared: everything an input has a pointer to. */
#define CHECKED_SIZE 0x40000u
#define NR_CHECKED 2
static const uint64_t checked[NR_CHECKED] = { 0, EXECUTE_LARGE_FRAME };

struct outcome {
	struct udv_registers registers;
	struct udv_machine_stats stats;
	struct udv_stop_info info;
	bool remapped; /* other tables, or none, at some time */
	unsigned nr_events;
	struct udv_trace_event event[MAX_EVENTS];
	uint8_t memory[NR_CHECKED][CHECKED_SIZE];
};

static void require(bool holds)
{
	if (!holds)
		abort();
}

static void trace(void *opaque, const struct udv_trace_event *event)
{
	struct outcome *out = opaque;

	if (out->nr_events < MAX_EVENTS)
		out->event[out->nr_events++] = *event;
	if (event->kind == UDV_TRACE_MODE)
		out->remapped = true;
}

static void read_memory(struct udv_machine *machine, struct outcome *out)
{
	for (unsigned i = 0; i < NR_CHECKED; i++)
		require(udv_machine_read(machine, UDV_GPA(checked[i]), out->memory[i],
					 CHECKED_SIZE) == UDV_OK);
}

static void run(struct udv_machine *machine, unsigned piece, struct outcome *out)
{
	uint64_t done = 0;

	do {
		uint64_t budget = INSTRUCTIONS - done < piece ? INSTRUCTIONS - done : piece;

		udv_machine_run(machine, budget, &out->info);
		if (out->info.instructions > budget) {
			fprintf(stderr, "%" PRIu64 " instructions, not %" PRIu64 "\n",
				out->info.instructions, budget);
			abort();
		}
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

	memset(out, 0, offsetof(struct outcome, event));
	require(udv_machine_create(&config, &machine, NULL) == UDV_OK);
	execute_set_up(machine, in);
	require(udv_machine_get_registers(machine, 0, &out->registers) == UDV_OK);
	cr3 = out->registers.cr3;
	run(machine, piece, out);
	require(udv_machine_get_registers(machine, 0, &out->registers) == UDV_OK);
	out->remapped |= out->registers.cr3 != cr3;
	udv_machine_stats(machine, &out->stats);
	read_memory(machine, out);
	udv_machine_destroy(machine);
}

static void show_event(const char *way, const struct outcome *out, unsigned i)
{
	const struct udv_trace_event *e = &out->event[i];

	if (i < out->nr_events)
		fprintf(stderr,
			"%s: event %u: kind %u cpu %u after %" PRIu64 " rip %" PRIx64 ": %" PRIx64
			" %" PRIx64 " %" PRIx64 "\n",
			way, i, (unsigned)e->kind, e->cpu, e->instructions, e->rip, e->a, e->b,
			e->c);
}

static void show(const char *way, const struct outcome *out, unsigned event)
{
	for (unsigned i = event > 3 ? event - 3 : 0; i < event + 2; i++)
		show_event(way, out, i);
	fprintf(stderr,
		"%s: stop %u value %u after %" PRIu64 ", %" PRIu64 " ticks, %" PRIu64
		" exceptions, %" PRIu64 " interrupts\n",
		way, (unsigned)out->info.stop, out->info.value, out->info.instructions,
		out->stats.ticks, out->stats.exceptions, out->stats.interrupts);
	fprintf(stderr,
		"%s: rip %" PRIx64 " rflags %" PRIx64 " cr0 %" PRIx64 " cr2 %" PRIx64
		" cr3 %" PRIx64 " cr4 %" PRIx64 "\n",
		way, out->registers.rip, out->registers.rflags, out->registers.cr0,
		out->registers.cr2, out->registers.cr3, out->registers.cr4);
	for (unsigned i = 0; i < 16; i++)
		fprintf(stderr, "%" PRIx64 "%c", out->registers.gpr[i], i == 15 ? '\n' : ' ');
}

static bool same_event(const struct udv_trace_event *a, const struct udv_trace_event *b)
{
	return a->kind == b->kind && a->cpu == b->cpu && a->instructions == b->instructions &&
	       a->rip == b->rip && a->a == b->a && a->b == b->b && a->c == b->c;
}

/* Member by member: between them is padding. */
static bool same_registers(const struct udv_registers *a, const struct udv_registers *b)
{
	for (unsigned i = 0; i < 8; i++) {
		const struct udv_segment_register *s = &a->segment[i], *t = &b->segment[i];

		if (s->base != t->base || s->limit != t->limit || s->selector != t->selector ||
		    s->access_rights != t->access_rights)
			return false;
	}
	return !memcmp(a->gpr, b->gpr, sizeof(a->gpr)) && !memcmp(a->dr, b->dr, sizeof(a->dr)) &&
	       a->rip == b->rip && a->rflags == b->rflags && a->gdtr_base == b->gdtr_base &&
	       a->gdtr_limit == b->gdtr_limit && a->idtr_base == b->idtr_base &&
	       a->idtr_limit == b->idtr_limit && a->cr0 == b->cr0 && a->cr2 == b->cr2 &&
	       a->cr3 == b->cr3 && a->cr4 == b->cr4 && a->efer == b->efer && a->dr6 == b->dr6 &&
	       a->dr7 == b->dr7;
}

static bool same(const struct outcome *a, const struct outcome *b)
{
	return a->info.stop == b->info.stop && a->info.instructions == b->info.instructions &&
	       a->info.value == b->info.value && a->nr_events == b->nr_events &&
	       same_registers(&a->registers, &b->registers) && a->stats.ticks == b->stats.ticks &&
	       a->stats.exceptions == b->stats.exceptions &&
	       a->stats.interrupts == b->stats.interrupts &&
	       !memcmp(a->memory, b->memory, sizeof(a->memory));
}

static void show_memory(const struct outcome *a, const struct outcome *b)
{
	unsigned shown = 0;

	for (unsigned i = 0; i < NR_CHECKED; i++)
		for (unsigned at = 0; at < CHECKED_SIZE && shown < 16; at++)
			if (a->memory[i][at] != b->memory[i][at] && ++shown)
				fprintf(stderr, "at %" PRIx64 ": %02x, %02x\n", checked[i] + at,
					a->memory[i][at], b->memory[i][at]);
}

static void compare(const struct outcome *a, const struct outcome *b)
{
	unsigned i = 0;

	while (i < a->nr_events && i < b->nr_events && same_event(&a->event[i], &b->event[i]))
		i++;
	if (i == a->nr_events && same(a, b))
		return;
	show("plain", a, i);
	show("other", b, i);
	show_memory(a, b);
	abort();
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
