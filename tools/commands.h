/* SPDX-License-Identifier: MIT */
#ifndef UDV_TOOLS_COMMANDS_H
#define UDV_TOOLS_COMMANDS_H

/* One function a subcommand: argv[0] is its name, the return value the exit status. */
int cmd_demo(int argc, char **argv);
int cmd_diff(int argc, char **argv);
int cmd_doctor(int argc, char **argv);
int cmd_explain(int argc, char **argv);
int cmd_report(int argc, char **argv);
int cmd_run(int argc, char **argv);
int cmd_walk(int argc, char **argv);

#endif
