/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "host_sse.h"

#include <signal.h>
#include <stddef.h>
#include <ucontext.h>

#define MASKS 0x1f80u

typedef uint64_t vector __attribute__((vector_size(16)));

static struct sigaction previous;
static volatile uint32_t trapped;
static volatile bool has_trapped;

/* Notes MXCSR and lets the instruction run again with all masked. */
static void on_sigfpe(int signal, siginfo_t *info, void *context)
{
	ucontext_t *uc = context;

	(void)signal;
	(void)info;
	trapped = uc->uc_mcontext.fpregs->mxcsr;
	has_trapped = true;
	uc->uc_mcontext.fpregs->mxcsr |= MASKS;
}

void host_sse_begin(void)
{
	struct sigaction action = { .sa_sigaction = on_sigfpe, .sa_flags = SA_SIGINFO };

	sigaction(SIGFPE, &action, &previous);
}

void host_sse_end(void)
{
	sigaction(SIGFPE, &previous, NULL);
}

static uint32_t after(uint32_t mxcsr)
{
	if (!has_trapped)
		return mxcsr;
	has_trapped = false;
	return trapped;
}

#define UNDER_MXCSR(insn)                                                                          \
	"stmxcsr %[saved]\n\tldmxcsr %[mxcsr]\n\t" insn "\n\tstmxcsr %[mxcsr]\n\tldmxcsr %[saved]"

/* x is the destination and the first source, y and z the others. */
#define HOST(name, insn, first, second, third)                                                     \
	static uint64_t host_##name(uint32_t *mxcsr, uint64_t a, uint64_t b, uint64_t c)           \
	{                                                                                          \
		vector x = { first, 0 }, y = { second, 0 }, z = { third, 0 };                      \
		uint32_t saved, state = *mxcsr;                                                    \
                                                                                                   \
		(void)a, (void)b, (void)c;                                                         \
		__asm__ volatile(UNDER_MXCSR(insn)                                                 \
				 : [x] "+x"(x), [mxcsr] "+m"(state), [saved] "=m"(saved)           \
				 : [y] "x"(y), [z] "x"(z));                                        \
		*mxcsr = after(state);                                                             \
		return x[0];                                                                       \
	}

#define HOST2(name, insn) HOST(name, insn " %[y], %[x]", a, b, 0)
#define HOST1(name, insn) HOST(name, insn " %[y], %[x]", 0, a, 0)
#define HOST3(name, insn, first, second, third)                                                    \
	HOST(name, insn " %[z], %[y], %[x]", first, second, third)

HOST2(f32_add, "addss")
HOST2(f32_sub, "subss")
HOST2(f32_mul, "mulss")
HOST2(f32_div, "divss")
HOST2(f32_min, "minss")
HOST2(f32_max, "maxss")
HOST1(f32_sqrt, "sqrtss")
HOST2(f64_add, "addsd")
HOST2(f64_sub, "subsd")
HOST2(f64_mul, "mulsd")
HOST2(f64_div, "divsd")
HOST2(f64_min, "minsd")
HOST2(f64_max, "maxsd")
HOST1(f64_sqrt, "sqrtsd")
HOST1(f32_to_f64, "cvtss2sd")
HOST1(f64_to_f32, "cvtsd2ss")
HOST1(f16_to_f32, "vcvtph2ps")

HOST3(f32_fmadd132, "vfmadd132ss", a, c, b)
HOST3(f32_fmadd213, "vfmadd213ss", b, a, c)
HOST3(f32_fmadd231, "vfmadd231ss", c, a, b)
HOST3(f32_fmsub213, "vfmsub213ss", b, a, c)
HOST3(f32_fnmadd213, "vfnmadd213ss", b, a, c)
HOST3(f32_fnmsub213, "vfnmsub213ss", b, a, c)
HOST3(f64_fmadd132, "vfmadd132sd", a, c, b)
HOST3(f64_fmadd213, "vfmadd213sd", b, a, c)
HOST3(f64_fmadd231, "vfmadd231sd", c, a, b)
HOST3(f64_fmsub213, "vfmsub213sd", b, a, c)
HOST3(f64_fnmadd213, "vfnmadd213sd", b, a, c)
HOST3(f64_fnmsub213, "vfnmsub213sd", b, a, c)

#define HOST_COMPARE(name, insn)                                                                   \
	static uint64_t host_##name(uint32_t *mxcsr, uint64_t a, uint64_t b, uint64_t c)           \
	{                                                                                          \
		vector x = { a, 0 }, y = { b, 0 };                                                 \
		uint32_t saved, state = *mxcsr;                                                    \
		uint8_t zf, pf, cf;                                                                \
                                                                                                   \
		(void)c;                                                                           \
		__asm__ volatile(UNDER_MXCSR(insn " %[y], %[x]\n\tsetz %[zf]\n\tsetp %[pf]\n\t"    \
						  "setc %[cf]")                                    \
				 : [mxcsr] "+m"(state), [saved] "=m"(saved), [zf] "=&q"(zf),       \
				   [pf] "=&q"(pf), [cf] "=&q"(cf)                                  \
				 : [x] "x"(x), [y] "x"(y)                                          \
				 : "cc");                                                          \
		*mxcsr = after(state);                                                             \
		return (uint64_t)(zf << 2 | pf << 1 | cf);                                         \
	}

HOST_COMPARE(f32_comi, "comiss")
HOST_COMPARE(f32_ucomi, "ucomiss")
HOST_COMPARE(f64_comi, "comisd")
HOST_COMPARE(f64_ucomi, "ucomisd")

#define HOST_TO_INTEGER(name, insn)                                                                \
	static uint64_t host_##name(uint32_t *mxcsr, uint64_t a, uint64_t b, uint64_t c)           \
	{                                                                                          \
		vector x = { a, 0 };                                                               \
		uint32_t saved, state = *mxcsr;                                                    \
		uint64_t result = 0;                                                               \
                                                                                                   \
		(void)b, (void)c;                                                                  \
		__asm__ volatile(UNDER_MXCSR(insn)                                                 \
				 : [r] "=&r"(result), [mxcsr] "+m"(state), [saved] "=m"(saved)     \
				 : [x] "x"(x));                                                    \
		*mxcsr = after(state);                                                             \
		return result;                                                                     \
	}

HOST_TO_INTEGER(f32_to_i32, "cvtss2sil %[x], %k[r]")
HOST_TO_INTEGER(f32_to_i64, "cvtss2siq %[x], %[r]")
HOST_TO_INTEGER(f64_to_i32, "cvtsd2sil %[x], %k[r]")
HOST_TO_INTEGER(f64_to_i64, "cvtsd2siq %[x], %[r]")
HOST_TO_INTEGER(f32_to_i32_truncated, "cvttss2sil %[x], %k[r]")
HOST_TO_INTEGER(f32_to_i64_truncated, "cvttss2siq %[x], %[r]")
HOST_TO_INTEGER(f64_to_i32_truncated, "cvttsd2sil %[x], %k[r]")
HOST_TO_INTEGER(f64_to_i64_truncated, "cvttsd2siq %[x], %[r]")

#define HOST_FROM_INTEGER(name, insn)                                                              \
	static uint64_t host_##name(uint32_t *mxcsr, uint64_t a, uint64_t b, uint64_t c)           \
	{                                                                                          \
		vector x = { 0, 0 };                                                               \
		uint32_t saved, state = *mxcsr;                                                    \
                                                                                                   \
		(void)b, (void)c;                                                                  \
		__asm__ volatile(UNDER_MXCSR(insn)                                                 \
				 : [x] "+x"(x), [mxcsr] "+m"(state), [saved] "=m"(saved)           \
				 : [r] "r"(a));                                                    \
		*mxcsr = after(state);                                                             \
		return x[0];                                                                       \
	}

HOST_FROM_INTEGER(i32_to_f32, "cvtsi2ssl %k[r], %[x]")
HOST_FROM_INTEGER(i64_to_f32, "cvtsi2ssq %[r], %[x]")
HOST_FROM_INTEGER(i32_to_f64, "cvtsi2sdl %k[r], %[x]")
HOST_FROM_INTEGER(i64_to_f64, "cvtsi2sdq %[r], %[x]")

/* Instructions with an immediate: one function a value, chosen by the second operand. */
#define IMM(name, insn, n) HOST(name##_##n, insn " $" #n ", %[y], %[x]", 0, a, 0)
#define IMM_8(name, insn)                                                                          \
	IMM(name, insn, 0)                                                                         \
	IMM(name, insn, 1)                                                                         \
	IMM(name, insn, 2)                                                                         \
	IMM(name, insn, 3)                                                                         \
	IMM(name, insn, 4)                                                                         \
	IMM(name, insn, 5)                                                                         \
	IMM(name, insn, 6)                                                                         \
	IMM(name, insn, 7)
#define IMM_16(name, insn)                                                                         \
	IMM_8(name, insn)                                                                          \
	IMM(name, insn, 8)                                                                         \
	IMM(name, insn, 9)                                                                         \
	IMM(name, insn, 10)                                                                        \
	IMM(name, insn, 11)                                                                        \
	IMM(name, insn, 12)                                                                        \
	IMM(name, insn, 13)                                                                        \
	IMM(name, insn, 14)                                                                        \
	IMM(name, insn, 15)

IMM_16(f32_round, "roundss")
IMM_16(f64_round, "roundsd")
IMM_8(f32_to_f16, "vcvtps2ph")

#define NAMES_8(name)                                                                              \
	host_##name##_0, host_##name##_1, host_##name##_2, host_##name##_3, host_##name##_4,       \
		host_##name##_5, host_##name##_6, host_##name##_7
#define NAMES_16(name)                                                                             \
	NAMES_8(name), host_##name##_8, host_##name##_9, host_##name##_10, host_##name##_11,       \
		host_##name##_12, host_##name##_13, host_##name##_14, host_##name##_15

static uint64_t host_f32_round(uint32_t *mxcsr, uint64_t a, uint64_t b, uint64_t c)
{
	static host_sse *const by_imm[16] = { NAMES_16(f32_round) };

	return by_imm[b & 15](mxcsr, a, b, c);
}

static uint64_t host_f64_round(uint32_t *mxcsr, uint64_t a, uint64_t b, uint64_t c)
{
	static host_sse *const by_imm[16] = { NAMES_16(f64_round) };

	return by_imm[b & 15](mxcsr, a, b, c);
}

static uint64_t host_f32_to_f16(uint32_t *mxcsr, uint64_t a, uint64_t b, uint64_t c)
{
	static host_sse *const by_imm[8] = { NAMES_8(f32_to_f16) };

	return by_imm[b & 7](mxcsr, a, b, c);
}

/* The results that are narrower than a register are cut. */
static uint64_t narrow(enum sse_operand kind, uint64_t value)
{
	return kind == F16		    ? value & 0xffff
	       : kind == F32 || kind == I32 ? value & 0xffffffff
					    : value;
}

#define NARROWED(name, result, ...)                                                                \
	static uint64_t narrowed_##name(uint32_t *mxcsr, uint64_t a, uint64_t b, uint64_t c)       \
	{                                                                                          \
		return narrow(result, host_##name(mxcsr, a, b, c));                                \
	}
SSE_OPERATIONS(NARROWED)

#define FUNCTION(name, ...) [SSE_##name] = narrowed_##name,
host_sse *const host_sse_functions[SSE_OPERATION_COUNT] = { SSE_OPERATIONS(FUNCTION) };

bool host_sse_has(enum sse_feature feature)
{
	switch (feature) {
	case SSE2:
		return true;
	case SSE41:
		return __builtin_cpu_supports("sse4.1");
	case FMA:
		return __builtin_cpu_supports("fma");
	case F16C:
		break;
	}
	/* Older compilers do not know F16C, which every processor with AVX2 has. */
	return __builtin_cpu_supports("avx2");
}
