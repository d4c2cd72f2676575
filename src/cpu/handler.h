/* SPDX-License-Identifier: MIT */
#ifndef UDV_CPU_HANDLER_H
#define UDV_CPU_HANDLER_H

#include "cpu/access.h"
#include "cpu/cpu.h"
#include "cpu/op.h"

/*
 * What handlers are written with.
 *
 * Fast handlers end in NEXT(op): with Clang, and with GCC when it optimises, that is a jump to the
 * next handler; otherwise a return to the run loop, which calls it. A function that ends in NEXT
 * must have no local whose address is taken, or the jump becomes a call.
 *
 * Slow handlers are functions bool f(cpu, op) that see complete state (rip is already that of the
 * next instruction, rflags is exact) and may change all of it. SLOW_HANDLER makes an op_fn of one.
 * True: done, the run goes on at state.rip; if cpu->fault is set all the same, the exception comes
 * there (after a task switch, say). False: cpu->fault is set, nothing has been done.
 */
#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(undefined_behavior_sanitizer)
#define UDV_TAIL_CALLS 0
#endif
#endif
#if !defined(UDV_TAIL_CALLS) && defined(__OPTIMIZE__) && !defined(__SANITIZE_ADDRESS__)
#define UDV_TAIL_CALLS 1
#endif
#ifndef UDV_TAIL_CALLS
#define UDV_TAIL_CALLS 0
#endif

#if defined(__has_attribute)
#if __has_attribute(musttail)
#define UDV_MUSTTAIL __attribute__((musttail))
#endif
#endif
#ifndef UDV_MUSTTAIL
#define UDV_MUSTTAIL
#endif

/* INLINE_GOTO is for functions that are inlined into handlers: they have other parameters. */
#if UDV_TAIL_CALLS
#define GOTO(cpu, op) UDV_MUSTTAIL return (op)->fn(cpu, op)
#define INLINE_GOTO(cpu, op) return (op)->fn(cpu, op)
#else
#define GOTO(cpu, op) return (void)(cpu), (op)
#define INLINE_GOTO(cpu, op) return (void)(cpu), (op)
#endif
/* Makes GCC compute a pointer before it is used: it would keep old and new, at two moves an op. */
#ifdef __clang__
#define COMPUTE(pointer) ((void)0)
#else
#define COMPUTE(pointer) __asm__("" : "+r"(pointer))
#endif
#define NEXT(cpu, this)                                                                            \
	do {                                                                                       \
		const struct op *following = (this) + 1;                                           \
                                                                                                   \
		COMPUTE(following);                                                                \
		GOTO(cpu, following);                                                              \
	} while (0)

/* exec.c: undoes the count of what was not done, and leaves the block with cpu->fault pending. */
const struct op *cpu_fault(struct cpu *cpu, const struct op *op);
/* Makes state exact as of the end of @op. */
void cpu_sync(struct cpu *cpu, const struct op *op);
/* Leaves the block before @op, for a debugger. NULL. */
const struct op *cpu_stop_before(struct cpu *cpu, const struct op *op);
/*
 * A portion of a repeated @op is done, and it is to go on: counts one instruction, and leaves the
 * block if the budget is used up or attention is set; @op itself otherwise.
 */
const struct op *cpu_again(struct cpu *cpu, const struct op *op);
/*
 * Within a portion, which is not counted: @op is fetched again, and goes on from its registers, if
 * it is still the same. NULL.
 */
const struct op *cpu_refetch(struct cpu *cpu, const struct op *op);
/* After cpu_sync() and the instruction: leaves the block, to go on at state.rip. NULL. */
const struct op *cpu_leave(struct cpu *cpu);

typedef bool slow_fn(struct cpu *cpu, const struct op *op);

/* For an instruction that may change anything (mode, paging, control flow, interrupts). */
ALWAYS_INLINE const struct op *run_slow(struct cpu *cpu, const struct op *op, slow_fn *f)
{
	cpu_sync(cpu, op);
	if (!f(cpu, op))
		return cpu_fault(cpu, op);
	return cpu_leave(cpu);
}

/*
 * For an instruction that changes only registers and memory, not flags and not rip: state.rip and
 * rflags are stale while it runs.
 */
ALWAYS_INLINE const struct op *run_plain(struct cpu *cpu, const struct op *op, slow_fn *f)
{
	cpu->current = op;
	return f(cpu, op) ? op + 1 : cpu_fault(cpu, op);
}

#define SLOW_HANDLER(name, f)                                                                      \
	static NOINLINE const struct op *name(struct cpu *cpu, const struct op *op)                \
	{                                                                                          \
		return run_slow(cpu, op, f);                                                       \
	}
#define PLAIN_HANDLER(name, f)                                                                     \
	static NOINLINE const struct op *name(struct cpu *cpu, const struct op *op)                \
	{                                                                                          \
		return run_plain(cpu, op, f);                                                      \
	}

/* RIP where the block starts that runs, or has just been left for a slow handler. */
ALWAYS_INLINE uint64_t block_start(const struct cpu *cpu)
{
	return cpu->block ? cpu->state.rip : cpu->block_rip;
}

/* Sets cpu->fault; returns false, for the caller to pass on. */
bool cpu_raise(struct cpu *cpu, unsigned vector);
bool cpu_raise_error(struct cpu *cpu, unsigned vector, uint32_t error_code);
#define raise_gp0(cpu) cpu_raise_error(cpu, VECTOR_GP, 0)
#define raise_ud(cpu) cpu_raise(cpu, VECTOR_UD)

/* ---------------------------------------------------------------- registers and flags */

#define FLAG_CF 0x1ull
#define FLAG_PF 0x4ull
#define FLAG_AF 0x10ull
#define FLAG_ZF 0x40ull
#define FLAG_SF 0x80ull
#define FLAG_TF 0x100ull
#define FLAG_IF 0x200ull
#define FLAG_DF 0x400ull
#define FLAG_OF 0x800ull
#define FLAG_IOPL 0x3000ull
#define FLAG_IOPL_SHIFT 12
#define FLAG_NT 0x4000ull
#define FLAG_RF 0x10000ull
#define FLAG_VM 0x20000ull
#define FLAG_AC 0x40000ull
#define FLAG_VIF 0x80000ull
#define FLAG_VIP 0x100000ull
#define FLAG_ID 0x200000ull
#define FLAG_ONE 0x2ull
#define FLAGS_STATUS (FLAG_CF | FLAG_PF | FLAG_AF | FLAG_ZF | FLAG_SF | FLAG_OF)

/* The register at byte offset @offset of the file, as op->dst and its kin name it. */
#define GPR8(cpu, offset) (((uint8_t *)(cpu)->state.gpr)[offset])
ALWAYS_INLINE uint64_t gpr_read(const struct cpu *cpu, unsigned offset, unsigned size)
{
	uint64_t value = 0;

	memcpy(&value, (const uint8_t *)cpu->state.gpr + offset, size);
	return value;
}

/* A write of 4 bytes clears the upper half. */
ALWAYS_INLINE void gpr_write(struct cpu *cpu, unsigned offset, unsigned size, uint64_t value)
{
	if (size == 4) {
		value = (uint32_t)value;
		size = 8;
	}
	memcpy((uint8_t *)cpu->state.gpr + offset, &value, size);
}

/* flags.c: the status flags from lazy, into state.rflags; lazy.kind becomes LAZY_NONE. */
void cpu_flags_settle(struct cpu *cpu);
/* Status flags as a value, settling nothing. */
uint64_t cpu_status_flags(const struct cpu *cpu);

ALWAYS_INLINE void set_status_flags(struct cpu *cpu, uint64_t flags)
{
	cpu->state.rflags = (cpu->state.rflags & ~FLAGS_STATUS) | (flags & FLAGS_STATUS);
	cpu->lazy.kind = LAZY_NONE;
}

ALWAYS_INLINE bool has_feature(const struct cpu *cpu, enum arch_feature feature)
{
	return feature_has(&cpu->config->features, feature);
}

/* By CPUID leaf 0; the few differences that this makes are where this is asked. */
ALWAYS_INLINE bool is_amd(const struct cpu *cpu)
{
	return memcmp(cpu->config->vendor, "AuthenticAMD", 12) == 0;
}

ALWAYS_INLINE bool is_long_mode(const struct cpu *cpu) /* IA-32e: compatibility mode as well */
{
	return cpu->state.efer & BIT(10);
}

ALWAYS_INLINE bool is_64bit(const struct cpu *cpu)
{
	return (cpu->mode & MODE_CODE) == MODE_CODE64;
}

/* The bits of an offset in the current stack segment that count. */
static inline uint64_t cpu_stack_mask(const struct cpu *cpu)
{
	return is_64bit(cpu) ? ~0ull : cpu->mode & MODE_STACK32 ? UINT32_MAX : 0xffff;
}

ALWAYS_INLINE void trace_event(const struct cpu *cpu, enum cpu_trace_kind kind, uint64_t a,
			       uint64_t b, uint64_t c)
{
	if (unlikely(cpu->tracer.event))
		cpu->tracer.event(cpu->tracer.opaque, cpu, kind, a, b, c);
}

/* ---------------------------------------------------------------- intercepts */

/*
 * Instructions that a hypervisor may intercept ask here, after the exceptions that come before
 * the exit and before anything is done. True: an exit has been recorded, and the handler returns as
 * if the instruction had faulted. Outside of guest mode nothing is intercepted.
 */
enum cpu_intercept {
	INTERCEPT_CPUID,
	INTERCEPT_HLT,
	INTERCEPT_INVD,
	INTERCEPT_INVLPG,
	INTERCEPT_INVPCID,
	INTERCEPT_RDPMC,
	INTERCEPT_RDTSC,
	INTERCEPT_RDTSCP,
	INTERCEPT_RSM,
	INTERCEPT_CR_READ,  /* a = CR number, b = GPR number */
	INTERCEPT_CR_WRITE, /* a = CR number, b = value */
	INTERCEPT_CLTS,
	INTERCEPT_LMSW,	    /* a = source */
	INTERCEPT_DR,	    /* a = DR number, b = 1 for a read */
	INTERCEPT_IO,	    /* a = port | size << 16 | in << 24 | string << 25 | rep << 26 */
	INTERCEPT_MSR_READ, /* a = index */
	INTERCEPT_MSR_WRITE,
	INTERCEPT_MWAIT,
	INTERCEPT_MONITOR,
	INTERCEPT_PAUSE,
	INTERCEPT_GDTR_IDTR,
	INTERCEPT_LDTR_TR,
	INTERCEPT_WBINVD,
	INTERCEPT_XSETBV,
	INTERCEPT_RDRAND,
	INTERCEPT_RDSEED,
	INTERCEPT_XSAVES,
	INTERCEPT_XRSTORS,
	INTERCEPT_TASK_SWITCH, /* a = selector, b = source */
};

/* vmx_intercept.c */
bool vmx_intercepts(struct cpu *cpu, enum cpu_intercept what, uint64_t a, uint64_t b);
/* True if the guest lacks what this secondary control enables: #UD. */
bool vmx_refuses(const struct cpu *cpu, unsigned secondary_bit);

ALWAYS_INLINE bool cpu_intercepts(struct cpu *cpu, enum cpu_intercept what, uint64_t a, uint64_t b)
{
	return unlikely(cpu->vmx.guest) && vmx_intercepts(cpu, what, a, b);
}

#endif
