/* SPDX-License-Identifier: MIT */
#ifndef UDV_FUZZ_NESTED_WORLD_H
#define UDV_FUZZ_NESTED_WORLD_H

#include <undervisor/machine.h>

#include "l1_code.h"

/*
 * The machine of fuzz_nested.c. What a processor may keep of old translations is kept for another
 * time by each engine, so L1 must not depend on it: all that translations are made of lies below
 * WRITABLE, where EPT lets L2 write nothing and the processor is told to write nothing, and L1
 * drops what is cached whenever it changes EPT. L2's own paging structures are beyond, for machines
 * whose TLB is empty before each instruction.
 */

#define WORLD_MEMORY 0x100000u
#define HANDLER 0x3000u
/* Two EPTs, of four tables each; the EPTP list. */
#define NR_EPTS 2u
#define EPT_OF(n) (EPT + (n)*0x4000u)
#define EPTP_LIST 0x58000u

#define WRITABLE 0x60000u
#define GUEST_TABLES 0x64000u
#define GUEST_IDT 0x68000u
#define GUEST_GDT 0x69000u
#define GUEST_TSS 0x69800u
#define GUEST_HANDLER 0x6a000u
/* What VMCS fields point to: bitmaps, lists, virtual APIC, log, ... */
#define STRUCTURES 0x70000u
#define NR_STRUCTURES 16u

/* VMCS fields that differ from valid[]. */
#define NR_WORLD_VALID 28u
extern const struct field_value world_valid[NR_WORLD_VALID];

/* Memory and registers; L1's code and L2's are the caller's. */
void world_setup(struct udv_machine *machine, const struct code *l1, const struct code *l2);

/* An instruction of L2 that the input chooses, with its operands. */
void world_snippet(struct code *c, struct input *in);

#endif
