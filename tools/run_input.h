/* SPDX-License-Identifier: MIT */
#ifndef UDV_TOOLS_RUN_INPUT_H
#define UDV_TOOLS_RUN_INPUT_H

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct run_input {
	bool open;     /* more may come */
	bool terminal; /* it is one, and raw */
	bool escaped;  /* after Ctrl-A */
	bool quit;     /* the user wants to leave */
	bool listens;  /* the guest does: Ctrl-C is for it */
	size_t used;
	uint8_t bytes[4096]; /* for the guest */
};

/* Standard input from here on; a terminal in the foreground becomes raw. */
void run_input_open(struct run_input *input);
/* Takes what has come, without waiting. True: there are bytes, the end, or the wish to leave. */
bool run_input_poll(struct run_input *input);
/* Waits for input, @other if it is one, a signal, or so long; UINT64_MAX: for ever. */
void run_input_wait(const struct run_input *input, uint64_t ns, int other,
		    const volatile sig_atomic_t *caught);
void run_input_drop(struct run_input *input, size_t n);

#endif
