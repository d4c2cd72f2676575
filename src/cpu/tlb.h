/* SPDX-License-Identifier: MIT */
#ifndef UDV_CPU_TLB_H
#define UDV_CPU_TLB_H

#include "cpu/access.h"

/* What tlb.c and spaces.c have of each other. */

/* Empties the TLB and the jump cache, under whatever numbers. */
void tlb_clear(struct cpu *cpu);
/* The keys of accesses, fetches and jumps, after cpu->asn or what else they are made of changed. */
void tlb_update_views(struct cpu *cpu);

#endif
