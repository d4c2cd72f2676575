/* SPDX-License-Identifier: MIT */
#include "cpu/handler.h"
#include "cpu/operand.h"
#include "cpu/simd.h"

/*
 * Handlers of their own for what programs do most: moves, bitwise operations, sums, comparisons.
 * Memory is that of fast_linear(). What misses the TLB, crosses a page or is not aligned as it
 * should be goes to the general handlers.
 *
 * Operations are written on vectors of 16 bytes, which both compilers know for every host.
 */

typedef uint8_t vector_u8 __attribute__((vector_size(16)));
typedef uint16_t vector_u16 __attribute__((vector_size(16)));
typedef uint32_t vector_u32 __attribute__((vector_size(16)));
typedef uint64_t vector_u64 __attribute__((vector_size(16)));
typedef int8_t vector_s8 __attribute__((vector_size(16)));
typedef int16_t vector_s16 __attribute__((vector_size(16)));
typedef int32_t vector_s32 __attribute__((vector_size(16)));

ALWAYS_INLINE void clear_upper(union arch_vector *d)
{
	d->u64[2] = d->u64[3] = 0;
}

ALWAYS_INLINE void copy(void *d, const void *b, unsigned bytes)
{
	memcpy(d, b, bytes);
}

/* d may be a or b. */
#define OPERATION(name, type, expression)                                                          \
	ALWAYS_INLINE void do_##name(union arch_vector *d, const union arch_vector *a,             \
				     const void *b, unsigned bytes, unsigned imm)                  \
	{                                                                                          \
		(void)imm;                                                                         \
		for (unsigned i = 0; i < bytes; i += 16) {                                         \
			type x, y, r;                                                              \
                                                                                                   \
			memcpy(&x, &a->u8[i], 16);                                                 \
			memcpy(&y, (const uint8_t *)b + i, 16);                                    \
			r = (type)(expression);                                                    \
			memcpy(&d->u8[i], &r, 16);                                                 \
		}                                                                                  \
	}                                                                                          \
	HANDLERS(name, legacy, 16, 0)                                                              \
	HANDLERS(name, vex, 16, 1)                                                                 \
	HANDLERS(name, wide, 32, 1)

#define HANDLERS(name, form, bytes, vex)                                                           \
	static const struct op *name##_##form(struct cpu *cpu, const struct op *op)                \
	{                                                                                          \
		union arch_vector *d = &cpu->state.ymm[op->dst];                                   \
                                                                                                   \
		do_##name(d, &cpu->state.ymm[op->reg[0]], &cpu->state.ymm[op->src], bytes,         \
			  op->imm32);                                                              \
		if ((vex) && (bytes) == 16)                                                        \
			clear_upper(d);                                                            \
		NEXT(cpu, op);                                                                     \
	}                                                                                          \
	static const struct op *name##_##form##_load(struct cpu *cpu, const struct op *op)         \
	{                                                                                          \
		union arch_vector *d = &cpu->state.ymm[op->dst];                                   \
		uint64_t linear = fast_linear(cpu, op, ADDRESS_INDEX);                             \
                                                                                                   \
		if (unlikely(!tlb_reads(cpu, linear, bytes) || (!(vex) && linear & 15)))           \
			return simd_general(cpu, op);                                              \
		do_##name(d, &cpu->state.ymm[op->reg[0]], tlb_host(cpu, linear), bytes,            \
			  op->imm32);                                                              \
		if ((vex) && (bytes) == 16)                                                        \
			clear_upper(d);                                                            \
		NEXT(cpu, op);                                                                     \
	}

#define UNPACK_8(from)                                                                             \
	__builtin_shufflevector(x, y, from, 16 + from, from + 1, 17 + from, from + 2, 18 + from,   \
				from + 3, 19 + from, from + 4, 20 + from, from + 5, 21 + from,     \
				from + 6, 22 + from, from + 7, 23 + from)
#define UNPACK_16(from)                                                                            \
	__builtin_shufflevector(x, y, from, 8 + from, from + 1, 9 + from, from + 2, 10 + from,     \
				from + 3, 11 + from)
#define UNPACK_32(from) __builtin_shufflevector(x, y, from, 4 + from, from + 1, 5 + from)
#define UNPACK_64(from) __builtin_shufflevector(x, y, from, 2 + from)

#define SELECT(v, n) v[imm >> 2 * (n)&3]
/* By the immediate; zero if it is no smaller than the element. */
#define SHIFT(bits, shifted) imm < (bits) ? (shifted) : y - y

ALWAYS_INLINE vector_u64 shift_bytes_right(vector_u64 y, unsigned count)
{
	unsigned __int128 value = (unsigned __int128)y[1] << 64 | y[0];

	value = count < 16 ? value >> 8 * count : 0;
	return (vector_u64){ (uint64_t)value, (uint64_t)(value >> 64) };
}

ALWAYS_INLINE vector_u64 shift_bytes_left(vector_u64 y, unsigned count)
{
	unsigned __int128 value = (unsigned __int128)y[1] << 64 | y[0];

	value = count < 16 ? value << 8 * count : 0;
	return (vector_u64){ (uint64_t)value, (uint64_t)(value >> 64) };
}

/* X(name, type, expression of x, y and imm) */
#define FAST_OPERATIONS(X)                                                                         \
	X(PADDB, vector_u8, x + y)                                                                 \
	X(PADDW, vector_u16, x + y)                                                                \
	X(PADDD, vector_u32, x + y)                                                                \
	X(PADDQ, vector_u64, x + y)                                                                \
	X(PSUBB, vector_u8, x - y)                                                                 \
	X(PSUBW, vector_u16, x - y)                                                                \
	X(PSUBD, vector_u32, x - y)                                                                \
	X(PSUBQ, vector_u64, x - y)                                                                \
	X(PAND, vector_u64, x &y)                                                                  \
	X(PANDN, vector_u64, ~x &y)                                                                \
	X(POR, vector_u64, x | y)                                                                  \
	X(PXOR, vector_u64, x ^ y)                                                                 \
	X(PCMPEQB, vector_u8, x == y)                                                              \
	X(PCMPEQW, vector_u16, x == y)                                                             \
	X(PCMPEQD, vector_u32, x == y)                                                             \
	X(PCMPGTB, vector_s8, x > y)                                                               \
	X(PCMPGTW, vector_s16, x > y)                                                              \
	X(PCMPGTD, vector_s32, x > y)                                                              \
	X(PMINUB, vector_u8, (x & (vector_u8)(x < y)) | (y & (vector_u8)(x >= y)))                 \
	X(PMAXUB, vector_u8, (x & (vector_u8)(x > y)) | (y & (vector_u8)(x <= y)))                 \
	X(PMULLW, vector_u16, x *y)                                                                \
	X(PMULLD, vector_u32, x *y)                                                                \
	X(PUNPCKLBW, vector_u8, UNPACK_8(0))                                                       \
	X(PUNPCKLWD, vector_u16, UNPACK_16(0))                                                     \
	X(PUNPCKLDQ, vector_u32, UNPACK_32(0))                                                     \
	X(PUNPCKLQDQ, vector_u64, UNPACK_64(0))                                                    \
	X(PUNPCKHBW, vector_u8, UNPACK_8(8))                                                       \
	X(PUNPCKHWD, vector_u16, UNPACK_16(4))                                                     \
	X(PUNPCKHDQ, vector_u32, UNPACK_32(2))                                                     \
	X(PUNPCKHQDQ, vector_u64, UNPACK_64(1))                                                    \
	X(PSHUFD, vector_u32,                                                                      \
	  ((vector_u32){ SELECT(y, 0), SELECT(y, 1), SELECT(y, 2), SELECT(y, 3) }))                \
	X(SHUFPS, vector_u32,                                                                      \
	  ((vector_u32){ SELECT(x, 0), SELECT(x, 1), SELECT(y, 2), SELECT(y, 3) }))                \
	X(PSRLDQ, vector_u64, shift_bytes_right(y, imm))                                           \
	X(PSLLDQ, vector_u64, shift_bytes_left(y, imm))                                            \
	X(PSLLW_I, vector_u16, SHIFT(16, y << imm))                                                \
	X(PSLLD_I, vector_u32, SHIFT(32, y << imm))                                                \
	X(PSLLQ_I, vector_u64, SHIFT(64, y << imm))                                                \
	X(PSRLW_I, vector_u16, SHIFT(16, y >> imm))                                                \
	X(PSRLD_I, vector_u32, SHIFT(32, y >> imm))                                                \
	X(PSRLQ_I, vector_u64, SHIFT(64, y >> imm))                                                \
	X(PSRAW_I, vector_s16, y >> (imm < 16 ? imm : 15))                                         \
	X(PSRAD_I, vector_s32, y >> (imm < 32 ? imm : 31))

FAST_OPERATIONS(OPERATION)

/* Of 16 or 32 bytes */
#define MOVES(form, bytes, vex, aligned)                                                           \
	static const struct op *load_##form(struct cpu *cpu, const struct op *op)                  \
	{                                                                                          \
		union arch_vector *d = &cpu->state.ymm[op->dst];                                   \
		uint64_t linear = fast_linear(cpu, op, ADDRESS_INDEX);                             \
                                                                                                   \
		if (unlikely(!tlb_reads(cpu, linear, bytes) ||                                     \
			     ((aligned) && linear & ((bytes)-1))))                                 \
			return simd_general(cpu, op);                                              \
		copy(d, tlb_host(cpu, linear), bytes);                                             \
		if ((vex) && (bytes) == 16)                                                        \
			clear_upper(d);                                                            \
		NEXT(cpu, op);                                                                     \
	}                                                                                          \
	static const struct op *store_##form(struct cpu *cpu, const struct op *op)                 \
	{                                                                                          \
		uint64_t linear = fast_linear(cpu, op, ADDRESS_INDEX);                             \
                                                                                                   \
		if (unlikely(!tlb_writes(cpu, linear, bytes) ||                                    \
			     ((aligned) && linear & ((bytes)-1))))                                 \
			return simd_general(cpu, op);                                              \
		copy(tlb_host(cpu, linear), &cpu->state.ymm[op->src], bytes);                      \
		NEXT(cpu, op);                                                                     \
	}

MOVES(legacy, 16, 0, 0)
MOVES(vex, 16, 1, 0)
MOVES(wide, 32, 1, 0)
MOVES(legacy_aligned, 16, 0, 1)
MOVES(vex_aligned, 16, 1, 1)
MOVES(wide_aligned, 32, 1, 1)

static const struct op *move_legacy(struct cpu *cpu, const struct op *op)
{
	copy(&cpu->state.ymm[op->dst], &cpu->state.ymm[op->src], 16);
	NEXT(cpu, op);
}

static const struct op *move_vex(struct cpu *cpu, const struct op *op)
{
	copy(&cpu->state.ymm[op->dst], &cpu->state.ymm[op->src], 16);
	clear_upper(&cpu->state.ymm[op->dst]);
	NEXT(cpu, op);
}

static const struct op *move_wide(struct cpu *cpu, const struct op *op)
{
	copy(&cpu->state.ymm[op->dst], &cpu->state.ymm[op->src], 32);
	NEXT(cpu, op);
}

/* Of 4 or 8 bytes, the rest of 16 becomes zero */
#define SCALAR_MOVES(type, bytes)                                                                  \
	ALWAYS_INLINE void put_##type(struct cpu *cpu, const struct op *op, uint64_t value)        \
	{                                                                                          \
		union arch_vector *d = &cpu->state.ymm[op->dst];                                   \
                                                                                                   \
		d->u64[0] = (type)value;                                                           \
		d->u64[1] = 0;                                                                     \
		if (op->reg[3] & FORM_VEX)                                                         \
			clear_upper(d);                                                            \
	}                                                                                          \
	static const struct op *load_##type(struct cpu *cpu, const struct op *op)                  \
	{                                                                                          \
		uint64_t linear = fast_linear(cpu, op, ADDRESS_INDEX);                             \
                                                                                                   \
		if (unlikely(!tlb_reads(cpu, linear, bytes)))                                      \
			return simd_general(cpu, op);                                              \
		put_##type(cpu, op, host_load(tlb_host(cpu, linear), bytes));                      \
		NEXT(cpu, op);                                                                     \
	}                                                                                          \
	static const struct op *store_##type(struct cpu *cpu, const struct op *op)                 \
	{                                                                                          \
		uint64_t linear = fast_linear(cpu, op, ADDRESS_INDEX);                             \
                                                                                                   \
		if (unlikely(!tlb_writes(cpu, linear, bytes)))                                     \
			return simd_general(cpu, op);                                              \
		host_store(tlb_host(cpu, linear), bytes, cpu->state.ymm[op->src].u64[0]);          \
		NEXT(cpu, op);                                                                     \
	}                                                                                          \
	static const struct op *move_##type(struct cpu *cpu, const struct op *op)                  \
	{                                                                                          \
		put_##type(cpu, op, cpu->state.ymm[op->src].u64[0]);                               \
		NEXT(cpu, op);                                                                     \
	}                                                                                          \
	static const struct op *from_gpr_##type(struct cpu *cpu, const struct op *op)              \
	{                                                                                          \
		put_##type(cpu, op, gpr_read(cpu, op->src, bytes));                                \
		NEXT(cpu, op);                                                                     \
	}                                                                                          \
	static const struct op *to_gpr_##type(struct cpu *cpu, const struct op *op)                \
	{                                                                                          \
		gpr_write(cpu, op->dst, 8, (type)cpu->state.ymm[op->src].u64[0]);                  \
		NEXT(cpu, op);                                                                     \
	}

SCALAR_MOVES(uint32_t, 4)
SCALAR_MOVES(uint64_t, 8)

/* Bit 7 of each of eight bytes, gathered in a byte. */
ALWAYS_INLINE uint64_t byte_signs(uint64_t x)
{
	return (x >> 7 & 0x0101010101010101ull) * 0x0102040810204080ull >> 56;
}

static const struct op *pmovmskb(struct cpu *cpu, const struct op *op)
{
	const union arch_vector *b = &cpu->state.ymm[op->src];
	uint64_t mask = byte_signs(b->u64[0]) | byte_signs(b->u64[1]) << 8;

	if ((op->reg[3] & FORM_WIDTH) == 2)
		mask |= byte_signs(b->u64[2]) << 16 | byte_signs(b->u64[3]) << 24;
	gpr_write(cpu, op->dst, 8, mask);
	NEXT(cpu, op);
}

/* ---------------------------------------------------------------- all others */

const struct op *simd_any_register(struct cpu *cpu, const struct op *op)
{
	if (unlikely(!simd_compute(cpu, op, &cpu->state.ymm[op->src])))
		return cpu_fault(cpu, op);
	NEXT(cpu, op);
}

static NOINLINE bool compute_from_host(struct cpu *cpu, const struct op *op, const void *host)
{
	union arch_vector b = { 0 };

	memcpy(&b, host, op->reg[2]);
	return simd_compute(cpu, op, &b);
}

const struct op *simd_any_load(struct cpu *cpu, const struct op *op)
{
	uint64_t linear = fast_linear(cpu, op, ADDRESS_INDEX);
	unsigned size = op->reg[2];

	if (unlikely(!tlb_reads(cpu, linear, size) ||
		     (op->reg[3] & FORM_ALIGNED && linear & (size - 1))))
		return simd_general(cpu, op);
	if (unlikely(!compute_from_host(cpu, op, tlb_host(cpu, linear))))
		return cpu_fault(cpu, op);
	NEXT(cpu, op);
}

static op_fn *any_handler(const struct op *op)
{
	unsigned destination = FORM_DESTINATION_OF(op->reg[3]);

	if (simd_is_string(op->code) || op->code == OP_V_CVTPI2PS ||
	    (destination != PLACE_VECTOR && destination != PLACE_GPR))
		return NULL;
	switch (FORM_SOURCE_OF(op->reg[3])) {
	case PLACE_VECTOR:
		return simd_any_register;
	case PLACE_MEMORY:
		return simd_any_load;
	default:
		return NULL;
	}
}

/* ---------------------------------------------------------------- choosing */

/* Legacy, VEX of 16 bytes, VEX of 32; from a register, from memory */
struct fast_row {
	op_fn *fn[3][2];
};

#define FAST_ROW(name, type, expression)                                                           \
	[OP_V_##name - SIMD_FIRST] = { { { name##_legacy, name##_legacy_load },                    \
					 { name##_vex, name##_vex_load },                          \
					 { name##_wide, name##_wide_load } } },
static const struct fast_row fast_rows[NR_SIMD_OPERATIONS] = { FAST_OPERATIONS(FAST_ROW) };

#define PLACES(source, destination) ((destination) << 2 | (source))

static unsigned places_of(const struct op *op)
{
	return op->reg[3] >> 4;
}

static unsigned form_of(const struct op *op)
{
	if ((op->reg[3] & FORM_WIDTH) == 2)
		return 2;
	return op->reg[3] & FORM_VEX ? 1 : 0;
}

static op_fn *move_handler(const struct op *op)
{
	static op_fn *const moves[] = { move_legacy, move_vex, move_wide };
	static op_fn *const loads[2][3] = { { load_legacy, load_vex, load_wide },
					    { load_legacy_aligned, load_vex_aligned,
					      load_wide_aligned } };
	static op_fn *const stores[2][3] = { { store_legacy, store_vex, store_wide },
					     { store_legacy_aligned, store_vex_aligned,
					       store_wide_aligned } };
	unsigned aligned = op->reg[3] & FORM_ALIGNED ? 1 : 0;

	switch (places_of(op)) {
	case PLACES(PLACE_VECTOR, PLACE_VECTOR):
		return moves[form_of(op)];
	case PLACES(PLACE_MEMORY, PLACE_VECTOR):
		return loads[aligned][form_of(op)];
	case PLACES(PLACE_VECTOR, PLACE_MEMORY):
		return stores[aligned][form_of(op)];
	default:
		return NULL;
	}
}

static op_fn *scalar_move_handler(const struct op *op)
{
	bool wide = op->code == OP_V_MOV8;

	switch (places_of(op)) {
	case PLACES(PLACE_VECTOR, PLACE_VECTOR):
		return wide ? move_uint64_t : move_uint32_t;
	case PLACES(PLACE_MEMORY, PLACE_VECTOR):
		return wide ? load_uint64_t : load_uint32_t;
	case PLACES(PLACE_VECTOR, PLACE_MEMORY):
		return wide ? store_uint64_t : store_uint32_t;
	case PLACES(PLACE_GPR, PLACE_VECTOR):
		return wide ? from_gpr_uint64_t : from_gpr_uint32_t;
	case PLACES(PLACE_VECTOR, PLACE_GPR):
		return wide ? to_gpr_uint64_t : to_gpr_uint32_t;
	default:
		return NULL;
	}
}

static op_fn *row_handler(const struct op *op)
{
	switch (places_of(op)) {
	case PLACES(PLACE_VECTOR, PLACE_VECTOR):
		return fast_rows[op->code - SIMD_FIRST].fn[form_of(op)][0];
	case PLACES(PLACE_MEMORY, PLACE_VECTOR):
		return fast_rows[op->code - SIMD_FIRST].fn[form_of(op)][1];
	default:
		return NULL;
	}
}

static op_fn *own_handler(const struct op *op)
{
	op_fn *packed;

	switch (op->code) {
	case OP_V_MOV:
		return move_handler(op);
	case OP_V_MOV4:
	case OP_V_MOV8:
		return scalar_move_handler(op);
	case OP_V_PMOVMSKB:
		return FORM_SOURCE_OF(op->reg[3]) == PLACE_VECTOR ? pmovmskb : NULL;
	default:
		break;
	}
	if (!(simd_operation(op)->flags & SIMD_FLAG_F))
		return row_handler(op);
	packed = simd_fast_packed_handler(op);
	return packed ? packed : simd_fast_float_handler(op);
}

op_fn *simd_fast_handler(const struct op *op)
{
	op_fn *own;

	if (op->code - SIMD_FIRST >= NR_SIMD_OPERATIONS)
		return NULL;
	own = own_handler(op);
	return own ? own : any_handler(op);
}
