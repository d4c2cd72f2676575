/* SPDX-License-Identifier: MIT */
#include "commands.h"
#include "common.h"

#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

static const struct command {
	const char *name;
	int (*run)(int argc, char **argv);
	const char *summary;
} commands[] = {
	{ "run", cmd_run, "boot an image in a virtual machine" },
	{ "walk", cmd_walk, "translate addresses in a memory image, and show each step" },
	{ "explain", cmd_explain,
	  "say in words what an exit qualification, entry, MSR, ... means" },
	{ "doctor", cmd_doctor, "say why a VM entry fails: every check, with the rule" },
	{ "diff", cmd_diff, "run an image on both engines, and stop where they differ" },
	{ "report", cmd_report, "make a page about the VM exits in a trace" },
	{ "demo", cmd_demo, "walk a small embedded machine: an L2 behind an EPT" },
};

#define NR_COMMANDS (sizeof(commands) / sizeof(commands[0]))

static void print_help(void)
{
	puts("Usage: undervisor COMMAND [ARGUMENTS...]\n"
	     "\n"
	     "Nested virtualization for Intel VT-x, explained.\n"
	     "\n"
	     "Commands:");
	for (size_t i = 0; i < NR_COMMANDS; i++)
		printf("  %-10s %s\n", commands[i].name, commands[i].summary);
	puts("\n"
	     "undervisor COMMAND --help says more about one; so does its man page,\n"
	     "undervisor-COMMAND(1).\n"
	     "\n"
	     "Options:\n"
	     "  --help     this text\n"
	     "  --version  the version");
}

static int run(const struct command *command, int argc, char **argv)
{
	int status;

	name_command(command->name);
	status = command->run(argc, argv);

	/* A command that saw its output fail has said so. */
	if (status == 1 && ferror(stdout))
		return status;
	return finish_output(command->name, status);
}

/*
 * Descriptors 0 to 2 that came closed would be given to the files that are opened next, and a guest
 * would print on its disk. Reading and writing these fails, as it does on what is closed.
 */
static void take_standard_descriptors(void)
{
	int fd;

	do
		fd = open("/dev/null", O_RDONLY);
	while (fd >= 0 && fd <= STDERR_FILENO);
	if (fd >= 0)
		close(fd);
}

int main(int argc, char **argv)
{
	const char *name = argc > 1 ? argv[1] : NULL;

	take_standard_descriptors();
	/* A closed pipe, or a file that is too long, shows as an error of write(). */
	signal(SIGPIPE, SIG_IGN);
	signal(SIGXFSZ, SIG_IGN);
	if (!name) {
		complain(NULL, "no command; undervisor --help lists them");
		return EXIT_USAGE;
	}
	if (strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0 || strcmp(name, "help") == 0) {
		print_help();
		return finish_output(NULL, 0);
	}
	if (strcmp(name, "--version") == 0) {
		puts("undervisor " UNDERVISOR_VERSION);
		return finish_output(NULL, 0);
	}
	for (size_t i = 0; i < NR_COMMANDS; i++) {
		if (strcmp(name, commands[i].name) == 0)
			return run(&commands[i], argc - 1, argv + 1);
	}
	if (name[0] == '-')
		complain(NULL, "unknown option %s; undervisor --help lists what there is", name);
	else
		complain(NULL, "unknown command %s; undervisor --help lists them", name);
	return EXIT_USAGE;
}
