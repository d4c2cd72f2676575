/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "run_input.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "run_terminal.h"

/*
 * Standard input on its way to COM1. Bytes wait here until the guest listens, so that none is lost
 * while it sets up its port. Of a terminal, Ctrl-A is the escape that users of QEMU know.
 */
#define ESCAPE 0x01
#define CTRL_C 0x03

#define CHUNK 256u

void run_input_open(struct run_input *input)
{
	*input = (struct run_input){ .open = true };
	/* In the background the terminal belongs to someone else; of another session's, anyone
	 * reads. */
	if (isatty(STDIN_FILENO)) {
		pid_t group = tcgetpgrp(STDIN_FILENO);

		input->terminal = (group < 0 || group == getpgrp()) && run_terminal_raw();
		input->open = input->terminal;
	}
}

static void put(struct run_input *input, uint8_t byte)
{
	if (input->used < sizeof(input->bytes))
		input->bytes[input->used++] = byte;
}

static void say_help(void)
{
	fputs("\r\nCtrl-A x  stop the run\r\nCtrl-A h  this text\r\nCtrl-A Ctrl-A  send Ctrl-A\r\n",
	      stderr);
}

static void take_typed(struct run_input *input, uint8_t byte)
{
	if (input->escaped) {
		input->escaped = false;
		if (byte == 'x' || byte == 'X')
			input->quit = true;
		else if (byte == ESCAPE)
			put(input, byte);
		else if (byte == 'h' || byte == 'H' || byte == '?')
			say_help();
	} else if (byte == ESCAPE) {
		input->escaped = true;
	} else if (byte == CTRL_C && !input->listens) {
		input->quit = true;
	} else {
		put(input, byte);
	}
}

/* Reads what there is; the caller knows that there is something. */
static void fill(struct run_input *input)
{
	uint8_t chunk[CHUNK];
	size_t room = sizeof(input->bytes) - input->used;
	ssize_t n;

	/* A full queue leaves a file alone; at a terminal, the way out must stay open. */
	if (!input->terminal && room < sizeof(chunk))
		return;
	n = read(STDIN_FILENO, chunk, sizeof(chunk));
	if (n < 0 && (errno == EINTR || errno == EAGAIN))
		return;
	if (n <= 0)
		input->open = false;
	for (ssize_t i = 0; i < n; i++) {
		if (input->terminal)
			take_typed(input, chunk[i]);
		else
			put(input, chunk[i]);
	}
}

bool run_input_poll(struct run_input *input)
{
	struct pollfd fd = { .fd = STDIN_FILENO, .events = POLLIN };
	size_t before = input->used;

	while (input->open && !input->quit && poll(&fd, 1, 0) > 0) {
		size_t used = input->used;

		fill(input);
		if (input->used == used)
			break;
	}
	return input->used != before || !input->open || input->quit;
}

void run_input_wait(const struct run_input *input, uint64_t ns, int other,
		    const volatile sig_atomic_t *caught)
{
	struct pollfd fds[] = { { .fd = other, .events = POLLIN },
				{ .fd = STDIN_FILENO, .events = POLLIN } };
	struct timespec time = { (time_t)(ns / 1000000000u), (long)(ns % 1000000000u) };
	bool look = input->open && (input->terminal || sizeof(input->bytes) - input->used >= CHUNK);
	sigset_t all, old;

	/* A signal between the look at @caught and the wait must end the wait. */
	sigfillset(&all);
	sigprocmask(SIG_BLOCK, &all, &old);
	if (!*caught)
		ppoll(fds, look ? 2 : 1, ns == UINT64_MAX ? NULL : &time, &old);
	sigprocmask(SIG_SETMASK, &old, NULL);
}

void run_input_drop(struct run_input *input, size_t n)
{
	memmove(input->bytes, input->bytes + n, input->used - n);
	input->used -= n;
}
