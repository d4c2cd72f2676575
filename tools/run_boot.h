/* SPDX-License-Identifier: MIT */
#ifndef UDV_TOOLS_RUN_BOOT_H
#define UDV_TOOLS_RUN_BOOT_H

#include "run.h"

/* What is booted: the image, its modules, its command line. */
struct run_boot {
	struct run_file image, initrds[RUN_MAX_INITRDS];
	struct udv_module modules[RUN_MAX_INITRDS];
	char *module_text[RUN_MAX_INITRDS];
	char *cmdline;
};

/* False after a line on standard error; run_close_boot() is due all the same. */
bool run_open_boot(struct run_boot *boot, const struct run_options *options);
/* The same: it does not fit @machine. */
bool run_load(const struct run_boot *boot, const struct run_options *options,
	      struct udv_machine *machine);
/* Nothing of it is to be overwritten. */
void run_know_boot(const struct run_boot *boot, const struct run_options *options,
		   struct run_outputs *outputs);
void run_close_boot(struct run_boot *boot);

/* "--cpu help" */
void run_print_features(void);

#endif
