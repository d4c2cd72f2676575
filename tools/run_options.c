/* SPDX-License-Identifier: MIT */
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "common.h"
#include "gdb_socket.h"
#include "run.h"
#include "run_snapshot.h"

static bool bad_value(const char *name, const char *text, const char *wanted)
{
	complain("run", "%s %s: not %s", name, text, wanted);
	return false;
}

static bool take_memory(struct run_options *options, const char *name, const char *text)
{
	static const char suffixes[] = "kKmMgG";
	size_t length = strlen(text);
	const char *suffix = length ? strchr(suffixes, text[length - 1]) : NULL;
	unsigned shift = suffix ? 10 * (1 + (unsigned)(suffix - suffixes) / 2) : 20;
	uint64_t value;

	if (!parse_number_n(text, length - (suffix != NULL), &value))
		return bad_value(name, text, "a size such as 512M or 4G");
	if (!value || value > UDV_MAX_MEMORY >> shift || value << shift < 1 << 20)
		return bad_value(name, text, "a size from 1M to 64G");
	options->machine.memory = value << shift;
	return true;
}

static bool take_cpus(struct run_options *options, const char *name, const char *text)
{
	uint64_t value;

	if (!parse_number(text, &value) || !value || value > UDV_MAX_CPUS)
		return bad_value(name, text, "a number from 1 to 16");
	options->machine.nr_cpus = (unsigned)value;
	return true;
}

static bool take_initrd(struct run_options *options, const char *name, const char *text)
{
	if (options->nr_initrds == RUN_MAX_INITRDS) {
		complain("run", "%s: more than %d of them", name, RUN_MAX_INITRDS);
		return false;
	}
	options->initrds[options->nr_initrds++] = text;
	return true;
}

static bool take_kernel_decompress(struct run_options *options, const char *name, const char *text)
{
	if (strcmp(text, "loader") != 0 && strcmp(text, "guest") != 0)
		return bad_value(name, text, "one of loader, guest");
	options->kernel_unpacks = strcmp(text, "guest") == 0;
	return true;
}

static bool take_disk(struct run_options *options, const char *name, const char *text)
{
	const char *comma = strchr(text, ',');

	if (options->nr_disks == UDV_MAX_DISKS) {
		complain("run", "%s: more than %u of them", name, UDV_MAX_DISKS);
		return false;
	}
	if (!*text || comma == text ||
	    (comma && strcmp(comma, ",write") != 0 && strcmp(comma, ",readonly") != 0))
		return bad_value(name, text, "FILE, FILE,write or FILE,readonly");
	options->disks[options->nr_disks++] = text;
	return true;
}

static bool is_place(const char *text)
{
	return strcmp(text, "stdio") == 0 || strcmp(text, "none") == 0 ||
	       (strncmp(text, "file:", 5) == 0 && text[5]);
}

static bool take_serial(struct run_options *options, const char *name, const char *text)
{
	if (!is_place(text))
		return bad_value(name, text, "one of stdio, none, file:PATH");
	options->serial = text;
	return true;
}

static bool take_virtio_console(struct run_options *options, const char *name, const char *text)
{
	if (!is_place(text))
		return bad_value(name, text, "one of stdio, none, file:PATH");
	options->virtio_console = text;
	return true;
}

static bool take_max_instructions(struct run_options *options, const char *name, const char *text)
{
	return parse_number(text, &options->max_instructions) ||
	       bad_value(name, text, "a number (0x1a, 26 or 1AH)");
}

static bool take_max_seconds(struct run_options *options, const char *name, const char *text)
{
	char *end;

	options->max_seconds = strtod(text, &end);
	/* the comparison also refuses what is no number */
	if (end == text || *end || !(options->max_seconds > 0 && options->max_seconds <= 1e8))
		return bad_value(name, text, "a number of seconds above 0");
	return true;
}

static bool take_seed(struct run_options *options, const char *name, const char *text)
{
	return parse_number(text, &options->machine.seed) ||
	       bad_value(name, text, "a number (0x1a, 26 or 1AH)");
}

static bool take_stress(struct run_options *options, const char *name, const char *text)
{
	static const struct {
		const char *name;
		uint32_t bit;
	} kinds[] = {
		{ "tlb", UDV_STRESS_TLB },	 { "blocks", UDV_STRESS_BLOCKS },
		{ "single", UDV_STRESS_SINGLE }, { "ept02", UDV_STRESS_EPT02 },
		{ "vmcs12", UDV_STRESS_VMCS12 },
	};
	const size_t nr_kinds = sizeof(kinds) / sizeof(kinds[0]);
	const char *at = text;

	do {
		size_t length = strcspn(at, ","), i = 0;

		while (i < nr_kinds &&
		       (strlen(kinds[i].name) != length || strncmp(at, kinds[i].name, length) != 0))
			i++;
		if (i == nr_kinds)
			return bad_value(name, text,
					 "a list of tlb, blocks, single, ept02, vmcs12");
		options->machine.stress |= kinds[i].bit;
		at += length;
	} while (*at++ == ',');
	return true;
}

static bool take_gdb(struct run_options *options, const char *name, const char *text)
{
	const char *wanted = gdb_server_wrong(text);

	options->gdb = text;
	return !wanted || bad_value(name, text, wanted);
}

static bool take_trace_format(struct run_options *options, const char *name, const char *text)
{
	if (strcmp(text, "text") == 0)
		options->trace_format = RUN_TRACE_TEXT;
	else if (strcmp(text, "json") == 0)
		options->trace_format = RUN_TRACE_JSON;
	else
		return bad_value(name, text, "one of text, json");
	return true;
}

static bool take_progress(struct run_options *options, const char *name, const char *text)
{
	static const char *const words[] = {
		[RUN_AUTO] = "auto",
		[RUN_ON] = "on",
		[RUN_OFF] = "off",
	};

	for (unsigned i = 0; i < 3; i++) {
		if (strcmp(text, words[i]) == 0) {
			options->progress = (enum run_switch)i;
			return true;
		}
	}
	return bad_value(name, text, "one of on, off, auto");
}

static bool take_engine(struct run_options *options, const char *name, const char *text)
{
	if (strcmp(text, "direct") == 0)
		options->machine.engine = UDV_ENGINE_DIRECT;
	else if (strcmp(text, "nested") == 0)
		options->machine.engine = UDV_ENGINE_NESTED;
	else
		return bad_value(name, text, "one of direct, nested");
	return true;
}

#define FLAG(member) OPTION_FLAG, offsetof(struct run_options, member), NULL
#define TEXT(member) OPTION_TEXT, offsetof(struct run_options, member), NULL
#define VALUE(take) OPTION_VALUE, 0, take

static const struct option_entry {
	const char *name;
	enum {
		OPTION_FLAG,  /* takes no value, and sets the flag at @offset */
		OPTION_TEXT,  /* any value is right, and stored at @offset */
		OPTION_VALUE, /* for @take to judge */
	} kind;
	size_t offset;
	bool (*take)(struct run_options *options, const char *name, const char *text);
} entries[] = {
	{ "--append", TEXT(append) },
	{ "--cpu", TEXT(machine.cpu) },
	{ "--cpus", VALUE(take_cpus) },
	{ "--disk", VALUE(take_disk) },
	{ "--engine", VALUE(take_engine) },
	{ "--help", FLAG(help) },
	{ "--gdb", VALUE(take_gdb) },
	{ "--initrd", VALUE(take_initrd) },
	{ "--iommu", FLAG(machine.iommu) },
	{ "--kernel-decompress", VALUE(take_kernel_decompress) },
	{ "--max-instructions", VALUE(take_max_instructions) },
	{ "--max-seconds", VALUE(take_max_seconds) },
	{ "--memory", VALUE(take_memory) },
	{ "--no-doctor", FLAG(no_doctor) },
	{ "--no-rng", FLAG(machine.no_rng) },
	{ "--no-sandbox", FLAG(no_sandbox) },
	{ "--progress", VALUE(take_progress) },
	{ "--record", TEXT(record) },
	{ "--replay", TEXT(replay) },
	{ "--restore", TEXT(restore) },
	{ "--sandbox", FLAG(sandbox) },
	{ "--save", TEXT(save) },
	{ "--seed", VALUE(take_seed) },
	{ "--serial", VALUE(take_serial) },
	{ "--stats", FLAG(stats) },
	{ "--stress", VALUE(take_stress) },
	{ "--trace", TEXT(trace) },
	{ "--trace-format", VALUE(take_trace_format) },
	{ "--trace-hash", FLAG(trace_hash) },
	{ "--virtio-console", VALUE(take_virtio_console) },
};

/* What "undervisor diff" has of them. */
static const char *const diff_options[] = {
	"--append",
	"--cpu",
	"--cpus",
	"--disk",
	"--help",
	"--initrd",
	"--iommu",
	"--kernel-decompress",
	"--max-instructions",
	"--max-seconds",
	"--memory",
	"--no-rng",
	"--seed",
	"--serial",
	"--stress",
	"--virtio-console",
};

static bool diff_has(const char *name)
{
	for (size_t i = 0; i < sizeof(diff_options) / sizeof(diff_options[0]); i++)
		if (strcmp(diff_options[i], name) == 0)
			return true;
	return false;
}

static const struct option_entry *find_option(const char *name, size_t length, bool diff)
{
	if (length == 2 && strncmp(name, "-h", 2) == 0)
		return find_option("--help", 6, diff);
	for (size_t i = 0; i < sizeof(entries) / sizeof(entries[0]); i++)
		if (strlen(entries[i].name) == length &&
		    strncmp(entries[i].name, name, length) == 0)
			return !diff || diff_has(entries[i].name) ? &entries[i] : NULL;
	return NULL;
}

/* One option at argv[*i], and its value, which may be the next argument. */
static bool take_option(struct run_options *options, int argc, char **argv, int *i)
{
	const char *name = argv[*i], *text;
	size_t length = strcspn(name, "=");
	const struct option_entry *entry = find_option(name, length, options->diff);
	bool attached = name[length] == '=';

	if (!entry) {
		complain("run", "unknown option %s; undervisor %s --help lists them", name,
			 argv[0]);
		return false;
	}
	if (entry->kind == OPTION_FLAG) {
		if (attached)
			complain("run", "%s takes no value", entry->name);
		else
			*((bool *)options + entry->offset) = true;
		return !attached;
	}
	if (!attached && *i + 1 >= argc) {
		complain("run", "%s needs a value", name);
		return false;
	}
	text = attached ? name + length + 1 : argv[++*i];
	if (entry->kind == OPTION_VALUE)
		return entry->take(options, entry->name, text);
	memcpy((char *)options + entry->offset, &text, sizeof(text));
	return true;
}

bool run_parse_options(struct run_options *options, int argc, char **argv)
{
	int i;

	*options = (struct run_options){ .machine.engine = UDV_ENGINE_NESTED,
					 .diff = strcmp(argv[0], "diff") == 0,
					 .serial = "stdio",
					 .virtio_console = "none",
					 .max_instructions = UINT64_MAX };
	if (options->diff)
		options->serial = "none";
	for (i = 1; i < argc && argv[i][0] == '-' && argv[i][1]; i++) {
		if (strcmp(argv[i], "--") == 0) {
			i++;
			break;
		}
		if (!take_option(options, argc, argv, &i))
			return false;
	}
	if (options->help || (options->machine.cpu && strcmp(options->machine.cpu, "help") == 0))
		return true;
	if (options->restore && i < argc) {
		complain("run", "--restore takes no image: %s", argv[i]);
		return false;
	}
	if (options->restore && !run_check_restore(options))
		return false;
	if (i >= argc && !options->restore) {
		complain("run", "no image; undervisor %s [OPTIONS] IMAGE [ARGUMENTS...]", argv[0]);
		return false;
	}
	if (options->trace_format != RUN_TRACE_BY_NAME && !options->trace) {
		complain("run", "--trace-format goes with --trace");
		return false;
	}
	if (options->replay && (options->record || options->max_instructions != UINT64_MAX)) {
		complain("run", "--replay goes neither with --record nor with --max-instructions");
		return false;
	}
	if (options->sandbox && options->no_sandbox) {
		complain("run", "--sandbox and --no-sandbox contradict each other");
		return false;
	}
	if (options->restore)
		return true;
	options->image = argv[i];
	options->arguments = argv + i + 1;
	options->nr_arguments = argc - i - 1;
	return true;
}
