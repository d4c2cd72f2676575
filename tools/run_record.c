/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "run_record.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common.h"
#include "run.h"

#define FORMAT "undervisor-recording"
#define VERSION "1"

static const char *const kinds[] = { "in", "idle", "end" };

static bool open_file(struct run_record *record, const char *path, int fd)
{
	record->path = path;
	record->file = fd < 0 ? NULL : fdopen(fd, record->replaying ? "r" : "w");
	if (record->file)
		return true;
	if (fd >= 0) {
		complain("run", "cannot use %s: %s", path, strerror(errno));
		close(fd);
	}
	return false;
}

bool run_record_create(struct run_record *record, struct run_outputs *outputs, const char *path)
{
	*record = (struct run_record){ 0 };
	return open_file(record, path, run_outputs_open(outputs, "--record", path));
}

bool run_record_begin(struct run_record *record)
{
	return run_record_header(record, FORMAT, VERSION);
}

/* The next line without its end, in memory for the caller to free; NULL: there is none. */
static char *read_line(struct run_record *record)
{
	char *line = NULL;
	size_t space = 0;
	ssize_t length = getline(&line, &space, record->file);

	record->line++;
	/* Without a newline it is part of a line; with a zero in it, it is no text. */
	if (length > 0 && line[length - 1] == '\n' && strlen(line) == (size_t)length) {
		line[length - 1] = '\0';
		return line;
	}
	free(line);
	return NULL;
}

static bool cut_off(const struct run_record *record)
{
	complain("run", "%s:%u: the recording is cut off here, or not text", record->path,
		 record->line);
	return false;
}

bool run_replay_open(struct run_record *record, const char *path)
{
	char *line;
	bool right;

	*record = (struct run_record){ .replaying = true };
	if (!open_file(record, path, run_open_regular(path)))
		return false;
	line = read_line(record);
	right = line && strcmp(line, FORMAT " " VERSION) == 0;
	free(line);
	if (!right)
		complain("run",
			 "%s:1: not a recording of this version (\"" FORMAT " " VERSION "\")",
			 path);
	return right;
}

/* One line without control characters, whatever @text holds. */
static char *make_line(const char *name, const char *text)
{
	char *line = malloc(strlen(name) + 3 * strlen(text) + 2), *at;

	if (!line)
		return NULL;
	at = stpcpy(line, name);
	*at++ = ' ';
	for (; *text; text++) {
		unsigned char c = (unsigned char)*text;

		if (c < ' ' || c == '%' || c >= 0x7f)
			at += sprintf(at, "%%%02x", c);
		else
			*at++ = (char)c;
	}
	*at = '\0';
	return line;
}

static bool compare_line(struct run_record *record, const char *wanted)
{
	char *line = read_line(record);
	bool same = line && strcmp(line, wanted) == 0;

	if (!line)
		return cut_off(record);
	if (!same)
		complain("run", "%s:%u: recorded with \"%s\", but this run has \"%s\"",
			 record->path, record->line, line, wanted);
	free(line);
	return same;
}

bool run_record_header(struct run_record *record, const char *name, const char *text)
{
	char *line;
	bool right = true;

	if (!record->file)
		return true;
	line = make_line(name, text);
	if (!line) {
		complain("run", "out of memory");
		return false;
	}
	if (record->replaying)
		right = compare_line(record, line);
	else
		fprintf(record->file, "%s\n", line);
	free(line);
	return right;
}

/* Once: the run goes on without it. */
static void say_failed(struct run_record *record)
{
	complain("run", "cannot write %s: %s", record->path, strerror(errno));
	record->failed = true;
}

void run_record_event(struct run_record *record, const struct run_event *event)
{
	char last[16] = "eof";

	if (!record->file || record->replaying || record->failed)
		return;
	if (event->kind == RUN_EVENT_END)
		memcpy(last, event->how, sizeof(last));
	else if (event->byte != RUN_RECORD_EOF)
		snprintf(last, sizeof(last), "%02x", event->byte);
	fprintf(record->file, "%s %" PRIu64 " %" PRIu64 " %s\n", kinds[event->kind],
		event->instructions, event->ticks, last);
	/* Whatever happens to this process, what was typed is there. */
	if (fflush(record->file) != 0)
		say_failed(record);
}

static bool parse_decimal(const char *text, uint64_t *value)
{
	return *text && strspn(text, "0123456789") == strlen(text) && parse_number(text, value);
}

static bool parse_byte(const char *text, unsigned *byte)
{
	if (strcmp(text, "eof") == 0) {
		*byte = RUN_RECORD_EOF;
		return true;
	}
	if (strlen(text) != 2 || strspn(text, "0123456789abcdef") != 2)
		return false;
	*byte = (unsigned)strtoul(text, NULL, 16);
	return true;
}

static bool parse_event(char *line, struct run_event *event)
{
	char *words[5], *rest = line;
	unsigned n = 0, kind = 0;

	while (n < 5 && (words[n] = strsep(&rest, " ")) != NULL)
		n++;
	if (n != 4)
		return false;
	while (kind < 3 && strcmp(words[0], kinds[kind]) != 0)
		kind++;
	if (kind == 3 || !parse_decimal(words[1], &event->instructions) ||
	    !parse_decimal(words[2], &event->ticks))
		return false;
	event->kind = (enum run_event_kind)kind;
	if (kind != RUN_EVENT_END)
		return parse_byte(words[3], &event->byte);
	if (strlen(words[3]) >= sizeof(event->how))
		return false;
	strcpy(event->how, words[3]);
	return true;
}

bool run_replay_event(struct run_record *record, struct run_event *event)
{
	char *line = read_line(record);
	bool right;

	*event = (struct run_event){ 0 };
	if (!line)
		return cut_off(record);
	right = parse_event(line, event);
	free(line);
	if (!right)
		complain("run", "%s:%u: not a line of a recording", record->path, record->line);
	return right;
}

bool run_replay_over(struct run_record *record)
{
	if (getc(record->file) == EOF)
		return true;
	complain("run", "%s:%u: behind the end of the recording", record->path, record->line + 1);
	return false;
}

bool run_record_close(struct run_record *record)
{
	if (!record->file)
		return true;
	if (fclose(record->file) != 0 && !record->replaying && !record->failed)
		say_failed(record);
	record->file = NULL;
	return !record->failed;
}

uint64_t run_checksum(uint64_t sum, const void *data, size_t size)
{
	const uint8_t *bytes = data;

	/* FNV-1a */
	for (size_t i = 0; i < size; i++)
		sum = (sum ^ bytes[i]) * 0x100000001b3ull;
	return sum;
}
