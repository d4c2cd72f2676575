/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "diff.h"

/*
 * usage: test_exits IMAGE
 *
 * config.vm_exit of both engines, for an image that is a hypervisor: the exits are the same, as
 * many as the statistics count, and what the trace says of them; and one register that is changed
 * in one machine shows in the next exit, by name.
 */

#define CHANGE_AFTER 10u
#define CHANGED_CR2 0x123456789abcull

static unsigned failures;

#define CHECK(holds)                                                                               \
	do {                                                                                       \
		if (!(holds)) {                                                                    \
			printf("line %d: %s does not hold\n", __LINE__, #holds);                   \
			failures++;                                                                \
		}                                                                                  \
	} while (0)

struct side {
	struct udv_machine *machine;
	struct diff_queue queue;
	struct udv_trace_event last; /* UDV_TRACE_VM_EXIT that the hook has not had yet */
	uint64_t traced, exits;
};

static void on_event(void *opaque, const struct udv_trace_event *event)
{
	struct side *side = opaque;

	if (event->kind != UDV_TRACE_VM_EXIT)
		return;
	CHECK(side->traced == side->exits);
	side->last = *event;
	side->traced++;
}

static void on_exit_of_guest(void *opaque, const struct udv_vm_exit *exit)
{
	struct side *side = opaque;
	struct diff_record *record = diff_push(&side->queue);

	if (!record || !diff_take_exit(record, exit)) {
		puts("out of memory");
		abort();
	}
	side->exits++;
	CHECK(side->traced == side->exits);
	CHECK(record->event.a == side->last.a && record->event.b == side->last.b);
	CHECK(record->event.c == side->last.c && record->event.rip == side->last.rip);
	CHECK(record->event.instructions == side->last.instructions);
	CHECK(record->event.guest_linear_address == side->last.guest_linear_address);
	CHECK(!exit->walk == !side->last.walk && exit->walk == side->last.walk);
	CHECK(!exit->aborted);
}

static void *read_file(const char *path, size_t *size)
{
	FILE *file = fopen(path, "rb");
	void *data = malloc(1 << 24);

	*size = file && data ? fread(data, 1, 1 << 24, file) : 0;
	if (file)
		fclose(file);
	return data;
}

static void create(struct side *side, enum udv_engine engine, const char *path)
{
	struct udv_machine_config config = {
		.engine = engine,
		.trace = on_event,
		.vm_exit = on_exit_of_guest,
		.opaque = side,
	};
	struct udv_boot boot = { .cmdline = "image" };

	boot.image = read_file(path, &boot.size);
	if (udv_machine_create(&config, &side->machine, NULL) != UDV_OK ||
	    udv_machine_load(side->machine, &boot, NULL) != UDV_OK) {
		printf("cannot boot %s\n", path);
		exit(1);
	}
	free((void *)boot.image);
}

static void run(struct side *side)
{
	struct udv_machine_stats stats;
	struct udv_stop_info info;
	uint64_t counted = 0;

	udv_machine_run(side->machine, UINT64_MAX, &info);
	CHECK(info.stop == UDV_STOP_DEBUG_EXIT && info.value == 0);
	udv_machine_stats(side->machine, &stats);
	for (unsigned i = 0; i < UDV_MAX_EXIT_REASONS; i++)
		counted += stats.vm_exits[i];
	CHECK(counted == side->exits);
}

/* How many records are the same; @fields: of the first that is not. */
static uint64_t compare(struct side *a, struct side *b, struct diff_fields *fields)
{
	struct diff_record record;
	uint64_t same = 0;

	fields->count = 0;
	while (a->queue.count && b->queue.count) {
		diff_compare(diff_head(&a->queue), diff_head(&b->queue), fields);
		if (fields->count)
			break;
		diff_pop(&a->queue, &record);
		diff_free_record(&record);
		diff_pop(&b->queue, &record);
		diff_free_record(&record);
		same++;
	}
	return same;
}

static void destroy(struct side *side)
{
	udv_machine_destroy(side->machine);
	diff_free_queue(&side->queue);
}

static void test_same(const char *path)
{
	static struct side direct, nested;
	struct diff_fields fields;

	create(&direct, UDV_ENGINE_DIRECT, path);
	create(&nested, UDV_ENGINE_NESTED, path);
	run(&direct);
	run(&nested);
	CHECK(direct.exits > 40 && direct.exits == nested.exits);
	CHECK(compare(&direct, &nested, &fields) == direct.exits);
	CHECK(fields.count == 0);
	printf("%llu exits, the same on both engines\n", (unsigned long long)direct.exits);
	destroy(&direct);
	destroy(&nested);
}

static void test_changed(const char *path)
{
	static struct side direct, nested;
	struct diff_fields fields;
	struct udv_registers registers;
	struct udv_stop_info info;

	create(&direct, UDV_ENGINE_DIRECT, path);
	create(&nested, UDV_ENGINE_NESTED, path);
	run(&direct);
	do {
		udv_machine_run(nested.machine, 1, &info);
	} while (info.stop == UDV_STOP_BUDGET && nested.exits < CHANGE_AFTER);
	CHECK(nested.exits == CHANGE_AFTER);
	udv_machine_get_registers(nested.machine, 0, &registers);
	CHECK(registers.cr2 != CHANGED_CR2);
	registers.cr2 = CHANGED_CR2;
	udv_machine_set_registers(nested.machine, 0, &registers);
	udv_machine_run(nested.machine, UINT64_MAX, &info);
	CHECK(compare(&direct, &nested, &fields) == CHANGE_AFTER);
	CHECK(fields.count == 2);
	CHECK(strcmp(fields.list[0].name, "L2's CR2") == 0);
	CHECK(strcmp(fields.list[1].name, "L1's CR2") == 0);
	CHECK(fields.list[0].values[1] == CHANGED_CR2);
	destroy(&direct);
	destroy(&nested);
}

int main(int argc, char **argv)
{
	if (argc != 2)
		return 2;
	test_same(argv[1]);
	test_changed(argv[1]);
	printf("%u failures\n", failures);
	return failures != 0;
}
