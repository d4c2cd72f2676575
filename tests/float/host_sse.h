/* SPDX-License-Identifier: MIT */
#ifndef TESTS_FLOAT_HOST_SSE_H
#define TESTS_FLOAT_HOST_SSE_H

/* The host's own SSE, FMA and F16C, for x86-64 hosts. */

#include <stdbool.h>
#include <stdint.h>

/*
 * Runs the instruction under *mxcsr, which becomes MXCSR as it is after it, or as the handler of
 * an exception that was not masked finds it.
 */
typedef uint64_t host_sse(uint32_t *mxcsr, uint64_t a, uint64_t b, uint64_t c);

/* Until host_sse_end() SIGFPE is ours. */
void host_sse_begin(void);
void host_sse_end(void);

host_sse host_f32_add, host_f32_sub, host_f32_mul, host_f32_div, host_f32_sqrt, host_f32_min,
	host_f32_max, host_f64_add, host_f64_sub, host_f64_mul, host_f64_div, host_f64_sqrt,
	host_f64_min, host_f64_max, host_f32_to_f64, host_f64_to_f32;
/* Result: ZF, PF, CF as bits 2, 1, 0. */
host_sse host_f32_comi, host_f32_ucomi, host_f64_comi, host_f64_ucomi;
host_sse host_f32_to_i32, host_f32_to_i64, host_f64_to_i32, host_f64_to_i64;
host_sse host_f32_to_i32_truncated, host_f32_to_i64_truncated, host_f64_to_i32_truncated,
	host_f64_to_i64_truncated;
host_sse host_i32_to_f32, host_i64_to_f32, host_i32_to_f64, host_i64_to_f64;
/* b: imm8, 0 to 15 (VCVTPS2PH 0 to 7). */
host_sse host_f32_round, host_f64_round, host_f32_to_f16, host_f16_to_f32;
/* a * b + c; the form of the instruction varies. */
host_sse host_f32_fmadd132, host_f32_fmadd213, host_f32_fmadd231, host_f32_fmsub213,
	host_f32_fnmadd213, host_f32_fnmsub213;
host_sse host_f64_fmadd132, host_f64_fmadd213, host_f64_fmadd231, host_f64_fmsub213,
	host_f64_fnmadd213, host_f64_fnmsub213;

#endif
