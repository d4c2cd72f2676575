/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "run_boot.h"

#include <stdlib.h>
#include <string.h>

#include "common.h"

/* FILE[,ARGS]: the module's command line is "FILE ARGS". */
static bool open_initrd(struct run_boot *boot, const struct run_options *options, unsigned i)
{
	char *text = strdup(options->initrds[i]);
	char *comma = text ? strchr(text, ',') : NULL;

	if (!text) {
		complain("run", "out of memory");
		return false;
	}
	boot->module_text[i] = text;
	if (comma)
		*comma = '\0';
	if (!run_open_file(&boot->initrds[i], text))
		return false;
	if (comma)
		*comma = ' ';
	boot->modules[i] = (struct udv_module){
		.data = boot->initrds[i].data,
		.size = boot->initrds[i].size,
		.cmdline = text,
	};
	return true;
}

/* The image's name, its arguments and what is appended, with spaces between. */
static bool make_cmdline(struct run_boot *boot, const struct run_options *options)
{
	size_t size = strlen(options->image) + 1;
	char *at;

	for (int i = 0; i < options->nr_arguments; i++)
		size += strlen(options->arguments[i]) + 1;
	if (options->append)
		size += strlen(options->append) + 1;
	boot->cmdline = malloc(size);
	if (!boot->cmdline) {
		complain("run", "out of memory");
		return false;
	}
	at = stpcpy(boot->cmdline, options->image);
	for (int i = 0; i < options->nr_arguments; i++)
		at = stpcpy(stpcpy(at, " "), options->arguments[i]);
	if (options->append && *options->append)
		stpcpy(stpcpy(at, " "), options->append);
	return true;
}

bool run_open_boot(struct run_boot *boot, const struct run_options *options)
{
	if (!run_open_file(&boot->image, options->image))
		return false;
	for (unsigned i = 0; i < options->nr_initrds; i++)
		if (!open_initrd(boot, options, i))
			return false;
	return make_cmdline(boot, options);
}

bool run_load(const struct run_boot *boot, const struct run_options *options,
	      struct udv_machine *machine)
{
	struct udv_problem problem;
	const struct udv_boot what = {
		.image = boot->image.data,
		.size = boot->image.size,
		.cmdline = boot->cmdline,
		.name_size = strlen(options->image),
		.kernel_unpacks = options->kernel_unpacks,
		.modules = boot->modules,
		.nr_modules = options->nr_initrds,
	};

	if (udv_machine_load(machine, &what, &problem) == UDV_OK)
		return true;
	complain("run", "%s: %s", options->image, problem.text);
	return false;
}

void run_know_boot(const struct run_boot *boot, const struct run_options *options,
		   struct run_outputs *outputs)
{
	run_outputs_reads(outputs, "the image", boot->image.path, boot->image.fd);
	for (unsigned i = 0; i < options->nr_initrds; i++)
		run_outputs_reads(outputs, "--initrd", options->initrds[i], boot->initrds[i].fd);
}

void run_close_boot(struct run_boot *boot)
{
	run_close_file(&boot->image);
	for (unsigned i = 0; i < RUN_MAX_INITRDS; i++) {
		run_close_file(&boot->initrds[i]);
		free(boot->module_text[i]);
	}
	free(boot->cmdline);
}

void run_print_features(void)
{
	const char *name;
	bool by_default;

	for (unsigned i = 0; (name = udv_machine_feature(i, &by_default)) != NULL; i++) {
		const char *words = udv_machine_feature_words(i);

		printf("%c%-*s%s\n", by_default ? '+' : '-', *words ? 20 : 0, name, words);
	}
}
