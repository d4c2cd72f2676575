/* SPDX-License-Identifier: MIT */
#ifndef X87_WORLD_H
#define X87_WORLD_H

#include "arch/system_bits.h"
#include "control_world.h"
#include "cpu/handler.h"

/* Steps of x87 tests: 64-bit mode at CPL 0, RSI at AT_OPERAND, every vector's handler a HLT. */

#define AT_OPERAND 0x40000u
#define AT_HANDLERS (AT_CODE + 0x1000u) /* 16 bytes a vector, each HLT */
#define UNMAPPED 0x40000000u
#define HLT 0xf4u

#define IE 0x0001u
#define DE 0x0002u
#define OE 0x0008u
#define PE 0x0020u
#define SF 0x0040u
#define PENDING 0x8080u /* ES and B */
#define C0 0x0100u
#define C1 0x0200u
#define C2 0x0400u
#define C3 0x4000u
#define TOP(n) ((n) << 11)
#define MASKED 0x037fu

#define ONE ((struct arch_f80){ 1ull << 63, 0x3fff })
#define TWO ((struct arch_f80){ 1ull << 63, 0x4000 })
#define INDEFINITE ((struct arch_f80){ 3ull << 62, 0xffff })

int x87_setup(void **state);

/* After FNINIT, with @n registers in use, all 1.0: ST(0) is R(8 - n). */
struct arch_x87 *fresh(struct world *w, unsigned n);
struct arch_f80 *st(struct world *w, unsigned i);

/* Runs @code up to a HLT after it; the vector of what is raised, or -1. */
int run_code(struct world *w, const uint8_t *code, unsigned length);
/* The same at AT_CODE. */
int run_at_start(struct world *w, const uint8_t *code, unsigned length);
#define RUN(w, ...)                                                                                \
	run_at_start(w, (const uint8_t[]){ __VA_ARGS__ }, sizeof((const uint8_t[]){ __VA_ARGS__ }))

void check_f80(const struct arch_f80 *actual, unsigned sign_exponent, uint64_t significand);
void check_same(const struct arch_f80 *actual, struct arch_f80 expected);

#define TEST(name) cmocka_unit_test_setup_teardown(test_##name, x87_setup, world_teardown)

#endif
