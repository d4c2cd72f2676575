/* SPDX-License-Identifier: MIT */
#include <undervisor/explain.h>

#include "commands.h"
#include "common.h"
#include "explain_print.h"

#include <stdlib.h>
#include <string.h>

#define NAME "explain"

/* ---- what the command line says */

struct request {
	struct udv_explain_options options;
	const char *kind_name;
	enum udv_explain_kind kind;
	const char *list;
	const char **values; /* operands after the kind */
	unsigned nr_values;
	bool json, help, level_given, reason_given;
};

#define K(kind) (1u << UDV_EXPLAIN_##kind)
#define K_MSR (K(MSR) | K(MSR_INDEX))
#define K_EPT (K(EPTP) | K(EPT_ENTRY))
#define K_QUALIFIED (K(EPT_VIOLATION) | K(QUALIFICATION))
#define K_ALL (~0u)

enum option_id {
	OPTION_AD,
	OPTION_CAP,
	OPTION_HELP,
	OPTION_JSON,
	OPTION_KEYS,
	OPTION_LEVEL,
	OPTION_LIST,
	OPTION_MAXPHYADDR,
	OPTION_MBEC,
	OPTION_MODE,
	OPTION_NO_1GB,
	OPTION_NO_NXE,
	OPTION_NO_PSE,
	OPTION_NO_PSE36,
	OPTION_PAGING_WRITE,
	OPTION_PCID,
	OPTION_REASON,
	OPTION_SPP,
	OPTION_SSS,
	OPTION_VE,
	OPTION_VECTOR,
	OPTION_VERIFICATION,
};

static const struct option {
	const char *name;
	const char *argument; /* NULL for none */
	unsigned kinds;
	const char *help;
} flags[] = {
	[OPTION_AD] = { "--ad", NULL, K(EPT_ENTRY), "EPTP[6] = 1: accessed and dirty flags" },
	[OPTION_CAP] = { "--cap", "VALUE", K_EPT | K_QUALIFIED,
			 "IA32_VMX_EPT_VPID_CAP; everything if not given" },
	[OPTION_HELP] = { "--help", NULL, K_ALL, "this text" },
	[OPTION_JSON] = { "--json", NULL, K_ALL, "one JSON object a line" },
	[OPTION_KEYS] = { "--keys", NULL, K(PTE), "CR4.PKE or CR4.PKS = 1" },
	[OPTION_LEVEL] = { "--level", "N", K(EPT_ENTRY) | K(PTE),
			   "1 for a PTE up to 5 for a PML5E" },
	[OPTION_LIST] = { "--list", "TABLE", K_ALL,
			  "print vmcs-fields, exit-reasons, msrs or controls" },
	[OPTION_MAXPHYADDR] = { "--maxphyaddr", "N", K_EPT | K(PTE) | K(CR3) | K_MSR,
				"physical-address width, 32 to 52; 52 if not given" },
	[OPTION_MBEC] = { "--mbec", NULL, K(EPT_ENTRY) | K_QUALIFIED,
			  "mode-based execute control for EPT" },
	[OPTION_MODE] = { "--mode", "MODE", K(PTE) | K(CR3),
			  "guest paging: none, 32, pae, 4 (if not given) or 5" },
	[OPTION_NO_1GB] = { "--no-1gb", NULL, K(PTE), "no 1 GB pages" },
	[OPTION_NO_NXE] = { "--no-nxe", NULL, K(PTE), "EFER.NXE = 0" },
	[OPTION_NO_PSE] = { "--no-pse", NULL, K(PTE), "CR4.PSE = 0, with --mode 32" },
	[OPTION_NO_PSE36] = { "--no-pse36", NULL, K(PTE), "no PSE-36, with --mode 32" },
	[OPTION_PAGING_WRITE] = { "--paging-write", NULL, K(EPT_ENTRY),
				  "EPT paging-write control" },
	[OPTION_PCID] = { "--pcid", NULL, K(CR3), "CR4.PCIDE = 1" },
	[OPTION_REASON] = { "--reason", "N", K(QUALIFICATION),
			    "exit reason, by number or by name" },
	[OPTION_SPP] = { "--spp", NULL, K(EPT_ENTRY), "sub-page write permissions" },
	[OPTION_SSS] = { "--sss", NULL, K(EPT_ENTRY) | K_QUALIFIED,
			 "EPTP[7] = 1: supervisor shadow-stack control" },
	[OPTION_VE] = { "--ve", NULL, K(EPT_ENTRY), "EPT-violation #VE" },
	[OPTION_VECTOR] = { "--vector", "N", K(QUALIFICATION),
			    "with --reason 0: 1 for #DB, 14 (if not given) for #PF" },
	[OPTION_VERIFICATION] = { "--verification", NULL, K(EPT_ENTRY),
				  "guest-paging verification" },
};

#define NR_OPTIONS (sizeof(flags) / sizeof(flags[0]))

static const char *const examples[] = {
	"ept-violation 0xab",
	"page-fault 0x15",
	"npf 0x200000007",
	"exit-qualification 0x30 --reason CR_ACCESS",
	"exit-reason 48",
	"vmcs-field 0x6400",
	"vmcs-field EXIT_QUALIFICATION",
	"msr 0x48c",
	"msr IA32_VMX_EPT_VPID_CAP 0xf0106734141",
	"eptp 0x1234505e --maxphyaddr 39",
	"ept-entry 0x80000000000000b7 --level 2 --ad",
	"pte 0x8000000000000867 --level 1",
	"cr0 0x80050033",
	"cr3 0x1aa000",
	"cr4 0x3506e0",
	"efer 0xd01",
};

static void print_help(void)
{
	puts("Usage: undervisor explain KIND VALUE... [OPTIONS]\n"
	     "       undervisor explain msr INDEX [VALUE...] [OPTIONS]\n"
	     "       undervisor explain --list vmcs-fields|exit-reasons|msrs|controls [--json]\n"
	     "\n"
	     "Names every bit of VALUE and says what follows. Numbers are written 0x1a, 26 or "
	     "1AH;\n"
	     "VMCS fields, exit reasons and MSRs also by name. VALUE - reads values from standard\n"
	     "input, one a line; a bad line is reported and passed over.\n"
	     "\n"
	     "Kinds, an example each:");
	for (size_t i = 0; i < sizeof(examples) / sizeof(examples[0]); i++)
		printf("  undervisor explain %s\n", examples[i]);
	puts("\nOptions:");
	for (size_t i = 0; i < NR_OPTIONS; i++) {
		const char *argument = flags[i].argument ? flags[i].argument : "";
		int width = 20 - (int)strlen(flags[i].name);

		printf("  %s %-*s %s\n", flags[i].name, width, argument, flags[i].help);
	}
	puts("\n"
	     "Exit status: 0 all explained, 1 input or output failed, 2 usage or a bad line.");
}

/* ---- reading it */

static bool parse_mode(const char *text, enum udv_paging_mode *mode)
{
	static const char *const names[] = {
		[UDV_PAGING_NONE] = "none", [UDV_PAGING_32BIT] = "32",	[UDV_PAGING_PAE] = "pae",
		[UDV_PAGING_4_LEVEL] = "4", [UDV_PAGING_5_LEVEL] = "5",
	};

	for (unsigned i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (strcmp(text, names[i]) == 0) {
			*mode = (enum udv_paging_mode)i;
			return true;
		}
	}
	complain(NAME, "--mode %s: give none, 32, pae, 4 or 5", text);
	return false;
}

static bool parse_ranged(const char *option, const char *text, uint64_t low, uint64_t high,
			 uint64_t *value)
{
	if (parse_number(text, value) && *value >= low && *value <= high)
		return true;
	complain(NAME, "%s %s: give a number from %llu to %llu", option, text,
		 (unsigned long long)low, (unsigned long long)high);
	return false;
}

static bool parse_reason(const char *text, uint16_t *reason)
{
	uint64_t number;
	uint32_t found;

	if (parse_number(text, &number) && number <= UINT16_MAX) {
		*reason = (uint16_t)number;
		return true;
	}
	if (udv_list_find(UDV_LIST_EXIT_REASONS, text, &found) == UDV_OK) {
		*reason = (uint16_t)found;
		return true;
	}
	complain(NAME, "--reason %s: give an exit reason; --list exit-reasons shows them", text);
	return false;
}

static bool take_argument(struct request *request, enum option_id id, const char *text)
{
	struct udv_explain_options *o = &request->options;
	const char *name = flags[id].name;
	uint64_t value = 0;

	switch (id) {
	case OPTION_CAP:
		return parse_ranged(name, text, 0, UINT64_MAX, &o->ept_vpid_cap);
	case OPTION_LIST:
		request->list = text;
		return true;
	case OPTION_MODE:
		return parse_mode(text, &o->mode);
	case OPTION_REASON:
		request->reason_given = true;
		return parse_reason(text, &o->exit_reason);
	case OPTION_LEVEL:
		if (!parse_ranged(name, text, 1, 5, &value))
			return false;
		request->level_given = true;
		o->level = (uint8_t)value;
		return true;
	case OPTION_MAXPHYADDR:
		if (!parse_ranged(name, text, 32, 52, &value))
			return false;
		o->maxphyaddr = (uint8_t)value;
		return true;
	default: /* OPTION_VECTOR */
		if (!parse_ranged(name, text, 0, 31, &value))
			return false;
		o->vector = (uint8_t)value;
		return true;
	}
}

static void take_flag(struct request *request, enum option_id id)
{
	struct udv_explain_options *o = &request->options;

	switch (id) {
	case OPTION_AD:
		o->ept_ad = true;
		break;
	case OPTION_HELP:
		request->help = true;
		break;
	case OPTION_JSON:
		request->json = true;
		break;
	case OPTION_KEYS:
		o->keys = true;
		break;
	case OPTION_MBEC:
		o->ept_controls |= UDV_EPT_MBEC;
		break;
	case OPTION_NO_1GB:
		o->features &= ~UDV_FEATURE_1GB_PAGES;
		break;
	case OPTION_NO_NXE:
		o->nxe = false;
		break;
	case OPTION_NO_PSE:
		o->pse = false;
		break;
	case OPTION_NO_PSE36:
		o->features &= ~UDV_FEATURE_PSE36;
		break;
	case OPTION_PAGING_WRITE:
		o->ept_controls |= UDV_EPT_PAGING_WRITE;
		break;
	case OPTION_PCID:
		o->pcid = true;
		break;
	case OPTION_SPP:
		o->ept_controls |= UDV_EPT_SPP;
		break;
	case OPTION_SSS:
		o->ept_sss = true;
		break;
	case OPTION_VE:
		o->ept_controls |= UDV_EPT_VE;
		break;
	default: /* OPTION_VERIFICATION */
		o->ept_controls |= UDV_EPT_VERIFICATION;
		break;
	}
}

static bool find_option(const char *name, enum option_id *id)
{
	for (unsigned i = 0; i < NR_OPTIONS; i++) {
		if (strcmp(name, flags[i].name) == 0) {
			*id = (enum option_id)i;
			return true;
		}
	}
	complain(NAME, "unknown option %s; undervisor explain --help lists what there is", name);
	return false;
}

static bool find_kind(struct request *request)
{
	for (unsigned i = 0; i < UDV_EXPLAIN_NR_KINDS; i++) {
		request->kind = (enum udv_explain_kind)i;
		if (strcmp(request->kind_name, udv_explain_kind_name(request->kind)) == 0)
			return true;
	}
	complain(NAME, "unknown kind %s; undervisor explain --help lists them", request->kind_name);
	return false;
}

static bool parse_command_line(struct request *request, int argc, char **argv, unsigned *given)
{
	enum option_id id;

	for (int i = 1; i < argc; i++) {
		if (argv[i][0] != '-' || strcmp(argv[i], "-") == 0) {
			if (!request->kind_name)
				request->kind_name = argv[i];
			else
				request->values[request->nr_values++] = argv[i];
			continue;
		}
		if (!find_option(argv[i], &id))
			return false;
		*given |= 1u << id;
		if (!flags[id].argument) {
			take_flag(request, id);
			continue;
		}
		if (++i == argc) {
			complain(NAME, "%s: give %s after it", flags[id].name, flags[id].argument);
			return false;
		}
		if (!take_argument(request, id, argv[i]))
			return false;
	}
	return true;
}

static bool complete(const struct request *request, unsigned given)
{
	for (unsigned i = 0; i < NR_OPTIONS; i++) {
		if ((given & 1u << i) && !(flags[i].kinds & 1u << request->kind)) {
			complain(NAME, "%s says nothing about %s; leave it out", flags[i].name,
				 request->kind_name);
			return false;
		}
	}
	if (!request->nr_values) {
		complain(NAME, "%s: give a value, or - to read values from standard input",
			 request->kind_name);
		return false;
	}
	if ((K(EPT_ENTRY) | K(PTE)) & 1u << request->kind && !request->level_given) {
		complain(NAME, "%s: give the level of the entry with --level N",
			 request->kind_name);
		return false;
	}
	if (request->kind == UDV_EXPLAIN_QUALIFICATION && !request->reason_given) {
		complain(NAME, "exit-qualification: give the exit reason with --reason N");
		return false;
	}
	return true;
}

/* ---- answering */

/* Which list names what this kind takes. */
static bool list_of(enum udv_explain_kind kind, enum udv_list *list)
{
	switch (kind) {
	case UDV_EXPLAIN_VMCS_FIELD:
		*list = UDV_LIST_VMCS_FIELDS;
		return true;
	case UDV_EXPLAIN_EXIT_REASON:
		*list = UDV_LIST_EXIT_REASONS;
		return true;
	case UDV_EXPLAIN_MSR_INDEX:
		*list = UDV_LIST_MSRS;
		return true;
	default:
		return false;
	}
}

/* @where is "" or says which line of standard input this is. */
static bool parse_value(enum udv_explain_kind kind, const char *where, const char *text,
			uint64_t *value)
{
	enum udv_list list;
	uint32_t found;

	if (parse_number(text, value))
		return true;
	if (number_too_wide(text, strlen(text))) {
		complain(NAME, "%s%s has more than 64 bits", where, text);
		return false;
	}
	if (!list_of(kind, &list)) {
		complain(NAME, "%s%s is not a number; write 0x1a, 26 or 1AH", where, text);
		return false;
	}
	if (udv_list_find(list, text, &found) == UDV_OK) {
		*value = found;
		return true;
	}
	complain(NAME, "%s%s is neither a number nor a name that --list %s shows", where, text,
		 udv_list_name(list));
	return false;
}

static int answer(const struct request *request, enum udv_explain_kind kind, const char *where,
		  const char *text)
{
	struct udv_explanation explanation;
	uint64_t value;

	if (!parse_value(kind, where, text, &value))
		return EXIT_USAGE;
	if (udv_explain(kind, value, &request->options, &explanation) != UDV_OK) {
		if (kind == UDV_EXPLAIN_QUALIFICATION)
			complain(NAME, "--reason %u: there is no such exit reason",
				 request->options.exit_reason);
		else if (kind == UDV_EXPLAIN_PTE && !(value >> 32))
			complain(NAME, "pte: there is no level %u in this paging mode",
				 request->options.level);
		else
			complain(NAME, "%s%s does not fit into the 32 bits of this %s", where, text,
				 udv_explain_kind_name(kind));
		return EXIT_USAGE;
	}
	if (request->json)
		print_json(&explanation, &request->options);
	else
		print_text(&explanation, &request->options);
	return ferror(stdout) ? 1 : 0;
}

/* An MSR by index or name, then its value if there is one. */
static int answer_msr(struct request *request, const char *where, const char *index,
		      const char *value)
{
	uint64_t number;

	if (!value)
		return answer(request, UDV_EXPLAIN_MSR_INDEX, where, index);
	if (!parse_value(UDV_EXPLAIN_MSR_INDEX, where, index, &number))
		return EXIT_USAGE;
	if (number >> 32) {
		complain(NAME, "%s%s does not fit into the 32 bits of an MSR index", where, index);
		return EXIT_USAGE;
	}
	request->options.msr = (uint32_t)number;
	return answer(request, UDV_EXPLAIN_MSR, where, value);
}

/* One line of standard input: a value; or for msr without an index, an index and maybe a value. */
static int answer_line(struct request *request, const char *index, char *line, unsigned number)
{
	static const char space[] = " \t\r\n";
	char *first, *second, *rest = NULL;
	char where[48];

	first = strtok_r(line, space, &rest);
	if (!first)
		return 0;
	second = strtok_r(NULL, space, &rest);
	snprintf(where, sizeof(where), "standard input, line %u: ", number);
	if (strtok_r(NULL, space, &rest) ||
	    (second && (request->kind != UDV_EXPLAIN_MSR || index))) {
		complain(NAME, "%smore than one value; write one a line", where);
		return EXIT_USAGE;
	}
	if (request->kind != UDV_EXPLAIN_MSR)
		return answer(request, request->kind, where, first);
	return index ? answer_msr(request, where, index, first)
		     : answer_msr(request, where, first, second);
}

/* A bad line does not end it: the status tells at the end that there was one. */
static int answer_stream(struct request *request, const char *index)
{
	unsigned number = 0;
	char *line = NULL;
	size_t size = 0;
	int status = 0;

	while (!ferror(stdout) && getline(&line, &size, stdin) >= 0) {
		if (answer_line(request, index, line, ++number) == EXIT_USAGE)
			status = EXIT_USAGE;
		fflush(stdout);
	}
	free(line);
	if (ferror(stdout))
		return 1;
	if (ferror(stdin)) {
		complain(NAME, "standard input could not be read");
		return 1;
	}
	return status;
}

static int answer_one(struct request *request, const char *index, const char *value)
{
	if (strcmp(value, "-") == 0)
		return answer_stream(request, index);
	if (request->kind == UDV_EXPLAIN_MSR)
		return answer_msr(request, "", index, value);
	return answer(request, request->kind, "", value);
}

static int answer_values(struct request *request)
{
	bool msr = request->kind == UDV_EXPLAIN_MSR;
	const char *index = msr ? request->values[0] : NULL;
	unsigned i = msr && request->nr_values > 1;
	int status = 0;

	if (msr && strcmp(index, "-") == 0)
		return answer_stream(request, NULL);
	if (msr && request->nr_values == 1)
		return answer_msr(request, "", index, NULL);
	for (; i < request->nr_values; i++) {
		int now = answer_one(request, index, request->values[i]);

		if (now == 0)
			continue;
		status = now;
		if (now != EXIT_USAGE || strcmp(request->values[i], "-") != 0)
			break;
	}
	return status;
}

static int answer_list(const struct request *request)
{
	for (unsigned i = 0; i < UDV_NR_LISTS; i++) {
		if (strcmp(request->list, udv_list_name((enum udv_list)i)) == 0) {
			print_list((enum udv_list)i, request->json);
			return ferror(stdout) ? 1 : 0;
		}
	}
	complain(NAME, "--list %s: give vmcs-fields, exit-reasons, msrs or controls",
		 request->list);
	return EXIT_USAGE;
}

static int serve(struct request *request, int argc, char **argv)
{
	unsigned given = 0;

	if (!parse_command_line(request, argc, argv, &given))
		return EXIT_USAGE;
	if (request->help) {
		print_help();
		return 0;
	}
	if (request->list)
		return answer_list(request);
	if (!request->kind_name) {
		complain(NAME, "give a kind and a value; undervisor explain --help lists them");
		return EXIT_USAGE;
	}
	if (!find_kind(request) || !complete(request, given))
		return EXIT_USAGE;
	return answer_values(request);
}

int cmd_explain(int argc, char **argv)
{
	struct request request = { .list = NULL };
	int status;

	udv_explain_defaults(&request.options);
	request.values = calloc((size_t)argc + 1, sizeof(*request.values));
	if (!request.values) {
		complain(NAME, "out of memory");
		return 1;
	}
	status = finish_output(NAME, serve(&request, argc, argv));
	free(request.values);
	return status;
}
