/* SPDX-License-Identifier: MIT */
#include "nested_sides.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WORDS_SHOWN 16u

static void on_event(void *opaque, const struct udv_trace_event *event)
{
	struct side *side = opaque;
	struct diff_record *record;

	if (event->kind == UDV_TRACE_VM_EXIT || event->kind >= UDV_TRACE_L0_SHOWN)
		return;
	record = diff_push(&side->queue);
	if (!record || !diff_take_event(record, event))
		abort();
}

static void on_exit_of_guest(void *opaque, const struct udv_vm_exit *exit)
{
	struct side *side = opaque;
	struct diff_record *record = diff_push(&side->queue);

	if (!record || !diff_take_exit(record, exit))
		abort();
}

void side_run(struct side *side, enum udv_engine engine, uint32_t stress, uint64_t instructions,
	      const struct code *l1, const struct code *l2)
{
	struct udv_machine_config config = {
		.memory = WORLD_MEMORY,
		.cpu = side->cpu,
		.engine = engine,
		.stress = stress,
		.trace = on_event,
		.vm_exit = on_exit_of_guest,
		.opaque = side,
	};

	if (udv_machine_create(&config, &side->machine, NULL) != UDV_OK)
		abort();
	world_setup(side->machine, l1, l2);
	memset(&side->end, 0, sizeof(side->end));
	udv_machine_run(side->machine, instructions, &side->end.info);
	udv_machine_stats(side->machine, &side->stats);
	side->end.ticks = side->stats.ticks;
	side->end.nr_cpus = 1;
	if (udv_machine_get_registers(side->machine, 0, &side->end.registers[0]) != UDV_OK ||
	    udv_machine_read(side->machine, UDV_GPA(0), side->memory, WORLD_MEMORY) != UDV_OK)
		abort();
	udv_machine_destroy(side->machine);
	side->machine = NULL;
}

/* ---------------------------------------------------------------- what differs */

static void print_record(const char *engine, const struct diff_record *record)
{
	if (!record) {
		fprintf(stderr, "%s: nothing\n", engine);
		return;
	}
	fprintf(stderr,
		"%s: kind %d.%d after %" PRIu64 " instructions, RIP 0x%" PRIx64 ": 0x%" PRIx64
		" 0x%" PRIx64 " 0x%" PRIx64 "\n",
		engine, (int)record->kind, (int)record->event.kind, record->event.instructions,
		record->event.rip, record->event.a, record->event.b, record->event.c);
}

static bool same(const struct diff_record *direct, const struct diff_record *nested)
{
	static struct diff_fields fields;

	fields.count = 0;
	if (direct && nested)
		diff_compare(direct, nested, &fields);
	if (direct && nested && !fields.count)
		return true;
	for (unsigned i = 0; i < fields.count && i < DIFF_MAX_FIELDS; i++)
		fprintf(stderr, "%s: 0x%" PRIx64 ", not 0x%" PRIx64 "\n", fields.list[i].name,
			fields.list[i].values[1], fields.list[i].values[0]);
	print_record("direct", direct);
	print_record("nested", nested);
	return false;
}

static void drop_first(struct diff_queue *queue)
{
	struct diff_record record;

	diff_pop(queue, &record);
	diff_free_record(&record);
}

static bool same_records(struct diff_queue *direct, struct diff_queue *nested)
{
	bool print = getenv("FUZZ_NESTED_PRINT"), result = true;

	while (direct->count || nested->count) {
		result = result && same(diff_head(direct), diff_head(nested));
		if (print && result)
			print_record("both", diff_head(direct));
		if (direct->count)
			drop_first(direct);
		if (nested->count)
			drop_first(nested);
	}
	return result;
}

static bool same_end(struct side *direct, struct side *nested)
{
	const struct diff_record ends[2] = { { .kind = DIFF_END, .end = &direct->end },
					     { .kind = DIFF_END, .end = &nested->end } };
	unsigned count = 0;

	if (!same(&ends[0], &ends[1]))
		return false;
	if (!memcmp(direct->memory, nested->memory, WORLD_MEMORY))
		return true;
	for (size_t i = 0; i < WORLD_MEMORY && count < WORDS_SHOWN; i += 8) {
		uint64_t words[2];

		memcpy(&words[0], direct->memory + i, 8);
		memcpy(&words[1], nested->memory + i, 8);
		if (words[0] == words[1])
			continue;
		fprintf(stderr, "memory at 0x%zx: 0x%" PRIx64 ", not 0x%" PRIx64 "\n", i, words[1],
			words[0]);
		count++;
	}
	return false;
}

bool sides_same(struct side *direct, struct side *nested)
{
	return same_records(&direct->queue, &nested->queue) && same_end(direct, nested);
}
