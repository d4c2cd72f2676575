/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "run.h"

#include <inttypes.h>
#include <math.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <time.h>

#include "commands.h"
#include "common.h"
#include "gdb_socket.h"
#include "run_boot.h"

/* "undervisor run": boots an image in a machine of the library. */

/* Between two looks at what waits to be written. */
#define PIECE 20000000u

static void print_help(void)
{
	puts("Usage: undervisor run [OPTIONS] IMAGE [ARGUMENTS...]\n"
	     "\n"
	     "Boots an image in a virtual machine: a Linux kernel, PVH, multiboot 1 and 2, ELF.\n"
	     "\n"
	     "Machine:\n"
	     "  --memory SIZE          such as 512M or 4G, up to 64G; MB without a letter (128M)\n"
	     "  --cpus N               1 to 16 processors (1)\n"
	     "  --cpu FEATURES         apart from the default: +la57,-avx,maxphyaddr=39; help\n"
	     "                         lists them\n"
	     "  --engine ENGINE        what a hypervisor in the image runs on: direct or nested\n"
	     "                         (direct)\n"
	     "  --initrd FILE[,ARGS]   the initial RAM disk, or a multiboot module; more than one\n"
	     "                         may be given\n"
	     "  --append STRING        added to the command line, after the arguments\n"
	     "  --kernel-decompress WHO\n"
	     "                         loader or guest: who unpacks a Linux kernel (loader)\n"
	     "  --disk FILE[,write]    a raw image as a virtio disk; up to 4. What is written "
	     "stays in\n"
	     "                         memory, or goes to the file with \"write\"; or "
	     "\"readonly\"\n"
	     "  --no-rng               no virtio source of entropy\n"
	     "  --iommu                a DMA remapping unit (VT-d), which some hypervisors insist "
	     "on\n"
	     "  --serial WHERE         COM1's output: stdio, none or file:PATH (stdio)\n"
	     "  --seed N               for RDRAND, RDSEED and virtio's entropy (0)\n"
	     "  --virtio-console WHERE a virtio console and where it writes, as --serial (none)\n"
	     "Limits:\n"
	     "  --max-instructions N   stop after so many\n"
	     "  --max-seconds S        stop after so long\n"
	     "Debugging:\n"
	     "  --gdb WHERE            wait for gdb at a port of 127.0.0.1, or at unix:PATH\n"
	     "What happened:\n"
	     "  --stats                instructions, speed and cache figures, at the end\n"
	     "  --trace FILE           exceptions, interrupts, mode changes, I/O and MSR accesses\n"
	     "  --trace-format FORMAT  text or json (json for .json and .jsonl, else text)\n"
	     "  --trace-hash           a hash of all of these and the final registers, at the end\n"
	     "  --stress LIST          of tlb, blocks, single, ept02: slow, changing nothing\n"
	     "  --help                 this text\n"
	     "\n"
	     "Exit status: (V << 1) | 1 if the guest writes V to port F4H; 0 power-off; 2 usage;\n"
	     "120 image, file or host trouble; 122 halted for ever; 124 a limit; 126 triple fault\n"
	     "or reset; 130 Ctrl-C. All but the first come with a line on standard error.");
}

/* ---------------------------------------------------------------- signals */

/* The one machine of this process, for the handlers. */
static struct udv_machine *signal_machine;
static volatile sig_atomic_t caught;

static void on_signal(int number)
{
	caught = number;
	udv_machine_request_stop(signal_machine);
}

static void catch_signals(struct udv_machine *machine, double max_seconds)
{
	struct sigaction action = { .sa_handler = on_signal };
	struct itimerval timer = { 0 };
	double whole;

	signal_machine = machine;
	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	if (max_seconds == 0)
		return;
	sigaction(SIGALRM, &action, NULL);
	timer.it_value.tv_usec = (suseconds_t)(modf(max_seconds, &whole) * 1e6);
	timer.it_value.tv_sec = (time_t)whole;
	if (!timer.it_value.tv_sec && !timer.it_value.tv_usec)
		timer.it_value.tv_usec = 1;
	setitimer(ITIMER_REAL, &timer, NULL);
}

/* ---------------------------------------------------------------- a run */

struct run {
	struct run_options options;
	struct run_boot boot;
	struct run_serial serial, console;
	struct run_disk disks[UDV_MAX_DISKS];
	struct udv_disk disk_configs[UDV_MAX_DISKS];
	struct run_trace trace;
	struct udv_machine *machine;
	struct gdb_server gdb;
	bool killed;	/* by the debugger */
	double seconds; /* of the host's time, running */
};

static void serial_byte(void *opaque, uint8_t byte)
{
	struct run *run = opaque;

	run_serial_byte(&run->serial, byte);
}

static void console_bytes(void *opaque, const uint8_t *data, size_t size)
{
	struct run *run = opaque;

	while (size--)
		run_serial_byte(&run->console, *data++);
}

static void trace_event(void *opaque, const struct udv_trace_event *event)
{
	struct run *run = opaque;

	run_trace_event(&run->trace, event);
}

static bool open_all(struct run *run)
{
	const struct run_options *options = &run->options;

	return run_open_boot(&run->boot, options) &&
	       run_open_serial(&run->serial, options->serial) &&
	       run_open_serial(&run->console, options->virtio_console) &&
	       run_open_trace(&run->trace, options);
}

static bool open_disks(struct run *run)
{
	struct udv_machine_config *config = &run->options.machine;

	for (unsigned i = 0; i < run->options.nr_disks; i++) {
		if (!run_open_disk(&run->disks[i], run->options.disks[i]))
			return false;
		run->disk_configs[i] = run->disks[i].config;
	}
	config->disks = run->disk_configs;
	config->nr_disks = run->options.nr_disks;
	return true;
}

static int create(struct run *run)
{
	struct udv_machine_config *config = &run->options.machine;
	struct udv_problem problem;
	enum udv_status status;

	config->serial = serial_byte;
	config->opaque = run;
	if (strcmp(run->options.virtio_console, "none") != 0)
		config->console = console_bytes;
	if (!open_disks(run))
		return RUN_FILE;
	if (run->options.trace || run->options.trace_hash)
		config->trace = trace_event;
	status = udv_machine_create(config, &run->machine, &problem);
	if (status == UDV_OK)
		return 0;
	complain("run", "%s", problem.text);
	return status == UDV_ERR_ARGUMENT ? RUN_USAGE : RUN_FILE;
}

static double seconds_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

static void go(struct run *run, struct udv_stop_info *info)
{
	double start = seconds_now();
	uint64_t left = run->options.max_instructions;

	catch_signals(run->machine, run->options.max_seconds);
	*info = (struct udv_stop_info){ .stop = UDV_STOP_REQUESTED };
	do {
		if (!gdb_server_wait(&run->gdb)) {
			run->killed = !caught;
			break;
		}
		udv_machine_run(run->machine, left < PIECE ? left : PIECE, info);
		left -= left < info->instructions ? left : info->instructions;
		run_flush_serial(&run->serial);
		run_flush_serial(&run->console);
	} while (gdb_server_stopped(&run->gdb, info) || (info->stop == UDV_STOP_BUDGET && left));
	run->seconds = seconds_now() - start;
}

/* ---------------------------------------------------------------- what happened */

/* "WHAT at RIP ... of processor N (MODE)" */
static void say(const struct run *run, const struct udv_stop_info *info, const char *what)
{
	struct udv_registers registers;
	char cpu[32] = "";

	udv_machine_get_registers(run->machine, info->cpu, &registers);
	if (run->options.machine.nr_cpus > 1)
		snprintf(cpu, sizeof(cpu), " of processor %u", info->cpu);
	complain("run", "%s at RIP 0x%" PRIx64 "%s, %s", what, registers.rip, cpu,
		 udv_machine_mode(run->machine, info->cpu));
}

static int report(const struct run *run, const struct udv_stop_info *info)
{
	switch (info->stop) {
	case UDV_STOP_DEBUG_EXIT:
		return (int)(info->value << 1 | 1) & 0xff;
	case UDV_STOP_POWER_OFF:
		say(run, info, "powered off");
		return RUN_POWER_OFF;
	case UDV_STOP_HALTED:
		say(run, info, "halted for ever");
		return RUN_HALTED;
	case UDV_STOP_TRIPLE_FAULT:
		say(run, info, "triple fault");
		return RUN_RESET;
	case UDV_STOP_RESET:
		say(run, info, "the guest reset the machine");
		return RUN_RESET;
	case UDV_STOP_BUDGET:
		say(run, info, "stopped by --max-instructions");
		return RUN_LIMIT;
	case UDV_STOP_REQUESTED:
	case UDV_STOP_DEBUG:
		break;
	}
	if (run->killed) {
		say(run, info, "ended by the debugger");
		return RUN_SIGNALED;
	}
	if (caught == SIGALRM) {
		say(run, info, "stopped by --max-seconds");
		return RUN_LIMIT;
	}
	say(run, info, caught == SIGTERM ? "terminated" : "interrupted");
	return RUN_SIGNALED;
}

static void print_hash(struct run *run)
{
	struct udv_registers registers;

	for (unsigned i = 0; udv_machine_get_registers(run->machine, i, &registers) == UDV_OK; i++)
		run_trace_registers(&run->trace, &registers);
	fprintf(stderr, "trace hash: %016" PRIx64 "\n", run->trace.hash);
}

static void print_stats(const struct run *run)
{
	struct udv_machine_stats stats;

	udv_machine_stats(run->machine, &stats);
	fprintf(stderr, "instructions: %" PRIu64 "\n", stats.instructions);
	fprintf(stderr, "host seconds: %.3f\n", run->seconds);
	fprintf(stderr, "MIPS: %.1f\n",
		run->seconds > 0 ? (double)stats.instructions / run->seconds * 1e-6 : 0.0);
	fprintf(stderr, "virtual seconds: %.9f\n", (double)stats.nanoseconds * 1e-9);
	fprintf(stderr, "exceptions: %" PRIu64 "\n", stats.exceptions);
	fprintf(stderr, "interrupts: %" PRIu64 "\n", stats.interrupts);
	fprintf(stderr, "TLB misses: %" PRIu64 "\n", stats.tlb_misses);
	fprintf(stderr, "TLB flushes: %" PRIu64 "\n", stats.tlb_flushes);
	fprintf(stderr, "blocks built: %" PRIu64 "\n", stats.blocks_built);
	fprintf(stderr, "blocks dropped: %" PRIu64 "\n", stats.blocks_dropped);
	fprintf(stderr, "block lookups: %" PRIu64 "\n", stats.block_lookups);
	run_print_exits(stderr, &stats);
}

static int execute(struct run *run)
{
	struct udv_stop_info info;
	int status;

	status = create(run);
	if (!status && !(open_all(run) && run_load(&run->boot, &run->options, run->machine)))
		status = RUN_FILE;
	if (status)
		return status;
	if (run->options.gdb && (!gdb_server_open(&run->gdb, run->options.gdb, &caught) ||
				 !gdb_server_attach(&run->gdb, run->machine)))
		return RUN_FILE;
	go(run, &info);
	status = report(run, &info);
	gdb_server_ended(&run->gdb, status);
	if (run->options.trace_hash)
		print_hash(run);
	if (run->options.stats)
		print_stats(run);
	return status;
}

int cmd_run(int argc, char **argv)
{
	struct run *run = calloc(1, sizeof(*run));
	int status = RUN_FILE;

	if (!run) {
		complain("run", "out of memory");
		return RUN_FILE;
	}
	run->serial.fd = run->console.fd = run->gdb.fd = -1;
	if (!run_parse_options(&run->options, argc, argv)) {
		status = RUN_USAGE;
	} else if (run->options.help) {
		print_help();
		status = 0;
	} else if (run->options.machine.cpu && strcmp(run->options.machine.cpu, "help") == 0) {
		run_print_features();
		status = 0;
	} else {
		status = execute(run);
	}
	run_close_serial(&run->serial);
	run_close_serial(&run->console);
	if (!run_close_trace(&run->trace) || run->serial.failed || run->console.failed)
		status = RUN_FILE;
	gdb_server_close(&run->gdb);
	udv_machine_destroy(run->machine);
	for (unsigned i = 0; i < run->options.nr_disks; i++) {
		if (run->disks[i].failed)
			status = RUN_FILE;
		run_close_disk(&run->disks[i]);
	}
	run_close_boot(&run->boot);
	free(run);
	return status;
}
