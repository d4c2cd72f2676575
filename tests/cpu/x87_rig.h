/* SPDX-License-Identifier: MIT */
#ifndef X87_RIG_H
#define X87_RIG_H

#include <stdbool.h>
#include <stdint.h>

/*
 * One x87 instruction between FRSTOR and FNSAVE, on the processor itself and on the host: the same
 * bytes, the same state before. In 64-bit mode, with RSI pointing to the memory operand.
 */

#define X87_IMAGE 108	 /* FNSAVE with 32-bit fields */
#define X87_OPERAND 128	 /* bytes at RSI */
#define X87_POINTERS 12	 /* where FIP is; FCS, FOP, FDP, FDS follow */
#define X87_REGISTERS 28 /* ST(0) */

struct x87_case {
	uint8_t image[X87_IMAGE];
	uint8_t operand[X87_OPERAND];
	uint64_t flags; /* status flags of RFLAGS */
	uint64_t rax;
	int vector; /* what it raised, or -1; then the rest is as before it */
};

struct world;

/* The processor in 64-bit mode, made ready for ours(). */
void x87_prepare(struct world *w);
void x87_ours(struct world *w, const uint8_t *code, unsigned length, struct x87_case *c);

/* False: it cannot be had here. */
bool x87_prepare_native(void);
void x87_native(const uint8_t *code, unsigned length, struct x87_case *c);

#endif
