/* SPDX-License-Identifier: MIT */
#include "catalogue.h"

#define TRIES 300000u

void catalogue_fill(struct catalogue *c, uint64_t seed)
{
	struct random r = { seed };

	for (unsigned i = 0; i < 2 * TRIES; i++) {
		bool code32 = i & 1;
		struct encoding e;
		struct insn insn;
		unsigned n;

		encoding_make(&e, &r, code32, false);
		if (insn_decode(code32 ? INSN_MODE_32 : INSN_MODE_64, e.bytes, sizeof(e.bytes),
				&insn) != DECODE_OK)
			continue;
		n = c->mode[code32].found[insn.id]++;
		if (n == 0)
			c->mode[code32].id[c->mode[code32].nr++] = insn.id;
		if (n >= CATALOGUE_DEPTH) /* the last ones are as good as the first */
			n = below(&r, CATALOGUE_DEPTH);
		c->mode[code32].encoding[insn.id][n] = e;
	}
}

void catalogue_pick(const struct catalogue *c, struct random *r, bool code32, bool absolute,
		    struct encoding *e)
{
	unsigned id = c->mode[code32].id[below(r, c->mode[code32].nr)];
	unsigned n = c->mode[code32].found[id];

	*e = c->mode[code32].encoding[id][below(r, n < CATALOGUE_DEPTH ? n : CATALOGUE_DEPTH)];
	encoding_vary(e, r, absolute);
}
