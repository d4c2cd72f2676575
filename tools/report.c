/* SPDX-License-Identifier: MIT */
#include "report.h"

#include <errno.h>
#include <getopt.h>
#include <string.h>
#include <sys/stat.h>

#include "commands.h"
#include "common.h"

#define NAME "report"
#define EXIT_INPUT 3
#define DEFAULT_WALKS 2000

struct request {
	const char *trace, *output;
	bool chrome, help;
	uint64_t walks;
};

static void print_help(void)
{
	puts("Usage: undervisor report TRACE [-o FILE] [OPTIONS]\n"
	     "\n"
	     "Makes a page about the VM exits in a trace: when, why, who handled them, what they\n"
	     "cost, and the walk behind each EPT fault. TRACE is a file of JSON lines that\n"
	     "undervisor run has written; - is standard input.\n"
	     "\n"
	     "  -o, --output FILE  where to (standard output)\n"
	     "  --format FORMAT    html, a page in one file; or chrome, a trace for Perfetto and\n"
	     "                     chrome://tracing (html)\n"
	     "  --walks N          as many walks at most (2000)\n"
	     "  --help             this text\n"
	     "\n"
	     "Exit status: 0 written, 2 wrong usage, 3 the trace cannot be read, 1 FILE cannot be\n"
	     "written.");
}

enum { OPT_FORMAT = 256, OPT_WALKS };

static bool take_option(struct request *r, int option)
{
	switch (option) {
	case 'o':
		r->output = optarg;
		return true;
	case OPT_FORMAT:
		r->chrome = strcmp(optarg, "chrome") == 0;
		if (r->chrome || strcmp(optarg, "html") == 0)
			return true;
		complain(NAME, "--format %s: give html or chrome", optarg);
		return false;
	case OPT_WALKS:
		if (parse_number(optarg, &r->walks))
			return true;
		complain(NAME, "--walks %s is not a number", optarg);
		return false;
	default:
		r->help = true;
		return option == 'h';
	}
}

static bool parse_command_line(struct request *r, int argc, char **argv)
{
	static const struct option options[] = {
		{ "format", required_argument, NULL, OPT_FORMAT },
		{ "help", no_argument, NULL, 'h' },
		{ "output", required_argument, NULL, 'o' },
		{ "walks", required_argument, NULL, OPT_WALKS },
		{ 0 },
	};
	int option;

	opterr = 0;
	optind = 1;
	while ((option = getopt_long(argc, argv, ":ho:", options, NULL)) != -1) {
		if (option == ':' || option == '?') {
			complain(NAME, "%s: %s; undervisor report --help lists the options",
				 argv[optind - 1],
				 option == ':' ? "its value is missing"
					       : "there is no such option");
			return false;
		}
		if (!take_option(r, option))
			return false;
		if (r->help)
			return true;
	}
	if (argc - optind != 1) {
		complain(NAME, "%s; undervisor report --help says more",
			 argc == optind ? "no trace given" : "give one trace");
		return false;
	}
	r->trace = argv[optind];
	return true;
}

/* ---------------------------------------------------------------- the output */

/* Writing over the trace would lose it. */
static bool is_trace(const struct request *r)
{
	struct stat trace, output;

	return stat(r->trace, &trace) == 0 && stat(r->output, &output) == 0 &&
	       trace.st_dev == output.st_dev && trace.st_ino == output.st_ino;
}

static bool write_report(const struct request *r, const struct report *report, FILE *file)
{
	const char *slash = strrchr(r->trace, '/');

	if (r->chrome)
		return report_chrome(report, file);
	return report_html(report, slash ? slash + 1 : r->trace, file);
}

static int write_file(const struct request *r, const struct report *report)
{
	FILE *file = fopen(r->output, "w");
	bool good, written;

	if (!file) {
		complain(NAME, "cannot write %s: %s", r->output, strerror(errno));
		return 1;
	}
	good = write_report(r, report, file);
	written = !ferror(file);
	if (fclose(file) != 0)
		written = false;
	if (!good)
		complain(NAME, "%s: out of memory", r->output);
	else if (!written)
		complain(NAME, "cannot write %s: %s", r->output, strerror(errno));
	return good && written ? 0 : 1;
}

static int make(const struct request *r)
{
	struct report report;
	int status = EXIT_INPUT;

	if (report_read(&report, r->trace, r->walks)) {
		if (r->output && strcmp(r->output, "-") != 0) {
			status = write_file(r, &report);
		} else {
			status = write_report(r, &report, stdout) ? 0 : 1;
			if (status)
				complain(NAME, "out of memory");
		}
	}
	report_free(&report);
	return status;
}

int cmd_report(int argc, char **argv)
{
	struct request r = { .walks = DEFAULT_WALKS };

	if (!parse_command_line(&r, argc, argv))
		return EXIT_USAGE;
	if (r.help) {
		print_help();
		return 0;
	}
	if (r.output && is_trace(&r)) {
		complain(NAME, "-o %s is the trace itself; give another file", r.output);
		return EXIT_USAGE;
	}
	return make(&r);
}
