/* SPDX-License-Identifier: MIT */
#ifndef UDV_TESTS_SIMD_RIG_H
#define UDV_TESTS_SIMD_RIG_H

#include "cpu/block.h"
#include "cpu/handler.h"
#include "cpu/insn.h"

/*
 * Single SIMD instructions on a processor in 64-bit mode at CPL 0. They are decoded and translated
 * as in a block, but are in no memory. Two pages of data are mapped, the page after them is not.
 */

#define RIG_DATA 0x8000u /* linear and physical */
#define RIG_MEMORY 0x2000u

/* Everything that an instruction of the family reads and writes. */
struct rig_state {
	union arch_vector ymm[16];
	uint64_t mmx[8];
	uint64_t gpr[16]; /* RSP is not used */
	uint64_t flags;	  /* status flags */
	uint32_t mxcsr;
	int fault; /* vector, or -1 */
};

struct rig {
	struct cpu cpu;
	struct cpu_config config;
	struct mem_space space;
	struct port_space ports;
	struct block_cache blocks;
	uint8_t *memory; /* RIG_MEMORY bytes: what is at RIG_DATA */
};

/* NULL: no memory. */
struct rig *rig_create(void);
void rig_destroy(struct rig *rig);

/* What can be decoded from @bytes, as an op; false if it cannot, or is not of this family. */
bool rig_translate(struct rig *rig, const uint8_t *bytes, unsigned length, uint32_t mode,
		   struct op op[2], struct insn *insn);

/* Runs what rig_translate() gave. On a fault the state is that of the faulting instruction. */
void rig_run(struct rig *rig, const struct op op[2], struct rig_state *state);

/* Inputs: random bits, small integers, floating-point numbers of all kinds. */
struct rig_random {
	uint64_t state;
};
uint64_t rig_random64(struct rig_random *random);
void rig_random_vector(struct rig_random *random, union arch_vector *v);
void rig_random_state(struct rig_random *random, struct rig_state *state);

#endif
