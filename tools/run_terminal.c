/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "run_terminal.h"

#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

/*
 * Standard input's terminal while a guest has it. It is raw but for its output, where the newline
 * of a guest that sends no carriage return is to begin a line as it would elsewhere. All ways out
 * lead through run_terminal_restore(): the end of the run, signals that stop, and those of a crash.
 */
static struct termios cooked, raw;
static volatile sig_atomic_t is_raw;
static pid_t self;

static const int crashes[] = { SIGABRT, SIGBUS, SIGFPE, SIGILL, SIGSEGV };
#define NR_CRASHES (sizeof(crashes) / sizeof(crashes[0]))
static struct sigaction before[NR_CRASHES];

/* What was printed is the same in both modes: nothing waits for a reader, who may take nothing. */
void run_terminal_restore(void)
{
	if (is_raw)
		tcsetattr(STDIN_FILENO, TCSANOW, &cooked);
	is_raw = 0;
}

/*
 * The fault comes again, and goes to who had it before. One that another process sent does not, and
 * the sandbox lets nobody send it once more.
 */
static void on_crash(int number, siginfo_t *info, void *context)
{
	(void)context;
	run_terminal_restore();
	if (info->si_code == SI_USER)
		_exit(128 + number);
	for (size_t i = 0; i < NR_CRASHES; i++)
		if (crashes[i] == number)
			sigaction(number, &before[i], NULL);
}

static void on_suspend(int number)
{
	int error = errno;
	bool was_raw = is_raw;

	(void)number;
	run_terminal_restore();
	kill(self, SIGSTOP);
	if (was_raw && tcsetattr(STDIN_FILENO, TCSANOW, &raw) == 0)
		is_raw = 1;
	errno = error;
}

static void on_forbidden(int number)
{
	static const char text[] =
		"undervisor run: stopped by the sandbox: a system call that no run needs\n";

	(void)number;
	run_terminal_restore();
	if (write(STDERR_FILENO, text, sizeof(text) - 1) < 0)
		_exit(RUN_TERMINAL_FORBIDDEN);
	_exit(RUN_TERMINAL_FORBIDDEN);
}

void run_terminal_signals(void)
{
	struct sigaction crash = { .sa_sigaction = on_crash, .sa_flags = SA_SIGINFO };
	struct sigaction suspend = { .sa_handler = on_suspend, .sa_flags = SA_RESTART };
	struct sigaction forbidden = { .sa_handler = on_forbidden };

	self = getpid();
	for (size_t i = 0; i < NR_CRASHES; i++)
		sigaction(crashes[i], &crash, &before[i]);
	sigaction(SIGTSTP, &suspend, NULL);
	sigaction(SIGSYS, &forbidden, NULL);
}

bool run_terminal_raw(void)
{
	if (!isatty(STDIN_FILENO) || tcgetattr(STDIN_FILENO, &cooked) != 0)
		return false;
	raw = cooked;
	raw.c_iflag &= ~(tcflag_t)(BRKINT | ICRNL | IGNCR | INLCR | INPCK | ISTRIP | IXON | PARMRK);
	raw.c_lflag &= ~(tcflag_t)(ECHO | ECHONL | ICANON | IEXTEN | ISIG);
	raw.c_cc[VMIN] = 1;
	raw.c_cc[VTIME] = 0;
	is_raw = 1;
	if (tcsetattr(STDIN_FILENO, TCSANOW, &raw) == 0)
		return true;
	is_raw = 0;
	return false;
}
