/* SPDX-License-Identifier: MIT */
#include "common.h"

#include <errno.h>
#include <stdarg.h>
#include <string.h>

static int digit_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return 16;
}

enum number {
	NUMBER_OK,
	NUMBER_MALFORMED,
	NUMBER_TOO_WIDE,
};

static enum number read_number(const char *text, size_t length, uint64_t *value)
{
	enum number number = NUMBER_OK;
	unsigned base = 10;
	uint64_t sum = 0;

	if (length > 2 && text[0] == '0' && (text[1] == 'x' || text[1] == 'X')) {
		base = 16;
		text += 2;
		length -= 2;
	} else if (length > 1 && (text[length - 1] == 'H' || text[length - 1] == 'h')) {
		base = 16;
		length--;
	}
	if (length == 0)
		return NUMBER_MALFORMED;
	for (size_t i = 0; i < length; i++) {
		unsigned digit = (unsigned)digit_value(text[i]);

		if (digit >= base)
			return NUMBER_MALFORMED;
		if (sum > (UINT64_MAX - digit) / base)
			number = NUMBER_TOO_WIDE;
		sum = sum * base + digit;
	}
	*value = sum;
	return number;
}

bool parse_number_n(const char *text, size_t length, uint64_t *value)
{
	uint64_t number;

	if (read_number(text, length, &number) != NUMBER_OK)
		return false;
	*value = number;
	return true;
}

bool number_too_wide(const char *text, size_t length)
{
	uint64_t number;

	return read_number(text, length, &number) == NUMBER_TOO_WIDE;
}

bool parse_number(const char *text, uint64_t *value)
{
	return parse_number_n(text, strlen(text), value);
}

static const char *command_name;

void name_command(const char *name)
{
	command_name = name;
}

void complain(const char *command, const char *format, ...)
{
	char line[1024];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(line, sizeof(line), format, arguments);
	va_end(arguments);
	/* What the user typed may hold anything; the line stays one line. */
	for (char *c = line; *c; c++) {
		if ((unsigned char)*c < ' ' || *c == 0x7f)
			*c = '?';
	}
	if (command)
		fprintf(stderr, "undervisor %s: %s\n", command_name ? command_name : command, line);
	else
		fprintf(stderr, "undervisor: %s\n", line);
}

int finish_output(const char *command, int status)
{
	if (fflush(stdout) == 0 && !ferror(stdout))
		return status;
	if (errno != EPIPE)
		complain(command, "cannot write the output: %s", strerror(errno));
	return 1;
}

void put_json_string(FILE *file, const char *text)
{
	putc('"', file);
	for (; *text; text++) {
		unsigned char c = (unsigned char)*text;

		if (c == '"' || c == '\\')
			fprintf(file, "\\%c", c);
		else if (c < ' ')
			fprintf(file, "\\u%04x", c);
		else
			putc(c, file);
	}
	putc('"', file);
}
