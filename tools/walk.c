/* SPDX-License-Identifier: MIT */
#include "walk.h"

#include "commands.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <unistd.h>

enum udv_outcome walk_again(const struct walk_options *options, struct udv_paging *paging,
			    uint64_t address, struct udv_walk_result *result,
			    struct udv_walk_record *record)
{
	static const struct udv_gpa_origin no_origin = { .stage = UDV_STAGE_NONE };
	uint32_t access = options->access | UDV_ACCESS_PEEK | UDV_ACCESS_SIZE(options->size);

	if (options->gpa)
		return udv_walk_gpa(paging, access, UDV_GPA(address), &no_origin, result, record);
	if (!record)
		return udv_walk(paging, access, UDV_GVA(address), result);
	return udv_walk_recorded(paging, access, UDV_GVA(address), result, record);
}

enum udv_outcome walk_one(struct walk_session *session, uint64_t address, enum walk_depth depth,
			  struct walked *walked)
{
	struct udv_walk_result *result = &walked->result;
	enum udv_outcome outcome;

	walked->session = session;
	walked->address = address;
	walked->to_ve = false;
	walked->exit.exit_reason = 0;
	walked->record.nr_steps = 0;
	walked->advice.nr_changes = 0;
	outcome = walk_again(session->options, &session->paging, address, result,
			     depth >= WALK_RECORD ? &walked->record : NULL);
	if (outcome == UDV_WALK_OK) {
		walked->in_image = session_holds(session, result->hpa.value);
		return outcome;
	}
	if (outcome == UDV_WALK_NO_MEMORY && depth < WALK_RECORD)
		walk_again(session->options, &session->paging, address, result, &walked->record);
	walked->exit = udv_exit_info(result, session->config.ept_vpid_cap);
	walked->to_ve = (session->options->given & GIVEN_VE) &&
			udv_ve_convertible(&session->paging, result);
	if (depth >= WALK_ADVICE)
		walk_advise(walked);
	return outcome;
}

/* ---------------------------------------------------------------- addresses */

static enum walk_depth depth_for(const struct walk_options *options)
{
	if (!options->brief || options->svg)
		return WALK_ADVICE;
	/* Whether there is a loop to warn of, only the record tells. */
	return options->quiet ? WALK_RESULT : WALK_RECORD;
}

static int status_of(enum udv_outcome outcome)
{
	if (outcome == UDV_WALK_OK)
		return WALK_TRANSLATED;
	return outcome == UDV_WALK_NO_MEMORY ? WALK_OUTSIDE : WALK_REFUSED;
}

static int worse(int status, int other)
{
	return status > other ? status : other;
}

/* Walks and prints one address; the exit status it alone would give. */
static int do_address(struct walk_session *session, uint64_t address)
{
	const struct walk_options *options = session->options;
	enum udv_paging_mode mode = session->paging.mode;
	struct walked walked;
	enum udv_outcome outcome;

	if (!options->gpa && mode < UDV_PAGING_4_LEVEL && address > UINT32_MAX) {
		complain("walk", "0x%" PRIx64 ": linear addresses have 32 bits here (%s)", address,
			 mode_text(mode));
		return WALK_REFUSED;
	}
	outcome = walk_one(session, address, depth_for(options), &walked);
	if (options->json)
		walk_print_json(&walked);
	else if (options->brief)
		walk_print_brief(&walked);
	else
		walk_print_text(&walked);
	walk_complain(&walked);
	if (options->svg && !walk_write_svg(&walked, options->svg))
		return worse(WALK_REFUSED, status_of(outcome));
	return status_of(outcome);
}

/* ---------------------------------------------------------------- addresses from a stream */

/*
 * Lines of standard input. Before it waits for more of them, everything said so far is written
 * out: a program at the other end of two pipes gets each answer at once, and a file still goes
 * through in large pieces.
 */
struct line_reader {
	char buffer[1 << 16];
	size_t start, end;
	uint64_t number; /* of the last line returned */
	bool too_long;	 /* that line: only its beginning is there, the rest was skipped */
	bool at_end;
	int error;
};

static void fill(struct line_reader *reader)
{
	ssize_t got;

	memmove(reader->buffer, reader->buffer + reader->start, reader->end - reader->start);
	reader->end -= reader->start;
	reader->start = 0;
	fflush(stdout);
	do {
		got = read(STDIN_FILENO, reader->buffer + reader->end,
			   sizeof(reader->buffer) - reader->end);
	} while (got < 0 && errno == EINTR);
	if (got > 0)
		reader->end += (size_t)got;
	else
		reader->at_end = true;
	if (got < 0)
		reader->error = errno;
}

/* Drops what is buffered, and what follows up to the end of the line. */
static void skip_line(struct line_reader *reader)
{
	char *stop = NULL;

	while (!stop) {
		reader->start = reader->end;
		if (reader->at_end)
			return;
		fill(reader);
		stop = memchr(reader->buffer, '\n', reader->end);
	}
	reader->start = (size_t)(stop - reader->buffer) + 1;
}

/* The next line without its end. */
static bool next_line(struct line_reader *reader, const char **line, size_t *length)
{
	for (;;) {
		char *from = reader->buffer + reader->start;
		size_t have = reader->end - reader->start;
		char *stop = have ? memchr(from, '\n', have) : NULL;

		reader->too_long = !stop && have == sizeof(reader->buffer);
		if (stop || reader->too_long || (have && reader->at_end)) {
			*line = from;
			*length = stop ? (size_t)(stop - from) : have;
			reader->start += *length + (stop ? 1 : 0);
			reader->number++;
			if (reader->too_long)
				skip_line(reader);
			return true;
		}
		if (reader->at_end)
			return false;
		fill(reader);
	}
}

static void trim(const char **line, size_t *length)
{
	while (*length && strchr(" \t\r", (*line)[*length - 1]) && (*line)[*length - 1])
		--*length;
	while (*length && (**line == ' ' || **line == '\t')) {
		++*line;
		--*length;
	}
}

/* Walks what one line holds; the exit status it alone would give. */
static int do_line(struct walk_session *session, const struct line_reader *reader, const char *line,
		   size_t length)
{
	const char *problem = "not an address";
	uint64_t address;

	if (reader->too_long) {
		complain("walk", "line %" PRIu64 ": not an address: a line of %zu bytes or more",
			 reader->number, sizeof(reader->buffer));
		return WALK_REFUSED;
	}
	trim(&line, &length);
	if (length == 0)
		return WALK_TRANSLATED;
	if (parse_number_n(line, length, &address))
		return do_address(session, address);
	if (number_too_wide(line, length))
		problem = "more than 64 bits";
	complain("walk", "line %" PRIu64 ": %s: %.*s", reader->number, problem,
		 length < 64 ? (int)length : 64, line);
	return WALK_REFUSED;
}

static int do_stream(struct walk_session *session)
{
	static struct line_reader reader;
	int status = WALK_TRANSLATED;
	const char *line;
	size_t length;

	while (!ferror(stdout) && next_line(&reader, &line, &length))
		status = worse(status, do_line(session, &reader, line, length));
	if (reader.error) {
		complain("walk", "cannot read standard input: %s", strerror(reader.error));
		status = worse(status, WALK_REFUSED);
	}
	return status;
}

/* ---------------------------------------------------------------- the command */

/* Arguments are all checked before anything is printed. */
static bool check_addresses(const struct walk_options *options)
{
	uint64_t address;

	for (int i = 0; i < options->nr_addresses; i++) {
		const char *text = options->addresses[i];

		if (strcmp(text, "-") == 0 || parse_number(text, &address))
			continue;
		complain("walk", "%s: %s", text,
			 number_too_wide(text, strlen(text)) ? "has more than 64 bits"
							     : "not an address (0x1a, 26 or 1AH)");
		return false;
	}
	return true;
}

static int do_addresses(struct walk_session *session)
{
	const struct walk_options *options = session->options;
	int status = WALK_TRANSLATED;
	uint64_t address;

	for (int i = 0; i < options->nr_addresses && !ferror(stdout); i++) {
		if (strcmp(options->addresses[i], "-") == 0)
			status = worse(status, do_stream(session));
		else if (parse_number(options->addresses[i], &address))
			status = worse(status, do_address(session, address));
	}
	return finish_output("walk", status);
}

int cmd_walk(int argc, char **argv)
{
	struct walk_options options;
	struct walk_session session;
	int status;

	if (!walk_parse_options(&options, argc, argv))
		return EXIT_USAGE;
	if (options.help) {
		walk_print_help();
		return 0;
	}
	if (!check_addresses(&options))
		return EXIT_USAGE;
	status = walk_open(&session, &options);
	if (status == 0)
		status = do_addresses(&session);
	walk_close(&session);
	return status;
}
