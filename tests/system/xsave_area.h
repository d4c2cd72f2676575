/* SPDX-License-Identifier: MIT */
#ifndef SYSTEM_XSAVE_AREA_H
#define SYSTEM_XSAVE_AREA_H

#include "world.h"

/* An area for FXSAVE and XSAVE at AREA, and state that fills it. */
#define AREA 0x10000u
#define X87_BIT 1u
#define SSE_BIT 2u
#define AVX_BIT 4u
#define PKRU_BIT 0x200u
#define ALL (X87_BIT | SSE_BIT | AVX_BIT | PKRU_BIT)

void fill_area(struct world *w, uint8_t byte);
void poke(struct world *w, unsigned offset, unsigned size, uint64_t value);
void expect_at(struct world *w, unsigned offset, unsigned size, uint64_t value);
void expect_bytes(struct world *w, unsigned from, unsigned to, uint8_t byte);
void fill_state(struct world *w);
void enable(struct world *w);
struct op area_op(struct world *w, bool wide);
void expect_legacy_x87(struct world *w, bool wide);
void expect_xmm(struct world *w, unsigned offset, unsigned nr, unsigned first);

#endif
