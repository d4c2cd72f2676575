/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "commands.h"
#include "demo.h"

/*
 * The demo on machines that are not what it asks for, which this test makes: it must say what is
 * wrong, and end with 1. The linker sends the command's calls of the library through here (--wrap).
 */

enum udv_status __real_udv_machine_create(const struct udv_machine_config *config,
					  struct udv_machine **machine,
					  struct udv_problem *problem);
enum udv_status __real_udv_machine_load(struct udv_machine *machine, const struct udv_boot *boot,
					struct udv_problem *problem);
enum udv_status __wrap_udv_machine_create(const struct udv_machine_config *config,
					  struct udv_machine **machine,
					  struct udv_problem *problem);
enum udv_status __wrap_udv_machine_load(struct udv_machine *machine, const struct udv_boot *boot,
					struct udv_problem *problem);
void __real_udv_machine_run(struct udv_machine *machine, uint64_t instructions,
			    struct udv_stop_info *info);
void __wrap_udv_machine_run(struct udv_machine *machine, uint64_t instructions,
			    struct udv_stop_info *info);

static enum change {
	CHANGE_NOTHING,
	CHANGE_CPU,    /* no advanced information, on the nested engine alone */
	CHANGE_ENGINE, /* direct in the place of nested */
	CHANGE_WIDTH,  /* no 5-level paging */
	CHANGE_IMAGE,  /* of which no line is told */
	CHANGE_BUDGET, /* it is not run to its end */
	CHANGE_CODE,   /* of what L2 executes */
} change;

enum udv_status __wrap_udv_machine_create(const struct udv_machine_config *config,
					  struct udv_machine **machine, struct udv_problem *problem)
{
	struct udv_machine_config other = *config;

	if (change == CHANGE_CPU && config->engine == UDV_ENGINE_NESTED)
		other.cpu = "+la57,-ept-advanced";
	if (change == CHANGE_ENGINE)
		other.engine = UDV_ENGINE_DIRECT;
	if (change == CHANGE_WIDTH)
		other.cpu = strstr(config->cpu, "-ept-advanced");
	return __real_udv_machine_create(&other, machine, problem);
}

enum udv_status __wrap_udv_machine_load(struct udv_machine *machine, const struct udv_boot *boot,
					struct udv_problem *problem)
{
	static unsigned char image[1 << 20];
	static const unsigned char code[] = { 0xf3, 0x6e, 0x0f, 0x01,
					      0xc1 }; /* REP OUTSB; VMCALL */
	struct udv_boot other = *boot;

	if (change == CHANGE_IMAGE)
		other.cmdline = "demo";
	if (change != CHANGE_CODE)
		return __real_udv_machine_load(machine, &other, problem);
	memcpy(image, boot->image, boot->size);
	for (size_t i = 0; i + sizeof(code) < boot->size; i++)
		if (memcmp(image + i, code, sizeof(code)) == 0)
			image[i + 1] = 0xac; /* REP LODSB */
	other.image = image;
	return __real_udv_machine_load(machine, &other, problem);
}

void __wrap_udv_machine_run(struct udv_machine *machine, uint64_t instructions,
			    struct udv_stop_info *info)
{
	__real_udv_machine_run(machine, change == CHANGE_BUDGET ? 300000 : instructions, info);
}

static const struct {
	enum change change;
	int status;
	const char *wanted, *unwanted;
} cases[] = {
	{ CHANGE_NOTHING, 0, "32 of 32\n", "   ! " },
	{ CHANGE_CPU, 1,
	  "   ! nested, PAE, first of two pages: exit qualification 0x181, expected 0x581\n",
	  "   ! direct" },
	{ CHANGE_CPU, 1, "yes       0x581     0x181   0x581   16 of 32\n", "   ! direct" },
	{ CHANGE_ENGINE, 1, "   ! nested, 4-level, one byte: it came about in another way\n",
	  "   ! direct" },
	{ CHANGE_WIDTH, 1, "   ! direct, 5-level, fifth of REP: there is no exit\n",
	  "! direct, PAE" },
	{ CHANGE_IMAGE, 1, "0 of 32\n", "32 of 32" },
	{ CHANGE_BUDGET, 1, "   ! nested, 32-bit, one byte: there is no exit\n", "one byte: exit" },
	{ CHANGE_CODE, 1, "   ! nested, 32-bit, fifth of REP: it came about in another way\n",
	  "one byte: it came" },
};

static int run(char *option, char *text, size_t size)
{
	char *arguments[] = { "demo", option, NULL };
	size_t length;
	int status;

	if (!freopen("demo-output.txt", "w+", stdout))
		exit(2);
	status = cmd_demo(option ? 2 : 1, arguments);
	rewind(stdout);
	length = fread(text, 1, size - 1, stdout);
	text[length] = '\0';
	return status;
}

int main(void)
{
	static char text[1 << 20];
	unsigned failures = 0;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		int status;

		change = cases[i].change;
		status = run(NULL, text, sizeof(text));
		if (status != cases[i].status || !strstr(text, cases[i].wanted) ||
		    strstr(text, cases[i].unwanted)) {
			fprintf(stderr, "case %zu: status %d, \"%s\" wanted in:\n%s\n", i, status,
				cases[i].wanted, text);
			failures++;
		}
		status = run("--json", text, sizeof(text));
		if (status != cases[i].status ||
		    !strstr(text, "\"right\":false") != !cases[i].status) {
			fprintf(stderr, "case %zu, --json: status %d\n", i, status);
			failures++;
		}
	}
	fprintf(stderr, "%u failures\n", failures);
	return failures != 0;
}
