/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "commands.h"
#include "diff.h"

/*
 * usage: test_command IMAGE
 *
 * The command on two machines that are not the same, because this test changes one of them: CR2,
 * and then a byte of memory, between two pieces of the nested engine's run. The linker sends the
 * command's calls of the library through here (--wrap).
 */

enum udv_status __real_udv_machine_create(const struct udv_machine_config *config,
					  struct udv_machine **machine,
					  struct udv_problem *problem);
void __real_udv_machine_run(struct udv_machine *machine, uint64_t instructions,
			    struct udv_stop_info *info);
enum udv_status __wrap_udv_machine_create(const struct udv_machine_config *config,
					  struct udv_machine **machine,
					  struct udv_problem *problem);
void __wrap_udv_machine_run(struct udv_machine *machine, uint64_t instructions,
			    struct udv_stop_info *info);

#define CHANGE_AT 40u /* pieces */
#define CHANGED_CR2 0x123456789abcull
/* A byte of memory that nobody looks at. */
#define CHANGED_ADDRESS 0x7654321u

static enum change {
	CHANGE_NOTHING,
	CHANGE_CR2,
	CHANGE_MEMORY,
} change;
static struct udv_machine *nested;
static unsigned pieces;

enum udv_status __wrap_udv_machine_create(const struct udv_machine_config *config,
					  struct udv_machine **machine, struct udv_problem *problem)
{
	enum udv_status status = __real_udv_machine_create(config, machine, problem);

	if (config->engine == UDV_ENGINE_NESTED)
		nested = *machine;
	return status;
}

static void change_now(void)
{
	static const uint8_t byte = 0x5a;
	struct udv_registers registers;

	if (change == CHANGE_MEMORY)
		udv_machine_write(nested, UDV_GPA(CHANGED_ADDRESS), &byte, 1);
	if (change != CHANGE_CR2)
		return;
	udv_machine_get_registers(nested, 0, &registers);
	registers.cr2 = CHANGED_CR2;
	udv_machine_set_registers(nested, 0, &registers);
}

void __wrap_udv_machine_run(struct udv_machine *machine, uint64_t instructions,
			    struct udv_stop_info *info)
{
	if (machine == nested && ++pieces == CHANGE_AT)
		change_now();
	__real_udv_machine_run(machine, instructions, info);
}

/* What the command prints, and its exit status. */
static int run(char *image, enum change what, char *text, size_t size)
{
	char *arguments[] = { "diff", image, NULL };
	size_t length;
	int status;

	change = what;
	pieces = 0;
	if (!freopen("diff-output.txt", "w+", stdout))
		exit(2);
	status = cmd_diff(2, arguments);
	rewind(stdout);
	length = fread(text, 1, size - 1, stdout);
	text[length] = '\0';
	return status;
}

static unsigned failures;

static void expect(const char *name, const char *text, const char *wanted)
{
	if (strstr(text, wanted))
		return;
	fprintf(stderr, "%s: no \"%s\" in:\n%s\n", name, wanted, text);
	failures++;
}

static void expect_status(const char *name, int status, int wanted)
{
	if (status == wanted)
		return;
	fprintf(stderr, "%s: status %d, not %d\n", name, status, wanted);
	failures++;
}

int main(int argc, char **argv)
{
	static char text[1 << 16];

	if (argc != 2)
		return 2;
	expect_status("nothing", run(argv[1], CHANGE_NOTHING, text, sizeof(text)), 0);
	expect("nothing", text, "no difference: debug exit 0\nVM exits compared: ");

	expect_status("CR2", run(argv[1], CHANGE_CR2, text, sizeof(text)), 3);
	expect("CR2", text, "the engines differ after ");
	expect("CR2", text, "before it, the same on both:\n");
	expect("CR2", text, "  L2's CR2 ");
	expect("CR2", text, " 0x123456789abc\n");
	expect("CR2", text, "\ndirect:\n  0 L2 ");
	expect("CR2", text, "\nnested:\n  0 L2 ");
	/* A violation or a misconfiguration: the compiler decides which is next. */
	expect("CR2", text, " # EPT_");
	expect("CR2", text, "\n  because ");

	expect_status("memory", run(argv[1], CHANGE_MEMORY, text, sizeof(text)), 3);
	expect("memory", text,
	       "the engines differ in memory at the end, at 0x7654321: direct 0x00, nested 0x5a\n");
	fprintf(stderr, "%u failures\n", failures);
	return failures != 0;
}
