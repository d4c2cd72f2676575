/* SPDX-License-Identifier: MIT */
#ifndef UDV_TOOLS_RUN_SIGNALS_H
#define UDV_TOOLS_RUN_SIGNALS_H

#include <signal.h>

/* What ends the machines of a command. */

/*
 * Gives SIGINT, SIGTERM and SIGALRM to @handler; the last comes after @max_seconds, unless that is
 * 0.
 */
void run_signals_catch(void (*handler)(int number), double max_seconds);

/*
 * For a handler: notes the first signal in @caught. Whatever waits for a reader that takes nothing,
 * or is about to, is to be interrupted: SIGALRM sees to it from then on.
 */
void run_signals_note(volatile sig_atomic_t *caught, int number);

#endif
