/* SPDX-License-Identifier: MIT */
#ifndef UDV_TOOLS_RUN_TERMINAL_H
#define UDV_TOOLS_RUN_TERMINAL_H

#include <stdbool.h>

#define RUN_TERMINAL_FORBIDDEN 120 /* exit status after a forbidden system call */

/* Handlers for SIGTSTP, crashes and SIGSYS that put the terminal right. */
void run_terminal_signals(void);
/* Makes standard input's terminal raw; false: it is none. */
bool run_terminal_raw(void);
/* Puts it right; may be called at any time, from handlers too. */
void run_terminal_restore(void);

#endif
