/* SPDX-License-Identifier: MIT */
#include "gdb_packet.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define INTERRUPT 0x03u
#define ESCAPE '}'
#define ESCAPE_BIT 0x20u

static int digit_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

void gdb_link_free(struct gdb_link *link)
{
	free(link->out);
	free(link->last);
}

/* ---------------------------------------------------------------- out */

static void raw(struct gdb_link *link, const void *data, size_t size)
{
	if (link->out_room - link->out_size < size) {
		size_t room = link->out_size + size + 4096;
		uint8_t *more = realloc(link->out, room);

		if (!more) {
			link->failed = true;
			return;
		}
		link->out = more;
		link->out_room = room;
	}
	if (size)
		memcpy(link->out + link->out_size, data, size);
	link->out_size += size;
}

void gdb_begin(struct gdb_link *link)
{
	link->packet_start = link->out_size;
	raw(link, "$", 1);
}

void gdb_put(struct gdb_link *link, const void *data, size_t size)
{
	const uint8_t *bytes = data;

	for (size_t i = 0; i < size; i++) {
		uint8_t escaped[2] = { ESCAPE, bytes[i] ^ ESCAPE_BIT };

		if (strchr("#$*}", bytes[i]) && bytes[i])
			raw(link, escaped, 2);
		else
			raw(link, bytes + i, 1);
	}
}

void gdb_put_hex(struct gdb_link *link, const void *data, size_t size)
{
	static const char digits[] = "0123456789abcdef";
	const uint8_t *bytes = data;

	for (size_t i = 0; i < size; i++) {
		char text[2] = { digits[bytes[i] >> 4], digits[bytes[i] & 15] };

		raw(link, text, 2);
	}
}

void gdb_putf(struct gdb_link *link, const char *format, ...)
{
	char text[512];
	va_list arguments;
	int length;

	va_start(arguments, format);
	length = vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	if (length > 0)
		gdb_put(link, text,
			(size_t)length < sizeof(text) ? (size_t)length : sizeof(text) - 1);
}

/* Keeps a copy, unless nobody can ask for it. */
static void keep(struct gdb_link *link)
{
	size_t size = link->out_size - link->packet_start;
	uint8_t *copy = link->no_acks ? NULL : realloc(link->last, size);

	if (!copy)
		return;
	link->last = copy;
	link->last_size = size;
	memcpy(copy, link->out + link->packet_start, size);
}

void gdb_end(struct gdb_link *link)
{
	uint8_t sum = 0;
	char text[4];

	if (link->failed)
		return;
	for (size_t i = link->packet_start + 1; i < link->out_size; i++)
		sum = (uint8_t)(sum + link->out[i]);
	snprintf(text, sizeof(text), "#%02x", sum);
	raw(link, text, 3);
	if (!link->failed)
		keep(link);
}

void gdb_send(struct gdb_link *link, const char *text)
{
	gdb_begin(link);
	gdb_put(link, text, strlen(text));
	gdb_end(link);
}

void gdb_link_sent(struct gdb_link *link, size_t size)
{
	if (size > link->out_size)
		size = link->out_size;
	link->out_size -= size;
	if (link->out_size)
		memmove(link->out, link->out + size, link->out_size);
	else
		link->repeats = false;
}

/* ---------------------------------------------------------------- in */

static void start(struct gdb_link *link)
{
	link->state = LINK_DATA;
	link->size = 0;
	link->sum = 0;
	link->too_long = false;
}

static void add(struct gdb_link *link, char c)
{
	if (link->size < GDB_PACKET_MAX)
		link->packet[link->size++] = c;
	else
		link->too_long = true;
}

static enum gdb_input idle(struct gdb_link *link, uint8_t byte)
{
	if (byte == '$') {
		start(link);
	} else if (byte == '-' && link->last && !link->repeats) {
		raw(link, link->last, link->last_size);
		link->repeats = true;
	}
	return byte == INTERRUPT ? GDB_INPUT_INTERRUPT : GDB_INPUT_NONE;
}

/* The second digit of the sum: the packet is whole. */
static enum gdb_input finish(struct gdb_link *link, char low)
{
	int first = digit_value(link->digit), second = digit_value(low);
	bool right =
		!link->too_long && first >= 0 && second >= 0 && (first << 4 | second) == link->sum;

	link->state = LINK_IDLE;
	link->packet[link->size] = '\0';
	if (!link->no_acks)
		raw(link, right ? "+" : "-", 1);
	return right ? GDB_INPUT_PACKET : GDB_INPUT_NONE;
}

enum gdb_input gdb_link_take(struct gdb_link *link, uint8_t byte)
{
	char c = (char)byte;

	switch (link->state) {
	case LINK_IDLE:
		return idle(link, byte);
	case LINK_DATA:
		if (c == '#') {
			link->state = LINK_SUM_HIGH;
			return GDB_INPUT_NONE;
		}
		if (c == '$') { /* the end of the last one has been lost */
			start(link);
			return GDB_INPUT_NONE;
		}
		link->sum = (uint8_t)(link->sum + byte);
		if (c == ESCAPE)
			link->state = LINK_ESCAPED;
		else
			add(link, c);
		return GDB_INPUT_NONE;
	case LINK_ESCAPED:
		link->sum = (uint8_t)(link->sum + byte);
		link->state = LINK_DATA;
		add(link, (char)(byte ^ ESCAPE_BIT));
		return GDB_INPUT_NONE;
	case LINK_SUM_HIGH:
		link->state = LINK_SUM_LOW;
		if (digit_value(c) < 0)
			return finish(link, c);
		link->digit = c;
		return GDB_INPUT_NONE;
	case LINK_SUM_LOW:
		break;
	}
	return finish(link, c);
}

/* ---------------------------------------------------------------- reading packets */

bool gdb_take_number(struct gdb_span *span, uint64_t *value)
{
	unsigned digits = 0;

	*value = 0;
	while (span->at < span->end && digit_value(*span->at) >= 0) {
		if (++digits > 16)
			return false;
		*value = *value << 4 | (unsigned)digit_value(*span->at++);
	}
	return digits > 0;
}

bool gdb_take_char(struct gdb_span *span, char c)
{
	if (span->at == span->end || *span->at != c)
		return false;
	span->at++;
	return true;
}

bool gdb_take_word(struct gdb_span *span, const char *word)
{
	size_t length = strlen(word);

	if ((size_t)(span->end - span->at) < length || memcmp(span->at, word, length) != 0)
		return false;
	span->at += length;
	return true;
}

bool gdb_take_bytes(struct gdb_span *span, void *data, size_t size)
{
	uint8_t *bytes = data;

	if ((size_t)(span->end - span->at) / 2 < size)
		return false;
	for (size_t i = 0; i < size; i++) {
		int high = digit_value(span->at[0]), low = digit_value(span->at[1]);

		if (high < 0 || low < 0)
			return false;
		bytes[i] = (uint8_t)(high << 4 | low);
		span->at += 2;
	}
	return true;
}
