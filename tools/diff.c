/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "diff.h"

#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "commands.h"
#include "common.h"
#include "run.h"
#include "run_boot.h"
#include "run_signals.h"

/*
 * "undervisor diff": an image on both engines, in lockstep.
 *
 * Each machine's callbacks put records into its queue; as soon as both queues have one, the two
 * first are compared and dropped. The machines run in turns of a piece, so that what waits is at
 * most what a piece makes.
 */

#define PIECE 20000u
/* Records before a difference that are shown. */
#define HISTORY 6u
#define MEMORY_PIECE 4096u

enum {
	DIFF_STATUS_EQUAL = 0,
	DIFF_STATUS_DIFFERENT = 3,
};

struct side {
	struct diff *diff;
	unsigned index;
	struct udv_machine *machine;
	struct run_disk disks[UDV_MAX_DISKS];
	struct udv_disk disk_configs[UDV_MAX_DISKS];
	struct diff_queue queue;
	uint64_t left; /* instructions */
	bool ended;
};

struct diff {
	struct run_options options;
	struct run_boot boot;
	struct run_serial serial, console;
	struct run_outputs outputs;
	struct side sides[2];
	struct diff_record history[HISTORY]; /* the same in both; a ring */
	uint64_t compared[DIFF_END + 1];
	uint64_t total; /* of these */
	bool stopped;	/* a difference, or no memory */
	bool no_memory, different;
	struct udv_stop_info info; /* of the end, the same in both */
};

/* ---------------------------------------------------------------- signals */

static struct udv_machine *signal_machines[2];
static volatile sig_atomic_t caught;

static void on_signal(int number)
{
	run_signals_note(&caught, number);
	udv_machine_request_stop(signal_machines[0]);
	udv_machine_request_stop(signal_machines[1]);
}

static void catch_signals(struct diff *diff)
{
	for (unsigned i = 0; i < 2; i++)
		signal_machines[i] = diff->sides[i].machine;
	run_signals_catch(on_signal, diff->options.max_seconds);
}

/* ---------------------------------------------------------------- comparing */

static void stop(struct diff *diff)
{
	diff->stopped = true;
	for (unsigned i = 0; i < 2; i++)
		udv_machine_request_stop(diff->sides[i].machine);
}

static void print_history(struct diff *diff)
{
	uint64_t first = diff->total < HISTORY ? 0 : diff->total - HISTORY;

	if (!diff->total)
		return;
	puts("before it, the same on both:");
	for (uint64_t i = first; i < diff->total; i++) {
		fputs("  ", stdout);
		diff_print_record(stdout, &diff->history[i % HISTORY]);
	}
}

static void report_difference(struct diff *diff)
{
	const struct diff_record *records[2];

	run_flush_serial(&diff->serial);
	run_flush_serial(&diff->console);
	for (unsigned i = 0; i < 2; i++)
		records[i] = diff_head(&diff->sides[i].queue);
	printf("the engines differ after %" PRIu64 " VM exits and %" PRIu64 " other events\n",
	       diff->compared[DIFF_EXIT], diff->total - diff->compared[DIFF_EXIT]);
	print_history(diff);
	diff_print_both(stdout, records);
	diff->different = true;
	stop(diff);
}

static void keep(struct diff *diff, struct diff_record *record)
{
	struct diff_record *place = &diff->history[diff->total % HISTORY];

	if (record->kind == DIFF_SERIAL)
		run_serial_byte(&diff->serial, record->byte);
	if (record->kind == DIFF_CONSOLE)
		run_serial_byte(&diff->console, record->byte);
	if (record->kind == DIFF_END)
		diff->info = record->end->info;
	diff->compared[record->kind]++;
	diff_free_record(place);
	*place = *record;
	diff->total++;
}

static void compare_heads(struct diff *diff)
{
	struct diff_queue *queues[2] = { &diff->sides[0].queue, &diff->sides[1].queue };
	struct diff_fields fields;
	struct diff_record record;

	while (queues[0]->count && queues[1]->count) {
		diff_compare(diff_head(queues[0]), diff_head(queues[1]), &fields);
		if (fields.count) {
			report_difference(diff);
			return;
		}
		diff_pop(queues[0], &record);
		diff_free_record(&record);
		diff_pop(queues[1], &record);
		keep(diff, &record);
	}
}

/* ---------------------------------------------------------------- what the machines do */

/* NULL once nothing is to be compared any more. */
static struct diff_record *add(struct side *side)
{
	struct diff_record *record = side->diff->stopped ? NULL : diff_push(&side->queue);

	if (!record && !side->diff->stopped) {
		side->diff->no_memory = true;
		stop(side->diff);
	}
	return record;
}

static void added(struct side *side, bool complete)
{
	if (complete) {
		compare_heads(side->diff);
		return;
	}
	side->diff->no_memory = true;
	stop(side->diff);
}

static void on_event(void *opaque, const struct udv_trace_event *event)
{
	struct diff_record *record;

	/* An exit comes with all about it, below; what L0 does has no counterpart. */
	if (event->kind == UDV_TRACE_VM_EXIT || event->kind >= UDV_TRACE_L0_SHOWN)
		return;
	record = add(opaque);
	if (record)
		added(opaque, diff_take_event(record, event));
}

static void on_exit_of_guest(void *opaque, const struct udv_vm_exit *exit)
{
	struct diff_record *record = add(opaque);

	if (record)
		added(opaque, diff_take_exit(record, exit));
}

static void add_byte(struct side *side, enum diff_kind kind, uint8_t byte)
{
	struct diff_record *record = add(side);

	if (!record)
		return;
	record->kind = kind;
	record->byte = byte;
	added(side, true);
}

static void on_serial(void *opaque, uint8_t byte)
{
	add_byte(opaque, DIFF_SERIAL, byte);
}

static void on_console(void *opaque, const uint8_t *data, size_t size)
{
	while (size--)
		add_byte(opaque, DIFF_CONSOLE, *data++);
}

static void add_end(struct side *side, const struct udv_stop_info *info)
{
	struct diff_record *record = add(side);
	struct udv_machine_stats stats;
	struct diff_end *end;

	if (!record)
		return;
	record->kind = DIFF_END;
	record->end = end = calloc(1, sizeof(*end));
	if (end) {
		udv_machine_stats(side->machine, &stats);
		end->info = *info;
		end->info.instructions = stats.instructions;
		end->ticks = stats.ticks;
		while (end->nr_cpus < UDV_MAX_CPUS &&
		       udv_machine_get_registers(side->machine, end->nr_cpus,
						 &end->registers[end->nr_cpus]) == UDV_OK)
			end->nr_cpus++;
	}
	added(side, end != NULL);
}

/* ---------------------------------------------------------------- lockstep */

static void run_piece(struct side *side)
{
	struct udv_stop_info info;

	if (side->ended || side->diff->stopped || caught)
		return;
	udv_machine_run(side->machine, side->left < PIECE ? side->left : PIECE, &info);
	side->left -= side->left < info.instructions ? side->left : info.instructions;
	if (info.stop == UDV_STOP_REQUESTED || (info.stop == UDV_STOP_BUDGET && side->left))
		return;
	side->ended = true;
	add_end(side, &info);
}

/*
 * Both have run as many instructions. What one of them has done and the other has not in a whole
 * turn more, it will not do.
 */
static void run_both(struct diff *diff)
{
	struct side *sides = diff->sides;
	uint64_t before;

	do {
		before = diff->total;
		run_piece(&sides[0]);
		run_piece(&sides[1]);
		run_flush_serial(&diff->serial);
		run_flush_serial(&diff->console);
		if (!diff->stopped && !caught && diff->total == before &&
		    (sides[0].queue.count || sides[1].queue.count))
			report_difference(diff);
	} while (!diff->stopped && !caught && !(sides[0].ended && sides[1].ended));
}

/* Pages that are RAM. False after the words for one that is not the same. */
static bool compare_memory(struct diff *diff)
{
	static uint8_t pages[2][MEMORY_PIECE];
	uint64_t address = 0, memory = diff->options.machine.memory, left;

	for (left = memory ? memory : 128 << 20; left >= MEMORY_PIECE; address += MEMORY_PIECE) {
		if (udv_machine_read(diff->sides[0].machine, UDV_GPA(address), pages[0],
				     MEMORY_PIECE) != UDV_OK)
			continue;
		left -= MEMORY_PIECE;
		udv_machine_read(diff->sides[1].machine, UDV_GPA(address), pages[1], MEMORY_PIECE);
		for (unsigned i = 0; i < MEMORY_PIECE; i++)
			if (pages[0][i] != pages[1][i]) {
				printf("the engines differ in memory at the end, at 0x%" PRIx64
				       ": %s 0x%02x, %s 0x%02x\n",
				       address + i, diff_engines[0], pages[0][i], diff_engines[1],
				       pages[1][i]);
				return false;
			}
	}
	return true;
}

/* ---------------------------------------------------------------- the command */

static void print_help(void)
{
	puts("Usage: undervisor diff [OPTIONS] IMAGE [ARGUMENTS...]\n"
	     "\n"
	     "Runs an image on both engines in lockstep, and compares every VM exit that a\n"
	     "hypervisor in it sees (all VMCS fields, all registers, virtual time), every other\n"
	     "event, every byte of output, and at the end registers and memory. It stops at the\n"
	     "first difference, and shows both sides.\n"
	     "\n"
	     "Machine, as for run:\n"
	     "  --memory SIZE  --cpus N  --cpu FEATURES  --initrd FILE[,ARGS]  --append STRING\n"
	     "  --kernel-decompress WHO  --disk FILE[,readonly]  --no-rng  --iommu  --seed N\n"
	     "Output of the guest, once:\n"
	     "  --serial WHERE         COM1's: stdio, none or file:PATH (none)\n"
	     "  --virtio-console WHERE a virtio console, and its (none)\n"
	     "Limits:\n"
	     "  --max-instructions N   stop after so many on each engine\n"
	     "  --max-seconds S        stop after so long\n"
	     "Others:\n"
	     "  --stress LIST          of tlb, blocks, single, ept02, vmcs12: on the nested "
	     "engine\n"
	     "                         alone\n"
	     "  --help                 this text\n"
	     "\n"
	     "Exit status: 0 no difference, to the end of the run; 3 a difference; 2 usage;\n"
	     "120 image, file or host trouble; 124 no difference up to a limit; 130 none up to\n"
	     "Ctrl-C.");
}

static bool open_disks(struct side *side, struct udv_machine_config *config)
{
	const struct run_options *options = &side->diff->options;

	for (unsigned i = 0; i < options->nr_disks; i++) {
		if (!run_open_disk(&side->disks[i], options->disks[i]))
			return false;
		side->disk_configs[i] = side->disks[i].config;
	}
	config->disks = side->disk_configs;
	config->nr_disks = options->nr_disks;
	return true;
}

static int create(struct side *side)
{
	struct diff *diff = side->diff;
	struct udv_machine_config config = diff->options.machine;
	struct udv_problem problem;
	enum udv_status status;

	config.engine = side->index ? UDV_ENGINE_NESTED : UDV_ENGINE_DIRECT;
	if (!side->index)
		config.stress = 0;
	config.serial = on_serial;
	if (strcmp(diff->options.virtio_console, "none") != 0)
		config.console = on_console;
	config.trace = on_event;
	config.vm_exit = on_exit_of_guest;
	config.opaque = side;
	if (!open_disks(side, &config))
		return RUN_FILE;
	status = udv_machine_create(&config, &side->machine, &problem);
	if (status != UDV_OK) {
		complain("diff", "%s", problem.text);
		return status == UDV_ERR_ARGUMENT ? RUN_USAGE : RUN_FILE;
	}
	side->left = diff->options.max_instructions;
	return run_load(&diff->boot, &diff->options, side->machine) ? 0 : RUN_FILE;
}

static bool check_disks(const struct run_options *options)
{
	for (unsigned i = 0; i < options->nr_disks; i++)
		if (strstr(options->disks[i], ",write")) {
			complain("diff", "--disk %s: two machines cannot write on one file",
				 options->disks[i]);
			return false;
		}
	return true;
}

static bool open_outputs(struct diff *diff)
{
	struct run_outputs *outputs = &diff->outputs;

	outputs->max_seconds = diff->options.max_seconds;
	run_know_boot(&diff->boot, &diff->options, outputs);
	for (unsigned i = 0; i < diff->options.nr_disks; i++)
		run_outputs_reads(outputs, "--disk", diff->sides[0].disks[i].path,
				  diff->sides[0].disks[i].fd);
	return run_outputs_standard(outputs, "standard output", STDOUT_FILENO) &&
	       run_outputs_standard(outputs, "standard error", STDERR_FILENO) &&
	       run_open_serial(&diff->serial, outputs, "--serial", diff->options.serial) &&
	       run_open_serial(&diff->console, outputs, "--virtio-console",
			       diff->options.virtio_console) &&
	       run_outputs_truncate(outputs);
}

static int create_all(struct diff *diff)
{
	int status = 0;

	if (!check_disks(&diff->options))
		return RUN_USAGE;
	if (!run_open_boot(&diff->boot, &diff->options))
		return RUN_FILE;
	for (unsigned i = 0; i < 2 && !status; i++) {
		diff->sides[i].diff = diff;
		diff->sides[i].index = i;
		status = create(&diff->sides[i]);
	}
	return status ? status : open_outputs(diff) ? 0 : RUN_FILE;
}

static void print_counts(const struct diff *diff)
{
	struct udv_machine_stats stats;

	udv_machine_stats(diff->sides[0].machine, &stats);
	printf("VM exits compared: %" PRIu64 "\n", diff->compared[DIFF_EXIT]);
	printf("other events compared: %" PRIu64 "\n", diff->compared[DIFF_EVENT]);
	printf("bytes of output compared: %" PRIu64 "\n",
	       diff->compared[DIFF_SERIAL] + diff->compared[DIFF_CONSOLE]);
	printf("instructions on each engine: %" PRIu64 "\n", stats.instructions);
}

static int conclude(struct diff *diff)
{
	if (diff->no_memory) {
		complain("diff", "out of memory");
		return RUN_FILE;
	}
	if (diff->different)
		return DIFF_STATUS_DIFFERENT;
	if (caught) {
		puts("no difference up to here");
		print_counts(diff);
		complain("diff", "%s",
			 caught == SIGALRM   ? "stopped by --max-seconds"
			 : caught == SIGTERM ? "terminated"
					     : "interrupted");
		return caught == SIGALRM ? RUN_LIMIT : RUN_SIGNALED;
	}
	if (!compare_memory(diff))
		return DIFF_STATUS_DIFFERENT;
	printf("no difference: %s", udv_stop_text(diff->info.stop));
	if (diff->info.stop == UDV_STOP_DEBUG_EXIT)
		printf(" %u", diff->info.value);
	putchar('\n');
	print_counts(diff);
	if (diff->info.stop != UDV_STOP_BUDGET)
		return DIFF_STATUS_EQUAL;
	complain("diff", "stopped by --max-instructions");
	return RUN_LIMIT;
}

static int execute(struct diff *diff)
{
	int status = create_all(diff);

	if (status)
		return status;
	catch_signals(diff);
	run_both(diff);
	return conclude(diff);
}

static int destroy(struct diff *diff, int status)
{
	run_close_serial(&diff->serial);
	run_close_serial(&diff->console);
	if (diff->serial.failed || diff->console.failed)
		status = RUN_FILE;
	for (unsigned i = 0; i < 2; i++) {
		struct side *side = &diff->sides[i];

		udv_machine_destroy(side->machine);
		for (unsigned j = 0; j < diff->options.nr_disks; j++) {
			if (side->disks[j].failed)
				status = RUN_FILE;
			run_close_disk(&side->disks[j]);
		}
		diff_free_queue(&side->queue);
	}
	for (unsigned i = 0; i < HISTORY; i++)
		diff_free_record(&diff->history[i]);
	run_close_boot(&diff->boot);
	free(diff);
	return status;
}

int cmd_diff(int argc, char **argv)
{
	struct diff *diff = calloc(1, sizeof(*diff));
	int status = 0;

	if (!diff) {
		complain("diff", "out of memory");
		return RUN_FILE;
	}
	diff->serial.name = "COM1";
	diff->console.name = "virtio's console";
	diff->serial.fd = diff->console.fd = -1;
	diff->serial.caught = diff->console.caught = &caught;
	if (!run_parse_options(&diff->options, argc, argv))
		status = RUN_USAGE;
	else if (diff->options.help)
		print_help();
	else if (diff->options.machine.cpu && strcmp(diff->options.machine.cpu, "help") == 0)
		run_print_features();
	else
		status = execute(diff);
	return destroy(diff, status);
}
