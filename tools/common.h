/* SPDX-License-Identifier: MIT */
#ifndef UDV_TOOLS_COMMON_H
#define UDV_TOOLS_COMMON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#define EXIT_USAGE 2

/* A whole number: 0x1a, 26, or 1AH as the SDM writes it. False if @text is anything else. */
bool parse_number(const char *text, uint64_t *value);
/* The same for @length bytes that no zero ends. */
bool parse_number_n(const char *text, size_t length, uint64_t *value);
/* True if these bytes are a number as above, but one of more than 64 bits. */
bool number_too_wide(const char *text, size_t length);

/* The command that runs: complain() says it, for parts that commands share do not know it. */
void name_command(const char *name);
/* One line on standard error: "undervisor COMMAND: ...", or without a command if that is NULL. */
__attribute__((format(printf, 2, 3))) void complain(const char *command, const char *format, ...);

/*
 * Flushes standard output. @status if all of it was written; 1 otherwise, with a line on standard
 * error unless the reader of a pipe has gone, who wants to hear no more.
 */
int finish_output(const char *command, int status);

/* Writes @text as a JSON string, quotes included. */
void put_json_string(FILE *file, const char *text);

#endif
