/* SPDX-License-Identifier: MIT */
#ifndef TESTS_FLOAT_RANDOM_H
#define TESTS_FLOAT_RANDOM_H

/* Operands with weight on what is special; the same seed gives the same operands everywhere. */

#include "float/float.h"

struct random {
	uint64_t state;
};

uint64_t random_bits(struct random *r);
unsigned random_below(struct random *r, unsigned limit);

uint16_t random_f16(struct random *r);
uint32_t random_f32(struct random *r);
uint64_t random_f64(struct random *r);
struct fp_f80 random_f80(struct random *r);
int64_t random_integer(struct random *r, unsigned width);

/* An operand that is close to @other in magnitude. */
uint32_t random_f32_near(struct random *r, uint32_t other);
uint64_t random_f64_near(struct random *r, uint64_t other);
struct fp_f80 random_f80_near(struct random *r, struct fp_f80 other);

/* Finite and normal, exponent low..high. */
struct fp_f80 random_f80_between(struct random *r, int low, int high);

/* How many cases a test runs: FLOAT_CASES from the environment, or @usual. */
unsigned long case_count(unsigned long usual);

#endif
