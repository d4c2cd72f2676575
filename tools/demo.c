/* SPDX-License-Identifier: MIT */
#include "demo.h"

#include "commands.h"

#include <stdlib.h>
#include <string.h>

#define INSTRUCTIONS 100000000u /* it takes some two million */
#define LINE_SIZE 256u

/* What a machine's callbacks need. */
struct demo_run {
	struct demo_table *table;
	enum udv_engine engine;
	bool advanced;
	char line[LINE_SIZE];
	size_t length;
	bool garbled;
};

static void on_event(void *opaque, const struct udv_trace_event *event)
{
	demo_take_event(((struct demo_run *)opaque)->table, event);
}

static void on_serial(void *opaque, uint8_t byte)
{
	struct demo_run *run = opaque;

	if (byte != '\n' && run->length + 1 < sizeof(run->line)) {
		run->line[run->length++] = (char)byte;
		return;
	}
	run->line[run->length] = '\0';
	run->length = 0;
	run->garbled |= !demo_take_line(run->table, run->engine, run->advanced, run->line);
}

static bool stopped_well(const struct demo_run *run, const struct udv_stop_info *info)
{
	if (info->stop == UDV_STOP_DEBUG_EXIT && !info->value && !run->garbled)
		return true;
	if (info->stop == UDV_STOP_DEBUG_EXIT && info->value)
		complain("demo", "the image counts checks that failed: see --all");
	else if (info->stop == UDV_STOP_DEBUG_EXIT)
		complain("demo", "the image says what is no line of the table");
	else
		complain("demo", "the image did not end: %s", udv_stop_text(info->stop));
	return false;
}

static bool run_machine(struct demo_run *run)
{
	const struct udv_machine_config config = {
		.cpu = run->advanced ? "+la57" : "+la57,-ept-advanced",
		.engine = run->engine,
		.serial = on_serial,
		.trace = on_event,
		.opaque = run,
	};
	const struct udv_boot boot = { .image = demo_image,
				       .size = demo_image_size,
				       .cmdline = "demo table" };
	struct udv_machine *machine;
	struct udv_problem problem;
	struct udv_stop_info info;
	bool well;

	if (udv_machine_create(&config, &machine, &problem) != UDV_OK) {
		complain("demo", "%s", problem.text);
		return false;
	}
	well = udv_machine_load(machine, &boot, &problem) == UDV_OK;
	if (!well) {
		complain("demo", "%s", problem.text);
	} else {
		udv_machine_run(machine, INSTRUCTIONS, &info);
		well = stopped_well(run, &info);
	}
	udv_machine_destroy(machine);
	return well;
}

static bool run_machines(struct demo_table *table)
{
	static const enum udv_engine engines[] = { UDV_ENGINE_DIRECT, UDV_ENGINE_NESTED };
	bool well = true;

	for (unsigned i = 0; i < 2; i++)
		for (unsigned advanced = 0; advanced < 2; advanced++)
			well &= run_machine(&(struct demo_run){
				.table = table, .engine = engines[i], .advanced = advanced });
	return well;
}

static int show(bool all, bool json)
{
	struct demo_table *table = calloc(1, sizeof(*table));
	bool right;

	if (!table) {
		complain("demo", "out of memory");
		return 1;
	}
	right = run_machines(table);
	right = (json ? demo_print_json(table) : demo_print(table, all)) && right;
	free(table);
	if (!right)
		complain("demo", "an exit above is not what it must be");
	return right ? 0 : 1;
}

static void print_help(void)
{
	puts("Usage: undervisor demo [--all | --json | --walk]\n"
	     "\n"
	     "Four EPT faults of an L2, as L1 sees them: by the L2's own access and by string "
	     "I/O,\n"
	     "which a hypervisor below L1 has to emulate; on both engines, with and without\n"
	     "advanced exit information, in every paging mode of L2, at one byte, across pages "
	     "and\n"
	     "in the midst of REP. The image that makes them is part of the program.\n"
	     "\n"
	     "  --all                  a line for each exit, with its addresses\n"
	     "  --json                 the same for a program\n"
	     "  --walk                 the four by the walker alone, on tables in memory\n"
	     "  --help                 this text\n"
	     "\n"
	     "Exit status: 0 every exit is what it must be; 1 one is not; 2 usage.");
}

int cmd_demo(int argc, char **argv)
{
	const char *option = argc > 1 ? argv[1] : "";
	bool all = strcmp(option, "--all") == 0, json = strcmp(option, "--json") == 0;
	bool walk = strcmp(option, "--walk") == 0;
	int status;

	if (strcmp(option, "--help") == 0 || strcmp(option, "-h") == 0) {
		print_help();
		return finish_output("demo", 0);
	}
	if (argc > 2 || (*option && !all && !json && !walk)) {
		complain("demo",
			 "%s: takes one of --all, --json and --walk; undervisor demo --help",
			 argc > 2 ? argv[2] : option);
		return EXIT_USAGE;
	}
	if (!walk && !demo_image_size && (all || json)) {
		complain("demo", "the image is not in this build, which had no x86-64 compiler; "
				 "--walk needs none");
		return 1;
	}
	if (!walk && !demo_image_size)
		puts("The machine's image is not in this build, which had no x86-64 compiler: the "
		     "walk alone.");
	status = walk || !demo_image_size ? demo_walk() : show(all, json);
	return finish_output("demo", status);
}
