/* SPDX-License-Identifier: MIT */
#include "run_signals.h"

#include <math.h>
#include <stddef.h>
#include <sys/time.h>

void run_signals_catch(void (*handler)(int number), double max_seconds)
{
	struct sigaction action = { .sa_handler = handler };
	struct itimerval timer = { 0 };
	double whole;

	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	sigaction(SIGALRM, &action, NULL);
	if (max_seconds == 0)
		return;
	timer.it_value.tv_usec = (suseconds_t)(modf(max_seconds, &whole) * 1e6);
	timer.it_value.tv_sec = (time_t)whole;
	if (!timer.it_value.tv_sec && !timer.it_value.tv_usec)
		timer.it_value.tv_usec = 1;
	setitimer(ITIMER_REAL, &timer, NULL);
}

/* setitimer() is a system call and no more. */
void run_signals_note(volatile sig_atomic_t *caught, int number)
{
	static const struct itimerval again = { { 0, 100000 }, { 0, 100000 } };

	if (*caught)
		return;
	*caught = number;
	setitimer(ITIMER_REAL, &again, NULL);
}
