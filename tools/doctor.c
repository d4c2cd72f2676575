/* SPDX-License-Identifier: MIT */
#include "doctor.h"

#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "commands.h"
#include "image_file.h"

#define NAME "doctor"
#define MAX_TEXT (64u << 20)

/* ---------------------------------------------------------------- what the user asked for */

struct request {
	const char *file, *memory, *processor, *cpu, *msrs;
	const char *sets[64];
	unsigned nr_sets;
	const char *image_option; /* --base or --format, if one was given */
	bool by_address, json, help;
	uint64_t address;
	unsigned number; /* of the processor in a snapshot */
	struct udv_image_options image;
};

enum {
	OPT_AT = 256,
	OPT_BASE,
	OPT_CPU,
	OPT_FORMAT,
	OPT_JSON,
	OPT_MEMORY,
	OPT_MSRS,
	OPT_NUMBER,
	OPT_PROCESSOR,
	OPT_SET,
};

static void print_help(void)
{
	puts("Usage: undervisor doctor FILE [OPTIONS]\n"
	     "       undervisor doctor IMAGE --at ADDRESS [OPTIONS]\n"
	     "       undervisor doctor SNAPSHOT [--number N] [OPTIONS]\n"
	     "\n"
	     "Says why a VM entry fails: every check that VMLAUNCH or VMRESUME would fail.\n"
	     "FILE is lines of NAME = VALUE (VMCS fields by name or encoding), or a kernel log\n"
	     "with what KVM writes when kvm_intel.dump_invalid_vmcs=1; - is standard input.\n"
	     "\n"
	     "  --at ADDRESS      the VMCS region at this physical address of a memory image\n"
	     "  --number N        of the processor in a snapshot whose current VMCS it is (0)\n"
	     "  --memory IMAGE    memory for the checks that read it\n"
	     "  --format FORMAT   of the image: auto, elf, lime or raw\n"
	     "  --base ADDRESS    physical address of the first byte of a raw image\n"
	     "  --processor NAME  whose capabilities: ours (default), or one of these:");
	for (unsigned i = 0; udv_vmx_processor_name(i); i++)
		printf("                    %s\n", udv_vmx_processor_name(i));
	puts("  --cpu SPEC        ours with features added or taken: see undervisor run --cpu "
	     "help\n"
	     "  --msrs FILE       capability MSRs, lines of NAME = VALUE or INDEX = VALUE\n"
	     "  --set NAME=VALUE  one of them; also efer, maxphyaddr, vmcs_pointer, ...\n"
	     "  --json            the same as JSON\n"
	     "  --help            this text\n"
	     "\n"
	     "Exit status: 0 valid, 1 a check fails, 2 wrong usage, 3 the input cannot be read.");
}

static bool parse_format(const char *text, enum udv_image_format *format)
{
	static const char *const names[] = {
		[UDV_IMAGE_AUTO] = "auto",
		[UDV_IMAGE_ELF] = "elf",
		[UDV_IMAGE_LIME] = "lime",
		[UDV_IMAGE_RAW] = "raw",
	};

	for (unsigned i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (strcmp(text, names[i]) == 0) {
			*format = (enum udv_image_format)i;
			return true;
		}
	}
	complain(NAME, "--format %s: give auto, elf, lime or raw", text);
	return false;
}

static bool parse_address(const char *option, const char *text, uint64_t *value)
{
	if (parse_number(text, value))
		return true;
	complain(NAME, "%s %s is not a number of 64 bits; write 0x1a, 26 or 1AH", option, text);
	return false;
}

static bool parse_index(const char *text, unsigned *index)
{
	uint64_t value;

	if (parse_number(text, &value) && value < UINT32_MAX) {
		*index = (unsigned)value;
		return true;
	}
	complain(NAME, "--number %s: processors are counted from 0", text);
	return false;
}

static bool take_option(struct request *r, int option)
{
	switch (option) {
	case OPT_AT:
		r->by_address = true;
		return parse_address("--at", optarg, &r->address);
	case OPT_BASE:
		r->image_option = "--base";
		return parse_address("--base", optarg, &r->image.raw_base);
	case OPT_FORMAT:
		r->image_option = "--format";
		return parse_format(optarg, &r->image.format);
	case OPT_CPU:
		r->cpu = optarg;
		return true;
	case OPT_MEMORY:
		r->memory = optarg;
		return true;
	case OPT_MSRS:
		r->msrs = optarg;
		return true;
	case OPT_NUMBER:
		return parse_index(optarg, &r->number);
	case OPT_PROCESSOR:
		r->processor = optarg;
		return true;
	case OPT_SET:
		if (!optarg[strspn(optarg, " \t")] || *optarg == '#') {
			complain(NAME, "--set: give NAME=VALUE");
			return false;
		}
		if (r->nr_sets == sizeof(r->sets) / sizeof(r->sets[0])) {
			complain(NAME, "--set: more than %u; write a file for --msrs", r->nr_sets);
			return false;
		}
		r->sets[r->nr_sets++] = optarg;
		return true;
	case OPT_JSON:
		r->json = true;
		return true;
	default:
		r->help = true;
		return option == 'h';
	}
}

/* What is given in vain is not passed over. */
static bool options_agree(const struct request *r)
{
	if (r->by_address && r->memory) {
		complain(NAME, "--at is an address in %s itself; leave --memory out", r->file);
		return false;
	}
	if (r->image_option && !r->by_address && !r->memory) {
		complain(NAME, "%s is about a memory image: give --at or --memory",
			 r->image_option);
		return false;
	}
	if (r->cpu && r->processor && strcmp(r->processor, "ours") != 0) {
		complain(NAME, "--cpu changes our own processor, not %s", r->processor);
		return false;
	}
	return true;
}

static bool bad_option(char **argv, bool no_value)
{
	/* A letter may be one of several in an argument that getopt_long() is not through with. */
	char letter[] = { '-', (char)optopt, '\0' };
	bool is_letter = optopt > 0 && optopt < OPT_AT;

	complain(NAME, "%s: %s; undervisor doctor --help lists the options",
		 is_letter ? letter : argv[optind - 1],
		 no_value ? "a value is missing" : "no such option");
	return false;
}

static bool parse_command_line(struct request *r, int argc, char **argv)
{
	static const struct option options[] = {
		{ "at", required_argument, NULL, OPT_AT },
		{ "base", required_argument, NULL, OPT_BASE },
		{ "cpu", required_argument, NULL, OPT_CPU },
		{ "format", required_argument, NULL, OPT_FORMAT },
		{ "help", no_argument, NULL, 'h' },
		{ "json", no_argument, NULL, OPT_JSON },
		{ "memory", required_argument, NULL, OPT_MEMORY },
		{ "msrs", required_argument, NULL, OPT_MSRS },
		{ "number", required_argument, NULL, OPT_NUMBER },
		{ "processor", required_argument, NULL, OPT_PROCESSOR },
		{ "set", required_argument, NULL, OPT_SET },
		{ NULL, 0, NULL, 0 },
	};
	int option;

	optind = 1;
	opterr = 0;
	while ((option = getopt_long(argc, argv, ":h", options, NULL)) != -1) {
		if (option == '?' || option == ':')
			return bad_option(argv, option == ':');
		if (!take_option(r, option))
			return false;
	}
	if (r->help)
		return true;
	if (argc - optind != 1) {
		complain(NAME, "give one file; undervisor doctor --help says which");
		return false;
	}
	r->file = argv[optind];
	return options_agree(r);
}

/* ---------------------------------------------------------------- files */

/* The bytes of @path, which the caller frees; NULL after a line on standard error. */
static char *read_file(const char *path, size_t *size)
{
	FILE *file = strcmp(path, "-") == 0 ? stdin : fopen(path, "rb");
	size_t room = 65536;
	char *data = file ? malloc(room) : NULL;

	*size = 0;
	while (data && !feof(file) && !ferror(file) && *size <= MAX_TEXT) {
		char *larger = data;

		if (*size == room)
			larger = realloc(data, room *= 2);
		if (!larger)
			free(data);
		data = larger;
		if (data)
			*size += fread(data + *size, 1, room - *size, file);
	}
	if (!file || !data || ferror(file) || *size > MAX_TEXT) {
		complain(NAME, "cannot read %s: %s", path,
			 *size > MAX_TEXT ? "more than 64 MB of text" : strerror(errno));
		free(data);
		data = NULL;
	}
	if (file && file != stdin)
		fclose(file);
	return data;
}

/* ---------------------------------------------------------------- the processor */

struct judging {
	struct request *request;
	struct udv_vmcs_text text;
	struct image_file image;
	struct udv_memory memory;
	struct diagnosis diagnosis;
	struct udv_vmx_processor processor;
	bool chosen; /* by an option */
	char judged_by[64];
	int status; /* of a snapshot's VMCS */
};

static bool choose_processor(struct judging *j, struct udv_vmx_processor *processor)
{
	const struct request *r = j->request;
	const char *name = r->processor ? r->processor : "ours";
	char why[256] = "";

	if (strcmp(name, "ours") != 0) {
		snprintf(j->judged_by, sizeof(j->judged_by), "%s", name);
		if (udv_vmx_processor_named(name, processor) == UDV_OK)
			return true;
		complain(NAME, "--processor %s: undervisor doctor --help lists them", name);
		return false;
	}
	snprintf(j->judged_by, sizeof(j->judged_by), "our own processor");
	if (udv_vmx_processor_ours(r->cpu, processor, why, sizeof(why)) == UDV_OK)
		return true;
	complain(NAME, "--cpu %s: %s", r->cpu, why);
	return false;
}

/* The capabilities in @data change those of j->text. */
static int change_processor(struct judging *j, const char *where, const char *data, size_t size,
			    int status)
{
	struct udv_vmcs_text changed;

	if (udv_vmx_processor_parse(&changed, &j->text.processor, data, size) != UDV_OK) {
		if (status == EXIT_USAGE)
			complain(NAME, "--set %s: %s", where, changed.problem);
		else
			complain(NAME, "%s, line %u: %s", where, changed.line, changed.problem);
		return status;
	}
	j->text.processor = changed.processor;
	j->text.msrs |= changed.msrs;
	if (changed.msrs)
		snprintf(j->judged_by, sizeof(j->judged_by), "the processor of the given MSRs");
	if (changed.efer_given) {
		j->text.efer = changed.efer;
		j->text.efer_given = true;
	}
	if (changed.vmcs_pointer != UINT64_MAX)
		j->text.vmcs_pointer = changed.vmcs_pointer;
	j->text.tracing |= changed.tracing;
	return 0;
}

static int change_by_file(struct judging *j)
{
	size_t size;
	char *data = read_file(j->request->msrs, &size);
	int status;

	if (!data)
		return DOCTOR_BAD_INPUT;
	j->text.msrs = 0;
	status = change_processor(j, j->request->msrs, data, size, DOCTOR_BAD_INPUT);
	free(data);
	if (status == 0 && !j->text.msrs) {
		complain(NAME, "%s: no capability MSR in it", j->request->msrs);
		return DOCTOR_BAD_INPUT;
	}
	return status;
}

static int change_all(struct judging *j)
{
	const struct request *r = j->request;
	int status = r->msrs ? change_by_file(j) : 0;

	for (unsigned i = 0; i < r->nr_sets && status == 0; i++)
		status =
			change_processor(j, r->sets[i], r->sets[i], strlen(r->sets[i]), EXIT_USAGE);
	return status;
}

/* ---------------------------------------------------------------- the VMCS */

static bool open_image(struct judging *j, const char *path)
{
	if (!image_file_open(&j->image, NAME, path, &j->request->image))
		return false;
	udv_image_memory(&j->image.image, &j->memory);
	j->diagnosis.entry.memory = &j->memory;
	return true;
}

static uint32_t word(const uint8_t *region, unsigned offset)
{
	const uint8_t *b = region + offset;

	return b[0] | (uint32_t)b[1] << 8 | (uint32_t)b[2] << 16 | (uint32_t)b[3] << 24;
}

static int read_region(struct judging *j, const struct udv_vmx_processor *processor)
{
	const struct request *r = j->request;
	uint8_t region[4096];

	if (!open_image(j, r->file))
		return DOCTOR_BAD_INPUT;
	if (!udv_image_read(&j->image.image, r->address, region, sizeof(region))) {
		complain(NAME, "%s has no 4096 bytes at 0x%" PRIx64, r->file, r->address);
		return DOCTOR_BAD_INPUT;
	}
	udv_vmcs_text_parse(&j->text, processor, NULL, 0);
	j->text.vmcs_pointer = r->address;
	j->diagnosis.region = (struct region_state){
		.known = true,
		.shadow = word(region, 0) >> 31,
		.abort = word(region, 4),
		.launched = word(region, 8),
	};
	if (udv_vmcs_from_region(&j->text.vmcs, region, sizeof(region)) == UDV_OK)
		return 0;
	complain(NAME,
		 "%s: no VMCS of ours at 0x%" PRIx64
		 ": its first word is not our revision identifier, and other processors keep "
		 "their format to themselves",
		 r->file, r->address);
	return DOCTOR_BAD_INPUT;
}

static int read_text(struct judging *j, const struct udv_vmx_processor *processor)
{
	const struct request *r = j->request;
	size_t size;
	char *data = read_file(r->file, &size);
	enum udv_status status;

	if (!data)
		return DOCTOR_BAD_INPUT;
	status = udv_vmcs_text_parse(&j->text, processor, data, size);
	free(data);
	if (status != UDV_OK) {
		complain(NAME, "%s, line %u: %s", r->file, j->text.line, j->text.problem);
		return DOCTOR_BAD_INPUT;
	}
	if (j->text.nr_fields == 0) {
		complain(NAME, "%s: no VMCS field in it", r->file);
		return DOCTOR_BAD_INPUT;
	}
	if (j->text.msrs)
		snprintf(j->judged_by, sizeof(j->judged_by), "the processor of the given MSRs");
	j->diagnosis.text = &j->text;
	return r->memory && !open_image(j, r->memory) ? DOCTOR_BAD_INPUT : 0;
}

/* ---------------------------------------------------------------- judging */

static int judge_entry(struct judging *j)
{
	struct diagnosis *d = &j->diagnosis;
	int status = change_all(j);

	if (status)
		return status;
	d->entry.vmcs = &j->text.vmcs;
	d->entry.processor = &j->text.processor;
	d->entry.efer = j->text.efer;
	d->entry.vmcs_pointer = j->text.vmcs_pointer;
	d->entry.tracing = j->text.tracing;
	if (j->text.nr_msrs) {
		d->entry.msrs = j->text.msr;
		d->entry.nr_msrs = j->text.nr_msrs;
	}
	d->judged_by = j->judged_by;
	d->indent = "";
	doctor_diagnose(d);
	(j->request->json ? doctor_print_json : doctor_print_text)(stdout, d);
	return d->nr || d->region.shadow ? DOCTOR_FAILS : DOCTOR_VALID;
}

static void judge_current(void *opaque, const struct udv_current_vmcs *current)
{
	struct judging *j = opaque;
	const struct udv_vmentry *entry = current->entry;

	udv_vmcs_text_parse(&j->text, j->chosen ? &j->processor : entry->processor, NULL, 0);
	if (!j->chosen)
		snprintf(j->judged_by, sizeof(j->judged_by), "the snapshot's processor");
	j->text.vmcs = *entry->vmcs;
	j->text.efer = entry->efer;
	j->text.vmcs_pointer = entry->vmcs_pointer;
	j->diagnosis.entry.memory = entry->memory;
	j->diagnosis.region = (struct region_state){
		.known = true,
		.shadow = current->shadow,
		.launched = current->launched,
		.in_guest = current->in_guest,
	};
	j->status = judge_entry(j);
}

static int judge(struct judging *j)
{
	const struct request *r = j->request;
	int status;

	if (!choose_processor(j, &j->processor))
		return EXIT_USAGE;
	j->chosen = r->processor || r->cpu;
	if (!r->by_address && doctor_is_snapshot(r->file))
		return doctor_read_snapshot(r->file, r->number, judge_current, j)
			       ? j->status
			       : DOCTOR_BAD_INPUT;
	status = r->by_address ? read_region(j, &j->processor) : read_text(j, &j->processor);
	return status ? status : judge_entry(j);
}

int cmd_doctor(int argc, char **argv)
{
	struct request request = { .file = NULL };
	struct judging *j;
	int status;

	if (!parse_command_line(&request, argc, argv))
		return EXIT_USAGE;
	if (request.help) {
		print_help();
		return finish_output(NAME, 0);
	}
	j = calloc(1, sizeof(*j));
	if (!j) {
		complain(NAME, "out of memory");
		return DOCTOR_BAD_INPUT;
	}
	j->request = &request;
	status = finish_output(NAME, judge(j));
	image_file_close(&j->image);
	free(j);
	return status;
}
