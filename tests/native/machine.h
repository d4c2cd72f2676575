/* SPDX-License-Identifier: MIT */
#ifndef UDV_TESTS_NATIVE_MACHINE_H
#define UDV_TESTS_NATIVE_MACHINE_H

#include "cpu/block.h"
#include "cpu/cpu.h"
#include "state.h"

/* The same by our processor, at CPL 3, under page tables that give the host's rights. */
struct machine {
	struct cpu *cpu[2]; /* in compatibility mode, in 64-bit mode */
	struct cpu_config config;
	struct mem_space memory;
	struct port_space ports;
	struct block_cache blocks;
	uint8_t *data; /* DATA_SIZE bytes */
	int vector;    /* of the first exception, its error code, and RIP when it came */
	uint32_t error_code;
	uint64_t rip;
};

enum how {
	AS_BLOCKS,
	AS_SINGLE_BLOCKS,
	AS_FLUSH_ALWAYS,
	NR_HOWS,
};

/* @gate: what the host has at GATE, to be read. */
struct machine *machine_create(uint16_t gs_selector, const uint8_t *gate);
void machine_destroy(struct machine *m);
void machine_write_code(struct machine *m, unsigned offset, const uint8_t *bytes, unsigned size);
/* False: it came neither to the gate nor to an exception. */
bool machine_run(struct machine *m, struct state *state, bool code32, enum how how);

/* Whether it has x87 instructions: some builds of it have none. */
bool machine_has_x87(struct machine *m);

#endif
