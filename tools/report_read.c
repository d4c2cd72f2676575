/* SPDX-License-Identifier: MIT */
#include "report.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common.h"

#define NAME "report"
#define BASIC_REASON 0xffu
#define ENTRY_FAILURE (1ull << 31)

/* ---------------------------------------------------------------- members of an event */

static const char *text_of(const json_t *event, const char *key)
{
	const char *text = json_string_value(json_object_get(event, key));

	return text ? text : "";
}

/* Numbers that may have 64 bits are strings in a trace, the others are not. */
static uint64_t number_of(const json_t *event, const char *key)
{
	const json_t *value = json_object_get(event, key);
	uint64_t number = 0;

	if (json_is_integer(value))
		return (uint64_t)json_integer_value(value);
	(void)parse_number(text_of(event, key), &number);
	return number;
}

static bool starts_with(const char *text, const char *start)
{
	return strncmp(text, start, strlen(start)) == 0;
}

/* ---------------------------------------------------------------- one event */

/* The index of @text in the list of words; it is 0 for none. */
static uint32_t number_words(struct report *report, const char *text)
{
	const json_t *known = json_object_get(report->word_numbers, text);
	size_t number = json_array_size(report->words);

	if (known)
		return (uint32_t)json_integer_value(known);
	if (json_array_append_new(report->words, json_string(text)) ||
	    json_object_set_new(report->word_numbers, text, json_integer((json_int_t)number)))
		return 0;
	return (uint32_t)number;
}

static void name_reason(struct report *report, unsigned reason, const char *name)
{
	char key[8];

	snprintf(key, sizeof(key), "%u", reason);
	if (!json_object_get(report->reasons, key) && name[0])
		json_object_set_new(report->reasons, key, json_string(name));
}

/* What the page draws of a step. */
static bool is_step(const json_t *step)
{
	static const char *const texts[] = { "entry",	       "address", "value",
					     "guest_physical", "flags",	  "wrong" };

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		if (!json_is_string(json_object_get(step, texts[i])))
			return false;
	return json_is_integer(json_object_get(step, "index")) &&
	       json_is_boolean(json_object_get(step, "refuses"));
}

static bool is_walk(const json_t *walk)
{
	const json_t *step;
	size_t i;

	json_array_foreach(walk, i, step) if (!is_step(step)) return false;
	return json_array_size(walk) > 0;
}

static void keep_walk(struct report *report, const json_t *event)
{
	json_t *walk = json_object_get(event, "walk");

	if (report->nr_walks == report->max_walks || !is_walk(walk))
		return;
	if (!json_array_append_new(report->walks,
				   json_pack("[I,{s:O,s:s}]", (json_int_t)report->nr_exits, "walk",
					     walk, "because", text_of(event, "because"))))
		report->nr_walks++;
}

static struct report_exit *new_exit(struct report *report)
{
	if (report->nr_exits == report->room) {
		size_t room = report->room ? report->room * 2 : 4096;
		struct report_exit *exits = realloc(report->exits, room * sizeof(*exits));

		if (!exits)
			return NULL;
		report->exits = exits;
		report->room = room;
	}
	return &report->exits[report->nr_exits++];
}

/* L1 runs from this exit on, if it has not before: an entry that failed. */
static void follow(struct report *report, unsigned cpu, struct report_exit *exit)
{
	if (report->open[cpu])
		report->exits[report->open[cpu] - 1].until_ns = exit->ns;
	if (!exit->failed)
		exit->entered_ns = report->entered_ns[cpu];
	report->entered_ns[cpu] = -1;
	report->open[cpu] = report->nr_exits;
}

static bool take_exit(struct report *report, const json_t *event, enum report_kind kind)
{
	uint64_t reason = number_of(event, "reason");
	unsigned cpu = number_of(event, "cpu") % REPORT_CPUS;
	const char *name = text_of(event, "name");
	struct report_exit *exit;

	name_reason(report, (unsigned)(reason & BASIC_REASON), name);
	keep_walk(report, event);
	exit = new_exit(report);
	if (!exit)
		return false;
	*exit = (struct report_exit){
		.ns = (double)number_of(event, "ns"),
		.instructions = (double)number_of(event, "instructions"),
		.cost_ns = -1,
		.cost_instructions = -1,
		.entered_ns = -1,
		.rip = number_of(event, "rip"),
		.guest_physical = number_of(event, "guest_physical"),
		.guest_linear = number_of(event, "guest_linear"),
		.qualification = number_of(event, "qualification"),
		.words = number_words(report, text_of(event, "words")),
		.cpu = (uint8_t)cpu,
		.level = (uint8_t)number_of(event, "level"),
		.kind = (uint8_t)kind,
		.reason = (uint8_t)(reason & BASIC_REASON),
		.failed = (reason & ENTRY_FAILURE) != 0,
	};
	if (kind <= REPORT_FOUND)
		follow(report, cpu, exit);
	return true;
}

static void take_entry(struct report *report, const json_t *event)
{
	unsigned cpu = number_of(event, "cpu") % REPORT_CPUS;
	struct report_exit *exit;

	report->entered_ns[cpu] = report->last_ns[cpu];
	if (!report->open[cpu])
		return;
	exit = &report->exits[report->open[cpu] - 1];
	exit->until_ns = report->last_ns[cpu];
	exit->cost_ns = exit->until_ns - exit->ns;
	exit->cost_instructions = (double)number_of(event, "instructions") - exit->instructions;
	report->open[cpu] = 0;
}

static void count(struct report *report, const char *name)
{
	const json_t *old = json_object_get(report->events, name);

	json_object_set_new(report->events, name, json_integer(json_integer_value(old) + 1));
}

static bool take_l0(struct report *report, const json_t *event, const char *what)
{
	unsigned cpu = number_of(event, "cpu") % REPORT_CPUS;
	bool l2 = number_of(event, "level") == 2, emulated = strcmp(what, "emulated") == 0;

	report->pending[cpu] = strcmp(what, "shown") == 0 ? REPORT_SHOWN
			       : emulated && l2		  ? REPORT_FOUND
							  : REPORT_PROCESSOR;
	if (strcmp(what, "shown") == 0)
		return true; /* the exit itself comes next */
	return take_exit(report, event, emulated ? REPORT_EMULATED : REPORT_FILLED);
}

static bool take_event(struct report *report, const json_t *event)
{
	const char *name = text_of(event, "event");
	unsigned cpu = number_of(event, "cpu") % REPORT_CPUS;
	enum report_kind kind = report->pending[cpu];

	if (cpu >= report->processors)
		report->processors = cpu + 1;
	report->last_ns[cpu] = (double)number_of(event, "ns");
	if (starts_with(name, "l0-"))
		return take_l0(report, event, name + 3);
	if (strcmp(name, "vm-exit") == 0) {
		report->pending[cpu] = REPORT_PROCESSOR;
		return take_exit(report, event, kind);
	}
	count(report, name);
	if (strcmp(name, "vm-entry") == 0) {
		report->pending[cpu] = REPORT_PROCESSOR;
		take_entry(report, event);
	}
	return true;
}

/* ---------------------------------------------------------------- the file */

struct input {
	const char *path;
	size_t line, events;
};

static bool take_line(struct report *report, struct input *in, const char *line, size_t length)
{
	bool whole = length && line[length - 1] == '\n', taken;
	json_error_t error;
	json_t *event;

	in->line++;
	if (length == whole)
		return true;
	event = json_loadb(line, length, 0, &error);
	if (!event && !whole && in->events) {
		complain(NAME, "%s, line %zu: cut off; left out", in->path, in->line);
		return true;
	}
	if (!json_is_object(event) || !text_of(event, "event")[0]) {
		json_decref(event);
		complain(NAME,
			 "%s, line %zu: not an event of a JSON trace; undervisor run --trace "
			 "FILE.jsonl writes one",
			 in->path, in->line);
		return false;
	}
	in->events++;
	taken = take_event(report, event);
	json_decref(event);
	if (!taken)
		complain(NAME, "%s, line %zu: out of memory", in->path, in->line);
	return taken;
}

static bool read_lines(struct report *report, const char *path, FILE *file)
{
	struct input in = { .path = path };
	char *line = NULL;
	size_t size = 0;
	ssize_t length;
	bool good = true;

	/* The last line of a run that was killed has no end. */
	while (good && (length = getline(&line, &size, file)) >= 0)
		good = take_line(report, &in, line, (size_t)length);
	free(line);
	if (good && ferror(file)) {
		complain(NAME, "cannot read %s: %s", path, strerror(errno));
		return false;
	}
	if (good && !in.events) {
		complain(NAME, "%s: there is no event in it", path);
		return false;
	}
	return good;
}

bool report_read(struct report *report, const char *path, size_t max_walks)
{
	bool standard = strcmp(path, "-") == 0, good;
	FILE *file = standard ? stdin : fopen(path, "r");

	*report = (struct report){
		.max_walks = max_walks,
		.words = json_array(),
		.walks = json_array(),
		.reasons = json_object(),
		.events = json_object(),
		.word_numbers = json_object(),
	};
	if (!file) {
		complain(NAME, "cannot read %s: %s", path, strerror(errno));
		return false;
	}
	number_words(report, "");
	for (unsigned i = 0; i < REPORT_CPUS; i++)
		report->entered_ns[i] = -1;
	good = read_lines(report, path, file);
	for (unsigned i = 0; i < REPORT_CPUS; i++)
		if (report->open[i])
			report->exits[report->open[i] - 1].until_ns = report->last_ns[i];
	if (!standard)
		fclose(file);
	return good;
}

void report_free(struct report *report)
{
	free(report->exits);
	json_decref(report->words);
	json_decref(report->walks);
	json_decref(report->reasons);
	json_decref(report->events);
	json_decref(report->word_numbers);
}
