/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "run.h"
#include "run_entry.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "commands.h"
#include "common.h"
#include "run_sandbox.h"
#include "run_signals.h"
#include "run_state.h"
#include "run_terminal.h"

/* "undervisor run": boots an image in a machine of the library. */

static void print_help(void)
{
	puts("Usage: undervisor run [OPTIONS] IMAGE [ARGUMENTS...]\n"
	     "       undervisor run [OPTIONS] --restore FILE\n"
	     "\n"
	     "Boots an image in a virtual machine: a Linux kernel, PVH, multiboot 1 and 2, ELF.\n"
	     "\n"
	     "Machine:\n"
	     "  --memory SIZE          such as 512M or 4G, up to 64G; MB without a letter (128M)\n"
	     "  --cpus N               1 to 16 processors (1)\n"
	     "  --cpu FEATURES         apart from the default: +la57,-avx,maxphyaddr=39; help\n"
	     "                         lists them\n"
	     "  --engine ENGINE        what a hypervisor in the image runs on: nested or direct\n"
	     "                         (nested)\n"
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
	     "  --save FILE            the machine as it is when the run ends\n"
	     "  --restore FILE         goes on from there; needs the disks, and no image\n"
	     "  --record FILE          what comes in on COM1, and when\n"
	     "  --replay FILE          the run of a recording once more\n"
	     "  --sandbox              fail where the process cannot be confined\n"
	     "  --no-sandbox           do not confine the process\n"
	     "Limits:\n"
	     "  --max-instructions N   stop after so many\n"
	     "  --max-seconds S        stop after so long\n"
	     "Debugging:\n"
	     "  --gdb WHERE            wait for gdb at a port of 127.0.0.1, or at unix:PATH\n"
	     "What happened:\n"
	     "  --stats                instructions, speed and cache figures, at the end\n"
	     "  --progress WHEN        how far the run is: on, off or auto (auto)\n"
	     "  --trace FILE           exceptions, interrupts, mode changes, I/O and MSR accesses\n"
	     "  --trace-format FORMAT  text or json (json for .json and .jsonl, else text)\n"
	     "  --trace-hash           a hash of all of these and the final registers, at the end\n"
	     "  --no-doctor            say nothing of the first VM entry that fails\n"
	     "  --stress LIST          of tlb, blocks, single, ept02, vmcs12: slow, changing\n"
	     "                         nothing\n"
	     "  --help                 this text\n"
	     "\n"
	     "At a terminal: Ctrl-A x stops the run, Ctrl-A h lists more.\n"
	     "\n"
	     "Exit status: (V << 1) | 1 if the guest writes V to port F4H; 0 power-off; 2 usage;\n"
	     "120 image, file or host trouble; 122 halted for ever; 124 a limit; 126 triple "
	     "fault,\n"
	     "VMX abort or reset; 130 Ctrl-C, Ctrl-A x, a signal. All but the first come with a "
	     "line\non standard error.");
}

/* ---------------------------------------------------------------- signals */

/* The one machine of this process, for the handlers. */
static struct udv_machine *signal_machine;
static volatile sig_atomic_t caught;

static void on_signal(int number)
{
	run_signals_note(&caught, number);
	udv_machine_request_stop(signal_machine);
}

static void catch_signals(struct udv_machine *machine, double max_seconds)
{
	/* Who asked for it to outlive the terminal (nohup), or started it behind a prompt, gets
	 * that. */
	static const int unless_ignored[] = { SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2, SIGXCPU };
	struct sigaction action = { .sa_handler = on_signal }, before;

	signal_machine = machine;
	for (size_t i = 0; i < sizeof(unless_ignored) / sizeof(unless_ignored[0]); i++) {
		sigaction(unless_ignored[i], NULL, &before);
		if (before.sa_handler != SIG_IGN)
			sigaction(unless_ignored[i], &action, NULL);
	}
	run_signals_catch(on_signal, max_seconds);
}

/* ---------------------------------------------------------------- a run */

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

static void entry_failed(void *opaque, const struct udv_entry_failure *failure)
{
	struct run *run = opaque;

	run_flush_serial(&run->serial);
	run_entry_failed(&run->entry, &run->trace, failure);
}

static void trace_event(void *opaque, const struct udv_trace_event *event)
{
	struct run *run = opaque;

	run_trace_event(&run->trace, event);
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
	config->entry_failed = entry_failed;
	config->opaque = run;
	if (strcmp(run->options.virtio_console, "none") != 0)
		config->console = console_bytes;
	if (!open_disks(run))
		return RUN_FILE;
	if (run->options.trace || run->options.trace_hash)
		config->trace = trace_event;
	if (run->options.restore)
		return run_restore(run);
	status = udv_machine_create(config, &run->machine, &problem);
	if (status == UDV_OK)
		return 0;
	complain("run", "%s", problem.text);
	return status == UDV_ERR_ARGUMENT ? RUN_USAGE : RUN_FILE;
}

/* ---------------------------------------------------------------- outputs */

static bool reads_input(const struct run *run)
{
	return strcmp(run->options.serial, "stdio") == 0 && !run->options.replay;
}

static void know_inputs(struct run *run)
{
	struct run_outputs *outputs = &run->outputs;
	const struct run_record *record = &run->loop.record;

	if (run->options.restore)
		run_outputs_reads(outputs, "--restore", run->snapshot.file.path,
				  run->snapshot.file.fd);
	else
		run_know_boot(&run->boot, &run->options, outputs);
	for (unsigned i = 0; i < run->options.nr_disks; i++)
		if (!run->disks[i].config.write)
			run_outputs_reads(outputs, "--disk", run->disks[i].path, run->disks[i].fd);
	if (record->replaying)
		run_outputs_reads(outputs, "--replay", record->path, fileno(record->file));
	if (reads_input(run))
		run_outputs_reads(outputs, "standard input", NULL, STDIN_FILENO);
}

static bool know_standard(struct run *run)
{
	struct run_outputs *outputs = &run->outputs;

	for (unsigned i = 0; i < run->options.nr_disks; i++)
		if (run->disks[i].config.write &&
		    !run_outputs_writes(outputs, "--disk", run->disks[i].path, run->disks[i].fd))
			return false;
	return run_outputs_standard(outputs, "standard output", STDOUT_FILENO) &&
	       run_outputs_standard(outputs, "standard error", STDERR_FILENO);
}

/*
 * Only now, with an image that has been accepted and a recording that belongs to it, is anything
 * overwritten.
 */
static bool open_outputs(struct run *run)
{
	const struct run_options *options = &run->options;
	struct run_outputs *outputs = &run->outputs;

	outputs->max_seconds = options->max_seconds;
	know_inputs(run);
	return know_standard(run) &&
	       run_open_serial(&run->serial, outputs, "--serial", options->serial) &&
	       run_open_serial(&run->console, outputs, "--virtio-console",
			       options->virtio_console) &&
	       run_open_trace(&run->trace, outputs, options) && run_open_save(run) &&
	       (!options->record ||
		run_record_create(&run->loop.record, outputs, options->record)) &&
	       run_outputs_truncate(outputs) && (!options->record || run_record_parts(run));
}

static bool open_replay(struct run *run)
{
	return !run->options.replay ||
	       (run_replay_open(&run->loop.record, run->options.replay) && run_record_parts(run));
}

/* ---------------------------------------------------------------- going */

/* The leak checker looks at this process from outside, which no sandbox allows. */
#if defined(__SANITIZE_ADDRESS__)
#define LEAK_CHECKER 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define LEAK_CHECKER 1
#endif
#endif

static bool enter_sandbox(const struct run *run)
{
	int error;

	if (run->options.no_sandbox)
		return true;
#ifdef LEAK_CHECKER
	if (!run->options.sandbox)
		return true;
#endif
	error = run_sandbox_enter();
	if (!error || (error == ENOSYS && !run->options.sandbox))
		return true;
	complain("run", "%s: %s", run->options.sandbox ? "no sandbox" : "goes on without a sandbox",
		 error == ENOSYS ? "built without libseccomp" : strerror(error));
	return !run->options.sandbox;
}

static bool wants_progress(const struct run *run)
{
	if (run->options.progress != RUN_AUTO)
		return run->options.progress == RUN_ON;
	return isatty(STDERR_FILENO) && !(run->serial.fd == STDOUT_FILENO && isatty(STDOUT_FILENO));
}

static bool go(struct run *run, struct udv_stop_info *info)
{
	struct run_loop *loop = &run->loop;

	loop->machine = run->machine;
	loop->serial = &run->serial;
	loop->console = &run->console;
	loop->caught = &caught;
	loop->left = run->options.max_instructions;
	loop->progress.on = wants_progress(run);
	run_terminal_signals();
	catch_signals(run->machine, run->options.max_seconds);
	loop->gdb = &run->gdb;
	if (reads_input(run))
		run_input_open(&loop->input);
	run->serial.input = run->console.input = &loop->input;
	loop->failed = !enter_sandbox(run);
	if (!loop->failed)
		run_loop(loop, info);
	run_terminal_restore();
	return !loop->failed;
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
	complain("run", "%s at RIP 0x%" PRIx64 "%s, %s%s", what, registers.rip, cpu,
		 udv_machine_mode(run->machine, info->cpu),
		 udv_machine_level(run->machine, info->cpu) == 2 ? ", level 2" : "");
}

/* SDM Vol 3C "VMX Aborts" */
static const char *abort_words(uint32_t indicator)
{
	switch (indicator) {
	case 1:
		return "VMX abort 1 (saving of guest MSRs)";
	case 2:
		return "VMX abort 2 (the host's PDPTEs)";
	case 4:
		return "VMX abort 4 (loading of host MSRs)";
	case 6:
		return "VMX abort 6 (IA-32e mode to a 32-bit host)";
	default:
		return "VMX abort";
	}
}

static const char *word_of_signal(void)
{
	switch (caught) {
	case 0:
	case SIGINT:
		return "interrupted";
	case SIGTERM:
		return "terminated";
	case SIGHUP:
		return "hung up";
	case SIGQUIT:
		return "quit";
	default:
		return "stopped by a signal";
	}
}

static int report(const struct run *run, const struct udv_stop_info *info)
{
	if (run->loop.replay_over) {
		say(run, info, "stopped where the recording ends");
		return RUN_LIMIT;
	}
	switch (run->loop.quit ? UDV_STOP_REQUESTED : info->stop) {
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
	case UDV_STOP_VMX_ABORT:
		say(run, info, abort_words(info->value));
		return RUN_RESET;
	case UDV_STOP_RESET:
		say(run, info, "the guest reset the machine");
		return RUN_RESET;
	case UDV_STOP_BUDGET:
		say(run, info, "stopped by --max-instructions");
		return RUN_LIMIT;
	case UDV_STOP_REQUESTED:
	case UDV_STOP_IDLE:
	case UDV_STOP_DEBUG:
	case UDV_STOP_REFUSED: /* it is no hook that runs the machine */
		break;
	}
	if (run->loop.killed) {
		say(run, info, "ended by the debugger");
		return RUN_SIGNALED;
	}
	if (caught == SIGALRM && run->options.max_seconds > 0) {
		say(run, info, "stopped by --max-seconds");
		return RUN_LIMIT;
	}
	say(run, info, word_of_signal());
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
	double done;

	udv_machine_stats(run->machine, &stats);
	done = (double)(stats.instructions - run->snapshot.instructions);
	fprintf(stderr, "instructions: %" PRIu64 "\n", stats.instructions);
	fprintf(stderr, "host seconds: %.3f\n", run->loop.seconds);
	fprintf(stderr, "MIPS: %.1f\n",
		run->loop.seconds > 0 ? done / run->loop.seconds * 1e-6 : 0.0);
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

/* Its socket is opened before the sandbox allows no more of them. */
static bool open_gdb(struct run *run)
{
	return !run->options.gdb || (gdb_server_open(&run->gdb, run->options.gdb, &caught) &&
				     gdb_server_attach(&run->gdb, run->machine));
}

static int execute(struct run *run)
{
	struct udv_stop_info info;
	int status;

	status = create(run);
	if (!status && !run->options.restore &&
	    !(run_open_boot(&run->boot, &run->options) &&
	      run_load(&run->boot, &run->options, run->machine)))
		status = RUN_FILE;
	if (status)
		return status;
	if (!open_replay(run) || !open_outputs(run) || !open_gdb(run))
		return RUN_FILE;
	run_restore_hash(run);
	if (!go(run, &info))
		return RUN_FILE;
	status = report(run, &info);
	gdb_server_ended(&run->gdb, status);
	if (!run_save(run))
		status = RUN_FILE;
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
	bool written;

	if (!run) {
		complain("run", "out of memory");
		return RUN_FILE;
	}
	run->serial.name = "COM1";
	run->console.name = "virtio's console";
	run->serial.fd = run->console.fd = run->gdb.fd = -1;
	run->serial.caught = run->console.caught = &caught;
	if (!run_parse_options(&run->options, argc, argv)) {
		status = RUN_USAGE;
	} else if (run->options.help) {
		print_help();
		status = 0;
	} else if (run->options.machine.cpu && strcmp(run->options.machine.cpu, "help") == 0) {
		run_print_features();
		status = 0;
	} else {
		run->entry.said = run->options.no_doctor;
		status = execute(run);
	}
	run_close_serial(&run->serial);
	run_close_serial(&run->console);
	written = run_close_trace(&run->trace);
	if (!run_record_close(&run->loop.record) || !written || run->serial.failed ||
	    run->console.failed)
		status = RUN_FILE;
	gdb_server_close(&run->gdb);
	udv_machine_destroy(run->machine);
	for (unsigned i = 0; i < run->options.nr_disks; i++) {
		if (run->disks[i].failed)
			status = RUN_FILE;
		run_close_disk(&run->disks[i]);
	}
	run_close_boot(&run->boot);
	run_close_snapshot(run);
	free(run);
	return status;
}
