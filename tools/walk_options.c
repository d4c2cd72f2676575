/* SPDX-License-Identifier: MIT */
#include "walk.h"

#include <stddef.h>
#include <string.h>

enum option_kind {
	OPTION_NUMBER, /* a value of 64 bits at @offset */
	OPTION_WIDTH,  /* 32..52, at @offset */
	OPTION_BYTES,  /* 1..255, at @offset */
	OPTION_PDPTE,
	OPTION_FORMAT,
	OPTION_TEXT,   /* const char * at @offset */
	OPTION_FLAG,   /* bool at @offset becomes true */
	OPTION_ACCESS, /* the kind of access becomes @value */
	OPTION_SET,    /* @value is set in the word of 32 bits at @offset */
	OPTION_CLEAR,
	OPTION_CAP_SET, /* @value is a bit number of IA32_VMX_EPT_VPID_CAP */
	OPTION_CAP_CLEAR,
};

struct option_entry {
	const char *name;
	enum option_kind kind;
	size_t offset;
	uint32_t value; /* GIVEN_* of those that take a value */
};

#define AT(member) offsetof(struct walk_options, member)

static const struct option_entry entries[] = {
	{ "--cr0", OPTION_NUMBER, AT(cr0), GIVEN_CR0 },
	{ "--cr3", OPTION_NUMBER, AT(cr3), GIVEN_CR3 },
	{ "--cr4", OPTION_NUMBER, AT(cr4), GIVEN_CR4 },
	{ "--efer", OPTION_NUMBER, AT(efer), GIVEN_EFER },
	{ "--eptp", OPTION_NUMBER, AT(eptp), GIVEN_EPTP },
	{ "--pdpte", OPTION_PDPTE, AT(pdpte), GIVEN_PDPTE },
	{ "--pkru", OPTION_NUMBER, AT(pkru), 0 },
	{ "--pkrs", OPTION_NUMBER, AT(pkrs), 0 },
	{ "--maxphyaddr", OPTION_WIDTH, AT(maxphyaddr), GIVEN_MAXPHYADDR },
	{ "--guest-maxphyaddr", OPTION_WIDTH, AT(guest_maxphyaddr), GIVEN_GUEST_MAXPHYADDR },
	{ "--ept-cap", OPTION_NUMBER, AT(ept_cap), GIVEN_EPT_CAP },
	{ "--advanced-info", OPTION_CAP_SET, 0, 22 },
	{ "--no-advanced-info", OPTION_CAP_CLEAR, 0, 22 },
	{ "--mbec", OPTION_SET, AT(ept_controls), UDV_EPT_MBEC },
	{ "--spp", OPTION_SET, AT(ept_controls), UDV_EPT_SPP },
	{ "--sppt", OPTION_NUMBER, AT(sppt), GIVEN_SPPT },
	{ "--paging-write", OPTION_SET, AT(ept_controls), UDV_EPT_PAGING_WRITE },
	{ "--verification", OPTION_SET, AT(ept_controls), UDV_EPT_VERIFICATION },
	{ "--ve", OPTION_NUMBER, AT(ve), GIVEN_VE },
	{ "--no-1gb-pages", OPTION_CLEAR, AT(features), UDV_FEATURE_1GB_PAGES },
	{ "--no-pse36", OPTION_CLEAR, AT(features), UDV_FEATURE_PSE36 },
	{ "--no-pat", OPTION_CLEAR, AT(features), UDV_FEATURE_PAT },
	{ "--read", OPTION_ACCESS, 0, UDV_ACCESS_READ },
	{ "--write", OPTION_ACCESS, 0, UDV_ACCESS_WRITE },
	{ "--rmw", OPTION_ACCESS, 0, UDV_ACCESS_READ | UDV_ACCESS_WRITE },
	{ "--fetch", OPTION_ACCESS, 0, UDV_ACCESS_FETCH },
	{ "--user", OPTION_SET, AT(access), UDV_ACCESS_USER },
	{ "--supervisor", OPTION_CLEAR, AT(access), UDV_ACCESS_USER },
	{ "--implicit", OPTION_SET, AT(access), UDV_ACCESS_IMPLICIT },
	{ "--ac", OPTION_SET, AT(access), UDV_ACCESS_AC },
	{ "--shadow-stack", OPTION_SET, AT(access), UDV_ACCESS_SHADOW_STACK },
	{ "--size", OPTION_BYTES, AT(size), 0 },
	{ "--gpa", OPTION_FLAG, AT(gpa), 0 },
	{ "--format", OPTION_FORMAT, AT(format), 0 },
	{ "--base", OPTION_NUMBER, AT(base), GIVEN_BASE },
	{ "--cpu", OPTION_NUMBER, AT(cpu), GIVEN_CPU },
	{ "--json", OPTION_FLAG, AT(json), 0 },
	{ "--brief", OPTION_FLAG, AT(brief), 0 },
	{ "--svg", OPTION_TEXT, AT(svg), 0 },
	{ "--quiet", OPTION_FLAG, AT(quiet), 0 },
	{ "--help", OPTION_FLAG, AT(help), 0 },
};

#undef AT

static bool takes_value(enum option_kind kind)
{
	return kind <= OPTION_TEXT;
}

static bool bad_value(const struct option_entry *entry, const char *text, const char *wanted)
{
	complain("walk", "%s %s: not %s", entry->name, text, wanted);
	return false;
}

/* "A,B,C,D" */
static bool parse_pdptes(const char *text, uint64_t pdpte[4])
{
	for (unsigned i = 0; i < 4; i++) {
		size_t length = strcspn(text, ",");

		if (!parse_number_n(text, length, &pdpte[i]))
			return false;
		text += length;
		if (i < 3 && *text++ != ',')
			return false;
	}
	return *text == '\0';
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
	return false;
}

static bool take_value(struct walk_options *options, const struct option_entry *entry,
		       const char *text)
{
	char *at = (char *)options + entry->offset;
	uint64_t value = 0;

	options->given |= entry->value;
	switch (entry->kind) {
	case OPTION_TEXT:
		memcpy(at, &text, sizeof(text));
		return true;
	case OPTION_FORMAT:
		return parse_format(text, &options->format) ||
		       bad_value(entry, text, "one of auto, elf, lime, raw");
	case OPTION_PDPTE:
		return parse_pdptes(text, options->pdpte) ||
		       bad_value(entry, text, "four numbers of up to 64 bits with commas between");
	default:
		break;
	}
	if (number_too_wide(text, strlen(text))) {
		complain("walk", "%s %s: has more than 64 bits", entry->name, text);
		return false;
	}
	if (!parse_number(text, &value))
		return bad_value(entry, text, "a number (0x1a, 26 or 1AH)");
	if (entry->kind == OPTION_WIDTH && (value < 32 || value > 52))
		return bad_value(entry, text, "a width from 32 to 52");
	if (entry->kind == OPTION_BYTES && (value < 1 || value > 255))
		return bad_value(entry, text, "a size from 1 to 255");
	memcpy(at, &value, sizeof(value));
	return true;
}

static void take_flag(struct walk_options *options, const struct option_entry *entry)
{
	char *at = (char *)options + entry->offset;

	switch (entry->kind) {
	case OPTION_FLAG:
		*(bool *)at = true;
		break;
	case OPTION_SET:
		*(uint32_t *)(void *)at |= entry->value;
		break;
	case OPTION_CLEAR:
		*(uint32_t *)(void *)at &= ~entry->value;
		break;
	case OPTION_ACCESS:
		options->access = (options->access & ~UDV_ACCESS_KIND) | entry->value;
		break;
	case OPTION_CAP_SET:
		options->given |= GIVEN_ADVANCED_INFO;
		options->cap_set |= 1ull << entry->value;
		options->cap_clear &= ~(1ull << entry->value);
		break;
	case OPTION_CAP_CLEAR:
		options->given |= GIVEN_ADVANCED_INFO;
		options->cap_clear |= 1ull << entry->value;
		options->cap_set &= ~(1ull << entry->value);
		break;
	default:
		break;
	}
}

static const struct option_entry *find_option(const char *name, size_t length)
{
	for (size_t i = 0; i < sizeof(entries) / sizeof(entries[0]); i++) {
		if (strlen(entries[i].name) == length && memcmp(entries[i].name, name, length) == 0)
			return &entries[i];
	}
	return NULL;
}

/* One option at argv[*i], and its value, which may be the next argument. */
static bool take_option(struct walk_options *options, int argc, char **argv, int *i)
{
	const char *name = argv[*i];
	size_t length = strcspn(name, "=");
	const struct option_entry *entry = find_option(name, length);
	bool attached = name[length] == '=';

	if (strcmp(name, "-h") == 0)
		entry = find_option("--help", 6);
	if (!entry) {
		complain("walk", "unknown option %s; undervisor walk --help lists them", name);
		return false;
	}
	if (!takes_value(entry->kind)) {
		if (attached)
			complain("walk", "%s takes no value", entry->name);
		else
			take_flag(options, entry);
		return !attached;
	}
	if (attached)
		return take_value(options, entry, name + length + 1);
	if (*i + 1 >= argc) {
		complain("walk", "%s needs a value", name);
		return false;
	}
	return take_value(options, entry, argv[++*i]);
}

/* What says something of the second dimension only, and is not silently ignored without it. */
static const char *check_second_dimension(const struct walk_options *options)
{
	uint32_t given = options->given;

	if (!(given & GIVEN_EPTP)) {
		if (options->gpa)
			return "--gpa needs --eptp: without EPT an address is its own translation";
		if (options->ept_controls)
			return "--mbec, --spp, --paging-write and --verification need --eptp";
		if (given & (GIVEN_SPPT | GIVEN_VE))
			return "--sppt and --ve need --eptp";
		if (given & (GIVEN_EPT_CAP | GIVEN_ADVANCED_INFO))
			return "--ept-cap, --advanced-info and --no-advanced-info need --eptp";
		if (given & GIVEN_MAXPHYADDR && given & GIVEN_GUEST_MAXPHYADDR)
			return "--maxphyaddr beside --guest-maxphyaddr needs --eptp";
		return NULL;
	}
	if (options->ept_controls & UDV_EPT_SPP && !(given & GIVEN_SPPT))
		return "--spp needs --sppt, the address of its table";
	if (given & GIVEN_SPPT && !(options->ept_controls & UDV_EPT_SPP))
		return "--sppt needs --spp, the control that uses it";
	return NULL;
}

/* What no single option can tell. */
static bool check_options(const struct walk_options *options)
{
	const char *problem;

	if (!options->image)
		problem = "no image; undervisor walk [OPTIONS] IMAGE ADDRESS...";
	else if (options->nr_addresses == 0)
		problem = "no address; give one or more, or - to read them from standard input";
	else if (options->svg &&
		 (options->nr_addresses != 1 || strcmp(options->addresses[0], "-") == 0))
		problem = "--svg draws one address";
	else if (options->base % 4096)
		problem = "--base must be a multiple of 4096";
	else if (options->json && options->brief)
		problem = "either --json or --brief";
	else if ((options->access & UDV_ACCESS_SHADOW_STACK) &&
		 (options->access & UDV_ACCESS_FETCH))
		problem = "--shadow-stack goes with --read, --write or --rmw";
	else if (options->pkru > UINT32_MAX || options->pkrs > UINT32_MAX)
		problem = "--pkru and --pkrs have 32 bits";
	else
		problem = check_second_dimension(options);
	if (problem)
		complain("walk", "%s", problem);
	return !problem;
}

bool walk_parse_options(struct walk_options *options, int argc, char **argv)
{
	int nr = 0;
	bool only_names = false;

	*options = (struct walk_options){
		.access = UDV_ACCESS_READ,
		.ept_cap = UDV_EPT_CAP_ALL,
		.features = UDV_FEATURES_ALL,
		.maxphyaddr = 52,
	};
	/* Names move to the front of argv, so that options may stand anywhere. */
	for (int i = 1; i < argc; i++) {
		char *argument = argv[i];

		if (only_names || argument[0] != '-' || argument[1] == '\0')
			argv[nr++] = argument;
		else if (strcmp(argument, "--") == 0)
			only_names = true;
		else if (!take_option(options, argc, argv, &i))
			return false;
	}
	if (options->help)
		return true;
	if (nr > 0)
		options->image = argv[0];
	options->addresses = argv + 1;
	options->nr_addresses = nr > 0 ? nr - 1 : 0;
	if (options->nr_addresses > 1)
		options->brief = !options->json;
	if (options->nr_addresses == 1 && strcmp(options->addresses[0], "-") == 0)
		options->brief = !options->json;
	options->ept_cap = (options->ept_cap | options->cap_set) & ~options->cap_clear;
	if (!(options->given & GIVEN_GUEST_MAXPHYADDR))
		options->guest_maxphyaddr = options->maxphyaddr;
	return check_options(options);
}

void walk_print_help(void)
{
	fputs("Usage: undervisor walk [OPTIONS] IMAGE ADDRESS...\n"
	      "\n"
	      "Translates linear addresses in a memory image, which is never changed, and shows\n"
	      "each step. IMAGE is an ELF core (QEMU's dump-guest-memory, kdump), a LiME file or\n"
	      "raw memory. ADDRESS may be -: addresses are then read from standard input, one a\n"
	      "line, and one that is none is passed over. Numbers are 0x1a, 26 or 1AH.\n"
	      "\n"
	      "Registers, by default those in the image:\n"
	      "  --cr0 N --cr3 N --cr4 N --efer N --pdpte A,B,C,D --pkru N --pkrs N\n"
	      "  --cpu N                 whose registers to take, 0 for the first\n"
	      "  --guest-maxphyaddr N    physical-address width of the guest\n"
	      "  --maxphyaddr N          the same of the processor, 52; the guest's by default\n"
	      "  --no-1gb-pages --no-pse36 --no-pat\n"
	      "\n"
	      "The second dimension:\n"
	      "  --eptp N                the EPT pointer; all of the following need it\n"
	      "  --gpa                   the addresses are guest-physical: EPT only\n"
	      "  --ept-cap N             IA32_VMX_EPT_VPID_CAP; all of it by default\n"
	      "  --advanced-info, --no-advanced-info    bit 22 of it\n"
	      "  --mbec --paging-write --verification --ve N\n"
	      "  --spp --sppt N          sub-page permissions and their table: both or none\n"
	      "\n"
	      "The access:\n"
	      "  --read (default), --write, --rmw, --fetch\n"
	      "  --supervisor (default), --user, --implicit, --ac, --shadow-stack\n"
	      "  --size N                bytes, for sub-page permissions\n"
	      "\n"
	      "The image:\n"
	      "  --format auto|elf|lime|raw\n"
	      "  --base N                where a raw image starts, a multiple of 4096\n"
	      "\n"
	      "Output:\n"
	      "  --brief                 one line an address; the default for several\n"
	      "  --json                  one JSON object an address\n"
	      "  --svg FILE              draw the walk of a single address\n"
	      "  --quiet                 no line about assumed registers, none about loops\n"
	      "\n"
	      "Exit status; of several addresses the largest counts:\n"
	      "  0  all translated\n"
	      "  1  some access refused, a line that is no address, or output not written\n"
	      "  2  usage: an option, a number, registers that no processor could hold\n"
	      "  3  the image cannot be used\n"
	      "  4  some table lies outside the image\n",
	      stdout);
}
