/* SPDX-License-Identifier: MIT */
#ifndef UDV_TESTS_VMX_ENTRY_WORLD_H
#define UDV_TESTS_VMX_ENTRY_WORLD_H

#include <undervisor/vmentry.h>

/*
 * A VM entry described by words: NAME=VALUE, NAME+=BITS to set, NAME-=BITS to clear, split by
 * spaces. NAME is a VMCS field, a capability MSR, @ADDRESS for 8 bytes of memory, or one of efer,
 * tracing, pointer, maxphyaddr, linear, features, efer_bits, debugctl_bits, perf_bits, spec_bits.
 */

#define WORLD_CELLS 16

struct entry_world {
	struct udv_vmcs vmcs;
	struct udv_vmx_processor processor;
	struct udv_memory memory;
	struct udv_vmentry entry;
	struct {
		uint64_t address, value;
	} cells[WORLD_CELLS];
	unsigned nr_cells;
};

enum world_base {
	LONG,	/* a 64-bit host enters a 64-bit guest */
	PAE,	/* a 64-bit host, a guest with PAE paging */
	HOST32, /* a host outside IA-32e mode, a guest with PAE paging */
	REAL,	/* an unrestricted guest in real-address mode */
	V86,	/* a guest in virtual-8086 mode */
	NR_BASES,
};

extern const char *const world_base_names[NR_BASES];

void world_init(struct entry_world *world, enum world_base base);
void world_change(struct entry_world *world, const char *words);

#endif
