/* SPDX-License-Identifier: MIT */
#ifndef UDV_TESTS_NATIVE_SNIPPET_H
#define UDV_TESTS_NATIVE_SNIPPET_H

#include "catalogue.h"
#include "cpu/insn.h"
#include "flags.h"
#include "random.h"

/*
 * One instruction, or some of them one after the other, made of random bytes; and a state to run
 * them in, in which most of their memory operands are where there is memory.
 */
#define SNIPPET_MAX_INSNS 8
#define SNIPPET_MAX_BYTES (15 * SNIPPET_MAX_INSNS)

enum snippet_kind {
	SNIPPET_SINGLE,	   /* one instruction */
	SNIPPET_STEP,	   /* one with RFLAGS.TF: goes anywhere */
	SNIPPET_UNDEFINED, /* what is none by our decoder */
	SNIPPET_SEQUENCE,
	NR_SNIPPET_KINDS,
};

struct snippet {
	enum snippet_kind kind;
	bool code32;
	bool vectors; /* it has x87 or SIMD instructions */
	unsigned nr, length;
	struct insn insn[SNIPPET_MAX_INSNS];
	uint8_t offset[SNIPPET_MAX_INSNS];
	uint8_t bytes[SNIPPET_MAX_BYTES];
	struct state state;	 /* RIP is up to the caller */
	uint64_t undefined;	 /* status flags that may be anything at the end */
	uint64_t ever_undefined; /* somewhere in it */
	uint32_t rip;		 /* in: where it is to run */
};

struct snippet_wish {
	bool x87; /* x87 instructions too */
	const struct random_pool *pool;
	const struct catalogue *catalogue;
	const uint8_t *data; /* what is at DATA */
};

void snippet_make(struct snippet *s, struct random *r, const struct snippet_wish *wish);

/* The instruction at @rip, or the last one. */
const struct insn *snippet_at(const struct snippet *s, uint64_t rip);

#endif
