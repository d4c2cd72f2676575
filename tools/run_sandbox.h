/* SPDX-License-Identifier: MIT */
#ifndef UDV_TOOLS_RUN_SANDBOX_H
#define UDV_TOOLS_RUN_SANDBOX_H

/*
 * From here on the process can do what a run needs and nothing else; see run_sandbox.c. 0, or an
 * errno: the kernel has no such filters, or will not have this one. ENOSYS: built without.
 */
int run_sandbox_enter(void);

#endif
