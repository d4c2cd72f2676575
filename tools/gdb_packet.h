/* SPDX-License-Identifier: MIT */
#ifndef UDV_TOOLS_GDB_PACKET_H
#define UDV_TOOLS_GDB_PACKET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Packets of GDB's remote serial protocol: $DATA#SS, where SS is the sum of DATA's bytes in two
 * hexadecimal digits, and } in DATA takes 20H out of the byte behind it. Each is acknowledged by a
 * plus, or a minus that asks for it again, until the peers have agreed to do without.
 */
#define GDB_PACKET_MAX 0x4000u

enum gdb_input {
	GDB_INPUT_NONE,
	GDB_INPUT_PACKET,    /* packet, size: zero-terminated */
	GDB_INPUT_INTERRUPT, /* Ctrl-C */
};

struct gdb_link {
	/* what comes in */
	enum { LINK_IDLE, LINK_DATA, LINK_ESCAPED, LINK_SUM_HIGH, LINK_SUM_LOW } state;
	bool no_acks;
	bool too_long;
	uint8_t sum;
	char digit;
	size_t size;
	char packet[GDB_PACKET_MAX + 1];

	/* what goes out */
	uint8_t *out;
	size_t out_size, out_room, packet_start;
	uint8_t *last; /* the last packet, for a peer that has not got it */
	size_t last_size;
	bool repeats; /* it waits to be sent again, once is enough */
	bool failed;  /* out of memory */
};

/* A run of characters. */
struct gdb_span {
	const char *at, *end;
};

void gdb_link_free(struct gdb_link *link);
/* Takes one byte. */
enum gdb_input gdb_link_take(struct gdb_link *link, uint8_t byte);

/* A packet is sent between these two. */
void gdb_begin(struct gdb_link *link);
void gdb_end(struct gdb_link *link);
void gdb_put(struct gdb_link *link, const void *data, size_t size);
void gdb_put_hex(struct gdb_link *link, const void *data, size_t size);
__attribute__((format(printf, 2, 3))) void gdb_putf(struct gdb_link *link, const char *format, ...);
/* A whole packet. */
void gdb_send(struct gdb_link *link, const char *text);
void gdb_link_sent(struct gdb_link *link, size_t size);

/* ---------------------------------------------------------------- reading packets */

/* Hexadecimal digits at the start, taken off; false if there is none, or more than 16. */
bool gdb_take_number(struct gdb_span *span, uint64_t *value);
/* @c at the start, taken off. */
bool gdb_take_char(struct gdb_span *span, char c);
/* True if the span starts with @word: that is taken off. */
bool gdb_take_word(struct gdb_span *span, const char *word);
/* Two digits a byte, exactly @size bytes, taken off. */
bool gdb_take_bytes(struct gdb_span *span, void *data, size_t size);

#endif
