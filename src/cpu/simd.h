/* SPDX-License-Identifier: MIT */
#ifndef UDV_CPU_SIMD_H
#define UDV_CPU_SIMD_H

#include "arch/cpu_state.h"
#include "base/bits.h"
#include "cpu/op.h"
#include "float/float.h"

/*
 * MMX, SSE and AVX. Two halves:
 *
 *   kernels   (simd_integer.c, simd_shuffle.c, simd_float.c, ...) compute a result from values,
 *             know no registers and no memory, and cannot fail
 *   handlers  (simd_handlers.c, simd_fast.c, simd_gather.c, ...) fetch operands, call the kernel,
 *             see to exceptions, and store
 *
 * An op of this family:
 *
 *   dst      where the result goes: vector register number, or byte offset of a general one
 *   src      operand b, likewise
 *   reg[0]   operand a, a vector register
 *   reg[1]   operand c, a vector register: what BLENDVPS chooses by, the destination of FMA; of a
 *            gather its index
 *   reg[2]   bytes of the memory operand
 *   reg[3]   FORM_*
 *   imm32    immediate
 */

/* From where b comes, to where d goes. */
enum simd_place {
	PLACE_VECTOR,
	PLACE_MMX,
	PLACE_GPR,
	PLACE_MEMORY,
};

#define FORM_WIDTH 0x03u /* of the operation: 8 << it bytes */
#define FORM_VEX 0x04u	 /* a vector register written is zero above what is written */
#define FORM_ALIGNED 0x08u
#define FORM_SOURCE(place) ((place) << 4)
#define FORM_DESTINATION(place) ((place) << 6)
#define FORM_SOURCE_OF(form) ((form) >> 4 & 3u)
#define FORM_DESTINATION_OF(form) ((form) >> 6 & 3u)

enum simd_operands {
	OPERANDS_UNARY,
	OPERANDS_BINARY,
	OPERANDS_COMPARE,
	OPERANDS_FMA,
};

#define SIMD_FLAG_F 0x01u
#define SIMD_FLAG_E 0x02u
#define SIMD_FLAG_I 0x04u
#define SIMD_FLAG_W 0x08u
#define SIMD_FLAG_U 0x10u

/* What a kernel has beside a and b. */
struct simd_env {
	const union arch_vector *c;
	struct fp_env fp;
	uint8_t earlier_flags;	     /* out: of steps that raised nothing unmasked (DPPS) */
	uint64_t flags;		     /* out: status flags of RFLAGS */
	uint32_t length_a, length_b; /* PCMPESTRx: valid elements */
};

/*
 * d is all zero on entry and none of the others. Operations on 16 bytes leave the rest of it alone.
 * @bytes: 8, 16 or 32, the widest of the vector operands.
 */
typedef void simd_kernel(struct simd_env *env, union arch_vector *restrict d,
			 const union arch_vector *a, const union arch_vector *b, unsigned imm,
			 unsigned bytes);

#define SIMD_UNUSED __attribute__((unused))
#define SIMD_PARAMETERS                                                                            \
	SIMD_UNUSED struct simd_env *env, union arch_vector *restrict d,                           \
		SIMD_UNUSED const union arch_vector *a, SIMD_UNUSED const union arch_vector *b,    \
		SIMD_UNUSED unsigned imm, SIMD_UNUSED unsigned bytes
#define SIMD_KERNEL(name) void simd_##name(SIMD_PARAMETERS)

/* The same with @bytes known to the compiler, which then makes vectors of the elements. */
#define SIMD_KERNEL_BY_WIDTH(name)                                                                 \
	ALWAYS_INLINE void of_width_##name(SIMD_PARAMETERS);                                       \
	SIMD_KERNEL(name)                                                                          \
	{                                                                                          \
		if (likely(bytes == 16))                                                           \
			of_width_##name(env, d, a, b, imm, 16);                                    \
		else if (bytes == 32)                                                              \
			of_width_##name(env, d, a, b, imm, 32);                                    \
		else                                                                               \
			of_width_##name(env, d, a, b, imm, 8);                                     \
	}                                                                                          \
	ALWAYS_INLINE void of_width_##name(SIMD_PARAMETERS)

#define SIMD_DECLARE(X, encodings, name, operands, flags) simd_kernel simd_##name;
SIMD_OPERATIONS(SIMD_DECLARE, )
#undef SIMD_DECLARE

/* One per op code, from V_PADDB on. */
#define SIMD_FIRST OP_V_PADDB
#define NR_SIMD_OPERATIONS (OP_V_EMMS - SIMD_FIRST)

struct simd_operation {
	simd_kernel *kernel;
	uint8_t operands; /* enum simd_operands */
	uint8_t flags;	  /* SIMD_FLAG_* */
};

extern const struct simd_operation simd_operations[NR_SIMD_OPERATIONS];

static inline const struct simd_operation *simd_operation(const struct op *op)
{
	return &simd_operations[op->code - SIMD_FIRST];
}

static inline unsigned simd_bytes(const struct op *op)
{
	return 8u << (op->reg[3] & FORM_WIDTH);
}

/* Bytes of a 128-bit lane; MMX registers are one of 8. */
static inline unsigned simd_lane(unsigned bytes)
{
	return bytes < 16 ? bytes : 16;
}

/* Kernels are made of these: an expression of @i for every element. */
#define EACH(lane) for (unsigned i = 0; i < bytes / sizeof(d->lane[0]); i++)
#define ELEMENTS(name, lane, expression)                                                           \
	SIMD_KERNEL_BY_WIDTH(name)                                                                 \
	{                                                                                          \
		EACH(lane)                                                                         \
		d->lane[i] = (__typeof__(d->lane[0]))(expression);                                 \
	}
/* One after the other: a function for each is called anyway. */
#define FLOAT_ELEMENTS(name, lane, expression)                                                     \
	SIMD_KERNEL(name)                                                                          \
	{                                                                                          \
		EACH(lane)                                                                         \
		d->lane[i] = (__typeof__(d->lane[0]))(expression);                                 \
	}

static inline int8_t saturate_s8(int32_t x)
{
	return (int8_t)(x < -128 ? -128 : x > 127 ? 127 : x);
}

static inline int16_t saturate_s16(int32_t x)
{
	return (int16_t)(x < -32768 ? -32768 : x > 32767 ? 32767 : x);
}

static inline uint8_t saturate_u8(int32_t x)
{
	return (uint8_t)(x < 0 ? 0 : x > 255 ? 255 : x);
}

static inline uint16_t saturate_u16(int32_t x)
{
	return (uint16_t)(x < 0 ? 0 : x > 65535 ? 65535 : x);
}

/* The handler for a complete op: by its code and form alone. */
op_fn *simd_handler(const struct op *op);

/* Handlers that simd_handler() may choose. */
op_fn simd_general, simd_emms, simd_vzeroall, simd_vzeroupper, simd_vldmxcsr, simd_vstmxcsr,
	simd_maskmov, simd_mask_load, simd_mask_store, simd_gather, simd_string;

/*
 * simd_fast.c, simd_fast_float.c, simd_fast_packed.c: NULL, or a handler for just this, whose
 * memory operand is that of fast_linear().
 */
op_fn *simd_fast_handler(const struct op *op);
op_fn *simd_fast_float_handler(const struct op *op);
op_fn *simd_fast_packed_handler(const struct op *op);
/* For what has no handler of its own: b is a vector register; it is in memory. */
op_fn simd_any_register, simd_any_load;

struct cpu;

/*
 * What MXCSR says. With an exception that is not masked, the flags that count are those of this
 * instruction alone, so that it starts with none. Otherwise old ones stay: what is set already need
 * not be found out again (float/fast.h).
 */
static inline struct fp_env simd_environment(uint32_t mxcsr)
{
	struct fp_env fp = fp_env_mxcsr(mxcsr);

	if (unlikely(fp.masks != FP_EXCEPTIONS))
		fp.flags = 0;
	return fp;
}

/* #XM (#UD) if an exception is not masked; false then. @fp's flags are those to be set in MXCSR. */
bool simd_settle(struct cpu *cpu, struct fp_env *fp, unsigned earlier_flags);

/* #MF if an x87 exception is pending; false then. */
bool simd_mmx_ready(struct cpu *cpu);
/* What every MMX instruction but EMMS does to the x87 state. */
void simd_mmx_enter(struct cpu *cpu);
uint64_t simd_mmx_read(const struct cpu *cpu, unsigned number);
void simd_mmx_write(struct cpu *cpu, unsigned number, uint64_t value);

bool simd_is_string(unsigned code);

/*
 * The operation with all but b in registers, and not in MMX ones; stores the result. False:
 * cpu->fault.
 */
bool simd_compute(struct cpu *cpu, const struct op *op, const union arch_vector *b);

/* Reads the memory operand; false: cpu->fault. */
bool simd_read_operand(struct cpu *cpu, const struct op *op, void *data);
/* A vector register as an instruction of this form writes it. */
void simd_write_vector(struct cpu *cpu, const struct op *op, unsigned number,
		       const union arch_vector *value);

#endif
