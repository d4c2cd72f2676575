/* SPDX-License-Identifier: MIT */
#ifndef UDV_TESTS_GDB_RIG_H
#define UDV_TESTS_GDB_RIG_H

#include "gdb.h"

/* A debugger without a socket, and a machine of one or two processors with a little program. */
struct rig {
	struct udv_machine *machine;
	struct gdb *gdb;
	struct udv_stop_info info; /* of the last run */
	char reply[0x8100];	   /* data of the last packet that is no console output */
	char console[0x10000];	   /* what packets of console output said since rig_ask() */
};

/*
 * In 16-bit real mode at 1000H:
 *   1000 mov ax, 1; 1003 inc ax; 1004 mov [2000h], ax; 1007 mov bx, [2000h]; 100B jmp 1000h
 */
#define CODE 0x1000u
#define CODE_INC 0x1003u
#define CODE_STORE 0x1004u
#define CODE_LOAD 0x1007u
#define CODE_JUMP 0x100bu
#define DATA 0x2000u

void rig_open(struct rig *rig, unsigned nr_cpus);
void rig_close(struct rig *rig);
/* Sends a packet and gives the data of the reply; "" if there is none. */
const char *rig_ask(struct rig *rig, const char *data);
/* Runs while the debugger lets it, at most @instructions; the reply is the stop's. */
const char *rig_run(struct rig *rig, uint64_t instructions);
/* "monitor": what it prints. */
const char *rig_monitor(struct rig *rig, const char *command);

#endif
