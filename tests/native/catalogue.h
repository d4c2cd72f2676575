/* SPDX-License-Identifier: MIT */
#ifndef UDV_TESTS_NATIVE_CATALOGUE_H
#define UDV_TESTS_NATIVE_CATALOGUE_H

#include "encoding.h"

/*
 * Encodings of each mnemonic, found among random ones: so that those with few have their turn as
 * often as those with many.
 */
#define CATALOGUE_DEPTH 12

struct catalogue {
	struct {
		struct encoding encoding[NR_INSNS][CATALOGUE_DEPTH];
		uint16_t found[NR_INSNS];
		uint16_t id[NR_INSNS]; /* those that have been found */
		unsigned nr;
	} mode[2]; /* 64-bit code, 32-bit code */
};

void catalogue_fill(struct catalogue *c, uint64_t seed);
void catalogue_pick(const struct catalogue *c, struct random *r, bool code32, bool absolute,
		    struct encoding *e);

#endif
